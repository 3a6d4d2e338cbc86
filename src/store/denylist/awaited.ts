import { JwtkitError } from '../../errors.js';
import type { Denylist } from '../../token/denylist.js';

/**
 * Returns a denylist that may not exist yet: nothing is revoked until `open` finds it. Each question calls `open` again until then,
 * and fails if `open` throws.
 */
export function awaitedDenylist(open: () => Promise<Denylist | undefined>): Denylist {
  let opening: Promise<Denylist | undefined> | undefined;
  let isClosed = false;

  /** Simultaneous questions share one attempt. Only a successful attempt is kept. */
  async function find(): Promise<Denylist | undefined> {
    if (isClosed) throw new JwtkitError('STORE_UNAVAILABLE', 'the denylist was closed');
    opening ??= open();
    const attempt = opening;
    let denylist: Denylist | undefined;
    try {
      denylist = await attempt;
    } finally {
      if (denylist === undefined && opening === attempt) opening = undefined;
    }
    return denylist;
  }

  return {
    find: async (token) => (await find())?.find(token),
    add: async (revocation) => ((await find()) ?? refuse()).add(revocation),
    consume: async (jti, until, use) => ((await find()) ?? refuse()).consume(jti, until, use),
    async *list() {
      yield* (await find())?.list() ?? [];
    },
    prune: async (now) => (await find())?.prune(now) ?? 0,
    async close() {
      if (isClosed) return;
      isClosed = true;
      await (await opening?.catch(() => undefined))?.close();
    },
  };
}

function refuse(): never {
  throw new JwtkitError('STORE_UNAVAILABLE', 'there is no denylist yet to record anything in', {
    hint: 'open it in the mode write, which makes it',
  });
}
