/** Why a signature may not hold under a shared secret: the signer took its text for other bytes. The verdict stays. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { JwtkitError } from '../../../errors.js';
import { parseJws } from '../../../jose/compact.js';
import { asText } from '../../../jose/json.js';
import type { Key } from '../../../jose/key.js';
import { decodeSecret, type SecretEncoding, secretEncodings } from '../../../jose/secret-encoding.js';
import { withoutLineEnd } from '../../../jose/text.js';
import type { KeySource } from '../../../token/key-source.js';
import type { VerificationReport } from '../../../token/verify.js';
import { writtenSecrets } from './shared-secret.js';

/** Adds the hint to the report of a token whose signature does not hold under the keys of this machine. */
export async function withSecretHint(
  report: VerificationReport,
  token: string,
  source: KeySource,
  now: number,
): Promise<VerificationReport> {
  const isLocal = report.code === 'SIGNATURE_INVALID' && source.fetched === undefined;
  const hint = isLocal ? secretHint(token, await source.keys(now)) : undefined;
  if (hint === undefined) return report;
  const checks = report.checks.map((check) => (check.code === 'SIGNATURE_INVALID' ? { hint, ...check } : check));
  return { ...report, checks };
}

/** Returns the error of a refused token with the hint. */
export function refusalWithSecretHint(error: unknown, token: string, keys: readonly Key[]): unknown {
  const isRefusal = error instanceof JwtkitError && error.code === 'SIGNATURE_INVALID' && error.hint === undefined;
  const hint = isRefusal ? secretHint(token, keys) : undefined;
  if (!isRefusal || hint === undefined) return error;
  return new JwtkitError(error.code, error.message, { hint, details: error.details, cause: error });
}

/** Returns what the caller can do; undefined if the signature holds under no other reading of the secrets. */
function secretHint(token: string, keys: readonly Key[]): string | undefined {
  const { header, signature, signingInput } = parseJws(token, { maxLength: token.length });
  const hash = /^HS(256|384|512)$/.exec(asText(header.alg))?.[1];
  if (hash === undefined) return undefined;
  const holds = (secret: Uint8Array) => {
    const mac = createHmac(`sha${hash}`, secret).update(signingInput, 'latin1').digest();
    return mac.length === signature.length && timingSafeEqual(mac, signature);
  };
  for (const key of keys) {
    const written = writtenSecrets.get(key);
    if (written === undefined) continue;
    for (const [secret, hint] of otherReadings(written)) if (holds(secret)) return hint;
  }
  return undefined;
}

interface WrittenSecret {
  readonly bytes: Uint8Array;
  readonly encoding: SecretEncoding | undefined;
}

/** Other bytes that a signer may have made of a secret, with the hint for each. */
function* otherReadings({ bytes, encoding }: WrittenSecret): Generator<[Uint8Array, string]> {
  const text = Buffer.from(bytes).toString('utf8');
  const holds = 'the signature holds under the secret';
  for (const name of secretEncodings) {
    const decoded = name === encoding ? undefined : decodeSecret(text, name);
    // Both alphabets of base64 give the same bytes; the hint names the one that the text is in.
    const isOther = name === 'base64' && /[-_]/.test(text);
    if (decoded === undefined || isOther) continue;
    yield [decoded, `${holds} decoded from ${name}: pass --secret-encoding ${name}`];
    yield* readingsOfDecoded(decoded.toString(), `${holds} decoded from ${name}`);
  }
  const marked = /^base64:(.*)$/s.exec(text.trim())?.[1];
  const unmarked = marked === undefined ? undefined : decodeSecret(marked, 'base64');
  if (unmarked !== undefined) {
    yield [unmarked, `${holds} decoded from base64: remove base64: before it, and pass --secret-encoding base64`];
  }
  if (encoding !== undefined) {
    yield [
      bytes,
      `${holds} as it is written, not decoded from ${encoding}: leave out --secret-encoding or JWTKIT_SECRET_ENCODING`,
    ];
  }
  yield [Buffer.from(text.trimEnd()), `${holds} without the white space at its end: remove that`];
  // Random bytes keep their line end; other programs, and jwtkit 0.1.0, leave it out.
  yield [withoutLineEnd(bytes), `${holds} without the line end at its end: remove that`];
  yield [Buffer.from(text.trim()), `${holds} without the white space around it: remove that`];
  const value = /^(?:export\s+)?["']?[A-Za-z_][\w.-]*["']?\s{0,8}[=:]\s{0,8}(["']?)(.*)\1,?$/.exec(text.trim())?.[2];
  if (value !== undefined) yield [Buffer.from(value), `${holds} without the name before it: keep the value alone`];
  const unquoted = /^(['"])(.*)\1$/s.exec(text.trim())?.[2];
  if (unquoted !== undefined) yield [Buffer.from(unquoted), `${holds} without the quotes around it: remove them`];
  for (const end of ['\n', '\r\n']) {
    const hint = `${holds} with a line end after it, which jwtkit leaves out: write it in base64, and pass --secret-encoding base64`;
    yield [Buffer.concat([bytes, Buffer.from(end)]), hint];
  }
}

/** Readings of a secret that was decoded once: `echo` puts a line end into base64, and Kubernetes encodes what was encoded before. */
function* readingsOfDecoded(text: string, holds: string): Generator<[Uint8Array, string]> {
  const trimmed = text.trimEnd();
  if (trimmed !== text) {
    yield [Buffer.from(trimmed), `${holds}, without the line end in it: encode it without one, as printf '%s' does`];
  }
  const twice = decodeSecret(text, 'base64');
  if (twice === undefined) return;
  yield [twice, `${holds}, and decoded once more: decode it once, and pass --secret-encoding base64`];
}
