/** Rotations that are repeated, and sessions that end however often they are renewed. */
import { beforeEach, describe, expect, test } from 'vitest';
import { NumberText } from '../../src/jose/number-text.js';
import { memoryDenylist } from '../../src/store/denylist/memory.js';
import type { Claims } from '../../src/token/claims.js';
import { checkRepeatedRotation, sessionsOn } from '../store/repeated-rotation.js';
import { claimsOf, now, openSession, type Session } from './session.js';

test('a repeated rotation gives one successor within the grace, and ends the session after it, in memory', async () => {
  const denylist = memoryDenylist();
  await checkRepeatedRotation([denylist, denylist], now);
});

test('a thief who comes within the grace is found at the next rotation', async () => {
  const denylist = memoryDenylist();
  const { logIn, rotate, judge } = sessionsOn([denylist, denylist], now);
  const stolen = await logIn();
  const [owner, thief] = [await rotate(stolen, 0), await rotate(stolen, 9)];
  const next = await rotate(thief, 20);
  await expect(rotate(owner, 31)).rejects.toMatchObject({ code: 'TOKEN_REUSED' });
  expect(await judge(next, 31)).toBe('TOKEN_REVOKED');
});

describe('a session with a longest life', () => {
  let session: Session;
  beforeEach(async () => {
    session = await openSession();
    return session.close;
  });
  const sessionMax = 30 * 86_400;
  const end = now + sessionMax;

  test('ends, however often it is renewed, with all its tokens', async () => {
    let { refresh: token } = await session.issuePair({ sub: 'u' });
    for (let day = 6; day < 30; day += 6) {
      const next = await session.refresh(token, { rotate: true, sessionMax }, now + day * 86_400);
      token = next.refresh as string;
      expect(claimsOf(token)).toMatchObject({ auth_time: now, exp: Math.min(now + (day + 7) * 86_400, end) });
      expect(claimsOf(next.access)).not.toHaveProperty('auth_time');
    }
    const last = await session.refresh(token, { rotate: true, sessionMax }, end - 60);
    expect([claimsOf(last.access).exp, claimsOf(last.refresh).exp]).toEqual([end, end]);
    await expect(session.refresh(last.refresh as string, { rotate: true, sessionMax }, end)).rejects.toMatchObject({
      code: 'TOKEN_EXPIRED',
    });
  });

  test('ends earlier if the limit is lowered, and the refused token is not used up', async () => {
    const { refresh: token } = await session.issuePair({ sub: 'u' });
    for (const rotate of [true, false]) {
      const refused = session.refresh(token, { rotate, sessionMax: 3600 }, now + 3600);
      await expect(refused).rejects.toMatchObject({ code: 'TOKEN_TOO_OLD' });
    }
    expect((await session.refresh(token, { rotate: true }, now + 3600)).refresh).toBeDefined();
  });

  test('limits the access token of a refresh without rotation', async () => {
    const { refresh: token } = await session.issuePair({ sub: 'u' });
    const { access } = await session.refresh(token, { sessionMax: 3600 }, now + 3000);
    expect(claimsOf(access).exp).toBe(now + 3600);
  });

  test('keeps its beginning through rotations without the limit', async () => {
    const { refresh: token } = await session.issuePair({ sub: 'u' });
    const { refresh: second } = await session.refresh(token, { rotate: true, sessionMax }, now + 60);
    const { refresh: third } = await session.refresh(second as string, { rotate: true }, now + 120);
    expect(claimsOf(third).auth_time).toBe(now);
  });

  test.each(['auth_time', 'iat'])('keeps the text of the %s that it began with', async (name) => {
    for (const moment of [`${now}.0`, `${now}.10`, `${now}.12345678901234567890`]) {
      const claims = { sub: 'u', type: 'refresh', [name]: new NumberText(moment) } as Claims;
      let token = await session.issue(claims);
      for (const later of [1, 2]) {
        token = (await session.refresh(token, { rotate: true, sessionMax }, now + later)).refresh as string;
        expect(payloadOf(token)).toContain(`"auth_time":${moment},`);
      }
    }
  });
});

function payloadOf(token: string): string {
  return Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
}
