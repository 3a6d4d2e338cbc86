// @module-tag slow
import { execFile, spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, type TestOptions, test } from 'vitest';
import { freePort } from '../../../scripts/free-port.js';
import { keyOf } from '../../../src/store/denylist/keys.js';
import { memoryDenylist } from '../../../src/store/denylist/memory.js';
import { openDenylist } from '../../../src/store/denylist/open.js';
import { type Denylist, keepTokenUntil, maxLeeway, type Revocation } from '../../../src/token/denylist.js';
import { answersWithin } from '../../time-limit.js';
import { checkEndedSessions } from '../ended-sessions.js';
import {
  describeWithRedis,
  type RedisCluster,
  type RedisServer,
  startRedis,
  startRedisCluster,
} from '../redis-server.js';
import { checkRepeatedRotation } from '../repeated-rotation.js';

// Redis lets entries expire by its own clock, so the suite runs by the real one.
const now = Math.floor(Date.now() / 1000);
const later = now + 3600;

/** A kind of store: how it is set up, and a location in it that nobody has used. */
interface StoreKind {
  setUp?(): Promise<void>;
  tearDown?(): Promise<void>;
  fresh(): string;
}

const open: Denylist[] = [];
afterEach(async () => {
  for (const denylist of open.splice(0)) await denylist.close();
});

/** Those that are kept in memory, by names that only this file knows. */
const inMemory = new Map<string, Denylist>();

async function openAt(location: string, clock: () => number = () => now): Promise<Denylist> {
  const denylist = inMemory.get(location) ?? (await openDenylist(location, { mode: 'write', now: clock }));
  open.push(denylist);
  return denylist;
}

async function entriesOf(denylist: Denylist): Promise<Revocation[]> {
  const entries: Revocation[] = [];
  for await (const entry of denylist.list()) entries.push(entry);
  return entries.sort((one, other) => (`${one.kind}${one.id}` < `${other.kind}${other.id}` ? -1 : 1));
}

const token = (id: string, more: { reason?: 'revoked' | 'consumed'; until?: number } = {}): Revocation => ({
  kind: 'token',
  id,
  reason: 'revoked',
  until: later,
  ...more,
});
const family = (id: string, until = later): Revocation => ({ kind: 'family', id, until });
const subject = (id: string, issuedUpTo = now, until = later): Revocation => ({
  kind: 'subject',
  id,
  issuedUpTo,
  until,
});

/** Identifiers that a store may trip over: a claim may be any text. */
const awkwardIds: Record<string, string> = {
  empty: '',
  'a space': ' ',
  '60,000 characters': 'j'.repeat(60_000),
  '60,000 others, the last one different': `${'j'.repeat(59_999)}k`,
  NUL: 'a\0b',
  'a line end': 'a\nb\r\n',
  'beyond ASCII': 'jürgen 李 🔑',
  'a combining form': 'ju\u0308rgen',
  braces: '{slot}{other',
  'a glob': '*?[a-z]\\',
  quotes: `"'\``,
  'the name of a property': '__proto__',
  'what looks like another kind': 'family:x',
};

