/** `users import`: all users of a file or none, and every wrong line by name. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { hashSync } from 'bcryptjs';
import { beforeEach, describe, expect, test } from 'vitest';
import { hashPassword, isPassword } from '../../../src/store/accounts/password.js';
import { readUsers } from '../../../src/store/accounts/users.js';
import { type FakeWorld, fileWith, now, runCli, stdoutOf, temporaryFolder, textOf } from '../fake-io.js';

let keyring: string;
let path: string;
beforeEach(() => {
  keyring = join(temporaryFolder(), 'keyring');
  path = join(keyring, 'users.json');
});

const importFile = (content: string, args: readonly string[] = [], world: FakeWorld = {}) =>
  runCli(['users', 'import', fileWith(content, 'list'), ...args, '--keyring', keyring, '--color', 'never'], world);
const hash = hashSync('right', 4);
const argon2id = await hashPassword('right');

describe('CSV', () => {
  test('adds users with all that a column can hold', async () => {
    const { exitCode, stdout, stderr } = await importFile(
      [
        'name,sub,roles,scopes,password,password_hash,claims,claim:plan,created',
        `alice,user-1,admin editor,read write,correct horse,,,pro,1700000000`,
        `"bob, the ""builder""",user-2,,,,${hash},"{""account"":100002348117421473}",,`,
        '',
      ].join('\r\n'),
    );
    expect([exitCode, stdout, stderr]).toEqual([0, '', 'added 2 users\n']);
    const [alice, bob] = readUsers(path);
    expect(alice).toMatchObject({
      name: 'alice',
      sub: 'user-1',
      roles: ['admin', 'editor'],
      scopes: ['read', 'write'],
      claims: { plan: 'pro' },
      created: 1_700_000_000,
    });
    expect(bob).toMatchObject({ name: 'bob, the "builder"', sub: 'user-2', roles: [], scopes: [], created: now });
    expect(textOf(path)).toContain('"account": 100002348117421473');
    expect(await isPassword('correct horse', alice?.passwordHash)).toBe(true);
    expect(bob?.passwordHash).toBe(hash);
  });

  test.each([
    [';', '\n'],
    ['\t', '\r\n'],
    [',', '\r'],
  ])('takes the separator %j and the line end %j, with a byte order mark', async (separator, end) => {
    const lines = [['name', 'sub', 'password'].join(separator), ['alice', 'user-1', ' two, words; '].join(separator)];
    const quoted = lines.map((line) => line.replace(' two, words; ', '" two, words; "'));
    expect((await importFile(`\ufeff${quoted.join(end)}${end}`)).exitCode).toBe(0);
    expect(await isPassword(' two, words; ', readUsers(path)[0]?.passwordHash)).toBe(true);
  });

  test.each([';', ',', '\t'])('takes a first line sep=%s, as Excel reads it', async (separator) => {
    const lines = [
      ['name', 'sub', 'password'],
      ['alice', 'user-1', 'correct'],
      ['bob', 'user-2'],
    ];
    const text = `\ufeffsep=${separator}\r\n${lines.map((line) => line.join(separator)).join('\r\n')}`;
    expect((await importFile(text)).stderr).toContain('line 4: has 2 cells for 3 columns');
    expect((await importFile(text.replace(/\r\nbob.*/, ''))).exitCode).toBe(0);
  });

  test.each(['free', 'pro'])('takes no claim from two columns, even if one says %s and the other pro', async (plan) => {
    for (const columns of ['claims,claim:plan', 'claim:plan,claims']) {
      const cells = { claims: `"{""plan"":""${plan}""}"`, 'claim:plan': 'pro' } as Record<string, string>;
      const line = columns.split(',').map((column) => cells[column]);
      const { exitCode, stderr } = await importFile(`name,sub,password,${columns}\nalice,u,correct,${line}\n`);
      expect([exitCode, stderr]).toEqual([3, expect.stringContaining('line 2: has a claim in two columns')]);
    }
  });

  test.each<[string, object]>([
    ['["admin"]', { roles: ['admin'] }],
    ['["admin","on call"]', { roles: ['admin', 'on call'] }],
    ['NULL', { roles: [] }],
    ['\\N', { roles: [] }],
    ['None', { roles: [] }],
    ['nan', { roles: [] }],
    ['#N/A', { roles: [] }],
  ])('reads the roles %s', async (cell, read) => {
    const quoted = `"${cell.replaceAll('"', '""')}"`;
    const { exitCode } = await importFile(`name,sub,roles,scopes,password\nalice,user-1,${quoted},NULL,correct\n`);
    expect(exitCode).toBe(0);
    expect(readUsers(path)[0]).toMatchObject({ scopes: [], ...read });
  });

  test.each<[string, string, string]>([
    ['roles in brackets', 'a,user-1,[admin],pw-1', 'has brackets in its roles'],
    ['roles of Python', "a,user-1,['admin'],pw-1", 'has brackets in its roles'],
    ['roles of PostgreSQL', 'a,user-1,{admin},pw-1', 'has brackets in its roles'],
    ['a list of numbers', 'a,user-1,[1],pw-1', 'has brackets in its roles'],
    ['a sub that a spreadsheet shortened', 'a,1.23E+17,,pw-1', 'is a number that a spreadsheet has shortened'],
    ['a German one', 'a,"1,23E+17",,pw-1', 'is a number that a spreadsheet has shortened'],
    ['no sub', 'a,NULL,,pw-1', 'is what another program writes for a value that is not there'],
    ['no password', 'a,user-1,,NULL', 'a user has either a password or a password_hash'],
    ['a masked password', 'a,user-1,,********', 'is what another program writes for a value that is not there'],
  ])('refuses %s', async (_what, line, message) => {
    const { exitCode, stderr } = await importFile(`name,sub,roles,password\n${line}\n`);
    expect(exitCode).toBe(3);
    expect(stderr).toContain(message);
  });

  const sha = 'b'.repeat(44);
  test.each([
    hash,
    `{bcrypt}${hash}`,
    `bcrypt$${hash}`,
    `pbkdf2_sha256$600000$salt$${sha}`,
    `pbkdf2:sha256:600000$salt$${sha}`,
    `scrypt:32768:8:1$salt$${sha}`,
    `$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ$${sha}`,
    `argon2$argon2id$v=19$m=102400,t=2,p=8$c2FsdHNhbHQ$${sha}`,
    `$6$saltsalt$${sha}`,
    `{SSHA}${sha}`,
  ])('refuses the hash %s as a password, and says where hashes go', async (text) => {
    const { exitCode, stderr } = await importFile(`name,sub,password\nalice,user-1,"${text}"\n`);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('the password is a hash; give it as password_hash, or with --password-hash');
    const added = ['users', 'add', 'alice', '--sub', 'user-1', '--password-env', 'PW', '--keyring', keyring];
    const one = await runCli(added, { env: { PW: text } });
    expect(one.stderr).toContain('the password is a hash');
    expect(existsSync(path)).toBe(false);
  });

  test.each([
    ['{bcrypt}', hash],
    ['bcrypt$', hash],
    ['argon2', argon2id],
    ['{argon2}', argon2id],
    ['{argon2@SpringSecurity_v5_8}', argon2id],
    ['', `${argon2id}=`],
  ])('takes a hash after %s', async (prefix, given) => {
    const { exitCode } = await importFile(`name,sub,password_hash\nalice,user-1,"${prefix}${given}"\n`);
    expect(exitCode).toBe(0);
    expect(await isPassword('right', readUsers(path)[0]?.passwordHash)).toBe(true);
    expect(readUsers(path)[0]?.passwordHash).toBe(given.replace(/=$/, ''));
  });

  test.each([
    ['{"name":"a","sub":"user-1"}\n{"name":"b","sub":"user-2"}\n', 'one object a line is no list: jq -s . FILE'],
    ['{"alice":{"sub":"user-1","password":"pw-1"}}', 'to_entries | map(.value + {name: .key})'],
    ['{"users":{"alice":{"sub":"user-1"}}}', 'to_entries | map(.value + {name: .key})'],
  ])('says how to make a list of %s', async (text, hint) => {
    const { exitCode, stderr } = await importFile(text);
    expect(exitCode).toBe(3);
    expect(stderr).toContain(hint);
  });

  test('--password-hash reads the column password as hashes', async () => {
    const { exitCode } = await importFile(`name,sub,password\nalice,user-1,${hash}\n`, ['--password-hash']);
    expect(exitCode).toBe(0);
    expect(await isPassword('right', readUsers(path)[0]?.passwordHash)).toBe(true);
  });

  test.each<[string, string, string]>([
    ['no columns', 'alice,user-1,secret\n', 'has no column name'],
    ['a column twice', 'name,sub,name\n', 'has a column twice'],
    [
      'a stray quote',
      'name,sub,password\na,b,sec"ret\n',
      'has a quote inside of a cell that does not begin with one in line 2',
    ],
    ['text after a quote', 'name,sub,password\na,b,"sec"ret\n', 'has text after the quote that ends a cell in line 2'],
    ['an open quote', 'name,sub,password\na,b,"secret\n', 'has a quote that does not end in line 2'],
    ['nothing', '', 'is empty'],
    ['white space', ' \n', 'is empty'],
    ['JSON that is none', '{"users":[', 'is not JSON'],
    ['JSON without users', '{"people":[]}', 'has no array of users'],
    ['a name twice in JSON', '[{"name":"a","name":"b"}]', 'has a duplicate member name'],
  ])('refuses a file with %s, and shows no cell', async (_name, content, message) => {
    const { exitCode, stderr } = await importFile(content);
    expect(exitCode).toBe(3);
    expect(stderr).toContain(message);
    expect(stderr).not.toContain('ret');
    expect(existsSync(path)).toBe(false);
  });

  test('refuses a file that is not UTF-8, and says where', async () => {
    const file = fileWith(Buffer.from('name,sub,password\nzo\xeb,user-1,p\n', 'latin1'));
    const { exitCode, stderr } = await runCli(['users', 'import', file, '--keyring', keyring]);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('is not UTF-8 in line 2');
    expect(stderr).toContain('save it as UTF-8');
  });
});

