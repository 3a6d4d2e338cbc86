import { applies, type Denylist, mergeRevocations, type Revocation, storedUntil } from '../token/denylist.js';

/** A denylist that is gone with its process: for trying things out, where nothing is to be left behind. */
export function memoryDenylist(): Denylist {
  const entries = new Map<string, Revocation>();
  const keyOf = (kind: Revocation['kind'], id: string) => `${kind}:${id}`;
  return {
    async find(token) {
      const questions = [
        ['token', token.jti],
        ['family', token.family],
        ['subject', token.sub],
      ] as const;
      return questions
        .map(([kind, id]) => (id === undefined ? undefined : entries.get(keyOf(kind, id))))
        .find((entry) => entry !== undefined && applies(entry, token));
    },
    async add(revocation) {
      const key = keyOf(revocation.kind, revocation.id);
      const present = entries.get(key);
      const entry = { ...revocation, until: storedUntil(revocation.until) };
      entries.set(key, present === undefined ? entry : mergeRevocations(entry, present));
    },
    async consume(jti, until) {
      const key = keyOf('token', jti);
      const present = entries.get(key);
      if (present === undefined) {
        entries.set(key, { kind: 'token', id: jti, reason: 'consumed', until: storedUntil(until) });
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
