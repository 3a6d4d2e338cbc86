/** Key files in another format, without a keyring; and the SHA-256 of their SubjectPublicKeyInfo. */
import { execFileSync } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { storedPair } from '../../attacks/trusted-keys.js';
import { fileWith, hasModes, modeOf, runCli, secret, stdoutOf, temporaryFolder, textOf } from '../fake-io.js';

const pairs = {
  RSA: storedPair('rsa'),
  EC: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  Ed25519: generateKeyPairSync('ed25519'),
};
const { EC: ec } = pairs;
const pem = (key: KeyObject) =>
  key.export({ format: 'pem', type: key.type === 'private' ? 'pkcs8' : 'spki' }) as string;
const der = (key: KeyObject) => key.export({ format: 'der', type: key.type === 'private' ? 'pkcs8' : 'spki' });
const jwk = (key: KeyObject) => JSON.stringify(key.export({ format: 'jwk' }));
const set = (...keys: object[]) => JSON.stringify({ keys });
const ecFile = fileWith(pem(ec.privateKey), 'signing.pem');

/** Converts with the output in a file, so that DER stays bytes. */
async function converted(content: string | Uint8Array, ...args: string[]) {
  const out = join(temporaryFolder(), 'out');
  const run = await runCli(['keys', 'convert', fileWith(content), '--out', out, ...args]);
  return { ...run, out };
}

describe.each(Object.entries(pairs))('an %s key', (_, pair) => {
  test.each<['private' | 'public', string | Uint8Array, string[]]>([
    ['private', pem(pair.privateKey), []],
    ['private', der(pair.privateKey), []],
    ['private', jwk(pair.privateKey), []],
    ['public', pem(pair.publicKey), []],
    ['public', der(pair.publicKey), []],
    ['public', jwk(pair.publicKey), []],
    ['public', pem(pair.privateKey), ['--public']],
    ['public', jwk(pair.privateKey), ['--public']],
  ])('the %s half goes to every format and back', async (half, content, flags) => {
    const key = half === 'private' ? pair.privateKey : pair.publicKey;
    for (const format of ['pem', 'der', 'jwk', 'jwks']) {
      const { out, ...run } = await converted(content, '--format', format, ...flags);
      expect(run).toMatchObject({ exitCode: 0, stdout: '' });
      if (hasModes) expect(modeOf(out)).toBe(half === 'private' ? 0o600 : 0o644);
      expect(await stdoutOf(['keys', 'convert', out, '--out', '-'])).toBe(pem(key).trimEnd());
    }
  });
});

