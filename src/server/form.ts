/** Forms as RFC 6749 §3.2 reads them: an empty field counts as absent, and no field may occur twice. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isJsonObject, own } from '../jose/json.js';
import { isScopeToken, isString, splitScope } from '../token/claims.js';
import { type FieldProblem, Refusal } from './refusal.js';

/** Refuses a form that is compressed (RFC 9110 §15.5.16). Read as it came, it would seem to lack its fields. */
export function refuseEncodedForms(app: FastifyInstance): void {
  app.addHook('preParsing', (request, _reply, _payload, done) => {
    const { headers, routeOptions } = request;
    const { 'content-encoding': coding = '' } = headers;
    const isEncoded = coding !== '' && coding.toLowerCase() !== 'identity';
    if (!isEncoded || routeOptions.config.isOauth !== true) return done();
    const accepted = { 'accept-encoding': 'identity' };
    done(new Refusal(415, 'Send the form without Content-Encoding', { error: 'invalid_request', headers: accepted }));
  });
}

/**
 * Returns the named fields of a form.
 * @throws {Refusal} 422 for a required field that is missing, or a field that occurs twice or is a file.
 */
export function readForm<Required extends string, Optional extends string = never>(
  { body }: FastifyRequest,
  required: readonly Required[],
  optional: readonly Optional[] = [],
): Record<Required, string> & Partial<Record<Optional, string>> {
  const form = isJsonObject(body) ? body : {};
  const fields: Record<string, string> = {};
  const problems: FieldProblem[] = [];
  for (const name of [...required, ...optional]) {
    const value = own(form, name);
    if (typeof value === 'string' && value !== '') fields[name] = value;
    else if (value === null) problems.push(fileProblem(name));
    else if (Array.isArray(value)) problems.push(problem('string_type', name, 'Field given more than once'));
    else if ((required as readonly string[]).includes(name)) problems.push(problem('missing', name, 'Field required'));
  }
  if (problems.length > 0) throw new Refusal(422, problems, { error: 'invalid_request' });
  return fields as Record<Required, string> & Partial<Record<Optional, string>>;
}

/**
 * Returns all values of a field that may occur several times, without empty ones.
 * @throws {Refusal} 422 if one is a file: left out, it would let the request ask for more.
 */
export function readFields({ body }: FastifyRequest, name: string): string[] {
  const value = isJsonObject(body) ? own(body, name) : undefined;
  const values = value === undefined ? [] : [value].flat();
  if (!values.every(isString)) throw new Refusal(422, [fileProblem(name)], { error: 'invalid_request' });
  return values.filter((each) => each !== '');
}

function fileProblem(name: string): FieldProblem {
  return problem('string_type', name, 'Field is a file');
}

function problem(type: FieldProblem['type'], name: string, msg: string): FieldProblem {
  return { type, loc: ['body', name], msg, input: null };
}

/** Splits a `scope` parameter into words; undefined if it has none. */
export function listScopes(scope: string | undefined): string[] | undefined {
  const words = splitScope(scope ?? '');
  return words.length === 0 ? undefined : words;
}

/**
 * Returns the requested scope tokens; undefined if the request names none.
 * @throws {Refusal} 400 invalid_scope for a word that is not a scope token (RFC 6749 §3.3).
 */
export function requestedScopes(scope: string | undefined): string[] | undefined {
  const words = listScopes(scope);
  if (words?.every(isScopeToken) === false) {
    throw invalidScope('A scope has a character that scopes do not have');
  }
  return words;
}

/** Makes the refusal of a scope (RFC 6749 §5.2). */
export function invalidScope(detail: string): Refusal {
  return new Refusal(400, detail, { error: 'invalid_scope' });
}
