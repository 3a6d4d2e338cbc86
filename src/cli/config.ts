/**
 * What a policy file sets: `docs/config.schema.json` says which members there are and what they look like, the table below
 * which option each of them stands for. Loaded only where there is a file.
 */
import { dirname, isAbsolute, join } from 'node:path';
import type { Command } from 'commander';
import schema from '../../docs/config.schema.json' with { type: 'json' };
import { JwtkitError } from '../errors.js';
import {
  describeJson,
  isJsonObject,
  JsonError,
  type JsonObject,
  own,
  parseJsonObject,
  quoteText,
} from '../jose/json.js';
import { readFileBounded } from '../store/files.js';
import { findProblem, type Problem, type Schema } from './schema.js';

/** No policy that a person reviews is longer, in bytes. */
const maxConfigBytes = 65_536;

/** A policy file that was read, and what it sets in this command. */
export interface AppliedConfig {
  readonly file: string;
  /** Where in the file an option's value stands, by its attribute name. */
  readonly labels: ReadonlyMap<string, string>;
  /** Names of the members that set something. */
  readonly members: readonly string[];
  /** Whether it names a source of keys, be it one that this command has no option for. */
  readonly namesKeys: boolean;
}

/** How a member's value becomes that of an option; `folder` is where the file stands. */
type Reading = (value: never, folder: string) => unknown;

const same: Reading = (value: unknown) => value;
const list: Reading = (value: string | string[]) => [value].flat();
const path: Reading = (value: string, folder) => (isAbsolute(value) ? value : join(folder, value));
const paths: Reading = (value: string | string[], folder) => [value].flat().map((one) => path(one as never, folder));
const pathOrUrl: Reading = (value: string, folder) =>
  /^[a-z][a-z\d+.-]*:\/\//i.test(value) ? value : path(value as never, folder);
const location: Reading = (value: string, folder) =>
  value.startsWith('lmdb:') ? `lmdb:${path(value.slice(5) as never, folder)}` : value;
const claims: Reading = (value: (string | JsonObject)[]) =>
  value.map((claim) => (typeof claim === 'string' ? { name: claim } : claim));

const tokens = ['verify', 'refresh', 'issue'];
const secrets = ['verify', 'revoke', 'refresh', 'issue', 'serve'];
const published = ['verify', 'revoke', 'refresh', 'issue'];

/**
 * Which option a member stands for, and in which commands: the same flag may demand something of a token in one and grant it
 * in another. Where none are named it is all that have the option.
 */
export const configMembers: readonly { at: string; option: string; commands?: readonly string[]; read: Reading }[] = [
  { at: 'issuer', option: 'iss', commands: tokens, read: list },
  { at: 'issuer', option: 'issuer', commands: ['serve'], read: list },
  { at: 'audience', option: 'aud', commands: [...tokens, 'serve'], read: list },
  { at: 'algorithms', option: 'alg', commands: [...tokens, 'serve'], read: list },
  { at: 'type', option: 'type', commands: ['verify'], read: same },
  { at: 'typ', option: 'typ', commands: ['verify'], read: same },
  { at: 'scopes', option: 'scope', commands: ['verify'], read: same },
  { at: 'roles', option: 'role', commands: ['verify'], read: same },
  { at: 'require', option: 'require', commands: ['verify'], read: claims },
  { at: 'maxAge', option: 'maxAge', commands: ['verify'], read: same },
  { at: 'leeway', option: 'leeway', commands: ['verify', 'refresh', 'serve'], read: same },
  { at: 'lifetimes/access', option: 'ttl', commands: ['issue', 'refresh', 'serve'], read: same },
  { at: 'lifetimes/refresh', option: 'refreshTtl', commands: ['issue', 'refresh', 'serve'], read: same },
  { at: 'keys/keyring', option: 'keyring', read: path },
  { at: 'keys/files', option: 'key', commands: ['verify', 'revoke'], read: paths },
  { at: 'keys/jwks', option: 'jwks', commands: published, read: pathOrUrl },
  { at: 'keys/issuerUrl', option: 'issuerUrl', commands: published, read: same },
  { at: 'keys/secretFile', option: 'secretFile', commands: secrets, read: path },
  { at: 'keys/secretEnv', option: 'secretEnv', commands: secrets, read: same },
  { at: 'store', option: 'store', read: location },
];

/** Options that name keys: one that was given replaces the file's. */
const keyOptions = configMembers.filter(({ at }) => at.startsWith('keys/')).map(({ option }) => option);

/**
 * Reads a policy file.
 * @throws {JwtkitError} CONFIG_INVALID with the path of the bad member; FILE_NOT_READABLE.
 */
export function readConfig(file: string): JsonObject {
  const bytes = readFileBounded(file, maxConfigBytes);
  let config: JsonObject;
  try {
    config = parseJsonObject(bytes);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    const hint = error.message === 'is not JSON' ? 'JSON has no comments and no trailing commas' : undefined;
    throw new JwtkitError('CONFIG_INVALID', `${file} ${error.message}`, { hint });
  }
  const problem = findProblem(schema as Schema, config);
  if (problem !== undefined) throw toError(file, problem);
  return config;
}

/**
 * Gives a command's options the values of a policy file, as far as nobody gave them by flag or variable.
 * @param isGiven whether an option was, by its attribute name.
 */
