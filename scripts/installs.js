/**
 * `npm run installs [-- NODE…]`: installs the package as users do, from a registry on the loopback, with each package manager on each
 * Node, and uses it: as another user where possible, from a read-only folder whose name has a space and an umlaut. Prints a table.
 * Without the managers it is skipped; with JWTKIT_REQUIRE_PEERS=1 that is a failure.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { startRegistry } from './package-registry.js';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const nodes = [process.execPath, ...process.argv.slice(2).map((path) => resolve(path))];
/** The most that an installation may take, in MB and in packages. */
const bounds = { megabytes: 25, packages: 12 };

/** `install` and `global` are arguments; a manager without `global` has no such installation. */
const managers = [
  {
    name: 'npm 11',
    from: 'npm@11',
    bin: 'npm',
    install: ['install', 'jwtkit'],
    global: ['install', '--global', 'jwtkit'],
  },
  {
    name: 'npm 12',
    from: 'npm@12',
    bin: 'npm',
    install: ['install', 'jwtkit'],
    global: ['install', '--global', 'jwtkit'],
  },
  { name: 'pnpm 12', from: 'pnpm@12', bin: 'pnpm', install: ['add', 'jwtkit'], global: ['add', '--global', 'jwtkit'] },
  {
    name: 'yarn 1',
    from: 'yarn@1',
    bin: 'yarn',
    install: ['add', 'jwtkit'],
    global: ['global', 'add', 'jwtkit', '--global-folder', 'global'],
  },
  { name: 'yarn 4', from: '@yarnpkg/cli-dist@4', bin: 'yarn', install: ['add', 'jwtkit'] },
];

/** What a manager keeps for later installations. */
const isKept = /^(?:cache|store|home\/\.(?:cache|yarn|npm))(?:\/|$)/;

const folder = mkdtempSync(join(tmpdir(), 'jwtkit-installs-'));
chmodSync(folder, 0o755);
const tools = fetchManagers();
if (tools !== undefined) await tryAll();
rmSync(folder, { recursive: true, force: true });

/** The folder with all managers; undefined if they cannot be had. */
function fetchManagers() {
  const place = join(folder, 'tools');
  for (const { name, from } of managers) {
    const prefix = join(place, name);
    const install = ['install', '--silent', '--no-audit', '--no-fund', '--prefix', prefix, from];
    if (spawnSync('npm', install, { stdio: 'inherit' }).status === 0) continue;
    if (process.env.JWTKIT_REQUIRE_PEERS === '1') throw new Error(`${from} cannot be installed`);
    console.log(`skipped: ${from} cannot be installed`);
    return undefined;
  }
  return place;
}

async function tryAll() {
  const tarball = execFileSync(process.execPath, ['scripts/tarball.js', folder], { encoding: 'utf8' }).trim();
  const registry = await startRegistry(tarball, folder);
  console.log('| manager | Node | | seconds | MB | packages | warnings |\n| --- | --- | --- | --- | --- | --- | --- |');
  try {
    for (const given of nodes) {
      const version = execFileSync(given, ['-p', 'process.versions.node'], { encoding: 'utf8' }).trim();
      const node = copyForEveryUser(given, version);
      for (const manager of managers.filter((one) => runsOn(one, version))) {
        for (const kind of ['install', 'global']) {
          if (manager[kind] !== undefined) await tryOne({ manager, kind, node, version, registry: registry.url });
        }
      }
    }
  } finally {
    registry.stop();
  }
}

/** Node may lie in a folder that only its owner can enter, and the story is another user's. */
function copyForEveryUser(node, version) {
  const place = join(folder, 'nodes', version);
  mkdirSync(place, { recursive: true });
  copyFileSync(node, join(place, 'node'));
  return join(place, 'node');
}

function runsOn({ name, from, bin }, version) {
  const packageFolder = join(tools, name, 'node_modules', from.replace(/(?<=.)@.*/, ''));
  const { engines } = JSON.parse(readFileSync(join(packageFolder, 'package.json'), 'utf8'));
  const { satisfies } = createRequire(import.meta.url)(join(tools, 'npm 11/node_modules/npm/node_modules/semver'));
  return existsSync(join(tools, name, 'node_modules/.bin', bin)) && satisfies(version, engines?.node ?? '*');
}

async function tryOne({ manager, kind, node, version, registry }) {
  const place = join(folder, `Größe ${version}`, `${manager.name} ${kind}`);
  mkdirSync(join(place, 'home'), { recursive: true });
  const env = environment({ place, node, registry, manager });
  if (kind === 'install')
    writeFileSync(join(place, 'package.json'), '{ "name": "user", "version": "1.0.0", "license": "MIT" }\n');
  if (manager.name === 'yarn 4') {
    writeFileSync(
      join(place, '.yarnrc.yml'),
      `nodeLinker: node-modules\nnpmRegistryServer: ${registry}\nunsafeHttpWhitelist: ["127.0.0.1"]\nnpmMinimalAgeGate: 0\n`,
    );
    writeFileSync(join(place, 'yarn.lock'), '');
  }
  const start = performance.now();
  const program = join(tools, manager.name, 'node_modules/.bin', manager.bin);
  const { status, said } = await run(program, manager[kind], { cwd: place, env, timeout: 120_000 });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  const warnings = said.split('\n').filter((line) => /\bwarn|deprecat|\bERR/i.test(line) && !/0 warnings/.test(line));
  if (status !== 0) throw new Error(`${manager.name} on Node ${version}, ${kind}: exit ${status}\n${said}`);
  const [found] = findInstalled(place);
  if (found === undefined) throw new Error(`${manager.name} on Node ${version}, ${kind}: jwtkit is not there\n${said}`);
  const { megabytes, packages } = measure(place);
  console.log(
    `| ${manager.name} | ${version} | ${kind === 'global' ? 'global' : 'local'} | ${seconds} | ${megabytes} | ${packages} | ${warnings.length} |`,
  );
  for (const line of warnings) console.log(`  ${line}`);
  if (warnings.length > 0 || megabytes > bounds.megabytes || packages > bounds.packages) process.exitCode = 1;
  await useIt({ place, binary: found, env });
  execFileSync('chmod', ['-R', 'u+w', place]);
  rmSync(place, { recursive: true, force: true });
}

