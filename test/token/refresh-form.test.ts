/** Refresh tokens that no resource server takes for access tokens, and those of the form before. */
import { describe, expect, test } from 'vitest';
import { generateKey } from '../../src/jose/generate-key.js';
import { createKey } from '../../src/jose/key.js';
import { memoryDenylist } from '../../src/store/denylist/memory.js';
import type { Claims } from '../../src/token/claims.js';
import { decodeToken } from '../../src/token/decode.js';
import { issueToken, issueTokenPair } from '../../src/token/issue.js';
import type { IssuePairPolicy } from '../../src/token/issue-policy.js';
import { type RefreshPolicy, refreshToken } from '../../src/token/refresh.js';
import { reportToken, verifyToken } from '../../src/token/verify.js';
import { key as secret } from './session.js';

const now = Date.UTC(2026, 10, 23, 12) / 1000;
const pair = await generateKey('ES256');
if (!('privateKey' in pair)) throw new Error('no key pair');
const key = createKey(pair.privateKey, { alg: 'ES256' });
const keys = [createKey(pair.publicKey, { alg: 'ES256' })];
const deps = { key, keys, now, denylist: memoryDenylist() };

const iss = 'https://issuer.example';
const endpoint = `${iss}/token`;
const held = { aud: 'api', scope: 'read write', role: ['editor'], client_id: 'app', plan: 'pro' };
const claims: Claims = { iss, sub: 'user-123', ...held };
const times = { iat: now, exp: now + 604_800, jti: expect.any(String), family: expect.any(String) };

const pairOf = async (given: Claims = claims, policy: IssuePairPolicy = {}) => {
  const { access_token: access, refresh_token: refresh } = await issueTokenPair(given, policy, deps);
  return { access: decodeToken(access), refresh: decodeToken(refresh), tokens: { access, refresh } };
};
const refresh = (token: string, policy: RefreshPolicy = {}) =>
  refreshToken(token, { ...policy, verify: { anyAudience: true, ...policy.verify } }, deps);
const codeOf = async (token: string, policy: object) => (await reportToken(token, policy, { keys, now })).code;

describe('the refresh token of a known issuer', () => {
  test('has a typ of its own, is for its issuer, and holds the session in one claim', async () => {
    const { access, refresh } = await pairOf();
    expect(access).toMatchObject({ header: { typ: 'JWT' }, claims: { ...claims, type: 'access' } });
    expect(refresh.header.typ).toBe('refresh+jwt');
    expect(refresh.claims).toEqual({ iss, sub: 'user-123', aud: iss, type: 'refresh', session: held, ...times });
  });

  test('is for the token endpoint that the policy names', async () => {
    expect((await pairOf(claims, { refreshAudience: endpoint })).refresh.claims.aud).toBe(endpoint);
  });

  test('has its form whether it comes with a pair or alone', async () => {
    const { claims: alone } = await issueToken(claims, { type: 'refresh' }, deps);
    const { family: _, ...shared } = (await pairOf()).refresh.claims;
    expect(alone).toEqual({ ...shared, jti: alone.jti });
  });

  test('keeps the form of the tutorials with a shared secret, without an issuer, bare, and with another typ', async () => {
    const { iss: _, ...anonymous } = claims;
    for (const [given, policy, by] of [
      [claims, {}, secret],
      [anonymous, {}, key],
      [{ ...claims, type: 'refresh' }, { bare: true, ttl: 60 }, key],
      [claims, { typ: 'JWT' }, key],
      [claims, { without: ['type'] }, key],
    ] as const) {
      const { token } = await issueToken({ ...given }, { type: 'refresh', ...policy } as object, { key: by, now });
      expect(decodeToken(token).claims).toMatchObject(given);
      expect(decodeToken(token).header.typ).not.toBe('refresh+jwt');
    }
  });

  test('--typ at+jwt is for the access token alone, in both forms', async () => {
    const { access, refresh } = await pairOf(claims, { typ: 'at+jwt' });
    expect([access.header.typ, refresh.header.typ]).toEqual(['at+jwt', 'refresh+jwt']);
    const old = await issueTokenPair(claims, { typ: 'at+jwt' }, { key: secret, now });
    expect(decodeToken(old.refresh_token).header.typ).toBe('JWT');
  });

  test('a claim of the caller that is named session belongs to the session', async () => {
    const { access, refresh } = await pairOf({ iss, aud: 'api', session: { id: 1 } });
    expect(access.claims.session).toEqual({ id: 1 });
    expect(refresh.claims).toMatchObject({ aud: iss, session: { aud: 'api', session: { id: 1 } } });
  });

  test('signs claims again that have the form already', async () => {
    const { refresh } = await pairOf(claims, { refreshAudience: endpoint });
    const { token, claims: again } = await issueToken(refresh.claims, {}, deps);
    expect(again).toEqual(refresh.claims);
    expect(decodeToken(token).header.typ).toBe('refresh+jwt');
  });

  test.each([{ scope: ['read'] }, { role: 7 }, { aud: 7 }])('refuses to sign a session with %j', async (wrong) => {
    const given = { ...claims, ...wrong } as unknown as Claims;
    await expect(issueToken(given, { type: 'refresh' }, deps)).rejects.toMatchObject({ code: 'USAGE_INVALID' });
  });
});

