/** Many tokens, one a line: read piece by piece, answered in order, with memory for one line. */
import { type ErrorCode, JwtkitError } from '../errors.js';
import { defaultMaxTokenLength } from '../jose/compact.js';
import { readFileChunks } from '../store/files.js';
import { reportTokenFrom, type VerifyFromDeps } from '../token/key-source.js';
import type { VerifyPolicy } from '../token/policy.js';
import type { VerificationReport } from '../token/verify.js';
import { trimToken } from './input.js';
import type { Io } from './io.js';
import { toJson } from './output.js';

/** Bytes of a line that are looked at; what is longer than a token can be is malformed whatever it holds. */
const maxLineBytes = defaultMaxTokenLength + 4096;

/**
 * Verifies a token a line of a file (`-` is stdin) and prints a verdict a line: `{"line","valid","code"?,"sub"?,"exp"?,"kid"?}`.
 * Empty lines are skipped.
 * @throws {JwtkitError} BATCH_REJECTED after the last line, when some were refused; FILE_NOT_READABLE.
 */
export async function verifyBatch(path: string, policy: VerifyPolicy, deps: VerifyFromDeps, io: Io): Promise<void> {
  const counts = new Map<ErrorCode | 'valid', number>();
  let line = 0;
  for (const { text, isCut } of readLines(path === '-' ? io.stdin.chunks() : readFileChunks(path))) {
    line++;
    const token = isCut ? text : trimToken(text);
    if (token === '') continue;
    const report = await reportTokenFrom(token, policy, deps);
    const outcome = report.code ?? 'valid';
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
    io.stdout.write(`${toJson(toVerdict(line, report))}\n`);
    if (io.stdout.isClosed === true) return;
  }
  const summary = [...counts].map(([outcome, count]) => `${count} ${outcome}`).join(', ');
  io.stderr.write(`${summary === '' ? 'no tokens' : summary}\n`);
  const refused = [...counts].reduce((sum, [outcome, count]) => (outcome === 'valid' ? sum : sum + count), 0);
  if (refused > 0)
    throw new JwtkitError(
      'BATCH_REJECTED',
      `${refused} of ${[...counts.values()].reduce((sum, count) => sum + count, 0)} tokens refused`,
    );
}

function toVerdict(line: number, { valid, code, claims, key }: VerificationReport) {
  const { sub, exp } = claims ?? {};
  return {
    line,
    valid,
    ...(code === null ? {} : { code }),
    ...(sub === undefined ? {} : { sub }),
    ...(exp === undefined ? {} : { exp }),
    ...(key === undefined || key.kid === null ? {} : { kid: key.kid }),
  };
}

interface Line {
  readonly text: string;
  /** Set for a line beyond the limit, of which only the beginning is kept: enough to be refused, whatever follows. */
  readonly isCut: boolean;
}

/** Lines without their ends. */
function* readLines(chunks: Iterable<Uint8Array>): Generator<Line> {
  let parts: Uint8Array[] = [];
  let length = 0;
  const keep = (piece: Uint8Array) => {
    if (length <= maxLineBytes) parts.push(piece.subarray(0, maxLineBytes + 1 - length));
    length += piece.length;
  };
  const take = () => {
    const line = { text: Buffer.concat(parts).toString('utf8'), isCut: length > maxLineBytes };
    parts = [];
    length = 0;
    return line;
  };
  for (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
      keep(chunk.subarray(start, end));
      yield take();
      start = end + 1;
    }
    // The chunk's memory belongs to the line that it begins, so that a short rest does not hold on to 64 KiB.
    keep(Uint8Array.from(chunk.subarray(start)));
  }
  if (length > 0) yield take();
}
