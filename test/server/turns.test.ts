/** Requests that are sent on one connection before the answers to those ahead of them. */
import { readdirSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { beforeAll, describe, expect, test } from 'vitest';
import { until } from '../store/redis-server.js';
import { startService, type TestService } from './test-service.js';

let service: TestService;
beforeAll(async () => {
  service = await startService();
});

const get = (path: string, headers = '') => `GET ${path} HTTP/1.1\r\nHost: a\r\n${headers}\r\n`;
const last = 'Connection: close\r\n';

test('answers sixty pipelined requests in their order', async () => {
  const paths = Array.from({ length: 60 }, (_, at) => (at % 3 === 0 ? '/users/me' : `/auth/${at}`));
  const answers = await service.raw(paths.map((path, at) => get(path, at === 59 ? last : '')).join(''));
  expect([...answers.matchAll(/"path":"([^"]*)"/g)].map(([, path]) => path)).toEqual(paths);
});

test('reads pipelined forms in their order', async () => {
  const form = (body: string) =>
    `POST /token HTTP/1.1\r\nHost: a\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
  const answers = await service.raw(
    form('username=a') + get('/healthz') + form('grant_type=other') + get('/nope', last),
  );
  expect([...answers.matchAll(/HTTP\/1\.1 (\d+)/g)].map(([, status]) => status)).toEqual(['422', '200', '400', '404']);
});

test('ends a connection with a thousand pipelined requests, and serves the others', async () => {
  const answers = await service.raw(get('/openapi.json').repeat(1000));
  expect(answers.match(/HTTP\/1\.1 200/g)?.length ?? 0).toBeLessThan(100);
  expect((await service.ask('/healthz')).status).toBe(200);
});

describe.skipIf(process.platform !== 'linux')('clients that leave without reading', () => {
  const filesOpen = () => readdirSync('/proc/self/fd').length;

  const title = '%i of them open at most one file a connection, and leave none open';
  test.each([60])(title, expectFewFiles);
  test.each([1000])(title, { tags: 'slow' }, expectFewFiles);

  async function expectFewFiles(count: number): Promise<void> {
    const before = filesOpen();
    const sockets: Socket[] = [];
    for (let at = 0; at < 10; at++) {
      const socket = connect(service.port, '127.0.0.1').on('error', () => {});
      socket.pause().write(get('/docs/static/swagger-ui-bundle.js').repeat(count));
      sockets.push(socket);
    }
    // On connections that close: a kept one would count as open files.
    await service.raw(get('/healthz', last));
    await service.raw(get('/docs/static/swagger-ui-bundle.js', last));
    // Both ends of each connection are here, and a file.
    expect(filesOpen() - before).toBeLessThan(40);
    for (const socket of sockets) socket.destroy();
    await until('all files are closed', () => filesOpen() <= before + 3);
  }
});
