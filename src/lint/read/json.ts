/** JSON that has to do with tokens, told by its members. */
import schema from '../../../docs/config.schema.json' with { type: 'json' };
import { isJsonObject, type JsonObject, own } from '../../jose/json.js';
import { isMisspelt } from '../../jose/spelling.js';
import { explainProblem } from '../../policy/explain.js';
import { findProblem, type Schema } from '../../policy/validate.js';
import type { Source } from '../rule.js';
import { readSettings, treeOfJson } from './settings.js';
import { addSet, type Found } from './subjects.js';

/** Tells what a JSON value is, such as a JWK Set, a policy file or a token response, and adds it to the subjects. */
export function readJsonSubjects(value: unknown, found: Found): void {
  if (!isJsonObject(value)) return void readSettings(treeOfJson(value), found);
  const has = (name: string) => own(value, name) !== undefined;
  if (isKeySet(value, found.source)) return void addSet(value, found);
  if (has('ciphertext') && (has('protected') || has('recipients') || has('header'))) {
    return void found.addEncrypted(JSON.stringify(value));
  }
  if (has('kty')) return void found.addJwk(value);
  if (isPolicy(value, found.source.name)) return void addPolicy(value, found);
  if (has('issuer') && (has('jwks_uri') || has('response_types_supported') || has('token_endpoint'))) {
    return void found.add('issuer', value);
  }
  for (const list of ['users', 'clients']) {
    const entries = own(value, list);
    if (Array.isArray(entries) && entries.every(isJsonObject)) return void addAccounts(entries, list, found);
  }
  if (has('access_token') || has('refresh_token') || has('id_token')) return void addResponse(value, found);
  readSettings(treeOfJson(value), found);
}

const memberNames = ['kty', 'kid', 'crv', 'alg', 'n', 'k'];

/** Whether a JSON object is a JWK Set. Other files have lists of keys as well, such as those of a keyboard. */
function isKeySet(value: JsonObject, { name, isFile, live }: Source): boolean {
  const keys = own(value, 'keys');
  if (!Array.isArray(keys)) return false;
  if (live !== undefined || /jwk/i.test(name)) return true;
  if (keys.length === 0) return isFile !== true;
  return keys.some((key) => isJsonObject(key) && memberNames.some((member) => own(key, member) !== undefined));
}

const policyMembers = [
  'audience',
  'algorithms',
  'lifetimes',
  'require',
  'maxAge',
  'leeway',
  'scopes',
  'keys',
  'store',
  'lint',
];

function isPolicy(value: JsonObject, name: string): boolean {
  if (/(?:^|[\\/])jwtkit\.config\.json$/.test(name)) return true;
  const $schema = own(value, '$schema');
  if (typeof $schema === 'string' && $schema.includes('config.schema.json') && $schema.includes('jwtkit')) return true;
  return (
    typeof own(value, 'issuer') === 'string' &&
    policyMembers.some((member) => own(value, member) !== undefined) &&
    Object.keys(value).every(isOfPolicy)
  );
}

/** Whether a member belongs to a policy, also misspelt. Settings of clients have others beside the issuer, such as `clientId`. */
function isOfPolicy(member: string): boolean {
  const known = Object.keys(schema.properties);
  return known.includes(member) || (member.length < 30 && known.some((name) => isMisspelt(member, name)));
}

function addPolicy(policy: JsonObject, found: Found): void {
  found.holds.add('trusted');
  const problem = findProblem(schema as Schema, policy);
  const error = problem === undefined ? undefined : explainProblem('', problem);
  const hint = error?.hint === undefined ? '' : ` (${error.hint})`;
  found.add('policy', { policy, problem: error && `${error.message.replace(/^: /, '')}${hint}` });
}

function addAccounts(entries: readonly JsonObject[], list: string, found: Found): void {
  found.holds.add('trusted').add('password hash');
  for (const [at, entry] of entries.slice(0, 5000).entries()) found.add('account', entry, { part: `${list}[${at}]` });
}

function addResponse(response: JsonObject, found: Found): void {
  found.add('response', response);
  for (const name of ['access_token', 'refresh_token', 'id_token']) {
    const value = own(response, name);
    if (typeof value === 'string') found.addTokens(value, { part: name }, name);
  }
}
