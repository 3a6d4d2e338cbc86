/** What the tests of a library user's first mistakes share: a key, a token, and how a refusal reads. */
import { generateKeyPairSync } from 'node:crypto';
import { createKey, issueToken, JwtkitError, openDenylist } from '../../src/index.js';
import { temporaryFolder } from '../cli/fake-io.js';

/** What callers pass: nothing of it fits the types. */
// biome-ignore lint/suspicious/noExplicitAny: the types refuse these mistakes.
export type Wrong = any;

/** 2026-11-23T12:00:00Z. */
export const now = 1_795_435_200;
export const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
export const key = createKey(pair.privateKey);
export const keys = [createKey(pair.publicKey)];
export const { token } = await issueToken({ sub: 'user-123' }, {}, { key, now });
export const denylist = await openDenylist(`lmdb:${temporaryFolder()}/denylist`, { mode: 'write', now: () => now });

/** Runs a call that must be refused, and returns its error as a person reads it. */
export async function refusal(call: () => unknown): Promise<string> {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof JwtkitError)) throw error;
    return `${error.code} ${error.message}${error.hint === undefined ? '' : ` | ${error.hint}`}`;
  }
  return 'nothing was refused';
}
