/** Keys of a keyring under a passphrase, as PKCS#12, and with a certificate: out, through openssl, and in again. */
import { execFileSync } from 'node:child_process';
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { describeWithProgram } from '../../programs.js';
import { fileWith, hasModes, makeKeyring, modeOf, runCli, stdoutOf, temporaryFolder, textOf } from '../fake-io.js';

const env = { P: 'correct horse' };
const named = ['--passphrase-env', 'P'];

test('rotate, export and import keep a private key under its passphrase', async () => {
  const keyring = await makeKeyring();
  await stdoutOf(['keys', 'rotate', '--kid', 'k2', '--keyring', keyring, ...named], { env });
  expect(textOf(join(keyring, 'k2.pem'))).toContain('BEGIN ENCRYPTED PRIVATE KEY');
  const exported = await stdoutOf(['keys', 'export', 'k2', '--private', '--keyring', keyring, ...named], { env });
  expect(exported).toContain('BEGIN ENCRYPTED PRIVATE KEY');
  const other = join(temporaryFolder(), 'other');
  const path = fileWith(exported);
  const refused = await runCli(['keys', 'import', path, '--keyring', other, '--json']);
  expect([refused.exitCode, refused.stderr]).toEqual([3, expect.stringContaining('KEY_ENCRYPTED')]);
  const wrong = await runCli(['keys', 'import', path, '--keyring', other, '--json', ...named], {
    env: { P: 'battery' },
  });
  expect([wrong.exitCode, wrong.stderr]).toEqual([3, expect.stringContaining('PASSPHRASE_WRONG')]);
  expect(await stdoutOf(['keys', 'import', path, '--kid', 'in', '--keyring', other, ...named], { env })).toBe('in');
  expect(textOf(join(other, 'in.pem'))).toContain('BEGIN ENCRYPTED PRIVATE KEY');
  const token = await stdoutOf(['issue', '--sub', 'a', '--keyring', other, ...named], { env });
  expect((await runCli(['verify', token, '--keyring', other])).exitCode).toBe(0);
});

test('a PKCS#12 file as --key gets the hint to import it', async () => {
  const keyring = await makeKeyring();
  const path = join(temporaryFolder(), 'k1.p12');
  await stdoutOf(['keys', 'export', 'k1', '--format', 'p12', '--out', path, '--keyring', keyring, ...named], { env });
  for (const args of [
    ['issue', '--sub', 'a', '--key', path],
    ['keys', 'thumbprint', path],
  ]) {
    const { exitCode, stderr } = await runCli(args);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('hint: a PKCS#12 file is brought into a keyring with: jwtkit keys import FILE\n');
  }
});

test('a passphrase typed for an encrypted file also encrypts what is kept', async () => {
  const pem = createPrivateKey(textOf(join(await makeKeyring(), 'k1.pem'))).export({
    format: 'pem',
    type: 'pkcs8',
    cipher: 'aes-256-cbc',
    passphrase: env.P,
  });
  const other = join(temporaryFolder(), 'other');
  const terminals = ['stdin', 'stderr'] as const;
  await stdoutOf(['keys', 'import', fileWith(pem), '--kid', 'in', '--keyring', other], { terminals, answers: [env.P] });
  expect(textOf(join(other, 'in.pem'))).toContain('BEGIN ENCRYPTED PRIVATE KEY');
});

test('a JWK carries the certificate that fits it, and no other', async () => {
  const folder = temporaryFolder();
  const keyring = join(folder, 'ring');
  const [cert, foreign] = [join(folder, 'web.crt'), join(folder, 'foreign.crt')];
  const make = (kid: string, path: string) =>
    stdoutOf(['keygen', '--alg', 'ES256', '--kid', kid, '--keyring', keyring, '--cert', path, '--subject', 'CN=web']);
  await make('k1', cert);
  await make('k2', foreign);
  const jwk = JSON.parse(
    await stdoutOf(['keys', 'export', 'k1', '--format', 'jwk', '--cert', cert, '--keyring', keyring]),
  );
  const x509 = new X509Certificate(textOf(cert));
  expect(jwk).toMatchObject({ kid: 'k1', x5c: [x509.raw.toString('base64')] });
  expect(jwk['x5t#S256']).toMatch(/^[\w-]{43}$/);
  const refused = await runCli([
    'keys',
    'export',
    'k1',
    '--format',
    'jwk',
    '--cert',
    foreign,
    '--keyring',
    keyring,
    '--json',
  ]);
  expect([refused.exitCode, refused.stderr]).toEqual([3, expect.stringContaining('KEY_INVALID')]);
});