describe('keys convert', () => {
  test('gives a member of a set a kid, a use and the only algorithm', async () => {
    const print = await stdoutOf(['keys', 'thumbprint', ecFile]);
    const { keys } = JSON.parse(await stdoutOf(['keys', 'convert', ecFile, '--public', '--format', 'jwks']));
    expect(keys).toEqual([{ ...ec.publicKey.export({ format: 'jwk' }), kid: print, alg: 'ES256', use: 'sig' }]);
    const token = await stdoutOf(['issue', '--key', ecFile, '--kid', print]);
    expect(await runCli(['verify', token, '--jwks', '-', '-q'], { stdin: set(...keys) })).toMatchObject({
      exitCode: 0,
    });
  });

  test('takes one key of a set by its kid, and keeps the kid', async () => {
    const content = set(
      { ...ec.publicKey.export({ format: 'jwk' }), kid: 'a' },
      { ...pairs.RSA.publicKey.export({ format: 'jwk' }), kid: 'b' },
    );
    const one = await stdoutOf(['keys', 'convert', '-', '--kid', 'b', '--format', 'jwk'], { stdin: content });
    expect(JSON.parse(one)).toMatchObject({ kty: 'RSA', kid: 'b' });
    const all = await stdoutOf(['keys', 'convert', '-'], { stdin: content });
    expect(all.match(/BEGIN PUBLIC KEY/g)).toHaveLength(2);
  });

  test('gives a key without kid the kid of --kid', async () => {
    expect(
      JSON.parse(await stdoutOf(['keys', 'convert', ecFile, '--public', '--format', 'jwk', '--kid', 'mine'])),
    ).toMatchObject({ kid: 'mine' });
  });

  test('reads what other programs write: SEC1, PKCS#1', async () => {
    const sec1 = ec.privateKey.export({ format: 'pem', type: 'sec1' }) as string;
    const pkcs1 = pairs.RSA.privateKey.export({ format: 'pem', type: 'pkcs1' }) as string;
    expect(await stdoutOf(['keys', 'convert', '-'], { stdin: sec1 })).toBe(pem(ec.privateKey).trimEnd());
    expect(await stdoutOf(['keys', 'convert', '-'], { stdin: pkcs1 })).toBe(pem(pairs.RSA.privateKey).trimEnd());
  });

  test('takes the key of a PKCS#12 file', async () => {
    const folder = temporaryFolder();
    const [keyring, p12, passphrase] = [join(folder, 'keyring'), join(folder, 'k.p12'), fileWith('a passphrase\n')];
    const kid = await stdoutOf(['keygen', '--alg', 'ES256', '--keyring', keyring]);
    await stdoutOf([
      'keys',
      'export',
      kid,
      '--keyring',
      keyring,
      '--format',
      'p12',
      '--out',
      p12,
      '--passphrase-file',
      passphrase,
    ]);
    const out = await stdoutOf(['keys', 'convert', p12, '--public', '--passphrase-file', passphrase]);
    expect(out).toBe(await stdoutOf(['keys', 'export', kid, '--keyring', keyring]));
  });

  test('keeps an encrypted key encrypted, by a named or a typed passphrase', async () => {
    const passphrase = 'correct horse';
    const locked = ec.privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase }) as string;
    const named = await converted(locked, '--format', 'der', '--passphrase-file', fileWith(passphrase));
    const opened = createPrivateKey({ key: readFileSync(named.out), format: 'der', type: 'pkcs8', passphrase });
    expect(pem(opened)).toBe(pem(ec.privateKey));
    const typed = await runCli(['keys', 'convert', fileWith(locked), '--out', '-'], {
      terminals: ['stdin', 'stdout', 'stderr'],
      answers: [passphrase],
    });
    expect(typed.stdout).toContain('BEGIN ENCRYPTED PRIVATE KEY');
    const bare = await converted(locked, '--format', 'jwk', '--passphrase-file', fileWith(passphrase));
    expect(bare).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('a JWK is not encrypted') });
  });

  test('prints JSON', async () => {
    const { key, ...rest } = JSON.parse(
      await stdoutOf(['keys', 'convert', ecFile, '--public', '--format', 'der', '--json']),
    );
    expect(rest).toEqual({ kid: null, half: 'public', format: 'der' });
    expect(Buffer.from(key, 'base64')).toEqual(der(ec.publicKey));
  });

  test('notes that a set with a private key is not to be published', async () => {
    const run = await converted(pem(ec.privateKey), '--format', 'jwks');
    expect(run.stderr).toContain('not to be published');
  });

  const both = set(ec.publicKey.export({ format: 'jwk' }), pairs.RSA.publicKey.export({ format: 'jwk' }));
  const shared = JSON.stringify({ kty: 'oct', k: Buffer.from(secret).toString('base64url') });
  test.each<[string, string, string[], number, string]>([
    ['several keys as one JWK', both, ['--format', 'jwk'], 2, 'the file holds 2 keys'],
    ['several keys as DER', both, ['--format', 'der'], 2, '--kid'],
    ['a kid that no key has', both, ['--kid', 'c'], 2, 'no key of the file has the kid'],
    ['a shared secret as PEM', shared, [], 2, 'a shared secret is no PEM'],
    ['the public half of a shared secret', shared, ['--public'], 2, 'a shared secret has no public half'],
    ['a text that is no key', 'nonsense', [], 3, 'this is no key'],
    ['--force without a file', pem(ec.publicKey), ['--force', '--out', '-'], 2, '--force is for --out'],
  ])('refuses %s', async (_, content, args, exitCode, message) => {
    const run = await runCli(['keys', 'convert', fileWith(content), ...args]);
    expect(run).toMatchObject({ exitCode, stdout: '', stderr: expect.stringContaining(message) });
  });

  test.each([
    ['--force without --out', ['--force'], '--force is for --out'],
    ['--mask outside of GitHub Actions', ['--mask'], '--mask'],
  ])('refuses %s before it reads the file', async (_, args, message) => {
    const { exitCode, stderr } = await runCli(['keys', 'convert', '/no/such', ...args]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining(message) });
  });

  test('shows no private key on a terminal, and overwrites no file', async () => {
    const terminal = { terminals: ['stdout'] as const };
    const shown = await runCli(['keys', 'convert', ecFile], terminal);
    expect(shown).toMatchObject({
      exitCode: 2,
      stdout: '',
      stderr: expect.stringContaining('not shown on a terminal'),
    });
    expect(await runCli(['keys', 'convert', ecFile, '--public'], terminal)).toMatchObject({ exitCode: 0 });
    const out = fileWith('mine');
    expect(await runCli(['keys', 'convert', ecFile, '--out', out])).toMatchObject({ exitCode: 3 });
    expect(textOf(out)).toBe('mine');
    expect(await runCli(['keys', 'convert', ecFile, '--out', out, '--force'])).toMatchObject({ exitCode: 0 });
  });

  test.each(['convert', 'import', 'thumbprint'])('keys %s repeats no key in the place of its file', async (name) => {
    for (const text of [pem(ec.privateKey), jwk(ec.privateKey), der(ec.privateKey).toString('base64')]) {
      const run = await runCli(['keys', name, text]);
      // An argument that begins with a dash is an unknown option.
      expect(run).toMatchObject({ exitCode: text.startsWith('-') ? 2 : 3, stdout: '' });
      expect(run.stderr).not.toContain(text.slice(40, 60));
    }
  });

  test('makes no keyring', async () => {
    const workingFolder = temporaryFolder();
    await stdoutOf(['keys', 'convert', ecFile, '--public'], { workingFolder });
    expect(existsSync(join(workingFolder, '.jwtkit'))).toBe(false);
  });
});

