/** Checks each claim of a token with a verified signature against the policy and the time (RFC 7519 §4.1, RFC 8725 §3). */
import { own, quoteText } from '../jose/json.js';
import { variableName } from '../jose/variable-name.js';
import { asList, commaHint, isString, isStringOrStrings, suggestNear } from './claims.js';
import type { DecodedToken } from './decode.js';
import { type Finding, failed, malformed, passed, skipped, skips } from './finding.js';
import { checkGranted } from './grant-checks.js';
import { isSameMediaType, type VerifyPolicy } from './policy.js';
import { withSessionClaims } from './refresh-form.js';
import { checkRequired } from './require-check.js';
import { checkExp, checkMaxAge, checkStart } from './time-checks.js';

/** Checks every claim that a policy or RFC 7519 speaks of, and the header's `typ`. A failed check does not end the others. */
export function checkClaims(findings: Finding[], token: DecodedToken, policy: VerifyPolicy, now: number): void {
  const { maxAge, leeway = 0, require: required } = policy;
  // A verifier that wants a refresh token asks what its access tokens will have.
  const granting = policy.type === 'refresh' ? withSessionClaims(token) : token;
  findings.push(
    checkExp(token, policy, now),
    checkStart('nbf', token, policy, now),
    checkStart('iat', token, policy, now),
    checkType(token, policy),
    checkAccepted('iss', token, policy.issuer),
    granting === token ? checkAud(token, policy) : checkRefreshAud(token, granting, policy),
    checkAccepted('sub', token, policy.subject),
    checkJti(token),
    checkGranted('scope', granting, policy.scope, policy.scopeClaim),
    checkGranted('role', granting, policy.role, policy.roleClaim),
  );
  if (maxAge !== undefined) findings.push(checkMaxAge(token, maxAge, leeway, now));
  for (const each of required ?? []) findings.push(checkRequired(token, each));
  findings.push(checkTyp(token, policy));
}

function checkType({ claims }: DecodedToken, { type }: VerifyPolicy): Finding {
  if (type === 'any') return skipped('type', 'any type is accepted');
  const value = own(claims, 'type');
  if (value === undefined) {
    if (type === undefined) return skips.absentAndNotWanted.type;
    return failed('type', 'CLAIM_MISSING', `token has no type, expected ${type}`);
  }
  const expected = type ?? 'access';
  if (value === expected) return passed('type', expected);
  const found = typeof value === 'string' ? JSON.stringify(value) : 'not a string';
  const canBeAccepted = type === undefined && typeof value === 'string';
  const hint = canBeAccepted ? `pass --type ${value === 'refresh' ? 'refresh' : 'any'} to accept it` : undefined;
  return failed('type', 'CLAIM_MISMATCH', `token type is ${found}, expected ${expected}`, hint);
}

/** Checks that `iss`, `aud` or `sub` has the right shape and is one of the accepted values, if the policy names any. */
function checkAccepted(
  name: 'iss' | 'aud' | 'sub',
  token: DecodedToken,
  accepted: string | readonly string[] | undefined,
): Finding {
  const value = own(token.claims, name);
  if (value === undefined) {
    if (accepted === undefined) return skips.absentAndNotWanted[name];
    return failed(name, 'CLAIM_MISSING', `token has no ${name}, ${expectedOneOf(accepted)}`);
  }
  if (!isShaped(name, value)) return malformed(token, name);
  if (accepted === undefined) return skips.notWanted[name];
  const match = findAccepted(value, accepted);
  if (match !== undefined) return passed(name, match);
  const hint = suggestMeant(asList(accepted), asList(value));
  return failed(name, 'CLAIM_MISMATCH', `token ${name} is ${quoteValues(value)}, ${expectedOneOf(accepted)}`, hint);
}

