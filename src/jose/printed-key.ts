/** Keys as programs print them for people: with names for their numbers, or the numbers alone. */

/** What openssl, keytool, Java, Go and Python print of a key, also if its white space is lost. */
const printed: readonly RegExp[] = [
  /(?:Public|Private)-Key:\s{0,4}(?:\(\d{1,5}\s?bit|(?:pub|priv|modulus):)/i,
  /Modulus(?:=|:)\s{0,8}[\da-fA-F:]{32}/,
  /Public\s?Key\s?(?:Algorithm|Info):/i,
  /\d:d=\d{1,3}\s{0,4}hl=\d/,
  /\b(?:RSA|DSA|EC|EdDSA|Ed25519|Ed448)\s?(?:public|private)\s?key(?:,\s?\d|\s?\[)/i,
  /\b(?:RsaKey|(?:RSA|EllipticCurve)(?:Public|Private)Numbers|EccKey)\(/,
  /\bRSAPublicKey\s?\{/i,
  /(?<![\w-])n["']?\s{0,4}[:=]\s{0,4}["']?[\w+/:-]{342}/i,
  // The fingerprint of a key or certificate: anybody who has the key can compute it.
  /\bfingerprint\s?[:=]\s?["']?(?:[\da-f]{2}:){15}/i,
  /(?<![\w+/])SHA256:[\w+/]{43}(?![\w+/])/,
  /["']?\bmodulus["']?\s{0,4}[:=]\s{0,4}["']?[\w+/:-]{64}/i,
  // Tink, DNSKEY (RFC 4034 §2), minisign, age.
  /google\.crypto\.tink\.\w{1,64}PublicKey/,
  /(?:^|\s)25[67] 3 \d{1,3} [\w+/]{32}/,
  /minisign public key/,
  /publicKeyMultibase/,
  /(?<![a-z\d])age1[02-9ac-hj-np-z]{56,60}(?![a-z\d])/i,
  // PASERK, a DID that is a key, and an EC key in COSE.
  /\bk[1-4]\.(?:public|secret)\.[\w-]{20}/,
  /\bdid:(?:key|jwk):[\w-]{20}/,
  /(?<![A-Za-z\d])z(?:6(?:Mk|LS)|Dn[a-e]|Q3s|82L|2J9|4MX)[1-9A-HJ-NP-Za-km-z]{44,500}(?![A-Za-z\d])/,
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

/** The exponent of an RSA key as a member or a variable, whatever it is called. */
export const showsNumbers =
  /(?:^|[\s"'{,&;_.])e(?:xponent)?["']?\s{0,4}[:=]\s{0,4}["'[{(]{0,2}(?:3|17|65537|0x0{0,3}10001|AQAB|Aw|(?:0x0?)?1, {0,4}(?:0x0)?0, {0,4}(?:0x0?)?1)(?![\w+/])/i;

/**
 * The names of a JWK in whatever way programs write them, as in `:kty=>"OKP"`, `JWK_KTY=OKP`, `<kty>OKP</kty>`, and as the columns of
 * a table.
 */
export const jwkNames = new RegExp(
  [
    /(?<![a-z\d])kty(?:&quot;|[^a-z\d]){1,16}(?:(?:value|string\(\d\))[^a-z\d]{1,8}(?:quot;)?)?(?:OKP|EC|RSA)(?![a-z\d])/,
    /(?<![a-z\d])crv(?:&quot;|[^a-z\d]){1,16}(?:(?:value|string\(\d{1,2}\))[^a-z\d]{1,8}(?:quot;)?)?(?:Ed25519|Ed448|X25519|X448|P-256|P-384|P-521|secp256k1)(?![a-z\d])/,
    /(?<![a-z\d])kty["']?\s?[,;|\t]\s?["']?(?:n|e|x|y|crv|kid|use|alg)(?![a-z\d])/,
    /(?<![a-z\d])(?:n|e|x|y|crv|kid|use|alg)["']?\s?[,;|\t]\s?["']?kty(?![a-z\d])/,
  ]
    .map(({ source }) => source)
    .join('|'),
  'i',
);
