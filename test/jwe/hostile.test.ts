/** Tokens that must not decrypt, and that must fail alike. */
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { CompactEncrypt, FlattenedEncrypt } from 'jose';
import { describe, expect, test } from 'vitest';
import { JwtkitError } from '../../src/errors.js';
import { decryptJwe } from '../../src/jwe/decrypt.js';
import { encryptJwe } from '../../src/jwe/encrypt.js';
import { importEncryptionJwk } from '../../src/jwe/jwk.js';
import { createEncryptionKey, createPassphraseKey, type EncryptionKey } from '../../src/jwe/key.js';
import { parseJwe } from '../../src/jwe/parse.js';
import { publicKeys, storedPair } from '../attacks/trusted-keys.js';
import { within } from '../time-limit.js';
import { allHalves, p256, rsa, secret32, x25519 } from './keys.js';

const content = Buffer.from('the secret of the house');

/** The error of a refusal, as everybody sees it. */
async function refusalOf(
  token: string,
  ...keys: EncryptionKey[]
): Promise<{ code: string; message: string; hint: unknown }> {
  try {
    await decryptJwe(token, { keys });
  } catch (error) {
    if (!(error instanceof JwtkitError)) throw error;
    const { code, message, hint } = error;
    return { code, message, hint };
  }
  throw new Error('the token decrypts');
}

const failure = {
  code: 'DECRYPTION_FAILED',
  message: 'the token does not decrypt',
  hint: 'it is for another key, or it was changed on its way',
};

/** A token with one bit of a segment changed. */
function flip(token: string, segment: number, at = 0): string {
  const parts = token.split('.');
  const bytes = Buffer.from(parts[segment] ?? '', 'base64url');
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return parts.with(segment, bytes.toString('base64url')).join('.');
}

const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const headerOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString());
const withHeader = (token: string, change: object) =>
  [encoded({ ...headerOf(token), ...change }), ...token.split('.').slice(1)].join('.');

