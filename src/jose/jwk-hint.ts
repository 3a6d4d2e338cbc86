/** Says what to change in a JWK that is refused. */
import { isAlgorithmName } from './algorithms.js';
import { isJsonObject, own } from './json.js';

/** Other names of types and curves, in lower case. */
const types: Readonly<Record<string, string>> = { rsa: 'RSA', ec: 'EC', okp: 'OKP', oct: 'oct' };
const curves: Readonly<Record<string, string>> = {
  p256: 'P-256',
  secp256r1: 'P-256',
  prime256v1: 'P-256',
  p384: 'P-384',
  secp384r1: 'P-384',
  p521: 'P-521',
  secp521r1: 'P-521',
  p256k: 'secp256k1',
  k256: 'secp256k1',
  ed25519: 'Ed25519',
  ed448: 'Ed448',
};
const numbers = ['n', 'e', 'x', 'y', 'd', 'p', 'q', 'dp', 'dq', 'qi', 'k'];

/** The hint for the member that a message names; undefined if there is nothing to say. */
export function jwkHint(jwk: unknown, message: string): string | undefined {
  const [, name = ''] = /the JWK's (\w+)/.exec(message) ?? [];
  if (!isJsonObject(jwk) || name === '') return undefined;
  const value = own(jwk, name);
  if (value === null || value === '') return `remove "${name}": a member that says nothing is left out`;
  if (name === 'kty') return ktyHint(jwk);
  if (name === 'crv' && typeof value === 'string') {
    const curve = curves[value.toLowerCase().replace(/[-_](?=\d|k)/g, '')];
    return curve === undefined || curve === value ? undefined : `write "crv": "${curve}"`;
  }
  if (name === 'use' && typeof value === 'string' && /^sig(?:nature)?$/i.test(value)) return 'write "use": "sig"';
  if (
    name === 'alg' &&
    typeof value === 'string' &&
    value !== value.toUpperCase() &&
    isAlgorithmName(value.toUpperCase())
  )
    return `write "alg": "${value.toUpperCase()}"`;
  if (name === 'kid' && typeof value === 'number') return 'write it in quotes: a kid is a text';
  if (name === 'key_ops' && typeof value === 'string') return 'write it as an array, such as ["verify"]';
  return numbers.includes(name) ? numberHint(name, value) : undefined;
}

function ktyHint(jwk: { [name: string]: unknown }): string | undefined {
  const name = Object.keys(jwk).find((each) => each.toLowerCase() === 'kty');
  if (name !== undefined && name !== 'kty') return 'the names of members are in lower case: write "kty"';
  const kty = own(jwk, 'kty');
  if (kty === undefined && typeof own(jwk, 'publicKey') === 'string' && own(jwk, 'providerId') !== undefined)
    return "this is a list of Keycloak's admin API: the JWK Set is at /realms/REALM/protocol/openid-connect/certs";
  if (
    kty === undefined &&
    Object.values(jwk).some((value) => typeof value === 'string' && value.includes('-----BEGIN '))
  )
    return 'a PEM is no JWK: jwtkit keys convert FILE --format jwk writes one';
  const needed = kty === undefined ? typeOf(jwk) : undefined;
  if (needed !== undefined) return `write "kty": "${needed}" beside the other members`;
  const right = typeof kty === 'string' ? types[kty.toLowerCase().replace(/-hsm$/, '')] : undefined;
  return right === undefined || right === kty ? undefined : `write "kty": "${right}"`;
}

/** The type of a JWK without one, by its numbers (RFC 7518 §6). */
function typeOf(jwk: { [name: string]: unknown }): string | undefined {
  const has = (...names: string[]) => names.every((name) => typeof own(jwk, name) === 'string');
  if (has('n', 'e')) return 'RSA';
  if (has('crv', 'x')) return has('y') ? 'EC' : 'OKP';
  return has('k') ? 'oct' : undefined;
}

function numberHint(name: string, value: unknown): string | undefined {
  const isText = typeof value === 'string' || typeof value === 'number';
  if (name === 'e' && isText && /^(?:65537|(?:0x)?0*10001)$/i.test(String(value)))
    return 'write "e": "AQAB", which is 65537';
  const form = 'numbers are written as base64url of their bytes (RFC 7518 §6)';
  if (typeof value === 'number') return form;
  if (typeof value !== 'string') return undefined;
  if (/\s/.test(value)) return 'take the spaces and line ends out of it';
  if (/^(?:0x[\da-f]+|[\da-f]{8,})$/i.test(value))
    return `it is in ${/^\d+$/.test(value) ? 'decimal' : 'hex'}: ${form}`;
  if (/^[\w+/-]+={0,2}$/.test(value) && /[+/=]/.test(value)) {
    return 'it is base64, not base64url: write - for each +, _ for each /, and leave out each =';
  }
  return undefined;
}
