/**
 * Whole-process time of one-shot commands beside `node` on an empty file. The package lies in a folder that its user cannot
 * write, as after `npm i -g` by root. The runs are interleaved, so a busy machine slows all of them alike.
 * JWTKIT_BENCH_NODE names a second node binary to measure with.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { drawBars, quartiles, table, withSpread } from './report.js';

const project = fileURLToPath(new URL('..', import.meta.url));
const rounds = Number(process.env.JWTKIT_BENCH_ROUNDS ?? 100);
const nodes = [process.execPath, process.env.JWTKIT_BENCH_NODE].filter((node) => node !== undefined);

/** The greatest ratio to an empty file. Node 22 and later start in half the time, so the same work is more of it. */
const bounds = {
  old: { decode: 1.25, inspect: 1.25, verify: 1.4, issue: 1.5 },
  current: { decode: 1.5, inspect: 1.5, verify: 1.95, issue: 2.1 },
};

/** The least that a verifier in Node can do: node:crypto loaded, a key imported, a signature checked. */
const leastVerifier = `
const { createPublicKey, verify } = require('node:crypto');
const [key] = JSON.parse(require('node:fs').readFileSync('.jwtkit/jwks.json', 'utf8')).keys;
const [header, payload, signature] = process.argv[2].split('.');
const input = Buffer.from(header + '.' + payload);
const holds = verify('sha256', input, createPublicKey({ key, format: 'jwk' }), Buffer.from(signature, 'base64url'));
process.exitCode = holds ? 0 : 1;
`;