describe('keys thumbprint --spki', () => {
  const openssl = (content: string) => {
    const spki = execFileSync('openssl', ['pkey', '-pubin', '-outform', 'DER'], { input: content });
    return execFileSync('openssl', ['dgst', '-sha256', '-binary'], { input: spki }).toString('base64');
  };

  test.each(Object.entries(pairs))(
    'is what openssl says of an %s key, of both halves in every format',
    async (_, pair) => {
      const expected = openssl(pem(pair.publicKey));
      for (const content of [pair.publicKey, pair.privateKey].flatMap((key) => [pem(key), der(key), jwk(key)])) {
        expect(await stdoutOf(['keys', 'thumbprint', '--spki', fileWith(content)])).toBe(expected);
      }
    },
  );

  test('opens an encrypted key, and is in the JSON', async () => {
    const options = { format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase: 'p' } as const;
    const path = fileWith(ec.privateKey.export(options) as string);
    const printed = await stdoutOf(['keys', 'thumbprint', '--spki', path, '--json', '--passphrase-env', 'P'], {
      env: { P: 'p' },
    });
    expect(JSON.parse(printed)).toEqual([
      {
        kid: null,
        thumbprint: await stdoutOf(['keys', 'thumbprint', ecFile]),
        spki_sha256: openssl(pem(ec.publicKey)),
      },
    ]);
  });

  test('refuses a shared secret', async () => {
    const stdin = JSON.stringify({ kty: 'oct', k: Buffer.from(secret).toString('base64url') });
    expect(await runCli(['keys', 'thumbprint', '--spki', '-'], { stdin })).toMatchObject({ exitCode: 2, stdout: '' });
  });
});
