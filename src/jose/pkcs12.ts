/**
 * PKCS#12 (RFC 7292): a private key and its certificates in one file under a passphrase. node-forge reads the structures. Its
 * own functions for PKCS#12 know RSA alone, and derive keys in JavaScript.
 */
import { createHmac, type KeyObject, randomBytes, timingSafeEqual, X509Certificate } from 'node:crypto';
import { JwtkitError } from '../errors.js';
import {
  type Asn1,
  bytesOf,
  DamagedFile,
  type Forge,
  listOf,
  loadForge,
  numberOf,
  oidOf,
  readAsn1,
  writeAsn1,
} from './asn1.js';
import { childrenOf, type DerElement, ForeignKey, readPkcs8 } from './der.js';
import * as der from './der-writer.js';
import { macRounds as defaultMacRounds } from './derivation-cost.js';
import { encryptPkcs8, type Passphrase } from './encrypted-key.js';
import { isSamePublicKey, maxKeyBytes, publicHalfOf } from './key.js';
import { decrypt, deriveMacKey, hashes, NotDecrypted, type Opener, openerFor, UnsupportedFile } from './pbe.js';
import { checkChain } from './x509.js';

const ids = {
  data: '1.2.840.113549.1.7.1',
  encryptedData: '1.2.840.113549.1.7.6',
  keyBag: '1.2.840.113549.1.12.10.1.1',
  encryptedKeyBag: '1.2.840.113549.1.12.10.1.2',
  certificateBag: '1.2.840.113549.1.12.10.1.3',
  x509Certificate: '1.2.840.113549.1.9.22.1',
  friendlyName: '1.2.840.113549.1.9.20',
  localKeyId: '1.2.840.113549.1.9.21',
  sha256: '2.16.840.1.101.3.4.2.1',
} as const;

/** The fewest rounds that are written: what OpenSSL uses. */
const leastMacRounds = 2048;

/** What goes into a PKCS#12 file. */
export interface Pkcs12Contents {
  readonly privateKey: KeyObject;
  /** The key's certificate, then its issuers' certificates. */
  readonly certificates?: readonly X509Certificate[] | undefined;
  /** The name that tools show for the key, such as its kid. */
  readonly friendlyName?: string | undefined;
}

/** What a PKCS#12 file contains. */
export interface Pkcs12 {
  readonly privateKey: KeyObject;
  /** The key's certificate first, if there is one, then the others in the order of the file. */
  readonly certificates: readonly X509Certificate[];
  readonly friendlyName?: string;
}

/**
 * Writes a private key of any type and its certificates as PKCS#12: AES-256-CBC under PBKDF2-HMAC-SHA256 of 600,000 rounds,
 * and a MAC with SHA-256. OpenSSL 3 and Java's keytool read it. Takes some seconds. `macRounds` is 600,000 by default and at
 * least 2048.
 * @throws {JwtkitError} KEY_INVALID for certificates that are not a chain of the key's; USAGE_INVALID for a passphrase that
 * is empty, too long or not UTF-8, and for too few rounds.
 */
export async function writePkcs12(
  contents: Pkcs12Contents,
  passphrase: Passphrase,
  { macRounds = defaultMacRounds }: { macRounds?: number | undefined } = {},
): Promise<Buffer> {
  if (!Number.isInteger(macRounds) || macRounds < leastMacRounds) {
    throw new JwtkitError('USAGE_INVALID', `a MAC takes ${leastMacRounds} rounds at least`);
  }
  const { privateKey, certificates = [] } = contents;
  if (certificates.length > 0) checkChain(certificates, privateKey);
  const opener = openerFor(passphrase);
  const ownAttributes = attributes(contents);
  const encryptedKey = encryptPkcs8(privateKey.export({ format: 'der', type: 'pkcs8' }), opener.bytes);
  const parts = [contentInfo(der.sequence(bag(ids.encryptedKeyBag, encryptedKey, ownAttributes)))];
  if (certificates.length > 0) {
    const bags = certificates.map(({ raw }, at) => {
      const content = der.sequence(der.oid(ids.x509Certificate), der.tagged(0, der.octetString(raw)));
      return bag(ids.certificateBag, content, at === 0 ? ownAttributes : []);
    });
    parts.unshift(encryptedInfo(encryptPkcs8(der.sequence(...bags), opener.bytes)));
  }
  const authSafe = der.sequence(...parts);
  const salt = randomBytes(16);
  const macKey = deriveMacKey(opener, await loadForge(), { salt, rounds: macRounds, hash: 'sha256' });
  const digest = createHmac('sha256', macKey).update(authSafe).digest();
  const digestInfo = der.sequence(der.sequence(der.oid(ids.sha256), der.nullValue()), der.octetString(digest));
  return der.sequence(
    der.integer(3),
    contentInfo(authSafe),
    der.sequence(digestInfo, der.octetString(salt), der.integer(macRounds)),
  );
}

