/** Answers lines whose answer is a text, or its members as JSON. */
import { JwtkitError } from '../errors.js';
import { toJson } from '../jose/exact-json.js';
import { saveAsUtf8 } from '../jose/text.js';
import { escapeText } from '../shown-text.js';
import { type Answer, type AnswerLines, nothing, oneByOne, toPlain } from './answer.js';
import { maxLineBytes } from './lines.js';

/** What a line becomes. */
export interface Made {
  readonly text: string;
  /** What `--json` shows instead. */
  readonly members: object;
}

/**
 * Returns what answers a line: with the text that it becomes, or with an empty line and its error on stderr, so that line n of the
 * output belongs to line n of the input. As JSON each line has its number, and an empty line has no answer.
 * @param outcome what the summary calls a line that passed.
 * @param make throws a JwtkitError for a bad line.
 */
export function answerWithText(
  { asJson, outcome, malformed }: { asJson: boolean; outcome: string; malformed: JwtkitError['code'] },
  make: (text: string) => Made | Promise<Made>,
): AnswerLines {
  return oneByOne(({ number, text, isCut, isGarbled }) => {
    if (!isCut && text.trim() === '') return asJson ? nothing : { output: '\n', outcome: undefined };
    const write = ({ text: line, members }: Made): Answer => {
      return { output: `${asJson ? toJson({ line: number, ...members }) : line}\n`, outcome };
    };
    const refuse = (error: unknown): Answer => {
      if (!(error instanceof JwtkitError)) throw error;
      const { code, message } = error;
      if (asJson) return { output: `${toJson({ line: number, error: toPlain(error) })}\n`, outcome: code };
      return { output: '\n', outcome: code, talk: `error: line ${number}: ${escapeText(message)}\n` };
    };
    try {
      if (isCut) throw new JwtkitError(malformed, `the line is longer than ${maxLineBytes} bytes`);
      if (isGarbled) throw new JwtkitError(malformed, 'the line is not UTF-8', { hint: saveAsUtf8 });
      const made = make(text);
      // A promise for each line is a tenth of a signature.
      return made instanceof Promise ? made.then(write, refuse) : write(made);
    } catch (error) {
      return refuse(error);
    }
  });
}
