/** What the query of `/auth` demands of a token: all scopes and all roles; of roles with a bar between them, any. */
import type { FastifyRequest } from 'fastify';
import { isJsonObject, own } from '../jose/json.js';
import { hideTokens } from '../shown-text.js';
import {
  asList,
  type Claims,
  isScopeToken,
  isStringOrStrings,
  missingFrom,
  scopesOf,
  splitScope,
} from '../token/claims.js';
import { Refusal } from './refusal.js';

/**
 * Refuses a misspelt demand, which would otherwise demand nothing.
 * @throws {Refusal} 400.
 */
export function refuseUnknownDemands({ query }: FastifyRequest): void {
  const names = isJsonObject(query) ? Object.keys(query) : [];
  if (names.some((name) => name !== 'scope' && name !== 'role')) {
    throw new Refusal(400, 'The query of /auth has demands other than scope and role', { failed: 'unknown demand' });
  }
}

/**
 * Checks the claims of a token against the demands of a query.
 * @throws {Refusal} 403, which names the missing scopes and roles for logs.
 */
export function requireDemands(request: FastifyRequest, claims: Claims): void {
  const scopes = demanded(request, 'scope').flatMap(scopesOrImpossible);
  const missingScopes = missingFrom(scopesOf(claims), scopes);
  const held = new Set(rolesOf(claims));
  const missingRoles = demanded(request, 'role')
    .map((role) => role.split('|'))
    // An empty name, as from a proxy's unset variable, is the role of nobody.
    .filter((anyOf) => !anyOf.some((role) => role !== '' && held.has(role)));
  if (missingScopes.length === 0 && missingRoles.length === 0) return;
  const named = missingScopes.length === 0 ? [] : scopes.filter(isScopeToken);
  const scope = named.length === 0 ? '' : `, scope="${named.join(' ')}"`;
  throw new Refusal(403, 'Not enough permissions', {
    headers: { 'www-authenticate': `Bearer error="insufficient_scope"${scope}` },
    code: 'CLAIM_MISMATCH',
    failed: shortened([
      ...missingScopes.map((each) => `scope=${headerText(each)}`),
      ...missingRoles.map((anyOf) => `role=${anyOf.map(headerText).join('|')}`),
    ]),
  });
}

/** Returns the roles of a token. */
export function rolesOf({ role }: Claims): readonly string[] {
  return isStringOrStrings(role) ? asList(role) : [];
}

/** Returns the demands of one kind. An empty demand, as from a proxy's unset variable, refuses every token. */
function demanded({ query }: FastifyRequest, name: string): string[] {
  const value = isJsonObject(query) ? own(query, name) : undefined;
  return [value ?? []].flat().map(String);
}

/** Splits a scope demand; an empty one becomes a scope that no token can have. */
function scopesOrImpossible(value: string): string[] {
  const scopes = splitScope(value);
  return scopes.length === 0 ? [''] : scopes;
}

/** Joins demands into a line for logs. They may come from a client, who may have put a token there. */
function shortened(demands: readonly string[]): string {
  const line = hideTokens(demands.join(', '));
  return line.length > 256 ? `${line.slice(0, 253)}...` : line;
}

/**
 * Percent-encodes a text as one word of a header: everything but visible ASCII, separators, quotes and the percent sign. No
 * claim can begin another word or another header.
 */
export function headerText(text: string): string {
  return text.replace(/[^\x21-\x7e]|["%,;\\]/gu, (char) =>
    [...Buffer.from(char, 'utf8')].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
  );
}