/** Prints a table of ratios for each node binary. */
export async function run() {
  const folder = mkdtempSync(join(tmpdir(), 'jwtkit-bench-'));
  try {
    const results = nodes.flatMap((node, at) => measureNode(install(join(folder, String(at)), node)));
    return {
      isWithinBounds: results.every(({ rows }) => rows.every(({ isOver }) => !isOver)),
      report: write(results),
    };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Copies the package and Node into a folder where their user can only read; root runs them as another user. */
function install(folder, node) {
  const user = process.geteuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const [packageFolder, home] = [join(folder, 'package'), join(folder, 'home')];
  mkdirSync(packageFolder, { recursive: true });
  mkdirSync(home, { mode: 0o700 });
  for (const name of ['bin', 'dist', 'package.json'])
    cpSync(join(project, name), join(packageFolder, name), { recursive: true });
  cpSync(node, join(folder, 'node'));
  execFileSync('chmod', ['-R', 'a+rX,a-w', packageFolder]);
  chmodSync(join(folder, '..'), 0o755);
  // The copy has no lmdb, which keygen needs and the commands measured do not.
  execFileSync(process.execPath, [join(project, 'bin/jwtkit.js'), 'keygen'], { cwd: home, stdio: 'ignore' });
  if (user.uid !== undefined) execFileSync('chown', ['-R', `${user.uid}:${user.gid}`, home]);
  return { node: join(folder, 'node'), binary: join(packageFolder, 'bin', 'jwtkit.js'), folder, home, user };
}

/** Measures in the environment as it is, and without a variable for which Node 20 reads certificates at each start. */
function measureNode(installation) {
  const version = execFileSync(installation.node, ['--version'], { encoding: 'utf8' }).trim().slice(1);
  const { NODE_EXTRA_CA_CERTS: certificates, ...variables } = process.env;
  // Without variables of jwtkit, and those of the bench: jwtkit loads more to name a JWTKIT_… variable that it does not know.
  const isOurs = /^(?:JWTKIT_.*|SECRET_KEY|ALGORITHM|ACCESS_TOKEN_EXPIRE_MINUTES|REFRESH_TOKEN_EXPIRE_DAYS)$/;
  const environment = Object.fromEntries(Object.entries(variables).filter(([name]) => !isOurs.test(name)));
  const env = { ...environment, HOME: installation.home };
  if (certificates === undefined || Number.parseInt(version, 10) >= 22)
    return [measure({ ...installation, env, version, isBound: true })];
  const title = `${version} with NODE_EXTRA_CA_CERTS`;
  return [
    measure({ ...installation, env: { ...env, NODE_EXTRA_CA_CERTS: certificates }, version: title, isBound: true }),
    measure({ ...installation, env, version: `${version} without NODE_EXTRA_CA_CERTS`, isBound: false }),
  ];
}

function measure({ node, binary, folder, home, user, env, version, isBound }) {
  const hasCache = Number.parseInt(version, 10) >= 22;
  const jwtkit = (...args) =>
    execFileSync(node, [binary, ...args], {
      cwd: home,
      env,
      ...user,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  const token = jwtkit('issue', '--sub', 'user-123', '--ttl', '1d').trim();
  const [empty, least] = [join(folder, 'empty.cjs'), join(folder, 'least.cjs')];
  writeFileSync(empty, '');
  writeFileSync(least, leastVerifier);
  const commands = {
    decode: [binary, 'decode', token],
    inspect: [binary, 'inspect', token],
    verify: [binary, 'verify', token],
    issue: [binary, 'issue', '--sub', 'user-123'],
  };
  const runs = [
    { name: 'empty', args: [empty] },
    { name: 'least', args: [least, token] },
    ...Object.entries(commands).map(([name, args]) => ({ name, args })),
    // The first run of a command finds no compiled code, and keeps it.
    ...Object.entries(hasCache ? commands : {}).map(([name, args]) => ({ name: `first ${name}`, args, isFirst: true })),
  ];
  const times = Object.fromEntries(runs.map(({ name }) => [name, []]));
  for (let round = -2; round < rounds; round++) {
    for (const { name, args, isFirst } of runs) {
      const caches = join(home, isFirst ? `caches ${round} ${name}` : 'caches');
      const options = {
        cwd: home,
        env: { ...env, XDG_CACHE_HOME: caches },
        stdio: ['ignore', 'pipe', 'pipe'],
        ...user,
      };
      const start = process.hrtime.bigint();
      const { status } = spawnSync(node, args, options);
      if (status !== 0) throw new Error(`${name} exited with ${status}`);
      if (round >= 0) times[name].push(Number(process.hrtime.bigint() - start) / 1e6);
    }
  }
  const ratio = (name) => quartiles(times[name]).middle / quartiles(times.empty).middle;
  const rows = ['empty', 'least', ...Object.keys(commands)].map((name) => {
    const bound = isBound ? bounds[hasCache ? 'current' : 'old'][name] : undefined;
    const first = times[`first ${name}`] === undefined ? undefined : ratio(`first ${name}`);
    return { name, took: quartiles(times[name]), ratio: ratio(name), first, bound, isOver: ratio(name) > bound };
  });
  console.log(`start-up with Node ${version}, ${rounds} rounds: whole process, ms, and its ratio to an empty file`);
  for (const { name, took, ratio, first, bound, isOver } of rows) {
    const verdict = bound === undefined ? '' : `aim ${bound.toFixed(2)}${isOver ? '  OVER' : ''}`;
    const firstRun = first === undefined ? '' : `first run ${first.toFixed(2)}  `;
    console.log(`  ${name.padEnd(8)} ${withSpread(took, 1)}  ${ratio.toFixed(2)}  ${firstRun}${verdict}`);
  }
  return { version, rows };
}

const labels = { empty: 'node on an empty file', least: 'the least verifier in Node' };

function write(results) {
  const tables = results.map(({ version, rows }) =>
    table(
      [`Node ${version}`, 'ms', 'ratio', 'first run', 'bound', ''],
      rows.map(({ name, took, ratio, first, bound, isOver }) => [
        labels[name] ?? `jwtkit ${name}`,
        withSpread(took, 1),
        ratio.toFixed(2),
        first?.toFixed(2) ?? '',
        bound?.toFixed(2) ?? '',
        bound === undefined ? '' : isOver ? '**missed**' : 'met',
      ]),
    ),
  );
  const plot = drawBars({
    title: 'Whole process beside node on an empty file (1.00)',
    series: results.length > 1 ? [`Node ${results[0].version}`, `Node ${results.at(-1).version}`] : ['ratio'],
    rows: results[0].rows.map(({ name }, at) => ({
      label: labels[name] === undefined ? name : { empty: 'node', least: 'least verifier' }[name],
      values: (results.length > 1 ? [results[0], results.at(-1)] : results).map(({ rows }) => rows[at].ratio),
    })),
  });
  return { markdown: tables.join('\n\n'), plots: { 'performance-start-up.svg': plot } };
}
