import { JwtkitError } from '../../errors.js';

const defaultPrefix = 'jwtkit:';

/** A Redis store's servers, user and key prefix. */
export interface Address {
  readonly isCluster: boolean;
  readonly hosts: readonly { readonly host: string; readonly port: number }[];
  readonly isTls: boolean;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly database: number | undefined;
  readonly prefix: string;
}

const locationForm = /^redis(s?)(\+cluster)?:\/\/(?:([^@/?]*)@)?([^@/?]+)(?:\/(\d{1,4})?)?(?:\?prefix=([^&#]*))?$/;

/**
 * Reads `redis[s][+cluster]://[user:password@]host[:port][,…][/database][?prefix=…]`.
 * @throws {JwtkitError} USAGE_INVALID. The message does not repeat the location, which may hold a password.
 */
export function parseLocation(location: string): Address {
  const match = locationForm.exec(location);
  const refuse = (message: string) => new JwtkitError('USAGE_INVALID', message);
  if (match === null)
    throw refuse('a Redis store is redis[s][+cluster]://[user:password@]host[:port][/database][?prefix=…]');
  const [, tls, cluster, credentials, hostList = '', database, prefix] = match;
  const [username, password] = (credentials ?? '').split(/:(.*)/s);
  const hosts = hostList.split(',').map((text) => {
    const [, host, port] = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::(\d{1,5}))?$/i.exec(text) ?? [];
    if (host === undefined || Number(port ?? 0) > 65_535) {
      throw refuse('a host of the Redis store is not host or host:port');
    }
    return { host: host.replace(/^\[|\]$/g, ''), port: Number(port ?? 6379) };
  });
  if (hosts.length > 1 && cluster === undefined) throw refuse('several Redis hosts make a cluster: redis+cluster://…');
  if (database !== undefined && cluster !== undefined) throw refuse('a Redis cluster has no databases');
  return {
    isCluster: cluster !== undefined,
    hosts,
    isTls: tls === 's',
    username: decodePart(username, refuse),
    password: decodePart(password, refuse),
    database: database === undefined ? undefined : Number(database),
    prefix: decodePart(prefix, refuse) ?? defaultPrefix,
  };
}

function decodePart(text: string | undefined, refuse: (message: string) => JwtkitError): string | undefined {
  if (text === undefined || text === '') return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    throw refuse('a part of the Redis store is not percent-encoded as in a URL');
  }
}