describe('refreshing', () => {
  test('puts what the session holds back under the names of access tokens', async () => {
    const { tokens, access } = await pairOf();
    const { plan: _, jti: __, ...kept } = access.claims;
    expect(decodeToken((await refresh(tokens.refresh)).access_token).claims).toEqual({
      ...kept,
      jti: expect.any(String),
    });
    const narrowed = await refresh(tokens.refresh, { scope: ['read'], issue: { typ: 'at+jwt' } });
    expect(decodeToken(narrowed.access_token)).toMatchObject({ header: { typ: 'at+jwt' }, claims: { scope: 'read' } });
  });

  test('a rotated refresh token has the form too, and stays good at the same place', async () => {
    const { tokens, refresh: first } = await pairOf(claims, { refreshAudience: endpoint });
    const { refresh_token: next = '' } = await refresh(tokens.refresh, { rotate: true, role: [] });
    const { role: _, plan: __, ...left } = held;
    const { header, claims: second } = decodeToken(next);
    expect(header.typ).toBe('refresh+jwt');
    expect(second).toEqual({ ...first.claims, session: left, jti: expect.any(String) });
  });

  test('takes refresh tokens of the form before, which get the form of today when rotated', async () => {
    const { token: old } = await issueToken(claims, { type: 'refresh', typ: 'JWT' }, deps);
    const { access_token: access, refresh_token: next = '' } = await refresh(old, { rotate: true });
    const { plan: _, ...kept } = held;
    expect(decodeToken(access).claims).toMatchObject(kept);
    expect(decodeToken(next)).toMatchObject({ header: { typ: 'refresh+jwt' }, claims: { aud: iss, session: kept } });
  });

  test('keeps the digits of numbers in the session', async () => {
    const { token } = await issueToken({ ...claims, client_id: 100002348117421473n }, { type: 'refresh' }, deps);
    const { access_token: access } = await refresh(token);
    expect(decodeToken(access).claimsText).toContain('"client_id":100002348117421473');
  });

  test("shows all digits of a session's number in a refusal", async () => {
    const large = 12345678901234567890n;
    const { tokens } = await pairOf({ ...claims, tenant: large });
    const policy = { type: 'refresh', anyAudience: true, scope: ['x'], scopeClaim: 'tenant' } as const;
    const { checks } = await reportToken(tokens.refresh, policy, { keys, now });
    expect(checks.find(({ name }) => name === 'scope')?.message).toContain(`claim tenant is ${large}, it must be`);
    await expect(issueToken({ ...claims, scope: large as never }, { type: 'refresh' }, deps)).rejects.toThrow(
      `claim scope is ${large}, it must be`,
    );
  });

  test('a session cannot replace subject, issuer, type or times of its token', async () => {
    const session = { ...held, sub: 'admin', iss: 'x', type: 'access', exp: now + 1e9, family: 'f', jti: 'j' };
    const { token } = await issueToken({ iss, sub: 'user-123', aud: iss, session }, { type: 'refresh' }, deps);
    const { claims: got } = decodeToken((await refresh(token)).access_token);
    expect(got).toMatchObject({ iss, sub: 'user-123', exp: now + 1800 });
    expect(got.family).toBe(decodeToken(token).claims.jti);
  });

  test('compares a demanded audience with that of the access tokens, and the place with its own', async () => {
    const { tokens } = await pairOf(claims, { refreshAudience: endpoint });
    const attempt = (verify: object) => refreshToken(tokens.refresh, { verify }, deps);
    for (const verify of [
      { audience: 'api' },
      { audience: 'api', refreshAudience: [iss, endpoint] },
      { anyAudience: true, refreshAudience: endpoint },
    ]) {
      expect(decodeToken((await attempt(verify)).access_token).claims.aud).toBe('api');
    }
    for (const verify of [{}, { audience: 'web' }, { audience: endpoint }, { audience: 'api', refreshAudience: iss }]) {
      await expect(attempt(verify)).rejects.toMatchObject({ code: 'CLAIM_MISMATCH' });
    }
  });

  test('`limits` sees the session under the names of access tokens', async () => {
    const { tokens } = await pairOf();
    const seen: Claims[] = [];
    const limits = (asked: Claims) => {
      seen.push(asked);
      return {};
    };
    await refreshToken(tokens.refresh, { verify: { audience: 'api' } }, { ...deps, limits });
    expect(seen).toEqual([expect.objectContaining(held)]);
  });
});

describe('verifying', () => {
  test('a refresh token is no access token, whatever audience is named', async () => {
    const { tokens } = await pairOf();
    for (const policy of [{}, { anyAudience: true }, { audience: 'api' }, { audience: iss }]) {
      expect(await codeOf(tokens.refresh, policy)).toBe('CLAIM_MISMATCH');
    }
    expect(await codeOf(tokens.refresh, { type: 'any', audience: 'api' })).toBe('CLAIM_MISMATCH');
    expect(await codeOf(tokens.refresh, { type: 'any', audience: iss })).toBeNull();
  });

  test('with the type refresh, audience, scope and role are those of the session', async () => {
    const { tokens } = await pairOf();
    const wanted = { type: 'refresh', audience: 'api', scope: ['read'], role: ['editor'] };
    expect(await codeOf(tokens.refresh, wanted)).toBeNull();
    expect((await verifyToken(tokens.refresh, wanted as object, { keys, now })).claims).toMatchObject({
      session: held,
    });
    for (const more of [
      { audience: 'web' },
      { scope: ['admin'] },
      { role: ['admin'] },
      { refreshAudience: endpoint },
    ]) {
      expect(await codeOf(tokens.refresh, { ...wanted, ...more })).toBe('CLAIM_MISMATCH');
    }
  });

  test('a token of another issuer with the same typ and no session is judged by its own claims', async () => {
    const { token } = await issueToken({ ...claims, type: 'refresh' }, { typ: 'refresh+jwt' }, deps);
    expect(await codeOf(token, { type: 'refresh', audience: 'api', scope: ['read'] })).toBeNull();
    expect(decodeToken((await refresh(token)).access_token).claims).toMatchObject({ aud: 'api', scope: 'read write' });
  });
});
