/** Replaces hashes of other programs by our own kind, once a right password shows what to hash. */
import { setTimeout } from 'node:timers/promises';
import { passwordProblem, type User } from '../../token/account.js';
import { hashPassword, isCutByBcrypt } from './password.js';
import { isOwnKind } from './password-hash.js';
import { replaceHashes } from './users.js';

/**
 * A write is followed by a rest of so many times its length. Reading and writing a file of tens of thousands of users takes a good part of
 * a second, here and in each process that sees the change, and after an import every log-in changes it.
 */
const restPerWrite = 50;

/**
 * Returns a function that replaces the hash of a user after a right password. It returns at once; many changes are written together.
 * @param onFailure is called if the file cannot be written. The hashes then stay as they are.
 */
export function openPasswordRenewal(
  path: string,
  onFailure: (error: unknown) => void,
): { renew(user: User, password: string): void; close(): Promise<void> } {
  const pending = new Map<string, { readonly before: string; readonly after: string }>();
  const hashing = new Set<Promise<void>>();
  let writing: Promise<void> | undefined;
  const closing = new AbortController();
  const rest = (milliseconds: number) =>
    setTimeout(milliseconds, undefined, { ref: false, signal: closing.signal }).catch(() => {});
  const write = async () => {
    while (pending.size > 0) {
      const changes = new Map(pending);
      pending.clear();
      const begin = performance.now();
      await replaceHashes(path, changes).catch(onFailure);
      await rest(restPerWrite * (performance.now() - begin));
    }
    writing = undefined;
  };
  const hash = async ({ name, passwordHash: before }: User, password: string) => {
    const after = await hashPassword(password).catch(onFailure);
    if (after === undefined) return;
    pending.set(name, { before, after });
    writing ??= write();
  };
  return {
    renew(user, password) {
      if (isOwnKind(user.passwordHash)) return;
      // bcrypt has not looked at the rest of a long password, so that it may be a slip.
      if (isCutByBcrypt(password, user.passwordHash) || passwordProblem(password) !== undefined) return;
      const work = hash(user, password).finally(() => hashing.delete(work));
      hashing.add(work);
    },
    async close() {
      await Promise.all(hashing);
      closing.abort();
      await writing;
    },
  };
}