describe('one failure for everything that does not decrypt', () => {
  test.each(allHalves)(
    'a changed encrypted key, vector, content, tag or header of $name',
    async ({ encrypt, decrypt }) => {
      for (const alg of encrypt.algorithms.filter((each) => each !== 'RSA-OAEP')) {
        const token = await encryptJwe(content, { key: encrypt, alg });
        for (const segment of [1, 2, 3, 4]) {
          if (token.split('.')[segment] !== '') expect(await refusalOf(flip(token, segment), decrypt)).toEqual(failure);
        }
        expect(await refusalOf(withHeader(token, { typ: 'x' }), decrypt)).toEqual(failure);
      }
    },
  );

  test('another key of the same kind', async () => {
    const { privateKey } = storedPair('rsaOther');
    const token = await encryptJwe(content, { key: rsa.encrypt });
    expect(await refusalOf(token, createEncryptionKey(privateKey))).toEqual(failure);
  });

  test('missing parts, vectors and tags of another length, a content that is cut', async () => {
    const token = await encryptJwe(content, { key: secret32.encrypt, enc: 'A128CBC-HS256' });
    const parts = token.split('.');
    for (const segment of [1, 2, 3, 4]) {
      for (const bytes of [Buffer.alloc(0), Buffer.from(parts[segment] as string, 'base64url').subarray(1)]) {
        expect(await refusalOf(parts.with(segment, bytes.toString('base64url')).join('.'), secret32.decrypt)).toEqual(
          failure,
        );
      }
    }
  });

  test('another enc of the same family, whose key has another size', async () => {
    const token = await encryptJwe(content, { key: secret32.encrypt, enc: 'A256GCM' });
    for (const enc of ['A128GCM', 'A192GCM', 'A256CBC-HS512', 'A128CBC-HS256']) {
      expect(await refusalOf(withHeader(token, { enc }), secret32.decrypt)).toEqual(failure);
    }
  });

  test('an ephemeral key that is no point, of small order, private, or of another curve', async () => {
    const [token, other] = [
      await encryptJwe(content, { key: p256.encrypt }),
      await encryptJwe(content, { key: x25519.encrypt }),
    ];
    const { epk } = headerOf(token);
    const point = (bytes: Buffer) => ({ ...epk, y: bytes.toString('base64url') });
    for (const bad of [
      point(Buffer.alloc(32, 1)),
      point(randomBytes(31)),
      { ...epk, d: epk.x },
      headerOf(other).epk,
      {},
      null,
      'x',
    ]) {
      expect(await refusalOf(withHeader(token, { epk: bad }), p256.decrypt)).toEqual(failure);
    }
    const orders = [
      '00'.repeat(32),
      `01${'00'.repeat(31)}`,
      'e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800',
    ];
    for (const hex of orders) {
      const bad = { kty: 'OKP', crv: 'X25519', x: Buffer.from(hex, 'hex').toString('base64url') };
      expect(await refusalOf(withHeader(other, { epk: bad }), x25519.decrypt)).toEqual(failure);
      expect(() => importEncryptionJwk(bad)).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
    }
  });

  test('content that unfolds to more than 16 MiB, with a hint that names the limit', { tags: 'slow' }, async () => {
    const bomb = deflateRawSync(Buffer.alloc(64 * 1024 * 1024));
    const packed = await zipped(bomb);
    expect(await refusalOf(packed, secret32.decrypt)).toEqual({
      ...failure,
      hint: `${failure.hint}; compressed content is read up to 16 MiB`,
    });
    const { plaintext } = await decryptJwe(await zipped(deflateRawSync(content)), { keys: [secret32.decrypt] });
    expect(Buffer.from(plaintext)).toEqual(content);
    expect((await refusalOf(await zipped(Buffer.from('no deflate')), secret32.decrypt)).code).toBe('DECRYPTION_FAILED');
  });

  test('any change of one character, of any of these tokens', async () => {
    const keys = [rsa, p256, x25519, secret32];
    const tokens = await Promise.all(keys.map(({ encrypt }) => encryptJwe(content, { key: encrypt })));
    await fc.assert(
      fc.asyncProperty(fc.nat(3), fc.nat(), fc.constantFrom(...'AZaz09-_.'), async (which, place, character) => {
        const token = tokens[which] as string;
        const at = place % token.length;
        if (token[at] === character) return;
        const { code } = await refusalOf(
          token.slice(0, at) + character + token.slice(at + 1),
          (keys[which] as typeof rsa).decrypt,
        );
        expect(['DECRYPTION_FAILED', 'TOKEN_MALFORMED', 'ALG_NOT_ALLOWED', 'KEY_NOT_FOUND']).toContain(code);
      }),
      { numRuns: 150 },
    );
  });
});

/** A token whose content is these bytes, said to be compressed. */
async function zipped(bytes: Buffer): Promise<string> {
  // jose would compress again: the header is made by hand, and the content encrypted under it as additional data.
  const { createCipheriv } = await import('node:crypto');
  const [iv, key] = [randomBytes(12), secret32.privateKey.export()];
  const header = encoded({ alg: 'dir', enc: 'A256GCM', zip: 'DEF' });
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(header));
  const text = Buffer.concat([cipher.update(bytes), cipher.final()]).toString('base64url');
  return [header, '', iv.toString('base64url'), text, cipher.getAuthTag().toString('base64url')].join('.');
}

