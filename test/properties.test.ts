/** What must hold for every input rather than for the ones that somebody thought of. Seeded, so that a failure comes back. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { JwtkitError } from '../src/errors.js';
import { type AlgorithmName, algorithmNames } from '../src/jose/algorithms.js';
import { readJson } from '../src/jose/json.js';
import { JsonError } from '../src/jose/json-reader.js';
import { holdsSecret, importJwk } from '../src/jose/jwk.js';
import { importJwkSet } from '../src/jose/jwk-set.js';
import { createKey } from '../src/jose/key.js';
import { loadKeys } from '../src/jose/keys.js';
import { loadSecret } from '../src/jose/secret.js';
import type { Claims } from '../src/token/claims.js';
import { decodeToken } from '../src/token/decode.js';
import { inspectToken } from '../src/token/inspect.js';
import { issueToken } from '../src/token/issue.js';
import { reportToken, verifyToken } from '../src/token/verify.js';
import { anyCharacter } from './any-character.js';
import { claims, headerOf, now, seal, sealClaims } from './attacks/forge.js';
import {
  families,
  privateJwk,
  publicJwk,
  publicKeys,
  publicPem,
  secret,
  signers,
  stored,
} from './attacks/trusted-keys.js';
import { runs } from './runs.js';

fc.configureGlobal({ seed: 7519, numRuns: runs(1000) });

const name = fc.oneof(
  fc.string({ unit: anyCharacter, maxLength: 12 }),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'then', 'toJSON', '', '0', 'a:b', '"', '\\', '\u2028', 'é'),
);
/** A JSON value as JSON gives it back: no -0, whatever names. */
const json: fc.Arbitrary<unknown> = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constantFrom(null, true, false, 0, 1, -1.5, 1e21, 5e-324, 2 ** 53),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (number === 0 ? 0 : number)),
    fc.string({ unit: anyCharacter, maxLength: 16 }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.array(fc.tuple(name, tie('value')), { maxLength: 4 }).map((members) => Object.fromEntries(members)),
  ),
})).value;
const object = fc.array(fc.tuple(name, json), { maxLength: 6 }).map((members) => Object.fromEntries(members) as object);

/** Headers and claims sets around the members that the code looks at, with values that it does not expect. */
const near = (names: readonly string[]) =>
  fc
    .tuple(fc.array(fc.tuple(fc.constantFrom(...names), json), { maxLength: 3 }), object)
    .map(([members, rest]) => ({ ...rest, ...Object.fromEntries(members) }));
const headers = near(['alg', 'kid', 'typ', 'cty', 'crit', 'b64', 'jwk', 'jku', 'x5c', 'x5u', 'zip']);
const claimSets = near(['exp', 'nbf', 'iat', 'iss', 'sub', 'aud', 'jti', 'type', 'scope', 'role']);

function expectOurs(error: unknown): void {
  if (!(error instanceof JwtkitError)) throw error;
}

/** Runs every reader of untrusted text over one; nothing but our errors may come out. */
async function read(token: string): Promise<void> {
  const policy = {
    audience: 'api',
    issuer: 'https://issuer.example',
    subject: 'user-123',
    scope: ['read'],
    role: ['admin'],
    typ: 'JWT',
    maxAge: 60,
    require: [{ name: 'x', value: { a: 1 } }],
  };
  for (const { trusted } of [signers.HS256, signers.ES256]) {
    const deps = { keys: [trusted], now };
    const report = await reportToken(token, policy, deps);
    expect(report.valid).toBe(report.code === null);
    await verifyToken(token, policy, deps).catch(expectOurs);
  }
  for (const reader of [decodeToken, (text: string) => inspectToken(text, { now })]) {
    try {
      reader(token);
    } catch (error) {
      expectOurs(error);
    }
  }
}

const base64url = fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes).toString('base64url'));
const jsonSegment = fc
  .oneof(headers, claimSets, json)
  .map((value) => Buffer.from(JSON.stringify(value)).toString('base64url'));
