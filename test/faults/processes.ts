/** Real processes of the real binary, many at once, some of them killed, at moments that a printed seed repeats. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll } from 'vitest';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const binary = join(root, 'bin', 'jwtkit.js');

/** How a process ended. */
export interface Ended {
  /** Null for one that was killed. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Milliseconds. */
  readonly took: number;
}

/** Runs the binary, and kills it (SIGKILL) after some milliseconds if it still runs then. */
export function jwtkit(args: readonly string[], killAfter?: number): Promise<Ended> {
  return runNode([binary, ...args], killAfter);
}

/**
 * Runs the binary, and kills it (SIGKILL) right before one of its calls that change the file system, counted from 1. It ends as
 * ever if it makes fewer of them.
 */
export function jwtkitKilledAt(call: number, args: readonly string[]): Promise<Ended> {
  const fault = `import fs from 'node:fs';
    let calls = 0;
    for (const name of ['mkdirSync', 'openSync', 'writeFileSync', 'fsyncSync', 'linkSync', 'copyFileSync', 'renameSync', 'rmSync']) {
      const change = fs[name];
      fs[name] = (...args) => {
        const isRead = name === 'openSync' && (args[1] ?? 'r') === 'r';
        if (!isRead && ++calls === ${call}) process.kill(process.pid, 'SIGKILL');
        return change(...args);
      };
    }`;
  return runNode(['--import', `data:text/javascript,${encodeURIComponent(fault)}`, binary, ...args], undefined);
}

/** Runs a script that imports the library, the same way. */
export function script(code: string, args: readonly string[], killAfter?: number): Promise<Ended> {
  return runNode(['--input-type=module', '--eval', code, ...args], killAfter);
}

function runNode(args: readonly string[], killAfter: number | undefined): Promise<Ended> {
  const names = Object.entries(process.env).filter(
    ([name]) => !/^(JWTKIT_|SECRET_KEY|ALGORITHM|NODE_OPTIONS)/.test(name),
  );
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      env: Object.fromEntries(names),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const written = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        written[name] += text;
      });
    }
    const timer = killAfter === undefined ? undefined : setTimeout(() => child.kill('SIGKILL'), killAfter);
    child.once('error', reject);
    child.once('close', (exitCode) => {
      clearTimeout(timer);
      resolve({ exitCode, ...written, took: performance.now() - start });
    });
  });
}

/** Runs the binary where it must succeed; resolves to its stdout without the line end. */
export async function jwtkitOut(...args: string[]): Promise<string> {
  const { exitCode, stdout, stderr } = await jwtkit(args);
  if (exitCode !== 0) throw new Error(`exit ${exitCode} of jwtkit ${args[0]}: ${stderr}`);
  return stdout.trimEnd();
}

/** Numbers from 0 to 1 that JWTKIT_SEED repeats; the seed is printed (mulberry32). */
export function seededRandom(what: string): () => number {
  let state = Number(process.env.JWTKIT_SEED ?? Date.now() % 2 ** 32) >>> 0;
  process.stderr.write(`${what}: JWTKIT_SEED=${state}\n`);
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A fresh folder, removed after the file's tests. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'jwtkit-faults-'));
  folders.push(folder);
  return folder;
}

/** A line of figures about what a test did. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** The value below which a share of all lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] as number;
}