describe('JSON', () => {
  const alice = { name: 'alice', sub: 'user-1', password: 'correct horse' };
  test.each([
    ['a list', [alice]],
    ['an object of users', { users: [alice] }],
  ])('adds %s', async (_name, content) => {
    const { exitCode, stdout } = await importFile(JSON.stringify(content), ['--json']);
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual([
      { name: 'alice', sub: 'user-1', roles: [], scopes: [], claims: {}, created: now },
    ]);
    expect(await isPassword('correct horse', readUsers(path)[0]?.passwordHash)).toBe(true);
  });

  test("takes another keyring's users.json with --password-hash", async () => {
    const other = join(temporaryFolder(), 'other');
    const add = [
      'users',
      'add',
      'bob',
      '--sub',
      'user-2',
      '--role',
      'admin',
      '--claim',
      'n:=1.0',
      '--password-env',
      'P',
    ];
    await stdoutOf([...add, '--keyring', other], { env: { P: 'correct horse' } });
    const content = textOf(join(other, 'users.json'));
    expect((await importFile(content, ['--password-hash'])).exitCode).toBe(0);
    expect(textOf(path)).toBe(content);
  });

  test('comes from standard input', async () => {
    const args = ['users', 'import', '-', '--keyring', keyring];
    expect((await runCli(args, { stdin: JSON.stringify([alice]) })).exitCode).toBe(0);
    expect(readUsers(path)).toHaveLength(1);
  });
});

