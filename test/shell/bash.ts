import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const binary = fileURLToPath(new URL('../../bin/jwtkit.js', import.meta.url));

/** One line of a shell session and the exit code it must end with. */
export interface ShellLine {
  readonly text: string;
  readonly exits: number;
}

/** What a session left behind: which line went wrong, if any, and what each line printed, on both streams. */
export interface ShellResult {
  readonly failure: string | null;
  readonly shown: readonly string[];
}

/**
 * Runs lines in one bash session in an empty folder, where `jwtkit` is the real binary, and stops at the first that ends
 * with another exit code than it should.
 */
export function runShell(lines: readonly ShellLine[], setup = ''): ShellResult {
  const root = mkdtempSync(join(tmpdir(), 'jwtkit-shell-'));
  const [folder, path, printed] = [join(root, 'work'), join(root, 'path'), join(root, 'printed')];
  for (const each of [folder, path, printed]) mkdirSync(each);
  // A program rather than a function: what runs in the background is the process that `$!` names.
  const program = `#!/bin/sh\nexec ${singleQuote(process.execPath)} ${singleQuote(binary)} "$@"\n`;
  writeFileSync(join(path, 'jwtkit'), program, { mode: 0o755 });
  const steps = lines.map(
    ({ text, exits }, at) =>
      `{ ${text}\n} > ${printed}/${at} 2>&1\ncode=$?; [ $code -eq ${exits} ] || { echo "exit code $code, not ${exits}: "${singleQuote(text)} >&2; exit 99; }`,
  );
  const script = [
    'set -u -o pipefail',
    // What a session that failed leaves behind would keep its streams open, and this test waiting.
    `trap 'kill $(jobs -p) 2>/dev/null' EXIT`,
    setup,
    ...steps,
  ].join('\n');
  const environment = Object.entries(process.env).filter(([name]) => !/^(JWTKIT_|SECRET_KEY|ALGORITHM)/.test(name));
  try {
    const { status, stderr } = spawnSync('bash', ['-c', script], {
      cwd: folder,
      encoding: 'utf8',
      input: '',
      env: { ...Object.fromEntries(environment), PATH: `${path}${delimiter}${process.env.PATH}` },
    });
    const shown = lines.map((_, at) => join(printed, String(at))).filter((file) => existsSync(file));
    const texts = shown.map((file) => readFileSync(file, 'utf8'));
    return { failure: status === 0 ? null : `${stderr}${texts.at(-1)}`, shown: texts };
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

function singleQuote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
