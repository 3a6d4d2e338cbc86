/**
 * `jwtkit serve` under load, beside a bare fastify route that answers the same as `/users/me`: real processes, asked by
 * autocannon in turns of a second, so that what else the machine is busy with slows all of them alike. autocannon runs in this
 * process, which does nothing else meanwhile: it asks the bare route as often as wrk does (56,000 requests a second), so it is
 * never what is measured.
 *
 * Judged is the ratio of requests a second of the server's processor time: what one process of the service does of what one
 * bare process does. By the clock, which is printed beside it, a machine of few cores measures its client and its
 * neighbours as well.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import autocannon from 'autocannon';
import { openDenylist } from 'jwtkit';
import { Pool } from 'undici';
import { ask } from './asking.js';
import { startBare, startRedis, startService, writeAccounts } from './serve-processes.js';

const rounds = Number(process.env.JWTKIT_BENCH_ROUNDS ?? 7);
/** Seconds of each contestant's turn, and of the one before the first that is not counted. */
const turn = 1;
const warmUp = 4;
const connections = 32;
/** Seconds under load over which memory is watched; 300 is what it is judged by before a release. */
const soak = Number(process.env.JWTKIT_BENCH_SOAK ?? 30);
const entries = 100_000;

const bounds = {
  /** The least share of the bare route's requests. */
  share: 0.6,
  /** Milliseconds, at half the maximal rate. */
  p99: 20,
  /** The end of a soak beside its begin, after the warm-up. */
  heap: 1.05,
  rss: 1.1,
};
/** Tokens a day that the arithmetic leads to. */
const aim = 1e9;

