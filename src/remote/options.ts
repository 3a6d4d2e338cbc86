import { JwtkitError } from '../errors.js';
import { requireObject } from '../jose/arguments.js';
import { checkOptions, type OptionKinds } from '../jose/options.js';
import type { DocumentCache } from '../store/document-cache.js';
import { requireNow } from '../token/time.js';
import type { AddressRules } from './address.js';
import { FetchError } from './failures.js';

/** How keys are fetched. */
export interface RemoteOptions extends AddressRules {
  /** The machine's clock, as a NumericDate. It decides what is fresh. `--at` does not. */
  readonly now: () => number;
  /** Seconds for all requests of one look-up and for reading what they bring; 5 by default. */
  readonly timeout?: number | undefined;
  /** Environment variables, of which HTTPS_PROXY, HTTP_PROXY and NO_PROXY count; none by default. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** A cache shared with other processes; without one, documents are kept in memory. */
  readonly cache?: DocumentCache | undefined;
  /**
   * Returns a bearer token for the server that the caller names, asked before each request. It goes to the origin of that URL alone:
   * not where metadata or redirects lead, and not over plain HTTP, except to this machine with `insecureHttp`.
   */
  readonly token?: (() => string) | undefined;
  /** Use cached documents of any age, and fetch nothing. */
  readonly offline?: boolean | undefined;
}

const optionKinds: OptionKinds<RemoteOptions> = {
  now: 'checked elsewhere',
  timeout: 'checked elsewhere',
  env: 'an object',
  cache: 'an object',
  token: 'checked elsewhere',
  offline: 'true or false',
  insecureHttp: 'true or false',
};

const defaultTimeout = 5;

/** Returns the deadline of a look-up that begins now. */
export function deadlineOf({ timeout = defaultTimeout }: RemoteOptions): Deadline {
  return new Deadline(timeout);
}

/**
 * Checks types, for a caller in JavaScript.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function checkRemoteOptions(options: RemoteOptions): void {
  requireObject(options, 'the second argument', '{ now }');
  checkOptions('the second argument', options, optionKinds, { insecure: 'it is insecureHttp' });
  const { now, token, timeout = defaultTimeout } = options;
  const isTime = Number.isFinite(timeout) && timeout > 0 && timeout <= 3600;
  if (!isTime) throw new JwtkitError('USAGE_INVALID', 'timeout is a number of seconds, at most 3600');
  if (typeof now !== 'function') {
    const hint = 'the time goes on while keys are kept: now: () => Date.now() / 1000';
    throw new JwtkitError('USAGE_INVALID', 'now is a function that returns the time', { hint });
  }
  requireNow(now(), 'what now() returns');
  if (token !== undefined && typeof token !== 'function') {
    throw new JwtkitError('USAGE_INVALID', 'token is a function that returns the bearer token');
  }
}

/** The time that all requests of one look-up and the reading of their answers share. It begins now. */
export class Deadline {
  readonly signal: AbortSignal;
  readonly seconds: number;
  readonly #end: number;

  constructor(seconds: number) {
    const milliseconds = Math.max(1, Math.ceil(seconds * 1000));
    this.signal = AbortSignal.timeout(milliseconds);
    this.seconds = seconds;
    this.#end = performance.now() + milliseconds;
  }

  /**
   * Refuses to go on when the time is over. Work that never waits calls this, since no signal can interrupt it.
   * @throws {FetchError} JWKS_UNAVAILABLE.
   */
  check(where: string): void {
    if (performance.now() < this.#end) return;
    throw new FetchError(`cannot use ${where}: fetching and reading it took longer than ${this.seconds} s`, {
      isDown: false,
      hint: 'allow more time with --timeout',
    });
  }
}
