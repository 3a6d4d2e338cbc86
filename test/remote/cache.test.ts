/** Fetched keys over time: fresh, stale, rotated, with the server up and down; with a clock that is moved by hand. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { issuerKeys } from '../../src/remote/issuer.js';
import { remoteKeys } from '../../src/remote/jwks.js';
import { openDocumentCache } from '../../src/store/document-cache.js';
import { type KeySource, reportTokenFrom, verifyTokenFrom } from '../../src/token/key-source.js';
import { hasModes, makeKeyring, modeOf, now, runCli, stdoutOf, temporaryFolder, textOf } from '../cli/fake-io.js';
import { within } from '../time-limit.js';
import { type Route, serve, type TestServer } from './server.js';

let oldSet: string;
let newSet: string;
let oldToken: string;
let newToken: string;
let server: TestServer;
let folder: string;
let clock: number;

beforeAll(async () => {
  const [one, two] = [await makeKeyring('ES256', 'old'), await makeKeyring('ES256', 'new')];
  [oldSet, newSet] = [textOf(`${one}/jwks.json`), textOf(`${two}/jwks.json`)];
  const lasting = ['--ttl', '90d'];
  oldToken = await stdoutOf(['issue', '--sub', 'u', '--keyring', one, ...lasting]);
  newToken = await stdoutOf(['issue', '--sub', 'u', '--keyring', two, ...lasting]);
});

beforeEach(async () => {
  server = await serve({ '/jwks': { body: oldSet } });
  folder = join(temporaryFolder(), 'cache');
  clock = now;
});

const options = () => ({ now: () => clock, timeout: 2, cache: openDocumentCache(folder, { now: () => clock }) });
/** As a process of its own would have it. */
const source = (more: object = {}): KeySource => remoteKeys(`${server.origin}/jwks`, { ...options(), ...more });
const verdict = async (token: string, keys: KeySource) =>
  (await reportTokenFrom(token, {}, { source: keys, now: clock })).code;
const serveSet = (body: string, headers: Record<string, string> = {}) => server.route({ '/jwks': { body, headers } });
const asked = () => server.requests.length;
const files = () => readdirSync(folder).filter((name) => name.endsWith('.json'));
const onlyFile = () => join(folder, files()[0] ?? '');

describe('how long a set is fresh', () => {
  test.each<[string, Record<string, string>, number]>([
    ['max-age=600', { 'cache-control': 'public, max-age=600' }, 600],
    ['max-age less Age', { 'cache-control': 'max-age=600', age: '100' }, 500],
    ['in quotes and capitals', { 'cache-control': 'Max-Age="600"' }, 600],
    ['nothing said', {}, 300],
    ['nonsense', { 'cache-control': 'max-age=-5, ,=' }, 300],
    ['max-age=0: 30 s', { 'cache-control': 'max-age=0' }, 30],
    ['no-cache: 30 s', { 'cache-control': 'no-cache, max-age=600' }, 30],
    ['a year: a day', { 'cache-control': 'max-age=31536000' }, 86_400],
  ])('%s', async (_name, headers, seconds) => {
    serveSet(oldSet, headers);
    await source().keys(now);
    clock = now + seconds - 1;
    await source().keys(now);
    expect(asked()).toBe(1);
    clock = now + seconds;
    await source().keys(now);
    expect(asked()).toBe(2);
  });

  test('no-store is written nowhere, and kept for 30 s in memory', async () => {
    serveSet(oldSet, { 'cache-control': 'no-store' });
    const keys = source();
    await keys.keys(now);
    clock += 29;
    await keys.keys(now);
    expect(asked()).toBe(1);
    expect(existsSync(folder)).toBe(false);
  });

  test('it is told by the machine, not by the moment that tokens are verified for', async () => {
    const keys = source();
    await keys.keys(now + 10_000_000);
    await keys.keys(now - 10_000_000);
    expect(asked()).toBe(1);
  });
});

test('a stale set that did not change is not sent again (ETag)', async () => {
  server.route({
    '/jwks': (request, response) => {
      const isSame = request.headers['if-none-match'] === '"v1"';
      response.writeHead(isSame ? 304 : 200, { etag: '"v1"' }).end(isSame ? undefined : oldSet);
    },
  });
  for (let run = 0; run < 3; run++) {
    const keys = source();
    expect(await verdict(oldToken, keys)).toBeNull();
    expect(keys.fetched?.()).toMatchObject({ at: clock, stale: false });
    clock += 400;
  }
  expect(server.requests.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, '"v1"', '"v1"']);
});

