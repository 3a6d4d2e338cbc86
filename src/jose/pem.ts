/** Keys and certificates in PEM (RFC 7468). */
import type { KeyObject } from 'node:crypto';
import { JwtkitError } from '../errors.js';
import { requireKeyObject } from './arguments.js';
import { isConflict, withoutCommentedPem } from './commented-pem.js';
import { derTags, derTypes, ForeignKey, isWholeDer, labelOf, readDer, readElement } from './der.js';
import { encryptPkcs8, type Passphrase } from './encrypted-key.js';
import { dumpedPemHint, foreignLabelHint } from './foreign-key.js';
import { withoutFrames } from './framed-pem.js';
import { quoteText } from './json.js';
import { publicHalfOf } from './key.js';
import { mendPem } from './mended-pem.js';
import { checkOptions } from './options.js';

/** The key in a PEM block, by its form. An encrypted key stays encrypted. */
export type PemKey =
  | { readonly form: 'key'; readonly keyObject: KeyObject; readonly der: Buffer }
  | { readonly form: 'encrypted PKCS#8'; readonly der: Buffer }
  | { readonly form: 'encrypted PEM'; readonly block: string };

/** A block of a PEM file. */
export interface PemBlock {
  readonly label: string;
  /** The lines between the two boundary lines. */
  readonly body: string;
  readonly whole: string;
}

/** More blocks than any file of keys has. */
const maxBlocks = 100;

/**
 * The blocks of a PEM file, clean, and what was mended to get them. Text around them is explanation (RFC 7468 §2). Blocks in comments
 * and on lines that a diff removes are left out.
 * @throws {JwtkitError} KEY_INVALID if a block has no end, if every block is in a comment or on a removed line, if the text is a
 * merge conflict, or if it has more than 100 blocks.
 */
export function readPemBlocks(written: string, where: string): { blocks: PemBlock[]; mended: readonly string[] } {
  const invalid = (message: string, hint?: string) => new JwtkitError('KEY_INVALID', `${where}${message}`, { hint });
  const all = countBlocks(written);
  if (all > maxBlocks) throw invalid(`the PEM holds ${all} blocks, too many`);
  if (isConflict(written)) {
    throw invalid('the file has the marks of a merge conflict', 'choose which of its keys to keep');
  }
  const { text, left } = withoutCommentedPem(written);
  const count = countBlocks(text);
  if (count === 0 && left[0] !== undefined) {
    throw invalid(
      `the key is ${left[0]}`,
      'if it is the key to use, put it into a file of its own, without such marks',
    );
  }
  const without = left.map((place) => `what is ${place} was left out`);
  const asWritten = [...pemBlocks(text)];
  const isWhole = (blocks: PemBlock[]) => blocks.length === count && blocks.every(isClean);
  if (isWhole(asWritten)) return { blocks: asWritten, mended: without };
  const unframed = withoutFrames(text);
  const mended = unframed === undefined ? without : [...without, 'what stood around each of its lines was dropped'];
  const bare = unframed === undefined ? asWritten : [...pemBlocks(unframed)];
  if (isWhole(bare)) return { blocks: bare, mended };
  const clean = mendPem(unframed ?? text);
  if (clean !== undefined) return { blocks: [...pemBlocks(clean.text)], mended: [...mended, ...clean.mended] };
  throw invalid(
    'the PEM is damaged: a block is not whole',
    dumpedPemHint(text) ??
      'copy all of it, from -----BEGIN to -----END, with the same words and five dashes around both',
  );
}

function countBlocks(text: string): number {
  return text.split('-----BEGIN').length - 1;
}

function isClean({ body }: PemBlock): boolean {
  return body.includes('Proc-Type:') || /^[A-Za-z0-9+/=\r\n\t ]*$/.test(body);
}

/** Whether a label is that of a private key, or of a form of one that jwtkit does not read. */
export function isPrivateLabel(label: string): boolean {
  return label.endsWith('PRIVATE KEY');
}

