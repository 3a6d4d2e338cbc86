/** Rules about single keys. */
import type { KeyObject } from 'node:crypto';
import { JwtkitError } from '../../errors.js';
import { decodeBase64url } from '../../jose/base64url.js';
import { asText, own } from '../../jose/json.js';
import { thumbprint } from '../../jose/jwk.js';
import { isRocaModulus, rsaNumbers, toBigint } from '../../jose/rsa.js';
import { ecKey, json, text } from '../example.js';
import { rule, type Subjects } from '../rule.js';

type KeySubject = Subjects['key'];

/** The bytes of the modulus and the exponent of an RSA key, also of one that is too weak to be read. */
function rsaOf({ key, jwk }: KeySubject): { n: Buffer; e: Buffer } | undefined {
  if (key?.asymmetricKeyType === 'rsa') return rsaNumbers(key);
  if (jwk?.kty !== 'RSA') return undefined;
  const [n, e] = ['n', 'e'].map((name) => Buffer.from(asText(own(jwk, name) ?? ''), 'base64url'));
  return n === undefined || e === undefined || n.length === 0 || n.length > 4096 ? undefined : { n, e };
}

function bitsOf(n: Buffer): number {
  const start = n.findIndex((byte) => byte !== 0);
  return start < 0 ? 0 : (n.length - start) * 8 - Math.clz32(n[start] as number) + 24;
}

/** The thumbprints of key pairs whose private half stands in documentation (RFC 7515 A.2, A.3, RFC 8037 A.2, RFC 7517 A.2, jwt.io). */
const publishedPairs = new Set([
  'IsUn6_e04MaShXFIISMp4kG62LWzMIPy_MvSA5pJgX8', // RFC 7515 §A.2
  'oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U', // RFC 7515 §A.3
  'u5YUSjQ2-2chBi51NSk3t3g7IM4o2KYcnPqPtCNGd3U', // RFC 7515 §A.4
  'kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k', // RFC 8037 A.2
  'cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s', // RFC 7517 A.2
  'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs', // RFC 7517 A.2
  'oGDmHqCJ7yzMkWEkrlZVHkvrHIyQwtlDmeq5ForUHeY', // jwt.io RSA
  '19J8y7Zprt2-QKLjF2I5pVk0OELX6cY2AfaAv1LC_w8', // jwt.io EC
]);

const rsa1024 = {
  kty: 'RSA',
  n: 'pSUIZrVqnSjVz22qdKp-51WCNVpg9oxiiWSiJW6E2SDo7Yp0pygyCkM54fZu6d1yCwL0StW0cOUEXTr50RriJuIuzUSV5H1XPsUkPf6n4gRMFQK5reMI1ZQ4k66gF7_R61xn4NxKlop5fT3cUE5SmI2HpFUIKKQw-HpzEUXsOzU',
  e: 'AQAB',
  kid: 'key-2027',
  alg: 'RS256',
  use: 'sig',
};
const rsaOfThree = {
  ...rsa1024,
  n: 'thQhxqC1zL3zk3qpIhFR94MqIHpRq5Ns3B7t5b3foHAuxfZIO2_vWu68Xhb1R5FYirJK9U68eefSc9lDCU2AqGBV31gD0iq84kAEvsZ2Ql1uwvTVG3-zHNkZDWcA7meHNEzGFvl3h7rLAJzK7yoctXaQeiJrc5vCMtwqu53ntZys3OfulHlbH6wVcSDc1IBLaqV7Nzr733cRh3hg9c-coavr1QVXK8S0Ye_ZbFVSf852p6CPNWFzz-wZyAGIUApzo_pppY-FE5nHBem8G4qFZ2SHvGDTzUtThsHz_TaALw6S2YOrYc3JxwzCE0P75ELPa-4hEns0xt114TllVbZUJQ',
  e: 'Aw',
};
const rsaRoca = {
  ...rsa1024,
  n: 'kAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAOp52s066i3QePr4ZiVfQR9H83jmtK0YPU7l5l-RLpfUN5pTb9UqlXXrOF8dMJHsMn4DHxLhwRIyFBqTFYHGS8Yjt8TRJSNhBeIF_QeT9xjnDhm0iGz6n1z-D6A8TjU8fBzrqTT5dR6ZH-xGSq8ZhDK89Bt1JPq0CL-_HaZtP78OuD2akT-K29nJkXlZK9jo8g09BEyLVrXxYRyHopJn_gdGFUkB0vN0Ft60k4derOppR7UQAye7g1NDrJvWiRFIB4MhWYKtx31Mu9atnCjYyJmkoZ9nuJRdqUC53VtWG57Hf00Z7Q',
  e: 'AQAB',
};
const legacyPem = `-----BEGIN EC PRIVATE KEY-----
Proc-Type: 4,ENCRYPTED
DEK-Info: AES-128-CBC,4B031E9FECB58946CE20C75703574A94

waPwwzs4C7HNC8OPgKT8iKQ7m4+vLIi1dcQqxUGNv2BhDhr8Q7ovsHnPtUCfywwZ
j4zRJHkipdmID8xb5+uhAzRUAdJVmx5O1OFY6obTDQcrPgJ2ftsVMGc0jg0ZliV1
36gozkg0UhijzkCV4DxboGXM5BcDPYQ960gEyrbXdrU=
-----END EC PRIVATE KEY-----
`;
const publicPem = `-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEM3wndvhlrCzPsmNVi83iYJaMBTpr
IC81TZn51mf4HJKAt+6qcLTTagLJ8q0tVOJkss1fkfJCwYtnBIGzDhU0CA==
-----END PUBLIC KEY-----
`;