test.each([
  ['a passphrase is asked for, and nobody is there', ['--format', 'p12']],
  ['PKCS#12 holds the private half', ['--format', 'p12', '--public', ...named]],
  ['a certificate has no place in PEM', ['--cert', 'x.crt']],
  ['the public half is not encrypted', named],
])('refuses: %s', async (_, args) => {
  const { exitCode, stdout } = await runCli(['keys', 'export', 'k1', ...args, '--keyring', await makeKeyring()], {
    env,
  });
  expect([exitCode, stdout]).toEqual([2, '']);
});

describeWithProgram('openssl', 'PKCS#12 beside openssl', () => {
  test.each(['RS256', 'ES256', 'EdDSA'])(
    'PKCS#12 of an %s key goes to openssl and comes back',
    async (alg) => {
      const keyring = await makeKeyring(alg);
      const folder = temporaryFolder();
      const path = join(folder, 'k1.p12');
      await stdoutOf(['keys', 'export', 'k1', '--format', 'p12', '--out', path, '--keyring', keyring, ...named], {
        env,
      });
      if (hasModes) expect(modeOf(path)).toBe(0o600);
      const openssl = (...args: string[]) => execFileSync('openssl', args, { encoding: 'utf8', stdio: 'pipe' });
      const pem = openssl('pkcs12', '-in', path, '-nodes', '-passin', `pass:${env.P}`);
      const original = createPrivateKey(textOf(join(keyring, 'k1.pem')));
      expect(createPrivateKey(pem).equals(original)).toBe(true);
      expect(
        new X509Certificate(pem.slice(pem.indexOf('-----BEGIN CERT'))).publicKey.equals(createPublicKey(original)),
      ).toBe(true);
      const theirs = join(folder, 'theirs.p12');
      openssl('pkcs12', '-export', '-in', fileWith(pem), '-out', theirs, '-passout', `pass:${env.P}`);
      for (const file of [path, theirs]) {
        const other = join(temporaryFolder(), 'other');
        await stdoutOf(['keys', 'import', file, '--kid', 'in', '--alg', alg, '--keyring', other, ...named], { env });
        const kept = createPrivateKey({ key: readFileSync(join(other, 'in.pem')), passphrase: env.P });
        expect(kept.equals(original)).toBe(true);
        const wrong = await runCli(['keys', 'import', file, '--keyring', join(folder, 'none'), ...named, '--json'], {
          env: { P: 'battery' },
        });
        expect([wrong.exitCode, wrong.stderr]).toEqual([3, expect.stringContaining('PASSPHRASE_WRONG')]);
      }
    },
    60_000,
  );

  test('the hint for a file under an empty passphrase brings its key in', async () => {
    const [keyring, folder] = [await makeKeyring('ES256'), temporaryFolder()];
    const [cert, file, other] = [join(folder, 'k1.crt'), join(folder, 'k1.p12'), join(folder, 'other')];
    const openssl = (...args: string[]) => execFileSync('openssl', args, { encoding: 'utf8', stdio: 'pipe' });
    const key = join(keyring, 'k1.pem');
    openssl('req', '-x509', '-key', key, '-subj', '/CN=web', '-days', '2', '-out', cert);
    openssl('pkcs12', '-export', '-inkey', key, '-in', cert, '-out', file, '-passout', 'pass:');
    const { exitCode, stderr } = await runCli(['keys', 'import', file, '--keyring', other]);
    expect(exitCode).toBe(3);
    const way = / openssl (pkcs12 .+)\n$/.exec(stderr)?.[1] ?? '';
    const pem = openssl(...way.replace('FILE', file).split(' '));
    await stdoutOf(['keys', 'import', '-', '--kid', 'in', '--keyring', other], { stdin: pem });
    expect(createPrivateKey(textOf(join(other, 'in.pem'))).equals(createPrivateKey(textOf(key)))).toBe(true);
  });
});
