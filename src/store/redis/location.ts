import { JwtkitError } from '../../errors.js';

const defaultPrefix = 'jwtkit:';
const defaultPort = { server: 6379, cluster: 6379, sentinel: 26_379 } as const;
/** More replicas than one master has. */
const mostReplicas = 99;

/** A Redis store's servers, user and key prefix. */
export interface Address {
  /** One server, a cluster, or a server that sentinels name. */
  readonly kind: 'server' | 'cluster' | 'sentinel';
  /** The hosts of the location: of a sentinel location those of the sentinels. */
  readonly hosts: readonly Host[];
  readonly isTls: boolean;
  /** User and password of the servers that hold entries. */
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number | undefined;
  readonly prefix: string;
  /** How many replicas acknowledge a change before it counts. */
  readonly replicas: number;
  /** What sentinels call the master, and user and password of the sentinels. */
  readonly master?: string | undefined;
  readonly sentinelUsername?: string | undefined;
  readonly sentinelPassword?: string | undefined;
  /** The hosts and the master for messages, without secrets. */
  readonly name: string;
}

export interface Host {
  readonly host: string;
  readonly port: number;
}

const locationForm = /^redis(s?)(?:\+(cluster|sentinel))?:\/\/(?:([^@/?#]*)@)?([^@/?#]+)(?:\/([^?#]*))?(?:\?([^#]*))?$/;
const parameters = ['prefix', 'wait', 'sentinel_username', 'sentinel_password'] as const;
type Parameter = (typeof parameters)[number];

/**
 * Reads `redis[s]://[user:password@]host[:port][/database]`, `redis[s]+cluster://host[:port],…` and
 * `redis[s]+sentinel://host[:port],…/master[/database]`, each with parameters `?prefix=…&wait=N`.
 * @throws {JwtkitError} USAGE_INVALID. The message does not repeat the location, which may hold a password.
 */
export function parseLocation(location: string): Address {
  const match = locationForm.exec(location);
  if (match === null) {
    throw refuse(
      'a Redis store is redis[s]://[user:password@]host[:port][/database], redis[s]+cluster://host,host or ' +
        'redis[s]+sentinel://host,host/master[/database], perhaps with ?prefix=… and &wait=N',
    );
  }
  const [, tls, kind = 'server', credentials, hostList = '', path = '', query] = match as string[] & {
    2?: Address['kind'];
  };
  const [username, password] = (credentials ?? '').split(/:(.*)/s);
  const hosts = hostList.split(',').map((text) => parseHost(text, defaultPort[kind]));
  if (hosts.length > 1 && kind === 'server') {
    throw refuse('several Redis hosts are a cluster, redis+cluster://…, or sentinels, redis+sentinel://…/master');
  }
  const { prefix, wait, sentinel_username, sentinel_password } = parseQuery(query);
  const { master, database } = parsePath(path, kind);
  if (kind !== 'sentinel' && (sentinel_username ?? sentinel_password) !== undefined) {
    throw refuse('only a Redis store of the form redis+sentinel://… has a user or password of sentinels');
  }
  const replicas = wait ?? '0';
  if (!/^\d{1,2}$/.test(replicas)) throw refuse(`wait of the Redis store is not a number from 0 to ${mostReplicas}`);
  const names = hosts.map(({ host, port }) => `${host}:${port}`).join(',');
  return {
    ...{ kind, hosts, isTls: tls === 's', database, master },
    username: decodePart(username),
    password: decodePart(password),
    prefix: prefix ?? defaultPrefix,
    replicas: Number(replicas),
    sentinelUsername: sentinel_username,
    sentinelPassword: sentinel_password,
    name: master === undefined ? names : `${names}/${master}`,
  };
}

function refuse(message: string): JwtkitError {
  return new JwtkitError('USAGE_INVALID', message);
}

function parseHost(text: string, defaultPort: number): Host {
  const [, host, port] = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i.exec(text) ?? [];
  if (host === undefined || Number(port ?? 0) > 65_535)
    throw refuse('a host of the Redis store is not host or host:port');
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port ?? defaultPort) };
}

function parsePath(path: string, kind: Address['kind']): Pick<Address, 'master' | 'database'> {
  const [first = '', second = '', ...rest] = path.split('/');
  if (kind === 'cluster' && path !== '') throw refuse('a Redis cluster has no databases');
  const [master, database] = kind === 'sentinel' ? [first, second] : [undefined, first];
  const isShort = rest.length === 0 && (kind === 'sentinel' || second === '');
  if (!isShort || !/^\d{0,4}$/.test(database)) throw refuse('the database of the Redis store is not a number');
  if (master !== undefined && !/^[\w.-]{1,100}$/.test(master)) {
    throw refuse('a Redis store with sentinels names its master: redis+sentinel://host,host/mymaster');
  }
  return { master, database: database === '' ? undefined : Number(database) };
}

function parseQuery(query: string | undefined): Partial<Record<Parameter, string | undefined>> {
  const found: Partial<Record<Parameter, string | undefined>> = {};
  for (const pair of query?.split('&') ?? []) {
    const [name = '', value = ''] = pair.split(/=(.*)/s);
    if (!isParameter(name)) throw refuse(`the parameters of a Redis store are ${parameters.join(', ')}`);
    if (name in found) throw refuse(`the Redis store has ${name} twice`);
    found[name] = decodePart(value);
  }
  return found;
}

function isParameter(name: string): name is Parameter {
  return parameters.some((known) => known === name);
}

function decodePart(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    throw refuse('a part of the Redis store is not percent-encoded as in a URL');
  }
}
