/** Members that options inherit, or get from a class, count wherever they are copied on their way. */
import { describe, expect, test } from 'vitest';
import { loadSecret } from '../../src/jose/secret.js';
import { generateEncryptionKey } from '../../src/jwe/generate-key.js';
import { createEncryptionKey } from '../../src/jwe/key.js';
import { decryptToken, encryptToken } from '../../src/jwe/token.js';
import { decodeToken } from '../../src/token/decode.js';
import { issueTokenPair } from '../../src/token/issue.js';
import { type RefreshPolicy, refreshToken } from '../../src/token/refresh.js';
import { now, secret } from '../cli/fake-io.js';

/** The same members in an object's own, in an inherited form, and as getters of a class. */
function* formsOf<T extends object>(members: T): Generator<[string, T]> {
  yield ['own', members];
  yield ['inherited', Object.create(members)];
  class Getters {}
  for (const [name, value] of Object.entries(members))
    Object.defineProperty(Getters.prototype, name, { get: () => value });
  yield ['getters', new Getters() as T];
}

const key = loadSecret(secret);
const deps = { key, keys: [key], now };
const pair = await issueTokenPair({ sub: 'u', aud: 'api', scope: 'read write' }, {}, deps);
const refresh = (policy: RefreshPolicy) => refreshToken(pair.refresh_token, policy, deps);

describe('refreshToken', () => {
  test.each([...formsOf({ issuer: 'x', anyAudience: true })])('demands an issuer: %s', async (_form, verify) => {
    await expect(refresh({ verify })).rejects.toMatchObject({ code: 'CLAIM_MISSING' });
  });
  test.each([...formsOf({ anyAudience: true })])('takes its members: %s', async (_form, verify) => {
    await expect(refresh({ verify })).resolves.toBeDefined();
  });
  test.each([...formsOf({ verify: { anyAudience: true }, issue: { typ: 'at+jwt', accessTtl: 60 }, scope: ['read'] })])(
    'limits what it issues: %s',
    async (_form, policy) => {
      const { access_token: token, expires_in: life } = await refresh(policy);
      expect([decodeToken(token).claims.scope, decodeToken(token).header.typ, life]).toEqual(['read', 'at+jwt', 60]);
    },
  );
  test.each([...formsOf({ typ: 'at+jwt', accessTtl: 60 })])('issues by its policy: %s', async (_form, issue) => {
    const { access_token: token, expires_in: life } = await refresh({ verify: { anyAudience: true }, issue });
    expect([decodeToken(token).header.typ, life]).toEqual(['at+jwt', 60]);
  });
  test('refuses a misspelt member that is inherited', async () => {
    const verify = Object.create({ anyAudience: true, isuer: 'x' });
    await expect(refresh({ verify })).rejects.toMatchObject({ code: 'USAGE_INVALID' });
  });
});

test.each([...formsOf({ typ: 'at+jwt', accessTtl: 60, header: { x: 1 } })])(
  'issueTokenPair issues by its policy: %s',
  async (_form, policy) => {
    const { access_token: token } = await issueTokenPair({ sub: 'u' }, policy, deps);
    expect(decodeToken(token).header).toMatchObject({ typ: 'at+jwt', x: 1 });
  },
);

describe('encrypted tokens', async () => {
  const made = await generateEncryptionKey({});
  const recipient = createEncryptionKey(made.publicKey);
  const reader = createEncryptionKey(made.privateKey);
  test.each([...formsOf({ key: recipient, now, enc: 'A128GCM' } as const)])(
    'encryptToken takes its options: %s',
    async (_form, options) => {
      const token = await encryptToken({ sub: 'u' }, options);
      await expect(decryptToken(token, { keys: [reader] })).resolves.toMatchObject({ header: { enc: 'A128GCM' } });
    },
  );
  test.each([...formsOf({ keys: [reader], encryptions: ['A256GCM'] } as const)])(
    'decryptToken allows what its options say: %s',
    async (_form, options) => {
      const token = await encryptToken('text', { key: recipient, now, enc: 'A128GCM' });
      await expect(decryptToken(token, options)).rejects.toMatchObject({ code: 'ALG_NOT_ALLOWED' });
    },
  );
});
