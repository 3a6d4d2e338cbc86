/**
 * Certificates and requests of our own making: the structures by node-forge, the signatures by node:crypto, since forge
 * signs with RSA alone and has no need to see a private key.
 */
import { constants, createHash, sign as cryptoSign, type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import { JwtkitError } from '../errors.js';
import { type AlgorithmName, algorithm, fits, keyShape } from './algorithms.js';
import { type Asn1, type Asn1Kit, loadAsn1 } from './asn1.js';
import { parseDistinguishedName } from './distinguished-name.js';
import { publicHalfOf } from './key.js';
import { encodeSubjectAltName, type SubjectAltName } from './subject-alt-name.js';

/** What a certification request says, and what its signature is made with. */
export interface CertificateRequestOptions {
  /** The algorithm that the key is for; PS256 and its like sign with RSASSA-PSS. */
  readonly alg: AlgorithmName;
  /** `CN=web,O=Example` (RFC 4514) or `/O=Example/CN=web`. */
  readonly subject: string;
  readonly subjectAltNames?: readonly SubjectAltName[] | undefined;
}

/** What a self-signed certificate says. */
export interface CertificateOptions extends CertificateRequestOptions {
  /** NumericDate. */
  readonly notBefore: number;
  /** NumericDate; the last second of the certificate's life. */
  readonly notAfter: number;
}

/**
 * Makes a self-signed certificate (RFC 5280 §4.1) of a key that signs tokens: not a CA, for digital signatures alone.
 * @throws {JwtkitError} USAGE_INVALID for a name, dates or an algorithm that make no certificate.
 */
export async function createCertificate(privateKey: KeyObject, options: CertificateOptions): Promise<X509Certificate> {
  const { notBefore, notAfter } = options;
  if (!(notBefore >= 0 && notAfter >= notBefore && notAfter <= 253_402_300_799)) {
    throw new JwtkitError('USAGE_INVALID', 'a certificate ends after it begins, and before the year 10000');
  }
  const kit = await loadAsn1();
  const { sequence, integer, tagged, time, parse } = kit;
  const signature = signatureAlgorithm(privateKey, options.alg, kit);
  const name = encodeName(options.subject, kit);
  const publicKey = publicHalfOf(privateKey).export({ format: 'der', type: 'spki' });
  const tbs = sequence(
    tagged(0, integer(2)),
    integer(newSerialNumber()),
    signature.identifier,
    name,
    sequence(time(notBefore), time(notAfter)),
    name,
    parse(publicKey),
    tagged(3, sequence(...extensions(options, kit), keyIdentifier(publicKey, kit))),
  );
  return new X509Certificate(seal(tbs, signature, privateKey, kit));
}

/**
 * Makes a certification request (PKCS#10, RFC 2986) in PEM, whose alternative names ask to be taken over (RFC 2985 §5.4.2).
 * @throws {JwtkitError} USAGE_INVALID for a name or an algorithm that makes no request.
 */
export async function createCertificateRequest(
  privateKey: KeyObject,
  options: CertificateRequestOptions,
): Promise<string> {
  const kit = await loadAsn1();
  const { sequence, set, oid, integer, tagged, parse } = kit;
  const signature = signatureAlgorithm(privateKey, options.alg, kit);
  const publicKey = publicHalfOf(privateKey).export({ format: 'der', type: 'spki' });
  const extensionRequest = sequence(oid('1.2.840.113549.1.9.14'), set(sequence(...extensions(options, kit))));
  const request = sequence(integer(0), encodeName(options.subject, kit), parse(publicKey), tagged(0, extensionRequest));
  const der = seal(request, signature, privateKey, kit);
  const lines = der.toString('base64').match(/.{1,64}/g) as string[];
  return `${['-----BEGIN CERTIFICATE REQUEST-----', ...lines, '-----END CERTIFICATE REQUEST-----'].join('\n')}\n`;
}

/** RFC 5280 §4.1.2.2: positive, at most 20 octets, and beyond guessing: here 126 random bits in 16. */
function newSerialNumber(): Buffer {
  const serial = randomBytes(16);
  serial[0] = ((serial[0] as number) & 0x3f) | 0x40;
  return serial;
}

/** An RDNSequence, one attribute a part. */
function encodeName(text: string, { sequence, set, oid, text: string }: Asn1Kit): Asn1 {
  const parts = parseDistinguishedName(text).map(({ oid: id, type, value }) =>
    set(sequence(oid(id), string(type, Buffer.from(value, 'utf8')))),
  );
  return sequence(...parts);
}

/** basicConstraints (not a CA), keyUsage (digitalSignature), and the alternative names, if any. */
function extensions({ subjectAltNames = [] }: CertificateRequestOptions, kit: Asn1Kit): Asn1[] {
  const { sequence, bitString } = kit;
  const names = subjectAltNames.map((name) => encodeSubjectAltName(name, kit));
  return [
    extension('2.5.29.19', sequence(), kit, { isCritical: true }),
    extension('2.5.29.15', bitString(Buffer.of(0x80), 7), kit, { isCritical: true }),
    ...(names.length === 0 ? [] : [extension('2.5.29.17', sequence(...names), kit)]),
  ];
}

/** The subject key identifier, by RFC 7093 §2 (1): the leftmost 160 bits of the SHA-256 of the key's bits. */
function keyIdentifier(publicKey: Buffer, kit: Asn1Kit): Asn1 {
  const [, bits] = kit.parse(publicKey).value as Asn1[];
  const key = Buffer.from((bits as Asn1).value as string, 'latin1').subarray(1);
  const digest = createHash('sha256').update(key).digest().subarray(0, 20);
  return extension('2.5.29.14', kit.octetString(digest), kit);
}

function extension(id: string, value: Asn1, kit: Asn1Kit, { isCritical = false } = {}): Asn1 {
  const { sequence, oid, isTrue, octetString, toDer } = kit;
  return sequence(oid(id), ...(isCritical ? [isTrue()] : []), octetString(toDer(value)));
}

interface SignatureAlgorithm {
  readonly identifier: Asn1;
  readonly sign: (der: Buffer, key: KeyObject) => Buffer;
}

/** The structure that was signed, how, and the signature (RFC 5280 §4.1.1, RFC 2986 §4.2). */
function seal(signed: Asn1, { identifier, sign }: SignatureAlgorithm, privateKey: KeyObject, kit: Asn1Kit): Buffer {
  const { sequence, bitString, toDer } = kit;
  return toDer(sequence(signed, identifier, bitString(sign(toDer(signed), privateKey))));
}

const hashRows = {
  sha256: { oid: '2.16.840.1.101.3.4.2.1', bytes: 32, rsa: '1.2.840.113549.1.1.11', ecdsa: '1.2.840.10045.4.3.2' },
  sha384: { oid: '2.16.840.1.101.3.4.2.2', bytes: 48, rsa: '1.2.840.113549.1.1.12', ecdsa: '1.2.840.10045.4.3.3' },
  sha512: { oid: '2.16.840.1.101.3.4.2.3', bytes: 64, rsa: '1.2.840.113549.1.1.13', ecdsa: '1.2.840.10045.4.3.4' },
} as const;

/** How the key signs a structure: RFC 5754 §3 (RSA, ECDSA), RFC 4055 §3.1 (RSASSA-PSS), RFC 8410 §3 (EdDSA). */
function signatureAlgorithm(privateKey: KeyObject, alg: AlgorithmName, kit: Asn1Kit): SignatureAlgorithm {
  const shape = keyShape(privateKey);
  const { kty, hash, padding } = algorithm(alg);
  if (privateKey.type !== 'private' || shape === undefined || !fits(shape, algorithm(alg)) || kty === 'oct') {
    throw new JwtkitError('USAGE_INVALID', `a certificate takes a private key for ${alg}`);
  }
  const { sequence, oid, integer, tagged } = kit;
  if (hash === null) {
    const id = shape.crv === 'Ed448' ? '1.3.101.113' : '1.3.101.112';
    return { identifier: sequence(oid(id)), sign: (der, key) => cryptoSign(null, der, key) };
  }
  const row = hashRows[hash];
  if (kty === 'EC') return { identifier: sequence(oid(row.ecdsa)), sign: (der, key) => cryptoSign(hash, der, key) };
  if (padding !== 'pss') {
    return { identifier: sequence(oid(row.rsa), kit.null()), sign: (der, key) => cryptoSign(hash, der, key) };
  }
  const digest = sequence(oid(row.oid), kit.null());
  const mask = sequence(oid('1.2.840.113549.1.1.8'), digest);
  const parameters = sequence(tagged(0, digest), tagged(1, mask), tagged(2, integer(row.bytes)));
  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  return {
    identifier: sequence(oid('1.2.840.113549.1.1.10'), parameters),
    sign: (der, key) => cryptoSign(hash, der, { key, ...pss }),
  };
}
