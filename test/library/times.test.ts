/** A library user's time in milliseconds: every function refuses it, since it would revoke, remove or expire the wrong things. */
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as jwtkit from '../../src/index.js';
import { temporaryFolder } from '../cli/fake-io.js';
import { denylist, key, keys, now, pair, refusal, token, type Wrong } from './mistaken-call.js';

const milliseconds = now * 1000;
const inSeconds = 'seconds, not milliseconds: Math.floor(Date.now() / 1000)';

describe('a time in milliseconds', () => {
  const at = milliseconds;
  const pem = jwtkit.exportPublicPem(pair.publicKey);
  test.each<[string, () => unknown]>([
    ['verifyToken', () => jwtkit.verifyToken(token, {}, { keys, now: at })],
    ['verifyToken with a Date', () => jwtkit.verifyToken(token, {}, { keys, now: new Date(at) as Wrong })],
    ['reportToken', () => jwtkit.reportToken(token, {}, { keys, now: at })],
    ['verifyTokenFrom', () => jwtkit.verifyTokenFrom(token, {}, { source: { keys: async () => keys }, now: at })],
    ['reportTokenFrom', () => jwtkit.reportTokenFrom(token, {}, { source: { keys: async () => keys }, now: at })],
    ['issueToken', () => jwtkit.issueToken({}, {}, { key, now: at })],
    ['issueTokenPair', () => jwtkit.issueTokenPair({}, {}, { key, now: at })],
    ['refreshToken', () => jwtkit.refreshToken(token, {}, { key, keys, denylist, now: at })],
    ['inspectToken', () => jwtkit.inspectToken(token, { now: at })],
    ['revokeToken', () => jwtkit.revokeToken(token, { keys, denylist, now: at })],
    ['revokeTokenId', () => jwtkit.revokeTokenId('id', now, { denylist, now: at })],
    ['revokeTokenId as exp', () => jwtkit.revokeTokenId('id', at, { denylist, now })],
    ['revokeSubject', () => jwtkit.revokeSubject('user-123', { denylist, now: at })],
    ['issuerKeys', () => jwtkit.issuerKeys('https://issuer.example', { now: () => at })],
    ['remoteKeys', () => jwtkit.remoteKeys('https://issuer.example/keys', { now: () => at })],
    ['openDenylist', () => jwtkit.openDenylist('lmdb:denylist', { mode: 'read', now: () => at })],
    ['openDocumentCache', () => jwtkit.openDocumentCache('cache', { now: () => at })],
    ['the prune of a denylist', () => denylist.prune(at)],
    ['addKey', () => jwtkit.addKey('keyring', pair, { alg: 'ES256', now: at })],
    ['rotateKeys', () => jwtkit.rotateKeys('keyring', { now: at })],
    ['retireKey', () => jwtkit.retireKey('keyring', 'kid', { now: at })],
    ['retireKey as at', () => jwtkit.retireKey('keyring', 'kid', { now, at })],
    ['removeKey', () => jwtkit.removeKey('keyring', 'kid', { now: at })],
    ['importKeys', () => jwtkit.importKeys('keyring', Buffer.from(pem), { now: at })],
    ['pruneKeyring', () => jwtkit.pruneKeyring('keyring', { now: at })],
  ])('is refused by %s', async (_name, call) => {
    const refused = await refusal(call);
    expect(refused).toContain(inSeconds);
    expect(refused).toMatch(/^USAGE_INVALID (now|exp|at|what now\(\) returns) must be /);
  });

  test('is refused by the methods of a keyring', async () => {
    const directory = join(temporaryFolder(), 'keyring');
    await jwtkit.rotateKeys(directory, { now, alg: 'ES256' });
    const keyring = jwtkit.openKeyring(directory);
    for (const call of [keyring.verificationKeys, keyring.publishedSet, keyring.signingKey]) {
      expect(await refusal(() => call(milliseconds))).toContain(inSeconds);
    }
  });

  test('is refused as a claim', async () => {
    const refused = await refusal(() => jwtkit.issueToken({ exp: milliseconds }, {}, { key, now }));
    expect(refused).toMatch(/at most year 9999: seconds, not milliseconds$/);
  });

  test.each<[string, Wrong]>([
    ['a text', '5'],
    ['a function', () => now],
    ['nothing', undefined],
    ['NaN', Number.NaN],
  ])('%s in its place is refused too', async (_name, wrong) => {
    const expected = 'USAGE_INVALID now must be a NumericDate, seconds since 1970: Math.floor(Date.now() / 1000)';
    expect(await refusal(() => jwtkit.verifyToken(token, {}, { keys, now: wrong }))).toBe(expected);
    expect(await refusal(() => jwtkit.issueToken({}, {}, { key, now: wrong }))).toBe(expected);
  });
});
