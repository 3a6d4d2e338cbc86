import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  fileWith,
  hasModes,
  makeKeyring,
  modeOf,
  now,
  runCli,
  secret,
  segmentOf,
  stdoutOf,
  temporaryFolder,
  textOf,
} from '../fake-io.js';

const env = { S: secret };
const issue = ['issue', '--secret-env', 'S'];
const claimsOf = async (...args: string[]) => segmentOf(await stdoutOf([...issue, ...args], { env }), 1);
const headerOf = async (...args: string[]) => segmentOf(await stdoutOf([...issue, ...args], { env }), 0);

describe('output', () => {
  test('stdout holds the token, a line end and nothing else; stderr is silent', async () => {
    const { exitCode, stdout, stderr } = await runCli([...issue, '--sub', 'u'], { env });
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    expect(stderr).toBe('');
  });

  test('stdout holds only the token on a terminal too', async () => {
    const { stdout } = await runCli([...issue, '--color=always'], { env, terminals: ['stdin', 'stdout', 'stderr'] });
    expect(stdout).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
  });

  test('--json prints the token and its claims', async () => {
    const text = await stdoutOf([...issue, '--sub', 'u', '--json'], { env });
    const { token, ...rest } = JSON.parse(text);
    expect(Object.keys(JSON.parse(text))).toEqual(['token', 'claims']);
    expect(rest).toEqual({ claims: segmentOf(token, 1) });
  });

  test('--pair is JSON with its members in the order of OAuth token responses', async () => {
    const text = await stdoutOf([...issue, '--sub', 'u', '--pair'], { env });
    const pair = JSON.parse(text);
    expect(Object.keys(pair)).toEqual(['access_token', 'refresh_token', 'token_type', 'expires_in']);
    expect(text).toBe(JSON.stringify(pair));
    expect(pair).toMatchObject({ token_type: 'bearer', expires_in: 1800 });
    const base = { sub: 'u', iat: now, family: 'id-1' };
    expect(segmentOf(pair.access_token, 1)).toEqual({ ...base, type: 'access', exp: now + 1800, jti: 'id-2' });
    expect(segmentOf(pair.refresh_token, 1)).toEqual({ ...base, type: 'refresh', exp: now + 604_800, jti: 'id-3' });
  });

  test('--ttl and --refresh-ttl set the lifetimes of --pair', async () => {
    const pair = JSON.parse(await stdoutOf([...issue, '--pair', '--ttl', '5m', '--refresh-ttl', '1h'], { env }));
    expect(pair.expires_in).toBe(300);
    expect(segmentOf(pair.refresh_token, 1).exp).toBe(now + 3600);
  });

  test('--out writes a file of mode 0600 and leaves stdout empty', async () => {
    const out = join(temporaryFolder(), 'token.jwt');
    const { exitCode, stdout, stderr } = await runCli([...issue, '--out', out], { env });
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: '', stderr: `wrote ${out}\n` });
    expect(textOf(out)).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+\n$/);
    if (hasModes) expect(modeOf(out)).toBe(0o600);
  });

  test('--out never overwrites without --force', async () => {
    const out = fileWith('kept');
    const refused = await runCli([...issue, '--out', out], { env });
    expect(refused).toEqual({
      exitCode: 3,
      stdout: '',
      stderr: `error: ${out} already exists\nhint: pass --force to overwrite it\n`,
    });
    expect(textOf(out)).toBe('kept');
    expect((await runCli([...issue, '--out', out, '--force'], { env })).exitCode).toBe(0);
    expect(textOf(out)).toMatch(/^ey/);
    if (hasModes) expect(modeOf(out)).toBe(0o600);
  });

  test('--out in a missing folder fails and leaves nothing', async () => {
    const folder = temporaryFolder();
    const { exitCode, stdout, stderr } = await runCli([...issue, '--out', join(folder, 'no', 'x')], { env });
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
    expect(stderr).toContain('no such file or folder');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('--out - writes to stdout', async () => {
    expect(await stdoutOf([...issue, '--out', '-'], { env })).toMatch(/^ey/);
  });

  test('--pair --out writes the pair to a file', async () => {
    const out = join(temporaryFolder(), 'pair.json');
    await stdoutOf([...issue, '--pair', '--out', out], { env });
    expect(JSON.parse(textOf(out))).toHaveProperty('refresh_token');
  });

  test('issues a token that has expired already, with a note', async () => {
    const { exitCode, stderr } = await runCli([...issue, '--claim', `exp:=${now - 60}`], { env });
    expect(exitCode).toBe(0);
    expect(stderr).toBe('note: the token is already expired, 1m ago; --ttl sets a new lifetime\n');
  });
});

