/** What a policy file says of the tokens that it accepts, as claims of those that are issued under it. */
import type { Claims } from '../token/claims.js';
import { usage } from './options.js';

/** A claim for a token without it, and where the policy says so. */
export interface ClaimDefault {
  readonly name: 'iss' | 'aud';
  /** What verifiers accept: of several nobody but the issuer can say which a token is to carry. */
  readonly accepted: readonly string[];
  readonly label: string;
}

/**
 * Fills in the claims that are not there.
 * @throws {JwtkitError} USAGE_INVALID where there are several values to choose from.
 */
export function fillDefaults(claims: Claims, defaults: readonly ClaimDefault[]): void {
  for (const { name, accepted, label } of defaults) {
    if (Object.hasOwn(claims, name)) continue;
    const [value = '', ...others] = accepted;
    if (others.length > 0) throw usage(`${label} accepts ${accepted.length} values`, `name one with --${name}`);
    define(claims, name, value);
  }
}

/** Sets an own member whatever its name: a plain assignment to `__proto__` would be lost. */
export function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}