test('names every wrong line, adds nothing, and repeats no password', async () => {
  await importFile('name,sub,password\nalice,user-1,p\n');
  await runCli(['clients', 'add', 'mobile', '--id', 'mobile-app', '--keyring', keyring]);
  const before = textOf(path);
  const { exitCode, stdout, stderr } = await importFile(
    [
      'name,sub,roles,scopes,password,password_hash,claims',
      'alice,user-2,,,s3cret,,',
      'bob,user-1,,,s3cret,,',
      'carol,user-3,,,s3cret,,',
      'carol,user-4,,,s3cret,,',
      'dave,user-3,,,s3cret,,',
      'erin,client-1,,,s3cret,,',
      'frank,mobile-app,,,s3cret,,',
      ',user-5,,,s3cret,,',
      'grace,,,,s3cret,,',
      'heidi,user-6,,rea"d,s3cret,,',
      'ivan,user-7,,,,,',
      `judy,user-8,,,s3cret,${hash},`,
      'kim,user-9,,,,$6$s3cret,',
      'leo,user-10,,,s3cret',
      'mia,user-11,,,s3cret,,{"scope":"all"}',
      'ned,user-12,,,s3cret,,{',
      'o\u202epal,user-13,,,s3cret,,',
      'pam,user-14,admin;editor,,s3cret,,',
      'quin,user-15,,read|write,s3cret,,',
    ]
      .map((line) => line.replace('rea"d', '"rea""d"').replace('{"scope":"all"}', '"{""scope"":""all""}"'))
      .join('\n'),
  );
  expect([exitCode, stdout, textOf(path)]).toEqual([3, '', before]);
  const lines = stderr.split('\n').map((line) => line.replace(/^note: /, ''));
  expect(lines).toEqual([
    'line 2: the name "alice" is that of a user that there is already',
    'line 3: the sub "user-1" is that of a user that there is already',
    'line 5: the name "carol" is that of line 4',
    'line 6: the sub "user-3" is that of line 4',
    'line 7: the sub begins with client-, as the ids of clients do',
    'line 8: the sub "mobile-app" is the id of a client',
    'line 9: the name is missing',
    'line 10: the sub is missing',
    'line 11: the scopes/0 is not a scope token (RFC 6749 §3.3)',
    'line 12: a user has either a password or a password_hash',
    'line 13: a user has either a password or a password_hash',
    'line 14: the password_hash is not a PHC string of argon2id, version 19, nor bcrypt ($2a$, $2b$, $2y$)',
    'line 15: has 5 cells for 7 columns',
    'line 16: the claims may not have "scope"',
    expect.stringMatching(/^line 17: has claims that /),
    'line 18: the name has a control or an invisible character',
    'line 19: has a semicolon, comma or bar in its roles: separate them by spaces',
    'line 20: has a semicolon, comma or bar in its scopes: separate them by spaces',
    expect.stringMatching(/^error: .*list: 18 of 19 users cannot be added$/),
    'hint: none was added; correct the lines and run the command again',
    '',
  ]);
  expect(stderr).not.toContain('s3cret');
});