describe('a kid that is not there', () => {
  test('fetches once more: the issuer has rotated', async () => {
    await source().keys(now);
    serveSet(newSet);
    clock += 30;
    expect(await verdict(newToken, source())).toBeNull();
    expect(asked()).toBe(2);
    expect(await verdict(newToken, source())).toBeNull();
    expect(asked()).toBe(2);
  });

  test('does so at most every 30 s, in one process and in all', async () => {
    const keys = source();
    expect(await verdict(newToken, keys)).toBe('KEY_NOT_FOUND');
    // The set is seconds old: no newer one is expected.
    expect(asked()).toBe(1);
    clock += 30;
    const all = [keys, ...Array.from({ length: 20 }, () => source())];
    const verdicts = await Promise.all(all.map((one) => verdict(newToken, one)));
    expect(new Set(verdicts)).toEqual(new Set(['KEY_NOT_FOUND']));
    expect(asked()).toBe(2);
    clock += 29;
    await Promise.all(all.map((one) => verdict(newToken, one)));
    expect(asked()).toBe(2);
    clock += 1;
    await Promise.all(all.map((one) => verdict(newToken, one)));
    expect(asked()).toBe(3);
  });

  test('of many that meet a new key at once all find it, by one request', async () => {
    await source().keys(now);
    server.route({
      '/jwks': (_request, response) => {
        setTimeout(() => response.end(newSet), 200);
      },
    });
    clock += 30;
    const verdicts = await Promise.all(Array.from({ length: 20 }, () => verdict(newToken, source())));
    expect(new Set(verdicts)).toEqual(new Set([null]));
    expect(asked()).toBe(2);
  });

  describe('one that has not yet said when it began to fetch', () => {
    const beginAt = (moment: number) => {
      const other = openDocumentCache(folder, { now: () => clock });
      other.claim(`${server.origin}/jwks`, clock, 30);
      const path = join(folder, readdirSync(folder).find((name) => name.endsWith('.claim')) ?? '');
      writeFileSync(path, '');
      utimesSync(path, moment, moment);
      return other;
    };

    test('is waited for', async () => {
      await source().keys(now);
      clock += 30;
      const other = beginAt(clock);
      const found = verdict(newToken, source());
      const kept = JSON.parse(textOf(onlyFile()));
      setTimeout(() => other.write({ ...kept, body: newSet, fetchedAt: clock }), 200);
      expect(await found).toBeNull();
      expect(asked()).toBe(1);
    });

    test('is not waited for when it was killed long ago', async () => {
      await source().keys(now);
      clock += 30;
      beginAt(clock);
      clock += 3;
      expect(await within(1500, () => verdict(newToken, source()))).toBe('KEY_NOT_FOUND');
      expect(asked()).toBe(1);
    });
  });

  test('nobody waits for one that was killed long ago', async () => {
    await source().keys(now);
    clock += 30;
    openDocumentCache(folder, { now: () => clock }).claim(`${server.origin}/jwks`, clock, 30);
    clock += 3;
    expect(await within(1500, () => verdict(newToken, source()))).toBe('KEY_NOT_FOUND');
    expect(asked()).toBe(1);
  });

  test('without a cache as well', async () => {
    const keys = source({ cache: undefined });
    await verdict(newToken, keys);
    for (const wait of [29, 1, 29, 1]) {
      clock += wait;
      await verdict(newToken, keys);
    }
    expect(asked()).toBe(3);
  });

  test('finds what another process has fetched, without a request', async () => {
    const early = source();
    await early.keys(now);
    serveSet(newSet);
    clock += 31;
    await verdict(newToken, source());
    expect(asked()).toBe(2);
    expect(await verdict(newToken, early)).toBeNull();
    expect(asked()).toBe(2);
  });

  test('stays 13 when the server is down, and says that it was', async () => {
    await source().keys(now);
    await server.close();
    clock += 30;
    const keys = source();
    expect(await verdict(newToken, keys)).toBe('KEY_NOT_FOUND');
    expect(keys.fetched?.()).toMatchObject({ stale: false, problem: expect.stringContaining('connection refused') });
  });

  test('verifyTokenFrom asks again too', async () => {
    const keys = source();
    await keys.keys(now);
    serveSet(newSet);
    clock += 30;
    const deps = { source: keys, now: clock };
    await expect(verifyTokenFrom(newToken, {}, deps)).resolves.toMatchObject({ key: { kid: 'new' } });
    await expect(verifyTokenFrom(oldToken, {}, deps)).rejects.toMatchObject({ code: 'KEY_NOT_FOUND' });
  });
});

