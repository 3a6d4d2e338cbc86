/** Further claims of a user or a client, such as a plan or a tenant: which names they may have, and how large they may be. */
import { writeJson } from '../jose/exact-json.js';
import { isJsonObject, type JsonObject, quoteText } from '../jose/json.js';
import { maxJsonDepth } from '../jose/json-reader.js';

/** Claims that each have another place, and that place as the end of a sentence; undefined for those that jwtkit sets itself. */
const taken: ReadonlyMap<string, string | undefined> = new Map([
  ['sub', '--sub names the subject of a user'],
  ['scope', '--scope names the scopes'],
  ['scp', '--scope names the scopes'],
  ['role', '--role names the roles of a user'],
  ['aud', '--aud of clients and of serve names audiences'],
  ['iss', '--issuer-url of serve names the issuer'],
  ['exp', '--ttl of serve is the lifetime'],
  ...['nbf', 'iat', 'jti', 'type', 'family', 'session', 'client_id', 'auth_time'].map(
    (name) => [name, undefined] as const,
  ),
]);

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
    if (!taken.has(name)) continue;
    const hint = taken.get(name) ?? `jwtkit sets ${name} itself; choose another name`;
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
  return Object.fromEntries(Object.entries(claims ?? {}).filter(([name]) => !taken.has(name)));
}
