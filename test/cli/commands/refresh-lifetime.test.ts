/** A lifetime that --refresh-ttl asks for is that of the refresh token, whatever its claims come from; it is never lost. */
import { describe, expect, test } from 'vitest';
import { fileWith, now, runCli, secret, segmentOf, stdoutOf } from '../fake-io.js';

const env = { S: secret };
const issue = ['issue', '--secret-env', 'S', '--refresh-ttl', '1d'];
const late = { type: 'refresh', sub: 'u', exp: 4_000_000_000 };
const day = now + 86_400;
const expOf = (token: string) => (segmentOf(token.trim(), 1) as { exp?: number }).exp;

describe('the exp of a refresh token is replaced', () => {
  test.each<[string, string[]]>([
    ['--claims', ['--claims', fileWith(JSON.stringify(late))]],
    ['--claims and --type', ['--claims', fileWith('{"exp":4000000000}'), '--type', 'refresh']],
    ['--claims and --claim', ['--claims', fileWith('{"exp":4000000000}'), '--claim', 'type=refresh']],
    ['--bare', ['--claims', fileWith(JSON.stringify(late)), '--bare']],
    ['--bare, without an exp', ['--bare', '--claim', 'type=refresh']],
  ])('%s', async (_what, args) => expect(expOf(await stdoutOf([...issue, ...args], { env }))).toBe(day));

  test('in a batch, and not that of an access token', async () => {
    const stdin = [late, { ...late, type: 'access' }, late].map((claims) => JSON.stringify(claims)).join('\n');
    const lines = await stdoutOf([...issue, '--batch'], { env, stdin });
    expect(lines.trim().split('\n').map(expOf)).toEqual([day, late.exp, day]);
  });

  test('in an encrypted token', async () => {
    const encrypt = ['encrypt', '-', '--secret-env', 'S', '--refresh-ttl', '1d'];
    const world = { env: { S: secret.slice(0, 32) } };
    const token = await stdoutOf(encrypt, { ...world, stdin: JSON.stringify(late) });
    const decrypted = await stdoutOf(['decrypt', '--secret-env', 'S', '--claim', 'exp'], { ...world, stdin: token });
    expect(decrypted).toBe(String(day));
  });
});

test('a variable leaves a given exp alone, as that of --ttl does', async () => {
  const args = ['issue', '--secret-env', 'S', '--claims', fileWith(JSON.stringify(late))];
  expect(expOf(await stdoutOf(args, { env: { ...env, JWTKIT_REFRESH_TTL: '1d' } }))).toBe(late.exp);
});

test.each([
  [['--type', 'refresh', '--no-exp'], '--no-exp and --refresh-ttl'],
  [['--type', 'refresh', '--claim', 'exp:=4000000000'], '--claim exp and --refresh-ttl'],
])('%j contradicts it', async (args, names) => {
  const { exitCode, stderr } = await runCli([...issue, ...args], { env });
  expect([exitCode, stderr]).toEqual([2, `error: ${names} exclude each other\n`]);
});
