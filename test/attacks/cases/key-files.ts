/** Categories 1 and 4: what a verifier is configured with. A file is what its content says; a secret is never a key. */
import { createPublicKey, type KeyObject } from 'node:crypto';
import type { Jwk } from '../../../src/jose/jwk.js';
import { loadKeys } from '../../../src/jose/keys.js';
import { loadSecret } from '../../../src/jose/secret.js';
import type { KeyCase } from '../case.js';
import {
  type PairName,
  privateJwk,
  privateKeys,
  publicDer,
  publicJwk,
  publicKeys,
  publicPem,
  secret,
  stored,
} from '../trusted-keys.js';

const rule1 = 'a key file is what its content says, never "then it is a secret"';
const load = (content: string | Uint8Array) => () => loadKeys(content, { purpose: 'verify' });
const keep = (content: string | Uint8Array) => () => loadSecret(content);

const pem = publicPem('rsa');
const oneLine = (text: string) => text.trim().replaceAll('\n', ' ');
const escapedNewlines = (text: string) => text.replaceAll('\n', '\\n');
const body = (text: string) => text.replace(/-----.*-----/g, '').trim();
const pkcs1 = publicKeys.rsa.export({ format: 'pem', type: 'pkcs1' }) as string;
const certificate = stored.certificates.rsa;
const certificateDer = Buffer.from(body(certificate), 'base64');
const exported = (key: KeyObject, type: 'pkcs1' | 'pkcs8' | 'sec1') => key.export({ format: 'pem', type }) as string;
const utf16 = (text: string) => Buffer.from(`\uFEFF${text}`, 'utf16le');

