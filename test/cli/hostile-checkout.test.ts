/** A working folder of another user: its files are not trusted unless an option names them. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { useCheckout } from './checkout.js';
import { commandsIn } from './commands.js';
import { hasModes, runCli, stdoutOf, temporaryFolder, unsigned } from './fake-io.js';

const { here, tokens, inCheckout, run, openToAll, policy } = useCheckout();

/** Each command that uses a keyring, with arguments of the same that have it ask for nothing else. */
const commands: Record<string, () => string[]> = {
  keygen: () => ['--alg', 'ES256'],
  issue: () => [],
  verify: () => [tokens.good],
  refresh: () => [tokens.refresh],
  revoke: () => [tokens.good],
  serve: () => ['--port', '0'],
  fixtures: () => [inCheckout('hostile-tokens')],
  probe: () => ['jose'],
  encrypt: () => [inCheckout('password')],
  decrypt: () => [tokens.encrypted],
  'keys list': () => [],
  'keys rotate': () => [],
  'keys retire': () => ['k1', '--force'],
  'keys remove': () => ['k1', '--force'],
  'keys prune': () => [],
  'keys import': () => [inCheckout('other.pem')],
  'keys export': () => ['k1'],
  'keys jwks': () => [],
  'users add': () => ['carol', '--sub', 'carol', '--password-file', inCheckout('password')],
  'users import': () => [inCheckout('users.csv'), '--dry-run'],
  'users set': () => ['bob', '--no-roles'],
  'users passwd': () => ['bob', '--password-file', inCheckout('password')],
  'users list': () => [],
  'users remove': () => ['bob'],
  'clients add': () => ['other'],
  'clients set': () => ['reports', '--no-scopes'],
  'clients list': () => [],
  'clients rotate': () => ['reports'],
  'clients remove': () => ['reports'],
};

/** Commands that use a keyring only if an option names it. */
const onNameOnly = ['diff'];

test('the table has every command that uses a keyring', async () => {
  const using: string[] = [];
  for (const name of commandsIn(await stdoutOf(['--help']))) {
    const below = commandsIn(await stdoutOf([name, '--help']));
    const names = below.length > 0 ? below.map((inner) => `${name} ${inner}`) : [name];
    for (const each of names) {
      if ((await stdoutOf([...each.split(' '), '--help'])).includes('--keyring <dir>')) using.push(each);
    }
  }
  expect(using.sort()).toEqual([...Object.keys(commands), ...onNameOnly].sort());
});

