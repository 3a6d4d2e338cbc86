/**
 * Passwords, hashed by argon2id with the parameters of OWASP's Password Storage Cheat Sheet. A password is normalized (NFKC,
 * NIST SP 800-63B §5.1.1.2) both when it is set and when it is checked: keyboards write `ä` as one character or as two,
 * and full-width letters for plain ones.
 */
import { createRequire } from 'node:module';
import { JwtkitError } from '../errors.js';

/** argon2id is the package's default, and so is version 0x13. */
const parameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;

/** The longest password in bytes of UTF-8, once normalized. */
export const maxPasswordBytes = 1024;

/** A password of {@link maxPasswordBytes} may be typed in at most four times as many UTF-16 units. */
const maxTypedLength = 4 * maxPasswordBytes;

/** Stands in for the hash of a user that there is not: made as all others are, but of nothing that anybody could type. */
const nobodysHash = `$argon2id$v=19$m=${parameters.memoryCost},t=${parameters.timeCost},p=${parameters.parallelism}$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/**
 * Hashes a password to a PHC string, off this thread.
 * @throws {JwtkitError} USAGE_INVALID for one that is empty, longer than 1024 bytes of UTF-8 or has control characters.
 */
export async function hashPassword(password: string): Promise<string> {
  const problem = passwordProblem(password);
  if (problem !== undefined) throw new JwtkitError('USAGE_INVALID', `the password ${problem}`);
  return argon2().hash(password.normalize('NFKC'), parameters);
}

/** What is wrong with a password that is to be set: completes "the password …"; undefined for a sound one. */
export function passwordProblem(password: string): string | undefined {
  if (password === '') return 'is empty';
  if (!isBounded(password)) return `has more than ${maxPasswordBytes} bytes`;
  if (!password.isWellFormed()) return 'is not Unicode text';
  // Nobody could type it into a form.
  if (/\p{Cc}/u.test(password)) return 'holds a line end or another control character';
  return undefined;
}

/**
 * Whether a password is the one of a hash, off this thread. Without a hash, or with a password longer than any can be, the
 * same work is done in vain, so that nobody learns by the clock which names there are.
 */
export async function isPassword(password: string, hash: string | undefined): Promise<boolean> {
  const isFit = hash !== undefined && isBounded(password);
  const isRight = await argon2().verify(isFit ? hash : nobodysHash, isFit ? password.normalize('NFKC') : '');
  return isRight && isFit;
}

function isBounded(password: string): boolean {
  if (password.length > maxTypedLength) return false;
  return Buffer.byteLength(password.normalize('NFKC'), 'utf8') <= maxPasswordBytes;
}

/**
 * What is wrong with a text as the hash of a password: completes "the hash …"; undefined for a sound one. Other parameters
 * than ours are read too, within what one check may cost.
 */
export function passwordHashProblem(hash: string): string | undefined {
  const match = /^\$argon2id\$v=19\$m=(\d{1,7}),t=(\d{1,2}),p=(\d{1,2})\$([\w+/]{11,86})\$([\w+/]{22,86})$/.exec(hash);
  const [, m, t, p, ...texts] = match ?? [];
  if (match === null || !texts.every(isBase64)) return 'is not a PHC string of argon2id, version 19';
  const [memory, passes, lanes] = [m, t, p].map(Number) as [number, number, number];
  if (memory > maxMemory || passes < 1 || lanes < 1 || memory < 8 * lanes) return 'asks for more work than is allowed';
  return undefined;
}

/** Base64 without padding and without stray bits, as the PHC string format has it. */
function isBase64(text: string): boolean {
  return Buffer.from(text, 'base64').toString('base64').replace(/=+$/, '') === text;
}

/** The most memory that the check of one password may take, in KiB. */
const maxMemory = 262_144;

/** Through require: dynamic import would set up the ES module loader, which a command has no other use for. */
function argon2(): typeof import('@node-rs/argon2') {
  return createRequire(import.meta.url)('@node-rs/argon2');
}
