/** Encrypted tokens and keys for encryption, as files have them. */
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { encryptJwe } from '../../src/jwe/encrypt.js';
import { createEncryptionKey } from '../../src/jwe/key.js';
import { exampleNow } from '../../src/lint/example.js';
import { lint } from '../../src/lint/lint.js';

const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const key = createEncryptionKey(publicKey, { kid: 'enc-1' });
const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'enc-1', use: 'enc', alg: 'ECDH-ES+A256KW' };

const findings = async (...contents: (string | object)[]) => {
  const sources = contents.map((content, at) => ({
    name: `source-${at}`,
    content: Buffer.from(typeof content === 'string' ? content : JSON.stringify(content)),
  }));
  return (await lint(sources, { now: exampleNow })).findings;
};
const idsOf = async (...contents: (string | object)[]) => (await findings(...contents)).map(({ id }) => id);

describe('an encrypted token', () => {
  test.each(['compact', 'flattened', 'general'] as const)(
    'is read in the %s serialization, and has no finding as jwtkit makes it',
    async (serialization) => {
      const token = await encryptJwe(Buffer.from('x'), { key, serialization });
      expect(await idsOf(token)).toEqual([]);
      const claims = await encryptJwe(Buffer.from('{}'), { key, serialization, header: { typ: 'JWT' } });
      expect(await idsOf(claims)).toEqual(['token/encrypted-not-signed']);
    },
  );

  test('has findings for each of its recipients', async () => {
    const header = Buffer.from('{"enc":"A256GCM"}').toString('base64url');
    const recipients = ['RSA1_5', 'RSA-OAEP-256', 'made-up'].map((alg) => ({ header: { alg, kid: alg } }));
    const token = { protected: header, recipients, iv: 'AAAA', ciphertext: 'AAAA', tag: 'AAAA' };
    expect(await idsOf(token)).toEqual(['token/old-encryption', 'token/unknown-encryption']);
  });

  test('that is damaged is malformed', async () => {
    const token = await encryptJwe(Buffer.from('x'), { key });
    const [malformed] = await findings(token.replace(/.$/, '='));
    expect(malformed).toMatchObject({ id: 'token/malformed', message: 'authentication tag is not base64url' });
    expect(await idsOf({ protected: 'eyJ', recipients: [], ciphertext: 5 })).toContain('token/malformed');
  });

  test('shows secrets in its header by their place, not their value', async () => {
    const token = await encryptJwe(Buffer.from('x'), { key, header: { user: { password: 'wonderland' } } });
    const found = await findings(token);
    expect(found).toMatchObject([
      { id: 'token/secret-in-readable-header', where: { part: 'header.user.password' }, level: 'error' },
    ]);
    expect(JSON.stringify(found)).not.toContain('wonderland');
  });

  test('of a passphrase needs rounds by its hash', async () => {
    const made = (alg: string, p2c: unknown) => {
      const head = { alg, enc: 'A256GCM', p2c, p2s: 'A'.repeat(22) };
      return `${Buffer.from(JSON.stringify(head)).toString('base64url')}.AAAA.AAAA.AAAA.AAAA`;
    };
    expect(await idsOf(made('PBES2-HS256+A128KW', 210_000))).toEqual(['token/few-rounds']);
    expect(await idsOf(made('PBES2-HS512+A256KW', 210_000))).toEqual([]);
    expect(await idsOf(made('PBES2-HS512+A256KW', 1e300))).toEqual(['token/many-rounds']);
    expect(await idsOf(made('PBES2-HS512+A256KW', '1000'))).toEqual([]);
  });
});

test('a signed token with secrets gets the advice to encrypt', async () => {
  const claims = { sub: 'u', exp: exampleNow + 60, password: 'wonderland', iban: 'DE02120300000000202051' };
  const parts = [{ alg: 'RS256', kid: 'k' }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  const found = (await findings(`${parts.join('.')}.${'A'.repeat(342)}`)).filter(({ id }) =>
    /password|personal/.test(id),
  );
  expect(found.length).toBe(2);
  for (const { help } of found) expect(help).toContain('jwtkit issue --encrypt-to');
});

describe('keys for encryption', () => {
  test('are sound as keygen makes them, and read by the rules of encryption', async () => {
    const x25519 = generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' });
    const okp = { ...x25519, kid: 'x', use: 'enc', alg: 'ECDH-ES+A256KW' };
    expect(await idsOf({ keys: [jwk, okp] })).toEqual([]);
    for (const bad of [
      { ...jwk, y: jwk.x },
      { ...okp, x: Buffer.alloc(32).toString('base64url') },
      { ...jwk, alg: 'RSA-OAEP-256' },
    ]) {
      expect(await idsOf(bad)).toContain('key/unreadable');
    }
  });

  test('a secret for dir in two files is shared, in one file it is not', async () => {
    const secret = { kty: 'oct', k: Buffer.alloc(32, 7).toString('base64url'), kid: 's', use: 'enc', alg: 'dir' };
    const isShared = async (...sources: object[]) =>
      (await idsOf(...sources)).includes('token/secret-shared-by-readers');
    expect([await isShared(secret), await isShared(secret, secret)]).toEqual([false, true]);
    expect(await isShared({ ...secret, alg: 'A256KW' }, { ...secret, alg: 'A256KW' })).toBe(false);
  });

  test('tokens of dir with one kid for two services share a secret; without a kid nothing is known', async () => {
    const made = (members: object) =>
      `${Buffer.from(JSON.stringify({ alg: 'dir', enc: 'A256GCM', ...members })).toString('base64url')}..AAAA.AAAA.AAAA`;
    const [one, two] = [made({ kid: 's', aud: 'api' }), made({ kid: 's', aud: 'billing' })];
    expect(await idsOf(one, two)).toContain('token/secret-shared-by-readers');
    expect(await idsOf(one, one)).toEqual([]);
    expect(await idsOf(made({ aud: 'api' }), made({ aud: 'billing' }))).toEqual([]);
  });
});
