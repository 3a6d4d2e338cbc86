/**
 * Passwords, hashed by argon2id with the parameters of OWASP's Password Storage Cheat Sheet. A password is normalized (NFKC,
 * NIST SP 800-63B §5.1.1.2) both when it is set and when it is checked: keyboards write `ä` as one character or as two,
 * and full-width letters for plain ones. Hashes of other programs are checked against the password as it was typed, too.
 */
import { JwtkitError } from '../../errors.js';
import { isReference, unresolvedProblem } from '../../jose/unresolved.js';
import { loadArgon2 } from './argon2.js';
import { passwordCost } from './password-cost.js';
import { isBcrypt, likeOurs, normalizeBcrypt } from './password-hash.js';

/** The longest password in bytes of UTF-8, once normalized. */
const maxPasswordBytes = 1024;

/** Whether a password matches a bcrypt hash. */
export type CompareBcrypt = (password: string, hash: string) => Promise<boolean>;

/**
 * Hashes a password to a PHC string, off this thread.
 * @throws {JwtkitError} USAGE_INVALID for one that is empty, longer than 1024 bytes of UTF-8, has control characters, or is the name
 * of a variable in the place of its value.
 */
export async function hashPassword(password: string): Promise<string> {
  const problem = passwordProblem(password);
  if (problem !== undefined) throw new JwtkitError('USAGE_INVALID', `the password ${problem}`);
  return loadArgon2().hash(password.normalize('NFKC'), passwordCost);
}

/** Returns what is wrong with a new password, to complete "the password …"; undefined for a sound one. */
export function passwordProblem(password: string): string | undefined {
  if (password === '') return 'is empty';
  if (!isBounded(password)) return `has more than ${maxPasswordBytes} bytes`;
  if (!password.isWellFormed()) return 'is not Unicode text';
  // A person cannot type such a character into a form.
  if (/\p{Cc}/u.test(password)) return 'holds a line end or another control character';
  if (isReference(password)) return unresolvedProblem;
  return undefined;
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
  const isFit = hash !== undefined && isBounded(password);
  for (const typed of formsOf(password)) {
    // As many checks without a hash.
    const isRight = await (isFit ? verify(typed, hash, compareBcrypt) : verify('', likeOurs, compareBcrypt));
    if (isRight && isFit) return true;
  }
  return false;
}

/** Returns the texts that a hash may be made from: the normalized password, and what was typed, which another program may have hashed. */
export function formsOf(password: string): string[] {
  return isBounded(password) ? [...new Set([password.normalize('NFKC'), password])] : [''];
}

/** Whether a bcrypt hash tells nothing of the end of a password: it takes the first 72 bytes. */
export function isCutByBcrypt(password: string, hash: string): boolean {
  return isBcrypt(hash) && Buffer.byteLength(password, 'utf8') > 72;
}

function verify(password: string, hash: string, compareBcrypt: CompareBcrypt): Promise<boolean> {
  return isBcrypt(hash) ? compareBcrypt(password, normalizeBcrypt(hash)) : loadArgon2().verify(hash, password);
}

const compareHere: CompareBcrypt = async (password, hash) => (await import('bcryptjs')).compare(password, hash);

function isBounded(password: string): boolean {
  // A longer text cannot shrink to the limit by normalization; measuring it would cost time.
  if (password.length > 4 * maxPasswordBytes) return false;
  return Buffer.byteLength(password.normalize('NFKC'), 'utf8') <= maxPasswordBytes;
}
