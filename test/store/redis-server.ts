/**
 * Redis servers of the tests' own: on loopback, on ports that were free, with a temporary folder, ended by their own pids.
 * Where `redis-server` is not installed the tests are skipped and say so; JWTKIT_REQUIRE_REDIS=1 makes that a failure.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe, type TestOptions, test } from 'vitest';
import { freePort } from '../../scripts/free-port.js';

/** How a server is started. */
export interface RedisOptions {
  /** Further arguments of `redis-server`. */
  args?: readonly string[];
  password?: string;
  /** The text of its configuration file. Sentinels need one, and are servers that have one. */
  sentinel?: string;
}

/** One running server. */
export interface RedisServer {
  readonly port: number;
  readonly url: string;
  /** Its process, for signals that pause it. */
  readonly pid: number;
  /** Whether the server answers within half a second, perhaps that it wants a password, loads or is busy. */
  isAnswering(): Promise<boolean>;
  /** Runs a command and resolves to the answer's lines; an error reply rejects. */
  ask(...command: string[]): Promise<string[]>;
  /** Ends the process and keeps its port and folder. */
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again where it was, with further arguments. */
  start(args?: readonly string[]): Promise<void>;
  /** Ends the process and removes its folder. */
  remove(): Promise<void>;
}

/** Three servers that share the slots of one cluster. */
export interface RedisCluster {
  readonly url: string;
  /** The masters at the start, then their replicas in the same order. */
  readonly nodes: readonly RedisServer[];
  remove(): Promise<void>;
}

const missing = ['redis-server', 'redis-cli'].filter((name) => spawnSync(name, ['--version']).status !== 0);

/** Declares tests that need Redis, skipped where there is none. */
export function describeWithRedis(title: string, ...given: [() => void] | [TestOptions, () => void]): void {
  const [options, body] = given.length === 1 ? [{}, given[0]] : given;
  const reason = `${missing.join(' and ')} not installed`;
  if (missing.length === 0) describe(title, options, body);
  else if (process.env.JWTKIT_REQUIRE_REDIS !== '1') describe.skip(`${title} (skipped: ${reason})`, body);
  else {
    test(title, () => {
      throw new Error(`${reason}, and JWTKIT_REQUIRE_REDIS asks for it`);
    });
  }
}

