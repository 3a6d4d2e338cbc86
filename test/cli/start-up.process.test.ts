/** Which chunks and built-in modules a one-shot command loads. `npm run bench` measures the time. */
import { spawnSync } from 'node:child_process';
import { closeSync, openSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test, vi } from 'vitest';
import { plainEnvironment } from '../programs.js';
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
    env: plainEnvironment(),
  });
  expect(status).toBe(0);
  return JSON.parse(stderr.slice(stderr.lastIndexOf('\n') + 1));
}

function loads(loaded: readonly string[], name: string): boolean {
  return loaded.some((entry) => entry === name || entry.endsWith(`/${name}.cjs`) || entry.endsWith(`\\${name}.cjs`));
}

/** Built-in modules that a command needs for a terminal, a network or a program alone. */
const network = ['undici', 'net', 'tls', 'http', 'https', 'http2', 'dns', 'zlib'];
const terminal = ['readline', 'tty', 'child_process'];

function expectNone(loaded: readonly string[], ...names: readonly string[]): void {
  expect(names.filter((name) => loads(loaded, name))).toEqual([]);
}

/** The chunks among what was loaded. */
function chunksOf(loaded: readonly string[]): string[] {
  return loaded.filter((name) => name.endsWith('.cjs')).map((name) => basename(name));
}

/** The folders of src/ with code, as their chunks are called; each file of some is one. */
function foldersOfSource(): string[] {
  const ofManySubjects = [
    'token',
    ...['commands', 'grammar', 'grammar-keys', 'secrets', 'terminal'].map((one) => `cli-${one}`),
  ];
  const source = fileURLToPath(new URL('../../src', import.meta.url));
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const folders = files.map((name) =>
    dirname(name)
      .replaceAll(/[\\/]/g, '-')
      .replace(/^(lint|fixtures)-.*/, '$1')
      .replace(/^server-routes$/, 'server'),
  );
  return [...new Set(folders)].filter((name) => name !== '.' && !ofManySubjects.includes(name));
}

/** The commands that are a file, but for those in chunks for quick commands. */
function filesOfCommands(): string[] {
  const quick = ['decode', 'inspect', 'issue', 'verify'];
  const folder = fileURLToPath(new URL('../../src/cli/commands', import.meta.url));
  const names = readdirSync(folder).filter((name) => name.endsWith('.ts'));
  return names.map((name) => name.slice(0, -3)).filter((name) => !quick.includes(name));
}

test('the build makes a chunk of each folder, each command and each package', () => {
  const chunks = readdirSync(fileURLToPath(new URL('../../dist/cli', import.meta.url)));
  const ofFolders = foldersOfSource();
  expect(ofFolders.length).toBeGreaterThan(30);
  const expected = [
    ...ofFolders,
    ...filesOfCommands().map((name) => `cli-commands-${name}`),
    ...['main', 'tokens', 'issue', 'given', 'batch-worker', 'bcrypt-worker'],
    ...['bcryptjs', 'chalk', 'csv-parse', 'fastify', 'jsonwebtoken', 'lmdb', 'node-forge', 'npm-jose', 'redis-client'],
    ...['shared-packages', 'spinner', 'undici', 'yaml'],
    // Each file of a folder of many subjects is a chunk.
    ...['token-import', 'token-revoke', 'cli-grammar-accounts', 'cli-secrets-new-secrets', 'cli-terminal-masking'],
  ];
  expect(expected.filter((name) => !chunks.includes(`${name}.cjs`))).toEqual([]);
});

test.each(['decode', 'inspect'])('%s loads what all commands load, and no cryptography', (command) => {
  const loaded = loadedBy(command, token);
  expect(chunksOf(loaded)).toEqual(['main.cjs', 'rolldown-runtime.cjs']);
  expectNone(loaded, 'crypto', 'net', ...terminal);
});

test('verify with a keyring loads two chunks, no store, no reader of keys in files and nothing of the network', () => {
  const loaded = loadedBy('verify', token, '--keyring', keyring);
  expect(loads(loaded, 'crypto')).toBe(true);
  expect(chunksOf(loaded)).toEqual(['main.cjs', 'rolldown-runtime.cjs', 'tokens.cjs']);
  expectNone(loaded, ...terminal, ...network);
});