function behavesAsDenylist(name: string, kind: StoreKind, options: TestOptions = {}): void {
  const declare = name.startsWith('Redis') ? describeWithRedis : describe;
  declare(name, options, () => {
    beforeAll(async () => kind.setUp?.(), 60_000);
    afterAll(async () => kind.tearDown?.());
    const fresh = () => openAt(kind.fresh());

    test('finds nothing in an empty denylist', async () => {
      const denylist = await fresh();
      expect(await denylist.find({ jti: 'a', sub: 'b', family: 'c', iat: now })).toBeUndefined();
      expect(await denylist.find({})).toBeUndefined();
      expect(await entriesOf(denylist)).toEqual([]);
      expect(await denylist.prune(now)).toBe(0);
    });

    test('finds a token by jti, and no other', async () => {
      const denylist = await fresh();
      await denylist.add(token('a'));
      expect(await denylist.find({ jti: 'a' })).toEqual(token('a'));
      expect(await denylist.find({ jti: 'A' })).toBeUndefined();
      expect(await denylist.find({ family: 'a', sub: 'a' })).toBeUndefined();
    });

    test('finds every token of a family', async () => {
      const denylist = await fresh();
      await denylist.add(family('f'));
      expect(await denylist.find({ jti: 'any', family: 'f' })).toEqual(family('f'));
      expect(await denylist.find({ jti: 'f', sub: 'f', family: 'g' })).toBeUndefined();
    });

    test.each([
      ['earlier', now - 1, true],
      ['at that very moment', now, true],
      ['later', now + 1, false],
      ['at a time it does not tell', undefined, true],
    ])('a token of a revoked subject issued %s: revoked is %s', async (_when, iat, isRevoked) => {
      const denylist = await fresh();
      await denylist.add(subject('u'));
      expect(await denylist.find({ jti: 'a', sub: 'u', iat })).toEqual(isRevoked ? subject('u') : undefined);
      expect(await denylist.find({ jti: 'a', sub: 'other', iat })).toBeUndefined();
    });

    test('finds a token by any one of its entries', async () => {
      const denylist = await fresh();
      const identity = { jti: 'a', family: 'f', sub: 'u', iat: now };
      await denylist.add(subject('u', now - 1));
      expect(await denylist.find(identity)).toBeUndefined();
      await denylist.add(family('f'));
      expect(await denylist.find(identity)).toEqual(family('f'));
      await denylist.add(token('a', { reason: 'consumed' }));
      expect(await denylist.find(identity)).toEqual(token('a', { reason: 'consumed' }));
    });

    test('keeps one entry of two equal additions', async () => {
      const denylist = await fresh();
      const revocations = [family('f'), subject('u'), token('a')];
      for (const revocation of [...revocations, ...revocations]) await denylist.add(revocation);
      expect(await entriesOf(denylist)).toEqual(revocations);
    });

    test.each<[string, Revocation, Revocation, Revocation]>([
      ['the later end', token('a'), token('a', { until: later + 1 }), token('a', { until: later + 1 })],
      ['a family, the later end', family('f', later + 1), family('f'), family('f', later + 1)],
      [
        'a subject, both later moments',
        subject('u', now, later + 5),
        subject('u', now + 5, later),
        subject('u', now + 5, later + 5),
      ],
      [
        'a token once consumed',
        token('a', { reason: 'consumed' }),
        token('a', { until: later + 1 }),
        token('a', { reason: 'consumed', until: later + 1 }),
      ],
    ])('keeps the stronger of two entries: %s', async (_what, one, other, merged) => {
      for (const [first, second] of [
        [one, other],
        [other, one],
      ] as const) {
        const denylist = await fresh();
        await denylist.add(first);
        await denylist.add(second);
        expect(await entriesOf(denylist)).toEqual([merged]);
      }
    });

    test('rounds the end of an entry up to whole seconds', async () => {
      const denylist = await fresh();
      await denylist.add(token('a', { until: later + 0.5 }));
      const found = await denylist.find({ jti: 'a' });
      expect(found?.until).toBeGreaterThanOrEqual(later + 0.5);
    });

    test('consumes a token once, and returns that entry to the next', async () => {
      const denylist = await fresh();
      expect(await denylist.consume('a', later)).toBeUndefined();
      const consumed = token('a', { reason: 'consumed' });
      expect(await denylist.consume('a', later + 9)).toEqual(consumed);
      expect(await denylist.find({ jti: 'a' })).toEqual(consumed);
      expect(await entriesOf(denylist)).toEqual([consumed]);
    });

    test('records the successor of a consumed token, and forgets it once the token is revoked', async () => {
      const denylist = await fresh();
      const use = { at: now + 0.25, successor: { jti: 'b', iat: now, exp: later } };
      expect(await denylist.consume('a', later, use)).toBeUndefined();
      expect(await denylist.consume('a', later, { ...use, at: now + 9 })).toEqual({
        ...token('a', { reason: 'consumed' }),
        use,
      });
      await denylist.add(token('a'));
      expect(await denylist.find({ jti: 'a' })).toEqual(token('a', { reason: 'consumed' }));
    });

    test('gives one successor within the grace of a rotation, on two connections', async () => {
      const location = kind.fresh();
      await checkRepeatedRotation([await openAt(location), await openAt(location)], now);
    });

    test('does not consume a revoked token', async () => {
      const denylist = await fresh();
      await denylist.add(token('a'));
      expect(await denylist.consume('a', later + 9)).toEqual(token('a'));
      expect(await entriesOf(denylist)).toEqual([token('a')]);
    });

    test('lets exactly one of 50 simultaneous consumers win', async () => {
      const denylist = await fresh();
      const answers = await Promise.all(Array.from({ length: 50 }, () => denylist.consume('a', later)));
      expect(answers.filter((answer) => answer === undefined)).toHaveLength(1);
      expect(answers.filter((answer) => answer?.kind === 'token' && answer.reason === 'consumed')).toHaveLength(49);
    });

    test('lets exactly one of 50 consumers on two connections win, ten times in a row', async () => {
      const location = kind.fresh();
      const connections = [await openAt(location), await openAt(location)] as const;
      for (let round = 0; round < 10; round++) {
        const answers = await Promise.all(
          Array.from({ length: 50 }, (_, at) => (connections[at % 2] as Denylist).consume(`a${round}`, later)),
        );
        expect(answers.filter((answer) => answer === undefined)).toHaveLength(1);
      }
    });

    test('keeps the latest of 50 simultaneous additions', async () => {
      const location = kind.fresh();
      const connections = [await openAt(location), await openAt(location)] as const;
      await Promise.all(
        Array.from({ length: 50 }, (_, at) =>
          (connections[at % 2] as Denylist).add(subject('u', now + ((at * 37) % 50), later + ((at * 17) % 50))),
        ),
      );
      expect(await entriesOf(connections[0])).toEqual([subject('u', now + 49, later + 49)]);
    });

    test('accepts any text as an identifier', async () => {
      const denylist = await fresh();
      const ids = Object.values(awkwardIds);
      for (const id of ids) await denylist.add(token(id));
      for (const [what, id] of Object.entries(awkwardIds)) {
        expect(await denylist.find({ jti: id }), what).toEqual(token(id));
        expect(await denylist.find({ jti: id, family: id, sub: id, iat: now }), what).toEqual(token(id));
        expect(await denylist.find({ family: id, sub: id, iat: now }), what).toBeUndefined();
        expect(await denylist.consume(id, later), what).toEqual(token(id));
      }
      expect((await entriesOf(denylist)).map(({ id }) => id)).toEqual([...ids].sort());
    });

    test('consumes tokens, and ends families and subjects, under any text', async () => {
      const denylist = await fresh();
      for (const [what, id] of Object.entries(awkwardIds)) {
        expect(await denylist.consume(id, later), what).toBeUndefined();
        await denylist.add(family(id));
        await denylist.add(subject(id));
        expect(await denylist.find({ family: id }), what).toEqual(family(id));
        expect(await denylist.find({ sub: id }), what).toEqual(subject(id));
      }
      expect(await entriesOf(denylist)).toHaveLength(3 * Object.keys(awkwardIds).length);
    });

    test('lists every entry once, thousands of them', async () => {
      const denylist = await fresh();
      const revocations = Array.from({ length: 3000 }, (_, at) =>
        at % 3 === 0 ? token(`id${at}`) : at % 3 === 1 ? family(`id${at}`) : subject(`id${at}`, now - at),
      );
      // A hundred at once: Redis must answer each within two seconds, on a slow machine too.
      for (let at = 0; at < revocations.length; at += 100) {
        await Promise.all(revocations.slice(at, at + 100).map((revocation) => denylist.add(revocation)));
      }
      const listed = await entriesOf(denylist);
      expect(listed).toHaveLength(3000);
      expect(new Map(listed.map((entry) => [entry.id, entry]))).toEqual(
        new Map(revocations.map((entry) => [entry.id, entry])),
      );
    });

    test('shows each handle what the other one writes', async () => {
      const location = kind.fresh();
      const [one, other] = [await openAt(location), await openAt(location)];
      for (let round = 0; round < 20; round++) {
        await one.add(token(`a${round}`));
        expect(await other.find({ jti: `a${round}` })).toBeDefined();
        expect(await other.consume(`b${round}`, later)).toBeUndefined();
        expect(await one.consume(`b${round}`, later)).toBeDefined();
      }
    });

    test('a denylist may be closed twice', async () => {
      const denylist = await fresh();
      await denylist.add(token('a'));
      await denylist.close();
      await denylist.close();
    });

    test('tolerates an expired entry', async () => {
      const denylist = await fresh();
      await denylist.add(token('living'));
      await denylist.add(token('dead', { until: now - 10 }));
      await denylist.prune(now);
      expect(await entriesOf(denylist)).toEqual([token('living')]);
      expect(await denylist.find({ jti: 'dead' })).toBeUndefined();
      expect(await denylist.consume('dead', later)).toBeUndefined();
    });

    test('keeps a session ended until its last token has expired', async () => {
      await checkEndedSessions(await fresh(), now, 8);
    });

    if (name !== 'memory') keepsWhatItHolds(kind);
  });
}

