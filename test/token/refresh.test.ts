import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { issueToken } from '../../src/token/issue.js';
import { refreshToken } from '../../src/token/refresh.js';
import { claimsOf, foreignKey, key, now, openSession, type Session, signed } from './session.js';

let session: Session;
beforeEach(async () => {
  session = await openSession();
});
afterEach(() => session.close());

const claims = {
  sub: 'user-123',
  iss: 'https://issuer.example',
  aud: ['api', 'admin'],
  scope: 'read write delete',
  role: ['admin', 'auditor'],
};
const code = (name: string) => ({ code: name });

describe('without rotation', () => {
  test('makes an access token for the same subject, issuer, audience, scope, role and session', async () => {
    const { refresh } = await session.issuePair(claims);
    const refreshed = await session.refresh(refresh);
    expect(refreshed.refresh).toBeUndefined();
    const { family } = claimsOf(refresh);
    expect(claimsOf(refreshed.access)).toEqual({
      ...claims,
      family,
      type: 'access',
      iat: now,
      exp: now + 1800,
      jti: 'id-4',
    });
  });

  test('drops every other claim, which may be out of date', async () => {
    const refresh = await session.issue({ ...claims, plan: 'gold', nbf: now, __proto__: 1 }, { type: 'refresh' });
    const { access } = await session.refresh(refresh);
    expect(Object.keys(claimsOf(access)).sort()).toEqual(
      ['aud', 'exp', 'family', 'iat', 'iss', 'jti', 'role', 'scope', 'sub', 'type'].sort(),
    );
  });

  test('refreshing without rotation can be repeated, and writes nothing', async () => {
    const { refresh } = await session.issuePair(claims);
    const jtis = new Set<unknown>();
    for (let round = 0; round < 3; round++) jtis.add(claimsOf((await session.refresh(refresh)).access).jti);
    expect(jtis.size).toBe(3);
    expect(await session.entries()).toEqual([]);
  });

  test('refreshing without rotation needs no denylist', async () => {
    const refresh = await session.issue({ sub: 'u' }, { type: 'refresh' });
    const { key } = { key: foreignKey };
    const own = (await issueToken({ sub: 'u' }, { type: 'refresh' }, { key, now })).token;
    const refreshed = await refreshToken(own, {}, { key, keys: [key], now });
    expect(claimsOf(refreshed.access_token)).toMatchObject({ sub: 'u', type: 'access' });
    await expect(refreshToken(refresh, {}, { key, keys: [key], now })).rejects.toMatchObject(code('SIGNATURE_INVALID'));
  });

  test('refreshed tokens get the requested lifetimes', async () => {
    const { refresh } = await session.issuePair(claims);
    const { access } = await session.refresh(refresh, { issue: { accessTtl: 60 } }, now + 10);
    expect(claimsOf(access)).toMatchObject({ iat: now + 10, exp: now + 70 });
  });
});

