import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { isPassword } from '../../../src/store/accounts/password.js';
import { readUsers } from '../../../src/store/accounts/users.js';
import {
  type FakeWorld,
  fileWith,
  hasModes,
  modeOf,
  now,
  runCli,
  stdoutOf,
  temporaryFolder,
  textOf,
} from '../fake-io.js';

const env = { P: 'correct horse', Q: 'battery staple' };
const terminals = ['stdin', 'stderr'] as const;

let keyring: string;
let path: string;
beforeEach(() => {
  keyring = join(temporaryFolder(), 'keyring');
  path = join(keyring, 'users.json');
});

const users = (args: readonly string[], world: FakeWorld = {}) =>
  runCli(['users', ...args, '--keyring', keyring, '--color', 'never'], { env, ...world });
const addAlice = (...args: string[]) => users(['add', 'alice', '--sub', 'user-123', '--password-env', 'P', ...args]);
const passwordOf = (name: string) => readUsers(path).find((user) => user.name === name)?.passwordHash;

describe('users add', () => {
  test('writes the user beside the keyring, closed to others and kept out of git', async () => {
    const { exitCode, stdout, stderr } = await addAlice('--role', 'admin', '--role', 'editor', '--scope', 'read write');
    expect([exitCode, stdout, stderr]).toEqual([0, '', 'added alice, whose tokens are for user-123\n']);
    expect(readUsers(path)).toMatchObject([
      { name: 'alice', sub: 'user-123', roles: ['admin', 'editor'], scopes: ['read', 'write'], created: now },
    ]);
    expect(await isPassword('correct horse', passwordOf('alice'))).toBe(true);
    expect(textOf(join(keyring, '.gitignore'))).toBe('*\n');
    if (hasModes) expect([modeOf(keyring), modeOf(path)]).toEqual([0o700, 0o600]);
  });

  test('notes a list with commas, as issue does, and so does users set', async () => {
    const lists = ['--role', 'a,b', '--scope', 'read,write'];
    for (const { exitCode, stderr } of [await addAlice(...lists), await users(['set', 'alice', ...lists])]) {
      expect(exitCode).toBe(0);
      expect(stderr).toContain('note: --role: "a,b" is one value with a comma in it; for several, repeat --role\n');
      expect(stderr).toContain('note: --scope: "read,write" is one value with a comma in it');
    }
    expect((await users(['set', 'alice', '--role', 'CN=a,OU=b'])).stderr).not.toContain('comma');
  });

  test('--json prints what was added, without the hash', async () => {
    const { stdout } = await addAlice('--json');
    expect(JSON.parse(stdout)).toEqual({
      name: 'alice',
      sub: 'user-123',
      roles: [],
      scopes: [],
      claims: {},
      created: now,
    });
  });

  test.each([
    ['--users', (file: string) => [['--users', file], {}] as const],
    ['JWTKIT_USERS', (file: string) => [[], { JWTKIT_USERS: file }] as const],
    ['JWTKIT_KEYRING', (file: string) => [[], { JWTKIT_KEYRING: file.slice(0, -'/users.json'.length) }] as const],
  ])('%s names another place', async (_name, place) => {
    const file = join(temporaryFolder(), 'users.json');
    const [args, variables] = place(file);
    const add = ['users', 'add', 'bob', '--sub', 'user-124', '--password-env', 'P', ...args];
    expect((await runCli(add, { env: { ...env, ...variables } })).exitCode).toBe(0);
    expect(readUsers(file)).toMatchObject([{ name: 'bob' }]);
  });

  test.each([
    ['a line end is not part of it', 'correct horse\n', 'correct horse'],
    ['nor one of Windows', 'correct horse\r\n', 'correct horse'],
    ['white space is', ' correct horse ', ' correct horse '],
    ['a byte order mark is not', '\ufeffcorrect\n', 'correct'],
  ])('--password-file: %s', async (_name, content, password) => {
    const file = fileWith(content);
    expect((await users(['add', 'bob', '--sub', 'user-124', '--password-file', file])).exitCode).toBe(0);
    expect(await isPassword(password, passwordOf('bob'))).toBe(true);
  });

  test('users add asks twice on a terminal', async () => {
    const add = ['add', 'bob', '--sub', 'user-124'];
    const { exitCode, stderr } = await users(add, { terminals, answers: ['p\u00e4ss', 'p\u00e4ss'] });
    expect([exitCode, stderr]).toEqual([
      0,
      'new password: \nthe same again: \nadded bob, whose tokens are for user-124\n',
    ]);
    expect(await isPassword('pa\u0308ss', passwordOf('bob'))).toBe(true);
  });

  test.each<[string, readonly string[], FakeWorld, string]>([
    ['no terminal', [], {}, 'there is no terminal to ask for a password at'],
    ['two that differ', [], { terminals, answers: ['a', 'b'] }, 'the two passwords differ'],
    ['none', [], { terminals, answers: [''] }, 'no password was typed'],
    ['a variable that is not set', ['--password-env', 'NOPE'], {}, 'the variable that --password-env names is not set'],
    ['an empty file', ['--password-file', 'FILE:'], {}, 'the file that --password-file names is empty'],
    ['two lines', ['--password-file', 'FILE:a\nb'], {}, 'the password holds a line end'],
    ['one too long', ['--password-file', `FILE:${'x'.repeat(1025)}`], {}, 'has more than 1024 bytes'],
    ['two sources', ['--password-file', 'x', '--password-env', 'P'], {}, 'exclude each other'],
  ])('a password must be fit: %s', async (_name, args, world, message) => {
    const given = args.map((arg) => (arg.startsWith('FILE:') ? fileWith(Buffer.from(arg.slice(5), 'latin1')) : arg));
    const { exitCode, stdout, stderr } = await users(['add', 'bob', '--sub', 'user-124', ...given], world);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
    expect(existsSync(keyring)).toBe(false);
  });

  test('an error does not repeat a password given as a file or variable name', async () => {
    for (const flag of ['--password-file', '--password-env']) {
      const { exitCode, stderr } = await users(['add', 'bob', '--sub', 'user-124', flag, 'hunter2']);
      expect(exitCode).toBeGreaterThan(1);
      expect(stderr).not.toContain('hunter2');
    }
  });

  test('there is no flag that takes a password', async () => {
    const { exitCode, stderr } = await users(['add', 'bob', '--sub', 'user-124', '--password=hunter2']);
    expect(exitCode).toBe(2);
    expect(stderr).not.toContain('hunter2');
  });

  test.each<[string, readonly string[], string]>([
    [
      'a name that is taken',
      ['alice', '--sub', 'user-124'],
      'there is a user with the name "alice" already\nhint: jwtkit users set changes it, jwtkit users passwd its password',
    ],
    ['a sub that is taken', ['bob', '--sub', 'user-123'], 'there is a user with the sub "user-123" already'],
  ])('%s is refused before anything is asked', async (_name, args, message) => {
    await addAlice();
    const { exitCode, stderr } = await users(['add', ...args], { terminals, answers: ['p', 'p'] });
    expect([exitCode, stderr]).toEqual([3, `error: ${message}\n`]);
  });

  test.each<[string, readonly string[], string]>([
    ['no name', ['--sub', 'user-1'], "missing required argument 'name'"],
    ['no sub', ['bob'], "required option '--sub <id>' not specified"],
    ['an empty name', ['', '--sub', 'user-1'], 'the argument name is empty'],
    ['white space around it', [' bob', '--sub', 'user-1'], 'begins or ends with white space'],
    ['what a terminal would obey', ['bo\u001b[2Jb', '--sub', 'user-1'], 'has a control or an invisible character'],
    ['the sub of a client', ['bob', '--sub', 'client-1'], 'begins with client-, as the ids of clients do'],
    ['a scope that is none', ['bob', '--sub', 'user-1', '--scope', 'a"b'], 'is not a scope token'],
    ['an empty role', ['bob', '--sub', 'user-1', '--role', ' '], '--role: the value is empty'],
  ])('refuses %s', async (_name, args, message) => {
    const { exitCode, stderr } = await users(['add', ...args, '--password-env', 'P']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('\u001b');
    expect(existsSync(keyring)).toBe(false);
  });

  test('a name may begin with a dash, behind --', async () => {
    expect((await users(['add', '--sub', 'user-1', '--password-env', 'P', '--', '-bob'])).exitCode).toBe(2);
    const add = ['users', 'add', '--sub', 'user-1', '--password-env', 'P', '--keyring', keyring, '--', '-bob'];
    expect((await runCli(add, { env })).exitCode).toBe(0);
  });

  test('add refuses a damaged file of users and does not change it', async () => {
    mkdirSync(keyring);
    writeFileSync(path, '{"users":[');
    const { exitCode, stderr } = await addAlice();
    expect([exitCode, stderr]).toEqual([3, `error: ${path} is not JSON\n`]);
    expect(textOf(path)).toBe('{"users":[');
  });
});

describe('users add --password-hash', () => {
  const hash = '$2b$06$yYRIAcDFwpPqisaK8ReDe.yOA/YHCrtKvHGEPwkflTQiuDZgbe0gO';
  const argon2 = `$argon2id$v=19$t=3,m=64,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;
  const add = (args: readonly string[], world: FakeWorld = {}) =>
    users(['add', 'bob', '--sub', 'user-124', '--password-hash', ...args], world);

  test.each([hash, argon2])('keeps the hash as it is: %s', async (given) => {
    const { exitCode, stderr } = await add(['--password-env', 'H'], { env: { H: `${given}\n` } });
    expect([exitCode, stderr]).toEqual([0, 'added bob, whose tokens are for user-124\n']);
    expect(passwordOf('bob')).toBe(given);
  });

  test('takes it from a file, and the password then logs in', async () => {
    expect((await add(['--password-file', fileWith(`${hash}\n`)])).exitCode).toBe(0);
    expect(await isPassword('correct horse', passwordOf('bob'))).toBe(true);
    expect(await isPassword('correct horses', passwordOf('bob'))).toBe(false);
  });

  test.each<[string, readonly string[], FakeWorld, string]>([
    ['no source', [], { terminals, answers: [hash] }, '--password-hash needs --password-file or --password-env'],
    ['a password', ['--password-env', 'P'], {}, 'the password hash is not a PHC string of argon2id'],
    [
      'an unknown kind',
      ['--password-env', 'H'],
      { env: { H: '$6$salt$abc' } },
      'users with other hashes need a new password',
    ],
    ['too much work', ['--password-env', 'H'], { env: { H: hash.replace('$06$', '$15$') } }, 'not from 4 to 14'],
  ])('refuses %s, and repeats nothing of it', async (_name, args, world, message) => {
    const { exitCode, stderr } = await add(args, world);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
    for (const secret of ['correct horse', '$6$salt', 'yOA/YHCrtKv']) expect(stderr).not.toContain(secret);
    expect(existsSync(keyring)).toBe(false);
  });
});

describe('users list', () => {
  test('list shows the users and no hashes', async () => {
    await addAlice('--role', 'admin', '--scope', 'read write');
    await users(['add', 'bob', '--sub', 'user-124', '--password-env', 'P']);
    const { exitCode, stdout } = await users(['list']);
    expect(exitCode).toBe(0);
    expect(stdout.split('\n').map((line) => line.trimEnd())).toEqual([
      'NAME   SUB       ROLES  SCOPES      CREATED',
      'alice  user-123  admin  read write  2026-11-23T12:00:00Z',
      'bob    user-124                     2026-11-23T12:00:00Z',
      '',
    ]);
    const json = await users(['list', '--json']);
    expect(JSON.parse(json.stdout)[0]).toEqual({
      name: 'alice',
      sub: 'user-123',
      roles: ['admin'],
      scopes: ['read', 'write'],
      claims: {},
      created: now,
    });
    for (const printed of [stdout, json.stdout]) expect(printed).not.toContain('argon2');
  });

  test('list without users is not an error', async () => {
    expect(await users(['list'])).toEqual({ exitCode: 0, stdout: '', stderr: 'there are no users\n' });
    expect((await users(['list', '--json'])).stdout).toBe('[]\n');
    expect(existsSync(keyring)).toBe(false);
  });
});

/** A token of alice's that the denylist of the keyring is asked about. */
async function tokenOfAlice(): Promise<string> {
  await addAlice();
  await stdoutOf(['keygen', '--alg', 'ES256', '--keyring', keyring]);
  return stdoutOf(['issue', '--sub', 'user-123', '--keyring', keyring]);
}
const verify = async (token: string, ...args: string[]) =>
  (await runCli(['verify', token, '--quiet', '--keyring', keyring, ...args])).exitCode;

describe('users set', () => {
  const addBoth = async () => {
    await addAlice('--role', 'admin', '--role', 'editor', '--scope', 'read write');
    await users(['add', 'bob', '--sub', 'user-124', '--role', 'admin', '--password-env', 'P']);
  };

  test.each<[string, readonly string[], object]>([
    ['--role replaces all roles', ['--role', 'auditor'], { roles: ['auditor'] }],
    ['--role several times is several', ['--role', 'auditor', '--role', 'on call'], { roles: ['auditor', 'on call'] }],
    ['--no-roles leaves none', ['--no-roles'], { roles: [] }],
    ['--scope replaces all scopes', ['--scope', 'b a', '--scope', 'c b'], { scopes: ['b', 'a', 'c'] }],
    ['--no-scopes leaves none', ['--no-scopes'], { scopes: [] }],
    ['both lists at once', ['--scope', 'read', '--no-roles'], { roles: [], scopes: ['read'] }],
    ['neither', ['--no-scopes', '--no-roles'], { roles: [], scopes: [] }],
  ])('%s, and nothing else changes', async (_name, args, change) => {
    await addBoth();
    const [alice, bob] = readUsers(path);
    expect((await users(['set', 'alice', ...args])).exitCode).toBe(0);
    expect(readUsers(path)).toEqual([{ ...alice, ...change }, bob]);
    if (hasModes) expect(modeOf(path)).toBe(0o600);
  });

  test('set shows the new roles and scopes, and notes that old tokens keep theirs', async () => {
    const token = await tokenOfAlice();
    const { exitCode, stdout, stderr } = await users(['set', 'alice', '--role', 'editor', '--role', 'on call']);
    expect([exitCode, stdout]).toEqual([0, '']);
    expect(stderr).toBe(
      'changed alice: roles editor, on call; no scopes\n' +
        'note: tokens of alice keep their roles and scopes until they expire; ' +
        `to end them now: jwtkit revoke --sub user-123 --keyring ${keyring}\n`,
    );
    expect(await verify(token)).toBe(0);
    expect(existsSync(join(keyring, 'denylist'))).toBe(false);
  });

  test('set --end-sessions revokes old tokens, in the denylist of --store, and no later token', async () => {
    const token = await tokenOfAlice();
    const location = `lmdb:${join(temporaryFolder(), 'denylist')}`;
    const store = ['--store', location];
    const { exitCode, stderr } = await users(['set', 'alice', '--scope', 'read', '--end-sessions', ...store]);
    expect([exitCode, stderr]).toEqual([
      0,
      `changed alice: no roles; scopes read\nrevoked every token of user-123 issued up to now, in ${location}\n`,
    ]);
    expect([await verify(token), await verify(token, ...store)]).toEqual([0, 17]);
    const later = await stdoutOf(['issue', '--sub', 'user-123', '--keyring', keyring], { now: now + 1 });
    expect(await verify(later, '--at', '+1s', ...store)).toBe(0);
  });

  test('--json prints the user as list does, and up to when tokens were revoked', async () => {
    await addAlice('--role', 'admin');
    const set = ['set', 'alice', '--scope', 'read write', '--json'];
    const shown = {
      name: 'alice',
      sub: 'user-123',
      roles: ['admin'],
      scopes: ['read', 'write'],
      claims: {},
      created: now,
    };
    const { stdout } = await users(set);
    expect(JSON.parse(stdout)).toEqual({ ...shown, issued_up_to: null });
    expect(JSON.parse((await users(['list', '--json'])).stdout)).toEqual([shown]);
    const ended = await users([...set, '--end-sessions']);
    expect(JSON.parse(ended.stdout)).toEqual({ ...shown, issued_up_to: now });
  });

  test.each<[string, readonly string[], string]>([
    ['nothing to change', [], 'hint: name --role or --no-roles, --scope or --no-scopes'],
    ['nothing but an end of sessions', ['--end-sessions'], 'hint: name --role or --no-roles, --scope or --no-scopes'],
    ['roles and none', ['--role', 'a', '--no-roles'], '--role and --no-roles exclude each other'],
    ['none and roles', ['--no-roles', '--role', 'a'], '--role and --no-roles exclude each other'],
    ['scopes and none', ['--scope', 'a', '--no-scopes'], '--scope and --no-scopes exclude each other'],
    ['an empty role', ['--role', ''], '--role: the value is empty'],
    ['an empty scope', ['--scope', ' '], '--scope: the value is empty'],
    ['a scope that is none', ['--scope', 'a"b', '--no-roles'], 'is not a scope token'],
    ['a role that a terminal would obey', ['--role', 'a\u001b[2Jb'], 'has a control or an invisible character'],
    ['a flag that is nearly one', ['--no-role'], 'did you mean --no-roles?'],
  ])('refuses %s', async (_name, args, message) => {
    await addBoth();
    const before = textOf(path);
    const { exitCode, stdout, stderr } = await users(['set', 'alice', ...args]);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('\u001b');
    expect(textOf(path)).toBe(before);
  });

  test('set refuses an unknown user and makes no files', async () => {
    const { exitCode, stderr } = await users(['set', 'bob', '--no-roles', '--end-sessions']);
    expect([exitCode, stderr]).toEqual([3, 'error: there is no user "bob"\nhint: list them with: jwtkit users list\n']);
    expect(existsSync(keyring)).toBe(false);
  });

  test('set changes nothing if the denylist cannot be opened', async () => {
    await addAlice('--role', 'admin');
    const store = ['--store', `lmdb:${fileWith('no store')}`];
    expect((await users(['set', 'alice', '--no-roles', '--end-sessions', ...store])).exitCode).toBe(3);
    expect(readUsers(path)).toMatchObject([{ roles: ['admin'] }]);
  });
});

describe('users passwd', () => {
  test('passwd changes the password, and notes that sessions stay valid', async () => {
    const token = await tokenOfAlice();
    const { exitCode, stdout, stderr } = await users(['passwd', 'alice', '--password-env', 'Q']);
    expect([exitCode, stdout]).toEqual([0, '']);
    expect(stderr).toBe(
      'changed the password of alice\n' +
        `note: its tokens are good until they expire; to end them now: jwtkit revoke --sub user-123 --keyring ${keyring}\n`,
    );
    expect(await isPassword('battery staple', passwordOf('alice'))).toBe(true);
    expect(await verify(token)).toBe(0);
  });

  test('passwd --end-sessions revokes old tokens, and no later token', async () => {
    const token = await tokenOfAlice();
    const { exitCode, stderr } = await users(['passwd', 'alice', '--password-env', 'Q', '--end-sessions']);
    expect([exitCode, stderr]).toEqual([
      0,
      `changed the password of alice\nrevoked every token of user-123 issued up to now, in the denylist of ${keyring}\n`,
    ]);
    expect(await verify(token)).toBe(17);
    const later = await stdoutOf(['issue', '--sub', 'user-123', '--keyring', keyring], { now: now + 1 });
    expect(await verify(later, '--at', '+1s')).toBe(0);
  });

  test('passwd --json prints up to when tokens are revoked', async () => {
    await addAlice();
    const passwd = ['passwd', 'alice', '--password-env', 'Q', '--json'];
    expect(JSON.parse((await users(passwd)).stdout)).toEqual({ name: 'alice', sub: 'user-123', issued_up_to: null });
    const ended = await users([...passwd, '--end-sessions']);
    expect(JSON.parse(ended.stdout)).toEqual({ name: 'alice', sub: 'user-123', issued_up_to: now });
  });

  test('passwd refuses an unknown user, asks nothing and makes no files', async () => {
    const { exitCode, stderr } = await users(['passwd', 'bob', '--end-sessions'], { terminals, answers: ['p', 'p'] });
    expect([exitCode, stderr]).toEqual([3, 'error: there is no user "bob"\nhint: list them with: jwtkit users list\n']);
    expect(existsSync(keyring)).toBe(false);
  });

  test('passwd changes nothing if the denylist cannot be opened', async () => {
    await addAlice();
    const store = ['--store', `lmdb:${fileWith('no store')}`];
    const { exitCode } = await users(['passwd', 'alice', '--password-env', 'Q', '--end-sessions', ...store]);
    expect(exitCode).toBe(3);
    expect(await isPassword('correct horse', passwordOf('alice'))).toBe(true);
  });
});

describe('users remove', () => {
  test('remove removes the user and revokes the tokens', async () => {
    const token = await tokenOfAlice();
    const { exitCode, stdout, stderr } = await users(['remove', 'alice']);
    expect([exitCode, stdout]).toEqual([0, '']);
    expect(stderr).toBe(
      `removed alice\nrevoked every token of user-123 issued up to now, in the denylist of ${keyring}\n`,
    );
    expect(readUsers(path)).toEqual([]);
    expect(await verify(token)).toBe(17);
  });

  test('remove revokes in the denylist of --store', async () => {
    const token = await tokenOfAlice();
    const store = ['--store', `lmdb:${join(temporaryFolder(), 'denylist')}`];
    expect((await users(['remove', 'alice', '--json', ...store])).stdout).toBe(
      `{"name":"alice","sub":"user-123","issued_up_to":${now}}\n`,
    );
    expect([await verify(token), await verify(token, ...store)]).toEqual([0, 17]);
  });

  test('remove --keep-tokens revokes nothing, and notes that the tokens stay valid', async () => {
    const token = await tokenOfAlice();
    const { stderr } = await users(['remove', 'alice', '--keep-tokens']);
    expect(stderr).toContain(
      `note: its tokens are good until they expire; to end them now: jwtkit revoke --sub user-123 --keyring ${keyring}\n`,
    );
    expect(await verify(token)).toBe(0);
    expect(existsSync(join(keyring, 'denylist'))).toBe(false);
  });

  test('the command of the note is quoted for a shell', async () => {
    await users(['add', 'bob', '--sub', "it's bob; ls", '--password-env', 'P']);
    const { stderr } = await users(['remove', 'bob', '--keep-tokens']);
    expect(stderr).toContain(`jwtkit revoke --sub 'it'\\''s bob; ls' --keyring ${keyring}\n`);
  });

  test('remove keeps the user if the denylist cannot be opened', async () => {
    await addAlice();
    const { exitCode } = await users(['remove', 'alice', '--store', `lmdb:${fileWith('no store')}`]);
    expect(exitCode).toBe(3);
    expect(readUsers(path)).toHaveLength(1);
  });
});

test('a policy that names a keyring names the users beside it', async () => {
  await addAlice();
  const config = fileWith(JSON.stringify({ keys: { keyring }, scopes: ['read'] }), 'jwtkit.config.json');
  expect(JSON.parse(await stdoutOf(['users', 'list', '--json', '--config', config]))).toHaveLength(1);
});