/** What a store does besides that outlives its process. */
function keepsWhatItHolds(kind: StoreKind): void {
  describe('handles', () => {
    const fresh = () => openAt(kind.fresh());

    test('a reader sees later writes', async () => {
      const location = kind.fresh();
      const writer = await openAt(location);
      const reader = await openDenylist(location, { mode: 'read', now: () => now });
      open.push(reader);
      expect(await reader.find({ jti: 'a' })).toBeUndefined();
      await writer.add(token('a'));
      expect(await reader.find({ jti: 'a' })).toEqual(token('a'));
      expect(await entriesOf(reader)).toEqual([token('a')]);
    });

    test.each(['read', 'update'] as const)('a handle in the mode %s finds a store that is made later', async (mode) => {
      const location = kind.fresh();
      const early = await openDenylist(location, { mode, now: () => now });
      open.push(early);
      expect(await early.find({ jti: 'a' })).toBeUndefined();
      expect(await entriesOf(early)).toEqual([]);
      expect(await early.prune(now)).toBe(0);
      const writer = await openAt(location);
      await writer.add(token('a'));
      const answers = await Promise.all(Array.from({ length: 10 }, () => early.find({ jti: 'a' })));
      expect(answers).toEqual(answers.map(() => token('a')));
      await writer.add(token('b'));
      expect(await entriesOf(early)).toEqual([token('a'), token('b')]);
    });

    test('a closed handle answers nothing, even before its store exists', async () => {
      const location = kind.fresh();
      const early = await openDenylist(location, { mode: 'read', now: () => now });
      await early.close();
      await early.close();
      await (await openAt(location)).add(token('a'));
      await expect(early.find({ jti: 'a' })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      await expect(entriesOf(early)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    });

    test('two processes see each other’s writes', async () => {
      const location = kind.fresh();
      const denylist = await openAt(location);
      await denylist.add(token('mine'));
      const script = `import { openDenylist } from 'jwtkit';
        const denylist = await openDenylist(process.argv[1], { mode: 'write', now: () => ${now} });
        await denylist.add({ kind: 'family', id: 'theirs', until: ${later} });
        console.log(JSON.stringify([await denylist.find({ jti: 'mine' }), (await denylist.consume('mine', ${later})).reason]));
        await denylist.close();`;
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ['--input-type=module', '--eval', script, location],
        { cwd: fileURLToPath(new URL('../../..', import.meta.url)) },
      );
      expect(JSON.parse(stdout)).toEqual([token('mine'), 'revoked']);
      expect(await denylist.find({ family: 'theirs' })).toEqual(family('theirs'));
    });

    test('keeps entries after closing and opening again', async () => {
      const location = kind.fresh();
      const first = await openAt(location);
      await first.add(token('a'));
      await first.consume('b', later);
      await first.close();
      const second = await openAt(location);
      expect(await entriesOf(second)).toEqual([token('a'), token('b', { reason: 'consumed' })]);
    });

    test('answers nothing after closing', async () => {
      const denylist = await fresh();
      await denylist.close();
      for (const ask of [
        () => denylist.find({ jti: 'a' }),
        () => denylist.add(token('a')),
        () => denylist.consume('a', later),
        () => entriesOf(denylist),
      ]) {
        await expect(ask()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      }
    });
  });
}

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
function freshFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'jwtkit-denylist-'));
  folders.push(folder);
  return join(folder, 'denylist');
}

