/** Who may ask a server for tokens: people with a name and a password, programs with an id and a secret. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { decodeBase64url } from '../jose/base64url.js';
import { isScopeToken } from './claims.js';

/** Somebody who logs in with a name and a password. */
export interface User {
  /** Compared exactly, character by character: neither case nor Unicode form is levelled. */
  readonly name: string;
  /** The `sub` of the tokens; no other user has it, and no client ever does. */
  readonly sub: string;
  readonly roles: readonly string[];
  /** Scope tokens (RFC 6749 §3.3) that the user may be granted. */
  readonly scopes: readonly string[];
  /** PHC string, argon2id. */
  readonly passwordHash: string;
}

/** A program that authenticates with an id and a secret (RFC 6749 §2.3.1). */
export interface Client {
  /** Made, never chosen, and the `sub` of the client's own tokens; begins with {@link clientIdPrefix}. */
  readonly id: string;
  readonly name: string;
  /** Scope tokens (RFC 6749 §3.3) that the client may be granted. */
  readonly scopes: readonly string[];
  /** SHA-256 of the secret, base64url: the secret is 256 random bits, which need no slow hash. */
  readonly secretHash: string;
}

/** The accounts as they are now; asked anew for each request. */
export interface Accounts {
  userByName(name: string): User | undefined;
  userBySub(sub: string): User | undefined;
  /** Whether users are kept here at all, be there none left; where they are not, subjects are known elsewhere. */
  hasUsers(): boolean;
  clientById(id: string): Client | undefined;
}

/** What the id of every client begins with, and the `sub` of no user. */
export const clientIdPrefix = 'client-';

/**
 * The scope tokens to grant: those asked for that are allowed, in the order asked; all that is allowed where nothing is asked,
 * an empty `scope` parameter included (RFC 6749 §3.1, §3.3).
 */
export function grantScopes(asked: readonly string[] | undefined, allowed: readonly string[]): string[] {
  if (asked === undefined || asked.length === 0) return [...allowed];
  return [...new Set(asked)].filter((scope) => allowed.includes(scope));
}

/** The SHA-256 of a client's secret as base64url, which is what is kept of it. */
export function hashClientSecret(secret: string): string {
  return createHash('sha256').update(secret, 'utf8').digest('base64url');
}

/** Whether a secret is that of a client, in constant time: the same work is done where there is no client. */
export function isClientSecret(client: Client | undefined, secret: string): boolean {
  const known = decodeBase64url(client?.secretHash ?? nobodysHash);
  const given = createHash('sha256').update(secret, 'utf8').digest();
  return known?.length === given.length && timingSafeEqual(known, given) && client !== undefined;
}

/** Stands in for the hash of a client that there is not. */
const nobodysHash = Buffer.alloc(32).toString('base64url');

/** The longest name, `sub` or role, in UTF-16 units: OpenID Connect Core §2 allows a `sub` no more. */
const maxLength = 255;

/** What is wrong with the name of a user or a client, or with a role: completes "the name …"; undefined for a sound one. */
export function labelProblem(text: string): string | undefined {
  if (text === '') return 'is empty';
  if (text.length > maxLength) return `is longer than ${maxLength} characters`;
  if (!text.isWellFormed()) return 'has a lone surrogate';
  // Nothing is trimmed: what is stored is what has to be typed.
  if (text !== text.trim()) return 'begins or ends with white space';
  // Two names that look the same must not be two.
  if (/[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}]/u.test(text)) return 'has a control or an invisible character';
  return undefined;
}

/** What is wrong with the `sub` of a user: completes "the sub …"; undefined for a sound one. */
export function subjectProblem(sub: string): string | undefined {
  if (sub.startsWith(clientIdPrefix)) return `begins with ${clientIdPrefix}, as the ids of clients do`;
  return labelProblem(sub);
}

/** What is wrong with a scope token: completes "the scope …"; undefined for a sound one. */
export function scopeProblem(scope: string): string | undefined {
  return isScopeToken(scope) ? undefined : 'is not a scope token (RFC 6749 §3.3)';
}

/** Whether a text is the id of a client, so that no client may be named so. */
export function isClientId(text: string): boolean {
  return /^client-[\w-]{22,128}$/.test(text);
}
