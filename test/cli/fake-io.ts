/**
 * The command line in process: a world made of strings, a fixed clock and counted ids. Files are real, in a folder that is
 * removed after the last test; name them by absolute paths, since the working folder is not ours.
 */
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inject } from 'vitest';
import { run } from '../../src/cli/main.js';
import type { World } from '../../src/cli/terminal/io.js';

/** The time of the fake clock: 2026-11-23T12:00:00Z. */
export const now = Date.UTC(2026, 10, 23, 12) / 1000;

/** What a run is given beside its arguments. */
export interface FakeWorld {
  stdin?: string | Uint8Array;
  /** Called when stdin is read as a whole, before it answers: what happens while a slow pipe is waited for. */
  whileReading?: () => void;
  env?: Record<string, string>;
  /** Which streams are terminals; none by default. */
  terminals?: readonly ('stdin' | 'stdout' | 'stderr')[];
  /** The width of the terminals. */
  columns?: number;
  /** NumericDate; looked at each time somebody asks for the time. */
  now?: number;
  /** Where a policy file is looked for: by default in a folder without one, for '' where the process is. */
  workingFolder?: string;
  /** What is typed, in turn, where a passphrase is asked for; the questions are part of stderr. */
  answers?: readonly string[];
  /** Called when a passphrase is asked for: what happens while somebody types. */
  whileTyping?: () => void;
  /** How much of stdin arrives at once. */
  chunkBytes?: number;
  /** Pieces of stdin instead, where something is to happen between two of them. */
  chunks?: () => Iterable<Uint8Array> | AsyncIterable<Uint8Array>;
  /** The file that a batch's threads run; without one there are no threads. */
  workerFile?: string;
  /** Called with all that is written, in order. */
  onWrite?: (name: 'stdout' | 'stderr', bytes: Uint8Array) => void;
  /** Called where a run would wait for the next second. */
  nextSecond?: () => void;
  /** Called where a service would wait for the signal to stop, with what the signal does. */
  onStop?: (stop: () => void) => void;
  /** Makes identifiers; those of each run are id-1, id-2 and so on by default. */
  newId?: () => string;
}

/** What a run leaves behind. */
export interface RunResult {
  exitCode: number;
  stdout: string;
  stderr: string;
}

function* inPieces(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Runs one command line in process. */
export async function runCli(args: readonly string[], world: FakeWorld = {}): Promise<RunResult> {
  const written = { stdout: '', stderr: '' };
  const input = Buffer.from(world.stdin ?? '');
  const isTerminal = (name: 'stdin' | 'stdout' | 'stderr') => world.terminals?.includes(name) === true;
  const output = (name: 'stdout' | 'stderr') => ({
    isTerminal: isTerminal(name),
    columns: world.columns,
    write: (content: string | Uint8Array) => {
      written[name] += typeof content === 'string' ? content : Buffer.from(content).toString('latin1');
      world.onWrite?.(name, Buffer.from(content as string));
    },
    writeLines: async (lines: Uint8Array) => {
      written[name] += Buffer.from(lines).toString();
      world.onWrite?.(name, lines);
    },
  });
  let ids = 0;
  const answers = [...(world.answers ?? [])];
  const io: World = {
    env: world.env ?? {},
    ...(world.workingFolder === '' ? {} : { workingFolder: world.workingFolder ?? root }),
    stdin: {
      isTerminal: isTerminal('stdin'),
      read: (maxBytes) => {
        world.whileReading?.();
        return input.subarray(0, maxBytes + 1);
      },
      open: () => ({
        chunks: world.chunks?.() ?? inPieces(input, world.chunkBytes ?? 65_536),
        size: undefined,
        close() {},
      }),
    },
    stdout: output('stdout'),
    stderr: output('stderr'),
    now: () => world.now ?? now,
    nextSecond: async () => world.nextSecond?.(),
    askHidden: async (question) => {
      output('stderr').write(`${question}\n`);
      world.whileTyping?.();
      return answers.shift() ?? '';
    },
    newId: world.newId ?? (() => `id-${++ids}`),
    ...(world.onStop === undefined ? {} : { onStop: world.onStop }),
    ...(world.workerFile === undefined ? {} : { workerFile: () => world.workerFile as string }),
  };
  const exitCode = await run(args, io);
  return { exitCode, ...written };
}

/** Runs a command line that must succeed and returns its stdout without the line end. */
export async function stdoutOf(args: readonly string[], world: FakeWorld = {}): Promise<string> {
  const { exitCode, stdout, stderr } = await runCli(args, world);
  if (exitCode !== 0) throw new Error(`exit ${exitCode} of jwtkit ${args.join(' ')}\n${stderr}`);
  return stdout.replace(/\n$/, '');
}

const root = inject('temporaryRoot');

/** A fresh empty folder. */
export function temporaryFolder(): string {
  return mkdtempSync(join(root, 'folder-'));
}

/** Writes a file into a fresh folder and returns its path. */
export function fileWith(content: string | Uint8Array, name = 'file'): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, content);
  return path;
}

/** The text of a file. */
export function textOf(path: string): string {
  return readFileSync(path, 'utf8');
}

/** The permission bits of a file. */
export function modeOf(path: string): number {
  return statSync(path).mode & 0o777;
}

/** Whether the file system knows permission bits. */
export const hasModes = process.platform !== 'win32';

/** A keyring with one key, in a fresh folder. */
export async function makeKeyring(alg = 'ES256', kid = 'k1'): Promise<string> {
  const keyring = join(temporaryFolder(), 'keyring');
  await stdoutOf(['keygen', '--alg', alg, '--kid', kid, '--keyring', keyring]);
  return keyring;
}

/** The JSON of one segment of a token: 0 the header, 1 the claims. */
export function segmentOf(token: string, at: 0 | 1): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[at] ?? '', 'base64url').toString('utf8'));
}

/** An unsigned token with these claims, for what looks at no signature. */
export function unsigned(claims: object | string, header: object = { alg: 'HS256', typ: 'JWT' }): string {
  const encode = (part: object | string) =>
    Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
  return `${encode(header)}.${encode(claims)}.${encode('signature')}`;
}

/** What a forger without the key can do: another payload under the old signature. */
export function withClaims(token: string, claims: object): string {
  const [header, , signature] = token.split('.');
  return `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.${signature}`;
}

/** A text of 32 bytes or more, for HS256. */
export const secret = 'a secret of thirty-two bytes, at least';
