/**
 * `jwtkit serve` beside the log-in service that it replaces, a tutorial's FastAPI application with PyJWT on uvicorn: one process
 * each, HS256, 16 connections, in turns of a second, and a bare fastify route beside them. JWTKIT_TUTORIAL names the folder of the
 * application (main.py). Python with fastapi, uvicorn, python-multipart and PyJWT has to be there.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../scripts/free-port.js';
import { ask } from './asking.js';
import { quartiles, withSpread } from './report.js';
import { startBare, startService, untilGone, writeAccounts } from './serve-processes.js';

const rounds = Number(process.env.JWTKIT_BENCH_ROUNDS ?? 9);
const connections = 16;
const beside = fileURLToPath(new URL('../../shared/tutorial/', import.meta.url));
const folderOfTutorial = process.env.JWTKIT_TUTORIAL ?? beside;
/** Debian's packages are those of its own Python. */
const python = existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3';

/** The least ratio to the requests a second of the tutorial's application. */
const bounds = { '/users/me': 3.2, '/token/refresh': 2.5 };

/** Prints the ratios; resolves to whether they are within the bounds. */
export async function run() {
  const missing = missingParts();
  if (missing !== undefined) {
    console.log(`tutorial: not measured, ${missing}`);
    return { isWithinBounds: true };
  }
  const folder = mkdtempSync(join(tmpdir(), 'jwtkit-bench-'));
  const started = [];
  try {
    await writeAccounts(folder);
    const bare = await startBare(folder);
    started.push(bare);
    const service = await startService(folder, { alg: 'HS256', store: 'lmdb' });
    started.push(service);
    const tutorial = await startTutorial();
    started.push(tutorial);
    const contestants = [{ name: 'bare', server: bare, path: '/users/me' }];
    for (const [name, server] of Object.entries({ tutorial, jwtkit: service }))
      contestants.push(...routesOf(name, server, await server.logIn()));
    return { isWithinBounds: report(await measure(contestants)) };
  } finally {
    for (const server of started) await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function missingParts() {
  if (!existsSync(join(folderOfTutorial, 'main.py')))
    return 'JWTKIT_TUTORIAL names no folder with the application (main.py)';
  const { status } = spawnSync(python, ['-c', 'import fastapi, uvicorn, multipart, jwt'], { stdio: 'ignore' });
  return status === 0 ? undefined : `${python} lacks fastapi, uvicorn, multipart or jwt`;
}

function routesOf(name, server, pair) {
  return [
    { name, server, path: '/users/me', headers: { authorization: `Bearer ${pair.access_token}` } },
    {
      name,
      server,
      path: '/token/refresh',
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: `refresh_token=${pair.refresh_token}`,
    },
  ];
}

/** Starts the application as its README does, in one process. */
async function startTutorial() {
  const port = await freePort();
  const args = ['-m', 'uvicorn', 'main:app', '--host', '127.0.0.1', '--port', String(port)];
  const env = { PATH: process.env.PATH, SECRET_KEY: 's'.repeat(48), ALGORITHM: 'HS256', PYTHONDONTWRITEBYTECODE: '1' };
  const child = spawn(python, args, { cwd: folderOfTutorial, env, stdio: 'ignore' });
  const ended = untilGone(child);
  const url = `http://127.0.0.1:${port}`;
  const logIn = async () => {
    const body = new URLSearchParams({ username: 'alice', password: 'wonderland' });
    return (await fetch(`${url}/token`, { method: 'POST', body })).json();
  };
  for (let isUp = false; !isUp; await pause(50)) {
    if (child.exitCode !== null) throw new Error(`the tutorial's application ended with ${child.exitCode}`);
    isUp = await logIn().then(
      () => true,
      () => false,
    );
  }
  return {
    url,
    logIn,
    cpu: () => cpuOf(child.pid),
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** Microseconds of processor time of a process, of all its threads; Linux counts hundredths of a second (proc(5), fields 14 and 15). */
function cpuOf(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10_000;
}

/** All in turn, so that what else the machine does slows all of them alike. The first round warms up. */
async function measure(contestants) {
  const results = contestants.map((each) => ({ ...each, byClock: [], byCpu: [] }));
  for (let round = -1; round < rounds; round++) {
    for (const each of results) {
      const before = await each.server.cpu();
      const { requests, duration } = await ask(each, round < 0 ? 3 : 1, { connections });
      const cpu = ((await each.server.cpu()) - before) / 1e6;
      if (round < 0) continue;
      each.byClock.push(requests.total / duration);
      each.byCpu.push(requests.total / cpu);
    }
  }
  return results;
}

function report(results) {
  const [bare] = results;
  let isWithinBounds = true;
  console.log(
    `tutorial, ${connections} connections, ${rounds} rounds of 1 s: requests a second to those of the application, each round beside its own`,
  );
  for (const [path, bound] of Object.entries(bounds)) {
    const [theirs, ours] = ['tutorial', 'jwtkit'].map((name) =>
      results.find((each) => each.name === name && each.path === path),
    );
    const ratio = (name, other) => quartiles(ours[name].map((value, at) => value / other[name][at]));
    const [byClock, byCpu, share] = [ratio('byClock', theirs), ratio('byCpu', theirs), ratio('byCpu', bare)];
    const isUnder = byClock.middle < bound;
    if (isUnder) isWithinBounds = false;
    const each = (list) => Math.round(quartiles(list).middle);
    console.log(
      `  ${path.padEnd(15)} × ${withSpread(byClock)} by the clock (${each(theirs.byClock)} → ${each(ours.byClock)}/s)  aim ${bound}${isUnder ? '  UNDER' : ''}`,
    );
    console.log(`  ${''.padEnd(15)} × ${withSpread(byCpu)} by processor time; ${withSpread(share)} of a bare route`);
  }
  return isWithinBounds;
}
