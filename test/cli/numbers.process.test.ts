/** A number keeps its text, from the input to the token and from the token to the output; comparison is by value, exactly. */
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fileWith, type RunResult, runCli, secret, stdoutOf, temporaryFolder, unsigned } from './fake-io.js';

const texts = [
  '100002348117421473',
  '-100002348117421473',
  '9007199254740993',
  '12345678901234567890',
  '123456789012345678901234567890.5',
  '1.0',
  '0.10',
  '-0',
  '-0.0',
  '0e0',
  '1e3',
  '1E+3',
  '1e-7',
  '1e21',
  '1e400',
  '-1e400',
  '1e999999999',
  '0.1',
  '5',
];
const list = `[${texts.join(',')}]`;
const members = `"n":${list},"deep":{"a.b":[{"c":1.0}]}`;
const ours = '"iat":1,"exp":4102444800.0,"jti":"j","type":"access"';
const claims = `{"sub":"u",${members},${ours}}`;

const env = { S: secret };
const worker = fileURLToPath(new URL('../../dist/cli/batch-worker.cjs', import.meta.url));
const threads = { env, workerFile: worker };
const payloadOf = (token: string) => Buffer.from(token.split('.')[1] ?? '', 'base64url').toString();
const headerOf = (token: string) => Buffer.from(token.split('.')[0] ?? '', 'base64url').toString();
const issue = (args: string[], stdin = '', world: object = { env }) =>
  stdoutOf(['issue', '--secret-env', 'S', ...args], { ...world, stdin });
const token = () => issue(['--claims', '-'], claims);
const fixed = `n:=${list}`;

describe('numbers that are read', () => {
  test.each<[string, () => Promise<string>]>([
    ['--claim', () => issue(['--claim', fixed])],
    ['--claims FILE', () => issue(['--claims', fileWith(claims)])],
    ['--claims -, indented', () => issue(['--claims', '-'], claims.replace('"n":', ' \n"n" :\n '))],
    [
      '--claims with decode --json',
      async () => issue(['--claims', '-'], await stdoutOf(['decode', unsigned(claims), '--json'])),
    ],
    ['a line of a batch', () => issue(['--batch'], claims)],
    [
      'a line of decode --batch',
      async () => issue(['--batch'], await stdoutOf(['decode', '--batch'], { stdin: unsigned(claims) })),
    ],
    ['--claim for a batch', () => issue(['--batch', '--claim', fixed], '{}')],
    ['a line of a batch on a thread', () => issue(['--batch', '--workers', '1'], claims, threads)],
    ['--claim for a batch on a thread', () => issue(['--batch', '--workers', '1', '--claim', fixed], '{}', threads)],
    ['--pair', async () => JSON.parse(await issue(['--pair', '--claim', fixed])).refresh_token],
    ['pairs of a batch', async () => JSON.parse(await issue(['--pair', '--batch'], `{"n":${list}}`)).access_token],
  ])('%s', async (_name, make) => expect(payloadOf(await make())).toContain(`"n":${list}`));

  test.each<[string, () => Promise<string>]>([
    ['--header', () => issue(['--header', fixed])],
    ['--header for a batch', () => issue(['--batch', '--header', fixed], '{}')],
    ['--header for a batch on a thread', () => issue(['--batch', '--workers', '1', '--header', fixed], '{}', threads)],
  ])('%s', async (_name, make) => expect(headerOf(await make())).toContain(`"n":${list}`));

  test('fills in the times of a token that has a time with an odd text', async () => {
    expect(payloadOf(await issue(['--claim', 'nbf:=4e9']))).toContain(
      '"nbf":4e9,"type":"access","iat":1795435200,"exp":4000001800',
    );
    expect(payloadOf(await issue(['--claim', 'exp:=4102444800.0']))).toContain('"exp":4102444800.0');
  });

  test.each(['exp:=1e400', 'exp:=-0.5', 'nbf:=12345678901234567890', 'iat:=1e300'])(
    'accepts the time %s',
    async (claim) => {
      const { exitCode, stderr } = await runCli(['issue', '--secret-env', 'S', '--claim', claim], { env });
      expect(exitCode).toBe(2);
      expect(stderr).toContain(`claim ${claim.replace(':=', ' is ')}, it must be seconds since 1970`);
    },
  );
});

