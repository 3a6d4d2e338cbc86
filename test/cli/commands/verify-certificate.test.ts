/** Certificates as keys to verify with. */
import { createPrivateKey, createPublicKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { createCertificate } from '../../../src/jose/certificate.js';
import { chain } from '../../jose/certificate-chain.js';
import { fileWith, now, runCli, stdoutOf, temporaryFolder, textOf } from '../fake-io.js';

const subject = ['--subject', 'CN=web,O=Example'];
const day = 86_400;

describe('verify --key with a certificate', () => {
  let folder: string;
  let cert: string;
  let key: string;
  let token: string;
  beforeAll(async () => {
    folder = temporaryFolder();
    [cert, key] = [join(folder, 'web.crt'), join(folder, 'web.pem')];
    await stdoutOf(['keygen', '--alg', 'ES256', '--private', key, '--cert', cert, ...subject, '--days', '10']);
    token = await stdoutOf(['issue', '--key', key, '--no-exp']);
  });
  const verify = (...args: string[]) => runCli(['verify', token, '--key', cert, '--allow-no-exp', ...args]);

  test('the report says until when the certificate is valid', async () => {
    const { exitCode, stdout } = await verify();
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^passed +certificate +expires in 10d \(2026-12-03T12:00:00Z\)$/m);
  });

  test('a key without a certificate has no such check', async () => {
    const pub = fileWith(createPublicKey(textOf(key)).export({ format: 'pem', type: 'spki' }));
    expect(await stdoutOf(['verify', token, '--key', pub, '--allow-no-exp'])).not.toContain('certificate');
  });

  test('an expired certificate exits 13 with its dates, and shows no claims', async () => {
    const { exitCode, stdout, stderr } = await verify('--at', '+11d', '--json');
    expect(exitCode).toBe(13);
    const report = JSON.parse(stdout);
    expect(report.code).toBe('CERTIFICATE_EXPIRED');
    expect(report).not.toHaveProperty('claims');
    expect(report).not.toHaveProperty('header');
    expect(report).not.toHaveProperty('key');
    const message = `the certificate ${cert} expired 1d ago (2026-12-03T12:00:00Z)`;
    expect(report.checks).toContainEqual(expect.objectContaining({ name: 'certificate', status: 'failed', message }));
    expect(JSON.parse(stderr).error).toMatchObject({ code: 'CERTIFICATE_EXPIRED', message });
    expect((await verify('--at', '+11d', '--claim', 'iat')).stdout).toBe('');
  });

  test('--allow-expired-cert accepts an expired certificate, and the report says so', async () => {
    const { exitCode, stdout } = await verify('--at', '+11d', '--allow-expired-cert');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^passed +certificate +expired 1d ago \(2026-12-03T12:00:00Z\), allowed$/m);
  });

  test('a certificate that is not valid yet exits 13, even with --allow-expired-cert', async () => {
    const early = await stdoutOf(['issue', '--key', key, '--no-exp', '--at', '2026-11-22T00:00:00Z']);
    const args = ['verify', early, '--key', cert, '--allow-no-exp', '--at', '2026-11-22T00:00:00Z', '--json'];
    const { exitCode, stdout } = await runCli([...args, '--allow-expired-cert']);
    expect([exitCode, JSON.parse(stdout).code]).toEqual([13, 'CERTIFICATE_NOT_YET_VALID']);
    expect(stdout).toContain('is not valid before 2026-11-23T11:55:00Z (in 1d 11h)');
  });

  test.each([
    ['the last second', now + 10 * day, [], 0],
    ['the second after', now + 10 * day + 1, [], 13],
    ['the second after, with leeway', now + 10 * day + 1, ['--leeway', '1'], 0],
    ['beyond the leeway', now + 10 * day + 2, ['--leeway', '1'], 13],
    ['the first second', now - 300, ['--leeway', '1h'], 0],
    ['the second before it, with leeway', now - 301, ['--leeway', '301'], 0],
  ])('%s', async (_, at, args, exit) => {
    expect((await verify('--at', String(at), ...args)).exitCode).toBe(exit);
  });

  test('a forged token is called forged, not its key expired', async () => {
    const forged = `${token.split('.').slice(0, 2).join('.')}.${'A'.repeat(86)}`;
    const args = ['verify', forged, '--key', cert, '--allow-no-exp', '--at', '+11d'];
    expect((await runCli(args)).exitCode).toBe(12);
  });

  test('the certificate that renewed an expired one is enough', async () => {
    const renewed = await renew(key);
    for (const order of [
      [cert, renewed],
      [renewed, cert],
    ]) {
      const keys = order.flatMap((path) => ['--key', path]);
      const args = ['verify', token, ...keys, '--allow-no-exp', '--at', '2037-01-01'];
      expect((await runCli(args)).exitCode, order.join()).toBe(0);
    }
  });

  test('--batch refuses an expired certificate too', async () => {
    const args = ['verify', '--batch', '--key', cert, '--allow-no-exp', '--at', '+11d'];
    const { exitCode, stdout } = await runCli(args, { stdin: `${token}\n` });
    expect(exitCode).toBe(10);
    expect(JSON.parse(stdout)).toMatchObject({ valid: false, code: 'CERTIFICATE_EXPIRED' });
  });

  test('a DER certificate that has expired is refused too', async () => {
    const der = fileWith(new X509Certificate(readFileSync(cert)).raw);
    const args = ['verify', token, '--key', der, '--allow-no-exp', '--at'];
    expect((await runCli([...args, '+9d'])).exitCode).toBe(0);
    expect((await runCli([...args, '+11d'])).exitCode).toBe(13);
  });

  test('of a chain the leaf counts, and a note says that the chain is not checked', async () => {
    const args = ['verify', token, '--allow-no-exp', '--quiet'];
    const bundle = fileWith(textOf(cert) + chain.inter + chain.root);
    expect((await runCli([...args, '--key', bundle])).exitCode).toBe(0);
    const { exitCode, stderr } = await runCli([
      'verify',
      token,
      '--key',
      fileWith(chain.root + chain.leaf + chain.inter),
    ]);
    expect(exitCode).toBe(12);
    expect(stderr).toMatch(
      /^note: .*: the leaf of the certificate chain is trusted \(CN=leaf\); the chain is not checked$/m,
    );
  });

  test('ignores x5c of a trusted JWK', async () => {
    const jwk = { ...createPublicKey(textOf(key)).export({ format: 'jwk' }), x5c: ['AA'], 'x5t#S256': 'AA' };
    expect((await runCli(['verify', token, '--key', fileWith(JSON.stringify(jwk)), '--allow-no-exp'])).exitCode).toBe(
      0,
    );
  });

  test('revoke accepts a certificate that has expired since', async () => {
    const live = await stdoutOf(['issue', '--key', key, '--ttl', '30d']);
    const store = ['--store', `lmdb:${join(temporaryFolder(), 'store')}`];
    const args = ['revoke', live, '--key', cert, ...store];
    expect((await runCli(args, { now: now + 11 * day })).exitCode).toBe(0);
  });
});

/** A certificate of another life for a key that is there already. */
async function renew(keyPath: string): Promise<string> {
  const validity = { notBefore: now, notAfter: now + 20 * 366 * day };
  const certificate = await createCertificate(createPrivateKey(textOf(keyPath)), {
    alg: 'ES256',
    subject: 'CN=web',
    ...validity,
  });
  return fileWith(certificate.toString());
}
