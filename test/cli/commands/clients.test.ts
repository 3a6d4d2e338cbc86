import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { readClients } from '../../../src/store/accounts/clients.js';
import { isClientSecret } from '../../../src/token/account.js';
import { fileWith, hasModes, modeOf, now, runCli, stdoutOf, temporaryFolder, textOf } from '../fake-io.js';

let keyring: string;
let path: string;
beforeEach(() => {
  keyring = join(temporaryFolder(), 'keyring');
  path = join(keyring, 'clients.json');
});

const clients = (...args: string[]) => runCli(['clients', ...args, '--keyring', keyring, '--color', 'never']);
const lines = /^client_id=(client-[\w-]{22})\nclient_secret=([\w-]{43})\n$/;

/** The id and the secret that a command has printed. */
function printed(stdout: string): { id: string; secret: string } {
  const [, id = '', secret = ''] = lines.exec(stdout) ?? [];
  return { id, secret };
}

test('add prints the id and the secret, alone on stdout, in lines that a shell takes for assignments', async () => {
  const { exitCode, stdout, stderr } = await clients('add', 'billing', '--scope', 'a b', '--scope', 'c');
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(lines);
  expect(stderr).toBe('added billing; its secret is not shown again\n');
  const { id, secret } = printed(stdout);
  const [client] = readClients(path);
  expect(client).toMatchObject({ id, name: 'billing', scopes: ['a', 'b', 'c'], created: now });
  expect(isClientSecret(client, secret)).toBe(true);
  if (hasModes) expect(modeOf(path)).toBe(0o600);
});

test('add and set note a list with commas, as issue does', async () => {
  for (const command of ['add', 'set']) {
    const { exitCode, stderr } = await clients(command, 'billing', '--scope', 'a,b', '--aud', 'x,y');
    expect(exitCode).toBe(0);
    for (const option of ['--scope: "a,b"', '--aud: "x,y"'])
      expect(stderr).toContain(`note: ${option} is one value with a comma in it`);
  }
});

test('add --json prints an object', async () => {
  const { stdout, stderr } = await clients('add', 'billing', '--json');
  const { client_id: id, client_secret: secret, ...rest } = JSON.parse(stdout);
  expect([rest, stderr]).toEqual([{ name: 'billing', scopes: [], aud: [], claims: {}, created: now }, '']);
  expect(printed(`client_id=${id}\nclient_secret=${secret}\n`)).toEqual({ id, secret });
});

test('two clients never share an id or a secret', async () => {
  const made = await Promise.all(['a', 'b', 'c'].map(async (name) => printed((await clients('add', name)).stdout)));
  expect(new Set(made.flatMap(({ id, secret }) => [id, secret])).size).toBe(6);
});

test('list shows ids, names and scopes, no secrets and no hashes', async () => {
  const { id, secret } = printed((await clients('add', 'billing', '--scope', 'a b')).stdout);
  const [stored] = readClients(path);
  const [table, json] = [await clients('list'), await clients('list', '--json')];
  expect(table.stdout.split('\n')[1]).toBe(`${id}  billing  a b     2026-11-23T12:00:00Z`);
  expect(JSON.parse(json.stdout)).toEqual([
    { client_id: id, name: 'billing', scopes: ['a', 'b'], aud: [], claims: {}, created: now },
  ]);
  for (const { stdout } of [table, json])
    for (const hidden of [secret, stored?.secretHash]) expect(stdout).not.toContain(hidden);
});

test('without clients the list is empty, and nothing is made', async () => {
  expect(await clients('list')).toEqual({ exitCode: 0, stdout: '', stderr: 'there are no clients\n' });
  expect((await clients('list', '--json')).stdout).toBe('[]\n');
  expect(existsSync(keyring)).toBe(false);
});

