/** Parts of a Markdown page as text for a terminal. Knows what the pages of docs/ use. */
import { fillLines } from '../terminal/fill.js';

/** One piece of a page; code that a test runs is left out. */
export type Block =
  | { readonly kind: 'heading' | 'paragraph'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[]; readonly isNumbered: boolean }
  | { readonly kind: 'table'; readonly rows: readonly (readonly string[])[] };

/** Returns the text of a section of the second level, with its heading; undefined if the page has none of that name. */
export function sectionOf(page: string, heading: string): string | undefined {
  return page
    .split(/^(?=## )/m)
    .find((part) => part.startsWith(`## ${heading}\n`))
    ?.trimEnd();
}

/** Divides a page into blocks. */
export function readBlocks(markdown: string): Block[] {
  const withoutCode = markdown.replaceAll(/^```[\s\S]*?^```$/gm, '');
  return withoutCode
    .split(/\n{2,}|(?<=^#.*)\n/m)
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .flatMap(readBlock);
}

function readBlock(text: string): Block[] {
  const heading = /^#+ (.*)$/.exec(text)?.[1];
  if (heading !== undefined) return [{ kind: 'heading', text: plain(heading) }];
  if (text.startsWith('|')) {
    const rows = text.split('\n').map((line) =>
      line
        .slice(1, -1)
        .split(/(?<!\\)\|/)
        .map((cell) => plain(cell.trim())),
    );
    return [{ kind: 'table', rows: rows.filter((row) => !row.every((cell) => /^-+$/.test(cell))) }];
  }
  const marker = /^(?:- |\d+\. )/m;
  const at = text.search(marker);
  if (at < 0) return [{ kind: 'paragraph', text: plain(text) }];
  const isNumbered = !text.startsWith('- ', at);
  const items = text
    .slice(at)
    .split(/^(?:- |\d+\. )/m)
    .slice(1)
    .map(plain);
  const before: Block[] = at === 0 ? [] : [{ kind: 'paragraph', text: plain(text.slice(0, at)) }];
  return [...before, { kind: 'list', items, isNumbered }];
}

/** Returns text without the marks of emphasis and links; the characters of code are moved to a private area of Unicode. */
function plain(text: string): string {
  return (
    text
      // A page beside the one that is shown.
      .replaceAll(/\[([\w-]+\.md)\]\(\1(?:#[^)]*)?\)/g, 'docs/$1')
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replaceAll('**', '')
      .replaceAll('\\|', '|')
      .replaceAll(/\s+/g, ' ')
      .trim()
      .replaceAll(/`([^`]*)`/g, (_, code: string) => code.replaceAll(/[!-~]/g, (one) => move(one, privateArea)))
  );
}

/** Where the characters of code are, from filling lines until it is known how code is shown. */
const privateArea = 0xe000;

function move(character: string, by: number): string {
  return String.fromCharCode(character.charCodeAt(0) + by);
}

/** Returns text whose words of code are shown by `show`. */
export function showCode(text: string, show: (code: string) => string): string {
  return text.replaceAll(/[\ue021-\ue07e]+/g, (code) => show(code.replaceAll(/./g, (one) => move(one, -privateArea))));
}

/** How a terminal shows headings and code. */
type Painter = Readonly<Record<'bold' | 'cyan', (text: string) => string>>;

/** Returns blocks as lines of at most `width` columns, with an empty line between two blocks. */
export function renderBlocks(
  blocks: readonly Block[],
  width: number,
  { bold, cyan }: Painter = { bold: String, cyan: String },
): string[] {
  return blocks.flatMap((block, at) => {
    const isAttached = at === 0 || blocks[at - 1]?.kind === 'heading';
    const lines = renderBlock(block, width).map((line, row) => {
      const isTitle = block.kind === 'heading' || (block.kind === 'table' && row === 0);
      const text = showCode(line.trimEnd(), isTitle ? String : (code) => cyan(code));
      return isTitle ? bold(text) : text;
    });
    return [...(isAttached ? [] : ['']), ...lines];
  });
}

function renderBlock(block: Block, width: number): string[] {
  switch (block.kind) {
    case 'heading':
      return [showCode(block.text, String).toUpperCase()];
    case 'paragraph':
      return fillLines(block.text, width);
    case 'list':
      return block.items.flatMap((item, at) => {
        const mark = block.isNumbered ? `${at + 1}. ` : '- ';
        return fillLines(`${mark}${item}`, width, mark.length);
      });
    case 'table':
      return renderTable(block.rows, width);
  }
}

/** The first cell is a column of its own, if it is short enough; the others share the second one, each on lines of its own. */
function renderTable(rows: readonly (readonly string[])[], width: number): string[] {
  const lengths = rows.map(([cell = '']) => cell.length);
  const first = Math.max(...lengths.filter((length) => length <= 0.4 * width));
  return rows.flatMap(([cell = '', ...rest], at) => {
    const column = first + 2;
    const separate = at === 0 ? [rest.join(', ')] : rest;
    const lines = separate.flatMap((each) => fillLines(each, width, column, column));
    if (cell.length > first) return [cell, ...lines];
    return [`${cell.padEnd(column)}${(lines[0] ?? '').slice(column)}`, ...lines.slice(1)];
  });
}
