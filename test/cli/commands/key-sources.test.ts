/** Keys from variables, from standard input, and in the place of a name: on every command that takes a key. */
import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { folderWith } from '../../policy/policy-folder.js';
import { fileWith, runCli, secret, stdoutOf, temporaryFolder } from '../fake-io.js';

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const privatePem = pair.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
const publicPem = pair.publicKey.export({ format: 'pem', type: 'spki' }) as string;
const privateJwk = JSON.stringify(pair.privateKey.export({ format: 'jwk' }));
const publicSet = JSON.stringify({ keys: [pair.publicKey.export({ format: 'jwk' })] });
const der = pair.privateKey.export({ format: 'der', type: 'pkcs8' });
const signingFile = fileWith(privatePem, 'signing.pem');
const verifyFile = fileWith(publicPem, 'verify.pem');
/** No output may hold any part of the private key. */
const scalar = String(pair.privateKey.export({ format: 'jwk' }).d);
const token = await stdoutOf(['issue', '--sub', 'x', '--key', signingFile]);
const refresh = await stdoutOf(['issue', '--sub', 'x', '--type', 'refresh', '--key', signingFile]);
const envFile = fileWith(`APP_KEY="${privatePem}"\nexport PUB='${publicPem}'\n`, '.env');

describe('a key is read from', () => {
  test.each<[string, string[], { stdin?: string | Uint8Array; env?: Record<string, string> }]>([
    ['a variable with PEM', ['issue', '--key-env', 'APP_KEY'], { env: { APP_KEY: privatePem } }],
    ['a variable with a JWK', ['issue', '--key-env', 'APP_KEY'], { env: { APP_KEY: privateJwk } }],
    ['a variable that JWTKIT_KEY_ENV names', ['issue'], { env: { JWTKIT_KEY_ENV: 'APP_KEY', APP_KEY: privatePem } }],
    [
      'a variable with the name of one of jwtkit',
      ['issue', '--key-env', 'JWTKIT_X'],
      { env: { JWTKIT_X: privatePem } },
    ],
    ['several lines of an env file', ['issue', '--key-env', 'APP_KEY', '-e', envFile], {}],
    ['an env file, to verify', ['verify', token, '--key-env', 'PUB', '-e', envFile], {}],
    ['a variable, to verify', ['verify', token, '--key-env', 'PUB'], { env: { PUB: publicPem } }],
    ['a variable with a JWK Set', ['verify', token, '--key-env', 'PUB'], { env: { PUB: publicSet } }],
    ['two variables', ['verify', token, '--key-env', 'A', '--key-env', 'B'], { env: { A: publicSet, B: publicPem } }],
    ['two variables that one names', ['verify', token], { env: { JWTKIT_KEY_ENV: 'A B', A: publicSet, B: publicPem } }],
    ['a variable, to refresh', ['refresh', refresh, '--key-env', 'K'], { env: { K: privatePem } }],
    ['standard input, to issue', ['issue', '--key', '-'], { stdin: privatePem }],
    ['standard input as DER', ['issue', '--key', '-'], { stdin: der }],
    ['standard input as a JWK', ['issue', '--key', '-'], { stdin: privateJwk }],
    ['standard input, to verify', ['verify', token, '--key', '-'], { stdin: publicPem }],
    ['standard input, to refresh', ['refresh', refresh, '--key', '-'], { stdin: privatePem }],
    ['standard input that a variable names', ['issue'], { env: { JWTKIT_KEY: '-' }, stdin: privatePem }],
    ['standard input beside a file', ['verify', token, '--key', '-', '--key', verifyFile], { stdin: publicSet }],
    ['standard input as a JWK Set', ['verify', token, '--jwks', '-'], { stdin: publicSet }],
    ['standard input as a secret', ['issue', '--secret-file', '-'], { stdin: `${secret}\n` }],
  ])('%s', async (_, args, world) => {
    expect(await runCli(args, world)).toMatchObject({ exitCode: 0 });
  });

  test('standard input, to revoke', async () => {
    const store = `lmdb:${join(temporaryFolder(), 'denylist')}`;
    const revoked = await runCli(['revoke', token, '--key', '-', '--store', store], { stdin: publicPem });
    expect(revoked).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('revoked') });
  });

  test('the variable that a policy names', async () => {
    const { world } = folderWith({ keys: { keyEnv: 'PUB' } });
    expect(await runCli(['verify', token, '-q'], { ...world, env: { PUB: publicPem } })).toMatchObject({ exitCode: 0 });
    const missing = await runCli(['verify', token], world);
    expect(missing).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('/keys/keyEnv') });
  });

  test('standard input for a batch from a file', async () => {
    const lines = fileWith(`${token}\n`, 'tokens.txt');
    const run = await runCli(['verify', '--batch', lines, '--key', '-'], { stdin: publicPem });
    expect(run).toMatchObject({ exitCode: 0, stderr: '1 valid\n' });
  });

  test('an encrypted key from one place, its passphrase from standard input', async () => {
    const passphrase = 'correct horse';
    const pem = pair.privateKey.export({ format: 'pem', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase }) as string;
    const args = ['issue', '--key-env', 'K', '--passphrase-file', '-'];
    expect(await runCli(args, { env: { K: pem }, stdin: `${passphrase}\n` })).toMatchObject({ exitCode: 0 });
  });
});