test('verify with a JWK Set from a file or the cache loads no HTTP client', { tags: 'slow' }, async () => {
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
  for (const loaded of [fromFile, fromCache]) expectNone(loaded, 'store-denylist', ...network);
});

test('issue with a keyring loads three chunks and that of placeholders, no store and no reader of keys in files', () => {
  const loaded = loadedBy('issue', '--sub', 'user-123', '--keyring', keyring);
  expect(chunksOf(loaded)).toEqual(['main.cjs', 'rolldown-runtime.cjs', 'issue.cjs', 'tokens.cjs', 'unresolved.cjs']);
  expectNone(loaded, ...terminal, ...network);
});

test('verify with a policy file loads its reader as well; decode does not read the file', { tags: 'slow' }, () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'jwtkit.config.json'), JSON.stringify({ keys: { keyring }, leeway: '30s' }));
  const loaded = loadedIn(folder, 'verify', token);
  expect(chunksOf(loaded)).toEqual(['main.cjs', 'rolldown-runtime.cjs', 'policy.cjs', 'tokens.cjs']);
  expectNone(loaded, ...terminal, ...network);
  expect(loads(loadedIn(folder, 'decode', token), 'policy')).toBe(false);
});

test('only PKCS#12 loads node-forge', { tags: 'slow' }, () => {
  const [key, cert, passphrase] = ['a.pem', 'a.crt', 'pass'].map((name) => join(keyring, name)) as [
    string,
    string,
    string,
  ];
  const forCertificate = ['--cert', cert, '--subject', 'CN=web'];
  const kid = JSON.parse(textOf(join(keyring, 'jwks.json'))).keys[0].kid;
  writeFileSync(passphrase, 'correct horse battery staple');
  expectNone(loadedBy('keygen', '--alg', 'ES256', '--private', key, ...forCertificate), 'node-forge');
  expectNone(loadedBy('issue', '--key', key, '--out', join(keyring, 'token')), 'node-forge');
  expectNone(loadedBy('verify', readFileSync(join(keyring, 'token'), 'utf8'), '--key', cert), 'node-forge', 'jose');
  const p12 = ['--format', 'p12', '--out', join(keyring, 'a.p12'), '--passphrase-file', passphrase];
  expect(loads(loadedBy('keys', 'export', kid, '--keyring', keyring, ...p12), 'node-forge')).toBe(true);
});

test('a command that asks the denylist or takes the lock of a keyring loads nothing of the service', {
  tags: 'slow',
}, async () => {
  const own = await makeKeyring('ES256');
  const place = ['--keyring', own];
  await stdoutOf(['revoke', '--jti', 'x', '--until', '+1d', ...place], { now: Math.floor(Date.now() / 1000) });
  for (const command of [
    ['revoke', '--list'],
    ['keys', 'rotate'],
  ]) {
    const loaded = loadedBy(...command, ...place);
    expect(loads(loaded, 'store-lmdb')).toBe(true);
    expect(loads(loaded, 'lmdb')).toBe(true);
    expectNone(loaded, 'server', 'fastify', 'redis-client');
  }
});

test('keys list loads no database and no network', () => {
  const loaded = loadedBy('keys', 'list', '--keyring', keyring);
  expect(loads(loaded, 'cli-commands-keys')).toBe(true);
  expectNone(loaded, 'lmdb', 'redis-client', 'tty', 'child_process', ...network);
  expect(loaded.filter((name) => name.endsWith('.node'))).toEqual([]);
});

test('users list loads no denylist, no changes of keys and no password hash', { tags: 'slow' }, () => {
  const loaded = loadedBy('users', 'list', '--keyring', keyring);
  expect(loads(loaded, 'store-accounts')).toBe(true);
  expectNone(loaded, 'store-denylist', 'store-keyring', 'net', 'tty', 'child_process');
  expect(loaded.filter((name) => name.includes('node-rs'))).toEqual([]);
});

test.skipIf(process.platform === 'win32')('inspect into /dev/null does not load node:tty', () => {
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
});
