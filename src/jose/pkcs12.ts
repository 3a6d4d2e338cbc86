/**
 * PKCS#12 (RFC 7292): a private key and its certificates in one file under a passphrase. The structures by node-forge; its
 * own functions for them know RSA alone, and would derive keys in JavaScript.
 */
import {
  createHmac,
  createPrivateKey,
  type KeyObject,
  randomBytes,
  timingSafeEqual,
  X509Certificate,
} from 'node:crypto';
import { JwtkitError } from '../errors.js';
import { type Asn1, type Asn1Kit, loadAsn1 } from './asn1.js';
import { encryptPkcs8, maxPassphraseBytes, type Passphrase } from './encrypted-key.js';
import { maxKeyBytes, publicHalfOf } from './key.js';
import {
  bytesOf,
  DamagedFile,
  decrypt,
  deriveMacKey,
  hashes,
  listOf,
  NotDecrypted,
  numberOf,
  type Opener,
  oidOf,
  openerFor,
  UnsupportedFile,
} from './pbe.js';
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

/**
 * Rounds of the MAC's derivation. Who guesses passphrases tries them on the cheapest part of a file, so that this one costs
 * as much as the others; it takes two seconds.
 */
const defaultMacRounds = 600_000;
const leastMacRounds = 2048;

/** What goes into a PKCS#12 file. */
export interface Pkcs12Contents {
  readonly privateKey: KeyObject;
  /** The key's certificate, then those that certify it. */
  readonly certificates?: readonly X509Certificate[] | undefined;
  /** The name that tools list the key by, such as its kid. */
  readonly friendlyName?: string | undefined;
}

/** What was in a PKCS#12 file. */
export interface Pkcs12 {
  readonly privateKey: KeyObject;
  /** The key's certificate first, if there is one, then the others as they stand. */
  readonly certificates: readonly X509Certificate[];
  readonly friendlyName?: string;
}

/**
 * Writes a private key of any kind and its certificates as PKCS#12: AES-256-CBC under PBKDF2-HMAC-SHA256 of 600,000 rounds,
 * and a MAC with SHA-256. OpenSSL 3 and Java's keytool read it; it takes some seconds. `macRounds` are 600,000 by default,
 * and OpenSSL's 2048 at least.
 * @throws {JwtkitError} KEY_INVALID for certificates that are not a chain of the key's; USAGE_INVALID for a passphrase that
 * is empty, too long or no UTF-8, and too few rounds.
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
  const opener = openerFor(passphrase, maxPassphraseBytes);
  const kit = await loadAsn1();
  const { sequence, oid, integer, tagged, octetString, toDer, parse } = kit;
  const encrypt = (der: Buffer) => parse(encryptPkcs8(der, opener.bytes));
  const ownAttributes = attributes(contents, kit);
  const key = bag(
    ids.encryptedKeyBag,
    encrypt(privateKey.export({ format: 'der', type: 'pkcs8' })),
    kit,
    ownAttributes,
  );
  const parts = [wrap(toDer(sequence(key)), kit)];
  if (certificates.length > 0) {
    const bags = certificates.map(({ raw }, at) => {
      const content = sequence(oid(ids.x509Certificate), tagged(0, octetString(raw)));
      return bag(ids.certificateBag, content, kit, at === 0 ? ownAttributes : []);
    });
    const [algorithm, content] = listOf(encrypt(toDer(sequence(...bags)))) as [Asn1, Asn1];
    const encrypted = sequence(oid(ids.data), algorithm, kit.taggedBytes(0, bytesOf(content)));
    parts.unshift(sequence(oid(ids.encryptedData), tagged(0, sequence(integer(0), encrypted))));
  }
  const safe = toDer(sequence(...parts));
  const salt = randomBytes(16);
  const macKey = deriveMacKey(opener, kit, { salt, rounds: macRounds, hash: 'sha256' });
  const digest = createHmac('sha256', macKey).update(safe).digest();
  const digestInfo = sequence(sequence(oid(ids.sha256), kit.null()), octetString(digest));
  const mac = sequence(digestInfo, octetString(salt), integer(macRounds));
  return toDer(sequence(integer(3), wrap(safe, kit), mac));
}

/** ContentInfo of plain data (RFC 7292 §4). */
function wrap(data: Buffer, { sequence, oid, tagged, octetString }: Asn1Kit): Asn1 {
  return sequence(oid(ids.data), tagged(0, octetString(data)));
}

