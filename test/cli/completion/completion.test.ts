/** `jwtkit completion`: what the scripts hold, and the names that they ask for. The shells themselves: shells.process.test.ts. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { algorithmNames } from '../../../src/jose/algorithms.js';
import { commands, groups } from '../commands.js';
import { makeKeyring, runCli, stdoutOf, temporaryFolder } from '../fake-io.js';

test.each(['bash', 'zsh', 'fish', 'powershell'])(
  'the script of %s has every command, option and algorithm',
  async (shell) => {
    const script = await stdoutOf(['completion', shell]);
    const words = new Set(script.match(/[\w-]+/g));
    for (const name of [...Object.keys(groups), ...commands.flatMap((each) => each.split(' '))])
      expect(words).toContain(name);
    for (const alg of algorithmNames) expect(words).toContain(alg);
    for (const command of commands) {
      const help = await stdoutOf([...command.split(' '), '--help']);
      for (const [, flag = ''] of help.matchAll(/^ {2}(?:-\w, )?--([a-z\d-]+)/gm)) {
        expect(words.has(flag) || words.has(`--${flag}`), `${command} --${flag}`).toBe(true);
      }
    }
  },
);

test('an unknown shell is exit 2 and names those that there are', async () => {
  expect(await runCli(['completion', 'tcsh'])).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: 'error: there is no completion for "tcsh"\nhint: one of bash, zsh, fish, powershell\n',
  });
  expect((await runCli(['completion'])).exitCode).toBe(2);
});

test('pwsh is PowerShell, and --json prints the script as JSON', async () => {
  const script = await stdoutOf(['completion', 'powershell']);
  expect(`${script}\n`).toBe(JSON.parse(await stdoutOf(['completion', 'pwsh', '--json'])).script);
});

test('kids come from the keyring that the line names, else from the variable, else from ./.jwtkit', async () => {
  const named = await makeKeyring('ES256', 'named');
  const other = await makeKeyring('ES256', 'other');
  const kids = (words: readonly string[], env = {}) => stdoutOf(['completion', 'kids', '--', ...words], { env });
  expect(await kids(['keys', 'remove', '--keyring', named])).toBe('named');
  expect(await kids(['keys', 'remove', `--keyring=${named}`])).toBe('named');
  expect(await kids(['keys', 'remove', '--keyring', '=', named])).toBe('named');
  expect(await kids(['keys', 'remove'], { JWTKIT_KEYRING: other })).toBe('other');
  expect(await kids(['keys', 'remove', '--keyring', named], { JWTKIT_KEYRING: other })).toBe('named');
});

test('offers no name that needs quoting in a shell', async () => {
  const keyring = await makeKeyring('ES256', 'good');
  const set = JSON.parse(readFileSync(join(keyring, 'jwks.json'), 'utf8'));
  const hostile = ['$(touch x)', '`x`', 'a b', "a'b", 'a;b', '-x', '--force', 'a\nb', '', 'a*'];
  const keys = [...hostile, 'b@c.d+e'].map((kid) => ({ ...set.keys[0], kid }));
  writeFileSync(join(keyring, 'jwks.json'), JSON.stringify({ keys: [...set.keys, ...keys] }));
  const { exitCode, stdout, stderr } = await runCli(['completion', 'kids', '--', '--keyring', keyring]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  for (const name of stdout.split('\n')) expect(name).toMatch(/^(?:good|b@c\.d\+e|)$/);
});

test.each(['kids', 'users', 'clients'])(
  '%s of a keyring that is missing or broken are none, silently',
  async (what) => {
    const broken = temporaryFolder();
    mkdirSync(join(broken, 'users.json'));
    writeFileSync(join(broken, 'jwks.json'), '{');
    writeFileSync(join(broken, 'clients.json'), '[');
    for (const keyring of [broken, join(broken, 'missing')]) {
      expect(await runCli(['completion', what, '--', '--keyring', keyring])).toEqual({
        exitCode: 0,
        stdout: '',
        stderr: '',
      });
    }
  },
);
