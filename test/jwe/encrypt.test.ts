import { compactDecrypt, FlattenedEncrypt, flattenedDecrypt, generalDecrypt } from 'jose';
import { describe, expect, test } from 'vitest';
import type { JsonObject } from '../../src/jose/json.js';
import { contentEncryptionNames, keyManagement } from '../../src/jwe/algorithms.js';
import { decryptJwe } from '../../src/jwe/decrypt.js';
import { encryptJwe } from '../../src/jwe/encrypt.js';
import { createEncryptionKey, directEncryptions } from '../../src/jwe/key.js';
import { allHalves, passphrase, rsa, secret32, x25519 } from './keys.js';

const content = Buffer.from([0, 1, 2, 0xff, ...Buffer.from('zoë 🔑')]);

/** Every algorithm with a key that allows it, with every content encryption that it takes. */
const rows = allHalves.flatMap((halves) =>
  halves.encrypt.algorithms.flatMap((alg) =>
    (alg === 'dir' ? directEncryptions(halves.encrypt.shape) : contentEncryptionNames).map((enc) => ({
      halves,
      name: halves.name,
      alg,
      enc,
    })),
  ),
);

describe('beside npm’s jose, for every algorithm, key and content encryption', () => {
  test.each(rows.filter(({ alg }) => keyManagement(alg).isReadOnly !== true))(
    'jose reads what jwtkit writes: $alg $enc $name',
    async ({ halves, alg, enc }) => {
      const token = await encryptJwe(content, { key: { ...halves.encrypt, kid: 'k1' }, alg, enc });
      const { plaintext, protectedHeader } = await compactDecrypt(token, halves.privateKey);
      expect([Buffer.from(plaintext), protectedHeader]).toEqual([
        content,
        expect.objectContaining({ alg, enc, kid: 'k1' }),
      ]);
    },
  );

  test.each(rows)('jwtkit reads what jose writes: $alg $enc $name', async ({ halves, alg, enc }) => {
    const made = new FlattenedEncrypt(content).setProtectedHeader({ alg, enc });
    const token = JSON.stringify(await made.encrypt(halves.publicKey));
    const { plaintext } = await decryptJwe(token, { keys: [halves.decrypt] });
    expect(Buffer.from(plaintext)).toEqual(content);
  });
});

test('the preferred algorithms are RSA-OAEP-256, ECDH-ES+A256KW, A*KW, and dir for longer secrets', async () => {
  const preferred = Object.fromEntries(allHalves.map(({ name, encrypt }) => [name, encrypt.algorithms[0]]));
  expect(preferred).toEqual({
    RSA: 'RSA-OAEP-256',
    'P-256': 'ECDH-ES+A256KW',
    'P-384': 'ECDH-ES+A256KW',
    'P-521': 'ECDH-ES+A256KW',
    X25519: 'ECDH-ES+A256KW',
    'secret of 16 bytes': 'A128KW',
    'secret of 24 bytes': 'A192KW',
    'secret of 32 bytes': 'A256KW',
    'secret of 48 bytes': 'dir',
    'secret of 64 bytes': 'dir',
  });
});

test('the JSON serializations are read by jose and by jwtkit', async () => {
  for (const halves of [rsa, secret32]) {
    const [flattened, general] = await Promise.all(
      (['flattened', 'general'] as const).map((serialization) =>
        encryptJwe(content, { key: halves.encrypt, serialization }),
      ),
    );
    const byJose = [
      await flattenedDecrypt(JSON.parse(flattened as string), halves.privateKey),
      await generalDecrypt(JSON.parse(general as string), halves.privateKey),
    ];
    for (const { plaintext } of byJose) expect(Buffer.from(plaintext)).toEqual(content);
    for (const token of [flattened, general]) {
      expect(Buffer.from((await decryptJwe(token as string, { keys: [halves.decrypt] })).plaintext)).toEqual(content);
    }
  }
});

test('a passphrase encrypts with 600,000 rounds, and only a passphrase decrypts it', { tags: 'slow' }, async () => {
  const token = await encryptJwe(content, { key: passphrase });
  const { plaintext, header } = await decryptJwe(token, { keys: [passphrase] });
  expect([Buffer.from(plaintext), header.alg, header.p2c]).toEqual([content, 'PBES2-HS512+A256KW', 600_000]);
  await expect(decryptJwe(token, { keys: [secret32.decrypt] })).rejects.toMatchObject({ code: 'ALG_NOT_ALLOWED' });
});

