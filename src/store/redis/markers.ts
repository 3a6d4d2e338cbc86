/** Markers on the servers of a Redis store. A server whose marker is gone or new has lost its entries. */
import { randomBytes } from 'node:crypto';
import type { StoreWatch } from '../denylist-options.js';
import type { Connection } from './connection.js';
import { isForbidden } from './failures.js';

/** Writes the marker if it is missing. It uses the commands of entries, so a user needs no further rights. */
const markScript = `
local old = redis.call('HMGET', KEYS[1], 'value')
if old[1] then return old[1] end
redis.call('HSET', KEYS[1], 'kind', 'marker', 'value', ARGV[1])
return ARGV[1]`;

/** Keys to try until one belongs to the given server. */
const mostTries = 20_000;

interface MarkersOptions extends Pick<StoreWatch, 'markers' | 'onMarker'> {
  readonly prefix: string;
  readonly isWriter: boolean;
  /** Called when a server lost its entries, with the evidence. */
  readonly onLoss: (sign: string) => void;
  /** Takes a note that says why there can be no marker. */
  readonly note: (text: string) => void;
}

/**
 * Returns a function that checks the marker of a server, or makes the first one. The questions of one turn share a command, which is
 * sent after them.
 */
export function redisMarkers(connection: Connection, options: MarkersOptions): (server: string) => Promise<void> {
  const { prefix, onMarker, onLoss, note } = options;
  const known = new Map(options.markers);
  /** The keys of the markers by server. */
  const keys = new Map<string, string>();
  /** Servers that can have no marker: a prefix in braces puts all keys into one slot. */
  const keyless = new Set<string>();
  const reading = new Map<string, Promise<void>>();
  let mayWrite = options.isWriter;

  async function check(server: string): Promise<void> {
    const key = keyOn(server);
    if (key === undefined) return;
    const value = known.has(key) ? await readValue(key) : await mark(key);
    // Another check may have remembered it meanwhile.
    const remembered = known.get(key);
    if (remembered !== undefined) {
      if (value !== remembered) onLoss(value === undefined ? 'its marker is gone' : 'its marker has changed');
    } else if (value !== undefined) {
      // The first writer makes the marker. Until then there are no entries to lose.
      known.set(key, value);
      onMarker?.(key, value);
    }
  }

  async function readValue(key: string): Promise<string | undefined> {
    const [value] = await connection.hmGet(key, ['value']);
    return value ?? undefined;
  }

  /** Returns the marker. Makes it if it is missing and the user may write. */
  async function mark(key: string): Promise<string | undefined> {
    try {
      if (!mayWrite) return await readValue(key);
      const own = randomBytes(16).toString('base64url');
      return String(await connection.eval(markScript, { keys: [key], arguments: [own] }));
    } catch (error) {
      if (isForbidden(error)) {
        note(`its user may not ${mayWrite ? 'write' : 'read'} ${key}: jwtkit cannot notice that Redis came back empty`);
        if (!mayWrite) return undefined;
        mayWrite = false;
        return mark(key);
      }
      // Such a server takes no writes now, but can be read.
      if (error instanceof Error && /^(?:READONLY|OOM|MISCONF|NOREPLICAS)\b/.test(error.message)) return undefined;
      throw error;
    }
  }

  /** Returns the key of a server's marker: the first numbered key that belongs to the server. */
  function keyOn(server: string): string | undefined {
    const last = keys.get(server);
    // A cluster may have moved the key's slot.
    if (last !== undefined && connection.serverOf(last) === server) return last;
    const tries = keyless.has(server) ? 1 : mostTries;
    for (let at = 0; at < tries; at++) {
      const key = `${prefix}marker:${at}`;
      if (connection.serverOf(key) !== server) continue;
      keys.set(server, key);
      return key;
    }
    keyless.add(server);
    return undefined;
  }

  return (server) => {
    const running = reading.get(server);
    if (running !== undefined) return running;
    const started = Promise.resolve().then(() => {
      reading.delete(server);
      return check(server);
    });
    reading.set(server, started);
    return started;
  };
}
