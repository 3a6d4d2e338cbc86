/**
 * Lists that a stranger may make long, the words of a scope, roles and audiences: what is done with them takes twice the time for
 * twice as many, never four times. Tokens and forms of 64 KiB hold thousands.
 */
import { describe, expect, test } from 'vitest';
import { loadSecret } from '../../src/jose/secret.js';
import { grantScopes } from '../../src/token/account.js';
import type { Claims } from '../../src/token/claims.js';
import { issueToken } from '../../src/token/issue.js';
import { refreshToken } from '../../src/token/refresh.js';
import { verifyToken } from '../../src/token/verify.js';
import { alice, bearer, claimsOf, start as now, startService, type Tokens } from './test-service.js';

const key = loadSecret('a secret of thirty-two bytes, at least');
const service = await startService({ rotatesRefreshTokens: true });

/** Different words of four letters, so that no comparison ends early. */
const words = (count: number) => Array.from({ length: count }, (_, at) => (at + 50_000).toString(36));
const backwards = (list: readonly string[]) => [...list].reverse();
const sign = async (claims: Claims, type: 'access' | 'refresh' = 'access') =>
  (await issueToken({ sub: alice.sub, ...claims }, { type }, { key, now })).token;
const deps = { key, keys: [key], now };

/** Prepares work on lists of a length, of which the work alone counts. */
type Work = (count: number) => Promise<() => Promise<unknown>>;

const works: [string, Work][] = [
  [
    'a scope that is granted',
    async (count) => {
      const [asked, allowed] = [words(count), backwards(words(count))];
      return async () => expect(grantScopes(asked, allowed)).toHaveLength(count);
    },
  ],
  [
    'a refresh token whose scopes are asked for, in another order',
    async (count) => {
      const token = await sign({ scope: words(count).join(' ') }, 'refresh');
      const policy = { scope: backwards(words(count)) };
      return () => refreshToken(token, policy, deps);
    },
  ],
  [
    'a refresh token that holds none of the scopes that are asked for',
    async (count) => {
      const token = await sign({ scope: words(count).join(' ') }, 'refresh');
      const policy = { scope: words(count).map((word) => `${word}x`) };
      return () => expect(refreshToken(token, policy, deps)).rejects.toMatchObject({ code: 'CLAIM_MISMATCH' });
    },
  ],
  [
    'a session whose scopes and roles are limited',
    async (count) => {
      const few = words(Math.floor(count / 3));
      const token = await sign({ scope: few.join(' '), role: few }, 'refresh');
      const limits = () => ({ scope: backwards(few), role: backwards(few) });
      return () => refreshToken(token, {}, { ...deps, limits });
    },
  ],
  ...(['scope', 'role', 'aud'] as const).map((name): [string, Work] => [
    `a token's ${name} against a policy`,
    async (count) => {
      const list = words(name === 'scope' ? count : Math.floor(count / 2));
      const token = await sign({ [name]: name === 'scope' ? list.join(' ') : list });
      const others = list.map((word) => `${word}x`);
      const policy = name === 'aud' ? { audience: others } : { [name]: backwards(list) };
      const answer = () => verifyToken(token, policy, deps);
      return name === 'aud' ? () => expect(answer()).rejects.toMatchObject({ code: 'CLAIM_MISMATCH' }) : answer;
    },
  ]),
  [
    'a form for /token/refresh and the token in it',
    async (count) => {
      const half = words(Math.floor(count / 2));
      service.users = [{ ...alice, scopes: half }];
      const scope = half.join(' ');
      return async () => {
        const token = await service.sign({ sub: alice.sub, scope }, { type: 'refresh' });
        const form = { refresh_token: token, scope: backwards(half).join(' ') };
        const answer = await service.send('/token/refresh', form);
        expect(answer.status).toBe(200);
        expect(claimsOf((answer.body as Tokens).access_token).scope).toHaveLength(scope.length);
      };
    },
  ],
  [
    'the demands of a query of /auth',
    async (count) => {
      const few = words(Math.floor(count / 4));
      const headers = bearer(await service.sign({ sub: alice.sub, scope: few.join(' ') }));
      const query = `scope=${backwards(few).join('+')}`;
      return async () => expect((await service.ask(`/auth?${query}`, { headers })).status).toBe(200);
    },
  ],
];

/** The shortest time of the processor, in milliseconds, that a work took: others who want the cores do not count. */
async function shortest(work: () => Promise<unknown>): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 7; round++) {
    const before = process.cpuUsage();
    await work();
    const { user, system } = process.cpuUsage(before);
    least = Math.min(least, (user + system) / 1000);
  }
  return least;
}

describe('twice as many words take at most about twice the time', () => {
  test.each(works)('%s', async (_what, prepare) => {
    const [once, twice] = [await prepare(4500), await prepare(9000)];
    await once();
    await twice();
    const [single, double] = [await shortest(once), await shortest(twice)];
    // Times of the first kind are a few milliseconds: what is added is the clock's own error.
    expect(double, `${single.toFixed(1)} ms, then ${double.toFixed(1)} ms`).toBeLessThan(2.5 * single + 5);
  });
});