describe('what is refused', () => {
  test('writing RSA-OAEP, which is only read', async () => {
    await expect(encryptJwe(content, { key: rsa.encrypt, alg: 'RSA-OAEP' })).rejects.toMatchObject({
      code: 'USAGE_INVALID',
    });
  });

  test('an algorithm that the key does not allow, by its type or by its alg', async () => {
    const narrow = createEncryptionKey(rsa.publicKey, { alg: 'RSA-OAEP-384' });
    for (const [key, alg] of [
      [rsa.encrypt, 'dir'],
      [narrow, 'RSA-OAEP-256'],
    ] as const) {
      await expect(encryptJwe(content, { key, alg })).rejects.toMatchObject({ code: 'USAGE_INVALID' });
    }
  });

  test('a content encryption that does not fit the secret of dir', async () => {
    const refused = encryptJwe(content, { key: secret32.encrypt, alg: 'dir', enc: 'A256CBC-HS512' });
    await expect(refused).rejects.toMatchObject({ code: 'USAGE_INVALID' });
  });

  test.each(['alg', 'kid', 'zip', 'crit', 'epk', 'p2c'])('a header member %s of the caller', async (name) => {
    const refused = encryptJwe(content, { key: rsa.encrypt, header: { [name]: 'x' } });
    await expect(refused).rejects.toMatchObject({ code: 'USAGE_INVALID' });
  });

  test('content above 12,533,760 bytes; one of this size comes back', { tags: 'slow' }, async () => {
    const refused = encryptJwe(Buffer.alloc(12_533_761), { key: secret32.encrypt });
    await expect(refused).rejects.toMatchObject({
      code: 'USAGE_INVALID',
      message: 'the content has 12533761 bytes, at most 12533760 are encrypted',
    });
    const token = await encryptJwe(Buffer.alloc(12_533_760), { key: secret32.encrypt });
    expect((await decryptJwe(token, { keys: [secret32.decrypt] })).plaintext).toHaveLength(12_533_760);
  });

  test('a large header that makes the token too long', { tags: 'slow' }, async () => {
    const header = { note: 'x'.repeat(65_536) };
    const refused = encryptJwe(Buffer.alloc(12_533_760), { key: secret32.encrypt, header });
    await expect(refused).rejects.toMatchObject({ code: 'USAGE_INVALID', message: expect.stringContaining('longer') });
  });

  test.each([
    [{ cty: 7 }, 'header cty is a number, not a string'],
    [{ typ: 5 }, 'header typ is a number, not a string'],
  ])('a header that decrypting refuses', async (header, text) => {
    const refused = encryptJwe(content, { key: secret32.encrypt, header: header as JsonObject });
    await expect(refused).rejects.toMatchObject({ code: 'USAGE_INVALID', message: expect.stringContaining(text) });
  });

  test('the key of a certificate that has ended or not begun', async () => {
    const key = { ...rsa.encrypt, validity: { notBefore: 100, notAfter: 200 } };
    await expect(encryptJwe(content, { key, now: 201 })).rejects.toMatchObject({ code: 'CERTIFICATE_EXPIRED' });
    await expect(encryptJwe(content, { key, now: 99 })).rejects.toMatchObject({ code: 'CERTIFICATE_NOT_YET_VALID' });
    await expect(encryptJwe(content, { key, now: 150 })).resolves.toContain('.');
  });
});

describe('members of the header that the algorithm does not take', () => {
  test.each([
    [{ apu: 5 }, '"apu"'],
    [{ apu: 'not base64url!!' }, 'apu'],
    [{ apv: {} }, '"apv"'],
    [{ apu: 'QQ', apv: 'QQ' }, 'must be distinct'],
  ])('%j is refused as a mistake of the caller', async (header, text) => {
    for (const alg of ['ECDH-ES', 'ECDH-ES+A256KW'] as const) {
      const refused = encryptJwe(content, { key: x25519.encrypt, alg, header });
      await expect(refused).rejects.toMatchObject({ code: 'USAGE_INVALID', message: expect.stringContaining(text) });
    }
  });
});