describe('one standard input serves one thing:', () => {
  const keyTwice = fileWith(`${token}\n`, 'tokens.txt');
  test.each<[string, string[], string]>([
    ['a key and a token', ['verify', '-', '--key', '-'], '--key - and the token'],
    ['a key and a token that is not named', ['verify', '--key', '-'], '--key - and the token'],
    ['a set and a token', ['verify', '--jwks', '-'], '--jwks - and the token'],
    ['a secret and a token', ['verify', '--secret-file', '-'], '--secret-file - and the token'],
    ['a key and a token to refresh', ['refresh', '--key', '-'], '--key - and the token'],
    ['a key and a token to revoke', ['revoke', '--key', '-'], '--key - and the token'],
    ['a key and a batch', ['verify', '--batch', '--key', '-'], '--batch and --key -'],
    ['a key and a batch of claims', ['issue', '--batch', '-', '--key', '-'], '--batch and --key -'],
    ['a key and claims', ['issue', '--claims', '-', '--key', '-'], '--claims - and --key -'],
    ['a key and its passphrase', ['issue', '--key', '-', '--passphrase-file', '-'], '--key - and --passphrase-file -'],
    ['two keys', ['verify', token, '--key', '-', '--key', '-'], '--key - is given twice'],
    ['a key to import and its passphrase', ['keys', 'import', '-', '--passphrase-file', '-'], 'cannot both read'],
    ['a key and workers', ['serve', '--workers', '2', '--key', '-'], '--key - and --workers exclude each other'],
  ])('refuses %s', async (_, args, message) => {
    const run = await runCli(args, { stdin: keyTwice });
    expect(run).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringContaining(message) });
    expect(run.stderr).toContain('hint: ');
  });
});

