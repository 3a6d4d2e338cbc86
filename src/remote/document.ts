/**
 * A document that is fetched when it is needed and kept while it is fresh: in memory, and in the cache that other processes
 * share. When its server is down, one that went stale within the hour still serves, and says so.
 */
import { setTimeout as wait } from 'node:timers/promises';
import { JwtkitError } from '../errors.js';
import type { CachedDocument, DocumentCache } from '../token/key-source.js';
import { formatDuration } from '../token/time.js';
import { type AddressRules, showAddress } from './address.js';
import { FetchError } from './failures.js';
import { type Deadline, deadlineIn, fetchFirst } from './fetch.js';
import { freshnessOf, type Headers } from './freshness.js';

/** How keys are fetched. */
export interface RemoteOptions extends AddressRules {
  /** The machine's clock, as a NumericDate: it decides what is fresh, whatever moment tokens are verified for. */
  readonly now: () => number;
  /** Seconds for all requests of one look-up; 5 by default. */
  readonly timeout?: number | undefined;
  /** Variables, of which HTTPS_PROXY, HTTP_PROXY and NO_PROXY are honoured; none by default. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Shared with other processes; without one, documents are kept in memory alone. */
  readonly cache?: DocumentCache | undefined;
  /** Use what the cache holds, however old, and fetch nothing. */
  readonly offline?: boolean | undefined;
}

/** Seconds for all requests of one look-up, unless told. */
const defaultTimeout = 5;

/** Seconds that a document may serve after it went stale, while its server is down. */
const staleGrace = 3600;

/** Seconds between attempts to fetch a document ahead of its time, or again after it could not be fetched. */
const retryInterval = 30;

/** Where a document is, and what it must be. */
export interface DocumentPlace<T> {
  /** What it is cached by. */
  readonly key: string;
  /** Tried in turn: the next one where a server says that there is nothing (4xx). */
  readonly addresses: readonly [URL, ...URL[]];
  /** Takes the document apart, and throws where it is not what it must be: only a sound one is kept. */
  read(body: Uint8Array, source: string): T;
}

/** A document at hand. */
export interface LoadedDocument<T> {
  readonly value: T;
  /** The address that answered, for reports. */
  readonly source: string;
  /** NumericDate. */
  readonly fetchedAt: number;
  readonly isStale: boolean;
  /** Why it could not be fetched anew, where that was tried. */
  readonly problem?: string | undefined;
}

/** A document that can be asked for at any time. */
export interface RemoteDocument<T> {
  /** @throws {JwtkitError} JWKS_UNAVAILABLE, and what reading the document throws. */
  load(deadline: Deadline): Promise<LoadedDocument<T>>;
  /** A newer one than the one at hand, ahead of its time; undefined where there is none, or it is too soon to ask. */
  reload(deadline: Deadline): Promise<LoadedDocument<T> | undefined>;
  /** The one at hand, with what is known of it now. */
  current(): LoadedDocument<T> | undefined;
}

/** The deadline of a look-up that begins now. */
export function deadlineOf({ timeout = defaultTimeout }: RemoteOptions): Deadline {
  return deadlineIn(timeout);
}

/** What a caller without a compiler may get wrong. */
function checkOptions({ now, timeout = defaultTimeout }: RemoteOptions): void {
  const isTime = Number.isFinite(timeout) && timeout > 0 && timeout <= 3600;
  if (!isTime) throw new JwtkitError('USAGE_INVALID', 'timeout is a number of seconds, at most 3600');
  if (typeof now !== 'function') throw new JwtkitError('USAGE_INVALID', 'now is a function that tells the time');
}

interface Held<T> extends CachedDocument {
  readonly value: T;
}