describe('a stale set', () => {
  const down: [string, () => Promise<void> | void, string][] = [
    ['refuses connections', () => server.close(), 'connection refused'],
    ['answers with 503', () => server.route({ '/jwks': { status: 503 } }), 'status 503'],
    ['asks for patience', () => server.route({ '/jwks': { status: 429 } }), 'status 429'],
  ];
  test.each(down)('serves for an hour while the server %s, and says so', async (_name, breakIt, reason) => {
    await source().keys(now);
    await breakIt();
    clock = now + 300;
    const keys = source();
    expect(await verdict(oldToken, keys)).toBeNull();
    expect(keys.fetched?.()).toMatchObject({ age: 300, stale: true, problem: expect.stringContaining(reason) });
    clock = now + 300 + 3599;
    expect(await verdict(oldToken, source())).toBeNull();
    clock = now + 300 + 3600;
    await expect(source().keys(now)).rejects.toMatchObject({
      code: 'JWKS_UNAVAILABLE',
      message: expect.stringContaining(reason),
    });
  });

  test('a server that is down is left alone for 30 s', async () => {
    await source().keys(now);
    server.route({ '/jwks': { status: 503 } });
    clock += 300;
    for (const wait of [0, 10, 19]) {
      clock += wait;
      const keys = source();
      expect(await verdict(oldToken, keys)).toBeNull();
      expect(keys.fetched?.()?.stale).toBe(true);
      expect(keys.fetched?.()?.problem).toBeDefined();
    }
    expect(asked()).toBe(2);
    clock += 1;
    serveSet(newSet);
    const keys = source();
    expect(await verdict(newToken, keys)).toBeNull();
    expect(keys.fetched?.()).toMatchObject({ age: 0, stale: false });
  });

  test.each<[string, Route, string]>([
    ['has gone', { status: 404 }, 'JWKS_UNAVAILABLE'],
    ['leads elsewhere', { status: 302, headers: { location: 'https://evil.example/' } }, 'JWKS_UNAVAILABLE'],
    ['is broken', { body: '{"keys":[]}' }, 'JWKS_INVALID'],
  ])('does not serve when the one at the server %s', async (_name, route, code) => {
    await source().keys(now);
    server.route({ '/jwks': route });
    clock += 300;
    await expect(source().keys(now)).rejects.toMatchObject({ code });
  });

  test('a note and the JSON say it on the command line', async () => {
    const env = { JWTKIT_CACHE_DIR: folder };
    const args = ['verify', oldToken, '--jwks', `${server.origin}/jwks`];
    await stdoutOf(args, { env });
    await server.close();
    const world = { env, now: now + 1500 };
    const note = `note: keys of ${server.origin}/jwks are 25m old; cannot fetch ${server.origin}/jwks: connection refused\n`;
    expect(await runCli(args, world)).toMatchObject({ exitCode: 0, stderr: note });
    const { stdout } = await runCli([...args, '--json'], world);
    expect(JSON.parse(stdout).fetched).toMatchObject({ at: now, age: 1500, stale: true });
    expect(await runCli([...args, '--quiet'], world)).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    const batch = await runCli(['verify', '--batch', ...args.slice(2)], { ...world, stdin: `${oldToken}\n` });
    expect(batch.stderr).toContain('note: keys of');
  });
});

describe('offline', () => {
  test('the cache serves, however old, and says how old', async () => {
    await source().keys(now);
    await server.close();
    clock += 30 * 86_400;
    const keys = source({ offline: true });
    expect(await verdict(oldToken, keys)).toBeNull();
    expect(keys.fetched?.()).toMatchObject({ age: 30 * 86_400, stale: true });
    expect(await verdict(newToken, keys)).toBe('KEY_NOT_FOUND');
  });

  test('without anything there it says so', async () => {
    await expect(source({ offline: true }).keys(now)).rejects.toMatchObject({
      code: 'JWKS_UNAVAILABLE',
      message: `the cache holds nothing of ${server.origin}/jwks`,
    });
    expect(asked()).toBe(0);
    expect(existsSync(folder)).toBe(false);
  });
});