const refusedFiles: [string, string | Uint8Array][] = [
  ['an empty file', ''],
  ['white space', ' \n\t\n'],
  ['a secret', secret],
  ['a word', 'secret'],
  ['a JSON string', '"secret"'],
  ['a JSON number', '123'],
  ['null', 'null'],
  ['an empty object', '{}'],
  ['an empty array', '[]'],
  ['an array of a JWK and something else', JSON.stringify([publicJwk('rsa'), 1])],
  ['a JWK within an object', JSON.stringify({ jwk: publicJwk('rsa') })],
  ['PEM without its end', pem.split('-----END')[0] as string],
  ['PEM without its beginning', pem.replace('-----BEGIN PUBLIC KEY-----\n', '')],
  ['PEM with two labels', pem.replace('END PUBLIC KEY', 'END RSA PUBLIC KEY')],
  ['PEM with four dashes', pem.replaceAll('-----', '----')],
  ['PEM in lower case', pem.replace('BEGIN PUBLIC KEY', 'begin public key')],
  ['PEM with a damaged body', pem.replace(/\n(.)/, '\n!')],
  ['PEM with a truncated body', pem.replace(/\n.{64}\n-----END/, '\n-----END').replace(/.{5}\n-----END/, '\n-----END')],
  ['PEM with an empty body', '-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n'],
  [
    'PEM of nonsense',
    `-----BEGIN PUBLIC KEY-----\n${Buffer.alloc(96, 7).toString('base64')}\n-----END PUBLIC KEY-----\n`,
  ],
  [
    'PEM with a byte after the structure',
    pem.replace(body(pem), Buffer.concat([publicDer('rsa'), Buffer.from([0])]).toString('base64')),
  ],
  ['PEM in UTF-16', utf16(pem)],
  ['DER in hex', publicDer('rsa').toString('hex')],
  ['DER with a byte after it', Buffer.concat([publicDer('rsa'), Buffer.from([0])])],
  ['DER cut short', publicDer('rsa').subarray(0, -1)],
  ['a private key and its certificate', stored.privateKeys.rsa + certificate],
  ['two public keys, one damaged', pem + publicPem('p256').replace(/.(\n-)/, '!$1')],
  ['a public key and one that signs no JWS', pem + publicPem('x25519')],
  ['DER in base64 with stray bits', `${body(pem).slice(0, -1)}C`],
  ['a certificate request label', pem.replaceAll('PUBLIC KEY', 'CERTIFICATE REQUEST')],
  ['an OpenSSH private key label', pem.replaceAll('PUBLIC KEY', 'OPENSSH PRIVATE KEY')],
  ['an OpenPGP label', pem.replaceAll('PUBLIC KEY', 'PGP PUBLIC KEY BLOCK')],
  ['a PEM label named like a prototype member', pem.replaceAll('PUBLIC KEY', 'CONSTRUCTOR')],
  ['an EC key labelled RSA', publicPem('p256').replaceAll('PUBLIC KEY', 'RSA PUBLIC KEY')],
  ['an OpenSSH key with another type before it', stored.openssh.rsa.replace('ssh-rsa', 'ssh-ed25519')],
  ['an OpenSSH key in a comment', `# ${stored.openssh.rsa}`],
  ['PEM in a comment', pem.replace(/^/gm, '# ')],
  ['PEM in an env line that is a comment', `# KEY="${escapedNewlines(pem)}"`],
  ['PEM that a diff removes', `-KEY="${escapedNewlines(pem)}"`],
  ['PEM in a merge conflict', `<<<<<<< HEAD\n${pem}=======\n${publicPem('p256')}>>>>>>> other\n`],
  ['an X25519 key', publicPem('x25519')],
  ['a DSA key', publicPem('dsa')],
  ['a brainpool key', publicPem('brainpool')],
  ['a P-192 key', publicPem('p192')],
  ['a private key, PKCS#8', stored.privateKeys.rsa],
  ['a private key, PKCS#1', exported(privateKeys.rsa, 'pkcs1')],
  ['a private key, SEC1', exported(privateKeys.p256, 'sec1')],
  ['a private key, DER', privateKeys.p256.export({ format: 'der', type: 'pkcs8' })],
  ['a private Ed25519 key', stored.privateKeys.ed25519],
  ['a private RSA JWK', JSON.stringify(privateJwk('rsa'))],
  ['a private EC JWK', JSON.stringify(privateJwk('p256'))],
  ['a private OKP JWK', JSON.stringify(privateJwk('ed25519'))],
  ['a private key in a JWK Set', JSON.stringify({ keys: [privateJwk('p256')] })],
  ['a JWK with two byte order marks', `\uFEFF\uFEFF${JSON.stringify(publicJwk('rsa'))}`],
  ['a JWK with a byte order mark within', JSON.stringify(publicJwk('rsa')).replace(',', ',\uFEFF')],
  ['a JWK in UTF-16', utf16(JSON.stringify(publicJwk('rsa')))],
  ['a JWK in UTF-16 without a byte order mark', Buffer.from(JSON.stringify(publicJwk('rsa')), 'utf16le')],
  ['PEM with a NUL', `${pem}\0`],
  ['PEM after a comment in Latin-1', Buffer.from(`# Schl\u00FCssel\n${pem}`, 'latin1')],
  ['a JWK with a comma too many', JSON.stringify(publicJwk('rsa')).replace('}', ',}')],
  ['two JWKs', JSON.stringify(publicJwk('rsa')) + JSON.stringify(publicJwk('p256'))],
  ['more than a megabyte', `${pem}${' '.repeat(1024 * 1024)}`],
];

const acceptedFiles: [string, string | Uint8Array][] = [
  // How a key arrives may be sloppy; what it is may not.
  ['a JSON string that holds PEM', JSON.stringify(pem)],
  ['PEM on one line', oneLine(pem)],
  ['PEM with escaped line breaks', escapedNewlines(pem)],
  ['PEM with escaped line breaks in quotes', `"${escapedNewlines(pem)}"`],
  ['PEM after other text on the line', `.${pem}`],
  ['PEM after white space on the line', `  ${pem}`],
  ['the body of a PEM', body(pem)],
  ['two public keys', pem + publicPem('p256')],
  ['an array of JWKs', JSON.stringify([publicJwk('rsa')])],
  ['an OpenSSH RSA key', stored.openssh.rsa],
  ['an OpenSSH Ed25519 key', stored.openssh.ed25519],
  ['an OpenSSH ECDSA key', stored.openssh.p256],
  ['a public key and a certificate', pem + certificate],
  ['a certificate chain', certificate + stored.certificates.rsaOther],
  ['PEM', pem],
  ['PEM with CRLF', pem.replaceAll('\n', '\r\n')],
  ['PEM without a last line break', pem.trimEnd()],
  ['PEM after an empty line', `\n${pem}`],
  ['PEM after a comment line', `# issuer key\n${pem}`],
  ['PEM, PKCS#1', pkcs1],
  ['a certificate', certificate],
  ['an EC certificate', stored.certificates.p256],
  ['DER', publicDer('rsa')],
  ['DER, PKCS#1', publicKeys.rsa.export({ format: 'der', type: 'pkcs1' })],
  ['a certificate in DER', certificateDer],
  ['a JWK', JSON.stringify(publicJwk('rsa'))],
  ['a JWK with a byte order mark', `\uFEFF${JSON.stringify(publicJwk('rsa'))}`],
  ['PEM with a byte order mark', `\uFEFF${pem}`],
  ['a pretty JWK', JSON.stringify(publicJwk('p256'), null, 2)],
  ['a JWK Set', JSON.stringify({ keys: [publicJwk('rsa'), publicJwk('ed25519')] })],
  ...(['p256', 'p384', 'p521', 'secp256k1', 'ed25519', 'ed448', 'rsa3072', 'rsaPss'] as const).map(
    (name): [string, string] => [`PEM of ${name}`, publicPem(name)],
  ),
];

