/** What every kind of denylist must hold: a rotation that is repeated within the grace gives one successor, and none afterwards. */
import { expect } from 'vitest';
import { generateKey } from '../../src/jose/generate-key.js';
import { createKey } from '../../src/jose/key.js';
import type { Denylist, Revocation } from '../../src/token/denylist.js';
import { issueTokenPair } from '../../src/token/issue.js';
import { refreshToken } from '../../src/token/refresh.js';
import { reportToken } from '../../src/token/verify.js';

const made = await generateKey('ES256');
if (!('privateKey' in made)) throw new Error('no key pair');
const key = createKey(made.privateKey);
const keys = [createKey(made.publicKey)];

type Claims = Record<string, unknown>;
const claimsOf = (token: string | undefined): Claims =>
  JSON.parse(Buffer.from(token?.split('.')[1] ?? '', 'base64url').toString());

/** Sessions on two connections to one store, as two processes or machines have them. */
export function sessionsOn(connections: readonly [Denylist, Denylist], start: number) {
  let turn = 0;
  const deps = (now: number) => ({ key, keys, now, denylist: connections[turn++ % 2] as Denylist });
  const verify = { anyAudience: true };
  return {
    claimsOf,
    logIn: async (claims: object = {}) => {
      const pair = await issueTokenPair({ iss: 'https://i.example', sub: 'u', scope: 'a', ...claims }, {}, deps(start));
      return pair.refresh_token;
    },
    /** Rotates a token, each time on the other connection, and returns the next one. */
    rotate: async (token: string, after = 0, rotateGrace = 10) => {
      const policy = { verify, rotate: true, rotateGrace };
      const next = await refreshToken(token, policy, deps(start + after));
      return next.refresh_token as string;
    },
    judge: async (token: string, after = 0) =>
      (await reportToken(token, { type: 'refresh', anyAudience: true }, deps(start + after))).code,
  };
}

/** Runs the ways in which a refresh token comes twice. */
export async function checkRepeatedRotation(connections: readonly [Denylist, Denylist], start: number): Promise<void> {
  const { logIn, rotate, judge } = sessionsOn(connections, start);

  // A lost answer: the same successor, which is good.
  const lost = await logIn();
  const first = await rotate(lost, 1);
  const again = await rotate(lost, 10.9);
  expect(claimsOf(again)).toEqual(claimsOf(first));
  expect(await judge(again, 11)).toBeNull();

  // Two tabs: both go on with what they got.
  const [one, two] = await Promise.all([rotate(first, 100), rotate(again, 100.5)]);
  expect(claimsOf(one).jti).toBe(claimsOf(two).jti);
  expect(claimsOf(await rotate(one, 200)).jti).toBe(claimsOf(await rotate(two, 201)).jti);

  // A thief after the grace: the session is over for both.
  const latest = await rotate(two, 202);
  await expect(rotate(lost, 300)).rejects.toMatchObject({ code: 'TOKEN_REUSED' });
  expect(await judge(latest, 301)).toBe('TOKEN_REVOKED');
  await expect(rotate(latest, 301)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });

  // Fifty at once: one successor.
  const crowded = await logIn();
  const answers = await Promise.all(Array.from({ length: 50 }, () => rotate(crowded)));
  expect(new Set(answers.map((token) => claimsOf(token).jti)).size).toBe(1);
  expect(await judge(answers[49] as string)).toBeNull();

  // Without a grace of either user, the second use ends the session.
  for (const graces of [
    [0, 10],
    [10, 0],
  ] as const) {
    const strict = await logIn();
    const next = await rotate(strict, 0, graces[0]);
    await expect(rotate(strict, 1, graces[1])).rejects.toMatchObject({ code: 'TOKEN_REUSED' });
    expect(await judge(next, 1)).toBe('TOKEN_REVOKED');
  }

  // A token, session or subject that was revoked meanwhile gives no successor.
  const until = start + 999_999;
  const revocations: [string, (claims: Claims) => Revocation][] = [
    ['TOKEN_REUSED', ({ jti }) => ({ kind: 'token', id: String(jti), reason: 'revoked', until })],
    ['TOKEN_REVOKED', ({ family }) => ({ kind: 'family', id: String(family), until })],
    ['TOKEN_REVOKED', ({ sub }) => ({ kind: 'subject', id: String(sub), issuedUpTo: start + 1, until })],
  ];
  for (const [code, revoke] of revocations) {
    const revoked = await logIn({ sub: `revoked-${code}` });
    await rotate(revoked, 1);
    await connections[0].add(revoke(claimsOf(revoked)));
    await expect(rotate(revoked, 2)).rejects.toMatchObject({ code });
  }
}
