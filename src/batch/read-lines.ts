/** Reads a token per line; writes its content, or its life left, as a line of JSON. Nothing is verified. */
import { JwtkitError } from '../errors.js';
import { toJson } from '../jose/exact-json.js';
import { decodeToken, exactMembers, trimToken } from '../token/decode.js';
import { lifeProblem, lifeReport, readLife } from '../token/inspect.js';
import { headerOf } from '../token/token-runs.js';
import { type Answer, type AnswerLines, type LineAnswerer, nothing, oneByOne, toPlain } from './answer.js';

/** Answers the lines of `decode --batch`. */
export const decodeLines: LineAnswerer = {
  prepare: async () =>
    answerWith('decoded', (token) => {
      return isEncrypted(token) ? readHeader(token) : { members: exactMembers(token, decodeToken(token)) };
    }),
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

/** Whether a text has the form of an encrypted token (RFC 7516 §3). */
function isEncrypted(token: string): boolean {
  if (token.startsWith('{')) return token.includes('"ciphertext"');
  return token.split('.', 6).length === 5 && headerOf(token)?.enc !== undefined;
}

/** What can be read of an encrypted token: its header, or those of its recipients. */
async function readHeader(token: string): Promise<Read> {
  const { parseJwe } = await import('../jwe/parse.js');
  const headers = parseJwe(token).recipients.map(({ exactHeader }) => exactHeader);
  return { members: { ...(headers.length === 1 ? { header: headers[0] } : { headers }), encrypted: true } };
}

interface Read {
  readonly members: object;
  readonly problem?: JwtkitError | undefined;
}

function answerWith(success: string, read: (token: string) => Read | Promise<Read>): AnswerLines {
  return oneByOne(({ number, text, isCut }) => {
    const token = isCut ? text : trimToken(text);
    if (token === '') return nothing;
    const write = ({ members, problem }: Read): Answer => {
      const output = `${toJson({ line: number, ...members, error: problem && toPlain(problem) })}\n`;
      return { output, outcome: problem?.code ?? success };
    };
    const refuse = (error: unknown): Answer => {
      if (!(error instanceof JwtkitError)) throw error;
      return { output: `${toJson({ line: number, error: toPlain(error) })}\n`, outcome: error.code };
    };
    try {
      const found = read(token);
      return found instanceof Promise ? found.then(write, refuse) : write(found);
    } catch (error) {
      return refuse(error);
    }
  });
}
