import { describe, expect, test } from 'vitest';
import { type AlgorithmName, algorithmNames } from '../../src/jose/algorithms.js';
import { generateKey } from '../../src/jose/generate-key.js';
import { prepareSigner, signJws, verifyJws } from '../../src/jose/jws.js';
import { createKey, type Key } from '../../src/jose/key.js';
import { type PairName, storedPair } from '../attacks/trusted-keys.js';

/** RSA keys are stored ones: each takes long to make. */
async function keysFor(
  alg: AlgorithmName,
  kid?: string,
  rsa: PairName = 'rsa',
): Promise<{ signing: Key; trusted: Key }> {
  const made = /^[RP]S/.test(alg) ? storedPair(rsa) : await generateKey(alg);
  if ('secret' in made)
    return { signing: createKey(made.secret, { alg, kid }), trusted: createKey(made.secret, { alg, kid }) };
  return { signing: createKey(made.privateKey, { alg, kid }), trusted: createKey(made.publicKey, { alg, kid }) };
}

const code = (expected: string) => expect.objectContaining({ code: expected });
const { signing, trusted } = await keysFor('ES256', 'k1');
const other = await keysFor('ES256', 'k2');

describe('every algorithm', () => {
  test.each(algorithmNames)('%s signs bytes that verify under the same key only', async (alg) => {
    const keys = await keysFor(alg);
    const stranger = await keysFor(alg, undefined, 'rsaOther');
    const token = await signJws(Buffer.of(0, 0xff), keys.signing);
    const { header, payload, key } = verifyJws(token, [keys.trusted]);
    expect(header).toEqual({ alg });
    expect([...payload]).toEqual([0, 0xff]);
    expect(key).toBe(keys.trusted);
    expect(() => verifyJws(token, [stranger.trusted])).toThrow(code('SIGNATURE_INVALID'));
  });
});

describe('verifyJws chooses the key', () => {
  test('with the kid of the token', async () => {
    const token = await signJws('x', other.signing);
    expect(verifyJws(token, [trusted, other.trusted]).key).toBe(other.trusted);
    expect(() => verifyJws(token, [trusted])).toThrow(
      expect.objectContaining({
        code: 'KEY_NOT_FOUND',
        message: 'no trusted key has the kid "k2"',
        hint: 'trusted kids: k1',
      }),
    );
  });

  test('by trying each key, for a token without kid', async () => {
    const token = await signJws('x', createKey(other.signing.keyObject));
    expect(verifyJws(token, [trusted, other.trusted]).key).toBe(other.trusted);
  });

  test('refuses a token without any trusted key', async () => {
    expect(() => verifyJws('e30.e30.', [])).toThrow(code('TOKEN_MALFORMED'));
    const token = await signJws('x', signing);
    expect(() => verifyJws(token, [])).toThrow('there is no trusted key to verify with');
  });
});

describe('verifyJws allows an algorithm', () => {
  test('only if the options name it', async () => {
    const token = await signJws('x', signing);
    expect(verifyJws(token, [trusted], { algorithms: ['RS256', 'ES256'] }).header.alg).toBe('ES256');
    expect(() => verifyJws(token, [trusted], { algorithms: [] })).toThrow(code('ALG_NOT_ALLOWED'));
    const text = 'ES256' as unknown as AlgorithmName[];
    expect(() => verifyJws(token, [trusted], { algorithms: text })).toThrow(code('USAGE_INVALID'));
  });

  test('only if the key allows it', async () => {
    const { privateKey, publicKey } = storedPair('rsa');
    const token = await signJws('x', createKey(privateKey), { alg: 'PS256' });
    expect(verifyJws(token, [createKey(publicKey)]).header.alg).toBe('PS256');
    expect(() => verifyJws(token, [createKey(publicKey, { alg: 'RS256' })])).toThrow(
      'algorithm PS256 is not allowed by the trusted key, which allows RS256',
    );
  });

  test('only with a key that may verify', async () => {
    const token = await signJws('x', signing);
    const signOnly = createKey(signing.keyObject, { operations: ['sign'] });
    expect(() => verifyJws(token, [signOnly])).toThrow(code('ALG_NOT_ALLOWED'));
  });
});

test('verifyJws tells a signature of the wrong length from a wrong one', async () => {
  const [header, payload, signature = ''] = (await signJws('x', signing)).split('.');
  const cut = [header, payload, Buffer.from(signature, 'base64url').subarray(1).toString('base64url')].join('.');
  expect(() => verifyJws(cut, [trusted])).toThrow('signature has 63 bytes, ES256 with this key makes 64');
  expect(() => verifyJws(`${header}.${payload}.`, [trusted])).toThrow('signature is missing');
});

test('verifyJws refuses a token that is longer than maxLength', async () => {
  const token = await signJws('x', signing);
  expect(verifyJws(token, [trusted], { maxLength: token.length }).header.alg).toBe('ES256');
  expect(() => verifyJws(token, [trusted], { maxLength: token.length - 1 })).toThrow(code('TOKEN_MALFORMED'));
  for (const maxLength of [0, 1.5, Number.NaN]) {
    expect(() => verifyJws(token, [trusted], { maxLength })).toThrow(code('USAGE_INVALID'));
  }
});

describe('signJws writes the header', () => {
  test('with alg, typ and kid first, and without undefined members', async () => {
    const token = await signJws('x', signing, { header: { x: undefined, cty: 'text', typ: 'bytes' } });
    const header = Buffer.from(token.split('.')[0] ?? '', 'base64url').toString();
    expect(header).toBe('{"alg":"ES256","typ":"bytes","kid":"k1","cty":"text"}');
  });

  test.each<[string, Record<string, unknown>]>([
    ['crit', { crit: ['exp'] }],
    ['b64', { b64: false }],
    ['another alg', { alg: 'none' }],
    ['a kid that is no string', { kid: 1 }],
    ['a member named __proto__', JSON.parse('{"__proto__":1}')],
    ['a number that JSON cannot write', { x: Number.POSITIVE_INFINITY }],
    ['a lone surrogate', { x: '\ud800' }],
  ])('refuses the header %s', async (_, header) => {
    await expect(signJws('x', signing, { header })).rejects.toEqual(code('USAGE_INVALID'));
  });
});

test.each<[string, () => unknown]>([
  ['a public key', () => prepareSigner(trusted)],
  ['a key that may only verify', () => prepareSigner(createKey(signing.keyObject, { operations: ['verify'] }))],
  ['an algorithm that the key does not allow', () => prepareSigner(signing, { alg: 'ES384' })],
])('signing refuses %s', (_, prepare) => expect(prepare).toThrow(code('USAGE_INVALID')));
