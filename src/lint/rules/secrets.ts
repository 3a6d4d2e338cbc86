/** Rules about shared secrets in files of settings. */
import { findKeyIn } from '../../jose/disguised-key.js';
import { isUnresolved, unresolvedProblem } from '../../jose/unresolved.js';
import { goodSecret, text } from '../example.js';
import { type Remark, rule, type Spot, type Subjects } from '../rule.js';
import { hintOfSecret } from '../shown-secret.js';

/** The beginning of a secret that is read for words, in characters. */
const longestRead = 256;

/** HS256 needs a key as long as its hash, in bytes. */
const leastBytes = 32;
/** Random bytes have more than this; it is the entropy by the frequency of characters, in bits. */
const leastEntropy = 100;

const replaceIt = 'make another one: jwtkit keygen --alg HS256 --private secret.txt, or openssl rand -base64 32';
const setting = (value: string) => text(`SECRET_KEY=${value}\n`);

const looksExemplary =
  /change[-_ ]?(?:me|this|it)|please[-_ ]?change|replace[-_ ]?(?:me|this|with)|your[-_ ]?(?:[a-z\d]{1,20}[-_ ]){0,6}(?:secret|key)|placeholder|example|insert[-_ ]|^<[^<>]{1,100}>$|x{6,}|todo|django-insecure/i;

type Secret = Subjects['secret'];

/** A compose file whose two services have these variables. */
function twoServices(one: string, other: string): string {
  const service = (name: string, variable: string) =>
    `  ${name}:\n    image: ${name}\n    environment:\n      ${variable}\n`;
  return `services:\n${service('auth', one)}${service('orders', other)}`;
}

/** The first weakness of a secret: one finding for each is enough. */
function weaknessOf(
  { value, bytes, isForTokens }: Secret,
  isKnown: (secret: string) => boolean,
): 'key' | 'known' | 'exemplary' | 'unresolved' | 'short' | 'poor' | undefined {
  if (findKeyIn(Buffer.from(bytes ?? value)) !== undefined) return 'key';
  if (isKnown(value)) return 'known';
  if (bytes === undefined && looksExemplary.test(value.slice(0, longestRead))) return 'exemplary';
  // Secrets of other services have lengths of their own.
  if (!isForTokens) return undefined;
  if (bytes === undefined && isUnresolved(value)) return 'unresolved';
  if (lengthOf({ value, bytes }) < leastBytes) return 'short';
  return entropyOf(value) < leastEntropy ? 'poor' : undefined;
}

/** The length of a secret in bytes. */
function lengthOf({ value, bytes }: Pick<Secret, 'value' | 'bytes'>): number {
  return bytes?.length ?? Buffer.byteLength(value);
}

/** The entropy of a text by the frequency of its characters (Shannon), in bits. */
function entropyOf(value: string): number {
  const counts = new Map<string, number>();
  for (const char of value) counts.set(char, (counts.get(char) ?? 0) + 1);
  const length = [...value].length;
  return [...counts.values()].reduce((sum, count) => sum - count * Math.log2(count / length), 0);
}

const sayHint = (value: string) => `(${hintOfSecret(value)})`;

