/**
 * Batches with the real binary beside a bare loop over node:crypto in as many threads, the ceiling of any tool in Node; two
 * threads beside one; and time and memory from a thousand tokens to a million. The runs are interleaved. A share is of a whole
 * run by the clock: start-up, reading and writing are in it. The share by processor time tells a busy machine from slow code.
 */
import { execFileSync, spawn } from 'node:child_process';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { drawBars, drawGrowth, quartiles, table, withSpread } from './report.js';

const bare = fileURLToPath(new URL('bare.js', import.meta.url));
const binary = fileURLToPath(new URL('../bin/jwtkit.js', import.meta.url));
const rounds = Number(process.env.JWTKIT_BENCH_ROUNDS ?? 5);
const largest = Number(process.env.JWTKIT_BENCH_TOKENS ?? 1_000_000);
const cores = availableParallelism();

/** The least shares of bare node:crypto, the least gain of a second thread, and the greatest growth of memory. */
const bounds = { verify: 0.75, issue: 0.85, threads: 1.8, memory: 1.2 };
/** As many as the pipelines check that batches are for; of signatures as many as take as long. */
const counts = { verify: 1_000_000, issue: 100_000 };
/** Different tokens; a longer input repeats them. */
const distinct = 20_000;

/** Prints, at exit, what the process took. */
const hook = `data:text/javascript,${encodeURIComponent(`
  import { writeSync } from 'node:fs';
  process.on('exit', () => writeSync(2, '\\n' + JSON.stringify(process.resourceUsage())));
`)}`;

