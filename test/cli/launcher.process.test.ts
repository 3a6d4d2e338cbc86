/** The launcher: the check of Node's version, the compile cache, and the errors that the bundle shows. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import module from 'node:module';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { describeAsRoot, plainEnvironment } from '../programs.js';
import { serve } from '../remote/server.js';
import { hasModes, makeKeyring, modeOf, now, stdoutOf, temporaryFolder } from './fake-io.js';

const binary = resolve('bin/jwtkit.js');
let keyring: string;
let token: string;
beforeAll(async () => {
  keyring = await makeKeyring('RS256');
  token = await stdoutOf(['issue', '--sub', 'user-123', '--keyring', keyring], { now });
});

interface RunOptions {
  readonly launcher?: string;
  readonly flags?: readonly string[];
  readonly variables?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

function runLauncher(args: readonly string[], { launcher = binary, flags = [], variables = {}, cwd }: RunOptions = {}) {
  const { NODE_OPTIONS: _, NODE_COMPILE_CACHE: __, NODE_DISABLE_COMPILE_CACHE: ___, ...own } = plainEnvironment();
  return spawnSync(process.execPath, [...flags, launcher, ...args], {
    cwd,
    encoding: 'utf8',
    env: { ...own, ...variables },
  });
}

/** A preload that lets Node say it is another version. */
function claimVersion(version: string): string {
  const versions = `{ ...process.versions, node: '${version}' }`;
  return `data:text/javascript,${encodeURIComponent(`Object.defineProperty(process, 'versions', { value: ${versions} })`)}`;
}

test.each(['10.24.1', '18.20.8', '20.18.3'])(
  'refuses Node %s with one sentence and exit code 3',
  { tags: 'slow' },
  (version) => {
    const { status, stdout, stderr } = runLauncher(['--help'], { flags: ['--import', claimVersion(version)] });
    expect(stderr).toBe(`error: jwtkit needs Node 20.19 or later, this is Node ${version}\n`);
    expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
  },
);

test.each(['20.19.0', '22.0.0', '26.1.0'])('runs on Node %s', { tags: 'slow' }, (version) => {
  expect(runLauncher(['--version'], { flags: ['--import', claimVersion(version)] }).status).toBe(0);
});

