/**
 * Batches with the real binary beside `openssl speed -multi`, the runs interleaved: tokens a second as a share of OpenSSL's
 * bare operations, two threads beside one, and time and memory from a thousand tokens to a million. Shares are judged by
 * the clock, as OpenSSL counts with several processes; those by processor time beside them tell a busy machine from slow code.
 */
import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const binary = fileURLToPath(new URL('../bin/jwtkit.js', import.meta.url));
const rounds = Number(process.env.JWTKIT_BENCH_ROUNDS ?? 5);
const largest = Number(process.env.JWTKIT_BENCH_TOKENS ?? 1_000_000);
const cores = availableParallelism();

const bounds = { verify: 0.55, issue: 0.8, threads: 1.8, memory: 1.2 };
const counts = { verify: 400_000, issue: 40_000 };
/** Different tokens; a longer input repeats them. */
const distinct = 20_000;

/** Prints, at exit, what the process took. */
const hook = `data:text/javascript,${encodeURIComponent(`
  import { writeSync } from 'node:fs';
  process.on('exit', () => writeSync(2, '\\n' + JSON.stringify(process.resourceUsage())));
`)}`;

/** Prints tables of ratios; resolves to whether all are within their bounds. */
export async function run() {
  const folder = mkdtempSync(join(tmpdir(), 'jwtkit-bench-'));
  try {
    execFileSync(process.execPath, [binary, 'keygen'], { cwd: folder, stdio: 'ignore' });
    const claims = Array.from(
      { length: distinct },
      (_, at) => `{"sub":"user-${at}","aud":"api","scope":"read write"}\n`,
    );
    const input = { issue: Buffer.from(claims.join('')) };
    writeFileSync(join(folder, 'claims'), input.issue);
    const tokens = join(folder, 'tokens');
    writeFileSync(
      tokens,
      execFileSync(process.execPath, [binary, 'issue', '--batch', 'claims', '--ttl', '1d'], {
        cwd: folder,
        maxBuffer: 2 ** 30,
        stdio: ['ignore', 'pipe', 'ignore'],
      }),
    );
    input.verify = readFileSync(tokens);
    const isFast = await besideOpenssl(folder, input);
    return (await growth(folder, input.verify)) && isFast;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function besideOpenssl(folder, input) {
  // From a file: whoever writes into a pipe would want a core as well.
  for (const kind of ['verify', 'issue']) {
    const path = join(folder, `${kind}-lines`);
    for (let left = counts[kind]; left > 0; left -= distinct) appendFileSync(path, input[kind]);
  }
  const times = { 'verify 1': [], [`verify ${cores}`]: [], [`issue ${cores}`]: [], openssl: [] };
  for (let round = 0; round < rounds; round++) {
    times.openssl.push({ ...opensslSpeed(true), cpu: opensslSpeed(false) });
    for (const name of Object.keys(times)) {
      const [kind, workers] = name.split(' ');
      if (kind === 'openssl') continue;
      times[name].push(await batch(folder, kind, undefined, counts[kind], [`${kind}-lines`, '--workers', workers]));
    }
  }
  const openssl = (kind) => median(times.openssl.map((each) => each[kind]));
  const opensslCpu = (kind) => median(times.openssl.map(({ cpu }) => cpu[kind]));
  const rate = (name) => median(times[name].map(({ count, seconds }) => count / seconds));
  const cpuRate = (name) => median(times[name].map(({ count, cpu }) => (count / cpu) * cores));
  console.log(`batch on ${cores} threads, RS256, beside openssl speed -multi ${cores} rsa2048 (${rounds} rounds)`);
  let isWithinBounds = true;
  for (const kind of ['verify', 'issue']) {
    const name = `${kind} ${cores}`;
    const share = rate(name) / openssl(kind);
    const cpuShare = cpuRate(name) / opensslCpu(kind);
    const isUnder = share < bounds[kind];
    if (isUnder) isWithinBounds = false;
    console.log(
      `  ${kind.padEnd(6)} ${Math.round(rate(name))}/s of ${Math.round(openssl(kind))}/s: ${share.toFixed(2)} by the clock  ` +
        `aim ${bounds[kind].toFixed(2)}${isUnder ? '  UNDER' : ''}  (${cpuShare.toFixed(2)} by processor time)`,
    );
  }
  if (cores > 1) {
    const speedUp = rate(`verify ${cores}`) / rate('verify 1');
    const aim = (bounds.threads / 2) * cores;
    console.log(
      `  verify on ${cores} threads beside one: × ${speedUp.toFixed(2)}  aim ${aim.toFixed(1)}${speedUp < aim ? '  UNDER' : ''}`,
    );
    if (speedUp < aim) isWithinBounds = false;
  }
  return isWithinBounds;
}

/** Operations a second of all cores together. */
function opensslSpeed(byClock) {
  const args = ['speed', ...(byClock ? ['-elapsed'] : []), '-seconds', '1', '-multi', String(cores), 'rsa2048'];
  const report = execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const [, issue, verify] = /^rsa 2048 bits\s+\S+\s+\S+\s+([\d.]+)\s+([\d.]+)/m.exec(report);
  return { issue: Number(issue), verify: Number(verify) };
}

async function growth(folder, tokens) {
  console.log('growth of verify --batch, tokens by a pipe');
  const peaks = new Map();
  for (let count = 1000; count <= largest; count *= 10) {
    const { seconds, peak } = await batch(folder, 'verify', tokens, count, []);
    peaks.set(count, peak);
    console.log(
      `  ${String(count).padStart(9)} ${seconds.toFixed(2).padStart(7)} s  ${String(Math.round(count / seconds)).padStart(6)}/s  ${(peak / 1024).toFixed(0).padStart(4)} MiB at most`,
    );
  }
  if (!peaks.has(1_000_000)) return true;
  const ratio = peaks.get(1_000_000) / peaks.get(100_000);
  const isOver = ratio > bounds.memory;
  console.log(
    `  memory for a million beside that for a hundred thousand: ${ratio.toFixed(2)}  aim ${bounds.memory}${isOver ? '  OVER' : ''}`,
  );
  return !isOver;
}

/** One run over so many lines of the input, again and again from its beginning; seconds, and KiB at the peak. */
async function batch(folder, kind, input, count, args) {
  const start = performance.now();
  const child = spawn(process.execPath, ['--import', hook, binary, kind, '--batch', ...args], {
    cwd: folder,
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  for (let left = input === undefined ? 0 : count; left > 0; left -= distinct) {
    const piece = left >= distinct ? input : firstLines(input, left);
    if (!child.stdin.write(piece)) await new Promise((resolve) => child.stdin.once('drain', resolve));
  }
  child.stdin.end();
  const status = await ended;
  if (status !== 0) throw new Error(`${kind} --batch exited with ${status}: ${stderr}`);
  const { userCPUTime, systemCPUTime, maxRSS } = JSON.parse(stderr.slice(stderr.lastIndexOf('\n')));
  const seconds = (performance.now() - start) / 1000;
  return { count, seconds, cpu: (userCPUTime + systemCPUTime) / 1e6, peak: maxRSS };
}

function firstLines(input, count) {
  let end = 0;
  for (let line = 0; line < count; line++) end = input.indexOf(0x0a, end) + 1;
  return input.subarray(0, end);
}

function median(values) {
  return [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)];
}
