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
  // Its first load may take longer than the time limit of a test.
  await import('undici');
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
/** A new source, as another process would open it. */
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
    ['max-age in quotes and capitals', { 'cache-control': 'Max-Age="600"' }, 600],
    ['5 minutes without headers', {}, 300],
    ['5 minutes for a malformed header', { 'cache-control': 'max-age=-5, ,=' }, 300],
    ['30 s for max-age=0', { 'cache-control': 'max-age=0' }, 30],
    ['30 s for no-cache', { 'cache-control': 'no-cache, max-age=600' }, 30],
    ['a day, if the server says a year', { 'cache-control': 'max-age=31536000' }, 86_400],
  ])('a set is fresh as Cache-Control and Age say: %s', async (_name, headers, seconds) => {
    serveSet(oldSet, headers);
    await source().keys(now);
    clock = now + seconds - 1;
    await source().keys(now);
    expect(asked()).toBe(1);
    clock = now + seconds;
    await source().keys(now);
    expect(asked()).toBe(2);
  });

  test('a set with no-store is kept in memory for 30 s and never written', async () => {
    serveSet(oldSet, { 'cache-control': 'no-store' });
    const keys = source();
    await keys.keys(now);
    clock += 29;
    await keys.keys(now);
    expect(asked()).toBe(1);
    expect(existsSync(folder)).toBe(false);
  });

  test('freshness follows the clock of the machine, not --at', async () => {
    const keys = source();
    await keys.keys(now + 10_000_000);
    await keys.keys(now - 10_000_000);
    expect(asked()).toBe(1);
  });
});