/** The thumbprint of a key; empty for one that has no JWK form, such as one of DSA or of the curve P-224. */
function printOf(key: KeyObject | undefined): string {
  try {
    return key === undefined ? '' : thumbprint(key);
  } catch (error) {
    if (error instanceof JwtkitError) return '';
    throw error;
  }
}

export const keyRules = [
  rule({
    id: 'key/unreadable',
    level: 'error',
    about: 'key',
    means: 'The key is damaged, contradicts itself, or is of no kind that signs or encrypts tokens.',
    help: 'export it anew from where it was made',
    source: 'RFC 7517 §4, RFC 7468',
    bad: json({ ...ecKey, y: ecKey.x }),
    good: json(ecKey),
    check: ({ problem }) => problem,
  }),
  rule({
    id: 'key/rsa-too-small',
    level: 'error',
    about: 'key',
    means: 'The RSA key has fewer than 2048 bits.',
    help: 'make another one: jwtkit keygen, or jwtkit keys rotate',
    source: 'RFC 7518 §3.3',
    bad: json(rsa1024),
    good: json(ecKey),
    check: (value) => {
      const rsa = rsaOf(value);
      const bits = rsa === undefined ? 2048 : bitsOf(rsa.n);
      return bits < 2048 && `the RSA key has ${bits} bits`;
    },
  }),
  rule({
    id: 'key/small-exponent',
    level: 'warning',
    about: 'key',
    means: 'The RSA key has a public exponent below 65537, with which flaws of padding checks have forged signatures.',
    help: 'make another one: jwtkit keygen',
    source: 'NIST SP 800-56B §6.2; CVE-2006-4339',
    bad: json(rsaOfThree),
    good: json(ecKey),
    check: (value) => {
      const e = rsaOf(value)?.e;
      return e !== undefined && e.length <= 8 && toBigint(e) < 65_537n && `its exponent is ${toBigint(e)}`;
    },
  }),
  rule({
    id: 'key/roca',
    level: 'error',
    about: 'key',
    means: 'The RSA key has the mark of a generator whose keys can be factored (ROCA).',
    help: 'make another one on other hardware, and end this one',
    source: 'CVE-2017-15361',
    bad: json(rsaRoca),
    good: json(ecKey),
    check: (value) => {
      const n = rsaOf(value)?.n;
      return n !== undefined && n.length >= 64 && isRocaModulus(toBigint(n)) && 'its modulus has the ROCA fingerprint';
    },
  }),
  rule({
    id: 'key/published-pair',
    level: 'error',
    about: 'key',
    means: 'The private half of this key stands in a standard or in a well-known page: everybody can sign with it.',
    help: 'make a key of your own: jwtkit keygen',
    source: 'RFC 7515 appendix A, RFC 8037 appendix A; tutorial, pitfall "keys in code"',
    bad: json({
      kty: 'OKP',
      crv: 'Ed25519',
      x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
      kid: 'key-2027',
      alg: 'EdDSA',
      use: 'sig',
    }),
    good: json(ecKey),
    check: ({ key }) => publishedPairs.has(printOf(key)) && 'the private half of this key is published',
  }),
  rule({
    id: 'key/secret-too-short',
    level: 'error',
    about: 'key',
    means: 'The shared secret of the JWK is shorter than the hash of its algorithm.',
    help: 'make another one: jwtkit keygen --alg HS256',
    source: 'RFC 7518 §3.2',
    bad: json({ kty: 'oct', k: 'c2hvcnQ', kid: 'key-2027', alg: 'HS256', use: 'sig' }),
    good: json({
      kty: 'oct',
      k: 'EeNcVZ0QnbwP8vQ6f1bG3s9tqk2mYxLw7RzDhJ4uKcM',
      kid: 'key-2027',
      alg: 'HS256',
      use: 'sig',
    }),
    check: ({ jwk }) => {
      if (jwk?.kty !== 'oct') return undefined;
      const least = { HS384: 48, HS512: 64 }[asText(jwk.alg)] ?? 32;
      const bytes = secretLength(jwk.k);
      return (
        bytes < least &&
        `k has ${bytes} bytes, ${jwk.alg === undefined ? 'HS256' : asText(jwk.alg).slice(0, 10)} needs ${least}`
      );
    },
  }),
  rule({
    id: 'key/no-algorithm',
    level: 'note',
    about: 'key',
    means: 'The JWK has no alg: a verifier may use it with an algorithm that its owner did not mean.',
    help: 'add "alg", such as "ES256"',
    source: 'RFC 8725 §3.1; RFC 7517 §4.4',
    bad: json({ ...ecKey, alg: undefined }),
    good: json(ecKey),
    check: ({ jwk }) => jwk !== undefined && jwk.alg === undefined && 'alg is missing',
  }),
  rule({
    id: 'key/no-use',
    level: 'note',
    about: 'key',
    means:
      'The JWK has neither use nor key_ops: a key for signatures may be taken for encryption, and the other way round.',
    help: 'add "use": "sig"',
    source: 'RFC 7517 §4.2; RFC 8725 §3.12',
    bad: json({ ...ecKey, use: undefined }),
    good: json(ecKey),
    check: ({ jwk }) => jwk !== undefined && jwk.use === undefined && jwk.key_ops === undefined && 'use is missing',
  }),
  rule({
    id: 'key/no-kid',
    level: 'warning',
    about: 'key',
    means: 'The JWK has no kid: verifiers cannot tell which key a token means.',
    help: 'add "kid"; jwtkit keys thumbprint prints a good one',
    source: 'RFC 7517 §4.5',
    bad: json({ ...ecKey, kid: undefined }),
    good: json(ecKey),
    check: ({ jwk }) => jwk !== undefined && (jwk.kid === undefined || jwk.kid === '') && 'kid is missing',
  }),
  rule({
    id: 'key/uses-contradict',
    level: 'warning',
    about: 'key',
    means: 'The members use and key_ops of the JWK contradict each other.',
    help: 'leave one of them out',
    source: 'RFC 7517 §4.3',
    bad: json({ ...ecKey, use: 'sig', key_ops: ['encrypt'] }),
    good: json({ ...ecKey, key_ops: ['verify'] }),
    check: ({ jwk }) => {
      if (!Array.isArray(jwk?.key_ops) || typeof jwk.use !== 'string') return undefined;
      const fitting =
        jwk.use === 'sig'
          ? ['sign', 'verify']
          : ['encrypt', 'decrypt', 'wrapKey', 'unwrapKey', 'deriveKey', 'deriveBits'];
      return (
        jwk.key_ops.some((operation) => !fitting.includes(asText(operation))) &&
        `use is ${jwk.use.slice(0, 20)}, key_ops say otherwise`
      );
    },
  }),
  rule({
    id: 'key/legacy-encryption',
    level: 'warning',
    about: 'key',
    means: 'The private key is encrypted as in 1993 (Proc-Type): one round of MD5 makes the key from the passphrase.',
    help: 'encrypt it anew: jwtkit keys convert, or openssl pkcs8 -topk8 -v2 aes-256-cbc -iter 600000',
    source: 'RFC 1421; RFC 8018 §5.2',
    bad: text(legacyPem),
    good: text(publicPem),
    check: ({ hasLegacyEncryption }) => hasLegacyEncryption === true && 'the key has a Proc-Type header',
  }),
];

function secretLength(k: unknown): number {
  return decodeBase64url(asText(k ?? ''))?.length ?? 0;
}
