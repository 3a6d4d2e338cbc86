/** Runs the service: in this process, or in several that share its port. */
import cluster from 'node:cluster';
import { existsSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { dirname } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { hasErrorCode, JwtkitError } from '../../../errors.js';
import { reasonOf } from '../../../files/system-error.js';
import type { Key } from '../../../jose/key.js';
import { buildService } from '../../../server/app.js';
import { runWorkers, type SharedState } from '../../../server/processes/parent.js';
import {
  gatherMetrics,
  nextStopOfWorker,
  reportMarker,
  reportReady,
  reportUsers,
  sharedPort,
  whenUsersSeen,
} from '../../../server/processes/worker.js';
import type { ServiceDeps } from '../../../server/service.js';
import { stopService } from '../../../server/stop.js';
import { openAccounts } from '../../../store/accounts/open-accounts.js';
import { isRedisLocation } from '../../../store/denylist/open.js';
import { loginBounds, openLoginLimits } from '../../../store/login-limits/limits.js';
import { countLoginsForWorkers } from '../../../store/login-limits/parent-points.js';
import { accountsFile } from '../../grammar/accounts.js';
import { withDenylist } from '../../grammar/denylist.js';
import type { Invocation } from '../../grammar/invocation.js';
import { ownKeySource, signingAlgorithm } from '../../grammar/keys/signing.js';
import { serveVariables } from '../../grammar/known-variables.js';
import { usage } from '../../terminal/errors.js';
import type { Context, Io } from '../../terminal/io.js';
import { announce, nextStop, refuseForeignReadyFile, withdraw } from './announcement.js';
import { demoDeps } from './demo.js';
import { openLog } from './log.js';
import { readSettings, type ServeOptions, type ServeSettings } from './options.js';
import { openPasswords } from './passwords.js';

/** One process of the service: its options, and the state from its parent if it is one of several. */
interface Process {
  readonly invocation: Invocation<ServeOptions>;
  readonly settings: ServeSettings;
  readonly shared: SharedState | undefined;
  readonly io: Io;
}

/** The keys and stores of a service. */
type Stores = Omit<ServiceDeps, 'now' | 'log' | 'gatherMetrics'>;

/**
 * Serves until the process is told to end.
 * @throws {JwtkitError} USAGE_INVALID; the errors of opening keys, users and stores; FILE_NOT_WRITABLE for the ready file;
 * ADDRESS_UNAVAILABLE.
 */
export async function serve(invocation: Invocation<ServeOptions>, context: Context): Promise<void> {
  const { io } = context;
  const settings = readSettings(invocation);
  const shared = readSharedState(io);
  if (settings.workers > 1) refuseStdin(invocation);
  if (shared === undefined) refuseForeignReadyFile(settings);
  if (settings.workers > 1 && shared === undefined) context.exitCode = await serveWithWorkers(settings, io);
  else await runInProcess({ invocation, settings, shared, io });
}

/** Standard input can be read once, and each worker opens the keys itself. */
function refuseStdin({ options, label }: Invocation<ServeOptions>): void {
  const name = (['key', 'secretFile', 'passphraseFile'] as const).find((each) => options[each] === '-');
  if (name === undefined) return;
  throw usage(
    `${label(name)} - and --workers exclude each other`,
    'each worker reads the key; name a file or a variable, such as --key-env',
  );
}

async function serveWithWorkers(settings: ServeSettings, io: Io): Promise<number> {
  countLoginsForWorkers();
  const { exitCode, url } = await runWorkers({
    ...settings,
    variablesOf,
    stop: nextStop(io),
    onReady: (readyUrl) => announce(readyUrl, settings, io),
    note: io.note,
  });
  withdraw(url, settings);
  return exitCode;
}

/** The environment variables by which the parent passes its state to a worker. */
function variablesOf({ port, hadUsers, markers }: SharedState): Record<string, string> {
  return {
    [serveVariables.worker]: '1',
    [serveVariables.port]: String(port),
    [serveVariables.users]: hadUsers === undefined ? '' : hadUsers ? '1' : '0',
    [serveVariables.markers]: JSON.stringify([...markers]),
  };
}

/** Returns the state that this worker got from its parent; undefined if this process is not a worker of jwtkit. */
function readSharedState({ env }: Io): SharedState | undefined {
  // Another program's cluster may run jwtkit in its workers; it does not set the variable.
  if (!cluster.isWorker || env[serveVariables.worker] !== '1') return undefined;
  const users = env[serveVariables.users] ?? '';
  return {
    port: Number(env[serveVariables.port]),
    hadUsers: users === '' ? undefined : users === '1',
    markers: new Map(JSON.parse(env[serveVariables.markers] ?? '[]')),
  };
}

/** @param warnings are noted once the service listens. */
async function run(
  { invocation, settings, shared, io }: Process,
  stores: Stores,
  warnings: readonly string[] = [],
): Promise<void> {
  checkAlgorithm(await stores.keys.signingKey(io.now()), invocation, settings);
  const log = await openLog(invocation, io);
  let url = '';
  const options = {
    ...settings,
    issuer: () => settings.issuer ?? url,
    requiresIssuer: settings.issuer !== undefined,
  };
  const deps = { ...stores, now: io.now, log, gatherMetrics: shared && gatherMetrics };
  const app = await buildService(options, deps);
  url = await listen(app, { ...settings, port: shared?.port ?? settings.port });
  for (const text of warnings) io.note(text);
  try {
    const stop = shared === undefined ? nextStop(io) : nextStopOfWorker();
    if (shared === undefined) announce(url, settings, io);
    else reportReady(app, url);
    await stop;
  } finally {
    await stopService(app, shared && sharedPort);
  }
  if (shared === undefined) withdraw(url, settings);
  await log.end();
}

/** Checks the first signing key before the service listens. Each later key is checked when it signs. */
function checkAlgorithm(key: Key, invocation: Invocation<ServeOptions>, { algorithms }: ServeSettings): void {
  const alg = signingAlgorithm(invocation, algorithms, key);
  if (alg === undefined || key.algorithms.includes(alg)) return;
  throw usage(`${invocation.label('alg')}: the key does not sign by ${alg}, but by ${key.algorithms.join(', ')}`);
}

/** Opens keys and stores, serves with them, and closes them afterwards. */
async function runInProcess(process: Process): Promise<void> {
  const { invocation, settings, shared, io } = process;
  // Of several workers only the first writes the notes about the stores.
  const isNoting = shared === undefined || cluster.worker?.id === 1;
  const note = (text: string) => isNoting && io.note(text);
  const logins = await openLogins(process, note);
  try {
    if (settings.isDemo) return await run(process, { ...(await demoDeps(io.now())), logins });
    const keys = await ownKeySource(invocation, io);
    const users = accountsPath('users', process);
    const clients = accountsPath('clients', process);
    const known = shared === undefined ? {} : { hadUsers: shared.hadUsers, onUsers: reportUsers, whenUsersSeen };
    const accounts = openAccounts({ users, clients }, { ...known, looksOnceATurn: true });
    const warnings: string[] = [];
    if (isNoting && accounts.isEmpty()) {
      warnings.push(`nobody can log in: ${dirname(users)} has no users; add one with: jwtkit users add NAME --sub ID`);
    }
    if (
      isNoting &&
      settings.audience === undefined &&
      settings.anyAudience !== true &&
      keys.publishedSet !== undefined
    ) {
      warnings.push('without --aud access tokens name no audience, so other verifiers cannot tell whom a token is for');
    }
    const watch = { note, ...(shared && { markers: shared.markers, onMarker: reportMarker }) };
    if (isNoting && keys.publishedSet === undefined) {
      const { warningOfKnownSecret } = await import('./known-secret.js');
      const warning = await warningOfKnownSecret(await keys.signingKey(io.now()));
      if (warning !== undefined) warnings.push(warning);
    }
    const { close, ...passwords } = openPasswords(accounts, users, io);
    const stores = { keys, accounts, logins, ...passwords };
    await withDenylist(invocation, 'write', io, (denylist) => run(process, { ...stores, denylist }, warnings), watch);
    await close();
  } finally {
    await logins.close();
  }
}

/** Counts failed log-ins in Redis if the denylist is there, else in the parent of several workers, else in this process. */
function openLogins({ invocation, settings, shared }: Process, note: (text: string) => void) {
  const { store } = invocation.options;
  const bounds = loginBounds(settings.loginAttempts);
  if (!settings.isDemo && store !== undefined && isRedisLocation(store)) {
    return openLoginLimits({ in: 'redis', location: store }, bounds, note);
  }
  return openLoginLimits({ in: shared === undefined ? 'process' : 'parent' }, bounds, note);
}

/** Returns the path of the users or the clients. A file that an option names must exist when the first worker starts. */
function accountsPath(kind: 'users' | 'clients', { invocation, shared, io }: Process): string {
  const { options, label } = invocation;
  const path = accountsFile(invocation, kind, io);
  if (options[kind] !== undefined && shared?.hadUsers === undefined && !existsSync(path)) {
    throw new JwtkitError('FILE_NOT_READABLE', `cannot read ${path}: no such file or folder`, {
      hint: `${label(kind)} names the file of the ${kind}; jwtkit ${kind} add makes it`,
    });
  }
  return path;
}

async function listen(app: FastifyInstance, { host, port, tls }: ServeSettings): Promise<string> {
  try {
    await app.listen({ host, port, backlog: 1024 });
  } catch (cause) {
    throw new JwtkitError('ADDRESS_UNAVAILABLE', `cannot listen on ${host}:${port}: ${reasonOf(cause)}`, {
      hint: hasErrorCode(cause, 'EADDRINUSE') ? 'choose another --port, or 0 for any that is free' : undefined,
      cause,
    });
  }
  const { port: actual } = app.server.address() as AddressInfo;
  const isAny = host === '0.0.0.0' || host === '::';
  const name = isAny ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `${tls === undefined ? 'http' : 'https'}://${name}:${actual}`;
}
