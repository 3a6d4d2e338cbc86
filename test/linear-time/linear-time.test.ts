/** The time of what strangers reach first grows linearly; all readers and all texts are in test/faults/linear-time.test.ts. */
import { expect, test } from 'vitest';
import { type Measured, measure, type Reader } from './measure.js';
import { readers } from './readers.js';

/** Readers of tokens, of what messages and logs repeat, and of keys: all that a request without credentials meets. */
const first = [
  'decodeToken',
  'verifyToken, signed, every demand',
  'refreshToken, scopes',
  'hideTokens',
  'parseSubjectAltName',
  'importJwkSet',
  'keys import',
];
const all = (await readers()).filter(({ name }) => first.includes(name));

test('finds every reader to measure', () => {
  expect(all.map(({ name }) => name).sort()).toEqual([...first].sort());
});

const isQuick = ({ name }: Reader) => name !== 'keys import';
test.each(all.filter(isQuick))('$name takes linear time', { timeout: 120_000 }, expectLinear);
test.each(all.filter((each) => !isQuick(each)))(
  '$name takes linear time',
  { tags: 'slow', timeout: 120_000 },
  expectLinear,
);

/**
 * Milliseconds. This process also holds what other tests left behind, and four of them share two cores: a run of 4 ms seemed to take
 * twice as long for minutes. All readers are measured from 3 ms on, one after the other, in test/faults/linear-time.test.ts.
 */
const measurable = 10;

async function expectLinear(reader: Reader): Promise<void> {
  const measured: Measured[] = [];
  for (const text of Object.keys(reader.texts))
    measured.push(await measure(reader, text, [1 / 8, 1 / 4, 1 / 2], measurable));
  expect(measured.filter(({ isSteep }) => isSteep)).toEqual([]);
}

test('detects a quadratic reader', { tags: 'slow', timeout: 120_000 }, async () => {
  const quadratic = (length: number) => () => {
    let sum = 0;
    for (let one = 0; one < length; one++) for (let other = 0; other < length; other++) sum += one ^ other;
    return sum;
  };
  const reader = { name: 'quadratic', limit: 4000, texts: { any: quadratic } };
  // A busy machine can hide growth in one measurement, but not in all of them.
  let isSteep = false;
  for (let attempt = 0; attempt < 5 && !isSteep; attempt++) {
    ({ isSteep } = await measure(reader, 'any', [1 / 16, 1 / 8, 1 / 4, 1 / 2, 1]));
  }
  expect(isSteep).toBe(true);
});