test('an issuer: its metadata are kept as well, and only the keys are fetched anew for a kid', async () => {
  const metadata = { issuer: server.origin, jwks_uri: `${server.origin}/jwks` };
  const routes = (body: string) => ({
    '/.well-known/openid-configuration': { body: JSON.stringify(metadata) },
    '/jwks': { body },
  });
  server.route(routes(oldSet));
  const open = (more: object = {}) => issuerKeys(server.origin, { ...options(), ...more });
  await open().keys(now);
  await open().keys(now);
  expect(asked()).toBe(2);
  server.route(routes(newSet));
  clock += 30;
  expect(await verdict(newToken, open())).toBeNull();
  expect(server.requests.map(({ path }) => path)).toEqual(['/.well-known/openid-configuration', '/jwks', '/jwks']);
  await server.close();
  clock += 400;
  const keys = open();
  expect(await verdict(newToken, keys)).toBeNull();
  expect(keys.fetched?.()).toMatchObject({ stale: true, problem: expect.stringContaining('connection refused') });
  expect(await verdict(newToken, open({ offline: true }))).toBeNull();
});

test('concurrent callers share one request', async () => {
  const keys = source();
  await Promise.all(Array.from({ length: 50 }, () => keys.keys(now)));
  expect(asked()).toBe(1);
});

test('a failure is not remembered where there is nothing to serve', async () => {
  server.route({});
  const keys = source();
  await expect(keys.keys(now)).rejects.toMatchObject({ code: 'JWKS_UNAVAILABLE' });
  serveSet(oldSet);
  expect(await verdict(oldToken, keys)).toBeNull();
});

test('a broken set is not kept', async () => {
  serveSet('{"keys":[]}');
  await expect(source().keys(now)).rejects.toMatchObject({ code: 'JWKS_INVALID' });
  expect(existsSync(folder)).toBe(false);
});