/** Reads the key in a block. Throws KEY_INVALID or {@link ForeignKey}. */
export function readPemBlock({ label, body, whole }: PemBlock, where: string): PemKey {
  const invalid = (message: string, hint?: string) => new JwtkitError('KEY_INVALID', `${where}${message}`, { hint });
  if (/^(RSA|EC) PRIVATE KEY$/.test(label) && body.includes('Proc-Type:')) {
    return { form: 'encrypted PEM', block: whole };
  }
  const isEncrypted = label === 'ENCRYPTED PRIVATE KEY';
  if (!isEncrypted && !Object.hasOwn(derTypes, label)) {
    throw invalid(`PEM label ${quoteText(label)} is no key that signs a JWS`, foreignLabelHint(label));
  }
  const base64 = body.replace(/[\r\n\t ]/g, '');
  const der = Buffer.from(base64, 'base64');
  if (der.toString('base64') !== base64) {
    throw invalid("the PEM's base64 is damaged", 'copy it anew: characters are missing, foreign or changed');
  }
  if (isEncrypted) return { form: 'encrypted PKCS#8', der };
  try {
    return { form: 'key', keyObject: readLabelled(label as keyof typeof derTypes, der), der };
  } catch (error) {
    if (error instanceof ForeignKey) throw error;
    const isCut = der[0] === derTags.sequence && readElement(der) === undefined;
    const hint = isCut ? 'its end is missing: copy it anew' : rightLabelHint(der);
    throw invalid(`the PEM ${label} block holds no valid key`, hint);
  }
}

/** A key under the label of another structure is easy to mend, but only its owner knows which of them is wrong. */
function rightLabelHint(der: Buffer): string | undefined {
  try {
    const right = labelOf(der);
    return right && `what is in it is a ${right}: write that in both of its labels`;
  } catch {
    return undefined;
  }
}

function readLabelled(label: keyof typeof derTypes, der: Buffer): KeyObject {
  if (!isWholeDer(der)) throw new Error('length');
  const key = derTypes[label](der);
  const isDisguised = label.endsWith('PUBLIC KEY') && readDer(der)?.type !== 'public';
  if (isDisguised) throw new Error('private');
  return key;
}

const beginLine = /^-----BEGIN ([A-Z0-9 ]+)-----[ \t]*\r?$/;
const endLine = /^-----END [A-Z0-9 ]+-----[ \t]*\r?$/;

/** The whole blocks of a text. Goes line by line: one expression for a block takes quadratic time. */
function* pemBlocks(text: string): Generator<PemBlock> {
  let begun: { label: string; start: number; bodyStart: number } | undefined;
  for (let start = 0; start < text.length; ) {
    const found = text.indexOf('\n', start);
    const end = found < 0 ? text.length : found;
    const line = text.slice(start, end);
    const label = line.startsWith('-----BEGIN ') ? beginLine.exec(line)?.[1] : undefined;
    if (begun === undefined && label !== undefined && found >= 0) begun = { label, start, bodyStart: end + 1 };
    else if (begun !== undefined && line.startsWith(`-----END ${begun.label}-----`) && endLine.test(line)) {
      yield { label: begun.label, body: text.slice(begun.bodyStart, start), whole: text.slice(begun.start, end) };
      begun = undefined;
    }
    start = end + 1;
  }
}

/**
 * A private key as PEM, PKCS#8 (RFC 5958). A passphrase encrypts it with PBES2 (PBKDF2-HMAC-SHA256 of 600,000 iterations,
 * AES-256-CBC), which takes at least a tenth of a second.
 * @throws {JwtkitError} USAGE_INVALID for an empty passphrase or one of more than 1023 bytes.
 */
export function exportPrivatePem(key: KeyObject, options: { passphrase?: Passphrase | undefined } = {}): string {
  requireKeyObject(key);
  const passphraseWord = 'the passphrase is passphrase: { passphrase }';
  checkOptions('the second argument', options, { passphrase: 'checked elsewhere' }, { password: passphraseWord });
  if (key.type !== 'private') throw new JwtkitError('USAGE_INVALID', `this is a ${key.type} key, not a private key`);
  if (options.passphrase === undefined) return key.export({ format: 'pem', type: 'pkcs8' }) as string;
  return writePem(
    'ENCRYPTED PRIVATE KEY',
    encryptPkcs8(key.export({ format: 'der', type: 'pkcs8' }), options.passphrase),
  );
}

/** A public key as PEM, SubjectPublicKeyInfo (RFC 5280 §4.1.2.7). */
export function exportPublicPem(key: KeyObject): string {
  requireKeyObject(key);
  if (key.type === 'secret') throw new JwtkitError('USAGE_INVALID', 'a secret has no public half');
  return publicHalfOf(key).export({ format: 'pem', type: 'spki' }) as string;
}

/** DER as a PEM block. */
export function writePem(label: string, der: Buffer): string {
  return `-----BEGIN ${label}-----\n${der.toString('base64').replace(/.{1,64}/g, '$&\n')}-----END ${label}-----\n`;
}
