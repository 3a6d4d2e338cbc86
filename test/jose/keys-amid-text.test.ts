/** Public keys that stand amid other text, packed, dumped or in a format of another program: none makes a shared secret. */
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { loadSecret } from '../../src/jose/secret.js';
import { keys, type Written } from './written-keys.js';

const base64 = (value: string | Uint8Array) => Buffer.from(value as string).toString('base64');
const hexOf = (text = '') => Buffer.from(text, 'base64url').toString('hex');
const standard = (text = '') => Buffer.from(text, 'base64url').toString('base64');
const decimal = (text = '') => BigInt(`0x${hexOf(text)}`).toString();
const numbers = (text = '') => [...Buffer.from(text, 'base64url')];
const wrap = (text: string, width: number, indent = '') =>
  text.replace(new RegExp(`.{${width}}`, 'g'), `$&\n${indent}`);
const json = JSON.stringify;
const jwkText = ({ jwk }: Written) => json(jwk);
const token = (header: object) => `${Buffer.from(json(header)).toString('base64url')}.e30.${'A'.repeat(86)}`;

/** Ways to write any key. */
const ofAll: Readonly<Record<string, (key: Written) => string | Uint8Array>> = {
  // A JWK in base64.
  'a JWK in an env file': (key) => `A=1\nJWK=${base64(jwkText(key))}\nB=2\n`,
  'a JWK Set in an env file': ({ jwk }) => `A=1\nJWKS=${base64(json({ keys: [jwk] }))}\nB=2\n`,
  'a JWK in a Secret of Kubernetes': (key) => `kind: Secret\ndata:\n  jwk: ${base64(jwkText(key))}\ntype: Opaque\n`,
  'a JWK in JSON': (key) => json({ jwk: base64(jwkText(key)), alg: 'x' }),
  'a JWK in an array': (key) => json([base64(jwkText(key))]),
  'a JWK in TOML': (key) => `[jwt]\njwk = "${base64(jwkText(key))}"\nalg = "any"\n`,
  'an indented JWK in a query': ({ jwk }) => `alg=1&jwk=${Buffer.from(json(jwk, null, 2)).toString('base64url')}&x=1`,
  'a JWK over several lines of YAML': (key) => `jwk: >\n  ${wrap(base64(jwkText(key)), 60, '  ')}\nalg: x\n`,
  'the header of a token': ({ jwk }) => token({ alg: 'none', jwk }),
  'the header of a token, behind Bearer': ({ jwk }) => `Authorization: Bearer ${token({ jwk, typ: 'dpop+jwt' })}\nx: y`,
  'the certificate of a token': ({ der }) => token({ alg: 'none', x5c: [base64(der)] }),
  'a link to a certificate chain': ({ der }) => `https://a.example/?t=${token({ x5c: [base64(der)] })}&x=1`,
  // PEM and DER in base64.
  'PEM behind a line end': ({ pem }) => `data:\n  pub: ${base64(`\n${pem}`)}\nkind: Secret\n`,
  'PEM behind spaces': ({ pem }) => json({ pub: base64(`  ${pem}`), alg: 'x' }),
  'PEM behind CRLF': ({ pem }) => `A=1\nPUB="${base64(`\r\n${pem}`)}"\nB=2`,
  'PEM behind a comment': ({ pem }) => `A=1\nPUB=${base64(`# of us\n${pem}`)}\nB=2`,
  'PEM in base64 twice': ({ pem }) => `pub: ${base64(`\n${base64(pem)}`)}\nx: y\n`,
  'DER in base64 twice': ({ der }) => `data:\n  pub: ${base64(base64(der))}\nkind: Secret\n`,
  'DER in base64 three times': ({ der }) => json({ pub: base64(base64(base64(der))), x: 'y' }),
  'DER in base64 with a line end, twice': ({ der }) => `A=1\nPUB=${base64(`${base64(der)}\n`)}\nB=2`,
  'DER in base32': ({ der }) => `key: ${base32(der)}\nx: y`,
  'added lines of a diff': ({ der }) => wrap(base64(der), 64).replace(/^/gm, '+'),
  'removed lines of a diff': ({ der }) => wrap(base64(der), 64).replace(/^/gm, '-'),
  'base64 between dots': ({ der }) => wrap(base64(der), 10).replaceAll('\n', '.'),
  // Names in other languages.
  'a hash of Ruby': members((name, value) => `:${name}=>"${value}"`, ', ', '{', '}'),
  'a map of Elixir': members((name, value) => `"${name}" => "${value}"`, ', ', '%{', '}'),
  'a map of Clojure': members((name, value) => `:${name} "${value}"`, ' ', '{', '}'),
  'a map of Java': members((name, value) => `${name}=${value}`, ', ', '{', '}'),
  'a map of Erlang': members((name, value) => `<<"${name}">> => <<"${value}">>`, ', ', '#{', '}'),
  'print_r of PHP': members((name, value) => `    [${name}] => ${value}`, '\n', 'Array\n(\n', '\n)\n'),
  'var_dump of PHP': members(
    (name, value) => `["${name}"]=>\n  string(${value.length}) "${value}"`,
    '\n',
    'array(3) {\n',
  ),
  'Java properties': members((name, value) => `spring.jwk.${name}=${value}`, '\n'),
  variables: members((name, value) => `JWK_${name.toUpperCase()}=${value}`, '\n'),
  gron: members((name, value) => `json.${name} = "${value}";`, '\n', 'json = {};\n'),
  XML: members((name, value) => `<${name}>${value}</${name}>`, '', '<key>', '</key>'),
  'names in capitals': members((name, value) => `"${name.toUpperCase()}":"${value}"`, ',', '{', '}'),
  'quotes as entities': members((name, value) => `&quot;${name}&quot;:&quot;${value}&quot;`, ',', '{', '}'),
  'fields in brackets': members((name, value) => `jwk[${name}]=${value}`, '&'),
  'pairs in JSON': ({ jwk }) => json(Object.entries(jwk)),
  'entries in JSON': ({ jwk }) => json(Object.entries(jwk).map(([key, value]) => ({ key, value }))),
  'a table': members((name, value) => `| ${name} | ${value} |`, '\n'),
  'lines of tabs': members((name, value) => `${name}\t${value}`, '\n'),
  CSV: ({ jwk }) => `${Object.keys(jwk)}\n${Object.values(jwk)}`,
  'CSV in quotes': ({ jwk }) => `${Object.keys(jwk).map((name) => `"${name}"`)}\n${Object.values(jwk)}`,
  // Dumps.
  hexdump: ({ der }) => dump(der, 16, words(16, 4, 'LE'), 7, 16),
  'hexdump of PEM': ({ pem }) => dump(Buffer.from(pem), 16, words(16, 4, 'LE'), 7, 16),
  'hexdump of base64': ({ der }) => dump(Buffer.from(base64(der)), 16, words(16, 4, 'LE'), 7, 16),
  'od -An -x': ({ der }) => dump(der, 16, words(16, 4, 'LE')),
  'od -An -tx4': ({ der }) => dump(padded(der), 16, words(16, 8, 'LE')),
  'od -tx8': ({ der }) => dump(padded(der), 16, words(16, 16, 'LE'), 7),
  od: ({ der }) => dump(der, 16, words(8, 6, 'LE'), 7),
  'od of PEM': ({ pem }) => dump(Buffer.from(pem), 16, words(8, 6, 'LE'), 7),
  'od -b': ({ der }) => dump(der, 16, words(8, 3), 7),
  'od -c': ({ der }) => characters(der, true),
  'od -An -c of base64': ({ der }) => characters(Buffer.from(base64(der)), false),
  'xxd -b': ({ der }) => dump(der, 6, words(2, 8), 8, 16, ':'),
  'xxd -b of PEM': ({ pem }) => dump(Buffer.from(pem), 6, words(2, 8), 8, 16, ':'),
  'xxd -e': ({ der }) => dump(padded(der), 16, words(16, 8, 'LE'), 8, 16, ':'),
  'xxd -c 8 of base64': ({ der }) => dump(Buffer.from(base64(der)), 8, words(16, 4, 'BE'), 8, 16, ':'),
  // What everybody knows who has the key.
  'a fingerprint of ssh-keygen': ({ der }) => `256 SHA256:${digest(der, 'base64').slice(0, 43)} me@host (ED25519)`,
  'a fingerprint of openssl': ({ der }) => `sha256 Fingerprint=${pairs(digest(der, 'hex').toUpperCase())}`,
  'a fingerprint of keytool': ({ der }) => `Certificate fingerprint (x):\nFingerprint: ${pairs(digest(der, 'hex'))}`,
  // Packed.
  gzip: ({ pem }) => gzipSync(pem),
  'gzip in base64': ({ pem }) => base64(gzipSync(pem)),
  'gzip of DER in base64': ({ der }) => base64(gzipSync(der)),
  'gzip of a JWK in YAML': (key) => `write_files:\n- content: !!binary ${base64(gzipSync(jwkText(key)))}\n  path: /x\n`,
  'gzip that was cut': ({ pem }) => gzipSync(pem).subarray(0, -9),
  'gzip in hex': (key) => gzipSync(jwkText(key)).toString('hex'),
  'zlib in base64': ({ pem }) => base64(deflateSync(pem)),
  'zlib in JSON': ({ der }) => json({ zipped: base64(deflateSync(base64(der))), x: 'y' }),
  'zlib of a JWK Set': ({ jwk }) => deflateSync(json({ keys: [jwk] }), { level: 9 }),
};

