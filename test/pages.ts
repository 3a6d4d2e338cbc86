/** The examples of the README and the pages of docs/. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '..');

/** The pages by their path from the root of the checkout. That about performance shows how to run the benchmarks. */
export const pages = ['README.md', ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`)].filter(
  (page) => page.endsWith('.md') && page !== 'docs/performance.md',
);

/** Returns the code blocks of a page in one language. */
export function codeBlocks(page: string, language: string): string[] {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].flatMap(([, name, code = '']) =>
    name === language ? [code] : [],
  );
}

/** Returns the lines of blocks in `sh`; `# exits N` in a line says with which exit code it ends, else 0. */
export function shellLines(blocks: readonly string[]): { text: string; exits: number }[] {
  return blocks
    .flatMap((block) => block.split('\n'))
    .filter((line) => line.trim() !== '')
    .map((text) => ({ text, exits: Number(/# exits (\d+)/.exec(text)?.[1] ?? 0) }));
}
