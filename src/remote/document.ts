/** A document of a server, such as a JWK Set: fetched on demand, kept in memory and in the cache, and used for a while after it is stale. */
import { setTimeout as wait } from 'node:timers/promises';
import { JwtkitError } from '../errors.js';
import type { CachedDocument } from '../store/document-cache.js';
import { formatDuration } from '../token/time.js';
import { showAddress } from './address.js';
import { authorizationOf, carriesToken } from './bearer-token.js';
import { FetchError } from './failures.js';
import { fetchFirst } from './fetch.js';
import { freshnessOf, type Headers } from './freshness.js';
import { checkRemoteOptions, type Deadline, type RemoteOptions } from './options.js';

/** Seconds that a stale document still serves while its server is down. */
const staleGrace = 3600;

/** Seconds between two attempts to fetch a document before it is stale, or after a failure. */
const retryInterval = 30;

interface DocumentPlace<T> {
  /** The key of the document in the cache. */
  readonly key: string;
  /** The only origin that gets the caller's bearer token; by default that of the first address. */
  readonly origin?: string | undefined;
  /** The addresses to try: the next one only if a server has no such document (4xx). */
  readonly addresses: readonly [URL, ...URL[]];
  /**
   * Reads the document. A refused document is not kept. Work that grows with the document calls `checkTime`, which throws
   * when the time is over.
   */
  read(body: Uint8Array, source: string, checkTime: () => void): T;
}

/** A document, and what a report says about it. */
export interface LoadedDocument<T> {
  readonly value: T;
  /** The address that answered. */
  readonly source: string;
  /** NumericDate. */
  readonly fetchedAt: number;
  readonly isStale: boolean;
  /** Why the last attempt to fetch it failed. */
  readonly problem?: string | undefined;
}

interface Held<T> extends CachedDocument {
  readonly value: T;
}

export type RemoteDocument<T> = ReturnType<typeof remoteDocument<T>>;

/**
 * Returns a document that is fetched on demand, and kept in memory and in the cache while it is fresh. A stale document
 * serves for another hour while its server is down. Concurrent callers share one request.
 * @throws {JwtkitError} USAGE_INVALID for bad options.
 */
