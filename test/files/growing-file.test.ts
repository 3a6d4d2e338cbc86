import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { growFile } from '../../src/files/growing-file.js';
import { fileWith, hasModes, modeOf, temporaryFolder, textOf } from '../cli/fake-io.js';

describe('a file that grows', () => {
  test('appears whole, with its beginning replaced, and nothing is there before', () => {
    const path = join(temporaryFolder(), 'report.xml');
    const file = growFile(path, 0o640);
    file.append('head 0\n');
    file.append(Buffer.from('körper\n'));
    expect(readdirSync(dirname(path))).not.toContain('report.xml');
    file.append('end\n');
    file.replaceStart('head 3\n');
    expect(Buffer.concat([...file.read()].map((piece) => Buffer.from(piece))).toString()).toBe('head 3\nkörper\nend\n');
    file.place();
    file.discard();
    expect(textOf(path)).toBe('head 3\nkörper\nend\n');
    expect(readdirSync(dirname(path))).toEqual(['report.xml']);
    if (hasModes) expect(modeOf(path)).toBe(0o640);
  });

  test('is read in pieces, whatever its size', () => {
    const file = growFile(join(temporaryFolder(), 'report'), 0o600);
    for (let count = 0; count < 50; count++) file.append('x'.repeat(10_000));
    const sizes = [...file.read()].map(({ length }) => length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(65_536);
    expect(sizes.reduce((sum, size) => sum + size)).toBe(500_000);
    file.discard();
  });

  test('replaces a file only when it is placed, and refuses a link', () => {
    const path = fileWith('before');
    const link = join(temporaryFolder(), 'link');
    symlinkSync(path, link);
    expect(() => growFile(link, 0o600)).toThrow('it is a symbolic link');
    const file = growFile(path, 0o600);
    file.append('after');
    expect(textOf(path)).toBe('before');
    file.place();
    expect(textOf(path)).toBe('after');
  });

  test('leaves nothing behind if it is discarded, however often', () => {
    const path = fileWith('before');
    const file = growFile(path, 0o600);
    file.append('after');
    file.discard();
    file.discard();
    expect(textOf(path)).toBe('before');
    expect(readdirSync(dirname(path))).toEqual(['file']);
  });

  test.each([
    ['a folder', (folder: string) => folder],
    ['a folder that is not there', (folder: string) => join(folder, 'no', 'file')],
    ['a device', () => '/dev/null'],
  ])('is refused in the place of %s', (_what, pathIn) => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'yes'));
    expect(() => growFile(pathIn(folder), 0o600)).toThrow(/^cannot write /);
    expect(readdirSync(folder)).toEqual(['yes']);
  });
});
