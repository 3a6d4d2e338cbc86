/** Which trusted keys may decrypt a token, and why none may. It looks at public facts alone: the header and the keys. */
import { JwtkitError } from '../errors.js';
import { quoteText } from '../jose/json.js';
import { maxTries } from '../jose/key-choice.js';
import {
  type ContentEncryptionName,
  isContentEncryptionName,
  isKeyManagementName,
  type KeyManagementName,
  refusalOfAlgorithm,
} from './algorithms.js';
import { describeEncryptionKey, directEncryptions, type EncryptionKey } from './key.js';
import type { JweRecipient, ParsedJwe } from './parse.js';

/** What narrows the algorithms that the keys allow. */
export interface AllowedAlgorithms {
  /** The key management algorithms; by default those of the keys. */
  readonly algorithms?: readonly KeyManagementName[] | undefined;
  /** The content encryption algorithms; by default all. */
  readonly encryptions?: readonly ContentEncryptionName[] | undefined;
}

/** A key to try on a token, with its part of the token. */
export interface Attempt {
  readonly key: EncryptionKey;
  readonly recipient: JweRecipient;
  readonly alg: KeyManagementName;
  readonly enc: ContentEncryptionName;
}

/** The most rounds of PBES2 that one token may cost (RFC 7518 §8.5); a second or so. */
export const maxRounds = 1_000_000;

/**
 * Returns the keys to try: those of the token's `kid` if it has one, with an algorithm that each allows.
 * @throws {JwtkitError} ALG_NOT_ALLOWED, KEY_NOT_FOUND.
 */
export function chooseKeys(jwe: ParsedJwe, keys: readonly EncryptionKey[], allowed: AllowedAlgorithms): Attempt[] {
  const attempts: Attempt[] = [];
  const refusals: JwtkitError[] = [];
  for (const recipient of jwe.recipients) {
    const found = attemptsFor(recipient, keys, allowed);
    if (found instanceof JwtkitError) refusals.push(found);
    else attempts.push(...found);
  }
  const rounds = attempts.map(({ alg, recipient }) => (alg.startsWith('PBES2') ? Number(recipient.header.p2c) : 0));
  const total = rounds.reduce((sum, each) => sum + (each > 0 ? each : 0), 0);
  if (total > maxRounds) {
    const message = `the token asks for ${total} rounds of PBES2, at most ${maxRounds} are computed`;
    throw new JwtkitError('ALG_NOT_ALLOWED', message);
  }
  const [refusal] = refusals;
  if (attempts.length === 0 && refusal !== undefined) throw refusal;
  return attempts.slice(0, maxTries);
}

function attemptsFor(
  recipient: JweRecipient,
  keys: readonly EncryptionKey[],
  { algorithms, encryptions }: AllowedAlgorithms,
): Attempt[] | JwtkitError {
  const { alg, enc, kid } = recipient.header as { alg: string; enc: string; kid?: string };
  const notAllowed = (message: string) => new JwtkitError('ALG_NOT_ALLOWED', message);
  const reason = refusalOfAlgorithm(alg);
  if (reason !== undefined) return notAllowed(`algorithm ${alg} is refused: ${reason}`);
  if (!isKeyManagementName(alg)) return notAllowed(`algorithm ${quoteText(alg)} is not supported`);
  if (!isContentEncryptionName(enc)) return notAllowed(`content encryption ${quoteText(enc)} is not supported`);
  if (algorithms?.includes(alg) === false) {
    return notAllowed(`algorithm ${alg} is not among the allowed: ${algorithms.join(', ')}`);
  }
  if (encryptions?.includes(enc) === false) {
    return notAllowed(`content encryption ${enc} is not among the allowed: ${encryptions.join(', ')}`);
  }
  const named = keys.filter((key) => kid === undefined || key.kid === undefined || key.kid === kid);
  if (named.length === 0) return notFound(keys, kid);
  const fitting = named.filter((key) => mayDecrypt(key, alg, enc));
  if (fitting.length > 0) return fitting.map((key) => ({ key, recipient, alg, enc }));
  const others = [...new Set(named.flatMap((key) => key.algorithms))].join(', ');
  const isSized = named.some((key) => key.algorithms.includes(alg));
  const [first] = named as [EncryptionKey];
  return notAllowed(
    isSized
      ? `algorithm ${alg} with ${enc} does not fit the key (${describeEncryptionKey(first.shape)})`
      : `algorithm ${alg} is not allowed by the key, which allows ${others}`,
  );
}

function mayDecrypt(key: EncryptionKey, alg: KeyManagementName, enc: ContentEncryptionName): boolean {
  if (!key.algorithms.includes(alg) || !key.operations.includes('decrypt')) return false;
  return alg !== 'dir' || (key.encryptions ?? directEncryptions(key.shape)).includes(enc);
}

function notFound(keys: readonly EncryptionKey[], kid: string | undefined): JwtkitError {
  if (keys.length === 0) return new JwtkitError('KEY_NOT_FOUND', 'there is no key to decrypt with');
  return noKeyNamed(keys, kid, 'to decrypt with');
}

/** The error for a kid that none of the keys has; `purpose` is what they are for. */
export function noKeyNamed(keys: readonly EncryptionKey[], kid: string | undefined, purpose: string): JwtkitError {
  const kids = [...new Set(keys.flatMap((key) => key.kid ?? []))]
    .slice(0, 10)
    .map((each) => quoteText(each).slice(1, -1));
  return new JwtkitError('KEY_NOT_FOUND', `no key ${purpose} has the kid ${quoteText(String(kid))}`, {
    hint: kids.length === 0 ? 'none of the keys has a kid' : `their kids: ${kids.join(', ')}`,
  });
}
