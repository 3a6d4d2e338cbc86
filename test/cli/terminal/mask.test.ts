/** What hides tokens in the log of GitHub Actions. */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { publicPem } from '../../attacks/trusted-keys.js';
import { fileWith, makeKeyring, runCli, stdoutOf, temporaryFolder, textOf } from '../fake-io.js';

const inActions = { GITHUB_ACTIONS: 'true' };
let keyring = '';
let refresh = '';
let recipient = '';
beforeAll(async () => {
  keyring = await makeKeyring();
  refresh = await stdoutOf(['issue', '--sub', 'a', '--type', 'refresh', '--keyring', keyring]);
  recipient = fileWith(publicPem('rsa'));
});

/** The runner's reading of stderr: a command begins a line, and its value is unescaped. Returns the values, and other lines. */
function readMasks(stderr: string) {
  const lines = stderr.split('\n').filter((line) => line !== '');
  const masks = lines.flatMap((line) => /^::add-mask::(.*)$/.exec(line)?.[1] ?? []);
  return { masks: masks.map((mask) => mask.replaceAll('%25', '%')), others: lines.filter((line) => !/^::/.test(line)) };
}

const own = () => ['--keyring', keyring];

describe('in a job of GitHub Actions', () => {
  test('issue masks the token on stderr, and stdout holds the token alone', async () => {
    const { exitCode, stdout, stderr } = await runCli(['issue', '--sub', 'a', ...own()], { env: inActions });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    expect(stderr).toBe(`::add-mask::${stdout}`);
  });

  test('the mask comes before the token', async () => {
    const order: string[] = [];
    const onWrite = (name: string) => order.push(name);
    await runCli(['issue', '--sub', 'a', ...own()], { env: inActions, onWrite });
    expect(order).toEqual(['stderr', 'stdout']);
  });

  test('issue --pair and refresh --rotate mask both tokens, --json the token', async () => {
    const pair = await runCli(['issue', '--sub', 'a', '--pair', ...own()], { env: inActions });
    const made = JSON.parse(pair.stdout);
    expect(readMasks(pair.stderr).masks).toEqual([made.access_token, made.refresh_token]);
    const rotated = await runCli(['refresh', made.refresh_token, '--rotate', ...own()], { env: inActions });
    const next = JSON.parse(rotated.stdout);
    expect(readMasks(rotated.stderr)).toEqual({ masks: [next.access_token, next.refresh_token], others: [] });
    const json = await runCli(['issue', '--sub', 'a', '--json', ...own()], { env: inActions });
    expect(readMasks(json.stderr)).toEqual({ masks: [JSON.parse(json.stdout).token], others: [] });
  });

  test('refresh and encrypt mask what they print, issue also what goes to a file', async () => {
    const fresh = await runCli(['refresh', refresh, ...own()], { env: inActions });
    expect(readMasks(fresh.stderr).masks).toEqual([fresh.stdout.trim()]);
    const encrypted = await runCli(['encrypt', fileWith('text'), '--key', recipient], { env: inActions });
    expect(readMasks(encrypted.stderr).masks).toEqual([encrypted.stdout.trim()]);
    const out = join(temporaryFolder(), 'token.jwt');
    const written = await runCli(['issue', '--sub', 'a', '--out', out, ...own()], { env: inActions });
    expect(readMasks(written.stderr)).toEqual({ masks: [textOf(out).trim()], others: [`wrote ${out}`] });
  });

  test('--no-mask masks nothing, and a batch neither', async () => {
    expect((await runCli(['issue', '--no-mask', ...own()], { env: inActions })).stderr).toBe('');
    const batch = await runCli(['issue', '--batch', ...own()], { env: inActions, stdin: '{"sub":"a"}\n' });
    expect(readMasks(batch.stderr).masks).toEqual([]);
  });

  test('--mask does the same, and is refused for a batch', async () => {
    const { stdout, stderr } = await runCli(['issue', '--mask', ...own()], { env: inActions });
    expect(stderr).toBe(`::add-mask::${stdout}`);
    const batch = await runCli(['issue', '--mask', '--batch', ...own()], { env: inActions });
    expect(batch).toMatchObject({ exitCode: 2, stdout: '' });
    expect(batch.stderr).toContain('--batch and --mask exclude each other');
  });
});

describe('elsewhere', () => {
  test.each([{}, { GITHUB_ACTIONS: 'false' }, { GITLAB_CI: 'true', CI: 'true' }])(
    'nothing is masked: %j',
    async (env) => {
      expect((await runCli(['issue', ...own()], { env: env as Record<string, string> })).stderr).toBe('');
    },
  );

  test.each([
    ['issue', () => ['issue', ...own()]],
    ['refresh', () => ['refresh', refresh, '--rotate', ...own()]],
    ['encrypt', () => ['encrypt', fileWith('text'), '--key', recipient]],
  ])('%s refuses --mask, which would show the token in the log, before it makes one', async (_command, args) => {
    const { exitCode, stdout, stderr } = await runCli([...args(), '--mask'], { env: { GITLAB_CI: 'true' } });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toBe(
      'error: --mask: this is no job of GitHub Actions, so its log would show the token\n' +
        'hint: elsewhere keep the token out of the log: a variable, or --out FILE\n',
    );
  });

  test('a refused --mask uses up no refresh token', async () => {
    await runCli(['refresh', refresh, '--rotate', '--mask', ...own()]);
    expect((await runCli(['refresh', refresh, '--rotate', ...own()])).exitCode).toBe(0);
  });
});