/** Prints tables of rates, latencies and memory; resolves to whether all are within their bounds. */
export async function run() {
  const folder = mkdtempSync(join(tmpdir(), 'jwtkit-bench-'));
  const started = [];
  const keep = (server) => {
    started.push(server);
    return server;
  };
  try {
    const client = await writeAccounts(folder);
    const redis = await startRedis(folder);
    if (redis === undefined) console.log('redis-server is not installed: no figures for Redis');
    else keep(redis);
    const contestants = [
      { name: 'bare fastify', server: keep(await startBare(folder)), path: '/users/me', isBare: true },
    ];
    for (const { alg, store, rotates } of kinds(redis)) {
      const server = keep(await startService(folder, { alg, store, rotates }));
      contestants.push(...(await routesOf(server, { alg, store: store.replace(/:.*/, ''), rotates, client })));
    }
    const rates = await measureRates(contestants);
    let isWithinBounds = report(rates);
    const judged = rates.find(isJudged);
    isWithinBounds = (await measureLatency(judged, rates[0])) && isWithinBounds;
    isWithinBounds = (await measureSoak(contestants, judged)) && isWithinBounds;
    await measureEntries(folder, redis);
    return { isWithinBounds };
  } finally {
    for (const server of started) await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function isJudged({ path, alg, store, rotates }) {
  return path === '/users/me' && alg === 'HS256' && store === 'lmdb' && !rotates;
}

function kinds(redis) {
  const stores = ['lmdb', ...(redis === undefined ? [] : [redis.url])];
  return [
    ...stores.flatMap((store) => ['HS256', 'RS256', 'ES256'].map((alg) => ({ alg, store, rotates: false }))),
    { alg: 'RS256', store: 'memory', rotates: false },
    ...stores.map((store) => ({ alg: 'HS256', store, rotates: true })),
  ];
}

/** What is asked of a service: its routes, with the tokens of a user who has logged in. */
async function routesOf(server, { alg, store, rotates, client }) {
  const pair = await server.logIn();
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const { id, secret } = store === 'memory' ? { id: 'client-demo', secret: 'down-the-rabbit-hole' } : client;
  const basic = `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`;
  const refresh = { path: '/token/refresh', method: 'POST', headers: form };
  const routes = rotates
    ? [{ ...refresh, rotates }]
    : [
        { path: '/users/me', headers: { authorization: `Bearer ${pair.access_token}` } },
        { ...refresh, body: `refresh_token=${pair.refresh_token}` },
        {
          path: '/introspect',
          method: 'POST',
          headers: { ...form, authorization: basic },
          body: `token=${pair.access_token}`,
        },
      ];
  return routes.map((route) => ({ ...route, server, alg, store, rotates }));
}

/** One after the other: as many attempts at once as this are taken for guesses. */
async function logInOften({ logIn }) {
  const pairs = [];
  while (pairs.length < connections) pairs.push(await logIn());
  return pairs;
}

/** All contestants in turn; resolves to them with the medians of their rates, and how far apart the rounds are. */
async function measureRates(contestants) {
  const [bare] = contestants;
  const judged = contestants.find(isJudged);
  // The bare route is sent the same bytes.
  bare.headers = judged.headers;
  const taken = contestants.map(() => []);
  for (let round = -1; round < rounds; round++) {
    for (const [at, contestant] of contestants.entries()) {
      // The end of a turn cuts answers off, and with them the only tokens that are good for more.
      const sessions = contestant.rotates ? await logInOften(contestant.server) : [];
      const before = await contestant.server.cpu();
      const { requests, duration } = await ask(contestant, round < 0 ? warmUp : turn, { connections, sessions });
      const cpu = ((await contestant.server.cpu()) - before) / 1e6;
      if (round >= 0) taken[at].push({ byCpu: requests.total / cpu, byClock: requests.total / duration });
    }
  }
  return contestants.map((contestant, at) => {
    const byCpu = taken[at].map((each) => each.byCpu);
    const shares = taken[at].map((each, round) => each.byCpu / taken[0][round].byCpu);
    return {
      ...contestant,
      byCpu: median(byCpu),
      byClock: median(taken[at].map((each) => each.byClock)),
      // A round's share is that of its own time: neighbours come and go.
      share: median(shares),
      spread: [Math.min(...shares), Math.max(...shares)],
    };
  });
}

function report(rates) {
  const perDay = aim / 86_400;
  console.log(
    `serve, ${connections} connections, ${rounds} rounds of ${turn} s; the share is of the bare route's requests a second of processor time`,
  );
  console.log(
    '                                          µs of      a second of          share:              processes for',
  );
  console.log(
    `  route                 key    store     processor  processor   clock   median  least–most   ${Math.round(perDay)}/s`,
  );
  let isWithinBounds = true;
  for (const { name, path, alg = '', store = '', rotates, byCpu, byClock, share, spread, ...rest } of rates) {
    const isOne = isJudged({ path, alg, store, rotates });
    const isUnder = isOne && share < bounds.share;
    if (isUnder) isWithinBounds = false;
    console.log(
      `  ${(name ?? `${path}${rotates ? ' --rotate' : ''}`).padEnd(21)} ${alg.padEnd(6)} ${store.padEnd(9)} ${(1e6 / byCpu).toFixed(1).padStart(9)} ${byCpu.toFixed(0).padStart(10)} ${byClock.toFixed(0).padStart(7)}   ${share.toFixed(2).padStart(6)}  ${spread.map((each) => each.toFixed(2)).join('–')}   ${(rest.isBare ? '' : String(Math.ceil(perDay / byCpu))).padStart(7)}` +
        (isOne ? `  aim ${bounds.share}${isUnder ? '  UNDER' : ''}` : ''),
    );
  }
  console.log(
    `  ${aim.toExponential(0)} tokens a day are ${Math.round(perDay)} a second on average; the last column is that by the requests a second of processor time`,
  );
  return isWithinBounds;
}

/**
 * The time to an answer when requests come at even distances, at half the rate that the clock allowed: from the moment that one
 * is due, so that waiting behind others counts. autocannon sends what is due in a second at once at its beginning.
 */
async function measureLatency(judged, bare) {
  const rate = Math.round(judged.byClock / 2);
  const waits = { service: [], bare: [] };
  for (let round = -1; round < rounds; round++) {
    const [ours, others] = [await paced(judged, rate), await paced(bare, rate)];
    // The client warms up as well.
    if (round < 0) continue;
    waits.service.push(ours);
    waits.bare.push(others);
  }
  const [p50, p99, bare99] = [
    median(waits.service.map((each) => quantile(each, 0.5))),
    median(waits.service.map((each) => quantile(each, 0.99))),
    median(waits.bare.map((each) => quantile(each, 0.99))),
  ];
  const isOver = p99 > bounds.p99;
  console.log(
    `\nlatency at ${rate} requests a second, half of what the clock allowed, median of ${rounds} rounds:\n  ${p50.toFixed(1)} ms in the middle, p99 ${p99.toFixed(1)} ms  aim ${bounds.p99}${isOver ? '  OVER' : ''}  (the bare route ${bare99.toFixed(1)} ms)`,
  );
  return !isOver;
}

/** Milliseconds to each answer of two seconds. */
async function paced({ server, path, headers }, rate) {
  const pool = new Pool(server.url, { connections, pipelining: 1 });
  const waits = [];
  const asked = [];
  const began = performance.now();
  for (let count = 0; count < 2 * rate; await pause(1)) {
    for (const now = performance.now(); count < 2 * rate && began + (count * 1000) / rate <= now; count++) {
      const due = began + (count * 1000) / rate;
      asked.push(
        pool.request({ path, method: 'GET', headers }).then(async ({ statusCode, body }) => {
          await body.dump();
          if (statusCode !== 200) throw new Error(`${path} answered ${statusCode}`);
          waits.push(performance.now() - due);
        }),
      );
    }
  }
  await Promise.all(asked);
  await pool.close();
  return waits;
}

/** Everything is asked of one process for a while, refusals too, and its memory watched. */
async function measureSoak(contestants, { server }) {
  const own = contestants.filter((contestant) => contestant.server === server);
  let count = 0;
  const requests = [
    ...own.map(({ path, method = 'GET', headers, body }) => ({ path, method, headers, ...(body && { body }) })),
    { method: 'GET', path: '/users/me', headers: { authorization: 'Bearer not.a.token' } },
    // Nobody's paths may fill the memory.
    { method: 'GET', path: '/', setupRequest: (request) => ({ ...request, path: `/nowhere/${count++}?q=${count}` }) },
  ];
  const running = autocannon({ url: server.url, connections, duration: soak, requests });
  const samples = [];
  const began = performance.now();
  for (let at = 1; at <= 30; at++) {
    await pause(began + (soak * 1000 * at) / 31 - performance.now());
    samples.push(await server.memory());
  }
  const result = await running;
  // A third is warm-up: code is compiled, buffers and connections have grown to what they need.
  const [begin, end] = [samples.slice(10, 20), samples.slice(20)];
  const growth = (name) => {
    const [from, to] = [begin, end].map((part) => median(part.map((sample) => sample[name])));
    return { from, to, ratio: to / from };
  };
  console.log(
    `\nsoak of ${soak} s, ${result.requests.total} requests of ${requests.length} kinds at one process; second third beside the last`,
  );
  let isWithinBounds = result.errors === 0 && result['5xx'] === 0;
  if (!isWithinBounds) console.log(`  ${result.errors} errors, ${result['5xx']} answers of 5xx`);
  for (const [name, what, bound] of [
    ['heapUsed', 'heap after a collection', bounds.heap],
    ['rss', 'resident', bounds.rss],
  ]) {
    const { from, to, ratio } = growth(name);
    const isOver = ratio > bound;
    if (isOver) isWithinBounds = false;
    console.log(
      `  ${what.padEnd(24)} ${mebi(from)} → ${mebi(to)} MiB  × ${ratio.toFixed(3)}  aim ${bound}${isOver ? '  OVER' : ''}`,
    );
  }
  return isWithinBounds;
}

/** What an entry of a denylist takes on the disk, or in the memory of a server. */
async function measureEntries(folder, redis) {
  const path = join(folder, 'entries');
  const used = () => Number(/used_memory:(\d+)/.exec(redis.ask('INFO', 'memory'))[1]);
  const before = redis === undefined ? 0 : used();
  console.log(`\ndenylist, ${entries} revoked tokens`);
  for (const [name, location, bytes] of [
    ['LMDB', `lmdb:${path}`, () => statSync(join(path, 'data.mdb')).size],
    ...(redis === undefined ? [] : [['Redis', redis.url, () => used() - before]]),
  ]) {
    const denylist = await openDenylist(location, { mode: 'write', now: () => Date.now() / 1000 });
    const until = Math.floor(Date.now() / 1000) + 7 * 86_400;
    for (let at = 0; at < entries; at += 10_000) {
      const portion = Array.from({ length: 10_000 }, () => crypto.randomUUID());
      await Promise.all(portion.map((id) => denylist.add({ kind: 'token', id, reason: 'revoked', until })));
    }
    console.log(`  ${name.padEnd(6)} ${Math.round(bytes() / entries)} bytes an entry`);
    await denylist.close();
  }
}

function mebi(bytes) {
  return (bytes / 1_048_576).toFixed(1);
}

function median(values) {
  return quantile(values, 0.5);
}

function quantile(values, share) {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
