/** The options of `serve`, checked before anything is opened. */
import { isIP } from 'node:net';
import { createSecureContext } from 'node:tls';
import { JwtkitError } from '../../../errors.js';
import { textBytes } from '../../../jose/text.js';
import { isCookieName } from '../../../server/cookie.js';
import { type AudienceOptions, audienceDemand } from '../../grammar/audience.js';
import type { StoreOptions } from '../../grammar/denylist.js';
import type { Invocation } from '../../grammar/invocation.js';
import type { KeyOptions } from '../../grammar/keys/source.js';
import {
  type LifetimeOptions,
  lifetimes,
  type RotationOptions,
  readLeeway,
  readRotation,
} from '../../grammar/lifetimes.js';
import type { Flags, Lists, Texts } from '../../grammar/option.js';
import { readInteger, readSigningAlgorithms } from '../../grammar/values.js';
import { readNamed } from '../../secrets/named-file.js';
import { usage } from '../../terminal/errors.js';
import { originOption } from './origin.js';

/** The options as commander reads them. */
export interface ServeOptions
  extends KeyOptions,
    StoreOptions,
    LifetimeOptions,
    RotationOptions,
    AudienceOptions,
    Texts<'host' | 'port' | 'readyFile' | 'leeway' | 'users' | 'clients' | 'loginAttempts' | 'workers'>,
    Texts<'authCookie' | 'trustProxy' | 'tlsCert' | 'tlsKey' | 'typ'>,
    Lists<'cors'>,
    Flags<'demo'> {
  /** A list if it comes from the policy file. */
  issuer?: string | string[];
  logFormat?: 'json' | 'text';
  alg?: string | string[];
}

/** The checked options. */
export type ServeSettings = ReturnType<typeof readSettings>;

const maxWorkers = 256;
/** Seconds: enough for a browser to ask again, or for two tabs. */
const defaultRotateGrace = 5;
const maxPemBytes = 1_048_576;

/**
 * Reads the options.
 * @throws {JwtkitError} USAGE_INVALID; FILE_NOT_READABLE, KEY_INVALID for the files of TLS.
 */
export function readSettings(invocation: Invocation<ServeOptions>) {
  const { options, label } = invocation;
  const settings = {
    host: options.host ?? '127.0.0.1',
    port: readInteger(label('port'), options.port, 0, 65_535, 7) ?? 8000,
    workers: readInteger(label('workers'), options.workers, 1, maxWorkers, 7) ?? 1,
    isDemo: options.demo === true,
    readyFile: options.readyFile,
    issuer: issuerOption(label('issuer'), options.issuer),
    ...audienceDemand(invocation),
    algorithms: readSigningAlgorithms(invocation),
    ...lifetimes(invocation),
    typ: options.typ,
    leeway: readLeeway(invocation),
    rotatesRefreshTokens: options.rotate === true,
    ...readRotation(invocation, defaultRotateGrace),
    loginAttempts: readInteger(label('loginAttempts'), options.loginAttempts, 1, 1_000_000, 7),
    corsOrigins: (options.cors ?? []).map((origin) => originOption(label('cors'), origin)),
    authCookie: cookieOption(label('authCookie'), options.authCookie),
    trustedProxies: proxiesOption(label('trustProxy'), options.trustProxy),
    tls: tlsOption(invocation),
    certificateFile: options.tlsCert,
  };
  if (settings.isDemo) checkDemo(settings, invocation);
  return settings;
}

/** An issuer is a URL without query and fragment (RFC 8414 §2). Its text stays as it is, since verifiers compare it exactly. */
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
  // The message does not repeat it: it may hold a password.
  throw usage(`${name} is not the URL of an issuer`, 'use an https URL without query, fragment and credentials');
}

function cookieOption(name: string, text: string | undefined): string | undefined {
  if (text === undefined || isCookieName(text)) return text;
  throw usage(
    `${name}: ${JSON.stringify(text)} is not the name of a cookie`,
    'letters, digits and - _ . such as __Host-token; not its value',
  );
}

function proxiesOption(name: string, text: string | undefined): number | readonly string[] | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,2}$/.test(text)) return Number(text);
  const proxies = text.split(',').map((each) => each.trim());
  const isKnown = (each: string) => {
    const [address = '', bits = '1', ...rest] = each.split('/');
    // With /0 each client could choose its own address.
    const isSize = /^\d{1,3}$/.test(bits) && Number(bits) >= 1 && Number(bits) <= (isIP(address) === 4 ? 32 : 128);
    const isNetwork = isSize && rest.length === 0;
    return /^(?:loopback|linklocal|uniquelocal)$/.test(each) || (isIP(address) !== 0 && isNetwork);
  };
  if (proxies.every(isKnown)) return proxies;
  throw usage(
    `${name}: ${JSON.stringify(text)} names no proxies`,
    'a number of hops, or by commas: addresses, networks such as 10.0.0.0/8, loopback, linklocal, uniquelocal',
  );
}

function tlsOption({ options, label }: Invocation<ServeOptions>): { cert: Buffer; key: Buffer } | undefined {
  const { tlsCert, tlsKey } = options;
  if (tlsCert === undefined && tlsKey === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw usage(`HTTPS takes a certificate and its key: ${label('tlsCert')} and ${label('tlsKey')}`);
  }
  const pair = { cert: readPem(tlsCert, '--tls-cert'), key: readPem(tlsKey, '--tls-key') };
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

function readPem(path: string, flag: string): Buffer {
  return textBytes(readNamed(path, flag, { maxBytes: maxPemBytes, showsPath: true }), (problem, hint) => {
    return new JwtkitError('FILE_NOT_READABLE', `${path} ${problem}`, { hint });
  });
}

/** Whether only this machine can reach a host to listen on. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}

const containerHint =
  'in a container, pass --demo without --host and share the network of the host (docker run --network host), or serve ' +
  'users of your own: jwtkit keygen, jwtkit users add alice --sub user-123, jwtkit serve --host 0.0.0.0';

/** The demo's password is public, so only this machine may reach it. Its users are in the memory of one process. */
function checkDemo(settings: ServeSettings, { label, origin }: Invocation<ServeOptions>): void {
  if (!isLoopbackHost(settings.host))
    throw usage('--demo listens on this machine alone: its password is no secret', containerHint);
  if (settings.workers > 1) throw usage('--demo and --workers exclude each other');
  for (const name of ['keyring', 'key', 'keyEnv', 'secretFile', 'secretEnv', 'store', 'users', 'clients'] as const) {
    if (origin(name) !== 'flag') continue;
    throw usage('--demo makes its own keys and users, and keeps no files', `leave out --demo or ${label(name)}`);
  }
}
