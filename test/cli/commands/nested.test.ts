/** A signed token inside an encrypted one: `issue --encrypt-to` and `verify --decrypt-key`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { serve } from '../../remote/server.js';
import { fileWith, makeKeyring, runCli, segmentOf, stdoutOf, temporaryFolder, withClaims } from '../fake-io.js';

let keyring: string;
let [secret, open] = ['', ''];
beforeAll(async () => {
  keyring = await makeKeyring();
  await stdoutOf(['keygen', '--use', 'enc', '--kid', 'e1', '--keyring', keyring]);
  [secret, open] = [join(temporaryFolder(), 'private.pem'), join(temporaryFolder(), 'public.pem')];
  await stdoutOf(['keygen', '--use', 'enc', '--private', secret, '--public', open]);
});

const issue = (...args: string[]) => stdoutOf(['issue', '--sub', 'user-123', '--keyring', keyring, ...args]);
const verify = (token: string, ...args: string[]) => runCli(['verify', token, '--keyring', keyring, ...args]);

describe('issue --encrypt-to', () => {
  test('encrypts the signed token to a key file, a keyring or a JWK Set, with cty JWT', async () => {
    const set = await stdoutOf(['keys', 'jwks', '--keyring', keyring]);
    const server = await serve({ '/jwks': { body: set } });
    for (const [place, key] of [
      [open, secret],
      [keyring, keyring],
      [fileWith(set), keyring],
      [`${server.origin}/jwks`, keyring],
    ] as const) {
      const token = await issue('--encrypt-to', place);
      expect(segmentOf(token, 0)).toMatchObject({ cty: 'JWT', enc: 'A256GCM' });
      expect(await verify(token, '--decrypt-key', key)).toMatchObject({ exitCode: 0 });
    }
  });

  test.each([['--pair'], ['--batch']])('refuses %s', async (flag) => {
    const { exitCode } = await runCli(['issue', flag, '--encrypt-to', open, '--keyring', keyring], { stdin: '{}' });
    expect(exitCode).toBe(2);
  });

  test('refuses a signing key, a private key and an empty value', async () => {
    const signing = fileWith(
      JSON.stringify({
        ...JSON.parse(await stdoutOf(['keys', 'export', 'k1', '--format', 'jwk', '--keyring', keyring])),
      }),
    );
    for (const place of [signing, secret]) {
      expect((await runCli(['issue', '--encrypt-to', place, '--keyring', keyring])).exitCode).toBe(3);
    }
    expect((await runCli(['issue', '--encrypt-to', '', '--keyring', keyring])).exitCode).toBe(2);
  });
});

describe('a key on standard input', () => {
  test('encrypts and decrypts like one in a file', async () => {
    const args = ['issue', '--sub', 'user-123', '--keyring', keyring, '--encrypt-to', '-'];
    const token = await stdoutOf(args, { stdin: readFileSync(open) });
    const stdin = readFileSync(secret);
    const found = await runCli(['verify', token, '--keyring', keyring, '--decrypt-key', '-', '--verbose'], { stdin });
    expect(found).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('from standard input') });
  });

  test.each([
    ['the token comes from there too', ['--decrypt-key', '-'], '--decrypt-key - and the token cannot both read'],
    [
      'two keys come from there',
      ['eyJ.a.b.c.d', '--decrypt-key', '-', '--decrypt-key', '-'],
      '--decrypt-key - is given twice',
    ],
    [
      'the key of the signature comes from there too',
      ['eyJ.a.b.c.d', '--decrypt-key', '-', '--key', '-'],
      '--key - and --decrypt-key - cannot both read',
    ],
  ])('is a mistake if %s', async (_what, args, message) => {
    const { exitCode, stderr } = await runCli(['verify', ...args], { stdin: readFileSync(secret) });
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});

describe('encrypt --sign', () => {
  test('signs claims with the keyring’s key, for a recipient of another option or of the keyring', async () => {
    for (const [recipient, key] of [
      [['--key', open], secret],
      [[], keyring],
    ] as const) {
      const args = ['encrypt', '-', '--sign', '--keyring', keyring, ...recipient];
      const token = await stdoutOf(args, { stdin: '{"sub":"user-123","n":1e400}' });
      const { exitCode, stdout } = await verify(token, '--decrypt-key', key, '--json');
      expect([exitCode, stdout]).toEqual([0, expect.stringContaining('"n":1e400')]);
    }
  });

  test.each(['no json', '{"exp":"soon"}', '[]'])('refuses %s as claims', async (content) => {
    const { exitCode } = await runCli(['encrypt', '-', '--sign', '--keyring', keyring], { stdin: content });
    expect([2, 3]).toContain(exitCode);
  });
});

describe('decode and inspect of an encrypted token', () => {
  const notesOf = async (command: string, token: string, env: Record<string, string> = { JWTKIT_KEYRING: keyring }) =>
    runCli([command, token], { env });

  test('say which key decrypts it, and whether the keyring has it', async () => {
    const token = await issue('--encrypt-to', keyring);
    const has = 'takes the private key on P-256 with the kid "e1"; the keyring';
    expect(await notesOf('decode', token)).toMatchObject({
      exitCode: 0,
      stderr: expect.stringMatching(`${has} .* has it: jwtkit decrypt`),
    });
    expect(await notesOf('inspect', token)).toMatchObject({
      exitCode: 11,
      stderr: expect.stringMatching(`${has} .* has it`),
    });
    expect((await notesOf('decode', token, {})).stderr).toMatch(new RegExp(`${has} .* does not have it`));
    expect((await notesOf('decode', await issue('--encrypt-to', open))).stderr).toContain('may have it');
  });

  test('say which secret or passphrase it takes, and that RSA1_5 is refused', async () => {
    const shared = await stdoutOf(['encrypt', '-', '--secret-file', fileWith('a'.repeat(32))], { stdin: 'x' });
    expect((await notesOf('decode', shared)).stderr).toContain('--secret-file');
    const rsa = [Buffer.from('{"alg":"RSA1_5","enc":"A256GCM"}').toString('base64url'), 'AA', 'AA', 'AA', 'AA'].join(
      '.',
    );
    expect((await notesOf('decode', rsa)).stderr).toContain('Bleichenbacher');
  });
});

describe('verify --decrypt-key', () => {
  test('one report has the decryption and every check of the token inside', async () => {
    const { exitCode, stdout } = await verify(await issue('--encrypt-to', keyring), '--decrypt-key', keyring, '--json');
    const report = JSON.parse(stdout);
    expect([exitCode, report.valid, report.claims.sub]).toEqual([0, true, 'user-123']);
    expect(report.checks.slice(0, 2)).toMatchObject([
      { name: 'decryption', status: 'passed', message: expect.stringContaining('kid e1') },
      { name: 'format', status: 'passed' },
    ]);
  });

  test('what is inside is verified: its signature, its time, its claims', async () => {
    const nest = (token: string) => stdoutOf(['encrypt', '-', '--key', open], { stdin: token });
    const token = await issue('--aud', 'api');
    const forged = withClaims(token, { ...segmentOf(token, 1), sub: 'admin' });
    expect(await verify(await nest(forged), '--decrypt-key', secret, '--aud', 'api')).toMatchObject({ exitCode: 12 });
    expect(await verify(await nest(token), '--decrypt-key', secret)).toMatchObject({ exitCode: 16 });
    expect(await verify(await nest(token), '--decrypt-key', secret, '--aud', 'api', '--at', '+2h')).toMatchObject({
      exitCode: 14,
    });
    expect(await verify(await nest(token), '--decrypt-key', secret, '--aud', 'api', '--claim', 'sub')).toMatchObject({
      stdout: 'user-123\n',
    });
  });

  test('a token that does not decrypt has a report with that check alone, and exit 12', async () => {
    const token = await issue('--encrypt-to', open);
    const changed = `${token.slice(0, -3)}AAA`;
    for (const [given, key] of [
      [changed, secret],
      [token, join(keyring, 'e1.pem')],
    ] as const) {
      const { exitCode, stdout } = await verify(given, '--decrypt-key', key, '--json');
      expect([exitCode, JSON.parse(stdout)]).toEqual([
        12,
        expect.objectContaining({ valid: false, code: 'DECRYPTION_FAILED' }),
      ]);
      expect(JSON.parse(stdout).checks).toHaveLength(1);
      expect((await verify(given, '--decrypt-key', key)).stdout).toContain('✗ refused');
      expect(await verify(given, '--decrypt-key', key, '--quiet')).toMatchObject({
        exitCode: 12,
        stdout: '',
        stderr: '',
      });
    }
    expect((await verify(token, '--decrypt-key', secret, '--decrypt-key', keyring)).exitCode).toBe(0);
  });

  test('a token that is only signed, or content that nobody signed, is malformed', async () => {
    expect(await verify(await issue(), '--decrypt-key', secret)).toMatchObject({ exitCode: 11 });
    const bare = await stdoutOf(['encrypt', '-', '--key', open], { stdin: '{"sub":"admin"}' });
    expect(await verify(bare, '--decrypt-key', secret)).toMatchObject({ exitCode: 11 });
    const lied = await stdoutOf(['encrypt', '-', '--key', open, '--cty', 'JWT'], { stdin: '{"sub":"admin"}' });
    expect(await verify(lied, '--decrypt-key', secret)).toMatchObject({ exitCode: 11 });
  });

  test('without it an encrypted token is malformed, as before', async () => {
    expect(await verify(await issue('--encrypt-to', keyring))).toMatchObject({ exitCode: 11 });
  });

  test('a key that cannot be read is exit 3, and a kid that the keyring does not have is 13', async () => {
    const token = await issue('--encrypt-to', keyring);
    expect(await verify(token, '--decrypt-key', '/nowhere')).toMatchObject({ exitCode: 3 });
    expect(await verify(token, '--decrypt-key', open)).toMatchObject({ exitCode: 3 });
    const other = join(temporaryFolder(), 'other');
    await stdoutOf(['keygen', '--use', 'enc', '--keyring', other]);
    expect(await verify(token, '--decrypt-key', other)).toMatchObject({ exitCode: 13 });
  });
});

describe('a token in an encrypted token', () => {
  test.each(['jwt', 'application/jwt', 'APPLICATION/JWT'])('cty %s says that it is one', async (cty) => {
    const token = await stdoutOf(['encrypt', '-', '--key', open, '--cty', cty], { stdin: await issue() });
    expect(await verify(token, '--decrypt-key', secret)).toMatchObject({ exitCode: 0 });
    const claim = await runCli(['decrypt', token, '--key', secret, '--claim', 'sub']);
    expect(claim.stderr).toContain('the content is a signed token');
  });

  test('one that is encrypted itself gets cty JWT, and verify and --claim say what to do', async () => {
    const inner = await issue('--encrypt-to', open);
    const outer = await stdoutOf(['encrypt', '-', '--key', open], { stdin: inner });
    const [line = ''] = (await stdoutOf(['encrypt', '--batch', '--key', open], { stdin: `${inner}\n` })).split('\n');
    for (const token of [outer, line]) expect(segmentOf(token, 0)).toMatchObject({ cty: 'JWT' });
    const verified = await verify(outer, '--decrypt-key', secret);
    expect(verified.stdout + verified.stderr).toContain('inside is another encrypted token');
    const claim = await runCli(['decrypt', outer, '--key', secret, '--claim', 'sub']);
    expect(claim.stderr).toContain('inside is another encrypted token');
  });
});