test.each(['id', 'name'])(
  'set by %s replaces the scopes, keeps id and secret, and notes that old tokens keep their scopes',
  async (by) => {
    const { id, secret } = printed((await clients('add', 'billing', '--scope', 'a b')).stdout);
    await clients('add', 'other', '--scope', 'a');
    const [billing, other] = readClients(path);
    const note =
      'note: tokens of billing keep their scopes until they expire; ' +
      `to end them now: jwtkit revoke --sub ${id} --keyring ${keyring}\n`;
    const set = (...args: string[]) => clients('set', by === 'id' ? id : 'billing', ...args);
    expect(await set('--scope', 'c', '--scope', 'b c')).toEqual({
      exitCode: 0,
      stdout: '',
      stderr: `changed billing: scopes c b\n${note}`,
    });
    expect(readClients(path)).toEqual([{ ...billing, scopes: ['c', 'b'] }, other]);
    expect(isClientSecret(readClients(path)[0], secret)).toBe(true);
    expect((await set('--no-scopes')).stderr).toBe(`changed billing: no scopes\n${note}`);
    expect(readClients(path)).toEqual([{ ...billing, scopes: [] }, other]);
  },
);

test('set --json prints the client as list does', async () => {
  await clients('add', 'billing', '--scope', 'a b');
  const { stdout } = await clients('set', 'billing', '--scope', 'c', '--json');
  expect([JSON.parse(stdout)]).toEqual(JSON.parse((await clients('list', '--json')).stdout));
  expect(JSON.parse(stdout).scopes).toEqual(['c']);
});

test.each(['id', 'name'])('rotate by %s prints another secret for the same id', async (by) => {
  const { id, secret } = printed((await clients('add', 'billing')).stdout);
  const { exitCode, stdout, stderr } = await clients('rotate', by === 'id' ? id : 'billing');
  expect(exitCode).toBe(0);
  const rotated = printed(stdout);
  expect(rotated.id).toBe(id);
  expect(stderr).toBe(
    'changed the secret of billing; it is not shown again\n' +
      `note: its tokens are good until they expire; to end them now: jwtkit revoke --sub ${id} --keyring ${keyring}\n`,
  );
  const [stored] = readClients(path);
  expect([isClientSecret(stored, secret), isClientSecret(stored, rotated.secret)]).toEqual([false, true]);
});

test.each(['id', 'name'])('remove by %s revokes the tokens of the client', async (by) => {
  const { id } = printed((await clients('add', 'billing')).stdout);
  await stdoutOf(['keygen', '--alg', 'ES256', '--keyring', keyring]);
  const token = await stdoutOf(['issue', '--sub', id, '--keyring', keyring]);
  const { exitCode, stderr } = await clients('remove', by === 'id' ? id : 'billing');
  expect([exitCode, stderr]).toEqual([
    0,
    `removed billing\nrevoked every token of ${id} issued up to now, in the denylist of ${keyring}\n`,
  ]);
  expect(readClients(path)).toEqual([]);
  expect((await runCli(['verify', token, '--quiet', '--keyring', keyring])).exitCode).toBe(17);
});

test('remove --keep-tokens notes that the tokens stay valid', async () => {
  const { id } = printed((await clients('add', 'billing')).stdout);
  const { stdout, stderr } = await clients('remove', 'billing', '--keep-tokens');
  expect([stdout, stderr]).toEqual([
    '',
    `removed billing\nnote: its tokens are good until they expire; to end them now: jwtkit revoke --sub ${id} --keyring ${keyring}\n`,
  ]);
  await clients('add', 'billing');
  const json = await clients('remove', 'billing', '--keep-tokens', '--json');
  expect(JSON.parse(json.stdout)).toEqual({
    client_id: expect.stringMatching(/^client-/),
    name: 'billing',
    issued_up_to: null,
  });
});

test.each([[['set', 'nobody', '--no-scopes']], [['rotate', 'nobody']], [['remove', 'nobody']]])(
  '%j refuses an unknown client and makes nothing',
  async (args) => {
    const { exitCode, stderr } = await clients(...args);
    expect([exitCode, stderr]).toEqual([
      3,
      'error: there is no client "nobody"\nhint: list them with: jwtkit clients list\n',
    ]);
    expect(existsSync(keyring)).toBe(false);
  },
);