function bag(id: string, content: Asn1, kit: Asn1Kit, attributes: readonly Asn1[]): Asn1 {
  const { sequence, set, oid, tagged } = kit;
  return sequence(oid(id), tagged(0, content), ...(attributes.length === 0 ? [] : [set(...attributes)]));
}

/** What ties the key to its certificate, by name and by number. */
function attributes({ friendlyName, certificates = [] }: Pkcs12Contents, kit: Asn1Kit): Asn1[] {
  const { sequence, set, oid, octetString, text } = kit;
  const attribute = (id: string, value: Asn1) => sequence(oid(id), set(value));
  // node-forge makes a BMPString of text and text of a BMPString.
  return [
    ...(friendlyName === undefined ? [] : [attribute(ids.friendlyName, text('BMPSTRING', friendlyName))]),
    ...(certificates.length === 0 ? [] : [attribute(ids.localKeyId, octetString(Buffer.of(1)))]),
  ];
}

/**
 * Reads the one private key of a PKCS#12 file and the certificates beside it: what OpenSSL 3 writes, and with 3DES or RC2
 * what older tools did. A file without a MAC is refused: anybody could have put another key into it.
 * @throws {JwtkitError} PASSPHRASE_WRONG; KEY_INVALID for a file that is damaged, asks for too much work, holds no private
 * key or several; USAGE_INVALID for a passphrase that is empty, too long or no UTF-8.
 */