test('names the first fifty wrong users, and counts the others', async () => {
  const list = Array.from({ length: 200 }, (_, at) => ({ name: `user-${at}`, sub: '', password: 'p' }));
  const { exitCode, stderr } = await importFile(JSON.stringify(list));
  expect(exitCode).toBe(3);
  expect(stderr.split('\n').filter((line) => line.startsWith('note: /'))).toHaveLength(50);
  expect(stderr).toContain('note: and 150 more\n');
});

test('--dry-run checks all of it and writes nothing', async () => {
  const good = await importFile('name,sub,password\nalice,user-1,p\n', ['--dry-run']);
  expect(good).toEqual({ exitCode: 0, stdout: '', stderr: 'would add 1 user\n' });
  const asJson = await importFile('name,sub,password\nalice,user-1,p\n', ['--dry-run', '--json']);
  expect(JSON.parse(asJson.stdout)).toEqual({ users: 1 });
  expect((await importFile('name,sub,password\nalice,,p\n', ['--dry-run'])).exitCode).toBe(3);
  expect(existsSync(path)).toBe(false);
});

test('refuses a file that is too large, and one that is not there', async () => {
  const large = await importFile(`[${' '.repeat(8 * 1024 * 1024)}]`);
  expect([large.exitCode, large.stderr]).toEqual([3, expect.stringContaining('larger than')]);
  const missing = await runCli(['users', 'import', join(keyring, 'no.csv'), '--keyring', keyring]);
  expect([missing.exitCode, missing.stderr]).toEqual([3, expect.stringContaining('no.csv')]);
});