export const secretRules = [
  rule({
    id: 'secret/well-known',
    level: 'error',
    about: 'secret',
    means:
      'The secret is on a list of secrets that everybody knows: defaults of frameworks, examples of documentation and tutorials.',
    help: replaceIt,
    source: 'RFC 8725 §3.5; tutorial, pitfall "keys in code"',
    bad: setting('your_super_secret_key_please_change'),
    good: setting(goodSecret),
    check: (secret, { isKnownSecret }) =>
      weaknessOf(secret, isKnownSecret) === 'known' && `the secret is well known ${sayHint(secret.value)}`,
  }),
  rule({
    id: 'secret/placeholder',
    level: 'error',
    about: 'secret',
    means:
      'The secret reads like an example that somebody was meant to replace, or like what a program shows instead of a secret.',
    help: replaceIt,
    source: 'RFC 8725 §3.5; tutorial, pitfall "keys in code"',
    bad: setting('please-change-this-before-you-deploy'),
    good: setting(goodSecret),
    check: (secret, { isKnownSecret }) => {
      const weakness = weaknessOf(secret, isKnownSecret);
      if (weakness === 'exemplary') return `the secret reads like an example ${sayHint(secret.value)}`;
      return weakness === 'unresolved' && `the secret ${unresolvedProblem} ${sayHint(secret.value)}`;
    },
  }),
  rule({
    id: 'secret/too-short',
    level: 'error',
    about: 'secret',
    means: 'The secret has fewer than 32 bytes: it can be guessed from one token, offline.',
    help: replaceIt,
    source: 'RFC 7518 §3.2; RFC 8725 §3.5',
    bad: setting('h7Kp2mQx'),
    good: setting(goodSecret),
    check: (secret, { isKnownSecret }) =>
      weaknessOf(secret, isKnownSecret) === 'short' &&
      `the secret has ${lengthOf(secret)} bytes, HS256 needs ${leastBytes}`,
  }),
  rule({
    id: 'secret/low-entropy',
    level: 'warning',
    about: 'secret',
    means: 'The secret is long, but repeats itself: it has far fewer possibilities than random bytes.',
    help: replaceIt,
    source: 'RFC 8725 §3.5; RFC 7518 §8.1',
    bad: setting('abababababababababababababababababababab'),
    good: setting(goodSecret),
    check: (secret, { isKnownSecret }) =>
      weaknessOf(secret, isKnownSecret) === 'poor' &&
      `the secret has some ${Math.round(entropyOf(secret.value))} bits of entropy`,
  }),
  rule({
    id: 'secret/is-a-key',
    level: 'error',
    about: 'secret',
    means: 'What should be a shared secret is a key or a certificate. If it is public, everybody can sign with it.',
    help: 'verify with --key, which takes public keys, or use random bytes as the secret',
    source: 'RFC 8725 §2.1 (key confusion)',
    bad: setting('"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHU1 alice"'),
    good: setting(goodSecret),
    check: (secret, { isKnownSecret }) =>
      weaknessOf(secret, isKnownSecret) === 'key' && `the secret is ${findKeyIn(Buffer.from(secret.value))}`,
  }),
  rule({
    id: 'secret/published',
    level: 'error',
    about: 'secret',
    means:
      'The secret stands in a ConfigMap, which many accounts of a cluster may read, and which is not encrypted at rest.',
    help: 'put it into a Secret, or a secret store',
    source: 'OWASP Kubernetes cheat sheet',
    bad: text(`apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: app\ndata:\n  JWT_SECRET: ${goodSecret}\n`),
    good: text(`apiVersion: v1\nkind: Secret\nmetadata:\n  name: app\nstringData:\n  JWT_SECRET: ${goodSecret}\n`),
    check: ({ isPublished }) => isPublished === true && 'a ConfigMap holds the secret',
  }),
  rule({
    id: 'secret/reused',
    level: 'warning',
    about: 'everything',
    means:
      'One secret has two uses: a leak or a weakness of one breaks the other, and tokens of one may pass in the other.',
    help: 'give each use a secret of its own',
    source: 'RFC 8725 §3.12; NIST SP 800-57 §5.2',
    bad: text(`ACCESS_TOKEN_SECRET=${goodSecret}\nREFRESH_TOKEN_SECRET=${goodSecret}\n`),
    good: text(`ACCESS_TOKEN_SECRET=${goodSecret}\nREFRESH_TOKEN_SECRET=EeNcVZ0QnbwP8vQ6f1bG3s9tqk2mYxLw7RzDhJ4uKcM\n`),
    check: (subjects) => {
      const first = new Map<string, { name: string; spot: Spot }>();
      const remarks: Remark[] = [];
      for (const { kind, value, spot } of subjects) {
        if (kind !== 'secret' || value.value.length < 8) continue;
        const other = first.get(value.value);
        if (other === undefined) first.set(value.value, { name: value.name, spot });
        else if (other.name !== value.name) {
          const where = other.spot.source === spot.source ? '' : ` in ${other.spot.source.name}`;
          remarks.push({ message: `the secret is that of ${other.name}${where}`, spot });
        }
      }
      return remarks;
    },
  }),
  rule({
    id: 'secret/shared-by-services',
    level: 'warning',
    about: 'everything',
    means: 'Several services have one secret that verifies tokens: each of them can also make tokens for all others.',
    help: 'sign with a private key in one service (RS256, ES256, EdDSA), and give the others the public half',
    source: 'tutorial, advice "RS256 with the public key published"; OWASP JWT cheat sheet',
    bad: text(twoServices(`JWT_SECRET: ${goodSecret}`, `JWT_SECRET: ${goodSecret}`)),
    good: text(twoServices(`JWT_SECRET: ${goodSecret}`, 'JWT_JWKS_URL: https://auth.example/.well-known/jwks.json')),
    check: (subjects) => {
      const first = new Map<string, string>();
      const remarks: Remark[] = [];
      for (const { kind, value, spot } of subjects) {
        const service = kind === 'secret' ? serviceOf(spot.part) : undefined;
        if (kind !== 'secret' || service === undefined || value.value.length < 8) continue;
        const identity = JSON.stringify([spot.source.name, value.name, value.value]);
        const other = first.get(identity);
        if (other === undefined) first.set(identity, service);
        else if (other !== service) remarks.push({ message: `${service} has the ${value.name} of ${other}`, spot });
      }
      return remarks;
    },
  }),
];

/** The service of a compose file, or the container of a pod, that a value belongs to. */
function serviceOf(part = ''): string | undefined {
  return /^services\.[^.]{1,100}|(?:^|\.)containers\.\d+/.exec(part)?.[0];
}
