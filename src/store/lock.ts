import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { JwtkitError } from '../errors.js';
import { hasErrorCode, notWritable } from './files.js';

/** How long a writer waits for another, in milliseconds. */
const patience = 10_000;
/** The age in milliseconds at which the lock of another host is taken for abandoned: writers hold it for a few. */
const abandonedAfter = 30_000;
/** The same for a lock that does not name its holder: one that was killed between making the file and writing to it. */
const namelessAfter = 2_000;

/**
 * Runs `action` while this process alone holds the lock file at `path`. The file names its holder, so that the lock of a
 * killed process is recognised and removed.
 * @throws {JwtkitError} KEYRING_BUSY when a living process keeps the lock; FILE_NOT_WRITABLE.
 */
export async function withLock<T>(path: string, action: () => T | Promise<T>): Promise<T> {
  const deadline = Date.now() + patience;
  while (!acquire(path)) {
    if (isAbandoned(path)) removeAbandoned(path);
    else if (Date.now() > deadline) {
      throw new JwtkitError('KEYRING_BUSY', `another process keeps ${path} locked`, {
        hint: 'try again; if no other jwtkit runs, remove the file',
      });
    } else await new Promise((resolve) => setTimeout(resolve, 5 + Math.random() * 20));
  }
  try {
    return await action();
  } finally {
    rmSync(path, { force: true });
  }
}

function acquire(path: string): boolean {
  try {
    writeFileSync(path, JSON.stringify({ pid: process.pid, host: hostname() }), { flag: 'wx', mode: 0o600 });
    return true;
  } catch (error) {
    if (hasErrorCode(error, 'EEXIST')) return false;
    throw notWritable(path, error);
  }
}

function isAbandoned(path: string): boolean {
  try {
    const { pid, host } = JSON.parse(readFileSync(path, 'utf8')) as { pid?: unknown; host?: unknown };
    if (host !== hostname()) return ageOf(path) > abandonedAfter;
    return typeof pid === 'number' && !isAlive(pid);
  } catch (error) {
    // Gone already (the next attempt will tell), or without a name.
    return !hasErrorCode(error, 'ENOENT') && ageOf(path) > namelessAfter;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !hasErrorCode(error, 'ESRCH');
  }
}

/**
 * Only one process at a time removes a dead lock, and looks again before it does: else a slower one could remove the
 * fresh lock of whoever was faster.
 */
function removeAbandoned(path: string): void {
  const broom = `${path}.broom`;
  if (!acquire(broom)) {
    if (isAbandoned(broom)) rmSync(broom, { force: true });
    return;
  }
  try {
    if (isAbandoned(path)) rmSync(path, { force: true });
  } finally {
    rmSync(broom, { force: true });
  }
}

/** Milliseconds since a file was written; 0 for one that is gone. */
function ageOf(path: string): number {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}