describe('scope', () => {
  const scopeAfter = async (held: string | undefined, asked?: string[], rotate = false) => {
    const { refresh } = await session.issuePair(held === undefined ? { sub: 'u' } : { sub: 'u', scope: held });
    return session.refresh(refresh, { scope: asked, rotate });
  };

  test.each([
    ['unasked', 'read write', undefined, 'read write'],
    ['one of two', 'read write', ['read'], 'read'],
    ['the same, in another order', 'read write', ['write', 'read'], 'write read'],
  ])('%s', async (_what, held, asked, expected) => {
    expect(claimsOf((await scopeAfter(held, asked)).access).scope).toBe(expected);
  });

  test.each([
    ['another', 'read', ['write']],
    ['one more', 'read', ['read', 'write']],
    ['part of a name', 'read:all', ['read']],
    ['another case', 'read', ['READ']],
    ['any, where there is none', undefined, ['read']],
    ['the separator', 'read write', ['read write']],
  ])('refuses a wider scope: %s', async (_what, held, asked) => {
    await expect(scopeAfter(held, asked)).rejects.toMatchObject(code('CLAIM_MISMATCH'));
    expect(await session.entries()).toEqual([]);
  });

  test('a refused wider scope does not consume the refresh token', async () => {
    const { refresh } = await session.issuePair({ sub: 'u', scope: 'read' });
    await expect(session.refresh(refresh, { rotate: true, scope: ['write'] })).rejects.toMatchObject(
      code('CLAIM_MISMATCH'),
    );
    expect(await session.entries()).toEqual([]);
    expect((await session.refresh(refresh, { rotate: true })).refresh).toBeDefined();
  });

  test('a narrowed rotation keeps the whole scope in the new refresh token', async () => {
    const { access, refresh } = await scopeAfter('read write', ['read'], true);
    expect(claimsOf(access).scope).toBe('read');
    expect(claimsOf(refresh).scope).toBe('read write');
  });

  test('a scope that is no string is not widened into one', async () => {
    const refresh = signed({ sub: 'u', jti: 'a', type: 'refresh', iat: now, exp: now + 60, scope: ['read'] });
    await expect(session.refresh(refresh, { scope: ['read'] })).rejects.toMatchObject(code('CLAIM_MISMATCH'));
  });
});

