/** Whatever `issueToken` signs, `verifyToken` reads: it may refuse it, but never calls it malformed. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadSecret } from '../../src/jose/secret.js';
import { inspectToken } from '../../src/token/inspect.js';
import { issueToken } from '../../src/token/issue.js';
import { reportToken } from '../../src/token/verify.js';

const now = 1_795_435_200;
const key = loadSecret('a secret of thirty-two bytes, at least');
const names = ['type', 'iss', 'sub', 'aud', 'jti', 'exp', 'nbf', 'iat', 'scope', 'role', 'family'];

const sign = (claims: Record<string, unknown>) => issueToken(claims, {}, { key, now });

/** The codes of all that is wrong with a token, asked for everything that can be asked. */
async function judge(token: string) {
  const policy = {
    type: 'any',
    allowNoExp: true,
    scope: [],
    role: [],
    subject: 's',
    issuer: 'i',
    audience: 'a',
    maxAge: 1,
  } as const;
  const { checks } = await reportToken(token, policy, { keys: [key], now });
  return checks.flatMap(({ code }) => code ?? []);
}

describe('issueToken refuses claims of a shape that no verifier takes', () => {
  const wrong = [null, true, 5, 0, 1.5, -1, 1e300, 12n, [], [1], ['a', null], {}, { a: 1 }];
  const cases = names.flatMap((name) => [...wrong, 'text', ''].map((value) => [name, value] as const));
  const isTime = (name: string) => ['exp', 'nbf', 'iat'].includes(name);
  const isRight = (name: string, value: unknown) => {
    if (isTime(name)) return (typeof value === 'number' && value >= 0 && value < 1e12) || typeof value === 'bigint';
    if (name === 'type') return value === 'text';
    if (name === 'aud' || name === 'role')
      return typeof value === 'string' || (Array.isArray(value) && value.length === 0);
    return typeof value === 'string';
  };

  test.each(names)('%s', async (name) => {
    for (const [, value] of cases.filter(([each]) => each === name)) {
      const outcome = await sign({ [name]: value }).then(
        ({ token }) => judge(token),
        (error) => error,
      );
      if (isRight(name, value))
        expect([value, outcome]).toEqual([value, expect.not.arrayContaining(['CLAIM_MALFORMED'])]);
      else expect([value, outcome]).toEqual([value, expect.objectContaining({ code: 'USAGE_INVALID' })]);
    }
  });
});

test('verifyToken finds no claim malformed that issueToken has signed', { tags: 'slow' }, async () => {
  const value = fc.oneof(
    fc.jsonValue(),
    fc.string(),
    fc.double(),
    fc.bigInt(),
    fc.array(fc.string()),
    fc.constant(undefined),
  );
  const claims = fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), value, { maxKeys: 3 });
  let signed = 0;
  await fc.assert(
    fc.asyncProperty(claims, async (given) => {
      const issued = await sign(given).catch((error) => error);
      if (issued instanceof Error) {
        expect(issued).toMatchObject({ code: 'USAGE_INVALID' });
        return;
      }
      signed++;
      const codes = await judge(issued.token);
      for (const code of ['TOKEN_MALFORMED', 'CLAIM_MALFORMED']) expect(codes).not.toContain(code);
      expect(() => inspectToken(issued.token, { now })).not.toThrow();
    }),
    { numRuns: 500 },
  );
  expect(signed).toBeGreaterThan(50);
});
