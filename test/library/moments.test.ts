/** A moment that a library user passes: one that is no NumericDate is refused, or an ended key would count as valid. */
import { expect, test } from 'vitest';
import * as jwtkit from '../../src/index.js';
import { temporaryFolder } from '../cli/fake-io.js';
import { denylist, key, keys, now, pair, refusal, token, type Wrong } from './mistaken-call.js';

const directory = temporaryFolder();
await jwtkit.rotateKeys(directory, { now, alg: 'ES256', grace: 1 });
await jwtkit.addEncryptionKey(directory, { now });
const keyring = jwtkit.openKeyring(directory);
const encryptionKey = jwtkit.createEncryptionKey(pair.publicKey);
const expired = { ...encryptionKey, validity: { notBefore: 1, notAfter: 2 } };
const user = { name: 'ada', sub: 'user-123', password: 'correct horse battery' };

/** Every function of the library that takes `now`. */
const calls: readonly [string, (at: Wrong) => unknown][] = [
  ['verifyToken', (at) => jwtkit.verifyToken(token, {}, { keys, now: at })],
  ['reportToken', (at) => jwtkit.reportToken(token, {}, { keys, now: at })],
  ['verifyTokenFrom', (at) => jwtkit.verifyTokenFrom(token, {}, { source: keyringSource, now: at })],
  ['inspectToken', (at) => jwtkit.inspectToken(token, { now: at })],
  ['issueToken', (at) => jwtkit.issueToken({}, {}, { key, now: at })],
  ['issueTokenPair', (at) => jwtkit.issueTokenPair({}, {}, { key, now: at })],
  ['refreshToken', (at) => jwtkit.refreshToken(token, {}, { key, keys, denylist, now: at })],
  ['revokeToken', (at) => jwtkit.revokeToken(token, { keys, denylist, now: at })],
  ['keyring.verificationKeys', (at) => keyring.verificationKeys(at)],
  ['keyring.signingKey', (at) => keyring.signingKey(at)],
  ['keyring.publishedSet', (at) => keyring.publishedSet(at)],
  ['addKey', (at) => jwtkit.addKey(directory, pair as Wrong, { now: at, alg: 'ES256' })],
  ['rotateKeys', (at) => jwtkit.rotateKeys(directory, { now: at, alg: 'ES256', grace: 1 })],
  ['pruneKeyring', (at) => jwtkit.pruneKeyring(directory, { now: at })],
  ['addEncryptionKey', (at) => jwtkit.addEncryptionKey(directory, { now: at })],
  ['rotateEncryptionKeys', (at) => jwtkit.rotateEncryptionKeys(directory, { now: at, grace: 1 })],
  ['keyringRecipient', (at) => jwtkit.keyringRecipient(directory, at)],
  ['keyringDecryptionKeys', (at) => jwtkit.keyringDecryptionKeys(directory, { now: at })],
  ['encryptToken', (at) => jwtkit.encryptToken('x', { key: encryptionKey, now: at })],
  ['encryptToken to a certificate', (at) => jwtkit.encryptToken('x', { key: expired, now: at })],
  ['keys of remoteKeys', (at) => remote.keys(at)],
  ['refresh of remoteKeys', (at) => remote.refresh?.(at)],
  ['prune of a denylist', (at) => denylist.prune(at)],
  ['addUser', (at) => jwtkit.addUser(`${directory}/users.json`, user, { now: at })],
];

const keyringSource = { keys: async (at: number) => keyring.verificationKeys(at) };
const remote = jwtkit.remoteKeys('https://127.0.0.1:1/jwks.json', { now: () => now });

const moments = [Number.NaN, 'x', -1, now * 1000, new Date(now * 1000), null];

test.each(calls)('%s refuses a moment that is no NumericDate', async (_name, call) => {
  for (const moment of moments) expect(await refusal(() => call(moment))).toMatch(/^USAGE_INVALID now must be /);
});