describe.skipIf(!hasModes)('a folder that others may write', () => {
  const named = (name: string) => [...name.split(' '), ...(commands[name]?.() ?? [])];

  test.each(Object.keys(commands))(
    '%s refuses a keyring folder writable by others unless it was named, and changes nothing',
    async (name) => {
      openToAll('.jwtkit');
      const before = readdirSync(inCheckout('.jwtkit')).map((each) => statSync(inCheckout(`.jwtkit/${each}`)).mtimeMs);
      const { exitCode, stdout, stderr } = await run(...named(name), '--json');
      expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
      const { error } = JSON.parse(stderr);
      expect(error.code).toBe('FILE_NOT_TRUSTED');
      expect(error.message).toContain(`${inCheckout('.jwtkit')} is not used: others may write to it (`);
      expect(error.hint).toContain(`--keyring ${inCheckout('.jwtkit')} trusts it`);
      const after = readdirSync(inCheckout('.jwtkit')).map((each) => statSync(inCheckout(`.jwtkit/${each}`)).mtimeMs);
      expect(after).toEqual(before);
    },
  );

  test.each(Object.keys(commands).filter((name) => name !== 'serve'))(
    '%s uses a keyring folder writable by others if it is named',
    async (name) => {
      openToAll('.jwtkit');
      const { exitCode, stderr } = await run(...named(name), '--keyring', inCheckout('.jwtkit'));
      // probe finds hostile tokens that jose accepts.
      expect({ exitCode, stderr }).toMatchObject({ exitCode: name === 'probe' ? 19 : 0 });
    },
  );

  test.each(['decode', 'inspect'])('%s of an encrypted token does not read it for its note', async (name) => {
    const jwe = await stdoutOf(['encrypt', '-', '--key', inCheckout('public.pem')], { ...here.world, stdin: 'text' });
    const set = inCheckout('.jwtkit/jwks.json');
    rmSync(set);
    // Reading a pipe without a writer would never end.
    expect(spawnSync('mkfifo', [set]).status).toBe(0);
    openToAll('.jwtkit');
    const { stderr } = await run(name, jwe);
    expect(stderr).toContain(`; the keyring ${inCheckout('.jwtkit')} is not used: others may write to it`);
  });

  test('is used if a variable names it', async () => {
    openToAll('.jwtkit');
    here.world.env = { JWTKIT_KEYRING: inCheckout('.jwtkit') };
    expect(await run('verify', tokens.good)).toMatchObject({ exitCode: 0 });
    expect(await run('verify', tokens.revoked)).toMatchObject({ exitCode: 17 });
  });

  test.each(['jwks.json', 'k1.pem', 'users.json', 'denylist', 'denylist/data.mdb'])(
    'is refused for %s alone',
    async (name) => {
      openToAll(`.jwtkit/${name}`);
      const { exitCode, stderr } = await run('verify', tokens.good);
      expect(exitCode).toBe(3);
      expect(stderr).toContain(`others may write to ${inCheckout(`.jwtkit/${name}`)} (`);
    },
  );

  describe('as a place for the denylist alone', () => {
    const byKey = () => ['verify', tokens.good, '--key', inCheckout('public.pem'), '--no-config'];
    beforeEach(() => openToAll('.jwtkit'));

    test('a denylist folder that others may write is exit 3, with hints', async () => {
      const { exitCode, stdout, stderr } = await run(...byKey());
      expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
      const location = `lmdb:${inCheckout('.jwtkit/denylist')}`;
      expect(stderr).toContain(`hint: --store ${location} trusts it, --no-store asks no denylist; or chown`);
      expect(await run(...byKey(), '--store', location)).toMatchObject({ exitCode: 0 });
      expect(await run('verify', tokens.revoked, ...byKey().slice(2), '--store', location)).toMatchObject({
        exitCode: 17,
      });
      here.world.env = { JWTKIT_STORE: location };
      expect(await run('verify', tokens.revoked, ...byKey().slice(2))).toMatchObject({ exitCode: 17 });
    });

    test('is exit 3 even without a denylist, which another user could have removed', async () => {
      rmSync(inCheckout('.jwtkit/denylist'), { recursive: true });
      expect(await run(...byKey())).toMatchObject({ exitCode: 3 });
    });

    test('is exit 3 for a batch, also if the folder appears later', async () => {
      const batch = ['verify', '--batch', ...byKey().slice(2)];
      expect(await run(...batch)).toMatchObject({ exitCode: 3, stdout: '' });
      const [keyring, away] = [inCheckout('.jwtkit'), inCheckout('away')];
      renameSync(keyring, away);
      here.world.chunks = function* () {
        yield Buffer.from(`${tokens.good}\n`);
        renameSync(away, keyring);
        yield Buffer.from(`${tokens.good}\n`);
      };
      const ended = await run(...batch);
      expect(ended).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('is not used: others may write') });
      expect(ended.stdout).toMatch(/^\{"line":1,"valid":true,[^\n]*\n$/);
    });

    test('is not opened with --no-store, and the report says so', async () => {
      for (const name of readdirSync(inCheckout('.jwtkit/denylist'))) {
        writeFileSync(inCheckout(`.jwtkit/denylist/${name}`), 'damaged');
      }
      const { exitCode, stdout } = await run(...byKey(), '--no-store');
      expect(exitCode).toBe(0);
      expect(stdout).toMatch(/^skipped {2}denylist +not asked: --no-store$/m);
      const report = JSON.parse((await run(...byKey(), '--no-store', '--json')).stdout);
      expect(report.checks.at(-1)).toEqual({
        name: 'denylist',
        status: 'skipped',
        message: 'not asked: --no-store',
      });
      here.world.stdin = `${tokens.revoked}\n`;
      const batch = await run('verify', '--batch', ...byKey().slice(2), '--no-store');
      expect(batch).toMatchObject({ exitCode: 0, stderr: '1 valid\n' });
    });
  });
});

