import { describe, expect, test } from 'vitest';
import { parseLocation } from '../../../src/store/redis/location.js';

const server = { kind: 'server', isTls: false, prefix: 'jwtkit:', replicas: 0 };
const at = (port: number, host = 'h') => ({ host, port });

describe('a location of Redis', () => {
  test.each<[string, object]>([
    ['redis://h', { ...server, hosts: [at(6379)], name: 'h:6379' }],
    ['rediss://h:1/3?prefix=a%3A', { ...server, isTls: true, hosts: [at(1)], database: 3, prefix: 'a:' }],
    ['redis://u:p%40ss%2F@h/', { ...server, username: 'u', password: 'p@ss/', database: undefined, name: 'h:6379' }],
    ['redis://:p@h', { username: undefined, password: 'p' }],
    ['redis://[::1]:7', { hosts: [at(7, '::1')] }],
    ['redis://h?wait=2&prefix=', { replicas: 2, prefix: 'jwtkit:' }],
    [
      'redis+cluster://h,i:2?wait=1',
      { kind: 'cluster', hosts: [at(6379), at(2, 'i')], replicas: 1, name: 'h:6379,i:2' },
    ],
    ['rediss+cluster://h/', { kind: 'cluster', isTls: true, hosts: [at(6379)], master: undefined }],
    [
      'redis+sentinel://u:p@h,i:2/my-master.1/5?sentinel_username=s&sentinel_password=%3F&wait=1',
      {
        ...{ kind: 'sentinel', hosts: [at(26_379), at(2, 'i')], master: 'my-master.1', database: 5, replicas: 1 },
        ...{ username: 'u', password: 'p', sentinelUsername: 's', sentinelPassword: '?' },
        name: 'h:26379,i:2/my-master.1',
      },
    ],
    ['rediss+sentinel://h/m', { kind: 'sentinel', isTls: true, master: 'm', database: undefined }],
  ])('%s', (location, expected) => {
    expect(parseLocation(location)).toMatchObject(expected);
  });

  test.each([
    ['redis+sentinel://u:hunter2@h', /names its master: redis\+sentinel:\/\/host,host\/mymaster/],
    ['redis://u:hunter2@h,i', /a cluster, redis\+cluster:\/\/…, or sentinels/],
    ['redis+cluster://u:hunter2@h/1', /has no databases/],
    ['redis://u:hunter2@h?wait=many', /wait of the Redis store is not a number/],
    ['redis://u:hunter2@h?timeout=1', /the parameters of a Redis store are prefix, wait/],
    ['redis://h?sentinel_password=hunter2', /only a Redis store of the form redis\+sentinel/],
  ])('%s is refused with the way out, and not repeated', (location, message) => {
    expect(() => parseLocation(location)).toThrow(message);
    expect(() => parseLocation(location)).not.toThrow(/hunter2/);
  });
});
