// @module-tag slow
/** The hook for pre-commit: a schema reads it, and commits with mistakes in what is staged fail. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join, relative } from 'node:path';
import { Ajv } from 'ajv';
import { beforeEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { runCli, stdoutOf, temporaryFolder, textOf } from '../cli/fake-io.js';
import { codeBlocks } from '../pages.js';
import { describeWithProgram, plainEnvironment } from '../programs.js';
import { copyCheckout } from './checkout.js';
import { root } from './runner.js';

const hooks = parse(readFileSync(join(root, '.pre-commit-hooks.yaml'), 'utf8'));
const [hook] = hooks;
const isAsked = (file: string) => pythonPattern(hook.files).test(file) && !pythonPattern(hook.exclude).test(file);

/** Python's `(?i)` is a flag here. */
function pythonPattern(pattern: string): RegExp {
  return pattern.startsWith('(?i)') ? new RegExp(pattern.slice(4), 'i') : new RegExp(pattern);
}

test('the schema of SchemaStore accepts .pre-commit-hooks.yaml', () => {
  const schema = JSON.parse(readFileSync(join(root, 'test/vectors/ci/pre-commit-hooks.json'), 'utf8'));
  const isValid = new Ajv({ strict: false, validateFormats: false }).compile(schema);
  isValid(hooks);
  expect(isValid.errors).toBeNull();
  expect(isValid([{ id: 'jwtkit-lint' }])).toBe(false);
});

/** Files that lint reads of a folder, and files that it leaves out. */
const read = [
  ...['.env', 'env', 'a/.env.production', 'a/env.local', 'prod.env', 'a/b c.env'],
  ...['pem', 'key', 'crt', 'cer', 'der', 'p8', 'pub', 'json', 'yaml', 'yml', 'jwt', 'jwk', 'jwks', 'token'].map(
    (ending) => `keys/a.${ending}`,
  ),
  ...['application.properties', 'src/application-prod.properties', 'infra/prod.tfvars'],
  ...['a.secret', 'a.txt', 'a.http', 'KEYS/A.PEM', 'id_rsa', 'ring/id_ed25519', 'b/.pem'],
  ...['~', '.~1~', '.bak', '.backup', '.copy', '.old', '.orig', '.save', '.swp', '.swa', '.tmp', '#'].map(
    (ending) => `c/key.pem${ending}`,
  ),
  ...['c/.key.pem.swp', 'c/k1.pem.123-4f-a9.tmp', 'c/a.jwks.old', 'c/a.p8.~12~', 'c/.env~', 'c/a.KEY.BAK'],
].sort();
const leftOut = [
  ...['package-lock.json', 'web/package-lock.json', 'npm-shrinkwrap.json', 'node_modules/a/key.pem', 'd/.venv/a.env'],
  ...['src/index.ts', 'README.md', 'a.pem.md', 'a.pemx', 'key.pem.swz', 'a.json.bak', 'myenv.py', 'd/.gitignore'],
  ...['messages.properties', 'my-application.properties', 'main.tf'],
  ...['d/.lock', 'd/a.keys.ts', 'd/key.pem.1-2.tmp'],
];

/** A repository of somebody, whose git asks nobody. */
let repository = '';
function run(program: string, args: readonly string[], path = process.env.PATH ?? '', env = {}) {
  return spawnSync(program, args, {
    cwd: repository,
    encoding: 'utf8',
    env: { ...plainEnvironment(), HOME: repository, GIT_CONFIG_NOSYSTEM: '1', PATH: path, ...env },
  });
}
const commit = (path?: string, env = {}) => run('git', ['commit', '--quiet', '--message', 'x'], path, env);

beforeEach(() => {
  repository = temporaryFolder();
  run('git', ['init', '--quiet', '--initial-branch', 'main']);
  for (const [name, value] of [
    ['user.name', 'A'],
    ['user.email', 'a@example.com'],
    ['commit.gpgsign', 'false'],
  ] as const) {
    run('git', ['config', name, value]);
  }
});

/** Writes files and stages them. */
function stage(files: Readonly<Record<string, string>>): void {
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(repository, name), content, { mode: 0o600 });
    run('git', ['add', '--force', name]);
  }
}

