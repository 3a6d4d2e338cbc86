/**
 * The embedded denylist with a thousand, a hundred thousand and a million entries side by side: how long a look-up takes,
 * and how long one waits at most while expired entries are cleared away.
 */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { openDenylist } from 'jwtkit';

const sizes = [1_000, 100_000, 1_000_000];
const lookUps = 20_000;
const expiredEntries = 100_000;
/** Microseconds, at the largest size. */
const lookUpBound = 50;
/** Milliseconds that a look-up may wait for pruning. */
const stallBound = 10;

const now = Math.floor(Date.now() / 1000);
const never = () => 0;

/** Prints a table of latencies; resolves to whether they are within their bounds. */
export async function run() {
  const folder = mkdtempSync(join(tmpdir(), 'jwtkit-bench-'));
  try {
    const isQuick = await measureLookUps(folder);
    return (await measurePruning(folder)) && isQuick;
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

async function measurePruning(folder) {
  const location = `lmdb:${join(folder, 'pruned')}`;
  const denylist = await openDenylist(location, { mode: 'write', now: never });
  await fill(denylist, expiredEntries, now - 1);
  const ids = await fill(denylist, 1_000, now + 86_400);
  const waits = [];
  let isPruning = true;
  const started = performance.now();
  const pruning = denylist.prune(now).finally(() => {
    isPruning = false;
  });
  // From the last answer to the next one, so that a thread that stands still counts as well.
  for (let last = performance.now(); isPruning; ) {
    await nextTurn();
    await denylist.find({ jti: ids[waits.length % ids.length] });
    const answered = performance.now();
    waits.push(answered - last);
    last = answered;
  }
  const removed = await pruning;
  await denylist.close();
  const longest = Math.max(...waits.slice(0, 100_000));
  const isOver = longest > stallBound || removed !== expiredEntries;
  console.log(
    `pruning ${removed} expired entries: ${((performance.now() - started) / 1000).toFixed(1)} s; ${waits.length} look-ups meanwhile, ` +
      `one in ${quantile(waits, 0.5).toFixed(2)} ms (median), ${quantile(waits, 0.99).toFixed(2)} (p99), ${longest.toFixed(1)} at most  aim ${stallBound}${isOver ? '  OVER' : ''}`,
  );
  return !isOver;
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
