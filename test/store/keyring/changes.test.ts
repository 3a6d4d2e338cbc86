import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { addKey, changeKeyring } from '../../../src/store/keyring/changes.js';
import { openKeyring } from '../../../src/store/keyring/directory.js';
import { importKeys } from '../../../src/store/keyring/import.js';
import { removeKey, retireKey, rotateKeys } from '../../../src/store/keyring/rotation.js';

const root = mkdtempSync(join(tmpdir(), 'jwtkit-test-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const freshPath = () => join(mkdtempSync(join(root, 'folder-')), 'keyring');
const now = 1000;
const setOf = (directory: string) => JSON.parse(readFileSync(join(directory, 'jwks.json'), 'utf8'));

test('a change keeps unknown members of the set and its keys', async () => {
  const directory = freshPath();
  await rotateKeys(directory, { now, alg: 'ES256', kid: 'a' });
  writeFileSync(
    join(directory, 'jwks.json'),
    JSON.stringify({ note: 'mine', keys: [{ ...setOf(directory).keys[0], x5t: 'kept' }] }),
  );
  await rotateKeys(directory, { now, kid: 'b', activateIn: 5 });
  await retireKey(directory, 'b', { now, force: true });
  expect(setOf(directory)).toMatchObject({ note: 'mine', keys: [{ kid: 'a', x5t: 'kept' }, { kid: 'b' }] });
});

test('a change keeps numbers of other programs to the last digit', async () => {
  const directory = freshPath();
  await rotateKeys(directory, { now, alg: 'ES256', kid: 'a' });
  const path = join(directory, 'jwks.json');
  const others = '"x-id":100002348117421473,"x-list":[1.0,{"a":1e400}]';
  const [key] = setOf(directory).keys;
  writeFileSync(
    path,
    `{"note":-0,"keys":[{${others},${JSON.stringify({ ...key, iat: undefined }).slice(1, -1)},"iat":1e3}]}`,
  );
  await rotateKeys(directory, { now, kid: 'b', activateIn: 5 });
  await retireKey(directory, 'b', { now, force: true });
  const written = readFileSync(path, 'utf8').replace(/\s/g, '');
  expect(written).toContain(`{"note":-0,"keys":[{${others},`);
  expect(written).toContain('"iat":1000');
  expect(setOf(directory).keys[0]).toMatchObject({ iat: 1000, exp: expect.any(Number) });
});

test('a refused change writes nothing', async () => {
  const directory = freshPath();
  await rotateKeys(directory, { now, alg: 'ES256', kid: 'a' });
  const before = [readdirSync(directory), setOf(directory)];
  const refused = changeKeyring(directory, { make: false }, () => {
    throw new Error('refused');
  });
  await expect(refused).rejects.toThrow('refused');
  await expect(removeKey(directory, 'a', { now })).rejects.toMatchObject({ code: 'KEY_IN_USE' });
  await expect(retireKey(directory, 'a', { now })).rejects.toMatchObject({ code: 'KEY_IN_USE' });
  expect([readdirSync(directory), setOf(directory)]).toEqual(before);
});

test('a set that cannot be written leaves no private keys behind', async () => {
  const directory = freshPath();
  await rotateKeys(directory, { now, alg: 'ES256', kid: 'a' });
  // No private key, so that it is in the way.
  writeFileSync(join(directory, 'c.pem'), 'kept');
  const keys = ['b', 'c'].map((kid) => ({
    ...generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ format: 'jwk' }),
    kid,
  }));
  const brought = importKeys(directory, Buffer.from(JSON.stringify({ keys })), { now });
  await expect(brought).rejects.toMatchObject({ code: 'FILE_EXISTS', message: expect.stringContaining('c.pem') });
  expect(readdirSync(directory).sort()).toEqual(['.gitignore', '.lock', 'a.pem', 'c.pem', 'jwks.json']);
  expect(setOf(directory).keys).toHaveLength(1);
});

test('simultaneous rotations in a process take turns', async () => {
  const directory = freshPath();
  const rotated = await Promise.all([...Array(8)].map(() => rotateKeys(directory, { now, alg: 'ES256' })));
  const { entries, signingKey } = openKeyring(directory);
  expect(entries.map(({ kid }) => kid).sort()).toEqual(rotated.map(({ kid }) => kid).sort());
  expect(entries.filter(({ jwk }) => jwk.exp === undefined).map(({ kid }) => kid)).toEqual([
    (await signingKey(now)).kid,
  ]);
});

test.each(['Web', 'WEB'])('refuses the kid %s beside web: file systems may not tell them apart', async (kid) => {
  const directory = freshPath();
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await addKey(directory, pair, { alg: 'ES256', now, kid: 'web' });
  const next = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  for (const add of [
    () => addKey(directory, next, { alg: 'ES256', now, kid }),
    () => rotateKeys(directory, { now, kid }),
  ]) {
    await expect(add()).rejects.toMatchObject({ code: 'FILE_EXISTS', message: expect.stringContaining('key web,') });
  }
});

test.each([-1, Number.NaN, Number.POSITIVE_INFINITY])('refuses %d seconds', async (seconds) => {
  const directory = freshPath();
  for (const times of [{ grace: seconds }, { activateIn: seconds }]) {
    await expect(rotateKeys(directory, { now, alg: 'ES256', ...times })).rejects.toMatchObject({
      code: 'USAGE_INVALID',
    });
  }
});