function makeFile(folder: string, content: string | Buffer, name = 'data.mdb'): void {
  mkdirSync(folder);
  writeFileSync(join(folder, name), content);
}

behavesAsDenylist('LMDB', { fresh: () => `lmdb:${freshFolder()}` });

behavesAsDenylist('memory', {
  fresh: () => {
    const name = `memory:${inMemory.size}`;
    inMemory.set(name, memoryDenylist());
    return name;
  },
});

let server: RedisServer;
let cluster: RedisCluster;
let prefixes = 0;
const freshPrefix = () => `jwtkit-test-${++prefixes}:`;

behavesAsDenylist('Redis', {
  setUp: async () => {
    server = await startRedis();
  },
  tearDown: () => server.remove(),
  fresh: () => `${server.url}?prefix=${freshPrefix()}`,
});

behavesAsDenylist(
  'Redis with a password and a database',
  {
    setUp: async () => {
      server = await startRedis({ password: 'p@ss:w/ord?' });
    },
    tearDown: () => server.remove(),
    fresh: () => `${server.url}/3?prefix=${freshPrefix()}`,
  },
  { tags: 'slow' },
);

behavesAsDenylist(
  'Redis cluster',
  {
    setUp: async () => {
      cluster = await startRedisCluster();
    },
    tearDown: () => cluster.remove(),
    fresh: () => `${cluster.url}?prefix=${freshPrefix()}`,
  },
  { tags: 'slow' },
);

