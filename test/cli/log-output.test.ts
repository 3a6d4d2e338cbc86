import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { openLogOutput } from '../../src/cli/serve/log-output.js';

const folder = mkdtempSync(join(tmpdir(), 'jwtkit-log-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const binary = fileURLToPath(new URL('../../bin/jwtkit.js', import.meta.url));

function fifo(): string {
  const path = join(mkdtempSync(join(folder, 'pipe-')), 'pipe');
  execFileSync('mkfifo', [path]);
  return path;
}

test('keeps 64 MiB for a reader who stands still, and says how many lines were lost once he goes on', async () => {
  const path = fifo();
  // For reading too, so that opening it waits for nobody.
  const log = openLogOutput(openSync(path, 'r+'));
  const line = `${'x'.repeat(65_535)}\n`;
  for (let count = 0; count < 1100; count++) log.write(line);
  let received = 0;
  let text = '';
  for await (const chunk of createReadStream(path, { encoding: 'latin1' })) {
    received += chunk.length;
    text = text.slice(-200) + chunk.slice(-200);
    if (text.includes('log lines lost')) break;
  }
  const last = text.split('\n').at(-2) as string;
  const { lines, ...rest } = JSON.parse(last);
  expect(rest).toEqual({ level: 40, time: expect.any(String), msg: 'log lines lost' });
  // Up to two are in the pipe itself.
  expect([74, 75, 76]).toContain(lines);
  expect(received).toBe((1100 - lines) * line.length + last.length + 1);
  await log.end();
});

test.skipIf(process.platform === 'win32').each([
  ['a pipe', () => openSync(fifo(), 'r+')],
  ['a socket', () => 'pipe' as const],
])('a service whose log goes to %s that nobody reads ends when it is told to', async (_what, stdout) => {
  const ready = join(mkdtempSync(join(folder, 'served-')), 'ready.json');
  const service = spawn(process.execPath, [binary, 'serve', '--demo', '--port', '0', '--ready-file', ready], {
    stdio: ['ignore', stdout(), 'ignore'],
  });
  const ended = once(service, 'exit');
  await expect.poll(() => existsSync(ready), { timeout: 20_000 }).toBe(true);
  const { url } = JSON.parse(readFileSync(ready, 'utf8'));
  // 64 KiB are in the pipe, and 200 in a socket, before somebody waits.
  for (let count = 0; count < 2000; count += 50) {
    await Promise.all(Array.from({ length: 50 }, () => fetch(`${url}/healthz`).then((answer) => answer.arrayBuffer())));
  }
  const told = performance.now();
  service.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  expect(performance.now() - told).toBeLessThan(10_000);
});
