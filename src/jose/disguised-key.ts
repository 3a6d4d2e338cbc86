/** Finds keys in what is given as a shared secret. A public key is public in every notation, so it makes no secret. */
import { ECDH } from 'node:crypto';
import { ForeignKey, readDer, readElement } from './der.js';
import { isEncryptedPkcs8 } from './encrypted-key.js';
import { holdsKeyMark } from './key-marks.js';
import { coordinatePairs, printedKind } from './printed-key.js';
import { anySpace, maxLayers, maxWrappedBytes, withoutEscapes, wrappings } from './wrappings.js';

/** What {@link findKeyIn} calls a bare point. */
export const pointKind = 'the point of an EC public key';

/** Returns the kind of key that bytes are, in words, also if it is wrapped in what {@link wrappings} lists. */
export function findKeyIn(bytes: Buffer, depth = bytes.length <= maxWrappedBytes ? maxLayers : 1): string | undefined {
  const text = decodeText(bytes).trim();
  const plain = withoutEscapes(text);
  const joined = withoutSeparators(plain);
  const kind = kindOfText(text, plain, joined) ?? kindOfBytes(bytes) ?? kindOfRun(plain, joined);
  if (kind !== undefined || depth === 0) return kind;
  const undone = new Set<string>();
  for (const { undo } of wrappings) {
    const inner = undo(text);
    const seen = inner?.toString('latin1');
    // Several may undo the same thing.
    if (inner === undefined || seen === undefined || undone.has(seen)) continue;
    undone.add(seen);
    const found = findKeyIn(inner, depth - 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The label of a PEM or of something like it: any dashes, spaces lost or encoded. */
const label = /[-\u2010-\u2015\u2212]{2,10}(?:\s|%20|\+){0,8}(?:BEGIN|END)|-{4,10} {0,8}begin/;
/** `-----BEGIN` in base64, in base64 twice, and in hex, amid other text. */
const encodedLabel = /LS0tLS1CRUdJTi|TFMwdExTMUNSVWRKVG|2[dD]2[dD]2[dD]2[dD]2[dD]424547494[eE]/;

/** A line of authorized_keys or a .pub file, options before the type included. */
const sshLine = /(?:^|[\s"'=:])(?:ssh-(?:rsa|dss|ed25519)|ecdsa-sha2-nistp\d+|sk-(?:ssh|ecdsa)-[\w.@-]{1,64})\s/;
/** The bytes in the base64 of such a line (RFC 4253 §6.6): a length, then the type. */
const sshBlob = /^\0\0\0.(?:ssh-|ecdsa-sha2-|sk-)/s;

function kindOfText(text: string, plain: string, joined: string): string | undefined {
  if ([plain, joined].some((each) => label.test(each) || encodedLabel.test(each))) return 'PEM';
  if (sshLine.test(plain)) return 'an OpenSSH public key';
  if (text.startsWith('PuTTY-User-Key-File-')) return 'a PuTTY key';
  if (/<(?:\w{1,16}:)?(?:RSAKeyValue|ECKeyValue|X509Certificate|Modulus)\b/.test(plain)) return 'an XML key';
  if (jwkMember.test(plain)) return 'a JWK';
  if (coordinatePairs(plain).some(isPoint)) return pointKind;
  return printedKind(plain, joined);
}

/** A member that only JWKs have, in JSON or as other languages write it: YAML, a dict of Python, an object of JavaScript. */
const jwkMember =
  /(?:^|[\s"'{,&;?])(?:kty|x5c|crv)["']?\s{0,64}[:=]|(?:^|[\s"'{,&;?])e["']?\s{0,8}[:=]\s{0,8}["']?AQAB\b/;

function kindOfBytes(bytes: Buffer): string | undefined {
  if (sshBlob.test(bytes.subarray(0, 16).toString('latin1'))) return 'an OpenSSH public key';
  const content = withoutLineEnds(bytes);
  if (isDerKey(bytes) || isDerKey(content)) return 'a DER key';
  if (isEncryptedPkcs8(bytes)) return 'an encrypted private key';
  if (isPoint(bytes) || isPoint(content)) return pointKind;
  return holdsKeyMark(bytes) ? 'a key' : undefined;
}

function isDerKey(bytes: Buffer): boolean {
  try {
    return readDer(bytes) !== undefined;
  } catch (error) {
    if (error instanceof ForeignKey) return true;
    throw error;
  }
}

/** A text whose letters stand apart, as lists of letters and some programs print it. */
function withoutSeparators(text: string): string {
  return text.replace(anySpace, '').replace(/["'`,;|\\]/g, '');
}

/** Base64 of DER begins so: a SEQUENCE and its length. */
const derRun = /(?<![A-Za-z0-9+/_-])M[A-I][A-Za-z0-9+/_-]{14,}/g;

/** A key in base64 amid other text, such as a member of JSON or one variable of several; wrapped over lines or not. */
function kindOfRun(plain: string, joined: string): string | undefined {
  for (const searched of [plain, plain.replace(anySpace, '').replaceAll('\\', ''), joined]) {
    for (const [run] of searched.matchAll(derRun)) {
      const der = Buffer.from(run, 'base64');
      // Other text may follow without a space.
      if (isDerKey(der.subarray(0, readElement(der)?.end)) || holdsKeyMark(der.subarray(0, 64))) return 'a DER key';
    }
  }
  return undefined;
}

/** The curves of points by the length of a coordinate (SEC 1 §2.3.3). */
const curves: Readonly<Record<number, readonly string[]>> = {
  32: ['prime256v1', 'secp256k1'],
  48: ['secp384r1'],
  66: ['secp521r1'],
};

/**
 * Whether bytes are a point on a curve of JWS: compressed, uncompressed, or both coordinates alone. One random value in 170
 * of exactly 33 bytes is a compressed one, too; the others are not met by chance.
 */
function isPoint(bytes: Buffer): boolean {
  const { length } = bytes;
  const isMarked = length % 2 === 1;
  const [first = 0] = bytes;
  const size = !isMarked ? length / 2 : first === 2 || first === 3 ? length - 1 : (length - 1) / 2;
  const point = isMarked ? bytes : Buffer.concat([Buffer.of(4), bytes]);
  return (curves[size] ?? []).some((curve) => {
    try {
      ECDH.convertKey(point, curve);
      return true;
    } catch {
      return false;
    }
  });
}

/** Decodes UTF-8, or UTF-16 if every other byte may be zero, without a byte order mark. */
function decodeText(bytes: Buffer): string {
  const isLittleEndian = bytes[1] === 0 || (bytes[0] === 0xff && bytes[1] === 0xfe);
  const isBigEndian = bytes[0] === 0 || (bytes[0] === 0xfe && bytes[1] === 0xff);
  const even = bytes.subarray(0, bytes.length - (bytes.length % 2));
  const text =
    bytes.length > 1 && isLittleEndian
      ? even.toString('utf16le')
      : bytes.length > 1 && isBigEndian
        ? Buffer.from(even).swap16().toString('utf16le')
        : bytes.toString('utf8');
  return text.replace(/^\uFEFF/, '');
}

function withoutLineEnds(bytes: Buffer): Buffer {
  const isContent = (byte: number) => byte !== 0x0a && byte !== 0x0d;
  return bytes.subarray(Math.max(bytes.findIndex(isContent), 0), bytes.findLastIndex(isContent) + 1);
}