/** Everything that a public key is passed around as. */
export function publicForms(name: PairName): [string, string | Uint8Array][] {
  const text = publicPem(name);
  const der = publicDer(name);
  const jwk = JSON.stringify(publicJwk(name));
  return [
    ['PEM', text],
    ['PEM with CRLF', text.replaceAll('\n', '\r\n')],
    ['PEM without a last line break', text.trimEnd()],
    ['PEM on one line', oneLine(text)],
    ['PEM with escaped line breaks', escapedNewlines(text)],
    ['PEM after an empty line', `\n${text}`],
    ['DER', der],
    ['DER in base64', der.toString('base64')],
    ['DER in base64url', der.toString('base64url')],
    ['DER in base64 lines', body(text)],
    ['DER in hex', der.toString('hex')],
    ['DER in upper case hex', der.toString('hex').toUpperCase()],
    ['a JWK', jwk],
    ['a pretty JWK', JSON.stringify(publicJwk(name), null, 2)],
    ['a JWK Set', JSON.stringify({ keys: [publicJwk(name)] })],
  ];
}

/** The bare points of EC keys, of each curve and in each form (SEC 1 §2.3.3). */
const points = (['p256', 'p384', 'p521', 'secp256k1'] as const).flatMap((name): [string, string | Uint8Array][] => {
  const { x = '', y = '' } = publicJwk(name);
  const coordinates = [x, y].map((text) => Buffer.from(text, 'base64url')) as [Buffer, Buffer];
  const whole = Buffer.concat([Buffer.of(4), ...coordinates]);
  const compressed = Buffer.concat([Buffer.of(2 + ((coordinates[1].at(-1) ?? 0) & 1)), coordinates[0]]);
  return [
    [`the point of ${name}`, whole],
    [`the point of ${name} in hex`, whole.toString('hex')],
    [`the point of ${name} in hex with 0x`, `0x${whole.toString('hex').toUpperCase()}`],
    [`the point of ${name} in base64`, whole.toString('base64')],
    [`the point of ${name}, compressed`, compressed],
    [`the point of ${name}, compressed, in hex`, `${compressed.toString('hex')}\n`],
    [`the coordinates of ${name}`, Buffer.concat(coordinates)],
  ];
});