/** ContentInfo of plain data (RFC 7292 §4). */
function contentInfo(data: Buffer): Buffer {
  return der.sequence(der.oid(ids.data), der.tagged(0, der.octetString(data)));
}

/** ContentInfo of EncryptedData (RFC 2315 §13), from the algorithm and the bytes of an EncryptedPrivateKeyInfo. */
function encryptedInfo(encrypted: Buffer): Buffer {
  const [algorithm, content] = childrenOf(encrypted) as [DerElement, DerElement];
  const info = der.sequence(
    der.oid(ids.data),
    der.derElement(algorithm.tag, algorithm.content),
    der.taggedBytes(0, content.content),
  );
  return der.sequence(der.oid(ids.encryptedData), der.tagged(0, der.sequence(der.integer(0), info)));
}

function bag(id: string, content: Buffer, attributes: readonly Buffer[]): Buffer {
  return der.sequence(
    der.oid(id),
    der.tagged(0, content),
    ...(attributes.length === 0 ? [] : [der.set(...attributes)]),
  );
}

/** Attributes that tie the key to its certificate, by name and by number. */
function attributes({ friendlyName, certificates = [] }: Pkcs12Contents): Buffer[] {
  const attribute = (id: string, value: Buffer) => der.sequence(der.oid(id), der.set(value));
  return [
    ...(friendlyName === undefined ? [] : [attribute(ids.friendlyName, der.string('BMPString', friendlyName))]),
    ...(certificates.length === 0 ? [] : [attribute(ids.localKeyId, der.octetString(Buffer.of(1)))]),
  ];
}

/**
 * Reads the only private key of a PKCS#12 file and its certificates. The file may be encrypted as OpenSSL 3 does, or as older
 * tools do with 3DES or RC2. Refuses a file without a MAC: anybody could have replaced the key in it.
 * @throws {JwtkitError} PASSPHRASE_WRONG; KEY_INVALID for a file that is damaged, asks for too much work, or has no private
 * key or several; USAGE_INVALID for a passphrase that is empty, too long or not UTF-8.
 */
export async function readPkcs12(content: Uint8Array, passphrase: Passphrase, where = ''): Promise<Pkcs12> {
  const opener = openerFor(passphrase);
  const invalid = (message: string) => new JwtkitError('KEY_INVALID', `${where}${message}`);
  if (content.length > maxKeyBytes) throw invalid(`a PKCS#12 file has at most ${maxKeyBytes} bytes`);
  const forge = await loadForge();
  let bags: Bags;
  try {
    bags = readFile(Buffer.from(content), opener, forge);
  } catch (error) {
    if (error instanceof JwtkitError) {
      throw new JwtkitError(error.code, `${where}${error.message}`, { hint: error.hint });
    }
    if (error instanceof ForeignKey) throw invalid(error.message);
    if (error instanceof UnsupportedFile) throw invalid(`the PKCS#12 file ${error.message}`);
    // Messages of node-forge and node:crypto may repeat what is in the file.
    throw invalid('this is no PKCS#12 file, or it is damaged');
  }
  const { keys, certificates } = bags;
  const [key, ...more] = keys;
  if (key === undefined) throw invalid('the PKCS#12 file holds no private key');
  if (more.length > 0) throw invalid(`the PKCS#12 file holds ${keys.length} private keys, at most one is allowed`);
  const isOwn = (certificate: X509Certificate) => isSamePublicKey(certificate.publicKey, publicHalfOf(key.privateKey));
  return {
    privateKey: key.privateKey,
    certificates: [...certificates.filter(isOwn), ...certificates.filter((certificate) => !isOwn(certificate))],
    ...(key.friendlyName === undefined ? {} : { friendlyName: key.friendlyName }),
  };
}

interface Bags {
  readonly keys: { readonly privateKey: KeyObject; readonly friendlyName: string | undefined }[];
  readonly certificates: X509Certificate[];
}