test.each<[readonly string[], number, string]>([
  [
    ['add', 'billing'],
    3,
    'name "billing" already\nhint: jwtkit clients set changes it, jwtkit clients rotate its secret',
  ],
  [['add', 'client-AAAAAAAAAAAAAAAAAAAAAA'], 2, 'looks like the id of a client'],
  [['add', 'other', '--scope', 'a\\b'], 2, 'is not a scope token'],
  [['add'], 2, "missing required argument 'name'"],
  [['set', 'billing'], 2, 'hint: name --scope or --no-scopes'],
  [['set', 'billing', '--scope', 'a', '--no-scopes'], 2, '--scope and --no-scopes exclude each other'],
  [['set', 'billing', '--scope', ''], 2, '--scope: the value is empty'],
  [['set', 'billing', '--scope', 'a\\b'], 2, 'is not a scope token'],
  [['rename'], 2, "unknown command 'rename'"],
  [['nonsense'], 2, "unknown command 'nonsense'"],
])('%j is refused', async (args, code, message) => {
  await clients('add', 'billing');
  const { exitCode, stdout, stderr } = await runCli([
    'clients',
    ...args,
    ...(args.length < 2 ? [] : ['--keyring', keyring]),
  ]);
  expect([exitCode, stdout]).toEqual([code, '']);
  expect(stderr).toContain(message);
  expect(readClients(path)).toMatchObject([{ name: 'billing', scopes: [] }]);
});

test('JWTKIT_CLIENTS and --clients name another file', async () => {
  const file = join(temporaryFolder(), 'clients.json');
  await stdoutOf(['clients', 'add', 'a'], { env: { JWTKIT_CLIENTS: file } });
  await stdoutOf(['clients', 'add', 'b', '--clients', file], { env: { JWTKIT_CLIENTS: '/nowhere' } });
  expect(readClients(file).map(({ name }) => name)).toEqual(['a', 'b']);
});

describe('a client that has its id and secret already', () => {
  const env = { S: 'rV8n2Kq0Zt5yLw3XbD7fHc1J' };
  const add = (...args: string[]) =>
    runCli(['clients', 'add', 'mobile', ...args, '--keyring', keyring, '--color', 'never'], { env });

  test('is added with both, and the secret is never printed', async () => {
    const shown = await add('--id', 'mobile-app', '--secret-env', 'S');
    expect(shown).toEqual({
      exitCode: 0,
      stdout: 'client_id=mobile-app\n',
      stderr: 'added mobile with the secret of --secret-env\n',
    });
    const [client] = readClients(path);
    expect(client?.id).toBe('mobile-app');
    expect(isClientSecret(client, env.S)).toBe(true);
    const json = await runCli([
      'clients',
      'add',
      'web',
      '--id',
      'web@x.y',
      '--secret-file',
      fileWith(`${env.S}\n`),
      '--json',
      '--keyring',
      keyring,
    ]);
    expect(JSON.parse(json.stdout)).toEqual({
      client_id: 'web@x.y',
      name: 'web',
      scopes: [],
      aud: [],
      claims: {},
      created: now,
    });
    expect(readClients(path).map((one) => isClientSecret(one, env.S))).toEqual([true, true]);
  });

  test('is named by its id, and gets another secret of its own', async () => {
    await add('--id', 'mobile-app', '--secret-env', 'S');
    const args = ['clients', 'rotate', 'mobile-app', '--secret-env', 'N', '--keyring', keyring, '--color', 'never'];
    const rotated = await runCli(args, { env: { N: 'another-0123456789-secret' } });
    expect([rotated.exitCode, rotated.stdout]).toEqual([0, 'client_id=mobile-app\n']);
    expect(rotated.stderr).toContain('changed the secret of mobile to that of --secret-env\n');
    expect(isClientSecret(readClients(path)[0], 'another-0123456789-secret')).toBe(true);
  });

  test.each<[string, readonly string[], Record<string, string>, string]>([
    ['a short secret', ['--secret-env', 'S'], { S: 'hunter2' }, 'the secret is too easy to guess'],
    ['a secret of few characters', ['--secret-env', 'S'], { S: 'ababababababababababababab' }, 'too easy to guess'],
    [
      'a secret with a space',
      ['--secret-env', 'S'],
      { S: `${'a1b2c3d4'.repeat(3)} x` },
      'other characters than visible ASCII',
    ],
    ['a variable that is not set', ['--secret-env', 'NOPE'], {}, 'the variable that --secret-env names is not set'],
    ['two secrets', ['--secret-env', 'S', '--secret-file', 'x'], env, 'exclude each other'],
    ['an id with a space', ['--id', 'mobile app'], {}, 'the id "mobile app" has other characters than letters'],
    ['an id with a colon', ['--id', 'a:b'], {}, 'has other characters than letters'],
    ['an id that a shell would obey', ['--id', 'a$(id)'], {}, 'has other characters than letters'],
    ['a long id', ['--id', 'x'.repeat(129)], {}, 'is longer than 128 characters'],
  ])('is refused with %s', async (_name, args, variables, message) => {
    const add = ['clients', 'add', 'mobile', ...args, '--keyring', keyring];
    const { exitCode, stdout, stderr } = await runCli(add, { env: variables });
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
    for (const secret of Object.values(variables)) expect(stderr).not.toContain(secret);
    expect(existsSync(path)).toBe(false);
  });

  test('never shares its id with the subject of a user', async () => {
    const addUser = ['users', 'add', 'bob', '--sub', 'mobile-app', '--password-env', 'S', '--keyring', keyring];
    await add('--id', 'mobile-app');
    const user = await runCli(addUser, { env });
    expect([user.exitCode, user.stderr]).toEqual([
      3,
      expect.stringContaining('a client with the id "mobile-app" already'),
    ]);
    await runCli(['clients', 'remove', 'mobile', '--keep-tokens', '--keyring', keyring]);
    expect((await runCli(addUser, { env })).exitCode).toBe(0);
    const { exitCode, stderr } = await add('--id', 'mobile-app');
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining('a user with the sub "mobile-app" already')]);
  });
});