describe('claims', () => {
  const minimum = { type: 'access', iat: now, exp: now + 1800, jti: 'id-1' };

  test.each<[string[], Record<string, unknown>]>([
    [[], minimum],
    [['--sub', 'user-1'], { ...minimum, sub: 'user-1' }],
    // jwt-cli turns --sub 123 into a number.
    [['--sub', '123'], { ...minimum, sub: '123' }],
    [['--sub', 'true'], { ...minimum, sub: 'true' }],
    [['--sub', '-1'], { ...minimum, sub: '-1' }],
    [['--type', 'refresh'], { ...minimum, type: 'refresh', exp: now + 604_800 }],
    [['--type', 'access'], minimum],
    [['--ttl', '90'], { ...minimum, exp: now + 90 }],
    [['--ttl', '1h30m'], { ...minimum, exp: now + 5400 }],
    [['--type', 'refresh', '--ttl', '30d'], { ...minimum, type: 'refresh', exp: now + 2_592_000 }],
    [['--no-exp'], { type: 'access', iat: now, jti: 'id-1' }],
    [['--iss', 'https://issuer.example'], { ...minimum, iss: 'https://issuer.example' }],
    [['--aud', 'api'], { ...minimum, aud: 'api' }],
    [['--aud', 'api', '--aud', 'web'], { ...minimum, aud: ['api', 'web'] }],
    [['--aud', '42'], { ...minimum, aud: '42' }],
    [['--scope', 'read write'], { ...minimum, scope: 'read write' }],
    [['--scope', 'read', '--scope', 'write'], { ...minimum, scope: 'read write' }],
    [['--role', 'admin'], { ...minimum, role: ['admin'] }],
    [['--claim', 'role=admin'], { ...minimum, role: 'admin' }],
    [['--role', 'admin', '--role', 'ops'], { ...minimum, role: ['admin', 'ops'] }],
    [['--jti', 'mine'], { ...minimum, jti: 'mine' }],
    [['--nbf', '+5m'], { ...minimum, nbf: now + 300, exp: now + 2100 }],
    [['--nbf', '-5m'], { ...minimum, nbf: now - 300 }],
    [['--nbf', 'now'], { ...minimum, nbf: now }],
    [['--nbf', '2026-11-24'], { ...minimum, nbf: now + 43_200, exp: now + 45_000 }],
    [['--nbf', String(now + 1)], { ...minimum, nbf: now + 1, exp: now + 1801 }],
    [['--claim', 'plan=pro'], { ...minimum, plan: 'pro' }],
    [['--claim', 'plan='], { ...minimum, plan: '' }],
    [['--claim', 'seats=5'], { ...minimum, seats: '5' }],
    [['--claim', 'seats:=5'], { ...minimum, seats: 5 }],
    [['--claim', 'on:=true', '--claim', 'off:=null'], { ...minimum, on: true, off: null }],
    [['--claim', 'a:={"b":[1,{"c":2}]}'], { ...minimum, a: { b: [1, { c: 2 }] } }],
    [['--claim', 'a:="text"'], { ...minimum, a: 'text' }],
    [['--claim', 'query=a=b:=c'], { ...minimum, query: 'a=b:=c' }],
    [['--claim', 'https://x.example/claim=v'], { ...minimum, 'https://x.example/claim': 'v' }],
    [['--claim', 'name=Zoë 🦊'], { ...minimum, name: 'Zoë 🦊' }],
    [['--claim', 'sub=from-claim'], { ...minimum, sub: 'from-claim' }],
    [['--claim', `exp:=${now + 7}`], { ...minimum, exp: now + 7 }],
    [['--claim', `iat:=${now - 7}`], { ...minimum, iat: now - 7 }],
    [['--at', '2030-01-01'], { ...minimum, iat: 1_893_456_000, exp: 1_893_457_800 }],
    [['--at', '0'], { ...minimum, iat: 0, exp: 1800 }],
    [['--at', '+1d'], { ...minimum, iat: now + 86_400, exp: now + 88_200 }],
  ])('%j', async (args, expected) => {
    expect(await claimsOf(...args)).toEqual(expected);
  });

  test('a claim named __proto__ is a claim like any other', async () => {
    const token = await stdoutOf([...issue, '--claim', '__proto__:={"admin":true}'], { env });
    expect(Object.keys(segmentOf(token, 1))).toContain('__proto__');
  });

  test.each([
    [['--sub'], "option '--sub <id>' argument missing"],
    [['--type', 'id'], "'id' is invalid. Allowed choices are access, refresh"],
    [['--ttl', '5 minutes'], '--ttl: "5 minutes" is not a duration'],
    [['--ttl', '-5m'], '--ttl: "-5m" is not a duration'],
    [['--ttl', '1.5h'], '--ttl: "1.5h" is not a duration'],
    [['--ttl', '60ms'], '--ttl: "60ms" is not a duration'],
    [['--ttl', ''], '--ttl: the value is empty'],
    [['--ttl', '0'], '--ttl: a lifetime is at least 1 second'],
    [['--ttl', '999999999999'], 'exp'],
    [['--pair', '--refresh-ttl', 'x'], '--refresh-ttl: "x" is not a duration'],
    [['--nbf', 'tomorrow'], '--nbf: "tomorrow" is not a moment'],
    [['--nbf', '2026-02-30'], '--nbf: "2026-02-30" is not a moment'],
    [['--nbf', '2026-13-01'], '--nbf: "2026-13-01" is not a moment'],
    [['--nbf', '1795435200000'], '--nbf: "1795435200000" is not a moment'],
    [['--at', 'soon'], '--at: "soon" is not a moment'],
    [['--at', '2026-11-32'], '--at: "2026-11-32" is not a moment'],
    [['--at', '-100y'], '--at: "-100y" is not a moment'],
    [['--scope', 'a"b'], 'is not a scope token'],
    [['--scope', 'ümlaut'], 'is not a scope token'],
    [['--claim', 'plan'], '"plan" is not name=value or name:=json'],
    [['--claim', '=x'], '"=x" is not name=value'],
    [['--claim', ':=1'], 'is not name=value'],
    [['--claim', 'a:=yes'], '--claim: the value of a is not JSON'],
    [['--claim', 'a:='], '--claim: the value of a is empty'],
    // Read the way a claims file is: nothing may be lost between what was asked for and what is signed.
    [['--claim', 'a:={"b":1,"b":2}'], 'duplicate member name'],
    [['--claim', 'exp:=1e400'], 'claim exp is 1e400, it must be seconds since 1970'],
    [['--claim', 'a=1', '--claim', 'a=2'], '--claim: a is given twice'],
    [['--sub', 'x', '--claim', 'sub=y'], '--claim: sub is given twice'],
    [['--claim', 'sub:=123'], 'claim sub is 123, it must be a string'],
    [['--claim', 'iss:=null'], 'claim iss is null, it must be a string'],
    [['--claim', 'aud:=[1]'], 'claim aud is an array, it must be a string or an array of strings'],
    [['--claim', 'exp=tomorrow'], 'claim exp is a string, it must be seconds since 1970'],
    [['--claim', 'exp:=1795435200000'], 'it must be seconds since 1970, at most year 9999'],
    [['--claim', 'jti:=7'], 'claim jti is 7'],
    [['--claim', `x=${'y'.repeat(70_000)}`], 'verifiers take 65536'],
    [['--claim', `x:=${'['.repeat(70)}${']'.repeat(70)}`], 'nested deeper than 64 levels'],
    [['--claim', 'x:="\\ud800"'], 'lone surrogate'],
    [['--pair', '--type', 'access'], '--pair and --type exclude each other'],
    [['--pair', '--jti', 'x'], '--pair and --jti exclude each other'],
    [['--pair', '--no-exp'], '--pair and --no-exp exclude each other'],
    [['--pair', '--claim', 'exp:=1'], 'the two tokens of a pair each get their own exp'],
    [['--no-exp', '--ttl', '5m'], '--no-exp and --ttl exclude each other'],
    [['--no-exp', '--claim', 'exp:=1'], '--claim exp and --no-exp exclude each other'],
    [['--ttl', '5m', '--claim', 'exp:=1'], '--claim exp and --ttl exclude each other'],
    [['--force'], '--force is for --out'],
    [['--header', 'alg=none'], '--header: alg has an option of its own, --alg'],
    [['--header', 'kid=x'], '--header: kid has an option of its own, --kid'],
    [['--header', 'typ=x'], '--header: typ has an option of its own, --typ'],
    [['--header', 'x=1', '--header', 'x=2'], '--header: x is given twice'],
    [['--header', 'crit:=["exp"]'], 'crit'],
    [['--header', 'b64:=false'], 'b64'],
    [['--header', 'cty:=1'], 'header cty is a number, not a string'],
    [['--header', '__proto__:={}'], '__proto__'],
    [['--alg', 'none'], 'there is no "none"'],
    [['--alg', 'None'], 'there is no "none"'],
    [['--alg', 'hs256'], '--alg: "hs256" is not an algorithm'],
    [['--alg', 'RS256'], 'algorithm RS256 is not allowed by the key'],
    [['--alg', 'HS512'], 'algorithm HS512 is not allowed by the key'],
    [['token'], 'issue takes no argument'],
  ])('refuses %j with exit 2', async (args, message) => {
    const { exitCode, stdout, stderr } = await runCli([...issue, ...args], { env });
    expect(stderr).toContain(message);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/^error: [^\n]*\n(hint: [^\n]*\n)?$/);
  });

  test('a message about a lifetime names its option', async () => {
    expect((await runCli([...issue, '--ttl', '0'], { env })).stderr).toContain('--ttl');
  });
});

