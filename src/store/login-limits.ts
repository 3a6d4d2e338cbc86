/**
 * Failed log-ins, counted by address and by user in windows of a quarter of an hour: in this process, in the one above it
 * where several share the work, or in Redis where several machines do.
 */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import type { RateLimiterAbstract, RateLimiterRes } from 'rate-limiter-flexible';
import { JwtkitError } from '../errors.js';
import { type Connection, clusterConnection, parseLocation, serverConnection, timeLimit } from './redis-connection.js';

/** How many attempts may fail within the window. */
export interface LoginBounds {
  readonly perUser: number;
  /** More than for one user: many people may share an address. */
  readonly perAddress: number;
}

/** Seconds. */
const window = 900;

/** Where the counts are kept. */
export type LoginCounts =
  | { readonly in: 'process' }
  /** In the process that this one was forked from. */
  | { readonly in: 'parent' }
  | { readonly in: 'redis'; readonly location: string };

/** Counts of failed log-ins, and what lets go of them. */
export interface OpenLoginLimits {
  /**
   * Looks at a password unless too many were wrong; resolves to whether it is right, or to the seconds to wait. A wrong one is
   * counted, the right one ends its user's count. Several processes that share counts may each have as many under way.
   */
  attempt(address: string, user: string, look: () => Promise<boolean>): Promise<boolean | number>;
  close(): Promise<void>;
}

/**
 * Opens the counts of failed log-ins. While Redis cannot be asked, each process counts for itself.
 * @throws {JwtkitError} USAGE_INVALID for a location that is none; STORE_UNAVAILABLE.
 */
export async function openLoginLimits(counts: LoginCounts, bounds: LoginBounds): Promise<OpenLoginLimits> {
  const connection = counts.in === 'redis' ? await connect(counts.location) : undefined;
  const store = connection && { client: clientOf(connection), prefix: connection.prefix };
  const open = (name: string, points: number) => openLimiter({ name, points, duration: window }, counts, store);
  const addresses = open('address', bounds.perAddress);
  const users = open('user', bounds.perUser);
  // The address first: who is stopped there cannot lock users out.
  const atAddress = gate(addresses, bounds.perAddress);
  const atUser = gate(users, bounds.perUser);
  return {
    attempt(address, user, look) {
      const network = networkOf(address);
      const name = digest(user);
      return atAddress(network, () =>
        atUser(name, async () => {
          const isRight = await look();
          if (isRight) await users.delete(name);
          else await Promise.all([addresses.penalty(network, 1), users.penalty(name, 1)]);
          return isRight;
        }),
      );
    },
    async close() {
      connection?.destroy();
    },
  };
}

/** Whoever has one address of IPv6 has the 2^64 beside it (RFC 6177): they count as one. */
function networkOf(address: string): string {
  const [, mapped] = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address) ?? [];
  if (mapped !== undefined) return mapped;
  if (!address.includes(':')) return address;
  const [before = '', after] = address.replace(/%.*/, '').split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const missing = after === undefined ? 0 : 8 - groups(before).length - groups(after).length;
  const all = [...groups(before), ...Array<string>(Math.max(0, missing)).fill('0'), ...groups(after ?? '')];
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}

interface LimiterOptions {
  readonly name: string;
  readonly points: number;
  readonly duration: number;
}

function openLimiter(
  { name, points, duration }: LimiterOptions,
  counts: LoginCounts,
  store: { readonly client: unknown; readonly prefix: string } | undefined,
): RateLimiterAbstract {
  const { RateLimiterCluster, RateLimiterMemory, RateLimiterRedis } = limiters();
  const shared = { points, duration, keyPrefix: `login-${name}` };
  if (counts.in === 'parent') return new RateLimiterCluster({ ...shared, timeoutMs: timeLimit });
  const own = new RateLimiterMemory(shared);
  if (store === undefined) return own;
  return new RateLimiterRedis({
    ...shared,
    keyPrefix: `${store.prefix}login-${name}`,
    storeClient: store.client,
    useRedisPackage: true,
    insuranceLimiter: own,
  });
}

