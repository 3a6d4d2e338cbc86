/** The last header is kept from token to token. A caller must not notice. */
import { describe, expect, test } from 'vitest';
import { signJws } from '../../src/jose/jws.js';
import { loadSecret } from '../../src/jose/secret.js';
import type { Claims } from '../../src/token/claims.js';
import { issueToken } from '../../src/token/issue.js';
import type { IssuePolicy } from '../../src/token/issue-policy.js';
import type { VerifyPolicy } from '../../src/token/policy.js';
import { reportToken, verifyToken } from '../../src/token/verify.js';

const now = Date.UTC(2026, 10, 23, 12) / 1000;
const issueWith = async (header: Record<string, unknown> = {}, key = newKey()) => {
  const { token } = await issueToken({ sub: 'user-123' }, { header }, { key, now });
  return { token, deps: { keys: [key], now } };
};
let keys = 0;
/** A key of its own for each test, with nothing remembered. */
const newKey = () => loadSecret(`a secret of thirty-two bytes, number ${keys++}`);

describe('a token with the header of the token before', () => {
  test.each([
    ['flat', { typ: 'at+jwt', x: 1 }],
    ['with members in members', { x: { y: [1] } }],
    ['with a null', { x: null }],
    ['too long to be kept', { x: 'x'.repeat(2000) }],
  ])('has the same header as the first time: %s', async (_name, members) => {
    const { token, deps } = await issueWith(members);
    const first = await verifyToken(token, {}, deps);
    expect(first.header).toMatchObject(members);
    expect(await verifyToken(token, {}, deps)).toEqual(first);
  });

  test('has the signed header, even if a caller changed the header of the token before', async () => {
    const { token, deps } = await issueWith({ flat: 1, deep: { x: 1 } });
    const flat = await issueWith({ flat: 1 }, deps.keys[0]);
    for (let round = 0; round < 3; round++) {
      for (const each of [token, flat.token]) {
        const { header } = await verifyToken(each, {}, deps);
        expect(header.flat).toBe(1);
        header.flat = 2;
        header.crit = ['exp'];
        delete header.alg;
        if (each === token) {
          expect(header.deep).toEqual({ x: 1 });
          (header.deep as { x: number }).x = 2;
        }
      }
    }
  });

  test('is verified anew, with other keys and policies too', async () => {
    const { token, deps } = await issueWith();
    await verifyToken(token, {}, deps);
    const codeOf = async (text: string, policy: object, { keys } = deps) =>
      (await reportToken(text, policy, { keys, now })).code;
    expect(await codeOf(token, { algorithms: ['HS512'] })).toBe('ALG_NOT_ALLOWED');
    expect(await codeOf(token, { typ: 'at+jwt' })).toBe('CLAIM_MISMATCH');
    expect(await codeOf(token, {}, { keys: [newKey(), ...deps.keys], now })).toBe(null);
    expect(await codeOf(token, {}, { keys: [newKey()], now })).toBe('SIGNATURE_INVALID');
    const [header, payload, signature] = token.split('.') as [string, string, string];
    expect(await codeOf(`${header}=.${payload}.${signature}`, {})).toBe('TOKEN_MALFORMED');
    expect(await codeOf(`${header}.${payload}`, {})).toBe('TOKEN_MALFORMED');
    const forged = await signJws(Buffer.from(payload, 'base64url'), newKey(), { header: { typ: 'JWT' } });
    expect(forged.startsWith(`${header}.`)).toBe(true);
    expect(await codeOf(forged, {})).toBe('SIGNATURE_INVALID');
  });
});

describe('verifyToken', () => {
  const key = newKey();
  const signedWith = async (claims: Claims, policy: IssuePolicy) =>
    (await issueToken(claims, policy, { key, now })).token;
  const codeOf = async (token: string, policy: VerifyPolicy = {}, at = now) =>
    (await reportToken(token, policy, { keys: [key], now: at })).code;

  test.each<[string, Claims, IssuePolicy, VerifyPolicy, string | null]>([
    ['accepts a token that the policy says nothing of', {}, {}, {}, null],
    ['refuses a refresh token as an access token', {}, { type: 'refresh' }, {}, 'CLAIM_MISMATCH'],
    ['refuses an access token as a refresh token', {}, {}, { type: 'refresh' }, 'CLAIM_MISMATCH'],
    ['refuses a token with aud if no audience is named', { aud: 'api' }, {}, {}, 'CLAIM_MISMATCH'],
    ['accepts one of several audiences', { aud: ['web', 'api'] }, {}, { audience: ['api', 'cli'] }, null],
    ['refuses a token without exp', {}, { ttl: null }, {}, 'CLAIM_MISSING'],
    ['accepts a token without exp if the policy allows it', {}, { ttl: null }, { allowNoExp: true }, null],
    ['refuses a token whose nbf has not come', { nbf: now + 60 }, {}, {}, 'TOKEN_NOT_YET_VALID'],
    ['accepts a token whose nbf comes within the leeway', { nbf: now + 60 }, {}, { leeway: 60 }, null],
    ['refuses a token that is older than the greatest age', { iat: now - 61 }, {}, { maxAge: 60 }, 'TOKEN_TOO_OLD'],
    ['refuses a token that ends too soon', {}, { ttl: 299 }, { minTtl: 300 }, 'TOKEN_EXPIRES_SOON'],
    ['accepts a token with just enough life left', {}, { ttl: 300 }, { minTtl: 300 }, null],
    ['adds no leeway to the life that is left', {}, { ttl: 299 }, { minTtl: 300, leeway: 60 }, 'TOKEN_EXPIRES_SOON'],
    ['accepts a token that never ends, where it may', {}, { ttl: null }, { minTtl: 300, allowNoExp: true }, null],
    [
      'refuses a token that lacks one of the scopes',
      { scope: 'read' },
      {},
      { scope: ['read', 'write'] },
      'CLAIM_MISMATCH',
    ],
    ['accepts a role that is a string', { role: 'ops' }, {}, { role: ['ops'] }, null],
    ['refuses a token of another header typ', {}, {}, { typ: 'at+jwt' }, 'CLAIM_MISMATCH'],
  ])('%s', async (_title, claims, issue, policy, code) => {
    expect(await codeOf(await signedWith(claims, issue), policy)).toBe(code);
  });

  test('refuses a token from the second of its exp on', async () => {
    const token = await signedWith({}, { ttl: 60 });
    expect([await codeOf(token, {}, now + 59), await codeOf(token, {}, now + 60)]).toEqual([null, 'TOKEN_EXPIRED']);
  });

  test('names the worst failure and reports them all', async () => {
    const token = await signedWith({ aud: 'api' }, { ttl: 1 });
    const { code, checks } = await reportToken(token, { subject: 'x' }, { keys: [key], now: now + 1 });
    expect(code).toBe('TOKEN_EXPIRED');
    expect(checks.flatMap(({ name, status }) => (status === 'failed' ? [name] : []))).toEqual(['exp', 'aud', 'sub']);
  });
});
