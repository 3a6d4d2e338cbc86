// @module-tag slow
/** Where the keys of a batch come from: on threads they are what they are for a single token. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { freePort } from '../../scripts/free-port.js';
import type { Block } from '../../src/batch/lines.js';
import { openPool } from '../../src/batch/pool.js';
import { runBatch } from '../../src/cli/terminal/batch.js';
import type { Io, Output } from '../../src/cli/terminal/io.js';
import { speakTo } from '../../src/cli/terminal/notes.js';
import type { Key } from '../../src/jose/key.js';
import { loadKeys } from '../../src/jose/keys.js';
import { openKeyring } from '../../src/store/keyring/directory.js';
import type { KeySource } from '../../src/token/key-source.js';
import { now as forgeNow, sealClaims } from '../attacks/forge.js';
import { publicPem, signers } from '../attacks/trusted-keys.js';
import {
  fileWith,
  makeKeyring,
  type RunResult,
  runCli,
  segmentOf,
  stdoutOf,
  temporaryFolder,
  textOf,
} from '../cli/fake-io.js';
import { serve } from '../remote/server.js';
import { describeWithRedis, startRedis } from '../store/redis-server.js';
import { runBinary } from './binary.js';

const dist = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const seconds = () => Math.floor(Date.now() / 1000);

const linesOf = ({ stdout }: RunResult) =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('keys from the network', () => {
  async function rotatingSet() {
    const now = seconds() - 60;
    const keyring = await makeKeyring('ES256', 'old');
    const set = join(keyring, 'jwks.json');
    const old = await stdoutOf(['issue', '--keyring', keyring, '--sub', 'u', '--iss', 'x', '--ttl', '1h'], { now });
    const server = await serve({ '/jwks': { body: textOf(set), headers: { 'cache-control': 'max-age=3600' } } });
    const cache = join(temporaryFolder(), 'cache');
    const args = ['verify', '--jwks', `${server.origin}/jwks`];
    // A minute ago: the cache is still fresh, and it is not too soon to ask again.
    await stdoutOf([...args, old], { now, env: { JWTKIT_CACHE_DIR: cache } });
    await stdoutOf(['keygen', '--alg', 'ES256', '--kid', 'new', '--keyring', keyring], { now });
    const fresh = await stdoutOf(['issue', '--keyring', keyring, '--kid', 'new', '--ttl', '1h'], { now });
    server.route({ '/jwks': { body: textOf(set) } });
    return { server, cache, args, old, fresh };
  }

  test('Ctrl-C while the keys are fetched is exit 130, although the threads have ended', async () => {
    const keyring = await makeKeyring('ES256', 'k');
    const token = await stdoutOf(['issue', '--keyring', keyring, '--sub', 'u', '--ttl', '1h'], { now: seconds() });
    let child: ReturnType<typeof spawn> | undefined;
    const server = createServer((_request, response) => {
      child?.kill('SIGINT');
      setTimeout(() => response.end(textOf(join(keyring, 'jwks.json'))), 300);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
    const args = [
      'verify',
      '--batch',
      fileWith(`${token}\n`.repeat(50)),
      '--jwks',
      url,
      '--no-cache',
      '--workers',
      '2',
    ];
    child = spawn(process.execPath, [dist('bin/jwtkit.js'), ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const [exitCode] = await once(child, 'close');
    server.close();
    expect(exitCode).toBe(130);
  });

  test('a key that is new in the middle of a batch is fetched once, and every token is verified on every thread', {
    tags: 'slow',
  }, async () => {
    const { server, cache, args, old, fresh } = await rotatingSet();
    const tokens = Array.from({ length: 4000 }, (_, at) => (at > 100 && at % 3 === 0 ? fresh : old));
    const ended = await runBinary([...args, '--batch', '--workers', '2'], `${tokens.join('\n')}\n`, {
      JWTKIT_CACHE_DIR: cache,
    });
    expect(ended).toMatchObject({ exitCode: 0, stderr: '4000 valid\n' });
    const expected = tokens.map((token, at) => ({ line: at + 1, valid: true, kid: segmentOf(token, 0).kid }));
    expect(linesOf(ended)).toMatchObject(expected);
    expect(server.requests).toHaveLength(2);
  });

  test('fetches the set once for an unknown kid', { tags: 'slow' }, async () => {
    const { server, cache, args, old } = await rotatingSet();
    const stranger = await stdoutOf(['issue', '--keyring', await makeKeyring('ES256', 'stranger')], { now: seconds() });
    const input = `${old}\n${stranger}\n`.repeat(1500);
    const ended = await runBinary([...args, '--batch', '--workers', '2'], input, { JWTKIT_CACHE_DIR: cache });
    expect(ended.exitCode).toBe(10);
    expect(ended.stderr).toContain('1500 valid, 1500 KEY_NOT_FOUND');
    expect(server.requests).toHaveLength(2);
  });

  test('a server that is down ends a batch with 3, or gets a note if the cache helps', { tags: 'slow' }, async () => {
    const { server, cache, args, old } = await rotatingSet();
    const down = await runCli(['verify', '--jwks', `http://127.0.0.1:${await freePort()}/`, '--batch'], { stdin: old });
    expect(down).toMatchObject({ exitCode: 3, stdout: '' });
    await server.close();
    const world = { stdin: `${old}\n`, now: seconds() + 4000, env: { JWTKIT_CACHE_DIR: cache } };
    const stale = await runCli([...args, '--batch', '--leeway', '1h'], world);
    expect(stale).toMatchObject({ exitCode: 0, stderr: expect.stringMatching(/^1 valid\nnote: keys of http/) });
  });

  test('--issuer-url must be the iss of every token', { tags: 'slow' }, async () => {
    const keyring = await makeKeyring('ES256');
    const server = await serve({});
    const body = JSON.stringify({ issuer: server.origin, jwks_uri: `${server.origin}/jwks` });
    server.route({
      '/.well-known/openid-configuration': { body },
      '/jwks': { body: textOf(join(keyring, 'jwks.json')) },
    });
    const issue = (iss: string) => stdoutOf(['issue', '--keyring', keyring, '--iss', iss], { now: seconds() });
    const input = `${await issue(server.origin)}\n${await issue('https://other.example')}\n`;
    const args = ['verify', '--batch', '--workers', '2', '--no-cache', '--issuer-url', server.origin];
    const ended = await runBinary(args, input);
    expect(linesOf(ended)).toMatchObject([{ valid: true }, { valid: false, code: 'CLAIM_MISMATCH' }]);
  });
});

test('a waiting block uses the newer keys that another block fetched', { tags: 'slow' }, async () => {
  const [old, keyring] = [await makeKeyring('ES256', 'old'), await makeKeyring('ES256', 'new')];
  const at = seconds() + 86_400 * 365;
  const [before, after] = [old, keyring].map((path) => openKeyring(path).verificationKeys(at));
  let current = before as readonly Key[];
  const source: KeySource = {
    keys: async () => current,
    refresh: async () => {
      if (current === after) return undefined;
      current = after as readonly Key[];
      return current;
    },
  };
  const token = await stdoutOf(['issue', '--keyring', keyring], { now: at });
  const written = { stdout: '', stderr: '' };
  const write = (name: 'stdout' | 'stderr'): Output => ({
    isTerminal: false,
    write: (content) => {
      written[name] += content;
    },
    writeLines: async (lines) => {
      written[name] += Buffer.from(lines).toString();
    },
  });
  const stderr = write('stderr');
  const io: Io = {
    env: {},
    stdin: {} as Io['stdin'],
    stdout: write('stdout'),
    stderr,
    ...speakTo(stderr, {}, {}),
    now: seconds,
    nextSecond: () => Promise.resolve(),
    workerFile: () => dist('dist/cli/batch-worker.cjs'),
  };
  const store = undefined;
  const job = { kind: 'verify', policy: {}, store, showClaims: false, onlyInvalid: false } as const;
  const path = fileWith(`${token}\n`.repeat(4000));
  await runBatch(job, { path, workers: 2, now: () => at, source }, { io, argv: [], exitCode: 0 });
  expect(written.stderr).toBe('4000 valid\n');
  expect(written.stdout.split('\n')).toHaveLength(4001);
});

test('threads accept a certificate between its dates only', async () => {
  const folder = temporaryFolder();
  const [cert, key] = [join(folder, 'web.crt'), join(folder, 'web.pem')];
  const subject = ['--subject', 'CN=web', '--days', '10'];
  await stdoutOf(['keygen', '--alg', 'ES256', '--private', key, '--cert', cert, ...subject], { now: seconds() });
  const token = await stdoutOf(['issue', '--key', key, '--sub', 'u', '--no-exp'], { now: seconds() });
  const args = ['verify', '--batch', '--workers', '2', '--key', cert, '--allow-no-exp', '--at'];
  expect(linesOf(await runBinary([...args, '+9d'], token))).toMatchObject([{ valid: true, sub: 'u' }]);
  expect(linesOf(await runBinary([...args, '+11d'], token))).toEqual([
    { line: 1, valid: false, code: 'CERTIFICATE_EXPIRED' },
  ]);
  const allowed = await runBinary([...args, '+11d', '--allow-expired-cert'], token);
  expect(linesOf(allowed)).toMatchObject([{ valid: true }]);
});

test('threads sign with an encrypted key', { tags: 'slow' }, async () => {
  const keyring = join(temporaryFolder(), 'keyring');
  const env = { P: 'open sesame' };
  await stdoutOf(['keygen', '--alg', 'ES256', '--keyring', keyring, '--encrypt', '--passphrase-env', 'P'], { env });
  const args = ['issue', '--batch', '--workers', '2', '--keyring', keyring];
  const input = '{"sub":"a"}\n{"sub":"b"}\n';
  const issued = await runBinary([...args, '--passphrase-env', 'P'], input, env);
  expect(issued).toMatchObject({ exitCode: 0, stderr: '2 issued\n' });
  expect(await runBinary(['verify', '--batch', '--keyring', keyring], issued.stdout)).toMatchObject({ exitCode: 0 });
  expect(await runBinary(args, input)).toMatchObject({ exitCode: 3, stdout: '' });
});

describe('a policy file', () => {
  async function folderWith(policy: object): Promise<string> {
    const folder = temporaryFolder();
    const keyring = await makeKeyring();
    writeFileSync(join(folder, 'jwtkit.config.json'), JSON.stringify({ keys: { keyring }, ...policy }));
    return folder;
  }

  test('a policy adds claims to each line, and checks each token of a batch', async () => {
    const policy = { issuer: 'https://a.example', audience: ['api'], lifetimes: { access: '5m', refresh: '1d' } };
    const workingFolder = await folderWith(policy);
    const stdin = '{"sub":"a"}\n{"sub":"b","iss":"https://b.example","type":"refresh"}\n{"aud":"other"}\n';
    const issued = await runCli(['issue', '--batch', '--json'], { workingFolder, stdin });
    const claims = linesOf(issued).map((line) => line.claims);
    expect(claims).toMatchObject([
      { sub: 'a', iss: 'https://a.example', aud: 'api' },
      { sub: 'b', iss: 'https://b.example', aud: 'https://b.example', session: { aud: 'api' } },
      { iss: 'https://a.example', aud: 'other' },
    ]);
    expect(claims.map(({ exp, iat }) => exp - iat)).toEqual([300, 86_400, 300]);
    const tokens = linesOf(issued).map((line) => line.token);
    const judged = await runCli(['verify', '--batch', '--type', 'any'], { workingFolder, stdin: tokens.join('\n') });
    expect(linesOf(judged).map(({ code }) => code)).toEqual([undefined, 'CLAIM_MISMATCH', 'CLAIM_MISMATCH']);
  });

  test('a line may name any of several accepted values', async () => {
    const workingFolder = await folderWith({ audience: ['api', 'web'], algorithms: ['ES256', 'RS256'] });
    const stdin = '{"sub":"a"}\n{"sub":"b","aud":"web"}\n';
    const { exitCode, stdout, stderr } = await runCli(['issue', '--batch'], { workingFolder, stdin });
    expect(exitCode).toBe(10);
    expect(stdout).toMatch(/^\neyJ[^\n]+\n$/);
    expect(stderr).toContain('error: line 1: ');
    expect(stderr).toContain('/audience accepts 2 values\n');
    const named = await runCli(['issue', '--batch', '--aud', 'api'], { workingFolder, stdin });
    expect(named).toMatchObject({ exitCode: 0, stderr: expect.stringContaining('2 issued') });
  });
});

describeWithRedis('a thread that asks Redis', () => {
  test('answers blocks in order, even if a later block needs no store', async () => {
    const server = await startRedis();
    const store = { location: server.url };
    const job = { kind: 'verify', policy: {}, store, showClaims: false, onlyInvalid: false } as const;
    const pool = openPool(dist('dist/cli/batch-worker.cjs'), job, 1);
    try {
      const keys = loadKeys(publicPem('p256'), { purpose: 'verify' });
      const { token } = sealClaims(signers.ES256, { jti: 'a' });
      const block = (text: string): Block => ({ bytes: Uint8Array.from(Buffer.from(text)), firstLine: 1, end: 1 });
      for (let round = 0; round < 20; round++) {
        const results = await Promise.all(
          [`${token}\n`, 'x\n'].map((text) => pool.run(block(text), { now: forgeNow, keys })),
        );
        expect(results.map(({ counts }) => [...counts.keys()])).toEqual([['valid'], ['TOKEN_MALFORMED']]);
      }
    } finally {
      await pool.close();
      await server.remove();
    }
  });
});

test('a thread that ends by itself fails its block and every later one, and the pool still closes', async () => {
  const file = fileWith(
    "setTimeout(() => process.exit(7), 50); require('node:worker_threads').parentPort.on('message', () => {});",
    'worker.cjs',
  );
  const pool = openPool(file, { kind: 'decode' }, 1);
  const answer = () => pool.run({ bytes: new Uint8Array(1), firstLine: 1, end: 1 }, { now: 0, keys: [] });
  await expect(answer()).rejects.toThrow('a worker ended with 7');
  await expect(answer()).rejects.toThrow('a worker ended with 7');
  await pool.close();
});
