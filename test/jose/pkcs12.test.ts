import { spawnSync } from 'node:child_process';
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { AlgorithmName } from '../../src/jose/algorithms.js';
import { loadForge, readAsn1, writeAsn1 } from '../../src/jose/asn1.js';
import { createCertificate } from '../../src/jose/certificate.js';
import { generateKey } from '../../src/jose/generate-key.js';
import { readPkcs12, writePkcs12 } from '../../src/jose/pkcs12.js';
import { privateKeys } from '../attacks/trusted-keys.js';
import { fileWith, temporaryFolder } from '../cli/fake-io.js';
import { describeWithOpenssl, openssl } from '../openssl.js';
import { within } from '../time-limit.js';

const now = Math.floor(Date.now() / 1000);
const passphrase = 'a pässphrase 😀';

interface Identity {
  privateKey: KeyObject;
  certificate: X509Certificate;
  /** Both, under the passphrase. */
  file: Buffer;
}

async function identityFor(alg: AlgorithmName): Promise<Identity> {
  // An RSA key takes long to make.
  const made = alg === 'RS256' ? { privateKey: privateKeys.rsa } : await generateKey(alg);
  const { privateKey } = made as { privateKey: KeyObject };
  const options = { alg, subject: 'CN=web', notBefore: now - 60, notAfter: now + 86_400 };
  const certificate = await createCertificate(privateKey, options);
  const contents = { privateKey, certificates: [certificate], friendlyName: 'wéb 1' };
  return { privateKey, certificate, file: await writePkcs12(contents, passphrase) };
}

const algorithms: AlgorithmName[] = ['RS256', 'ES256', 'ES512', 'ES256K', 'Ed25519', 'Ed448'];
const identities = new Map<AlgorithmName, Identity>();
const identity = (alg: AlgorithmName) => identities.get(alg) as Identity;
beforeAll(async () => {
  for (const alg of algorithms) identities.set(alg, await identityFor(alg));
}, 60_000);

function rejection(content: Uint8Array, secret = passphrase): Promise<unknown> {
  return readPkcs12(content, secret).then(
    () => 'read',
    (error) => error.code,
  );
}

test.each(algorithms)('reads the key for %s and the certificate that it wrote', async (alg) => {
  const { privateKey, certificate, file } = identity(alg);
  const read = await readPkcs12(file, passphrase);
  expect(read.privateKey.equals(privateKey)).toBe(true);
  expect(read.certificates.map(({ raw }) => raw)).toEqual([certificate.raw]);
  expect(read.friendlyName).toBe('wéb 1');
});

test('reads a key without a certificate and a name', async () => {
  const { privateKey } = identity('ES256');
  const { privateKey: read, ...rest } = await readPkcs12(await writePkcs12({ privateKey }, passphrase), passphrase);
  expect(read.equals(privateKey)).toBe(true);
  expect(rest).toEqual({ certificates: [] });
});

test('refuses to write a certificate of another key', async () => {
  const { privateKey } = identity('ES256');
  const contents = { privateKey, certificates: [identity('Ed25519').certificate] };
  await expect(writePkcs12(contents, passphrase)).rejects.toMatchObject({ code: 'KEY_INVALID' });
});

test.each([2047, 0, -1, 1.5, Number.NaN])('refuses to write a MAC of %s rounds', async (macRounds) => {
  const made = writePkcs12({ privateKey: identity('ES256').privateKey }, passphrase, { macRounds });
  await expect(made).rejects.toMatchObject({ code: 'USAGE_INVALID' });
});

