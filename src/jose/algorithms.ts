import type { KeyObject } from 'node:crypto';
import { JwtkitError } from '../errors.js';
import { describeJson, quoteText } from './json.js';

/**
 * A row of the table of algorithms: RFC 7518 §3 (HS, RS, PS, ES), RFC 8037 §3.1 (EdDSA), RFC 8812 §3.2 (ES256K), RFC 9864 §2.2
 * (Ed25519, Ed448). The table has no `none`, so jwtkit can neither make nor accept it.
 */
export interface Algorithm {
  readonly kty: 'oct' | 'RSA' | 'EC' | 'OKP';
  /** The JWK curves (`crv`) of the algorithm; absent for oct and RSA. */
  readonly curves?: readonly Curve[];
  /** Digest name for node:crypto; null if the signature scheme hashes by itself. */
  readonly hash: 'sha256' | 'sha384' | 'sha512' | null;
  readonly padding?: 'pkcs1' | 'pss';
  /** Smallest key in bits: RFC 7518 §3.2 (HMAC: the hash's output), §3.3 and §3.5 (RSA: 2048). */
  readonly minimumBits: number;
}

const rsa = { kty: 'RSA', minimumBits: 2048 } as const;
const hmac = { kty: 'oct' } as const;
const ec = { kty: 'EC' } as const;
const okp = { kty: 'OKP', hash: null } as const;

const table = {
  HS256: { ...hmac, hash: 'sha256', minimumBits: 256 },
  HS384: { ...hmac, hash: 'sha384', minimumBits: 384 },
  HS512: { ...hmac, hash: 'sha512', minimumBits: 512 },
  RS256: { ...rsa, hash: 'sha256', padding: 'pkcs1' },
  RS384: { ...rsa, hash: 'sha384', padding: 'pkcs1' },
  RS512: { ...rsa, hash: 'sha512', padding: 'pkcs1' },
  PS256: { ...rsa, hash: 'sha256', padding: 'pss' },
  PS384: { ...rsa, hash: 'sha384', padding: 'pss' },
  PS512: { ...rsa, hash: 'sha512', padding: 'pss' },
  ES256: { ...ec, hash: 'sha256', curves: ['P-256'], minimumBits: 256 },
  ES384: { ...ec, hash: 'sha384', curves: ['P-384'], minimumBits: 384 },
  ES512: { ...ec, hash: 'sha512', curves: ['P-521'], minimumBits: 521 },
  ES256K: { ...ec, hash: 'sha256', curves: ['secp256k1'], minimumBits: 256 },
  EdDSA: { ...okp, curves: ['Ed25519', 'Ed448'], minimumBits: 255 },
  Ed25519: { ...okp, curves: ['Ed25519'], minimumBits: 255 },
  Ed448: { ...okp, curves: ['Ed448'], minimumBits: 448 },
} as const satisfies Record<string, Algorithm>;

/** The name of a supported algorithm, as in `alg`; case matters. */
export type AlgorithmName = keyof typeof table;

/** The names of all supported algorithms. A key without `alg` prefers earlier ones. */
export const algorithmNames = Object.keys(table) as readonly AlgorithmName[];

const rows = new Map<string, Algorithm>(Object.entries(table));

/** Whether a value is the exact name of a supported algorithm. */
export function isAlgorithmName(value: unknown): value is AlgorithmName {
  return typeof value === 'string' && rows.has(value);
}

/**
 * Checks that a name is that of a supported algorithm.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function requireAlgorithm(name: AlgorithmName): void {
  if (isAlgorithmName(name)) return;
  const hint = `one of ${algorithmNames.join(', ')}`;
  const what = typeof name === 'string' ? quoteText(name) : describeJson(name);
  throw new JwtkitError('USAGE_INVALID', `${what} is no algorithm`, { hint });
}

/** The row of an algorithm. */
export function algorithm(name: AlgorithmName): Algorithm {
  return rows.get(name) as Algorithm;
}

/** A curve, with its name in node:crypto and the size of its coordinates (or keys). A signature has twice that size. */
export interface CurveRow {
  readonly kty: 'EC' | 'OKP';
  readonly nodeName: string;
  readonly bits: number;
  readonly coordinateBytes: number;
}

