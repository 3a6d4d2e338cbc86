/**
 * Passwords, hashed by argon2id with the parameters of OWASP's Password Storage Cheat Sheet. A password is normalized (NFKC,
 * NIST SP 800-63B §5.1.1.2) both when it is set and when it is checked: keyboards write `ä` as one character or as two,
 * and full-width letters for plain ones. Hashes of other programs are checked against the password as it was typed, too.
 */
import { JwtkitError } from '../../errors.js';
import { requireText } from '../../jose/arguments.js';
import { isReference, unresolvedHint } from '../../jose/unresolved.js';
import { isPasswordInBounds, passwordProblem } from '../../token/account.js';
import { loadArgon2 } from './argon2.js';
import { passwordCost } from './password-cost.js';
import { isBcrypt, likeOurs, normalizeBcrypt, passwordHashProblem } from './password-hash.js';

/** Whether a password matches a bcrypt hash. */
export type CompareBcrypt = (password: string, hash: string) => Promise<boolean>;

/**
 * Hashes a password to a PHC string, off this thread.
 * @throws {JwtkitError} USAGE_INVALID for one that is empty, longer than 1024 bytes of UTF-8, has control characters, or is the name
 * of a variable in the place of its value.
 */
export async function hashPassword(password: string): Promise<string> {
  requireText(password, 'password');
  const problem = passwordProblem(password);
  const hint = isReference(password) ? unresolvedHint : undefined;
  if (problem !== undefined) throw new JwtkitError('USAGE_INVALID', `the password ${problem}`, { hint });
  return loadArgon2().hash(password.normalize('NFKC'), passwordCost);
}

/**
 * Whether a password matches a hash. argon2id runs off this thread. Without a hash, or with a password that is too long, it does the
 * work of our own kind of hash, so that its time does not tell which users exist; see `openPasswordCheck` for other kinds.
 * @param compareBcrypt checks bcrypt hashes; by default on this thread, in pieces of a tenth of a second.
 */
export async function isPassword(
  password: string,
  hash: string | undefined,
  compareBcrypt: CompareBcrypt = compareHere,
): Promise<boolean> {
  requireText(password, 'password');
  if (hash !== undefined) requireHash(hash);
  const isFit = hash !== undefined && isPasswordInBounds(password);
  for (const typed of formsOf(password)) {
    // As many checks without a hash.
    const isRight = await (isFit ? verify(typed, hash, compareBcrypt) : verify('', likeOurs, compareBcrypt));
    if (isRight && isFit) return true;
  }
  return false;
}

/** The hash of a user was checked when it was read; another caller's may be anything. */
function requireHash(hash: string): void {
  requireText(hash, 'hash');
  const problem = passwordHashProblem(hash);
  if (problem !== undefined) throw new JwtkitError('USAGE_INVALID', `the hash ${problem}`);
}

/** Returns the texts that a hash may be made from: the normalized password, and what was typed, which another program may have hashed. */
export function formsOf(password: string): string[] {
  return isPasswordInBounds(password) ? [...new Set([password.normalize('NFKC'), password])] : [''];
}

/** Whether a bcrypt hash tells nothing of the end of a password: it takes the first 72 bytes. */
export function isCutByBcrypt(password: string, hash: string): boolean {
  return isBcrypt(hash) && Buffer.byteLength(password, 'utf8') > 72;
}

function verify(password: string, hash: string, compareBcrypt: CompareBcrypt): Promise<boolean> {
  return isBcrypt(hash) ? compareBcrypt(password, normalizeBcrypt(hash)) : loadArgon2().verify(hash, password);
}

const compareHere: CompareBcrypt = async (password, hash) => (await import('bcryptjs')).compare(password, hash);