describe('a file that was tampered with', () => {
  let whole: Buffer;
  beforeAll(() => {
    whole = identity('ES256').file;
  });

  test('reports a wrong passphrase as PASSPHRASE_WRONG', async () => {
    for (const wrong of ['other', `${passphrase} `, passphrase.slice(0, -2), passphrase.normalize('NFD')]) {
      expect(await rejection(whole, wrong)).toBe('PASSPHRASE_WRONG');
    }
    const error = await readPkcs12(whole, 'other', 'web.p12: ').catch((thrown) => thrown);
    expect(error.message).toBe('web.p12: the passphrase does not open the PKCS#12 file');
  });

  test.each([
    ['', 'USAGE_INVALID'],
    ['x'.repeat(1024), 'USAGE_INVALID'],
  ])('passphrase %j', async (secret, code) => {
    expect(await rejection(whole, secret)).toBe(code);
    await expect(writePkcs12({ privateKey: identity('ES256').privateKey }, secret)).rejects.toMatchObject({ code });
  });

  test('refuses a passphrase that is not UTF-8', async () => {
    await expect(readPkcs12(whole, Buffer.of(0xff))).rejects.toMatchObject({ code: 'USAGE_INVALID' });
  });

  test('never reads another key from a file with a flipped bit or a cut', { tags: 'slow' }, async () => {
    const codes = new Set<unknown>();
    for (let at = 0; at < whole.length; at += 17) {
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] as number) ^ (1 << (at % 8));
      // What the MAC does not cover, such as parameters that nobody reads, may change; the contents may not.
      const read = await readPkcs12(flipped, passphrase).catch((error) => error.code);
      if (typeof read === 'string') codes.add(read);
      else expect(read.privateKey.equals(identity('ES256').privateKey)).toBe(true);
      codes.add(await rejection(whole.subarray(0, at)));
    }
    expect([...codes].sort()).toEqual(['KEY_INVALID', 'PASSPHRASE_WRONG']);
    expect(await rejection(Buffer.concat([whole, Buffer.of(0)]))).toBe('KEY_INVALID');
  });

  test.each([
    ['nothing', Buffer.alloc(0)],
    ['text', Buffer.from('hello')],
    ['an empty sequence', Buffer.of(0x30, 0)],
    ['sequences without end', Buffer.alloc(10_000, Buffer.of(0x30, 0x80))],
    ['a megabyte and more', Buffer.alloc(1024 * 1024 + 1)],
  ])('%s is refused', async (_, content) => {
    expect(await rejection(content)).toBe('KEY_INVALID');
  });

  test.each([
    ['rounds beyond bearing', '0400000000'],
    ['a number of rounds that fits no integer', '10000000000000000000000000000000'],
    ['no rounds', '00'],
    ['negative rounds', 'ff'],
  ])('%s are refused at once', async (_, hex) => {
    const forge = await loadForge();
    const file = readAsn1(whole, forge);
    const mac = (file.value as { value: { value: string }[] }[])[2] as { value: { value: string }[] };
    (mac.value[2] as { value: string }).value = Buffer.from(hex, 'hex').toString('latin1');
    expect(await within(1000, () => rejection(writeAsn1(file, forge)))).toBe('KEY_INVALID');
  });
});

