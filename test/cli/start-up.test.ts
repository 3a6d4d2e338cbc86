/** What a one-shot command loads. Figures are for `npm run bench`; what they rest on can be told without a clock. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test, vi } from 'vitest';
import { serve } from '../remote/server.js';
import { makeKeyring, stdoutOf, temporaryFolder, textOf } from './fake-io.js';

const binary = fileURLToPath(new URL('../../bin/jwtkit.js', import.meta.url));

/** Prints, at exit, the built-in modules and the files that the process loaded. */
const listLoaded = `data:text/javascript,${encodeURIComponent(`
  import { createRequire } from 'node:module';
  import { writeSync } from 'node:fs';
  const before = new Set(process.moduleLoadList);
  process.on('exit', () => {
    const builtins = process.moduleLoadList.filter((name) => !before.has(name) && name.startsWith('NativeModule '));
    const files = Object.keys(createRequire(${JSON.stringify(import.meta.url)}).cache);
    writeSync(2, '\\n' + JSON.stringify([...builtins.map((name) => name.slice(13)), ...files]));
  });
`)}`;

let keyring: string;
let token: string;
beforeAll(async () => {
  keyring = await makeKeyring('RS256');
  token = await stdoutOf(['issue', '--sub', 'user-123', '--keyring', keyring], { now: Math.floor(Date.now() / 1000) });
});

function loadedBy(...args: string[]): string[] {
  return loadedIn(process.cwd(), ...args);
}

function loadedIn(folder: string, ...args: string[]): string[] {
  const { status, stderr } = spawnSync(process.execPath, ['--import', listLoaded, binary, ...args], {
    cwd: folder,
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  return JSON.parse(stderr.slice(stderr.lastIndexOf('\n') + 1));
}

function loads(loaded: readonly string[], name: string): boolean {
  return loaded.some((entry) => entry === name || entry.endsWith(`/${name}.cjs`) || entry.endsWith(`\\${name}.cjs`));
}

test('the bundle is there, in the chunks that are looked for', () => {
  const files = readdirSync(fileURLToPath(new URL('../../dist/cli', import.meta.url)));
  expect(files).toEqual(
    expect.arrayContaining([
      'main.cjs',
      'crypto.cjs',
      'manage.cjs',
      'stores.cjs',
      'remote.cjs',
      'undici.cjs',
      'config.cjs',
      'prompt.cjs',
      'keys.cjs',
      'accounts.cjs',
    ]),
  );
});

test.each(['decode', 'inspect'])('%s loads no cryptography', (command) => {
  const loaded = loadedBy(command, token);
  expect(loads(loaded, 'main')).toBe(true);
  for (const name of [
    'crypto',
    'help',
    'stores',
    'keys',
    'accounts',
    'config',
    'prompt',
    'readline',
    'net',
    'tty',
    'child_process',
  ]) {
    expect(loads(loaded, name), name).toBe(false);
  }
});

const network = ['undici', 'net', 'tls', 'http', 'https', 'http2', 'dns', 'zlib'];

test('verify with a keyring loads no store and nothing of the network', () => {
  const loaded = loadedBy('verify', token, '--keyring', keyring);
  expect(loads(loaded, 'crypto')).toBe(true);
  for (const name of [
    'manage',
    'stores',
    'keys',
    'remote',
    'config',
    'prompt',
    'readline',
    'tty',
    'child_process',
    ...network,
  ])
    expect(loads(loaded, name), name).toBe(false);
  // Two chunks and the launcher, as without keys from the network.
  expect(loaded.filter((name) => name.endsWith('.cjs')).map((name) => basename(name))).toEqual([
    'main.cjs',
    'crypto.cjs',
  ]);
});

test('verify with a JWK Set in a file, or one that the cache has, loads no HTTP client', async () => {
  const set = join(keyring, 'jwks.json');
  const fromFile = loadedBy('verify', token, '--jwks', set);
  expect(loads(fromFile, 'remote')).toBe(true);
  const cache = join(temporaryFolder(), 'cache');
  const server = await serve({ '/jwks': { body: textOf(set) } });
  const url = `${server.origin}/jwks`;
  await stdoutOf(['verify', token, '--jwks', url, '--quiet'], {
    env: { JWTKIT_CACHE_DIR: cache },
    now: Math.floor(Date.now() / 1000),
  });
  vi.stubEnv('JWTKIT_CACHE_DIR', cache);
  const fromCache = loadedBy('verify', token, '--jwks', url);
  vi.unstubAllEnvs();
  for (const name of ['stores', ...network]) {
    expect(loads(fromFile, name), name).toBe(false);
    expect(loads(fromCache, name), name).toBe(false);
  }
});

test('issue loads no store', () => {
  const loaded = loadedBy('issue', '--sub', 'user-123', '--keyring', keyring);
  expect(loads(loaded, 'crypto')).toBe(true);
  for (const name of ['stores', 'keys', 'accounts', 'config', 'prompt', 'readline', 'net', 'tty', 'child_process'])
    expect(loads(loaded, name), name).toBe(false);
});

test('verify with a policy file loads its reader beside that; decode leaves the file alone', () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'jwtkit.config.json'), JSON.stringify({ keys: { keyring }, leeway: '30s' }));
  const loaded = loadedIn(folder, 'verify', token);
  for (const name of ['crypto', 'config']) expect(loads(loaded, name), name).toBe(true);
  for (const name of ['stores', 'net', 'tty']) expect(loads(loaded, name), name).toBe(false);
  expect(loads(loadedIn(folder, 'decode', token), 'config')).toBe(false);
});

