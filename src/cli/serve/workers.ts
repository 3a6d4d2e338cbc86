/** Several processes that serve on one port: this one starts them, replaces those that die, and speaks for all of them. */
import cluster, { type Worker } from 'node:cluster';
import { setTimeout as wait } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { AggregatorRegistry } from 'prom-client';
import type { SharedPort } from '../../server/stop.js';
import { countLoginsForWorkers } from '../../store/login-limits.js';
import type { Io } from '../io.js';
import { announce, nextStop, withdraw } from './announcement.js';
import type { ServeSettings } from './serve-options.js';

/** Milliseconds before a process that died is replaced: one that cannot live must not keep the machine busy. */
const respawnDelay = 1000;

/** Milliseconds after which a process that stops waits no longer for the others. */
const longestLeave = 1000;

/** Tells our own processes from those that somebody else's cluster runs jwtkit in. */
const workerVariable = 'JWTKIT_SERVE_WORKER';

/** Whether this process shares the work of one above it. */
export function isWorker(io: Io): boolean {
  return cluster.isWorker && io.env[workerVariable] === '1';
}

/** What a process that serves says to the one above it, and is told by it. */
type Message =
  | { readonly jwtkit: 'ready'; readonly url: string }
  | { readonly jwtkit: 'metrics wanted' }
  | { readonly jwtkit: 'metrics'; readonly text: string | null }
  | { readonly jwtkit: 'left' };

/**
 * Runs the processes until this one is told to end; resolves to the exit code.
 * @throws {JwtkitError} FILE_NOT_WRITABLE for the ready file.
 */
export async function serveWithWorkers(settings: ServeSettings, io: Io): Promise<number> {
  countLoginsForWorkers();
  const registry = new AggregatorRegistry();
  let readyCount = 0;
  let url = '';
  let isStopping = false;
  let exitCode = 0;
  let failure: unknown;
  let giveUp = () => {};
  // This process accepts for all of them until the last one has left; who was answered would come back to be dropped.
  const left = new Set<Worker>();
  const tellWhoLeft = () => {
    if (isStopping && living().some((worker) => !left.has(worker))) return;
    for (const worker of left) if (worker.isConnected()) worker.send({ jwtkit: 'left' } satisfies Message);
  };
  const stop = Promise.race([nextStop(io), new Promise<void>((resolve) => (giveUp = resolve))]);
  cluster.on('message', async (worker: Worker, message: Message) => {
    if (message.jwtkit === 'metrics wanted') {
      // Null for a process that does not answer in time, as one that is busy starting.
      const text = await registry.clusterMetrics().catch(() => null);
      if (worker.isConnected()) worker.send({ jwtkit: 'metrics', text } satisfies Message);
    }
    if (message.jwtkit === 'left') {
      left.add(worker);
      tellWhoLeft();
    }
    if (message.jwtkit !== 'ready') return;
    readyCount++;
    // What keeps one from beginning would keep all of them, and is said once.
    if (readyCount === 1) for (let count = 1; count < settings.workers; count++) fork();
    if (readyCount !== settings.workers) return;
    try {
      url = message.url;
      announce(url, settings, io);
    } catch (error) {
      failure = error;
      giveUp();
    }
  });
  cluster.on('exit', async (_worker, code, signal) => {
    if (isStopping) return tellWhoLeft();
    if (readyCount === 0) {
      exitCode = code === 0 ? 1 : code;
      return giveUp();
    }
    io.stderr.write(`note: a process that served has ended (${signal ?? code}) and is replaced\n`);
    await wait(respawnDelay);
    if (!isStopping) fork();
  });
  fork();
  await stop;
  isStopping = true;
  await Promise.all(living().map(end));
  if (failure !== undefined) throw failure;
  withdraw(url, settings);
  return exitCode;
}

function living(): Worker[] {
  return (Object.values(cluster.workers ?? {}) as Worker[]).filter((worker) => !worker.isDead());
}

function fork(): void {
  cluster.fork({ [workerVariable]: '1' });
}

function end(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    if (worker.isDead()) return resolve();
    worker.once('exit', () => resolve());
    worker.process.kill('SIGTERM');
  });
}

/**
 * Resolves once the process above tells this one to end. Ctrl-C at a terminal reaches all of them: it is for the one above to
 * say what it means, and a second signal would end this one in the middle of its answers.
 */
export function nextStopOfWorker(): Promise<void> {
  process.on('SIGINT', () => {});
  return new Promise((resolve) => process.once('SIGTERM', () => resolve()));
}

/** Says to the process above that this one serves. */
export function reportReady(app: FastifyInstance, url: string): void {
  // Answers the process above, which asks for the metrics of all.
  new AggregatorRegistry();
  AggregatorRegistry.setRegistries(app.metrics.registry);
  process.send?.({ jwtkit: 'ready', url } satisfies Message);
}

/** How a process leaves the port that it shares: in step with the others, told by the one above. */
export const sharedPort: SharedPort = {
  handOver: 50,
  isLeft: () =>
    new Promise((resolve) => {
      process.on('message', (message: Message) => {
        if (message.jwtkit === 'left') resolve();
      });
      process.send?.({ jwtkit: 'left' } satisfies Message);
      setTimeout(resolve, longestLeave).unref();
    }),
};

/** The metrics of all processes, from the one above this; null where it could not gather them. */
export function gatherMetrics(): Promise<string | null> {
  return new Promise((resolve) => {
    const take = (message: Message) => {
      if (message.jwtkit !== 'metrics') return;
      process.off('message', take);
      resolve(message.text);
    };
    process.on('message', take);
    process.send?.({ jwtkit: 'metrics wanted' } satisfies Message);
  });
}
