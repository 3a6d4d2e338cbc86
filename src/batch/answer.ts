/** The answer to a line of a batch. */
import type { ErrorCode, JwtkitError } from '../errors.js';
import type { AlgorithmName } from '../jose/algorithms.js';
import type { SkippedJwk } from '../jose/jwk-set.js';
import type { Key } from '../jose/key.js';
import type { EncryptionKey } from '../jwe/key.js';
import type { Line } from './lines.js';

/** How a line was judged, for a report. */
export interface Verdict {
  readonly line: number;
  /** Undefined for a valid token. */
  readonly code?: ErrorCode | undefined;
  readonly message?: string | undefined;
}

/** The answer to one line. */
export interface Answer {
  /** What goes to stdout, with its line end; empty for nothing. */
  readonly output: string;
  /** The outcome to count: a word for success, or an error's code; undefined for an empty line. */
  readonly outcome: string | undefined;
  /** What goes to stderr. */
  readonly talk?: string;
  readonly verdict?: Verdict | undefined;
}

/** Answers lines in their order. An empty line may have no answer. Throws, or an answer rejects, only for a bug or a failing store. */
export type AnswerLines = (lines: readonly Line[]) => (Answer | Promise<Answer>)[];

/** Answers each line by itself. */
export function oneByOne(answer: (line: Line) => Answer | Promise<Answer>): AnswerLines {
  return (lines) =>
    lines.map((line) => {
      try {
        return answer(line);
      } catch (error) {
        // The lines before it have their answers.
        return Promise.reject(error);
      }
    });
}

/** The clock and the keys of one block. A batch may run for days, so it looks at both before each block. */
export interface Terms {
  /** NumericDate. */
  readonly now: number;
  /** The keys to verify with, or the one to sign with. */
  readonly keys: readonly Key[];
  /** Members of the keys' sets that were left out. */
  readonly skipped?: readonly SkippedJwk[] | undefined;
  /** The keys to decrypt with, or the one to encrypt to. */
  readonly encryption?: readonly EncryptionKey[] | undefined;
  /** The algorithm to sign with; undefined for the key's preferred one. */
  readonly alg?: AlgorithmName | undefined;
}

/** Answers the lines of blocks. */
export interface LineAnswerer {
  /** Gets ready for the clock and the keys of the next block. */
  prepare(terms: Terms): Promise<AnswerLines>;
  close?(): Promise<void>;
}

/** The answer to an empty line. */
export const nothing: Answer = { output: '', outcome: undefined };

/** An error as the JSON of an answer shows it. */
export function toPlain({ code, message, hint }: JwtkitError) {
  return { code, message, hint };
}
