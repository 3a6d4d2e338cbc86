/** The keys of a command that encrypts or decrypts. Only flags and the keyring name them. */
import { JwtkitError } from '../../../errors.js';
import { maxKeyBytes } from '../../../jose/key.js';
import type { KeyManagementName } from '../../../jwe/algorithms.js';
import { createPassphraseKey, type EncryptionKey } from '../../../jwe/key.js';
import { noKeyNamed } from '../../../jwe/key-choice.js';
import { loadEncryptionKeys, loadEncryptionSecret } from '../../../jwe/keys.js';
import { isUrl } from '../../../policy/place.js';
import { keyringDecryptionKeys, keyringRecipient } from '../../../store/keyring/encryption.js';
import { readNamed, readSecretVariable } from '../../secrets/named-file.js';
import { namedSecret } from '../../secrets/named-secret.js';
import { refuseReference } from '../../secrets/new-secrets.js';
import { withPassphrase } from '../../secrets/passphrase.js';
import { usage } from '../../terminal/errors.js';
import type { Io } from '../../terminal/io.js';
import { inputName } from '../../terminal/stdin.js';
import type { Invocation } from '../invocation.js';
import { keyringFolder } from '../unnamed-places.js';
import { readKeyTexts } from './key-texts.js';
import { readSet, toRemoteOptions } from './remote.js';
import { type FetchOptions, type KeyOptions, type SourceName, sourceFlags, sourceNames } from './source.js';

/** The options that name keys for encryption. */
export interface EncryptionKeyOptions extends KeyOptions, FetchOptions {
  /** Whether the keyring signs; another option may then name the recipient. */
  sign?: boolean;
  jwks?: string;
  issuerUrl?: string;
}

type Named = Invocation<EncryptionKeyOptions>;

type EncryptionSourceName = SourceName | 'passphrase';

/** Returns which option names the keys. A flag's passphrase alone is itself the key (PBES2); with another flag it opens that key. */
export function findEncryptionSource(invocation: Named): EncryptionSourceName {
  const { origin, options } = invocation;
  const given = sourceNames.filter((each) => origin(each) === 'flag');
  const [name, other] = options.sign === true && given.length > 1 ? given.filter((each) => each !== 'keyring') : given;
  if (name !== undefined && other !== undefined) {
    throw usage(`${sourceFlags[name]} and ${sourceFlags[other]} exclude each other`, 'name one source of keys');
  }
  const isSecret = name === 'secretFile' || name === 'secretEnv';
  if (options.secretEncoding !== undefined && !isSecret) {
    throw usage('--secret-encoding is for a shared secret', 'name the secret with --secret-file or --secret-env');
  }
  if (name !== undefined) return name;
  return namedSecret<'passphrase'>('passphrase', invocation)?.origin === 'flag' ? 'passphrase' : 'keyring';
}

/** Returns the key to encrypt to at `now`, for an algorithm if one is named. */
export async function recipientKey(
  invocation: Named,
  { now, alg }: { readonly now: number; readonly alg: KeyManagementName | undefined },
  io: Io,
): Promise<EncryptionKey> {
  const { options } = invocation;
  const name = findEncryptionSource(invocation);
  if (name === 'keyring') return keyringRecipient(keyringFolder(invocation, io), now, options.kid);
  const keys = await readRecipientKeys(name, invocation, now, io);
  const isSet = name === 'jwks' || name === 'issuerUrl' || keys.length > 1;
  const named = options.kid === undefined || !isSet ? keys : keys.filter(({ kid }) => kid === options.kid);
  if (named.length === 0) throw noKeyNamed(keys, options.kid, 'for encryption');
  return named.find(({ algorithms }) => alg === undefined || algorithms.includes(alg)) ?? (named[0] as EncryptionKey);
}

