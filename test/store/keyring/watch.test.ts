import { readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { watchKeyring } from '../../../src/store/keyring/watch.js';
import { makeKeyring, now, runCli, stdoutOf, temporaryFolder } from '../../cli/fake-io.js';
import { until } from '../redis-server.js';

let keyring: string;
beforeEach(async () => {
  keyring = await makeKeyring();
});
const keys = (...args: string[]) => stdoutOf(['keys', ...args, '--keyring', keyring]);
const kids = (list: readonly { kid?: string | undefined }[]) => list.map(({ kid }) => kid).sort();

describe('the next question sees a change by another process', () => {
  test('a rotation', async () => {
    const watched = watchKeyring(keyring);
    expect((await watched.signingKey(now)).kid).toBe('k1');
    await keys('rotate', '--kid', 'k2', '--grace', '1h');
    expect((await watched.signingKey(now)).kid).toBe('k2');
    expect(kids(await watched.keys(now))).toEqual(['k1', 'k2']);
    expect(kids(watched.publishedSet?.(now).keys ?? [])).toEqual(['k1', 'k2']);
    expect(kids(await watched.keys(now + 3600))).toEqual(['k2']);
    expect(kids(watched.publishedSet?.(now + 3600).keys ?? [])).toEqual(['k2']);
  });

  test('an announced rotation, at its time without another change', async () => {
    const watched = watchKeyring(keyring);
    await keys('rotate', '--kid', 'k2', '--activate-in', '10m');
    expect((await watched.signingKey(now)).kid).toBe('k1');
    expect(kids(watched.publishedSet?.(now).keys ?? [])).toEqual(['k1', 'k2']);
    expect((await watched.signingKey(now + 599)).kid).toBe('k1');
    expect((await watched.signingKey(now + 600)).kid).toBe('k2');
  });

  test('a retirement', async () => {
    const watched = watchKeyring(keyring);
    await keys('retire', 'k1', '--at', '+10m', '--force');
    await expect(watched.signingKey(now)).rejects.toMatchObject({ code: 'SIGNING_KEY_NOT_FOUND' });
    expect(kids(await watched.keys(now))).toEqual(['k1']);
    expect(kids(await watched.keys(now + 600))).toEqual([]);
  });

  test('a key of another keyring, put in the place of this one', async () => {
    const watched = watchKeyring(keyring);
    const other = await makeKeyring('ES256', 'other');
    rmSync(keyring, { recursive: true });
    await expect(watched.keys(now)).rejects.toMatchObject({ code: 'KEYRING_NOT_FOUND' });
    renameSync(other, keyring);
    expect((await watched.signingKey(now)).kid).toBe('other');
  });

  test('sees eight rotations, one after another', async () => {
    const watched = watchKeyring(keyring);
    for (let round = 2; round < 10; round++) {
      await keys('rotate', '--kid', `k${round}`);
      expect((await watched.signingKey(now)).kid).toBe(`k${round}`);
    }
    expect(await watched.keys(now)).toHaveLength(9);
  });
});

test('each question fails while the keyring is damaged', async () => {
  const watched = watchKeyring(keyring);
  const path = join(keyring, 'jwks.json');
  const whole = readFileSync(path);
  writeFileSync(path, whole.subarray(0, 40));
  for (let round = 0; round < 2; round++) {
    await expect(watched.keys(now)).rejects.toMatchObject({ code: 'KEYRING_INVALID' });
    await expect(watched.signingKey(now)).rejects.toMatchObject({ code: 'KEYRING_INVALID' });
    expect(() => watched.publishedSet?.(now)).toThrow(expect.objectContaining({ code: 'KEYRING_INVALID' }));
  }
  writeFileSync(path, whole);
  expect((await watched.signingKey(now)).kid).toBe('k1');
});

test('refuses to watch a missing or damaged keyring', () => {
  expect(() => watchKeyring(join(temporaryFolder(), 'none'))).toThrow(
    expect.objectContaining({ code: 'KEYRING_NOT_FOUND' }),
  );
  writeFileSync(join(keyring, 'jwks.json'), '{}');
  expect(() => watchKeyring(keyring)).toThrow(expect.objectContaining({ code: 'KEYRING_INVALID' }));
});

test('opens a private key once while nothing changes', async () => {
  const watched = watchKeyring(keyring);
  // A file that was changed a moment ago is read each time.
  let key = await watched.signingKey(now);
  await until('the keyring is settled', async () => {
    const last = key;
    key = await watched.signingKey(now);
    return key === last;
  });
  const path = join(keyring, 'k1.pem');
  rmSync(path);
  expect(await watched.signingKey(now)).toBe(key);
  await keys('rotate', '--kid', 'k2');
  expect((await watched.signingKey(now)).kid).toBe('k2');
});

describe('a private half under a passphrase', () => {
  const world = { env: { P: 'correct horse' } };
  beforeEach(async () => {
    keyring = join(temporaryFolder(), 'guarded');
    await stdoutOf(['keygen', '--alg', 'ES256', '--kid', 'k1', '--keyring', keyring, '--passphrase-env', 'P'], world);
  });

  test('the passphrase opens this key and the next one', async () => {
    const watched = watchKeyring(keyring, 'correct horse');
    expect((await watched.signingKey(now)).kid).toBe('k1');
    const rotate = ['keys', 'rotate', '--kid', 'k2', '--keyring', keyring, '--passphrase-env', 'P'];
    expect((await runCli(rotate, world)).exitCode).toBe(0);
    expect((await watched.signingKey(now)).kid).toBe('k2');
  });

  test('verifying needs no passphrase', async () => {
    expect(kids(await watchKeyring(keyring).keys(now))).toEqual(['k1']);
    await expect(watchKeyring(keyring).signingKey(now)).rejects.toMatchObject({ code: 'KEY_ENCRYPTED' });
  });

  test('a private key is tried again after a wrong passphrase', async () => {
    const passphrases = ['wrong', 'correct horse'];
    const watched = watchKeyring(keyring, async () => passphrases.shift());
    await expect(watched.signingKey(now)).rejects.toMatchObject({ code: 'PASSPHRASE_WRONG' });
    expect((await watched.signingKey(now)).kid).toBe('k1');
  });
});
