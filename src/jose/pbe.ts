/**
 * What PKCS#12 files are encrypted with, opened: PBES2 (RFC 8018 §6.2) by node:crypto, and what older tools wrote with the
 * derivation of RFC 7292 appendix B by node-forge, RC2 included, which OpenSSL 3 has put away.
 */
import { createDecipheriv, pbkdf2Sync } from 'node:crypto';
import { JwtkitError } from '../errors.js';
import type { Asn1, Asn1Kit } from './asn1.js';
import type { Passphrase } from './encrypted-key.js';

/** A passphrase in the two shapes that derivations take, and how much work may still be done with it. */
export interface Opener {
  readonly bytes: Buffer;
  readonly text: string;
  /** Rounds of PBKDF2, of which some seconds' worth is done for a file: it must not choose how long its reader works. */
  workLeft: number;
}

const mostWork = 10_000_000;
/** A round of node-forge's derivation takes as long as this many of PBKDF2. */
const roundCost = 5;

/**
 * Takes a passphrase for a file to be opened or made.
 * @throws {JwtkitError} USAGE_INVALID for one that is empty, too long or no UTF-8.
 */
export function openerFor(passphrase: Passphrase, maxBytes: number): Opener {
  const bytes = Buffer.from(passphrase as string);
  const refuse = (message: string) => new JwtkitError('USAGE_INVALID', message);
  if (bytes.length === 0) throw refuse('the passphrase is empty');
  if (bytes.length > maxBytes) throw refuse(`a passphrase has at most ${maxBytes} bytes, not ${bytes.length}`);
  const text = bytes.toString('utf8');
  if (!Buffer.from(text).equals(bytes)) throw refuse('the passphrase is no UTF-8, which PKCS#12 makes UTF-16 of');
  return { bytes, text, workLeft: mostWork };
}

/** Raised for a structure that cannot be read; the file's reader words the error. */
export class DamagedFile extends Error {}
/** Raised for what is sound, or may be, and not supported: `message` says what. */
export class UnsupportedFile extends Error {}
/** Raised where decrypting fails although the passphrase has been shown to be right, or may be. */
export class NotDecrypted extends Error {}

function spend(opener: Opener, rounds: number, cost: number): void {
  opener.workLeft -= rounds * cost;
  if (!(rounds >= 1)) throw new DamagedFile();
  if (!(opener.workLeft >= 0)) throw new UnsupportedFile('asks for more work than is done for a file');
}

/** What a key is derived for (RFC 7292 §B.3). */
const macPurpose = 3;

/** Hashes by their OID, with the names that node:crypto and node-forge have for them. */
export const hashes: Readonly<Record<string, 'sha1' | 'sha256' | 'sha384' | 'sha512'>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

/** Derives the key of a MAC by RFC 7292 appendix B.2, the passphrase taken as UTF-16 with two bytes of zero behind it. */
export function deriveMacKey(
  opener: Opener,
  kit: Asn1Kit,
  { salt, rounds, hash }: { salt: Buffer; rounds: number; hash: 'sha1' | 'sha256' | 'sha384' | 'sha512' },
): Buffer {
  spend(opener, rounds, roundCost);
  const { forge } = kit;
  const digest = forge.md[hash].create();
  const saltBuffer = forge.util.createBuffer(salt.toString('latin1'));
  const key = forgePbe(kit).generatePkcs12Key(opener.text, saltBuffer, macPurpose, rounds, digest.digestLength, digest);
  return Buffer.from(key.getBytes(), 'latin1');
}

/** What the declared types of node-forge leave out. */
interface ForgePbe {
  generatePkcs12Key(
    passphrase: string,
    salt: unknown,
    purpose: number,
    rounds: number,
    bytes: number,
    hash: unknown,
  ): { getBytes(): string };
  getCipherForPKCS12PBE(
    oid: string,
    parameters: Asn1 | undefined,
    passphrase: string,
  ): { update(bytes: unknown): void; finish(): boolean; output: { getBytes(): string } };
}

function forgePbe({ forge }: Asn1Kit): ForgePbe {
  return (forge.pki as unknown as { pbe: ForgePbe }).pbe;
}

const pbes2 = '1.2.840.113549.1.5.13';
const pbkdf2 = '1.2.840.113549.1.5.12';

const hmacs: Readonly<Record<string, string>> = {
  '1.2.840.113549.2.7': 'sha1',
  '1.2.840.113549.2.8': 'sha224',
  '1.2.840.113549.2.9': 'sha256',
  '1.2.840.113549.2.10': 'sha384',
  '1.2.840.113549.2.11': 'sha512',
};

