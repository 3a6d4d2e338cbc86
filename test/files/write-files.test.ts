import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { placeFiles, refuseExisting, writeFilesWhole, writeFileWhole } from '../../src/files/write-files.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'jwtkit-write-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const path = (name: string) => join(folder, name);
const file = (name: string, content = `new ${name}`) => ({ path: path(name), content, mode: 0o600 });
const contentOf = (name: string) => readFileSync(path(name), 'utf8');
const code = (expected: string) => expect.objectContaining({ code: expected });

describe('without overwrite', () => {
  test('writes all files with their mode and leaves no temporary file', () => {
    writeFilesWhole([file('a'), { ...file('b'), mode: 0o644 }], { overwrite: false });
    expect(readdirSync(folder).sort()).toEqual(['a', 'b']);
    expect(contentOf('a')).toBe('new a');
    expect(statSync(path('a')).mode & 0o777).toBe(0o600);
    expect(statSync(path('b')).mode & 0o777).toBe(0o644);
  });

  test('refuses an existing file before it writes the others', () => {
    writeFileSync(path('b'), 'old');
    expect(() => writeFilesWhole([file('a'), file('b')], { overwrite: false })).toThrow(code('FILE_EXISTS'));
    expect(readdirSync(folder)).toEqual(['b']);
    expect(contentOf('b')).toBe('old');
  });

  test('refuses a broken link and removes the files that it had placed', () => {
    symlinkSync(path('nowhere'), path('b'));
    expect(() => writeFilesWhole([file('a'), file('b')], { overwrite: false })).toThrow(code('FILE_EXISTS'));
    expect(readdirSync(folder)).toEqual(['b']);
  });
});

describe('with overwrite', () => {
  test('replaces a file and gives it the new mode', () => {
    writeFileSync(path('a'), 'old');
    chmodSync(path('a'), 0o644);
    writeFileWhole(file('a'), { overwrite: true });
    expect(contentOf('a')).toBe('new a');
    expect(statSync(path('a')).mode & 0o777).toBe(0o600);
  });

  test('writes through a link to the file behind it', () => {
    writeFileSync(path('target'), 'old');
    symlinkSync(path('target'), path('link'));
    writeFileWhole(file('link'), { overwrite: true });
    expect(contentOf('target')).toBe('new link');
    expect(readdirSync(folder).sort()).toEqual(['link', 'target']);
  });

  test('refuses a folder and leaves the other files as they were', () => {
    writeFileSync(path('a'), 'old');
    mkdirSync(path('b'));
    const refused = expect.objectContaining({ message: `cannot write ${path('b')}: it is a folder` });
    expect(() => writeFilesWhole([file('a'), file('b')], { overwrite: true })).toThrow(refused);
    expect(contentOf('a')).toBe('old');
  });

  test('puts everything back on undo', () => {
    writeFileSync(path('a'), 'old');
    const placed = placeFiles([file('a'), file('b')], { overwrite: true });
    expect([contentOf('a'), contentOf('b')]).toEqual(['new a', 'new b']);
    placed.undo();
    expect(contentOf('a')).toBe('old');
    expect(readdirSync(folder)).toEqual(['a']);
  });

  test('drops the copies of replaced files on keep', () => {
    writeFileSync(path('a'), 'old');
    placeFiles([file('a')], { overwrite: true }).keep();
    expect(readdirSync(folder)).toEqual(['a']);
    expect(contentOf('a')).toBe('new a');
  });
});

test('says why a file cannot be written', () => {
  const missing = join(path('no-folder'), 'a');
  const message = `cannot write ${missing}: no such file or folder`;
  expect(() => writeFileWhole({ ...file('a'), path: missing }, { overwrite: false })).toThrow(
    expect.objectContaining({ code: 'FILE_NOT_WRITABLE', message }),
  );
});

test('refuseExisting names the file that exists', () => {
  writeFileSync(path('b'), '');
  expect(() => refuseExisting([file('a'), file('b')])).toThrow(`${path('b')} already exists`);
  expect(existsSync(path('a'))).toBe(false);
});

test('refuses a link where links are not followed, and leaves its target', () => {
  writeFileSync(path('target'), 'before');
  symlinkSync(path('target'), path('link'));
  expect(() => writeFilesWhole([file('link')], { overwrite: true, followsLinks: false })).toThrow('is a symbolic link');
  expect(readFileSync(path('target'), 'utf8')).toBe('before');
  expect(readdirSync(folder).sort()).toEqual(['link', 'target']);
});