const ofPoint: Readonly<Record<string, (x: string, y: string) => string | Uint8Array>> = {
  // The point beside something else.
  'the variables of web push': (x, y) =>
    `VAPID_PUBLIC_KEY=${point(x, y).toString('base64url')}\nVAPID_SUBJECT=mailto:a@b.example\n`,
  'what web-push prints': (x, y) =>
    `=====\n\nPublic Key:\n${point(x, y).toString('base64url')}\n\nPrivate Key:\nhidden\n\n=====\n`,
  'a member in base64url': (x, y) => json({ publicKey: point(x, y).toString('base64url'), other: 'x' }),
  'a member in base64': (x, y) => json({ publicKey: base64(point(x, y)), other: 'x' }),
  'a subscription of a browser': (x, y) =>
    json({ endpoint: 'https://push.example/1', keys: { p256dh: point(x, y).toString('base64url'), auth: 'c2hvcnQ' } }),
  'a member in hex': (x, y) => json({ pub: point(x, y).toString('hex') }),
  'the key of a DID of P-256': (x) => `zDna${hexOf(x).replaceAll('0', '1').slice(0, 45)}`,
  'the key of a DID of secp256k1': (x) => `zQ3s${hexOf(x).replaceAll('0', '1').slice(0, 45)}`,
  'a compressed point in hex': (x, y) => json({ pub: `0${2 + ((numbers(y).at(-1) ?? 0) % 2)}${hexOf(x)}`, curve: 'x' }),
  'hex and the name of the curve': (x, y) => `${point(x, y).toString('hex')} prime256v1`,
  'a call of Python': (x, y) => `bytes.fromhex("${point(x, y).toString('hex')}")  # ours`,
  'lines of hex': (x, y) =>
    `pub:\n    ${wrap((point(x, y).toString('hex').match(/../g) ?? []).join(':'), 45, '    ')}\nOurs`,
  'a zero behind the point': (x, y) => Buffer.concat([point(x, y), Buffer.of(0)]),
  'spaces around the point': (x, y) => Buffer.concat([Buffer.from(' '), point(x, y), Buffer.from('  ')]),
  'the point as an OCTET STRING': (x, y) => Buffer.concat([Buffer.of(4, 65), point(x, y)]),
  'the point as a BIT STRING': (x, y) => Buffer.concat([Buffer.of(3, 66, 0), point(x, y)]),
  // Both coordinates.
  'coordinates in hex': (x, y) => `x=${hexOf(x)}\ny=${hexOf(y)}`,
  'coordinates in hex in JSON': (x, y) => json({ x: hexOf(x), y: hexOf(y) }),
  'coordinates in capital hex': (x, y) => `Qx = ${hexOf(x).toUpperCase()}\nQy = ${hexOf(y).toUpperCase()}\n`,
  'a point of Python': (x, y) => `Point(x=0x${hexOf(x)}, y=0x${hexOf(y)})`,
  'a pair in hex': (x, y) => `(${hexOf(x)}, ${hexOf(y)})`,
  'a pair in decimal': (x, y) => `(${decimal(x)}, ${decimal(y)})`,
  'a point of Go': (x, y) => `&{Curve:0xc0000 X:+${decimal(x)} Y:+${decimal(y)}}`,
  'a point of Java': (x, y) => `public x coord: ${decimal(x)}\n  public y coord: ${decimal(y)}`,
  'parameters of .NET': (x, y) => json({ Q: { X: standard(x), Y: standard(y) }, D: null }),
  'lines of base64': (x, y) => `${standard(x)}\n${standard(y)}`,
  'elements of XML': (x, y) => `<X>${standard(x)}</X><Y>${standard(y)}</Y>`,
  'lists of bytes': (x, y) => json({ x: numbers(x), y: numbers(y) }),
  'arrays of C': (x, y) =>
    `x[] = {${numbers(x).map((byte) => `0x${byte.toString(16).padStart(2, '0')}`)}};\n`.repeat(1) +
    `y[] = {${numbers(y).map((byte) => `0x${byte.toString(16).padStart(2, '0')}`)}};`,
  COSE: (x, y) => cose(x, y),
  'COSE in base64url': (x, y) => cose(x, y).toString('base64url'),
  'COSE in JSON': (x, y) => json({ credential: base64(cose(x, y)), id: 1 }),
};

