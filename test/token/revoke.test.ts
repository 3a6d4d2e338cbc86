import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { keptForGood } from '../../src/token/denylist.js';
import type { VerifiedToken } from '../../src/token/examine.js';
import { issueToken } from '../../src/token/issue.js';
import { revokeSubject, revokeToken } from '../../src/token/revoke.js';
import { claimsOf, foreignKey, key, now, openSession, type Session, signed } from './session.js';

let session: Session;
beforeEach(async () => {
  session = await openSession();
});
afterEach(() => session.close());

const code = (name: string) => ({ code: name });

test('a revoked access token is refused; its session goes on', async () => {
  const { access, refresh } = await session.issuePair({ sub: 'u' });
  const { jti } = claimsOf(access);
  expect(await session.revoke(access)).toEqual({ jti, family: null, recorded: true });
  expect(await session.judge(access)).toBe('TOKEN_REVOKED');
  expect(await session.judge(refresh)).toBeNull();
  expect((await session.refresh(refresh)).access).toBeDefined();
});

test('a caller whom permit refuses is refused once the signature holds, and nothing is recorded', async () => {
  const { refresh } = await session.issuePair({ sub: 'u', client_id: 'one' });
  const forged = (await issueToken({ sub: 'u', client_id: 'one' }, {}, { key: foreignKey, now })).token;
  const seen: unknown[] = [];
  const permit = ({ claims }: VerifiedToken) => {
    seen.push(claims);
    throw new TypeError('another client');
  };
  const deps = { keys: [key], denylist: session.denylist, now, permit };
  await expect(revokeToken(forged, deps)).rejects.toMatchObject(code('SIGNATURE_INVALID'));
  await expect(revokeToken(refresh, deps)).rejects.toThrow('another client');
  expect(seen).toEqual([claimsOf(refresh)]);
  expect(await session.entries()).toEqual([]);
});

test('a revoked refresh token ends its session, access tokens too', async () => {
  const { access, refresh } = await session.issuePair({ sub: 'u' });
  const other = await session.issuePair({ sub: 'u' });
  const { jti, family } = claimsOf(refresh);
  expect(await session.revoke(refresh)).toEqual({ jti, family, recorded: true });
  for (const token of [access, refresh]) expect(await session.judge(token)).toBe('TOKEN_REVOKED');
  for (const token of [other.access, other.refresh]) expect(await session.judge(token)).toBeNull();
});

test('revoking the latest refresh token ends every earlier one of the session', async () => {
  const first = await session.issuePair({ sub: 'u' });
  const second = await session.refresh(first.refresh, { rotate: true });
  await session.revoke(second.refresh as string);
  for (const token of [first.access, second.access, second.refresh as string]) {
    expect(await session.judge(token)).toBe('TOKEN_REVOKED');
  }
});

test('revoking the first refresh token of a session without a family ends its rotated tokens', async () => {
  const first = await session.issue({ sub: 'u' }, { type: 'refresh' });
  const second = await session.refresh(first, { rotate: true });
  await session.revoke(first);
  for (const token of [second.access, second.refresh as string]) {
    expect(await session.judge(token)).toBe('TOKEN_REVOKED');
  }
});

test('a consumed token stays consumed after it is revoked', async () => {
  const { refresh } = await session.issuePair({ sub: 'u' });
  await session.refresh(refresh, { rotate: true });
  await session.revoke(refresh);
  expect(await session.judge(refresh)).toBe('TOKEN_REUSED');
});

test('revoking twice is no error', async () => {
  const { refresh } = await session.issuePair({ sub: 'u' });
  const first = await session.revoke(refresh);
  expect(await session.revoke(refresh, now + 1)).toEqual(first);
  expect(await session.entries()).toHaveLength(2);
});

test('the entry outlives the token by the largest leeway', async () => {
  const { access } = await session.issuePair({ sub: 'u' });
  await session.revoke(access);
  expect(await session.entries()).toEqual([
    { kind: 'token', id: claimsOf(access).jti, reason: 'revoked', until: now + 1800 + 3600 },
  ]);
});

test('a session stays ended for as long as any of its tokens may live', async () => {
  const { refresh } = await session.issuePair({ sub: 'u' });
  const young = await session.refresh(refresh, { rotate: true, issue: { refreshTtl: 300 * 86_400 } });
  await session.revoke(refresh);
  await session.denylist.prune(now + 299 * 86_400);
  expect(await session.judge(young.refresh as string, now + 299 * 86_400)).toBe('TOKEN_REVOKED');
});