const refusedSecrets: [string, string | Uint8Array][] = [
  ...(['rsa', 'p256', 'ed25519'] as const).flatMap((name) =>
    publicForms(name).map(([form, content]): [string, string | Uint8Array] => [`${name} as ${form}`, content]),
  ),
  ['PEM in base64', Buffer.from(pem).toString('base64')],
  ['PEM in hex', Buffer.from(pem).toString('hex')],
  ['PEM in a JSON string', JSON.stringify(pem)],
  ['PEM in UTF-16', utf16(pem)],
  ['PEM with a byte order mark', `\uFEFF${pem}`],
  ['PKCS#1 PEM', pkcs1],
  ['PKCS#1 DER', publicKeys.rsa.export({ format: 'der', type: 'pkcs1' })],
  ['DER and a line break', Buffer.concat([publicDer('rsa'), Buffer.from('\n')])],
  ['DER in hex with colons', (publicDer('p256').toString('hex').match(/../g) ?? []).join(':')],
  ['PEM in URL encoding', encodeURIComponent(pem)],
  ['PEM in form encoding', encodeURIComponent(pem).replaceAll('%20', '+')],
  ['PEM in quoted base64', `"${Buffer.from(pem).toString('base64')}"`],
  ['PEM in a data URI', `data:application/x-pem-file;base64,${Buffer.from(pem).toString('base64')}`],
  ['PEM in a line of an env file', `PUBLIC_KEY="${escapedNewlines(pem)}"`],
  ['PEM in a member of JSON', JSON.stringify({ public_key: pem })],
  ['DER in a member of JSON', JSON.stringify({ realm: 'r', public_key: publicDer('rsa').toString('base64') })],
  ['DER in a line of an env file', `PUBLIC_KEY=${publicDer('rsa').toString('base64')}`],
  ['DER in hex with 0x', `0x${publicDer('p256').toString('hex')}`],
  ['DER in base64 of base64', Buffer.from(publicDer('rsa').toString('base64')).toString('base64')],
  ['PEM with dashes of a word processor', pem.replaceAll('-----', '\u2014\u2013')],
  ['PEM without its first label', pem.replace(/.*\n/, '')],
  ['an XML key', `<RSAKeyValue><Modulus>${publicJwk('rsa').n}</Modulus><Exponent>AQAB</Exponent></RSAKeyValue>`],
  ...points,
  ['a certificate', certificate],
  ['a certificate in DER', certificateDer],
  ['a certificate in base64, as in x5c', certificateDer.toString('base64')],
  ['a private key', stored.privateKeys.p256],
  ['a private key in DER', privateKeys.p256.export({ format: 'der', type: 'pkcs8' })],
  ['an encrypted private key', stored.encrypted.pkcs8],
  ['a private JWK', JSON.stringify(privateJwk('ed25519'))],
  ['an oct JWK', JSON.stringify({ kty: 'oct', k: stored.secret })],
  ['a JWK in base64url', Buffer.from(JSON.stringify(publicJwk('rsa'))).toString('base64url')],
  ['a JWK with a byte order mark', `\uFEFF${JSON.stringify(publicJwk('rsa'))}`],
  ['a JWK after white space', ` \n${JSON.stringify(publicJwk('rsa'))}`],
  ['a JWK with kty escaped', JSON.stringify(publicJwk('rsa')).replace('"kty"', '"\\u006bty"')],
  ['a damaged JWK', JSON.stringify(publicJwk('rsa')).slice(0, -1)],
  ['an array of JWKs', JSON.stringify([publicJwk('rsa')])],
  ['an OpenSSH RSA key', stored.openssh.rsa],
  ['an OpenSSH Ed25519 key', stored.openssh.ed25519],
  ['an OpenSSH ECDSA key', stored.openssh.p256],
  ['the base64 of an OpenSSH key', stored.openssh.rsa.split(' ')[1] as string],
  ['more than a megabyte', Buffer.alloc(1024 * 1024 + 1, 7)],
];

const rsaJwk = (e: string): Jwk => ({ ...publicJwk('rsa'), e });
const jwkFile = (jwk: object) => load(JSON.stringify(jwk));
const spki = (jwk: Jwk) =>
  createPublicKey({ key: { ...jwk }, format: 'jwk' }).export({ format: 'pem', type: 'spki' }) as string;
const oct = (bytes: number, alg?: string) =>
  jwkFile({ kty: 'oct', k: Buffer.alloc(bytes, 7).toString('base64url'), ...(alg === undefined ? {} : { alg }) });

