/** The tables of docs/probe.md are what the verifiers that are installed here do. */
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

test('docs/probe.md shows what npm run probe-matrix finds; without Python the rows of the tutorial stay', {
  tags: 'slow',
  // It starts ten verifiers and asks them 255 times each: 9 s where nothing else runs.
  timeout: 300_000,
}, () => {
  const root = join(import.meta.dirname, '../..');
  const args = ['scripts/probe-matrix.js', '--check', join(root, 'no-tutorial')];
  const { status, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: 'utf8' });
  expect(stderr).toContain('docs/probe.md is as it was');
  expect(status, stderr).toBe(0);
});
