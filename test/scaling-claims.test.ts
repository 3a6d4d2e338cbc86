/** Each claim of docs/scaling.md names the tests and benchmarks that measure it, and they exist. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const page = readFileSync(join(root, 'docs/scaling.md'), 'utf8');
const [, section = ''] = page.split('## What measures these claims');
const rows = [...section.matchAll(/^\| (?!claim )(?<claim>[^|]+?) \| (?<measures>[^|]+?) \|$/gm)].map(
  ({ groups }) => groups as { claim: string; measures: string },
);

test('each claim of docs/scaling.md has a test or a benchmark that exists', () => {
  expect(rows.length).toBeGreaterThan(20);
  for (const { claim, measures } of rows) {
    for (const measure of measures.split('; ')) expect(exists(measure), `${claim}: ${measure}`).toBe(true);
  }
});

/** Whether a measure exists: a file with a part of a test's title, or a benchmark. */
function exists(measure: string): boolean {
  const [, bench] = /^`npm run bench -- ([\w-]+)`$/.exec(measure) ?? [];
  if (bench !== undefined) return existsSync(join(root, 'bench', `${bench}.js`));
  const [, file = '', title = ''] = /^`(test\/[\w./-]+)`, "(.+)"$/.exec(measure) ?? [];
  const path = join(root, file);
  return title !== '' && existsSync(path) && readFileSync(path, 'utf8').includes(title);
}
