/** Tokens for other services: the given claims and no more. */
import { describe, expect, test } from 'vitest';
import { folderWith } from '../../policy/policy-folder.js';
import { fileWith, now, runCli, secret, segmentOf, stdoutOf } from '../fake-io.js';

const env = { S: secret };
const issue = ['issue', '--secret-env', 'S'];
const ttl = ['--ttl', '10m'];
const exp = now + 600;

async function partsOf(args: readonly string[], world: object = {}): Promise<[object, object]> {
  const token = await stdoutOf([...issue, ...args], { env, ...world });
  return [segmentOf(token, 0), segmentOf(token, 1)];
}

describe('--bare', () => {
  test.each<[string[], object]>([
    [['--iss', '12345', ...ttl], { iss: '12345', exp }],
    [ttl, { exp }],
    [['--claim', `exp:=${exp}`], { exp }],
    [
      ['--sub', 'u', '--aud', 'a', '--jti', 'j', '--nbf', '+1m', ...ttl],
      { sub: 'u', aud: 'a', nbf: now + 60, jti: 'j', exp: exp + 60 },
    ],
    [['--claim', 'type=refresh', '--claim', `iat:=${now - 60}`, ...ttl], { type: 'refresh', iat: now - 60, exp }],
    [['--role', 'admin', '--scope', 'a b', ...ttl], { scope: 'a b', role: ['admin'], exp }],
    [['--iss', '12345', '--no-exp'], { iss: '12345' }],
    [['--no-iat', '--no-jti', '--no-type', ...ttl], { exp }],
    [['--at', '2026-01-01T00:00:00Z', ...ttl], { exp: 1_767_226_200 }],
    [['--at', '1767225600', ...ttl], { exp: 1_767_226_200 }],
    [['--at', '-1m', ...ttl], { exp: exp - 60 }],
  ])('%j', async (args, claims) => {
    const [header, payload] = await partsOf(['--bare', ...args]);
    expect(JSON.stringify(payload)).toBe(JSON.stringify(claims));
    expect(header).toEqual({ alg: 'HS256' });
  });

  test('keeps the kid of the key, and a typ that is named', async () => {
    const args = ['--bare', ...ttl, '--kid', 'K1', '--typ', 'JWT', '--header', 'x=y'];
    const [header] = await partsOf(args);
    expect(header).toEqual({ alg: 'HS256', typ: 'JWT', x: 'y', kid: 'K1' });
  });

  test('takes the claims of a file as they are', async () => {
    const given = { jti: 'j', iat: 5, exp, n: 1 };
    const [, payload] = await partsOf(['--bare', '--claims', fileWith(JSON.stringify(given))]);
    expect(payload).toEqual(given);
    const [, shorter] = await partsOf(['--bare', '--no-jti', ...ttl, '--claims', fileWith(JSON.stringify(given))]);
    expect(shorter).toEqual({ iat: 5, exp, n: 1 });
  });

  test.each<[string[], string]>([
    [['--iss', '12345'], 'a bare token needs an exp'],
    [['--claim', 'exp=soon'], 'claim exp is a string'],
    [['--pair', ...ttl], '--bare and --pair exclude each other'],
    [['--type', 'refresh', ...ttl], '--bare and --type exclude each other'],
    [['--type', 'access', ...ttl], '--bare and --type exclude each other'],
    [['--claim', `exp:=${exp}`, ...ttl], '--claim exp and --ttl exclude each other'],
    [['--no-exp', ...ttl], '--no-exp and --ttl exclude each other'],
  ])('%j is exit 2', async (args, message) => {
    const { exitCode, stdout, stderr } = await runCli([...issue, '--bare', ...args], { env });
    expect([exitCode, stdout, stderr]).toEqual([2, '', expect.stringContaining(message)]);
  });

  test('takes no lifetime of another program, nor iss, aud and lifetime of a policy', async () => {
    const { world } = folderWith({ issuer: 'i', audience: 'a', lifetimes: { access: '5m' } });
    const others = { ...env, ACCESS_TOKEN_EXPIRE_MINUTES: '5' };
    expect((await runCli([...issue, '--bare', '--sub', 'u'], { ...world, env: others })).exitCode).toBe(2);
    expect((await partsOf(['--bare', '--sub', 'u', ...ttl], world))[1]).toEqual({ sub: 'u', exp });
    const variables = { ...env, JWTKIT_TTL: '10m', JWTKIT_ISS: 'v' };
    expect((await partsOf(['--bare', '--sub', 'u'], { ...world, env: variables }))[1]).toEqual({
      iss: 'v',
      sub: 'u',
      exp,
    });
  });

  test('a batch signs the claims of each line, and refuses a line without exp', async () => {
    const stdin = `{"iss":"1","exp":${exp}}\n{"iss":"2"}\n{"jti":"j","exp":${exp}}\n`;
    const { exitCode, stdout, stderr } = await runCli([...issue, '--batch', '--bare'], { env, stdin });
    expect([exitCode, stderr]).toEqual([10, expect.stringContaining('line 2: a bare token needs an exp')]);
    const [first = '', second, third = ''] = stdout.split('\n');
    expect([segmentOf(first, 1), second, segmentOf(third, 1)]).toEqual([{ iss: '1', exp }, '', { jti: 'j', exp }]);
    expect(segmentOf(first, 0)).toEqual({ alg: 'HS256' });
  });

  test('the token passes verify', async () => {
    const token = await stdoutOf([...issue, '--bare', '--iss', '12345', ...ttl], { env });
    expect((await runCli(['verify', token, '--secret-env', 'S', '--iss', '12345', '-q'], { env })).exitCode).toBe(0);
  });
});