const digest = (der: Buffer, encoding: 'hex' | 'base64') => createHash('sha256').update(der).digest(encoding);
const pairs = (hex: string) => hex.replace(/..(?!$)/g, '$&:');

const ofModulus: Readonly<Record<string, (n: string, e: string) => string | Uint8Array>> = {
  'lists of bytes': (n, e) => json({ n: numbers(n), e: numbers(e) }),
  'lists of bytes with names': (n, e) => `n: [${numbers(n).join(', ')}], e: [${numbers(e).join(', ')}]`,
  'an array of C': (n) =>
    `uint8_t n[] = {${numbers(n).map((byte) => `0x${byte.toString(16).padStart(2, '0')}`)}};\nuint32_t e = 65537;`,
  'hex with colons': (n) => `n = ${hexOf(n).replace(/..(?!$)/g, '$&:')}\ne = 65537`,
  'a short exponent': (n) => json({ n, e: 'Aw' }),
  'parameters of .NET': (n, e) => json({ D: null, Exponent: standard(e), Modulus: standard(n) }),
  'parameters of .NET without an exponent': (n) => json({ Modulus: standard(n) }),
  'the modulus behind its name': (n) => `n=${n}`,
  'the modulus in JSON': (n) => json({ n }),
  'the modulus in YAML': (n) => `rsa:\n  n: ${hexOf(n)}\n`,
  'the modulus as a number of Python': (n) => `n = ${decimal(n)}`,
  'the key of a DID': (n) => `did:web:x#z4MX${decimal(n).replaceAll('0', '1').slice(0, 370)}`,
  'limbs of Rust': (n) =>
    `RsaPublicKey { n: BigUint { data: [${hexOf(n)
      .match(/.{16}/g)
      ?.map((limb) => BigInt(`0x${limb}`))}] } }`,
  DNSKEY: (n, e) => `example. 3600 IN DNSKEY 257 3 8 ${base64(dnskey(n, e))}`,
  'the key of DNSKEY alone': (n, e) => base64(dnskey(n, e)),
  'DNSKEY in JSON': (n, e) => json({ key: base64(dnskey(n, e)), flags: 256 }),
  'a key of adb': (n) =>
    `${base64(Buffer.concat([Buffer.of(64, 0, 0, 0, 1, 2, 3, 4), Buffer.from(n, 'base64url'), Buffer.from(n, 'base64url'), Buffer.of(1, 0, 1, 0)]))} me@host`,
  'a blob of CryptoAPI': (n) =>
    base64(Buffer.concat([Buffer.from('0602000000a400005253413100080000', 'hex'), Buffer.from(n, 'base64url')])),
  'a blob of BCrypt': (n) =>
    Buffer.concat([Buffer.from('RSA1'), Buffer.from('00080000', 'hex'), Buffer.from(n, 'base64url')]),
  'an SSH line': (n, e) => ssh('ssh-rsa', e, n),
  'a line of known_hosts': (n, e) => `github.example,${ssh('ssh-rsa', e, n)}`,
  'an SSH line without a space': (n, e) => ssh('ssh-rsa', e, n).replace(' ', ''),
  'an SSH certificate': (n, e) => ssh('ssh-rsa-cert-v01@openssh.com', e, n),
  'an SSH certificate of Ed25519': (n) => ssh('ssh-ed25519-cert-v01@openssh.com', n.slice(0, 43)),
  'an SSH key in JSON': (n) => json({ key: ssh('ssh-ed25519', n.slice(0, 43)).split(' ')[1], user: 'me' }),
  'an SSH key with a comment': (n) => `${ssh('ecdsa-sha2-nistp256', n.slice(0, 86)).split(' ')[1]} me@host`,
  'an SSH key of a security key': (n) =>
    `key: ${ssh('sk-ssh-ed25519@openssh.com', n.slice(0, 43)).split(' ')[1]}\nx: y`,
  'an SSH line in base64': (n, e) => `data:\n  pub: ${base64(ssh('ssh-rsa', e, n))}\nkind: Secret\n`,
  'an SSH key behind a space': (n) =>
    Buffer.from(` ${blob('ssh-ed25519', n.slice(0, 43)).toString('latin1')}`, 'latin1'),
  'a dump of an SSH key': (n) => dump(blob('ssh-ed25519', n.slice(0, 43)), 16, words(16, 4, 'BE'), 8, 16, ':'),
  'an OpenPGP key': (n, e) => openPgp(n, e),
  'an OpenPGP key in base64': (n, e) => base64(openPgp(n, e)),
  'an OpenPGP key in an env file': (n, e) => `A=1\nPGP=${base64(openPgp(n, e))}\nB=2\n`,
  'an OpenPGP key of Ed25519': (n) =>
    base64(
      Buffer.concat([
        Buffer.of(0x98, 51, 4, 1, 2, 3, 4, 22),
        Buffer.from(n, 'base64url').subarray(0, 45),
        Buffer.of(0xb4),
      ]),
    ),
  'a PKCS#12 file': (n) => Buffer.concat([Buffer.of(0x30, 0x82, 4, 0, 2, 1, 3, 0x30), Buffer.from(n, 'base64url')]),
  'a PKCS#12 file in base64': (n) =>
    base64(Buffer.concat([Buffer.of(0x30, 0x82, 4, 0, 2, 1, 3, 0x30), Buffer.from(n, 'base64url')])),
  'a PKCS#12 file in JSON': (n) =>
    json({ pfx: base64(Buffer.concat([Buffer.of(0x30, 0x80, 2, 1, 3, 0x30), Buffer.from(n, 'base64url')])) }),
  'a recipient of age': () => `age1${'q5pzry9x8gf2tvdw0s3jn54khce6mua7l'.repeat(2).slice(0, 58)}`,
  'a recipient of age in YAML': () =>
    `creation_rules:\n- age: age1${'7lq5pzry9x8gf2tvdw0s3jn54khce6mua'.repeat(2).slice(0, 58)}\n`,
  'a recipient of age in base64': () => base64(`age1${'mua7lq5pzry9x8gf2tvdw0s3jn54khce6'.repeat(2).slice(0, 58)}\n`),
};

