/** Texts that make careless readers slow, as long as lint reads. */
import { expect, test } from 'vitest';
import { lint } from '../../src/lint/lint.js';
import { maxSourceBytes } from '../../src/lint/read/read.js';

const many = (unit: string) => unit.repeat(Math.floor(maxSourceBytes / unit.length) - 10);
const token = 'eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.AAAA';

test.each([
  ['tokens', many(`${token}\n`)],
  ['brackets in YAML', `a: ${many('[')}`],
  ['maps in YAML', `a: ${many('{a: ')}`],
  ['members in YAML', many('k: v\n')],
  ['aliases in YAML', `a: &a [x]\n${many('b: *a\n')}`],
  ['quotes in variables', many('A="\n')],
  ['spaces in a variable', `A=${many(' ')}x`],
  ['words of an example in a secret', `{"secret":"${many('your_a ')}"}`],
  ['secrets', `{${Array.from({ length: 30_000 }, (_, at) => `"s${at}_secret":"changeme"`).join(',')}}`],
])('a mebibyte of %s is linted in seconds', { tags: 'slow', timeout: 60_000 }, async (_title, text) => {
  const started = performance.now();
  const { findings } = await lint([{ name: 'hostile', content: Buffer.from(text) }], { now: 1_800_000_000 });
  expect(performance.now() - started).toBeLessThan(20_000);
  expect(findings.length).toBeLessThan(500);
});