export async function readPkcs12(content: Uint8Array, passphrase: Passphrase, where = ''): Promise<Pkcs12> {
  const opener = openerFor(passphrase, maxPassphraseBytes);
  const invalid = (message: string) => new JwtkitError('KEY_INVALID', `${where}${message}`);
  if (content.length > maxKeyBytes) throw invalid(`a PKCS#12 file has at most ${maxKeyBytes} bytes`);
  const kit = await loadAsn1();
  let bags: Bags;
  try {
    bags = readFile(Buffer.from(content), opener, kit);
  } catch (error) {
    if (error instanceof JwtkitError) {
      throw new JwtkitError(error.code, `${where}${error.message}`, { hint: error.hint });
    }
    if (error instanceof UnsupportedFile) throw invalid(`the PKCS#12 file ${error.message}`);
    // What node-forge and node:crypto throw of a structure that is none: their words may repeat what is in it.
    throw invalid('this is no PKCS#12 file, or it is damaged');
  }
  const { keys, certificates } = bags;
  const [key, ...more] = keys;
  if (key === undefined) throw invalid('the PKCS#12 file holds no private key');
  if (more.length > 0) throw invalid(`the PKCS#12 file holds ${keys.length} private keys, one is read`);
  const isOwn = (certificate: X509Certificate) => certificate.publicKey.equals(publicHalfOf(key.privateKey));
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

function readFile(bytes: Buffer, opener: Opener, kit: Asn1Kit): Bags {
  const [version, safeInfo, mac] = listOf(kit.parse(bytes));
  if (numberOf(version) !== 3) throw new DamagedFile();
  const [kind, wrapped] = listOf(safeInfo);
  if (oidOf(kind, kit) !== ids.data) throw new UnsupportedFile('is sealed with a signature, which is not supported');
  const safe = bytesOf(listOf(wrapped)[0]);
  checkMac(mac, safe, opener, kit);
  const bags: Bags = { keys: [], certificates: [] };
  try {
    for (const info of listOf(kit.parse(safe))) readPart(info, bags, opener, kit);
  } catch (error) {
    // The MAC says that the passphrase is right; an encrypted part may still have one of its own.
    if (error instanceof NotDecrypted) throw new UnsupportedFile('has a part under another passphrase');
    throw error;
  }
  return bags;
}

/** RFC 7292 §5.1: the MAC covers all that follows, and is the only place where a wrong passphrase shows for certain. */
function checkMac(mac: Asn1 | undefined, safe: Buffer, opener: Opener, kit: Asn1Kit): void {
  if (mac === undefined) throw new UnsupportedFile('has no MAC: nothing shows that it is as it was written');
  const [digestInfo, salt, rounds] = listOf(mac);
  const [algorithm, digest] = listOf(digestInfo);
  const hash = hashes[oidOf(listOf(algorithm)[0], kit)];
  if (hash === undefined) throw new UnsupportedFile('has a MAC of an unknown kind');
  const expected = bytesOf(digest);
  const count = rounds === undefined ? 1 : numberOf(rounds);
  const key = deriveMacKey(opener, kit, { salt: bytesOf(salt), rounds: count, hash });
  const actual = createHmac(hash, key).update(safe).digest();
  if (expected.length === actual.length && timingSafeEqual(expected, actual)) return;
  throw new JwtkitError('PASSPHRASE_WRONG', 'the passphrase does not open the PKCS#12 file', {
    hint: 'it is wrong, or the file is damaged',
  });
}

function readPart(info: Asn1, bags: Bags, opener: Opener, kit: Asn1Kit): void {
  const [kind, wrapped] = listOf(info);
  const [content] = listOf(wrapped);
  const id = oidOf(kind, kit);
  if (id !== ids.data && id !== ids.encryptedData) throw new UnsupportedFile('has a part for a public key');
  const safeContents = id === ids.data ? bytesOf(content) : decryptPart(content, opener, kit);
  for (const item of listOf(kit.parse(safeContents))) readBag(item, bags, opener, kit);
}

/** EncryptedData (RFC 2315 §13): the version, then what is encrypted, how, and the bytes. */
function decryptPart(content: Asn1 | undefined, opener: Opener, kit: Asn1Kit): Buffer {
  const [, encrypted] = listOf(content);
  const [, algorithm, bytes] = listOf(encrypted);
  if (algorithm === undefined) throw new DamagedFile();
  return decrypt(algorithm, bytesOf(bytes), opener, kit);
}

/** Bags of other kinds (revocation lists, secrets) are nobody's key. */
function readBag(item: Asn1, { keys, certificates }: Bags, opener: Opener, kit: Asn1Kit): void {
  const [kind, wrapped, attributes] = listOf(item);
  const [content] = listOf(wrapped);
  const id = oidOf(kind, kit);
  if (content === undefined) throw new DamagedFile();
  if (id === ids.certificateBag) {
    const [type, value] = listOf(content);
    if (oidOf(type, kit) === ids.x509Certificate) certificates.push(new X509Certificate(bytesOf(listOf(value)[0])));
  }
  if (id !== ids.keyBag && id !== ids.encryptedKeyBag) return;
  const [algorithm, bytes] = listOf(content);
  const der = id === ids.keyBag ? kit.toDer(content) : decrypt(algorithm as Asn1, bytesOf(bytes), opener, kit);
  const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  keys.push({ privateKey, friendlyName: friendlyNameOf(attributes, kit) });
}

function friendlyNameOf(attributes: Asn1 | undefined, kit: Asn1Kit): string | undefined {
  for (const attribute of attributes === undefined ? [] : listOf(attributes)) {
    const [id, values] = listOf(attribute);
    if (oidOf(id, kit) !== ids.friendlyName) continue;
    const name = listOf(values)[0]?.value;
    return typeof name === 'string' ? name : undefined;
  }
  return undefined;
}