const text = fc.string({ unit: anyCharacter, maxLength: 60 });

describe('readers throw nothing but JwtkitError', () => {
  test.each([
    [
      'any text',
      fc.oneof(text, fc.string({ unit: fc.constantFrom('.', 'e', '=', '{', '\0', '\ud800'), maxLength: 40 })),
    ],
    ['three segments of any text', fc.tuple(text, text, text).map((segments) => segments.join('.'))],
    ['three segments of base64url', fc.tuple(base64url, base64url, base64url).map((segments) => segments.join('.'))],
    ['three segments of JSON', fc.tuple(jsonSegment, jsonSegment, base64url).map((segments) => segments.join('.'))],
  ])('over %s', async (_what, tokens) => {
    await fc.assert(fc.asyncProperty(tokens, read));
  });

  test('over any header, signed right', async () => {
    await fc.assert(
      fc.asyncProperty(headers, fc.boolean(), (members, isWithAlg) =>
        read(seal(signers.HS256, isWithAlg ? { ...members, alg: 'HS256' } : members).token),
      ),
    );
  });

  test('over any claims, signed right', async () => {
    await fc.assert(
      fc.asyncProperty(claimSets, (members) => read(seal(signers.HS256, headerOf(signers.HS256), members).token)),
    );
  });

  test('over any bytes as payload, signed right', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 40 }), (bytes) =>
        read(seal(signers.HS256, headerOf(signers.HS256), bytes).token),
      ),
    );
  });
});

describe('loaders throw nothing but JwtkitError', () => {
  const jwks = [
    publicJwk('rsa'),
    privateJwk('rsa'),
    publicJwk('p256'),
    privateJwk('p256'),
    publicJwk('ed25519'),
    { kty: 'oct', k: stored.secret },
  ];
  const member = fc.constantFrom(
    'kty',
    'kid',
    'use',
    'key_ops',
    'alg',
    'crv',
    'n',
    'e',
    'd',
    'p',
    'q',
    'x',
    'y',
    'k',
    'oth',
  );
  const value = fc.oneof(
    json,
    base64url,
    // JavaScript cannot make a text of these.
    fc.constantFrom([{ toString: null }], { toString: null }, ['-----BEGIN PUBLIC KEY-----', { toString: null }]),
    fc.constantFrom('', 'AA', 'AQ', 'AAAA', 'RSA', 'EC', 'OKP', 'oct', 'P-256', 'RS256', 'none'),
  );
  const damaged = fc
    .tuple(fc.constantFrom(...jwks), fc.array(fc.tuple(member, value), { minLength: 1, maxLength: 3 }))
    .map(([jwk, members]) => ({ ...jwk, ...Object.fromEntries(members) }));

  test.each([
    ['a damaged JWK', (jwk: object) => importJwk(jwk)],
    ['a JWK Set with a damaged JWK', (jwk: object) => importJwkSet({ keys: [publicJwk('p384'), jwk] })],
    ['a file with a damaged JWK', (jwk: object) => loadKeys(JSON.stringify(jwk), { purpose: 'sign' })],
  ])('over %s', (_what, load) => {
    fc.assert(
      fc.property(damaged, (jwk) => {
        try {
          load(jwk);
        } catch (error) {
          expectOurs(error);
        }
      }),
      { numRuns: runs(6000) },
    );
  });

  test('a damaged public JWK in a set changes nothing for the other keys', () => {
    const isPublic = (jwk: object) => !holdsSecret(jwk);
    fc.assert(
      fc.property(damaged.filter(isPublic), fc.boolean(), (jwk, isFirst) => {
        const good = { ...publicJwk('p384'), kid: 'good' };
        const { keys, skipped } = importJwkSet({ keys: isFirst ? [jwk, good] : [good, jwk] });
        expect(keys.length + skipped.length).toBe(2);
        expect(keys.some(({ kid, keyObject }) => kid === 'good' && keyObject.equals(publicKeys.p384))).toBe(true);
      }),
      { numRuns: runs(2000) },
    );
  });

  test.each([
    ['any bytes', fc.uint8Array({ maxLength: 80 })],
    ['any text', text],
    [
      'a damaged PEM',
      fc
        .tuple(
          fc.constantFrom(publicPem('rsa'), publicPem('p256'), stored.certificates.rsa),
          fc.nat(),
          fc.nat({ max: 8 }),
          text,
        )
        .map(([pem, at, cut, put]) => pem.slice(0, at % pem.length) + put + pem.slice((at % pem.length) + cut)),
    ],
  ])('over %s', (_what, contents: fc.Arbitrary<string | Uint8Array>) => {
    fc.assert(
      fc.property(contents, (content) => {
        for (const load of [() => loadKeys(content, { purpose: 'verify' }), () => loadSecret(content)]) {
          try {
            load();
          } catch (error) {
            expectOurs(error);
          }
        }
      }),
    );
  });
});

