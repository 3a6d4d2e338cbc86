import type { Connection } from './connection.js';
import type { Address } from './location.js';

/** Makes an unconnected connection to the servers of an address. */
export async function makeConnection(address: Address): Promise<Connection> {
  // Loaded on first use: few commands need Redis, and most of those one server.
  const redis = await import('@redis/client');
  switch (address.kind) {
    case 'server':
      return (await import('./server.js')).serverConnection(redis, address);
    case 'cluster':
      return (await import('./cluster.js')).clusterConnection(redis, address);
    case 'sentinel':
      return (await import('./sentinel.js')).sentinelConnection(redis, address);
  }
}
