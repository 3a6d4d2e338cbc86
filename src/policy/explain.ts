/** The words for a policy file that its schema refuses. They repeat no secret that somebody put into the file. */
import { JwtkitError } from '../errors.js';
import { describeJson, isJsonObject, quoteText } from '../jose/json.js';
import { isMisspelt } from '../jose/spelling.js';
import { policyMembers } from './apply.js';
import type { Problem } from './validate.js';

/** What other tools, flags and claims call a member. */
const otherNames: Readonly<Record<string, readonly string[]>> = {
  issuer: ['iss', 'issuers'],
  audience: ['aud', 'audiences'],
  algorithms: ['alg', 'algorithm'],
  scopes: ['scope'],
  roles: ['role'],
  require: ['requiredclaims', 'claims'],
  lifetimes: ['ttl', 'expiresin'],
  'lifetimes/access': ['accessttl'],
  'lifetimes/refresh': ['refreshttl'],
  leeway: ['clocktolerance', 'clockskew'],
  store: ['denylist'],
  keys: ['key'],
  'keys/files': ['keyfiles', 'publickey'],
  'keys/jwks': ['jwksurl', 'jwksuri'],
};

/** Returns the CONFIG_INVALID error for a problem, with the JSON Pointer (RFC 6901) of the bad member. */
export function explainProblem(file: string, problem: Problem): JwtkitError {
  const { path, value, known, message } = problem;
  const pointer = path.map((part) => `/${shorten(String(part)).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
  const refuse = (reason: string, hint?: string) =>
    new JwtkitError('CONFIG_INVALID', `${file}: ${pointer === '' ? '' : `${pointer}: `}${reason}`, { hint });
  const name = String(path.at(-1));
  const isKey = known !== undefined && /^(pem|jwk)$/i.test(name);
  if (isKey || (typeof value === 'string' && value.includes('-----BEGIN'))) {
    return refuse('a policy holds no key', 'name the file of the public key: "keys": {"files": …}');
  }
  if (known === undefined) {
    const hint = path[0] === 'store' ? 'put a location with a password into the variable JWTKIT_STORE' : undefined;
    return refuse(`${message}, got ${describe(problem)}`, hint);
  }
  if (isSecretName(name) && !isJsonObject(value)) {
    const way = 'put it into a file or a variable, and name that: "keys": {"secretFile": …} or {"secretEnv": …}';
    return refuse('a policy holds no secret', way);
  }
  if (/private/i.test(name)) {
    const way = 'put it into a keyring and name that, "keys": {"keyring": …}, or into a file for --key';
    return refuse('a policy holds no private key', way);
  }
  if (/^allow/i.test(name) || name === 'insecureHttp') {
    return refuse('a policy cannot loosen a check', 'pass the flag to the command that needs it');
  }
  return refuse('there is no such member', suggest(name, known));
}

/** Describes a value in a few words; a text in `keys` or `store` may be a secret and is not shown. */
function describe({ path, value }: Problem): string {
  if (isJsonObject(value)) {
    const names = Object.keys(value);
    return names.length === 0 ? 'an empty object' : `an object with ${names.slice(0, 4).map(shorten).join(', ')}`;
  }
  if (Array.isArray(value)) {
    if (value.length === 0) return 'an empty list';
    return new Set(value).size < value.length ? 'a list that repeats a value' : 'a list';
  }
  const mayBeSecret = path[0] === 'keys' || path[0] === 'store';
  if (typeof value === 'string') return mayBeSecret || value.length > 80 ? 'another text' : quoteText(value);
  return mayBeSecret ? describeJson(value) : String(value);
}

/** Whether an unknown member has the name of a secret, not that of a place where one is. */
function isSecretName(name: string): boolean {
  const isPlace = /^secret(file|env|encoding)$/i.test(name);
  return !isPlace && /secret|pass(word|phrase|wd)?$|credential|api[_-]?key|^tokens?$/i.test(name);
}

function suggest(name: string, known: readonly string[]): string {
  const letters = name.slice(0, 60).toLowerCase();
  const plain = letters.replace(/[^a-z]/g, '');
  const close = known.find((one) => isMisspelt(plain, one.toLowerCase()));
  const other = Object.keys(otherNames).find((one) => otherNames[one]?.includes(plain));
  const elsewhere = policyMembers.find((one) => one.toLowerCase().split('/').at(-1) === plain);
  const meant = close ?? other ?? elsewhere;
  if (meant !== undefined) return `did you mean ${meant}?`;
  return `there are ${known.filter((one) => one !== '$schema').join(', ')}`;
}

function shorten(name: string): string {
  return name.length > 60 ? `${name.slice(0, 60)}…` : name;
}