describe('on disk', () => {
  const edit = (change: (entry: Record<string, unknown>) => object) => {
    const path = onlyFile();
    writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(path, 'utf8')))));
  };

  test.skipIf(!hasModes)('folder and files are closed to others', async () => {
    await source().keys(now);
    expect(modeOf(folder)).toBe(0o700);
    expect(modeOf(onlyFile())).toBe(0o600);
  });

  const damages: [string, () => void][] = [
    ['cut', () => writeFileSync(onlyFile(), readFileSync(onlyFile()).subarray(0, 100))],
    ['empty', () => writeFileSync(onlyFile(), '')],
    ['nonsense', () => writeFileSync(onlyFile(), Buffer.alloc(4096, 0xff))],
    ['not an entry', () => writeFileSync(onlyFile(), '[]')],
    ['of another URL', () => edit((entry) => ({ ...entry, key: 'https://other.example/' }))],
    ['from the future', () => edit((entry) => ({ ...entry, fetchedAt: now + 60, freshUntil: now + 360 }))],
    ['fresh for ever', () => edit((entry) => ({ ...entry, freshUntil: now + 10_000_000 }))],
    ['without a set', () => edit((entry) => ({ ...entry, body: '<html>' }))],
    ['without a body', () => edit(({ body: _, ...entry }) => entry)],
    [
      'with a member twice',
      () => writeFileSync(onlyFile(), readFileSync(onlyFile(), 'utf8').replace('{', '{"key":"x",')),
    ],
    ['with a bad URL', () => edit((entry) => ({ ...entry, url: 'nowhere' }))],
    ['huge', () => writeFileSync(onlyFile(), Buffer.alloc(5 * 1024 * 1024, ' '))],
    ...(hasModes
      ? ([
          ['open to others', () => chmodSync(onlyFile(), 0o666)],
          [
            'a link to elsewhere',
            () => {
              const path = onlyFile();
              const elsewhere = join(temporaryFolder(), 'elsewhere');
              writeFileSync(elsewhere, readFileSync(path), { mode: 0o600 });
              replaceByLink(path, elsewhere);
            },
          ],
        ] as [string, () => void][])
      : []),
  ];
  test.each(damages)('a file that is %s is not there', async (_name, damage) => {
    await source().keys(now);
    damage();
    expect(await verdict(oldToken, source())).toBeNull();
    expect(asked()).toBe(2);
    // And it was mended.
    expect(await verdict(oldToken, source())).toBeNull();
    expect(asked()).toBe(2);
    expect(files()).toHaveLength(1);
  });

  test.skipIf(!hasModes)('a link is replaced, not followed', async () => {
    await source().keys(now);
    const victim = join(temporaryFolder(), 'victim');
    writeFileSync(victim, 'precious', { mode: 0o600 });
    replaceByLink(onlyFile(), victim);
    await source().keys(now);
    expect(textOf(victim)).toBe('precious');
  });

  describe.skipIf(!hasModes)(
    `a folder that cannot be trusted${hasModes ? '' : ' (skipped: no permission bits)'}`,
    () => {
      const folders: [string, () => void, string][] = [
        ['others may write', () => chmodSync(folder, 0o777), 'others may write to it'],
        ['a group may write', () => chmodSync(folder, 0o770), 'others may write to it'],
        [
          'is a link',
          () => {
            const elsewhere = temporaryFolder();
            replaceByLink(folder, elsewhere);
          },
          'it is not a folder',
        ],
      ];
      test.each(folders)('%s', async (_name, spoil, reason) => {
        mkdirSync(folder, { mode: 0o700 });
        spoil();
        const env = { JWTKIT_CACHE_DIR: folder };
        const args = ['verify', oldToken, '--jwks', `${server.origin}/jwks`];
        const { exitCode, stderr } = await runCli(args, { env });
        expect({ exitCode, stderr }).toEqual({
          exitCode: 0,
          stderr: `note: the cache ${folder} is not used: ${reason}\n`,
        });
        expect(readdirSync(folder)).toEqual([]);
        const offline = await runCli([...args, '--offline', '--json'], { env });
        expect(offline.exitCode).toBe(3);
        expect(JSON.parse(offline.stderr).error.code).toBe('STORE_UNAVAILABLE');
      });
    },
  );

  test('a cache that cannot be written costs requests, nothing else', async () => {
    writeFileSync(folder, 'a file where the folder should be');
    const env = { JWTKIT_CACHE_DIR: join(folder, 'inside') };
    const args = ['verify', oldToken, '--jwks', `${server.origin}/jwks`, '--quiet'];
    expect((await runCli(args, { env })).exitCode).toBe(0);
  });

  test('--no-cache neither reads nor writes', async () => {
    const env = { JWTKIT_CACHE_DIR: folder };
    const args = ['verify', oldToken, '--jwks', `${server.origin}/jwks`, '--quiet'];
    await runCli([...args, '--no-cache'], { env });
    expect(existsSync(folder)).toBe(false);
    await runCli(args, { env });
    expect(asked()).toBe(2);
    await runCli(args, { env });
    expect(asked()).toBe(2);
    await runCli([...args, '--no-cache'], { env });
    expect(asked()).toBe(3);
  });

  test.skipIf(process.platform !== 'linux')('its place follows the XDG Base Directory Specification', async () => {
    const home = temporaryFolder();
    const args = ['verify', oldToken, '--jwks', `${server.origin}/jwks`, '--quiet'];
    const where = async (env: Record<string, string>, place: string) => {
      expect((await runCli(args, { env })).exitCode).toBe(0);
      expect(
        readdirSync(place).some((name) => name.endsWith('.json')),
        place,
      ).toBe(true);
    };
    await where({ HOME: home }, join(home, '.cache', 'jwtkit'));
    await where({ HOME: home, XDG_CACHE_HOME: join(home, 'xdg') }, join(home, 'xdg', 'jwtkit'));
    await where({ HOME: join(home, 'two'), XDG_CACHE_HOME: 'relative' }, join(home, 'two', '.cache', 'jwtkit'));
    await where({ HOME: home, JWTKIT_CACHE_DIR: join(home, 'named') }, join(home, 'named'));
  });
});

function replaceByLink(path: string, target: string): void {
  rmSync(path, { recursive: true });
  symlinkSync(target, path);
}

test('a mistyped option of the library is refused', () => {
  for (const timeout of [0, -1, Number.NaN, 3601, '5' as unknown as number]) {
    expect(() => source({ timeout })).toThrow(expect.objectContaining({ code: 'USAGE_INVALID' }));
  }
  for (const url of [undefined, 5, '', 'jwks.json'] as string[]) {
    expect(() => remoteKeys(url, options())).toThrow(expect.objectContaining({ code: 'USAGE_INVALID' }));
  }
});
