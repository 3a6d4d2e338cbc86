import { JwtkitError } from '../errors.js';
import type { Denylist, Revocation, TokenIdentity } from '../token/denylist.js';

/** Opens what `open` finds, or else a denylist that waits for it. Rejects as `open` does. */
export async function awaitDenylist(open: () => Promise<Denylist | undefined>): Promise<Denylist> {
  return (await open()) ?? new AwaitedDenylist(open);
}

/**
 * A denylist that may not be there yet: nothing is revoked until `open` finds it, which is asked anew each time until then.
 * Once found it stays open; an error of `open` is the answer of that one question.
 */
class AwaitedDenylist implements Denylist {
  readonly #open: () => Promise<Denylist | undefined>;
  #opening: Promise<Denylist | undefined> | undefined;
  #isClosed = false;

  constructor(open: () => Promise<Denylist | undefined>) {
    this.#open = open;
  }

  async find(token: TokenIdentity): Promise<Revocation | undefined> {
    return (await this.#opened())?.find(token);
  }

  async add(revocation: Revocation): Promise<void> {
    return ((await this.#opened()) ?? refuse()).add(revocation);
  }

  async consume(jti: string, until: number): Promise<Revocation | undefined> {
    return ((await this.#opened()) ?? refuse()).consume(jti, until);
  }

  async *list(): AsyncIterable<Revocation> {
    const denylist = await this.#opened();
    if (denylist !== undefined) yield* denylist.list();
  }

  async prune(now: number): Promise<number> {
    return (await this.#opened())?.prune(now) ?? 0;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await (await this.#opening?.catch(() => undefined))?.close();
  }

  /** Questions that come together share one attempt; only one that found the store is kept. */
  async #opened(): Promise<Denylist | undefined> {
    if (this.#isClosed) throw new JwtkitError('STORE_UNAVAILABLE', 'the denylist was closed');
    this.#opening ??= this.#open();
    const opening = this.#opening;
    let denylist: Denylist | undefined;
    try {
      denylist = await opening;
    } finally {
      if (denylist === undefined && this.#opening === opening) this.#opening = undefined;
    }
    return denylist;
  }
}

/** What is not recorded must not pass for recorded. */
function refuse(): never {
  throw new JwtkitError('STORE_UNAVAILABLE', 'there is no denylist yet to record anything in', {
    hint: 'open it in the mode write, which makes it',
  });
}
