/**
 * Claims as `issue` takes them: an object of claims, or the output of another command, which contains claims.
 * An object counts as such output only if all its members are those of that output. So claims may have an `error` or `claims` of
 * their own, and an error or a refusal is never signed.
 */
import { JwtkitError } from '../errors.js';
import { readExact } from '../jose/exact-json.js';
import { asText, isJsonObject, type JsonObject, own, quoteText, readJsonObject } from '../jose/json.js';
import { privateMembers } from '../jose/jwk.js';
import type { Claims } from './claims.js';

/** What a command prints about a token, as JSON. */
interface Output {
  /** The members that it always has, and what they are. */
  readonly members: Readonly<Record<string, (value: unknown) => boolean>>;
  /** Names of the members that it may have. */
  readonly optional: readonly string[];
  /** Why the output has no claims to sign, as the end of a message; undefined if it has. */
  readonly refusal: (output: JsonObject) => string | undefined;
}

const isBoolean = (value: unknown) => typeof value === 'boolean';
const isNumber = (value: unknown) => typeof value === 'number';
const isText = (value: unknown) => typeof value === 'string';
const isTextOrNull = (value: unknown) => value === null || isText(value);
const isNumberOrNull = (value: unknown) => value === null || isNumber(value);
const isError = (value: unknown) => isJsonObject(value) && isText(own(value, 'code'));
const isNote = (value: unknown) =>
  isJsonObject(value) && isText(own(value, 'message')) && Object.keys(value).length === 1;

const life = {
  state: isText,
  issued_at: isNumberOrNull,
  active_from: isNumberOrNull,
  expires_at: isNumberOrNull,
  lifetime: isNumberOrNull,
  remaining: isNumberOrNull,
};

/** The members of a JWK beside `kty`: those of RFC 7517 and 7518, and those of WebCrypto and of keyrings. */
const jwkMembers = [
  ...['use', 'key_ops', 'alg', 'kid', 'crv', 'x', 'y', 'n', 'e', 'pub', 'ext', 'iat', 'nbf', 'exp'],
  ...['x5u', 'x5c', 'x5t', 'x5t#S256'],
  ...privateMembers,
];
const isJwk = (value: unknown) => isJsonObject(value) && isText(own(value, 'kty'));

const outputs: readonly Output[] = [
  {
    // An error of any command, and the line of a batch that holds one.
    members: { error: isError },
    optional: ['line', 'header', 'claims', 'token', ...Object.keys(life)],
    refusal: ({ error }) => `is an error, ${quoteText(asText((error as JsonObject).code))}, not claims`,
  },
  { members: { note: isNote }, optional: [], refusal: () => 'is a note, not claims' },
  { members: { claims: isJsonObject, header: isJsonObject }, optional: ['line'], refusal: () => undefined },
  { members: { claims: isJsonObject, token: isText }, optional: ['line'], refusal: () => undefined },
  {
    members: { header: isJsonObject, encrypted: (value) => value === true },
    optional: ['line', 'header_text', 'defects'],
    refusal: () => encryptedRefusal,
  },
  {
    // Of a token for several recipients.
    members: { headers: Array.isArray, encrypted: (value) => value === true },
    optional: ['line', 'defects'],
    refusal: () => encryptedRefusal,
  },
  {
    members: { defects: Array.isArray },
    optional: ['header', 'header_text', 'claims', 'claims_text', 'encrypted'],
    refusal: () => 'is what decode could read of a damaged token, not claims',
  },
  {
    members: { valid: isBoolean, code: isTextOrNull, checks: Array.isArray },
    optional: ['key', 'header', 'claims', 'fetched', 'skipped', 'config'],
    refusal: refusalOfVerdict,
  },
  {
    members: { valid: isBoolean, line: isNumber },
    optional: ['code', 'sub', 'exp', 'kid', 'claims'],
    refusal: refusalOfVerdict,
  },
  { members: life, optional: ['line'], refusal: () => 'is the output of inspect, which has no claims' },
  {
    members: { token: isText, kid: isTextOrNull },
    optional: ['line'],
    refusal: () => 'is the output of encrypt, which has no claims',
  },
  ...['content', 'content_base64'].map((content) => ({
    members: { header: isJsonObject, kid: isTextOrNull, [content]: isText },
    optional: ['line'],
    refusal: () => 'is the output of decrypt; its content may be claims: jwtkit decrypt without --json',
  })),
  {
    // Of `issue --pair`, `refresh` and a token endpoint (RFC 6749 §5.1).
    members: { access_token: isText, token_type: isText },
    optional: ['line', 'expires_in', 'refresh_token', 'scope', 'id_token'],
    refusal: () => 'is a pair of tokens, not claims',
  },
  // Everybody can read the claims of a token, so no key and no secret is among them.
  { members: { kty: isText }, optional: jwkMembers, refusal: () => 'is a key (JWK), not claims' },
  {
    members: { keys: (value) => Array.isArray(value) && value.length > 0 && value.every(isJwk) },
    optional: [],
    refusal: () => 'is a JWK Set, not claims',
  },
  {
    // Of `clients add` and `clients rotate`, and of a registration (RFC 7591 §3.2.1).
    members: { client_id: isText, client_secret: isText },
    optional: ['name', 'scopes', 'aud', 'claims', 'created', 'client_id_issued_at', 'client_secret_expires_at'],
    refusal: () => 'is a client with its secret, not claims',
  },
  {
    // Of `serve`.
    members: { detail: (value) => isText(value) || Array.isArray(value) },
    optional: ['path', 'error', 'error_description'],
    refusal: () => 'is an error of a service, not claims',
  },
  {
    // Of another token endpoint (RFC 6749 §5.2).
    members: { error: isText, error_description: isText },
    optional: ['error_uri', 'state'],
    refusal: ({ error }) => `is an error of a service, ${quoteText(asText(error))}, not claims`,
  },
  {
    members: { active: (value) => value === false },
    optional: [],
    refusal: () => 'is what /introspect says of a token that is not active, not claims',
  },
  {
    members: { differences: Array.isArray },
    optional: ['checks'],
    refusal: () => 'is the output of diff, not claims',
  },
  {
    members: { command: isText, summary: isText, findings: Array.isArray, cases: Array.isArray },
    optional: [],
    refusal: ({ command }) => `is a report of ${quoteText(asText(command))}, not claims`,
  },
  {
    members: { version: isText, runs: Array.isArray },
    optional: ['$schema'],
    refusal: () => 'is a report in SARIF, not claims',
  },
];