describe('what a session may still hold', () => {
  const deps = () => ({ key, keys: [key], now, denylist: session.denylist });
  const verify = { anyAudience: true };

  test.each([
    ['less scope', { scope: ['write', 'other'] }, 'write', ['admin', 'auditor']],
    ['no scope', { scope: [] }, undefined, ['admin', 'auditor']],
    ['fewer roles', { role: ['auditor'] }, 'read write delete', ['auditor']],
    ['no roles', { role: [] }, 'read write delete', undefined],
    [
      'all and more',
      { scope: ['read', 'write', 'delete', 'x'], role: ['admin', 'auditor', 'x'] },
      claims.scope,
      claims.role,
    ],
    ['no limits', {}, claims.scope, claims.role],
  ])('narrows the access token and the next refresh token: %s', async (_what, limits, scope, role) => {
    const { refresh } = await session.issuePair(claims);
    const next = await refreshToken(refresh, { verify, rotate: true }, { ...deps(), limits: () => limits });
    for (const token of [next.access_token, next.refresh_token]) {
      expect([claimsOf(token).scope, claimsOf(token).role]).toEqual([scope, role]);
    }
    // What was given back since is not in the next tokens.
    const last = await refreshToken(
      String(next.refresh_token),
      { verify, rotate: true },
      { ...deps(), limits: () => ({}) },
    );
    for (const token of [last.access_token, last.refresh_token]) {
      expect([claimsOf(token).scope, claimsOf(token).role]).toEqual([scope, role]);
    }
  });

  test('a role that is one text, as of an older token, is kept, and becomes a list under limits', async () => {
    const { refresh } = await session.issuePair({ ...claims, role: 'admin' });
    for (const [limits, role] of [
      [{}, 'admin'],
      [{ role: ['admin', 'x'] }, ['admin']],
      [{ role: ['x'] }, undefined],
    ] as const) {
      const next = await refreshToken(refresh, { verify }, { ...deps(), limits: () => limits });
      expect(claimsOf(next.access_token).role).toEqual(role);
    }
  });

  test('the roles that a policy leaves go from the next refresh token too', async () => {
    const { refresh } = await session.issuePair(claims);
    const next = await session.refresh(refresh, { rotate: true, role: ['auditor'] });
    expect(claimsOf(next.access).role).toEqual(['auditor']);
    expect(claimsOf(next.refresh).role).toEqual(['auditor']);
  });

  test.each<[string, object]>([
    ['scope', { scope: ['read'] }],
    ['role', { role: { admin: true } }],
    ['role', { role: 7 }],
  ])('a limited %s that cannot be read is left out', async (name, held) => {
    const token = signed({ sub: 'u', jti: 'a', type: 'refresh', iat: now, exp: now + 60, ...held });
    const limits = () => ({ scope: ['read'], role: ['admin'] });
    const next = await refreshToken(token, { verify, rotate: true }, { ...deps(), limits });
    for (const each of [next.access_token, next.refresh_token]) expect(claimsOf(each)).not.toHaveProperty(name);
  });

  test.each<[string, string[] | undefined, string[], string | undefined]>([
    ['what was taken away is left out', ['read', 'write'], ['read'], 'read'],
    ['each counts once', ['read', 'read'], ['read'], 'read'],
    ['nothing is asked for', undefined, ['read', 'delete'], 'read delete'],
  ])('limits the requested scope: %s', async (_what, scope, allowed, granted) => {
    const { refresh } = await session.issuePair(claims);
    const limits = () => ({ scope: allowed });
    const next = await refreshToken(refresh, { verify, scope, rotate: true }, { ...deps(), limits });
    expect(claimsOf(next.access_token).scope).toBe(granted);
    // Only what was taken away goes from the session.
    expect(claimsOf(next.refresh_token).scope).toBe(allowed.join(' '));
  });

  test('refuses a scope of which nothing is left, or that was never held, without consuming the token', async () => {
    const { refresh } = await session.issuePair(claims);
    const limits = () => ({ scope: ['read', 'admin'] });
    for (const scope of [['write'], ['admin'], ['read', 'admin']]) {
      await expect(refreshToken(refresh, { verify, scope, rotate: true }, { ...deps(), limits })).rejects.toMatchObject(
        code('CLAIM_MISMATCH'),
      );
    }
    expect(await session.entries()).toEqual([]);
  });

  test('calls `limits` once, with verified claims; its error refuses the token without consuming it', async () => {
    const { refresh } = await session.issuePair(claims);
    const asked: unknown[] = [];
    const limits = async (held: object) => {
      asked.push(held);
      throw new TypeError('no such user');
    };
    await expect(refreshToken(refresh, { verify, rotate: true }, { ...deps(), limits })).rejects.toThrow(
      'no such user',
    );
    expect(asked).toEqual([claimsOf(refresh)]);
    expect(await session.entries()).toEqual([]);
  });

  test('does not call `limits` for a forged, expired, revoked or used token, or one of another type', async () => {
    const { access, refresh: used } = await session.issuePair(claims);
    const { refresh: next } = await session.refresh(used, { rotate: true });
    const { refresh: revoked } = await session.issuePair(claims);
    await session.revoke(revoked);
    const forged = (await issueToken({ ...claims }, { type: 'refresh' }, { key: foreignKey, now })).token;
    const limits = () => {
      throw new TypeError('asked');
    };
    const expired = signed({ sub: 'u', jti: 'a', type: 'refresh', iat: now - 60, exp: now });
    for (const [token, expected] of [
      ['nonsense', 'TOKEN_MALFORMED'],
      [forged, 'SIGNATURE_INVALID'],
      [expired, 'TOKEN_EXPIRED'],
      [access, 'CLAIM_MISMATCH'],
      [revoked, 'TOKEN_REVOKED'],
      [used, 'TOKEN_REUSED'],
    ] as const) {
      const answer = refreshToken(token, { verify, rotate: true, scope: ['never'] }, { ...deps(), limits });
      await expect(answer, expected).rejects.toMatchObject(code(expected));
    }
    // The reuse has ended the session, whatever was asked for with it.
    expect(await session.judge(next as string)).toBe('TOKEN_REVOKED');
  });
});