const ciphers: Readonly<Record<string, { name: string; keyBytes: number; ivBytes: number }>> = {
  '2.16.840.1.101.3.4.1.2': { name: 'aes-128-cbc', keyBytes: 16, ivBytes: 16 },
  '2.16.840.1.101.3.4.1.22': { name: 'aes-192-cbc', keyBytes: 24, ivBytes: 16 },
  '2.16.840.1.101.3.4.1.42': { name: 'aes-256-cbc', keyBytes: 32, ivBytes: 16 },
  '1.2.840.113549.3.7': { name: 'des-ede3-cbc', keyBytes: 24, ivBytes: 8 },
};

/** PBE with SHA-1 and 3DES or 40-bit RC2 (RFC 7292 appendix C): derived key and IV take this many hashes of 20 bytes. */
const oldCiphers: Readonly<Record<string, number>> = {
  '1.2.840.113549.1.12.1.3': 3,
  '1.2.840.113549.1.12.1.6': 2,
};

/** Decrypts bytes by an AlgorithmIdentifier; throws the errors above. */
export function decrypt(algorithm: Asn1, bytes: Buffer, opener: Opener, kit: Asn1Kit): Buffer {
  const [id, parameters] = listOf(algorithm);
  const name = oidOf(id, kit);
  if (name === pbes2) return decryptPbes2(parameters, bytes, opener, kit);
  const hashCount = oldCiphers[name];
  if (hashCount === undefined) throw new UnsupportedFile(`is encrypted with ${name}, which is not supported`);
  const [, rounds] = listOf(parameters);
  spend(opener, numberOf(rounds), roundCost * hashCount);
  const { forge } = kit;
  const cipher = forgePbe(kit).getCipherForPKCS12PBE(name, parameters, opener.text);
  cipher.update(forge.util.createBuffer(bytes.toString('latin1')));
  if (!cipher.finish()) throw new NotDecrypted();
  return Buffer.from(cipher.output.getBytes(), 'latin1');
}

function decryptPbes2(parameters: Asn1 | undefined, bytes: Buffer, opener: Opener, kit: Asn1Kit): Buffer {
  const [derivation, scheme] = listOf(parameters);
  const [derivationId, derivationParameters] = listOf(derivation);
  const [cipherId, iv] = listOf(scheme);
  if (oidOf(derivationId, kit) !== pbkdf2) throw new UnsupportedFile('derives its key by other means than PBKDF2');
  const cipher = ciphers[oidOf(cipherId, kit)];
  if (cipher === undefined) throw new UnsupportedFile('is encrypted with a cipher other than AES-CBC or 3DES-CBC');
  // PBKDF2-params: salt, rounds, the key's length if it is told, and the HMAC, which is SHA-1's where it is not.
  const [salt, rounds, ...rest] = listOf(derivationParameters);
  const prf = rest.find(({ value }) => Array.isArray(value));
  const hash = prf === undefined ? 'sha1' : hmacs[oidOf(listOf(prf)[0], kit)];
  if (hash === undefined) throw new UnsupportedFile('derives its key with an unknown HMAC');
  const ivBytes = bytesOf(iv);
  if (ivBytes.length !== cipher.ivBytes) throw new DamagedFile();
  const count = numberOf(rounds);
  spend(opener, count, 1);
  const key = pbkdf2Sync(opener.bytes, bytesOf(salt), count, cipher.keyBytes, hash);
  const decipher = createDecipheriv(cipher.name, key, ivBytes);
  try {
    return Buffer.concat([decipher.update(bytes), decipher.final()]);
  } catch {
    throw new NotDecrypted();
  }
}

/** The elements inside of a constructed one. */
export function listOf(element: Asn1 | undefined): Asn1[] {
  if (!Array.isArray(element?.value)) throw new DamagedFile();
  return element.value;
}

/** The bytes of a primitive element, or of the pieces that BER lets an OCTET STRING come in. */
export function bytesOf(element: Asn1 | undefined): Buffer {
  if (element === undefined) throw new DamagedFile();
  const { value } = element;
  return Array.isArray(value) ? Buffer.concat(value.map(bytesOf)) : Buffer.from(value, 'latin1');
}

/** A small non-negative INTEGER; a larger one is beyond every bound. */
export function numberOf(element: Asn1 | undefined): number {
  const bytes = bytesOf(element);
  if (bytes.length === 0 || bytes.length > 6) return Number.POSITIVE_INFINITY;
  const value = bytes.readIntBE(0, bytes.length);
  if (value < 0) throw new DamagedFile();
  return value;
}

/** An OBJECT IDENTIFIER in dots. */
export function oidOf(element: Asn1 | undefined, { forge }: Asn1Kit): string {
  if (element?.type !== forge.asn1.Type.OID || typeof element.value !== 'string') throw new DamagedFile();
  return forge.asn1.derToOid(element.value);
}
