/** Keys as programs print them for people: with names for their numbers, or the numbers alone. */

/** What openssl, keytool, Java, Go and Python print of a key, also if its white space is lost. */
const printed: readonly RegExp[] = [
  /(?:Public|Private)-Key:\s{0,4}(?:\(\d{1,5}\s?bit|(?:pub|priv|modulus):)/i,
  /Modulus(?:=|:)\s{0,8}[\da-fA-F:]{32}/,
  /Public\s?Key\s?(?:Algorithm|Info):/i,
  /\d:d=\d{1,3}\s{0,4}hl=\d/,
  /\b(?:RSA|DSA|EC|EdDSA|Ed25519|Ed448)\s?(?:public|private)\s?key(?:,\s?\d|\s?\[)/i,
  /\b(?:RsaKey|(?:RSA|EllipticCurve)(?:Public|Private)Numbers|EccKey)\(/,
  // PASERK, a DID that is a key, and an EC key in COSE.
  /\bk[1-4]\.(?:public|secret)\.[\w-]{20}/,
  /\bdid:(?:key|jwk):[\w-]{20}/,
  /a5010203262001215820[\da-f]{64}/i,
];

/** The usual exponent of RSA, standing apart: in decimal, in hex and in base64. */
const exponent = /(?<![\w+/-])(?:65537|(?:0x)?0{0,3}10001|AQAB)(?![\w+/-])/;
/** The digits of a modulus of 1024 bits or more, in any of them. */
const modulus = /[\w+/-]{171}/;

/** Returns the kind of key that a text shows, in words. `joined` is the text without white space and separators. */
export function printedKind(plain: string, joined: string): string | undefined {
  if (printed.some((form) => form.test(plain) || form.test(joined))) return 'a printed key';
  return exponent.test(plain) && modulus.test(plain) ? 'the numbers of an RSA key' : undefined;
}

/** Base64url of one coordinate of a point, standing apart. */
const coordinate = /(?<![\w+/-])(?:[\w-]{43}|[\w-]{64}|[\w-]{88})(?![\w+/-])/g;
/** The most pairs of coordinates that are tried. */
const mostPairs = 16;

/** Pairs of neighbours that may be the coordinates of a point, as bytes. */
export function coordinatePairs(plain: string): Buffer[] {
  const found = [...plain.matchAll(coordinate)].slice(0, mostPairs + 1).map(([text]) => Buffer.from(text, 'base64url'));
  return found.slice(1).map((y, at) => Buffer.concat([found[at] as Buffer, y]));
}
