/** The manual pages of the build: one for each command, listed in package.json, and good roff. */
import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commands } from '../commands.js';
import { stdoutOf } from '../fake-io.js';

const folder = 'dist/man';
const pages = readdirSync(folder).sort();
const textOf = (name: string) => readFileSync(join(folder, name), 'utf8');

function isInstalled(program: string, args: readonly string[]): boolean {
  return process.env.JWTKIT_REQUIRE_PEERS !== undefined || spawnSync(program, args).status === 0;
}

test('package.json lists every page, and every command has one', () => {
  const { man } = JSON.parse(readFileSync('package.json', 'utf8'));
  const top = [...new Set(commands.map((each) => each.split(' ')[0]))];
  expect(pages).toEqual(['jwtkit.1', ...top.map((name) => `jwtkit-${name}.1`)].sort());
  expect(man.toSorted()).toEqual(pages.map((name) => `./${folder}/${name}`).toSorted());
});

test('a page has every option of its command, and the page of the program every exit code', {
  tags: 'slow',
}, async () => {
  for (const command of commands) {
    const text = textOf(`jwtkit-${command.split(' ')[0]}.1`).replaceAll('\\-', '-');
    const help = await stdoutOf([...command.split(' '), '--help']);
    for (const [, flag = ''] of help.matchAll(/^ {2}(?:-\w, )?(--[a-z\d-]+)/gm)) {
      if (flag !== '--help') expect(text, `${command} ${flag}`).toContain(flag);
    }
  }
  for (const code of [0, 1, 2, 3, 10, 11, 12, 13, 14, 15, 16, 17])
    expect(textOf('jwtkit.1')).toContain(`\\fB${code}\\fR`);
});

describe.skipIf(!isInstalled('mandoc', ['-l', join(folder, 'jwtkit.1')]))('mandoc', () => {
  test.each(pages)('has no warning about %s', (name) => {
    const { stdout, stderr } = spawnSync('mandoc', ['-Tlint', '-W', 'warning', join(folder, name)], {
      encoding: 'utf8',
    });
    expect([stdout, stderr]).toEqual(['', '']);
  });
});

describe.skipIf(!isInstalled('man', ['--version']))('man', () => {
  test('shows a page, in 80 columns', () => {
    const env = { ...process.env, MANWIDTH: '80', MANPAGER: 'cat' };
    const shown = execFileSync('man', ['-l', join(folder, 'jwtkit-verify.1')], { encoding: 'utf8', env });
    expect(shown).toContain('jwtkit verify [options] [token]');
    expect(shown).toContain('--issuer-url');
  });
});