/** Runs a program while this process answers as the registry. */
async function run(program, args, options) {
  const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (said += text));
  const status = await new Promise((resolve) => child.once('close', resolve));
  return { status, said };
}

function environment({ place, node, registry, manager }) {
  const { PATH } = process.env;
  const home = join(place, 'home');
  return {
    PATH: [dirname(node), join(home, 'bin'), join(home, 'bin/bin'), PATH].join(delimiter),
    HOME: home,
    PNPM_HOME: join(home, 'bin'),
    CI: 'true',
    npm_config_registry: registry,
    npm_config_cache: join(place, 'cache'),
    pnpm_config_registry: registry,
    pnpm_config_store_dir: join(place, 'store'),
    npm_config_update_notifier: 'false',
    ...(manager.bin === 'npm' ? { npm_config_prefix: join(place, 'global') } : {}),
    ...(manager.bin === 'yarn' ? { PREFIX: join(place, 'global'), YARN_CACHE_FOLDER: join(place, 'cache') } : {}),
  };
}

/** The launchers of jwtkit in a folder. */
function findInstalled(place) {
  const names = readdirSync(place, { recursive: true, encoding: 'utf8' }).filter((name) => !isKept.test(name));
  return names
    .filter((name) => name.endsWith(join('node_modules/jwtkit/bin/jwtkit.js')))
    .map((name) => join(place, name));
}

/** Counts packages and what they take, without caches. Links count once. */
function measure(place) {
  const files = readdirSync(place, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name).slice(place.length + 1))
    .filter((name) => !isKept.test(name) && name.includes('node_modules/'));
  const isManifest = (name) => /node_modules\/(?:@[^/]+\/)?[^/]+\/package\.json$/.test(name);
  const bytes = Number(
    execFileSync('du', ['-cb', '--files0-from=-'], { cwd: place, input: files.join('\0'), encoding: 'utf8' }).match(
      /(\d+)\ttotal/,
    )?.[1],
  );
  return { megabytes: Math.round(bytes / 1e6), packages: files.filter(isManifest).length };
}

/** keygen → issue → verify → revoke → serve, by somebody who may read the installation and write beside it. */
async function useIt({ place, binary, env }) {
  const work = join(place, 'Büro von José');
  mkdirSync(work);
  const isRoot = process.geteuid?.() === 0;
  execFileSync('chmod', ['-R', 'a+rX,a-w', place]);
  if (isRoot) chownSync(work, 65_534, 65_534);
  chmodSync(work, 0o755);
  const options = {
    cwd: work,
    env: { PATH: env.PATH, HOME: work },
    encoding: 'utf8',
    ...(isRoot ? { uid: 65_534, gid: 65_534 } : {}),
  };
  const jwtkit = (exits, ...args) => {
    const { status, stdout, stderr } = spawnSync(binary, args, options);
    if (status !== exits) throw new Error(`jwtkit ${args[0]}: exit ${status}, not ${exits}\n${stdout}${stderr}`);
    return stdout.trim();
  };
  jwtkit(0, 'keygen');
  const token = jwtkit(0, 'issue', '--sub', 'user-123', '--aud', 'api');
  jwtkit(0, 'verify', token, '--aud', 'api');
  jwtkit(0, 'revoke', token);
  jwtkit(17, 'verify', token, '--aud', 'api');
  writeFileSync(join(work, 'password'), 'correct horse battery');
  if (isRoot) chownSync(join(work, 'password'), 65_534, 65_534);
  jwtkit(0, 'users', 'add', 'alice', '--sub', 'user-123', '--password-file', 'password');
  const ready = join(work, 'ready.json');
  const service = spawn(binary, ['serve', '--port', '0', '--ready-file', ready], { ...options, stdio: 'ignore' });
  const ended = new Promise((resolve) => service.once('exit', resolve));
  try {
    for (let tries = 0; !existsSync(ready) || readFileSync(ready, 'utf8') === ''; tries++) {
      if (tries > 300) throw new Error('the service does not start');
      await pause(100);
    }
    const { url } = JSON.parse(readFileSync(ready, 'utf8'));
    const form = new URLSearchParams({ username: 'alice', password: 'correct horse battery' });
    const answers = [
      fetch(`${url}/healthz`),
      fetch(`${url}/docs/static/index.css`),
      fetch(`${url}/token`, { method: 'POST', body: form }),
    ];
    for (const { status, url: asked } of await Promise.all(answers)) {
      if (status !== 200) throw new Error(`${asked}: ${status}`);
    }
  } finally {
    service.kill();
  }
  if ((await ended) !== 0) throw new Error(`the service ended with ${await ended}`);
}
