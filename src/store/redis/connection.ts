/** What the stores ask of Redis, however its servers are found. */
import type { RedisClientOptions } from '@redis/client';
import type { Address } from './location.js';

/** The package, loaded on first use: few commands need Redis. */
export type RedisPackage = typeof import('@redis/client');

/** Milliseconds for connecting, and for each command. */
export const timeLimit = 2000;
/** Commands that may wait for an answer, so that a stuck server does not fill the memory. */
export const mostWaiting = 10_000;

export interface Connection {
  connect(): Promise<unknown>;
  /** Calls back on each connection to a server, also the first. */
  onConnect(listener: () => void): void;
  hmGet(key: string, fields: string[]): Promise<(string | null)[]>;
  eval: Evaluate;
  /**
   * Runs changes, which count only if as many replicas as the location says have them. `change` runs its script by the function that it
   * gets, on the connection that then waits.
   */
  acknowledged<T>(key: string, change: (evaluate: Evaluate) => Promise<T>): Promise<T>;
  destroy(): void;
  /** Names of the servers that take changes. */
  servers(): string[];
  serverOf(key: string): string;
  info(server: string, section: string): Promise<string>;
  setting(server: string, name: string): Promise<string | undefined>;
  /** Yields keys in portions, from every server that holds entries. */
  scan(pattern: string): AsyncIterable<string[]>;
}

/** Runs a script on keys of one slot. */
export type Evaluate = (script: string, options: { keys: string[]; arguments: string[] }) => Promise<unknown>;

/** An error whose message is ours and may be shown, as the reason of a longer one. */
export class ShownReason extends Error {
  constructor(
    message: string,
    readonly hint?: string,
  ) {
    super(message);
  }
}

/** Returns the options of every client. A client reconnects as `reconnectStrategy` says. */
export function clientOptions(
  { isTls, username, password }: Pick<Address, 'isTls' | 'username' | 'password'>,
  reconnectStrategy: ReconnectStrategy,
) {
  // Otherwise NODE_TLS_REJECT_UNAUTHORIZED and NODE_OPTIONS could weaken TLS.
  const tls = { tls: true, rejectUnauthorized: true, minVersion: 'TLSv1.2' } as const;
  const socket = { connectTimeout: timeLimit, reconnectStrategy, ...(isTls ? tls : {}) };
  return {
    socket: socket as NonNullable<RedisClientOptions['socket']>,
    disableOfflineQueue: true,
    commandsQueueMaxLength: mostWaiting,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
  };
}

type ReconnectStrategy = false | ((retries: number, cause: Error) => number | Error);

/** After the first connection the client reconnects for ever, so that a service recovers. Before it, the client fails at once. */
export function reconnectOnce(wasConnected: () => boolean): ReconnectStrategy {
  return (retries, cause) => (wasConnected() ? Math.min(50 * 2 ** retries, 1000) : cause);
}

export function endClient(client: { destroy(): void }): void {
  try {
    client.destroy();
  } catch {
    // The client never connected.
  }
}

/** Runs a command within the time limit. The client's own limit ends once a command is sent. */
export async function withinTimeLimit<T>(command: () => Promise<T>, limit = timeLimit): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const expiry = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new ShownReason(`no answer within ${limit / 1000} s`)), limit);
  });
  try {
    return await Promise.race([command(), expiry]);
  } finally {
    clearTimeout(timer);
  }
}
