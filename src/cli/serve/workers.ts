/** Several processes that serve on one port: this one starts them, replaces those that die, and speaks for all of them. */
import cluster, { type Worker } from 'node:cluster';
import { type AddressInfo, createServer } from 'node:net';
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

/** The port of all processes, so that those that come later have it too, be all others gone by then. */
const portVariable = 'JWTKIT_SERVE_PORT';

/** The port that the process above chose for all. */
export function sharedPortNumber(io: Io): number | undefined {
  const port = io.env[portVariable];
  return isWorker(io) && port !== undefined && port !== '' ? Number(port) : undefined;
}

/** Whether this process shares the work of one above it. */
export function isWorker(io: Io): boolean {
  return cluster.isWorker && io.env[workerVariable] === '1';
}

/** Milliseconds for a process to end, longer than it gives its requests: one that hangs must not keep the others' exit code. */
const longestEnd = 13_000;

/** Milliseconds for the metrics of all processes to come together: longer than each of them has. */
const longestGathering = 6000;

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
  const port = await choosePort(settings);
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
    for (const worker of left) tell(worker, { jwtkit: 'left' });
  };
  const stop = Promise.race([nextStop(io), new Promise<void>((resolve) => (giveUp = resolve))]);
  cluster.on('message', async (worker: Worker, message: Message) => {
    if (message.jwtkit === 'metrics wanted') {
      // Null for a process that does not answer in time, as one that is busy starting.
      const text = await registry.clusterMetrics().catch(() => null);
      tell(worker, { jwtkit: 'metrics', text });
    }
    if (message.jwtkit === 'left') {
      left.add(worker);
      tellWhoLeft();
    }
    if (message.jwtkit !== 'ready') return;
    readyCount++;
    if (readyCount === 1) url = message.url;
    // What keeps one from beginning would keep all of them, and is said once.
    if (readyCount === 1) for (let count = 1; count < settings.workers; count++) fork(port);
    if (readyCount !== settings.workers) return;
    try {
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
    if (!isStopping) fork(port);
  });
  fork(port);
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

/** Says something to a process; one that is about to go does not have to hear it. */
function tell(worker: Worker, message: Message): void {
  if (worker.isConnected()) worker.process.send(message, ignore);
}

/** Says something to the process above, be it gone. */
function report(message: Message): void {
  process.send?.(message, undefined, undefined, ignore);
}

/** Without it an error of the channel would end the process. */
function ignore(): void {}

function fork(port: number): void {
  cluster.fork({ [workerVariable]: '1', [portVariable]: String(port) });
}

/** A port that is free now, where any will do. What is wrong with the host is for the process to say that listens there. */
function choosePort({ host, port }: ServeSettings): Promise<number> {
  if (port !== 0) return Promise.resolve(port);
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(0));
    server.listen(0, host, () => {
      const { port: free } = server.address() as AddressInfo;
      server.close(() => resolve(free));
    });
  });
}

function end(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    if (worker.isDead()) return resolve();
    const late = setTimeout(() => worker.process.kill('SIGKILL'), longestEnd);
    worker.once('exit', () => {
      clearTimeout(late);
      resolve();
    });
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
  report({ jwtkit: 'ready', url });
}

/** How a process leaves the port that it shares: in step with the others, told by the one above. */
export const sharedPort: SharedPort = {
  handOver: 50,
  isLeft: () =>
    new Promise((resolve) => {
      process.on('message', (message: Message) => {
        if (message.jwtkit === 'left') resolve();
      });
      report({ jwtkit: 'left' });
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
    report({ jwtkit: 'metrics wanted' });
    setTimeout(() => take({ jwtkit: 'metrics', text: null }), longestGathering).unref();
  });
}
