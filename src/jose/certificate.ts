/** Certificates and requests that jwtkit makes. */
import { createHash, sign as cryptoSign, type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import { JwtkitError } from '../errors.js';
import { type AlgorithmName, algorithm, fits, keyShape } from './algorithms.js';
import { childrenOf } from './der.js';
import * as der from './der-writer.js';
import { parseDistinguishedName } from './distinguished-name.js';
import { pss } from './jws.js';
import { publicHalfOf } from './key.js';
import { writePem } from './pem.js';
import { encodeSubjectAltName, type SubjectAltName } from './subject-alt-name.js';

/** What a certification request says, and how it is signed. */
export interface CertificateRequestOptions {
  /** The algorithm that the key is for. PS256, PS384 and PS512 sign with RSASSA-PSS. */
  readonly alg: AlgorithmName;
  /** `CN=web,O=Example` (RFC 4514) or `/O=Example/CN=web`. */
  readonly subject: string;
  readonly subjectAltNames?: readonly SubjectAltName[] | undefined;
}

/** What a self-signed certificate says. */
export interface CertificateOptions extends CertificateRequestOptions {
  /** The first second in which the certificate is valid; NumericDate. */
  readonly notBefore: number;
  /** The last second in which the certificate is valid; NumericDate. */
  readonly notAfter: number;
}

/**
 * Makes a self-signed certificate (RFC 5280 §4.1) of a key that signs tokens: not a CA, and for digital signatures only.
 * @throws {JwtkitError} USAGE_INVALID for a name, dates or an algorithm that make no certificate.
 */
export async function createCertificate(privateKey: KeyObject, options: CertificateOptions): Promise<X509Certificate> {
  const { notBefore, notAfter } = options;
  if (!(notBefore >= 0 && notAfter >= notBefore && notAfter <= 253_402_300_799)) {
    throw new JwtkitError('USAGE_INVALID', 'a certificate ends after it begins, and before the year 10000');
  }
  const signature = signatureAlgorithm(privateKey, options.alg);
  const name = encodeName(options.subject);
  const publicKey = publicHalfOf(privateKey).export({ format: 'der', type: 'spki' });
  const tbs = der.sequence(
    der.tagged(0, der.integer(2)),
    der.integer(newSerialNumber()),
    signature,
    name,
    der.sequence(der.time(notBefore), der.time(notAfter)),
    name,
    publicKey,
    der.tagged(3, der.sequence(...extensions(options), keyIdentifier(publicKey))),
  );
  return new X509Certificate(seal(tbs, signature, privateKey, options.alg));
}

/**
 * Makes a certification request (PKCS#10, RFC 2986) in PEM. It asks for its alternative names by RFC 2985 §5.4.2.
 * @throws {JwtkitError} USAGE_INVALID for a name or an algorithm that makes no request.
 */
export async function createCertificateRequest(
  privateKey: KeyObject,
  options: CertificateRequestOptions,
): Promise<string> {
  const signature = signatureAlgorithm(privateKey, options.alg);
  const publicKey = publicHalfOf(privateKey).export({ format: 'der', type: 'spki' });
  const extensionRequest = der.sequence(
    der.oid('1.2.840.113549.1.9.14'),
    der.set(der.sequence(...extensions(options))),
  );
  const request = der.sequence(der.integer(0), encodeName(options.subject), publicKey, der.tagged(0, extensionRequest));
  return writePem('CERTIFICATE REQUEST', seal(request, signature, privateKey, options.alg));
}

/** RFC 5280 §4.1.2.2: positive, at most 20 octets, unpredictable. Has 126 random bits in 16 octets. */
function newSerialNumber(): Buffer {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] as number) & 0x3f) | 0x40;
  return serial;
}

/** An RDNSequence, one attribute a part. */
function encodeName(text: string): Buffer {
  return der.sequence(
    ...parseDistinguishedName(text).map(({ oid: id, type, value }) =>
      der.set(der.sequence(der.oid(id), der.string(type, value))),
    ),
  );
}

/** basicConstraints (not a CA), keyUsage (digitalSignature), and the alternative names, if any. */
function extensions({ subjectAltNames = [] }: CertificateRequestOptions): Buffer[] {
  const names = subjectAltNames.map(encodeSubjectAltName);
  return [
    extension('2.5.29.19', der.sequence(), { isCritical: true }),
    extension('2.5.29.15', der.bitString(Buffer.of(0x80), 7), { isCritical: true }),
    ...(names.length === 0 ? [] : [extension('2.5.29.17', der.sequence(...names))]),
  ];
}

/** The subject key identifier, by RFC 7093 §2 (1): the leftmost 160 bits of the SHA-256 of the key's bits. */
function keyIdentifier(publicKey: Buffer): Buffer {
  // The first byte of a BIT STRING is its count of unused bits.
  const bits = childrenOf(publicKey)[1]?.content.subarray(1) as Buffer;
  const digest = createHash('sha256').update(bits).digest().subarray(0, 20);
  return extension('2.5.29.14', der.octetString(digest));
}

function extension(id: string, value: Buffer, { isCritical = false } = {}): Buffer {
  return der.sequence(der.oid(id), ...(isCritical ? [der.isTrue()] : []), der.octetString(value));
}

/** The signed structure, its algorithm and its signature (RFC 5280 §4.1.1, RFC 2986 §4.2). */
function seal(signed: Buffer, identifier: Buffer, key: KeyObject, alg: AlgorithmName): Buffer {
  const { hash, padding } = algorithm(alg);
  const signature = cryptoSign(hash, signed, padding === 'pss' ? { key, ...pss } : key);
  return der.sequence(signed, identifier, der.bitString(signature));
}

const hashRows = {
  sha256: { oid: '2.16.840.1.101.3.4.2.1', bytes: 32, rsa: '1.2.840.113549.1.1.11', ecdsa: '1.2.840.10045.4.3.2' },
  sha384: { oid: '2.16.840.1.101.3.4.2.2', bytes: 48, rsa: '1.2.840.113549.1.1.12', ecdsa: '1.2.840.10045.4.3.3' },
  sha512: { oid: '2.16.840.1.101.3.4.2.3', bytes: 64, rsa: '1.2.840.113549.1.1.13', ecdsa: '1.2.840.10045.4.3.4' },
} as const;

/** The AlgorithmIdentifier by which the key signs: RFC 5754 §3 (RSA, ECDSA), RFC 4055 §3.1 (RSASSA-PSS), RFC 8410 §3 (EdDSA). */
function signatureAlgorithm(privateKey: KeyObject, alg: AlgorithmName): Buffer {
  const shape = keyShape(privateKey);
  const { kty, hash, padding } = algorithm(alg);
  if (privateKey.type !== 'private' || shape === undefined || !fits(shape, algorithm(alg)) || kty === 'oct') {
    throw new JwtkitError('USAGE_INVALID', `a certificate takes a private key for ${alg}`);
  }
  if (hash === null) return der.sequence(der.oid(shape.crv === 'Ed448' ? '1.3.101.113' : '1.3.101.112'));
  const row = hashRows[hash];
  if (kty === 'EC') return der.sequence(der.oid(row.ecdsa));
  if (padding !== 'pss') return der.sequence(der.oid(row.rsa), der.nullValue());
  const digest = der.sequence(der.oid(row.oid), der.nullValue());
  const mask = der.sequence(der.oid('1.2.840.113549.1.1.8'), digest);
  const parameters = der.sequence(der.tagged(0, digest), der.tagged(1, mask), der.tagged(2, der.integer(row.bytes)));
  return der.sequence(der.oid('1.2.840.113549.1.1.10'), parameters);
}