function members(write: (name: string, value: string) => string, separator: string, before = '', after = '') {
  return ({ jwk }: Written) =>
    before +
    Object.entries(jwk)
      .map(([name, value]) => write(name, value))
      .join(separator) +
    after;
}

function point(x: string, y: string): Buffer {
  return Buffer.concat([Buffer.of(4), Buffer.from(x, 'base64url'), Buffer.from(y, 'base64url')]);
}

/** A key of P-256 (RFC 9053 §7.1.1). */
function cose(x: string, y: string): Buffer {
  return Buffer.from(`a5010203262001215820${hexOf(x)}225820${hexOf(y)}`, 'hex');
}

/** RFC 3110 §2. */
function dnskey(n: string, e: string): Buffer {
  return Buffer.concat([Buffer.of(numbers(e).length), Buffer.from(e, 'base64url'), Buffer.from(n, 'base64url')]);
}

/** A key of an SSH type (RFC 4253 §6.6). */
function blob(type: string, ...parts: string[]): Buffer {
  return Buffer.concat(
    [Buffer.from(type), ...parts.map((part) => Buffer.from(part, 'base64url'))].flatMap((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(part.length);
      return [length, part];
    }),
  );
}

function ssh(type: string, ...parts: string[]): string {
  return `${type} ${base64(blob(type, ...parts))} me@host`;
}

