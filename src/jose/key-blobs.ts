/** Keys in the binary formats of other programs, and what is packed with gzip or zlib. */
import { isPkcs12 } from './der.js';

/** A length, then the type of an SSH key (RFC 4253 §6.6). */
const sshBlob = /\0\0\0[^\0](?:ssh-(?:rsa|dss|ed25519|ed448)|ecdsa-sha2-|sk-(?:ssh|ecdsa)-)/;
/** Of Windows, in hex: `RSA1` or the like behind a PUBLICKEYSTRUC or not, and `ECS1` or the like. */
const windowsBlob = /^(?:0[67]02000000[2a]40000)?5253413[1-3].{4}0000|^4543[45][3b]3[1-6](?:20|30|42)000000/;

/** Returns the kind of key that bytes are in such a format, in words. */
export function kindOfBlob(bytes: Buffer): string | undefined {
  if (sshBlob.test(bytes.toString('latin1'))) return 'an OpenSSH public key';
  if (isPkcs12(bytes)) return 'a PKCS#12 file';
  if (bytes.length > 4 && bytes.readUInt32BE(0) === 0xfeedfeed) return 'a Java keystore';
  if (isOpenPgpKey(bytes)) return 'an OpenPGP key';
  if (windowsBlob.test(bytes.toString('hex', 0, 24))) return 'a key of Windows';
  return isNumbers(bytes) ? 'the numbers of an RSA key' : undefined;
}

/** Algorithms of public keys (RFC 9580 §9.1). */
const algorithms: readonly number[] = [1, 2, 3, 16, 17, 18, 19, 22, 25, 26, 27, 28];

/** A packet of a key (RFC 9580 §4.2, §5.5.2), at the end of the bytes or before another packet. */
function isOpenPgpKey(bytes: Buffer): boolean {
  const [tag = 0, one = 0, two = 0] = bytes;
  // In the old format, the two lowest bits say how many bytes the length has.
  const isOld = tag === 0x98 || tag === 0x99 || tag === 0x94 || tag === 0x95;
  const isNew = tag === 0xc6 || tag === 0xc5;
  if (!isOld && !isNew) return false;
  const isLong = isOld ? (tag & 1) === 1 : one >= 192;
  const start = isLong ? 3 : 2;
  const length = !isLong ? one : isOld ? one * 256 + two : (one - 192) * 256 + two + 192;
  const next = bytes[start + length];
  const isSound = bytes[start] === 4 && algorithms.includes(bytes[start + 5] ?? 0);
  return isSound && length >= 16 && start + length <= bytes.length && (next === undefined || next >= 0x80);
}

/** The exponent before the modulus, as in DNS (RFC 3110 §2), and the struct of Android's debugger. */
function isNumbers(bytes: Buffer): boolean {
  const start = bytes.toString('hex', 0, 4);
  return (start === '03010001' && bytes.length >= 68) || (start === '40000000' && bytes.length === 524);
}

/** A key is shorter, also a set of them. */
const mostInflated = 128 * 1024;

/** What gzip (RFC 1952) or zlib (RFC 1950) packed, also if its end is missing; undefined for other bytes. */
export function inflate(bytes: Buffer): Buffer | undefined {
  const [first = 0, second = 0] = bytes;
  const isGzip = first === 0x1f && second === 0x8b;
  if (!isGzip && !(first === 0x78 && (first * 256 + second) % 31 === 0)) return undefined;
  try {
    // biome-ignore lint/style/noRestrictedGlobals: few keys are packed, and loading node:zlib takes every other one a millisecond.
    const { constants, gunzipSync, inflateSync } = process.getBuiltinModule('node:zlib');
    return (isGzip ? gunzipSync : inflateSync)(bytes, {
      maxOutputLength: mostInflated,
      finishFlush: constants.Z_SYNC_FLUSH,
    });
  } catch {
    return undefined;
  }
}
