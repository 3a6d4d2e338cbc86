/** A master, replicas that follow it, and three sentinels that promote a replica if the master is gone. */
import { type RedisOptions, type RedisServer, startRedis, until } from './redis-server.js';

/** What sentinels watch. */
export interface RedisSentinels {
  /** `redis+sentinel://…`, with the password of the servers. */
  readonly url: string;
  /** The first one is the master at the start. */
  readonly servers: readonly [RedisServer, RedisServer, ...RedisServer[]];
  readonly sentinels: readonly RedisServer[];
  /** The server that the sentinels name. */
  master(): Promise<RedisServer>;
  /** Makes a replica the master, and waits until the sentinels name it. */
  failOver(): Promise<void>;
  /** Waits until the master knows so many replicas that follow it. */
  untilFollowed(count?: number): Promise<void>;
  remove(): Promise<void>;
}

interface SentinelOptions extends RedisOptions {
  readonly replicas?: number;
  /** Further arguments of the last replica. */
  readonly lastArgs?: readonly string[];
  /** The password of the sentinels. */
  readonly sentinelPassword?: string;
}

/** Starts a master with replicas and three sentinels, and waits until all know each other. */
export async function startRedisSentinels({
  replicas = 1,
  lastArgs = [],
  args = [],
  password,
  sentinelPassword,
}: SentinelOptions = {}): Promise<RedisSentinels> {
  const auth = password === undefined ? [] : ['--masterauth', password];
  const own = {
    args: ['--repl-diskless-sync-delay', '0', ...auth, ...args],
    ...(password === undefined ? {} : { password }),
  };
  const first = await startRedis(own);
  const follow = ['--replicaof', '127.0.0.1', String(first.port)];
  const others = await Promise.all(
    Array.from({ length: replicas }, (_, at) =>
      startRedis({ ...own, args: [...own.args, ...follow, ...(at === replicas - 1 ? lastArgs : [])] }),
    ),
  );
  const servers = [first, ...others] as [RedisServer, RedisServer, ...RedisServer[]];
  const lines = [
    `sentinel monitor mymaster 127.0.0.1 ${first.port} 2`,
    ...(password === undefined ? [] : [`sentinel auth-pass mymaster ${password}`]),
    'sentinel down-after-milliseconds mymaster 700',
    'sentinel failover-timeout mymaster 5000',
    ...(sentinelPassword === undefined ? [] : [`sentinel sentinel-pass ${sentinelPassword}`]),
  ];
  const sentinels = await Promise.all(
    [0, 1, 2].map(() =>
      startRedis({
        sentinel: `${lines.join('\n')}\n`,
        ...(sentinelPassword === undefined ? {} : { password: sentinelPassword }),
      }),
    ),
  );
  const master = async () => {
    const [, port] = await (sentinels[0] as RedisServer).ask('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', 'mymaster');
    return servers.find((server) => String(server.port) === port) as RedisServer;
  };
  const untilFollowed = (count = replicas) =>
    until(`${count} replicas`, async () => {
      const lines = await (await master()).ask('INFO', 'replication');
      return lines.filter((line) => /^slave\d+:.*state=online/.test(line)).length === count;
    });
  await untilFollowed();
  for (const sentinel of sentinels) {
    await until('the sentinels know each other', async () => {
      const [, , ...fields] = await sentinel.ask('SENTINEL', 'MASTER', 'mymaster');
      const fieldOf = (name: string) => fields[fields.indexOf(name) + 1];
      return fieldOf('num-other-sentinels') === '2' && fieldOf('num-slaves') === String(replicas);
    });
  }
  const credentials = password === undefined ? '' : `:${encodeURIComponent(password)}@`;
  const hosts = sentinels.map(({ port }) => `127.0.0.1:${port}`).join(',');
  const known = sentinelPassword === undefined ? '' : `?sentinel_password=${encodeURIComponent(sentinelPassword)}`;
  return {
    url: `redis+sentinel://${credentials}${hosts}/mymaster${known}`,
    servers,
    sentinels,
    master,
    untilFollowed,
    failOver: async () => {
      const before = await master();
      await (sentinels[0] as RedisServer).ask('SENTINEL', 'FAILOVER', 'mymaster');
      await until('another master', async () => (await master()) !== before);
    },
    remove: async () => {
      await Promise.all([...sentinels, ...servers].map((server) => server.remove()));
    },
  };
}
