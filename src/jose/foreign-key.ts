/** Hints for keys in formats that jwtkit does not read. */
import { isPkcs12 } from './der.js';
import { findKeyIn } from './disguised-key.js';
import { type JsonObject, own } from './json.js';
import { shownName } from './json-key.js';
import { explainUnresolved, fileName, vaultReference } from './unresolved.js';
import { variableName } from './variable-name.js';

const sshHint =
  'convert a copy, since ssh-keygen overwrites it: cp FILE copy.pem && ssh-keygen -p -m PKCS8 -f copy.pem ' +
  '(older releases leave Ed25519 as it is: then make a key with jwtkit keygen --alg EdDSA)';

/** The way out for a PEM label (RFC 7468, RFC 4716) of no key that signs a JWS. */
export function foreignLabelHint(label: string): string | undefined {
  if (label === 'OPENSSH PRIVATE KEY') return sshHint;
  if (label.startsWith('PGP ')) return 'OpenPGP keys sign no tokens; make a key with: jwtkit keygen';
  if (label.endsWith('CERTIFICATE REQUEST'))
    return 'a request is no certificate; its key: openssl req -in FILE -noout -pubkey';
  if (label === 'PKCS7' || label === 'CMS') return 'its certificates: openssl pkcs7 -in FILE -print_certs';
  if (label === 'X509 CERTIFICATE' || label === 'TRUSTED CERTIFICATE')
    return 'it becomes a plain certificate with: openssl x509 -in FILE -out plain.pem';
  if (label.endsWith('PARAMETERS')) return 'the file holds parameters alone, the key is in another one';
  return undefined;
}

const reference = 'this is a reference to a key: the program that puts the key in its place did not run';
const notPem = 'a PEM begins and ends with a label between five dashes: copy all of it, from -----BEGIN to -----END';
const openssh = 'keep the line of one OpenSSH public key in the file: its type, a space, its base64';
const address = 'this is an address: --jwks takes the one of a JWK Set, --issuer-url that of an issuer';
const namedFile = 'this is the name of a file: give what is in it';
const encoded = 'the key is encoded as one value among others: take that value out, and decode it with base64 -d';

/** What xxd, hexdump -C and od print of a PEM or of DER. */
const dump = /^0{7,8}:? +(?:2d2d|2d 2d|30 ?8|- +-)/;
const dumpHint = 'this is a dump of bytes: take the file itself, or make it again with xxd -r if xxd printed it';

/** The hint for a PEM of which a block is not whole, if it is the dump of one. */
export function dumpedPemHint(text: string): string | undefined {
  return dump.test(text.trimStart()) ? dumpHint : undefined;
}

