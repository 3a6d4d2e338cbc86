/** LMDB environments: folders that several processes use at once. A kill leaves the last commit. */
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { getSystemErrorName } from 'node:util';
import type { RootDatabase, RootDatabaseOptionsWithPath } from 'lmdb';
import { hasErrorCode, JwtkitError } from '../../errors.js';
import { makeFolders } from '../../files/folders.js';
import { notWritable } from '../../files/system-error.js';
import { uniqueSuffix } from '../../files/write-files.js';
import { fileOf, isEnvironment } from './file.js';
import { expectRoom, takeLockRoom, takeRoom } from './room.js';

interface EnvironmentOptions {
  /** Named databases, made together with the environment. */
  readonly databases: readonly string[];
  readonly readOnly?: boolean;
  /** Fail if there is none, instead of making it. */
  readonly mustExist?: boolean;
}

const mostAttempts = 10;
/** MDB_BAD_TXN of lmdb.h. */
const badTransaction = -30_782;

/**
 * Opens the environment in a folder. Makes it if need be.
 * @throws {Error} of node:fs or LMDB. A system error has its name as `code` (`ENOSPC`), an error of LMDB a number.
 */
export async function openEnvironment(folder: string, options: EnvironmentOptions): Promise<RootDatabase> {
  if (options.mustExist !== true && !isEnvironment(folder)) await makeEnvironment(folder, options);
  for (let attempt = 1; ; attempt++) {
    try {
      return await openOnce(folder, options);
    } catch (error) {
      throwUnlessMomentary(error, attempt);
      await wait(attempt * 20);
    }
  }
}

/**
 * Runs an action in one transaction, which is on the disk when this returns. The action may run twice; an error that it throws undoes
 * everything. It is synchronous: an asynchronous commit of lmdb prints its own error, and never settles if no transaction can begin.
 * @throws {Error} as {@link openEnvironment}.
 */
export function inTransaction<T>(root: RootDatabase, action: () => T): T {
  for (let attempt = 1; ; attempt++) {
    try {
      return root.transactionSync(() => {
        // If no transaction can begin, lmdb runs the action without one, and so without the lock.
        if (root.getWriteTxnId() === 0) throw Object.assign(new Error('no transaction can begin'), { code: 'EINVAL' });
        return action();
      });
    } catch (error) {
      throwUnlessMomentary(error, attempt);
    }
  }
}

/**
 * Runs an action while no other process runs one under the same lock: the write lock of an empty environment in a folder. The system
 * releases it when its holder is killed, which a lock file cannot do.
 * @throws {JwtkitError} FILE_NOT_WRITABLE if the lock cannot be made; and what `action` throws.
 */
export async function withLock<T>(folder: string, action: () => T): Promise<T> {
  const root = await openEnvironment(folder, { databases: [] }).catch((cause: unknown) => {
    throw cause instanceof JwtkitError ? cause : notWritable(folder, cause);
  });
  let result: { value: T } | undefined;
  try {
    inTransaction(root, () => {
      result ??= { value: action() };
    });
    return (result as { value: T }).value;
  } catch (error) {
    // The action is done: the transaction is empty, so its own failure does not matter.
    if (result !== undefined) return result.value;
    throw hasErrorCode(error, 'EINVAL') ? notWritable(folder, error) : error;
  } finally {
    await root.close();
  }
}

/**
 * Throws an error of LMDB unless a new attempt may succeed: an environment may open without its mutexes ({@link openWithMutexes}), or
 * a transaction fail to commit right after the holder of the lock was killed (MDB_BAD_TXN).
 */
function throwUnlessMomentary(cause: unknown, attempt: number): void {
  const error = withErrorName(cause);
  const isMomentary = hasErrorCode(error, 'EINVAL') || (error as { code?: unknown }).code === badTransaction;
  if (attempt === mostAttempts || !isMomentary) throw error;
}

/** Returns an error with the name of a system error instead of its number. */
function withErrorName(error: unknown): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (typeof code !== 'number' || code <= 0) return error;
  return Object.assign(new Error((error as Error).message, { cause: error }), { code: getSystemErrorName(-code) });
}

/** Makes an environment beside its place and renames it. If another process was first, its environment stays. */
async function makeEnvironment(folder: string, options: EnvironmentOptions): Promise<void> {
  makeFolders(dirname(resolve(folder)));
  const temporary = `${resolve(folder)}.${uniqueSuffix()}.tmp`;
  mkdirSync(temporary, { mode: 0o700 });
  try {
    expectRoom(temporary);
    const root = await openOnce(temporary, { ...options, readOnly: false });
    try {
      inTransaction(root, () => {
        if (options.databases.length > 0) takeRoom(temporary, 1);
        for (const name of options.databases) root.openDB({ name, encoding: 'json' });
      });
    } finally {
      await root.close();
    }
    // LMDB applies the umask only, and a folder that others can write is not trusted.
    for (const name of readdirSync(temporary)) {
      const path = join(temporary, name);
      chmodSync(path, statSync(path).mode & 0o755);
    }
    renameSync(temporary, folder);
  } catch (error) {
    if (!hasErrorCode(error, 'ENOTEMPTY', 'EEXIST', 'EPERM') || !existsSync(folder)) throw withErrorName(error);
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

async function openOnce(folder: string, options: EnvironmentOptions): Promise<RootDatabase> {
  const { databases, readOnly = false, mustExist } = options;
  // Loaded on first use: the package is native.
  const lmdb = await import('lmdb');
  // Checked just before opening, since LMDB makes a missing folder even to read.
  if (mustExist === true && fileOf(folder) === undefined) throw new Error('it was removed while it was opened');
  takeLockRoom(folder);
  return openWithMutexes(lmdb, {
    path: folder,
    encoding: 'json',
    maxDbs: Math.max(1, databases.length),
    readOnly,
    noSubdir: false,
    // Otherwise others see a commit before it is on the disk, and a kill of its writer undoes it.
    overlappingSync: false,
  });
}

/**
 * Opens an environment, and closes it again if it has no mutexes. The last process that closes one destroys them, and another that
 * opens it at that moment gets it without: then no transaction begins until every process has closed it. The package does not
 * close an environment that it cannot use. So its native part opens it first and tries a transaction; the package then finds it open.
 * @throws {Error} EINVAL (22) without mutexes.
 */
function openWithMutexes(lmdb: typeof import('lmdb'), options: RootDatabaseOptionsWithPath): RootDatabase {
  const { Env, Txn } = (lmdb as unknown as { nativeAddon: NativePart }).nativeAddon;
  const { path, maxDbs, readOnly } = options;
  const environment = new Env();
  environment.open(
    { path, maxDbs, mapSize: firstMapBytes, keyBytes: Buffer.alloc(1) },
    readOnly === true ? readOnlyFlag : 0,
    0,
  );
  try {
    new Txn(environment, readOnlyFlag).abort();
    return lmdb.open(options);
  } finally {
    environment.close();
  }
}

/** What lmdb's JavaScript calls, as far as it is used here. */
interface NativePart {
  readonly Env: new () => { open(options: object, flags: number, jsFlags: number): void; close(): void };
  readonly Txn: new (environment: object, flags: number) => { abort(): void };
}

/** MDB_RDONLY of lmdb.h. */
const readOnlyFlag = 0x20000;
/** What the package maps at first. */
const firstMapBytes = 0x20000;
