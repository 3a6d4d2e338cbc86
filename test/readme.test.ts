import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { runShell } from './shell-session.js';

const root = fileURLToPath(new URL('..', import.meta.url));
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

function codeBlocks(language: string): string[] {
  return [...readme.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].flatMap(([, name, code]) =>
    name === language ? [code ?? ''] : [],
  );
}

test('every shell line of the README runs, with the exit code it states', () => {
  const lines = codeBlocks('sh')
    .flatMap((block) => block.split('\n'))
    .filter((line) => line.trim() !== '')
    .map((text) => ({ text, exits: Number(/# exits (\d+)/.exec(text)?.[1] ?? 0) }));
  expect(lines.length).toBeGreaterThan(20);
  expect(runShell(lines).failure).toBeNull();
});

test('the library example of the README runs', () => {
  const [code] = codeBlocks('js');
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

test('every file that the README links to is there', () => {
  const links = [...readme.matchAll(/\]\(([A-Z]+\.md)\)/g)].map(([, file]) => file ?? '');
  expect(links.length).toBeGreaterThan(3);
  for (const file of links) expect(existsSync(new URL(`../${file}`, import.meta.url)), file).toBe(true);
});
