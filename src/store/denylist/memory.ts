import { applies, type Denylist, mergeRevocations, type Revocation, storedUntil } from '../../token/denylist.js';
import { keyOf, keysFor } from './keys.js';

/** Makes a denylist in the memory of this process, for the demo and for tests. */
export function memoryDenylist(): Denylist {
  const entries = new Map<string, Revocation>();
  return {
    async find(token) {
      const found = keysFor(token).map((key) => entries.get(key));
      return found.find((entry) => entry !== undefined && applies(entry, token));
    },
    async add(revocation) {
      const key = keyOf(revocation.kind, revocation.id);
      const present = entries.get(key);
      const entry = { ...revocation, until: storedUntil(revocation.until) };
      entries.set(key, present === undefined ? entry : mergeRevocations(entry, present));
    },
    async consume(jti, until, use) {
      const key = keyOf('token', jti);
      const present = entries.get(key);
      if (present === undefined) {
        entries.set(key, { kind: 'token', id: jti, reason: 'consumed', until: storedUntil(until), use });
      }
      return present;
    },
    async *list() {
      yield* entries.values();
    },
    async prune(now) {
      const expired = [...entries].filter(([, { until }]) => until <= now);
      for (const [key] of expired) entries.delete(key);
      return expired.length;
    },
    async close() {},
  };
}