describe('LMDB, on the disk', () => {
  const unavailable = { code: 'STORE_UNAVAILABLE' };
  const reader = async (folder: string, mode: 'read' | 'update' = 'read') => {
    const denylist = await openDenylist(`lmdb:${folder}`, { mode, now: () => now });
    open.push(denylist);
    return denylist;
  };

  test('a query makes no store', async () => {
    const folder = freshFolder();
    for (const mode of ['read', 'update'] as const) {
      const denylist = await reader(folder, mode);
      expect(await denylist.find({ jti: 'a' })).toBeUndefined();
      expect(await entriesOf(denylist)).toEqual([]);
      expect(await denylist.prune(now)).toBe(0);
    }
    expect(readdirSync(join(folder, '..'))).toEqual([]);
  });

  test('a query creates no files', async () => {
    const folder = join(freshFolder(), '..');
    expect(await (await reader(folder)).find({ jti: 'a' })).toBeUndefined();
    expect(readdirSync(folder)).toEqual([]);
  });

  test('without a store, update records and consumes nothing', async () => {
    const folder = freshFolder();
    for (const mode of ['read', 'update'] as const) {
      const denylist = await reader(folder, mode);
      await expect(denylist.add(token('a'))).rejects.toMatchObject(unavailable);
      await expect(denylist.consume('a', later)).rejects.toMatchObject(unavailable);
    }
    expect(existsSync(folder)).toBe(false);
    const early = await reader(folder, 'update');
    await openAt(`lmdb:${folder}`);
    expect(await early.consume('a', later)).toBeUndefined();
    expect(await early.consume('a', later)).toEqual(token('a', { reason: 'consumed' }));
  });

  test('finds the store that another process makes', async () => {
    const folder = freshFolder();
    const early = await reader(folder);
    expect(await early.find({ jti: 'a' })).toBeUndefined();
    const binary = fileURLToPath(new URL('../../../bin/jwtkit.js', import.meta.url));
    const args = [binary, 'revoke', '--jti', 'a', '--until', '+1h', '--store', `lmdb:${folder}`];
    expect(spawnSync(process.execPath, args, { encoding: 'utf8' })).toMatchObject({ status: 0 });
    expect(await early.find({ jti: 'a' })).toMatchObject({ kind: 'token', id: 'a' });
  });

  // A process that closes a lock file gives back its locks on it, and the next one makes the lock anew under the first.
  const keepsLock = 'keeps its lock when opened twice in a process, with a lock file of %d bytes';
  test.each([8272])(keepsLock, expectLock);
  test.each([0, 12_288])(keepsLock, { tags: 'slow' }, expectLock);

  async function expectLock(size: number): Promise<void> {
    const folder = freshFolder();
    await (await openDenylist(`lmdb:${folder}`, { mode: 'write', now: () => now })).close();
    const lock = join(folder, 'lock.mdb');
    rmSync(lock);
    // A hole of the file system, as LMDB itself leaves one.
    writeFileSync(lock, '');
    truncateSync(lock, size);
    const handles = [await openAt(`lmdb:${folder}`), await reader(folder, 'update')];
    const binary = fileURLToPath(new URL('../../../bin/jwtkit.js', import.meta.url));
    for (const id of ['a', 'b']) {
      const args = [binary, 'revoke', '--jti', id, '--until', '+1h', '--store', `lmdb:${folder}`];
      expect(spawnSync(process.execPath, args, { encoding: 'utf8' })).toMatchObject({ status: 0, signal: null });
      for (const handle of handles) expect(await handle.find({ jti: id })).toMatchObject({ id });
    }
  }

  test.each<[string, (folder: string) => void]>([
    ['a damaged store', (folder) => makeFile(folder, 'x'.repeat(20_000))],
    ['a file of nothing but zeros', (folder) => makeFile(folder, Buffer.alloc(8192))],
    ['an empty file', (folder) => makeFile(folder, '')],
    ['a folder with something else', (folder) => makeFile(folder, 'x', 'notes.txt')],
    ['a lock without its store', (folder) => makeFile(folder, '', 'lock.mdb')],
    ['a link that leads nowhere', (folder) => symlinkSync('/nowhere/denylist', folder)],
    [
      'a store whose file is a link that leads nowhere',
      (folder) => {
        mkdirSync(folder);
        symlinkSync('/nowhere/data.mdb', join(folder, 'data.mdb'));
      },
    ],
    ['a file in the place of the folder', (folder) => writeFileSync(folder, '')],
    ['no place for one', (folder) => rmSync(join(folder, '..'), { recursive: true })],
  ])('%s is STORE_UNAVAILABLE, before and after opening', async (_what, make) => {
    const folder = freshFolder();
    const early = await reader(folder);
    expect(await early.find({ jti: 'a' })).toBeUndefined();
    make(folder);
    await expect(early.find({ jti: 'a' })).rejects.toMatchObject(unavailable);
    await expect(entriesOf(early)).rejects.toMatchObject(unavailable);
    await expect(reader(folder)).rejects.toMatchObject(unavailable);
    // It is asked anew each time: what was repaired is seen.
    rmSync(folder, { recursive: true, force: true });
    await (await openAt(`lmdb:${folder}`)).add(token('a'));
    expect(await early.find({ jti: 'a' })).toEqual(token('a'));
  });

  test.skipIf(process.platform === 'win32')('a removed or replaced store fails each question', async () => {
    for (const mode of ['read', 'write'] as const) {
      const folder = freshFolder();
      const early = await reader(folder);
      await (await openAt(`lmdb:${folder}`)).add(token('a'));
      const denylist = await openDenylist(`lmdb:${folder}`, { mode, now: () => now });
      open.push(denylist);
      const handles = [early, denylist];
      for (const handle of handles) expect(await handle.find({ jti: 'a' })).toBeDefined();
      const expectNoAnswer = async () => {
        // Each turn of the event loop looks anew, and this process was the one that moved the store.
        await nextTurn();
        for (const handle of handles) {
          await expect(handle.find({ jti: 'b' })).rejects.toMatchObject(unavailable);
          await expect(handle.add(token('b'))).rejects.toMatchObject(unavailable);
          await expect(handle.consume('b', later)).rejects.toMatchObject(unavailable);
          await expect(entriesOf(handle)).rejects.toMatchObject(unavailable);
        }
      };
      renameSync(folder, `${folder}.old`);
      await expectNoAnswer();
      await (await openAt(`lmdb:${folder}`)).add(token('b'));
      await expectNoAnswer();
      expect(await (await reader(folder)).find({ jti: 'b' })).toEqual(token('b'));
      rmSync(folder, { recursive: true });
      renameSync(`${folder}.old`, folder);
      for (const handle of handles) expect(await handle.find({ jti: 'a' })).toBeDefined();
    }
  });

  test.each([0, 4096, 8192])('survives a file of %d bytes that a killed process began', (size) => {
    const folder = join(freshFolder(), '..');
    writeFileSync(join(folder, 'data.mdb'), Buffer.alloc(size));
    const binary = fileURLToPath(new URL('../../../bin/jwtkit.js', import.meta.url));
    const args = [binary, 'revoke', '--list', '--json', '--store', `lmdb:${folder}`];
    const { status, signal } = spawnSync(process.execPath, args);
    // Nothing was ever acknowledged: it is as good as no store; an error would do as well, a crash would not.
    expect(signal).toBeNull();
    expect([0, 3]).toContain(status);
  });

  test('prune removes all expired entries and nothing else', async () => {
    // A clock that stands still, so that no write clears anything away by itself.
    const denylist = await openAt(`lmdb:${freshFolder()}`, () => 0);
    await Promise.all([
      ...Array.from({ length: 1200 }, (_, at) => denylist.add(token(`dead${at}`, { until: now - at - 1 }))),
      denylist.add(family('dead', now - 1)),
      denylist.add(subject('dead', now, now - 1)),
      ...Array.from({ length: 100 }, (_, at) => denylist.add(token(`living${at}`, { until: now + at + 1 }))),
    ]);
    expect(await denylist.prune(now)).toBe(1202);
    expect(await denylist.prune(now)).toBe(0);
    expect(await entriesOf(denylist)).toHaveLength(100);
    expect(await denylist.prune(now + 51)).toBeGreaterThanOrEqual(50);
    expect((await entriesOf(denylist)).every(({ until }) => until >= now + 51)).toBe(true);
  });

  test('prune keeps a prolonged entry', async () => {
    const denylist = await openAt(`lmdb:${freshFolder()}`, () => 0);
    await denylist.add(token('a', { until: now - 1 }));
    await denylist.add(token('a', { until: later }));
    expect(await denylist.prune(now)).toBe(0);
    expect(await denylist.find({ jti: 'a' })).toBeDefined();
    expect(await denylist.prune(later + 1)).toBe(1);
  });

  test('each write removes at least one expired entry', async () => {
    let clock = 0;
    const denylist = await openAt(`lmdb:${freshFolder()}`, () => clock);
    await Promise.all(Array.from({ length: 30 }, (_, at) => denylist.add(token(`dead${at}`, { until: 10 }))));
    clock = now;
    for (let at = 0; at < 30; at++) {
      await denylist.add(token(`living${at}`));
      expect((await entriesOf(denylist)).length).toBeLessThanOrEqual(30);
    }
    expect((await entriesOf(denylist)).every(({ id }) => id.startsWith('living'))).toBe(true);
  });

  test('prune counts what it removes, by the given time', async () => {
    const folder = freshFolder();
    const denylist = await openAt(`lmdb:${folder}`, () => 0);
    await Promise.all(Array.from({ length: 500 }, (_, at) => denylist.add(token(`dead${at}`, { until: now - 1 }))));
    const other = await openAt(`lmdb:${folder}`);
    expect(await other.prune(now)).toBe(500);
  });

  test('two prunes and a writer do not disturb each other', async () => {
    const folder = freshFolder();
    const denylist = await openAt(`lmdb:${folder}`, () => 0);
    await Promise.all(Array.from({ length: 1000 }, (_, at) => denylist.add(token(`dead${at}`, { until: now - 1 }))));
    const others = [await openAt(`lmdb:${folder}`, () => 0), await openAt(`lmdb:${folder}`, () => 0)];
    const pruned = Promise.all(others.map((other) => other.prune(now)));
    for (let at = 0; at < 20; at++) await denylist.add(token(`living${at}`));
    expect((await pruned).reduce((sum, count) => sum + count, 0)).toBe(1000);
    expect(await entriesOf(denylist)).toHaveLength(20);
  });

  test('a place that cannot be a folder is STORE_UNAVAILABLE', async () => {
    await expect(openDenylist('lmdb:/dev/null/denylist', { mode: 'write', now: () => now })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
    });
  });
});

