/** Rules about JWK Sets. */
import { asText, quoteText } from '../../jose/json.js';
import { holdsSecret } from '../../jose/jwk.js';
import { isNumericDate } from '../../token/time.js';
import { ecKey, ecPrivate, exampleNow, json, otherEcKey } from '../example.js';
import { rule, type Subjects } from '../rule.js';

const week = 7 * 86_400;
const year = 365 * 86_400;
const set = (...keys: object[]) => json({ keys });
const cached = (cacheControl?: string) => json({ keys: [ecKey] }, { live: { cacheControl } });
const verifying = ({ keys }: Subjects['set']) => keys.filter(({ use }) => use !== 'enc');

/** Returns max-age in seconds; 0 if the set must not be kept. */
function maxAgeOf(cacheControl: string | undefined): number | undefined {
  if (cacheControl === undefined) return undefined;
  if (/\bno-(?:store|cache)\b/i.test(cacheControl)) return 0;
  const seconds = /(?:^|[,\s])max-age\s*=\s*"?(\d{1,12})/i.exec(cacheControl)?.[1];
  return seconds === undefined ? undefined : Number(seconds);
}

export const setRules = [
  rule({
    id: 'set/private-key',
    level: 'error',
    about: 'set',
    means:
      'The JWK Set holds a private half or a shared secret. A set is for publication: anybody who reads it can sign.',
    help: 'publish jwtkit keys jwks, make new keys, and end those that were published',
    source: 'RFC 7517 §9.2',
    bad: set({ ...ecKey, d: ecPrivate }),
    good: set(ecKey),
    check: ({ keys }) => {
      const secret = keys.flatMap((key, at) => (holdsSecret(key) ? [at] : []));
      return secret.slice(0, 5).map((at) => ({ message: 'a key has its private half in it', part: `keys[${at}]` }));
    },
  }),
  rule({
    id: 'set/empty',
    level: 'error',
    about: 'set',
    means: 'The JWK Set has no key: every token is refused.',
    help: 'publish the keys: jwtkit keys jwks',
    source: 'RFC 7517 §5',
    bad: set(),
    good: set(ecKey),
    check: ({ keys }) => keys.length === 0 && 'the set has no key',
  }),
  rule({
    id: 'set/kid-twice',
    level: 'error',
    about: 'set',
    means: 'Two different keys have one kid: which one verifies depends on the library.',
    help: 'give each key a kid of its own, such as its thumbprint',
    source: 'RFC 7517 §4.5',
    bad: set(ecKey, { ...otherEcKey, kid: ecKey.kid }),
    good: set(ecKey, otherEcKey),
    check: ({ keys }) => {
      const first = new Map<string, string>();
      const twice = new Set<string>();
      for (const { kid, kty, n, x, k } of keys) {
        if (typeof kid !== 'string') continue;
        const identity = JSON.stringify([kty, n, x, k]);
        if ((first.get(kid) ?? identity) !== identity) twice.add(kid);
        first.set(kid, identity);
      }
      return [...twice].slice(0, 5).map((kid) => `two keys have the kid ${quoteText(kid)}`);
    },
  }),
  rule({
    id: 'set/key-twice',
    level: 'warning',
    about: 'set',
    means:
      'One key stands in the set under two kids: it was renamed, not rotated, and is still trusted when one of them goes.',
    help: 'make a new key: jwtkit keys rotate',
    source: 'RFC 7517 §4.5; NIST SP 800-57 §5.3',
    bad: set(ecKey, { ...ecKey, kid: 'key-2028' }),
    good: set(ecKey, otherEcKey),
    check: ({ keys }) => {
      const first = new Map<string, unknown>();
      const twice: string[] = [];
      for (const { kid, kty, n, x, y } of keys) {
        const identity = JSON.stringify([kty, n, x, y]);
        if (n === undefined && x === undefined) continue;
        const other = first.get(identity);
        if (other === undefined) first.set(identity, kid ?? null);
        else if (kid !== undefined && other !== kid)
          twice.push(`the key ${quoteText(asText(kid))} stands in the set twice`);
      }
      return twice.slice(0, 5);
    },
  }),
  rule({
    id: 'set/key-too-old',
    level: 'note',
    about: 'set',
    means: 'The newest key of the set is older than two years: the longer a key signs, the more a stolen one is worth.',
    help: 'rotate keys at least once a year: jwtkit keys rotate',
    source: 'NIST SP 800-57 §5.3.6; tutorial, advice "key rotation with a time of grace"',
    bad: set({ ...ecKey, iat: exampleNow - 3 * year }),
    good: set(
      { ...otherEcKey, iat: exampleNow - 3 * year, exp: exampleNow + 30 * 86_400 },
      { ...ecKey, iat: exampleNow - year },
    ),
    check: (value, { now }) => {
      const made = verifying(value).map(({ iat }) => (isNumericDate(iat) ? iat : Infinity));
      return made.length > 0 && Math.max(...made) < now - 2 * year && 'the newest key is older than two years';
    },
  }),
  rule({
    id: 'set/algorithms-mixed',
    level: 'error',
    about: 'set',
    means:
      'The set mixes shared secrets and public keys: a verifier that takes the algorithm from the token confuses them.',
    help: 'keep secrets out of the set',
    source: 'RFC 8725 §2.1, §3.1',
    bad: set(ecKey, {
      kty: 'oct',
      k: 'EeNcVZ0QnbwP8vQ6f1bG3s9tqk2mYxLw7RzDhJ4uKcM',
      kid: 'hs',
      alg: 'HS256',
      use: 'sig',
    }),
    good: set(ecKey, otherEcKey),
    check: ({ keys }) =>
      new Set(keys.map(({ kty }) => kty === 'oct')).size > 1 && 'secrets and public keys are in one set',
  }),
  rule({
    id: 'set/no-successor',
    level: 'warning',
    about: 'set',
    means: 'All keys of the set end within a week, and none is announced to follow: verifiers will find no key.',
    help: 'rotate now: jwtkit keys rotate',
    source: 'tutorial, advice "key rotation with a time of grace"; OpenID Connect Core §10.1.1',
    bad: set({ ...ecKey, exp: exampleNow + 86_400 }),
    good: set({ ...otherEcKey, exp: exampleNow + 86_400 }, ecKey),
    check: (value, { now }) => {
      const ends = verifying(value).map(({ exp }) => (isNumericDate(exp) ? exp : Infinity));
      return ends.length > 0 && Math.max(...ends) < now + week && 'every key ends within a week';
    },
  }),
  rule({
    id: 'set/no-overlap',
    level: 'warning',
    about: 'set',
    means:
      'A key begins only after all others have ended: tokens in between, and verifiers with a copy of the set, find no key.',
    help: 'let the old key verify for a while after the new one begins: jwtkit keys rotate --grace 7d',
    source: 'tutorial, advice "key rotation with a time of grace"; OpenID Connect Core §10.1.1',
    bad: set({ ...otherEcKey, exp: exampleNow + 20 * 86_400 }, { ...ecKey, nbf: exampleNow + 21 * 86_400 }),
    good: set({ ...otherEcKey, exp: exampleNow + 20 * 86_400 }, { ...ecKey, nbf: exampleNow + 10 * 86_400 }),
    check: (value) => {
      const keys = verifying(value);
      if (keys.length < 2 || keys.length > 100) return undefined;
      return (
        keys.some(({ nbf }, at) => {
          const others = keys.filter((_, other) => other !== at);
          return isNumericDate(nbf) && others.every(({ exp }) => isNumericDate(exp) && exp <= nbf);
        }) && 'a key begins after all others have ended'
      );
    },
  }),
  rule({
    id: 'set/not-cacheable',
    level: 'warning',
    about: 'set',
    means:
      'The server says nothing about caching, or forbids it: verifiers fetch the set for each token, or keep it as long as they like.',
    help: 'send Cache-Control: public, max-age=300 or so',
    source: 'RFC 9111 §5.2; OpenID Connect Core §10.1.1',
    bad: cached(),
    good: cached('public, max-age=300'),
    check: (_, __, { source: { live } }) => {
      const seconds = maxAgeOf(live?.cacheControl);
      return (
        live !== undefined &&
        (seconds === undefined || seconds === 0) &&
        'the answer has no cache-control with a max-age'
      );
    },
  }),
  rule({
    id: 'set/cached-too-long',
    level: 'warning',
    about: 'set',
    means: 'Verifiers may keep the set for more than a day: a new key is unknown, and a stolen one trusted, that long.',
    help: 'send a max-age of minutes to hours',
    source: 'OpenID Connect Core §10.1.1',
    bad: cached('public, max-age=2592000'),
    good: cached('public, max-age=3600'),
    check: (_, __, { source: { live } }) => {
      const seconds = maxAgeOf(live?.cacheControl) ?? 0;
      return seconds > 86_400 && `max-age is ${seconds} s`;
    },
  }),
];
