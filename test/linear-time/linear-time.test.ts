/** The time of what strangers reach first grows linearly; all readers and all texts are in test/faults/linear-time.test.ts. */
import { expect, test } from 'vitest';
import { type Measured, measure, type Reader } from './measure.js';
import { readers } from './readers.js';

/**
 * Readers of tokens and of what messages and logs repeat: what a request without credentials meets. `keys import` has many texts of
 * half a megabyte. On Node 20 and 22 their time holds the collection of what other tests left behind, so test/faults alone has it.
 */
const first = [
  'decodeToken',
  'verifyToken, signed, every demand',
  'refreshToken, scopes',
  'hideTokens',
  'parseSubjectAltName',
  'importJwkSet',
];
const every = await readers();
const all = every.filter(({ name }) => first.includes(name));

test('finds every reader to measure', () => {
  expect(all.map(({ name }) => name).sort()).toEqual([...first].sort());
});

/**
 * Milliseconds. This process also holds what other tests left behind, and four of them share two cores: a run of 4 ms seemed to take
 * twice as long for minutes. All readers are measured from 3 ms on, one after the other, in test/faults/linear-time.test.ts.
 */
const measurable = 10;

async function expectLinear(reader: Reader): Promise<void> {
  const measured: Measured[] = [];
  for (const text of Object.keys(reader.texts))
    measured.push(await measure(reader, text, [1 / 8, 1 / 4, 1 / 2], { measurable }));
  expect(measured.filter(({ isSteep }) => isSteep)).toEqual([]);
}

test.each(all)('$name takes linear time', { timeout: 120_000 }, expectLinear);

// Readers of files, with the texts for which they once took quadratic time.
test.each([
  ['loadKeys, mangled', 'in PEM: backslashes'],
  ['loadSecret', 'combining marks'],
  ['findToken', 'many tokens in a path'],
  ['lint', 'tokens among empty lines'],
  ['lint', 'members below a name of many words'],
  ['lint', 'a claim with a long name'],
  ['lint', 'a claim with a long number as name'],
])('%s takes linear time for %s', { tags: 'slow' }, async (name, text) => {
  const reader = every.find((each) => each.name === name) as Reader;
  const { isSteep } = await measure(reader, text, [1 / 16, 1 / 8, 1 / 4], { measurable: 3 });
  expect(isSteep).toBe(false);
});

/** A reader that says itself how many milliseconds it takes for a length: a busy machine changes nothing. */
function measureTimes(millisecondsOf: (length: number) => number, parts: readonly number[]): Promise<Measured> {
  const reader = { name: 'told', limit: 4000, texts: { any: (length: number) => () => millisecondsOf(length) } };
  return measure(reader, 'any', parts, { timeOf: (read) => read() as number });
}

test('takes no jump for growth', async () => {
  // Memory of its own for a large object makes a reader slower once, for the bytes and for their text.
  const jumps = (length: number) => (length + (length > 2200 ? 12_000 : 0) + (length > 3600 ? 8000 : 0)) / 100;
  const { ratios, isSteep } = await measureTimes(jumps, [1 / 4, 1 / 2, 1]);
  expect(ratios.at(-1)).toBeGreaterThan(2.5);
  expect(isSteep).toBe(false);
});

test.each<[string, (length: number) => number]>([
  ['quadratic', (length) => length ** 2 / 10_000],
  ['quadratic with a linear part of half its time', (length) => (length ** 2 + length * 4000) / 20_000],
])('detects a reader that is %s', async (_what, millisecondsOf) => {
  expect((await measureTimes(millisecondsOf, [1 / 4, 1 / 2, 1])).isSteep).toBe(true);
});

test.each<[string, (length: number) => number]>([
  ['linear', (length) => length / 100],
  ['of length times its logarithm', (length) => (length * Math.log2(length)) / 1000],
  ['too quick to measure', (length) => length ** 2 / 10_000_000],
])('finds nothing in a reader that is %s', async (_what, millisecondsOf) => {
  expect((await measureTimes(millisecondsOf, [1 / 4, 1 / 2, 1])).isSteep).toBe(false);
});

test('detects a quadratic reader by its real time', { tags: 'slow', timeout: 120_000 }, async () => {
  const work = (turns: number) => {
    let sum = 0;
    for (let turn = 0; turn < turns; turn++) sum += turn ^ turns;
    return sum;
  };
  const reader = { name: 'quadratic', limit: 4000, texts: { any: (length: number) => () => work(length ** 2) } };
  // A busy machine can hide growth in one measurement, but not in all of them.
  let isSteep = false;
  for (let attempt = 0; attempt < 5 && !isSteep; attempt++) {
    ({ isSteep } = await measure(reader, 'any', [1 / 16, 1 / 8, 1 / 4, 1 / 2, 1]));
  }
  expect(isSteep).toBe(true);
});
