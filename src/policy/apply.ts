/** What the members of a policy file set in a command. A flag or a variable beats the policy. */
import { dirname, isAbsolute, join, sep } from 'node:path';
import { JwtkitError } from '../errors.js';
import { isJsonObject, type JsonObject, own } from '../jose/json.js';
import { parseRequiredClaim, toRequiredClaim } from '../token/required-claim.js';
import { isUrl } from './place.js';

/** A command; options have their attribute names. */
export interface ConfigurableCommand {
  readonly name: string;
  readonly options: ReadonlySet<string>;
  /** The options that a flag or a variable sets. */
  readonly given: ReadonlySet<string>;
}

export interface AppliedPolicy {
  readonly file: string;
  /** The values that it sets, by option. */
  readonly values: ReadonlyMap<string, unknown>;
  /** Where in the file each value stands, for messages: `jwtkit.config.json: /issuer`. */
  readonly labels: ReadonlyMap<string, string>;
  /** Names of the members that set something. */
  readonly members: readonly string[];
  /** Whether it names a source of keys, even one that this command has no option for. */
  readonly namesKeys: boolean;
  /** The lifetimes of tokens, in a command that keeps a key until its tokens have expired. */
  readonly lifetimes?: { readonly access?: string; readonly refresh?: string } | undefined;
  /** The levels of rules, in a command that lints. */
  readonly rules?: readonly { readonly id: string; readonly level: string; readonly reason: string }[] | undefined;
}

/** Converts the value of a member to the value of an option; undefined if the member does not set the option. */
type Convert = (value: unknown, folder: string, place: string) => unknown;

const list: Convert = (value) => [value].flat();
/** Good tokens have one of the values that a verifier accepts. */
const firstOf: Convert = (value) => (value === 'any' ? undefined : [value].flat()[0]);
const path = (value: unknown, folder: string) => {
  const place = isAbsolute(`${value}`) ? `${value}` : join(folder, `${value}`);
  // A policy names files. It gives nobody's standard input another meaning.
  return place === '-' ? `.${sep}-` : place;
};
const paths: Convert = (value, folder) => [value].flat().map((one) => path(one, folder));
const pathOrUrl: Convert = (value, folder) => (isUrl(`${value}`) ? value : path(value, folder));
const storeLocation: Convert = (value, folder) =>
  `${value}`.startsWith('lmdb:') ? `lmdb:${path(`${value}`.slice(5), folder)}` : value;
/** The text `any` stands for `--any-aud`; the list `["any"]` names an audience. */
const audiences: Convert = (value) => (value === 'any' ? undefined : [value].flat());
const anyAudience: Convert = (value) => (value === 'any' ? true : undefined);
/** A text is a demand as `--require` takes it. */
const requiredClaims: Convert = (value, _folder, place) =>
  [value as string | JsonObject].flat().map((claim, at) => {
    if (!isJsonObject(claim)) {
      return parseRequiredClaim(String(claim), (problem, hint) => {
        return new JwtkitError('CONFIG_INVALID', `${place}/${at}: ${problem}`, { hint });
      });
    }
    const name = String(claim.name);
    const word = own(claim, 'word');
    return typeof word === 'string' ? { name, word } : toRequiredClaim(name, own(claim, 'value'));
  });

const tokens = ['verify', 'refresh', 'issue'];
const fixtures = ['fixtures', 'probe'];
const secrets = ['verify', 'revoke', 'refresh', 'issue', 'serve'];
const published = ['verify', 'revoke', 'refresh', 'issue'];

/**
 * The option that a member sets, and its commands; without `commands`, all that have the option. The same flag may demand
 * a claim in one command and grant it in another.
 */
