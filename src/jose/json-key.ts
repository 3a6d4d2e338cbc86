/** JSON that is no JWK and holds a key as text: a service account, a secret of Kubernetes or Vault, Keycloak's realm. */
import { JwtkitError } from '../errors.js';
import { isJsonObject, type JsonObject, own } from './json.js';

/** Names of members that hold a key. A file with a private half is a private file, so private ones come first. */
const privateNames = ['private_key', 'privateKey', 'private_key_pem', 'privateKeyPem', 'tls.key'];
const publicNames = ['public_key', 'publicKey', 'public_key_pem', 'publicKeyPem', 'certificate', 'cert', 'tls.crt'];
const eitherNames = ['key', 'pem'];
const kidNames = ['private_key_id', 'privateKeyId', 'key_id', 'keyId', 'kid'];

/** A key in a member of a JSON object, and its `kid`, if the object names one. */
export interface KeyMember {
  readonly name: string;
  readonly text: string;
  readonly kid: string | undefined;
}

/** Finds the member that holds a key. Kubernetes and Vault keep it in `data`. */
export function findKeyMember(json: JsonObject, where: string, depth = 2): KeyMember | undefined {
  const found = [privateNames, [...publicNames, ...eitherNames]].map((names) =>
    names.filter((name) => typeof own(json, name) === 'string' && own(json, name) !== ''),
  );
  const names = found.find((each) => each.length > 0);
  if (names === undefined) {
    const inner = depth > 0 ? own(json, 'data') : undefined;
    return isJsonObject(inner) ? findKeyMember(inner, where, depth - 1) : undefined;
  }
  const texts = new Set(names.map((name) => own(json, name) as string));
  if (texts.size > 1) {
    throw new JwtkitError('KEY_INVALID', `${where}the JSON holds ${texts.size} keys: ${names.join(', ')}`, {
      hint: 'keep the one to use in a file of its own',
    });
  }
  const [name] = names as [string];
  const kid = kidNames.map((each) => own(json, each)).find((value) => typeof value === 'string' && value !== '');
  return { name, text: own(json, name) as string, kid: kid as string | undefined };
}
