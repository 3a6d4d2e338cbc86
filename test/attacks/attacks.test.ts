/**
 * Hostile tokens and keys, made from fixed keys, each with the one code that refuses it, and controls beside them so that
 * a verifier that refuses everything fails. A case is one row of a table in `cases/`.
 */
import { describe, expect, test } from 'vitest';
import { JwtkitError } from '../../src/errors.js';
import { decodeToken } from '../../src/token/decode.js';
import { inspectToken } from '../../src/token/inspect.js';
import { reportToken, verifyToken } from '../../src/token/verify.js';
import { type Category, categories, type Expectation, isAccepting, type TokenCase } from './case.js';
import { keyCases, tokenCases } from './corpus.js';
import { now } from './forge.js';

const numbers = Object.keys(categories).map(Number) as Category[];

function codesOf(expectation: Expectation): readonly string[] {
  return typeof expectation === 'string' ? [expectation] : expectation;
}

/** What an error says must be one line without control characters, and must not repeat a token. */
function expectClean(error: JwtkitError, token: unknown): void {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
  expect(error.message).not.toMatch(/[\0-\x1f\x7f]/);
  if (typeof token === 'string' && token.length > 20) expect(error.message.includes(token)).toBe(false);
}

async function verdictOf(item: TokenCase): Promise<string> {
  const deps = { keys: item.keys, now: item.now ?? now };
  const policy = item.policy ?? {};
  const report = await reportToken(item.token, policy, deps);
  if (report.valid) {
    const verified = await verifyToken(item.token, policy, deps);
    expect(verified.claims).toEqual(report.claims);
    if (item.claims !== undefined) expect(Object.entries(verified.claims)).toEqual(Object.entries(item.claims));
    return 'accept';
  }
  const error = await verifyToken(item.token, policy, deps).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(JwtkitError);
  expect((error as JwtkitError).code).toBe(report.code);
  expectClean(error as JwtkitError, item.token);
  return report.code ?? '';
}

describe.each(numbers)('category %i', (category) => {
  const tokens = tokenCases.filter((item) => item.category === category);
  const keys = keyCases.filter((item) => item.category === category);

  test.each(tokens.map((item) => [item.name, item] as const))('%s', async (_name, item) => {
    const verdict = await verdictOf(item);
    if (item.isSignedRight) expect(verdict, 'the signature is right').not.toBe('SIGNATURE_INVALID');
    expect(codesOf(item.expect), item.source).toContain(verdict);
  });

  test.each(keys.map((item) => [item.name, item] as const))('%s', (_name, item) => {
    let verdict = 'accept';
    try {
      const loaded = item.load();
      expect(Array.isArray(loaded) ? loaded.length : 1).toBeGreaterThan(0);
    } catch (error) {
      if (!(error instanceof JwtkitError)) throw error;
      expectClean(error, undefined);
      verdict = error.code;
    }
    expect(codesOf(item.expect), item.source).toContain(verdict);
  });
});

test.each([
  ['decodeToken', (token: string) => decodeToken(token)],
  ['inspectToken', (token: string) => inspectToken(token, { now })],
] as const)('%s throws only JwtkitError for hostile input', (_name, read) => {
  for (const { token } of tokenCases) {
    try {
      read(token);
    } catch (error) {
      expect(error).toBeInstanceOf(JwtkitError);
      expectClean(error as JwtkitError, token);
    }
  }
});

test('no attack changes a prototype', () => {
  expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  expect(({} as Record<string, unknown>).admin).toBeUndefined();
});

describe('the corpus', () => {
  const all = [...tokenCases, ...keyCases];

  test.each(numbers)('has enough hostile and sound cases of category %i', (category) => {
    const own = all.filter((item) => item.category === category);
    expect(own.filter((item) => !isAccepting(item)).length).toBeGreaterThanOrEqual(25);
    expect(own.filter(isAccepting).length).toBeGreaterThanOrEqual(3);
  });

  test('has unique names and a reason for each case', () => {
    const names = all.map(({ category, name }) => `${category} ${name}`);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
    expect(all.filter(({ source }) => source === '')).toEqual([]);
  });

  test('never expects a correct signature to be refused as invalid', () => {
    const wrong = tokenCases.filter(
      ({ isSignedRight, expect: expected }) => isSignedRight && codesOf(expected).includes('SIGNATURE_INVALID'),
    );
    expect(wrong.map(({ name }) => name)).toEqual([]);
  });
});
