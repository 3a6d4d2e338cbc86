/** Finds keys in what is given as a shared secret. A public key is public in every notation, so it makes no secret. */
import { ECDH } from 'node:crypto';
import { ForeignKey, readDer, readElement } from './der.js';
import { undoDump } from './dumps.js';
import { isEncryptedPkcs8 } from './encrypted-key.js';
import { inflate, kindOfBlob } from './key-blobs.js';
import { holdsKeyMark } from './key-marks.js';
import { coordinatePairs, mostValues, type Value, valuesOf } from './key-values.js';
import { jwkNames, printedKind, showsNumbers } from './printed-key.js';
import { anySpace, maxLayers, maxWrappedBytes, withoutEscapes, wrappings } from './wrappings.js';

/** What {@link findKeyIn} calls a bare point. */
export const pointKind = 'the point of an EC public key';

/** Returns the kind of key that bytes are, in words, also if it is wrapped, packed or encoded amid other text. */
export function findKeyIn(bytes: Buffer): string | undefined {
  // A long input is unwrapped only once, to bound the time.
  return findUnder(bytes, bytes.length <= maxWrappedBytes ? maxLayers : 1, new Map());
}

/**
 * Undoes up to `depth` layers, one in each call.
 * @param seen what was looked at, with the layers that were left then.
 * @param isExact false if decoding put U+FFFD in place of bytes. Then the length and the first byte mean nothing.
 */
function findUnder(bytes: Buffer, depth: number, seen: Map<string, number>, isExact = true): string | undefined {
  const id = bytes.toString('latin1');
  if ((seen.get(id) ?? -1) >= depth) return undefined;
  seen.set(id, depth);
  const text = decodeText(bytes).trim();
  const plain = withoutEscapes(text);
  const joined = withoutSeparators(plain);
  const values = valuesOf(plain);
  const kind =
    kindOfText(text, plain, joined) ??
    kindOfBytes(bytes, isExact) ??
    kindOfValues(plain, values) ??
    kindOfRun(plain, joined);
  if (kind !== undefined || depth === 0) return kind;
  for (const inner of innersOf(bytes, text, plain, values)) {
    const found = findUnder(inner, depth - 1, seen, !(text.includes(replaced) && inner.includes(replaced)));
    if (found !== undefined) return found;
  }
  return undefined;
}

/** What a decoder puts for bytes that are not text. */
const replaced = '\ufffd';

/** What is in a text or in bytes, one layer further in. */
function* innersOf(bytes: Buffer, text: string, plain: string, values: readonly Value[]): Generator<Buffer> {
  for (const { undo } of wrappings) {
    const inner = undo(text);
    if (inner !== undefined) yield inner;
  }
  for (const packed of [bytes, ...values.slice(0, mostValues).map((value) => value.bytes)]) {
    const inner = inflate(packed);
    if (inner !== undefined) yield inner;
  }
  yield* undoDump(text);
  // All values are joined, so that the time does not grow with their number.
  const dense = plain.replace(anySpace, '');
  for (const found of dense === plain ? [values] : [values, valuesOf(dense)]) {
    for (const isBase64 of [true, false]) {
      const parts = found.filter((value) => value.isBase64 === isBase64).map((value) => value.bytes);
      if (parts.length > 0) yield Buffer.concat(parts.flatMap((part, at) => (at === 0 ? [part] : [lineEnd, part])));
    }
  }
}

const lineEnd = Buffer.from('\n');

/** The label of a PEM or of something like it: any dashes, spaces lost or encoded. */
const label = /[-\u2010-\u2015\u2212]{2,10}(?:\s|%20|\+){0,8}(?:BEGIN|END)|-{4,10} {0,8}begin/;
/** `-----BEGIN` in base64, in base64 twice, and in hex, amid other text. */
const encodedLabel = /LS0tLS1CRUdJTi|TFMwdExTMUNSVWRKVG|2[dD]2[dD]2[dD]2[dD]2[dD]424547494[eE]/;