describe('--no-store', () => {
  const refresh = () => ['refresh', tokens.refresh, '--keyring', inCheckout('.jwtkit')];

  test('--no-store works for refresh, but not with --rotate', async () => {
    await run('revoke', tokens.refresh, '--keyring', inCheckout('.jwtkit'));
    expect(await run(...refresh())).toMatchObject({ exitCode: 17 });
    expect(await run(...refresh(), '--no-store')).toMatchObject({ exitCode: 0 });
    const rotated = await run(...refresh(), '--no-store', '--rotate');
    expect(rotated).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('--rotate and --no-store exclude') });
  });

  test('--no-store beats JWTKIT_STORE and the policy, and excludes --store', async () => {
    const store = `lmdb:${inCheckout('.jwtkit/denylist')}`;
    policy({ store, keys: { keyring: '.jwtkit' } });
    here.world.env = { JWTKIT_STORE: store };
    expect(await run('verify', tokens.revoked)).toMatchObject({ exitCode: 17 });
    expect(await run('verify', tokens.revoked, '--no-store')).toMatchObject({ exitCode: 0 });
    for (const args of [
      ['--no-store', '--store', store],
      ['--store', store, '--no-store'],
    ]) {
      const { exitCode, stderr } = await run('verify', tokens.good, ...args);
      expect({ exitCode, stderr }).toMatchObject({
        exitCode: 2,
        stderr: expect.stringContaining('--no-store and --store exclude each other'),
      });
    }
  });

  test.each(['revoke', 'serve', 'users remove'])('%s, which writes the denylist, has no --no-store', async (name) => {
    expect(await run(...name.split(' '), '--no-store')).toMatchObject({ exitCode: 2 });
  });
});

describe.skipIf(!hasModes)('a policy file', () => {
  const found = () => run('verify', tokens.good);
  const byName = () => run('verify', tokens.good, '--config', inCheckout('jwtkit.config.json'));

  /** Root gets a note about such a file, everybody else the error. */
  const isRoot = process.geteuid?.() === 0;

  test('a found policy that others may write is used by root only, a named one by all', async () => {
    policy({ keys: { keyring: '.jwtkit' } });
    openToAll('jwtkit.config.json');
    const { exitCode, stderr } = await found();
    const file = inCheckout('jwtkit.config.json');
    expect(exitCode).toBe(isRoot ? 0 : 3);
    if (isRoot) expect(stderr).toContain(`note: ${file} may be written by others\n`);
    else {
      expect(stderr).toContain(`error: ${file} is not used: others may write to it (`);
      expect(stderr).toContain(`hint: --config ${file} trusts it, --no-config does without it; or chown`);
    }
    expect(await byName()).toMatchObject({ exitCode: 0 });
    here.world.env = { JWTKIT_CONFIG: file };
    expect(await found()).toMatchObject({ exitCode: 0 });
  });

  test('a policy in a folder that others may write is used by root only', async () => {
    policy({});
    chmodSync(here.folder, 0o777);
    const expected = isRoot ? { exitCode: 0 } : { exitCode: 3, stderr: expect.stringContaining('others may write to') };
    expect(await found()).toMatchObject(expected);
  });

  test.each([
    ['a keyring', { keys: { keyring: '.jwtkit' } }, '.jwtkit', '--keyring'],
    ['a key', { keys: { files: ['public.pem'] } }, 'public.pem', '--key'],
    ['a JWK Set', { keys: { jwks: 'set.json' } }, 'set.json', '--jwks'],
    ['a secret', { keys: { secretFile: 'secret' } }, 'secret', '--secret-file'],
    ['a denylist', { keys: { files: ['public.pem'] }, store: 'lmdb:.jwtkit/denylist' }, '.jwtkit/denylist', '--store'],
  ])('a found policy does not make %s trusted if others may write it', async (_, members, name, flag) => {
    writeFileSync(inCheckout('secret'), 'a secret of thirty-two bytes, at least');
    policy(members);
    openToAll(name);
    const { exitCode, stderr } = await found();
    if (isRoot && statSync(inCheckout(name)).isFile()) {
      expect(stderr).toContain(`note: ${inCheckout(name)} may be written by others\n`);
    } else {
      expect(exitCode).toBe(3);
      expect(stderr).toContain(`${inCheckout(name)} is not used: others may write to it (`);
      expect(stderr).toMatch(new RegExp(`^hint: ${flag} \\S+ trusts it, as does --config \\S+jwtkit.config.json`, 'm'));
    }
    const trusted = await byName();
    expect(trusted.stderr).not.toContain('is not used');
    expect(trusted.exitCode).toBe(name === 'secret' ? 12 : 0);
  });
});