function readFile(bytes: Buffer, opener: Opener, forge: Forge): Bags {
  const [version, safeInfo, mac] = listOf(readAsn1(bytes, forge));
  if (numberOf(version) !== 3) throw new DamagedFile();
  const [kind, wrapped] = listOf(safeInfo);
  if (oidOf(kind, forge) !== ids.data) throw new UnsupportedFile('is sealed with a signature, which is not supported');
  const authSafe = bytesOf(listOf(wrapped)[0]);
  checkMac(mac, authSafe, opener, forge);
  const bags: Bags = { keys: [], certificates: [] };
  try {
    for (const info of listOf(readAsn1(authSafe, forge))) readPart(info, bags, opener, forge);
  } catch (error) {
    // The MAC shows that the passphrase is right, but a part of the file may have another passphrase.
    if (error instanceof NotDecrypted) throw new UnsupportedFile('has a part under another passphrase');
    throw error;
  }
  return bags;
}

/** RFC 7292 §5.1: the MAC covers the whole content. Only the MAC shows a wrong passphrase for certain. */
function checkMac(mac: Asn1 | undefined, safe: Buffer, opener: Opener, forge: Forge): void {
  if (mac === undefined) throw new UnsupportedFile('has no MAC: nothing shows that it is as it was written');
  const [digestInfo, salt, rounds] = listOf(mac);
  const [algorithm, digest] = listOf(digestInfo);
  const hash = hashes[oidOf(listOf(algorithm)[0], forge)];
  if (hash === undefined) throw new UnsupportedFile('has a MAC of an unknown kind');
  const expected = bytesOf(digest);
  const count = rounds === undefined ? 1 : numberOf(rounds);
  const key = deriveMacKey(opener, forge, { salt: bytesOf(salt), rounds: count, hash });
  const actual = createHmac(hash, key).update(safe).digest();
  if (expected.length === actual.length && timingSafeEqual(expected, actual)) return;
  throw new JwtkitError('PASSPHRASE_WRONG', 'the passphrase does not open the PKCS#12 file', {
    hint: 'it is wrong, or the file is damaged',
  });
}

function readPart(info: Asn1, bags: Bags, opener: Opener, forge: Forge): void {
  const [kind, wrapped] = listOf(info);
  const [content] = listOf(wrapped);
  const id = oidOf(kind, forge);
  if (id !== ids.data && id !== ids.encryptedData) throw new UnsupportedFile('has a part for a public key');
  const safeContents = id === ids.data ? bytesOf(content) : decryptPart(content, opener, forge);
  for (const item of listOf(readAsn1(safeContents, forge))) readBag(item, bags, opener, forge);
}

/** EncryptedData (RFC 2315 §13): the version, then the content's type, algorithm and bytes. */
function decryptPart(content: Asn1 | undefined, opener: Opener, forge: Forge): Buffer {
  const [, encrypted] = listOf(content);
  const [, algorithm, bytes] = listOf(encrypted);
  if (algorithm === undefined) throw new DamagedFile();
  return decrypt(algorithm, bytesOf(bytes), opener, forge);
}

/** Ignores bags of other kinds, such as revocation lists and secrets. */
function readBag(item: Asn1, { keys, certificates }: Bags, opener: Opener, forge: Forge): void {
  const [kind, wrapped, attributes] = listOf(item);
  const [content] = listOf(wrapped);
  const id = oidOf(kind, forge);
  if (content === undefined) throw new DamagedFile();
  if (id === ids.certificateBag) {
    const [type, value] = listOf(content);
    if (oidOf(type, forge) === ids.x509Certificate) certificates.push(new X509Certificate(bytesOf(listOf(value)[0])));
  }
  if (id !== ids.keyBag && id !== ids.encryptedKeyBag) return;
  const [algorithm, bytes] = listOf(content);
  const pkcs8 =
    id === ids.keyBag ? writeAsn1(content, forge) : decrypt(algorithm as Asn1, bytesOf(bytes), opener, forge);
  const privateKey = readPkcs8(pkcs8);
  keys.push({ privateKey, friendlyName: friendlyNameOf(attributes, forge) });
}

function friendlyNameOf(attributes: Asn1 | undefined, forge: Forge): string | undefined {
  for (const attribute of attributes === undefined ? [] : listOf(attributes)) {
    const [id, values] = listOf(attribute);
    if (oidOf(id, forge) !== ids.friendlyName) continue;
    const name = listOf(values)[0]?.value;
    return typeof name === 'string' ? name : undefined;
  }
  return undefined;
}
