/** The examples that need processes: those of the README, of `serve` and of the library, and the picture. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { codeBlocks, shellLines } from './pages.js';
import { runShell } from './shell/bash.js';

const root = join(import.meta.dirname, '..');

const serveTitle = 'the examples of serve in %s run with the real binary';
test.each(['README.md'])(serveTitle, runServeExamples);
test.each(['docs/tour.md', 'docs/serve.md', 'docs/move.md'])(
  serveTitle,
  { tags: 'slow', timeout: 120_000 },
  runServeExamples,
);

/** Pages all of whose blocks are one story. */
const wholePages = ['docs/serve.md', 'docs/move.md'];

function runServeExamples(page: string): void {
  const blocks = codeBlocks(page, 'sh');
  const lines = shellLines(
    wholePages.includes(page) ? blocks : blocks.filter((block) => block.includes('jwtkit serve')),
  );
  expect(lines.length).toBeGreaterThan(5);
  expect(runShell(lines).failure).toBeNull();
}

test('the six commands of the README run with the real binary', () => {
  const session = codeBlocks('README.md', 'console').find((block) => block.startsWith('$ jwtkit')) ?? '';
  const lines = [...session.matchAll(/^\$ (.*)$/gm)].map(([, text = '']) => ({ text, exits: 0 }));
  expect(lines.length).toBeGreaterThan(5);
  expect(runShell(lines).failure).toBeNull();
});

test.each([
  ['docs/library.md', '', /^user-123\nCLAIM_MISSING [\s\S]*name: 'aud'/],
  ['docs/library.md', 'openKeyring', /^user-123\nTOKEN_REVOKED\n$/],
  [
    'docs/library.md',
    'x25519',
    /^ECDH-ES\+A256KW JWT DE02120300000000202051\nDECRYPTION_FAILED the token does not decrypt\n$/,
  ],
  ['docs/library.md', 'addEncryptionKey', /^pro P-256\nany bytes\n$/],
])('the library example of %s runs %s', { tags: 'slow' }, runExample);
test.each([['README.md', '', /^user-123\n$/]])('the library example of %s runs', runExample);

function runExample(page: string, words: string, output: RegExp): void {
  const code = codeBlocks(page, 'js').find((block) => block.includes(words)) ?? '';
  const folder = mkdtempSync(join(tmpdir(), 'jwtkit-test-'));
  const file = join(folder, 'example.mjs');
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules', 'jwtkit'), 'junction');
  writeFileSync(file, code);
  const { stdout, stderr, status } = spawnSync(process.execPath, [file], { cwd: folder, encoding: 'utf8' });
  rmSync(folder, { recursive: true });
  expect([status, stderr]).toEqual([0, '']);
  expect(stdout).toMatch(output);
}

test('the picture of the README shows what the command line prints today', { tags: 'slow' }, () => {
  const { stdout, stderr } = spawnSync(process.execPath, ['scripts/picture.js'], { cwd: root, encoding: 'utf8' });
  expect(stderr).toBe('');
  const committed = readFileSync(join(root, 'docs/refused-token.svg'), 'utf8');
  expect(stdout, 'npm run picture draws it anew').toBe(committed);
});
