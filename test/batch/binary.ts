import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { RunResult } from '../cli/fake-io.js';

const binary = fileURLToPath(new URL('../../bin/jwtkit.js', import.meta.url));

/** Runs the real binary, with a variable or two of its own. */
export function runBinary(
  args: readonly string[],
  input: string,
  env: Record<string, string> = {},
): Promise<RunResult> {
  const child = spawn(process.execPath, [binary, ...args], { env: { ...process.env, ...env } });
  const written = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      written[name] += text;
    });
  }
  child.stdin.on('error', () => {});
  child.stdin.end(input);
  return new Promise((resolve) => child.on('close', (code) => resolve({ exitCode: code ?? -1, ...written })));
}