/** Every key of an entry on a server with the milliseconds it has left; the marker is no entry. */
async function remainingLives(server: RedisServer): Promise<{ key: string; left: number }[]> {
  const script = `local out = {}
    for _, key in ipairs(redis.call('KEYS', '*')) do table.insert(out, key .. ' ' .. redis.call('PTTL', key)) end
    return out`;
  const lines = await server.ask('EVAL', script, '0');
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const [, key = '', left] = /^(.*) (-?[\d.e+]+)$/.exec(line) ?? [];
      return { key, left: Number(left) };
    })
    .filter(({ key }) => !/:marker:\d+$/.test(key));
}

describeWithRedis('Redis, on the server', () => {
  beforeAll(async () => {
    server = await startRedis();
    cluster = await startRedisCluster();
  }, 60_000);
  afterAll(async () => {
    await server.remove();
    await cluster.remove();
  });

  /** Entries of every kind, written in every way, all for a token that lives ten more minutes. */
  async function writeAll(denylist: Denylist, clock: number): Promise<void> {
    const until = keepTokenUntil(clock + 600);
    for (let at = 0; at < 20; at++) {
      await denylist.add(token(`a${at}`, { until: clock + 5 }));
      await denylist.add(token(`a${at}`, { until }));
      await denylist.add(token(`a${at}`, { until: clock + 5 }));
      await denylist.consume(`b${at}`, until);
      await denylist.consume(`b${at}`, clock + 5);
      await denylist.add(family(`f${at}`, until));
      await denylist.add(subject(`u${at}`, clock, until));
      await denylist.add(subject(`u${at}`, clock + 1, clock + 5));
    }
  }

  test.each([
    ['of an unknown kind', ['kind', 'country', 'id', 'x', 'until', String(later)]],
    ['without a kind', ['id', 'x', 'until', String(later)]],
    ['whose end is no number', ['kind', 'token', 'id', 'x', 'until', 'soon']],
    ['whose moment is lost', ['kind', 'subject', 'id', 'x', 'until', String(later)]],
  ])('an entry %s may stand for a revocation, and is an error', async (_what, fields) => {
    const prefix = `unreadable-${fields.length}-${fields[1]}:`;
    const denylist = await openAt(`${server.url}?prefix=${prefix}`);
    const keys = (['token', 'subject'] as const).map((kind) => `${prefix}${keyOf(kind, 'x')}`);
    for (const key of keys) await server.ask('HSET', key, ...fields);
    const problem = {
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('it has an entry that cannot be read'),
    };
    await expect(denylist.find({ jti: 'x' })).rejects.toMatchObject(problem);
    await expect(denylist.find({ sub: 'x', iat: now })).rejects.toMatchObject(problem);
    await expect(entriesOf(denylist)).rejects.toMatchObject(problem);
    expect(await denylist.find({ jti: 'other' })).toBeUndefined();
    // Other tests count what is there.
    await server.ask('DEL', ...keys);
  });

  test.each([
    ['a server', () => server.url, () => [server]],
    ['a cluster', () => cluster.url, () => [...cluster.nodes]],
  ])('entries of %s expire by themselves, an hour after their token', async (_name, url, nodes) => {
    const clock = Math.floor(Date.now() / 1000);
    const denylist = await openAt(`${url()}?prefix=ttl:`);
    await writeAll(denylist, clock);
    const lives = (await Promise.all(nodes().map(remainingLives))).flat();
    expect(lives).toHaveLength(80);
    const tokenLeft = (clock + 600) * 1000 - Date.now();
    for (const { key, left } of lives) {
      expect(key).toMatch(/^ttl:/);
      expect(left, key).toBeGreaterThanOrEqual(tokenLeft + maxLeeway * 1000 - 10);
      expect(left, key).toBeLessThanOrEqual(tokenLeft + maxLeeway * 1000 + 60_000);
    }
    if (nodes().length > 1) {
      for (const node of nodes()) expect((await remainingLives(node)).length).toBeGreaterThan(0);
    }
  });

  test('a refused write leaves nothing without an expiry behind', async () => {
    await server.ask('FLUSHALL');
    const denylist = await openAt(server.url);
    for (const until of [later + 0.25, 1e15, 1e21]) {
      await denylist.add(token(`a${until}`, { until })).catch(() => {});
      await denylist.consume(`b${until}`, until).catch(() => {});
    }
    for (const { key, left } of await remainingLives(server)) expect(left, key).toBeGreaterThan(0);
  });

  test('separates stores by prefix and database', async () => {
    await server.ask('FLUSHALL');
    const locations = ['', '?prefix=a:', '?prefix=a:b:', '?prefix=a', '?prefix=*', '/1', '/1?prefix=a:'];
    const stores = await Promise.all(locations.map((end) => openAt(`${server.url}${end}`)));
    for (const [at, store] of stores.entries()) await store.add(token(`a${at}`));
    for (const [at, store] of stores.entries()) {
      expect(await entriesOf(store), locations[at]).toEqual([token(`a${at}`)]);
      for (const other of stores.keys()) {
        expect((await store.find({ jti: `a${other}` })) !== undefined).toBe(other === at);
      }
    }
  });

  test('ignores keys of other programs', async () => {
    await server.ask('FLUSHALL');
    await server.ask('SET', 'session:1', 'somebody else');
    await server.ask('LPUSH', 'queue', 'x');
    const denylist = await openAt(server.url);
    await denylist.add(token('a'));
    expect(await entriesOf(denylist)).toEqual([token('a')]);
    expect(await server.ask('GET', 'session:1')).toEqual(['somebody else']);
  });

  test('needs no ACL rights beyond its own keys', async () => {
    await server.ask(
      'ACL',
      'SETUSER',
      'app',
      'on',
      '>secret',
      '~jwtkit:*',
      '+@read',
      '+@write',
      '+@scripting',
      '+@connection',
    );
    const denylist = await openAt(server.url.replace('//', '//app:secret@'));
    await denylist.add(token('by app'));
    expect(await denylist.find({ jti: 'by app' })).toBeDefined();
    const other = await openAt(`${server.url.replace('//', '//app:secret@')}?prefix=other:`);
    await expect(other.find({ jti: 'a' })).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  test('refuses a server that may evict entries', async () => {
    await server.ask('CONFIG', 'SET', 'maxmemory', '100mb');
    await server.ask('CONFIG', 'SET', 'maxmemory-policy', 'volatile-lru');
    try {
      await expect(openAt(server.url)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    } finally {
      await server.ask('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
      await server.ask('CONFIG', 'SET', 'maxmemory', '0');
    }
  });
});

// All at once: each waits two seconds for a server that does not answer.
describe.concurrent('an unreachable Redis', () => {
  const limit = 3000;

  async function failureOf(location: string): Promise<{ code: string; text: string }> {
    try {
      await answersWithin(limit, () => openAt(location));
    } catch (error) {
      const { code, message, hint } = error as { code: string; message: string; hint?: string };
      return { code, text: `${message} ${hint ?? ''}` };
    }
    throw new Error('it was reached');
  }

  const unreachable: readonly [string, (port: number) => string][] = [
    ['a server', (port: number) => `redis://admin:hunter2@127.0.0.1:${port}/0?prefix=x:`],
    ['a cluster', (port: number) => `redis+cluster://admin:hunter2@127.0.0.1:${port},127.0.0.1:${port}`],
    ['a server with TLS', (port: number) => `rediss://admin:hunter2@127.0.0.1:${port}`],
    ['a sentinel', (port: number) => `redis+sentinel://admin:hunter2@127.0.0.1:${port}/m?sentinel_password=hunter2`],
  ];
  const nobody = '%s on a port where nobody listens';
  test.each(unreachable.slice(0, 1))(nobody, expectUnreachable);
  test.each(unreachable.slice(1))(nobody, { tags: 'slow' }, expectUnreachable);
  async function expectUnreachable(_name: string, location: (port: number) => string) {
    const { code, text } = await failureOf(location(await freePort()));
    expect(code, text).toBe('STORE_UNAVAILABLE');
    expect(text).not.toContain('hunter2');
    expect(text).not.toContain('admin');
  }

  const odd = 'a server that %s';
  test.each([['says nothing', '']])(odd, expectRefusal);
  // Each has five connections at once, of which two begin with a TLS handshake.
  test.sequential.each([
    ['speaks HTTP', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['sends a huge number', '$99999999999999\r\n'],
  ])(odd, { tags: 'slow' }, expectRefusal);
  async function expectRefusal(_what: string, greeting: string) {
    const sockets: { destroy(): void }[] = [];
    const listener = createServer((socket) => {
      sockets.push(socket);
      socket.on('error', () => {});
      socket.on('data', () => greeting !== '' && socket.write(greeting));
    });
    const port = await new Promise<number>((resolve) =>
      listener.listen(0, '127.0.0.1', () => resolve((listener.address() as { port: number }).port)),
    );
    try {
      const schemes = ['redis', 'rediss', 'redis+cluster', 'redis+sentinel', 'rediss+sentinel'];
      const failures = schemes.map((scheme) => {
        const master = scheme.endsWith('sentinel') ? '/mymaster' : '';
        return failureOf(`${scheme}://admin:hunter2@127.0.0.1:${port}${master}`);
      });
      for (const { code, text } of await Promise.all(failures)) {
        expect(code, text).toBe('STORE_UNAVAILABLE');
        expect(text).not.toMatch(/hunter2|admin/);
      }
    } finally {
      for (const socket of sockets) socket.destroy();
      listener.close();
    }
  }
});

describe('a malformed location', () => {
  test.each([
    '',
    'hunter2',
    '/var/lib/hunter2',
    'postgres://admin:hunter2@localhost/0',
    'http://admin:hunter2@localhost',
    'lmdb:',
    'REDIS://admin:hunter2@localhost',
    'redis:admin:hunter2',
    'redis://',
    'redis://admin:hunter2@',
    'redis://admin:hunter2@localhost:port',
    'redis://admin:hunter2@localhost:99999',
    'redis://admin:hunter2@localhost/x',
    'redis://admin:hunter2@localhost,other',
    'redis://admin:hunter2%zz@localhost',
    'redis://localhost?prefix=%zzhunter2',
    'redis://localhost?hunter2=1',
    'redis://localhost?wait=hunter2',
    'redis://localhost?wait=1&wait=2',
    'redis://localhost?wait=100',
    'redis://localhost?wait=-1',
    'redis://localhost?prefix=a#hunter2',
    'redis://localhost?sentinel_password=hunter2',
    'redis://admin:hunter2@localhost/0/mymaster',
    'redis+sentinel://admin:hunter2@localhost',
    'redis+sentinel://admin:hunter2@localhost/',
    'redis+sentinel://admin:hunter2@localhost/my%20master',
    'redis+sentinel://admin:hunter2@localhost/mymaster/x',
    'redis+sentinel://admin:hunter2@localhost/mymaster/0/1',
    'redis+sentinel:///mymaster',
    'redis+cluster://admin:hunter2@localhost/1',
    'redis+cluster://',
    'rediss+other://admin:hunter2@localhost',
  ])('%j is USAGE_INVALID and not repeated', async (location) => {
    const failure = await openAt(location).then(
      () => undefined,
      (error: unknown) => error as { code?: string; message: string; hint?: string },
    );
    expect(failure?.code).toBe('USAGE_INVALID');
    expect(`${failure?.message} ${failure?.hint}`).not.toMatch(/hunter2|admin/);
  });
});
