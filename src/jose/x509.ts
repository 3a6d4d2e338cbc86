/** Certificates that jwtkit reads (RFC 5280), by node:crypto. */
import { createHash, type KeyObject, X509Certificate } from 'node:crypto';
import { JwtkitError } from '../errors.js';
import { childrenOf, derTags, readElements } from './der.js';
import type { Jwk } from './jwk.js';
import { isSamePublicKey, type Key, publicHalfOf } from './key.js';
import { keyContent } from './key-content.js';

/**
 * When a certificate in DER is valid, for its trusted {@link Key}; nothing for other structures.
 * @throws {JwtkitError} KEY_INVALID if its keyUsage excludes the use (§4.2.1.3), or if its dates cannot be read.
 */
export function validityOf(der: Buffer, where: string, use: 'sig' | 'enc' = 'sig'): Pick<Key, 'validity'> {
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(der);
  } catch {
    return {};
  }
  const invalid = (message: string) => new JwtkitError('KEY_INVALID', `${where}the certificate ${message}`);
  const usage = keyUsage(certificate.raw);
  if (usage === undefined) throw invalid('is damaged');
  if (usage !== null && use === 'sig' && (usage & (digitalSignature | nonRepudiation)) === 0) {
    throw invalid('is not for signatures: its keyUsage lacks digitalSignature');
  }
  if (usage !== null && use === 'enc' && (usage & (keyEncipherment | keyAgreement)) === 0) {
    throw invalid('is not for encryption: its keyUsage lacks keyEncipherment and keyAgreement');
  }
  const [notBefore, notAfter] = [certificate.validFrom, certificate.validTo].map(readDate);
  if (!Number.isFinite(notBefore) || !Number.isFinite(notAfter)) throw invalid('has no readable dates');
  return { validity: { notBefore: notBefore as number, notAfter: notAfter as number } };
}

/** Reads `Nov 29 20:00:00 2026 GMT` as a NumericDate. A year before 100 would be read as one of 1950 to 2049. */
function readDate(text: string): number {
  return / \d{4} GMT$/.test(text) ? Date.parse(text) / 1000 : Number.NaN;
}

/** Bits of the first octet of KeyUsage. */
const digitalSignature = 0x80;
const nonRepudiation = 0x40;
const keyEncipherment = 0x20;
const keyAgreement = 0x08;

/** The tag of `extensions [3]`. */
const extensionsTag = 0xa3;
const keyUsageId = '551d0f';

/** The first octet of keyUsage, which Node does not read; null if there is none; undefined for damaged DER. */
function keyUsage(der: Buffer): number | null | undefined {
  const [tbs] = childrenOf(der);
  const fields = tbs?.tag === derTags.sequence ? readElements(tbs.content) : undefined;
  if (fields === undefined) return undefined;
  const wrapped = fields.find(({ tag }) => tag === extensionsTag);
  if (wrapped === undefined) return null;
  const extensions = readElements(readElements(wrapped.content)?.[0]?.content ?? Buffer.alloc(0));
  for (const { content } of extensions ?? []) {
    const parts = readElements(content);
    if (parts?.[0]?.content.toString('hex') !== keyUsageId) continue;
    const [bits] = readElements(parts.at(-1)?.content ?? Buffer.alloc(0)) ?? [];
    // The first octet counts the unused bits.
    return bits?.content[1] ?? 0;
  }
  return extensions === undefined ? undefined : null;
}

/** Text around the blocks is explanation (RFC 7468 §5.2). */
const pemBlock = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** Reads a certificate and its chain from PEM, or one certificate from DER. Throws KEY_INVALID. */
export function readCertificates(content: Uint8Array, where = ''): X509Certificate[] {
  const bytes = keyContent(Buffer.from(content), where);
  const text = bytes.toString('latin1');
  const isPem = text.includes('-----BEGIN');
  const blocks = isPem ? (text.match(pemBlock) ?? []) : [bytes];
  if (blocks.length === 0 || blocks.length > 20) {
    throw new JwtkitError('KEY_INVALID', `${where}expected 1 to 20 certificates, these are ${blocks.length}`);
  }
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch {
    throw new JwtkitError('KEY_INVALID', `${where}this is no certificate: expected PEM or DER`);
  }
}

/** Refuses certificates, as KEY_INVALID, unless they are a chain that begins with the key's own (RFC 7517 §4.7). */
export function checkChain(chain: readonly X509Certificate[], key: KeyObject, where = ''): void {
  const [leaf] = chain;
  if (leaf === undefined || !isSamePublicKey(leaf.publicKey, publicHalfOf(key))) {
    throw new JwtkitError('KEY_INVALID', `${where}the first certificate is not of this key`);
  }
  chain.forEach((certificate, at) => {
    const issuer = chain[at + 1];
    if (issuer === undefined || (certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey))) return;
    throw new JwtkitError('KEY_INVALID', `${where}certificate ${at + 2} did not issue certificate ${at + 1}`);
  });
}

/**
 * The JWK members `x5c` and `x5t#S256` (RFC 7517 §4.7, §4.9) of a key and its certificate chain, its own certificate first.
 * @throws {JwtkitError} KEY_INVALID for certificates that do not belong to the key.
 */
export function certificateMembers(
  chain: readonly X509Certificate[],
  key: KeyObject,
  where = '',
): Required<Pick<Jwk, 'x5c' | 'x5t#S256'>> {
  checkChain(chain, key, where);
  const [leaf] = chain as [X509Certificate];
  return {
    x5c: chain.map(({ raw }) => raw.toString('base64')),
    'x5t#S256': createHash('sha256').update(leaf.raw).digest('base64url'),
  };
}
