import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openShell } from './shell.js';
import { commandsOf } from './syntax.js';
import { isLike } from './transcript.js';

/** What a block of commands prints, and the exit code of its last command. */
async function run(block: string): Promise<[string, number]> {
  const shell = openShell();
  writeFileSync(join(shell.folder, 'lines'), 'one\ntwo\n');
  let [shown, exitCode] = ['', 0];
  for (const command of commandsOf(block)) {
    const ran = await shell.run(command);
    shown += ran.shown;
    exitCode = ran.exitCode;
  }
  return [shown, exitCode];
}

test.each<[string, string, string, number?]>([
  ['quotes', `echo 'a  $B' "c \\" d" e\\ f # g`, 'a  $B c " d e f\n'],
  ['variables', `A=x B="y z"\nprintf "[%s]" "$A" $B "$\{B}!"`, '[x][y][z][y z!]'],
  ['an empty word', 'A=\nprintf "[%s]" "" "$A" $A', '[][]'],
  ['the output of a command', 'A="$(echo $(cat lines); echo)"\necho "$A"', 'one two\n'],
  ['the exit code of an assignment', 'A=$(false)', '', 1],
  ['the exit code of the last command', 'false; echo $?', '1\n'],
  ['pipes, which fail where a part fails', 'false | cat lines | head -n 1', 'one\n', 1],
  ['files', 'echo a > x; echo b >> x; cat < x; cat x > /dev/null', 'a\nb\n'],
  ['standard error', 'jwtkit nope 2> err; jwtkit nope > out 2>&1; test -s err && test -s out', ''],
  ['and, or', 'true && echo a || echo b; false && echo c || echo d', 'a\nd\n'],
  ['a here-document', "cat <<'END' > x; cat x\na $B\n'\nEND\necho c", "a $B\n'\nc\n"],
  ['lines that go on', "echo a \\\n  b 'c\nd'", 'a b c\nd\n'],
  [
    'exported variables alone',
    'export JWTKIT_KEYRING=ring\njwtkit keygen --kid k 2> /dev/null; ls',
    'k\nlines\nring\n',
  ],
  ['a variable of one command', 'JWTKIT_KEYRING=ring jwtkit keygen --kid k 2> /dev/null; ls', 'k\nlines\nring\n'],
  ['a file of variables', "echo 'A=b' > x; . ./x; eval 'C=d'; echo $A$C", 'bd\n'],
])('runs %s', async (_name, block, shown, exitCode = 0) => {
  expect(await run(block)).toEqual([shown, exitCode]);
});

const isWindows = process.platform === 'win32';
test.skipIf(isWindows)('umask makes new files private (skipped on Windows, which has no modes)', async () => {
  const shell = openShell();
  for (const command of commandsOf('echo a > before; umask 077; echo a > after; echo b >> after; echo b > before')) {
    expect((await shell.run(command)).exitCode).toBe(0);
  }
  const [before, after] = ['before', 'after'].map((name) => statSync(join(shell.folder, name)).mode & 0o777);
  expect([before, after]).toEqual([0o666 & ~(process.umask() | 0o022), 0o600]);
});

describe('the test shell refuses what it cannot run', () => {
  test.each([
    'sleep 1 &',
    'echo `date`',
    'echo $((1 + 1))',
    `echo $\{A:-b}`,
    'echo *.txt',
    'echo ~',
    'umask u=rwx',
    'if true; then echo; fi',
    'curl https://example.org',
    'echo $UNSET',
    'ls -l',
    'head -5 lines',
    "echo 'a",
    '(echo a)',
    'echo $(echo a',
    'cat <<END\n$A\nEND',
    'f() { echo; }',
    '| cat',
  ])('%s', async (command) => {
    await expect(run(command)).rejects.toThrow(/./);
  });
});

test.each<[string, string, boolean]>([
  ['a\nb\n', 'a\nb', true],
  ['a\nb\n', 'a', false],
  ['', '', true],
  ['a\n', '', false],
  ['expires in 29m (…)\n', 'expires in … (…)', true],
  ['a\nb\nc\n', 'a\n…', true],
  ['a\nb\nc\n', '…\nc', true],
  ['a\nb\nc\n', 'a … c', false],
  ['a.c\n', 'abc', false],
])('%j beside %j: %s', (text, expected, is) => {
  expect(isLike(text, expected)).toBe(is);
});
