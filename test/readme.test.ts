import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runShell } from './shell-session.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = textOf('README.md');

function textOf(file: string): string {
  return readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
}

function codeBlocks(text: string, language: string): string[] {
  return [...text.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].flatMap(([, name, code]) =>
    name === language ? [code ?? ''] : [],
  );
}

test.each(['README.md', 'docs/serve.md'])(
  'every shell line of %s runs, with the exit code it states',
  (file) => {
    const lines = codeBlocks(textOf(file), 'sh')
      .flatMap((block) => block.split('\n'))
      .filter((line) => line.trim() !== '')
      .map((text) => ({ text, exits: Number(/# exits (\d+)/.exec(text)?.[1] ?? 0) }));
    expect(lines.length).toBeGreaterThan(20);
    expect(runShell(lines).failure).toBeNull();
  },
  120_000,
);

test('the library example of the README runs', () => {
  const [code] = codeBlocks(readme, 'js');
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module'], {
    cwd: root,
    input: code ?? '',
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(stdout).toMatch(/^user-123\nCLAIM_MISSING /);
  expect(stdout).toContain("name: 'aud'");
});

test.each(['README.md', 'docs/config.md', 'docs/serve.md', 'docs/scaling.md'])(
  'every file that %s links to is there, and is part of the package',
  (file) => {
    const packed = JSON.parse(textOf('package.json')).files as string[];
    const links = [...textOf(file).matchAll(/\]\((?!https?:)([^)#]+)[^)]*\)/g)].map(([, link]) => link ?? '');
    expect(links.length).toBeGreaterThan(0);
    for (const link of links) {
      const url = new URL(link, new URL(`../${file}`, import.meta.url));
      expect(existsSync(url), link).toBe(true);
      const path = relative(root, fileURLToPath(url)).replaceAll('\\', '/');
      // npm adds these of its own.
      const isPacked = packed.some((entry) => path === entry || path.startsWith(`${entry}/`));
      expect(isPacked || /^(?:README\.md|LICENSE)$/.test(path), `${path} in the package`).toBe(true);
    }
  },
);
