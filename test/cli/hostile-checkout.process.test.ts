/** A working folder of another user, with real processes of several users: its files are not trusted unless an option names them. */
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, beforeEach, expect, test } from 'vitest';
import { copyForEveryUser, describeAsRoot } from '../programs.js';
import { useCheckout } from './checkout.js';
import { temporaryFolder } from './fake-io.js';

const { here, tokens, inCheckout, run, policy } = useCheckout();

describeAsRoot('files of another user', { tags: 'slow' }, () => {
  const [me, other] = [12_345, 12_346];
  let [node, binary] = ['', ''];
  beforeAll(() => {
    const folder = temporaryFolder();
    openPath(folder);
    ({ node, binary } = copyForEveryUser(folder));
  });
  const give = (uid: number, ...names: string[]) => {
    for (const name of names) {
      chownSync(inCheckout(name), uid, uid);
      if (!statSync(inCheckout(name)).isDirectory()) continue;
      for (const each of readdirSync(inCheckout(name))) give(uid, join(name, each));
    }
  };
  /** The real binary as a user who is not root, in the checkout. */
  const asUser = (...args: string[]) => {
    const { JWTKIT_KEYRING: _, ...env } = process.env;
    const { status, signal, stdout, stderr } = spawnSync(node, [binary, ...args], {
      cwd: here.folder,
      encoding: 'utf8',
      env: { ...env, HOME: here.folder },
      uid: me,
      gid: me,
    });
    return { exitCode: status ?? signal, stdout, stderr };
  };

  /** Lets every user go to a folder of root. */
  const openPath = (path: string) => {
    for (let folder = path; folder.length > 4; folder = join(folder, '..')) {
      if (statSync(folder).uid === 0 && (statSync(folder).mode & 0o1000) === 0) chmodSync(folder, 0o755);
    }
  };

  beforeEach(() => {
    openPath(here.folder);
    for (const name of ['.jwtkit', '.jwtkit/denylist']) chmodSync(inCheckout(name), 0o755);
  });

  test('root uses them, with one note per file naming its owner', async () => {
    give(other, '.jwtkit');
    policy({ keys: { keyring: '.jwtkit' } });
    chownSync(inCheckout('jwtkit.config.json'), me, me);
    const { exitCode, stderr } = await run('verify', tokens.revoked);
    expect(exitCode).toBe(17);
    expect(stderr.match(/^note: .*$/gm)).toEqual([
      `note: ${inCheckout('jwtkit.config.json')} belongs to uid ${me}`,
      `note: ${inCheckout('jwtkit.config.json')} sets keys`,
      `note: ${inCheckout('.jwtkit')} belongs to uid ${other}`,
    ]);
    expect(await run('verify', tokens.good, '--quiet')).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  });

  test('other users do not use them, nor open a damaged denylist', () => {
    give(me, 'public.pem');
    give(other, '.jwtkit');
    const data = inCheckout('.jwtkit/denylist/data.mdb');
    const bytes = readFileSync(data);
    // Whole meta pages before pages of noise: LMDB maps them, and the process ends with a bus error or worse.
    bytes.fill(0xff, 8192);
    writeFileSync(data, bytes);
    chmodSync(data, 0o644);
    const byKey = ['verify', tokens.good, '--key', 'public.pem', '--no-config'];
    expect(asUser(...byKey)).toMatchObject({
      exitCode: 3,
      stdout: '',
      stderr: expect.stringMatching(
        `^error: \\.jwtkit is not used: another user owns it \\(uid ${other}, .*\\)\nhint: --store lmdb:\\.jwtkit/denylist`,
      ),
    });
    expect(asUser('verify', tokens.good)).toMatchObject({ exitCode: 3, stdout: '' });
    expect(asUser('keys', 'list')).toMatchObject({ exitCode: 3, stdout: '' });
    expect(asUser(...byKey, '--no-store')).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test('any user uses them if an option names them', { tags: 'slow' }, () => {
    give(other, '.jwtkit');
    expect(asUser('verify', tokens.good, '--keyring', '.jwtkit')).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test('any user uses files of root', () => {
    expect(asUser('verify', tokens.good)).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test('another user’s policy is not read, and --no-config works beside it', () => {
    policy({ audience: 'nobody' });
    chownSync(inCheckout('jwtkit.config.json'), other, other);
    expect(asUser('verify', tokens.good)).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining('jwtkit.config.json is not used: another user owns it'),
    });
    expect(asUser('verify', tokens.good, '--no-config')).toMatchObject({ exitCode: 0 });
    expect(asUser('verify', tokens.good, '--config', 'jwtkit.config.json')).toMatchObject({ exitCode: 16 });
  });

  test('the first commands of root work in a checkout that anybody may write, with a policy that anybody may write', {
    tags: 'slow',
  }, () => {
    here.folder = temporaryFolder();
    chmodSync(here.folder, 0o777);
    const script = `
      set -e
      umask 000
      echo '{"algorithms":["ES256"]}' > jwtkit.config.json
      "$node" "$binary" keygen --alg ES256
      "$node" "$binary" verify --quiet "$("$node" "$binary" issue --sub a)"`;
    const env = { ...process.env, binary, node };
    const { status, stderr } = spawnSync('sh', ['-c', script], { cwd: here.folder, encoding: 'utf8', env });
    expect({ status, stderr }).toMatchObject({
      status: 0,
      stderr: expect.stringContaining('note: jwtkit.config.json may be written by others'),
    });
  });

  test('files made with a group-writable umask are used by their owner', { tags: 'slow' }, () => {
    here.folder = temporaryFolder();
    chownSync(here.folder, me, me);
    chmodSync(here.folder, 0o775);
    // What jwtkit makes is nobody else's to write whatever the umask; the policy file is an editor's.
    const script = `
      set -e
      umask 000
      "$node" "$binary" keygen --alg ES256
      T=$("$node" "$binary" issue --sub a)
      "$node" "$binary" revoke "$T"
      (umask 002; echo '{}' > jwtkit.config.json)
      "$node" "$binary" verify --quiet "$T"`;
    const { status, stderr } = spawnSync('sh', ['-c', script], {
      cwd: here.folder,
      encoding: 'utf8',
      env: { ...process.env, binary, node },
      uid: me,
      gid: me,
    });
    expect({ status, stderr }).toMatchObject({ status: 17 });
  });
});
