// @module-tag slow
/** The embedded denylist and the lock on a full disk, in process: whatever ends it ends the test. More in test/faults. */
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { JwtkitError } from '../../src/errors.js';
import { openDenylist } from '../../src/store/denylist/open.js';
import { withLock } from '../../src/store/lmdb/environment.js';
import { describeWithSmallDisk, mountSmallDisk } from '../small-disk.js';

const now = 1_800_000_000;
const entry = (id: string) => ({ kind: 'token', id, reason: 'revoked', until: now + 3600 }) as const;

describeWithSmallDisk('a full disk', () => {
  const disk = mountSmallDisk(8192);
  const at = (name: string) => join(disk.folder, name);

  test('making a denylist without room leaves nothing behind, and succeeds with room', async () => {
    const pages = [0, 1, 2, 3, 4, 5, 6, 7, 8, 12, 16, 17, 18, 19, 20, 24, 28, 32, 48, 64];
    const outcomes = new Set<string>();
    for (const count of pages) {
      const folder = at(`denylist-${count}`);
      const open = () => openDenylist(`lmdb:${folder}`, { mode: 'write', now: () => now });
      disk.fill(count * 4096);
      const made = await open().then(
        async (denylist) => {
          const added = await denylist.add(entry('a')).then(
            () => 'added',
            (error) => error.code,
          );
          await denylist.close();
          return added;
        },
        (error) => error.code,
      );
      outcomes.add(made);
      disk.free();
      if (made !== 'added') expect(existsSync(`${folder}.tmp`)).toBe(false);
      const denylist = await open();
      if (made !== 'added') await denylist.add(entry('a'));
      expect(await denylist.find({ jti: 'a' }), `${count} pages left`).toEqual(entry('a'));
      await denylist.close();
      rmSync(folder, { recursive: true });
    }
    expect([...outcomes].sort()).toEqual(['STORE_UNAVAILABLE', 'added']);
  });

  test('an open denylist refuses entries without room, loses no acknowledged one, and goes on with room', {
    tags: 'slow',
  }, async () => {
    const denylist = await openDenylist(`lmdb:${at('denylist')}`, { mode: 'write', now: () => now });
    const kept: string[] = [];
    for (let round = 0; round < 2; round++) {
      disk.fill(0);
      const errors: JwtkitError[] = [];
      // Room that the file has taken beforehand is used up first.
      for (let batch = 0; errors.length === 0 && batch < 50; batch++) {
        const ids = Array.from({ length: 200 }, (_, at) => `${round}-${batch}-${at}`);
        const keep = (id: string) =>
          denylist.add(entry(id)).then(
            () => kept.push(id),
            (error) => errors.push(error),
          );
        await Promise.all(ids.map(keep));
      }
      expect(errors[0]).toMatchObject({ code: 'STORE_UNAVAILABLE', hint: 'make room on its disk, then try again' });
      expect(errors[0]?.message).toMatch(/cannot be written: no space left on the device; the entry is not recorded$/);
      disk.free();
      await denylist.add(entry(`with room ${round}`));
      kept.push(`with room ${round}`);
    }
    for (const id of kept) expect(await denylist.find({ jti: id }), id).toBeDefined();
    await denylist.close();
    rmSync(at('denylist'), { recursive: true });
  });

  test('a lock without room is FILE_NOT_WRITABLE, and an existing one still works', async () => {
    disk.fill(0);
    await expect(withLock(at('lock'), () => 'done')).rejects.toMatchObject({ code: 'FILE_NOT_WRITABLE' });
    disk.free();
    expect(await withLock(at('lock'), () => 'done')).toBe('done');
    disk.fill(0);
    expect(await withLock(at('lock'), () => 'done')).toBe('done');
    disk.free();
  });

  test('a reader’s error says that the denylist cannot be used, and nothing about entries', async () => {
    const location = `lmdb:${at('asked')}`;
    await (await openDenylist(location, { mode: 'write', now: () => now })).close();
    rmSync(join(at('asked'), 'lock.mdb'));
    disk.fill(0);
    const asking = openDenylist(location, { mode: 'read', now: () => now });
    await expect(asking).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringMatching(/cannot be used: no space left on the device/),
    });
    disk.free();
    const denylist = await openDenylist(location, { mode: 'read', now: () => now });
    expect(await denylist.find({ jti: 'a' })).toBeUndefined();
    await denylist.close();
  });

  test('a lock file gets its room before LMDB maps it', async () => {
    await withLock(at('sparse'), () => {});
    rmSync(join(at('sparse'), 'lock.mdb'));
    disk.fill(0);
    await expect(withLock(at('sparse'), () => 'done')).rejects.toMatchObject({ code: 'FILE_NOT_WRITABLE' });
    disk.free();
    writeFileSync(join(at('sparse'), 'lock.mdb'), '');
    expect(await withLock(at('sparse'), () => 'done')).toBe('done');
  });
});
