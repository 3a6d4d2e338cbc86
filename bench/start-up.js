/**
 * Whole-process time of one-shot commands beside `node` on an empty file and beside the npm package jwt-cli, which decodes
 * the same token, the runs interleaved so that a busy machine slows all of them alike. JWTKIT_BENCH_NODE names another node
 * binary to measure with.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { drawBars, quartiles, table, withSpread } from './report.js';

const jwtCli = fileURLToPath(new URL('../node_modules/jwt-cli/index.js', import.meta.url));
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

/** Prints a table of ratios. */
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
    'jwt-cli': [jwtCli, '--output=json'],
  };
  // jwt-cli takes a token from its arguments on a terminal only.
  const input = { 'jwt-cli': token };
  const times = Object.fromEntries(Object.keys(commands).map((name) => [name, []]));
  for (let round = -2; round < rounds; round++) {
    for (const [name, args] of Object.entries(commands)) {
      const stdio = [input[name] === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'];
      const start = process.hrtime.bigint();
      const { status } = spawnSync(node, args, { cwd: folder, stdio, input: input[name] });
      if (status !== 0) throw new Error(`${name} exited with ${status}`);
      if (round >= 0) times[name].push(Number(process.hrtime.bigint() - start) / 1e6);
    }
  }
  console.log(`start-up with Node ${version}, ${rounds} rounds: whole process, ms, and its ratio to an empty file`);
  const results = Object.keys(commands).map((name) => {
    const took = quartiles(times[name]);
    return { name, took, ratio: took.middle / quartiles(times.empty).middle, bound: bounds[name]?.[era] };
  });
  for (const { name, took, ratio, bound } of results) {
    const verdict = bound === undefined ? '' : `aim ${bound.toFixed(2)}${ratio > bound ? '  OVER' : ''}`;
    console.log(`  ${name.padEnd(8)} ${withSpread(took, 1)}  ${ratio.toFixed(3)}  ${verdict}`);
  }
  return {
    isWithinBounds: results.every(({ ratio, bound }) => bound === undefined || ratio <= bound),
    report: write(results, version),
  };
}

const labels = {
  empty: 'node on an empty file',
  floor: 'the least verifier in Node',
  'jwt-cli': 'jwt-cli (decodes)',
};

function write(results, version) {
  const rows = results.map(({ name, took, ratio, bound }) => {
    const verdict = bound === undefined ? '' : ratio <= bound ? 'met' : '**missed**';
    return [labels[name] ?? `jwtkit ${name}`, withSpread(took, 1), ratio.toFixed(2), bound?.toFixed(2) ?? '', verdict];
  });
  const plot = drawBars({
    title: `Whole process, ms (Node ${version.slice(1)})`,
    series: ['ms'],
    rows: results.map(({ name, took }) => ({ label: name === 'empty' ? 'node' : name, values: [took.middle] })),
  });
  return {
    markdown: table([`whole process, Node ${version.slice(1)}`, 'ms', 'ratio', 'bound', ''], rows),
    plots: { 'performance-start-up.svg': plot },
  };
}
