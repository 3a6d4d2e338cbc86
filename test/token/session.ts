/** A small world for refreshing and revoking: a secret key, a fixed time, counted ids and a denylist of its own. */
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadSecret } from '../../src/jose/secret.js';
import { openDenylist } from '../../src/store/denylist/open.js';
import type { Claims } from '../../src/token/claims.js';
import type { Denylist, Revocation } from '../../src/token/denylist.js';
import { issueToken, issueTokenPair } from '../../src/token/issue.js';
import type { IssuePairPolicy, IssuePolicy } from '../../src/token/issue-policy.js';
import { type RefreshPolicy, refreshToken } from '../../src/token/refresh.js';
import { revokeToken } from '../../src/token/revoke.js';
import { reportToken } from '../../src/token/verify.js';

/** The time at which everything begins: 2026-11-23T12:00:00Z. */
export const now = Date.UTC(2026, 10, 23, 12) / 1000;
const secret = 'a secret of thirty-two bytes, at least';
/** The key that signs, and is trusted. */
export const key = loadSecret(secret);
/** A key that nobody trusts. */
export const foreignKey = loadSecret('another secret of thirty-two bytes or more');

/** What a test does with tokens and its own denylist. */
export interface Session {
  readonly denylist: Denylist;
  issue(claims: Claims, policy?: IssuePolicy): Promise<string>;
  issuePair(claims: Claims, policy?: IssuePairPolicy): Promise<{ access: string; refresh: string }>;
  /** Refreshes a token with any `aud`, unless `policy.verify` says otherwise. */
  refresh(token: string, policy?: RefreshPolicy, at?: number): Promise<{ access: string; refresh?: string }>;
  revoke(token: string, at?: number, longestLifetime?: number): ReturnType<typeof revokeToken>;
  /** The verdict on a token of any type and audience: its code, null for a valid one. */
  judge(token: string, at?: number): Promise<string | null>;
  entries(): Promise<Revocation[]>;
  close(): Promise<void>;
}

/** A session with an empty denylist in a folder of its own. */
export async function openSession(): Promise<Session> {
  const folder = mkdtempSync(join(tmpdir(), 'jwtkit-session-'));
  const denylist = (await openDenylist(`lmdb:${folder}`, { mode: 'write', now: () => now })) as Denylist;
  let ids = 0;
  const issueDeps = (at = now) => ({ key, now: at, newId: () => `id-${++ids}` });
  const deps = (at = now) => ({ ...issueDeps(at), keys: [key], denylist });
  return {
    denylist,
    issue: async (claims, policy = {}) => (await issueToken(claims, policy, issueDeps())).token,
    issuePair: async (claims, policy = {}) => {
      const pair = await issueTokenPair(claims, policy, issueDeps());
      return { access: pair.access_token, refresh: pair.refresh_token };
    },
    refresh: async (token, policy = {}, at = now) => {
      const verify = { ...(policy.verify?.audience === undefined ? { anyAudience: true } : {}), ...policy.verify };
      const refreshed = await refreshToken(token, { ...policy, verify }, deps(at));
      const { access_token: access, refresh_token: refresh } = refreshed;
      return { access, ...(refresh === undefined ? {} : { refresh }) };
    },
    revoke: (token, at = now, longestLifetime) => revokeToken(token, { ...deps(at), longestLifetime }),
    judge: async (token, at = now) => (await reportToken(token, { type: 'any', anyAudience: true }, deps(at))).code,
    entries: async () => {
      const entries: Revocation[] = [];
      for await (const entry of denylist.list()) entries.push(entry);
      return entries.sort((one, other) => (one.kind + one.id < other.kind + other.id ? -1 : 1));
    },
    close: async () => {
      await denylist.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A token signed by the trusted key, whatever it says. */
export function signed(claims: object): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const input = `${encode({ alg: 'HS256' })}.${encode(claims)}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

/** The claims of a token. */
export function claimsOf(token: string | undefined): Record<string, unknown> {
  return JSON.parse(Buffer.from((token as string).split('.')[1] as string, 'base64url').toString('utf8'));
}
