/** A small shell in process, for the examples of the documentation and the scenarios: `jwtkit` is run(argv, io). */
import { appendFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FakeWorld, now, runCli, temporaryFolder } from '../cli/fake-io.js';
import { type Invocation, programs } from './programs.js';
import { type Command, type Pipeline, parse, type Redirection, type Sequence, type Word } from './syntax.js';

/** What one command left behind. */
interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, as a terminal shows them. */
  readonly shown: string;
}

/** A session: variables, a folder of its own, and a clock that stands still unless somebody sleeps. */
export interface Shell {
  readonly folder: string;
  /** Runs one command of `commandsOf`. `typed` are lines that somebody at a terminal answers questions with. */
  run(command: string, typed?: readonly string[]): Promise<Ran>;
}

type Write = (bytes: Uint8Array) => void;

/** What a command reads and writes. */
interface Streams {
  readonly stdin: Buffer;
  readonly stdout: Write;
  readonly stderr: Write;
}

/** What goes on from one command to the next. */
interface Session {
  readonly folder: string;
  readonly variables: Map<string, string>;
  readonly exported: Set<string>;
  /** Permissions that new files do not get. */
  umask: number;
  /** NumericDate. */
  now: number;
  ids: number;
  typed: readonly string[];
  lastExit: number;
}

/** Opens a session in an empty folder. */
export function openShell(folder = join(temporaryFolder(), 'work')): Shell {
  mkdirSync(folder, { recursive: true });
  const session: Session = {
    folder,
    variables: new Map(),
    exported: new Set(),
    umask: 0o022,
    now,
    ids: 0,
    typed: [],
    lastExit: 0,
  };
  return { folder, run: (command, typed = []) => runCommand(session, command, typed) };
}

async function runCommand(session: Session, command: string, typed: readonly string[]): Promise<Ran> {
  const written: { stdout: Uint8Array[]; stderr: Uint8Array[]; shown: Uint8Array[] } = {
    stdout: [],
    stderr: [],
    shown: [],
  };
  const to = (name: 'stdout' | 'stderr') => (bytes: Uint8Array) => {
    written[name].push(bytes);
    written.shown.push(bytes);
  };
  session.typed = typed;
  // The keyring is looked for in the working folder, which a test file's process has to itself.
  const previous = process.cwd();
  process.chdir(session.folder);
  try {
    const streams = { stdin: Buffer.alloc(0), stdout: to('stdout'), stderr: to('stderr') };
    const exitCode = await runSequence(session, parse(command), streams);
    const [stdout, stderr, shown] = [written.stdout, written.stderr, written.shown].map((all) =>
      Buffer.concat(all).toString(),
    );
    return { exitCode, stdout: stdout ?? '', stderr: stderr ?? '', shown: shown ?? '' };
  } finally {
    process.chdir(previous);
  }
}

async function runSequence(session: Session, sequence: Sequence, streams: Streams): Promise<number> {
  let exitCode = 0;
  for (const { operator, pipeline } of sequence) {
    if ((operator === '&&' && exitCode !== 0) || (operator === '||' && exitCode === 0)) continue;
    exitCode = await runPipeline(session, pipeline, streams);
    session.lastExit = exitCode;
  }
  return exitCode;
}

/** The commands of a pipeline in turn; the exit code is that of the last that failed, as with `set -o pipefail`. */
async function runPipeline(session: Session, pipeline: Pipeline, streams: Streams): Promise<number> {
  let stdin = streams.stdin;
  let exitCode = 0;
  for (const [at, command] of pipeline.entries()) {
    const piped: Uint8Array[] = [];
    const stdout = at === pipeline.length - 1 ? streams.stdout : (bytes: Uint8Array) => void piped.push(bytes);
    exitCode = (await runOne(session, command, { ...streams, stdin, stdout })) || exitCode;
    stdin = Buffer.concat(piped);
  }
  return exitCode;
}

async function runOne(session: Session, command: Command, streams: Streams): Promise<number> {
  if (command.words.length === 0) session.lastExit = 0;
  const values: [string, string][] = [];
  for (const { name, value } of command.assignments) values.push([name, await expandToText(session, value, streams)]);
  const words: string[] = [];
  for (const word of command.words) words.push(...(await expand(session, word, streams)));
  const redirected = await redirect(session, command.redirections, streams);
  const [name, ...args] = words;
  if (name === undefined) {
    for (const [variable, value] of values) session.variables.set(variable, value);
    // An assignment ends as the `$(…)` in it did.
    return session.lastExit;
  }
  const own = [...session.exported].map((variable): [string, string] => [
    variable,
    session.variables.get(variable) ?? '',
  ]);
  return invoke(session, name, args, Object.fromEntries([...own, ...values]), redirected);
}

