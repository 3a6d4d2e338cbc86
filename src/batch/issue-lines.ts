/** Reads claims per line; writes a token per line. */
import { JwtkitError } from '../errors.js';
import { readExact, toJson } from '../jose/exact-json.js';
import type { JsonObject } from '../jose/json.js';
import type { Key } from '../jose/key.js';
import { saveAsUtf8 } from '../jose/text.js';
import { escapeText } from '../shown-text.js';
import type { Claims } from '../token/claims.js';
import { completeClaims, readClaims } from '../token/given-claims.js';
import { prepareIssuer, preparePairIssuer } from '../token/issue.js';
import type { IssuePolicy } from '../token/issue-policy.js';
import { parseMoment } from '../token/time.js';
import { type LineAnswerer, nothing, type Terms, toPlain } from './answer.js';
import type { Job } from './job.js';
import { maxLineBytes } from './lines.js';

type IssueJob = Extract<Job, { kind: 'issue' }>;

/** Answers the lines of `issue --batch`. */
export function issueLines(job: IssueJob, newId: (() => string) | undefined): LineAnswerer {
  const { asJson } = job;
  return {
    async prepare(terms) {
      const sign = prepareSigning(job, terms, newId);
      return ({ number, text, isCut, isGarbled }) => {
        // Line n of the output belongs to line n of the input: an empty or a bad line leaves an empty one.
        if (!isCut && text.trim() === '') return asJson ? nothing : { output: '\n', outcome: undefined };
        try {
          if (isCut) throw new JwtkitError('USAGE_INVALID', `the line is longer than ${maxLineBytes} bytes`);
          if (isGarbled) throw new JwtkitError('USAGE_INVALID', 'the line is not UTF-8', { hint: saveAsUtf8 });
          const issued = sign(readClaims(Buffer.from(text, 'utf8'), 'the line'));
          return {
            output: `${asJson ? toJson({ line: number, ...issued.members }) : issued.text}\n`,
            outcome: 'issued',
          };
        } catch (error) {
          if (!(error instanceof JwtkitError)) throw error;
          const { code, message } = error;
          if (asJson) return { output: `${toJson({ line: number, error: toPlain(error) })}\n`, outcome: code };
          return { output: '\n', outcome: code, talk: `error: line ${number}: ${escapeText(message)}\n` };
        }
      };
    },
  };
}

/** Returns a function that signs one line's claims: the text of the token or the pair, and its members as JSON shows them. */
function prepareSigning(
  { policies, type, nbf, defaults, isRedated, ...texts }: IssueJob,
  { now, keys: [key], alg }: Terms,
  newId: (() => string) | undefined,
): (given: Claims) => { text: string; members: object } {
  const deps = { key: key as Key, now, newId };
  const header = readOwn(texts.header);
  const fixed = { ...readOwn(texts.claims), ...(nbf === undefined ? {} : { nbf: parseMoment(nbf, now) }) };
  const prepare = (policy: IssuePolicy) => prepareIssuer({ ...policy, alg, header }, deps);
  const issue = { access: prepare(policies.access), refresh: prepare(policies.refresh) };
  const issuePair = policies.pair && preparePairIssuer({ ...policies.pair, alg, header }, deps);
  return (given) => {
    const claims = completeClaims(given, { fixed, defaults, isRedated });
    if (issuePair !== undefined) {
      const { tokens: members } = issuePair(claims);
      return { text: JSON.stringify(members), members };
    }
    const issueOne = issue[type ?? (claims.type === 'refresh' ? 'refresh' : 'access')];
    const { token, claims: signed, claimsText } = issueOne(claims);
    return { text: token, members: { token, claims: readExact(claimsText, signed) } };
  };
}

/** Reads members that the command wrote. */
function readOwn(text: string): JsonObject {
  return readExact(text, JSON.parse(text) as JsonObject);
}
