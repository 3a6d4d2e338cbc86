import { JwtkitError } from '../errors.js';
import { makePair, makeRsaPair, type Pair } from '../jose/generate-key.js';
import { isKeyManagementName, type KeyManagementName, keyManagement } from './algorithms.js';

/** What kind of key is made. */
export interface EncryptionKeyKind {
  readonly alg?: KeyManagementName | undefined;
  /** The curve: P-256, P-384, P-521 or X25519. */
  readonly crv?: string | undefined;
  /** The size of an RSA key in bits; 2048 by default. */
  readonly bits?: number | undefined;
}

const curves: Readonly<Record<string, [type: string, options: object]>> = {
  'P-256': ['ec', { namedCurve: 'prime256v1' }],
  'P-384': ['ec', { namedCurve: 'secp384r1' }],
  'P-521': ['ec', { namedCurve: 'secp521r1' }],
  X25519: ['x25519', {}],
};

/**
 * Makes a key pair for encryption.
 * @throws {JwtkitError} USAGE_INVALID for a size or curve that the algorithm does not have, and for an algorithm of secrets.
 */
export async function generateEncryptionKey({ alg = 'ECDH-ES+A256KW', crv, bits }: EncryptionKeyKind): Promise<Pair> {
  const refuse = (message: string, hint?: string) => new JwtkitError('USAGE_INVALID', message, { hint });
  if (!isKeyManagementName(alg)) throw refuse('alg is no key management algorithm', 'such as ECDH-ES+A256KW');
  const { kind, isReadOnly } = keyManagement(alg);
  if (isReadOnly === true) throw refuse(`${alg} is only read; use RSA-OAEP-256`);
  if (kind !== 'RSA' && kind !== 'ECDH') throw refuse(`${alg} takes a secret, which a keyring does not hold`);
  if (kind === 'RSA') {
    if (crv !== undefined) throw refuse(`a curve is for ECDH-ES, not for ${alg}`);
    return makeRsaPair(bits ?? 2048);
  }
  if (bits !== undefined) throw refuse(`a size in bits is for RSA keys, not for ${alg}`);
  const curve = Object.hasOwn(curves, crv ?? 'P-256') ? curves[crv ?? 'P-256'] : undefined;
  if (curve === undefined)
    throw refuse(`${alg} is not defined for the curve ${crv}`, `one of ${Object.keys(curves).join(', ')}`);
  return makePair(...curve);
}
