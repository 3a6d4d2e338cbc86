/** The real world of a command: this process's streams, variables, clock and signals. */
import { fstatSync, readSync, type Stats, statSync, write, writeSync } from 'node:fs';
import { errorCodeOf, JwtkitError } from '../../errors.js';
import { descriptorSource } from '../../files/byte-source.js';
import { notWritable } from '../../files/system-error.js';
import type { Output, World } from './io.js';

/** Returns the world of this process. It uses descriptors: `process.stdout` alone takes a tenth of Node's own start. */
export function processIo(): World {
  closeDebugger();
  const stderr = output(2, () => process.stderr);
  return {
    env: process.env,
    stdin: {
      get isTerminal() {
        return isTerminal(0);
      },
      read: (maxBytes) => Buffer.concat([...readChunks(0, maxBytes + 1)]),
      open: () => descriptorSource(0, 'standard input', () => process.stdin),
    },
    stdout: output(1, () => process.stdout),
    stderr,
    askHidden: async (question) => (await import('./prompt.js')).askHidden(question),
    now: () => Math.floor(Date.now() / 1000),
    workerFile: () => bundleFile('./batch-worker.cjs'),
    bcryptWorkerFile: () => bundleFile('./bcrypt-worker.cjs'),
    onInterrupt,
    onStop,
    openLog: async (options) => (await import('../../server/processes/log-output.js')).openLogOutput(1, options),
    nextSecond: () => new Promise((resolve) => setTimeout(resolve, 1000 - (Date.now() % 1000) + 1)),
  };
}

/** Ignores SIGUSR1: Node would open a debugger on a port of this machine, on which every local user runs code in this process. */
function closeDebugger(): void {
  process.on('SIGUSR1', () => {});
}

/** Milliseconds in which a second signal is the same one: npm and others pass on what the whole group of processes got already. */
const sameSignal = 1000;

function onStop(action: () => void): void {
  const signals = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const;
  let isStopping = false;
  const stop = () => {
    if (isStopping) return;
    isStopping = true;
    const obeyAgain = () => {
      for (const signal of signals) process.off(signal, stop);
    };
    setTimeout(obeyAgain, sameSignal).unref();
    action();
  };
  for (const signal of signals) process.on(signal, stop);
  // A terminal that closes sends it twice, by the kernel and by the shell: the second one must not end the process.
  process.on('SIGHUP', stop).on('SIGHUP', () => {});
}

/** After a second the signal ends the process: a write may wait for a reader that never comes. */
function onInterrupt(action: () => void): () => void {
  const listener = () => {
    action();
    setTimeout(() => process.kill(process.pid, 'SIGINT'), 1000).unref();
  };
  process.once('SIGINT', listener);
  return () => process.off('SIGINT', listener);
}

/** Asks the descriptor first, since node:tty loads slowly: a terminal is a character device other than /dev/null. */
function isTerminal(descriptor: number): boolean {
  try {
    if (process.platform !== 'win32') {
      const stat = fstatSync(descriptor);
      if (!stat.isCharacterDevice() || stat.rdev === statSync('/dev/null').rdev) return false;
    }
    return process.getBuiltinModule('node:tty').isatty(descriptor);
  } catch {
    return false;
  }
}

/** A failed write to stdout is an error; to stderr it is ignored. */
function output(descriptor: 1 | 2, stream: () => NodeJS.WriteStream): Output {
  let isClosed = false;
  let hasTerminal: boolean | undefined;
  let stats: Stats | undefined;
  const fail = (error: unknown) => {
    if (errorCodeOf(error) === 'EPIPE') isClosed = true;
    else if (descriptor === 1) throw notWritable('to standard output', error);
  };
  return {
    get isTerminal() {
      hasTerminal ??= isTerminal(descriptor);
      return hasTerminal;
    },
    stream,
    get columns() {
      return stream().columns;
    },
    get isClosed() {
      return isClosed;
    },
    write(content) {
      const bytes = typeof content === 'string' ? Buffer.from(content, 'utf8') : content;
      for (let at = 0; at < bytes.length && !isClosed; ) {
        try {
          at += writeSync(descriptor, bytes, at);
        } catch (error) {
          if (errorCodeOf(error) === 'EAGAIN') pause();
          else return fail(error);
        }
      }
    },
    async writeLines(lines, signal) {
      stats ??= fstatSync(descriptor);
      const pieceBytes = stats.isFIFO() || stats.isSocket() ? atomicBytes : lines.length;
      for (let at = 0; at < lines.length && !isClosed && !signal.aborted; ) {
        const end = endOfLines(lines, at, pieceBytes);
        while (at < end) {
          try {
            at += await writeSome(descriptor, lines.subarray(at, end));
          } catch (error) {
            if (errorCodeOf(error) !== 'EAGAIN') return fail(error);
            await new Promise((resolve) => setTimeout(resolve, 5));
          }
        }
      }
    },
  };
}

/** What Linux writes to a pipe whole or not at all (PIPE_BUF), in bytes. */
const atomicBytes = 4096;

/** Returns the end of the whole lines from `start` within `size` bytes, or of one line that is longer. */
function endOfLines(lines: Uint8Array, start: number, size: number): number {
  if (lines.length - start <= size) return lines.length;
  const last = lines.lastIndexOf(0x0a, start + size - 1);
  const end = last >= start ? last : lines.indexOf(0x0a, start);
  return end < 0 ? lines.length : end + 1;
}

function writeSome(descriptor: number, bytes: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    write(descriptor, bytes, (error, count) => (error === null ? resolve(count) : reject(error)));
  });
}

/** Reads to the end, or until `maxBytes` have been read. */
function* readChunks(descriptor: number, maxBytes: number): Generator<Uint8Array> {
  let free = Buffer.alloc(0);
  for (let left = maxBytes; left > 0; ) {
    if (free.length === 0) free = Buffer.alloc(Math.min(65_536, left));
    try {
      const count = readSync(descriptor, free);
      if (count === 0) return;
      left -= count;
      yield free.subarray(0, count);
      free = free.subarray(count);
    } catch (error) {
      const code = errorCodeOf(error);
      if (code === 'EOF') return;
      if (code !== 'EAGAIN') {
        const problem = `cannot read standard input: ${code || 'unknown error'}`;
        throw new JwtkitError('FILE_NOT_READABLE', problem, { cause: error });
      }
      pause();
    }
  }
}

/** Waits 5 ms for a descriptor that another program made non-blocking. */
function pause(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5);
}

/** Returns the path of a file of the bundle. */
function bundleFile(name: string): string {
  const { createRequire } = process.getBuiltinModule('node:module');
  return createRequire(import.meta.url).resolve(name);
}
