import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { mayExist, readFileBounded } from '../../src/files/read-file.js';

const folder = mkdtempSync(join(tmpdir(), 'jwtkit-read-'));
afterAll(() => rmSync(folder, { recursive: true }));
const path = (name: string) => join(folder, name);

describe('readFileBounded', () => {
  test.each([0, 1, 65_535, 65_536, 65_537, 200_000])('reads a file of %i bytes whole', (size) => {
    const content = Buffer.alloc(size, 'ab');
    writeFileSync(path('file'), content);
    expect(readFileBounded(path('file'), size).equals(content)).toBe(true);
  });

  test('refuses a file that is one byte too long', () => {
    writeFileSync(path('long'), 'abc');
    const refused = expect.objectContaining({
      code: 'FILE_NOT_READABLE',
      message: `${path('long')} is larger than 2 bytes`,
    });
    expect(() => readFileBounded(path('long'), 2)).toThrow(refused);
  });

  test('stops reading a device that has no end', () => {
    expect(() => readFileBounded('/dev/zero', 1000)).toThrow('/dev/zero is larger than 1000 bytes');
  });

  test.each([
    ['a missing file', () => path('absent'), 'no such file or folder'],
    ['a folder', () => folder, 'it is a folder'],
    ['a file below a file', () => join(path('long'), 'x'), 'a part of its path is not a folder'],
  ])('says why it cannot read %s', (_, pathOf, reason) => {
    writeFileSync(path('long'), 'abc');
    const message = `cannot read ${pathOf()}: ${reason}`;
    expect(() => readFileBounded(pathOf(), 10)).toThrow(
      expect.objectContaining({ code: 'FILE_NOT_READABLE', message }),
    );
  });
});

test('mayExist finds files and broken links, and nothing where nothing is', () => {
  writeFileSync(path('there'), '');
  symlinkSync(path('nowhere'), path('link'));
  expect(['there', 'link', 'nowhere'].map((name) => mayExist(path(name)))).toEqual([true, true, false]);
});

test('mayExist is true where the system refuses to look', () => {
  expect(mayExist(path('a'.repeat(300)))).toBe(true);
});
