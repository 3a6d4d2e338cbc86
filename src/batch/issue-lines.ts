/** Reads claims per line; writes a token per line. */
import { readExact } from '../jose/exact-json.js';
import type { JsonObject } from '../jose/json.js';
import type { Key } from '../jose/key.js';
import type { Claims } from '../token/claims.js';
import { completeClaims, readClaims } from '../token/given-claims.js';
import { prepareIssuer, preparePairIssuer } from '../token/issue.js';
import type { IssuePolicy } from '../token/issue-policy.js';
import { parseMoment } from '../token/time.js';
import type { LineAnswerer, Terms } from './answer.js';
import type { ClaimsJob, Job } from './job.js';
import { answerWithText, type Made } from './text-lines.js';

type IssueJob = Extract<Job, { kind: 'issue' }>;

/** Answers the lines of `issue --batch`. */
export function issueLines(job: IssueJob, newId: (() => string) | undefined): LineAnswerer {
  const { asJson } = job;
  return {
    async prepare(terms) {
      return answerWithText(
        { asJson, outcome: 'issued', malformed: 'USAGE_INVALID' },
        prepareSigning(job, terms, newId),
      );
    },
  };
}

/** Returns a function that signs one line's claims: the text of the token or the pair, and its members as JSON shows them. */
function prepareSigning(job: IssueJob, { now, keys: [key], alg }: Terms, newId: (() => string) | undefined) {
  const { policies, type } = job;
  const deps = { key: key as Key, now, newId };
  const header = readOwn(job.header);
  const complete = prepareLineClaims(job, now);
  const prepare = (policy: IssuePolicy) => prepareIssuer({ ...policy, alg, header }, deps);
  const issue = { access: prepare(policies.access), refresh: prepare(policies.refresh) };
  const issuePair = policies.pair && preparePairIssuer({ ...policies.pair, alg, header }, deps);
  return (line: string): Made => {
    const claims = complete(line);
    if (issuePair !== undefined) {
      const { tokens: members } = issuePair(claims);
      return { text: JSON.stringify(members), members };
    }
    const issueOne = issue[type ?? (claims.type === 'refresh' ? 'refresh' : 'access')];
    const { token, claims: signed, claimsText } = issueOne(claims);
    return { text: token, members: { token, claims: readExact(claimsText, signed) } };
  };
}

/** Returns a function that reads the claims of a line, and adds those of the options. */
export function prepareLineClaims(
  { claims, nbf, defaults, isRedated }: ClaimsJob,
  now: number,
): (line: string) => Claims {
  const fixed = { ...readOwn(claims), ...(nbf === undefined ? {} : { nbf: parseMoment(nbf, now) }) };
  return (line) => completeClaims(readClaims(Buffer.from(line, 'utf8'), 'the line'), { fixed, defaults, isRedated });
}

/** Reads members that the command wrote. */
export function readOwn(text: string): JsonObject {
  return readExact(text, JSON.parse(text) as JsonObject);
}
