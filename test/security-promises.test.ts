/** Each sentence of SECURITY.md that promises something names the tests that hold it, and they exist. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { promises } from './security-promises.js';

const root = join(import.meta.dirname, '..');

/** The sentences of each section that promises; what is not promised needs no test. */
function readPromises(): Map<string, string[]> {
  const sections = new Map<string, string[]>();
  const [, ...parts] = readFileSync(join(root, 'SECURITY.md'), 'utf8').split(/^## /m);
  for (const part of parts) {
    const title = part.slice(0, part.indexOf('\n'));
    if (title === 'What it does not promise') continue;
    const [promised = ''] = part.slice(title.length).split('And what it does not:');
    sections.set(
      title,
      promised
        .replace(/^```.*?^```$/gms, '')
        .split(/\n\n|^- /m)
        .flatMap(splitSentences),
    );
  }
  return sections;
}

function splitSentences(paragraph: string): string[] {
  const line = paragraph.trim().replaceAll(/\s+/g, ' ');
  return line === '' ? [] : line.split(/(?<=\.) (?=[A-Z`])/);
}

test('each sentence that promises has one row in test/security-promises.ts, and each row one sentence', () => {
  const found = Object.fromEntries(
    [...readPromises()].map(([title, sentences]) => {
      const rows = Object.keys(promises[title] ?? {});
      return [title, sentences.map((sentence) => rows.find((row) => sentence.startsWith(row)) ?? sentence)];
    }),
  );
  const rows = Object.fromEntries(Object.entries(promises).map(([title, each]) => [title, Object.keys(each)]));
  expect(found).toEqual(rows);
});

const named = Object.values(promises).flatMap((section) =>
  Object.values(section).flatMap((tests) => (typeof tests === 'string' ? [] : tests)),
);

test('each test that is named there exists', () => {
  const missing = named.filter(([file, title]) => {
    const path = join(root, 'test', file);
    return !existsSync(path) || !readFileSync(path, 'utf8').includes(title);
  });
  expect(missing).toEqual([]);
});
