/** Certificates and requests, made by keygen. */
import { createPublicKey, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { describeWithOpenssl, openssl } from '../../openssl.js';
import { fileWith, hasModes, makeKeyring, modeOf, now, runCli, stdoutOf, temporaryFolder, textOf } from '../fake-io.js';

const subject = ['--subject', 'CN=web,O=Example'];
const day = 86_400;

describe('keygen --cert and --csr', () => {
  test('write a certificate and a request of a key in the keyring', async () => {
    const folder = temporaryFolder();
    const [keyring, cert, csr] = ['keyring', 'web.crt', 'web.csr'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const args = ['keygen', '--alg', 'ES256', '--keyring', keyring, '--cert', cert, '--csr', csr, ...subject];
    const { exitCode, stdout, stderr } = await runCli([...args, '--san', 'web.example', '--days', '90']);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^[\w-]{43}\n$/);
    expect(stderr).toContain(`wrote ${cert}\nwrote ${csr}\n`);
    const certificate = new X509Certificate(readFileSync(cert));
    const [jwk] = JSON.parse(textOf(join(keyring, 'jwks.json'))).keys;
    expect(certificate.publicKey.equals(createPublicKey({ key: jwk, format: 'jwk' }))).toBe(true);
    expect(certificate.subject).toBe('O=Example\nCN=web');
    expect(certificate.subjectAltName).toBe('DNS:web.example');
    expect(Date.parse(certificate.validFrom) / 1000).toBe(now - 300);
    expect(Date.parse(certificate.validTo) / 1000).toBe(now + 90 * day);
    expect(textOf(csr)).toMatch(/^-----BEGIN CERTIFICATE REQUEST-----\n/);
    if (hasModes) expect([modeOf(cert), modeOf(csr)]).toEqual([0o644, 0o644]);
  });

  test('write beside a standalone pair, for 365 days by default, and report it as JSON', async () => {
    const folder = temporaryFolder();
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'key.crt')];
    const report = JSON.parse(
      await stdoutOf(['keygen', '--alg', 'PS256', '--private', key, '--cert', cert, ...subject, '--json']),
    );
    expect(report).toEqual({ kid: expect.any(String), alg: 'PS256', private: key, cert });
    expect(Date.parse(new X509Certificate(readFileSync(cert)).validTo) / 1000).toBe(now + 365 * day);
  });

  test('--cert - prints only the certificate on stdout', async () => {
    const keyring = join(temporaryFolder(), 'keyring');
    const printed = await stdoutOf(['keygen', '--keyring', keyring, '--cert', '-', ...subject]);
    expect(printed).toMatch(/^-----BEGIN CERTIFICATE-----\n[\w+/=\n]+\n-----END CERTIFICATE-----$/);
  });

  test('--x5c puts the certificate into both JWKs, which still load as keys', async () => {
    const folder = temporaryFolder();
    const [key, pub, cert] = ['a.jwk', 'b.jwk', 'c.crt'].map((name) => join(folder, name)) as [string, string, string];
    const files = ['--private', key, '--public', pub, '--cert', cert];
    await stdoutOf(['keygen', '--alg', 'ES256', '--format', 'jwk', '--x5c', ...files, ...subject]);
    const certificate = new X509Certificate(readFileSync(cert));
    for (const path of [key, pub]) {
      const jwk = JSON.parse(textOf(path));
      expect(jwk.x5c).toEqual([certificate.raw.toString('base64')]);
      expect(jwk['x5t#S256']).toHaveLength(43);
    }
    const token = await stdoutOf(['issue', '--key', key]);
    expect(await stdoutOf(['verify', token, '--key', pub])).toContain('valid');
  });

  test('without --x5c a JWK has no certificate', async () => {
    const folder = temporaryFolder();
    const files = ['--private', join(folder, 'a'), '--cert', join(folder, 'b')];
    await stdoutOf(['keygen', '--alg', 'ES256', '--format', 'jwk', ...files, ...subject]);
    expect(JSON.parse(textOf(join(folder, 'a')))).not.toHaveProperty('x5c');
  });

  test('keygen --cert overwrites nothing without --force, and makes no key', async () => {
    const keyring = join(temporaryFolder(), 'keyring');
    const cert = fileWith('kept');
    const args = ['keygen', '--alg', 'ES256', '--keyring', keyring, '--cert', cert, ...subject];
    const { exitCode, stderr } = await runCli(args);
    expect([exitCode, textOf(cert), existsSync(keyring)]).toEqual([3, 'kept', false]);
    expect(stderr).toContain('already exists');
    await stdoutOf([...args, '--force']);
    expect(textOf(cert)).toContain('BEGIN CERTIFICATE');
  });

  test('a key that cannot join the keyring leaves the files as they were', async () => {
    const keyring = await makeKeyring('ES256', 'taken');
    const folder = temporaryFolder();
    const old = fileWith('kept');
    const args = ['keygen', '--alg', 'ES256', '--keyring', keyring, '--kid', 'taken', ...subject];
    expect((await runCli([...args, '--cert', join(folder, 'new')])).exitCode).toBe(3);
    expect((await runCli([...args, '--cert', old, '--force'])).exitCode).toBe(3);
    expect([readdirSync(folder), textOf(old)]).toEqual([[], 'kept']);
    expect(readdirSync(join(old, '..'))).toHaveLength(1);
  });

  test('a certificate that cannot be written leaves no key behind', async () => {
    const folder = temporaryFolder();
    const keyring = join(folder, 'keyring');
    mkdirSync(join(folder, 'taken'));
    const cert = ['--cert', join(folder, 'taken'), '--force', ...subject];
    const { exitCode } = await runCli(['keygen', '--alg', 'ES256', '--keyring', keyring, ...cert]);
    expect([exitCode, existsSync(keyring)]).toEqual([3, false]);
    const pair = ['--private', join(folder, 'key.pem')];
    expect((await runCli(['keygen', '--alg', 'ES256', ...pair, ...cert])).exitCode).toBe(3);
    expect(readdirSync(folder)).toEqual(['taken']);
  });

  test.each([
    [['--cert', 'a'], '--cert needs --subject, the name of its owner'],
    [['--csr', 'a'], '--csr needs --subject, the name of its owner'],
    [subject, '--subject needs --cert or --csr'],
    [['--san', 'a'], '--san needs --cert or --csr'],
    [['--days', '3', '--csr', 'a', ...subject], '--days is for --cert'],
    [['--cert', 'a', '--days', '0', ...subject], '--days: "0" is not a number from 1 to 36500'],
    [['--cert', 'a', '--days', '1y', ...subject], '--days: "1y" is not a number from 1 to 36500'],
    [['--cert', 'a', '--subject', 'web'], '--subject: "web" is not TYPE=value'],
    [['--cert', 'a', '--san', 'a b', ...subject], '--san: "a b" is not a host name'],
    [['--cert', 'a', '--csr', './a', ...subject], '--cert and --csr name the same file'],
    [['--cert', 'a', '--private', 'a', ...subject], '--private and --cert name the same file'],
    [['--cert', '-', '--json', ...subject], '--json and a key on stdout exclude each other'],
    [['--cert', 'a', '--x5c', ...subject], '--x5c needs --cert, --private and --format jwk'],
    [['--alg', 'HS256', '--private', 's', '--cert', 'a', ...subject], 'HS256 takes a secret, which has no certificate'],
  ])('%j is refused', async (args, message) => {
    const { exitCode, stderr } = await runCli(['keygen', '--keyring', join(temporaryFolder(), 'k'), ...args]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
  });
});

describeWithOpenssl('openssl', () => {
  test('reads what keygen writes', async () => {
    const folder = temporaryFolder();
    const [cert, csr] = [join(folder, 'a.crt'), join(folder, 'a.csr')];
    await stdoutOf(['keygen', '--private', join(folder, 'a.pem'), '--cert', cert, '--csr', csr, ...subject]);
    expect(openssl('verify', '-x509_strict', '-attime', String(now), '-CAfile', cert, cert)).toContain(': OK');
    expect(openssl('req', '-in', csr, '-verify', '-noout')).toContain('verify OK');
    writeFileSync(join(folder, 'pub'), openssl('x509', '-in', cert, '-pubkey', '-noout'));
    expect(textOf(join(folder, 'pub'))).toBe(openssl('req', '-in', csr, '-pubkey', '-noout'));
  });
});
