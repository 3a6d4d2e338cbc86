/** The numbers of an RSA key (RFC 8017 §3), and checks of them before any computing. */
import type { KeyExportOptions, KeyObject } from 'node:crypto';
import { childrenOf } from './der.js';

/** The numbers of a key as big-endian bytes without leading zeros. */
export interface RsaNumbers {
  readonly n: Buffer;
  readonly e: Buffer;
  /** `d`, `p`, `q`, `dp`, `dq`, `qi` of a private key. */
  readonly private: readonly Buffer[] | undefined;
}

/** The largest modulus in bits. OpenSSL verifies with no larger RSA key. */
const maxRsaBits = 16_384;

/** The time of a check grows with the exponent's length: fifty times for one as long as the modulus. */
const maxExponent = 2n ** 32n;

/** Reads the numbers of an RSA key from its DER. Node's `asymmetricKeyDetails` takes quadratic time for a long exponent. */
export function rsaNumbers(keyObject: KeyObject): RsaNumbers {
  const isPrivate = keyObject.type === 'private';
  const der = keyObject.export({ format: 'der', type: isPrivate ? 'pkcs8' : 'spki' } as KeyExportOptions<'der'>);
  // PrivateKeyInfo: version, algorithm, OCTET STRING. SubjectPublicKeyInfo: algorithm, BIT STRING after its count of unused bits.
  const parts = childrenOf(der);
  const inner = isPrivate ? parts[2]?.content : parts[1]?.content.subarray(1);
  const numbers = childrenOf(inner ?? Buffer.alloc(0)).map(({ content }) => withoutZeros(content));
  const [n, e, ...rest] = isPrivate ? numbers.slice(1) : numbers;
  return { n: n ?? Buffer.alloc(0), e: e ?? Buffer.alloc(0), private: isPrivate ? rest : undefined };
}

/** Big-endian bytes without the zeros before the number. */
export function withoutZeros(bytes: Buffer): Buffer {
  const start = bytes.findIndex((byte) => byte !== 0);
  return start < 0 ? Buffer.alloc(0) : bytes.subarray(start);
}

/** What is wrong with the sizes, to complete "the RSA …". A file must not choose how long its reader works. */
export function rsaSizeProblem({ n, e, private: halves }: RsaNumbers): string | undefined {
  const bits = bitLength(n);
  if (bits > maxRsaBits) return `key has ${bits} bits, at most ${maxRsaBits} are taken`;
  if (e.length > 5 || toBigint(e) > maxExponent) return 'exponent is greater than 2^32';
  if (halves === undefined) return undefined;
  const [d, p, q, dp, dq, qi] = halves.map(bitLength) as [number, number, number, number, number, number];
  const isSound = halves.length === 6 && d <= bits && p + q <= bits + 1 && dp <= p && dq <= q && qi <= p;
  return isSound ? undefined : 'private key has numbers that do not belong together';
}

function bitLength(bytes: Buffer): number {
  return bytes.length === 0 ? 0 : (bytes.length - 1) * 8 + (32 - Math.clz32(bytes[0] as number));
}

/** Big-endian bytes as a number. */
export function toBigint(bytes: Buffer): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${bytes.toString('hex')}`);
}

/** What is wrong with the modulus and the exponent, to complete "the RSA …"; undefined if nothing is. */
export function rsaNumberProblem(modulus: bigint, exponent: bigint): string | undefined {
  if (exponent < 3n || exponent % 2n === 0n || exponent >= modulus) {
    return 'exponent must be odd, at least 3 and less than the modulus';
  }
  return modulus % 2n === 0n ? 'modulus is even' : undefined;
}

/** Modulo these primes, the powers of 65537 do not reach every residue. A weak modulus has only residues that they reach. */
const rocaPrimes = [11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157];
const rocaProduct = rocaPrimes.reduce((product, prime) => product * BigInt(prime), 1n);

/**
 * Whether a modulus has the fingerprint of Infineon's weak generator: its primes are powers of 65537 modulo a primorial
 * (Nemec et al., "The Return of Coppersmith's Attack", CCS 2017, §3). One in 2.4 * 10^8 sound moduli has it.
 */
export function isRocaModulus(modulus: bigint): boolean {
  const reduced = modulus % rocaProduct;
  return rocaPrimes.every((prime) => {
    const residue = Number(reduced % BigInt(prime));
    for (let power = 1; ; ) {
      if (power === residue) return true;
      power = (power * 65537) % prime;
      if (power === 1) return false;
    }
  });
}
