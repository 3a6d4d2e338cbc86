/** The accounts of a service: users with a name and a password, clients with an id and a secret. */
import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import type { JsonObject } from '../jose/json.js';
import { isReference, isUnresolved, unresolvedProblem } from '../jose/unresolved.js';
import { inBoth, isScopeToken } from './claims.js';
import { isNoValue } from './no-value.js';

/** A person who logs in with a name and a password. */
export interface User {
  /** Compared character by character: case and Unicode form count. */
  readonly name: string;
  /** The `sub` of the tokens. No other user and no client has it. */
  readonly sub: string;
  readonly roles: readonly string[];
  /** Scope tokens (RFC 6749 §3.3) that the user may be granted. */
  readonly scopes: readonly string[];
  /** Further claims of the user's access tokens. Numbers may keep their text. */
  readonly claims?: Readonly<JsonObject> | undefined;
  /** PHC string, argon2id. */
  readonly passwordHash: string;
}

/** A program that authenticates with an id and a secret (RFC 6749 §2.3.1). */
export interface Client {
  /** Generated with {@link clientIdPrefix}, or chosen. Also the `sub` of the client's own tokens: no user may have it. */
  readonly id: string;
  readonly name: string;
  /** Scope tokens (RFC 6749 §3.3) that the client may be granted. */
  readonly scopes: readonly string[];
  /** The `aud` of the tokens that it is issued; those of the service if it has no list. */
  readonly audiences?: readonly string[] | undefined;
  /** Further claims of the client's own access tokens. Numbers may keep their text. */
  readonly claims?: Readonly<JsonObject> | undefined;
  /** SHA-256 of the secret, base64url: the secret has 128 random bits or more, which need no slow hash. */
  readonly secretHash: string;
}

/** The current accounts. Each request reads them again. */
export interface Accounts {
  userByName(name: string): User | undefined;
  userBySub(sub: string): User | undefined;
  /** Whether this service keeps users, even if none is left. If not, subjects come from elsewhere. */
  hasUsers(): boolean;
  clientById(id: string): Client | undefined;
}

/** Counts failed log-ins by user and address. */
export interface LoginLimits {
  /** Resolves to whether the password is right. After too many wrong ones, resolves to the seconds to wait. */
  attempt(address: string, user: string, check: () => Promise<boolean>): Promise<boolean | number>;
}

/** Every generated id of a client begins with this, and no user's `sub` does. */
export const clientIdPrefix = 'client-';

/** Returns the requested scope tokens that are allowed, in their order; all allowed ones if none is requested (RFC 6749 §3.3). */
export function grantScopes(asked: readonly string[] | undefined, allowed: readonly string[]): string[] {
  if (asked === undefined || asked.length === 0) return [...allowed];
  return inBoth(asked, allowed);
}

/**
 * Returns a new name for the session of a log-in: a UUID of version 8, which applications define (RFC 9562 §5.8). Other sessions
 * have other names. So a session shows that it has a user even if the file of users is lost.
 */
export function nameLoginSession(): string {
  const random = randomUUID();
  return `${random.slice(0, 14)}8${random.slice(15)}`;
}

/** Whether a session began with a log-in, by the `family` of one of its tokens. */
export function isLoginSession(family: unknown): boolean {
  return typeof family === 'string' && /^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[\da-f]{4}-[\da-f]{12}$/.test(family);
}

/** Returns the stored form of a client's secret: its SHA-256 as base64url. */
export function hashClientSecret(secret: string): string {
  return createHash('sha256').update(secret, 'utf8').digest('base64url');
}

/** Checks the secret of a client in constant time. Does the same work without a client. */
export function isClientSecret(client: Client | undefined, secret: string): boolean {
  const given = Buffer.from(hashClientSecret(secret));
  const known = Buffer.from(client?.secretHash ?? ''.padEnd(given.length, '-'));
  return known.length === given.length && timingSafeEqual(known, given) && client !== undefined;
}

/** The longest name, `sub` or role, in UTF-16 units: OpenID Connect Core §2 allows no longer `sub`. */
const maxLength = 255;

