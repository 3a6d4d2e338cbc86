/** Server processes for the benchmark of `serve`: each picks its port, and tells what it took when it is asked. */
import { execFileSync, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { fastify } from 'fastify';
import { hashPassword } from 'jwtkit';
import { freePort } from '../scripts/free-port.js';

const binary = fileURLToPath(new URL('../bin/jwtkit.js', import.meta.url));

/** Answers, over the channel to the process that started it, what a process took; the heap is that after a collection. */
const hook = `data:text/javascript,${encodeURIComponent(`
  process.on('message', (name) => {
    if (name === 'memory') gc();
    process.send(name === 'memory' ? process.memoryUsage() : process.cpuUsage());
  });
  process.channel.unref();
`)}`;

/** None is left behind by a run that is broken off. */
const running = new Set();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

export function untilGone(child) {
  running.add(child);
  return new Promise((resolve) =>
    child.once('exit', () => {
      running.delete(child);
      resolve();
    }),
  );
}

/** Starts a process and waits until it has written where it listens. */
async function start(folder, name, args) {
  const readyFile = join(folder, `${name}.json`);
  // Log lines go where they cost the disk nothing: it would be the disk that is measured.
  const child = spawn(process.execPath, ['--expose-gc', '--import', hook, ...args(readyFile)], {
    cwd: folder,
    env: { PATH: process.env.PATH },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  let stderr = '';
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  const ended = untilGone(child);
  while (!existsSync(readyFile)) {
    if (child.exitCode !== null) throw new Error(`${name} ended with ${child.exitCode}: ${stderr}`);
    await pause(20);
  }
  const ask = (what) =>
    new Promise((resolve) => {
      child.once('message', resolve);
      child.send(what);
    });
  return {
    url: JSON.parse(readFileSync(readyFile, 'utf8')).url,
    /** Microseconds of processor time so far, of all threads. */
    cpu: async () => {
      const { user, system } = await ask('cpu');
      return user + system;
    },
    memory: () => ask('memory'),
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

/** What a framework takes to answer the same by itself, without log, checks or headers. */
export function startBare(folder) {
  return start(folder, 'bare', (readyFile) => [fileURLToPath(import.meta.url), readyFile]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const app = fastify();
  app.get('/users/me', async () => ({ user_id: 'user-123' }));
  const url = await app.listen({ port: 0 });
  writeFileSync(process.argv[2], JSON.stringify({ url }));
}

const password = 'wonderland';

/** Writes who may log in; resolves to the client's id and secret. */
export async function writeAccounts(folder) {
  const created = Math.floor(Date.now() / 1000);
  const [id, secret] = [`client-${randomBytes(24).toString('base64url')}`, randomBytes(32).toString('base64url')];
  const hashed = await hashPassword(password);
  const user = {
    name: 'alice',
    sub: 'user-123',
    roles: ['user'],
    scopes: ['read', 'write'],
    password: hashed,
    created,
  };
  const secretHash = createHash('sha256').update(secret).digest('base64url');
  const client = { id, name: 'bench', scopes: ['read'], secret_hash: secretHash, created };
  writeFileSync(join(folder, 'users.json'), JSON.stringify({ users: [user] }));
  writeFileSync(join(folder, 'clients.json'), JSON.stringify({ clients: [client] }));
  return { id, secret };
}

/**
 * Starts a service that signs with an algorithm and keeps its denylist in `memory`, which only the demo with its RSA key does,
 * in `lmdb`, or at a Redis URL.
 */
export async function startService(folder, { alg, store, rotates = false }) {
  const name = `${alg}-${store.replace(/\W.*/, '')}-${rotates}`;
  const own = join(folder, name);
  mkdirSync(own);
  const keys = alg === 'HS256' ? ['--secret-file', 'secret'] : [];
  if (alg === 'HS256') writeFileSync(join(own, 'secret'), randomBytes(48).toString('base64'));
  else execFileSync(process.execPath, [binary, 'keygen', '--alg', alg], { cwd: own, stdio: 'ignore' });
  const accounts = ['--users', '../users.json', '--clients', '../clients.json'];
  const kept = ['--store', store === 'lmdb' ? 'lmdb:denylist' : store];
  const server = await start(own, 'ready', (readyFile) => [
    ...[binary, 'serve', '--port', '0', '--ready-file', readyFile, '--ttl', '1d'],
    ...(store === 'memory' ? ['--demo'] : [...keys, ...accounts, ...kept]),
    ...(rotates ? ['--rotate'] : []),
  ]);
  return { ...server, logIn: () => logIn(server.url) };
}

/** The tokens of a user. */
async function logIn(url) {
  const answer = await fetch(`${url}/token`, {
    method: 'POST',
    body: new URLSearchParams({ username: 'alice', password }),
  });
  if (!answer.ok) throw new Error(`${url}/token answered ${answer.status}: ${await answer.text()}`);
  return answer.json();
}

/** Starts a Redis server with an append-only file, which is on the disk once a second; undefined where there is none. */
export async function startRedis(folder) {
  const port = await freePort();
  const args = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--save', '', '--appendonly', 'yes'];
  const child = spawn('redis-server', args, { stdio: 'ignore' });
  const isStarted = await new Promise((resolve) =>
    child.once('error', () => resolve(false)).once('spawn', () => resolve(true)),
  );
  if (!isStarted) return undefined;
  const ended = untilGone(child);
  const ask = (...command) =>
    execFileSync('redis-cli', ['-p', String(port), ...command], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  for (let isUp = false; !isUp; await pause(20)) {
    try {
      isUp = ask('PING').startsWith('PONG');
    } catch {}
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    ask,
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
