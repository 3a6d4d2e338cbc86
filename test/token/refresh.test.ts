import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { issueToken } from '../../src/token/issue.js';
import { refreshToken } from '../../src/token/refresh.js';
import { claimsOf, foreignKey, now, openSession, type Session, signed } from './session.js';

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

  test('drops every other claim: what it said may be true no more', async () => {
    const refresh = await session.issue({ ...claims, plan: 'gold', nbf: now, __proto__: 1 }, { type: 'refresh' });
    const { access } = await session.refresh(refresh);
    expect(Object.keys(claimsOf(access)).sort()).toEqual(
      ['aud', 'exp', 'family', 'iat', 'iss', 'jti', 'role', 'scope', 'sub', 'type'].sort(),
    );
  });

  test('may be done again and again, and writes nothing', async () => {
    const { refresh } = await session.issuePair(claims);
    const jtis = new Set<unknown>();
    for (let round = 0; round < 3; round++) jtis.add(claimsOf((await session.refresh(refresh)).access).jti);
    expect(jtis.size).toBe(3);
    expect(await session.entries()).toEqual([]);
  });

  test('needs no denylist', async () => {
    const refresh = await session.issue({ sub: 'u' }, { type: 'refresh' });
    const { key } = { key: foreignKey };
    const own = (await issueToken({ sub: 'u' }, { type: 'refresh' }, { key, now })).token;
    const refreshed = await refreshToken(own, {}, { key, keys: [key], now });
    expect(claimsOf(refreshed.access_token)).toMatchObject({ sub: 'u', type: 'access' });
    await expect(refreshToken(refresh, {}, { key, keys: [key], now })).rejects.toMatchObject(code('SIGNATURE_INVALID'));
  });

  test('lifetimes are those asked for', async () => {
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
  ])('a wider one is refused: %s', async (_what, held, asked) => {
    await expect(scopeAfter(held, asked)).rejects.toMatchObject(code('CLAIM_MISMATCH'));
    expect(await session.entries()).toEqual([]);
  });

  test('a wider one consumes nothing when rotating', async () => {
    const { refresh } = await session.issuePair({ sub: 'u', scope: 'read' });
    await expect(session.refresh(refresh, { rotate: true, scope: ['write'] })).rejects.toMatchObject(
      code('CLAIM_MISMATCH'),
    );
    expect(await session.entries()).toEqual([]);
    expect((await session.refresh(refresh, { rotate: true })).refresh).toBeDefined();
  });

  test('narrowed when rotating, the new refresh token still holds all of it', async () => {
    const { access, refresh } = await scopeAfter('read write', ['read'], true);
    expect(claimsOf(access).scope).toBe('read');
    expect(claimsOf(refresh).scope).toBe('read write');
  });

  test('a scope that is no string is not widened into one', async () => {
    const refresh = signed({ sub: 'u', jti: 'a', type: 'refresh', iat: now, exp: now + 60, scope: ['read'] });
    await expect(session.refresh(refresh, { scope: ['read'] })).rejects.toMatchObject(code('CLAIM_MISMATCH'));
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
  ])('%s, rotating or not, and writes nothing', async (_what, expected, make) => {
    const token = await make();
    for (const rotate of [false, true]) {
      await expect(session.refresh(token, { rotate })).rejects.toMatchObject(code(expected));
    }
    expect(await session.entries()).toEqual([]);
  });

  test('another issuer or audience than asked for', async () => {
    const { refresh } = await session.issuePair(claims);
    for (const verify of [{ issuer: 'other' }, { audience: 'other' }]) {
      await expect(session.refresh(refresh, { verify })).rejects.toMatchObject(code('CLAIM_MISMATCH'));
    }
  });

  test('a revoked one, one of an ended session, one of a revoked subject', async () => {
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

  test('to rotate a token without jti, or without a denylist', async () => {
    const nameless = signed({ sub: 'u', type: 'refresh', iat: now, exp: now + 60 });
    await expect(session.refresh(nameless, { rotate: true })).rejects.toMatchObject(code('CLAIM_MISSING'));
    const { token } = await issueToken({ sub: 'u' }, { type: 'refresh' }, { key: foreignKey, now });
    await expect(
      refreshToken(token, { rotate: true }, { key: foreignKey, keys: [foreignKey], now }),
    ).rejects.toMatchObject(code('STORE_UNAVAILABLE'));
  });
});

describe('rotation', () => {
  test('prints a pair of the same session with everything kept', async () => {
    const first = await session.issuePair(claims);
    const second = await session.refresh(first.refresh, { rotate: true }, now + 60);
    const { family } = claimsOf(first.refresh);
    expect(claimsOf(second.access)).toMatchObject({ ...claims, family, type: 'access', exp: now + 60 + 1800 });
    expect(claimsOf(second.refresh)).toMatchObject({ ...claims, family, type: 'refresh', exp: now + 60 + 604_800 });
    expect(await session.entries()).toEqual([
      expect.objectContaining({ kind: 'token', id: claimsOf(first.refresh).jti, reason: 'consumed' }),
    ]);
  });

  test('goes on for as long as each is used once', async () => {
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

  test('a second use is told as reuse and ends the session, its access tokens too', async () => {
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

  test('only asking about a consumed token ends nothing', async () => {
    const first = await session.issuePair(claims);
    const second = await session.refresh(first.refresh, { rotate: true });
    expect(await session.judge(first.refresh)).toBe('TOKEN_REUSED');
    expect(await session.judge(second.access)).toBeNull();
  });

  test('a session that began without a name is named after its first refresh token', async () => {
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

  test('an ended session is remembered for longer than any of its tokens may live', async () => {
    const year = 366 * 86_400;
    const first = await session.issuePair(claims, { refreshTtl: 2 * year });
    const second = await session.refresh(first.refresh, { rotate: true, issue: { refreshTtl: 2 * year } }, now + year);
    await expect(session.refresh(first.refresh, { rotate: true }, now + year)).rejects.toMatchObject(
      code('TOKEN_REUSED'),
    );
    await session.denylist.prune(now + 3 * year - 1);
    expect(await session.judge(second.refresh as string, now + 3 * year - 1)).toBe('TOKEN_REVOKED');
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

  test('no leeway is wider than what entries outlive their tokens by', async () => {
    const { refresh } = await session.issuePair(claims);
    await expect(session.refresh(refresh, { verify: { leeway: 3601 } })).rejects.toMatchObject(code('USAGE_INVALID'));
  });

  test('where the store fails no pair comes out', async () => {
    const { refresh } = await session.issuePair(claims);
    await session.denylist.close();
    for (const rotate of [false, true]) {
      await expect(session.refresh(refresh, { rotate })).rejects.toMatchObject(code('STORE_UNAVAILABLE'));
    }
  });
});