const tooMany = 'refuses more than 100,000 users without a look at them: %s';
test.each([
  ['CSV', `name,sub,password\n${'x,,\n'.repeat(100_001)}`],
  ['JSON', `[${'1,'.repeat(100_000)}1]`],
])(tooMany, { timeout: 30_000 }, expectTooMany);
test.each([
  ['a longer CSV', `name,sub,password\n${'x,,\n'.repeat(1_900_000)}`],
  ['a longer JSON', `{"users":[${'1,'.repeat(4_000_000)}1]}`],
])(tooMany, { tags: 'slow', timeout: 30_000 }, expectTooMany);

async function expectTooMany(_form: string, list: string): Promise<void> {
  const { exitCode, stderr } = await importFile(list, ['--dry-run']);
  expect(exitCode).toBe(3);
  expect(stderr).toMatch(/^error: .*list has more than 100000 users\nhint: .*divide it, if its lines are users\n$/);
}

test('counts 100,000 wrong users, and keeps the first fifty', { tags: 'slow', timeout: 30_000 }, async () => {
  const { exitCode, stderr } = await importFile(`name,sub,password\n${'x,,\n'.repeat(100_000)}`, ['--dry-run']);
  expect(exitCode).toBe(3);
  expect(stderr).toContain('note: and 99950 more\n');
  expect(stderr).toContain('100000 of 100000 users cannot be added');
});

test('refuses a list that is no CSV after a thousand lines', { tags: 'slow' }, async () => {
  const { exitCode, stderr } = await importFile(`name,sub,password\n${'x\n'.repeat(3_900_000)}`, ['--dry-run']);
  expect(exitCode).toBe(3);
  expect(stderr).toMatch(
    /^error: .*list has more than 1000 lines with too few or too many cells\nhint: the first line /,
  );
  expect((await importFile(`name,sub,password\n${'x\n'.repeat(1000)}`)).stderr).toContain('1000 of 1000 users');
});

test('refuses a record without end', async () => {
  const { exitCode, stderr } = await importFile(`name,sub,password\na,b,${'c'.repeat(300_000)}\n`);
  expect(exitCode).toBe(3);
  expect(stderr).toContain('has more than 262144 characters in one record in line 2');
});

test('refuses a record of millions of cells', { tags: 'slow' }, async () => {
  expect((await importFile(`name,sub,password\n${','.repeat(8_000_000)}\n`)).exitCode).toBe(3);
});

test('adds thousands of users at once', { tags: 'slow' }, async () => {
  const rows = Array.from({ length: 5000 }, (_, at) => `user-${at},sub-${at},${hash}`);
  const { exitCode, stderr } = await importFile(['name,sub,password_hash', ...rows].join('\n'));
  expect([exitCode, stderr]).toEqual([0, 'added 5000 users\n']);
  expect(readUsers(path)).toHaveLength(5000);
});

test('shows on a terminal how many passwords are hashed, and nothing in a pipe', async () => {
  const list = `name,sub,password,password_hash\nalice,user-1,one,\nbob,user-2,two,\neve,user-3,,${hash}\n`;
  const shown = await importFile(list, [], { terminals: ['stderr'] });
  expect(shown.stderr).toContain('2 of 2 passwords');
  expect(shown.stderr.endsWith('\r\x1b[Kadded 3 users\n')).toBe(true);
  const other = list.replaceAll('user-', 'other-').replaceAll(/^(alice|bob|eve)/gm, 'new-$1');
  expect((await importFile(other)).stderr).toBe('added 3 users\n');
});