/** Says what is odd about an accepted value, if the token has what was probably meant: a list, quotes, a variable. */
function suggestMeant(accepted: readonly string[], held: readonly string[]): string | undefined {
  const variable = accepted.find((item) => variableName.test(item));
  if (variable !== undefined)
    return `${quoteText(variable)} is the name of a variable: nothing put its value in its place`;
  const bare = (text: string) => text.trim().replace(/^[[\]"',]{1,8}|[[\]"',]{1,8}$/g, '');
  const there = new Set(held);
  const quoted = accepted.find((item) => bare(item) !== item && there.has(bare(item)));
  if (quoted !== undefined) return `${quoteText(quoted)} has quotes, brackets or commas in it: write the value alone`;
  // Any of several is enough.
  const list = accepted.find((item) => item.includes(',') && item.split(',').some((part) => there.has(bare(part))));
  return list === undefined ? suggestNear(accepted, held) : commaHint(list);
}

function expectedOneOf(accepted: string | readonly string[] = []): string {
  return `expected ${asList(accepted)
    .map((item) => JSON.stringify(item))
    .join(' or ')}`;
}

/** Checks `aud`. RFC 7519 §4.1.3: a verifier without an audience refuses a token that has one. */
function checkAud(token: DecodedToken, { audience, anyAudience }: VerifyPolicy): Finding {
  const aud = own(token.claims, 'aud');
  if (audience !== undefined || !isStringOrStrings(aud)) return checkAccepted('aud', token, audience);
  if (anyAudience === true) return anyAudienceAccepted;
  const message = `token aud is ${quoteValues(aud)}, and no audience was named`;
  return failed('aud', 'CLAIM_MISMATCH', message, suggestAudience(asList(aud)));
}

const anyAudienceAccepted = skipped('aud', 'any audience is accepted');

/** Checks where a refresh token in its own form is good, and the audience of its access tokens. */
function checkRefreshAud(token: DecodedToken, granting: DecodedToken, policy: VerifyPolicy): Finding {
  const place = checkAccepted('aud', token, policy.refreshAudience);
  return place.status === 'failed' ? place : checkAud(granting, policy);
}

function isShaped(name: string, value: unknown): value is string | string[] {
  return name === 'aud' ? isStringOrStrings(value) : isString(value);
}

/** One string or several as JSON, shortened for a message. */
function quoteValues(value: string | readonly string[]): string {
  if (typeof value === 'string') return quoteText(value);
  const more = value.length > 3 ? [`… ${value.length - 3} more`] : [];
  return `[${[...value.slice(0, 3).map(quoteText), ...more].join(',')}]`;
}

/** Names an audience only if it needs no quotes in a shell: people copy a hint. */
function suggestAudience(audiences: readonly string[]): string {
  if (audiences.every((audience) => audience.trim() === '')) {
    return 'no --aud can match it; pass --any-aud if the audience does not matter';
  }
  const plain = audiences.find((audience) => /^[\w.@%+:/][\w.@%+:/-]{0,79}$/.test(audience));
  return `pass --aud ${plain ?? 'AUDIENCE'} if that is you, or --any-aud if the audience does not matter`;
}

function findAccepted(value: string | readonly string[], accepted: string | readonly string[]): string | undefined {
  if (isString(value)) return asList(accepted).includes(value) ? value : undefined;
  const wanted = new Set(asList(accepted));
  return value.find((item) => wanted.has(item));
}

function checkJti(token: DecodedToken): Finding {
  const jti = own(token.claims, 'jti');
  if (jti === undefined) return skips.absent.jti;
  return isString(jti) ? jtiIsString : malformed(token, 'jti');
}

const jtiIsString = passed('jti', 'a string');

/** Checks the header's `typ` (RFC 8725 §3.11). */
function checkTyp({ header }: DecodedToken, { typ }: VerifyPolicy): Finding {
  if (typ === undefined) return skips.notWanted.typ;
  const value = own(header, 'typ') as string | undefined;
  if (value === undefined) return failed('typ', 'CLAIM_MISSING', `header has no typ, expected ${typ}`);
  if (isSameMediaType(value, typ)) return passed('typ', value);
  return failed('typ', 'CLAIM_MISMATCH', `header typ is ${JSON.stringify(value)}, expected ${typ}`);
}
