/** Demands that mean nothing, or would be lost: in a policy of the library, and among its required claims. */
import { expect, test } from 'vitest';
import { loadSecret } from '../../src/jose/secret.js';
import { issueToken } from '../../src/token/issue.js';
import type { VerifyPolicy } from '../../src/token/policy.js';
import type { RequiredClaim } from '../../src/token/required-claim.js';
import { verifyToken } from '../../src/token/verify.js';
import { now, secret } from '../cli/fake-io.js';

const key = loadSecret(secret);
const { token } = await issueToken({ sub: 'u', empty: {}, list: [{}], n: 1 }, {}, { key, now });
const verify = (policy: VerifyPolicy, deps: object = {}) => verifyToken(token, policy, { keys: [key], now, ...deps });
const require = (required: unknown) => verify({ require: [required as RequiredClaim] });

/** What holds members, yet none that Object.keys sees. */
const foreign = [
  ['a Date', new Date(0)],
  ['a Map', new Map([['a', 1]])],
  ['a Set', new Set([1])],
  ['a RegExp', /x/],
  ['a Promise', Promise.resolve(1)],
  ['an object', Object.create({ a: 1 })],
  [
    'an object',
    new (class {
      get a() {
        return 1;
      }
    })(),
  ],
  ['a function', () => 1],
  ['a symbol', Symbol('a')],
  ['undefined', { a: undefined }],
] as const;

test.each(foreign)('a required value with %s in it is refused, however deep it stands', async (what, value) => {
  const refusal = { code: 'USAGE_INVALID', message: expect.stringContaining(`a value with ${what} in it`) };
  await expect(require({ name: 'empty', value })).rejects.toMatchObject(refusal);
  await expect(require({ name: 'list', value: [value] })).rejects.toMatchObject(refusal);
  await expect(require({ name: 'list', value: [{ a: value }] })).rejects.toMatchObject(refusal);
});

test('refuses a required claim whose json is undefined', async () => {
  await expect(require({ name: 'n', json: undefined })).rejects.toMatchObject({
    code: 'USAGE_INVALID',
    message: 'policy: require "n" has the json undefined: leave it out',
  });
});

test.each([
  { name: 'empty', value: {} },
  { name: 'empty', value: Object.create(null) },
  { name: 'list', value: [{}] },
  { name: 'n', value: 1n },
  { name: 'n' },
  Object.create({ name: 'n', value: 1 }),
])('a sound demand holds: %o', async (required) => {
  await expect(require(required)).resolves.toBeDefined();
});

test('a misspelt demand is refused wherever it stands', async () => {
  const refused = (message: string) => ({ code: 'USAGE_INVALID', message: expect.stringContaining(message) });
  await expect(verify(Object.create({ subjct: 'z' }))).rejects.toMatchObject(refused('"subjct" is not a member'));
  const deps = Object.assign(Object.create({ denyList: {} }), { keys: [key], now });
  await expect(verifyToken(token, {}, deps)).rejects.toMatchObject(refused('"denyList" is not a member'));
  const required = Object.assign(Object.create({ vlaue: 2 }), { name: 'n' });
  await expect(require(required)).rejects.toMatchObject(refused('"n" has "vlaue"'));
});

test('an inherited demand counts', async () => {
  await expect(verify(Object.create({ subject: 'z' }))).rejects.toMatchObject({ code: 'CLAIM_MISMATCH' });
  await expect(verify(Object.create({ subject: 'u' }))).resolves.toBeDefined();
});