/** A line of authorized_keys or a .pub file, options before the type included. */
const sshLine =
  /(?:^|[\s"'=:,])(?:ssh-(?:rsa|dss|ed25519|ed448)|ecdsa-sha2-nistp\d{3}|sk-(?:ssh|ecdsa)-[\w.@-]{1,64})(?:-cert-v01@openssh\.com)?(?:\s|AAAA)/;
/** How the base64 in such a line begins: a length, then `ssh-`, `ecdsa`, `sk-ssh` or `sk-ecdsa`. */
const sshBase64 = /AAAA[A-Z][A-Za-z0-9+/](?:NzaC1|VjZHNh|NrLX|NrLW)/;

function kindOfText(text: string, plain: string, joined: string): string | undefined {
  if ([plain, joined].some((each) => label.test(each) || encodedLabel.test(each))) return 'PEM';
  if (sshLine.test(plain) || sshBase64.test(plain)) return 'an OpenSSH public key';
  if (text.startsWith('PuTTY-User-Key-File-')) return 'a PuTTY key';
  if (/<(?:\w{1,16}:)?(?:RSAKeyValue|ECKeyValue|X509Certificate|Modulus)\b/.test(plain)) return 'an XML key';
  if (jwkMember.test(plain) || jwkNames.test(plain)) return 'a JWK';
  return printedKind(plain, joined);
}

/** A member that only JWKs have, in JSON or as other languages write it: YAML, a dict of Python, an object of JavaScript. */
const jwkMember =
  /(?:^|[\s"'{,&;?])(?:kty|x5c|crv)["']?\s{0,64}[:=]|(?:^|[\s"'{,&;?])e["']?\s{0,8}[:=]\s{0,8}["']?AQAB\b/;

function kindOfBytes(bytes: Buffer, isExact: boolean): string | undefined {
  const content = withoutLineEnds(bytes);
  if (isDerKey(bytes) || isDerKey(content)) return 'a DER key';
  if (isEncryptedPkcs8(bytes)) return 'an encrypted private key';
  if (isExact && (isPoint(bytes) || isPoint(content) || holdsPoint(bytes))) return pointKind;
  return kindOfBlob(content) ?? (holdsKeyMark(bytes) ? 'a key' : undefined);
}

/** What values amid other text are, one by one or two together. */
function kindOfValues(plain: string, values: readonly Value[]): string | undefined {
  for (const { bytes, isBase64 } of values.slice(0, mostValues)) {
    // A random value of 33 bytes in base64 is too often a compressed point.
    if (holdsPoint(bytes) || (!isBase64 && isPoint(bytes))) return pointKind;
    const kind = isDerKey(bytes) ? 'a DER key' : kindOfBlob(bytes);
    if (kind !== undefined) return kind;
  }
  if (coordinatePairs(values).some(isPoint)) return pointKind;
  const areLong = values.some(({ bytes }) => bytes.length >= leastModulus);
  return areLong && showsNumbers.test(plain) ? 'the numbers of an RSA key' : undefined;
}

/** The bytes of the shortest modulus that still occurs. */
const leastModulus = 64;

/** The most bytes that stand around a point in its usual structures, or that were added at an end. */
const mostAround = 32;

/** Whether bytes are an uncompressed point with a few bytes before or behind it. */
function holdsPoint(bytes: Buffer): boolean {
  return [65, 97, 133].some((size) => {
    const around = bytes.length - size;
    if (around < 0 || around > mostAround) return false;
    return Array.from({ length: around + 1 }, (_, at) => at).some((at) => {
      return bytes[at] === 4 && isPoint(bytes.subarray(at, at + size));
    });
  });
}

function isDerKey(bytes: Buffer): boolean {
  try {
    return readDer(bytes) !== undefined;
  } catch (error) {
    if (error instanceof ForeignKey) return true;
    throw error;
  }
}

/** Removes what stands between single letters: lists of letters, and some programs, print a text so. */
function withoutSeparators(text: string): string {
  return text.replace(anySpace, '').replace(/["'`,;|\\.*~]/g, '');
}

/** Base64 of DER begins so: a SEQUENCE and its length. */
const derRun = /(?:(?<![A-Za-z0-9+/_-])|(?<=(?:^|\n)[+-]))M[A-I][A-Za-z0-9+/_-]{14,}/g;

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
 * Whether bytes are a point on a curve of JWS: compressed, uncompressed, or both coordinates alone. Of 170 random values of 33
 * bytes, one is a compressed point. Of 11,000 values of 34 bytes, one is such a point and a line end. Other forms are not met by chance.
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

/** Decodes UTF-8, or UTF-16 if there is a byte order mark or one of the first two bytes is zero. Drops the mark. */
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
