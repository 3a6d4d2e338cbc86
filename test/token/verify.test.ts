/** Headers are remembered from token to token: nothing of that may be seen from outside but the time it saves. */
import { describe, expect, test } from 'vitest';
import { signJws } from '../../src/jose/jws.js';
import { loadSecret } from '../../src/jose/secret.js';
import { issueToken } from '../../src/token/issue.js';
import { reportToken, verifyToken } from '../../src/token/verify.js';

const now = Date.UTC(2026, 10, 23, 12) / 1000;
const issueWith = async (header: Record<string, unknown> = {}, key = newKey()) => {
  const { token } = await issueToken({ sub: 'user-123' }, { header }, { key, now });
  return { token, deps: { keys: [key], now } };
};
let keys = 0;
/** A key of its own for each test, with nothing remembered. */
const newKey = () => loadSecret(`a secret of thirty-two bytes, number ${keys++}`);

describe('a header that was met before', () => {
  test.each([
    ['flat', { typ: 'at+jwt', x: 1 }],
    ['with members in members', { x: { y: [1] } }],
    ['with a null', { x: null }],
    ['too long to be kept', { x: 'x'.repeat(2000) }],
  ])('is the same: %s', async (_name, members) => {
    const { token, deps } = await issueWith(members);
    const first = await verifyToken(token, {}, deps);
    expect(first.header).toMatchObject(members);
    expect(await verifyToken(token, {}, deps)).toEqual(first);
  });

  test('is not what the last caller made of it', async () => {
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

  test('is judged again', async () => {
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
