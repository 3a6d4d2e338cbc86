import { createSecretKey } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { importJwkSet, type SkippedJwk } from '../../src/jose/jwk-set.js';
import { signJws, verifyJws } from '../../src/jose/jws.js';
import { createKey, type Key } from '../../src/jose/key.js';
import { reportToken } from '../../src/token/verify.js';
import { now, sealClaims } from '../attacks/forge.js';
import { named, publicJwk, signers, strangers } from '../attacks/trusted-keys.js';

const makeSecret = (at: number) => createKey(createSecretKey(Buffer.alloc(32, at + 1)), { source: `secret ${at}` });

describe('at most 32 keys are tried for one token', () => {
  const keys = Array.from({ length: 40 }, (_, at) => makeSecret(at));
  test.each([
    [0, true],
    [31, true],
    [32, false],
    [39, false],
  ])('key %i of 40 holds: %s', async (at, isTried) => {
    const token = await signJws('{}', keys[at] as Key);
    if (isTried) expect(verifyJws(token, keys).key.source).toBe(`secret ${at}`);
    else {
      const message = 'signature does not hold under the first 32 of 40 trusted keys that fit';
      expect(() => verifyJws(token, keys)).toThrow(expect.objectContaining({ code: 'SIGNATURE_INVALID', message }));
    }
  });

  test('keys of other types, algorithms and kids are not counted', async () => {
    const others = Array.from({ length: 40 }, (_, at) => createKey(signers.RS256.trusted.keyObject, { kid: `k${at}` }));
    const key = createKey(signers.ES256.key, { kid: 'mine' });
    const token = await signJws('{}', key);
    const trusted = createKey(signers.ES256.trusted.keyObject, { kid: 'mine' });
    expect(verifyJws(token, [...others, trusted]).key).toBe(trusted);
  });
});

test.each([
  ['cut', signers.RS256, (signature: Buffer) => signature.subarray(0, -3), 'the token was cut'],
  [
    'followed by a letter',
    signers.ES256,
    (signature: Buffer) => Buffer.concat([signature, Buffer.of(0)]),
    'something stands right behind',
  ],
  ['of a larger key', signers.RS256, () => Buffer.alloc(384, 1), 'a key of 3072 bits makes one as long'],
  ['in DER', signers.ES256, () => Buffer.from(`3045${'01'.repeat(69)}`, 'hex'), 'R and S stand alone'],
] as const)('the refusal of a signature that is %s says so', async (_what, signer, change, hint) => {
  const [header, payload, signature] = (await signJws('{}', createKey(signer.key))).split('.') as [
    string,
    string,
    string,
  ];
  const changed = change(Buffer.from(signature, 'base64url')).toString('base64url');
  expect(() => verifyJws(`${header}.${payload}.${changed}`, [signer.trusted])).toThrow(
    expect.objectContaining({ code: 'SIGNATURE_MALFORMED', hint: expect.stringContaining(hint) }),
  );
});

test('the verdict reports the key of several with one kid that held', async () => {
  const set = [publicJwk('p256Other'), publicJwk('rsa'), publicJwk('p256')].map((jwk) => ({ ...jwk, kid: 'a' }));
  const { keys } = importJwkSet({ keys: set });
  const { token } = sealClaims(signers.ES256, {}, { kid: 'a' });
  expect(verifyJws(token, keys).key.keyObject.equals(signers.ES256.trusted.keyObject)).toBe(true);
  expect(await reportToken(token, {}, { keys, now })).toMatchObject({ valid: true, key: { kid: 'a', alg: 'ES256' } });
});

describe('a refusal names the key that was left out', () => {
  const broken: SkippedJwk = { kid: 'k2', reason: 'n is not canonical base64url', isBroken: true };
  const rsa = named(signers.RS256, 'k1').trusted;
  const ec = named(signers.ES256, 'k2').trusted;
  const otherRsa = { ...strangers.RS256.trusted, kid: 'k2' };
  const cannot = 'key k2 is in the set but cannot be used: n is not canonical base64url';
  const listed = 'left out: k2 (n is not canonical base64url)';
  const many = ['a', 'b', 'c', 'd', 'e'].map((kid) => ({ ...broken, kid }));
  const long = { ...broken, kid: `\u001b[2J${'x'.repeat(500)}` };

  test.each<[string, string | undefined, Key[], SkippedJwk[], string, string, string | undefined]>([
    ['by its kid', 'k2', [rsa], [broken], 'KEY_NOT_FOUND', cannot, 'trusted kids: k1'],
    ['beside a key of another type', 'k2', [rsa, ec], [broken], 'KEY_NOT_FOUND', cannot, 'trusted kids: k1, k2'],
    ['beside keys without a kid', 'k2', [strangers.RS256.trusted], [broken], 'KEY_NOT_FOUND', cannot, undefined],
    [
      'beside another key with its kid',
      'k2',
      [otherRsa],
      [broken],
      'SIGNATURE_INVALID',
      'under the trusted key',
      listed,
    ],
    ['for another kid', 'k9', [rsa], [broken], 'KEY_NOT_FOUND', 'the kid "k9"', `trusted kids: k1; ${listed}`],
    ['for no kid', undefined, [otherRsa], [broken], 'SIGNATURE_INVALID', 'under the trusted key', listed],
    ['for no kid and no type', undefined, [ec], [broken], 'ALG_NOT_ALLOWED', 'which allows ES256', listed],
    [
      'unless it is for another purpose',
      'k9',
      [rsa],
      [{ ...broken, isBroken: false }],
      'KEY_NOT_FOUND',
      'k9',
      'trusted kids: k1',
    ],
    [
      'with others',
      'k9',
      [rsa],
      many,
      'KEY_NOT_FOUND',
      'k9',
      expect.stringMatching(/c \([^)]*\) and 2 more$/) as string,
    ],
    ['cut and escaped', 'k9', [rsa], [long], 'KEY_NOT_FOUND', 'k9', expect.stringContaining('\\u001b[2Jx') as string],
  ])('%s', async (_, kid, keys, skipped, code, message, hint) => {
    const { token } = sealClaims(signers.RS256, {}, kid === undefined ? {} : { kid });
    const report = await reportToken(token, {}, { keys, skipped, now });
    const check = report.checks.find(({ status }) => status === 'failed');
    expect(check).toMatchObject({ code, message: expect.stringContaining(message) });
    expect(check?.hint).toEqual(hint);
    expect((check?.hint ?? '').length).toBeLessThan(400);
  });

  test('and is not named where a key verifies', async () => {
    const { token } = sealClaims(signers.RS256, {}, { kid: 'k1' });
    expect(await reportToken(token, {}, { keys: [rsa], skipped: [broken], now })).toMatchObject({ valid: true });
  });
});