describe('header', () => {
  const minimum = { alg: 'HS256', typ: 'JWT' };

  test.each<[string[], Record<string, unknown>]>([
    [[], minimum],
    [['--typ', 'at+jwt'], { ...minimum, typ: 'at+jwt' }],
    [['--kid', 's1'], { ...minimum, kid: 's1' }],
    [['--header', 'cty=JWT'], { ...minimum, cty: 'JWT' }],
    [['--header', 'n:=1', '--header', 'x=y'], { ...minimum, n: 1, x: 'y' }],
    [['--header', 'jku=https://example.org'], { ...minimum, jku: 'https://example.org' }],
    [['--alg', 'HS256'], minimum],
  ])('%j', async (args, expected) => {
    expect(await headerOf(...args)).toEqual(expected);
  });
});

describe('--claims', () => {
  const file = (claims: unknown) => fileWith(JSON.stringify(claims), 'claims.json');
  const given = {
    sub: 'file',
    iss: 'file',
    aud: 'file',
    exp: now + 99,
    iat: now - 1,
    jti: 'file',
    type: 'refresh',
    a: 1,
  };

  test('--claims signs the file’s claims unchanged', async () => {
    expect(await claimsOf('--claims', file(given))).toEqual(given);
  });

  test('--claims gets type, iat, exp and jti if the file has none', async () => {
    expect(await claimsOf('--claims', file({ a: 1 }))).toEqual({
      a: 1,
      type: 'access',
      iat: now,
      exp: now + 1800,
      jti: 'id-1',
    });
  });

  test.each<[string[], Record<string, unknown>]>([
    [['--sub', 'flag'], { sub: 'flag' }],
    [['--iss', 'flag'], { iss: 'flag' }],
    [['--aud', 'flag'], { aud: 'flag' }],
    [['--jti', 'flag'], { jti: 'flag' }],
    [['--type', 'access'], { type: 'access' }],
    [['--claim', 'a=flag'], { a: 'flag' }],
    [['--claim', `exp:=${now + 5}`], { exp: now + 5 }],
    [['--ttl', '1h'], { exp: now + 3600 }],
  ])('flags beat --claims: %j', async (args, expected) => {
    expect(await claimsOf('--claims', file(given), ...args)).toEqual({ ...given, ...expected });
  });

  test('--no-exp beats --claims', async () => {
    expect(await claimsOf('--claims', file(given), '--no-exp')).not.toHaveProperty('exp');
  });

  test('a refresh token from --claims gets the refresh lifetime', async () => {
    expect(await claimsOf('--claims', file({ type: 'refresh' }))).toMatchObject({ exp: now + 604_800 });
  });

  test('--claims - reads standard input', async () => {
    const token = await stdoutOf([...issue, '--claims', '-'], { env, stdin: JSON.stringify(given) });
    expect(segmentOf(token, 1)).toEqual(given);
  });

  test.each([
    [given],
    [{ ...given, header: { a: 1 }, claims: { b: 2 } }],
    [{ nested: { deep: [1, 2, { three: 'Zoë' }] }, exp: now + 1.5, type: 'odd', 'a.b': null, iat: 1, jti: '' }],
  ])('decode --json | issue --claims - gives identical claims: %j', async (claims) => {
    const token = await stdoutOf([...issue, '--claims', '-'], { env, stdin: JSON.stringify(claims) });
    const decoded = await stdoutOf(['decode', token, '--json']);
    const again = await stdoutOf([...issue, '--claims', '-'], { env, stdin: decoded });
    expect(again).toBe(token);
    expect(segmentOf(again, 1)).toEqual(claims);
  });

  test('the round trip survives control characters and __proto__', async () => {
    const text = '{"__proto__":{"a":1},"s":"\\u001b[31m\\u202e\\u0000","iat":1,"exp":2,"jti":"x","type":"access"}';
    const token = await stdoutOf([...issue, '--claims', '-'], { env, stdin: text });
    const decoded = await stdoutOf(['decode', token, '--json']);
    expect(await stdoutOf([...issue, '--claims', '-'], { env, stdin: decoded })).toBe(token);
  });

  test.each([
    ['{', 'is not JSON'],
    ['', 'is empty'],
    ['[]', 'is an array, not a JSON object'],
    ['"text"', 'is a string, not a JSON object'],
    ['{"a":1,"a":2}', 'has a duplicate member name'],
    ['{"a":1,\ufeff"b":2}', 'is not JSON'],
    ['{"sub":1}', 'claim sub is 1, it must be a string'],
    [`{"a":"${'x'.repeat(70_000)}"}`, 'larger than'],
  ])('refuses %.20s', async (stdin, message) => {
    const { exitCode, stdout, stderr } = await runCli([...issue, '--claims', '-'], { env, stdin });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  test('a missing --claims file is exit 3', async () => {
    const { exitCode, stderr } = await runCli([...issue, '--claims', '/no/such/file'], { env });
    expect(exitCode).toBe(3);
    expect(stderr).toBe('error: cannot read /no/such/file: no such file or folder\n');
  });
});

describe('a claim that nothing put in its place', () => {
  const references = [
    '$'.concat('{ISSUER}'),
    '{{issuer}}',
    '$'.concat('{{ vars.ISS }}'),
    'op://vault/item/field',
    '$(ISSUER)',
    '<%= iss %>',
  ];
  test.each(references)('refuses %s', async (value) => {
    const config = fileWith(JSON.stringify({ issuer: value }));
    for (const [args, more] of [
      [['--iss', value], {}],
      [['--sub', value], {}],
      [['--aud', 'api', '--aud', value], {}],
      [[], { JWTKIT_ISS: value }],
      [['--config', config], {}],
      [['--pair', '--config', config], {}],
    ] as const) {
      const { exitCode, stdout, stderr } = await runCli([...issue, ...args], { env: { ...env, ...more } });
      expect({ args, exitCode, stdout }).toEqual({ args, exitCode: 2, stdout: '' });
      expect(stderr).toContain('is a name or a reference, not the value behind it');
    }
  });

  test.each(['undefined', 'null', 'None', '[object Object]', '$ISSUER', '%ISSUER%'])('notes %s', async (value) => {
    const { exitCode, stderr } = await runCli([...issue, '--sub', 'u', '--iss', value], { env });
    expect(exitCode).toBe(0);
    expect(stderr).toMatch(
      /^note: --iss: .* (?:is what programs write for no value|looks like the name of a variable)\n$/,
    );
  });

  test.each(['https://issuer.example', 'urn:a:b', 'arn:aws:iam::1:role/x', 'a$b', 'nullable'])(
    'takes %s',
    async (value) => {
      const { exitCode, stderr } = await runCli([...issue, '--iss', value, '--sub', value], { env });
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    },
  );
});

describe('variables', () => {
  const issueWith = async (more: Record<string, string>, ...args: string[]) =>
    segmentOf(await stdoutOf([...issue, ...args], { env: { ...env, ...more } }), 1);

  test.each<[Record<string, string>, string[], Record<string, unknown>]>([
    [{ JWTKIT_TTL: '5m' }, [], { exp: now + 300 }],
    [{ JWTKIT_TTL: '5m' }, ['--ttl', '6m'], { exp: now + 360 }],
    [{ JWTKIT_TTL: '5m', ACCESS_TOKEN_EXPIRE_MINUTES: '9' }, [], { exp: now + 300 }],
    [{ ACCESS_TOKEN_EXPIRE_MINUTES: '9' }, [], { exp: now + 540 }],
    [{ ACCESS_TOKEN_EXPIRE_MINUTES: '9' }, ['--ttl', '1m'], { exp: now + 60 }],
    [{ ACCESS_TOKEN_EXPIRE_MINUTES: '9' }, ['--type', 'refresh'], { exp: now + 604_800 }],
    [{ REFRESH_TOKEN_EXPIRE_DAYS: '2' }, ['--type', 'refresh'], { exp: now + 172_800 }],
    [{ REFRESH_TOKEN_EXPIRE_DAYS: '2' }, [], { exp: now + 1800 }],
    [{ JWTKIT_ISS: 'me' }, [], { iss: 'me' }],
    [{ JWTKIT_ISS: 'me' }, ['--iss', 'you'], { iss: 'you' }],
    [{ JWTKIT_AUD: 'api' }, [], { aud: 'api' }],
    [{ JWTKIT_AUD: 'api web' }, [], { aud: ['api', 'web'] }],
    [{ JWTKIT_AUD: 'api web' }, ['--aud', 'cli'], { aud: 'cli' }],
  ])('%j with %j', async (variables, args, expected) => {
    expect(await issueWith(variables, ...args)).toMatchObject(expected);
  });

  test('a flag beats a variable: --no-exp beats JWTKIT_TTL', async () => {
    expect(await issueWith({ JWTKIT_TTL: '5m' }, '--no-exp')).not.toHaveProperty('exp');
  });

  test.each([
    [{ ACCESS_TOKEN_EXPIRE_MINUTES: '30m' }, 'ACCESS_TOKEN_EXPIRE_MINUTES: "30m"'],
    [{ ACCESS_TOKEN_EXPIRE_MINUTES: '0' }, 'ACCESS_TOKEN_EXPIRE_MINUTES: "0"'],
    [{ ACCESS_TOKEN_EXPIRE_MINUTES: '-5' }, 'ACCESS_TOKEN_EXPIRE_MINUTES: "-5"'],
    [{ JWTKIT_TTL: 'x' }, 'is not a duration'],
    [{ JWTKIT_ALG: 'none' }, 'there is no "none"'],
  ])('refuses %j', async (variables, message) => {
    const { exitCode, stderr } = await runCli(issue, { env: { ...env, ...variables } });
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
  });

  test('a message about a variable names the variable, not the flag', async () => {
    expect((await runCli(issue, { env: { ...env, JWTKIT_TTL: 'x' } })).stderr).toContain('JWTKIT_TTL');
  });
});

describe('the key', () => {
  let keyring: string;
  beforeAll(async () => {
    keyring = await makeKeyring('ES256', 'k1');
    await stdoutOf(['keygen', '--alg', 'EdDSA', '--kid', 'k2', '--keyring', keyring], { now: now + 10 });
  });

  test('signs with the latest key of the keyring, or the one of --kid', async () => {
    const world = { now: now + 20 };
    const header = async (...args: string[]) =>
      segmentOf(await stdoutOf(['issue', '--keyring', keyring, ...args], world), 0);
    expect(await header()).toEqual({ alg: 'EdDSA', typ: 'JWT', kid: 'k2' });
    expect(await header('--kid', 'k1')).toEqual({ alg: 'ES256', typ: 'JWT', kid: 'k1' });
    expect(segmentOf(await stdoutOf(['issue', '--keyring', keyring]), 0)).toMatchObject({ kid: 'k1' });
  });

  test('refuses a kid that is not in the keyring, and lists its keys', async () => {
    const { exitCode, stderr } = await runCli(['issue', '--keyring', keyring, '--kid', 'k9']);
    expect(exitCode).toBe(3);
    expect(stderr).toBe('error: the keyring has no key "k9"\nhint: its keys: k1, k2\n');
  });

  test('without a keyring, issue exits 3 with a hint', async () => {
    const missing = join(temporaryFolder(), 'keyring');
    const { exitCode, stdout, stderr } = await runCli(['issue', '--keyring', missing]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
    expect(stderr).toBe(
      `error: there is no keyring at ${missing}\nhint: make one with: jwtkit keygen --keyring ${missing} (or name a key with --key or --secret-file)\n`,
    );
  });

  test('refuses to sign with a public key', async () => {
    const { exitCode, stdout, stderr } = await runCli(['issue', '--key', join(keyring, 'jwks.json')]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
    expect(stderr).toContain('this is a public key, signing takes the private half');
  });

  test('--key takes the PEM of a keyring', async () => {
    const token = await stdoutOf(['issue', '--key', join(keyring, 'k1.pem'), '--kid', 'k1']);
    expect((await runCli(['verify', '-q', token, '--keyring', keyring])).exitCode).toBe(0);
  });

  test('refuses a file of several private keys', async () => {
    const folder = temporaryFolder();
    const jwks = [1, 2].map((n) => ({ path: join(folder, `${n}.jwk`), kid: `k${n}` }));
    for (const { path, kid } of jwks) {
      await stdoutOf(['keygen', '--alg', 'ES256', '--kid', kid, '--private', path, '--format', 'jwk']);
    }
    const set = join(folder, 'set.json');
    writeFileSync(set, JSON.stringify({ keys: jwks.map(({ path }) => JSON.parse(textOf(path))) }));
    const { exitCode, stderr } = await runCli(['issue', '--key', set]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('holds 2 keys, one signs');
  });
});

describe('a list with commas where a flag is repeated', () => {
  const list = ['--aud', 'a,b', '--scope', 'read,write', '--role', 'x, y'];

  test('is one value, and a note says so', async () => {
    const { exitCode, stdout, stderr } = await runCli([...issue, ...list], { env });
    expect(exitCode).toBe(0);
    expect(segmentOf(stdout, 1)).toMatchObject({ aud: 'a,b', scope: 'read,write', role: ['x, y'] });
    expect(stderr).toBe(
      'note: --aud: "a,b" is one value with a comma in it; for several, repeat --aud\n' +
        'note: --scope: "read,write" is one value with a comma in it; for several, repeat --scope\n' +
        'note: --role: "x, y" is one value with a comma in it; for several, repeat --role\n',
    );
    const named = await runCli([...issue, '--scope', 'admin read,write'], { env: { ...env, JWTKIT_AUD: 'a,b' } });
    expect(named.stderr).toBe(
      'note: JWTKIT_AUD: "a,b" is one value with a comma in it; for several, separate them by spaces\n' +
        'note: --scope: "read,write" is one value with a comma in it; for several, repeat --scope\n',
    );
  });

  test.each([
    ['--role', 'CN=admins,OU=it'],
    ['--aud', 'a,'],
  ])('%s %s is no list', async (...args) => {
    const { exitCode, stderr } = await runCli([...issue, ...args], { env });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  test('is named by the refusal of a token that has a part of it', async () => {
    const args = ['--aud', 'a', '--aud', 'b', '--scope', 'read write', '--role', 'x', '--role', 'y'];
    const token = await stdoutOf([...issue, ...args], { env });
    const verify = (...demands: string[]) => runCli(['verify', token, '--secret-env', 'S', ...demands], { env });
    for (const demand of [
      ['--aud', 'a,b'],
      ['--aud', 'a,c'],
      ['--any-aud', '--scope', 'read,write'],
      ['--any-aud', '--scope', 'read,delete'],
      ['--any-aud', '--role', 'x, y'],
    ]) {
      const { exitCode, stderr } = await verify(...demand);
      expect(exitCode).toBe(16);
      const hint = `hint: ${JSON.stringify(demand.at(-1))} is one value with a comma in it: name each value by itself\n`;
      expect(stderr).toContain(hint);
    }
    const other = await verify('--aud', 'x,c');
    expect(other.stderr).not.toContain('comma');
  });
});