const encryptedRefusal = 'is the header of an encrypted token; jwtkit decrypt prints its content';

function refusalOfVerdict(verdict: JsonObject): string | undefined {
  const { valid, code } = verdict;
  if (valid === true && isJsonObject(own(verdict, 'claims'))) return undefined;
  if (valid === true) return 'is a verdict without claims; verify --batch prints them with --with-claims';
  return `is a refusal, ${quoteText(asText(code) || 'without a code')}, not claims`;
}

/**
 * Reads claims; numbers keep their text.
 * @param name what messages call the text, such as "the line".
 * @throws {JwtkitError} USAGE_INVALID for anything but a strict JSON object, and for an error or a refusal.
 */
export function readClaims(bytes: Uint8Array, name: string): Claims {
  const { value, text } = readJsonObject(bytes, (problem) => new JwtkitError('USAGE_INVALID', `${name} ${problem}`));
  const output = outputs.find((each) => isOutput(value, each));
  const exact = readExact(text, value);
  if (output === undefined) return exact;
  const refusal = output.refusal(value);
  if (refusal === undefined) return exact.claims as Claims;
  throw new JwtkitError('USAGE_INVALID', `${name} ${refusal}`, {
    hint: "if these members are your claims, pass one with --claim so that they do not look like jwtkit's output",
  });
}

function isOutput(value: JsonObject, { members, optional }: Output): boolean {
  return (
    Object.entries(members).every(([name, isMember]) => Object.hasOwn(value, name) && isMember(value[name])) &&
    Object.keys(value).every((name) => Object.hasOwn(members, name) || optional.includes(name))
  );
}

/** A claim that a policy file gives to tokens without it. */
export interface ClaimDefault {
  readonly name: 'iss' | 'aud';
  /** The values that verifiers accept. If there are several, the issuer must choose one. */
  readonly accepted: readonly string[];
  /** The option or the member of the policy file, for messages. */
  readonly label: string;
}

/** What options set in the claims of each token. */
export interface ClaimOptions {
  /** Claims that replace those given. */
  readonly fixed: Claims;
  readonly defaults: readonly ClaimDefault[];
  /** Whether a lifetime replaces a given `exp`: of all tokens, or of refresh tokens alone. */
  readonly isRedated: boolean | 'refresh';
}

/**
 * Returns the claims to sign: the given ones, with those of the options.
 * @throws {JwtkitError} USAGE_INVALID if a default has several values.
 */
export function completeClaims(given: Claims, { fixed, defaults, isRedated }: ClaimOptions): Claims {
  const claims = { ...given };
  for (const name of Object.keys(fixed)) defineMember(claims, name, fixed[name]);
  if (isRedated === true || (isRedated === 'refresh' && claims.type === 'refresh')) delete claims.exp;
  for (const { name, accepted, label } of defaults) {
    if (Object.hasOwn(claims, name)) continue;
    const [value, ...others] = accepted;
    if (others.length > 0) {
      const message = `${label} accepts ${accepted.length} values`;
      throw new JwtkitError('USAGE_INVALID', message, { hint: `name one with --${name}` });
    }
    defineMember(claims, name, value);
  }
  return claims;
}

/** Sets an own member whatever its name: a plain assignment to `__proto__` would be lost. */
export function defineMember(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, configurable: true, writable: true });
}
