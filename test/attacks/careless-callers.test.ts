/** Options that TypeScript would not let through and JavaScript does: a slip of the caller must never widen what is accepted. */
import { describe, expect, test } from 'vitest';
import { JwtkitError } from '../../src/errors.js';
import { signJws } from '../../src/jose/jws.js';
import { createKey } from '../../src/jose/key.js';
import type { Claims } from '../../src/token/claims.js';
import { issueToken } from '../../src/token/issue.js';
import type { VerifyPolicy } from '../../src/token/policy.js';
import { reportToken } from '../../src/token/verify.js';
import { claims, headerOf, now, type Sealed, seal, sealClaims } from './forge.js';
import { signers } from './trusted-keys.js';

const expired = sealClaims(signers.HS256, { exp: now - 10_000 });
const forApi = sealClaims(signers.HS256, { aud: 'api' });
const tooLong = seal(signers.HS256, headerOf(signers.HS256), { ...claims, x: 'x'.repeat(70_000) });

type Slip = [string, Sealed, object, object?];

const slips: Slip[] = [
  ['leeway as text, which + would append', expired, { leeway: '30' }],
  ['leeway as text with a unit', expired, { leeway: '30s' }],
  ['leeway as an array', expired, { leeway: [30] }],
  ['an infinite leeway', expired, { leeway: Number.POSITIVE_INFINITY }],
  ['leeway not a number', expired, { leeway: Number.NaN }],
  ['leeway as text on nbf', sealClaims(signers.HS256, { nbf: now + 10_000 }), { leeway: '30' }],
  ['one algorithm as text, of which another is a part', seal(signers.ES256), { algorithms: 'ES256K' }],
  [
    'none among the algorithms',
    seal(signers.HS256, headerOf(signers.HS256, { alg: 'none' })),
    { algorithms: ['none'] },
  ],
  ['no algorithms', seal(signers.HS256), { algorithms: [] }],
  ['a maxLength that is not a number', tooLong, { maxLength: Number.NaN }],
  ['a maxLength as text', tooLong, { maxLength: 'unlimited' }],
  ['a maxAge that is not a number', seal(signers.HS256), { maxAge: Number.NaN }],
  ['a negative maxAge', seal(signers.HS256), { maxAge: -1 }],
  ['no accepted audience', forApi, { audience: [] }],
  ['an empty audience', forApi, { audience: '' }],
  ['a null audience', forApi, { audience: null }],
  ['no accepted issuer', seal(signers.HS256), { issuer: [] }],
  ['an audience as a pattern', forApi, { audience: /api/ }],
  ['any audience beside one that is named', forApi, { audience: 'api', anyAudience: true }],
  ...['true', 'false', 1, null, {}].map(
    (anyAudience): Slip => [`anyAudience as ${JSON.stringify(anyAudience)}`, forApi, { anyAudience }],
  ),
  ['a type that there is not', seal(signers.HS256), { type: 'Access' }],
  ['allowNoExp as text', sealClaims(signers.HS256, { exp: undefined }), { allowNoExp: 'false' }],
  ['a clock that is not a number', seal(signers.HS256), {}, { now: Number.NaN }],
  ['no clock', seal(signers.HS256), {}, { now: undefined }],
  ['a clock in milliseconds', seal(signers.HS256), {}, { now: now * 1000 }],
  ['a clock that is a Date', seal(signers.HS256), {}, { now: new Date(now * 1000) }],
];

describe('verifying', () => {
  test.each(slips)('does not accept with %s', async (_name, { token, keys }, policy, deps = {}) => {
    let isAccepted: boolean;
    try {
      const report = await reportToken(token, policy as VerifyPolicy, { keys, now, ...deps });
      isAccepted = report.valid;
    } catch {
      isAccepted = false;
    }
    expect(isAccepted).toBe(false);
  });
});

describe('issuing', () => {
  const key = createKey(signers.HS256.key);
  const cyclic: Record<string, unknown> = {};
  cyclic.self = cyclic;

  test.each<[string, Claims]>([
    ['a big integer as exp that lies too far', { exp: (10n ** 30n) as unknown as number }],
    ['a value that holds itself', { x: cyclic }],
    [
      'a value that cannot be read',
      {
        x: {
          toJSON: () => {
            throw new TypeError('no');
          },
        },
      },
    ],
    ['toJSON, which would speak for all of them,', { toJSON: () => ({ sub: 'admin' }) }],
    ['a lone surrogate', { x: '\ud800' }],
    ['a lone surrogate in a name', { '\udc00': 1 }],
    ['too deep a value', { x: JSON.parse('['.repeat(64) + ']'.repeat(64)) }],
    ['exp in milliseconds', { exp: now * 1000 }],
    ['exp not a number', { exp: Number.NaN }],
    ['an infinite exp', { exp: Number.POSITIVE_INFINITY }],
    ['aud that holds a number', { aud: [1] as unknown as string[] }],
    ['sub that is a number', { sub: 1 as unknown as string }],
  ])('refuses %s as a claim', async (_name, members) => {
    const issued = issueToken(members, {}, { key, now });
    await expect(issued).rejects.toThrow(JwtkitError);
    await expect(issued).rejects.toMatchObject({ code: 'USAGE_INVALID' });
  });

  test.each<[string, object]>([
    ['alg none', { alg: 'none' }],
    ['another alg', { alg: 'HS512' }],
    ['crit', { crit: ['x'] }],
    ['b64', { b64: false }],
    ['a kid that is a number', { kid: 1 }],
    ['a typ that is a number', { typ: 1 }],
    ['__proto__', JSON.parse('{"__proto__":{"alg":"none"}}')],
    ['a lone surrogate', { x: '\ud800' }],
    ['an infinite number', { x: Number.POSITIVE_INFINITY }],
    ['toJSON, which would speak for all of it,', { toJSON: () => ({ alg: 'none' }) }],
    ['too deep a value', { x: JSON.parse('['.repeat(64) + ']'.repeat(64)) }],
  ])('refuses %s in the header', async (_name, header) => {
    await expect(signJws('{}', key, { header: { ...header } })).rejects.toMatchObject({ code: 'USAGE_INVALID' });
  });

  test.each([0, 0.5, -1, Number.NaN, Number.POSITIVE_INFINITY, 1e15])(
    'refuses a lifetime of %d seconds',
    async (ttl) => {
      await expect(issueToken({}, { ttl }, { key, now })).rejects.toMatchObject({ code: 'USAGE_INVALID' });
    },
  );
});