describe('a commit with the entry of the hook as a hook of git', () => {
  let path = '';
  beforeEach(() => {
    const bin = temporaryFolder();
    writeFileSync(join(bin, 'jwtkit'), `#!/bin/sh\nexec '${process.execPath}' '${join(root, 'bin/jwtkit.js')}' "$@"\n`);
    chmodSync(join(bin, 'jwtkit'), 0o755);
    path = `${bin}${delimiter}${process.env.PATH}`;
    // As the page says for those without pre-commit.
    const [line = ''] = codeBlocks('docs/ci.md', 'bash');
    const script = join(repository, '.git/hooks/pre-commit');
    mkdirSync(join(repository, '.git/hooks'), { recursive: true });
    writeFileSync(script, line, { mode: 0o755 });
  });

  test('the hook lints the same files as lint of the folder', async () => {
    for (const name of [...read, ...leftOut]) {
      mkdirSync(join(repository, dirname(name)), { recursive: true });
      stage({ [name]: 'SECRET_KEY=fallback_secret\n' });
    }
    const { findings } = JSON.parse((await runCli(['lint', repository, '--json'])).stdout);
    const found = findings.map(({ where }: { where: { name: string } }) => relative(repository, where.name));
    expect([...new Set(found)].sort()).toEqual(read);
    const log = join(repository, '.git/asked');
    const [bin = ''] = path.split(delimiter);
    writeFileSync(join(bin, 'jwtkit'), `#!/bin/sh\nprintf '%s\\n' "$@" > '${log}'\n`);
    expect(commit(path).status).toBe(0);
    expect(textOf(log).trim().split('\n').slice(2).sort()).toEqual(read);
    expect([...read, ...leftOut].filter(isAsked).sort()).toEqual(read);
  });

  test('fails for a known secret and for a private key, and says which rule', async () => {
    stage({ '.env': 'SECRET_KEY=fallback_secret\n', 'notes.txt': 'nothing' });
    const refused = commit(path);
    expect(refused.status).toBe(1);
    expect(refused.stdout + refused.stderr).toContain('secret/well-known');
    run('git', ['reset', '--quiet']);
    mkdirSync(join(repository, 'keys of us'));
    for (const name of ['a b.pem', 'keys of us/c.pem']) {
      await stdoutOf(['keygen', '--alg', 'ES256', '--private', join(repository, name)]);
      run('git', ['add', '--force', name]);
    }
    const tracked = commit(path);
    expect(tracked.status).toBe(1);
    expect(tracked.stdout + tracked.stderr).toMatch(/a b\.pem\n.*tracked[\s\S]*keys of us\/c\.pem\n.*tracked/);
  });

  test('passes for what is sound, for nothing of interest, and for a file that is removed', () => {
    stage({ 'config.json': '{"name":"x"}', 'main.py': 'SECRET = "fallback_secret"' });
    expect(commit(path).status).toBe(0);
    run('git', ['rm', '--quiet', 'config.json']);
    expect(commit(path).status).toBe(0);
  });

  test('takes no file for an option, and no submodule for a file', () => {
    const names = ['--fail-on=never', '-q', '--no-config.env'];
    for (const name of names) writeFileSync(join(repository, name), 'SECRET_KEY=fallback_secret\n');
    run('git', ['add', '--', ...names]);
    const refused = commit(path);
    expect([refused.status, refused.stderr]).toEqual([1, expect.stringContaining('secret/well-known')]);
    const hook = run(process.execPath, [join(root, 'scripts/pre-commit.js'), '--fail-on', 'note', ...names]);
    expect([hook.status, hook.stdout]).toEqual([18, expect.stringContaining('secret/well-known')]);
    run('git', ['reset', '--quiet']);
    const inner = join(repository, 'vendor');
    run('git', ['init', '--quiet', inner]);
    writeFileSync(join(inner, '.env'), 'SECRET_KEY=fallback_secret\n');
    run('git', ['-C', inner, 'add', '--all']);
    run('git', ['-C', inner, '-c', 'user.name=A', '-c', 'user.email=a@example.com', 'commit', '-qm', 'x']);
    run('git', ['add', 'vendor']);
    expect(commit(path).status).toBe(0);
  });

  test('is not asked about what is not staged', () => {
    writeFileSync(join(repository, '.env'), 'SECRET_KEY=fallback_secret\n');
    stage({ 'notes.txt': 'nothing' });
    expect(commit(path).status).toBe(0);
  });
});

describeWithProgram('pre-commit', 'a commit with pre-commit and the hook of the checkout', () => {
  test('fails for a known secret and passes without', { tags: 'slow', timeout: 300_000 }, () => {
    const tool = copyCheckout(join(temporaryFolder(), 'jwtkit'));
    const inTool = (...args: string[]) =>
      run('git', ['-C', tool, '-c', 'user.name=A', '-c', 'user.email=a@example.com', ...args]);
    inTool('init', '--quiet');
    inTool('add', '--all');
    inTool('commit', '--quiet', '--message', 'x');
    inTool('tag', 'v0.1.0');
    const config = codeBlocks('docs/ci.md', 'yaml').find((block) => block.startsWith('repos:')) ?? '';
    writeFileSync(join(repository, '.pre-commit-config.yaml'), config.replace('./tools/jwtkit', tool));
    const env = { PRE_COMMIT_HOME: join(repository, '.cache'), npm_config_cache: join(process.env.HOME ?? '', '.npm') };
    expect(run('pre-commit', ['install'], undefined, env).status).toBe(0);
    stage({
      '.pre-commit-config.yaml': config.replace('./tools/jwtkit', tool),
      '.env': 'SECRET_KEY=fallback_secret\n',
    });
    const refused = commit(undefined, env);
    expect(refused.stdout + refused.stderr).toContain('secret/well-known');
    expect(refused.status).toBe(1);
    run('git', ['rm', '--quiet', '--cached', '.env']);
    const passed = commit(undefined, env);
    expect(passed.status, passed.stdout + passed.stderr).toBe(0);
  });
});
