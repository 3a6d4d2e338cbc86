/** For which audiences a client's tokens are: its own list, else that of the service, and what `resource` picks from it (RFC 8707). */
import type { FastifyRequest } from 'fastify';
import { JwtkitError } from '../errors.js';
import type { Accounts, Client } from '../token/account.js';
import { asList, type Claims, isStringOrStrings, missingFrom } from '../token/claims.js';
import type { VerifyPolicy } from '../token/policy.js';
import { readFields } from './form.js';
import { Refusal } from './refusal.js';
import type { ServiceOptions } from './service.js';

/** Returns the audiences that tokens of a client, or of no client, may have now; undefined if none are named. */
export function audiencesFor(client: Client | undefined, { audience }: ServiceOptions): readonly string[] | undefined {
  return client?.audiences ?? audience;
}

/**
 * Returns the audiences that a request asks for; undefined if it names none.
 * @throws {Refusal} 422 for a file.
 */
export function requestedAudiences(request: FastifyRequest): string[] | undefined {
  const resources = readFields(request, 'resource');
  return resources.length === 0 ? undefined : [...new Set(resources)];
}

/**
 * Returns the audiences of new tokens: the requested ones, else all that are allowed.
 * @throws {Refusal} 400 invalid_target for one that is not allowed (RFC 8707 §2).
 */
export function grantAudiences(
  requested: readonly string[] | undefined,
  client: Client | undefined,
  options: ServiceOptions,
): readonly string[] {
  const allowed = audiencesFor(client, options) ?? [];
  if (requested !== undefined && missingFrom(allowed, requested).length > 0) throw invalidTarget();
  return requested ?? allowed;
}

/** Makes the refusal of a `resource` (RFC 8707 §2). */
export function invalidTarget(): Refusal {
  return new Refusal(400, 'The resource is not allowed', { error: 'invalid_target' });
}

/** A policy that leaves the audience to {@link requireOwnAudience}: where the service is the issuer, tokens of all its clients are good. */
export function withoutAudience(policy: VerifyPolicy): VerifyPolicy {
  return { ...policy, audience: undefined, anyAudience: true };
}

/**
 * Checks that a token, by the claims that its access tokens have, is for an audience of the service or of the client that it was
 * issued to. Without any, a token with `aud` is refused: another program may have signed it with the same key (RFC 7519 §4.1.3).
 * @throws {JwtkitError} CLAIM_MISSING, CLAIM_MISMATCH.
 */
export function requireOwnAudience({ aud, client_id: id }: Claims, options: ServiceOptions, accounts: Accounts): void {
  const client = typeof id === 'string' ? accounts.clientById(id) : undefined;
  if (client?.audiences === undefined && options.anyAudience === true) return;
  const allowed = audiencesFor(client, options);
  if (aud === undefined) {
    if (allowed === undefined) return;
    throw new JwtkitError('CLAIM_MISSING', 'token has no aud');
  }
  const isOwn = isStringOrStrings(aud) && missingFrom(allowed ?? [], asList(aud)).length < asList(aud).length;
  if (!isOwn) throw new JwtkitError('CLAIM_MISMATCH', 'the token is for other audiences');
}