/** Prints tables of ratios. */
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
    const shares = await besideNodeCrypto(folder, input);
    const sizes = await growth(folder, input.verify);
    return {
      isWithinBounds: shares.isWithinBounds && sizes.isWithinBounds,
      report: {
        markdown: [shares.markdown, sizes.markdown].join('\n\n'),
        plots: { 'performance-batch.svg': shares.plot, 'performance-growth.svg': sizes.plot },
      },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function besideNodeCrypto(folder, input) {
  // From a file: the writer of a pipe would need a core as well.
  for (const kind of ['verify', 'issue']) {
    const path = join(folder, `${kind}-lines`);
    for (let left = counts[kind]; left > 0; left -= distinct) appendFileSync(path, input[kind]);
  }
  const seen = { bare: [], batch: [] };
  for (let round = 0; round < rounds; round++) {
    const kinds = {};
    for (const kind of ['verify', 'issue']) kinds[kind] = { all: bareSpeed(kind, cores), one: bareSpeed(kind, 1) };
    seen.bare.push(kinds);
    const runs = {};
    for (const [kind, threads] of [
      ['verify', cores],
      ['verify', 1],
      ['issue', cores],
    ]) {
      const args = [`${kind}-lines`, '--threads', String(threads)];
      runs[`${kind} ${threads}`] = await batch(folder, kind, undefined, counts[kind], args);
    }
    seen.batch.push(runs);
  }
  const perRound = (figure) => quartiles(seen.batch.map((runs, at) => figure(runs, seen.bare[at])));
  const rate = ({ count, seconds }) => count / seconds;
  const rows = ['verify', 'issue'].map((kind) => {
    const name = `${kind} ${cores}`;
    return {
      kind,
      bound: bounds[kind],
      ours: perRound((runs) => rate(runs[name])),
      bare: perRound((_runs, { [kind]: { all } }) => all.clock),
      share: perRound((runs, { [kind]: { all } }) => rate(runs[name]) / all.clock),
      // On one thread, so that nothing waits for anything: what a token takes beside what its signature takes.
      work: perRound((runs, { [kind]: { one } }) => runs[name].count / runs[name].cpu / one.processor),
    };
  });
  console.log(
    `batch on ${cores} threads, RS256, beside bare node:crypto in as many (medians and quartiles of ${rounds} rounds)`,
  );
  for (const { kind, bound, ours, bare, share, work } of rows) {
    console.log(
      `  ${kind.padEnd(6)} ${ours.middle.toFixed(0)}/s of ${bare.middle.toFixed(0)}/s: ${withSpread(share)}  aim ${bound.toFixed(2)}` +
        `${share.middle < bound ? '  UNDER' : ''}; ${withSpread(work)} by processor time`,
    );
  }
  const speedUp = cores === 1 ? undefined : perRound((runs) => rate(runs[`verify ${cores}`]) / rate(runs['verify 1']));
  const leastSpeedUp = (bounds.threads / 2) * cores;
  const bareSpeedUp = perRound((_runs, { verify: { all, one } }) => all.clock / one.clock);
  if (speedUp !== undefined) {
    console.log(
      `  verify on ${cores} threads beside one: × ${withSpread(speedUp)}  aim ${leastSpeedUp.toFixed(1)}` +
        `${speedUp.middle < leastSpeedUp ? '  UNDER' : ''}; bare node:crypto × ${withSpread(bareSpeedUp)}`,
    );
  }
  const verdict = (isMet) => (isMet ? 'met' : '**missed**');
  return {
    isWithinBounds:
      rows.every(({ share, bound }) => share.middle >= bound) &&
      (speedUp === undefined || speedUp.middle >= leastSpeedUp),
    markdown: table(
      ['', 'share', 'by processor time', 'bound', ''],
      [
        ...rows.map(({ kind, bound, ours, bare, share, work }) => [
          `${kind} --batch, ${ours.middle.toFixed(0)}/s of node:crypto's ${bare.middle.toFixed(0)}/s`,
          withSpread(share),
          withSpread(work),
          bound.toFixed(2),
          verdict(share.middle >= bound),
        ]),
        ...(speedUp === undefined
          ? []
          : [
              [
                `verify --batch, ${cores} threads beside one (node:crypto alone: ${withSpread(bareSpeedUp)})`,
                withSpread(speedUp),
                '',
                leastSpeedUp.toFixed(1),
                verdict(speedUp.middle >= leastSpeedUp),
              ],
            ]),
      ],
    ),
    plot: drawBars({
      title: `Batches on ${cores} cores, RS256, beside bare node:crypto (1.00)`,
      series: ['jwtkit'],
      rows: rows.map(({ kind, share }) => ({ label: kind, values: [share.middle] })),
      marks: [{ value: 1, label: 'node:crypto' }],
    }),
  };
}

/** Operations a second of a loop over node:crypto, by the clock and, on one thread, by processor time. */
function bareSpeed(kind, threads) {
  return JSON.parse(execFileSync(process.execPath, [bare, kind, String(threads), '2'], { encoding: 'utf8' }));
}

async function growth(folder, tokens) {
  console.log('growth of verify --batch, tokens by a pipe');
  const sizes = [];
  for (let count = 1000; count <= largest; count *= 10) {
    const { seconds, peak } = await batch(folder, 'verify', tokens, count, []);
    sizes.push({ count, seconds, rate: count / seconds, mebibytes: peak / 1024 });
    console.log(
      `  ${String(count).padStart(9)} ${seconds.toFixed(2).padStart(7)} s  ${(count / seconds).toFixed(0).padStart(6)}/s  ` +
        `${(peak / 1024).toFixed(0).padStart(4)} MiB at most`,
    );
  }
  const peakOf = (wanted) => sizes.find(({ count }) => count === wanted)?.mebibytes;
  const ratio = (peakOf(1_000_000) ?? Number.NaN) / (peakOf(100_000) ?? Number.NaN);
  const isWithinBounds = !(ratio > bounds.memory);
  if (!Number.isNaN(ratio)) {
    console.log(
      `  memory for a million beside that for a hundred thousand: ${ratio.toFixed(2)}  aim ${bounds.memory}${isWithinBounds ? '' : '  OVER'}`,
    );
  }
  return {
    isWithinBounds,
    markdown: [
      table(
        ['tokens', 'seconds', 'a second', 'MiB at most'],
        sizes.map(({ count, seconds, rate, mebibytes }) => [
          count.toLocaleString('en'),
          seconds.toFixed(2),
          rate.toFixed(0),
          mebibytes.toFixed(0),
        ]),
      ),
      ...(Number.isNaN(ratio)
        ? []
        : [
            `Memory for a million tokens is ${ratio.toFixed(2)} times that for a hundred thousand; ` +
              `the bound is ${bounds.memory}: ${isWithinBounds ? 'met' : '**missed**'}.`,
          ]),
    ].join('\n\n'),
    plot: drawGrowth({
      title: 'verify --batch as it grows: seconds, and memory at most',
      formatX: (count) => `${count.toLocaleString('en')} tokens`,
      curves: [
        {
          name: 'seconds',
          points: sizes.map(({ count, seconds }) => ({ x: count, y: seconds })),
          format: (seconds) => `${seconds.toPrecision(2)} s`,
          from: 0.02,
          to: 300,
        },
        {
          name: 'MiB at most',
          points: sizes.map(({ count, mebibytes }) => ({ x: count, y: mebibytes })),
          format: (mebibytes) => `${mebibytes.toFixed(0)} MiB`,
          from: 1,
          to: 200,
        },
      ],
    }),
  };
}

/** One run over so many lines of the input, again and again from its beginning; seconds, and KiB at the peak. */
async function batch(folder, kind, input, count, args) {
  const start = performance.now();
  const demands = kind === 'verify' ? ['--aud', 'api'] : [];
  const child = spawn(process.execPath, ['--import', hook, binary, kind, '--batch', ...args, ...demands], {
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
