/** The Dockerfile, by a linter of its language, and against the checkout that it copies. No image is built here. */
import { readFileSync } from 'node:fs';
import { validate } from 'dockerfile-utils';
import { expect, test } from 'vitest';
import { codeBlocks } from './pages.js';

const textOf = (file: string) => readFileSync(new URL(`../${file}`, import.meta.url), 'utf8');
const dockerfile = textOf('Dockerfile');
const [onPage = ''] = codeBlocks('docs/serve.md', 'dockerfile');

/** The lines of the last stage, which becomes the image. */
function lastStage(text: string): string[] {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));
}

test.each([
  ['Dockerfile', dockerfile],
  ['docs/serve.md', onPage],
])('the linter finds nothing in the image of %s', (_name, text) => {
  expect(text).toMatch(/^FROM /m);
  expect(validate(text)).toEqual([]);
});

test('the linter finds a mistake', () => {
  expect(validate('FROM node:24-slim\nENTRYPONT ["jwtkit"]\n')).not.toEqual([]);
});

test.each([
  ['Dockerfile', dockerfile],
  ['docs/serve.md', onPage],
])('the image of %s runs the binary itself, as a user without privileges', (_name, text) => {
  const stage = lastStage(text);
  expect(stage).toContain('ENTRYPOINT ["jwtkit"]');
  expect(stage.find((line) => line.startsWith('USER '))).toMatch(/^USER [1-9]\d{3,}$/);
  expect(stage.findIndex((line) => line.startsWith('RUN '))).toBeLessThan(
    stage.findIndex((line) => line.startsWith('USER ')),
  );
  expect(text).not.toMatch(/\bnpx\b|:latest|^ADD /m);
});

test('the image of docs/serve.md is that of the Dockerfile, with a tarball from outside', () => {
  const settings = (text: string) => lastStage(text).filter((line) => !/^(COPY|RUN) /.test(line));
  expect(settings(onPage)).toEqual(settings(dockerfile));
});

test('nothing that is ignored is copied by name, and no secret or build of this machine is copied at all', () => {
  const ignored = textOf('.dockerignore').trim().split('\n');
  expect(ignored).toEqual(expect.arrayContaining(['.git', 'node_modules', 'dist', '.jwtkit', '.env*', '*.pem']));
  const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names = '']) => names.split(' '));
  expect(copied).toContain('.');
  for (const name of copied) expect(ignored).not.toContain(name);
});

test('the image has a Node that package.json allows, and the build a lock file', () => {
  const [, least = ''] = /^>=(\d+)/.exec(JSON.parse(textOf('package.json')).engines.node) ?? [];
  for (const [, version] of dockerfile.matchAll(/^FROM node:(\d+)-slim/gm)) {
    expect(Number(version)).toBeGreaterThanOrEqual(Number(least));
  }
  expect(dockerfile).toContain('npm ci');
});
