/** Reports of `lint` that lie among its targets, as after a second `jwtkit lint * --report lint.xml`. */
import { linkSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { fileWith, runCli, temporaryFolder, textOf } from '../fake-io.js';

let folder = '';
beforeEach(() => {
  folder = temporaryFolder();
  writeFileSync(join(folder, '.env'), 'SECRET_KEY=changeme\n', { mode: 0o600 });
});

/** Lints all that `*` and `.env` stand for. */
function lintAll(...args: string[]) {
  const names = ['.env', ...readdirSync(folder).filter((name) => !name.startsWith('.'))];
  return runCli(['lint', ...names.map((name) => join(folder, name)), ...args]);
}

describe('a report that is a target of the next run', () => {
  test.each([
    ['xml', ''],
    ['json', ''],
    ['sarif', ''],
    ['md', ''],
    ['txt', ''],
    ['annotations', 'github:'],
  ])('is left out with a note, and written anew: .%s', async (ending, form) => {
    const report = join(folder, `lint.${ending}`);
    const args = ['--report', `${form}${report}`];
    const first = await lintAll(...args);
    expect([first.exitCode, first.stderr]).toEqual([18, expect.stringContaining('error: 1 error at level error')]);
    const written = textOf(report);
    const second = await lintAll(...args);
    expect(second).toEqual({
      ...first,
      stderr: `note: ${report} is left out: this run writes its report there\n${first.stderr}`,
    });
    expect(textOf(report)).toBe(written);
    // Also where the report before had nothing to say.
    writeFileSync(join(folder, '.env'), 'COLOR=blue\n', { mode: 0o600 });
    for (const run of [await lintAll(...args), await lintAll(...args)])
      expect([run.exitCode, run.stdout]).toEqual([0, 'no findings in 1 target\n']);
  });

  test('is left out in another form, and under another name of the same file', async () => {
    const report = join(folder, 'out');
    await lintAll('--report', `markdown:${report}`);
    linkSync(report, join(folder, 'out.copy'));
    const { exitCode, stderr } = await lintAll('--report', `junit:${report}`);
    expect(exitCode).toBe(18);
    expect(stderr).toContain(`note: ${join(folder, 'out.copy')} is left out`);
  });

  test('is left out in silence in a folder', async () => {
    const args = ['lint', folder, '--report', join(folder, 'lint.json')];
    const [first, second] = [await runCli(args), await runCli(args)];
    expect(second).toEqual(first);
  });

  test('alone is nothing to lint', async () => {
    const report = join(folder, 'lint.xml');
    await lintAll('--report', report);
    const { exitCode, stderr } = await runCli(['lint', report, '--report', report], { stdin: 'SECRET_KEY=changeme' });
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('error: nothing to lint')]);
  });

  test('is a target like others if it is not written', async () => {
    const report = join(folder, 'lint.xml');
    await lintAll('--report', report);
    const { stderr } = await lintAll('--report', join(folder, 'other.xml'));
    expect(stderr).toContain(`note: ${report}: lint finds nothing here that it knows`);
  });
});

test.each([
  ['a key', '-----BEGIN PRIVATE KEY-----\nMC4C\n-----END PRIVATE KEY-----\n'],
  ['another XML', '<?xml version="1.0"?>\n<testsuites name="pytest" tests="1">\n</testsuites>\n'],
  ['another JSON', '{"command":"build","steps":[]}'],
  ['a page', '# Notes\n\njwtkit lint has found 2 errors in 1 target, they say\n'],
])('a target that jwtkit did not write is not replaced by a report: %s', async (_, content) => {
  const file = fileWith(content, 'input.txt');
  const { exitCode, stderr } = await runCli(['lint', file, '--report', file]);
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining('input.txt is what the command reads')]);
  expect(textOf(file)).toBe(content);
});

test('a file of a folder that holds what lint judges is not replaced, another one is', async () => {
  const keyring = join(folder, 'ring');
  await runCli(['keygen', '--keyring', keyring]);
  const set = join(keyring, 'jwks.json');
  const before = textOf(set);
  const { exitCode, stdout, stderr } = await runCli(['lint', folder, '--report', set]);
  expect([exitCode, stdout, stderr]).toEqual([2, '', expect.stringContaining('jwks.json is what the command reads')]);
  expect(textOf(set)).toBe(before);
  const other = join(folder, 'verdicts.json');
  writeFileSync(other, '{"command":"verify"}\n');
  expect((await runCli(['lint', folder, '--report', other])).exitCode).toBe(18);
  expect(textOf(other)).toMatch(/^\{"command":"lint"/);
});

test('what an option reads is not replaced, even if it looks like a report', async () => {
  const file = fileWith('### jwtkit lint\n', 'words.txt');
  const { exitCode } = await runCli(['lint', join(folder, '.env'), '--wordlist', file, '--report', file]);
  expect([exitCode, textOf(file)]).toEqual([2, '### jwtkit lint\n']);
});

describe('in a job of GitHub Actions, a report for GitHub names a file as the repository does', () => {
  test.each([
    ['below the workspace', '..', (name: string) => name],
    ['in the workspace', '.', () => '.env'],
    ['beside the workspace', './other', (_: string, path: string) => path],
  ])('%s', async (_title, workspace, expected) => {
    const env = { GITHUB_WORKSPACE: join(folder, workspace) };
    const path = join(folder, '.env');
    const named = expected(join(basename(folder), '.env'), path);
    const annotations = await runCli(['lint', path, '--format', 'github'], { env });
    expect(annotations.stdout).toContain(`::error file=${named},line=1,`);
    const sarif = await runCli(['lint', path, '--format', 'sarif'], { env });
    const [{ results }] = JSON.parse(sarif.stdout).runs;
    const { uri } = results[0].locations[0].physicalLocation.artifactLocation;
    expect(uri).toBe(named === path ? `file://${path}` : named);
    expect((await runCli(['lint', path], { env })).stdout).toContain(path);
  });
});