describe('refuses', () => {
  test.each<[string, string, () => Promise<string> | string]>([
    ['an access token', 'CLAIM_MISMATCH', () => session.issue({ sub: 'u' })],
    ['a token without type', 'CLAIM_MISSING', () => signed({ sub: 'u', jti: 'a', iat: now, exp: now + 60 })],
    [
      'a token of another type',
      'CLAIM_MISMATCH',
      () => signed({ sub: 'u', jti: 'a', type: 'Refresh', iat: now, exp: now + 60 }),
    ],
    ['an expired one', 'TOKEN_EXPIRED', () => signed({ sub: 'u', jti: 'a', type: 'refresh', iat: now - 60, exp: now })],
    ['one without exp', 'CLAIM_MISSING', () => signed({ sub: 'u', jti: 'a', type: 'refresh', iat: now })],
    [
      'one that is not yet valid',
      'TOKEN_NOT_YET_VALID',
      () => signed({ sub: 'u', jti: 'a', type: 'refresh', nbf: now + 1, exp: now + 60 }),
    ],
    [
      'a foreign one',
      'SIGNATURE_INVALID',
      async () => (await issueToken({ sub: 'u' }, { type: 'refresh' }, { key: foreignKey, now })).token,
    ],
    ['what is no token', 'TOKEN_MALFORMED', () => 'a.b.c'],
  ])('refuses %s, rotating or not, and writes nothing', async (_what, expected, make) => {
    const token = await make();
    for (const rotate of [false, true]) {
      await expect(session.refresh(token, { rotate })).rejects.toMatchObject(code(expected));
    }
    expect(await session.entries()).toEqual([]);
  });

  test('refuses a token of another issuer or audience', async () => {
    const { refresh } = await session.issuePair(claims);
    for (const verify of [{ issuer: 'other' }, { audience: 'other' }]) {
      await expect(session.refresh(refresh, { verify })).rejects.toMatchObject(code('CLAIM_MISMATCH'));
    }
  });

  test('refuses a token with aud if the caller names no audience and does not accept any', async () => {
    const { token } = await issueToken({ sub: 'u', aud: 'api' }, { type: 'refresh' }, { key: foreignKey, now });
    const refresh = (verify: object) => refreshToken(token, { verify }, { key: foreignKey, keys: [foreignKey], now });
    await expect(refresh({})).rejects.toMatchObject(code('CLAIM_MISMATCH'));
    await expect(refresh({ audience: 'web' })).rejects.toMatchObject(code('CLAIM_MISMATCH'));
    for (const verify of [{ audience: 'api' }, { anyAudience: true }]) {
      expect(claimsOf((await refresh(verify)).access_token).aud).toBe('api');
    }
  });

  test('refuses a revoked token, and one of an ended session or a revoked subject', async () => {
    const pairs = await Promise.all(['a', 'b', 'c'].map((sub) => session.issuePair({ sub })));
    const [one, two, three] = pairs.map(({ refresh }) => refresh) as [string, string, string];
    await session.denylist.add({
      kind: 'token',
      id: claimsOf(one).jti as string,
      reason: 'revoked',
      until: now + 9_999_999,
    });
    await session.denylist.add({ kind: 'family', id: claimsOf(two).family as string, until: now + 9_999_999 });
    await session.denylist.add({ kind: 'subject', id: 'c', issuedUpTo: now, until: now + 9_999_999 });
    for (const refresh of [one, two, three]) {
      for (const rotate of [false, true]) {
        await expect(session.refresh(refresh, { rotate })).rejects.toMatchObject(code('TOKEN_REVOKED'));
      }
    }
    expect(await session.entries()).toHaveLength(3);
  });

  test('refuses to rotate a token without jti, or without a denylist', async () => {
    const nameless = signed({ sub: 'u', type: 'refresh', iat: now, exp: now + 60 });
    await expect(session.refresh(nameless, { rotate: true })).rejects.toMatchObject(code('CLAIM_MISSING'));
    const { token } = await issueToken({ sub: 'u' }, { type: 'refresh' }, { key: foreignKey, now });
    await expect(
      refreshToken(token, { rotate: true }, { key: foreignKey, keys: [foreignKey], now }),
    ).rejects.toMatchObject(code('STORE_UNAVAILABLE'));
  });
});

