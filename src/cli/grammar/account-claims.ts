/** Further claims of users and clients: `--claim`. */
import type { JsonObject } from '../../jose/json.js';
import { accountClaimsProblem } from '../../token/account-claims.js';
import { usage } from '../terminal/errors.js';
import { addPairs } from './issued-claims.js';
import { option } from './option.js';

export const accountClaimOption = (description = 'another claim of its access tokens') =>
  option('--claim <name=value>', `${description}: name=text or name:=json; repeatable`).repeatable();

/**
 * Reads the values of `--claim`; undefined if there are none.
 * @throws {JwtkitError} USAGE_INVALID for a name that another option or jwtkit itself sets.
 */
export function readAccountClaims(texts: readonly string[] | undefined): JsonObject | undefined {
  if (texts === undefined) return undefined;
  const claims: JsonObject = {};
  addPairs(claims, '--claim', texts);
  const found = accountClaimsProblem(claims);
  if (found !== undefined) throw usage(`--claim: the claims ${found.problem}`, found.hint);
  return claims;
}