/** Asks until the answer is yes; the one place where tests wait for time to pass. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  { seconds = 20 }: { seconds?: number } = {},
): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await wait(20);
  }
}

/** Starts a server and waits until it answers. */
export async function startRedis({ args = [], password, sentinel }: RedisOptions = {}): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'jwtkit-redis-'));
  const secured = password === undefined ? [] : ['--requirepass', password];
  const port = await freePort();
  const file = join(folder, 'sentinel.conf');
  if (sentinel !== undefined) writeFileSync(file, sentinel);
  const first = sentinel === undefined ? [] : [file, '--sentinel'];
  const run = (more: readonly string[] = []) => launch(port, folder, first, [...secured, ...args, ...more]);
  let child = await run();
  return {
    port,
    url: `redis://${password === undefined ? '' : `:${encodeURIComponent(password)}@`}127.0.0.1:${port}`,
    get pid() {
      return child.pid as number;
    },
    isAnswering: () => isAnswering(port),
    ask: (...command) => ask(port, password, command),
    stop: (signal) => end(child, signal),
    start: async (more) => {
      child = await run(more);
    },
    remove: async () => {
      await end(child, 'SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Starts a cluster of three masters, each with a replica if asked, and waits until every node knows all slots. */
export async function startRedisCluster({
  hasReplicas = false,
  ...options
}: RedisOptions & { hasReplicas?: boolean } = {}): Promise<RedisCluster> {
  const all = await Promise.all(Array.from({ length: hasReplicas ? 6 : 3 }, () => startClusterNode(options)));
  const [nodes, replicas] = [all.slice(0, 3), all.slice(3)];
  const ranges = [
    ['0', '5460'],
    ['5461', '10922'],
    ['10923', '16383'],
  ];
  const [first, ...others] = all as [ClusterNode, ...ClusterNode[]];
  await Promise.all(
    nodes.map(async ({ server }, at) => {
      await server.ask('CLUSTER', 'SET-CONFIG-EPOCH', String(at + 1));
      await server.ask('CLUSTER', 'ADDSLOTSRANGE', ...(ranges[at] as string[]));
    }),
  );
  for (const { server, busPort } of others) {
    await first.server.ask('CLUSTER', 'MEET', '127.0.0.1', String(server.port), String(busPort));
  }
  const servers = all.map(({ server }) => server);
  await untilClusterIsWhole(servers);
  for (const [at, { server }] of replicas.entries()) {
    const [id = ''] = await (servers[at] as RedisServer).ask('CLUSTER', 'MYID');
    await until('the replica knows its master', () =>
      server.ask('CLUSTER', 'REPLICATE', id).then(
        () => true,
        () => false,
      ),
    );
    await until('the replica follows', async () => {
      const lines = await (servers[at] as RedisServer).ask('INFO', 'replication');
      return lines.some((line) => /^slave\d+:.*state=online/.test(line));
    });
  }
  const credentials = options.password === undefined ? '' : `:${encodeURIComponent(options.password)}@`;
  return {
    url: `redis+cluster://${credentials}${servers.map(({ port }) => `127.0.0.1:${port}`).join(',')}`,
    nodes: servers,
    remove: async () => {
      await Promise.all(servers.map((server) => server.remove()));
    },
  };
}

/** Waits until every node of a cluster can serve every slot. */
export async function untilClusterIsWhole(nodes: readonly RedisServer[]): Promise<void> {
  for (const node of nodes) {
    await until(`cluster on port ${node.port}`, async () => {
      const state = await node.ask('CLUSTER', 'INFO');
      return state.includes('cluster_state:ok') && state.includes(`cluster_known_nodes:${nodes.length}`);
    });
  }
}

interface ClusterNode {
  server: RedisServer;
  busPort: number;
}

async function startClusterNode({ args = [], ...options }: RedisOptions): Promise<ClusterNode> {
  const busPort = await freePort();
  const clustered = ['--cluster-enabled', 'yes', '--cluster-port', String(busPort), '--cluster-node-timeout', '1000'];
  return { busPort, server: await startRedis({ ...options, args: [...clustered, ...args] }) };
}

async function launch(
  port: number,
  folder: string,
  first: readonly string[],
  args: readonly string[],
): Promise<ChildProcess> {
  const own = ['--bind', '127.0.0.1', '--port', String(port), '--dir', folder, '--save', '', '--appendonly', 'no'];
  const child = spawn('redis-server', [...first, ...own, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let log = '';
  child.stdout.on('data', (text) => {
    log += text;
  });
  // Should a test run be broken off, its servers do not stay behind.
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  child.once('exit', () => process.off('exit', kill));
  await until(`redis-server on port ${port}`, () => {
    if (child.exitCode !== null) throw new Error(`redis-server ended with ${child.exitCode}:\n${log}`);
    return isAnswering(port);
  });
  return child;
}

function isAnswering(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    const finish = (isUp: boolean) => {
      socket.destroy();
      resolve(isUp);
    };
    socket.setTimeout(500, () => finish(false));
    socket.once('data', (reply) => finish(/^[+-]/.test(reply.toString('latin1'))));
    socket.once('error', () => finish(false));
  });
}

async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const isGone = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  // A stopped process only ends once it is continued.
  child.kill('SIGCONT');
  await isGone;
}

async function ask(port: number, password: string | undefined, command: readonly string[]): Promise<string[]> {
  const env = { ...process.env, ...(password === undefined ? {} : { REDISCLI_AUTH: password }) };
  const { stdout } = await promisify(execFile)('redis-cli', ['-e', '-p', String(port), ...command], {
    env,
    maxBuffer: 2 ** 28,
  });
  return stdout.split(/\r?\n/).slice(0, -1);
}
