/** JSON that has to do with tokens, told by its members. */
import schema from '../../../docs/config.schema.json' with { type: 'json' };
import { isJsonObject, type JsonObject, own } from '../../jose/json.js';
import { explainProblem } from '../../policy/explain.js';
import { findProblem, type Schema } from '../../policy/validate.js';
import { readSettings, treeOfJson } from './settings.js';
import { addSet, type Found } from './subjects.js';

/** Adds what a JSON value is. */
export function readJsonSubjects(value: unknown, found: Found): void {
  if (!isJsonObject(value)) return void readSettings(treeOfJson(value), found);
  const has = (name: string) => own(value, name) !== undefined;
  if (Array.isArray(own(value, 'keys'))) return void addSet(value, found);
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
  return typeof own(value, 'issuer') === 'string' && policyMembers.some((member) => own(value, member) !== undefined);
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
