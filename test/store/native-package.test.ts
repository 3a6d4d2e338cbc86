import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import loadBinary from '../../src/store/lmdb/native.js';
import { cLibrary, loadNativePackage } from '../../src/store/native-package.js';

test('names the package that a platform lacks, and the way out', () => {
  const load = () =>
    loadNativePackage({ name: '@lmdb/lmdb-plan9-mips/node.napi.node', what: 'LMDB', otherwise: 'use Redis' });
  expect(load).toThrow(
    expect.objectContaining({
      code: 'STORE_UNAVAILABLE',
      message: 'LMDB needs the package @lmdb/lmdb-plan9-mips, which is not installed',
      hint: 'install jwtkit on the machine that runs it, with its optional dependencies; or use Redis',
    }),
  );
});

test('says so where a package is there and does not load', () => {
  // A module that fails as a binary for another system does.
  const load = () => loadNativePackage({ name: `data:text/javascript,`, what: 'LMDB' });
  expect(load).toThrow(expect.objectContaining({ code: 'STORE_UNAVAILABLE' }));
});

test.runIf(process.platform === 'linux')('tells glibc from musl', () => {
  const report = process.report.getReport() as { header: { glibcVersionRuntime?: string } };
  expect(cLibrary()).toBe(report.header.glibcVersionRuntime === undefined ? 'musl' : 'glibc');
});

test('loads the binary of this platform', () => {
  expect(loadBinary()).toMatchObject({ Env: expect.any(Function), version: expect.any(Object) });
});

test('takes the binaries of the version of lmdb whose JavaScript is in the build', () => {
  const { dependencies, devDependencies, optionalDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
  const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  const binaries = Object.entries(optionalDependencies).filter(([name]) => name.startsWith('@lmdb/'));
  expect(dependencies).toBeUndefined();
  expect(Object.fromEntries(binaries)).toEqual(packages['node_modules/lmdb'].optionalDependencies);
  expect(new Set(binaries.map(([, version]) => version))).toEqual(new Set([devDependencies.lmdb]));
});