describe('a token that has expired', () => {
  test('revoking an expired token is no error and writes nothing', async () => {
    const { access } = await session.issuePair({ sub: 'u' });
    const refresh = await session.issue({ sub: 'u' }, { type: 'refresh' });
    const long = now + 604_800 + 3600;
    for (const token of [access, refresh]) {
      expect(await session.revoke(token, long)).toMatchObject({ jti: claimsOf(token).jti, recorded: false });
    }
    expect(await session.entries()).toEqual([]);
  });

  test('an expired refresh token still ends its session, whose access tokens may live longer', async () => {
    const { refresh } = await session.issuePair({ sub: 'u' });
    const { family } = claimsOf(refresh);
    expect(await session.revoke(refresh, now + 604_800 + 3600)).toMatchObject({ family, recorded: true });
    expect(await session.entries()).toMatchObject([{ kind: 'family', id: family }]);
  });

  test('an expired token is recorded while a verifier with leeway might accept it', async () => {
    const { access } = await session.issuePair({ sub: 'u' });
    expect(await session.revoke(access, now + 1800 + 3599)).toMatchObject({ recorded: true });
  });

  test('an expired refresh token of a live session ends it', async () => {
    const first = await session.issuePair({ sub: 'u' }, { refreshTtl: 60 });
    const second = await session.refresh(first.refresh, { rotate: true, issue: { refreshTtl: 604_800 } });
    await session.revoke(first.refresh, now + 61);
    expect(await session.judge(second.refresh as string, now + 62)).toBe('TOKEN_REVOKED');
  });
});

test('revokes tokens of any type, time and claims', async () => {
  const tokens = [
    signed({ jti: 'a', type: 'something', exp: now + 60, nbf: now + 30, iat: now + 30 }),
    signed({ jti: 'b', exp: now + 60, aud: 5 }),
    signed({ jti: 'c' }),
    signed({ jti: 'd', exp: 'soon' }),
  ];
  for (const token of tokens) expect(await session.revoke(token)).toMatchObject({ recorded: true });
  expect(await session.entries()).toHaveLength(4);
});

test('a token that never expires stays revoked for good', async () => {
  await session.revoke(signed({ jti: 'c', sub: 'u' }));
  const [entry] = await session.entries();
  expect(entry?.until).toBe(keptForGood);
});

test('the entry of a subject is kept for good: its tokens may live for any time', async () => {
  const token = await session.issue({ sub: 'u' }, { ttl: 36_525 * 86_400 });
  await revokeSubject('u', { denylist: session.denylist, now });
  await session.denylist.prune(now + 36_524 * 86_400);
  expect(await session.judge(token, now + 36_524 * 86_400)).toBe('TOKEN_REVOKED');
});

describe('how long a log-out is kept', () => {
  const day = 86_400;
  const week = 7 * day;
  const familyUntil = async () => (await session.entries()).find(({ kind }) => kind === 'family')?.until;

  test.each([
    ['lifetimes of a week', week, week, now + 400 * day + 3600],
    ['access tokens of two years', week, 730 * day, now + 730 * day + 3600],
    ['a refresh token of two years', 730 * day, week, now + 730 * day + 3600],
  ])('%s', async (_what, refreshTtl, longestLifetime, until) => {
    const { refresh } = await session.issuePair({ sub: 'u' }, { refreshTtl });
    await session.revoke(refresh, now, longestLifetime);
    expect(await familyUntil()).toBe(until);
  });

  test.each<[string, () => Promise<string>, number, number | undefined]>([
    ['lifetimes that nobody knows', async () => (await session.issuePair({ sub: 'u' })).refresh, now, undefined],
    ['a refresh token that never expires', () => session.issue({}, { type: 'refresh', ttl: null }), now, week],
    ['an expired refresh token', async () => (await session.issuePair({ sub: 'u' })).refresh, now + 8 * day, week],
    ['a refresh token that was used before', useRefreshToken, now, week],
  ])('is kept for good: %s', async (_what, make, at, longestLifetime) => {
    await session.revoke(await make(), at, longestLifetime);
    expect(await familyUntil()).toBe(keptForGood);
  });

  async function useRefreshToken(): Promise<string> {
    const { refresh } = await session.issuePair({ sub: 'u' });
    await session.refresh(refresh, { rotate: true, issue: { refreshTtl: 800 * day } });
    return refresh;
  }
});

test.each<[string, string, () => Promise<string> | string]>([
  [
    'a foreign token',
    'SIGNATURE_INVALID',
    async () => (await issueToken({ sub: 'u' }, {}, { key: foreignKey, now })).token,
  ],
  [
    'one whose claims were changed',
    'SIGNATURE_INVALID',
    () => {
      const [header, , signature] = signed({ jti: 'a', exp: now + 60 }).split('.');
      return `${header}.${Buffer.from(JSON.stringify({ jti: 'b', exp: now + 60 })).toString('base64url')}.${signature}`;
    },
  ],
  ['one without signature', 'SIGNATURE_INVALID', () => signed({ jti: 'a' }).replace(/[^.]*$/, '')],
  ['what is no token', 'TOKEN_MALFORMED', () => 'no.token'],
  ['one without jti', 'CLAIM_MISSING', () => signed({ sub: 'u', exp: now + 60 })],
  ['one whose jti is no string', 'CLAIM_MISSING', () => signed({ sub: 'u', jti: 5, exp: now + 60 })],
])('refuses %s and does not touch the store', async (_what, expected, make) => {
  await expect(session.revoke(await make())).rejects.toMatchObject(code(expected));
  expect(await session.entries()).toEqual([]);
});

test('a failing store is an error', async () => {
  const { access } = await session.issuePair({ sub: 'u' });
  await session.denylist.close();
  await expect(session.revoke(access)).rejects.toMatchObject(code('STORE_UNAVAILABLE'));
});
