/**
 * Watches a Redis that holds a denylist: if Redis forgets an entry, a revoked token is valid again. On each connection and every few
 * seconds the guard asks whether the server evicts entries. With every answer it reads a marker, an entry with a random value. A
 * server that came back empty has no marker, or another one. A replica that is cut off from its master misses what is revoked there.
 */
import { JwtkitError } from '../../errors.js';
import type { StoreWatch } from '../denylist-options.js';
import { type Connection, ShownReason } from './connection.js';
import { isForbidden } from './failures.js';
import { redisMarkers } from './markers.js';

const defaultInterval = 10_000;
/** Milliseconds until the next look at a server that evicts. */
const retryInterval = 1000;

/** The last look at a server, by INFO. */
interface Look {
  /** When the next look is due, by `performance.now()`. */
  next: number;
  running?: Promise<void> | undefined;
  /** The number of connections when it began. A look from before the latest connection does not count. */
  connectionsAtStart: number;
  /** How many keys the server had evicted by then. */
  evictedKeys?: number;
  problem?: JwtkitError | undefined;
}

/** Says whether the answers of one store can be relied on. */
export type RedisGuard = ReturnType<typeof redisGuard>;

/** Makes the guard of a store. `isWriter` says whether this process may make the marker. */
export function redisGuard(
  connection: Connection,
  { name, prefix, isWriter }: { readonly name: string; readonly prefix: string; readonly isWriter: boolean },
  watch: StoreWatch,
) {
  const looks = new Map<string, Look>();
  const checks = new Map<string, Promise<void>>();
  const noted = new Set<string>();
  let connections = 0;
  let lost: JwtkitError | undefined;
  const readMarker = redisMarkers(connection, { ...watch, prefix, isWriter, onLoss: recordLoss, note });
  /** The masters at the last connection. */
  let masters: readonly string[] | undefined;
  connection.onConnect(() => {
    connections++;
    notePromotions();
  });

  /**
   * Looks at every server for the first time.
   * @throws {JwtkitError} STORE_UNAVAILABLE for a server that evicts. Lost entries do not fail here but at each question: a worker
   * that cannot start would be replaced again and again.
   */
  async function open(): Promise<void> {
    const servers = connection.servers();
    await Promise.all(servers.map(lookIfDue));
    masters = servers;
    refuseIfEvicting(servers);
    if (watch.note !== undefined) await Promise.all(servers.map(notePersistence));
  }

  /** @throws {JwtkitError} STORE_UNAVAILABLE after a loss, until the process ends. */
  function refuseIfLost(): void {
    if (lost !== undefined) throw lost;
  }

  /**
   * Asks the servers of these keys. Resolves if no server is known to have lost entries and none evicts. Call it in the same turn of
   * the event loop as the question: then Redis reads the marker right after it, and no loss in between goes unnoticed.
   * @throws {JwtkitError} STORE_UNAVAILABLE.
   */
  function check(keys: readonly string[]): Promise<void> {
    const servers = new Set(keys.map((key) => connection.serverOf(key)));
    const [server, ...others] = servers;
    return server !== undefined && others.length === 0 ? checkOnce(server) : checkServers(servers);
  }

  /** Resolves if no server lost anything; throws as {@link check}. */
  function checkAll(): Promise<void> {
    return checkServers(new Set(connection.servers()));
  }

  /** One check serves all questions of a turn of the event loop. A check for each question would exceed the time limit. */
  function checkOnce(server: string): Promise<void> {
    const running = checks.get(server);
    if (running !== undefined) return running;
    // The microtask runs before the marker is read, so no later question relies on this check.
    queueMicrotask(() => checks.delete(server));
    const started = checkServers(new Set([server]));
    checks.set(server, started);
    return started;
  }

  async function checkServers(asked: ReadonlySet<string>): Promise<void> {
    const servers = connection.servers();
    const running = [...asked].flatMap((server) => [lookIfDue(server), readMarker(server)]);
    // Other servers may be down, so nothing waits for them. If one has lost entries, the next question fails.
    for (const server of servers) if (!asked.has(server)) lookIfDue(server).catch(() => {});
    await Promise.all(running);
    refuseIfLost();
    refuseIfEvicting(servers);
  }

  function refuseIfEvicting(servers: readonly string[]): void {
    for (const server of servers) {
      const problem = looks.get(server)?.problem;
      if (problem !== undefined) throw problem;
    }
  }

  function lookIfDue(server: string): Promise<void> {
    const last = looks.get(server) ?? { next: 0, connectionsAtStart: -1 };
    looks.set(server, last);
    if (last.running !== undefined) return last.running;
    if (last.connectionsAtStart === connections && performance.now() < last.next) return Promise.resolve();
    last.connectionsAtStart = connections;
    last.running = look(server, last).finally(() => {
      last.running = undefined;
    });
    return last.running;
  }

  async function look(server: string, last: Look): Promise<void> {
    // A look that fails is due again at once.
    last.next = 0;
    const section = (title: string) => connection.info(server, title).catch(ignoreForbidden);
    // readMarker reports a loss by itself.
    const sections = ['memory', 'stats', 'replication'].map(section);
    const [[memory, stats, replication]] = await Promise.all([Promise.all(sections), readMarker(server)]);
    if (/^master_link_status:down/m.test(replication ?? '')) throw cutOff();
    if (memory === undefined)
      note('its user may not run INFO: jwtkit cannot check that maxmemory-policy is noeviction');
    const policy = /^maxmemory_policy:(\S+)/m.exec(memory ?? '')?.[1] ?? 'noeviction';
    const isLimited = memory !== undefined && !/^maxmemory:0\s*$/m.test(memory);
    last.problem = isLimited && policy !== 'noeviction' ? evictionError(policy) : undefined;
    const evicted = Number(/^evicted_keys:(\d+)/m.exec(stats ?? '')?.[1] ?? 0);
    const counted = last.evictedKeys ?? evicted;
    // A restart and CONFIG RESETSTAT begin at zero again.
    const before = evicted < counted ? 0 : counted;
    last.evictedKeys = evicted;
    const interval = watch.interval ?? defaultInterval;
    last.next = performance.now() + (last.problem === undefined ? interval : Math.min(interval, retryInterval));
    if (evicted > before) recordLoss('it evicted some');
  }

  function recordLoss(evidence: string): void {
    if (lost !== undefined) return;
    const message = `the Redis store ${name} lost entries (${evidence}): a revoked token would be valid again`;
    const hint = 'revoke again what must stay revoked, or restore Redis, then restart this process';
    lost = new JwtkitError('STORE_UNAVAILABLE', message, { hint, details: { reason: 'entries were lost' } });
    watch.note?.(`${message}; ${hint}`);
  }

  function evictionError(policy: string): JwtkitError {
    return new JwtkitError(
      'STORE_UNAVAILABLE',
      `the Redis store ${name} evicts entries (${policy}): a revoked token would be valid again`,
      { hint: 'set its maxmemory-policy to noeviction', details: { reason: 'entries are evicted' } },
    );
  }

  function note(text: string): void {
    if (noted.has(text)) return;
    noted.add(text);
    watch.note?.(`the Redis store ${name}: ${text}`);
  }

  /** Notes each server that took the place of another one: a replica may lack what its master did last. */
  function notePromotions(): void {
    if (masters === undefined) return;
    const servers = connection.servers();
    const promoted = servers.filter((server) => !masters?.includes(server));
    masters = servers;
    for (const server of promoted) {
      watch.note?.(
        `the Redis store ${name}: ${server} is a master now; if it was a replica, it may lack what was revoked in the moment before`,
      );
    }
  }

  /** Notes a Redis that keeps nothing on disk. A user who may not read its settings gets no note. */
  async function notePersistence(server: string): Promise<void> {
    const setting = (option: string) => connection.setting(server, option).catch(() => undefined);
    const [save, appendOnly] = await Promise.all([setting('save'), setting('appendonly')]);
    if (save !== '' || appendOnly !== 'no') return;
    note('it keeps entries in memory only (no save, no appendonly): a restart of Redis forgets what was revoked');
  }

  return { open, refuseIfLost, check, checkAll };
}

/** Such a server answers by what it knew. What was revoked at its master since then, or at a new one, is unknown. */
function cutOff(): ShownReason {
  return new ShownReason(
    'it is a replica that has lost its master, and would miss revocations',
    'connect it to its master again, or name the master',
  );
}

function ignoreForbidden(error: unknown): undefined {
  if (!isForbidden(error)) throw error;
}
