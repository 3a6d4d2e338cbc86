/**
 * Passwords, hashed by argon2id with the parameters of OWASP's Password Storage Cheat Sheet. A password is normalized (NFKC,
 * NIST SP 800-63B §5.1.1.2) both when it is set and when it is checked: keyboards write `ä` as one character or as two,
 * and full-width letters for plain ones.
 */
import { JwtkitError } from '../../errors.js';
import { loadArgon2 } from './argon2.js';
import { passwordCost } from './password-cost.js';

/** The longest password in bytes of UTF-8, once normalized. */
const maxPasswordBytes = 1024;

/** Stands in for the hash of an unknown user. Its parameters are the usual ones, and no password matches it. */
const nobodysHash = `$argon2id$v=19$m=${passwordCost.memoryCost},t=${passwordCost.timeCost},p=${passwordCost.parallelism}$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/**
 * Hashes a password to a PHC string, off this thread.
 * @throws {JwtkitError} USAGE_INVALID for one that is empty, longer than 1024 bytes of UTF-8 or has control characters.
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
  return undefined;
}

/**
 * Whether a password matches a hash, off this thread. Without a hash, or with a password that is too long, it does the same work, so
 * that its time does not tell which users exist.
 */
export async function isPassword(password: string, hash: string | undefined): Promise<boolean> {
  const isFit = hash !== undefined && isBounded(password);
  const isRight = await loadArgon2().verify(isFit ? hash : nobodysHash, isFit ? password.normalize('NFKC') : '');
  return isRight && isFit;
}

function isBounded(password: string): boolean {
  // A longer text cannot shrink to the limit by normalization; measuring it would cost time.
  if (password.length > 4 * maxPasswordBytes) return false;
  return Buffer.byteLength(password.normalize('NFKC'), 'utf8') <= maxPasswordBytes;
}

/**
 * Returns what is wrong with a password hash, to complete "the hash …"; undefined for a sound one. It may have other
 * parameters than ours, within the bounds of one check.
 */
export function passwordHashProblem(hash: string): string | undefined {
  const match = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([\w+/]{11,86})\$([\w+/]{22,86})$/.exec(hash);
  const [, m, t, p, ...texts] = match ?? [];
  if (match === null || !texts.every(isBase64)) return 'is not a PHC string of argon2id, version 19';
  const [memory, passes, lanes] = [m, t, p].map(Number) as [number, number, number];
  if (memory > maxMemory || passes < 1 || lanes < 1 || memory < 8 * lanes) return 'asks for more work than is allowed';
  return undefined;
}

/** Whether a text is base64 without padding and stray bits, as in the PHC string format. */
function isBase64(text: string): boolean {
  return Buffer.from(text, 'base64').toString('base64').replace(/=+$/, '') === text;
}

/** The most memory for one check, in KiB. */
const maxMemory = 262_144;
