/** What JSON with a key in it is. All readers of keys ask here, so that they explain a file alike. */
import { JwtkitError } from '../errors.js';
import { foreignJsonHint, foreignTextHint } from './foreign-key.js';
import { isJsonObject, type JsonObject, own } from './json.js';
import { jsonBreakHint } from './json-break.js';
import { findKeyMember, type KeyMember } from './json-key.js';
import { jwkHint } from './jwk-hint.js';
import { isPemMap } from './pem-map.js';
import { encodingOf, type RefuseText, readJsonFile, withoutMark } from './text.js';

/** The forms of JSON with keys, apart from a key in a member. */
export type JsonForm = 'JWK' | 'JWK Set' | 'PEM map';

/** JSON with keys. */
export type KeyJson =
  | { readonly form: JsonForm; readonly json: JsonObject; readonly notes: readonly string[] }
  | { readonly form: 'member'; readonly member: KeyMember; readonly notes: readonly string[] };

/** The form of a JSON object; undefined if it is none of them. */
export function formOf(json: JsonObject): JsonForm | undefined {
  if (own(json, 'kty') !== undefined) return 'JWK';
  if (own(json, 'keys') !== undefined) return 'JWK Set';
  return isPemMap(json) ? 'PEM map' : undefined;
}

/** How {@link readKeyJson} reads. */
export interface ReadKeyJsonOptions {
  /** Begins messages. */
  readonly where: string;
  /** `verify` and `sign` choose among the halves in the members. */
  readonly purpose: 'sign' | 'verify' | 'any';
  /** Whether a member may hold the key as text. That text is read without this, so that the depth is bounded. */
  readonly isDeep?: boolean | undefined;
}

/**
 * Reads JSON with keys. An array of JWKs is read as a set, with a note.
 * @throws {JwtkitError} KEY_INVALID for anything else, with a hint.
 */
export function readKeyJson(bytes: Uint8Array, { where, purpose, isDeep = true }: ReadKeyJsonOptions): KeyJson {
  const refuse: RefuseText = (problem, hint) => {
    const way = hint ?? (problem === 'is not JSON' ? notJsonHint(Buffer.from(bytes).toString()) : undefined);
    return new JwtkitError('KEY_INVALID', `${where}the JWK ${problem}`, { hint: way });
  };
  const { json, isArray } = readKeyObject(bytes, refuse);
  const notes = isArray && own(json, 'keys') !== undefined ? [`${where}${arrayNote}`] : [];
  const form = formOf(json);
  if (form === 'JWK' || form === 'JWK Set') return { form, json, notes };
  const member = isDeep ? findKeyMember(json, where, purpose) : undefined;
  if (member !== undefined) {
    const found = member.isUnnamed ? [`${where}the key was found in JSON at ${member.name}`] : [];
    return { form: 'member', member, notes: found };
  }
  if (form === 'PEM map' && isDeep) return { form, json, notes };
  if (isArray) throw refuse('is an array, not a JSON object', listHint);
  const message = `${where}the JWK's kty is missing`;
  throw new JwtkitError('KEY_INVALID', message, { hint: foreignJsonHint(json) ?? jwkHint(json, message) });
}

/** The hint for an array where one object is read. */
export const listHint = 'a list of JWKs becomes a set as {"keys": […]}';

/** The name under which messages show an array. */
const list = 'array';

/** What a person should know about an array of JWKs. */
export const arrayNote = 'the array of JWKs is read as a JWK Set';

/** Reads an object as it is, an array of JWKs as a set, and another array as a member, which may be searched for a key. */
export function readKeyObject(bytes: Uint8Array, refuse: RefuseText): { json: JsonObject; isArray: boolean } {
  const text = Buffer.from(withoutMark(bytes)).toString();
  if (encodingOf(bytes) !== undefined || !/^\s*\[/.test(text)) {
    return { json: readJsonFile(bytes, refuse).value, isArray: false };
  }
  const { value: json } = readJsonFile(Buffer.from(`{"keys":${text}}`), refuse);
  const items = own(json, 'keys');
  // More text might follow a closing bracket.
  if (!Array.isArray(items) || Object.keys(json).length > 1) throw refuse('is not JSON');
  const areJwks = items.length > 0 && items.every((item) => isJsonObject(item) && own(item, 'kty') !== undefined);
  return { json: areJwks ? json : { [list]: items }, isArray: true };
}

/** The way out for a text that begins as JSON does and is none. */
export function notJsonHint(text: string): string {
  const isQuoted = /["'\u201c\u201d]|&quot;/.test(text);
  if (!isQuoted && text.includes('-----BEGIN')) return 'keep the PEM alone: from -----BEGIN to -----END';
  return (isQuoted ? undefined : foreignTextHint(text)) ?? jsonBreakHint(text);
}

/** Runs an import of a JWK; an error about one of its members says what to change. */
export function withJwkHint<T>(jwk: unknown, action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof JwtkitError) || error.hint !== undefined) throw error;
    const hint = jwkHint(jwk, error.message);
    if (hint === undefined) throw error;
    throw new JwtkitError(error.code, error.message, { hint, cause: error });
  }
}