describe('the token does not choose its algorithm', () => {
  test('RSA1_5 is refused with the reason, before any key is tried', async () => {
    const refused = await refusalOf(`${encoded({ alg: 'RSA1_5', enc: 'A256GCM' })}.AA.AA.AA.AA`, rsa.decrypt);
    expect(refused).toMatchObject({ code: 'ALG_NOT_ALLOWED', message: expect.stringContaining('Bleichenbacher') });
  });

  test('a secret of the bytes of a public key, in dir, A256KW and PBES2', async () => {
    const der = rsa.publicKey.export({ type: 'spki', format: 'der' });
    const forged = await new CompactEncrypt(content)
      .setProtectedHeader({ alg: 'PBES2-HS256+A128KW', enc: 'A256GCM' })
      .encrypt(der);
    const direct = await new CompactEncrypt(content)
      .setProtectedHeader({ alg: 'dir', enc: 'A256GCM' })
      .encrypt(der.subarray(0, 32));
    for (const halves of [rsa, p256, x25519]) {
      for (const token of [forged, direct]) {
        expect((await refusalOf(token, halves.decrypt)).code).toBe('ALG_NOT_ALLOWED');
      }
    }
  });

  test('the key’s alg, the caller’s algorithms and encryptions narrow what is tried', async () => {
    const token = await encryptJwe(content, { key: rsa.encrypt });
    const narrow = createEncryptionKey(rsa.privateKey, { alg: 'RSA-OAEP-512' });
    expect((await refusalOf(token, narrow)).code).toBe('ALG_NOT_ALLOWED');
    const keys = [rsa.decrypt];
    await expect(decryptJwe(token, { keys, algorithms: ['RSA-OAEP-512'] })).rejects.toMatchObject({
      code: 'ALG_NOT_ALLOWED',
    });
    await expect(decryptJwe(token, { keys, encryptions: ['A128GCM'] })).rejects.toMatchObject({
      code: 'ALG_NOT_ALLOWED',
    });
  });

  test('a passphrase is tried for at most a million rounds', async () => {
    const key = createPassphraseKey(Buffer.from('pw'));
    const header = { alg: 'PBES2-HS256+A128KW', enc: 'A256GCM', p2s: 'AAAAAAAAAAAAAAAA' };
    const token = (p2c: unknown) => `${encoded({ ...header, p2c })}.AAAA.AAAA.AAAA.AAAA`;
    await within(2000, async () => {
      expect((await refusalOf(token(1_000_001), key)).code).toBe('ALG_NOT_ALLOWED');
      expect((await refusalOf(token(2 ** 53), key)).code).toBe('ALG_NOT_ALLOWED');
      for (const p2c of ['1000', -1, 0.5, null])
        expect((await refusalOf(token(p2c), key)).code).toBe('DECRYPTION_FAILED');
      const recipients = Array.from({ length: 10 }, () => ({
        header: { ...header, p2c: 200_000 },
        encrypted_key: 'AAAA',
      }));
      const many = JSON.stringify({ recipients, ciphertext: 'AAAA', iv: 'AAAA', tag: 'AAAA' });
      expect((await refusalOf(many, key)).code).toBe('ALG_NOT_ALLOWED');
    });
  });
});

