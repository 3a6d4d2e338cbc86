/** Says that a service signs with a secret that everybody knows. */
import type { Key } from '../../../jose/key.js';
import { writtenSecrets } from '../../grammar/keys/shared-secret.js';

/**
 * Returns the warning about a shared secret that is on the list of `lint`, as it is written or decoded; undefined for another.
 * The warning does not repeat the secret.
 */
export async function warningOfKnownSecret(key: Key): Promise<string | undefined> {
  const { secretFinder } = await import('../../../lint/find-secret.js');
  const { isKnownSecret } = secretFinder([]);
  const written = writtenSecrets.get(key)?.bytes ?? [];
  const isKnown = [written, key.keyObject.export()].some((bytes) => isKnownSecret(Buffer.from(bytes).toString()));
  if (!isKnown) return undefined;
  return `everybody knows the secret of ${key.source}, so anybody can make tokens that this service accepts; make another one: jwtkit keygen --alg HS256 --private secret.txt`;
}
