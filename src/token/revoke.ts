import { JwtkitError } from '../errors.js';
import { describeArgument } from '../jose/arguments.js';
import type { SkippedJwk } from '../jose/jwk-set.js';
import type { Key } from '../jose/key.js';
import { checkDeps, type OptionKinds } from '../jose/options.js';
import {
  type Denylist,
  keepFamilyUntil,
  keepTokenUntil,
  keptForGood,
  requireDenylist,
  tokenIdentity,
} from './denylist.js';
import { examine, type VerifiedToken } from './examine.js';
import { isNumericDate, requireNow } from './time.js';
import { refusalOf } from './verify.js';

/** What revoking needs. */
export interface RevokeDeps {
  readonly keys: readonly Key[];
  /** Members of the keys' sets that were left out. A refusal names the one that the token needs. */
  readonly skipped?: readonly SkippedJwk[] | undefined;
  readonly denylist: Denylist;
  /** NumericDate. */
  readonly now: number;
  /**
   * Seconds that a token of a session lives at most, after which the store can forget an ended session. If unknown, leave it
   * out: the store keeps the session for good.
   */
  readonly longestLifetime?: number | undefined;
  /** Called with a token whose signature holds, before anything is recorded. If it throws, nothing is revoked. */
  readonly permit?: ((token: VerifiedToken) => void) | undefined;
}

const depKinds: OptionKinds<RevokeDeps> = {
  keys: 'checked elsewhere',
  skipped: 'an array',
  denylist: 'checked elsewhere',
  now: 'checked elsewhere',
  longestLifetime: 'a number of seconds, 0 or more',
  permit: 'a function',
};

/** The result of revoking a token. */
export interface RevokedToken {
  readonly jti: string | null;
  /** Set if the whole session was ended, as for a refresh token (RFC 7009 §2.1). */
  readonly family: string | null;
  /** False for a token that had expired already: it needs no entry. */
  readonly recorded: boolean;
}

/**
 * Revokes a token, and with a refresh token its whole session. Only the signature must hold, so that forged tokens cannot fill
 * the store.
 * @throws {JwtkitError} the codes of a token without a valid signature; CLAIM_MISSING for one without `jti`;
 * STORE_UNAVAILABLE.
 */
export async function revokeToken(token: string, deps: RevokeDeps): Promise<RevokedToken> {
  checkDeps('the second argument', deps, '{ keys, denylist, now }', depKinds);
  const { keys, skipped, denylist, now, permit } = deps;
  requireDenylist(denylist, 'add');
  const policy = { type: 'any', anyAudience: true, allowNoExp: true, allowExpiredCertificate: true } as const;
  const examined = examine(token, policy, { keys, skipped, now });
  const { verified } = examined;
  if (verified === undefined) throw refusalOf(examined);
  permit?.(verified);
  const { claims } = verified;
  const { jti, family } = tokenIdentity(claims);
  const isRefresh = claims.type === 'refresh';
  // A session without a name is named after its first refresh token, as after a rotation.
  const session = isRefresh ? (family ?? jti ?? null) : null;
  if (jti === undefined && session === null) {
    throw new JwtkitError('CLAIM_MISSING', 'token has no jti to revoke it by', {
      hint: "revoke all of the subject's tokens with: jwtkit revoke --sub ID",
    });
  }
  const until = keepTokenUntil(isNumericDate(claims.exp) ? claims.exp : undefined);
  const isOver = until <= now;
  if (jti !== undefined && !isOver) await denylist.add({ kind: 'token', id: jti, reason: 'revoked', until });
  // The access tokens of a session with a name may outlive its refresh token.
  const endsSession = session !== null && (!isOver || family !== undefined);
  if (endsSession) {
    // A used token does not show how long its successors live; neither does a token whose entry may be gone.
    const isLatest = jti !== undefined && !isOver && !(await wasConsumed(jti, denylist));
    const longest = isLatest ? deps.longestLifetime : undefined;
    await denylist.add({ kind: 'family', id: session, until: keepFamilyUntil(claims, now, longest) }).catch((cause) => {
      if (!(cause instanceof JwtkitError) || jti === undefined || isOver) throw cause;
      const message = `the token is revoked, but its session is not ended: ${cause.message}`;
      throw new JwtkitError(cause.code, message, { hint: cause.hint, cause });
    });
  }
  return { jti: jti ?? null, family: session, recorded: !isOver || endsSession };
}

/** Whether a revoked token had been used before. */
async function wasConsumed(jti: string, denylist: Denylist): Promise<boolean> {
  const entry = await denylist.find({ jti });
  return entry?.kind === 'token' && entry.reason === 'consumed';
}

/**
 * Revokes by `jti`, without the token itself; `exp` is when it expires.
 * @throws {JwtkitError} STORE_UNAVAILABLE; USAGE_INVALID for a time that is no NumericDate.
 */
export async function revokeTokenId(jti: string, exp: number, deps: Omit<RevokeDeps, 'keys'>): Promise<RevokedToken> {
  requireId('jti', jti);
  checkDeps('the third argument', deps, '{ denylist, now }', depKinds as OptionKinds<typeof deps>);
  const { denylist, now } = deps;
  requireDenylist(denylist, 'add');
  requireNow(now);
  const until = keepTokenUntil(requireNow(exp, 'exp'));
  const recorded = until > now;
  if (recorded) await denylist.add({ kind: 'token', id: jti, reason: 'revoked', until });
  return { jti, family: null, recorded };
}

/**
 * Revokes every token of a subject with an `iat` up to and including now. An `iat` is whole seconds: wait for the next second
 * before you issue a new token.
 * @throws {JwtkitError} STORE_UNAVAILABLE; USAGE_INVALID for a time that is no NumericDate.
 */
export async function revokeSubject(sub: string, deps: Omit<RevokeDeps, 'keys'>): Promise<void> {
  requireId('sub', sub);
  checkDeps('the second argument', deps, '{ denylist, now }', depKinds as OptionKinds<typeof deps>);
  const { denylist, now } = deps;
  requireDenylist(denylist, 'add');
  requireNow(now);
  await denylist.add({ kind: 'subject', id: sub, issuedUpTo: now, until: keptForGood });
}

/** Another type, or an empty text, would revoke nothing. */
function requireId(name: string, id: string): void {
  if (typeof id === 'string' && id !== '') return;
  const what = id === '' ? 'empty' : describeArgument(id);
  throw new JwtkitError('USAGE_INVALID', `${name} is ${what}, it must be a string`);
}
