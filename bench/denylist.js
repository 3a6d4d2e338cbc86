/**
 * The embedded denylist with a thousand, a hundred thousand and a million entries side by side: how long a look-up takes,
 * and how long one waits while expired entries are cleared away, by this process or by another, beside how long one waits
 * when nothing is: on a busy machine that alone is tens of milliseconds.
 */
import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openDenylist } from 'jwtkit';

const sizes = [1_000, 100_000, 1_000_000];
const lookUps = 20_000;
/** Expired entries in all; each round removes two portions of them. */
const expiredEntries = 100_000;
const rounds = 20;
const portion = expiredEntries / rounds / 2;
/** Microseconds, at the largest size. */
const lookUpBound = 50;
/** Milliseconds that a look-up may wait longer than it does when nothing is pruned. */
const stallBound = 5;
/** Entries a second that pruning removes at least, look-ups beside it. */
const pruningBound = 1_000;

const now = Math.floor(Date.now() / 1000);
const never = () => 0;

/** Prints a table of latencies. */
export async function run() {
  const folder = mkdtempSync(join(tmpdir(), 'jwtkit-bench-'));
  try {
    const isQuick = await measureLookUps(folder);
    return { isWithinBounds: (await measurePruning(folder)) && isQuick };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** All stores are asked in turn, so that a busy machine slows all of them alike. */
async function measureLookUps(folder) {
  const stores = [];
  for (const size of sizes) {
    const denylist = await openDenylist(`lmdb:${join(folder, String(size))}`, { mode: 'write', now: never });
    const started = performance.now();
    const ids = await fill(denylist, size, now + 86_400);
    stores.push({ size, denylist, ids, seconds: (performance.now() - started) / 1000, hits: [], misses: [] });
  }
  for (let at = -1000; at < lookUps; at++) {
    for (const { denylist, ids, hits, misses } of stores) {
      const known = ids[Math.floor(Math.random() * ids.length)];
      const hit = await timed(() => denylist.find({ jti: known, sub: 'nobody', family: 'none', iat: now }));
      const miss = await timed(() => denylist.find({ jti: randomUUID(), sub: 'nobody', family: 'none', iat: now }));
      if (at < 0) continue;
      hits.push(hit);
      misses.push(miss);
    }
    // A server answers each request in a turn of its own, with a fresh snapshot.
    if (at % 10 === 0) await nextTurn();
  }
  console.log(`denylist on LMDB, ${lookUps} look-ups each of a token's jti, family and subject, µs`);
  console.log('    entries   revoked: median    p99   not revoked: median    p99   filled in');
  const [smallest] = stores;
  let isWithinBounds = true;
  for (const { size, denylist, hits, misses, seconds } of stores) {
    const [hit, hit99, miss, miss99] = [hits, misses].flatMap((times) => [quantile(times, 0.5), quantile(times, 0.99)]);
    const isLargest = size === sizes.at(-1);
    const isOver = isLargest && Math.max(hit, miss) > lookUpBound;
    if (isOver) isWithinBounds = false;
    const growth = (miss / quantile(smallest.misses, 0.5)).toFixed(2);
    const verdict = isLargest ? `  aim ${lookUpBound}${isOver ? '  OVER' : ''}` : '';
    console.log(
      `  ${String(size).padStart(9)} ${micro(hit, 17)} ${micro(hit99, 6)} ${micro(miss, 21)} ${micro(miss99, 6)} ${seconds.toFixed(1).padStart(9)} s  × ${growth}${verdict}`,
    );
    await denylist.close();
  }
  return isWithinBounds;
}

/**
 * Look-ups while this process prunes, while another one does, and while none does, in turn, so that what else the machine
 * is busy with slows all of them alike. The longest wait of a round is compared by its median over the rounds: the longest
 * of all says which round was unlucky.
 */
async function measurePruning(folder) {
  const location = `lmdb:${join(folder, 'pruned')}`;
  const denylist = await openDenylist(location, { mode: 'write', now: never });
  // Each portion expires in a second of its own, so that what a round removes is told by the clock it is given.
  for (let at = 0; at < 2 * rounds; at++) await fill(denylist, portion, at + 1);
  const ids = await fill(denylist, 1_000, now + 86_400);
  const other = await startPruner(location);
  let clock = 0;
  let removed = 0;
  const prunings = {
    'by this process': () => denylist.prune(++clock + 1),
    'by another process': () => other.prune(++clock + 1),
  };
  const measured = [...Object.keys(prunings), 'nothing pruned'].map((name) => ({ name, rounds: [], seconds: 0 }));
  for (let round = 0; round < rounds; round++) {
    let duration = 0;
    for (const row of measured) {
      const started = performance.now();
      const pruning = prunings[row.name];
      const waits = pruning
        ? await waitsUntil(
            denylist,
            ids,
            pruning().then((count) => {
              removed += count;
            }),
          )
        : await waitsUntil(denylist, ids, pause(duration / 2));
      const took = performance.now() - started;
      duration += took;
      row.seconds += took / 1000;
      row.rounds.push(waits);
    }
  }
  other.stop();
  await denylist.close();
  const longest = (row) => row.rounds.map((waits) => quantile(waits, 1));
  const control = quantile(longest(measured.at(-1)), 0.5);
  let isWithinBounds = removed === expiredEntries;
  console.log(
    `\npruning ${removed} of ${expiredEntries} expired entries in ${2 * rounds} portions: from one look-up's answer to the next one's, ms`,
  );
  console.log('                       median    p99   longest of a round: median, of all   look-ups   pruned/s');
  for (const row of measured) {
    const waits = row.rounds.flat();
    const typical = quantile(longest(row), 0.5);
    const isControl = row === measured.at(-1);
    const rate = expiredEntries / 2 / row.seconds;
    const isOver = !isControl && (typical > control + stallBound || rate < pruningBound);
    if (isOver) isWithinBounds = false;
    const figures = [
      [quantile(waits, 0.5), 9],
      [quantile(waits, 0.99), 7],
      [typical, 29],
      [quantile(longest(row), 1), 8],
    ];
    console.log(
      `  ${row.name.padEnd(18)}${figures.map(([value, width]) => value.toFixed(2).padStart(width)).join('')}${String(waits.length).padStart(11)}${(isControl ? '' : rate.toFixed(0)).padStart(11)}` +
        (isControl ? '' : `  + ${(typical - control).toFixed(1)}, aim ${stallBound}${isOver ? '  OVER' : ''}`),
    );
  }
  return isWithinBounds;
}

/** Milliseconds from an answer to the next, so that a thread that stands still counts as well. */
async function waitsUntil(denylist, ids, end) {
  const waits = [];
  let isOver = false;
  const ended = end.finally(() => {
    isOver = true;
  });
  for (let last = performance.now(); !isOver; ) {
    await nextTurn();
    await denylist.find({ jti: ids[waits.length % ids.length] });
    const answered = performance.now();
    waits.push(answered - last);
    last = answered;
  }
  await ended;
  return waits;
}

/** Another process with the same store, that prunes when it is told to. */
async function startPruner(location) {
  const child = fork(fileURLToPath(import.meta.url), [location]);
  const answer = () => new Promise((resolve) => child.once('message', resolve));
  await answer();
  return {
    prune: (clock) => {
      child.send(clock);
      return answer();
    },
    stop: () => child.kill(),
  };
}

if (process.send !== undefined) {
  const denylist = await openDenylist(process.argv[2], { mode: 'write', now: never });
  process.on('message', async (clock) => process.send(await denylist.prune(clock)));
  process.send('ready');
}

/** Adds tokens in portions that share their transactions. */
async function fill(denylist, count, until) {
  const ids = Array.from({ length: count }, () => randomUUID());
  for (let at = 0; at < count; at += 50_000) {
    const portion = ids.slice(at, at + 50_000);
    await Promise.all(portion.map((id) => denylist.add({ kind: 'token', id, reason: 'revoked', until })));
  }
  return ids;
}

/** Microseconds. */
async function timed(action) {
  const start = process.hrtime.bigint();
  await action();
  return Number(process.hrtime.bigint() - start) / 1000;
}

function micro(value, width) {
  return value.toFixed(1).padStart(width);
}

function quantile(values, share) {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