/** Milliseconds for which Redis is not asked after it took its time to fail: a log-in asks three times, one after the other. */
const restTime = 5000;

/** What the limiter needs of a client, within the time limit. */
function clientOf(connection: Connection) {
  let restsUntil = 0;
  const run = async (script: string, options: { keys: string[]; arguments: string[] }) => {
    const began = performance.now();
    if (began < restsUntil) throw new Error('did not answer in time a moment ago');
    let timer: NodeJS.Timeout | undefined;
    const expiry = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error('no answer in time')), timeLimit);
    });
    try {
      return await Promise.race([connection.eval(script, options), expiry]);
    } catch (error) {
      const end = performance.now();
      if (end - began > timeLimit / 2) restsUntil = end + restTime;
      throw error;
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    eval: run,
    del: (key: string) => run("return redis.call('DEL', KEYS[1])", { keys: [key], arguments: [] }),
  };
}

async function connect(location: string): Promise<Connection & { readonly prefix: string }> {
  const address = parseLocation(location);
  const connection = address.isCluster ? clusterConnection(address) : serverConnection(address);
  try {
    await connection.connect();
  } catch (cause) {
    throw new JwtkitError('STORE_UNAVAILABLE', 'the Redis store that counts log-ins cannot be reached', { cause });
  }
  return { ...connection, prefix: address.prefix };
}

/** How many failed in the window, and how long it lasts. */
async function countOf(limiter: RateLimiterAbstract, key: string): Promise<{ failed: number; msLeft: number }> {
  // The limiter rejects with the state of a count that is full; anything else is an error of its own.
  const { consumedPoints: failed, msBeforeNext: msLeft }: RateLimiterRes = await limiter
    .consume(key, 0)
    .catch((full) => {
      if (full instanceof Error)
        throw new JwtkitError('STORE_UNAVAILABLE', 'log-ins cannot be counted', { cause: full });
      return full;
    });
  return { failed, msLeft };
}

/** Whether somebody passes a gate: what came of it, or the seconds to wait. */
type Gate = <T>(key: string, action: () => Promise<T>) => Promise<T | number>;

interface Line {
  /** How many are at the gate or past it. */
  present: number;
  /** How many are past the gate, and not known to have failed. */
  passed: number;
  /** Those who wait for one of them, in their order. */
  readonly waiting: (() => void)[];
}

/**
 * Lets nobody pass whose count is full. What is under way may fail, so that no more pass at once than may; the others wait for
 * their turn rather than be stopped: those before may be right.
 */
function gate(limiter: RateLimiterAbstract, bound: number): Gate {
  const lines = new Map<string, Line>();
  return async (key, action) => {
    const line = lines.get(key) ?? { present: 0, passed: 0, waiting: [] };
    lines.set(key, line);
    line.present++;
    const next = () => line.waiting.shift()?.();
    try {
      for (;;) {
        const { failed, msLeft } = await countOf(limiter, key);
        if (failed >= bound) return Math.max(1, Math.ceil(msLeft / 1000));
        if (failed + line.passed < bound) break;
        await new Promise<void>((resolve) => line.waiting.push(resolve));
      }
      line.passed++;
      try {
        return await action();
      } finally {
        line.passed--;
      }
    } finally {
      // Whoever leaves, stopped or not, makes room or tells the next that there is none.
      next();
      if (--line.present === 0) lines.delete(key);
    }
  };
}

/** A name may be of any length, and is nobody's business in a store. */
function digest(user: string): string {
  return createHash('sha256').update(user, 'utf8').digest('base64url');
}

/** The process that others are forked from counts for them once this was called. */
export function countLoginsForWorkers(): void {
  const { RateLimiterClusterMaster } = limiters();
  new RateLimiterClusterMaster();
}

/** Through require, as all packages that only a server uses. */
function limiters(): typeof import('rate-limiter-flexible') {
  return createRequire(import.meta.url)('rate-limiter-flexible');
}
