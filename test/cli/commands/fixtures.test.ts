import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { beforeAll, describe, expect, test } from 'vitest';
import { hasModes, makeKeyring, modeOf, runCli, stdoutOf, temporaryFolder, textOf } from '../fake-io.js';

const folderName = () => join(temporaryFolder(), 'tokens');
const schema = JSON.parse(readFileSync(new URL('../../../docs/fixtures.schema.json', import.meta.url), 'utf8'));

interface Listed {
  id: string;
  file: string;
  expect: string;
}

function listOf(folder: string): { tokens: Listed[]; [name: string]: unknown } {
  return JSON.parse(textOf(join(folder, 'manifest.json')));
}

describe('fixtures of a keyring', () => {
  const folder = folderName();
  let stderr: string;
  beforeAll(async () => {
    const keyring = await makeKeyring('RS256');
    const asked = ['--iss', 'https://issuer.example', '--aud', 'api', '--claim', 'plan=pro'];
    stderr = (await runCli(['fixtures', folder, '--keyring', keyring, ...asked])).stderr;
  });

  test('are files that manifest.json lists by its published schema', () => {
    const list = listOf(folder);
    const validate = new Ajv({ allowUnionTypes: true }).compile(schema);
    expect(validate(list), JSON.stringify(validate.errors)).toBe(true);
    for (const { file } of list.tokens) expect(existsSync(join(folder, file)), file).toBe(true);
    const hostile = list.tokens.filter((token) => token.expect === 'refuse').length;
    expect(stderr).toBe(
      `wrote ${hostile} hostile and ${list.tokens.length - hostile} good tokens for RS256 to ${folder}\n`,
    );
    expect(list).toMatchObject({ alg: 'RS256', kid: 'k1', iss: 'https://issuer.example', aud: 'api', typ: null });
  });

  test('hold under jwks.json, and have the claims that were asked for', async () => {
    const verify = ['verify', '--jwks', join(folder, 'jwks.json'), '--aud', 'api', '--iss', 'https://issuer.example'];
    const good = join(folder, 'good', 'plain.jwt');
    expect(await stdoutOf([...verify, '--token-file', good, '--claim', 'plan'])).toBe('pro');
    const none = await runCli([...verify, '--token-file', join(folder, 'none', 'no-signature.jwt')]);
    expect(none.exitCode).toBe(12);
  });

  test('have the numbers of --claim as they were written', async () => {
    const target = folderName();
    const numbers = ['big:=100002348117421473', 'f:=1.0', 'e:=1e400', 'z:=-0'].flatMap((pair) => ['--claim', pair]);
    await runCli(['fixtures', target, '--new-key', '--alg', 'HS256', ...numbers]);
    for (const file of ['good/plain.jwt', 'none/other-sub.jwt']) {
      const [, payload = ''] = textOf(join(target, file)).split('.');
      const claims = Buffer.from(payload, 'base64url').toString();
      expect(claims).toContain('"big":100002348117421473,"f":1.0,"e":1e400,"z":-0');
    }
  });

  test('are not overwritten without --force', async () => {
    const again = ['fixtures', folder, '--new-key', '--alg', 'ES256'];
    expect(await runCli(again)).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('already exists') });
    expect(listOf(folder).alg).toBe('RS256');
    expect((await runCli([...again, '--force'])).exitCode).toBe(0);
    expect(listOf(folder).alg).toBe('ES256');
  });

  test.skipIf(!hasModes)('are closed to other users', () => {
    expect(modeOf(join(folder, 'good', 'plain.jwt'))).toBe(0o600);
    expect(modeOf(join(folder, 'good'))).toBe(0o700);
  });
});

test('fixtures --new-key writes a shared secret that verifies the good tokens, and no JWK Set', async () => {
  const folder = folderName();
  const result = await runCli(['fixtures', folder, '--new-key', '--alg', 'HS256', '--json']);
  expect(JSON.parse(result.stdout)).toMatchObject({ folder, alg: 'HS256' });
  expect(readdirSync(folder)).not.toContain('jwks.json');
  const secret = join(folder, 'secret.txt');
  if (hasModes) expect(modeOf(secret)).toBe(0o600);
  const token = join(folder, 'good', 'plain.jwt');
  expect((await runCli(['verify', '--token-file', token, '--secret-file', secret])).exitCode).toBe(0);
});

test('fixtures --format ndjson prints the same lines for the same time and key, and writes nothing', async () => {
  const keyring = await makeKeyring('EdDSA');
  const args = ['fixtures', '--format', 'ndjson', '--keyring', keyring, '--at', '2026-01-01'];
  const text = await stdoutOf(args);
  expect(await stdoutOf(args)).toBe(text);
  const lines = text.split('\n').map((line) => JSON.parse(line));
  expect(lines[0]).toMatchObject({ id: 'good/plain', expect: 'accept', level: 'must', token: expect.any(String) });
  expect(lines.length).toBeGreaterThan(95);
});

test.each([
  ['no folder', [], 'no folder given'],
  ['a folder beside ndjson', ['x', '--format', 'ndjson'], 'takes no folder'],
  ['--force without a folder', ['--format', 'ndjson', '--force'], '--force is for a folder'],
  ['a new key without a folder', ['--format', 'ndjson', '--new-key'], 'needs a folder'],
  ['a new key beside a named one', ['x', '--new-key', '--secret-env', 'S'], '--new-key and --secret-env exclude'],
  ['a lifetime of seconds', ['x', '--new-key', '--ttl', '5'], 'live for a minute'],
  ['an algorithm that there is not', ['x', '--new-key', '--alg', 'none'], 'there is no "none"'],
])('fixtures refuses %s', async (_what, args, problem) => {
  const { exitCode, stderr } = await runCli(['fixtures', ...args]);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(problem);
});

test('fixtures refuses an algorithm that the key is not for', async () => {
  const keyring = await makeKeyring('ES256');
  const { exitCode, stderr } = await runCli(['fixtures', folderName(), '--keyring', keyring, '--alg', 'RS256']);
  expect(exitCode).toBe(2);
  expect(stderr).toContain('the key is for ES256, not RS256');
});