describe('keys', () => {
  test('several keys are tried; a kid in the token selects among them', async () => {
    const [a, b] = [1, 2].map((at) => createEncryptionKey(generateKeyPairSync('x25519').privateKey, { kid: `k${at}` }));
    const { createPublicKey } = await import('node:crypto');
    const publicKey = createEncryptionKey(createPublicKey((b as EncryptionKey).keyObject));
    const [bare, named, wrong] = await Promise.all(
      [undefined, 'k2', 'k1'].map((kid) => encryptJwe(content, { key: { ...publicKey, ...(kid && { kid }) } })),
    );
    const keys = [a, b] as EncryptionKey[];
    for (const token of [bare, named]) expect((await decryptJwe(token as string, { keys })).key.kid).toBe('k2');
    expect((await refusalOf(wrong as string, ...keys)).code).toBe('DECRYPTION_FAILED');
    expect((await refusalOf(wrong as string, b as EncryptionKey)).code).toBe('KEY_NOT_FOUND');
    expect((await refusalOf(wrong as string)).code).toBe('KEY_NOT_FOUND');
  });

  test.each([
    ['for signatures by its use', { use: 'sig' }],
    ['with an algorithm that signs', { alg: 'RS256' }],
    ['with RSA1_5', { alg: 'RSA1_5' }],
    ['with operations that neither encrypt nor decrypt', { key_ops: ['verify'] }],
    ['with an operation twice', { key_ops: ['wrapKey', 'wrapKey'] }],
  ])('a JWK %s does not encrypt', (_title, members) => {
    const jwk = { ...rsa.publicKey.export({ format: 'jwk' }), ...members };
    expect(() => importEncryptionJwk(jwk)).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
  });

  test.each([
    ['ed25519', publicKeys.ed25519],
    ['rsa-pss', publicKeys.rsaPss],
    ['x448', generateKeyPairSync('x448').publicKey],
  ])('a key of type %s does not encrypt', (_type, publicKey) => {
    expect(() => createEncryptionKey(publicKey)).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
  });

  test('an X25519 JWK whose halves do not belong together is refused', () => {
    const [one, other] = [1, 2].map(() => generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' }));
    expect(() => importEncryptionJwk({ ...one, x: other?.x })).toThrow('do not belong');
  });
});

describe('what is no JWE', () => {
  test.each<[string, string]>([
    ['a signed token', 'eyJhbGciOiJIUzI1NiJ9.e30.AAAA'],
    ['nothing', ''],
    ['six segments', 'a.b.c.d.e.f'],
    ['a header that is no JSON', 'AAAA.AA.AA.AA.AA'],
    [
      'a header with a name twice',
      `${Buffer.from('{"alg":"dir","alg":"dir","enc":"A256GCM"}').toString('base64url')}.AA.AA.AA.AA`,
    ],
    ['no alg', `${encoded({ enc: 'A256GCM' })}.AA.AA.AA.AA`],
    ['no enc', `${encoded({ alg: 'dir' })}.AA.AA.AA.AA`],
    ['crit', `${encoded({ alg: 'dir', enc: 'A256GCM', crit: ['x'], x: 1 })}.AA.AA.AA.AA`],
    ['a padded segment', `${encoded({ alg: 'dir', enc: 'A256GCM' })}.AA==.AA.AA.AA`],
    ['JSON of a signed token', '{"payload":"e30","signature":"AA","protected":"e30"}'],
    ['JSON with a name twice', '{"ciphertext":"AA","ciphertext":"AA","header":{"alg":"dir","enc":"A256GCM"}}'],
    [
      'headers that share a name',
      JSON.stringify({
        protected: encoded({ alg: 'dir', enc: 'A256GCM' }),
        header: { alg: 'A256KW' },
        ciphertext: 'AA',
      }),
    ],
    [
      'no recipients',
      JSON.stringify({ protected: encoded({ alg: 'dir', enc: 'A256GCM' }), recipients: [], ciphertext: 'AA' }),
    ],
    [
      'a recipient of its own beside the list',
      JSON.stringify({
        recipients: [{}],
        encrypted_key: 'AA',
        protected: encoded({ alg: 'dir', enc: 'A256GCM' }),
        ciphertext: 'AA',
      }),
    ],
    [
      'eleven recipients',
      JSON.stringify({
        recipients: Array.from({ length: 11 }, () => ({})),
        protected: encoded({ alg: 'dir', enc: 'A256GCM' }),
        ciphertext: 'AA',
      }),
    ],
    [
      'recipients that differ in enc',
      JSON.stringify({
        recipients: ['A128GCM', 'A256GCM'].map((enc) => ({ header: { alg: 'dir', enc } })),
        ciphertext: 'AA',
      }),
    ],
    ['more than 16 MiB', `${'a'.repeat(16 * 1024 * 1024)}.b.c.d.e`],
  ])('%s is malformed', (_title, token) => {
    expect(() => parseJwe(token)).toThrow(expect.objectContaining({ code: 'TOKEN_MALFORMED' }));
  });

  test('any text is refused with an error of jwtkit', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.json(),
          fc.array(fc.base64String(), { minLength: 5, maxLength: 5 }).map((parts) => parts.join('.')),
        ),
        async (text) => {
          await refusalOf(text, rsa.decrypt, secret32.decrypt);
        },
      ),
    );
  });

  test('zip outside the protected header is refused', async () => {
    const made = await new FlattenedEncrypt(content)
      .setProtectedHeader({ alg: 'A256KW', enc: 'A256GCM' })
      .encrypt(secret32.privateKey);
    const token = JSON.stringify({ ...made, header: { zip: 'DEF' } });
    expect((await refusalOf(token, secret32.decrypt)).code).toBe('DECRYPTION_FAILED');
  });
});
