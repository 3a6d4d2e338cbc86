/** What V8 compiled is kept between runs, and never changes what a command does. Each test has an installation of its own. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { parseAst } from 'rolldown/parseAst';
import { beforeAll, expect, test } from 'vitest';
import { serve } from '../remote/server.js';
import { hasModes, makeKeyring, modeOf, now, stdoutOf, temporaryFolder } from './fake-io.js';

let keyring: string;
let token: string;
beforeAll(async () => {
  keyring = await makeKeyring('RS256');
  token = await stdoutOf(['issue', '--sub', 'user-123', '--keyring', keyring], { now });
});

const verification = () => ['verify', token, '--keyring', keyring, '--at', String(now)];

/** A copy of what a package holds, with nothing kept. */
function installation(): string {
  const folder = temporaryFolder();
  for (const name of ['bin', 'dist', 'package.json']) cpSync(resolve(name), join(folder, name), { recursive: true });
  rmSync(join(folder, 'dist/cli/compiled'), { recursive: true, force: true });
  return folder;
}

interface RunOptions {
  readonly flags?: readonly string[];
  readonly variables?: Readonly<Record<string, string>>;
}

function runIn(folder: string, args: readonly string[], { flags = [], variables = {} }: RunOptions = {}) {
  const { NODE_OPTIONS: _, NODE_V8_COVERAGE: __, NODE_DISABLE_COMPILE_CACHE: ___, ...own } = process.env;
  return spawnSync(process.execPath, [...flags, join(folder, 'bin/jwtkit.js'), ...args], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...own, ...variables },
  });
}

