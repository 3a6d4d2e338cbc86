/** JSON that is no JWK and holds a key as text: a service account, a secret of Kubernetes or a vault, Keycloak's realm. */
import { JwtkitError } from '../errors.js';
import { isWholeDer } from './der.js';
import { isJsonObject, type JsonObject, own } from './json.js';
import { isPemMap } from './pem-map.js';

/** Names of members that hold a key. A file with a private half is a private file, so private ones come first. */
const privateNames = ['private_key', 'privateKey', 'private_key_pem', 'privateKeyPem', 'tls.key'];
const publicNames = ['public_key', 'publicKey', 'public_key_pem', 'publicKeyPem', 'certificate', 'cert', 'tls.crt'];
const eitherNames = ['key', 'pem'];
const kidNames = ['private_key_id', 'privateKeyId', 'key_id', 'keyId', 'kid', 'publicKeyID'];

/** A key in a member of a JSON object, and its `kid`, if the object names one. */
export interface KeyMember {
  /** The name of the member, or its path. */
  readonly name: string;
  readonly text: string;
  readonly kid: string | undefined;
  /** Set if the key was found by its content, under a name that says nothing of a key. */
  readonly isUnnamed?: true;
}

/** Finds the member that holds the key for a purpose: by its name, or because it is the only key in the JSON. */
export function findKeyMember(
  json: JsonObject,
  where: string,
  purpose: 'sign' | 'verify' | 'any',
): KeyMember | undefined {
  const named = findNamed(json, where, 2);
  // GitLab keeps the name of a variable in `key`, and its value elsewhere.
  const isName = named !== undefined && eitherNames.includes(named.name) && !holdsKey(named.text);
  return named === undefined || isName ? (findOnly(json, where, purpose) ?? named) : named;
}

/** Kubernetes and Vault keep the member in `data`. */
function findNamed(json: JsonObject, where: string, depth: number): KeyMember | undefined {
  const found = [privateNames, [...publicNames, ...eitherNames]].map((names) =>
    names.filter((name) => typeof own(json, name) === 'string' && own(json, name) !== ''),
  );
  const names = found.find((each) => each.length > 0);
  if (names === undefined) {
    const inner = depth > 0 ? own(json, 'data') : undefined;
    return isJsonObject(inner) ? findNamed(inner, where, depth - 1) : undefined;
  }
  const keys = names.map((name) => ({ name, text: own(json, name) as string }));
  if (new Set(keys.map(({ text }) => text)).size > 1) throw several(keys, where);
  return { ...(keys[0] as { name: string; text: string }), kid: kidOf(json) };
}

/** Where a vault puts what it keeps: no `kid`. */
const vaultNames = ['SecretString', 'value'];

/**
 * The only key under any name: people export all their variables as JSON, and each vault has a form of its own. To sign, public
 * keys beside it do not count. A map from `kid` to PEM is a set, and is not searched for one key to verify with.
 */
function findOnly(json: JsonObject, where: string, purpose: 'sign' | 'verify' | 'any'): KeyMember | undefined {
  const all = keyTexts(json);
  const privates = all.filter(({ text }) => privateLabel.test(pemOf(text)));
  const isWrapper = all.length === 1 && vaultNames.includes(all[0]?.name ?? '');
  const isSet = privates.length === 0 ? !isWrapper : purpose !== 'sign' && privates.length < all.length;
  const publics = all.filter((each) => !privates.includes(each));
  const [first, second] = publics;
  const isOfVariables = first !== undefined && second === undefined && saysKey(first.name);
  if (isSet && !isOfVariables && isPemMap(json)) return undefined;
  const candidates = purpose === 'verify' && isOfVariables ? publics : privates.length > 0 ? privates : all;
  if (new Set(candidates.map(({ text }) => text)).size > 1) {
    throw several(candidates, where);
  }
  return candidates[0];
}