describe('--aud of a client', () => {
  test('is in its lists, and a new list replaces the old one', async () => {
    await clients('add', 'billing', '--aud', 'api', '--aud', 'https://reports.example', '--aud', 'api');
    const shown = async () => JSON.parse((await clients('list', '--json')).stdout)[0].aud;
    expect(await shown()).toEqual(['api', 'https://reports.example']);
    expect((await clients('list', '--wide')).stdout).toMatch(/AUD .*\n.*api https:\/\/reports\.example/);
    const { stderr } = await clients('set', 'billing', '--aud', 'other');
    expect(stderr).toContain('changed billing: no scopes; audiences other\n');
    expect(stderr).toContain('tokens of billing keep what they say until they expire');
    await clients('set', 'billing', '--scope', 'read');
    expect(await shown()).toEqual(['other']);
    await clients('set', 'billing', '--no-aud');
    expect(await shown()).toEqual([]);
    // Versions without audiences read the file again.
    expect(textOf(path)).not.toContain('aud');
  });

  test.each<[string, readonly string[], string]>([
    ['an empty one', ['--aud', ''], '--aud: the value is empty'],
    ['one with a line end', ['--aud', 'a\nb'], 'the audience "a\\nb" has a control or an invisible character'],
    ['a long one', ['--aud', 'x'.repeat(256)], 'is longer than 255 characters'],
  ])('refuses %s', async (_name, args, message) => {
    const { exitCode, stderr } = await clients('add', 'billing', ...args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
    expect(existsSync(path)).toBe(false);
  });

  test('--aud and --no-aud exclude each other', async () => {
    await clients('add', 'billing');
    for (const args of [
      ['--aud', 'a', '--no-aud'],
      ['--no-aud', '--aud', 'a'],
    ]) {
      const { exitCode, stderr } = await clients('set', 'billing', ...args);
      expect([exitCode, stderr]).toEqual([2, 'error: --aud and --no-aud exclude each other\n']);
    }
  });
});
