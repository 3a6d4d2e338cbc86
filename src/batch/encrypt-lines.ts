/** Reads content per line, or claims; writes an encrypted token per line. */
import type { JsonObject } from '../jose/json.js';
import type { Key } from '../jose/key.js';
import type { EncryptionKey } from '../jwe/key.js';
import { trimToken } from '../token/decode.js';
import { prepareIssuer } from '../token/issue.js';
import type { IssuePolicy } from '../token/issue-policy.js';
import { prepareClaims, writePayload } from '../token/new-claims.js';
import type { LineAnswerer, Terms } from './answer.js';
import { prepareLineClaims, readOwn } from './issue-lines.js';
import type { ClaimsJob, Job } from './job.js';
import { answerWithText } from './text-lines.js';

type EncryptJob = Extract<Job, { kind: 'encrypt' }>;

/** What is encrypted, and the header members that it asks for. */
interface Content {
  readonly content: string | Uint8Array;
  readonly header: JsonObject;
}

/** Answers the lines of `encrypt --batch`. */
export function encryptLines(job: EncryptJob, newId: (() => string) | undefined): LineAnswerer {
  const { alg, enc, serialization, asJson, claims } = job;
  const header = readOwn(job.header);
  return {
    async prepare(terms) {
      const [{ prepareEncryption }, { headerOfContent }] = await Promise.all([
        import('../jwe/encrypt.js'),
        import('../jwe/token.js'),
      ]);
      const [key] = terms.encryption as [EncryptionKey];
      const encrypt = prepareEncryption({ key, alg, enc, serialization, now: terms.now });
      const plain = (line: string): Content => {
        const token = trimToken(line);
        const asked = headerOfContent(token);
        if (asked.cty !== undefined) return { content: token, header: asked };
        return { content: line.replace(/\r$/, ''), header: {} };
      };
      const read = claims === undefined ? plain : prepareContent(claims, job.isSigned, terms, newId);
      return answerWithText({ asJson, outcome: 'encrypted', malformed: 'USAGE_INVALID' }, async (line) => {
        const { content, header: own } = read(line);
        const token = await encrypt(Buffer.from(content as string), { ...own, ...header });
        return { text: token, members: { token, kid: key.kid ?? null } };
      });
    },
  };
}

/** Returns a function that makes a claims set of a line, and signs it where that is asked for. */
function prepareContent(
  job: ClaimsJob,
  isSigned: boolean,
  { now, keys: [key] }: Terms,
  newId: (() => string) | undefined,
): (line: string) => Content {
  const { policies, type } = job;
  const complete = prepareLineClaims(job, now);
  const prepare = (policy: IssuePolicy) => {
    if (isSigned) {
      const issue = prepareIssuer(policy, { key: key as Key, now, newId });
      return (claims: JsonObject): Content => ({ content: issue(claims).token, header: { cty: 'JWT' } });
    }
    const addOwn = prepareClaims(policy, { now, newId });
    const isBare = policy.bare === true;
    return (claims: JsonObject): Content => ({
      content: writePayload(addOwn(claims), isBare).payload,
      header: isBare ? {} : { typ: 'JWT' },
    });
  };
  const make = { access: prepare(policies.access), refresh: prepare(policies.refresh) };
  return (line) => {
    const claims = complete(line);
    return make[type ?? (claims.type === 'refresh' ? 'refresh' : 'access')](claims);
  };
}
