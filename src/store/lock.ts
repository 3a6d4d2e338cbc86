import { notWritable } from './files.js';

/**
 * Runs `action` while no other process runs one under the same lock. The lock is the write lock of an empty LMDB
 * environment in a folder: the system gives it back when its holder is killed, which no lock file can promise.
 * @throws {JwtkitError} FILE_NOT_WRITABLE where the lock cannot be made; what `action` throws.
 */
export async function withLock<T>(folder: string, action: () => T): Promise<T> {
  // Loaded here: opening a keyring to read it takes no lock.
  const { openEnvironment } = await import('./lmdb-environment.js');
  const root = await openEnvironment(folder, { databases: [] }).catch((cause: unknown) => {
    throw notWritable(folder, cause);
  });
  try {
    let result: { value: T } | undefined;
    root.transactionSync(() => {
      result = { value: action() };
    });
    return (result as { value: T }).value;
  } finally {
    await root.close();
  }
}
