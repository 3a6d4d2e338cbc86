/** Links between the pages: each leads to a file and a heading that exist, and that users get with the package. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const pages = ['.', 'docs'].flatMap((folder) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
);

interface Link {
  readonly page: string;
  /** The path of the file from the root of the checkout. */
  readonly path: string;
  readonly anchor: string | undefined;
}

const links = pages.flatMap((page) =>
  [...textOf(page).matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]*))?\)/g)].map(
    ([, path = '', anchor]): Link => ({ page, path: path === '' ? page : join(dirname(page), path), anchor }),
  ),
);

test('every link of a page leads to a file', () => {
  expect(links.length).toBeGreaterThan(50);
  expect(links.filter(({ path }) => !existsSync(join(root, path)))).toEqual([]);
});

test('every link to a heading leads to an existing one', () => {
  const broken = links.filter(({ path, anchor }) => anchor !== undefined && !anchorsOf(path).includes(anchor));
  expect(broken).toEqual([]);
});

test('every file that a page links to is part of the package', () => {
  const { files } = JSON.parse(textOf('package.json')) as { files: string[] };
  // npm adds these of its own.
  const packed = [...files, 'README.md', 'LICENSE'];
  const isPacked = (path: string) => packed.some((entry) => path === entry || path.startsWith(`${entry}/`));
  expect(links.filter(({ path }) => !isPacked(path))).toEqual([]);
});

test('docs/index.md links to every page of docs/', () => {
  const linked = links.filter(({ page }) => page === 'docs/index.md').map(({ path }) => path);
  const others = pages.filter((page) => page.startsWith('docs/') && page !== 'docs/index.md');
  expect(others.filter((page) => !linked.includes(page))).toEqual([]);
});

test('the launcher has at most 40 lines, the build script at most 100', () => {
  const linesOf = (path: string) => textOf(path).trimEnd().split('\n').length;
  expect(linesOf('bin/jwtkit.js')).toBeLessThanOrEqual(40);
  expect(linesOf('scripts/build.js')).toBeLessThanOrEqual(100);
});

test('the README has at most 1,100 words and ARCHITECTURE.md at most 120 lines', () => {
  expect(textOf('README.md').trim().split(/\s+/).length).toBeLessThanOrEqual(1100);
  expect(textOf('ARCHITECTURE.md').trimEnd().split('\n').length).toBeLessThanOrEqual(120);
});

function textOf(file: string): string {
  return readFileSync(join(root, file), 'utf8');
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: string): string[] {
  return [...textOf(page).matchAll(/^#+ (.*)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  );
}