async function invoke(
  session: Session,
  name: string,
  args: readonly string[],
  env: Record<string, string>,
  streams: Streams,
): Promise<number> {
  if (name === 'jwtkit') return jwtkit(session, args, env, streams);
  if (name === 'export') return exportVariables(session, args);
  if (name === 'umask') return setUmask(session, args);
  if (name === 'sleep') return sleep(session, args);
  if (name === 'eval') return runSequence(session, parse(args.join(' ')), streams);
  if (name === '.') return source(session, args[0] ?? '', streams);
  const program = programs[name];
  if (program === undefined) throw new Error(`this shell has no program ${name}`);
  const invocation: Invocation = { args, ...streams };
  return program(invocation);
}

async function jwtkit(
  session: Session,
  args: readonly string[],
  env: Record<string, string>,
  { stdin, stdout, stderr }: Streams,
): Promise<number> {
  const isTyped = session.typed.length > 0;
  const world: FakeWorld = {
    env: isTyped ? { NO_COLOR: '1', ...env } : env,
    stdin,
    workingFolder: '',
    now: session.now,
    answers: session.typed,
    ...(isTyped ? { terminals: ['stdin', 'stderr'] } : {}),
    onWrite: (name, bytes) => (name === 'stdout' ? stdout : stderr)(bytes),
    newId: () => `id-${++session.ids}`,
  };
  world.nextSecond = () => {
    session.now++;
    world.now = session.now;
  };
  return (await runCli(args, world)).exitCode;
}

function exportVariables(session: Session, args: readonly string[]): number {
  for (const arg of args) {
    const [, name = '', value] = /^(\w+)(?:=(.*))?$/s.exec(arg) ?? [];
    if (name === '') throw new Error(`export takes names, not ${arg}`);
    session.exported.add(name);
    if (value !== undefined) session.variables.set(name, value);
  }
  return 0;
}

function setUmask(session: Session, [mask = '', ...others]: readonly string[]): number {
  if (!/^[0-7]{3}$/.test(mask) || others.length > 0) throw new Error(`umask takes three digits, not ${mask}`);
  session.umask = Number.parseInt(mask, 8);
  return 0;
}

const seconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Lets the clock go on: `sleep 90`, `sleep 30m`, `sleep 2h`, `sleep 7d`. */
function sleep(session: Session, [duration = '']: readonly string[]): number {
  const [, count, unit = 's'] = /^(\d+)([smhd]?)$/.exec(duration) ?? [];
  if (count === undefined) throw new Error(`sleep takes a duration, not ${duration}`);
  session.now += Number(count) * (seconds[unit] ?? 1);
  return 0;
}

async function source(session: Session, path: string, streams: Streams): Promise<number> {
  for (const line of readFileSync(path, 'utf8').split('\n')) await runSequence(session, parse(line), streams);
  return 0;
}

async function redirect(session: Session, redirections: readonly Redirection[], streams: Streams): Promise<Streams> {
  const result = { ...streams };
  for (const { descriptor, operator, target } of redirections) {
    const path = await expandToText(session, target, streams);
    const name = descriptor === 1 ? 'stdout' : 'stderr';
    if (operator === '<<') result.stdin = Buffer.from(path);
    else if (operator === '<') result.stdin = path === '/dev/null' ? Buffer.alloc(0) : readFileSync(path);
    else if (descriptor !== 1 && descriptor !== 2) throw new Error(`descriptor ${descriptor} is not known here`);
    else if (operator === '>&') result[name] = path === '1' ? result.stdout : result.stderr;
    else result[name] = writerTo(path, operator, 0o666 & ~session.umask);
  }
  return result;
}

function writerTo(path: string, operator: '>' | '>>', mode: number): Write {
  if (path === '/dev/null') return () => {};
  if (operator === '>') writeFileSync(path, '', { mode });
  return (bytes) => appendFileSync(path, bytes, { mode });
}

/** A word as one text: in an assignment, or as the name of a file. */
async function expandToText(session: Session, word: Word, streams: Streams): Promise<string> {
  return (
    await expand(
      session,
      word.map((part) => ({ ...part, isQuoted: true })),
      streams,
    )
  ).join('');
}

/** The words that a word becomes: values that are not quoted are split at white space. */
async function expand(session: Session, word: Word, streams: Streams): Promise<string[]> {
  const words: string[] = [];
  let current: string | undefined;
  for (const part of word) {
    const value = 'text' in part ? part.text : await outputOrValue(session, part, streams);
    if (part.isQuoted || 'text' in part) {
      current = (current ?? '') + value;
      continue;
    }
    const [first = '', ...others] = value.trim() === '' ? [] : value.trim().split(/\s+/);
    if (first !== '') current = (current ?? '') + first;
    for (const other of others) {
      words.push(current as string);
      current = other;
    }
  }
  return current === undefined ? words : [...words, current];
}

async function outputOrValue(
  session: Session,
  part: { variable: string } | { command: Sequence },
  streams: Streams,
): Promise<string> {
  if ('variable' in part) {
    const value = part.variable === '?' ? String(session.lastExit) : session.variables.get(part.variable);
    if (value === undefined) throw new Error(`$${part.variable} is not set`);
    return value;
  }
  const written: Uint8Array[] = [];
  await runSequence(session, part.command, { ...streams, stdout: (bytes) => void written.push(bytes) });
  return Buffer.concat(written).toString().replace(/\n+$/, '');
}