/** Makes the document of a place; nothing is fetched before it is asked for. */
export function remoteDocument<T>(place: DocumentPlace<T>, options: RemoteOptions): RemoteDocument<T> {
  checkOptions(options);
  const { now, cache, offline = false } = options;
  const where = showAddress(place.addresses[0]);
  let held: Held<T> | undefined;
  let problem: string | undefined;
  let loading: Promise<LoadedDocument<T>> | undefined;
  let reloading: Promise<LoadedDocument<T> | undefined> | undefined;

  /** The newest at hand; another process may have fetched a newer one. A cached one that is not sound is none. */
  function look(): Held<T> | undefined {
    const cached = cache?.read(place.key);
    if (
      cached === undefined ||
      (held !== undefined && cached.fetchedAt <= held.fetchedAt && !isLaterTry(cached, held))
    ) {
      return held;
    }
    try {
      held = { ...cached, value: place.read(Buffer.from(cached.body, 'utf8'), nameOf(cached)) };
    } catch (error) {
      if (!(error instanceof JwtkitError)) throw error;
    }
    return held;
  }

  function loaded(document: Held<T>): LoadedDocument<T> {
    const { value, fetchedAt, freshUntil } = document;
    return { value, source: nameOf(document), fetchedAt, isStale: now() >= freshUntil, problem };
  }

  async function fetchAnew(deadline: Deadline): Promise<Held<T>> {
    const atHand = held?.etag === undefined ? undefined : { href: held.url, etag: held.etag };
    const { env } = options;
    const { response, address } = await fetchFirst(place.addresses, { deadline, env, atHand });
    const { lifetime, isStorable } = freshnessOf(response.headers);
    const body = response.body === undefined ? held?.body : Buffer.from(response.body).toString('utf8');
    const source = showAddress(address);
    const value = response.body === undefined ? held?.value : place.read(response.body, source);
    const fetchedAt = Math.floor(now());
    const etag = etagOf(response.headers) ?? (response.body === undefined ? held?.etag : undefined);
    const document: CachedDocument = {
      key: place.key,
      url: address.href,
      body: body as string,
      fetchedAt,
      freshUntil: fetchedAt + lifetime,
      etag,
    };
    held = { ...document, value: value as T };
    problem = undefined;
    if (isStorable) cache?.write(document);
    return held;
  }

  /** After a failure nobody tries again for a while: not every run has to wait for a server that is down. */
  function noteFailure(error: JwtkitError, document: Held<T>): void {
    problem = error.message;
    held = { ...document, triedAt: Math.floor(now()) };
    const { value: _, ...rest } = held;
    if (cache?.read(place.key)?.fetchedAt === document.fetchedAt) cache.write(rest);
  }

  async function load(deadline: Deadline): Promise<LoadedDocument<T>> {
    if (held !== undefined && now() < held.freshUntil && !offline) return loaded(held);
    const document = look();
    if (document === undefined) {
      if (offline) {
        throw new JwtkitError('JWKS_UNAVAILABLE', `the cache holds nothing of ${where}`, {
          hint: 'run once without --offline to fill it',
        });
      }
      return loaded(await fetchAnew(deadline));
    }
    if (offline || now() < document.freshUntil) return loaded(document);
    const mayServe = now() < document.freshUntil + staleGrace;
    if (mayServe && document.triedAt !== undefined && now() - document.triedAt < retryInterval) {
      problem ??= `it could not be fetched ${formatDuration(Math.max(1, now() - document.triedAt))} ago`;
      return loaded(document);
    }
    try {
      return loaded(await fetchAnew(deadline));
    } catch (error) {
      if (!mayServe || !(error instanceof FetchError) || !error.isDown) throw error;
      noteFailure(error, document);
      return loaded(held as Held<T>);
    }
  }

  async function reload(deadline: Deadline): Promise<LoadedDocument<T> | undefined> {
    if (offline) return undefined;
    const before = held;
    const document = look();
    if (document !== undefined && document.fetchedAt > (before?.fetchedAt ?? 0)) return loaded(document);
    const lastTry = Math.max(document?.fetchedAt ?? 0, document?.triedAt ?? 0);
    if (now() - lastTry < retryInterval) return undefined;
    const claimedAt = cache?.claim(place.key, now(), retryInterval);
    if (claimedAt !== undefined) {
      // Who was before us may still be at it: what it finds is ours too.
      return now() - claimedAt <= deadline.seconds ? awaitOther(document, deadline) : undefined;
    }
    try {
      return loaded(await fetchAnew(deadline));
    } catch (error) {
      if (!(error instanceof JwtkitError)) throw error;
      if (document !== undefined) noteFailure(error, document);
      return undefined;
    }
  }

  async function awaitOther(
    document: Held<T> | undefined,
    { signal }: Deadline,
  ): Promise<LoadedDocument<T> | undefined> {
    while (!signal.aborted) {
      const latest = look();
      if (latest !== document) return latest?.fetchedAt === document?.fetchedAt ? undefined : current();
      await wait(50);
    }
    return undefined;
  }

  function current(): LoadedDocument<T> | undefined {
    return held === undefined ? undefined : loaded(held);
  }

  return {
    current,
    load: (deadline) => {
      loading ??= load(deadline).finally(() => {
        loading = undefined;
      });
      return loading;
    },
    reload: (deadline) => {
      reloading ??= reload(deadline).finally(() => {
        reloading = undefined;
      });
      return reloading;
    },
  };
}

function isLaterTry(one: CachedDocument, other: CachedDocument): boolean {
  return one.fetchedAt === other.fetchedAt && (one.triedAt ?? 0) > (other.triedAt ?? 0);
}

function nameOf({ url }: CachedDocument): string {
  return showAddress(new URL(url));
}

function etagOf({ etag }: Headers): string | undefined {
  return typeof etag === 'string' && etag.length <= 256 && /^[\x21-\x7e]+$/.test(etag) ? etag : undefined;
}