test('an unchanged stale set is not sent again (ETag)', async () => {
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

describe('a token whose kid is not in the set', () => {
  test('an unknown kid fetches the set once more', async () => {
    await source().keys(now);
    serveSet(newSet);
    clock += 30;
    expect(await verdict(newToken, source())).toBeNull();
    expect(asked()).toBe(2);
    expect(await verdict(newToken, source())).toBeNull();
    expect(asked()).toBe(2);
  });

  test('unknown kids fetch the set at most every 30 s, over all processes', async () => {
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

  test('concurrent look-ups of a new kid share one request', async () => {
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

  describe('another process that has claimed the request without a time', () => {
    const beginAt = (moment: number) => {
      const other = openDocumentCache(folder, { now: () => clock });
      other.claim(`${server.origin}/jwks`, clock, 30);
      const path = join(folder, readdirSync(folder).find((name) => name.endsWith('.claim')) ?? '');
      writeFileSync(path, '');
      utimesSync(path, moment, moment);
      return other;
    };

    test('a look-up waits for a process that has just claimed the request', async () => {
      await source().keys(now);
      clock += 30;
      const other = beginAt(clock);
      const found = verdict(newToken, source());
      const kept = JSON.parse(textOf(onlyFile()));
      setTimeout(() => other.write({ ...kept, body: newSet, fetchedAt: clock }), 200);
      expect(await found).toBeNull();
      expect(asked()).toBe(1);
    });

    test('a look-up does not wait for a claim file that is old', async () => {
      await source().keys(now);
      clock += 30;
      beginAt(clock);
      clock += 3;
      expect(await within(1500, () => verdict(newToken, source()))).toBe('KEY_NOT_FOUND');
      expect(asked()).toBe(1);
    });
  });

  test('a look-up does not wait for a claim whose time is long past', async () => {
    await source().keys(now);
    clock += 30;
    openDocumentCache(folder, { now: () => clock }).claim(`${server.origin}/jwks`, clock, 30);
    clock += 3;
    expect(await within(1500, () => verdict(newToken, source()))).toBe('KEY_NOT_FOUND');
    expect(asked()).toBe(1);
  });

  test('an unknown kid fetches the set once more without a cache', async () => {
    const keys = source({ cache: undefined });
    await verdict(newToken, keys);
    for (const wait of [29, 1, 29, 1]) {
      clock += wait;
      await verdict(newToken, keys);
    }
    expect(asked()).toBe(3);
  });

  test('an unknown kid is found in a set that another process cached', async () => {
    const early = source();
    await early.keys(now);
    serveSet(newSet);
    clock += 31;
    await verdict(newToken, source());
    expect(asked()).toBe(2);
    expect(await verdict(newToken, early)).toBeNull();
    expect(asked()).toBe(2);
  });

  test('an unknown kid is KEY_NOT_FOUND while the server is down, with the reason', async () => {
    await source().keys(now);
    await server.close();
    clock += 30;
    const keys = source();
    expect(await verdict(newToken, keys)).toBe('KEY_NOT_FOUND');
    expect(keys.fetched?.()).toMatchObject({ stale: false, problem: expect.stringContaining('connection refused') });
  });

  test('verifyTokenFrom fetches the set again for an unknown kid', async () => {
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
  test.each(down)(
    'a stale set serves for an hour while the server %s, and the report says so',
    async (_name, breakIt, reason) => {
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
    },
  );

  test('a server that is down gets one request in 30 s', async () => {
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
  ])('a stale set does not serve if the one at the server %s', async (_name, route, code) => {
    await source().keys(now);
    server.route({ '/jwks': route });
    clock += 300;
    await expect(source().keys(now)).rejects.toMatchObject({ code });
  });

  test('verify reports a stale set in a note and in --json', async () => {
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
  test('--offline uses a cached set of any age and reports its age', async () => {
    await source().keys(now);
    await server.close();
    clock += 30 * 86_400;
    const keys = source({ offline: true });
    expect(await verdict(oldToken, keys)).toBeNull();
    expect(keys.fetched?.()).toMatchObject({ age: 30 * 86_400, stale: true });
    expect(await verdict(newToken, keys)).toBe('KEY_NOT_FOUND');
  });

  test('--offline without a cached set is JWKS_UNAVAILABLE', async () => {
    await expect(source({ offline: true }).keys(now)).rejects.toMatchObject({
      code: 'JWKS_UNAVAILABLE',
      message: `the cache has no copy of ${server.origin}/jwks`,
    });
    expect(asked()).toBe(0);
    expect(existsSync(folder)).toBe(false);
  });
});

test('a key that was left out counts as unknown: the set is fetched again, and may be mended', async () => {
  const broken = { keys: [...JSON.parse(oldSet).keys, { ...JSON.parse(newSet).keys[0], x: '=' }] };
  serveSet(JSON.stringify(broken));
  const keys = source();
  expect(await verdict(oldToken, keys)).toBeNull();
  const report = await reportTokenFrom(newToken, {}, { source: keys, now: clock });
  const message = 'key new is in the set but cannot be used: x is not canonical base64url';
  expect(report.checks).toContainEqual(expect.objectContaining({ status: 'failed', code: 'KEY_NOT_FOUND', message }));
  expect(keys.skipped?.()).toEqual([{ kid: 'new', reason: 'x is not canonical base64url', isBroken: true }]);
  expect(await verdict(newToken, source({ offline: true }))).toBe('KEY_NOT_FOUND');
  serveSet(newSet);
  clock += 31;
  expect(await verdict(newToken, keys)).toBeNull();
  expect(keys.skipped?.()).toEqual([]);
  expect(asked()).toBe(2);
});

test('an unknown kid fetches the keys of an issuer again, but not its metadata', async () => {
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

test('a failure without a cached set is tried again at once', async () => {
  server.route({});
  const keys = source();
  await expect(keys.keys(now)).rejects.toMatchObject({ code: 'JWKS_UNAVAILABLE' });
  serveSet(oldSet);
  expect(await verdict(oldToken, keys)).toBeNull();
});

test('a broken set is not cached', async () => {
  serveSet('{"keys":[]}');
  await expect(source().keys(now)).rejects.toMatchObject({ code: 'JWKS_INVALID' });
  expect(existsSync(folder)).toBe(false);
});

describe('the cache on disk', () => {
  const edit = (change: (entry: Record<string, unknown>) => object) => {
    const path = onlyFile();
    writeFileSync(path, JSON.stringify(change(JSON.parse(readFileSync(path, 'utf8')))));
  };

  test.skipIf(!hasModes)('the cache makes its folder 0700 and its files 0600', async () => {
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
  test.each(damages)('a cache file that is %s is ignored and replaced', async (_name, damage) => {
    await source().keys(now);
    damage();
    expect(await verdict(oldToken, source())).toBeNull();
    expect(asked()).toBe(2);
    // And it was mended.
    expect(await verdict(oldToken, source())).toBeNull();
    expect(asked()).toBe(2);
    expect(files()).toHaveLength(1);
  });

  test.skipIf(!hasModes)('a link in place of a cache file is replaced, not followed', async () => {
    await source().keys(now);
    const victim = join(temporaryFolder(), 'victim');
    writeFileSync(victim, 'precious', { mode: 0o600 });
    replaceByLink(onlyFile(), victim);
    await source().keys(now);
    expect(textOf(victim)).toBe('precious');
  });

  describe.skipIf(!hasModes)(
    `a cache folder that cannot be trusted${hasModes ? '' : ' (skipped: no permission bits)'}`,
    () => {
      const folders: [string, () => void, string][] = [
        ['others may write to', () => chmodSync(folder, 0o777), 'others may write to it'],
        ['a group may write to', () => chmodSync(folder, 0o770), 'others may write to it'],
        [
          'is a link',
          () => {
            const elsewhere = temporaryFolder();
            replaceByLink(folder, elsewhere);
          },
          'it is not a folder',
        ],
      ];
      test.each(folders)('a cache folder that %s is not used', async (_name, spoil, reason) => {
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

  test('a cache that cannot be written only costs requests', async () => {
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

test('remoteKeys refuses a bad timeout or clock', () => {
  for (const timeout of [0, -1, Number.NaN, 3601, '5' as unknown as number]) {
    expect(() => source({ timeout })).toThrow(expect.objectContaining({ code: 'USAGE_INVALID' }));
  }
  for (const url of [undefined, 5, '', 'jwks.json'] as string[]) {
    expect(() => remoteKeys(url, options())).toThrow(expect.objectContaining({ code: 'USAGE_INVALID' }));
  }
});
