/** Each rule by its own examples. */
import { describe, expect, test } from 'vitest';
import { exampleNow } from '../../src/lint/example.js';
import { lint } from '../../src/lint/lint.js';
import type { Example } from '../../src/lint/rule.js';
import { rules } from '../../src/lint/rules.js';

const findingsOf = async ({ source, others = [] }: Example) =>
  (await lint([source, ...others], { now: exampleNow })).findings;
const idsOf = async (example: Example) => (await findingsOf(example)).map(({ id }) => id);

test('there are at least 40 rules, each with an id of its own', () => {
  expect(rules.length).toBeGreaterThanOrEqual(40);
  expect(new Set(rules.map(({ id }) => id)).size).toBe(rules.length);
});

describe.each(rules.map((rule) => [rule.id, rule] as const))('%s', (id, rule) => {
  test('is hit by its bad example', async () => {
    expect(await idsOf(rule.bad)).toContain(id);
  });

  test('has a good example that no rule hits', async () => {
    expect((await findingsOf(rule.good)).map((found) => `${found.id}: ${found.message}`)).toEqual([]);
  });

  test('says in short sentences what it means, what to do and where it comes from', () => {
    expect(id).toMatch(/^[a-z]+\/[a-z-]+$/);
    expect(rule.means).toMatch(/^(?:[A-Z]|jwtkit|git).*\.$/);
    expect(rule.help).toMatch(/^[a-z].*[^.]$/i);
    expect(rule.source).not.toBe('');
  });
});
