import { createSecretKey, generateKeyPair, type KeyObject, randomBytes } from 'node:crypto';
import { JwtkitError } from '../errors.js';
import { type AlgorithmName, algorithm, algorithmNames, curveRow, requireAlgorithm } from './algorithms.js';
import { checkOptions } from './options.js';
import { generateRsaPair } from './rsa-pair.js';

/** Both halves of a key pair. */
export type Pair = { privateKey: KeyObject; publicKey: KeyObject };

/** A fresh key: both halves of a pair, or a secret. */
export type GeneratedKey = Pair | { secret: KeyObject };

/** What {@link generateKey} lets the caller choose. */
export interface GenerateKeyOptions {
  /** The size of an RSA key in bits; 2048 by default. */
  bits?: number | undefined;
  /** The curve for EdDSA, `Ed25519` (the default) or `Ed448`. */
  crv?: string | undefined;
}

/** A function that makes keys as {@link generateKey} does. */
export type KeyMaker = (alg: AlgorithmName, options?: GenerateKeyOptions) => Promise<GeneratedKey>;

/**
 * Generates a key for an algorithm: an RSA key of 2048 to 16384 bits, a key on the algorithm's curve, or a secret as long as
 * the output of the algorithm's hash (RFC 7518 §3.2).
 * @throws {JwtkitError} USAGE_INVALID for a size or a curve that the algorithm does not have.
 */
export async function generateKey(
  alg: Extract<AlgorithmName, `HS${string}`>,
  options?: GenerateKeyOptions,
): Promise<{ secret: KeyObject }>;
export async function generateKey(
  alg: Exclude<AlgorithmName, `HS${string}`>,
  options?: GenerateKeyOptions,
): Promise<Pair>;
export async function generateKey(alg: AlgorithmName, options?: GenerateKeyOptions): Promise<GeneratedKey>;
export async function generateKey(alg: AlgorithmName, options: GenerateKeyOptions = {}): Promise<GeneratedKey> {
  requireAlgorithm(alg);
  checkOptions('the second argument', options, { bits: 'a number', crv: 'a string' });
  const { kty, minimumBits, curves } = algorithm(alg);
  const { bits = 2048, crv = curves?.[0] } = options;
  if (options.bits !== undefined && kty !== 'RSA') {
    throw new JwtkitError('USAGE_INVALID', `a size in bits is for RSA keys, ${alg} has its own`);
  }
  if (options.crv !== undefined && !curves?.some((name) => name === crv)) {
    throw new JwtkitError('USAGE_INVALID', `${alg} is not defined for the curve ${options.crv}`, {
      hint: describeCurve(options.crv),
    });
  }
  if (kty === 'oct') return { secret: createSecretKey(randomBytes(minimumBits / 8)) };
  if (kty !== 'RSA') {
    const nodeName = curveRow(crv as string)?.nodeName as string;
    return kty === 'EC' ? makePair('ec', { namedCurve: nodeName }) : makePair(nodeName, {});
  }
  return makeRsaPair(bits);
}

/** Says which algorithms a curve has; undefined for the name of no curve. */
function describeCurve(crv: string): string | undefined {
  if (crv === 'X25519') return 'X25519 is a curve of ECDH-ES, which encrypts';
  const names = algorithmNames.filter((name) => algorithm(name).curves?.some((each) => each === crv));
  return names.length === 0 ? undefined : `${crv} is the curve of ${names.join(' and ')}`;
}

/**
 * Makes an RSA key pair of 2048 to 16384 bits.
 * @throws {JwtkitError} USAGE_INVALID for another size.
 */
export function makeRsaPair(bits: number): Promise<Pair> {
  if (!Number.isInteger(bits) || bits < 2048 || bits > 16384 || bits % 8 !== 0) {
    throw new JwtkitError('USAGE_INVALID', `an RSA key has 2048 to 16384 bits in steps of 8, not ${bits}`);
  }
  return generateRsaPair(bits);
}

/** Makes a key pair of a type and with the options of `generateKeyPair` in node:crypto. */
export function makePair(type: string, options: object): Promise<Pair> {
  // One signature for all types of keys: @types/node has an overload for each.
  const generate = generateKeyPair as unknown as (
    type: string,
    options: object,
    done: (error: Error | null, publicKey: KeyObject, privateKey: KeyObject) => void,
  ) => void;
  return new Promise((resolve, reject) => {
    generate(type, options, (error, publicKey, privateKey) => {
      if (error === null) resolve({ privateKey, publicKey });
      else reject(error);
    });
  });
}
