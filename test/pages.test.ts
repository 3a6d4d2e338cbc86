/** The examples of the README and the pages of docs/ run in process and end as they say. Those of `serve` need the real binary, and recipes keys of users. */
import { expect, test } from 'vitest';
import { codeBlocks, pages, shellLines } from './pages.js';
import { openShell } from './shell/shell.js';
import { commandsOf } from './shell/syntax.js';
import { isLike } from './shell/transcript.js';

const examples = pages
  .filter((page) => !['docs/serve.md', 'docs/move.md', 'docs/recipes.md'].includes(page))
  .map((page) => [page, codeBlocks(page, 'sh').filter((block) => !block.includes('jwtkit serve'))] as const)
  .filter(([, blocks]) => blocks.length > 0);

test('most pages have examples', () => {
  expect(examples.length).toBeGreaterThan(8);
});

/** Pages that most people read first; the others are slow tests. */
const first = ['README.md', 'docs/tour.md'];
const isFirst = ([page]: (typeof examples)[number]) => first.includes(page);
const title = 'every shell line of %s ends with the exit code it states';
test.each(examples.filter(isFirst))(title, runExamples);
test.each(examples.filter((each) => !isFirst(each)))(title, { tags: 'slow' }, runExamples);

async function runExamples(_page: string, blocks: readonly string[]): Promise<void> {
  const shell = openShell();
  for (const { text, exits } of shellLines(blocks)) {
    for (const command of commandsOf(text)) {
      const { exitCode, shown } = await shell.run(command);
      expect(exitCode, `${command}\n${shown}`).toBe(exits);
    }
  }
}

test('the six commands of the README print what it shows; an ellipsis stands for anything', async () => {
  const session = codeBlocks('README.md', 'console').find((block) => block.startsWith('$ jwtkit')) ?? '';
  const shell = openShell();
  let shown = '';
  for (const [, command = ''] of session.matchAll(/^\$ (.*)$/gm)) {
    shown += `$ ${command}\n${(await shell.run(command)).shown}`;
  }
  // In process, messages name files by their whole path.
  shown = shown.replaceAll(`${shell.folder}/`, '');
  expect(isLike(shown, session.trimEnd()), shown).toBe(true);
});
