/** Checks against the clock: `exp`, `nbf`, `iat` (RFC 7519 §4.1.4 to §4.1.6), the greatest age, and a certificate's dates. */
import { own } from '../jose/json.js';
import type { Key } from '../jose/key.js';
import type { DecodedToken } from './decode.js';
import { type Finding, failed, malformed, passed, skipped, skips } from './finding.js';
import type { VerifyPolicy } from './policy.js';
import { formatDistance, formatDuration, formatMoment, isNumericDate } from './time.js';

const startHint = 'wait until then; if it is valid already, the clock here or at the issuer is wrong';
const renewHint = 'issue or refresh a token';
/** Of a refresh token, which nothing refreshes any more. */
const endedHint = 'the session has ended: log in again, or issue a new pair';

/** A moment that is missed by a minute or less may be the fault of a clock. */
function clockHint(seconds: number): string | undefined {
  const leeway = seconds <= 0 ? undefined : [5, 30, 60].find((each) => seconds <= each);
  return leeway === undefined ? undefined : `allow a clock difference with --leeway ${leeway}s`;
}

function expiredHint(seconds: number, { type }: VerifyPolicy): string {
  const clock = seconds > 30 ? undefined : clockHint(seconds);
  const renew = type === 'refresh' ? endedHint : renewHint;
  return clock === undefined ? renew : `${renew}; or ${clock}`;
}

/** Checks that a token has not expired, and that enough of its life is left. */
export function checkExp(token: DecodedToken, policy: VerifyPolicy, now: number): Finding {
  const { allowNoExp, leeway = 0, minTtl = 0 } = policy;
  const exp = own(token.claims, 'exp');
  if (exp === undefined) {
    if (allowNoExp === true) return skipped('exp', 'absent, which is allowed');
    const hint = 'pass --allow-no-exp to accept it';
    return failed('exp', 'CLAIM_MISSING', 'token has no exp: it would never expire', hint);
  }
  if (!isNumericDate(exp)) return malformed(token, 'exp');
  // RFC 7519 §4.1.4: a token has expired "on or after" the moment.
  if (exp + leeway <= now)
    return failed('exp', 'TOKEN_EXPIRED', describeExp('expired', exp, now), expiredHint(now - exp, policy));
  if (minTtl > 0 && exp - now < minTtl) {
    const expires = describeExp(exp > now ? 'expires' : 'expired', exp, now);
    const message = `${expires()}, sooner than ${formatDuration(minTtl)} from now`;
    return failed('exp', 'TOKEN_EXPIRES_SOON', message, renewHint);
  }
  return passed('exp', describeExp(exp > now ? 'expires' : 'is within the leeway, expired', exp, now));
}

function describeExp(verb: string, exp: number, now: number): () => string {
  return () => `token ${verb} ${formatDistance(exp, now)} (${formatMoment(exp)})`;
}

const startWords = {
  nbf: { passed: 'valid from', failed: 'token is not valid before' },
  iat: { passed: 'issued', failed: 'token says it was issued' },
} as const;

/** Checks that `nbf` or `iat` is not in the future. */
export function checkStart(
  name: 'nbf' | 'iat',
  token: DecodedToken,
  { leeway = 0 }: VerifyPolicy,
  now: number,
): Finding {
  const moment = own(token.claims, name);
  if (moment === undefined) return skips.absent[name];
  if (!isNumericDate(moment)) return malformed(token, name);
  if (moment - leeway <= now) return passed(name, describeStart(startWords[name].passed, moment, now));
  const hint = clockHint(Math.ceil(moment - now)) ?? startHint;
  return failed(name, 'TOKEN_NOT_YET_VALID', describeStart(startWords[name].failed, moment, now), hint);
}

function describeStart(words: string, moment: number, now: number): () => string {
  return () => `${words} ${formatMoment(moment)} (${formatDistance(moment, now)})`;
}

/** Checks that a token is not older than `maxAge` seconds. */
export function checkMaxAge({ claims }: DecodedToken, maxAge: number, leeway: number, now: number): Finding {
  const iat = own(claims, 'iat');
  if (iat === undefined) return failed('max-age', 'CLAIM_MISSING', 'token has no iat to tell its age by');
  if (!isNumericDate(iat)) return skipped('max-age', 'iat is malformed');
  const message = () => `token was issued ${formatDistance(iat, now)}, the greatest age is ${formatDuration(maxAge)}`;
  return now - iat <= maxAge + leeway ? passed('max-age', message) : failed('max-age', 'TOKEN_TOO_OLD', message);
}

/**
 * Checks that the certificate of a key is valid (RFC 5280 §4.1.2.5: both of its dates are); undefined for a key without one. Outside of
 * its dates the key is not trusted, as a retired key is not.
 */
export function checkCertificate(
  { validity, source }: Key,
  { leeway = 0, allowExpiredCertificate }: VerifyPolicy,
  now: number,
): Finding | undefined {
  if (validity === undefined) return undefined;
  const { notBefore, notAfter } = validity;
  const subject = `certificate${source === undefined ? '' : ` ${source}`}`;
  const expired = () => `expired ${formatDistance(notAfter, now)} (${formatMoment(notAfter)})`;
  if (Math.floor(now + leeway) < notBefore) {
    const message = () =>
      `the ${subject} is not valid before ${formatMoment(notBefore)} (${formatDistance(notBefore, now)})`;
    return failed(
      'certificate',
      'CERTIFICATE_NOT_YET_VALID',
      message,
      clockHint(Math.ceil(notBefore - now)) ?? startHint,
    );
  }
  if (now <= notAfter) {
    return passed('certificate', () => `expires ${formatDistance(notAfter, now)} (${formatMoment(notAfter)})`);
  }
  if (Math.floor(now - leeway) <= notAfter) return passed('certificate', () => `within the leeway, ${expired()}`);
  if (allowExpiredCertificate === true) return passed('certificate', () => `${expired()}, allowed`);
  const hint = 'trust the renewed certificate, or pass --allow-expired-cert';
  return failed('certificate', 'CERTIFICATE_EXPIRED', () => `the ${subject} ${expired()}`, hint);
}