/** What people give instead of a key, in this order. A pattern sees the text without white space around it. */
const kinds: readonly (readonly [pattern: RegExp, hint: string])[] = [
  [
    /-cert-v01@openssh\.com\s/,
    'this is a certificate of OpenSSH: give the public key that it is for, a line that begins with ssh- or ecdsa-',
  ],
  [/^sk-/, 'a key on a security token for OpenSSH signs no tokens of this kind; make a key with: jwtkit keygen'],
  [/^(?:ssh|ecdsa|sk)-|\s(?:ssh-(?:rsa|ed25519)|ecdsa-sha2-nistp\d+) AAAA/, openssh],
  [/^---- BEGIN SSH2 PUBLIC KEY/, 'it becomes a line that is read with: ssh-keygen -i -f FILE > key.pub'],
  [
    /^PuTTY-User-Key-File-/,
    'a PuTTY key becomes PEM with: puttygen FILE -O private-openssh -o copy.pem && ssh-keygen -p -m PKCS8 -f copy.pem',
  ],
  [/[-\u2010-\u2015\u2212]{2,6} ?(?:BEGIN|END) /, notPem],
  [/^https?:\/\/\S{1,900}$/i, address],
  [variableName, 'this is the name of a variable, not its value: nothing put the value in its place'],
  [vaultReference, reference],
  [
    /^(?:\*{3,}|\[?(?:masked|redacted|secure|filtered|hidden)\]?|<[\w -]+>|\.{3}|…)$/i,
    'this stands for a key in a log or an example: put the key in its place',
  ],
  [
    /^["']?(?:null|undefined|none|nil|<nil>|nan|true|false)["']?$/i,
    'this is what a program such as jq prints if it found nothing: look at the name of the member',
  ],
  [
    /^<(?:!doctype html|html|head|body)/i,
    'this is a web page: the address may have answered with an error or a login page',
  ],
  [
    /<(?:\w{1,16}:)?(?:RSAKeyValue|Modulus)\b/,
    'an XML key of .NET becomes PEM with its ExportPkcs8PrivateKeyPem() or ExportSubjectPublicKeyInfoPem()',
  ],
  [
    /<(?:\w{1,16}:)?X509Certificate\b/,
    'the certificate is the base64 between the tags <X509Certificate>: keep that alone in the file',
  ],
  [/^LS0tLS1CRUdJTi[\w+/=\s]+%$/, 'remove the % behind the base64: a shell shows it where the last line has no end'],
  [/(?:^|[\s"':=])LS0tLS1CRUdJTi/, encoded],
  [dump, dumpHint],
  [fileName, namedFile],
  [
    /^(?:(?:file:\/)?~?\/|\.{1,2}\/|[A-Za-z]:\\)[\w .@/\\-]{1,200}$|^[^\n]{1,200}\.(?:pem|key|pub|der|crt|cer|json|jwks?|p8)$/,
    namedFile,
  ],
  [/^(?:bearer )?ey[\w-]+\.[\w-]+\.[\w-]*$/i, 'this is a token; a key is needed that signs or verifies tokens'],
  [
    /^(?:0x)?(?:30|(?:2d[\s:]?){5})[\da-f\s:]{60,}$/i,
    'this is a key in hex: xxd -r -p FILE writes its bytes to a file',
  ],
];

/** How much of a text the patterns see, in characters. */
const seen = 4096;

/** The way out for a file that is neither PEM, DER nor JSON. */
export function foreignFormatHint(bytes: Buffer, text: string): string {
  if (/^\s*$/.test(text)) return 'there is nothing in it: the program or variable that fills it was empty';
  if (isPkcs12(bytes)) return 'a PKCS#12 file is brought into a keyring with: jwtkit keys import FILE';
  if (bytes.subarray(0, 4).toString('hex') === 'feedfeed') {
    return 'a Java keystore becomes PKCS#12 with: keytool -importkeystore -srckeystore FILE -destkeystore new.p12 -deststoretype PKCS12';
  }
  const hint = foreignTextHint(text);
  if (hint !== undefined) return hint;
  const kind = findKeyIn(bytes);
  const unresolved = explainUnresolved(bytes, 'key');
  if (unresolved !== undefined) return `this ${unresolved.problem}: ${unresolved.hint}`;
  if (kind === 'an OpenPGP key') return foreignLabelHint('PGP ') as string;
  if (kind === undefined) return 'a shared secret is given with --secret-file or --secret-env';
  return `it holds ${kind} in a form that is not read: give the key alone, as PEM or as a JWK`;
}

/** The way out for a text that is no key; undefined if it looks like nothing in particular. */
export function foreignTextHint(text: string): string | undefined {
  const plain = text.slice(0, seen).trim();
  return kinds.find(([pattern]) => pattern.test(plain))?.[1];
}

/** The way out for a JSON object that is neither a JWK nor a JWK Set, and holds no key under another name. */
export function foreignJsonHint(json: JsonObject): string | undefined {
  if (typeof own(json, 'jwks_uri') === 'string') {
    return 'this is the metadata of an issuer: name the issuer with --issuer-url, or its jwks_uri with --jwks';
  }
  const path = pathOfKey(json, deepest);
  if (path !== undefined) return `the key is in its member ${path}: give that alone`;
  const type = own(json, 'type');
  if (type === 'external_account' || type === 'authorized_user' || type === 'impersonated_service_account')
    return 'these credentials of Google hold no key: those of the type service_account do';
  if (typeof own(json, 'access_token') === 'string' || typeof own(json, 'id_token') === 'string')
    return 'this is an answer with a token; a key is needed that signs or verifies tokens';
  if (['error', 'errors', 'message', '__type'].some((name) => own(json, name) !== undefined))
    return 'this is an answer with an error: read its message';
  return undefined;
}

/** How deep a JWK or a JWK Set is looked for. */
const deepest = 6;

/** Where in JSON the first JWK or JWK Set is, as names with dots between them. */
function pathOfKey(value: object, depth: number): string | undefined {
  for (const [name, member] of Object.entries(value)) {
    if (typeof member !== 'object' || member === null) continue;
    const isKey = Array.isArray(own(member, 'keys')) || typeof own(member, 'kty') === 'string';
    const inner = isKey || depth === 0 ? undefined : pathOfKey(member, depth - 1);
    if (isKey) return shownName(name);
    if (inner !== undefined) return `${shownName(name)}.${inner}`;
  }
  return undefined;
}
