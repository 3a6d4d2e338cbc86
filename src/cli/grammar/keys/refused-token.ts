/** What explains a token that no key verifies: the token and the keys side by side, and how old fetched keys are. */
import type { Check } from '../../../errors.js';
import { isAlgorithmName } from '../../../jose/algorithms.js';
import { parseJws } from '../../../jose/compact.js';
import { own, quoteText } from '../../../jose/json.js';
import type { Key } from '../../../jose/key.js';
import type { FetchedKeys, KeySource } from '../../../token/key-source.js';
import { formatDuration } from '../../../token/time.js';
import type { VerificationReport } from '../../../token/verify.js';
import { namesNoKey, wantedKeyHint } from './wanted-key.js';

/** A refusal with its explanation. */
export interface ExplainedRefusal {
  readonly report: VerificationReport;
  /** For a person, a line each. */
  readonly facts: readonly string[];
}

/** What is known beside the report. */
interface Circumstances {
  readonly source: KeySource;
  /** NumericDate: the moment at which the token is judged. */
  readonly now: number;
  /** NumericDate: when the command began. Keys that were fetched before came from the cache. */
  readonly started: number;
}

const aboutKeys: readonly unknown[] = [
  'ALG_NOT_ALLOWED',
  'KEY_NOT_FOUND',
  'SIGNATURE_MALFORMED',
  'SIGNATURE_INVALID',
  'CERTIFICATE_EXPIRED',
  'CERTIFICATE_NOT_YET_VALID',
];

/** Explains the report of a refused token; a refusal that is not about keys stays as it is. */
export async function explainRefused(
  found: VerificationReport,
  token: string,
  { source, now, started }: Circumstances,
  invocation: Parameters<typeof namesNoKey>[0],
): Promise<ExplainedRefusal> {
  if (!aboutKeys.includes(found.code)) return { report: found, facts: [] };
  const keys = await source.keys(now);
  const { header } = parseJws(token, { maxLength: token.length });
  const alg = String(own(header, 'alg'));
  const sides = sideBySide(alg, own(header, 'kid'), keys);
  const fetched = source.fetched?.();
  const facts = [sides, ...(fetched === undefined ? [] : [describeFetched(fetched, started)])];
  const isMismatch = found.code === 'ALG_NOT_ALLOWED' && isAlgorithmName(alg) && keys.length > 0;
  const isWrongType = isMismatch && keys.every(({ algorithms }) => !algorithms.includes(alg));
  const isElsewhere = namesNoKey(invocation) && keys.every((key) => key.source !== 'SECRET_KEY');
  const wanted =
    isElsewhere && (isWrongType || found.code === 'KEY_NOT_FOUND') ? wantedKeyHint(token, invocation) : undefined;
  const report = addHints(found, isWrongType ? sides : undefined, wanted);
  if (report.code !== 'SIGNATURE_INVALID') return { report, facts };
  const { withSecretHint } = await import('./secret-hint.js');
  return { report: await withSecretHint(report, token, source, now), facts };
}

function addHints(report: VerificationReport, ...added: (string | undefined)[]): VerificationReport {
  const addTo = (check: Check): Check => {
    if (check.status !== 'failed') return check;
    const hint = [check.hint, ...added].filter((each) => each !== undefined).join('; ');
    return hint === '' ? check : { ...check, hint };
  };
  return { ...report, checks: report.checks.map(addTo) };
}

/** `token: HS256, key: RS256 (pub.pem)`; a kid stands behind its algorithm, and a long list is cut. */
function sideBySide(alg: string, kid: unknown, keys: readonly Key[]): string {
  const named = (kid: unknown) => (typeof kid === 'string' ? ` kid ${quoteText(kid)}` : '');
  const shown = keys.slice(0, 3).map((key) => {
    return `${key.algorithms[0]}${named(key.kid)}${key.source === undefined ? '' : ` (${key.source})`}`;
  });
  const more = keys.length > 3 ? ` and ${keys.length - 3} more` : '';
  const list = shown.length === 0 ? 'none' : `${shown.join(', ')}${more}`;
  const shownAlg = isAlgorithmName(alg) ? alg : quoteText(alg);
  return `token: ${shownAlg}${named(kid)}, ${keys.length === 1 ? 'key' : 'keys'}: ${list}`;
}

function describeFetched({ url, at, age, problem }: FetchedKeys, started: number): string {
  const reason = problem === undefined ? '' : `; ${problem}`;
  if (at >= Math.floor(started)) return `keys fetched from ${url} just now${reason}`;
  return `keys from the cache, fetched from ${url} ${formatDuration(age)} ago${reason}`;
}
