import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { maxAccountsBytes } from '../../../src/store/accounts/account-file.js';
import {
  addClient,
  changeClient,
  readClients,
  removeClient,
  rotateClientSecret,
} from '../../../src/store/accounts/clients.js';
import { openAccounts } from '../../../src/store/accounts/open-accounts.js';
import { isPassword } from '../../../src/store/accounts/password.js';
import { addUser, changePassword, changeUser, readUsers, removeUser } from '../../../src/store/accounts/users.js';
import { type Accounts, isClientSecret } from '../../../src/token/account.js';

const root = mkdtempSync(join(tmpdir(), 'jwtkit-test-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const freshPath = (name = 'users.json') => join(mkdtempSync(join(root, 'folder-')), name);
const fileWith = (content: unknown) => {
  const path = freshPath('accounts.json');
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  return path;
};

const now = 1000;
const hasModes = process.platform !== 'win32';
const modeOf = (path: string) => statSync(path).mode & 0o777;
const alice = { name: 'alice', sub: 'user-123', password: 'correct horse' };
const hash = `$argon2id$v=19$m=19456,t=2,p=1$${'A'.repeat(22)}$${'A'.repeat(43)}`;
const userEntry = { name: 'alice', sub: 'user-123', roles: ['admin'], scopes: ['read'], password: hash, created: 1 };
const clientEntry = {
  id: 'client-AAAAAAAAAAAAAAAAAAAAAA',
  name: 'billing',
  scopes: ['read'],
  secret_hash: 'ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0',
  created: 1,
};

describe('users', () => {
  test('finds an added user by name and by sub, with the password', async () => {
    const path = freshPath();
    await addUser(path, { ...alice, roles: ['admin', 'admin'], scopes: ['read', 'write'] }, { now: 1000.5 });
    const accounts = openAccounts({ users: path, clients: undefined });
    const user = accounts.userByName('alice');
    expect(user).toMatchObject({ name: 'alice', sub: 'user-123', roles: ['admin'], scopes: ['read', 'write'] });
    expect(accounts.userBySub('user-123')).toEqual(user);
    expect(await isPassword('correct horse', user?.passwordHash)).toBe(true);
    for (const other of ['Alice', 'alice ', 'user-123', '__proto__', ''])
      expect(accounts.userByName(other)).toBeUndefined();
    expect(JSON.parse(readFileSync(path, 'utf8')).users).toEqual([
      {
        name: 'alice',
        sub: 'user-123',
        roles: ['admin'],
        scopes: ['read', 'write'],
        password: user?.passwordHash,
        created: 1000,
      },
    ]);
  });

  test('the file holds no password, and gets mode 0600', async () => {
    const path = freshPath();
    await addUser(path, alice, { now });
    expect(readFileSync(path, 'utf8')).not.toContain('correct horse');
    if (!hasModes) return;
    expect(modeOf(path)).toBe(0o600);
    chmodSync(path, 0o644);
    await changePassword(path, 'alice', 'battery staple');
    expect(modeOf(path)).toBe(0o600);
  });

  test('a new password changes nothing else', async () => {
    const path = freshPath();
    await addUser(path, alice, { now });
    await addUser(path, { ...alice, name: 'bob', sub: 'user-124' }, { now });
    const [before, bob] = readUsers(path);
    await changePassword(path, 'alice', 'battery staple');
    const [after, other] = readUsers(path);
    expect(after).toEqual({ ...before, passwordHash: expect.not.stringContaining(before?.passwordHash ?? '') });
    expect(other).toEqual(bob);
    expect(await isPassword('battery staple', after?.passwordHash)).toBe(true);
    expect(await isPassword('correct horse', after?.passwordHash)).toBe(false);
  });

  test('a changed list replaces the old one, and nothing else changes', async () => {
    const path = freshPath();
    await addUser(path, { ...alice, roles: ['admin'], scopes: ['read'] }, { now });
    await addUser(path, { ...alice, name: 'bob', sub: 'user-124' }, { now });
    const [before, bob] = readUsers(path);
    expect(await changeUser(path, 'alice', { roles: ['b', 'a', 'b'] })).toEqual({ ...before, roles: ['b', 'a'] });
    expect(await changeUser(path, 'alice', { scopes: [] })).toEqual({ ...before, roles: ['b', 'a'], scopes: [] });
    expect(await changeUser(path, 'alice', {})).toEqual({ ...before, roles: ['b', 'a'], scopes: [] });
    expect(readUsers(path)).toEqual([{ ...before, roles: ['b', 'a'], scopes: [] }, bob]);
  });

  test('two simultaneous changes of different lists both stay', async () => {
    const path = freshPath();
    await addUser(path, { ...alice, roles: ['admin'], scopes: ['read'] }, { now });
    await Promise.all([
      changeUser(path, 'alice', { roles: ['editor'] }),
      changeUser(path, 'alice', { scopes: ['write'] }),
      changePassword(path, 'alice', 'battery staple'),
    ]);
    const [user] = readUsers(path);
    expect(user).toMatchObject({ roles: ['editor'], scopes: ['write'] });
    expect(await isPassword('battery staple', user?.passwordHash)).toBe(true);
  });

  test.each<[string, object, string]>([
    ['alice', { roles: ['ad\nmin'] }, 'USAGE_INVALID'],
    ['alice', { roles: ['editor'], scopes: ['read write'] }, 'USAGE_INVALID'],
    ['alice', { roles: 'editor' }, 'USAGE_INVALID'],
    ['bob', { roles: [] }, 'ACCOUNT_NOT_FOUND'],
    ['user-123', { roles: [] }, 'ACCOUNT_NOT_FOUND'],
  ])('changing %s to %j is %s, and writes nothing', async (name, change, code) => {
    const path = fileWith({ users: [userEntry] });
    const before = readFileSync(path, 'utf8');
    await expect(changeUser(path, name, change)).rejects.toMatchObject({ code });
    expect(readFileSync(path, 'utf8')).toBe(before);
    expect(readdirSync(dirname(path))).toEqual(['accounts.json']);
  });

  test('removes a user', async () => {
    const path = freshPath();
    await addUser(path, alice, { now });
    expect(await removeUser(path, 'alice')).toMatchObject({ sub: 'user-123' });
    expect(readUsers(path)).toEqual([]);
    await expect(removeUser(path, 'alice')).rejects.toMatchObject({ code: 'ACCOUNT_NOT_FOUND' });
  });

  test('refuses a taken name or sub before asking for a password', async () => {
    const path = freshPath();
    await addUser(path, alice, { now });
    const password = () => {
      throw new Error('asked');
    };
    for (const user of [
      { ...alice, sub: 'user-124', password },
      { ...alice, name: 'bob', password },
    ]) {
      await expect(addUser(path, user, { now })).rejects.toMatchObject({ code: 'ACCOUNT_EXISTS' });
    }
    await expect(changePassword(path, 'bob', password)).rejects.toMatchObject({ code: 'ACCOUNT_NOT_FOUND' });
  });

  test('refuses a name that was taken while the password was typed', async () => {
    const path = freshPath();
    const password = async () => {
      await addUser(path, { ...alice, sub: 'user-124' }, { now });
      return 'another';
    };
    await expect(addUser(path, { ...alice, password }, { now })).rejects.toMatchObject({ code: 'ACCOUNT_EXISTS' });
    expect(readUsers(path).map(({ sub }) => sub)).toEqual(['user-124']);
  });

  test.each([
    [{ name: '' }, 'the name "" is empty'],
    [{ name: ' alice' }, 'white space'],
    [{ sub: 'client-1' }, 'begins with client-'],
    [{ sub: 'a\u0000' }, 'the sub'],
    [{ roles: ['ad\nmin'] }, 'the role'],
    [{ scopes: ['read write'] }, 'the scope "read write" is not a scope token'],
    [{ password: '' }, 'the password is empty'],
  ])('refuses %j', async (change, message) => {
    const path = freshPath();
    await expect(addUser(path, { ...alice, ...change }, { now })).rejects.toMatchObject({
      code: 'USAGE_INVALID',
      message: expect.stringContaining(message),
    });
    expect(existsSync(path)).toBe(false);
  });

  test('keeps all of many users added at once', async () => {
    const path = freshPath();
    const names = [...Array(8)].map((_, at) => `user-${at}`);
    await Promise.all(names.map((name) => addUser(path, { name, sub: name, password: 'p' }, { now })));
    expect(
      readUsers(path)
        .map(({ name }) => name)
        .sort(),
    ).toEqual(names);
  });

  test('gives a name to one of many simultaneous additions', async () => {
    const path = freshPath();
    const added = await Promise.allSettled(
      [...Array(6)].map((_, at) => addUser(path, { ...alice, sub: `user-${at}` }, { now })),
    );
    expect(added.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const one of added) if (one.status === 'rejected') expect(one.reason.code).toBe('ACCOUNT_EXISTS');
    expect(readUsers(path)).toHaveLength(1);
  });

  test('follows a link to the file, and keeps it', async () => {
    const [path, target] = [freshPath(), freshPath('real.json')];
    await addUser(target, alice, { now });
    symlinkSync(target, path);
    await addUser(path, { ...alice, name: 'bob', sub: 'user-124' }, { now });
    expect(readUsers(target)).toHaveLength(2);
    expect(readdirSync(dirname(path))).toEqual(['users.json']);
  });

  test('writes no file that is too large to read', { tags: 'slow' }, async () => {
    const filler = Array.from({ length: 30_000 }, (_, at) => ({ ...userEntry, name: `u${at}`, sub: `s${at}` }));
    const path = fileWith({ users: filler });
    const before = readFileSync(path);
    expect(before.length).toBeLessThan(maxAccountsBytes);
    // As it is written, with white space, it is longer than it may be.
    await expect(removeUser(path, 'u0')).rejects.toMatchObject({ code: 'FILE_NOT_WRITABLE' });
    expect(readFileSync(path).equals(before)).toBe(true);
  });
});

describe('clients', () => {
  test('the issued secret is accepted, and is not in the file', async () => {
    const path = freshPath('clients.json');
    const { client, secret } = await addClient(path, { name: 'billing', scopes: ['a', 'b', 'a'] }, { now });
    expect(client).toMatchObject({ name: 'billing', scopes: ['a', 'b'], created: now });
    expect(client.id).toMatch(/^client-[\w-]{22}$/);
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    const found = openAccounts({ users: undefined, clients: path }).clientById(client.id);
    expect(found).toEqual(client);
    expect(isClientSecret(found, secret)).toBe(true);
    expect(readFileSync(path, 'utf8')).not.toContain(secret);
    if (hasModes) expect(modeOf(path)).toBe(0o600);
  });

  test('a server finds clients by id only', async () => {
    const path = freshPath('clients.json');
    await addClient(path, { name: 'billing' }, { now });
    expect(openAccounts({ users: undefined, clients: path }).clientById('billing')).toBeUndefined();
  });

  test.each(['id', 'name'] as const)('rotate their secret, and are removed, by %s', async (by) => {
    const path = freshPath('clients.json');
    const { client, secret } = await addClient(path, { name: 'billing' }, { now });
    const rotated = await rotateClientSecret(path, client[by]);
    expect(rotated.client).toEqual({ ...client, secretHash: rotated.client.secretHash });
    const [stored] = readClients(path);
    expect(isClientSecret(stored, secret)).toBe(false);
    expect(isClientSecret(stored, rotated.secret)).toBe(true);
    expect(await removeClient(path, client[by])).toEqual(rotated.client);
    expect(readClients(path)).toEqual([]);
    await expect(rotateClientSecret(path, client[by])).rejects.toMatchObject({ code: 'ACCOUNT_NOT_FOUND' });
  });

  test.each(['id', 'name'] as const)('change scopes by %s', async (by) => {
    const path = freshPath('clients.json');
    const { client } = await addClient(path, { name: 'billing', scopes: ['a'] }, { now });
    const { client: other } = await addClient(path, { name: 'other', scopes: ['a'] }, { now });
    expect(await changeClient(path, client[by], { scopes: ['c', 'b', 'c'] })).toEqual({
      ...client,
      scopes: ['c', 'b'],
    });
    expect(await changeClient(path, client[by], {})).toEqual({ ...client, scopes: ['c', 'b'] });
    expect(readClients(path)).toEqual([{ ...client, scopes: ['c', 'b'] }, other]);
    await expect(changeClient(path, client[by], { scopes: ['a b'] })).rejects.toMatchObject({ code: 'USAGE_INVALID' });
    await expect(changeClient(path, 'nobody', {})).rejects.toMatchObject({ code: 'ACCOUNT_NOT_FOUND' });
  });

  test('refuses a taken name, and a name that looks like an id', async () => {
    const path = freshPath('clients.json');
    const { client } = await addClient(path, { name: 'billing' }, { now });
    await expect(addClient(path, { name: 'billing' }, { now })).rejects.toMatchObject({ code: 'ACCOUNT_EXISTS' });
    await expect(addClient(path, { name: client.id }, { now })).rejects.toMatchObject({ code: 'USAGE_INVALID' });
    await expect(addClient(path, { name: 'client-billing', scopes: ['a"'] }, { now })).rejects.toMatchObject({
      code: 'USAGE_INVALID',
    });
    expect(readClients(path)).toHaveLength(1);
  });
});

describe('opened accounts', () => {
  test('missing files hold no accounts until one is added', async () => {
    const folder = dirname(freshPath());
    const [users, clients] = [join(folder, 'users.json'), join(folder, 'clients.json')];
    const accounts = openAccounts({ users, clients });
    expect([accounts.userByName('alice'), accounts.userBySub('user-123')]).toEqual([undefined, undefined]);
    await addUser(users, alice, { now });
    const { client } = await addClient(clients, { name: 'billing' }, { now });
    expect(accounts.userByName('alice')?.sub).toBe('user-123');
    expect(accounts.clientById(client.id)?.name).toBe('billing');
  });

  test('the next question sees every change', async () => {
    const path = freshPath();
    const accounts = openAccounts({ users: path, clients: undefined });
    await addUser(path, alice, { now });
    const before = accounts.userByName('alice');
    await changePassword(path, 'alice', 'battery staple');
    expect(accounts.userByName('alice')?.passwordHash).not.toBe(before?.passwordHash);
    await changeUser(path, 'alice', { roles: ['editor'] });
    expect(accounts.userBySub('user-123')?.roles).toEqual(['editor']);
    await removeUser(path, 'alice');
    expect(accounts.userByName('alice')).toBeUndefined();
  });

  test('with one look a turn, the questions of the next turn see a change', async () => {
    const path = freshPath();
    const accounts = openAccounts({ users: path, clients: undefined }, { looksOnceATurn: true });
    const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(accounts.userByName('alice')).toBeUndefined();
    await addUser(path, alice, { now });
    await turn();
    expect(accounts.userByName('alice')?.sub).toBe('user-123');
    writeFileSync(path, '{');
    await turn();
    for (const _ of [1, 2]) expect(() => accounts.userByName('alice')).toThrow(`${path} is not JSON`);
  });

  test('each question fails while a file is damaged', () => {
    const path = fileWith({ users: [userEntry] });
    const accounts = openAccounts({ users: path, clients: undefined });
    const whole = readFileSync(path);
    writeFileSync(path, whole.subarray(0, 40));
    for (const _ of [1, 2]) expect(() => accounts.userByName('alice')).toThrow(`${path} is not JSON`);
    writeFileSync(path, whole);
    expect(accounts.userByName('alice')?.sub).toBe('user-123');
  });

  test('refuses to open a damaged file', () => {
    expect(() => openAccounts({ users: fileWith('{'), clients: undefined })).toThrow();
    expect(() => openAccounts({ users: undefined, clients: fileWith('{') })).toThrow();
  });
});

describe('the file of accounts is read strictly', () => {
  const withUser = (change: object) => ({
    users: [
      { ...userEntry, name: 'zoe', sub: 'user-1' },
      { ...userEntry, ...change },
    ],
  });
  test.each<[unknown, string]>([
    ['', ' is empty'],
    ['[]', ' is an array, not a JSON object'],
    ['{"users":[],"users":[]}', ' has a duplicate member name'],
    [{}, ' has no array of users'],
    [{ users: {} }, ' has no array of users'],
    [{ users: [], note: 'x' }, ' has a member that is not known: "note"'],
    [{ users: [null] }, ': /users/0 is null, it must be an object'],
    [{ users: [{ ...userEntry, disabled: true }] }, ': /users/0 has a member that is not known: "disabled"'],
    [withUser({ name: 7 }), ': /users/1/name is a number, it must be a string'],
    [withUser({ name: undefined }), ': /users/1/name is missing, it must be a string'],
    [withUser({ name: 'zoe' }), ': /users/1/name is that of /users/0 as well'],
    [withUser({ sub: 'user-1' }), ': /users/1/sub is that of /users/0 as well'],
    [withUser({ sub: clientEntry.id }), ': /users/1/sub begins with client-'],
    [withUser({ roles: 'admin' }), ': /users/1/roles is a string, it must be an array'],
    [withUser({ roles: ['a', ''] }), ': /users/1/roles/1 is empty'],
    [withUser({ roles: ['a', 'a'] }), ': /users/1/roles holds something twice'],
    [withUser({ scopes: ['a b'] }), ': /users/1/scopes/0 is not a scope token'],
    [withUser({ claims: ['a'] }), ': /users/1/claims are no JSON object'],
    [withUser({ claims: { plan: 'pro', exp: 1 } }), ': /users/1/claims may not have "exp"'],
    [withUser({ password: 'hunter2' }), ': /users/1/password is not a PHC string'],
    [withUser({ created: '2026' }), ': /users/1/created is not a NumericDate'],
  ])('case %#', (content, message) => {
    const path = fileWith(content);
    expect(() => readUsers(path)).toThrow(
      expect.objectContaining({ code: 'ACCOUNTS_INVALID', message: expect.stringContaining(`${path}${message}`) }),
    );
    expect(() => readUsers(path)).toThrow(expect.not.objectContaining({ message: expect.stringContaining('hunter2') }));
  });

  test.each<[object, string]>([
    [{ id: 'bill ing' }, '/clients/0/id has other characters than letters'],
    [{ id: '-billing' }, '/clients/0/id has other characters than letters'],
    [{ id: 'x'.repeat(129) }, '/clients/0/id is longer than 128 characters'],
    [{ name: clientEntry.id }, '/clients/0/name looks like the id of a client'],
    [{ secret_hash: 'AAAA' }, '/clients/0/secret_hash is not a SHA-256'],
    [{ secret_hash: `${clientEntry.secret_hash}=` }, '/clients/0/secret_hash is not a SHA-256'],
    [{ secret: 'x' }, '/clients/0 has a member that is not known: "secret"'],
  ])('a client with %j, where %s', (change, message) => {
    const path = fileWith({ clients: [{ ...clientEntry, ...change }] });
    expect(() => readClients(path)).toThrow(
      expect.objectContaining({ code: 'ACCOUNTS_INVALID', message: expect.stringContaining(message) }),
    );
  });

  test('refuses a client whose name is the id of another one, in the file and when it is added', async () => {
    const path = fileWith({
      clients: [
        { ...clientEntry, id: 'mobile' },
        { ...clientEntry, name: 'mobile' },
      ],
    });
    expect(() => readClients(path)).toThrow('/clients/1/name is that of /clients/0 as well');
    const fresh = freshPath('clients.json');
    await addClient(fresh, { name: 'billing', id: 'mobile' }, { now });
    for (const taken of [{ name: 'mobile' }, { name: 'other', id: 'billing' }, { name: 'other', id: 'mobile' }]) {
      await expect(addClient(fresh, taken, { now })).rejects.toMatchObject({ code: 'ACCOUNT_EXISTS' });
    }
    await addClient(fresh, { name: 'web', id: 'web' }, { now });
    expect(readClients(fresh).map(({ id }) => id)).toEqual(['mobile', 'web']);
  });

  test('reads a documented file written by hand', () => {
    expect(readUsers(fileWith({ users: [userEntry] }))).toHaveLength(1);
    expect(readClients(fileWith({ clients: [clientEntry] }))).toHaveLength(1);
    expect(readUsers(fileWith({ users: [] }))).toEqual([]);
  });

  test('refuses a file that is too large, or not a file', () => {
    expect(() => readUsers(fileWith(' '.repeat(maxAccountsBytes + 1)))).toThrow(
      expect.objectContaining({ code: 'FILE_NOT_READABLE' }),
    );
    expect(() => readUsers(dirname(freshPath()))).toThrow(expect.objectContaining({ code: 'FILE_NOT_READABLE' }));
  });
});

describe('whether the service has users', () => {
  test('is no before the first user, and stays yes after the file is lost', async () => {
    const path = freshPath();
    const accounts = openAccounts({ users: path, clients: undefined });
    expect(accounts.hasUsers()).toBe(false);
    await addUser(path, alice, { now });
    expect(accounts.hasUsers()).toBe(true);
    await removeUser(path, 'alice');
    expect(accounts.hasUsers()).toBe(true);
    rmSync(path);
    expect(accounts.hasUsers()).toBe(true);
    expect(accounts.userBySub('user-123')).toBeUndefined();
  });

  test('is yes if another process saw users, even without a file', () => {
    const accounts = openAccounts({ users: freshPath(), clients: undefined }, { hadUsers: true });
    expect(accounts.hasUsers()).toBe(true);
  });

  test('is yes once another process sees users, even if this one never looked while there was a file', () => {
    let tell = () => {};
    const whenUsersSeen = (listener: () => void) => {
      tell = listener;
    };
    const accounts = openAccounts({ users: freshPath(), clients: undefined }, { hadUsers: false, whenUsersSeen });
    expect(accounts.hasUsers()).toBe(false);
    tell();
    expect(accounts.hasUsers()).toBe(true);
  });

  test('a worker that replaces another opens damaged files, and fails each question about them', () => {
    const files = { users: freshPath(), clients: freshPath() };
    for (const path of Object.values(files)) writeFileSync(path, '{');
    expect(() => openAccounts(files)).toThrow(expect.objectContaining({ code: 'ACCOUNTS_INVALID' }));
    const accounts = openAccounts(files, { hadUsers: true });
    for (const ask of [() => accounts.userByName('alice'), () => accounts.clientById('client-1')])
      expect(ask).toThrow(expect.objectContaining({ code: 'ACCOUNTS_INVALID' }));
  });

  test.each<[string, (path: string) => void]>([
    ['a file without anybody', (path) => writeFileSync(path, '{"users":[]}')],
    ['a link that leads nowhere', (path) => symlinkSync('gone', path)],
  ])('%s counts as yes', (_what, make) => {
    const path = freshPath();
    make(path);
    expect(openAccounts({ users: path, clients: undefined }).hasUsers()).toBe(true);
  });

  test.each<[string, (accounts: Accounts) => unknown]>([
    ['a log-in', (accounts) => accounts.userByName('alice')],
    ['a refresh', (accounts) => accounts.userBySub('user-123')],
    ['the question itself', (accounts) => accounts.hasUsers()],
  ])('the first process that sees users reports it once: %s', async (_who, look) => {
    const path = freshPath();
    let said = 0;
    const accounts = openAccounts({ users: path, clients: undefined }, { onUsers: () => said++ });
    look(accounts);
    expect(said).toBe(0);
    await addUser(path, alice, { now });
    look(accounts);
    rmSync(path);
    look(accounts);
    expect(said).toBe(1);
    expect(accounts.hasUsers()).toBe(true);
  });
});