async function readRecipientKeys(
  name: EncryptionSourceName,
  invocation: Named,
  now: number,
  io: Io,
): Promise<readonly EncryptionKey[]> {
  const { options } = invocation;
  const { jwks, issuerUrl } = options;
  if (name === 'jwks' && !isUrl(jwks ?? '')) {
    const { readEncryptionSet } = await import('../../../remote/encryption-keys.js');
    const source = inputName(jwks as string);
    return current(readEncryptionSet(readSet(jwks as string, '--jwks', io), source)(now), source);
  }
  if (name === 'jwks' || name === 'issuerUrl') {
    const { fetchEncryptionKeys } = await import('../../../remote/encryption-keys.js');
    const location = (jwks ?? issuerUrl) as string;
    const kind = name === 'jwks' ? 'jwks' : 'issuer';
    return current(
      (await fetchEncryptionKeys({ kind, location }, await toRemoteOptions(invocation, io)))(now),
      location,
    );
  }
  if (name !== 'key' && name !== 'keyEnv') return readSharedKeys(name, invocation, 'encrypt', io);
  const [{ content, source }] = readKeyTexts(keySource(name, invocation), invocation.env, io);
  const keys = await loadEncryptionKeys(content, { purpose: 'encrypt', source, note: io.note });
  const [key] = keys as [EncryptionKey];
  return keys.length === 1 && options.kid !== undefined ? [{ ...key, kid: options.kid }] : keys;
}

function current(keys: readonly EncryptionKey[], source: string): readonly EncryptionKey[] {
  if (keys.length > 0) return keys;
  throw new JwtkitError('KEY_NOT_FOUND', `${source}: every key for encryption has ended`);
}

/** Returns the keys to decrypt with; of a keyring those that decrypt at `now`, and of these the named ones if there are any. */
export async function decryptionKeys(
  invocation: Named,
  { now, kids }: { readonly now: number; readonly kids: readonly string[] },
  io: Io,
): Promise<readonly EncryptionKey[]> {
  const name = findEncryptionSource(invocation);
  if (name === 'keyring') {
    const folder = keyringFolder(invocation, io);
    return withPassphrase(invocation, io, (passphrase) => keyringDecryptionKeys(folder, { now, kids, passphrase }));
  }
  if (name !== 'key' && name !== 'keyEnv') return readSharedKeys(name, invocation, 'decrypt', io);
  const texts = readKeyTexts(keySource(name, invocation), invocation.env, io);
  return withPassphrase(invocation, io, async (passphrase) => {
    const keys: EncryptionKey[] = [];
    for (const { content, source } of texts) {
      keys.push(...(await loadEncryptionKeys(content, { purpose: 'decrypt', source, passphrase, note: io.note })));
    }
    return keys;
  });
}

function keySource(name: 'key' | 'keyEnv', { options, label }: Named) {
  const values = [options[name] ?? []].flat();
  return name === 'key'
    ? ({ kind: 'key', paths: values, label: label('key') } as const)
    : ({ kind: 'key-env', names: values, label: label('keyEnv') } as const);
}

/** The keys that encrypt and decrypt: a shared secret or a passphrase. */
function readSharedKeys(
  name: EncryptionSourceName,
  invocation: Named,
  purpose: 'encrypt' | 'decrypt',
  io: Io,
): readonly EncryptionKey[] {
  const { options, env } = invocation;
  const { secretFile, secretEnv, secretEncoding: encoding, kid } = options;
  if (name === 'passphrase') {
    const named = namedSecret<'passphrase'>('passphrase', invocation);
    const passphrase = named?.read(io) ?? new Uint8Array();
    if (purpose === 'encrypt') refuseReference(passphrase, named?.label);
    return [createPassphraseKey(passphrase, named?.label)];
  }
  if (secretFile !== undefined) {
    const secret = readNamed(secretFile, '--secret-file', { maxBytes: maxKeyBytes, io });
    return [loadEncryptionSecret(secret, { source: inputName(secretFile), encoding, kid })];
  }
  if (secretEnv !== undefined) {
    const secret = readSecretVariable(env, secretEnv, '--secret-env');
    return [loadEncryptionSecret(secret, { source: secretEnv, encoding, kid })];
  }
  throw usage('no key is named', 'name one with --key');
}
