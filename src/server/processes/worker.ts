/** The messages that a worker sends to its parent, and their answers. */
import type { FastifyInstance } from 'fastify';
import { AggregatorRegistry } from 'prom-client';
import type { SharedPort } from '../stop.js';

/** A message between a worker and its parent, in either direction. */
export type Message =
  | { readonly jwtkit: 'ready'; readonly url: string }
  | { readonly jwtkit: 'users' }
  | { readonly jwtkit: 'marker'; readonly key: string; readonly value: string }
  | { readonly jwtkit: 'metrics wanted' }
  | { readonly jwtkit: 'metrics'; readonly text: string | null }
  | { readonly jwtkit: 'left' };

/** Callback of `send`: without one, a closed channel would end the process. */
export function ignoreError(): void {}

/** Milliseconds for which a stopping worker waits for the others to leave the port. */
const longestLeave = 1000;
/** Milliseconds for the parent to gather the metrics, longer than it gives each worker. */
const longestGathering = 6000;

function report(message: Message): void {
  process.send?.(message, undefined, undefined, ignoreError);
}

/** Tells the parent that this service has users. It tells the other workers. */
export function reportUsers(): void {
  report({ jwtkit: 'users' });
}

/** Calls back once another process of this service has seen users. */
export function whenUsersSeen(listener: () => void): void {
  process.on('message', (message: Message) => {
    if (message.jwtkit === 'users') listener();
  });
}

/** Tells the parent which marker of the store this worker relies on. */
export function reportMarker(key: string, value: string): void {
  report({ jwtkit: 'marker', key, value });
}

/** Tells the parent that this worker serves, and answers its questions for metrics. */
export function reportReady(app: FastifyInstance, url: string): void {
  new AggregatorRegistry();
  AggregatorRegistry.setRegistries(app.metrics.registry);
  report({ jwtkit: 'ready', url });
}

/**
 * Resolves once the parent ends this worker. Signals to the whole group reach all processes: those of a terminal, on which only the
 * parent acts, and a SIGTERM, which the parent then sends again.
 */
export function nextStopOfWorker(): Promise<void> {
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGHUP']) process.on(signal, () => {});
  return new Promise((resolve) => process.on('SIGTERM', () => resolve()));
}

/** The port that this worker shares with the others. All leave it together; the parent says when. */
export const sharedPort: SharedPort = {
  handOver: 50,
  whenLeft: () =>
    new Promise((resolve) => {
      process.on('message', (message: Message) => {
        if (message.jwtkit === 'left') resolve();
      });
      report({ jwtkit: 'left' });
      setTimeout(resolve, longestLeave).unref();
    }),
};

let gathering: Promise<string | null> | undefined;

/** Returns the metrics of all workers; null if the parent cannot gather them. Simultaneous questions share one answer. */
export function gatherMetrics(): Promise<string | null> {
  gathering ??= askForMetrics().finally(() => {
    gathering = undefined;
  });
  return gathering;
}

function askForMetrics(): Promise<string | null> {
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