describe('in another user’s checkout with one’s own files', () => {
  /** The files of the checkout are such that reading one is an error, and opening the denylist the end of the process. */
  beforeEach(() => {
    const key = readFileSync(inCheckout('public.pem'));
    for (const name of readdirSync(here.folder, { recursive: true, encoding: 'utf8' })) {
      if (statSync(inCheckout(name)).isFile()) writeFileSync(inCheckout(name), Buffer.alloc(100_000, 0xff));
    }
    writeFileSync(inCheckout('jwtkit.config.json'), 'not JSON');
    own = join(temporaryFolder(), 'own');
    mkdirSync(own);
    writeFileSync(join(own, 'public.pem'), key);
    writeFileSync(join(own, 'policy.json'), '{}');
  });
  let own = '';
  const withKey = (token: string, ...args: string[]) => run('verify', token, '--key', join(own, 'public.pem'), ...args);

  test('the command line of SECURITY.md uses no file of the working folder', async () => {
    const line = readFileSync(new URL('../../SECURITY.md', import.meta.url), 'utf8').match(/^jwtkit verify .*$/m)?.[0];
    expect(line).toBe('jwtkit verify "$TOKEN" --key /etc/ci/public.pem --aud api --no-config --no-store');
    expect(await withKey(tokens.good, '--no-config', '--no-store')).toMatchObject({ exitCode: 0, stderr: '' });
    const { stdout } = await withKey(tokens.good, '--no-config', '--no-store', '--json');
    expect(JSON.parse(stdout)).not.toHaveProperty('config');
  });

  test('one’s own policy, keyring and denylist are used', async () => {
    const [config, store] = [join(own, 'policy.json'), `lmdb:${join(own, 'denylist')}`];
    expect(await withKey(tokens.good, '--config', config, '--no-store')).toMatchObject({ exitCode: 0, stderr: '' });
    await run('revoke', '--jti', 'good', '--until', '+1d', '--store', store, '--no-config');
    expect(await withKey(tokens.good, '--no-config', '--store', store)).toMatchObject({ exitCode: 17 });
    here.world.env = { JWTKIT_CONFIG: config, JWTKIT_STORE: store, JWTKIT_KEY: join(own, 'public.pem') };
    expect(await run('verify', tokens.good)).toMatchObject({ exitCode: 17 });
    here.world.env = { JWTKIT_KEYRING: join(own, 'keyring'), JWTKIT_CONFIG: config };
    await run('keygen', '--alg', 'ES256');
    const token = await stdoutOf(['issue'], here.world);
    expect(await run('verify', token)).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test.each([
    ['--no-config', ['--no-store']],
    ['--no-store', ['--no-config']],
  ])('without %s the command stops at a file of the checkout', async (_, args) => {
    expect(await withKey(tokens.good, ...args)).toMatchObject({ exitCode: 3, stdout: '' });
  });
});

test.skipIf(process.platform === 'win32').each(['jwks.json', 'denylist/data.mdb', 'users.json'])(
  'a pipe in the place of %s of an unnamed keyring ends the command at once',
  async (name) => {
    const workingFolder = temporaryFolder();
    const path = join(workingFolder, '.jwtkit', name);
    mkdirSync(dirname(path), { recursive: true });
    expect(spawnSync('mkfifo', [path]).status).toBe(0);
    const { exitCode, stderr } = await runCli(['verify', unsigned({})], { workingFolder });
    expect(exitCode).toBe(3);
    expect(stderr).toContain('is not a regular file');
  },
);