const settings: readonly {
  readonly at: string;
  readonly option: string;
  /** Another option that replaces the member as well. */
  readonly rival?: string;
  readonly commands?: readonly string[];
  /** Without it the option has the member's value. */
  readonly convert?: Convert;
}[] = [
  { at: 'issuer', option: 'iss', commands: [...tokens, 'encrypt'], convert: list },
  { at: 'issuer', option: 'iss', commands: fixtures, convert: firstOf },
  { at: 'issuer', option: 'issuer', commands: ['serve'], convert: list },
  { at: 'audience', option: 'aud', rival: 'anyAud', commands: [...tokens, 'encrypt', 'serve'], convert: audiences },
  { at: 'audience', option: 'aud', commands: fixtures, convert: firstOf },
  { at: 'audience', option: 'anyAud', rival: 'aud', commands: ['verify', 'refresh', 'serve'], convert: anyAudience },
  { at: 'algorithms', option: 'alg', commands: [...tokens, 'serve'], convert: list },
  { at: 'type', option: 'type', commands: ['verify'] },
  { at: 'typ', option: 'typ', commands: ['verify', ...fixtures] },
  { at: 'scopes', option: 'scope', commands: ['verify'] },
  { at: 'scopeClaim', option: 'scopeClaim', commands: ['verify'] },
  { at: 'roles', option: 'role', commands: ['verify'] },
  { at: 'roleClaim', option: 'roleClaim', commands: ['verify'] },
  { at: 'require', option: 'require', commands: ['verify'], convert: requiredClaims },
  { at: 'maxAge', option: 'maxAge', commands: ['verify'] },
  { at: 'minTtl', option: 'minTtl', commands: ['verify'] },
  { at: 'leeway', option: 'leeway', commands: ['verify', 'refresh', 'serve'] },
  { at: 'lifetimes/access', option: 'ttl', commands: ['issue', 'encrypt', 'refresh', 'serve'] },
  { at: 'lifetimes/refresh', option: 'refreshTtl', commands: ['issue', 'encrypt', 'refresh', 'serve'] },
  { at: 'keys/keyring', option: 'keyring', convert: path },
  { at: 'keys/files', option: 'key', commands: ['verify', 'revoke'], convert: paths },
  { at: 'keys/keyEnv', option: 'keyEnv', commands: secrets, convert: list },
  { at: 'keys/jwks', option: 'jwks', commands: published, convert: pathOrUrl },
  { at: 'keys/issuerUrl', option: 'issuerUrl', commands: published },
  { at: 'keys/secretFile', option: 'secretFile', commands: secrets, convert: path },
  { at: 'keys/secretEnv', option: 'secretEnv', commands: secrets },
  { at: 'secretEncoding', option: 'secretEncoding', commands: secrets },
  { at: 'store', option: 'store', convert: storeLocation },
];

/** Every member of a policy that sets something: `issuer`, `keys/files`. The levels of rules are added up, not replaced. */
export const policyMembers: readonly string[] = [...new Set(settings.map(({ at }) => at)), 'lint/rules'];

/** Options that name keys. A given option replaces the policy's `keys`. */
const keyOptions = settings.filter(({ at }) => at.startsWith('keys/')).map(({ option }) => option);

/** Returns what a policy sets in a command: the options that no flag and no variable sets. */
export function applyPolicy(policy: JsonObject, file: string, command: ConfigurableCommand): AppliedPolicy {
  const { name, options, given } = command;
  const values = new Map<string, unknown>();
  const labels = new Map<string, string>();
  const members = new Set<string>();
  const hasKeys = keyOptions.some((option) => given.has(option));
  for (const { at, option, rival, commands, convert } of settings) {
    const value = valueAt(policy, at);
    if (value === undefined || !options.has(option) || commands?.includes(name) === false) continue;
    if (given.has(option) || (rival !== undefined && given.has(rival))) continue;
    // Another source of keys also replaces the keys of the keyring. The keyring remains the place of the denylist.
    if (hasKeys && option !== 'keyring' && keyOptions.includes(option)) continue;
    const converted = convert === undefined ? value : convert(value, dirname(file), `${file}: /${at}`);
    if (converted === undefined) continue;
    values.set(option, converted);
    labels.set(option, `${file}: /${at}`);
    members.add(at.replace(/\/.*/, ''));
  }
  const usesLifetimes = options.has('grace') && !given.has('grace') && !given.has('at');
  const lifetimes = usesLifetimes ? (own(policy, 'lifetimes') as AppliedPolicy['lifetimes']) : undefined;
  if (lifetimes !== undefined) members.add('lifetimes');
  const rules = options.has('rule') ? (valueAt(policy, 'lint/rules') as AppliedPolicy['rules']) : undefined;
  if (rules !== undefined) members.add('lint');
  const namesKeys = own(policy, 'keys') !== undefined;
  return { file, values, labels, members: [...members], namesKeys, lifetimes, rules };
}

function valueAt(policy: JsonObject, at: string): unknown {
  return at.split('/').reduce<unknown>((value, name) => (isJsonObject(value) ? own(value, name) : undefined), policy);
}
