import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, existsSync, mkdtempSync, openSync, readFileSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { openLogOutput } from '../../../src/server/processes/log-output.js';

const folder = mkdtempSync(join(tmpdir(), 'jwtkit-log-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const binary = fileURLToPath(new URL('../../../bin/jwtkit.js', import.meta.url));

function fifo(): string {
  const path = join(mkdtempSync(join(folder, 'pipe-')), 'pipe');
  execFileSync('mkfifo', [path]);
  return path;
}

test('keeps 64 MiB for a stuck reader, then reports the number of lost lines', { tags: 'slow' }, async () => {
  const path = fifo();
  // For reading too, so that opening it waits for nobody.
  const log = openLogOutput(openSync(path, 'r+'), { note: () => {} });
  const line = `${'x'.repeat(65_535)}\n`;
  for (let count = 0; count < 1100; count++) log.write(line);
  const reports: { lines: number }[] = [];
  let received = 0;
  let text = '';
  for await (const chunk of createReadStream(path, { encoding: 'latin1' })) {
    const pieces = `${text}${chunk}`.split('\n');
    text = pieces.pop() as string;
    for (const piece of pieces) {
      if (`${piece}\n` === line) received++;
      else reports.push(JSON.parse(piece));
    }
    // The last line waits 100 ms for others; a quick reader has the report by then.
    if (reports.length > 0 && received + (reports[0]?.lines ?? 0) >= 1100) break;
  }
  const lines = 1100 - received;
  expect(reports).toEqual([{ level: 40, time: expect.any(String), lines, msg: 'log lines lost' }]);
  // Up to two are in the pipe itself.
  expect([74, 75, 76]).toContain(lines);
  await log.end();
});

test.skipIf(process.platform === 'win32')('two processes that share a pipe leave no half line', async () => {
  const path = fifo();
  const outputs = ['a', 'b'].map((name) => ({ name, log: openLogOutput(openSync(path, 'r+'), { note: () => {} }) }));
  const count = 4000;
  for (const { name, log } of outputs) {
    for (let at = 0; at < count; at++) log.write(`${name}${'漢'.repeat(at % 300)}${name}\n`);
  }
  let text = '';
  let lines = 0;
  for await (const chunk of createReadStream(path, { encoding: 'utf8', highWaterMark: 5000 })) {
    const pieces = `${text}${chunk}`.split('\n');
    text = pieces.pop() as string;
    for (const line of pieces) expect(line).toMatch(/^(a漢*a|b漢*b)$/);
    lines += pieces.length;
    if (lines === 2 * count) break;
  }
  await Promise.all(outputs.map(({ log }) => log.end()));
});

/** Starts a demo with its log at `stdout`; resolves to the process and its address. */
async function startDemo(stdout: number | 'pipe', ...flags: string[]) {
  const ready = join(mkdtempSync(join(folder, 'served-')), 'ready.json');
  const args = [...flags, binary, 'serve', '--demo', '--port', '0', '--ready-file', ready];
  const service = spawn(process.execPath, args, { stdio: ['ignore', stdout, 'ignore'] });
  const ended = once(service, 'exit');
  await expect.poll(() => existsSync(ready) && readFileSync(ready, 'utf8'), { timeout: 20_000 }).toBeTruthy();
  const { url } = JSON.parse(readFileSync(ready, 'utf8'));
  const ask = (count: number) =>
    Promise.all(Array.from({ length: count }, () => fetch(`${url}/healthz`).then((answer) => answer.arrayBuffer())));
  return { service, ended, ask };
}

test.skipIf(process.platform === 'win32').each([
  ['a pipe', () => openSync(fifo(), 'r+')],
  ['a socket', () => 'pipe' as const],
])('a service ends although nobody reads %s of its log', { tags: 'slow' }, async (_what, stdout) => {
  const { service, ended, ask } = await startDemo(stdout());
  // 64 KiB are in the pipe, and 200 in a socket, before somebody waits.
  for (let count = 0; count < 40; count++) await ask(50);
  const told = performance.now();
  service.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
  expect(performance.now() - told).toBeLessThan(10_000);
});

test.skipIf(process.platform === 'win32').each(['a file', 'a pipe'])(
  'a service that ends by an error leaves its last lines in %s',
  { tags: 'slow' },
  async (what) => {
    const path = what === 'a file' ? join(mkdtempSync(join(folder, 'log-')), 'log') : fifo();
    const bomb = "process.on('SIGUSR2', () => { throw new Error('a bug') })";
    const descriptor = openSync(path, what === 'a file' ? 'w' : 'r+');
    const { service, ended, ask } = await startDemo(descriptor, '--import', `data:text/javascript,${bomb}`);
    await ask(6);
    service.kill('SIGUSR2');
    expect(await ended).not.toEqual([0, null]);
    const bytes = Buffer.alloc(65_536);
    const text = bytes.toString('utf8', 0, readSync(openSync(path, 'r'), bytes));
    expect(text.match(/"msg":"request"/g)).toHaveLength(6);
  },
);