/** A packet with an RSA key (RFC 9580 §5.5.2), and the beginning of a user ID. */
function openPgp(n: string, e: string): Buffer {
  const body = Buffer.concat([
    Buffer.from('0465a0b1c20108', 'hex'),
    Buffer.from('00', 'hex'),
    Buffer.from(n, 'base64url'),
    Buffer.from('0011', 'hex'),
    Buffer.from(e, 'base64url'),
  ]);
  return Buffer.concat([Buffer.of(0x99, body.length >> 8, body.length & 255), body, Buffer.of(0xb4, 2, 0x6d, 0x65)]);
}

function padded(bytes: Buffer): Buffer {
  return Buffer.concat([bytes, Buffer.alloc((8 - (bytes.length % 8)) % 8)]);
}

/** Words of a dump: their base, the digits of each, and the order of their bytes. */
function words(base: number, digits: number, order: 'LE' | 'BE' = 'BE') {
  const size = Math.floor((digits * Math.log2(base)) / 8);
  return (row: Buffer) =>
    (row.toString('hex').match(new RegExp(`.{1,${size * 2}}`, 'g')) ?? []).map((hex) => {
      const bytes = Buffer.from(hex, 'hex');
      const value = BigInt(`0x${Buffer.from(order === 'LE' ? bytes.reverse() : bytes).toString('hex')}`);
      return value.toString(base).padStart(digits, '0');
    });
}

