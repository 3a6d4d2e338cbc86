import type { KeyObject } from 'node:crypto';

/**
 * The one table that answers everything about an `alg`: RFC 7518 §3 (HS, RS, PS, ES), RFC 8037 §3.1 (EdDSA),
 * RFC 8812 §3.2 (ES256K), RFC 9864 §2.2 (Ed25519, Ed448). There is no row for `none`, so it can be neither made nor accepted.
 */
export interface Algorithm {
  readonly kty: 'oct' | 'RSA' | 'EC' | 'OKP';
  /** JWK curves (`crv`) that the algorithm is defined for; absent for oct and RSA. */
  readonly curves?: readonly Curve[];
  /** Digest name for node:crypto; null where the signature scheme hashes by itself. */
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

/** The name of a supported algorithm, as it stands in `alg`; case matters. */
export type AlgorithmName = keyof typeof table;

/** Supported algorithm names, in the order in which a key without `alg` prefers them. */
export const algorithmNames = Object.keys(table) as readonly AlgorithmName[];

const rows = new Map<string, Algorithm>(Object.entries(table));

/** Whether a value is the exact name of a supported algorithm. */
export function isAlgorithmName(value: unknown): value is AlgorithmName {
  return typeof value === 'string' && rows.has(value);
}

/** The table's row for an algorithm. */
export function algorithm(name: AlgorithmName): Algorithm {
  return rows.get(name) as Algorithm;
}

/** A curve by its JWK name: what node:crypto calls it, its size in bits, and the bytes of one coordinate or key. */
export interface CurveRow {
  readonly kty: 'EC' | 'OKP';
  readonly nodeName: string;
  readonly bits: number;
  readonly coordinateBytes: number;
  readonly signatureBytes: number;
}

const curveTable = {
  'P-256': { kty: 'EC', nodeName: 'prime256v1', bits: 256, coordinateBytes: 32, signatureBytes: 64 },
  'P-384': { kty: 'EC', nodeName: 'secp384r1', bits: 384, coordinateBytes: 48, signatureBytes: 96 },
  'P-521': { kty: 'EC', nodeName: 'secp521r1', bits: 521, coordinateBytes: 66, signatureBytes: 132 },
  secp256k1: { kty: 'EC', nodeName: 'secp256k1', bits: 256, coordinateBytes: 32, signatureBytes: 64 },
  Ed25519: { kty: 'OKP', nodeName: 'ed25519', bits: 255, coordinateBytes: 32, signatureBytes: 64 },
  Ed448: { kty: 'OKP', nodeName: 'ed448', bits: 448, coordinateBytes: 57, signatureBytes: 114 },
} as const satisfies Record<string, CurveRow>;

/** A supported curve, by its JWK name (RFC 7518 §6.2.1.1, RFC 8037 §2, RFC 8812 §3.1). */
export type Curve = keyof typeof curveTable;

const curveRows = new Map<string, CurveRow>(Object.entries(curveTable));

/** The row of a curve by its JWK name, undefined for a curve that jwtkit does not sign with. */
export function curveRow(name: string): CurveRow | undefined {
  return curveRows.get(name);
}

/** What a key is, in the standards' words. */
export interface KeyShape {
  readonly kty: Algorithm['kty'];
  readonly crv?: Curve;
  readonly bits: number;
  /** Bytes of a signature made with the key; undefined for oct, where it is the hash's. */
  readonly signatureBytes?: number;
  /** Set for a key that is restricted to RSASSA-PSS (RFC 4055 §3.1), with the digest it is bound to, if any. */
  readonly pss?: { readonly hash: string | undefined };
}

/** Type, curve and size of a key; undefined for types that sign no JWS (DSA, X25519, DH, unknown curves). */
export function keyShape(key: KeyObject): KeyShape | undefined {
  if (key.type === 'secret') return { kty: 'oct', bits: (key.symmetricKeySize ?? 0) * 8 };
  const details = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'rsa':
    case 'rsa-pss': {
      const bits = details.modulusLength ?? 0;
      const shape = { kty: 'RSA', bits, signatureBytes: Math.ceil(bits / 8) } as const;
      return key.asymmetricKeyType === 'rsa' ? shape : { ...shape, pss: { hash: details.hashAlgorithm } };
    }
    case 'ec':
      return curveShape((row) => row.nodeName === details.namedCurve);
    case 'ed25519':
    case 'ed448':
      return curveShape((row) => row.nodeName === key.asymmetricKeyType);
    default:
      return undefined;
  }
}

function curveShape(matches: (row: CurveRow) => boolean): KeyShape | undefined {
  for (const [name, row] of curveRows) {
    if (matches(row)) return { kty: row.kty, crv: name as Curve, bits: row.bits, signatureBytes: row.signatureBytes };
  }
  return undefined;
}

/** The algorithms that a key's type, curve and size allow, preferred one first; empty where the key is too small for any. */
export function algorithmsFor(shape: KeyShape): AlgorithmName[] {
  return algorithmNames.filter((name) => fits(shape, algorithm(name)) && shape.bits >= algorithm(name).minimumBits);
}

/** Whether an algorithm is of a key's type and curve, its size left aside. */
export function fits(shape: KeyShape, row: Algorithm): boolean {
  if (row.kty !== shape.kty) return false;
  if (row.curves !== undefined) return shape.crv !== undefined && row.curves.includes(shape.crv);
  if (shape.pss === undefined) return true;
  return row.padding === 'pss' && (shape.pss.hash === undefined || shape.pss.hash === row.hash);
}

/** A key in words, for messages: "RSA 2048", "EC P-256", "OKP Ed25519", "oct 256". */
export function describeShape(shape: KeyShape): string {
  return `${shape.kty} ${shape.crv ?? shape.bits}`;
}