test('the launcher has no syntax that Node 10 cannot read', () => {
  expect(readFileSync(binary, 'utf8')).not.toMatch(/\?\?|\?\.[a-z[(]|\|\|=|&&=|\bimport\b|\bawait\b|#[a-z]+\(|\d_\d/);
});

test('shows the place of a bug in the bundle', () => {
  const folder = temporaryFolder();
  for (const name of ['bin', 'dist', 'package.json']) cpSync(resolve(name), join(folder, name), { recursive: true });
  const path = join(folder, 'dist/cli/tokens.cjs');
  const source = readFileSync(path, 'utf8');
  writeFileSync(
    path,
    source.replaceAll('three segments of strict', () => '$' + '{undefined.member}'),
  );
  const { status, stderr } = runLauncher(['verify', token, '--keyring', keyring], {
    launcher: join(folder, 'bin/jwtkit.js'),
  });
  expect(status).toBe(1);
  expect(stderr).toMatch(/at .*dist[\\/]cli[\\/]tokens\.cjs:\d+:\d+/);
});

test('loads a chunk late and fetches a compressed key set without a warning', async () => {
  const set = gzipSync(readFileSync(join(keyring, 'jwks.json')));
  const server = await serve({ '/jwks': { headers: { 'content-encoding': 'gzip' }, body: set } });
  const child = spawn(
    process.execPath,
    [binary, 'verify', token, '--jwks', `${server.origin}/jwks`, '--no-cache', '--at', String(now)],
    { env: plainEnvironment(), stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  expect(await once(child, 'close')).toEqual([0, null]);
  expect(stderr).toBe('');
});

test('reads the file of -e itself: Node would take its NODE_OPTIONS from --env-file', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, '.env'), 'NODE_OPTIONS=--no-such-flag\nJWTKIT_KEYRING=/no/such\n');
  const run = (...args: string[]) => runLauncher(['verify', token, ...args], { cwd: folder });
  const missing = run('-e', 'missing.env');
  expect(missing).toMatchObject({ status: 3, stdout: '' });
  expect(missing.stderr).toBe('error: cannot read missing.env: no such file or folder\n');
  expect(run('-e', '.env')).toMatchObject({ status: 3, stderr: expect.stringContaining('no keyring at /no/such') });
});

// Node 20 has no compile cache.
describe.skipIf(!('enableCompileCache' in module))('the compile cache', () => {
  const verification = () => ['verify', token, '--keyring', keyring, '--at', String(now)];

  /** Runs verify with a cache folder, and returns what Node says about its compile cache. */
  function verifyWith(caches: string, variables: Readonly<Record<string, string>> = {}, flags: string[] = []) {
    const { status, stdout, stderr } = runLauncher(verification(), {
      flags,
      variables: { XDG_CACHE_HOME: caches, LOCALAPPDATA: '', NODE_DEBUG_NATIVE: 'COMPILE_CACHE', ...variables },
    });
    const said = `${stdout}${stderr}`.split('\n').filter((line) => line.startsWith('[compile cache]'));
    expect(status).toBe(0);
    return { accepted: said.filter((line) => line.includes('was accepted')).length, said };
  }

  test('keeps compiled code in the user’s cache folder, and uses it in the next run', () => {
    const caches = join(temporaryFolder(), 'caches');
    expect(verifyWith(caches).accepted).toBe(0);
    const compiled = join(caches, 'jwtkit/compiled');
    expect(readdirSync(compiled)).toHaveLength(1);
    if (hasModes) for (const path of [caches, join(caches, 'jwtkit'), compiled]) expect(modeOf(path)).toBe(0o700);
    expect(verifyWith(caches).accepted).toBeGreaterThanOrEqual(2);
  });

  test('keeps nothing under NODE_DISABLE_COMPILE_CACHE', () => {
    const caches = temporaryFolder();
    expect(verifyWith(caches, { NODE_DISABLE_COMPILE_CACHE: '1' }).accepted).toBe(0);
    expect(filesIn(caches)).toEqual([]);
  });

  test('uses the folder of NODE_COMPILE_CACHE instead', () => {
    const [caches, own] = [temporaryFolder(), temporaryFolder()];
    verifyWith(caches, { NODE_COMPILE_CACHE: own });
    expect(filesIn(own).length).toBeGreaterThan(0);
    expect(filesIn(caches)).toEqual([]);
  });

  test('verifies even if the cache folder cannot be made', () => {
    const file = join(temporaryFolder(), 'file');
    writeFileSync(file, '');
    expect(verifyWith(join(file, 'caches')).accepted).toBe(0);
  });

  test('ignores a cache folder with a relative path', () => {
    const cwd = temporaryFolder();
    const { status } = runLauncher(verification(), { cwd, variables: { XDG_CACHE_HOME: 'caches', LOCALAPPDATA: '' } });
    expect(status).toBe(0);
    expect(existsSync(join(cwd, 'caches'))).toBe(false);
  });

  test.skipIf(!hasModes).each([
    ['the cache folder', ''],
    ['the folder of jwtkit', 'jwtkit'],
    ['the folder of compiled code', 'jwtkit/compiled'],
  ])('uses no cache where others may write %s', (_, open) => {
    const caches = join(temporaryFolder(), 'caches');
    verifyWith(caches);
    chmodSync(join(caches, open), 0o777);
    expect(verifyWith(caches).said).toEqual([]);
  });

  test.skipIf(!hasModes)('uses no folder of compiled code that is sticky and open', () => {
    const caches = join(temporaryFolder(), 'caches');
    verifyWith(caches);
    chmodSync(join(caches, 'jwtkit/compiled'), 0o1777);
    expect(verifyWith(caches).said).toEqual([]);
  });

  describeAsRoot('run by root', () => {
    test.each(['', 'jwtkit', 'jwtkit/compiled'])('uses no cache under a folder of another user: caches/%s', (owned) => {
      const caches = join(temporaryFolder(), 'caches');
      verifyWith(caches);
      chownSync(join(caches, owned), 65_534, 65_534);
      expect(verifyWith(caches).said).toEqual([]);
    });

    test('makes no folder in another user’s home', () => {
      const home = temporaryFolder();
      mkdirSync(join(home, '.cache'));
      chownSync(home, 65_534, 65_534);
      expect(verifyWith('', { HOME: home }).said).toEqual([]);
      expect(readdirSync(join(home, '.cache'))).toEqual([]);
    });
  });
});

/** The files in a folder and in its folders. */
function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
