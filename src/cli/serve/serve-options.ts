/** What the options of `serve` say, read and checked before anything is opened. */
import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import { JwtkitError } from '../../errors.js';
import type { AlgorithmName } from '../../jose/algorithms.js';
import { readFileBounded } from '../../store/files.js';
import { maxLeeway } from '../../token/denylist.js';
import { formatDuration } from '../../token/time.js';
import type { KeyOptions } from '../keys.js';
import { type LifetimeOptions, lifetimes } from '../lifetimes.js';
import { durationOption, type Invocation, signingAlgorithmOption, usage } from '../options.js';
import type { StoreOptions } from '../stores.js';

/** The options as they were given. */
export interface ServeOptions extends KeyOptions, StoreOptions, LifetimeOptions {
  host?: string;
  port?: string;
  readyFile?: string;
  /** A list where the policy file gives it. */
  issuer?: string | string[];
  aud?: string[];
  alg?: string | string[];
  leeway?: string;
  rotate?: boolean;
  users?: string;
  clients?: string;
  loginAttempts?: string;
  cors?: string[];
  trustProxy?: string;
  tlsCert?: string;
  tlsKey?: string;
  workers?: string;
  demo?: boolean;
}

/** The options as they are meant. */
export interface ServeSettings {
  readonly host: string;
  readonly port: number;
  readonly workers: number;
  readonly isDemo: boolean;
  readonly readyFile: string | undefined;
  readonly issuer: string | undefined;
  readonly audience: readonly string[] | undefined;
  readonly algorithms: readonly AlgorithmName[] | undefined;
  readonly accessTtl: number | undefined;
  readonly refreshTtl: number | undefined;
  readonly leeway: number | undefined;
  readonly rotatesRefreshTokens: boolean;
  readonly loginAttempts: number;
  readonly corsOrigins: readonly string[];
  readonly trustedProxies: number | readonly string[] | undefined;
  readonly tls: { readonly cert: Uint8Array; readonly key: Uint8Array } | undefined;
}

const maxWorkers = 256;
const maxPemBytes = 1_048_576;

/**
 * Reads the options.
 * @throws {JwtkitError} USAGE_INVALID; FILE_NOT_READABLE, KEY_INVALID for the files of TLS.
 */
export function readSettings(invocation: Invocation<ServeOptions>): ServeSettings {
  const { options, label } = invocation;
  const settings: ServeSettings = {
    host: options.host ?? '127.0.0.1',
    port: wholeNumber(label('port'), options.port, 0, 65_535) ?? 8000,
    workers: wholeNumber(label('workers'), options.workers, 1, maxWorkers) ?? 1,
    isDemo: options.demo === true,
    readyFile: options.readyFile,
    issuer: issuerOption(label('issuer'), options.issuer),
    audience: options.aud,
    algorithms: signingAlgorithmOption(invocation),
    ...lifetimes(invocation),
    leeway: leewayOption(label('leeway'), options.leeway),
    rotatesRefreshTokens: options.rotate === true,
    loginAttempts: wholeNumber(label('loginAttempts'), options.loginAttempts, 1, 1_000_000) ?? 10,
    corsOrigins: (options.cors ?? []).map((origin) => originOption(label('cors'), origin)),
    trustedProxies: proxiesOption(label('trustProxy'), options.trustProxy),
    tls: tlsOption(invocation),
  };
  if (settings.isDemo) checkDemo(settings, invocation);
  return settings;
}

function leewayOption(name: string, text: string | undefined): number | undefined {
  const seconds = durationOption(name, text);
  if (seconds === undefined || seconds <= maxLeeway) return seconds;
  throw usage(`${name}: at most ${formatDuration(maxLeeway)}, revocations outlive a token by no more`);
}

function wholeNumber(name: string, text: string | undefined, least: number, most: number): number | undefined {
  if (text === undefined) return undefined;
  const number = /^\d{1,7}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw usage(`${name}: ${JSON.stringify(text)} is not a number from ${least} to ${most}`);
}

/** RFC 8414 §2: an issuer is a URL without query and fragment. It is compared character by character, so it stays as it is. */
function issuerOption(name: string, issuers: string | string[] | undefined): string | undefined {
  const [text, ...others] = [issuers ?? []].flat();
  if (text === undefined) return undefined;
  if (others.length > 0) throw usage(`${name} accepts ${others.length + 1} issuers`, 'name yours with --issuer-url');
  const url = !/[\s\p{Cc}]/u.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  const isIssuer =
    (url?.protocol === 'https:' || url?.protocol === 'http:') &&
    !/[?#]/.test(text) &&
    url.username === '' &&
    url.password === '';
  if (isIssuer) return text;
  // It may hold a password, so it is not repeated.
  throw usage(`${name} is no URL of an issuer`, 'that is an https URL without query, fragment and login');
}

function originOption(name: string, text: string): string {
  if (URL.canParse(text) && new URL(text).origin === text) return text;
  throw usage(
    `${name}: ${JSON.stringify(text)} is not an origin`,
    'an origin is a scheme, a host and perhaps a port, such as https://app.example',
  );
}

function proxiesOption(name: string, text: string | undefined): number | readonly string[] | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,2}$/.test(text)) return Number(text);
  const proxies = text.split(',').map((each) => each.trim());
  const isKnown = (each: string) => {
    const [address = '', bits = '0', ...rest] = each.split('/');
    const isNetwork = /^\d{1,3}$/.test(bits) && Number(bits) <= (isIP(address) === 4 ? 32 : 128) && rest.length === 0;
    return /^(?:loopback|linklocal|uniquelocal)$/.test(each) || (isIP(address) !== 0 && isNetwork);
  };
  if (proxies.every(isKnown)) return proxies;
  throw usage(
    `${name}: ${JSON.stringify(text)} names no proxies`,
    'a number of hops, or by commas: addresses, networks such as 10.0.0.0/8, loopback, linklocal, uniquelocal',
  );
}

function tlsOption({ options, label }: Invocation<ServeOptions>): ServeSettings['tls'] {
  const { tlsCert, tlsKey } = options;
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw usage(`HTTPS takes a certificate and its key: ${label('tlsCert')} and ${label('tlsKey')}`);
  }
  const pair = { cert: readFileBounded(tlsCert, maxPemBytes), key: readFileBounded(tlsKey, maxPemBytes) };
  try {
    createSecureContext(pair);
  } catch (cause) {
    throw new JwtkitError('KEY_INVALID', `${tlsCert} and ${tlsKey} are not a certificate and its private key, as PEM`, {
      hint: 'the certificate comes first where its file holds a chain; the key is not encrypted',
      cause,
    });
  }
  return pair;
}

/** Whether an address to listen on can be reached from this machine alone. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/** A demo's password is in the manual, so that nobody else may reach it; and it is in the memory of one process. */
function checkDemo(settings: ServeSettings, { origin }: Invocation<ServeOptions>): void {
  if (!isLoopbackHost(settings.host)) throw usage('--demo listens on this machine alone: its password is no secret');
  if (settings.workers > 1) throw usage('--demo and --workers exclude each other');
  for (const name of ['keyring', 'key', 'secretFile', 'secretEnv', 'store', 'users', 'clients'] as const) {
    if (origin(name) !== 'flag') continue;
    throw usage(`--demo makes its own keys and users, and keeps no files`, `leave one of them out`);
  }
}