/** Points of order 1, 2, 4 and 8 on edwards25519, canonical and not, as little-endian hex. */
const smallOrder25519: [string, string][] = [
  ['the identity', `01${'00'.repeat(31)}`],
  ['the identity with the sign bit', `01${'00'.repeat(30)}80`],
  ['order 2', `ec${'ff'.repeat(30)}7f`],
  ['order 2 with the sign bit', `ec${'ff'.repeat(31)}`],
  ['order 4', '00'.repeat(32)],
  ['order 4 with the sign bit', `${'00'.repeat(31)}80`],
  ['order 8', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'],
  ['order 8 with the sign bit', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa'],
  ['order 8, the other', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'],
  ['order 8, the other with the sign bit', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85'],
  ['p, which is 0', `ed${'ff'.repeat(30)}7f`],
  ['p + 1, which is the identity', `ee${'ff'.repeat(30)}7f`],
];
const smallOrder448: [string, string][] = [
  ['the identity', `01${'00'.repeat(56)}`],
  ['order 2', `fe${'ff'.repeat(27)}fe${'ff'.repeat(27)}00`],
  ['order 4', '00'.repeat(57)],
];
const okp = (crv: string, hex: string) =>
  jwkFile({ kty: 'OKP', crv, x: Buffer.from(hex, 'hex').toString('base64url') });

const rfc7518hmac = 'RFC 7518 §3.2: a key as long as the hash output';
const rfc7518rsa = 'RFC 7518 §3.3: 2048 bits or larger';
const exponents = 'RFC 8017 §3.1: e is odd, between 3 and n - 1';
const smallOrder = 'RFC 8032 §5.1.3: under a point of small order one signature passes for every message';

export const cases: KeyCase[] = [
  ...refusedFiles.map(
    ([name, content]): KeyCase => ({
      category: 1,
      name: `key file: ${name}`,
      source: rule1,
      load: load(content),
      expect: 'KEY_INVALID',
    }),
  ),
  ...acceptedFiles.map(
    ([name, content]): KeyCase => ({
      category: 1,
      name: `key file: ${name}`,
      source: 'RFC 7468, RFC 5280, RFC 8017 appendix A, RFC 7517',
      load: load(content),
      expect: 'accept',
    }),
  ),
  ...refusedSecrets.map(
    ([name, content]): KeyCase => ({
      category: 1,
      name: `secret: ${name}`,
      source: 'RFC 8725 §2.1: a public key as an HMAC secret is known to everybody',
      load: keep(content),
      expect: 'KEY_INVALID',
    }),
  ),
  ...Object.entries(stored.encrypted).map(
    ([name, content]): KeyCase => ({
      category: 1,
      name: `key file: an encrypted private key, ${name}`,
      source: 'RFC 5958 §3, RFC 1421 §4.6.1: refused as encrypted, not as damaged',
      load: () => loadKeys(content, { purpose: 'sign' }),
      expect: 'KEY_ENCRYPTED',
    }),
  ),
  ...['pem', 'jwk'].map(
    (form): KeyCase => ({
      category: 1,
      name: `signing with a public key, ${form}`,
      source: 'a public key signs nothing',
      load: () => loadKeys(form === 'pem' ? pem : JSON.stringify(publicJwk('rsa')), { purpose: 'sign' }),
      expect: 'KEY_INVALID',
    }),
  ),

  ...[
    ['a random secret', secret],
    ['text', 'correct horse battery staple and then some'],
    ['64 characters of hex', secret.subarray(32).toString('hex')],
    ['base64', secret.toString('base64')],
    ['zero bytes: a published vector uses them', Buffer.alloc(32)],
    ['a text that merely mentions kty', 'the member kty says which type of key it is'],
    ['65 bytes that begin like a point', Buffer.concat([Buffer.of(4), secret.subarray(0, 64)])],
    ['33 bytes that begin like a point and are none', Buffer.concat([Buffer.of(2), Buffer.alloc(32, 3)])],
    ['base64 with dashes', 'q--ENdq--BEGzn0f8jqYv1c_pWY7NBP64mr0fzfxvfcqnRxj6Z'],
    ['bytes that begin like DER', Buffer.concat([Buffer.from('3082', 'hex'), secret])],
  ].map(
    ([name, content]): KeyCase => ({
      category: 1,
      name: `secret: ${name}`,
      source: 'RFC 7518 §3.2',
      load: keep(content as string | Uint8Array),
      expect: 'accept',
    }),
  ),

  ...[
    ['empty', ''],
    ['a line break', '\n'],
    ['CRLF', '\r\n'],
    ['a space', ' '],
    ['line breaks', '\n\n\n\n'],
    ['"secret"', 'secret'],
    ['16 bytes', secret.subarray(0, 16)],
    ['31 bytes', secret.subarray(0, 31)],
  ].map(
    ([name, content]): KeyCase => ({
      category: 4,
      name: `secret: ${name}`,
      source: rfc7518hmac,
      load: keep(content as string | Uint8Array),
      expect: 'KEY_TOO_WEAK',
    }),
  ),
  ...(
    [
      [31, 'HS256'],
      [32, 'HS384'],
      [47, 'HS384'],
      [32, 'HS512'],
      [63, 'HS512'],
    ] as const
  ).flatMap(([bytes, alg]): KeyCase[] => [
    {
      category: 4,
      name: `secret: ${bytes} bytes for ${alg}`,
      source: rfc7518hmac,
      load: () => loadSecret(secret.subarray(0, bytes), { alg }),
      expect: 'KEY_TOO_WEAK',
    },
    {
      category: 4,
      name: `oct JWK: ${bytes} bytes for ${alg}`,
      source: rfc7518hmac,
      load: oct(bytes, alg),
      expect: 'KEY_TOO_WEAK',
    },
  ]),
  ...[0, 1, 16, 31].map(
    (bytes): KeyCase => ({
      category: 4,
      name: `oct JWK: ${bytes} bytes`,
      source: rfc7518hmac,
      load: oct(bytes),
      expect: 'KEY_TOO_WEAK',
    }),
  ),
  ...(
    [
      [32, 'HS256'],
      [48, 'HS384'],
      [64, 'HS512'],
    ] as const
  ).map(
    ([bytes, alg]): KeyCase => ({
      category: 4,
      name: `secret: ${bytes} bytes for ${alg}`,
      source: rfc7518hmac,
      load: () => loadSecret(secret.subarray(0, bytes), { alg }),
      expect: 'accept',
    }),
  ),
  ...(['rsa1024', 'rsa2040'] as const).flatMap((name): KeyCase[] => [
    { category: 4, name: `${name}, PEM`, source: rfc7518rsa, load: load(publicPem(name)), expect: 'KEY_TOO_WEAK' },
    { category: 4, name: `${name}, DER`, source: rfc7518rsa, load: load(publicDer(name)), expect: 'KEY_TOO_WEAK' },
    { category: 4, name: `${name}, JWK`, source: rfc7518rsa, load: jwkFile(publicJwk(name)), expect: 'KEY_TOO_WEAK' },
    {
      category: 4,
      name: `${name}, alone in a JWK Set`,
      source: rfc7518rsa,
      load: jwkFile({ keys: [publicJwk(name)] }),
      expect: ['KEY_INVALID', 'KEY_TOO_WEAK'],
    },
    {
      category: 4,
      name: `${name}, to sign with`,
      source: rfc7518rsa,
      load: () => loadKeys(stored.privateKeys[name], { purpose: 'sign' }),
      expect: 'KEY_TOO_WEAK',
    },
  ]),
  ...(['rsa', 'rsa3072', 'rsaExponent3'] as const).map(
    (name): KeyCase => ({ category: 4, name, source: rfc7518rsa, load: load(publicPem(name)), expect: 'accept' }),
  ),
  ...[
    ['1', 'AQ'],
    ['2', 'Ag'],
    ['4', 'BA'],
    ['65536', 'AQAA'],
    ['65538', 'AQAC'],
  ].flatMap(([name, e = '']): KeyCase[] => [
    {
      category: 4,
      name: `RSA exponent ${name}, JWK`,
      source: exponents,
      load: jwkFile(rsaJwk(e)),
      expect: 'KEY_INVALID',
    },
    {
      category: 4,
      name: `RSA exponent ${name}, PEM`,
      source: exponents,
      load: load(spki(rsaJwk(e))),
      expect: 'KEY_INVALID',
    },
  ]),
  {
    category: 4,
    name: 'RSA exponent larger than n',
    source: exponents,
    load: jwkFile(rsaJwk(Buffer.alloc(257, 0xff).toString('base64url'))),
    expect: 'KEY_INVALID',
  },
  { category: 4, name: 'RSA exponent 0', source: exponents, load: jwkFile(rsaJwk('AA')), expect: 'KEY_INVALID' },
  ...['jwk', 'pem'].map(
    (form): KeyCase => ({
      category: 4,
      name: `a modulus with the ROCA fingerprint, ${form}`,
      source: 'CVE-2017-15361',
      load: form === 'jwk' ? jwkFile(stored.rocaJwk) : load(spki(stored.rocaJwk)),
      expect: 'KEY_TOO_WEAK',
    }),
  ),
  ...smallOrder25519.map(
    ([name, hex]): KeyCase => ({
      category: 4,
      name: `Ed25519: ${name}`,
      source: smallOrder,
      load: okp('Ed25519', hex),
      expect: 'KEY_INVALID',
    }),
  ),
  ...smallOrder448.map(
    ([name, hex]): KeyCase => ({
      category: 4,
      name: `Ed448: ${name}`,
      source: 'RFC 8032 §5.2.3: under a point of small order one signature passes for every message',
      load: okp('Ed448', hex),
      expect: 'KEY_INVALID',
    }),
  ),
];