describe('--no-type, --no-jti and --no-iat', () => {
  const all = { type: 'access', iat: now, exp: now + 1800, jti: 'id-1' };
  const { type: _type, ...untyped } = all;
  const { jti: _jti, ...unnamed } = all;
  const { iat: _iat, ...undated } = all;
  test.each<[string[], object]>([
    [['--no-type'], untyped],
    [['--no-jti'], unnamed],
    [['--no-iat'], undated],
    [['--no-type', '--no-jti', '--no-iat'], { exp: now + 1800 }],
    [['--no-jti', '--no-exp', '--no-iat'], { type: 'access' }],
    [['--no-jti', '--type', 'refresh'], { ...unnamed, type: 'refresh', exp: now + 604_800 }],
    [['--no-type', '--claims', 'FILE'], { ...untyped, exp: now + 604_800, jti: 'j' }],
    [['--no-jti', '--claims', 'FILE'], { ...unnamed, type: 'refresh', exp: now + 604_800 }],
  ])('%j', async (args, claims) => {
    const file = fileWith('{"type":"refresh","jti":"j"}');
    const [header, payload] = await partsOf(args.map((arg) => (arg === 'FILE' ? file : arg)));
    expect(payload).toEqual(claims);
    expect(header).toMatchObject({ typ: 'JWT' });
  });

  test.each<[string[], string]>([
    [['--no-type', '--type', 'access'], '--type and --no-type exclude each other'],
    [['--type', 'access', '--no-type'], '--type and --no-type exclude each other'],
    [['--no-jti', '--jti', 'x'], '--jti and --no-jti exclude each other'],
    [['--no-iat', '--claim', 'iat:=5'], '--claim iat and --no-iat exclude each other'],
    [['--no-jti', '--claim', 'jti=x'], '--claim jti and --no-jti exclude each other'],
    [['--no-type', '--pair'], '--pair and --no-type exclude each other'],
    [['--no-jti', '--pair'], '--pair and --no-jti exclude each other'],
    [['--no-iat', '--pair'], '--pair and --no-iat exclude each other'],
  ])('%j is exit 2', async (args, message) => {
    const { exitCode, stderr } = await runCli([...issue, ...args], { env });
    expect([exitCode, stderr]).toEqual([2, `error: ${message}\n`]);
  });

  test('a batch leaves them out of each line', async () => {
    const args = [...issue, '--batch', '--no-jti', '--no-iat', '--no-type'];
    const stdout = await stdoutOf(args, { env, stdin: '{"sub":"a","jti":"j"}\n' });
    expect(segmentOf(stdout.trim(), 1)).toEqual({ sub: 'a', exp: now + 1800 });
  });
});
