/**
 * Whole-process time of one-shot commands beside `node` on an empty file, the runs interleaved so that a busy machine slows
 * all of them alike. JWTKIT_BENCH_NODE names another node binary to measure with.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const binary = fileURLToPath(new URL('../bin/jwtkit.js', import.meta.url));
const node = process.env.JWTKIT_BENCH_NODE ?? process.execPath;
const rounds = Number(process.env.JWTKIT_BENCH_ROUNDS ?? 100);

/** The greatest ratio aimed at, by the major version of Node, whose own start is three times shorter from 22 on. */
const bounds = {
  decode: { old: 1.2, current: 1.45 },
  inspect: { old: 1.2, current: 1.45 },
  verify: { old: 1.25, current: 1.55 },
  issue: { old: 1.45, current: 1.9 },
};

/** The least that a verifier in Node can do, for comparison: node:crypto loaded, a key imported, a signature checked. */
const leastVerifier = `
const { createPublicKey, verify } = require('node:crypto');
const [key] = JSON.parse(require('node:fs').readFileSync('.jwtkit/jwks.json', 'utf8')).keys;
const [header, payload, signature] = process.argv[2].split('.');
const input = Buffer.from(header + '.' + payload);
const holds = verify('sha256', input, createPublicKey({ key, format: 'jwk' }), Buffer.from(signature, 'base64url'));
process.exitCode = holds ? 0 : 1;
`;

/** Prints a table of ratios; resolves to whether all are within their bounds. */
export async function run() {
  const folder = mkdtempSync(join(tmpdir(), 'jwtkit-bench-'));
  try {
    return measure(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function measure(folder) {
  const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();
  const era = Number(version.slice(1).split('.')[0]) >= 22 ? 'current' : 'old';
  const empty = join(folder, 'empty.js');
  writeFileSync(empty, '');
  const jwtkit = (...args) =>
    execFileSync(node, [binary, ...args], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  jwtkit('keygen');
  const token = jwtkit('issue', '--sub', 'user-123', '--ttl', '1d').trim();
  const floor = join(folder, 'floor.cjs');
  writeFileSync(floor, leastVerifier);
  const commands = {
    empty: [empty],
    floor: [floor, token],
    decode: [binary, 'decode', token],
    inspect: [binary, 'inspect', token],
    verify: [binary, 'verify', token],
    issue: [binary, 'issue', '--sub', 'user-123'],
  };
  const times = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
  for (let round = -2; round < rounds; round++) {
    for (const [name, args] of Object.entries(commands)) {
      const start = process.hrtime.bigint();
      const { status } = spawnSync(node, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
      if (status !== 0) throw new Error(`${name} exited with ${status}`);
      if (round >= 0) times[name].push(Number(process.hrtime.bigint() - start) / 1e6);
    }
  }
  console.log(`start-up with Node ${version}, ${rounds} rounds: whole process, ms, and its ratio to an empty file`);
  const base = quantile(times.empty, 0.5);
  let isWithinBounds = true;
  for (const name of Object.keys(commands)) {
    const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => quantile(times[name], share));
    const ratio = middle / base;
    const bound = bounds[name]?.[era];
    const isOver = bound !== undefined && ratio > bound;
    if (isOver) isWithinBounds = false;
    const verdict = bound === undefined ? '' : `aim ${bound.toFixed(2)}${isOver ? '  OVER' : ''}`;
    console.log(
      `  ${name.padEnd(8)} ${middle.toFixed(1).padStart(6)}  (${low.toFixed(1)} – ${high.toFixed(1)})  ${ratio.toFixed(3)}  ${verdict}`,
    );
  }
  return isWithinBounds;
}

function quantile(values, share) {
  const sorted = [...values].sort((one, other) => one - other);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
}
