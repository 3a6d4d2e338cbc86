// @module-tag slow
/** What the runner of GitHub Actions shows of real processes, whose two streams it reads together. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { plainEnvironment } from '../../programs.js';
import { makeKeyring, stdoutOf, temporaryFolder } from '../fake-io.js';

const binary = resolve('bin/jwtkit.js');
const env = { ...plainEnvironment(), GITHUB_ACTIONS: 'true' };

let ring = '';
let folder = '';
const file = (name: string, content: string) => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
beforeAll(async () => {
  ring = await makeKeyring();
  folder = temporaryFolder();
  await stdoutOf(['keygen', '--use', 'enc', '--kid', 'e1', '--keyring', ring]);
  file('claims.txt', '{"sub":"a"}\n'.repeat(400));
  file('lines.txt', Array.from({ length: 20 }, (_, at) => `the secret of customer ${at}\n`).join(''));
  const encrypted = await stdoutOf(['encrypt', '--batch', join(folder, 'lines.txt'), '--keyring', ring]);
  file('encrypted.txt', encrypted);
  file('first.txt', encrypted.split('\n')[0] ?? '');
});

/** Runs a command with both streams in one pipe; returns the log, with what is masked from there on replaced. */
function logOf(args: readonly string[]): string {
  const line = '"$0" "$@" 2>&1';
  const { status, stdout } = spawnSync('bash', ['-c', line, process.execPath, binary, ...args], {
    encoding: 'utf8',
    env,
    cwd: folder,
  });
  expect(status, stdout).toBe(0);
  const masks: string[] = [];
  let log = '';
  for (const each of stdout.split('\n')) {
    const [, mask] = /^::add-mask::(.+)$/.exec(each) ?? [];
    if (mask !== undefined) masks.push(mask.replaceAll('%25', '%'));
    else log += `${masks.reduce((text, one) => text.replaceAll(one, '***'), each)}\n`;
  }
  expect(masks.length, args.join(' ')).toBeGreaterThan(0);
  return log;
}

const secrets =
  /[\w-]{10,}\.[\w-]*\.[\w-]{10,}|client_secret"?[=:]"?[^*"]|"d": ?"[^*]|secret of customer|^[\w+/=-]{40,}$/m;

describe.skipIf(process.platform === 'win32')('in a job of GitHub Actions', () => {
  const showsNoSecret = 'the log of %s shows no secret';
  test.each<[string, readonly string[]]>([
    ['issue --pair', ['issue', '--sub', 'a', '--pair']],
    ['issue --batch on threads', ['issue', '--batch', 'claims.txt', '--threads', '2', '--pair', '--json']],
    ['decrypt', ['decrypt', '--token-file', 'first.txt']],
    ['clients add', ['clients', 'add', 'one']],
    ['keys export', ['keys', 'export', 'k1', '--private-half']],
  ])(showsNoSecret, expectNoSecret);
  test.each<[string, readonly string[]]>([
    ['issue', ['issue', '--sub', 'a']],
    ['issue --batch', ['issue', '--batch', 'claims.txt']],
    ['encrypt', ['encrypt', 'lines.txt']],
    ['encrypt --batch', ['encrypt', '--batch', 'lines.txt']],
    ['decrypt --json', ['decrypt', '--token-file', 'first.txt', '--json']],
    ['decrypt --batch', ['decrypt', '--batch', 'encrypted.txt', '--threads', '2']],
    ['clients add --json', ['clients', 'add', 'two', '--json']],
    ['keys export --format jwk', ['keys', 'export', 'k1', '--private-half', '--format', 'jwk', '--json']],
  ])(showsNoSecret, { tags: 'slow' }, expectNoSecret);

  function expectNoSecret(_command: string, args: readonly string[]): void {
    expect(logOf([...args, '--keyring', ring])).not.toMatch(secrets);
  }

  test('the log of clients rotate shows no secret', { tags: 'slow' }, async () => {
    await stdoutOf(['clients', 'add', 'three', '--keyring', ring]);
    expectNoSecret('', ['clients', 'rotate', 'three']);
  });

  test.each<[string, readonly string[]]>([
    ['keygen', ['keygen', '--private', '-']],
    ['a shared secret', ['keygen', '--alg', 'HS256', '--private', '-']],
    ['a JWK', ['keygen', '--alg', 'EdDSA', '--private', '-', '--format', 'jwk']],
  ])('the log of a key on stdout shows no secret: %s', (_, args) => {
    expect(logOf(args)).not.toMatch(secrets);
  });

  test('stdout has what it has elsewhere, to the byte', () => {
    const args = ['decrypt', '--batch', 'encrypted.txt', '--keyring', ring];
    const [here, elsewhere] = [env, { ...env, GITHUB_ACTIONS: '' }].map((each) => {
      return spawnSync(process.execPath, [binary, ...args], { encoding: 'utf8', env: each, cwd: folder });
    });
    expect(here?.stdout).toBe(elsewhere?.stdout);
    expect([here?.status, here?.stderr.includes('::add-mask::')]).toEqual([0, true]);
    expect([elsewhere?.status, elsewhere?.stderr]).toEqual([0, '20 decrypted\n']);
  });
});
