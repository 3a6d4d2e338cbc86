/** `lint` in a repository of somebody else, whose configuration names programs. */
import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { runCli, temporaryFolder } from '../fake-io.js';

const secret = 'SECRET_KEY=Zk3vR8xQ1mT6yB0nC4wH7jL2pF5sD9gKaXeUiOoNrVc\n';

/** Settings of a remote from which git fetches a missing object, by what starts a program then. */
const remotes: Record<string, readonly (readonly [string, string])[]> = {
  'the upload-pack of a remote': [
    ['remote.origin.url', '/nowhere'],
    ['remote.origin.uploadpack', 'PROGRAM'],
  ],
  'core.sshCommand': [
    ['remote.origin.url', 'ssh://host.invalid/x'],
    ['core.sshCommand', 'PROGRAM'],
  ],
  'core.gitProxy': [
    ['remote.origin.url', 'git://host.invalid/x'],
    ['core.gitProxy', 'PROGRAM'],
  ],
  'an address ext::': [
    ['remote.origin.url', 'ext::PROGRAM'],
    ['protocol.ext.allow', 'always'],
  ],
  'all protocols': [
    ['remote.origin.url', 'ext::PROGRAM'],
    ['protocol.allow', 'always'],
  ],
  'an alias as a helper': [
    ['remote.origin.url', 'none::x'],
    ['alias.remote-none', '!PROGRAM'],
    ['protocol.none.allow', 'always'],
  ],
  'an alias as a helper without a name': [
    ['remote.origin.url', '::x'],
    ['alias.remote-', '!PROGRAM'],
    ['protocol.allow', 'always'],
  ],
  'the helper of a remote': [
    ['remote.origin.url', 'x'],
    ['remote.origin.vcs', 'none'],
    ['alias.remote-none', '!PROGRAM'],
    ['protocol.allow', 'always'],
  ],
};

/** Further settings that start a program. */
const settings: readonly (readonly [string, string])[] = [
  ['core.fsmonitor', 'PROGRAM'],
  ['core.hooksPath', 'FOLDER'],
  ['core.pager', 'PROGRAM'],
  ['pager.ls-files', 'PROGRAM'],
  ['pager.check-ignore', 'PROGRAM'],
  ['core.editor', 'PROGRAM'],
  ['core.askPass', 'PROGRAM'],
  ['core.alternateRefsCommand', 'PROGRAM'],
  ['credential.helper', '!PROGRAM'],
  ['gpg.program', 'PROGRAM'],
  ['gpg.ssh.program', 'PROGRAM'],
  ['filter.x.clean', 'PROGRAM'],
  ['filter.x.smudge', 'PROGRAM'],
  ['filter.x.process', 'PROGRAM'],
  ['diff.x.command', 'PROGRAM'],
  ['diff.x.textconv', 'PROGRAM'],
  ['diff.external', 'PROGRAM'],
  ['merge.x.driver', 'PROGRAM'],
  ['interactive.diffFilter', 'PROGRAM'],
  ['sequence.editor', 'PROGRAM'],
  ['uploadpack.packObjectsHook', 'PROGRAM'],
  ['submodule.x.update', '!PROGRAM'],
  ['alias.ls-files', '!PROGRAM'],
  ['alias.check-ignore', '!PROGRAM'],
  ['trailer.x.command', 'PROGRAM'],
  ['hook.x.command', 'PROGRAM'],
  ['hook.x.event', 'post-index-change'],
];

function gitIn(folder: string, ...args: string[]): string {
  const given = ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a@b.c', ...args];
  return execFileSync('git', given, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

/** A repository with a sparse index, which git expands. Returns its folder and the tree outside the index. */
function makeSparse(): { folder: string; tree: string } {
  const folder = join(temporaryFolder(), 'repository');
  for (const name of ['in', 'out']) mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'in', 'a.env'), secret);
  writeFileSync(join(folder, 'out', 'b.txt'), 'b\n');
  writeFileSync(join(folder, '.gitattributes'), '* filter=x diff=x merge=x\n');
  gitIn(folder, 'init', '-q');
  gitIn(folder, 'add', '.');
  gitIn(folder, 'commit', '-qm', 'a');
  gitIn(folder, 'sparse-checkout', 'set', '--cone', '--sparse-index', 'in');
  gitIn(folder, 'config', 'core.repositoryformatversion', '1');
  gitIn(folder, 'config', 'extensions.partialClone', 'origin');
  gitIn(folder, 'config', 'remote.origin.promisor', 'true');
  return { folder, tree: gitIn(folder, 'rev-parse', 'HEAD:out') };
}

let sparse: ReturnType<typeof makeSparse>;
beforeAll(() => {
  sparse = makeSparse();
});

/**
 * A copy of that repository, with settings and hooks that start a program. Unless the repository is complete, a tree is missing that
 * git would fetch.
 */
function hostileRepository(
  configured: readonly (readonly [string, string])[],
  { isIncluded = false, isComplete = false } = {},
) {
  const root = temporaryFolder();
  const trace = join(root, 'trace');
  const program = join(root, 'program');
  writeFileSync(program, `#!/bin/sh\necho "$0 $*" >> '${trace}'\nexit 1\n`);
  chmodSync(program, 0o700);
  const folder = join(root, 'repository');
  const { tree } = sparse;
  cpSync(sparse.folder, folder, { recursive: true, preserveTimestamps: true });
  if (!isComplete) rmSync(join(folder, '.git', 'objects', tree.slice(0, 2), tree.slice(2)));
  writeFileSync(join(folder, 'in', 'new.env'), secret);
  for (const name of ['post-index-change', 'reference-transaction']) {
    writeFileSync(join(folder, '.git', 'hooks', name), `#!/bin/sh\necho hook >> '${trace}'\n`, { mode: 0o700 });
  }
  const file = isIncluded ? join(folder, '.git', 'more') : join(folder, '.git', 'config');
  if (isIncluded) gitIn(folder, 'config', 'include.path', 'more');
  for (const [name, value] of configured) {
    const filled = value.replace('PROGRAM', program).replace('FOLDER', join(folder, '.git', 'hooks'));
    gitIn(folder, 'config', '--file', file, '--add', name, filled);
  }
  rmSync(trace, { force: true });
  return { folder, trace };
}

async function idsIn(folder: string): Promise<string[]> {
  const { stdout, exitCode } = await runCli(['lint', join(folder, 'in'), '--json', '--fail-on', 'never']);
  expect(exitCode).toBe(0);
  return JSON.parse(stdout).findings.map(({ id }: { id: string }) => id);
}

describe('a hostile repository', () => {
  test.each(Object.entries(remotes))('starts no program by %s', async (_name, remote) => {
    const { folder, trace } = hostileRepository(remote);
    await idsIn(folder);
    expect(existsSync(trace)).toBe(false);
    // A repository whose configuration starts nothing at all would prove nothing. The program is no helper, so git may fail.
    spawnSync('git', ['-C', folder, 'ls-files']);
    expect(existsSync(trace)).toBe(true);
  });

  test.each([
    { isIncluded: true, isComplete: false },
    { isIncluded: false, isComplete: true },
  ])('starts no program that a setting names: %o', async (traits) => {
    const remote = remotes['the upload-pack of a remote'] ?? [];
    const { folder, trace } = hostileRepository([...remote, ...settings], traits);
    const ids = await idsIn(folder);
    expect(existsSync(trace)).toBe(false);
    // git has answered, so it has read the settings.
    expect(ids).toEqual(expect.arrayContaining(['file/not-ignored-by-git', 'file/tracked-by-git']));
  });
});
