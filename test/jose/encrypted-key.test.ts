import { spawnSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { JwtkitError } from '../../src/errors.js';
import { derElement } from '../../src/jose/der-writer.js';
import { decryptPkcs8, encryptPkcs8, isEncryptedPkcs8, type Passphrase } from '../../src/jose/encrypted-key.js';
import { loadKeys, unlockKeys } from '../../src/jose/keys.js';
import { exportPrivatePem } from '../../src/jose/pem.js';
import { loadSecret } from '../../src/jose/secret.js';
import { privateKeys } from '../attacks/trusted-keys.js';
import { describeWithProgram } from '../programs.js';

const folder = mkdtempSync(join(tmpdir(), 'jwtkit-test-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const { privateKey } = generateKeyPairSync('ed25519');
const plain = exportPrivatePem(privateKey);
const encrypted = exportPrivatePem(privateKey, { passphrase: 'correct horse' });
const encryptedDer = Buffer.from(encrypted.replace(/-----.*-----|\n/g, ''), 'base64');

function failureOf(action: () => unknown): JwtkitError {
  try {
    action();
  } catch (error) {
    if (error instanceof JwtkitError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

const load = (content: string | Uint8Array, passphrase?: Passphrase) =>
  loadKeys(content, { purpose: 'sign', source: 'k', passphrase });
const isOurs = (content: string | Uint8Array, passphrase?: Passphrase) =>
  load(content, passphrase)[0]?.keyObject.equals(privateKey);

describe('exportPrivatePem with a passphrase', () => {
  test('is PEM in lines of 64 characters, different each time', () => {
    expect(encrypted).toMatch(
      /^-----BEGIN ENCRYPTED PRIVATE KEY-----\n(?:[\w+/=]{64}\n)+[\w+/=]{1,64}\n-----END ENCRYPTED PRIVATE KEY-----\n$/,
    );
    expect(exportPrivatePem(privateKey, { passphrase: 'correct horse' })).not.toBe(encrypted);
  });

  test.each<[string, Passphrase]>([
    ['text', 'correct horse'],
    ['Unicode as it stands, UTF-8', 'p\u00e4ss \u{1f511} \u043f\u0430\u0440\u043e\u043b\u044c'],
    ['bytes that are no text', Buffer.from('ff00fe0a0d80', 'hex')],
    ['NUL alone', new Uint8Array(1)],
    ['1023 bytes', 'x'.repeat(1023)],
  ])('opens again with %s', (_name, passphrase) => {
    expect(isOurs(exportPrivatePem(privateKey, { passphrase }), passphrase)).toBe(true);
  });

  test('takes composed and decomposed letters as different passphrases', () => {
    const pem = exportPrivatePem(privateKey, { passphrase: 'p\u00e4ss' });
    expect(failureOf(() => load(pem, 'pa\u0308ss')).code).toBe('PASSPHRASE_WRONG');
    expect(isOurs(pem, Buffer.from('p\u00e4ss', 'utf8'))).toBe(true);
  });

  test('uses the part of a passphrase after a NUL', () => {
    const pem = exportPrivatePem(privateKey, { passphrase: 'a\0b' });
    for (const wrong of ['a', 'a\0', 'a\0c']) expect(failureOf(() => load(pem, wrong)).code).toBe('PASSPHRASE_WRONG');
  });

  test.each([[null], [42], [{}], [[]]])('refuses %j as a passphrase, rather than write a key in the clear', (value) => {
    const passphrase = value as unknown as Passphrase;
    expect(failureOf(() => exportPrivatePem(privateKey, { passphrase })).code).toBe('USAGE_INVALID');
    expect(failureOf(() => load(encrypted, passphrase)).code).toBe('USAGE_INVALID');
  });

  test.each([
    ['', 'the passphrase is empty'],
    ['x'.repeat(1024), 'a passphrase has at most 1023 bytes, not 1024'],
    ['\u00e4'.repeat(512), 'a passphrase has at most 1023 bytes, not 1024'],
  ])('refuses a passphrase that cannot be typed again', (passphrase, message) => {
    expect(failureOf(() => exportPrivatePem(privateKey, { passphrase }))).toMatchObject({
      code: 'USAGE_INVALID',
      message,
    });
    expect(failureOf(() => load(encrypted, passphrase)).code).toBe('USAGE_INVALID');
  });
});

describe('loadKeys with an encrypted key', () => {
  test('loadKeys opens PEM, DER, and PEM with text around it', () => {
    expect(isOurs(encrypted, 'correct horse')).toBe(true);
    expect(isOurs(encryptedDer, 'correct horse')).toBe(true);
    expect(isOurs(`Bag Attributes\r\n${encrypted.replaceAll('\n', '\r\n')}`, 'correct horse')).toBe(true);
  });

  test.each([
    ['PEM', encrypted],
    ['DER', encryptedDer],
  ])('without a passphrase it says which options name one: %s', (_name, content) => {
    const { code, message, hint } = failureOf(() => load(content));
    expect([code, message]).toEqual(['KEY_ENCRYPTED', 'k: the private key is encrypted']);
    expect(hint).toBe('give its passphrase with --passphrase-file or --passphrase-env');
  });

  test('refuses an encrypted key to verify with, with or without a passphrase', () => {
    const { code, hint } = failureOf(() => loadKeys(encrypted, { purpose: 'verify', passphrase: 'correct horse' }));
    expect(code).toBe('KEY_ENCRYPTED');
    expect(hint).toContain('jwtkit keys convert FILE --public-half');
  });

  test('ignores the passphrase if the key is not encrypted', () => {
    expect(isOurs(plain, 'anything')).toBe(true);
  });

  test('reports a wrong passphrase even if the padding is right by chance', { tags: 'slow' }, () => {
    const pem = privateKey.export({
      format: 'pem',
      type: 'pkcs8',
      cipher: 'aes-256-cbc',
      passphrase: 'right',
    }) as string;
    const failures = [...Array(600).keys()].map((at) => failureOf(() => load(pem, `wrong ${at}`)));
    expect(new Set(failures.map(({ code }) => code))).toEqual(new Set(['PASSPHRASE_WRONG']));
    expect(failures.some(({ message, hint }) => `${message}${hint}`.includes('wrong 1'))).toBe(false);
  });

  test('throws only JwtkitError for a damaged file', { tags: 'slow' }, () => {
    const der = privateKey.export({ format: 'der', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'p' });
    for (let at = 0; at < der.length; at++) {
      for (const bit of [1, 0x80]) {
        const damaged = Buffer.from(der);
        damaged[at] = (damaged[at] ?? 0) ^ bit;
        // AES-CBC does not protect what it hides: a flipped bit may go unnoticed here, or make another key of it.
        try {
          load(damaged, 'p');
        } catch (error) {
          if (!(error instanceof JwtkitError)) throw error;
          expect(['KEY_INVALID', 'KEY_TOO_WEAK', 'PASSPHRASE_WRONG']).toContain(error.code);
        }
      }
      expect(() => load(der.subarray(0, at), 'p')).toThrow(JwtkitError);
    }
  });

  test('refuses an encrypted key as a shared secret', () => {
    expect(failureOf(() => loadSecret(encryptedDer)).message).toContain('an encrypted private key');
    expect(failureOf(() => loadSecret(encryptedDer.toString('base64'))).code).toBe('KEY_INVALID');
  });
});

describe('a file cannot make its reader work for long', () => {
  const number = (value: number) => {
    const hex = value.toString(16);
    return derElement(2, Buffer.from(`00${hex.padStart(hex.length + (hex.length % 2), '0')}`, 'hex'));
  };
  const bytes = derElement(4, randomBytes(16));
  const pbes2 = (kdfOid: string, ...parameters: Buffer[]) => {
    const kdf = derElement(0x30, Buffer.from(kdfOid, 'hex'), derElement(0x30, bytes, ...parameters));
    const scheme = derElement(0x30, Buffer.from('060960864801650304012a', 'hex'), bytes);
    const algorithm = derElement(0x30, Buffer.from('06092a864886f70d01050d', 'hex'), derElement(0x30, kdf, scheme));
    return derElement(0x30, algorithm, bytes);
  };
  const pbkdf2 = '06092a864886f70d01050c';
  const scrypt = '06092b06010401da47040b';
  const pbes1 = (iterations: number) => {
    const parameters = derElement(0x30, derElement(4, randomBytes(8)), number(iterations));
    return derElement(0x30, derElement(0x30, Buffer.from('060a2a864886f70d010c0103', 'hex'), parameters), bytes);
  };

  test.each([
    ['PBKDF2, ten million and one', pbes2(pbkdf2, number(10_000_001))],
    ['PBKDF2, beyond numbers', pbes2(pbkdf2, derElement(2, Buffer.alloc(40, 0x7f)))],
    ['PBKDF2, negative', pbes2(pbkdf2, derElement(2, Buffer.from('ffffffff', 'hex')))],
    ['PBES1', pbes1(2 ** 31 - 1)],
    ['scrypt, much memory', pbes2(scrypt, number(2 ** 20), number(8), number(1))],
    ['scrypt, much work', pbes2(scrypt, number(2 ** 14), number(8), number(2 ** 10))],
    ['no KDF at all', pbes2('0603551d0e')],
    ['an unknown KDF', pbes2('0603551d0e', number(1))],
    ['no numbers', pbes2(scrypt, number(2 ** 14))],
  ])('%s', (_name, content) => {
    expect(isEncryptedPkcs8(content)).toBe(true);
    expect(failureOf(() => load(content, 'p')).code).toBe('KEY_INVALID');
  });

  test('tries to open a file whose work is within the bounds', () => {
    expect(failureOf(() => load(pbes2(scrypt, number(2 ** 14), number(8), number(1)), 'p')).code).toBe(
      'PASSPHRASE_WRONG',
    );
    expect(failureOf(() => load(pbes1(2048), 'p')).code).toBe('PASSPHRASE_WRONG');
  });
});

describe('the passphrase function of unlockKeys', () => {
  const options = { purpose: 'sign', source: 'my.pem' } as const;

  test('is called once, with the name of the key', async () => {
    const asked: (string | undefined)[] = [];
    const [key] = await unlockKeys(encrypted, {
      ...options,
      passphrase: async (source) => {
        asked.push(source);
        return 'correct horse';
      },
    });
    expect(key?.keyObject.equals(privateKey)).toBe(true);
    expect(asked).toEqual(['my.pem']);
  });

  test.each([
    ['a key that is not encrypted', plain, undefined],
    ['what is no key', 'nonsense', 'KEY_INVALID'],
  ])('is not called for %s', async (_name, content, code) => {
    const passphrase = () => {
      throw new Error('asked');
    };
    const outcome = await unlockKeys(content, { ...options, passphrase }).catch((error) => error.code);
    if (code === undefined) expect(outcome).toHaveLength(1);
    else expect(outcome).toBe(code);
  });

  test('is not called to verify', async () => {
    const passphrase = () => {
      throw new Error('asked');
    };
    const verifying = unlockKeys(encrypted, { purpose: 'verify', passphrase });
    await expect(verifying).rejects.toMatchObject({ code: 'KEY_ENCRYPTED' });
  });

  test.each([[undefined], [() => undefined], [async () => undefined]])(
    'may return no passphrase',
    async (passphrase) => {
      await expect(unlockKeys(encrypted, { ...options, passphrase })).rejects.toMatchObject({ code: 'KEY_ENCRYPTED' });
    },
  );
});

describeWithProgram('openssl', 'openssl', () => {
  const path = (name: string) => join(folder, name);
  function openssl(...args: string[]): string {
    const { status, stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`openssl ${args.join(' ')}\n${stderr}`);
    return stdout;
  }
  const publicPem = createPrivateKey(plain);

  test.each([
    ['text', 'correct horse'],
    ['Unicode', 'p\u00e4ss \u{1f511}'],
    ['1023 bytes', 'x'.repeat(1023)],
  ])('reads the key that jwtkit encrypts with %s', (name, passphrase) => {
    writeFileSync(path(`${name}.pem`), exportPrivatePem(privateKey, { passphrase }));
    writeFileSync(path(`${name}.txt`), `${passphrase}\n`);
    const written = openssl('pkey', '-in', path(`${name}.pem`), '-passin', `file:${path(`${name}.txt`)}`);
    expect(createPrivateKey(written).equals(publicPem)).toBe(true);
  });

  const passes = ['-passout', 'pass:p\u00e4ss'];
  const toPkcs8 = (...args: string[]) => ['pkcs8', '-topk8', '-in', path('plain.pem'), ...passes, ...args];
  test.each([
    [
      'genpkey -aes256',
      () => [
        'genpkey',
        '-algorithm',
        'EC',
        '-pkeyopt',
        'ec_paramgen_curve:P-256',
        '-aes256',
        '-pass',
        'pass:p\u00e4ss',
      ],
    ],
    ['PBKDF2, SHA-256', () => toPkcs8('-v2', 'aes-256-cbc', '-iter', '10000')],
    ['PBKDF2, SHA-512', () => toPkcs8('-v2', 'aes-128-cbc', '-v2prf', 'hmacWithSHA512')],
    ['PBKDF2, SHA-1', () => toPkcs8('-v2', 'aes-192-cbc', '-v2prf', 'hmacWithSHA1')],
    ['3DES', () => toPkcs8('-v2', 'des3')],
    ['PBES1', () => toPkcs8('-v1', 'PBE-SHA1-3DES')],
    ['scrypt', () => toPkcs8('-scrypt')],
    ['scrypt, its parameters', () => toPkcs8('-scrypt', '-scrypt_N', '1024', '-scrypt_r', '4', '-scrypt_p', '16')],
    ['DER', () => toPkcs8('-v2', 'aes-256-cbc', '-outform', 'der')],
    ['DER, scrypt', () => toPkcs8('-scrypt', '-outform', 'der')],
    ['traditional RSA', () => ['rsa', '-in', path('rsa.pem'), '-traditional', '-aes128', ...passes]],
    ['traditional RSA, 3DES', () => ['rsa', '-in', path('rsa.pem'), '-traditional', '-des3', ...passes]],
    ['traditional EC', () => ['ec', '-in', path('ec.pem'), '-aes256', ...passes]],
  ])('writes a key that jwtkit opens: %s', (name, args) => {
    writeFileSync(path('plain.pem'), plain);
    writeFileSync(path('rsa.pem'), exportPrivatePem(privateKeys.rsa));
    writeFileSync(path('ec.pem'), exportPrivatePem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey));
    const out = path(`${name.replace(/\W/g, '')}.key`);
    openssl(...args(), '-out', out);
    const content = readFileSync(out);
    expect(failureOf(() => load(content)).code).toBe('KEY_ENCRYPTED');
    expect(failureOf(() => load(content, 'pass')).code).toBe('PASSPHRASE_WRONG');
    expect(load(content, 'p\u00e4ss')).toHaveLength(1);
  });

  test('refuses an encrypted key of a type that signs no JWS', () => {
    openssl('genpkey', '-algorithm', 'X25519', '-aes256', '-pass', 'pass:p', '-out', path('x25519.pem'));
    const failure = failureOf(() => load(readFileSync(path('x25519.pem')), 'p'));
    expect(failure.code).toBe('KEY_INVALID');
    expect(failure.message).toContain('x25519');
  });
});

test('decryptPkcs8 opens what encryptPkcs8 made', () => {
  const info = privateKey.export({ format: 'der', type: 'pkcs8' });
  expect(decryptPkcs8(encryptPkcs8(info, 'p'), 'p').equals(privateKey)).toBe(true);
});
