/**
 * Stories of the command line, told as a terminal shows them: one file in scenarios/ each, run in process.
 *
 *     # The first line says what the story shows. Further comments stand between commands.
 *
 *     $ jwtkit verify "$TOKEN" --quiet     # exits 17
 *     $ jwtkit users add alice --sub user-123
 *     < correct horse
 *     < correct horse
 *     2> new password:
 *     2> the same again:
 *     2> added alice, whose tokens are for user-123
 *
 *     -- policy.json --
 *     {"audience": "api"}
 *
 * - `$ ` begins a command of test/shell, which has its own folder, variables and clock (2026-11-23T12:00:00Z; `sleep 1h` moves it).
 * - The lines behind it are all that it prints: on standard output, and behind `2> ` on standard error. `…` stands for any text in a
 *   line, alone for any lines.
 * - `< ` is a line that somebody types at the terminal, where a command asks.
 * - A command ends with exit code 0, or as its comment `# exits N` says.
 * - `-- NAME --` begins a file that is there from the beginning.
 *
 * `npx vitest run test/cli/scenarios.test.ts -u` writes what commands print into the files, and leaves lines with `…` that still match.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { openShell } from '../shell/shell.js';
import { isLike } from '../shell/transcript.js';

const folder = join(import.meta.dirname, 'scenarios');
const stories = readdirSync(folder).map((name) => {
  const path = join(folder, name);
  const text = readFileSync(path, 'utf8');
  return [`${name}: ${/^# (.*)\n/.exec(text)?.[1]}`, path, text] as const;
});

test.each(stories)('%s', async (_title, path, text) => {
  await expect(await play(text)).toMatchFileSnapshot(path);
});

/** The text of a story as it went: lines that differ from what was told stand as they were printed. */
async function play(text: string): Promise<string> {
  const [story = '', ...files] = text.split(/^-- (.+) --\n/m);
  const shell = openShell();
  for (let at = 0; at < files.length; at += 2) {
    const path = join(shell.folder, files[at] as string);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, files[at + 1] as string);
  }
  const told: string[] = [];
  const lines = story.split('\n');
  while (lines.length > 0) {
    const line = lines.shift() as string;
    if (!line.startsWith('$ ')) {
      if (line !== '' && !line.startsWith('#')) throw new Error(`this belongs to no command: ${line}`);
      told.push(line);
      continue;
    }
    let command = line.slice(2);
    while (command.endsWith('\\') && lines.length > 0) command += `\n${lines.shift()}`;
    const typed = linesWhile(lines, (next) => next.startsWith('< '));
    const shown = linesWhile(lines, (next) => !/^[$#] /.test(next));
    while (shown.at(-1) === '') lines.unshift(shown.pop() as string);
    const ran = await shell.run(
      command,
      typed.map((each) => each.slice(2)),
    );
    const [stdout, stderr] = [
      shown.filter((each) => !isError(each)),
      shown.filter(isError).map((each) => each.slice(3)),
    ];
    const isAsTold = isLike(ran.stdout, stdout.join('\n')) && isLike(ran.stderr, stderr.join('\n'));
    told.push(
      withExitCode(`$ ${command}`, ran.exitCode),
      ...typed,
      ...(isAsTold ? shown : [...linesOf(ran.stdout), ...linesOf(ran.stderr).map((each) => `2> ${each}`)]),
    );
  }
  return [told.join('\n'), ...files.map((part, at) => (at % 2 === 0 ? `-- ${part} --\n` : part))].join('');
}

const isError = (line: string) => line.startsWith('2> ');

function linesWhile(lines: string[], isWanted: (line: string) => boolean): string[] {
  const end = lines.findIndex((line) => !isWanted(line));
  return lines.splice(0, end < 0 ? lines.length : end);
}

function linesOf(text: string): string[] {
  return text === '' ? [] : text.replaceAll(/ +$/gm, '').replace(/\n$/, '').split('\n');
}

/** The command with the exit code that it had, where its comment says another. */
function withExitCode(command: string, exitCode: number): string {
  const comment = /\s+# exits (\d+)/.exec(command);
  if (Number(comment?.[1] ?? 0) === exitCode) return command;
  return `${command.slice(0, comment?.index)}   # exits ${exitCode}`;
}