export function applyConfig(
  command: Command,
  config: JsonObject,
  file: string,
  isGiven: (option: string) => boolean,
): AppliedConfig {
  const labels = new Map<string, string>();
  const names = new Set<string>();
  const hasKeys = keyOptions.some(isGiven);
  for (const { at, option, commands, read } of configMembers) {
    const value = valueAt(config, at);
    if (value === undefined || !command.options.some((declared) => declared.attributeName() === option)) continue;
    if (commands?.includes(command.name()) === false || isGiven(option)) continue;
    // A keyring is a source of keys, which another one replaces, and a place for the denylist, which stays.
    if (hasKeys && option !== 'keyring' && keyOptions.includes(option)) continue;
    command.setOptionValueWithSource(option, read(value as never, dirname(file)), 'config');
    labels.set(option, `${file}: /${at}`);
    names.add(at.replace(/\/.*/, ''));
  }
  return { file, labels, members: [...names], namesKeys: own(config, 'keys') !== undefined };
}

function valueAt(config: JsonObject, at: string): unknown {
  return at.split('/').reduce<unknown>((value, name) => (isJsonObject(value) ? own(value, name) : undefined), config);
}

function toError(file: string, problem: Problem): JwtkitError {
  const { path, value, known, message } = problem;
  const pointer = path.map((part) => `/${shorten(String(part)).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  const refuse = (reason: string, hint?: string) =>
    new JwtkitError('CONFIG_INVALID', `${file}: ${pointer === '' ? '' : `${pointer}: `}${reason}`, { hint });
  const name = String(path.at(-1));
  const isKey = known !== undefined && /^(pem|jwk)$/i.test(name);
  if (isKey || (typeof value === 'string' && value.includes('-----BEGIN'))) {
    return refuse('a key has no place in a policy', 'name the file that holds the public key: "keys": {"files": …}');
  }
  if (known === undefined) return refuse(`${message}, got ${describe(problem)}`, hintFor(path));
  if (isSecretName(name, value)) {
    return refuse(
      'a secret has no place in a policy',
      'leave it in a file or a variable, and name that: "keys": {"secretFile": …} or {"secretEnv": …}',
    );
  }
  if (/private/i.test(name)) {
    return refuse(
      'a private key has no place in a policy',
      'leave it in a keyring and name that, "keys": {"keyring": …}, or in a file for --key',
    );
  }
  if (/^allow/i.test(name) || name === 'insecureHttp') {
    return refuse('it would let more tokens pass, which is for a flag to ask', 'pass the flag where it is needed');
  }
  return refuse('there is no such member', suggest(name, known));
}

/** Members in which somebody may have put what belongs into a file of its own: their values are not repeated. */
function describe({ path, value }: Problem): string {
  if (isJsonObject(value)) {
    const names = Object.keys(value);
    return names.length === 0 ? 'an empty object' : `an object with ${names.slice(0, 4).map(shorten).join(', ')}`;
  }
  if (Array.isArray(value)) {
    const isRepeating = new Set(value).size < value.length;
    return value.length === 0 ? 'an empty list' : `a list${isRepeating ? ' that says something twice' : ''}`;
  }
  const isPrivate = path[0] === 'keys' || path[0] === 'store';
  if (typeof value === 'string') return isPrivate || value.length > 80 ? 'another text' : quoteText(value);
  return isPrivate ? describeJson(value) : String(value);
}

function hintFor(path: Problem['path']): string | undefined {
  return path[0] === 'store' ? 'a location with a password belongs in the variable JWTKIT_STORE' : undefined;
}

/** Whether a member that there is none of was to hold a secret, rather than to name where one is. */
function isSecretName(name: string, value: unknown): boolean {
  return (
    /secret|pass(word|phrase|wd)?$|credential|api[_-]?key|^tokens?$/i.test(name) &&
    !/^secret(file|env)$/i.test(name) &&
    !isJsonObject(value)
  );
}

/** What other tools, flags and claims call a member. */
const otherNames: Readonly<Record<string, string>> = {
  iss: 'issuer',
  issuers: 'issuer',
  aud: 'audience',
  audiences: 'audience',
  alg: 'algorithms',
  algorithm: 'algorithms',
  scope: 'scopes',
  role: 'roles',
  requiredclaims: 'require',
  claims: 'require',
  ttl: 'lifetimes',
  expiresin: 'lifetimes',
  accessttl: 'lifetimes/access',
  refreshttl: 'lifetimes/refresh',
  clocktolerance: 'leeway',
  clockskew: 'leeway',
  denylist: 'store',
  key: 'keys',
  keyfiles: 'keys/files',
  publickey: 'keys/files',
  jwksurl: 'keys/jwks',
  jwksuri: 'keys/jwks',
};

function suggest(name: string, known: readonly string[]): string {
  const plain = name
    .slice(0, 60)
    .toLowerCase()
    .replace(/[^a-z]/g, '');
  const elsewhere = configMembers.find(({ at }) => at.toLowerCase().split('/').at(-1) === plain)?.at;
  const close = known.find((one) => distance(one.toLowerCase(), plain) <= (plain.length > 4 ? 2 : 1));
  const meant = close ?? (Object.hasOwn(otherNames, plain) ? otherNames[plain] : elsewhere);
  const ours = known.filter((one) => one !== '$schema').join(', ');
  return meant === undefined ? `there are ${ours}` : `did you mean ${meant}?`;
}

/** The fewest letters to change, add or drop between two names (Levenshtein). */
function distance(one: string, other: string): number {
  let row = [...Array(other.length + 1).keys()];
  for (const [at, letter] of [...one].entries()) {
    const next = [at + 1];
    for (let to = 1; to <= other.length; to++) {
      const replaced = (row[to - 1] ?? 0) + (letter === other[to - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[to] ?? 0) + 1, (next[to - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[other.length] ?? 0;
}

function shorten(name: string): string {
  return name.length > 60 ? `${name.slice(0, 60)}…` : name;
}
