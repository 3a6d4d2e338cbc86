/** Claims as other issuers write them: `--require` with paths and words, scopes and roles under other names. */
import { createHmac } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { folderWith } from '../../policy/policy-folder.js';
import { now, runCli, secret } from '../fake-io.js';

function signed(claims: object | string): string {
  const encode = (part: string) => Buffer.from(part).toString('base64url');
  const payload = typeof claims === 'string' ? claims : JSON.stringify({ exp: now + 60, ...claims });
  const input = `${encode('{"alg":"HS256"}')}.${encode(payload)}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

const env = { S: secret };
const bySecret = ['--secret-env', 'S'];
const verify = (claims: object | string, ...args: string[]) =>
  runCli(['verify', signed(claims), ...bySecret, ...args], { env });

/** A text in the error or its hint; undefined for an accepted token. */
type Refusal = string | undefined;

async function expectVerdict(claims: object | string, args: readonly string[], refusal: Refusal): Promise<void> {
  const { exitCode, stderr } = await verify(claims, ...args);
  expect([exitCode, stderr]).toEqual([refusal === undefined ? 0 : 16, expect.stringContaining(refusal ?? '')]);
  if (refusal === undefined) expect(stderr).toBe('');
}

const keycloak = {
  scope: 'openid email',
  realm_access: { roles: ['ops', 'dev'] },
  resource_access: { 'my.app': { roles: ['viewer'] } },
};
const namespaced = { 'https://example.com/roles': ['admin'], 'https://h.example/claims': { 'x-role': 'editor' } };
const typed = { n: { i: 5, big: 1, t: true, no: null, s: 'x y', list: [1, '2', { deep: [false] }] } };

describe('--require with a path', () => {
  test.each<[object | string, string, Refusal]>([
    [keycloak, 'realm_access.roles.0=ops', undefined],
    [keycloak, '/realm_access/roles/1=dev', undefined],
    [keycloak, 'realm_access.roles', undefined],
    [keycloak, 'realm_access.roles:=["ops","dev"]', undefined],
    [keycloak, 'resource_access.my.app.roles.0=viewer', undefined],
    [keycloak, 'realm_access.roles.1=ops', 'claim "realm_access.roles.1" is not "ops", it is "dev"'],
    [keycloak, 'realm_access.roles.2=ops', 'hint: "realm_access.roles" is a list of 2, from index 0'],
    [keycloak, 'realm_access.role=ops', 'hint: "realm_access" has the members "roles"'],
    [keycloak, 'realm.roles', 'hint: the token has the claims "exp", "scope", "realm_access", "resource_access"'],
    [keycloak, 'scope.length', 'hint: "scope" is a string'],
    [keycloak, 'realm_access.roles=ops', 'it is ["ops", "dev"]\nhint: to accept one of several, write'],
    [keycloak, 'realm_access:={"roles":["ops"]}', 'it is {"roles":["ops","dev"]}'],
    [namespaced, 'https://example.com/roles', undefined],
    [namespaced, 'https://example.com/roles.0=admin', undefined],
    [namespaced, 'https://example.com/roles:=["admin"]', undefined],
    [namespaced, 'https://h.example/claims.x-role=editor', undefined],
    [namespaced, '/https:~1~1h.example~1claims/x-role=editor', undefined],
    [namespaced, 'https://h.example/claims.x-role=admin', 'it is "editor"'],
    [typed, 'n.i:=5', undefined],
    [typed, 'n.i:=5.0', undefined],
    [typed, 'n.i:=6', 'claim "n.i" is not 6, it is 5'],
    [typed, 'n.i=5', 'claim "n.i" is not "5", it is 5\nhint: for a value that is not a string, write n.i:=5'],
    [typed, 'n.t:=true', undefined],
    [typed, 'n.t:=false', 'it is true'],
    [typed, 'n.t=true', 'write n.t:=true'],
    [typed, 'n.no:=null', undefined],
    [typed, 'n.no', undefined],
    [typed, 'n.no=', 'claim "n.no" is not "", it is null'],
    [typed, 'n.list.2.deep.0:=false', undefined],
    [typed, 'n.list.1:=2', 'claim "n.list.1" is not 2, it is "2"'],
    [typed, 'n.list.3', 'is a list of 3, from index 0'],
    [typed, 'n.list.length:=3', 'is a list of 3'],
    [typed, 'n.i.x', '"n.i" is a number'],
    ['{"exp":9999999999,"a":{"id":100002348117421473}}', 'a.id:=100002348117421473', undefined],
    ['{"exp":9999999999,"a":{"id":100002348117421473}}', 'a.id:=100002348117421472', 'it is 100002348117421473'],
    ['{"exp":9999999999,"a":[{"x":1.10}]}', 'a.0.x:=1.1', undefined],
    [{ a: 'x'.repeat(5000) }, 'a=y', `it is "${'x'.repeat(80)}…"`],
    [{ a: { b: ['x'.repeat(500)] } }, 'a=y', `${'x'.repeat(100)}`],
    [{ a: '\u001b[2J\u202e' }, 'a=y', 'it is "\\u001b[2J\\u202e"'],
    [{ 'a.b': 1, a: { b: 2 } }, 'a.b:=1', undefined],
    [{ 'a.b': 1, a: { b: 2 } }, 'a.b:=2', 'it is 1'],
  ])('%j %s', (claims, demand, refusal) => expectVerdict(claims, ['--require', demand], refusal));
});

describe('--require with a name that holds the signs of a demand', () => {
  const odd = { 'a=b': 1, 'https://x/?a=1': 'v', 'a:': 'x', 'b~': 'read write', '/c=d': true, '#/e': 1, 'f%': 1 };
  test.each<[string, Refusal]>([
    ['#/a%3Db', undefined],
    ['#/a%3Db:=1', undefined],
    ['#/a%3Db:=2', 'claim "/a=b" is not 2, it is 1'],
    ['#/https:~1~1x~1?a%3D1=v', undefined],
    ['#/a%3A=x', undefined],
    ['#/b~0~=read', undefined],
    ['#/b~0~=admin', 'does not hold "admin"'],
    ['#/~1c%3Dd:=true', undefined],
    ['#/%23~1e:=1', undefined],
    ['#/f%25:=1', undefined],
  ])('%j', (demand, refusal) => expectVerdict(odd, ['--require', demand], refusal));

  test.each(['a=b', 'a:', '/c=d'])('%s by its name alone in a policy file', async (name) => {
    const value = odd[name as keyof typeof odd];
    const world = { ...folderWith({ require: [{ name: name.replace(/^\//, '/~1'), value }] }).world, env };
    expect(await runCli(['verify', signed(odd), ...bySecret, '-q'], world)).toMatchObject({ exitCode: 0 });
  });

  test('a % without two hex digits is exit 2', async () => {
    const { exitCode, stderr } = await verify(odd, '--require', '#/a%3');
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining('is no JSON Pointer of a URI')]);
  });
});

test.each([
  ['a[0]', 'names and indexes are joined by dots: "a.0"'],
  ['.a[0]', 'names and indexes are joined by dots: "a.0"'],
  ['$.n.s', 'names and indexes are joined by dots: "n.s"'],
  ["n['s']=x", 'names and indexes are joined by dots: "n.s"'],
  ['a!=1', 'there is no !=, < or >'],
  ['a>3', 'there is no !=, < or >'],
  ['a>=3', 'there is no !=, < or >'],
  ['a < 3', 'there is no !=, < or >'],
  ['n.s==x', 'one = is enough: n.s=x for a text'],
  ['n.s = x', 'a demand has no spaces around its ='],
])('--require %j, as other tools write it, gets a hint', (demand, hint) =>
  expectVerdict(typed, ['--require', demand], hint),
);

describe('--require with a word', () => {
  const entra = {
    scp: 'User.Read Mail.Send',
    roles: ['Reader', 'Global Admin'],
    role: 'admin',
    ids: [1, 2],
    at: { x: ['y'] },
  };
  test.each<[string, Refusal]>([
    ['roles~=Reader', undefined],
    ['roles~=Global Admin', undefined],
    ['scp~=Mail.Send', undefined],
    ['role~=admin', undefined],
    ['at.x~=y', undefined],
    ['/at/x~=y', undefined],
    ['scp~=User.Read Mail.Send', undefined],
    ['roles~=Read', 'claim "roles" does not hold "Read", it is ["Reader", "Global Admin"]'],
    ['roles~=reader', 'does not hold "reader"'],
    ['roles~=Admin', 'does not hold "Admin"'],
    ['scp~=Mail', 'claim "scp" does not hold "Mail", it is "User.Read Mail.Send"'],
    ['scp~=Mail.Send User.Read', 'does not hold'],
    ['role~=adm', 'does not hold "adm", it is "admin"'],
    ['ids~=1', 'does not hold "1", it is [1,2]'],
    ['at~=y', 'does not hold "y", it is {"x":["y"]}'],
    ['exp~=1', 'does not hold "1"'],
    ['groups~=x', 'token has no claim "groups"'],
  ])('%s', (demand, refusal) => expectVerdict(entra, ['--require', demand], refusal));

  test.each([
    ['roles~=', 'has no word'],
    ['roles~= ', 'has no word'],
    ['~=x', 'is not name=value, name:=json or name~=word'],
    ['=x', 'is not name=value, name:=json or name~=word'],
    ['roles:=x', '--require: the value of roles is not JSON'],
  ])('%j is exit 2', async (demand, message) => {
    const { exitCode, stderr } = await verify(entra, '--require', demand);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(message)]);
  });
});

describe('scopes', () => {
  test.each<[object, string[], Refusal]>([
    [{ scp: 'User.Read Mail.Send' }, ['--scope', 'User.Read'], undefined],
    [{ scp: ['read', 'write'] }, ['--scope', 'write read'], undefined],
    [{ scope: ['read', 'write'] }, ['--scope', 'read'], undefined],
    [{ scope: 'openid', scp: ['read'] }, ['--scope', 'read openid'], undefined],
    [{ scope: 'openid', scp: { read: true } }, ['--scope', 'openid'], undefined],
    [keycloak, ['--scope', 'email'], undefined],
    [{ scp: 'read' }, ['--scope', 'read', '--scope-claim', 'scp'], undefined],
    [{ permissions: ['read:x'] }, ['--scope', 'read:x', '--scope-claim', 'permissions'], undefined],
    [{ a: { b: 'x y' } }, ['--scope', 'y', '--scope-claim', '/a/b'], undefined],
    [{ scp: 'User.Read' }, ['--scope', 'User'], 'token scp lacks "User", it has "User.Read"'],
    [{ scp: ['read write'] }, ['--scope', 'read'], 'token scp lacks "read", it has "read write"'],
    [{ scope: 'a', scp: 'b' }, ['--scope', 'c'], 'token scope and scp lacks "c", it has "a", "b"'],
    [{ scope: '' }, ['--scope', 'c'], 'token scope lacks "c", it has nothing'],
    [{ scp: 'read' }, ['--scope', 'read', '--scope-claim', 'scope'], 'token has no claim "scope", expected read'],
    [{ scp: 'read' }, ['--scope', 'read', '--scope-claim', 'scope'], 'hint: pass --scope-claim scp'],
    [{ permissions: ['read'] }, ['--scope', 'read'], 'hint: pass --scope-claim permissions'],
    [{ scopes: ['read'] }, ['--scope', 'read'], 'hint: pass --scope-claim scopes'],
    [{ scope: 5, scp: 'read' }, ['--scope', 'read'], 'claim scope is 5, it must be a string or an array of strings'],
    [{ scp: [1] }, ['--scope', '1'], 'claim scp is an array, it must be a string or an array of strings'],
    [{ scope: null }, ['--scope', 'read'], 'claim scope is null'],
  ])('%j %j', expectVerdict);
});

describe('roles', () => {
  test.each<[object, string[], Refusal]>([
    [{ roles: ['Admin', 'Reader'] }, ['--role', 'Admin'], undefined],
    [{ roles: 'Admin' }, ['--role', 'Admin'], undefined],
    [{ role: 'a', roles: ['b'] }, ['--role', 'b', '--role', 'a'], undefined],
    [{ role: 'a', roles: { b: 1 } }, ['--role', 'a'], undefined],
    [keycloak, ['--role', 'ops', '--role-claim', 'realm_access.roles'], undefined],
    [keycloak, ['--role', 'viewer', '--role-claim', 'resource_access.my.app.roles'], undefined],
    [namespaced, ['--role', 'admin', '--role-claim', 'https://example.com/roles'], undefined],
    [{ 'cognito:groups': ['g'] }, ['--role', 'g', '--role-claim', 'cognito:groups'], undefined],
    [{ role: 'a', groups: 'g' }, ['--role', 'g', '--role-claim', 'groups'], undefined],
    [{ roles: ['Administrator'] }, ['--role', 'Admin'], 'token roles lacks "Admin", it has "Administrator"'],
    [{ roles: 'non admin' }, ['--role', 'admin'], 'hint: a text is one role; --require roles~=… looks among its words'],
    [{ roles: ['non admin'] }, ['--role', 'admin'], 'token roles lacks "admin", it has "non admin"'],
    [{ role: 'a', groups: 'g' }, ['--role', 'a', '--role-claim', 'groups'], 'token groups lacks "a", it has "g"'],
    [
      keycloak,
      ['--role', 'ops'],
      'token has no role or roles, expected ops\nhint: pass --role-claim realm_access.roles',
    ],
    [namespaced, ['--role', 'x'], 'hint: pass --role-claim https://example.com/roles'],
    [
      keycloak,
      ['--role', 'x', '--role-claim', 'realm_access.role'],
      'token has no claim "realm_access.role", expected x',
    ],
    [{ roles: { admin: true } }, ['--role', 'admin'], 'claim roles is an object'],
    [{ roles: [] }, ['--role', 'admin'], 'token roles lacks "admin", it has nothing'],
    [{ roles: Array.from({ length: 30 }, (_, at) => `r${at}`) }, ['--role', 'x'], '"r9", … 20 more'],
    [{ roles: ['\u001b[31m'] }, ['--role', 'x'], 'it has "\\u001b[31m"'],
    [{ 'https://x.example/$(id)/roles': ['x'] }, ['--role', 'x'], 'token has no role or roles, expected x\n'],
  ])('%j %j', expectVerdict);

  test('a hint repeats no name that a shell would read otherwise', async () => {
    const { stderr } = await verify({ 'https://x.example/$(id)/roles': ['x'] }, '--role', 'x');
    expect(stderr).not.toContain('hint:');
  });
});

describe('where they may be named', () => {
  test('variables name the claims of scopes and roles', async () => {
    const claims = { permissions: ['read'], realm_access: { roles: ['ops'] } };
    const demands = ['verify', signed(claims), ...bySecret, '-q', '--scope', 'read', '--role', 'ops'];
    const places = { JWTKIT_SCOPE_CLAIM: 'permissions', JWTKIT_ROLE_CLAIM: 'realm_access.roles' };
    expect((await runCli(demands, { env: { ...env, ...places } })).exitCode).toBe(0);
    expect((await runCli(demands, { env })).exitCode).toBe(16);
    const emptied = await runCli(demands, { env: { ...env, ...places, JWTKIT_ROLE_CLAIM: '' } });
    expect(emptied.exitCode).toBe(2);
  });

  test.each(['--role-claim', '--scope-claim'])('%s without a demand is exit 2', async (flag) => {
    const { exitCode, stderr } = await verify({}, flag, 'x');
    expect([exitCode, stderr]).toEqual([2, `error: ${flag} is for ${flag.slice(0, -6)}\n`]);
  });

  test.each<[object, object, number]>([
    [{ roles: ['ops'], roleClaim: 'realm_access.roles' }, keycloak, 0],
    [{ roles: ['root'], roleClaim: 'realm_access.roles' }, keycloak, 16],
    [{ scopes: ['read'], scopeClaim: 'permissions' }, { permissions: ['read'] }, 0],
    [{ scopes: ['read'], scopeClaim: 'permissions' }, { scope: 'read' }, 16],
    [{ require: ['realm_access.roles~=dev'] }, keycloak, 0],
    [{ require: ['realm_access.roles~=root'] }, keycloak, 16],
    [{ require: ['realm_access.roles.0=ops', 'scope~=email'] }, keycloak, 0],
    [{ require: [{ name: '/realm_access/roles/0', value: 'ops' }] }, keycloak, 0],
    [{ require: [{ name: 'realm_access.roles', word: 'dev' }] }, keycloak, 0],
    [{ require: [{ name: 'realm_access.roles', word: 'de' }] }, keycloak, 16],
    [{ require: ['n.i:=5', { name: 'n.t', value: true }, 'n.no'] }, typed, 0],
    [{ require: ['n.i=5'] }, typed, 16],
  ])('a policy file: %j of %j', async (policy, claims, expected) => {
    const { exitCode } = await runCli(['verify', signed(claims), ...bySecret, '-q'], {
      ...folderWith(policy).world,
      env,
    });
    expect(exitCode).toBe(expected);
  });

  test.each<[object, string]>([
    [{ require: ['sub', 'a:=x'] }, '/require/1: the value of a is not JSON'],
    [{ require: ['a~='] }, '/require/0: "a~=" has no word'],
    [{ require: [{ name: 'a', value: 1, word: 'x' }] }, '/require/0: expected {"name"'],
    [{ require: [{ name: 'a', word: 5 }] }, '/require/0/word: expected a word'],
    [{ roleClaim: '' }, '/roleClaim: expected the path of a claim'],
    [{ roleclaim: 'x' }, 'did you mean roleClaim?'],
  ])('a policy file that makes no sense is exit 3: %j', async (policy, message) => {
    const { exitCode, stderr } = await runCli(['verify', signed({}), ...bySecret], {
      ...folderWith(policy).world,
      env,
    });
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining(message)]);
  });

  test('a batch demands the same of each line', async () => {
    const lines = [keycloak, { realm_access: { roles: ['dev'] } }, { realm_access: 'ops' }].map(signed);
    const demands = ['--require', 'realm_access.roles~=ops', '--role', 'ops', '--role-claim', 'realm_access.roles'];
    const args = ['verify', '--batch', ...bySecret, ...demands];
    const { exitCode, stdout } = await runCli(args, { env, stdin: lines.join('\n') });
    expect(exitCode).toBe(10);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).code ?? null),
    ).toEqual([null, 'CLAIM_MISMATCH', 'CLAIM_MISSING']);
  });
});