describe('says what it needs instead of a key:', () => {
  const wide = mkFolderFile();
  const onOneLine = privatePem.replaceAll('\n', '\\n');
  const base64 = Buffer.from(privatePem).toString('base64');
  test.each<[string, string[], Record<string, string>, number, string[]]>([
    ['a variable that is not set', ['--key-env', 'NOT_THERE'], {}, 2, ['NOT_THERE', '--key-env takes the name']],
    ['one that JWTKIT_KEY_ENV names', [], { JWTKIT_KEY_ENV: 'NOT_THERE' }, 2, ['NOT_THERE', 'JWTKIT_KEY_ENV takes']],
    ['an empty variable', ['--key-env', 'EMPTY'], { EMPTY: ' ' }, 2, ['the variable EMPTY is set but empty']],
    ['a variable with a path', ['--key-env', 'K'], { K: signingFile }, 2, ['holds the name of a file', '--key "$K"']],
    ['a variable with a URL', ['--key-env', 'K'], { K: 'https://i.example/jwks.json' }, 2, ['holds a URL', '--jwks']],
    ['a variable with a reference', ['--key-env', 'K'], { K: 'op://vault/jwt/key' }, 3, ['this is a reference']],
    ['a variable with a text', ['--key-env', 'K'], { K: 'not a key at all' }, 3, ['K: this is no key']],
    ['a URL', ['--key', 'https://i.example/jwks.json'], {}, 2, ['--key is the path of a file', '--jwks']],
    ['a plain URL', ['--key', 'HTTP://i.example'], {}, 2, ['--jwks']],
    [
      'JWTKIT_KEY with a URL',
      [],
      { JWTKIT_KEY: 'https://i.example/k' },
      2,
      ['--jwks or JWTKIT_JWKS', 'JWTKIT_KEY_ENV'],
    ],
    ['PEM', [`--key=${privatePem}`], {}, 3, ['--key-env']],
    ['PEM with \\n', [`--key=${onOneLine}`], {}, 3, ['--key-env']],
    ['a JWK', ['--key', privateJwk], {}, 3, ['--key-env']],
    ['base64 of PEM', ['--key', base64], {}, 3, ['--key-env']],
    ['base64 of DER', ['--key', der.toString('base64')], {}, 3, ['--key-env']],
    ['JWTKIT_KEY with PEM', [], { JWTKIT_KEY: privatePem }, 3, ['JWTKIT_KEY is the path', 'JWTKIT_KEY_ENV']],
    ['JWTKIT_KEY with a JWK', [], { JWTKIT_KEY: privateJwk }, 3, ['JWTKIT_KEY is the path', 'JWTKIT_KEY_ENV']],
    ['JWTKIT_KEY with base64', [], { JWTKIT_KEY: base64 }, 3, ['JWTKIT_KEY is the path', 'JWTKIT_KEY_ENV']],
    ['JWTKIT_KEY with a missing file', [], { JWTKIT_KEY: 'gone.pem' }, 3, ['gone.pem', 'JWTKIT_KEY_ENV']],
    ['--key-env with PEM', ['--key-env', privatePem], {}, 2, ['the name of a variable, not the key']],
    ['--key-env with a JWK', ['--key-env', privateJwk], {}, 2, ['the name of a variable, not the key']],
    ['--key-env with base64', ['--key-env', base64], {}, 2, ['the name of a variable, not the key']],
    ['JWTKIT_KEY_ENV with PEM', [], { JWTKIT_KEY_ENV: privatePem }, 2, ['the name of a variable, not the key']],
    ['--key and --key-env', ['--key', wide, '--key-env', 'K'], { K: privatePem }, 2, ['exclude each other']],
    ['empty standard input', ['--key', '-'], {}, 2, ['standard input is empty, and --key - reads it']],
  ])('%s', async (_, args, env, exitCode, parts) => {
    for (const command of [
      ['issue', '--sub', 'x'],
      ['verify', token],
    ]) {
      const run = await runCli([...command, ...args], { env });
      expect(run).toMatchObject({ exitCode, stdout: '' });
      for (const part of parts) expect(run.stderr).toContain(part);
      const output = run.stderr.replaceAll('\\n', '');
      expect(output).not.toContain(scalar);
      expect(output).not.toContain(base64.slice(40, 60));
      expect(output).not.toContain(der.toString('base64').slice(0, 24));
    }
  });
});

/** A key file with a long name, which no error may mistake for a key. */
function mkFolderFile(): string {
  const folder = join(temporaryFolder(), 'MIGHT-be-a-key-but-is-a-folder-with-a-long-name');
  mkdirSync(folder);
  const path = join(folder, 'signing.pem');
  writeFileSync(path, privatePem);
  return path;
}