function dump(
  bytes: Buffer,
  width: number,
  write: (row: Buffer) => string[],
  offsetDigits = 0,
  base = 8,
  colon = '',
): string {
  const offset = (at: number) => (offsetDigits === 0 ? '' : at.toString(base).padStart(offsetDigits, '0') + colon);
  const rows = Array.from({ length: Math.ceil(bytes.length / width) }, (_, row) => {
    const part = bytes.subarray(row * width, (row + 1) * width);
    const shown = colon === '' ? '' : `  ${part.toString('latin1').replace(/[^!-~]/g, '.')}`;
    return `${offset(row * width)} ${write(part).join(' ')}${shown}`;
  });
  return [...rows, ...(colon === '' && offsetDigits > 0 ? [offset(bytes.length)] : [])].join('\n');
}

/** As `od -c` prints bytes. */
function characters(bytes: Buffer, hasOffset: boolean): string {
  const names: Record<number, string> = {
    0: '\\0',
    7: '\\a',
    8: '\\b',
    9: '\\t',
    10: '\\n',
    11: '\\v',
    12: '\\f',
    13: '\\r',
  };
  const cell = (byte: number) =>
    (
      names[byte] ?? (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : byte.toString(8).padStart(3, '0'))
    ).padStart(4);
  return Array.from({ length: Math.ceil(bytes.length / 16) }, (_, row) => {
    const part = bytes.subarray(row * 16, row * 16 + 16);
    return (hasOffset ? (row * 16).toString(8).padStart(7, '0') : '') + [...part].map(cell).join('');
  }).join('\n');
}