const curveTable = {
  'P-256': { kty: 'EC', nodeName: 'prime256v1', bits: 256, coordinateBytes: 32 },
  'P-384': { kty: 'EC', nodeName: 'secp384r1', bits: 384, coordinateBytes: 48 },
  'P-521': { kty: 'EC', nodeName: 'secp521r1', bits: 521, coordinateBytes: 66 },
  secp256k1: { kty: 'EC', nodeName: 'secp256k1', bits: 256, coordinateBytes: 32 },
  Ed25519: { kty: 'OKP', nodeName: 'ed25519', bits: 255, coordinateBytes: 32 },
  Ed448: { kty: 'OKP', nodeName: 'ed448', bits: 448, coordinateBytes: 57 },
} as const satisfies Record<string, CurveRow>;

/** A supported curve, by its JWK name (RFC 7518 §6.2.1.1, RFC 8037 §2, RFC 8812 §3.1). */
export type Curve = keyof typeof curveTable;

const curveRows = new Map<string, CurveRow>(Object.entries(curveTable));

/** The row of a curve by its JWK name; undefined for a curve that jwtkit does not sign with. */
export function curveRow(name: string): CurveRow | undefined {
  return curveRows.get(name);
}

/** The type, curve and size of a key, in the words of the RFCs. */
export interface KeyShape {
  readonly kty: Algorithm['kty'];
  readonly crv?: Curve;
  readonly bits: number;
  /** The length of the key's signatures; undefined for oct, where the hash has it. */
  readonly signatureBytes?: number;
  /** The parameters of a key that is restricted to RSASSA-PSS (RFC 4055 §3.1), if it has any. */
  readonly pss?: { readonly hash?: string | undefined; readonly maskHash?: string; readonly saltBytes?: number };
}

/** The shape of a key; undefined for types that sign no JWS (DSA, X25519, DH, unknown curves). */
export function keyShape(key: KeyObject): KeyShape | undefined {
  if (key.type === 'secret') return { kty: 'oct', bits: (key.symmetricKeySize ?? 0) * 8 };
  const { asymmetricKeyType: type, asymmetricKeyDetails: details = {} } = key;
  if (type !== 'rsa' && type !== 'rsa-pss') return curveShape(details.namedCurve ?? type);
  const bits = details.modulusLength ?? 0;
  const shape = { kty: 'RSA', bits, signatureBytes: Math.ceil(bits / 8) } as const;
  if (type === 'rsa') return shape;
  const { hashAlgorithm: hash, mgf1HashAlgorithm: maskHash = '', saltLength: saltBytes = 0 } = details;
  return { ...shape, pss: hash === undefined ? {} : { hash, maskHash, saltBytes } };
}

function curveShape(nodeName: string | undefined): KeyShape | undefined {
  const [crv, row] = [...curveRows].find(([, each]) => each.nodeName === nodeName) ?? [];
  return row && { kty: row.kty, crv: crv as Curve, bits: row.bits, signatureBytes: 2 * row.coordinateBytes };
}

/** The algorithms that a key's type, curve and size allow, the preferred one first; empty for a key that is too small. */
export function algorithmsFor(shape: KeyShape): AlgorithmName[] {
  return algorithmNames.filter((name) => fits(shape, algorithm(name)) && shape.bits >= algorithm(name).minimumBits);
}

/** Whether an algorithm fits a key's type and curve, whatever its size. */
export function fits(shape: KeyShape, row: Algorithm): boolean {
  if (row.kty !== shape.kty) return false;
  if (row.curves !== undefined) return shape.crv !== undefined && row.curves.includes(shape.crv);
  if (shape.pss === undefined) return true;
  if (row.padding !== 'pss') return false;
  // RFC 7518 §3.5: one hash for message and mask, and a salt as long as the hash. The key has the least salt length.
  const { hash, maskHash, saltBytes = 0 } = shape.pss;
  return hash === undefined || (hash === row.hash && maskHash === hash && saltBytes * 8 <= Number(hash.slice(3)));
}

/** A key in words, for messages: "RSA 2048", "EC P-256", "OKP Ed25519", "oct 256". */
export function describeShape(shape: KeyShape): string {
  return `${shape.kty} ${shape.crv ?? shape.bits}`;
}
