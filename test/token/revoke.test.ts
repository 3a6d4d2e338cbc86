import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { issueToken } from '../../src/token/issue.js';
import { claimsOf, foreignKey, now, openSession, type Session, signed } from './session.js';

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

test('a revoked refresh token takes its session with it, access tokens too', async () => {
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

test('revoking the first refresh token of a session that had no name ends what was rotated out of it', async () => {
  const first = await session.issue({ sub: 'u' }, { type: 'refresh' });
  const second = await session.refresh(first, { rotate: true });
  await session.revoke(first);
  for (const token of [second.access, second.refresh as string]) {
    expect(await session.judge(token)).toBe('TOKEN_REVOKED');
  }
});

test('revoking a consumed token does not make it an unused one', async () => {
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
  test('is no error and writes nothing', async () => {
    const { access } = await session.issuePair({ sub: 'u' });
    const refresh = await session.issue({ sub: 'u' }, { type: 'refresh' });
    const long = now + 604_800 + 3600;
    for (const token of [access, refresh]) {
      expect(await session.revoke(token, long)).toMatchObject({ jti: claimsOf(token).jti, recorded: false });
    }
    expect(await session.entries()).toEqual([]);
  });

  test('still ends its session, whose access tokens may live longer than it', async () => {
    const { refresh } = await session.issuePair({ sub: 'u' });
    const { family } = claimsOf(refresh);
    expect(await session.revoke(refresh, now + 604_800 + 3600)).toMatchObject({ family, recorded: true });
    expect(await session.entries()).toMatchObject([{ kind: 'family', id: family }]);
  });

  test('is recorded while a verifier with leeway might still take it', async () => {
    const { access } = await session.issuePair({ sub: 'u' });
    expect(await session.revoke(access, now + 1800 + 3599)).toMatchObject({ recorded: true });
  });

  test('ends its session while that lives on', async () => {
    const first = await session.issuePair({ sub: 'u' }, { refreshTtl: 60 });
    const second = await session.refresh(first.refresh, { rotate: true, issue: { refreshTtl: 604_800 } });
    await session.revoke(first.refresh, now + 61);
    expect(await session.judge(second.refresh as string, now + 62)).toBe('TOKEN_REVOKED');
  });
});

test('neither type, nor time, nor other claims stand in the way of revoking', async () => {
  const tokens = [
    signed({ jti: 'a', type: 'something', exp: now + 60, nbf: now + 30, iat: now + 30 }),
    signed({ jti: 'b', exp: now + 60, aud: 5 }),
    signed({ jti: 'c' }),
    signed({ jti: 'd', exp: 'soon' }),
  ];
  for (const token of tokens) expect(await session.revoke(token)).toMatchObject({ recorded: true });
  expect(await session.entries()).toHaveLength(4);
});

test('a token that never expires stays revoked for years', async () => {
  await session.revoke(signed({ jti: 'c', sub: 'u' }));
  const [entry] = await session.entries();
  expect(entry?.until).toBeGreaterThan(now + 10 * 365 * 86_400);
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
])('%s is refused and the store left alone', async (_what, expected, make) => {
  await expect(session.revoke(await make())).rejects.toMatchObject(code(expected));
  expect(await session.entries()).toEqual([]);
});

test('a store that fails is an error', async () => {
  const { access } = await session.issuePair({ sub: 'u' });
  await session.denylist.close();
  await expect(session.revoke(access)).rejects.toMatchObject(code('STORE_UNAVAILABLE'));
});
