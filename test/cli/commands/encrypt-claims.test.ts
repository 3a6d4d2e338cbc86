/** Claims that the options of `issue` make, encrypted as they are or signed first. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { fileWith, makeKeyring, now, runCli, secret, segmentOf, stdoutOf, temporaryFolder } from '../fake-io.js';

let keyring = '';
beforeAll(async () => {
  keyring = await makeKeyring('ES256');
  await stdoutOf(['keygen', '--use', 'enc', '--kid', 'e1', '--keyring', keyring]);
});

describe('encrypt makes claims as issue does', () => {
  const flags = ['--sub', 'user-123', '--aud', 'api', '--scope', 'read write', '--role', 'admin', '--claim', 'n:=1.50'];

  test.each([
    ['all kinds of claims', flags],
    ['a lifetime', [...flags, '--ttl', '15m']],
    ['a refresh token', ['--type', 'refresh', '--sub', 'u']],
    ['no exp and no jti', ['--sub', 'u', '--no-exp', '--no-jti', '--no-type', '--no-iat']],
    ['bare claims', ['--bare', '--iss', 'x', '--ttl', '10m']],
    ['a later start', ['--nbf', '+5m', '--jti', 'j1']],
  ])('with %s', async (_, options) => {
    const signed = await stdoutOf(['issue', ...options, '--keyring', keyring]);
    const token = await stdoutOf(['encrypt', ...options, '--keyring', keyring]);
    const claims = await stdoutOf(['decrypt', token, '--keyring', keyring]);
    expect(claims).toBe(Buffer.from(signed.split('.')[1] ?? '', 'base64url').toString());
    expect(segmentOf(token, 0).typ).toBe(options.includes('--bare') ? undefined : 'JWT');
    const nested = await stdoutOf(['encrypt', '--sign', ...options, '--keyring', keyring]);
    expect(segmentOf(nested, 0)).toMatchObject({ cty: 'JWT', kid: 'e1' });
    const inner = await stdoutOf(['decrypt', nested, '--keyring', keyring]);
    expect(inner.split('.').slice(0, 2)).toEqual(signed.split('.').slice(0, 2));
  });

  test('--claims, a file and a pipe give claims, and options beat them', async () => {
    const given = fileWith('{"sub":"a","n":100002348117421473}');
    const own = ['--sign', '--sub', 'b', '--keyring', keyring];
    for (const args of [['--claims', given], [given], ['-']]) {
      const token = await stdoutOf(['encrypt', ...args, ...own], { stdin: '{"sub":"a","n":100002348117421473}' });
      const inner = await stdoutOf(['decrypt', token, '--keyring', keyring]);
      const claims = Buffer.from(inner.split('.')[1] ?? '', 'base64url').toString();
      expect(claims).toMatch(/^\{"sub":"b","n":100002348117421473,/);
    }
  });

  test('the policy and variables set claims as they do for issue, and none if the content is a file', async () => {
    const config = fileWith('{"issuer":"https://policy.example","audience":"api"}', 'jwtkit.config.json');
    const env = { JWTKIT_TTL: '5m' };
    const common = ['--keyring', keyring, '--config', config];
    const token = await stdoutOf(['encrypt', '--sub', 'u', ...common], { env });
    const claims = JSON.parse(await stdoutOf(['decrypt', token, '--keyring', keyring]));
    expect(claims).toMatchObject({ iss: 'https://policy.example', aud: 'api', exp: now + 300 });
    const file = await stdoutOf(['encrypt', fileWith('text'), ...common], {
      env: { JWTKIT_ISS: 'x', JWTKIT_AUD: 'y' },
    });
    expect(await stdoutOf(['decrypt', file, '--keyring', keyring])).toBe('text');
  });

  test('verify --decrypt-key takes what --sign made, and nothing unsigned', async () => {
    const verify = (token: string) => runCli(['verify', token, '--decrypt-key', keyring, '--keyring', keyring]);
    const signed = await stdoutOf(['encrypt', '--sign', '--sub', 'u', '--keyring', keyring]);
    expect((await verify(signed)).exitCode).toBe(0);
    const { stdout, stderr } = await runCli(['encrypt', '--sub', 'u', '--keyring', keyring]);
    expect(stderr).toContain('nobody signs these claims');
    expect((await verify(stdout.trim())).exitCode).toBe(11);
  });

  test('the passphrase of a signing key opens it, and a passphrase that is the key does not', async () => {
    const keyring = join(temporaryFolder(), 'keyring');
    const env = { P: 'correct horse', Q: 'battery staple' };
    await stdoutOf(['keygen', '--alg', 'ES256', '--keyring', keyring, '--passphrase-env', 'P'], { env });
    const shared = fileWith(Buffer.alloc(32, 7));
    const args = ['encrypt', '--sign', '--sub', 'u', '--keyring', keyring];
    const run = (...more: string[]) => runCli([...args, ...more], { env });
    expect((await run('--secret-file', shared, '--passphrase-env', 'P')).exitCode).toBe(0);
    expect((await run('--secret-file', shared, '--passphrase-env', 'Q')).exitCode).toBe(3);
    expect((await run('--secret-file', shared)).exitCode).toBe(3);
  });

  test.each([
    [['--sub', 'u', '--claims', 'x', 'y'], 'a file and --claims exclude each other'],
    [['--no-exp', '--ttl', '5m'], '--no-exp and --ttl exclude each other'],
    [['--bare', '--type', 'access'], '--bare and --type exclude each other'],
    [['--jti', 'x', '--no-jti'], '--jti and --no-jti exclude each other'],
    [['--claim', 'exp:=1', '--ttl', '5m'], '--claim exp and --ttl exclude each other'],
    [['--bare', '--sub', 'u'], 'needs an exp'],
    [['--claim', 'exp:="soon"'], 'claim exp is a string'],
  ])('refuses %j as issue does', async (args, message) => {
    const { exitCode, stdout, stderr } = await runCli(['encrypt', ...args, '--keyring', keyring]);
    expect([exitCode, stdout, stderr]).toEqual([2, '', expect.stringContaining(message)]);
  });

  test('a token or JSON in the place of the file gets the way out, and is not repeated', async () => {
    const token = await stdoutOf(['issue', '--keyring', keyring]);
    const encrypted = await stdoutOf(['encrypt', '--sub', 'u', '--keyring', keyring]);
    for (const text of [token, encrypted, '{"sub":"user-123"}']) {
      const { exitCode, stderr } = await runCli(['encrypt', text, '--keyring', keyring]);
      expect([exitCode, stderr]).toEqual([2, expect.stringMatching(/hint: pipe (?:it|the token) in/)]);
      expect(stderr).not.toContain(text.slice(0, 20));
    }
  });
});

test('claims under a shared secret need no note: its holders alone can write them', async () => {
  const args = ['encrypt', '--sub', 'u', '--secret-env', 'S'];
  const { exitCode, stderr } = await runCli(args, { env: { S: secret.slice(0, 32) } });
  expect([exitCode, stderr]).toEqual([0, '']);
});
