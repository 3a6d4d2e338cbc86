/** Topics of help are sections of docs/, laid out for the terminal. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { readBlocks, renderBlocks, sectionOf } from '../../../src/cli/help/markdown.js';
import { topics } from '../../../src/cli/help/topic-names.js';
import { errorCodes } from '../../../src/errors.js';
import { runCli, stdoutOf } from '../fake-io.js';

const names = topics.map(({ name }) => name);

test.each(topics)('the sections of the topic $name are on their pages', ({ parts }) => {
  for (const { page, sections } of parts) {
    const text = readFileSync(new URL(`../../../docs/${page}`, import.meta.url), 'utf8');
    for (const section of sections) expect(sectionOf(text, section), `${page}: ${section}`).toBeDefined();
  }
});

test.each(names)('help %s keeps to the width, and shows no marks of Markdown', async (name) => {
  for (const width of [50, 60, 80, 120]) {
    const text = await stdoutOf(['help', name], { env: { COLUMNS: String(width) } });
    const lines = text.split('\n');
    expect(lines.filter((line) => line.length > width)).toEqual([]);
    expect(text).not.toMatch(/`|\]\(|\*\*|^## |^\|/m);
    expect(lines.length).toBeGreaterThan(15);
  }
});

test('help exit-codes has every error code and every exit code', async () => {
  const text = await stdoutOf(['help', 'exit-codes']);
  for (const code of errorCodes) expect(text).toContain(code);
  for (const code of [0, 1, 2, 3, 10, 11, 12, 13, 14, 15, 16, 17]) expect(text).toMatch(new RegExp(`^${code} `, 'm'));
});

test.each([
  [['help', 'exit'], 'exit-codes'],
  [['help', 'env'], 'environment'],
  [['help', 'keys-and'], 'keys-and-secrets'],
  [['help', 'format'], 'formats'],
  [['--help', 'exit-codes'], 'exit-codes'],
  [['--json', 'help', 'formats'], 'formats'],
])('%j shows the topic %s', async (args, name) => {
  expect(await stdoutOf(args)).toBe(await stdoutOf(['help', name]));
});

test.each([[['help', 'exitcodes']], [['help', 'nonsense']], [['help', 'exit-codes', 'verify']], [['help', 'ex']]])(
  '%j is exit 2, with a hint',
  async (args) => {
    expect(await runCli(args)).toMatchObject({ exitCode: 2, stdout: '', stderr: expect.stringContaining('hint: ') });
  },
);

test.each([
  ['A [link](x.md#y) and `code`.', ['A link and code.']],
  ['See [that-page.md](that-page.md#at) and [a part](that-page.md#part).', ['See docs/that-page.md and a part.']],
  ['- one\n- two `x`\n  and more', ['- one', '- two x and more']],
  ['1. one\n2. two', ['1. one', '2. two']],
  ['Before:\n- one', ['Before:', '', '- one']],
  ['## Head\n\nText', ['HEAD', 'Text']],
  ['Text\n\n```sh\njwtkit keygen\n```\n\nMore', ['Text', '', 'More']],
  ['| a | b |\n|---|---|\n| x | y |\n| longer | z \\| w |', ['a       b', 'x       y', 'longer  z | w']],
  [
    '| name | does |\n|---|---|\n| a name of many words | x |\n| `short` | y |',
    ['name   does', 'a name of many words', '       x', 'short  y'],
  ],
  ['', []],
])('%j is shown as %j', (markdown, lines) => {
  expect(renderBlocks(readBlocks(markdown), 40)).toEqual(lines);
});

test('code is shown as code, and is as long as its text', () => {
  const paint = { bold: (text: string) => `*${text}*`, cyan: (text: string) => `<${text}>` };
  const blocks = readBlocks('## The `a`\n\nRun `jwtkit keys list`, or `-e` (an `é`).');
  expect(renderBlocks(blocks, 20, paint)).toEqual(['*THE A*', 'Run <jwtkit> <keys>', '<list>, or <-e> (an é).']);
});
