/** What a line of a batch comes to. */
import type { JwtkitError } from '../../errors.js';
import type { Line } from './lines.js';

/** What one line came to. */
export interface Answer {
  /** What goes to stdout, with its line end; empty for nothing. */
  readonly output: string;
  /** What is counted: a word for success, or an error's code; undefined for a line that says nothing. */
  readonly outcome: string | undefined;
  readonly talk?: string | undefined;
}

/** Answers lines in their order: at once, or later where a store has to be asked; a bug that one meets is its rejection. */
export type AnswerLines = (lines: readonly Line[]) => readonly (Answer | Promise<Answer>)[];

/** Answers one line. */
export type AnswerLine = (line: Line) => Answer;

/** What a line that says nothing comes to. */
export const nothing: Answer = { output: '', outcome: undefined };

/** An error as the JSON of an answer shows it. */
export function toPlain({ code, message, hint }: JwtkitError) {
  return { code, message, hint };
}