/** While a server of this process answers. */
async function runApart(folder: string, args: readonly string[]) {
  const { NODE_OPTIONS: _, NODE_V8_COVERAGE: __, NODE_DISABLE_COMPILE_CACHE: ___, ...env } = process.env;
  const child = spawn(process.execPath, [join(folder, 'bin/jwtkit.js'), ...args], {
    cwd: folder,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [exitCode] = await once(child, 'close');
  return { exitCode, stderr };
}

function verifyIn(folder: string, options?: RunOptions) {
  const { status, stdout, stderr } = runIn(folder, verification(), options);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  return stdout;
}

/** The files kept in an installation; those of one build of Node. */
function keptIn(folder: string): string[] {
  const compiled = join(folder, 'dist/cli/compiled');
  if (!existsSync(compiled)) return [];
  return readdirSync(compiled).flatMap((build) =>
    readdirSync(join(compiled, build)).map((name) => join(compiled, build, name)),
  );
}

function keptFile(folder: string, name: string): string {
  return keptIn(folder).find((path) => path.endsWith(name)) as string;
}

const ends = (paths: readonly string[]) => paths.map((path) => path.replace(/^.*[\\/]/, '')).sort();

test('the build keeps what the one-shot commands compile', () => {
  expect(ends(keptIn(resolve('.')))).toEqual(
    expect.arrayContaining([
      'decode-main.cjs',
      'inspect-main.cjs',
      'issue-crypto.cjs',
      'issue-main.cjs',
      'verify-crypto.cjs',
      'verify-main.cjs',
    ]),
  );
});

test('a command keeps what it compiled for its next run, which leaves it alone', () => {
  const folder = installation();
  const output = verifyIn(folder);
  expect(ends(keptIn(folder))).toEqual(['verify-crypto.cjs', 'verify-main.cjs']);
  const kept = readFileSync(keptFile(folder, 'verify-main.cjs'));
  const { mtimeMs } = statSync(keptFile(folder, 'verify-main.cjs'));
  expect(verifyIn(folder)).toBe(output);
  expect(statSync(keptFile(folder, 'verify-main.cjs')).mtimeMs).toBe(mtimeMs);
  expect(readFileSync(keptFile(folder, 'verify-main.cjs')).equals(kept)).toBe(true);
});

test.skipIf(!hasModes)('what is kept is for its owner alone to write', () => {
  const folder = installation();
  const umask = process.umask(0);
  try {
    verifyIn(folder);
  } finally {
    process.umask(umask);
  }
  for (const path of keptIn(folder)) for (const each of [path, dirname(path)]) expect(modeOf(each) & 0o022).toBe(0);
  expect(keptIn(folder)).toHaveLength(2);
});

test('V8 takes what was kept', () => {
  const folder = installation();
  verifyIn(folder);
  // The launcher's own Script, told on: what V8 rejects it compiles without a word.
  const preload = `data:text/javascript,${encodeURIComponent(`
    import vm from 'node:vm';
    import { writeSync } from 'node:fs';
    import { syncBuiltinESMExports } from 'node:module';
    vm.Script = class extends vm.Script {
      constructor(source, options) {
        super(source, options);
        writeSync(2, this.cachedDataRejected + ' ');
      }
    };
    syncBuiltinESMExports();
  `)}`;
  const { stderr } = runIn(folder, verification(), { flags: ['--import', preload] });
  expect(stderr).toBe('false false ');
});

test('a chunk that is loaded late works from kept code, without a warning', async () => {
  const folder = installation();
  const set = gzipSync(readFileSync(join(keyring, 'jwks.json')));
  const server = await serve({ '/jwks': { headers: { 'content-encoding': 'gzip' }, body: set } });
  const args = [...verification(), '--no-cache'].filter((arg) => arg !== '--keyring' && arg !== keyring);
  for (const _ of ['compiled', 'kept']) {
    const { exitCode, stderr } = await runApart(folder, [...args, '--jwks', `${server.origin}/jwks`]);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
  }
  expect(ends(keptIn(folder))).toContain('verify-remote.cjs');
});

test('no chunk holds an import(): in kept code there is no way to do it', () => {
  const folder = resolve('dist/cli');
  const chunks = readdirSync(folder).filter((name) => name.endsWith('.cjs'));
  expect(chunks.filter((name) => holdsImport(parseAst(readFileSync(join(folder, name), 'utf8'))))).toEqual([]);
});

function holdsImport(node: unknown): boolean {
  if (typeof node !== 'object' || node === null) return false;
  return ('type' in node && node.type === 'ImportExpression') || Object.values(node).some(holdsImport);
}

const damages: [string, (content: Buffer) => Uint8Array][] = [
  ['a bit in the middle', (content) => flip(content, content.length >> 2)],
  ['a bit in the second copy', (content) => flip(content, (content.length >> 2) * 3)],
  ['a bit in the mark', (content) => flip(content, content.length - 5)],
  ['the first byte', (content) => flip(content, 0)],
  ['the end missing', (content) => content.subarray(0, content.length - 1000)],
  ['the beginning missing', (content) => content.subarray(1000)],
  ['nothing left', () => Buffer.alloc(0)],
  ['zeros', (content) => Buffer.alloc(content.length)],
];

function flip(content: Buffer, at: number): Buffer {
  content[at] = (content[at] as number) ^ 0x10;
  return content;
}

test.each(damages)('damaged, %s: compiled and kept anew', (_, damage) => {
  const folder = installation();
  const output = verifyIn(folder);
  for (const name of ['verify-main.cjs', 'verify-crypto.cjs']) {
    const path = keptFile(folder, name);
    const whole = readFileSync(path);
    writeFileSync(path, damage(Buffer.from(whole)));
    expect(verifyIn(folder)).toBe(output);
    expect(readFileSync(path).subarray(-60).equals(whole.subarray(-60))).toBe(true);
    expect(readFileSync(path).length).toBeGreaterThan(whole.length / 2);
  }
});

test('what another chunk was compiled to is not taken for it', () => {
  const folder = installation();
  const output = verifyIn(folder);
  writeFileSync(keptFile(folder, 'verify-crypto.cjs'), readFileSync(keptFile(folder, 'verify-main.cjs')));
  expect(verifyIn(folder)).toBe(output);
});

test('a bundle that changed is compiled anew, were it of the same length', () => {
  const folder = installation();
  expect(verifyIn(folder)).toContain('not asked for');
  const path = join(folder, 'dist/cli/crypto.cjs');
  const { atime, mtime } = statSync(path);
  const source = readFileSync(path, 'utf8');
  // By hand: the time tells.
  writeFileSync(path, source.replaceAll('not asked for', 'NOT asked for'));
  utimesSync(path, atime, new Date(mtime.getTime() + 2000));
  expect(verifyIn(folder)).toContain('NOT asked for');
  // From another package, whose files all have one time: the hash that the build wrote tells.
  const hash = (source.match(/^\/\*([\w-]{43})\*\/\n/) as RegExpMatchArray)[1] as string;
  writeFileSync(path, source.replace(hash, 'A'.repeat(43)).replaceAll('not asked for', 'not ASKED for'));
  utimesSync(path, atime, new Date(mtime.getTime() + 2000));
  expect(verifyIn(folder)).toContain('not ASKED for');
});

test('other flags of V8: what was kept is not used, and stays', () => {
  const folder = installation();
  const output = verifyIn(folder);
  const path = keptFile(folder, 'verify-main.cjs');
  const kept = readFileSync(path);
  expect(verifyIn(folder, { flags: ['--no-opt', '--stack-size=900'] })).toBe(output);
  expect(verifyIn(folder, { variables: { NODE_OPTIONS: '--max-old-space-size=512' } })).toBe(output);
  expect(readFileSync(path).equals(kept)).toBe(true);
});

test.each([
  ['flags', { flags: ['--no-opt'] }],
  ['NODE_OPTIONS', { variables: { NODE_OPTIONS: '--no-warnings' } }],
  ['NODE_DISABLE_COMPILE_CACHE', { variables: { NODE_DISABLE_COMPILE_CACHE: '1' } }],
] as const)('keeps nothing under %s', (_, options) => {
  const folder = installation();
  verifyIn(folder, options);
  expect(keptIn(folder)).toEqual([]);
});

test('keeps nothing for a command that failed, be it none', () => {
  const folder = installation();
  expect(runIn(folder, ['verfy']).status).toBe(2);
  expect(runIn(folder, ['verify', 'x', '--keyring', keyring]).status).toBe(11);
  expect(keptIn(folder)).toEqual([]);
});

test('works where nothing can be kept', () => {
  const folder = installation();
  const output = verifyIn(folder);
  rmSync(join(folder, 'dist/cli/compiled'), { recursive: true });
  writeFileSync(join(folder, 'dist/cli/compiled'), '');
  expect(verifyIn(folder)).toBe(output);
});

test('reads code from its own package alone, whatever it is called with', () => {
  const folder = installation();
  const around = temporaryFolder();
  verifyIn(folder);
  const preload = `data:text/javascript,${encodeURIComponent(`
    import fs from 'node:fs';
    const { openSync } = fs;
    fs.openSync = (path, ...rest) => {
      fs.writeSync(2, path + '\\n');
      return openSync(path, ...rest);
    };
  `)}`;
  mkdirSync(join(around, 'node-compile-cache'));
  const variables = { HOME: around, TMPDIR: around, XDG_CACHE_HOME: around, NODE_COMPILE_CACHE: '' };
  const options = { flags: ['--import', preload], variables };
  for (const args of [['decode', token], ['../../../../verify'], ['..'], ['verify/../verify']]) {
    const opened = runIn(folder, args, options)
      .stderr.split('\n')
      .filter((line) => /\.cjs$/.test(line));
    expect(opened.length).toBeGreaterThan(0);
    for (const path of opened) {
      expect(path.startsWith(join(folder, 'dist/cli/')) && !path.includes('..'), path).toBe(true);
    }
  }
  expect(readdirSync(around)).toEqual(['node-compile-cache']);
  expect(readdirSync(join(around, 'node-compile-cache'))).toEqual([]);
});

test('a bug is shown by its place in the bundle', () => {
  const folder = installation();
  const path = join(folder, 'dist/cli/crypto.cjs');
  const source = readFileSync(path, 'utf8');
  writeFileSync(
    path,
    source.replaceAll('three segments of strict', () => '$' + '{undefined.member}'),
  );
  const { status, stderr } = runIn(folder, verification());
  expect(status).toBe(1);
  expect(stderr).toMatch(/at .*dist[\\/]cli[\\/]crypto\.cjs:\d+:\d+/);
});

test('a file of -e is for us alone to read, where Node takes --env-file for its own', () => {
  const folder = installation();
  writeFileSync(join(folder, '.env'), 'NODE_OPTIONS=--no-such-flag\nJWTKIT_KEYRING=/no/such\n');
  const run = (...args: string[]) => runIn(folder, ['verify', token, ...args]);
  const missing = run('-e', 'missing.env');
  expect(missing).toMatchObject({ status: 3, stdout: '' });
  expect(missing.stderr).toBe('error: cannot read missing.env: no such file or folder\n');
  expect(run('-e', '.env')).toMatchObject({ status: 3, stderr: expect.stringContaining('no keyring at /no/such') });
});
