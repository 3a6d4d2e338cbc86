import { execFileSync } from 'node:child_process';
import { createReadStream, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openLogOutput } from '../../src/cli/serve/log-output.js';

const folder = mkdtempSync(join(tmpdir(), 'jwtkit-log-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('keeps 64 MiB for a reader who stands still, and says how many lines were lost once he goes on', async () => {
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
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
  expect(JSON.parse(last)).toEqual({ level: 40, time: expect.any(String), lines: 76, msg: 'log lines lost' });
  expect(received).toBe(1024 * line.length + last.length + 1);
  await log.end();
});
