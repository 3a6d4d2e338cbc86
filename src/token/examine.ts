/** The checks of a token in their order: syntax, algorithm and key, signature, then every claim. {@link askDenylist} is the last. */
import { JwtkitError } from '../errors.js';
import { requireKeys } from '../jose/arguments.js';
import { checkHeader, type ParsedJws, parseClaims, parseJws } from '../jose/compact.js';
import type { JsonObject, ReadJson } from '../jose/json.js';
import type { SkippedJwk } from '../jose/jwk-set.js';
import { checkSignature, type SignatureVerdict } from '../jose/jws.js';
import type { Key } from '../jose/key.js';
import { checkDeps, type OptionKinds } from '../jose/options.js';
import { checkClaims } from './claim-checks.js';
import type { Claims } from './claims.js';
import { type Denylist, describeRevocation, requireDenylist, tokenIdentity } from './denylist.js';
import { type Finding, failed, passed, skipped, unasked } from './finding.js';
import { checkPolicy, type VerifyPolicy } from './policy.js';
import { requireNow } from './time.js';
import { checkCertificate } from './time-checks.js';

/** What verification needs: keys that the caller trusts, and the time. */
export interface VerifyDeps {
  readonly keys: readonly Key[];
  /** Members of the keys' sets that were left out. A refusal names the one that the token needs. */
  readonly skipped?: readonly SkippedJwk[] | undefined;
  /** NumericDate. */
  readonly now: number;
  /** Called last, so that a forged token cannot probe it. Without a denylist, no token counts as revoked. */
  readonly denylist?: Denylist | undefined;
}

/** The key that a signature holds under. */
export interface KeyReport {
  readonly kid: string | null;
  readonly alg: string;
  readonly source: string | null;
}

/** A token that passed every check. */
export interface VerifiedToken {
  readonly header: JsonObject;
  /** What JSON.parse makes of the payload: large numbers are rounded. */
  readonly claims: Claims;
  /** The payload as it was signed, in which numbers have all their digits. */
  readonly claimsText: string;
  readonly key: KeyReport;
}

/** What the checks of a token found. */
export interface Examined {
  readonly findings: Finding[];
  /** The token, once its signature holds under a key that is trusted now; its claims may still be refused. */
  readonly verified?: VerifiedToken | undefined;
}

/**
 * Checks a token and asks the denylist.
 * @throws {JwtkitError} as {@link examine}; STORE_UNAVAILABLE.
 */
export async function examineAndAsk(token: string, policy: VerifyPolicy, deps: VerifyDeps): Promise<Examined> {
  const examined = examine(token, policy, deps);
  if (deps.denylist !== undefined) await askDenylist(examined, deps.denylist);
  return examined;
}

/** Adds the answer of the denylist, for a token whose signature holds. */
export async function askDenylist({ findings, verified }: Examined, denylist: Denylist): Promise<void> {
  if (verified === undefined) return;
  const revocation = await denylist.find(tokenIdentity(verified.claims));
  if (revocation === undefined) {
    findings.push(passed('denylist', 'not revoked'));
    return;
  }
  const isReuse = revocation.kind === 'token' && revocation.reason === 'consumed';
  const code = isReuse ? 'TOKEN_REUSED' : 'TOKEN_REVOKED';
  findings.push(failed('denylist', code, () => describeRevocation(revocation)));
}

/**
 * Checks a token without the denylist.
 * @throws {JwtkitError} USAGE_INVALID for a policy, keys or a time that make no sense.
 */
export function examine(token: string, policy: VerifyPolicy, deps: VerifyDeps): Examined {
  return prepareExamine(policy, deps)(token);
}

const depKinds: OptionKinds<VerifyDeps> = {
  keys: 'checked elsewhere',
  skipped: 'an array',
  now: 'checked elsewhere',
  denylist: 'checked elsewhere',
};

/**
 * Returns a function that checks many tokens as {@link examine} does.
 * @throws {JwtkitError} USAGE_INVALID for a policy, keys or a time that make no sense.
 */
export function prepareExamine(policy: VerifyPolicy, deps: VerifyDeps): (token: string) => Examined {
  checkPolicy(policy);
  checkDeps('the third argument', deps, '{ keys, now }', depKinds);
  requireKeys(deps.keys);
  requireNow(deps.now);
  if (deps.denylist !== undefined) requireDenylist(deps.denylist);
  return (token) => examineToken(token, policy, deps);
}

