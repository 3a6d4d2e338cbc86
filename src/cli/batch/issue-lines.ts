/** Claims a line in, a token a line out. */
import { JwtkitError } from '../../errors.js';
import { isJsonObject, JsonError, type JsonObject, own, parseJsonObject } from '../../jose/json.js';
import type { Claims } from '../../token/claims.js';
import { define, fillDefaults } from '../claim-defaults.js';
import { renderMessage, toJson } from '../output.js';
import { type AnswerLine, nothing, toPlain } from './answer.js';
import { maxLineBytes } from './lines.js';
import type { Job } from './work.js';

/**
 * Gets ready to issue.
 * @throws {JwtkitError} USAGE_INVALID for a policy under which nothing can be issued.
 */
export async function prepareIssue(
  { policies, type, key, now, claims: fixed, defaults, isRedated, asJson }: Extract<Job, { kind: 'issue' }>,
  newId: (() => string) | undefined,
): Promise<AnswerLine> {
  const { prepareIssuer, preparePairIssuer } = await import('../../token/issue.js');
  const deps = { key, now, newId };
  const issue = { access: prepareIssuer(policies.access, deps), refresh: prepareIssuer(policies.refresh, deps) };
  const issuePair = policies.pair === undefined ? undefined : preparePairIssuer(policies.pair, deps);
  const sign = (given: Claims): { text: string; members: object } => {
    const claims = withMembers(given, fixed);
    fillDefaults(claims, defaults);
    if (isRedated) delete claims.exp;
    if (issuePair !== undefined) {
      const members = issuePair(claims);
      return { text: JSON.stringify(members), members };
    }
    const members = issue[type ?? (claims.type === 'refresh' ? 'refresh' : 'access')](claims);
    return { text: members.token, members };
  };
  return ({ number, text, isCut }) => {
    // Line n of the output belongs to line n of the input, so that an empty or a bad one leaves an empty one.
    if (!isCut && text.trim() === '') return asJson ? nothing : { output: '\n', outcome: undefined };
    try {
      if (isCut) throw new JwtkitError('USAGE_INVALID', `the line is longer than ${maxLineBytes} bytes`);
      const issued = sign(readClaims(text));
      return { output: `${asJson ? toJson({ line: number, ...issued.members }) : issued.text}\n`, outcome: 'issued' };
    } catch (error) {
      if (!(error instanceof JwtkitError)) throw error;
      if (asJson) return { output: `${toJson({ line: number, error: toPlain(error) })}\n`, outcome: error.code };
      return { output: '\n', outcome: error.code, talk: `error: line ${number}: ${renderMessage(error)}\n` };
    }
  };
}

/** A claims object, or a line of `decode --batch` or `decode --json`, of which the claims are taken. */
function readClaims(text: string): Claims {
  let json: JsonObject;
  try {
    json = parseJsonObject(Buffer.from(text, 'utf8'));
  } catch (error) {
    throw error instanceof JsonError ? new JwtkitError('USAGE_INVALID', `the line ${error.message}`) : error;
  }
  const claims = own(json, 'claims');
  const isDecoded =
    isJsonObject(own(json, 'header')) &&
    isJsonObject(claims) &&
    Object.keys(json).every((name) => ['line', 'header', 'claims'].includes(name));
  return isDecoded ? (claims as Claims) : json;
}

/** Claims with others in their place. */
function withMembers(claims: Claims, others: Claims): Claims {
  for (const name of Object.keys(others)) define(claims, name, others[name]);
  return claims;
}
