/** A number of seconds that a library user passes, and the time that one forgets. */
import { expect, test } from 'vitest';
import * as jwtkit from '../../src/index.js';
import { temporaryFolder } from '../cli/fake-io.js';
import { key, keys, now, refusal, token, type Wrong } from './mistaken-call.js';

const directory = temporaryFolder();
await jwtkit.rotateKeys(directory, { now, alg: 'ES256', grace: 1 });
await jwtkit.addEncryptionKey(directory, { now });
const { keys: published } = jwtkit.openKeyring(directory).publishedSet(now);
const kid = String(published[0]?.kid);
const clocks = { now: () => now };

/** Every function of the library that takes a number of seconds. */
const calls: readonly [string, (seconds: Wrong) => unknown][] = [
  ['activateIn of rotateKeys', (activateIn) => jwtkit.rotateKeys(directory, { now, alg: 'ES256', activateIn })],
  ['grace of rotateKeys', (grace) => jwtkit.rotateKeys(directory, { now, alg: 'ES256', grace })],
  ['activateIn of rotateEncryptionKeys', (activateIn) => jwtkit.rotateEncryptionKeys(directory, { now, activateIn })],
  ['grace of rotateEncryptionKeys', (grace) => jwtkit.rotateEncryptionKeys(directory, { now, grace })],
  ['grace of retireKey', (grace) => jwtkit.retireKey(directory, kid, { now, grace })],
  ['ttl of issueToken', (ttl) => jwtkit.issueToken({}, { ttl }, { key, now })],
  ['leeway of verifyToken', (leeway) => jwtkit.verifyToken(token, { leeway }, { keys, now })],
  ['maxAge of verifyToken', (maxAge) => jwtkit.verifyToken(token, { maxAge }, { keys, now })],
  ['minTtl of verifyToken', (minTtl) => jwtkit.verifyToken(token, { minTtl }, { keys, now })],
  ['timeout of remoteKeys', (timeout) => jwtkit.remoteKeys('https://127.0.0.1:1/jwks.json', { ...clocks, timeout })],
];

test.each(calls)('%s refuses what is no number of seconds', async (_name, call) => {
  for (const seconds of [Number.NaN, -1, Number.POSITIVE_INFINITY, '60', {}]) {
    expect([seconds, await refusal(() => call(seconds))]).toEqual([seconds, expect.stringMatching(/^USAGE_INVALID /)]);
  }
});

const left: Wrong = undefined;

test.each<[string, () => unknown]>([
  ['rotateKeys', () => jwtkit.rotateKeys(directory, left)],
  ['rotateEncryptionKeys', () => jwtkit.rotateEncryptionKeys(directory, left)],
  ['addEncryptionKey', () => jwtkit.addEncryptionKey(directory, left)],
  ['retireKey', () => jwtkit.retireKey(directory, kid, left)],
  ['removeKey', () => jwtkit.removeKey(directory, kid, left)],
  ['pruneKeyring', () => jwtkit.pruneKeyring(directory, left)],
])('%s without its options misses the time', async (_name, call) => {
  expect(await refusal(call)).toMatch(/^USAGE_INVALID now must be /);
});