/** RFC 4648 §6, without padding. */
function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  const digits = bits.match(/.{1,5}/g) ?? [];
  return digits.map((five) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number.parseInt(five.padEnd(5, '0'), 2)]).join('');
}

function expectRefused(secret: string | Uint8Array): void {
  expect(() => loadSecret(secret), String(secret)).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
}

describe.each(keys)('a public key: $name', (key) => {
  test.each(Object.entries(ofAll))('is no secret as %s', (_, write) => expectRefused(write(key)));
});

const [rsa, p256] = keys as [Written, Written];
test.each(Object.entries(ofPoint))('a public key of P-256 is no secret as %s', (_, write) => {
  expectRefused(write(p256.jwk.x ?? '', p256.jwk.y ?? ''));
});
test.each(Object.entries(ofModulus))('a public key is no secret as %s', (_, write) => {
  expectRefused(write(rsa.jwk.n ?? '', rsa.jwk.e ?? ''));
});

const dictionary = 'correct horse battery staple crv kty modulus public key age ssh point gzip curve exponent'.split(
  ' ',
);

// Both were random. As text, some of their bytes are U+FFFD, and what that made began like a compressed point.
test.each([
  '032332973e2f672bf10228824c2c507e3d00a7da9ddb4c63c9cb9c957cea6dd3',
  '03491854-d7b1-4dce-95c0-97ef5a013edb2e95ca5a-6e76-4202-829f-462dcb20095c',
])('the random secret %s is a secret in each of its writings', (secret) => {
  for (const written of [
    secret,
    `JWT_SECRET=${'b'.repeat(64)}\nOTHER=${secret}`,
    Buffer.from(secret.replaceAll('-', ''), 'hex'),
  ]) {
    expect(loadSecret(written).keyObject.type).toBe('secret');
  }
});

const inUsualWriting = '%i random secrets of 32 to 128 bytes are secrets in every usual writing';
test.each([33])(inUsualWriting, expectSecrets);
test.each([250])(inUsualWriting, { tags: 'slow', timeout: 60_000 }, expectSecrets);

function expectSecrets(count: number): void {
  for (let round = 0; round < count; round++) {
    // One in 170 of 33, 49 and 67 bytes is a compressed point; with a line end it has a byte or two more.
    const bytes = randomBytes([32, 36, 40, 48, 64, 65, 66, 96, 97, 127, 128][round % 11] as number);
    const hex = bytes.toString('hex');
    const text = bytes.toString('base64url');
    const phrase = [...bytes.subarray(0, 12)].map((byte) => dictionary[byte % dictionary.length]);
    for (const secret of [
      bytes,
      hex,
      hex.toUpperCase(),
      bytes.toString('base64'),
      text,
      base32(bytes),
      [1, 2, 3].map(() => randomUUID()).join(''),
      randomUUID() + randomUUID(),
      phrase.join(' '),
      `sk_live_${text}`,
      `JWT_SECRET=${text}\nOTHER=${randomBytes(32).toString('hex')}`,
      json({ secret: text, other: hex }),
      `${hex.replace(/.{4}/g, '$& ')}`,
    ]) {
      expect(loadSecret(secret).keyObject.type, String(secret)).toBe('secret');
    }
  }
}
