/** Runs the service: in this process, or in several that share its port. */
import { existsSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { JwtkitError } from '../../errors.js';
import type { Key } from '../../jose/key.js';
import { buildService } from '../../server/app.js';
import type { ServiceDeps } from '../../server/service.js';
import { stopService } from '../../server/stop.js';
import { openAccounts } from '../../store/accounts.js';
import { isRedisLocation } from '../../store/denylist.js';
import { type LoginCounts, openLoginLimits } from '../../store/login-limits.js';
import { isPassword } from '../../store/password.js';
import { accountsFile } from '../accounts.js';
import type { Context, Io } from '../io.js';
import { ownKeySource, signingAlgorithm } from '../keys.js';
import { type Invocation, usage } from '../options.js';
import { withDenylist } from '../stores.js';
import { announce, nextStop, withdraw } from './announcement.js';
import { demoDeps } from './demo.js';
import { readSettings, type ServeOptions, type ServeSettings } from './serve-options.js';
import {
  gatherMetrics,
  isWorker,
  nextStopOfWorker,
  reportReady,
  serveWithWorkers,
  sharedPort,
  sharedPortNumber,
} from './workers.js';

/** What a service stands on here, beside what it is handed by this process. */
type OpenedDeps = Omit<ServiceDeps, 'now' | 'log' | 'gatherMetrics'>;

/**
 * Serves until the process is told to end.
 * @throws {JwtkitError} USAGE_INVALID; what opening keys, users and stores throws; FILE_NOT_WRITABLE for the ready file;
 * ADDRESS_UNAVAILABLE.
 */
export async function serve(invocation: Invocation<ServeOptions>, context: Context): Promise<void> {
  const { io } = context;
  const settings = readSettings(invocation);
  const isOneOfSeveral = isWorker(io);
  if (settings.workers > 1 && !isOneOfSeveral) {
    context.exitCode = await serveWithWorkers(settings, io);
    return;
  }
  await withOpened(invocation, settings, io, async (deps) => {
    checkAlgorithm(await deps.keys.signingKey(io.now()), invocation, settings);
    const log = await openLog(io);
    let url = '';
    const app = await buildService(
      {
        ...settings,
        issuer: () => settings.issuer ?? url,
        requiresIssuer: settings.issuer !== undefined,
      },
      { ...deps, now: io.now, log, gatherMetrics: isOneOfSeveral ? gatherMetrics : undefined },
    );
    url = await listen(app, { ...settings, port: sharedPortNumber(io) ?? settings.port });
    try {
      const stop = isOneOfSeveral ? nextStopOfWorker() : nextStop(io);
      if (isOneOfSeveral) reportReady(app, url);
      else announce(url, settings, io);
      await stop;
    } finally {
      await stopService(app, isOneOfSeveral ? sharedPort : undefined);
    }
    if (!isOneOfSeveral) withdraw(url, settings);
    await log.end?.();
  });
}

/**
 * Of keys that come later each has its own algorithm; the first is looked at before anybody asks for a token.
 * @throws {JwtkitError} USAGE_INVALID where it has none that is allowed.
 */
function checkAlgorithm(key: Key, invocation: Invocation<ServeOptions>, { algorithms }: ServeSettings): void {
  const alg = signingAlgorithm(invocation, algorithms, key);
  if (alg === undefined || key.algorithms.includes(alg)) return;
  throw usage(`${invocation.label('alg')}: the key does not sign by ${alg}, but by ${key.algorithms.join(', ')}`);
}

/** Opens what the service stands on, and lets go of it afterwards. */
async function withOpened(
  invocation: Invocation<ServeOptions>,
  settings: ServeSettings,
  io: Io,
  action: (deps: OpenedDeps) => Promise<void>,
): Promise<void> {
  const { options } = invocation;
  const counts: LoginCounts = settings.isDemo ? { in: 'process' } : whereCountsAre(options.store, io);
  const logins = await openLoginLimits(counts, {
    perUser: settings.loginAttempts,
    perAddress: settings.loginAttempts * 10,
  });
  try {
    if (settings.isDemo) return await action({ ...(await demoDeps(io.now())), logins });
    const keys = await ownKeySource(invocation, io);
    const accounts = openAccounts({ users: namedFile('users', invocation), clients: namedFile('clients', invocation) });
    await withDenylist(invocation, 'write', io, (denylist) => {
      return action({ keys, accounts, denylist, logins, isPassword });
    });
  } finally {
    await logins.close();
  }
}

/** Those of one kind; a file that somebody names and that is not there is a mistake, not nobody. */
function namedFile(kind: 'users' | 'clients', { options, label }: Invocation<ServeOptions>): string {
  const path = accountsFile(options, kind);
  if (options[kind] !== undefined && !existsSync(path)) {
    throw new JwtkitError('FILE_NOT_READABLE', `cannot read ${path}: no such file or folder`, {
      hint: `${label(kind)} names the file of the ${kind}; jwtkit ${kind} add makes it`,
    });
  }
  return path;
}

function whereCountsAre(store: string | undefined, io: Io): LoginCounts {
  if (store !== undefined && isRedisLocation(store)) return { in: 'redis', location: store };
  return { in: isWorker(io) ? 'parent' : 'process' };
}

/** Log lines go to stdout, through a buffer where there is a process to write for. */
async function openLog(io: Io): Promise<{ write(line: string): void; end?(): Promise<void> }> {
  return (await io.openLog?.()) ?? { write: (line) => io.stdout.write(line) };
}

async function listen(app: FastifyInstance, { host, port, tls }: ServeSettings): Promise<string> {
  try {
    await app.listen({ host, port, backlog: 1024 });
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
    throw new JwtkitError('ADDRESS_UNAVAILABLE', `cannot listen on ${host}:${port}: ${reasons[code] ?? code}`, {
      hint: code === 'EADDRINUSE' ? 'choose another --port, or 0 for any that is free' : undefined,
      cause,
    });
  }
  const { port: actual } = app.server.address() as AddressInfo;
  const isAny = host === '0.0.0.0' || host === '::';
  const name = isAny ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `${tls === undefined ? 'http' : 'https'}://${name}:${actual}`;
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use',
  EACCES: 'permission denied',
  EADDRNOTAVAIL: 'this machine does not have the address',
  ENOTFOUND: 'there is no such host',
};