test('keygen loads node-forge for a certificate alone, verify by one does not', () => {
  const [key, cert] = ['a.pem', 'a.crt'].map((name) => join(keyring, name)) as [string, string];
  const made = ['keygen', '--alg', 'ES256', '--private', key, '--force'];
  expect(loads(loadedBy(...made), 'node-forge')).toBe(false);
  expect(loads(loadedBy(...made, '--cert', cert, '--subject', 'CN=web'), 'node-forge')).toBe(true);
  const loaded = loadedBy('issue', '--key', key, '--out', join(keyring, 'token'));
  expect(loads(loaded, 'node-forge')).toBe(false);
  const verified = loadedBy('verify', readFileSync(join(keyring, 'token'), 'utf8'), '--key', cert);
  for (const name of ['node-forge', 'certificates']) expect(loads(verified, name), name).toBe(false);
});

test('keys list loads no store', () => {
  const loaded = loadedBy('keys', 'list', '--keyring', keyring);
  expect(loads(loaded, 'keys')).toBe(true);
  for (const name of ['stores', 'net', 'tty', 'child_process']) expect(loads(loaded, name), name).toBe(false);
});

test('users list loads no store, no changes of keys and nothing that hashes a password', () => {
  const loaded = loadedBy('users', 'list', '--keyring', keyring);
  expect(loads(loaded, 'accounts')).toBe(true);
  for (const name of ['stores', 'keys', 'config', 'readline', 'net', 'tty', 'child_process'])
    expect(loads(loaded, name), name).toBe(false);
  expect(loaded.filter((name) => name.includes('node-rs'))).toEqual([]);
});

test.skipIf(process.platform === 'win32')(
  'output that is thrown away is no terminal, and loads nothing to learn it',
  () => {
    const discard = openSync('/dev/null', 'w');
    try {
      const { status, stderr } = spawnSync(process.execPath, ['--import', listLoaded, binary, 'inspect', token], {
        encoding: 'utf8',
        stdio: ['ignore', discard, 'pipe'],
      });
      expect(status).toBe(0);
      expect(loads(JSON.parse(stderr.slice(stderr.lastIndexOf('\n') + 1)), 'tty')).toBe(false);
    } finally {
      closeSync(discard);
    }
  },
);
