/**
 * The completion scripts in the real shells. A shell that is not installed is skipped, unless JWTKIT_REQUIRE_PEERS is set.
 * Each asks the real binary for kids and users.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { delimiter, join, resolve } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { stdoutOf, temporaryFolder } from '../fake-io.js';

const folder = join(temporaryFolder(), 'work');
const env = { PATH: `${join(folder, 'bin')}${delimiter}${process.env.PATH}`, HOME: folder, TERM: 'xterm' };

beforeAll(async () => {
  mkdirSync(join(folder, 'bin'), { recursive: true });
  chmodSync(folder, 0o755);
  symlinkSync(resolve('bin/jwtkit.js'), join(folder, 'bin/jwtkit'));
  await stdoutOf(['keygen', '--alg', 'ES256', '--kid', 'web-2026', '--keyring', join(folder, '.jwtkit')]);
  await stdoutOf(['keygen', '--alg', 'ES256', '--kid', 'other-key', '--keyring', join(folder, 'other')]);
  writeFileSync(join(folder, 'verify.pem'), '');
  writeFileSync(join(folder, 'password.txt'), 'correct horse');
  const user = ['users', 'add', 'carol', '--sub', 'u1', '--password-file', join(folder, 'password.txt')];
  await stdoutOf([...user, '--keyring', join(folder, '.jwtkit')]);
  for (const shell of ['bash', 'zsh', 'fish'])
    writeFileSync(join(folder, `${shell}.script`), await stdoutOf(['completion', shell]));
});

/** A line with the cursor at its end, and what the shell offers or puts there: one word, or none. */
const lines = [
  ['jwtkit ver', 'verify'],
  ['jwtkit keys reti', 'retire'],
  ['jwtkit users pas', 'passwd'],
  ['jwtkit verify --any', '--any-aud'],
  ['jwtkit decode --jso', '--json'],
  ['jwtkit verify --alg Ed2', 'Ed25519'],
  ['jwtkit encrypt --alg RSA-OAEP-38', 'RSA-OAEP-384'],
  ['jwtkit issue --type ref', 'refresh'],
  ['jwtkit keygen --format j', 'jwk'],
  ['jwtkit decode --color al', 'always'],
  ['jwtkit keys retire w', 'web-2026'],
  ['jwtkit keys export ', 'web-2026'],
  ['jwtkit issue --kid w', 'web-2026'],
  ['jwtkit keys remove --keyring other ', 'other-key'],
  ['jwtkit --keyring other keys remove o', 'other-key'],
  ['jwtkit users remove ', 'carol'],
  ['jwtkit --json deco', 'decode'],
  ['jwtkit --color never deco', 'decode'],
  ['jwtkit help exi', 'exit-codes'],
  ['jwtkit completion fi', 'fish'],
  ['jwtkit verify --key ver', 'verify.pem'],
  ['jwtkit clients remove ', undefined],
] as const;

function isInstalled(shell: string): boolean {
  return process.env.JWTKIT_REQUIRE_PEERS !== undefined || spawnSync(shell, ['--version']).status === 0;
}

function runShell(shell: string, args: readonly string[]): string {
  return execFileSync(shell, args, { cwd: folder, env, encoding: 'utf8', timeout: 30_000 }).trimEnd();
}

describe.skipIf(!isInstalled('bash'))('bash', { tags: 'slow' }, () => {
  const script = `
    source bash.script
    read -ra COMP_WORDS <<< "$1"
    [[ $1 == *' ' ]] && COMP_WORDS+=('')
    COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
    _jwtkit 2>/dev/null
    # The function leaves files to bash.
    ((\${#COMPREPLY[@]} > 0)) || [[ $1 != *--key\\ * ]] || COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
    printf '%s\\n' "\${COMPREPLY[@]}"`;

  test.each(lines)('%j offers %j', (line, offered) => {
    expect(runShell('bash', ['-c', script, 'bash', line])).toBe(offered ?? '');
  });

  test.each([
    ['verify --alg = Ed2', 'Ed25519'],
    ['keys remove --keyring = other o', 'other-key'],
    ['verify --type =', 'access\nrefresh\nany'],
  ])('an option and its value with an equals sign: %j offers %j', (line, offered) => {
    expect(runShell('bash', ['-c', script, 'bash', `jwtkit ${line}`])).toBe(offered);
  });

  test('loads with the package bash-completion, which finds it by its name', () => {
    const loader = '/usr/share/bash-completion/bash_completion';
    const words = `
      [[ -r ${loader} ]] || { echo skipped; exit; }
      mkdir -p completions && cp bash.script completions/jwtkit
      source ${loader}
      BASH_COMPLETION_USER_DIR=$PWD _completion_loader jwtkit
      complete -p jwtkit`;
    const shown = runShell('bash', ['-c', words]);
    if (process.env.JWTKIT_REQUIRE_PEERS !== undefined || shown !== 'skipped')
      expect(shown).toContain('-F _jwtkit jwtkit');
  });
});

describe.skipIf(!isInstalled('fish'))('fish', { tags: 'slow' }, () => {
  test.each(lines)('%j offers %j', (line, offered) => {
    const shown = runShell('fish', ['-c', 'source fish.script; complete -C "$argv[1]"', line]);
    expect(shown.split('\n').map((each) => each.split('\t')[0])).toEqual([offered ?? '']);
  });
});

describe.skipIf(!isInstalled('zsh'))('zsh', { tags: 'slow' }, () => {
  /** An interactive zsh on a terminal of its own, in which the tab key is pressed at the end of a line. */
  const script = `
    zmodload zsh/zpty
    zpty inner zsh -f -i
    wait_for() { local out all=; while [[ $all != *$1* ]]; do zpty -r inner out || return 1; all+=$out; done; seen=$all }
    zpty -w inner 'PS1=; unsetopt prompt_sp; autoload -Uz compinit; compinit -u -D; source zsh.script'
    zpty -w inner 'show() { zle -I; print -r -- "<<$BUFFER>>"; BUFFER= }; zle -N show; bindkey "^X" show; print rea""dy'
    wait_for ready
    zpty -w -n inner "$1"$'\\t\\x18'
    wait_for '>>'
    print -r -- "\${\${seen##*<<}%%>>*}"
    zpty -d inner`;

  test.each(lines)('%j becomes a line with %j', (line, offered) => {
    const before = line.slice(0, line.lastIndexOf(' ') + 1);
    const completed = offered === undefined ? line : `${before}${offered}`;
    expect(runShell('zsh', ['-f', '-c', script, 'zsh', line]).trimEnd()).toBe(completed.trimEnd());
  });
});
