/** What every kind of denylist must hold: a session that was ended stays ended, whatever lifetimes its tokens have. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { loadSecret } from '../../src/jose/secret.js';
import { type Denylist, maxLeeway } from '../../src/token/denylist.js';
import { issueToken, issueTokenPair } from '../../src/token/issue.js';
import { refreshToken } from '../../src/token/refresh.js';
import { revokeSubject, revokeToken } from '../../src/token/revoke.js';
import { reportToken } from '../../src/token/verify.js';

const key = loadSecret('a secret of thirty-two bytes, at least');
const day = 86_400;
/** Seconds. */
const lifetime = fc.constantFrom(60, 7 * day, 399 * day, 401 * day, 800 * day, 4000 * day, 36_525 * day);
const rotation = fc.record({
  /** How much of its life a refresh token has behind it when it is rotated. */
  share: fc.double({ min: 0, max: 0.5, noNaN: true }),
  accessTtl: lifetime,
  refreshTtl: lifetime,
});
const end = fc.constantFrom('reuse', 'log-out with any token', 'log-out with the latest token', 'subject');

interface Living {
  readonly token: string;
  /** Infinity for a token that never expires. */
  readonly exp: number;
}

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] as string, 'base64url').toString());
const living = (token: string): Living => ({ token, exp: claimsOf(token).exp ?? Number.POSITIVE_INFINITY });

/** Runs sessions of any lifetimes, ends each in one of the ways, and prunes before each look at what is left of it. */
export async function checkEndedSessions(denylist: Denylist, start: number, numRuns: number): Promise<void> {
  let ids = 0;
  const unique = Math.random().toString(36);
  const newId = () => `${unique}-${++ids}`;
  const model = fc.asyncProperty(
    fc.array(rotation, { minLength: 2, maxLength: 5 }),
    fc.nat(),
    end,
    fc.boolean(),
    async ([first, ...rest], pick, how, isEndless) => {
      const sub = newId();
      let now = start;
      const deps = () => ({ key, keys: [key], now, newId, denylist });
      const all: Living[] = [];
      const refreshes: Living[] = [];
      const keep = (refresh: string, access?: string) => {
        refreshes.push(living(refresh));
        all.push(living(refresh), ...(access === undefined ? [] : [living(access)]));
      };
      if (isEndless) keep((await issueToken({ sub }, { type: 'refresh', ttl: null }, deps())).token);
      else {
        const { accessTtl, refreshTtl } = first ?? {};
        const pair = await issueTokenPair({ sub }, { accessTtl, refreshTtl }, deps());
        keep(pair.refresh_token, pair.access_token);
      }
      for (const { share, ...issue } of rest) {
        const latest = refreshes.at(-1) as Living;
        now += Math.floor(share * Math.min(latest.exp - now, 4000 * day));
        const policy = { rotate: true, issue, verify: { allowNoExp: true } };
        const pair = await refreshToken(latest.token, policy, deps());
        keep(pair.refresh_token as string, pair.access_token);
      }
      // Longer than any lifetime above: what a service with such settings would say.
      const longestLifetime = 36_525 * day;
      const usable = refreshes.slice(0, -1).filter(({ exp }) => exp > now);
      const old = usable[pick % Math.max(1, usable.length)];
      const latest = refreshes.at(-1) as Living;
      if (how === 'subject') await revokeSubject(sub, deps());
      else if (how === 'log-out with the latest token')
        await revokeToken(latest.token, { ...deps(), ...(pick % 2 === 0 ? { longestLifetime } : {}) });
      else if (old === undefined) return;
      else if (how === 'reuse')
        await expect(
          refreshToken(old.token, { rotate: true, verify: { allowNoExp: true } }, deps()),
        ).rejects.toMatchObject({ code: 'TOKEN_REUSED' });
      // A service that is configured for short lifetimes by now.
      else await revokeToken(old.token, { ...deps(), longestLifetime: 60 });
      const moments = all
        .flatMap(({ exp }) => [exp - 1, exp + maxLeeway - 1, now + 400 * day + maxLeeway + 1])
        .map((moment) => Math.min(moment, now + 200 * 366 * day))
        .filter((moment) => moment >= now)
        .sort((one, other) => one - other);
      for (const moment of new Set([now, ...moments])) {
        await denylist.prune(moment);
        for (const { token, exp } of all.filter((each) => each.exp + maxLeeway > moment)) {
          const policy = { type: 'any', allowNoExp: true, leeway: maxLeeway } as const;
          const { code } = await reportToken(token, policy, { keys: [key], denylist, now: moment });
          expect(['TOKEN_REVOKED', 'TOKEN_REUSED'], `${how}: a token with ${exp - moment} s left`).toContain(code);
        }
      }
    },
  );
  await fc.assert(model, { numRuns });
}