function examineToken(token: string, policy: VerifyPolicy, deps: VerifyDeps): Examined {
  const opened = open(token, policy);
  if (opened instanceof JwtkitError) return { findings: malformedFindings(opened.message) };
  const { jws, payload } = opened;
  const signature = findSignature(jws, policy, deps);
  if (signature.failure !== undefined) return { findings: [wellFormed, ...signatureFailure(signature)] };
  const { now, denylist } = deps;
  const { alg, key } = signature;
  const report: KeyReport = { kid: key.kid ?? null, alg, source: key.source ?? null };
  const certificate = checkCertificate(key, policy, now);
  const findings = [
    wellFormed,
    passed('algorithm', () => `${alg} is allowed by the key`),
    passed('key', () => describeKey(report)),
  ];
  if (certificate !== undefined) findings.push(certificate);
  findings.push(signatureHolds);
  if (certificate?.status === 'failed') {
    findings.push(untrusted);
    return { findings };
  }
  const verified = { header: jws.header, claims: payload.value, claimsText: payload.text, key: report };
  checkClaims(findings, verified, policy, now);
  if (denylist === undefined) findings.push(noDenylist);
  return { findings, verified };
}

function open(token: string, policy: VerifyPolicy): { jws: ParsedJws; payload: ReadJson<JsonObject> } | JwtkitError {
  try {
    const jws = parseJws(token, policy);
    checkHeader(jws.header);
    return { jws, payload: parseClaims(jws.payload) };
  } catch (error) {
    if (error instanceof JwtkitError) return error;
    throw error;
  }
}

const noDenylist = skipped('denylist', 'there is none');
const signatureHolds = passed('signature', 'holds');
const untrusted = skipped('claims', 'claims count only under a key that is trusted now');
const wellFormed = passed('format', 'three segments of strict base64url and JSON');

function malformedFindings(problem: string): Finding[] {
  const rest = ['algorithm', 'key', 'signature', 'claims'];
  return [failed('format', 'TOKEN_MALFORMED', problem), ...rest.map((name) => skipped(name, unasked.malformed))];
}

/** Tries keys whose certificate is valid first: an old certificate and the one that renewed it may hold the same key. */
function findSignature(
  jws: ParsedJws,
  policy: VerifyPolicy,
  { keys, skipped: leftOut, now }: VerifyDeps,
): SignatureVerdict {
  const { algorithms } = policy;
  if (keys.every(({ validity }) => validity === undefined)) return checkSignature(jws, keys, algorithms, leftOut);
  const current = keys.filter((key) => checkCertificate(key, policy, now)?.status !== 'failed');
  const verdict = checkSignature(jws, current, algorithms, leftOut);
  if (verdict.failure === undefined || current.length === keys.length) return verdict;
  return checkSignature(jws, keys, algorithms, leftOut);
}

function describeKey({ kid, source }: Omit<KeyReport, 'alg'>): string {
  return `${kid === null ? 'a key without kid' : `kid ${kid}`}${source === null ? '' : ` from ${source}`}`;
}

/** Names the keys that were tried, up to three. */
function describeFitting(keys: readonly Key[]): string {
  const shown = keys.slice(0, 3).map(({ kid = null, source = null }) => describeKey({ kid, source }));
  return keys.length > 3 ? `${shown.join(', ')} and ${keys.length - 3} more` : shown.join(', ');
}

function signatureFailure({
  failure,
  message,
  hint,
  fitting = [],
}: Extract<SignatureVerdict, { failure: string }>): Finding[] {
  const steps = ['algorithm', 'key', 'signature'];
  const at = failure === 'ALG_NOT_ALLOWED' ? 0 : failure === 'KEY_NOT_FOUND' ? 1 : 2;
  const findings = steps.map((name, index) => {
    if (index < at) return passed(name, name === 'key' ? describeFitting(fitting) : 'supported and allowed');
    if (index > at) return skipped(name, `the ${steps[at]} check failed`);
    return failed(name, failure, message, hint);
  });
  return [...findings, skipped('claims', 'claims count only once the signature holds')];
}