describe('every issued token verifies with the same claims', () => {
  const registered = ['exp', 'nbf', 'iat', 'iss', 'sub', 'aud', 'jti', 'type', 'scope', 'role'];
  const given = object.map(
    (members) => Object.fromEntries(Object.entries(members).filter(([key]) => !registered.includes(key))) as Claims,
  );
  const key = (alg: AlgorithmName) => createKey(signers[alg].key);

  test.each(algorithmNames)('%s', async (alg) => {
    await fc.assert(
      fc.asyncProperty(given, async (members) => {
        const issued = await issueToken(members, { alg }, { key: key(alg), now, newId: () => 'id-1' });
        const verified = await verifyToken(issued.token, {}, { keys: [signers[alg].trusted], now });
        const expected = { ...members, type: 'access', iat: now, exp: now + 1800, jti: 'id-1' };
        // As texts: equality of objects would not see an own __proto__.
        expect(JSON.stringify(verified.claims)).toBe(JSON.stringify(expected));
        expect(JSON.stringify(issued.claims)).toBe(JSON.stringify(expected));
        expect(JSON.stringify(decodeToken(issued.token).claims)).toBe(JSON.stringify(expected));
      }),
      { numRuns: runs(60) },
    );
  });
});

describe('any change of one character is refused', () => {
  const alphabet = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \n\0é'];
  const change = fc.record({
    at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    how: fc.constantFrom('replace', 'insert', 'delete', 'double', 'swap'),
    char: fc.constantFrom(...alphabet),
  });

  function apply(token: string, { at, how, char }: { at: number; how: string; char: string }): string {
    const place = Math.floor(at * (how === 'insert' ? token.length + 1 : token.length));
    const before = token.slice(0, place);
    const here = token.charAt(place);
    const after = token.slice(place + 1);
    if (how === 'replace') return before + char + after;
    if (how === 'insert') return before + char + here + after;
    if (how === 'double') return before + here + here + after;
    if (how === 'swap') return before + after.charAt(0) + here + after.slice(1);
    return before + after;
  }

  test.each(families.map((signer) => [signer.alg, signer] as const))('%s', async (_alg, signer) => {
    const { token, keys } = sealClaims(signer, {});
    await verifyToken(token, {}, { keys, now });
    await fc.assert(
      fc.asyncProperty(change, async (how) => {
        const changed = apply(token, how);
        fc.pre(changed !== token);
        const report = await reportToken(changed, {}, { keys, now });
        expect(report.valid).toBe(false);
        expect(report.claims).toBeUndefined();
      }),
    );
  });

  test('refuses any token if one bit of the secret changed', async () => {
    const { token } = sealClaims(signers.HS256, {});
    await fc.assert(
      fc.asyncProperty(fc.nat({ max: secret.length * 8 - 1 }), async (bit) => {
        const other = Buffer.from(secret);
        other[bit >> 3] = (other[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        const report = await reportToken(token, {}, { keys: [loadSecret(other)], now });
        expect(report.code).toBe('SIGNATURE_INVALID');
      }),
      { numRuns: runs(100) },
    );
  });
});

describe('strict JSON', () => {
  const parse = (written: string) => readJson(Buffer.from(written, 'utf8')).value;

  /** What a text is written with: which characters are escaped, what white space stands between tokens. */
  interface Manner {
    readonly space: string;
    readonly isEscaped: boolean;
  }
  const manner: fc.Arbitrary<Manner> = fc.record({
    space: fc.constantFrom('', ' ', '\n', '\t\r\n '),
    isEscaped: fc.boolean(),
  });

  function writeString(value: string, { isEscaped }: Manner): string {
    if (!isEscaped) return JSON.stringify(value);
    const units = Array.from({ length: value.length }, (_, at) => value.charCodeAt(at).toString(16).padStart(4, '0'));
    return `"${units.map((unit) => `\\u${unit}`).join('')}"`;
  }

  /** Writes a value; `splice` may add members to the members of each object that has some. */
  function write(value: unknown, how: Manner, splice: (members: string[], names: string[]) => void = () => {}): string {
    const { space } = how;
    const join = (parts: string[]) => parts.map((part) => space + part + space).join(',');
    if (typeof value === 'string') return writeString(value, how);
    if (Array.isArray(value)) return `[${join(value.map((item) => write(item, how, splice)))}]`;
    if (typeof value !== 'object' || value === null) return JSON.stringify(value);
    const names = Object.keys(value);
    const members = Object.entries(value).map(
      ([key, item]) => `${writeString(key, how)}${space}:${space}${write(item, how, splice)}`,
    );
    if (names.length > 0) splice(members, names);
    return `{${join(members)}}`;
  }

  // Compared with the value itself: JSON.parse of Node 24 and 26 misreads some escaped names (nodejs/node#63785).
  test('reads every value without duplicates as it was written', () => {
    fc.assert(
      fc.property(json, manner, (value, how) => {
        const written = write(value, how);
        expect(JSON.stringify(parse(written))).toBe(JSON.stringify(value));
      }),
    );
  });

  test('refuses a duplicate wherever it is spliced in', () => {
    const splicing = fc.record({ which: fc.nat(), name: fc.nat(), place: fc.nat(), value: json, how: manner });
    fc.assert(
      fc.property(fc.oneof(object, json), manner, splicing, (value, how, { which, name, place, ...duplicate }) => {
        let objects = 0;
        write(value, how, () => objects++);
        fc.pre(objects > 0);
        let at = 0;
        const written = write(value, how, (members, names) => {
          if (at++ !== which % objects) return;
          const twice = names[name % names.length] ?? '';
          const member = `${writeString(twice, duplicate.how)}:${write(duplicate.value, duplicate.how)}`;
          members.splice(place % (members.length + 1), 0, member);
        });
        expect(() => JSON.parse(written)).not.toThrow();
        expect(() => parse(written)).toThrow(JsonError);
      }),
    );
  });

  test('refuses all that JSON.parse refuses, and reads the rest to the same value', () => {
    fc.assert(
      fc.property(json, manner, fc.nat(), fc.constantFrom('', ...'{}[]",:\\u0-.eE \n\0tn'), (value, how, at, put) => {
        const written = write(value, how);
        const place = at % (written.length + 1);
        const changed = written.slice(0, place) + put + written.slice(place + 1);
        // Half a surrogate pair is no text that UTF-8 can carry.
        fc.pre(changed.isWellFormed());
        let expected: unknown;
        try {
          expected = JSON.parse(changed);
        } catch {
          expect(() => parse(changed)).toThrow(JsonError);
          return;
        }
        try {
          expect(JSON.stringify(parse(changed))).toBe(JSON.stringify(expected));
        } catch (error) {
          if (!(error instanceof JsonError)) throw error;
        }
      }),
    );
  });

  test('reads every claims set as it was signed', () => {
    fc.assert(
      fc.property(object, (members) => {
        const { token } = seal(signers.HS256, headerOf(signers.HS256), { ...claims, ...members });
        expect(JSON.stringify(decodeToken(token).claims)).toBe(JSON.stringify({ ...claims, ...members }));
      }),
    );
  });
});
