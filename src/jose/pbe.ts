/**
 * Opens the encrypted parts of PKCS#12 files: PBES2 (RFC 8018 §6.2) by node:crypto, and the derivation of RFC 7292 appendix B
 * by node-forge. Older tools wrote the latter, also with RC2, which OpenSSL 3 has disabled.
 */
import { createDecipheriv, pbkdf2Sync } from 'node:crypto';
import { JwtkitError } from '../errors.js';
import { type Asn1, bytesOf, DamagedFile, type Forge, listOf, numberOf, oidOf } from './asn1.js';
import { type Passphrase, passphraseBytes } from './encrypted-key.js';

/** A passphrase in the two forms that derivations need, and the work that a file may still demand. */
export interface Opener {
  readonly bytes: Buffer;
  readonly text: string;
  /** Rounds of PBKDF2. All of them take some seconds. */
  workLeft: number;
}

const mostWork = 10_000_000;
/** The time of a round of node-forge's derivation, in rounds of PBKDF2. */
const roundCost = 5;

/** Takes a passphrase. Throws USAGE_INVALID if it is empty, too long or not UTF-8. */
export function openerFor(passphrase: Passphrase): Opener {
  const bytes = passphraseBytes(passphrase);
  const text = bytes.toString();
  if (Buffer.from(text).equals(bytes)) return { bytes, text, workLeft: mostWork };
  throw new JwtkitError('USAGE_INVALID', 'the passphrase is not UTF-8, as PKCS#12 needs it');
}

/** Raised for a file that is not supported; `message` says why. */
export class UnsupportedFile extends Error {}
/** Raised if decrypting fails, perhaps because of a wrong passphrase. */
export class NotDecrypted extends Error {}

function spend(opener: Opener, rounds: number, cost: number): void {
  opener.workLeft -= rounds * cost;
  if (!(rounds >= 1)) throw new DamagedFile();
  if (!(opener.workLeft >= 0)) throw new UnsupportedFile('asks for more work than is done for a file');
}

/** Why a key is derived (RFC 7292 §B.3). */
const macPurpose = 3;

/** Hashes by their OID, by their names in node:crypto and node-forge. */
export const hashes: Readonly<Record<string, 'sha1' | 'sha256' | 'sha384' | 'sha512'>> = {
  '1.3.14.3.2.26': 'sha1',
  '2.16.840.1.101.3.4.2.1': 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};

/** Derives the key of a MAC (RFC 7292 appendix B.2) from the passphrase in UTF-16 with two zero bytes at its end. */
export function deriveMacKey(
  opener: Opener,
  { md, util, pki }: Forge,
  { salt, rounds, hash }: { salt: Buffer; rounds: number; hash: 'sha1' | 'sha256' | 'sha384' | 'sha512' },
): Buffer {
  spend(opener, rounds, roundCost);
  const digest = md[hash].create();
  const saltBuffer = util.createBuffer(salt.toString('latin1'));
  const key = pki.pbe.generatePkcs12Key(opener.text, saltBuffer, macPurpose, rounds, digest.digestLength, digest);
  return Buffer.from(key.getBytes(), 'latin1');
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

/** PBE with SHA-1 and 3DES or 40-bit RC2 (RFC 7292 appendix C), with the number of SHA-1 outputs for the key and the IV. */
const oldCiphers: Readonly<Record<string, number>> = {
  '1.2.840.113549.1.12.1.3': 3,
  '1.2.840.113549.1.12.1.6': 2,
};

/** Decrypts bytes by an AlgorithmIdentifier. Throws the errors above. */
export function decrypt(algorithm: Asn1, bytes: Buffer, opener: Opener, forge: Forge): Buffer {
  const [id, parameters] = listOf(algorithm);
  const name = oidOf(id, forge);
  if (name === pbes2) return decryptPbes2(parameters, bytes, opener, forge);
  const hashCount = oldCiphers[name];
  if (hashCount === undefined) throw new UnsupportedFile(`is encrypted with ${name}, which is not supported`);
  const [, rounds] = listOf(parameters);
  spend(opener, numberOf(rounds), roundCost * hashCount);
  const cipher = forge.pki.pbe.getCipherForPKCS12PBE(name, parameters, opener.text);
  cipher.update(forge.util.createBuffer(bytes.toString('latin1')));
  if (!cipher.finish()) throw new NotDecrypted();
  return Buffer.from(cipher.output.getBytes(), 'latin1');
}

function decryptPbes2(parameters: Asn1 | undefined, bytes: Buffer, opener: Opener, forge: Forge): Buffer {
  const [derivation, scheme] = listOf(parameters);
  const [derivationId, derivationParameters] = listOf(derivation);
  const [cipherId, iv] = listOf(scheme);
  if (oidOf(derivationId, forge) !== pbkdf2) throw new UnsupportedFile('derives its key by other means than PBKDF2');
  const cipher = ciphers[oidOf(cipherId, forge)];
  if (cipher === undefined) throw new UnsupportedFile('is encrypted with a cipher other than AES-CBC or 3DES-CBC');
  // PBKDF2-params: salt, rounds, an optional key length, and the HMAC, SHA-1 by default.
  const [salt, rounds, ...rest] = listOf(derivationParameters);
  const prf = rest.find(({ value }) => Array.isArray(value));
  const hash = prf === undefined ? 'sha1' : hmacs[oidOf(listOf(prf)[0], forge)];
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