/** Returns what is wrong with a name or a role, to complete "the name …"; undefined if it is sound. */
export function labelProblem(text: string): string | undefined {
  if (text === '') return 'is empty';
  if (text.length > maxLength) return `is longer than ${maxLength} characters`;
  if (!text.isWellFormed()) return 'has a lone surrogate';
  // Names keep outer spaces: a user types the name as it is stored.
  if (text !== text.trim()) return 'begins or ends with white space';
  // Two different names must not look the same.
  if (/[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]/u.test(text)) return 'has a control or an invisible character';
  return undefined;
}

/** Returns what is wrong with the `sub` of a user, to complete "the sub …"; undefined if it is sound. */
export function subjectProblem(sub: string): string | undefined {
  if (sub.startsWith(clientIdPrefix)) return `begins with ${clientIdPrefix}, as the ids of clients do`;
  return labelProblem(sub);
}

/** Returns what is wrong with a scope token, to complete "the scope …"; undefined if it is sound. */
export function scopeProblem(scope: string): string | undefined {
  return isScopeToken(scope) ? undefined : 'is not a scope token (RFC 6749 §3.3)';
}

/**
 * Returns what is wrong with the id of a client, to complete "the id …"; undefined if it is sound. It needs no quotes in a shell and
 * no encoding in a header.
 */
export function clientIdProblem(id: string): string | undefined {
  if (id.length > 128) return 'is longer than 128 characters';
  return /^[A-Za-z0-9][\w.@-]*$/.test(id)
    ? undefined
    : 'has other characters than letters, digits, . _ - and @, or begins with one of these';
}

/**
 * Returns what is wrong with a chosen secret of a client, to complete "the secret …"; undefined if it is sound. One that a person
 * thought of could be found from its stored hash.
 */
export function clientSecretProblem(secret: string): string | undefined {
  if (isUnresolved(secret)) return unresolvedProblem;
  if (!/^[\x21-\x7e]*$/.test(secret)) return 'has other characters than visible ASCII';
  if (secret.length < 22 || new Set(secret).size < 8)
    return 'is too easy to guess: it needs 22 random characters or more';
  return secret.length > 512 ? 'is longer than 512 characters' : undefined;
}

/** The longest password in bytes of UTF-8, once normalized. */
const maxPasswordBytes = 1024;

/** Whether a password is short enough to be hashed. */
export function isPasswordInBounds(password: string): boolean {
  // A longer text cannot shrink to the limit by normalization; measuring it would cost time.
  if (password.length > 4 * maxPasswordBytes) return false;
  return Buffer.byteLength(password.normalize('NFKC'), 'utf8') <= maxPasswordBytes;
}

/** Returns what is wrong with a new password, to complete "the password …"; undefined for a sound one. */
export function passwordProblem(password: string): string | undefined {
  if (password === '') return 'is empty';
  if (!isPasswordInBounds(password)) return `has more than ${maxPasswordBytes} bytes`;
  if (!password.isWellFormed()) return 'is not Unicode text';
  // A person cannot type such a character into a form.
  if (/\p{Cc}/u.test(password)) return 'holds a line end or another control character';
  if (isReference(password)) return unresolvedProblem;
  if (looksLikeHash(password)) return 'is a hash; give it as password_hash, or with --password-hash';
  if (isNoValue(password) || /^[*•●]+$/.test(password))
    return 'is what another program writes for a value that is not there';
  return undefined;
}

/** Whether a text is a hash in the place of a password, as databases and frameworks write them. */
function looksLikeHash(text: string): boolean {
  return (
    /^(?:\{[A-Za-z][\w.@+-]{0,40}\})?\$(?:2[abxy]?|[1567y]|apr1|sm3|s0|argon2\w*|scrypt|pbkdf2[\w-]*|bcrypt[\w-]*)\$\S{16,}$/.test(
      text,
    ) ||
    /^(?:pbkdf2|scrypt|bcrypt|argon2|sha1|sha256|sha512|md5)[\w-]{0,20}[$:]\S{20,}$/.test(text) ||
    /^\{(?:S?MD5|S?SHA\d*|CRYPT|PBKDF2[\w-]*|bcrypt|scrypt|argon2)(?:@\w+)?\}\S{16,}$/i.test(text)
  );
}

/** Whether a text looks like a generated id of a client. No client may have it as its name. */
export function isClientId(text: string): boolean {
  return /^client-[\w-]{22,128}$/.test(text);
}