export function remoteDocument<T>(place: DocumentPlace<T>, options: RemoteOptions) {
  checkRemoteOptions(options);
  const origin = place.origin ?? place.addresses[0].origin;
  // Throws if the token would go over plain HTTP.
  for (const address of place.addresses) carriesToken(address, origin, options);
  const { now, cache, env, offline = false } = options;
  let held: Held<T> | undefined;
  let problem: string | undefined;
  let loading: Promise<LoadedDocument<T>> | undefined;
  let reloading: Promise<LoadedDocument<T> | undefined> | undefined;

  function authorize(address: URL): string | undefined {
    const { token } = options;
    return token !== undefined && carriesToken(address, origin, options) ? authorizationOf(token) : undefined;
  }

  async function loadNow(deadline: Deadline): Promise<LoadedDocument<T>> {
    if (held !== undefined && now() < held.freshUntil && !offline) return toLoaded(held);
    const document = newest(deadline);
    if (document === undefined) {
      if (!offline) return toLoaded(await fetchNew(deadline));
      throw new JwtkitError('JWKS_UNAVAILABLE', `the cache has no copy of ${showAddress(place.addresses[0])}`, {
        hint: 'run once without --offline to fill it',
      });
    }
    if (offline || now() < document.freshUntil) return toLoaded(document);
    const mayServe = now() < document.freshUntil + staleGrace;
    const sinceTry = now() - (document.triedAt ?? Number.NEGATIVE_INFINITY);
    if (mayServe && sinceTry < retryInterval) {
      problem ??= `it could not be fetched ${formatDuration(Math.max(1, sinceTry))} ago`;
      return toLoaded(document);
    }
    try {
      return toLoaded(await fetchNew(deadline));
    } catch (error) {
      if (!mayServe || !(error instanceof FetchError) || !error.isDown) throw error;
      return toLoaded(recordFailure(error, document));
    }
  }

  async function reloadNow(deadline: Deadline): Promise<LoadedDocument<T> | undefined> {
    if (offline) return undefined;
    const before = held?.fetchedAt ?? 0;
    const document = newest(deadline);
    if (document !== undefined && document.fetchedAt > before) return toLoaded(document);
    const lastTry = Math.max(document?.fetchedAt ?? 0, document?.triedAt ?? 0);
    if (now() - lastTry < retryInterval) return undefined;
    const otherClaim = cache?.claim(place.key, now(), retryInterval);
    if (otherClaim !== undefined) {
      const mayStillRun = now() - otherClaim <= deadline.seconds;
      return mayStillRun ? awaitOtherProcess(document, deadline) : undefined;
    }
    try {
      return toLoaded(await fetchNew(deadline));
    } catch (error) {
      if (!(error instanceof JwtkitError)) throw error;
      if (document !== undefined) recordFailure(error, document);
      return undefined;
    }
  }

  /** Waits for the document that another process is fetching. */
  async function awaitOtherProcess(
    document: Held<T> | undefined,
    deadline: Deadline,
  ): Promise<LoadedDocument<T> | undefined> {
    while (!deadline.signal.aborted) {
      const latest = newest(deadline);
      // If the stored document is not newer, only its failure was recorded: the other process failed.
      if (latest !== document) return latest?.fetchedAt === document?.fetchedAt ? undefined : current();
      await wait(50);
    }
    return undefined;
  }

  /** Returns the newer one of memory and cache, which another process may have filled. A bad one in the cache is ignored. */
  function newest(deadline: Deadline): Held<T> | undefined {
    const cached = cache?.read(place.key);
    if (cached === undefined || !isNewer(cached, held)) return held;
    try {
      held = { ...cached, value: read(Buffer.from(cached.body, 'utf8'), sourceOf(cached), deadline) };
    } catch (error) {
      if (!(error instanceof JwtkitError)) throw error;
    }
    return held;
  }

  async function fetchNew(deadline: Deadline): Promise<Held<T>> {
    const before = held;
    const known = before?.etag === undefined ? undefined : { href: before.url, etag: before.etag };
    const { address, body, headers } = await fetchFirst(place.addresses, { deadline, env, known, authorize });
    const { lifetime, isStorable } = freshnessOf(headers);
    const isUnchanged = body === undefined;
    const value = isUnchanged ? (before as Held<T>).value : read(body, showAddress(address), deadline);
    const fetchedAt = Math.floor(now());
    const document: CachedDocument = {
      key: place.key,
      url: address.href,
      body: isUnchanged ? (before as Held<T>).body : Buffer.from(body).toString('utf8'),
      fetchedAt,
      freshUntil: fetchedAt + lifetime,
      etag: etagOf(headers) ?? (isUnchanged ? before?.etag : undefined),
    };
    held = { ...document, value };
    problem = undefined;
    if (isStorable) cache?.write(document);
    return held;
  }

  function read(body: Uint8Array, source: string, deadline: Deadline): T {
    const checkTime = () => deadline.check(source);
    const value = place.read(body, source, checkTime);
    checkTime();
    return value;
  }

  /** Keeps the time of a failure, also for other processes: not every run has to wait for a server that is down. */
  function recordFailure(error: JwtkitError, document: Held<T>): Held<T> {
    const { value, ...rest } = { ...document, triedAt: Math.floor(now()) };
    if (cache?.read(place.key)?.fetchedAt === document.fetchedAt) cache.write(rest);
    problem = error.message;
    held = { ...rest, value };
    return held;
  }

  function toLoaded(document: Held<T>): LoadedDocument<T> {
    const { value, fetchedAt, freshUntil } = document;
    return { value, source: sourceOf(document), fetchedAt, isStale: now() >= freshUntil, problem };
  }

  function current(): LoadedDocument<T> | undefined {
    return held === undefined ? undefined : toLoaded(held);
  }

  return {
    /**
     * Returns a document that may be used now.
     * @throws {JwtkitError} JWKS_UNAVAILABLE, and what reading the document throws.
     */
    load(deadline: Deadline): Promise<LoadedDocument<T>> {
      loading ??= loadNow(deadline).finally(() => {
        loading = undefined;
      });
      return loading;
    },
    /** Returns a newer document than the one in memory; undefined without one, or if the last attempt was seconds ago. */
    reload(deadline: Deadline): Promise<LoadedDocument<T> | undefined> {
      reloading ??= reloadNow(deadline).finally(() => {
        reloading = undefined;
      });
      return reloading;
    },
    current,
  };
}

/** Whether a document was fetched later than another, or another attempt failed since. */
function isNewer(one: CachedDocument, other: CachedDocument | undefined): boolean {
  if (other === undefined || one.fetchedAt !== other.fetchedAt) return one.fetchedAt > (other?.fetchedAt ?? -1);
  return (one.triedAt ?? 0) > (other.triedAt ?? 0);
}

function sourceOf({ url }: CachedDocument): string {
  return showAddress(new URL(url));
}

function etagOf({ etag }: Headers): string | undefined {
  return typeof etag === 'string' && etag.length <= 256 && /^[\x21-\x7e]+$/.test(etag) ? etag : undefined;
}
