// @module-tag slow
/** Why a store cannot be used, as the built binary says it: a bundle has other names than the source. */
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeKeyring, stdoutOf, temporaryFolder } from '../../cli/fake-io.js';
import { runBinary } from '../../cli/served.js';

const ports: Record<string, number> = {};
const servers: Server[] = [];
let keyring: string;
let token: string;
beforeAll(async () => {
  const kinds = { ends: undefined, fails: '-OOPS hunter2\r\n' };
  for (const [kind, answer] of Object.entries(kinds)) {
    const server = createServer((socket) => {
      socket.on('error', () => {});
      socket.on('data', () => (answer === undefined ? socket.destroy() : socket.write(answer)));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ports[kind] = (server.address() as { port: number }).port;
    servers.push(server);
  }
  keyring = await makeKeyring();
  token = await stdoutOf(['issue', '--sub', 'u', '--keyring', keyring], { now: Date.now() / 1000 });
});
afterAll(() => {
  for (const server of servers) server.close();
});

const schemes = [
  ['redis', ''],
  ['redis+cluster', ''],
  ['redis+sentinel', '/mymaster'],
] as const;
const cases = schemes.flatMap(([scheme, master]) => [
  [scheme, master, 'ends', 'it cannot be reached'] as const,
  [scheme, master, 'fails', 'it answers with an error (OOPS)'] as const,
]);

test.each(cases)('%s://…%s of a server that %s: %s', async (scheme, master, kind, reason) => {
  const store = `${scheme}://u:hunter2@127.0.0.1:${ports[kind]}${master}`;
  const args = ['verify', token, '--keyring', keyring, '--store', store];
  const { exitCode, stderr } = await runBinary(args, { cwd: temporaryFolder() });
  expect(stderr).toMatch(/^error: the Redis store 127\.0\.0\.1:\d+\S* cannot be used: /);
  expect(stderr.trimEnd().endsWith(`: ${reason}`), stderr).toBe(true);
  expect(exitCode).toBe(3);
});