describe('rotation', () => {
  test('rotation makes a pair of the same session with the same claims', async () => {
    const first = await session.issuePair(claims);
    const second = await session.refresh(first.refresh, { rotate: true }, now + 60);
    const { family } = claimsOf(first.refresh);
    expect(claimsOf(second.access)).toMatchObject({ ...claims, family, type: 'access', exp: now + 60 + 1800 });
    expect(claimsOf(second.refresh)).toMatchObject({ ...claims, family, type: 'refresh', exp: now + 60 + 604_800 });
    expect(await session.entries()).toEqual([
      expect.objectContaining({ kind: 'token', id: claimsOf(first.refresh).jti, reason: 'consumed' }),
    ]);
  });

  test('a session continues while each refresh token is used once', async () => {
    let { access, refresh } = await session.issuePair(claims);
    const { family } = claimsOf(refresh);
    const accesses = [access];
    for (let round = 1; round <= 10; round++) {
      const next = await session.refresh(refresh, { rotate: true }, now + round);
      ({ access } = next);
      refresh = next.refresh as string;
      accesses.push(access);
      expect(claimsOf(refresh).family).toBe(family);
    }
    for (const token of [...accesses, refresh]) expect(await session.judge(token, now + 11)).toBeNull();
  });

  test('a second use is TOKEN_REUSED and ends the session, its access tokens too', async () => {
    const first = await session.issuePair(claims);
    const other = await session.issuePair(claims);
    const second = await session.refresh(first.refresh, { rotate: true });
    const third = await session.refresh(second.refresh as string, { rotate: true });
    await expect(session.refresh(first.refresh, { rotate: true })).rejects.toMatchObject({
      code: 'TOKEN_REUSED',
      message: expect.stringContaining('reuse'),
    });
    expect(await session.judge(first.refresh)).toBe('TOKEN_REUSED');
    for (const token of [first.access, second.access, third.access, third.refresh as string]) {
      expect(await session.judge(token)).toBe('TOKEN_REVOKED');
    }
    await expect(session.refresh(third.refresh as string, { rotate: true })).rejects.toMatchObject(
      code('TOKEN_REVOKED'),
    );
    // Another session of the same subject goes on.
    for (const token of [other.access, other.refresh]) expect(await session.judge(token)).toBeNull();
  });

  test('a second use without rotating ends the session too', async () => {
    const first = await session.issuePair(claims);
    const second = await session.refresh(first.refresh, { rotate: true });
    await expect(session.refresh(first.refresh)).rejects.toMatchObject(code('TOKEN_REUSED'));
    expect(await session.judge(second.access)).toBe('TOKEN_REVOKED');
  });

  test('a second use after the token expired ends the session all the same', async () => {
    const first = await session.issuePair(claims, { refreshTtl: 60 });
    const second = await session.refresh(first.refresh, { rotate: true, issue: { refreshTtl: 7200 } }, now + 30);
    await expect(session.refresh(first.refresh, {}, now + 61)).rejects.toMatchObject(code('TOKEN_REUSED'));
    expect(await session.judge(second.refresh as string, now + 62)).toBe('TOKEN_REVOKED');
  });

  test('verifying a consumed token ends no session', async () => {
    const first = await session.issuePair(claims);
    const second = await session.refresh(first.refresh, { rotate: true });
    expect(await session.judge(first.refresh)).toBe('TOKEN_REUSED');
    expect(await session.judge(second.access)).toBeNull();
  });

  test('a session without a family is named after its first refresh token', async () => {
    const first = await session.issue({ sub: 'u' }, { type: 'refresh' });
    const second = await session.refresh(first, { rotate: true });
    const { jti } = claimsOf(first);
    expect(claimsOf(first).family).toBeUndefined();
    expect(claimsOf(second.access).family).toBe(jti);
    expect(claimsOf(second.refresh).family).toBe(jti);
    await expect(session.refresh(first, { rotate: true })).rejects.toMatchObject(code('TOKEN_REUSED'));
    for (const token of [second.access, second.refresh as string]) {
      expect(await session.judge(token)).toBe('TOKEN_REVOKED');
    }
  });

  test('of 50 simultaneous rotations one succeeds, and its pair is dead afterwards', async () => {
    const { refresh } = await session.issuePair(claims);
    const attempts = Array.from({ length: 50 }, () => session.refresh(refresh, { rotate: true }));
    const outcomes = await Promise.allSettled(attempts);
    const winners = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
    expect(winners).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject(code('TOKEN_REUSED'));
    }
    expect(await session.judge(winners[0]?.access as string)).toBe('TOKEN_REVOKED');
    expect(await session.judge(winners[0]?.refresh as string)).toBe('TOKEN_REVOKED');
  });

  test('the entry of an ended session outlives all its tokens', async () => {
    const year = 366 * 86_400;
    const first = await session.issuePair(claims, { refreshTtl: 2 * year });
    const second = await session.refresh(first.refresh, { rotate: true, issue: { refreshTtl: 2 * year } }, now + year);
    await expect(session.refresh(first.refresh, { rotate: true }, now + year)).rejects.toMatchObject(
      code('TOKEN_REUSED'),
    );
    await session.denylist.prune(now + 3 * year - 1);
    expect(await session.judge(second.refresh as string, now + 3 * year - 1)).toBe('TOKEN_REVOKED');
  });

  test('a lengthened session stays ended for as long as its longest token', async () => {
    const first = await session.issuePair(claims);
    const second = await session.refresh(first.refresh, { rotate: true, issue: { refreshTtl: 800 * 86_400 } });
    await expect(session.refresh(first.refresh, { rotate: true })).rejects.toMatchObject(code('TOKEN_REUSED'));
    await session.denylist.prune(now + 799 * 86_400);
    expect(await session.judge(second.refresh as string, now + 799 * 86_400)).toBe('TOKEN_REVOKED');
  });

  test('the entry of a consumed token outlives it by the largest leeway', async () => {
    const { refresh } = await session.issuePair(claims);
    await session.refresh(refresh, { rotate: true });
    const [entry] = await session.entries();
    expect(entry?.until).toBe((claimsOf(refresh).exp as number) + 3600);
    await session.denylist.prune(now + 604_800 + 3599);
    await expect(
      session.refresh(refresh, { rotate: true, verify: { leeway: 3600 } }, now + 604_800 + 3599),
    ).rejects.toMatchObject(code('TOKEN_REUSED'));
  });

  test('refuses a leeway longer than entries outlive their tokens', async () => {
    const { refresh } = await session.issuePair(claims);
    await expect(session.refresh(refresh, { verify: { leeway: 3601 } })).rejects.toMatchObject(code('USAGE_INVALID'));
  });

  test.each([{ role: null }, { role: [5] }, { scope: ['read'] }, { scope: 5 }])(
    'drops a claim of a useless shape: %j',
    async (bad) => {
      const token = signed({ sub: 'u', type: 'refresh', jti: 'j', iat: now, exp: now + 60, ...bad });
      for (const rotate of [false, true]) {
        await expect(session.refresh(token, { rotate })).rejects.toMatchObject(code('CLAIM_MALFORMED'));
      }
      expect(await session.entries()).toEqual([]);
    },
  );

  test('issues no pair if the store fails', async () => {
    const { refresh } = await session.issuePair(claims);
    await session.denylist.close();
    for (const rotate of [false, true]) {
      await expect(session.refresh(refresh, { rotate })).rejects.toMatchObject(code('STORE_UNAVAILABLE'));
    }
  });
});
