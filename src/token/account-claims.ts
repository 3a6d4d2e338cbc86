/** Further claims of a user or a client, such as a plan or a tenant: which names they may have, and how large they may be. */
import { writeJson } from '../jose/exact-json.js';
import { isJsonObject, type JsonObject, quoteText } from '../jose/json.js';
import { maxJsonDepth } from '../jose/json-reader.js';

/**
 * Claims that each have another place, and that place as the end of a sentence; undefined for those that jwtkit sets itself, and
 * for those by which verifiers grant rights or tie a token to a key, a session or a log-in.
 */
const taken: ReadonlyMap<string, string | undefined> = new Map([
  ['sub', '--sub names the subject of a user'],
  ['scope', '--scope names the scopes'],
  ['scp', '--scope names the scopes'],
  ['role', '--role names the roles of a user'],
  ['roles', '--role names the roles of a user'],
  ['aud', '--aud of clients and of serve names audiences'],
  ['iss', '--issuer-url of serve names the issuer'],
  ['exp', '--ttl of serve is the lifetime'],
  ...['nbf', 'iat', 'jti', 'type', 'family', 'session', 'client_id', 'auth_time'].map(
    (name) => [name, undefined] as const,
  ),
  // RFC 7800, 8693, 9068 (§2.2.1, §2.2.3.1) and 9396, OpenID Connect (Core and its logout), RFC 8417; `typ` of Keycloak.
  ...[
    'cnf',
    'act',
    'may_act',
    'groups',
    'entitlements',
    'authorization_details',
    'azp',
    'sid',
    'nonce',
    'acr',
    'amr',
  ].map((name) => [name, grantsRights(name)] as const),
  ...['at_hash', 'c_hash', 'events', 'typ'].map((name) => [name, grantsRights(name)] as const),
]);

function grantsRights(name: string): string {
  return `verifiers take ${name} as the issuer's word about rights or the log-in; choose another name`;
}

/** Returns a name as verifiers may read it: Go's encoding/json takes `Exp` for `exp`, and a long s for an s. */
const fold = (name: string) => name.toUpperCase().toLowerCase();

/** The longest JSON of the claims of one account, in bytes of UTF-8: tokens travel in headers. */
const maxClaimsBytes = 4096;

/** What is wrong with the claims of an account, to complete "the claims …", and the way out. */
export interface ClaimsProblem {
  readonly problem: string;
  readonly hint?: string | undefined;
}

/** Returns what is wrong with the claims of an account, to complete "the claims …"; undefined if they are sound. */
export function accountClaimsProblem(claims: unknown): ClaimsProblem | undefined {
  if (!isJsonObject(claims)) return { problem: 'are no JSON object' };
  for (const name of Object.keys(claims)) {
    if (name === '') return { problem: 'have one without a name' };
    const meant = fold(name);
    if (!taken.has(meant)) continue;
    const hint = taken.get(meant) ?? `jwtkit sets ${meant} itself; choose another name`;
    return { problem: `may not have ${quoteText(name)}`, hint };
  }
  // The file holds them inside of other objects, and must stay readable.
  if (isDeeper(claims, maxJsonDepth / 2)) return { problem: 'are nested too deeply' };
  if (Buffer.byteLength(writeJson(claims), 'utf8') <= maxClaimsBytes) return undefined;
  return {
    problem: `have more than ${maxClaimsBytes} bytes as JSON`,
    hint: 'keep them small: every request carries them',
  };
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1));
}

/** Returns those of an account's claims that a token may have. What {@link accountClaimsProblem} refuses is left out. */
export function soundClaimsOf(claims: Readonly<JsonObject> | undefined): JsonObject {
  return Object.fromEntries(Object.entries(claims ?? {}).filter(([name]) => !taken.has(fold(name))));
}
