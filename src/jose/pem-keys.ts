/** Which keys of a PEM file count: the one that signs, or each that verifies. */
import { X509Certificate } from 'node:crypto';
import { JwtkitError } from '../errors.js';
import { decryptPem, decryptPkcs8, type Passphrase } from './encrypted-key.js';
import { createKey, type Key, type KeyTraits } from './key.js';
import { isPrivateLabel, type PemBlock, readPemBlock, readPemBlocks } from './pem.js';
import { validityOf } from './x509.js';

/** How {@link readPemKeys} takes a file. */
export interface ReadPemKeysOptions {
  readonly purpose: 'sign' | 'verify' | 'any';
  readonly traits: KeyTraits;
  /** Begins messages. */
  readonly where: string;
  /** Returns the passphrase of an encrypted key, or throws. */
  readonly passphrase: () => Passphrase;
}

/** Keys, and facts about them for people. */
export interface FoundKeys {
  readonly keys: Key[];
  readonly mended: readonly string[];
  readonly notes: readonly string[];
}

/** Reads the keys of a PEM file. Throws KEY_INVALID, KEY_TOO_WEAK and what `passphrase` throws. */
export function readPemKeys(text: string, options: ReadPemKeysOptions): FoundKeys {
  const { blocks, mended } = readPemBlocks(text, options.where);
  const { counted, notes } = selectBlocks(blocks, options);
  // A kid is for one key.
  const traits = counted.length > 1 ? { ...options.traits, kid: undefined } : options.traits;
  return { keys: counted.map((block) => readBlock(block, { ...options, traits })), mended, notes };
}

function readBlock(block: PemBlock, { traits, where, passphrase }: ReadPemKeysOptions): Key {
  const pem = readPemBlock(block, where);
  if (pem.form === 'key') return createKey(pem.keyObject, { ...traits, ...validityOf(pem.der, where) });
  const read = passphrase();
  const isPkcs8 = pem.form === 'encrypted PKCS#8';
  return createKey(isPkcs8 ? decryptPkcs8(pem.der, read, where) : decryptPem(pem.block, read, where), traits);
}

interface Selection {
  readonly counted: readonly PemBlock[];
  readonly notes: readonly string[];
}

function selectBlocks(all: readonly PemBlock[], { purpose, where }: ReadPemKeysOptions): Selection {
  // OpenSSL writes an EC PARAMETERS block before an EC key; servers keep DH PARAMETERS beside theirs.
  const blocks = all.filter(({ label }) => !/^(?:EC|DH) PARAMETERS$/.test(label));
  const invalid = (message: string, hint?: string) => new JwtkitError('KEY_INVALID', `${where}${message}`, { hint });
  if (blocks.length === 0) throw invalid('the PEM holds no key');
  if (blocks.length === 1) return { counted: blocks, notes: [] };
  const privates = blocks.filter(({ label }) => isPrivateLabel(label));
  if (privates.length > 1) {
    throw invalid(
      `the PEM holds ${privates.length} private keys, at most one is allowed`,
      'keep the key that signs in a file of its own, perhaps with its certificates',
    );
  }
  if (privates.length === 1) {
    if (purpose === 'any')
      return { counted: privates, notes: [`${where}the private key is taken, not what is beside it`] };
    return { counted: privates, notes: [] };
  }
  const certificates = blocks.filter(({ label }) => label === 'CERTIFICATE');
  const rest = blocks.filter(({ label }) => label !== 'CERTIFICATE');
  if (certificates.length < 2) return { counted: blocks, notes: [] };
  const leaves = selectLeaves(certificates, where);
  return { counted: [...rest, ...leaves.counted], notes: leaves.notes };
}

/** More certificates than any chain has. Each is compared with each. */
const maxCertificates = 20;

/**
 * The certificates that issued none of the others. Issuers are found by their names and key identifiers. A root is not
 * trusted to sign tokens if a certificate beside it has an issuer. No signature is checked: the caller trusts the file.
 */
function selectLeaves(blocks: readonly PemBlock[], where: string): Selection {
  const invalid = (message: string, hint?: string) => new JwtkitError('KEY_INVALID', `${where}${message}`, { hint });
  if (blocks.length > maxCertificates) {
    throw invalid(`the PEM holds ${blocks.length} certificates, at most ${maxCertificates} are read`);
  }
  const known = new Map<string, { block: PemBlock; certificate: X509Certificate; isSelfIssued: boolean }>();
  for (const block of blocks) {
    readPemBlock(block, where);
    const certificate = new X509Certificate(block.whole);
    const isSelfIssued = certificate.checkIssued(certificate);
    known.set(certificate.fingerprint256, { block, certificate, isSelfIssued });
  }
  const all = [...known.values()];
  const isIssuer = (one: (typeof all)[number]) =>
    all.some((other) => other !== one && !other.isSelfIssued && other.certificate.checkIssued(one.certificate));
  const ends = all.filter((one) => !isIssuer(one));
  const issued = ends.filter(({ isSelfIssued }) => !isSelfIssued);
  const unrelated = issued.length > 0 ? issued : ends;
  const fit = unrelated.filter(({ certificate }) => isForSignatures(certificate.raw));
  // If no certificate may sign, all are kept: reading them gives the reason.
  const leaves = fit.length > 0 ? fit : unrelated;
  if (leaves.length === 0) throw invalid('each of the certificates issued another one', 'keep the one to trust');
  const counted = leaves.map(({ block }) => block);
  if (all.length === 1) return { counted, notes: [] };
  const [leaf] = leaves as [(typeof all)[number]];
  const subject = leaf.certificate.subject.replaceAll('\n', ', ');
  const text =
    leaves.length === 1
      ? `the leaf of the certificate chain is trusted (${subject}); the chain is not checked`
      : `each of ${leaves.length} certificates is trusted by itself; no chain is checked`;
  return { counted, notes: [`${where}${text}`] };
}

function isForSignatures(der: Buffer): boolean {
  try {
    validityOf(der, '');
    return true;
  } catch {
    return false;
  }
}