/** What variables and files are called. */
const variableOrFile = /^[A-Z][A-Z\d]{0,40}(?:_[A-Z\d]{1,40}){1,10}$|\.(?:pub|pem|key|crt|cer)$/;
/** What settings are called, such as `jwtPublicKey` or `rsa_public_key`, without their case and signs. */
const setting =
  /(?:public|pub|sign(?:ing|er|ature)?|verif[a-z]{1,8}|jwt|rsa|auth|token)(?:key|pem|cert(?:ificate)?)(?:pem)?$/;

/** Whether a name says that a key is in it, and so is no `kid` of a set. */
function saysKey(name: string): boolean {
  return variableOrFile.test(name) || setting.test(name.toLowerCase().replace(/[^a-z\d]/g, ''));
}

function several(keys: readonly { name: string; text: string }[], where: string): JwtkitError {
  const names = keys
    .filter(({ text }, at) => keys.findIndex((each) => each.text === text) === at)
    .map(({ name }) => name);
  const shown = names.length > 4 ? [...names.slice(0, 4), '…'] : names;
  return new JwtkitError('KEY_INVALID', `${where}the JSON holds ${names.length} keys: ${shown.join(', ')}`, {
    hint: 'keep the one to use in a file of its own',
  });
}

function kidOf(json: JsonObject): string | undefined {
  return kidNames.map((each) => own(json, each)).find((value) => typeof value === 'string' && value !== '') as
    | string
    | undefined;
}

const privateLabel = /-----BEGIN [A-Z ]*PRIVATE KEY-----/;
/** How base64 of a PEM begins. */
const encodedPem = /^\s*LS0tLS1CRUdJTi/;

function pemOf(text: string): string {
  return encodedPem.test(text) || encodedJson.test(text) ? Buffer.from(text, 'base64').toString('latin1') : text;
}

/** A JWK or a JWK Set as text, and how base64 of one begins. */
const jwkText = /^\s*\{[\s\S]{0,4000}"(?:kty|keys)"\s{0,8}:/;
const encodedJson = /^\s*eyJ/;
/** How much of base64 is decoded to see what it holds, in characters. */
const seen = 8000;

/** Whether a text is PEM, a JWK or a JWK Set, base64 of one or of a service account, or base64 of DER, as key services return it. */
function holdsKey(text: string): boolean {
  if (text.includes('-----BEGIN ') || encodedPem.test(text) || jwkText.test(text)) return true;
  // A token begins alike, and has dots.
  if (encodedJson.test(text) && !text.includes('.')) {
    const json = Buffer.from(text.slice(0, seen), 'base64').toString('latin1');
    return jwkText.test(json) || json.includes('-----BEGIN ');
  }
  return /^M[A-I][\w+/-]{50,}={0,2}$/.test(text) && isWholeDer(Buffer.from(text, 'base64'));
}

/** More levels than a document of a vault has. */
const deepest = 8;
const longestName = 80;

/** A name may be a secret itself; one that looks like a name is shown. */
export const shownName = (name: string) => (/^[\w.@:/-]{1,40}$/.test(name) ? name : '…');

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}

/** All texts in JSON that hold a key, each with its path. A list of lines is one text. */
function keyTexts(root: JsonObject): KeyMember[] {
  const found: KeyMember[] = [];
  const visit = (value: unknown, name: string, parent: JsonObject, depth: number): void => {
    const isLines = isTexts(value) && /^-----BEGIN [^\n]*$/.test(value[0] ?? '');
    const text = isLines ? value.join('\n') : value;
    if (typeof text === 'string') {
      if (holdsKey(text)) found.push({ name: name.slice(0, longestName), text, kid: kidOf(parent), isUnnamed: true });
    } else if (typeof value === 'object' && value !== null && depth > 0) {
      const inner = isJsonObject(value) ? value : parent;
      for (const [each, member] of Object.entries(value)) {
        visit(member, `${name}.${shownName(each)}`.slice(0, longestName + 1), inner, depth - 1);
      }
    }
  };
  for (const [name, member] of Object.entries(root)) visit(member, shownName(name), root, deepest);
  return found;
}
