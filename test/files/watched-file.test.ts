import { mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { onceATurn, watchFile } from '../../src/files/watched-file.js';

const root = mkdtempSync(join(tmpdir(), 'jwtkit-test-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const freshPath = () => join(mkdtempSync(join(root, 'folder-')), 'file');

/** Long after everything here was written. */
const later = { now: () => Date.now() + 60_000 };

/** Reads a file and counts how often. */
function counting(path: string) {
  const reader = { reads: 0, read: () => `${++reader.reads}: ${readFileSync(path, 'utf8')}` };
  return reader;
}

/** As every change of ours is made: a new file under the old name. */
function replace(path: string, content: string) {
  writeFileSync(`${path}.tmp`, content);
  renameSync(`${path}.tmp`, path);
}

test('reads a file once while it does not change', () => {
  const path = freshPath();
  writeFileSync(path, 'a');
  const reader = counting(path);
  const ask = watchFile(path, reader.read, later);
  expect([ask(), ask(), ask()]).toEqual(['1: a', '1: a', '1: a']);
});

test('reads again after the file was replaced, written in place, or touched', () => {
  const path = freshPath();
  writeFileSync(path, 'a');
  const reader = counting(path);
  const ask = watchFile(path, reader.read, later);
  ask();
  replace(path, 'b');
  expect([ask(), ask()]).toEqual(['2: b', '2: b']);
  writeFileSync(path, 'cc');
  expect([ask(), ask()]).toEqual(['3: cc', '3: cc']);
  utimesSync(path, 1, 1);
  expect([ask(), ask()]).toEqual(['4: cc', '4: cc']);
});

test('reads again after the file was made, removed and made again', () => {
  const path = freshPath();
  let reads = 0;
  const ask = watchFile(
    path,
    () => {
      reads++;
      try {
        return readFileSync(path, 'utf8');
      } catch {
        return undefined;
      }
    },
    later,
  );
  expect([ask(), ask(), reads]).toEqual([undefined, undefined, 1]);
  writeFileSync(path, 'a');
  expect([ask(), ask(), reads]).toEqual(['a', 'a', 2]);
  rmSync(path);
  expect([ask(), ask(), reads]).toEqual([undefined, undefined, 3]);
});

test('reads again after a link points to another file, as mounted secrets change', () => {
  const [path, one, other] = [freshPath(), freshPath(), freshPath()];
  writeFileSync(one, 'a');
  writeFileSync(other, 'b');
  symlinkSync(one, path);
  const ask = watchFile(path, counting(path).read, later);
  expect(ask()).toBe('1: a');
  rmSync(path);
  symlinkSync(other, path);
  expect(ask()).toBe('2: b');
});

test('reads again after any of several files changed', () => {
  const paths = [freshPath(), freshPath()] as const;
  for (const path of paths) writeFileSync(path, 'a');
  let reads = 0;
  const ask = watchFile(paths, () => ++reads, later);
  expect([ask(), ask()]).toEqual([1, 1]);
  replace(paths[1], 'b');
  expect([ask(), ask()]).toEqual([2, 2]);
});

test('reads again after a change during reading', () => {
  const path = freshPath();
  writeFileSync(path, 'a');
  let isFirst = true;
  const ask = watchFile(
    path,
    () => {
      const content = readFileSync(path, 'utf8');
      if (isFirst) replace(path, 'bb');
      isFirst = false;
      return content;
    },
    later,
  );
  expect([ask(), ask()]).toEqual(['a', 'bb']);
});

test('throws the error of reading each time and keeps no older value', () => {
  const path = freshPath();
  writeFileSync(path, '1');
  let reads = 0;
  const ask = watchFile(
    path,
    () => {
      reads++;
      return JSON.parse(readFileSync(path, 'utf8'));
    },
    later,
  );
  expect(ask()).toBe(1);
  replace(path, 'damaged');
  expect(ask).toThrow(SyntaxError);
  expect(ask).toThrow(SyntaxError);
  expect(reads).toBe(3);
  replace(path, '2');
  expect(ask()).toBe(2);
});

test('reads each time for a moment after a change, since a second change may leave the same times', () => {
  const path = freshPath();
  writeFileSync(path, 'a');
  const reader = counting(path);
  let now = Date.now();
  const ask = watchFile(path, reader.read, { now: () => now });
  expect([ask(), ask()]).toEqual(['1: a', '2: a']);
  now += 60_000;
  expect([ask(), ask()]).toEqual(['3: a', '3: a']);
});

test('once a turn: many questions of one turn are one look, the next turn looks again', async () => {
  let looks = 0;
  const ask = onceATurn(() => ++looks);
  expect([ask(), ask()]).toEqual([1, 1]);
  await Promise.resolve();
  expect(ask()).toBe(1);
  await new Promise((resolve) => setTimeout(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  expect([ask(), ask()]).toEqual([2, 2]);
});

test('onceATurn throws an error to each caller of the turn, and asks again at the next call', () => {
  let looks = 0;
  const ask = onceATurn(() => {
    if (++looks < 3) throw new Error(`look ${looks}`);
    return looks;
  });
  expect(ask).toThrow('look 1');
  expect(ask).toThrow('look 2');
  expect([ask(), ask()]).toEqual([3, 3]);
});
