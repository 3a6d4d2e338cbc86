/** Which trusted keys may verify a token, and why none does. */
import { JwtkitError } from '../errors.js';
import { type AlgorithmName, algorithm, isAlgorithmName, type KeyShape } from './algorithms.js';
import type { ParsedJws } from './compact.js';
import { quoteText } from './json.js';
import type { SkippedJwk } from './jwk-set.js';
import type { Key } from './key.js';

/** How many keys are tried for one token, so that a set cannot make it cost a thousand checks. */
export const maxTries = 32;

/** Whether the `kid` of a token fits a key. A missing `kid` fits. */
export function isNamed(key: Key, kid: string | undefined): boolean {
  return kid === undefined || key.kid === undefined || key.kid === kid;
}

/** Whether a key verifies with an algorithm. */
export function mayVerify(key: Key, alg: AlgorithmName): boolean {
  return key.algorithms.includes(alg) && key.operations.includes('verify');
}

/** Whether a signature is as long as the key's are. */
export function isSized(key: Key, alg: AlgorithmName, { signature }: ParsedJws): boolean {
  return signature.length > 0 && signatureLength(alg, key.shape) === signature.length;
}

const hashBytes = { sha256: 32, sha384: 48, sha512: 64 } as const;

function signatureLength(alg: AlgorithmName, shape: KeyShape): number {
  const { kty, hash } = algorithm(alg);
  return kty === 'oct' && hash !== null ? hashBytes[hash] : (shape.signatureBytes ?? 0);
}

type SignatureFailure = 'ALG_NOT_ALLOWED' | 'KEY_NOT_FOUND' | 'SIGNATURE_MALFORMED' | 'SIGNATURE_INVALID';

/** Why a signature does not hold. */
export interface SignatureRefusal {
  readonly failure: SignatureFailure;
  readonly message: string;
  readonly hint?: string;
  /** The keys that fit the token, if any did. */
  readonly fitting?: readonly Key[];
}

/** Returns why no key verified a token: the first condition that no key meets. */
export function explainRefusal(
  jws: ParsedJws,
  keys: readonly Key[],
  algorithms: readonly AlgorithmName[] | undefined,
  skipped: readonly SkippedJwk[] = [],
): SignatureRefusal {
  const alg = jws.header.alg as string;
  const kid = jws.header.kid as string | undefined;
  let fitting: Key[] = [];
  const refuse = (failure: SignatureFailure, message: string, ...hints: (string | undefined)[]): SignatureRefusal => {
    const hint = hints.filter((each) => each !== undefined).join('; ');
    return hint === '' ? { failure, message, fitting } : { failure, message, hint, fitting };
  };
  if (!isAlgorithmName(alg)) return refuse('ALG_NOT_ALLOWED', `algorithm ${quoteText(alg)} is not supported`);
  if (algorithms !== undefined && !Array.isArray(algorithms)) {
    throw new JwtkitError('USAGE_INVALID', 'algorithms is an array of names');
  }
  if (algorithms !== undefined && !algorithms.includes(alg)) {
    return refuse('ALG_NOT_ALLOWED', `algorithm ${alg} is not among the allowed: ${algorithms.join(', ')}`);
  }
  const named = keys.filter((key) => isNamed(key, kid));
  fitting = named.filter((key) => mayVerify(key, alg));
  const wanted = kid === undefined ? undefined : skipped.find((each) => each.kid === kid);
  if (wanted !== undefined && !fitting.some((key) => key.kid === kid)) {
    const message = `key ${showKid(wanted.kid)} is in the set but cannot be used: ${wanted.reason}`;
    return refuse('KEY_NOT_FOUND', message, trustedKids(keys));
  }
  if (named.length === 0) {
    if (keys.length === 0) return refuse('KEY_NOT_FOUND', 'there is no trusted key to verify with', leftOut(skipped));
    const message = `no trusted key has the kid ${quoteText(String(kid))}`;
    return refuse('KEY_NOT_FOUND', message, trustedKids(keys), leftOut(skipped));
  }
  // A token without a kid, or one with the kid of several keys, may be of a key that was left out.
  const others = leftOut(skipped.filter((each) => kid === undefined || each.kid === kid));
  if (fitting.length === 0) {
    const allowed = [...new Set(named.flatMap((key) => key.algorithms))].join(', ');
    const message = `algorithm ${alg} is not allowed by the trusted key, which allows ${allowed}`;
    return refuse('ALG_NOT_ALLOWED', message, others);
  }
  const { length } = jws.signature;
  if (length === 0) return refuse('SIGNATURE_INVALID', 'signature is missing');
  const sized = fitting.filter((key) => isSized(key, alg, jws));
  if (sized.length === 0) {
    const expected = signatureLength(alg, (fitting[0] as Key).shape);
    const message = `signature has ${length} bytes, ${alg} with this key makes ${expected}`;
    return refuse('SIGNATURE_MALFORMED', message, others, explainSize(alg, jws.signature, expected));
  }
  if (sized.length > maxTries) {
    const message = `signature does not hold under the first ${maxTries} of ${sized.length} trusted keys that fit`;
    return refuse('SIGNATURE_INVALID', message, 'at most that many are tried; give fewer keys, or each its kid');
  }
  const tried = fitting.length === 1 ? 'the trusted key' : `any of ${fitting.length} trusted keys`;
  return refuse('SIGNATURE_INVALID', `signature does not hold under ${tried}`, others);
}

/** Why a signature may have another length than the key makes. */
function explainSize(alg: AlgorithmName, signature: Uint8Array, expected: number): string {
  const { length } = signature;
  const { kty } = algorithm(alg);
  if (kty === 'EC' && length > expected && signature[0] === 0x30) {
    return 'it looks like DER, as OpenSSL writes signatures; in a JWS, R and S stand alone (RFC 7518 §3.4)';
  }
  if (kty === 'RSA' && length % 128 === 0) return `a key of ${length * 8} bits makes one as long`;
  return length < expected
    ? 'the token was cut: copy all of it from its source'
    : 'something stands right behind the token: copy the token without it';
}

/** The kids of the keys, for a hint; undefined if none has one. */
function trustedKids(keys: readonly Key[]): string | undefined {
  const kids = [...new Set(keys.flatMap((key) => key.kid ?? []))];
  const shown = kids.slice(0, 10).map(showKid);
  if (kids.length > 10) shown.push('…');
  return shown.length === 0 ? undefined : `trusted kids: ${shown.join(', ')}`;
}

function leftOut(skipped: readonly SkippedJwk[]): string | undefined {
  const names = listBroken(skipped);
  return names === undefined ? undefined : `left out: ${names}`;
}

/** Lists the broken keys among those that were left out, and what is wrong with each; undefined if there are none. */
export function listBroken(skipped: readonly SkippedJwk[]): string | undefined {
  const broken = skipped.filter(({ isBroken }) => isBroken);
  if (broken.length === 0) return undefined;
  const shown = broken.slice(0, 3).map(({ kid, reason }) => `${showKid(kid)} (${reason})`);
  return broken.length > 3 ? `${shown.join(', ')} and ${broken.length - 3} more` : shown.join(', ');
}

function showKid(kid: string | undefined): string {
  return kid === undefined ? 'a key without kid' : quoteText(kid).slice(1, -1);
}
