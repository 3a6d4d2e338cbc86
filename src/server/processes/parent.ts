/** The parent of several processes that serve on one port: it starts them, replaces those that die, and ends them. */
import cluster, { type Worker } from 'node:cluster';
import { type AddressInfo, createServer } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { AggregatorRegistry } from 'prom-client';
import { ignoreError, type Message } from './worker.js';

/** Milliseconds before a dead worker is replaced, so that one that always dies does not keep the machine busy. */
const respawnDelay = 1000;
/** Milliseconds for a worker to end, longer than it gives its requests. */
const longestEnd = 13_000;

/** What a new worker learns from its parent. */
export interface SharedState {
  /** The port of all workers, also later ones. */
  readonly port: number;
  /**
   * Whether any worker has seen users; undefined for the first worker. A later worker must not conclude from a lost file that the
   * service never had users.
   */
  readonly hadUsers: boolean | undefined;
  /** The markers of the store that workers have seen. A later worker must not take an emptied store for a new one. */
  readonly markers: ReadonlyMap<string, string>;
}

/** How {@link runWorkers} runs. */
export interface ParentOptions {
  readonly host: string;
  /** 0 chooses a free one. */
  readonly port: number;
  readonly workers: number;
  /** Returns the environment variables that carry the state to a worker. */
  readonly variablesOf: (state: SharedState) => Readonly<Record<string, string>>;
  /** Resolves when the service is to end. */
  readonly stop: Promise<void>;
  /** Called with the URL once all workers serve. An error that it throws ends the service. */
  readonly onReady: (url: string) => void;
  /** Takes a note for the operator. */
  readonly note: (text: string) => void;
}

/** How the workers ended. */
export interface WorkersEnd {
  readonly exitCode: number;
  /** Empty if no worker ever served. */
  readonly url: string;
}

/**
 * Runs the workers until `stop` resolves, or until the first one cannot start.
 * @throws what `onReady` throws.
 */
export async function runWorkers(options: ParentOptions): Promise<WorkersEnd> {
  const registry = new AggregatorRegistry();
  const port = await choosePort(options);
  const markers = new Map<string, string>();
  let readyCount = 0;
  let hasUsers = false;
  let url = '';
  let isStopping = false;
  let exitCode = 0;
  let failure: unknown;
  let giveUp = () => {};
  const givenUp = new Promise<void>((resolve) => {
    giveUp = resolve;
  });
  const fork = () => {
    // The first worker starts like a service without workers, and refuses the same mistakes.
    const hadUsers = readyCount === 0 ? undefined : hasUsers;
    cluster.fork(options.variablesOf({ port, hadUsers, markers }));
  };
  // The parent accepts for all workers until the last one has left the port. A client that gets an answer earlier
  // could connect again, to a worker that is closing.
  const left = new Set<Worker>();
  const tellWhoLeft = () => {
    if (isStopping && livingWorkers().some((worker) => !left.has(worker))) return;
    for (const worker of left) send(worker, { jwtkit: 'left' });
  };
  const onReady = (worker: Worker, message: { readonly url: string }) => {
    readyCount++;
    // They may have been seen while it started.
    if (hasUsers) send(worker, { jwtkit: 'users' });
    if (readyCount === 1) {
      url = message.url;
      // The others start only now: a problem that stops one worker stops all, and is reported once.
      for (let count = 1; count < options.workers; count++) fork();
    }
    if (readyCount !== options.workers) return;
    try {
      options.onReady(url);
    } catch (error) {
      failure = error;
      giveUp();
    }
  };
  cluster.on('message', async (worker: Worker, message: Message) => {
    switch (message.jwtkit) {
      case 'ready':
        return onReady(worker, message);
      case 'users':
        hasUsers = true;
        // The file may be lost before the others look at it.
        for (const other of livingWorkers()) send(other, message);
        return;
      case 'marker':
        // The first value counts: a later one was written after the store was emptied.
        if (!markers.has(message.key)) markers.set(message.key, message.value);
        return;
      case 'metrics wanted':
        // Null if a worker does not answer in time, as one that is starting.
        return send(worker, { jwtkit: 'metrics', text: await registry.clusterMetrics().catch(() => null) });
      case 'left':
        left.add(worker);
        return tellWhoLeft();
    }
  });
  cluster.on('exit', async (_worker, code, signal) => {
    if (isStopping) return tellWhoLeft();
    if (readyCount === 0) {
      exitCode = code === 0 ? 1 : code;
      return giveUp();
    }
    options.note(`a worker process has ended (${signal ?? code}) and is replaced`);
    await wait(respawnDelay);
    if (!isStopping) fork();
  });
  fork();
  await Promise.race([options.stop, givenUp]);
  isStopping = true;
  await Promise.all(livingWorkers().map(endWorker));
  if (failure !== undefined) throw failure;
  return { exitCode, url };
}

function livingWorkers(): Worker[] {
  return (Object.values(cluster.workers ?? {}) as Worker[]).filter((worker) => !worker.isDead());
}

/** Sends a message to a worker, unless it is ending. */
function send(worker: Worker, message: Message): void {
  if (worker.isConnected()) worker.process.send(message, ignoreError);
}

/** Finds a free port for port 0. If the host is wrong, the worker that listens reports it. */
function choosePort({ host, port }: ParentOptions): Promise<number> {
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

function endWorker(worker: Worker): Promise<void> {
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