describeWithOpenssl('openssl', () => {
  test.each(algorithms)('reads our file of a key for %s', async (alg) => {
    const { privateKey, certificate, file } = identity(alg);
    const path = fileWith(file);
    const text = openssl('pkcs12', '-info', '-in', path, '-nodes', '-passin', `pass:${passphrase}`);
    expect(text).toContain('MAC: sha256, Iteration 2048');
    expect(text.match(/PBES2, PBKDF2, AES-256-CBC, Iteration 32768, PRF hmacWithSHA256/g)).toHaveLength(2);
    expect(text.match(/friendlyName: w/g)).toHaveLength(2);
    expect(createPrivateKey(text).equals(privateKey)).toBe(true);
    expect(new X509Certificate(text.slice(text.indexOf('-----BEGIN CERT'))).raw).toEqual(certificate.raw);
  });

  const ways = [
    ['its defaults', []],
    ['many rounds', ['-iter', '50000']],
    ['3DES and RC2, as of old', ['-legacy']],
    ['3DES alone', ['-legacy', '-descert']],
    ['a MAC of SHA-512', ['-macalg', 'sha512']],
    ['3DES of PBES2', ['-keypbe', 'des-ede3-cbc', '-certpbe', 'aes-128-cbc']],
    ['a plain key and a plain certificate', ['-keypbe', 'NONE', '-certpbe', 'NONE']],
  ] as const;
  const readsFile = (algorithms: readonly AlgorithmName[]) => async (_: string, args: readonly string[]) => {
    for (const alg of algorithms) {
      const { privateKey, certificate } = identity(alg);
      const path = exported(identity(alg), ...args);
      const read = await readPkcs12(readFileSync(path), passphrase);
      expect(read.privateKey.equals(privateKey)).toBe(true);
      expect(read.certificates.map(({ raw }) => raw)).toEqual([certificate.raw]);
      expect(read.friendlyName).toBe('wéb');
    }
  };
  test.each(ways)('writes with %s a file that jwtkit reads', readsFile(['ES256']));
  test.each(ways)(
    'writes with %s files of other keys that jwtkit reads',
    { tags: 'slow' },
    readsFile(['RS256', 'Ed448']),
  );

  test('refuses a file without a MAC and a file without a key', async () => {
    const path = exported(identity('ES256'), '-nomac');
    await expect(readPkcs12(readFileSync(path), passphrase)).rejects.toMatchObject({
      code: 'KEY_INVALID',
      message: expect.stringContaining('no MAC'),
    });
    const bare = exported(identity('ES256'), '-nokeys');
    await expect(readPkcs12(readFileSync(bare), passphrase)).rejects.toMatchObject({
      code: 'KEY_INVALID',
      message: expect.stringContaining('no private key'),
    });
  });

  test("returns the key's own certificate first", async () => {
    const others = fileWith(identity('ES512').certificate.toString());
    const path = exported(identity('ES256'), '-certfile', others);
    const { certificates } = await readPkcs12(readFileSync(path), passphrase);
    expect(certificates.map(({ raw }) => raw)).toEqual(
      [identity('ES256'), identity('ES512')].map((one) => one.certificate.raw),
    );
  });
});

function exported({ privateKey, certificate }: Identity, ...args: readonly string[]): string {
  const key = fileWith(privateKey.export({ format: 'pem', type: 'pkcs8' }));
  const path = join(temporaryFolder(), 'out.p12');
  const secret = ['-passout', `pass:${passphrase}`];
  const input = ['-inkey', key, '-in', fileWith(certificate.toString()), '-name', 'wéb', '-out', path];
  openssl('pkcs12', '-export', ...input, ...secret, ...args);
  return path;
}

const hasKeytool = spawnSync('keytool', ['-help']).error === undefined;

describe.skipIf(!hasKeytool)(`Java's keytool${hasKeytool ? '' : ' (skipped: not installed)'}`, () => {
  test('lists our files and writes files that we read', { tags: 'slow', timeout: 60_000 }, async () => {
    for (const alg of ['RS256', 'ES256'] as const) {
      const { privateKey, certificate } = identity(alg);
      const contents = { privateKey, certificates: [certificate], friendlyName: 'web' };
      const path = fileWith(await writePkcs12(contents, 'password'));
      const store = ['-storetype', 'PKCS12', '-storepass', 'password'];
      const { stdout } = spawnSync('keytool', ['-list', '-keystore', path, ...store], { encoding: 'utf8' });
      expect(stdout).toMatch(/web, .*PrivateKeyEntry/);
    }
    const path = join(temporaryFolder(), 'java.p12');
    const made = ['-genkeypair', '-alias', 'Java', '-keyalg', 'EC', '-groupname', 'secp256r1', '-dname', 'CN=java'];
    spawnSync('keytool', [...made, '-keystore', path, '-storetype', 'PKCS12', '-storepass', 'password']);
    const read = await readPkcs12(readFileSync(path), 'password');
    expect(read.privateKey.asymmetricKeyDetails?.namedCurve).toBe('prime256v1');
    expect(read.certificates).toHaveLength(1);
  });
});
