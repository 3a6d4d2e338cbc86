import { createHmac } from 'node:crypto';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  fileWith,
  makeKeyring,
  now,
  runCli,
  secret,
  segmentOf,
  stdoutOf,
  temporaryFolder,
  textOf,
  unsigned,
  withClaims,
} from '../fake-io.js';

const env = { S: secret };
const bySecret = ['--secret-env', 'S'];
const issue = (...args: string[]) => stdoutOf(['issue', ...bySecret, ...args], { env });
const verify = (token: string, ...args: string[]) => runCli(['verify', token, ...bySecret, ...args], { env });

/** A token that is signed, whatever it says: what a sloppy issuer makes. */
function signed(payload: object | string, header: object = { alg: 'HS256' }): string {
  const encode = (part: object | string) =>
    Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url');
  const input = `${encode(header)}.${encode(payload)}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}

const exp = now + 60;

describe('the report', () => {
  test('begins with the verdict, and names the checks that nobody asked for in one line', async () => {
    const token = await issue('--sub', 'user-1', '--aud', 'api', '--nbf', '-1m');
    const { exitCode, stdout, stderr } = await verify(token, '--aud', 'api');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout.split('\n')).toEqual([
      '✓ valid',
      'passed   format     three segments of strict base64url and JSON',
      'passed   algorithm  HS256 is allowed by the key',
      'passed   key        a key without kid from S',
      'passed   signature  holds',
      'passed   exp        token expires in 30m (2026-11-23T12:30:00Z)',
      'passed   nbf        valid from 2026-11-23T11:59:00Z (1m ago)',
      'passed   iat        issued 2026-11-23T12:00:00Z (now)',
      'passed   type       access',
      'passed   aud        api',
      'passed   jti        a string',
      'skipped  denylist   there is none',
      'not asked for: iss, sub, scope, role, typ (--verbose shows all)',
      '',
    ]);
  });

  test('all failures are reported together; the exit code is that of the first in the order of the table', async () => {
    const token = signed({ exp: now - 60, nbf: now + 60, iat: now + 60, type: 'refresh', iss: 'x', aud: 'x', jti: 5 });
    const wanted = ['--iss', 'y', '--aud', 'y', '--sub', 's', '--scope', 'a', '--role', 'r', '--typ', 'at+jwt'];
    const { exitCode, stdout, stderr } = await verify(token, ...wanted, '--require', 'plan', '--max-age', '1m');
    expect(exitCode).toBe(14);
    expect(stdout.split('\n').filter((line) => line.startsWith('failed'))).toEqual([
      'failed   exp           token expired 1m ago (2026-11-23T11:59:00Z)',
      'failed   nbf           token is not valid before 2026-11-23T12:01:00Z (in 1m)',
      'failed   iat           token says it was issued 2026-11-23T12:01:00Z (in 1m)',
      'failed   type          token type is "refresh", expected access',
      'failed   iss           token iss is "x", expected "y"',
      'failed   aud           token aud is "x", expected "y"',
      'failed   sub           token has no sub, expected "s"',
      'failed   jti           claim jti is 5, it must be a string',
      'failed   scope         token has no scope or scp, expected a',
      'failed   role          token has no role or roles, expected r',
      'failed   require plan  token has no claim "plan"',
      'failed   typ           header has no typ, expected at+jwt',
    ]);
    expect(stdout).toMatch(
      /^✗ refused: token expired 1m ago \(2026-11-23T11:59:00Z\) {2}TOKEN_EXPIRED\nhint: issue or refresh a token\nfailed /,
    );
    expect(stdout.lastIndexOf('failed ')).toBeLessThan(stdout.indexOf('passed '));
    expect(stderr).toBe('error: token expired 1m ago (2026-11-23T11:59:00Z)\nhint: issue or refresh a token\n');
  });

  test.each<[string, string, string[], number]>([
    ['malformed before all', 'x.y', ['--alg', 'RS256'], 11],
    ['algorithm before claims', signed({ exp: 1 }), ['--alg', 'HS512'], 12],
    ['signature before claims', withClaims(signed({ exp }), { exp: 1 }), [], 12],
    ['expired before not yet valid', signed({ exp: 1, nbf: now + 9 }), [], 14],
    ['expired before claims', signed({ exp: 1 }), ['--aud', 'x'], 14],
    ['too old before not yet valid', signed({ exp, iat: 1, nbf: now + 9 }), ['--max-age', '1m'], 14],
    ['not yet valid before claims', signed({ exp, nbf: now + 9 }), ['--aud', 'x'], 15],
    ['claims last', signed({ exp }), ['--aud', 'x'], 16],
  ])('%s', async (_name, token, args, code) => {
    expect((await verify(token, ...args)).exitCode).toBe(code);
  });

  test('a revoked and expired token is reported as revoked', async () => {
    const keyring = await makeKeyring();
    const token = await stdoutOf(['issue', '--keyring', keyring]);
    await stdoutOf(['revoke', token, '--keyring', keyring]);
    const { exitCode, stdout, stderr } = await runCli(['verify', token, '--keyring', keyring, '--aud', 'x']);
    expect(exitCode).toBe(17);
    expect(stdout).toContain('failed   denylist   token was revoked\n');
    expect(stdout).toMatch(/^✗ refused: token was revoked {2}TOKEN_REVOKED\n/);
    expect(stderr).toBe('error: token was revoked\n');
  });

  test.each(['a file', 'a folder of something else', 'in a folder that is not there'])(
    'refuses --store if the store is %s',
    async (kind) => {
      const stores: Record<string, string> = {
        'a file': fileWith('no store'),
        'a folder of something else': dirname(fileWith('no store')),
        'in a folder that is not there': join(temporaryFolder(), 'no', 'store'),
      };
      const store = stores[kind] ?? '';
      const { exitCode, stderr } = await verify(signed({ exp, jti: 'x' }), '--store', `lmdb:${store}`);
      expect(exitCode).toBe(3);
      expect(stderr).toContain(store);
    },
  );

  test('a named store that does not exist revokes nothing, and is not made', async () => {
    const store = join(temporaryFolder(), 'new');
    const { exitCode, stdout } = await verify(signed({ exp, jti: 'x' }), '--store', `lmdb:${store}`);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('skipped  denylist   there is none');
    expect(existsSync(store)).toBe(false);
  });

  test.each(['--iss', '--aud', '--sub', '--scope', '--role', '--require', '--typ', '--alg', '--key', '--store'])(
    'refuses an empty %s, as an unset variable leaves it',
    async (flag) => {
      const { exitCode, stdout, stderr } = await verify(signed({ exp }), flag, '');
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr).toBe(`error: ${flag}: the value is empty\nhint: a variable of your shell may not be set\n`);
    },
  );

  test('skips all other checks of a malformed token', async () => {
    const { exitCode, stdout } = await verify('x.y');
    expect(exitCode).toBe(11);
    expect(stdout).toBe(
      [
        '✗ refused: token has 2 segments, a JWS has 3  TOKEN_MALFORMED',
        'failed   format  token has 2 segments, a JWS has 3',
        'not checked: algorithm, key, signature, claims (--verbose shows all)',
        '',
      ].join('\n'),
    );
  });

  test('checks and shows no claim after a bad signature', async () => {
    const forged = withClaims(await issue('--sub', 'user-1'), { sub: 'mallory', exp: 1 });
    const { exitCode, stdout, stderr } = await verify(forged);
    expect(exitCode).toBe(12);
    expect(stdout).toContain('failed   signature  signature does not hold under the trusted key\n');
    expect(stdout).toContain('skipped  claims     claims count only once the signature holds\n');
    expect(stdout + stderr).not.toMatch(/mallory|expired/);
  });
});

describe('--json', () => {
  test('--json reports a valid token', async () => {
    const keyring = await makeKeyring('ES256', 'k1');
    const token = await stdoutOf(['issue', '--keyring', keyring, '--sub', 'u']);
    const report = JSON.parse(await stdoutOf(['verify', token, '--keyring', keyring, '--json']));
    expect(Object.keys(report).sort()).toEqual(['checks', 'claims', 'code', 'header', 'key', 'valid']);
    expect(report).toMatchObject({ valid: true, code: null });
    expect(report.header).toEqual(segmentOf(token, 0));
    expect(report.claims).toEqual(segmentOf(token, 1));
    expect(report.key).toEqual({ kid: 'k1', alg: 'ES256', source: join(keyring, 'jwks.json') });
    expect(report.checks.map(({ name }: { name: string }) => name)).toEqual(
      'format algorithm key signature exp nbf iat type iss aud sub jti scope role typ denylist'.split(' '),
    );
    for (const check of report.checks) {
      expect(Object.keys(check)).toEqual(['name', 'status', 'message']);
      expect(check.status).toMatch(/^(passed|skipped)$/);
    }
  });

  test('--json shows header and claims of a refused token whose signature holds', async () => {
    const { exitCode, stdout, stderr } = await verify(signed({ exp: now - 60, sub: 'u' }), '--json');
    const report = JSON.parse(stdout);
    expect(exitCode).toBe(14);
    expect(report).toMatchObject({
      valid: false,
      code: 'TOKEN_EXPIRED',
      claims: { sub: 'u' },
      header: { alg: 'HS256' },
    });
    expect(report.key).toEqual({ kid: null, alg: 'HS256', source: 'S' });
    expect(report.checks).toContainEqual({
      name: 'exp',
      status: 'failed',
      message: 'token expired 1m ago (2026-11-23T11:59:00Z)',
      code: 'TOKEN_EXPIRED',
      hint: 'issue or refresh a token',
    });
    expect(JSON.parse(stderr).error.code).toBe('TOKEN_EXPIRED');
  });

  test.each([
    ['a forgery', withClaims(signed({ exp }), { exp: exp + 1 }), 12, 'SIGNATURE_INVALID'],
    ['a malformed token', 'x', 11, 'TOKEN_MALFORMED'],
  ])('--json shows neither header nor claims of %s', async (_name, token, code, name) => {
    const { exitCode, stdout, stderr } = await verify(token, '--json');
    const report = JSON.parse(stdout);
    expect(exitCode).toBe(code);
    expect(report).toMatchObject({ valid: false, code: name });
    expect(report).not.toHaveProperty('header');
    expect(report).not.toHaveProperty('claims');
    expect(JSON.parse(stderr).error.code).toBe(name);
  });

  test('prints no report for an error of the environment', async () => {
    const { exitCode, stdout, stderr } = await runCli(['verify', 'x', '--key', '/no/such', '--json']);
    const message = 'cannot read /no/such: no such file or folder';
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
    expect(JSON.parse(stderr)).toEqual({ error: { code: 'FILE_NOT_READABLE', message } });
  });
});

describe('claims', () => {
  const scoped = { exp, scope: 'read write', role: ['admin', 'ops'], iss: 'me', sub: 'u' };
  const forBoth = { ...scoped, aud: ['api', 'web'] };

  test.each<[object | string, string[], number, string]>([
    // exp
    [{ exp: now + 1 }, [], 0, 'token expires in 1s'],
    [{ exp: now }, [], 14, 'token expired now'],
    [{ exp: now - 1 }, [], 14, 'token expired 1s ago'],
    [{ exp: now - 29 }, ['--leeway', '30s'], 0, 'token is within the leeway, expired 29s ago'],
    [{ exp: now - 30 }, ['--leeway', '30s'], 14, 'token expired 30s ago'],
    [{}, [], 16, 'token has no exp: it would never expire'],
    [{}, ['--allow-no-exp'], 0, 'absent, which is allowed'],
    [{ exp: 'x' }, [], 16, 'claim exp is a string'],
    [{ exp: 'x' }, ['--allow-no-exp'], 16, 'claim exp is a string'],
    [{ exp: null }, ['--allow-no-exp'], 16, 'claim exp is null'],
    [{ exp: now * 1000 }, [], 16, 'it must be seconds since 1970'],
    [{ exp: -1 }, [], 16, 'claim exp is -1'],
    [{ exp }, ['--at', '+61s'], 14, 'token expired 1s ago'],
    [{ exp: now - 60 }, ['--at', '2026-11-23T11:00:00Z'], 0, 'token expires in 59m'],
    // nbf, iat
    [{ exp, nbf: now }, [], 0, 'valid from'],
    [{ exp, nbf: now + 1 }, [], 15, 'token is not valid before 2026-11-23T12:00:01Z (in 1s)'],
    [{ exp, nbf: now + 30 }, ['--leeway', '30'], 0, 'valid from'],
    [{ exp, nbf: now + 31 }, ['--leeway', '30'], 15, 'not valid before'],
    [{ exp, nbf: 'x' }, [], 16, 'claim nbf is a string'],
    [{ exp, iat: now + 1 }, [], 15, 'token says it was issued 2026-11-23T12:00:01Z (in 1s)'],
    [{ exp, iat: now + 1 }, ['--leeway', '1s'], 0, 'issued'],
    [{ exp, iat: '1' }, [], 16, 'claim iat is a string'],
    // iss: any of them, character by character
    [scoped, ['--iss', 'me'], 0, 'passed   iss        me'],
    [scoped, ['--iss', 'you', '--iss', 'me'], 0, 'passed   iss        me'],
    [scoped, ['--iss', 'you'], 16, 'token iss is "me", expected "you"'],
    [scoped, ['--iss', 'you', '--iss', 'her'], 16, 'expected "you" or "her"'],
    // latchset compares with strcmp(...) < 0: a mismatch is caught one way only.
    [scoped, ['--iss', 'ma'], 16, 'token iss is "me", expected "ma"'],
    [scoped, ['--iss', 'mz'], 16, 'token iss is "me", expected "mz"'],
    [scoped, ['--iss', 'm'], 16, 'expected "m"'],
    [scoped, ['--iss', 'mee'], 16, 'expected "mee"'],
    [scoped, ['--iss', 'ME'], 16, 'expected "ME"'],
    [{ exp }, ['--iss', 'me'], 16, 'token has no iss, expected "me"'],
    [{ exp, iss: ['me'] }, ['--iss', 'me'], 16, 'claim iss is an array'],
    [{ exp, iss: 5 }, [], 16, 'claim iss is 5'],
    // aud: any of
    [forBoth, ['--aud', 'web'], 0, 'passed   aud        web'],
    [forBoth, ['--aud', 'cli', '--aud', 'api'], 0, 'passed   aud        api'],
    [forBoth, ['--aud', 'cli'], 16, 'token aud is ["api","web"], expected "cli"'],
    [forBoth, ['--aud', 'ap'], 16, 'expected "ap"'],
    [{ exp, aud: 'api' }, ['--aud', 'api'], 0, 'passed   aud        api'],
    [{ exp, aud: 'api web' }, ['--aud', 'api'], 16, 'token aud is "api web"'],
    [{ exp, aud: [] }, ['--aud', 'api'], 16, 'expected "api"'],
    [
      { exp, aud: [['api']] },
      ['--aud', 'api'],
      16,
      'claim aud is an array, it must be a string or an array of strings',
    ],
    [{ exp }, ['--aud', 'api'], 16, 'token has no aud, expected "api"'],
    [forBoth, [], 16, 'failed   aud        token aud is ["api","web"], and no audience was named'],
    [forBoth, ['--any-aud'], 0, 'skipped  aud        any audience is accepted'],
    [scoped, [], 0, 'not asked for: nbf, iat, type, iss, aud, sub'],
    [scoped, ['--any-aud', '--verbose'], 0, 'skipped  aud        absent, and not asked for'],
    // sub
    [scoped, ['--sub', 'u'], 0, 'passed   sub        u'],
    [scoped, ['--sub', 'v'], 16, 'token sub is "u", expected "v"'],
    [{ exp, sub: 123 }, ['--sub', '123'], 16, 'claim sub is 123, it must be a string'],
    [{ exp, sub: 123 }, [], 16, 'claim sub is 123, it must be a string'],
    // scope, role: all of
    [scoped, ['--scope', 'read'], 0, 'passed   scope      read'],
    [scoped, ['--scope', 'write read'], 0, 'passed   scope      write read'],
    [scoped, ['--scope', 'read', '--scope', 'write'], 0, 'passed   scope      read write'],
    [scoped, ['--scope', 'read delete'], 16, 'token scope lacks "delete"'],
    [scoped, ['--scope', 'rea'], 16, 'token scope lacks "rea"'],
    [scoped, ['--scope', 'READ'], 16, 'token scope lacks "READ"'],
    [{ exp }, ['--scope', 'read'], 16, 'token has no scope or scp, expected read'],
    [{ exp, scope: ['read'] }, ['--scope', 'read'], 0, 'passed   scope      read'],
    [scoped, ['--role', 'ops'], 0, 'passed   role       ops'],
    [scoped, ['--role', 'ops', '--role', 'admin'], 0, 'passed   role       ops admin'],
    [scoped, ['--role', 'ops', '--role', 'root'], 16, 'token role lacks "root"'],
    [{ exp, role: 'ops' }, ['--role', 'ops'], 0, 'passed   role       ops'],
    [{ exp, role: 'ops admin' }, ['--role', 'ops'], 16, 'token role lacks "ops"'],
    [
      { exp, role: { ops: true } },
      ['--role', 'ops'],
      16,
      'claim role is an object, it must be a string or an array of strings',
    ],
    [{ exp }, ['--role', 'ops'], 16, 'token has no role or roles, expected ops'],
    // --require
    [{ exp, a: null }, ['--require', 'a'], 0, 'passed   require a  present'],
    [{ exp }, ['--require', 'a'], 16, 'token has no claim "a"'],
    [{ exp }, ['--require', 'toString'], 16, 'token has no claim "toString"'],
    [{ exp, a: 'x' }, ['--require', 'a=x'], 0, 'passed   require a  equal'],
    [{ exp, a: 'y' }, ['--require', 'a=x'], 16, 'claim "a" is not "x"'],
    [{ exp, a: 5 }, ['--require', 'a=5'], 16, 'claim "a" is not "5"'],
    [{ exp, a: 5 }, ['--require', 'a:=5'], 0, 'equal'],
    [{ exp, a: '5' }, ['--require', 'a:=5'], 16, 'claim "a" is not 5'],
    [{ exp, a: { b: 1, c: [2] } }, ['--require', 'a:={"c":[2],"b":1}'], 0, 'equal'],
    [{ exp, a: { b: 1, c: [2], d: 3 } }, ['--require', 'a:={"c":[2],"b":1}'], 16, 'claim "a" is not'],
    [{ exp, a: [1, 2] }, ['--require', 'a:=[2,1]'], 16, 'claim "a" is not [2,1]'],
    [{ exp, a: true }, ['--require', 'a:=true', '--require', 'b'], 16, 'token has no claim "b"'],
    ['{"exp":9999999999,"__proto__":{"a":1}}', ['--require', 'a'], 16, 'token has no claim "a"'],
    // --max-age
    [{ exp, iat: now - 60 }, ['--max-age', '1m'], 0, 'token was issued 1m ago, the greatest age is 1m'],
    [{ exp, iat: now - 61 }, ['--max-age', '1m'], 14, 'token was issued 1m 1s ago, the greatest age is 1m'],
    [{ exp, iat: now - 61 }, ['--max-age', '1m', '--leeway', '1s'], 0, 'passed   max-age'],
    [{ exp }, ['--max-age', '1m'], 16, 'token has no iat to tell its age by'],
    [{ exp, iat: 'x' }, ['--max-age', '1m'], 16, 'claim iat is a string'],
    // --min-ttl
    [{ exp }, ['--min-ttl', '1m'], 0, 'token expires in 1m'],
    [{ exp }, ['--min-ttl', '61s'], 14, 'token expires in 1m (2026-11-23T12:01:00Z), sooner than 1m 1s from now'],
    [{ exp: now - 1 }, ['--min-ttl', '1m'], 14, 'token expired 1s ago'],
    [{ exp: now - 1 }, ['--min-ttl', '1m', '--leeway', '5s'], 14, 'sooner than 1m from now'],
    [{}, ['--min-ttl', '1m', '--allow-no-exp'], 0, 'absent, which is allowed'],
    [{}, ['--min-ttl', '1m'], 16, 'token has no exp'],
    // jti
    [{ exp, jti: 5 }, [], 16, 'claim jti is 5, it must be a string'],
  ])('%j %j → %i', async (claims, args, code, message) => {
    const { exitCode, stdout } = await verify(signed(claims), ...args);
    expect(stdout).toContain(message);
    expect(exitCode).toBe(code);
  });

  describe('--type', () => {
    const wanted = { none: [], access: ['--type', 'access'], refresh: ['--type', 'refresh'], any: ['--type', 'any'] };
    test.each<[unknown, Record<keyof typeof wanted, number>]>([
      ['access', { none: 0, access: 0, refresh: 16, any: 0 }],
      ['refresh', { none: 16, access: 16, refresh: 0, any: 0 }],
      [undefined, { none: 0, access: 16, refresh: 16, any: 0 }],
      ['id', { none: 16, access: 16, refresh: 16, any: 0 }],
      ['Access', { none: 16, access: 16, refresh: 16, any: 0 }],
      [null, { none: 16, access: 16, refresh: 16, any: 0 }],
      [['access'], { none: 16, access: 16, refresh: 16, any: 0 }],
      ['', { none: 16, access: 16, refresh: 16, any: 0 }],
    ])('--type and a token of type %j', async (type, expected) => {
      const token = signed({ exp, type });
      for (const [name, args] of Object.entries(wanted)) {
        expect((await verify(token, ...args)).exitCode, name).toBe(expected[name as keyof typeof wanted]);
      }
    });

    test('refuses a refresh token as an access token, with a hint', async () => {
      const { exitCode, stderr } = await verify(await issue('--type', 'refresh'));
      expect(exitCode).toBe(16);
      expect(stderr).toBe('error: token type is "refresh", expected access\nhint: pass --type refresh to accept it\n');
    });
  });

  test.each([
    ['at+jwt', 'at+jwt', 0],
    ['at+jwt', 'AT+JWT', 0],
    ['application/at+jwt', 'at+jwt', 0],
    ['at+jwt', 'application/at+jwt', 0],
    ['JWT', 'at+jwt', 16],
    ['at+jwt', 'JWT', 16],
    [undefined, 'at+jwt', 16],
    ['text/at+jwt', 'at+jwt', 16],
  ])('header typ %s against --typ %s → %i', async (typ, wanted, code) => {
    expect((await verify(signed({ exp }, { alg: 'HS256', typ }), '--typ', wanted)).exitCode).toBe(code);
  });
});

describe('--claim prints one claim of a verified token', () => {
  const token = signed({ exp, sub: 'u', n: 5, a: { b: ['x', 'y'] }, type: 'access' });

  test.each([
    ['sub', 'u'],
    ['n', '5'],
    ['a.b', '["x","y"]'],
    ['a.b.1', 'y'],
    ['/a/b/0', 'x'],
  ])('%s', async (path, expected) => {
    expect(await verify(token, '--claim', path)).toEqual({ exitCode: 0, stdout: `${expected}\n`, stderr: '' });
  });

  test('--claim of a missing claim is exit 16 with nothing on stdout', async () => {
    const result = await verify(token, '--claim', 'a.b.2');
    expect(result).toMatchObject({ exitCode: 16, stdout: '' });
    expect(result.stderr).toContain('error: token has no claim "a.b.2"\n');
  });

  // `jose jws ver -O` writes the payload before the signature is known to hold.
  test.each([
    ['forged', withClaims(token, { exp, sub: 'mallory' }), 12],
    ['unsigned', unsigned({ exp, sub: 'mallory' }), 12],
    ['expired', signed({ exp: 1, sub: 'mallory' }), 14],
  ])('--claim prints nothing of a token that is %s', async (_name, bad, code) => {
    const { exitCode, stdout, stderr } = await verify(bad, '--claim', 'sub');
    expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: '' });
    expect(stderr).not.toContain('mallory');
  });

  test('--claim --json prints JSON', async () => {
    expect((await verify(token, '--claim', 'sub', '--json')).stdout).toBe('"u"\n');
  });
});

describe('-q', () => {
  test.each([
    [signed({ exp }), 0],
    [signed({ exp: 1 }), 14],
    ['x', 11],
  ])('prints nothing (%.10s → %i)', async (token, exitCode) => {
    expect(await verify(token, '-q')).toEqual({ exitCode, stdout: '', stderr: '' });
  });

  test('--quiet prints no error that prevents a verdict, but tells of a bad option', async () => {
    const failed = await runCli(['verify', 'x', '-q', '--key', '/no/such']);
    expect(failed).toEqual({ exitCode: 3, stdout: '', stderr: '' });
    const mistaken = await runCli(['verify', 'x', '-q', '--leeway', 'x']);
    expect(mistaken).toMatchObject({ exitCode: 2, stderr: expect.stringContaining('is not a duration') });
  });

  test.each([[['--json']], [['--claim', 'sub']]])('excludes %j', async (args) => {
    expect((await verify('x', '-q', ...args)).exitCode).toBe(2);
  });
});

describe('--batch', () => {
  const valid = signed({ exp, sub: 'u' });
  const forged = withClaims(valid, { exp, sub: 'mallory' });
  const batch = (stdin: string, ...args: string[]) =>
    runCli(['verify', '--batch', ...bySecret, ...args], { env, stdin });
  const linesOf = (stdout: string) =>
    stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));

  test('prints a verdict for each line, in order; empty lines count but print nothing', async () => {
    const stdin = `${valid}\n\n  Bearer ${valid}\r\nnonsense\n${forged}\n${signed({ exp: 1, sub: 'v' })}`;
    const { exitCode, stdout, stderr } = await batch(stdin);
    expect(linesOf(stdout)).toEqual([
      { line: 1, valid: true, sub: 'u', exp },
      { line: 3, valid: true, sub: 'u', exp },
      { line: 4, valid: false, code: 'TOKEN_MALFORMED' },
      { line: 5, valid: false, code: 'SIGNATURE_INVALID' },
      { line: 6, valid: false, code: 'TOKEN_EXPIRED', sub: 'v', exp: 1 },
    ]);
    const sum = '2 valid, 1 TOKEN_MALFORMED, 1 SIGNATURE_INVALID, 1 TOKEN_EXPIRED';
    expect(stderr).toBe(`${sum}\nerror: 3 of 5 tokens refused\n`);
    expect(exitCode).toBe(10);
  });

  test('a batch of valid tokens is exit 0', async () => {
    expect(await batch(`${valid}\n${valid}\n`)).toMatchObject({ exitCode: 0, stderr: '2 valid\n' });
  });

  test('a batch without tokens is exit 0', async () => {
    expect(await batch('\n\n')).toEqual({ exitCode: 0, stdout: '', stderr: 'no tokens\n' });
  });

  test.each([1, 7, 64])('reads a batch in pieces of %i bytes', async (chunkBytes) => {
    const stdin = `${valid}\nx\n\n${forged}\n${'y'.repeat(100)}\n${valid}`;
    const args = ['verify', '--batch', ...bySecret];
    expect(await runCli(args, { env, stdin, chunkBytes })).toEqual(await batch(stdin));
  });

  // A line of which only white space is looked at is not an empty one: it must not pass unseen.
  test('refuses a line of any length as one token', async () => {
    const { exitCode, stdout } = await batch(`${'x'.repeat(300_000)}\n${valid}\n${' '.repeat(300_000)}${valid}\n`);
    expect(exitCode).toBe(10);
    expect(linesOf(stdout).map(({ line, valid }) => [line, valid])).toEqual([
      [1, false],
      [2, true],
      [3, false],
    ]);
  });

  test('--batch reads a file, with the policy of a single token', async () => {
    const path = fileWith(`${valid}\n`);
    const args = ['verify', '--batch', path, ...bySecret];
    expect((await runCli(args, { env })).exitCode).toBe(0);
    const { exitCode, stdout } = await runCli([...args, '--aud', 'api'], { env });
    expect(exitCode).toBe(10);
    expect(linesOf(stdout)[0]).toMatchObject({ code: 'CLAIM_MISSING' });
  });

  test.each([
    [['-q'], '--batch and --quiet exclude each other'],
    [['--claim', 'sub'], '--batch and --claim exclude each other'],
    [['--', 'token'], 'a token and --batch exclude each other'],
  ])('excludes %j', async (args, message) => {
    const { exitCode, stdout, stderr } = await batch(valid, ...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  test('a missing batch file is exit 3', async () => {
    expect((await runCli(['verify', '--batch', '/no/such', ...bySecret], { env })).exitCode).toBe(3);
  });
});

describe('keys and algorithms', () => {
  let keyring: string;
  let token: string;
  beforeAll(async () => {
    keyring = await makeKeyring('RS256', 'k1');
    token = await stdoutOf(['issue', '--keyring', keyring, '--sub', 'u']);
  });
  const publicPem = async () => {
    const { createPublicKey } = await import('node:crypto');
    return createPublicKey(textOf(join(keyring, 'k1.pem'))).export({ format: 'pem', type: 'spki' }) as string;
  };

  test('a verifier needs only jwks.json', async () => {
    expect((await runCli(['verify', '-q', token, '--key', join(keyring, 'jwks.json')])).exitCode).toBe(0);
  });

  test('accepts a token by any of several --key', async () => {
    const other = join(await makeKeyring('ES256', 'k2'), 'jwks.json');
    const args = ['verify', '-q', token, '--key', other, '--key', join(keyring, 'jwks.json')];
    expect((await runCli(args)).exitCode).toBe(0);
  });

  test('a private key is refused with exit 3: a verifier must not hold it', async () => {
    const { exitCode, stdout, stderr } = await runCli(['verify', token, '--key', join(keyring, 'k1.pem')]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
    expect(stderr).toContain('this is a private key, verifying takes the public half\nhint: ');
  });

  test('an unknown kid is exit 13, and the hint lists the trusted kids', async () => {
    const { exitCode, stderr } = await runCli(['verify', token, '--keyring', await makeKeyring('RS256', 'other')]);
    expect(exitCode).toBe(13);
    expect(stderr).toBe('error: no trusted key has the kid "k1"\nhint: trusted kids: other\n');
  });

  test('another key with the same kid is exit 12', async () => {
    const { exitCode, stderr } = await runCli(['verify', token, '--keyring', await makeKeyring('RS256', 'k1')]);
    expect(exitCode).toBe(12);
    expect(stderr).toBe('error: signature does not hold under the trusted key\n');
  });

  test.each([
    [['RS256'], 0],
    [['RS256,ES256'], 0],
    [['RS256, ES256'], 0],
    [['ES256', '--alg', 'RS256'], 0],
    [['RS512'], 12],
    [['ES256,PS256'], 12],
    [['HS256'], 12],
  ])('--alg %j → %i', async (args, code) => {
    expect((await runCli(['verify', token, '--keyring', keyring, '--alg', ...args])).exitCode).toBe(code);
  });

  test.each(['none', 'None', 'NONE', 'RS256,none'])('--alg %s is refused with exit 2', async (alg) => {
    const { exitCode, stdout, stderr } = await runCli(['verify', token, '--keyring', keyring, '--alg', alg]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toBe('error: --alg: there is no "none": a token without a signature is never accepted\n');
  });

  test.each([
    ['rs256', 'did you mean RS256?'],
    ['RS-256', 'did you mean RS256?'],
    ['ES256,eddsa', 'did you mean EdDSA?'],
    ['RS256,', 'one of HS256, '],
  ])('refuses --alg %j', async (alg, hint) => {
    const { exitCode, stderr } = await runCli(['verify', token, '--keyring', keyring, '--alg', alg]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`is not an algorithm\nhint: ${hint}`);
  });

  test.each([
    ['none', 'algorithm "none" is not supported'],
    ['nOnE', 'algorithm "nOnE" is not supported'],
    ['RS1', 'algorithm "RS1" is not supported'],
  ])('a token with alg %s is exit 12', async (alg, message) => {
    const [, payload] = token.split('.');
    const bad = `${Buffer.from(JSON.stringify({ alg })).toString('base64url')}.${payload}.`;
    const { exitCode, stderr } = await runCli(['verify', bad, '--keyring', keyring]);
    expect(exitCode).toBe(12);
    expect(stderr).toContain(message);
  });

  // jwt-cli and golang-jwt's tool take the algorithm from the token: an HS256 forgery keyed with the PEM's bytes verifies.
  test.each(['pem', 'jwks'])('an HS256 forgery keyed with the bytes of the public %s is refused', async (form) => {
    const bytes = form === 'pem' ? await publicPem() : textOf(join(keyring, 'jwks.json'));
    const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
    const input = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ sub: 'admin', exp })}`;
    const forged = `${input}.${createHmac('sha256', bytes).update(input).digest('base64url')}`;
    const path = fileWith(bytes);
    for (const args of [[], ['--alg', 'HS256'], ['--alg', 'HS256,RS256']]) {
      const { exitCode, stderr } = await runCli(['verify', forged, '--key', path, ...args]);
      expect(exitCode).toBe(12);
      expect(stderr).toContain('algorithm HS256 is not allowed');
    }
    const asSecret = await runCli(['verify', forged, '--secret-file', path]);
    expect(asSecret).toMatchObject({ exitCode: 3, stdout: '' });
    expect(asSecret.stderr).toContain('not a shared secret');
  });

  test('ignores a key in the token’s header', async () => {
    const folder = temporaryFolder();
    const [own, pub] = [join(folder, 'own.jwk'), join(folder, 'pub.jwk')];
    await stdoutOf(['keygen', '--alg', 'ES256', '--format', 'jwk', '--private', own, '--public', pub]);
    const header = ['--header', `jwk:=${textOf(pub)}`, '--header', 'jku=https://evil.example/jwks.json'];
    const forged = await stdoutOf(['issue', '--key', own, ...header, '--sub', 'admin']);
    expect((await runCli(['verify', forged, '--keyring', keyring])).exitCode).toBe(13);
  });

  test('variables replace flags, and flags beat variables', async () => {
    const verifyWith = (variables: Record<string, string>, ...args: string[]) =>
      runCli(['verify', '-q', token, ...args], { env: { JWTKIT_KEYRING: keyring, ...variables } });
    expect((await verifyWith({})).exitCode).toBe(0);
    expect((await verifyWith({ JWTKIT_ALG: 'ES256' })).exitCode).toBe(12);
    expect((await verifyWith({ JWTKIT_ALG: 'ES256 RS256' })).exitCode).toBe(0);
    expect((await verifyWith({ JWTKIT_ALG: 'ES256, RS256' })).exitCode).toBe(0);
    expect((await verifyWith({ JWTKIT_ALG: 'ES256 , RS256' })).exitCode).toBe(0);
    expect((await verifyWith({ JWTKIT_ALG: 'ES256' }, '--alg', 'RS256')).exitCode).toBe(0);
    expect((await verifyWith({ JWTKIT_AUD: 'api' })).exitCode).toBe(16);
    expect((await verifyWith({ JWTKIT_ISS: 'me' })).exitCode).toBe(16);
    expect((await verifyWith({ JWTKIT_MAX_AGE: '1m' }, '--at', '+2m')).exitCode).toBe(14);
    expect((await verifyWith({ JWTKIT_LEEWAY: '1h' }, '--at', '+31m')).exitCode).toBe(0);
  });

  test('JWTKIT_KEY takes one path with spaces', async () => {
    const path = fileWith(textOf(join(keyring, 'jwks.json')), 'my keys.json');
    expect((await runCli(['verify', token], { env: { JWTKIT_KEY: path } })).exitCode).toBe(0);
  });
});

describe('bad options', () => {
  test.each([
    [['--type', 'id'], "'id' is invalid. Allowed choices are access, refresh, any"],
    [['--leeway', 'x'], '--leeway: "x" is not a duration'],
    [['--min-ttl', 'soon'], '--min-ttl: "soon" is not a duration'],
    [['--max-age', '-1m'], '--max-age: "-1m" is not a duration'],
    [['--at', 'noon'], '--at: "noon" is not a moment'],
    [['--at', '2026-13-01'], '--at: "2026-13-01" is not a moment'],
    [['--require', '=x'], '"=x" is not name=value'],
    [['--require', 'a:=x'], '--require: the value of a is not JSON'],
    [['--require', ''], '--require'],
    [['--scope', ''], '--scope'],
    [['--iss'], "option '--iss <issuer>' argument missing"],
    [['extra'], 'verify takes one argument'],
    [['--secret-file', 'x'], '--secret-file and --secret-env exclude each other'],
  ])('refuses %j with exit 2', async (args, message) => {
    const { exitCode, stdout, stderr } = await verify(signed({ exp, scope: 'read' }), ...args);
    expect(stderr).toContain(message);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });
});
