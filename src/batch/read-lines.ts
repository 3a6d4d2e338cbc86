/** Reads a token per line; writes its content, or its life left, as a line of JSON. Nothing is verified. */
import { JwtkitError } from '../errors.js';
import { toJson } from '../jose/exact-json.js';
import { decodeToken, exactMembers, trimToken } from '../token/decode.js';
import { lifeProblem, lifeReport, readLife } from '../token/inspect.js';
import { type AnswerLine, type LineAnswerer, nothing, toPlain } from './answer.js';

/** Answers the lines of `decode --batch`. */
export const decodeLines: LineAnswerer = {
  prepare: async () => answerWith('decoded', (token) => ({ members: exactMembers(token, decodeToken(token)) })),
};

/** Answers the lines of `inspect --batch`. A token that lives less than `minTtl` seconds more has its life and an error. */
export function inspectLines(minTtl: number | undefined): LineAnswerer {
  return {
    prepare: async ({ now }) =>
      answerWith('active', (token) => {
        const decoded = decodeToken(token);
        const life = readLife(decoded.claims, decoded.claimsText, now);
        return { members: lifeReport(life, decoded), problem: lifeProblem(life, now, minTtl) };
      }),
  };
}

function answerWith(
  success: string,
  read: (token: string) => { members: object; problem?: JwtkitError | undefined },
): AnswerLine {
  return ({ number, text, isCut }) => {
    const token = isCut ? text : trimToken(text);
    if (token === '') return nothing;
    try {
      const { members, problem } = read(token);
      const output = `${toJson({ line: number, ...members, error: problem && toPlain(problem) })}\n`;
      return { output, outcome: problem?.code ?? success };
    } catch (error) {
      if (!(error instanceof JwtkitError)) throw error;
      return { output: `${toJson({ line: number, error: toPlain(error) })}\n`, outcome: error.code };
    }
  };
}
