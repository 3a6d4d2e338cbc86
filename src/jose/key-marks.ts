/** What keys hold wherever they are written: a key that was cut, or that stands amid other text, is found by its mark. */

/** The bytes of each mark in hex; `..` is any byte. By chance, a secret of a megabyte has one of them once in a million times. */
const marks: readonly string[] = [
  // -----BEGIN
  '2d 2d 2d 2d 2d 42 45 47 49 4e',
  // The OID of RSA keys and of signatures with them (RFC 8017 appendix A), as every certificate of RSA has it too.
  '06 09 2a 86 48 86 f7 0d 01 01',
  // The OID of EC keys (RFC 5480 §2.1.1).
  '06 07 2a 86 48 ce 3d 02 01',
  // X25519, X448, Ed25519 and Ed448 (RFC 8410 §3).
  '30 05 06 03 2b 65 6e',
  '30 05 06 03 2b 65 6f',
  '30 05 06 03 2b 65 70',
  '30 05 06 03 2b 65 71',
  // The same, cut at the front.
  '06 03 2b 65 6e 03 21 00',
  '06 03 2b 65 6f 03 39 00',
  '06 03 2b 65 70 03 21 00',
  '06 03 2b 65 71 03 3a 00',
  // EC and OKP keys in COSE (RFC 9053 §7.1, §7.2).
  coseOf('20 01 21 58 20', 32),
  coseOf('20 02 21 58 30', 48),
  coseOf('20 03 21 58 42', 66),
  '01 01 20 06 21 58 20',
  '01 01 03 27 20 06 21 58 20',
  // RSAPublicKey and RSAPrivateKey without an OID (RFC 8017 appendix A.1).
  '30 82 .. .. 02 82 .. .. 00',
  '30 82 .. .. 02 01 00 02 82',
  // An EC private key (RFC 5915 §3).
  '30 77 02 01 01 04 20',
];

/** A curve, x and the beginning of y. */
function coseOf(curve: string, size: number): string {
  return `${curve}${' ..'.repeat(size)} 22 58 ${size.toString(16)}`;
}

let patterns: Record<'bytes' | 'hex' | 'numbers', RegExp> | undefined;

/** Compiles the marks when they are first needed: as bytes, as hex in any notation, and as decimal numbers, signed or not. */
function compile() {
  const write = (writeByte: (hex: string) => string, separator: string) => {
    return marks.map((mark) => mark.split(' ').map(writeByte).join(separator)).join('|');
  };
  const byte = (hex: string) => (hex === '..' ? '[\\s\\S]' : `\\x${hex}`);
  const digits = (hex: string) => (hex === '..' ? '[\\da-f]{2}' : hex);
  const number = (hex: string) => {
    const value = Number.parseInt(hex, 16);
    return hex === '..' ? '-?\\d{1,3}' : value < 128 ? `${value}` : `(?:${value}|${value - 256})`;
  };
  return {
    bytes: new RegExp(write(byte, '')),
    hex: new RegExp(write(digits, '(?:0x|\\\\x|[\\s:,;_-]){0,8}'), 'i'),
    numbers: new RegExp(`(?<!\\d)(?:${write(number, '[\\s,;]{1,8}')})(?!\\d)`),
  };
}

/** Whether bytes, or a text of numbers, hold the mark of a key. Takes linear time. */
export function holdsKeyMark(bytes: Uint8Array): boolean {
  patterns ??= compile();
  const text = Buffer.from(bytes).toString('latin1');
  return patterns.bytes.test(text) || patterns.hex.test(text) || patterns.numbers.test(text);
}
