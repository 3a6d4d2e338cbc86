// @module-tag slow
/** Reports of long batches, with the real binary: their memory is bounded, and threads change nothing. */
import { spawnSync } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { fileWith, makeKeyring, temporaryFolder } from '../cli/fake-io.js';
import { plainEnvironment } from '../programs.js';

const binary = fileURLToPath(new URL('../../bin/jwtkit.js', import.meta.url));
/** Prints the most memory that the process had, in KiB. */
const tellPeak = `data:text/javascript,${encodeURIComponent(
  `import { writeSync } from 'node:fs'; process.on('exit', () => writeSync(2, '\\npeak ' + process.resourceUsage().maxRSS));`,
)}`;

async function verifyLines(count: number, threads: number, line = 'nonsense', ofNode: readonly string[] = []) {
  const keyring = await makeKeyring();
  const folder = temporaryFolder();
  const tokens = fileWith(`${line}\n`.repeat(count), 'tokens.txt');
  const report = join(folder, 'report.xml');
  const args = ['verify', '--batch', tokens, '--keyring', keyring, '--threads', `${threads}`];
  const { status, stderr } = spawnSync(
    process.execPath,
    [...ofNode, '--import', tellPeak, binary, ...args, '--format', 'junit', '--report', report],
    { cwd: folder, encoding: 'utf8', env: plainEnvironment(), stdio: ['ignore', 'ignore', 'pipe'] },
  );
  expect(status, stderr).toBe(10);
  return { report, peak: Number(/peak (\d+)/.exec(stderr)?.[1]) };
}

test('threads write the same report as one', async () => {
  // Three blocks, one for each thread.
  const line = 'nonsense'.padEnd(60, '-');
  const [one, three] = await Promise.all([verifyLines(6000, 1, line), verifyLines(6000, 3, line)]);
  const named = (path: string) => readFileSync(path, 'utf8').replaceAll(/"[^"]*tokens\.txt"/g, '');
  expect(named(three.report)).toBe(named(one.report));
  expect(named(one.report)).toContain('tests="6000" failures="6000"');
});

test('the memory of a report does not grow with the batch', { tags: 'slow', timeout: 120_000 }, async () => {
  // The heap would not hold one of the two reports, and the process not both. Young objects may fill 32 MB by themselves on Node 24.
  const ofNode = ['--max-old-space-size=48', '--max-semi-space-size=8'];
  const { report, peak } = await verifyLines(250_000, 1, 'nonsense', ofNode);
  expect(statSync(report).size).toBeGreaterThan(48_000_000);
  expect(peak).toBeLessThan(160_000);
});
