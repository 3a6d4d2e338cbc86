/** Forms as RFC 6749 §3.2 reads them: a field without a value is not there, and none stands twice. */
import type { FastifyRequest } from 'fastify';
import { isJsonObject, own } from '../jose/json.js';
import { isScopeToken, splitScope } from '../token/claims.js';
import { type FieldProblem, Refusal } from './refusal.js';

/**
 * The fields of a form, each a string.
 * @throws {Refusal} 422 for a required field that is missing, or one that stands twice.
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
    else if (Array.isArray(value)) problems.push(problem('string_type', name, 'Field given more than once'));
    else if ((required as readonly string[]).includes(name)) problems.push(problem('missing', name, 'Field required'));
  }
  if (problems.length > 0) throw new Refusal(422, problems, { error: 'invalid_request' });
  return fields as Record<Required, string> & Partial<Record<Optional, string>>;
}

function problem(type: FieldProblem['type'], name: string, msg: string): FieldProblem {
  return { type, loc: ['body', name], msg, input: null };
}

/**
 * The scope tokens that were asked for; undefined where none were.
 * @throws {Refusal} 400 invalid_scope for what cannot be one (RFC 6749 §3.3).
 */
export function askedScopes(scope: string | undefined): string[] | undefined {
  if (scope === undefined) return undefined;
  const tokens = splitScope(scope);
  if (!tokens.every(isScopeToken)) throw invalidScope('A scope has a character that scopes do not have');
  return tokens.length === 0 ? undefined : tokens;
}

/** The refusal of scopes (RFC 6749 §5.2). */
export function invalidScope(detail: string): Refusal {
  return new Refusal(400, detail, { error: 'invalid_scope' });
}
