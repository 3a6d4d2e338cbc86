/**
 * `npm run probe-matrix [-- FOLDER]`: probes other people's verifiers as they are in their first examples and as they should be, and
 * jwtkit's own service, and writes the tables of docs/probe.md. The FastAPI application of a tutorial is probed if its folder is given
 * and Python has what it needs; without it its rows stay. `-- --check` writes nothing, and fails if the tables are not as they would be.
 */
import { execFile, execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const jwtkit = join(root, 'bin/jwtkit.js');
const given = process.argv.slice(2);
const isCheck = given.includes('--check');
const tutorial = resolve(given.find((arg) => !arg.startsWith('--')) ?? join(root, '../shared/tutorial'));
const page = join(root, 'docs/probe.md');
const [iss, aud] = ['https://issuer.example', 'api'];
const asked = ['--iss', iss, '--aud', aud];

const folder = mkdtempSync(join(tmpdir(), 'jwtkit-probe-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
const [privateKey, publicKey] = [join(folder, 'private.pem'), join(folder, 'public.pem')];
const keyring = join(folder, 'keyring');
const secret = 'a test secret of forty characters or so.';
run(['keygen', '--alg', 'RS256', '--private', privateKey, '--public', publicKey]);
run(['keygen', '--alg', 'RS256', '--keyring', keyring]);
const pem = readFileSync(publicKey, 'utf8');
const ownKey = ['--key', privateKey];

const rows = [
  await probe('jsonwebtoken', 'bare', ['jsonwebtoken', ...ownKey]),
  await probe('jsonwebtoken', 'configured', [
    'jsonwebtoken',
    ...ownKey,
    ...libraryOptions({ algorithms: ['RS256'], audience: aud, issuer: iss, maxAge: '2h' }),
  ]),
  await probe('jose', 'bare', ['jose', ...ownKey]),
  await probe('jose', 'configured', [
    'jose',
    ...ownKey,
    ...libraryOptions({ algorithms: ['RS256'], audience: aud, issuer: iss, requiredClaims: ['exp', 'sub'] }),
  ]),
  await probeApp('express-jwt', 'bare', expressJwt({})),
  await probeApp('express-jwt', 'configured', expressJwt({ audience: aud, issuer: iss, maxAge: '2h' })),
  await probeApp('@fastify/jwt', 'bare', fastifyJwt({})),
  await probeApp(
    '@fastify/jwt',
    'configured',
    fastifyJwt({ algorithms: ['RS256'], allowedAud: aud, allowedIss: iss, requiredClaims: ['exp', 'sub'] }),
  ),
  await probeApp('passport-jwt', 'bare', passportJwt({})),
  await probeApp('passport-jwt', 'configured', passportJwt({ algorithms: ['RS256'], audience: aud, issuer: iss })),
  ...(await probeTutorial()),
  await probeServe(),
];
writeTables(rows);

/** Runs jwtkit and returns what it prints. */
function run(args) {
  return execFileSync(process.execPath, [jwtkit, ...args], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function libraryOptions(options) {
  return ['--options', JSON.stringify(options)];
}

/** Probes a target and returns what it accepted. */
async function probe(name, state, target, version = versionOf(name), demands = asked) {
  // Any answer that blames the request refuses the token, also 400 and 431.
  const codes = target[0].startsWith('http') ? ['--refused', '400-499'] : [];
  const args = [jwtkit, 'probe', ...target, ...demands, ...codes, '--level', 'all', '--json'];
  const { stdout, stderr } = await new Promise((done) => {
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 1e8 }, (_error, out, err) =>
      done({ stdout: out, stderr: err }),
    );
  });
  if (stdout === '') throw new Error(`${name}: ${stderr}`);
  const { cases, findings } = JSON.parse(stdout);
  const accepted = cases.filter(({ name: id, message }) => !id.startsWith('good/') && message.startsWith('accepted'));
  const lost = cases.filter(({ name: id, message }) => id.startsWith('good/') && !/^(accepted|unsent)/.test(message));
  console.error(`${name} ${state}: ${accepted.length} hostile tokens accepted, ${lost.length} good ones not`);
  const unclear = cases.filter(({ message }) => message.startsWith('unclear')).length;
  return { name, state, version, accepted, lost, unclear, findings };
}

function versionOf(name) {
  return JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version;
}

/** Probes an application on a free port of this machine. */
async function probeApp(name, state, listener) {
  const server = createServer(await listener);
  await new Promise((done) => server.listen(0, '127.0.0.1', done));
  try {
    return await probe(name, state, [`http://127.0.0.1:${server.address().port}/me`, ...ownKey]);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function expressJwt(options) {
  const { default: express } = await import('express');
  const { expressjwt } = await import('express-jwt');
  // It refuses to start without the names of algorithms.
  const app = express().use(expressjwt({ secret: pem, algorithms: ['RS256'], ...options }));
  app.get('/me', (request, response) => response.json(request.auth));
  app.use((error, _request, response, _next) => response.status(error.status ?? 500).end());
  return app;
}

async function fastifyJwt(verify) {
  const { default: fastify } = await import('fastify');
  const { default: plugin } = await import('@fastify/jwt');
  const app = fastify();
  await app.register(plugin, { secret: { public: pem }, verify });
  app.get('/me', { onRequest: (request) => request.jwtVerify() }, (request) => request.user ?? {});
  await app.ready();
  return (request, response) => app.routing(request, response);
}

async function passportJwt(options) {
  const { default: express } = await import('express');
  const { default: passport } = await import('passport');
  const { ExtractJwt, Strategy } = (await import('passport-jwt')).default;
  const jwtFromRequest = ExtractJwt.fromAuthHeaderAsBearerToken();
  const authenticator = new passport.Passport();
  authenticator.use(
    new Strategy({ jwtFromRequest, secretOrKey: pem, ...options }, (payload, done) => done(null, payload)),
  );
  const app = express();
  const refuse = (_error, _request, response, _next) => response.status(500).end();
  app.get('/me', authenticator.authenticate('jwt', { session: false }), (request, response) =>
    response.json(request.user),
  );
  app.use(refuse);
  return app;
}

/** Probes the FastAPI application of the tutorial, which asks for no issuer and no audience; nothing without Python's packages. */
async function probeTutorial() {
  const python = '/usr/bin/python3';
  let version;
  try {
    const question = 'import fastapi, jwt, uvicorn; print(f"FastAPI {fastapi.__version__}, PyJWT {jwt.__version__}")';
    version = execFileSync(python, ['-c', question], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
    readFileSync(join(tutorial, 'main.py'));
  } catch {
    console.error('the FastAPI application is skipped: no folder with main.py, or no FastAPI, PyJWT and uvicorn');
    return [];
  }
  // FastAPI looks for a reader of forms when it starts. The probed route reads none.
  mkdirSync(join(folder, 'stubs/multipart'), { recursive: true });
  writeFileSync(join(folder, 'stubs/multipart/__init__.py'), '__version__ = "0"\n');
  writeFileSync(join(folder, 'stubs/multipart/multipart.py'), 'def parse_options_header(value): pass\n');
  const port = await freePort();
  const child = spawn(python, ['-m', 'uvicorn', 'main:app', '--port', String(port), '--log-level', 'error'], {
    cwd: tutorial,
    env: { ...process.env, SECRET_KEY: secret, PYTHONDONTWRITEBYTECODE: '1', PYTHONPATH: join(folder, 'stubs') },
    stdio: ['ignore', 'ignore', 'ignore'],
  });
  try {
    await untilAnswered(port);
    const secretFile = join(folder, 'secret.txt');
    writeFileSync(secretFile, secret);
    const target = [`http://127.0.0.1:${port}/users/me`, '--secret-file', secretFile];
    return [await probe("the tutorial's FastAPI application", 'bare', target, version, [])];
  } finally {
    child.kill();
  }
}

async function probeServe() {
  const ready = join(folder, 'ready.json');
  const child = spawn(
    process.execPath,
    [
      jwtkit,
      'serve',
      '--keyring',
      keyring,
      '--port',
      '0',
      '--ready-file',
      ready,
      '--aud',
      aud,
      '--issuer-url',
      'https://issuer.example',
    ],
    { cwd: folder, stdio: 'ignore' },
  );
  try {
    const url = await untilReady(ready);
    const own = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version;
    return await probe('jwtkit serve', 'bare', [`${url}/users/me`, '--keyring', keyring], own);
  } finally {
    child.kill();
  }
}

async function untilReady(file) {
  for (let attempt = 0; attempt < 200; attempt++) {
    try {
      return JSON.parse(readFileSync(file, 'utf8')).url;
    } catch {
      await new Promise((done) => setTimeout(done, 100));
    }
  }
  throw new Error('jwtkit serve does not start');
}

async function untilAnswered(port) {
  for (let attempt = 0; attempt < 200; attempt++) {
    const answer = await fetch(`http://127.0.0.1:${port}/users/me`).catch(() => undefined);
    if (answer !== undefined) return;
    await new Promise((done) => setTimeout(done, 100));
  }
  throw new Error('the FastAPI application does not start');
}

/** Writes both tables between the marks of the page, or compares them. */
function writeTables(found) {
  const before = readFileSync(page, 'utf8');
  const old = readTables(before);
  const probed = new Set(found.map(({ name }) => name));
  const kept = old.summary.filter(([name]) => !probed.has(name));
  const details = mergeDetails(detailsOf(found), old.details, new Set(kept.map(([name]) => name)));
  // The own service is last.
  const rows = summaryOf(found);
  const text = [
    table(
      ['verifier', 'version', 'as', 'must', 'should', 'hardening', 'unclear', 'good tokens not accepted'],
      [...rows.slice(0, -1), ...kept, ...rows.slice(-1)],
    ),
    'Hostile tokens of level `must` that were accepted:',
    table(['token', 'what is wrong with it', 'accepted by'], details),
  ].join('\n\n');
  const after = before.replace(
    /(<!-- matrix -->\n)[\s\S]*(<!-- end of matrix -->)/,
    (_, first, last) => `${first}\n${text}\n\n${last}`,
  );
  if (after === before) return console.error('docs/probe.md is as it was');
  if (!isCheck) return writeFileSync(page, after);
  const lines = new Set(before.split('\n'));
  for (const line of after.split('\n')) if (!lines.has(line)) console.error(`docs/probe.md lacks: ${line}`);
  console.error('docs/probe.md is out of date: npm run probe-matrix writes it');
  process.exitCode = 1;
}

function summaryOf(found) {
  const count = ({ accepted }, level) => accepted.filter(({ type }) => type === level).length;
  return found.map((row) => [
    row.name,
    row.version,
    row.state,
    ...['must', 'should', 'hardening'].map((level) => String(count(row, level))),
    String(row.unclear),
    row.lost.map(({ name }) => `\`${name}\``).join(', ') || 'none',
  ]);
}

/** The accepted tokens of level `must`, and who accepted each. */
function detailsOf(found) {
  const ids = [
    ...new Set(found.flatMap(({ accepted }) => accepted.filter(({ type }) => type === 'must').map(({ name }) => name))),
  ];
  return ids.map((id) => {
    const finding = found
      .flatMap(({ findings }) => findings)
      .find((each) => each.id === id && each.message.startsWith('accepted'));
    const takers = found.filter(({ accepted }) => accepted.some(({ name }) => name === id));
    const names = [...new Set(takers.map(({ name }) => name))].map((name) => {
      const states = takers.filter((each) => each.name === name).map(({ state }) => state);
      const isOnlyBare =
        states.length === 1 &&
        states[0] === 'bare' &&
        found.some((each) => each.name === name && each.state !== 'bare');
      return isOnlyBare ? `${name} (bare)` : name;
    });
    return [`\`${id}\``, finding.message.replace('accepted: ', ''), names.join(', ')];
  });
}

/** The rows of both tables of the page, by cells. */
function readTables(text) {
  const [, tables = ''] = /<!-- matrix -->([\s\S]*)<!-- end of matrix -->/.exec(text) ?? [];
  const rows = tables
    .split('\n')
    .filter((line) => /^\| (?!verifier |token |---)/.test(line))
    .map((line) => line.slice(2, -2).split(' | '));
  return { summary: rows.filter((cells) => cells.length === 8), details: rows.filter((cells) => cells.length === 3) };
}

/** Adds what verifiers accepted that were not probed now. */
function mergeDetails(details, old, kept) {
  const merged = details.map((cells) => [...cells]);
  for (const [id, why, names] of old) {
    const others = names.split(', ').filter((name) => kept.has(name.replace(/ \(bare\)$/, '')));
    if (others.length === 0) continue;
    const row = merged.find(([each]) => each === id);
    if (row === undefined) merged.push([id, why, others.join(', ')]);
    else row[2] += `, ${others.join(', ')}`;
  }
  return merged;
}

function table(head, rows) {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
