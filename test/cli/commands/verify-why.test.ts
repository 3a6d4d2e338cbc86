/** Why a token is refused: the key that was tried, the key that is missing, and a report that says everything once. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fileWith, makeKeyring, now, runCli, secret, stdoutOf, temporaryFolder, textOf, unsigned } from '../fake-io.js';

const forger = await makeKeyring('ES256', 'k1');
const keyring = await makeKeyring('ES256', 'k1');
const forged = await stdoutOf(['issue', '--keyring', forger, '--sub', 'u']);
const set = textOf(join(keyring, 'jwks.json'));

test.each<[string, string[], Record<string, string>, string]>([
  ['a file', ['--key', fileWith(set, 'other.json')], {}, 'other.json'],
  ['a variable', ['--key-env', 'PUB'], { PUB: set }, 'from PUB'],
  ['a keyring', ['--keyring', keyring], {}, `kid k1 from ${join(keyring, 'jwks.json')}`],
  ['a JWK Set', ['--jwks', fileWith(set, 'jwks.json')], {}, 'jwks.json'],
])('the report names the key of %s under which the signature does not hold', async (_, args, env, name) => {
  const { exitCode, stdout } = await runCli(['verify', forged, ...args], { env });
  expect(exitCode).toBe(12);
  expect(/^passed {3}key .*$/m.exec(stdout)?.[0]).toContain(name);
  expect(stdout).toMatch(/^token: ES256 kid "k1", key: ES256 kid "k1" \(/m);
});

test('the algorithms of token and key stand side by side, in the hint too', async () => {
  const path = fileWith(set, 'pub.json');
  const token = await stdoutOf(['issue', '--secret-env', 'S'], { env: { S: secret } });
  const { exitCode, stdout, stderr } = await runCli(['verify', token, '--key', path]);
  expect(exitCode).toBe(12);
  const sides = `token: HS256, key: ES256 kid "k1" (${path})`;
  expect(stdout).toContain(`\n${sides}\n`);
  expect(stderr).toContain(`hint: ${sides}`);
});

const tokenOf = (alg: string, claims: object) => {
  const header = Buffer.from(JSON.stringify({ alg })).toString('base64url');
  return [header, unsigned({ exp: now + 60, ...claims }).split('.')[1], 'AAAA'].join('.');
};

test.each<[string, string, object, string[], string]>([
  ['a shared secret', 'HS256', {}, ['--secret-file FILE', '-e .env', 'ALGORITHM=HS256'], '--issuer-url'],
  ['a secret, whatever iss says', 'HS512', { iss: 'https://i.example' }, ['--secret-file'], '--issuer-url'],
  ['an issuer', 'RS256', { iss: 'https://i.example/a' }, ['--issuer-url https://i.example/a', '--key'], '--secret'],
  [
    'an issuer with a port',
    'ES256',
    { iss: 'https://i.example:8443' },
    ['--issuer-url https://i.example:8443'],
    '--secret',
  ],
  ['a key without iss', 'ES256', {}, ['--key FILE'], '--issuer-url'],
  ['plain http', 'RS256', { iss: 'http://i.example' }, ['--key FILE'], 'i.example'],
  ['user information', 'RS256', { iss: 'https://a:b@i.example' }, ['--key FILE'], 'i.example'],
  ['a shell', 'RS256', { iss: 'https://i.example/;rm' }, ['--key FILE'], 'rm'],
  ['a control character', 'RS256', { iss: 'https://i.example/\u001b[2J' }, ['--key FILE'], 'i.example'],
  ['a very long iss', 'RS256', { iss: `https://i.example/${'a'.repeat(999)}` }, ['--key FILE'], 'i.example'],
  ['no signature', 'none', {}, ['no signature', 'jwtkit decode'], 'keygen'],
  ['an algorithm that nobody has', 'RS1', {}, ['its algorithm "RS1" is not supported'], 'keygen'],
  ['an algorithm that a terminal would obey', '\u001b[2J', {}, ['is not supported'], '\u001b'],
  ['iss that is no text', 'RS256', { iss: ['https://i.example'] }, ['--key FILE'], 'i.example'],
])('without a key the hint fits the token: %s', async (_, alg, claims, parts, absent) => {
  const world = { workingFolder: temporaryFolder() };
  const { exitCode, stdout, stderr } = await runCli(['verify', tokenOf(alg, claims)], world);
  expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
  for (const part of parts) expect(stderr).toContain(part);
  expect(stderr).not.toContain(absent);
});

test('without a key the hint for an encrypted token names what decrypts it', async () => {
  const header = Buffer.from('{"alg":"dir","enc":"A256GCM"}').toString('base64url');
  const { exitCode, stderr } = await runCli(['verify', `${header}..a.b.c`], { workingFolder: temporaryFolder() });
  expect(exitCode).toBe(3);
  expect(stderr).toContain('hint: the token is encrypted (JWE): jwtkit decrypt, or verify --decrypt-key FILE');
});

test('on a terminal the report of what is no token has the hint', async () => {
  const { exitCode, stdout, stderr } = await runCli(['verify', 'token.jwt', '--keyring', keyring], {
    terminals: ['stdout', 'stderr'],
    env: { NO_COLOR: '1' },
  });
  expect({ exitCode, stderr }).toEqual({ exitCode: 11, stderr: '' });
  expect(stdout).toMatch(/^✗ refused: token has 2 segments[^\n]*\nhint: this looks like the name of a file: /);
});

test('on a terminal the verdict is said once, and the exit code stays', async () => {
  const args = ['verify', forged, '--keyring', keyring];
  const { exitCode, stdout, stderr } = await runCli(args, { terminals: ['stdout', 'stderr'], env: { NO_COLOR: '1' } });
  expect({ exitCode, stderr }).toEqual({ exitCode: 12, stderr: '' });
  expect(stdout).toMatch(/^✗ refused: signature does not hold under the trusted key {2}SIGNATURE_INVALID\n/);
});

test.each([
  [2, '5s'],
  [6, '30s'],
  [60, '60s'],
])('a clock that is %i s off is said as such', async (seconds, leeway) => {
  const world = { env: { S: secret } };
  const token = await stdoutOf(['issue', '--secret-env', 'S'], { ...world, now: now + seconds });
  const { exitCode, stdout, stderr } = await runCli(['verify', token, '--secret-env', 'S'], world);
  expect(exitCode).toBe(15);
  expect(stdout + stderr).toContain(`hint: allow a clock difference with --leeway ${leeway}`);
});

test('keygen says which signing key it replaces', async () => {
  const ring = await makeKeyring('ES256', 'old');
  const args = ['keygen', '--alg', 'ES256', '--kid', 'new', '--keyring', ring];
  const { stderr } = await runCli(args, { now: now + 1 });
  expect(stderr).toContain('note: it replaces old, which still verifies; keys rotate');
});

test.each([
  ['--iss', 'https://a.example', 'only a slash at the end differs'],
  ['--aud', 'API', 'only capital and small letters differ'],
  ['--sub', 'U1', 'only capital and small letters differ'],
  ['--role', 'Admin', 'only capital and small letters differ'],
  ['--scope', 'READ', 'only capital and small letters differ'],
])('%s %s: the hint says what differs', async (flag, value, hint) => {
  const claims = ['--iss', 'https://a.example/', '--sub', 'u1', '--aud', 'api', '--role', 'admin', '--scope', 'read'];
  const token = await stdoutOf(['issue', '--keyring', keyring, ...claims]);
  const { exitCode, stderr } = await runCli([
    'verify',
    token,
    '--keyring',
    keyring,
    ...(flag === '--aud' ? [] : ['--any-aud']),
    flag,
    value,
  ]);
  expect(exitCode).toBe(16);
  expect(stderr).toContain(hint);
});

test.each([
  ['2025-12-31T23:59:57Z', 'allow a clock difference with --leeway 5s'],
  ['2025-12-31T23:00:00Z', 'wait until then; if it is valid already, the clock here or at the issuer is wrong'],
])('at %s a token of 2026 is not yet valid, and the hint fits the distance', async (at, hint) => {
  const token = await stdoutOf(['issue', '--keyring', keyring, '--sub', 'u1', '--at', '2026-01-01T00:00:00Z']);
  const { exitCode, stderr } = await runCli(['verify', token, '--keyring', keyring, '--at', at]);
  expect(exitCode).toBe(15);
  expect(stderr).toContain(`hint: ${hint}`);
});