describe('numbers that are printed', () => {
  const header = `{"alg":"HS256","n":${list}}`;
  const decoded = () => unsigned(claims, header as unknown as object);
  const verify = async (args: string[], world: object = { env }) =>
    stdoutOf(['verify', '--secret-env', 'S', ...args], { ...world, stdin: await token() });

  test.each<[string, string, () => Promise<string>]>([
    ['decode', `sub   "u"\n  n     ${list}`, () => stdoutOf(['decode', decoded()])],
    ['decode, of a time', 'exp   4102444800.0  2100-01-01T00:00:00Z', () => stdoutOf(['decode', decoded()])],
    ['decode --json', `${header},"claims":${claims}}`, () => stdoutOf(['decode', decoded(), '--json'])],
    ['decode --claim', list, () => stdoutOf(['decode', decoded(), '--claim', 'n'])],
    ['decode --batch', `${header},"claims":${claims}}`, () => stdoutOf(['decode', '--batch'], { stdin: decoded() })],
    ['verify --json', `"claims":${claims}`, () => verify(['--json'])],
    ['verify --claim', list, () => verify(['--claim', 'n'])],
    ['verify --claim --json', list, () => verify(['--claim', 'n', '--json'])],
    ['verify --batch --claims', `"exp":4102444800.0,"claims":${claims}`, () => verify(['--batch', '--claims'])],
    ['verify --batch', '"exp":4102444800.0}', () => verify(['--batch'])],
    [
      'verify --batch on a thread',
      `"claims":${claims}`,
      () => verify(['--batch', '--claims', '--workers', '1'], threads),
    ],
    ['issue --json', `"claims":${claims}`, () => issue(['--claims', '-', '--json'], claims)],
    ['issue --batch --json', `"claims":${claims}`, () => issue(['--batch', '--json'], claims)],
    [
      'inspect --json',
      '"issued_at":1,"active_from":1,"expires_at":4102444800.0,',
      () => stdoutOf(['inspect', decoded(), '--json']),
    ],
    ['inspect --batch', '"expires_at":4102444800.0,', () => stdoutOf(['inspect', '--batch'], { stdin: decoded() })],
  ])('%s', async (_name, expected, run) => expect(await run()).toContain(expected));

  test.each(texts.map((text, at) => [text, at] as const))('a path to %s', async (text, at) => {
    for (const path of [`n.${at}`, `/n/${at}`]) {
      expect(await verify(['--claim', path])).toBe(text);
      expect(await stdoutOf(['decode', decoded(), '--claim', path])).toBe(text);
    }
  });

  test('--claim finds no path into a number', async () => {
    for (const path of ['n.0.text', '/n/0/text', 'n.0.#text', '/deep/a.b/0/c/text']) {
      expect(await runCli(['decode', decoded(), '--claim', path])).toMatchObject({ exitCode: 16, stdout: '' });
    }
    expect(await stdoutOf(['decode', decoded(), '--claim', '/deep/a.b/0/c'])).toBe('1.0');
  });

  test.each(['1e400', '-5', '12345678901234567890'])('quotes a bad time unchanged: %s', async (exp) => {
    const bad = await runCli(['inspect', unsigned(`{"exp":${exp}}`)]);
    expect([bad.exitCode, bad.stderr]).toEqual([16, expect.stringContaining(`claim exp is ${exp}, it must be`)]);
    expect(await stdoutOf(['decode', unsigned(`{"exp":${exp}}`)])).toContain(`exp  ${exp}  not a time: out of range`);
  });

  test.each([
    ['{"exp":4102444800}', '4102444800'],
    ['{"exp": 4102444800 }', '4102444800'],
    ['{"a":{"exp":4102444800},"exp":4102444800.00}', '4102444800.00'],
    ['{"a\\"exp":4102444800,"exp":41024448e2}', '41024448e2'],
    ['{"\\u0065xp":41024448e2,"x":"\\"exp\\":4102444800,"}', '41024448e2'],
    ['{"exp":4102444800.5}', '4102444800.5'],
  ])('a verdict shows the exp of %s', async (payload, exp) => {
    const { createHmac } = await import('node:crypto');
    const input = unsigned(payload).replace(/\.[^.]*$/, '');
    const signed = `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
    expect(await stdoutOf(['verify', '--batch', '--secret-env', 'S'], { env, stdin: signed })).toBe(
      `{"line":1,"valid":true,"exp":${exp}}`,
    );
  });
});

describe('numbers that are compared', () => {
  const demand = async (
    name: string,
    value: string,
    held: string,
    how: 'flag' | 'batch' | 'policy',
  ): Promise<RunResult> => {
    const stdin = await issue(['--claim', `${name}:=${held}`]);
    if (how === 'flag')
      return runCli(['verify', '--secret-env', 'S', '--require', `${name}:=${value}`], { env, stdin });
    if (how === 'batch')
      return runCli(['verify', '--batch', '--workers', '1', '--secret-env', 'S', '--require', `${name}:=${value}`], {
        ...threads,
        stdin,
      });
    const config = fileWith(`{"require":[{"name":"${name}","value":${value}}]}`);
    return runCli(['verify', '--secret-env', 'S', '--config', config], { env, stdin });
  };

  test.each<[string, string, boolean]>([
    ['100002348117421473', '100002348117421473', true],
    ['100002348117421472', '100002348117421473', false],
    ['100002348117421470', '100002348117421473', false],
    ['100002348117421473', '100002348117421470', false],
    ['100002348117421473.0', '100002348117421473', true],
    ['100', '1e2', true],
    ['1E2', '100.0', true],
    ['1e-1', '0.10', true],
    ['0.1', '0.1', true],
    ['0.1', '0.1000000000000000055511151231257827', false],
    ['0', '-0', true],
    ['0e5', '0.000', true],
    ['1', '-1', false],
    ['1e400', '1e400', true],
    ['1e400', '1e401', false],
    ['1e400', '10e399', true],
    ['1e999999999', '1e999999998', false],
    ['1e999999999999999999999', '10e999999999999999999998', true],
    ['{"a":[1.0,{"b":2}]}', '{"a":[1,{"b":2.00}]}', true],
    ['{"a":[1.0,{"b":2}]}', '{"a":[1,{"b":2.01}]}', false],
    ['"1"', '1', false],
    ['1.0', '"1.0"', false],
    ['{}', '1.0', false],
    ['1.0', '{}', false],
    ['[]', '1e3', false],
    ['null', '1e3', false],
  ])('%s demanded of %s: %s', async (wanted, held, isSame) => {
    for (const how of ['flag', 'policy'] as const) {
      const { exitCode, stderr } = await demand('x', wanted, held, how);
      expect([how, exitCode]).toEqual([how, isSame ? 0 : 16]);
      if (!isSame) expect(stderr).toContain(`claim "x" is not ${wanted}`);
    }
  });

  test.each([
    ['100002348117421473', '100002348117421473', 0],
    ['100002348117421472', '100002348117421473', 10],
    ['{"a":1e3}', '{"a":1000}', 0],
  ])('%s demanded of %s in a batch, on a thread: exit %d', async (wanted, held, exitCode) => {
    expect(await demand('x', wanted, held, 'batch')).toMatchObject({ exitCode });
  });
});

test('refresh keeps the text of a number', async () => {
  const keyring = `${temporaryFolder()}/keyring`;
  await stdoutOf(['keygen', '--alg', 'ES256', '--keyring', keyring]);
  const args = ['--keyring', keyring];
  const given = await stdoutOf(['issue', ...args, '--type', 'refresh', '--claim', `client_id:=${texts[0]}`]);
  expect(payloadOf(await stdoutOf(['refresh', given, ...args]))).toContain(`"client_id":${texts[0]},`);
  const pair = JSON.parse(await stdoutOf(['refresh', given, '--rotate', ...args]));
  for (const name of ['access_token', 'refresh_token'])
    expect(payloadOf(pair[name])).toContain(`"client_id":${texts[0]},`);
});

const digits = fc.stringMatching(/^(0|[1-9]\d{0,25})$/);
const number = fc
  .tuple(
    fc.constantFrom('', '-'),
    digits,
    fc.option(fc.stringMatching(/^\d{1,20}$/)),
    fc.option(fc.stringMatching(/^[eE][+-]?\d{1,4}$/)),
  )
  .map(
    ([sign, whole, fraction, exponent]) => `${sign}${whole}${fraction === null ? '' : `.${fraction}`}${exponent ?? ''}`,
  );

test('token → decode --json → issue --claims → decode gives the same text for any numbers', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(number, { minLength: 1, maxLength: 5 }), number, async (items, other) => {
      const text = `{"items":[${items}],"__proto__":{"q\\"":${other}},"sub":"é",${ours}}`;
      const first = await issue(['--claims', '-'], text);
      expect(payloadOf(first)).toBe(text);
      const decodedText = await stdoutOf(['decode', first, '--json']);
      const again = await issue(['--claims', '-'], decodedText);
      expect(again).toBe(first);
      expect(await stdoutOf(['decode', again, '--json'])).toBe(decodedText);
    }),
    { numRuns: 50 },
  );
});
