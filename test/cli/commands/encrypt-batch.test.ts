/** Many lines at once: `encrypt --batch` and `decrypt --batch`. */
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { encryptJwe } from '../../../src/jwe/encrypt.js';
import { createEncryptionKey } from '../../../src/jwe/key.js';
import { fileWith, makeKeyring, now, runCli, segmentOf, stdoutOf } from '../fake-io.js';

const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = (key: 'publicKey' | 'privateKey', type: 'spki' | 'pkcs8') =>
  fileWith(pair[key].export({ type, format: 'pem' } as never) as unknown as string);
const [publicKey, privateKey] = [pem('publicKey', 'spki'), pem('privateKey', 'pkcs8')];
const key = createEncryptionKey(pair.publicKey);
const encrypt = (content: string | Uint8Array) => encryptJwe(Buffer.from(content as string), { key });

const encryptAll = (stdin: string | Uint8Array, ...args: string[]) =>
  runCli(['encrypt', '--batch', '--key', publicKey, ...args], { stdin });
const decryptAll = (stdin: string | Uint8Array, ...args: string[]) =>
  runCli(['decrypt', '--batch', '--key', privateKey, ...args], { stdin });

describe('a line in, a line out', () => {
  test('decrypt gives back the lines that encrypt took, in their order', async () => {
    const lines = Array.from({ length: 300 }, (_, at) => `line ${at} zoë\t🔑`);
    const made = await encryptAll(`${lines.join('\r\n')}\n`);
    expect(made).toMatchObject({ exitCode: 0, stderr: '300 encrypted\n' });
    expect(new Set(made.stdout.trim().split('\n')).size).toBe(300);
    const read = await decryptAll(made.stdout);
    expect(read).toEqual({ exitCode: 0, stdout: `${lines.join('\n')}\n`, stderr: '300 decrypted\n' });
  });

  test('an empty or bad line leaves an empty one, with its error on stderr, and exit 10', async () => {
    const lines = [
      await encrypt('one'),
      '',
      'nonsense',
      await encrypt('two'),
      `${(await encrypt('x')).slice(0, -4)}AAAA`,
    ];
    const { exitCode, stdout, stderr } = await decryptAll(lines.join('\n'));
    expect([exitCode, stdout]).toEqual([10, 'one\n\n\ntwo\n\n']);
    expect(stderr).toContain('error: line 3: token has 1 segment, a JWE has 5\n');
    expect(stderr).toContain('error: line 5: the token does not decrypt\n');
    expect(stderr).toContain('2 decrypted, 1 TOKEN_MALFORMED, 1 DECRYPTION_FAILED\n');
    expect(stderr).toContain('error: 2 of 4 tokens refused\n');
  });

  test('--json has what decrypt --json prints, or the error, with the number of the line', async () => {
    const token = await encrypt('a\nb');
    const { stdout } = await decryptAll([token, 'x', '', await encrypt(Buffer.from([0xff]))].join('\n'), '--json');
    const answers = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const alone = JSON.parse(await stdoutOf(['decrypt', token, '--key', privateKey, '--json']));
    expect(answers).toEqual([
      { line: 1, ...alone },
      { line: 2, error: { code: 'TOKEN_MALFORMED', message: 'token has 1 segment, a JWE has 5' } },
      { line: 4, header: expect.anything(), kid: null, content_base64: '/w==' },
    ]);
    const [made] = (await encryptAll('text', '--json')).stdout.trim().split('\n');
    expect(JSON.parse(made ?? '')).toEqual({ line: 1, token: expect.stringMatching(/^ey/), kid: null });
  });

  test('a content that is no line of text is an error without --json', async () => {
    for (const content of ['a\nb', 'a\rb', Buffer.from([0xff])]) {
      const { exitCode, stdout, stderr } = await decryptAll(await encrypt(content));
      expect([exitCode, stdout, stderr]).toEqual([10, '\n', expect.stringContaining('not one line of text; --json')]);
    }
    expect((await decryptAll(await encrypt('a\n'))).stdout).toBe('a\n');
  });

  test('control characters are escaped where a terminal shows them', async () => {
    const stdin = await encrypt('a\u001b[31m');
    const shown = await runCli(['decrypt', '--batch', '--key', privateKey], { stdin, terminals: ['stdout'] });
    expect(shown.stdout).toBe('a\\u001b[31m\n');
    expect((await decryptAll(stdin)).stdout).toBe('a\u001b[31m\n');
  });

  test('a line beyond the limit, and one that is not UTF-8, are refused alone', async () => {
    const long = 'a'.repeat(80_000);
    const made = await encryptAll(Buffer.concat([Buffer.from(`${long}\nx\n`), Buffer.from([0xff, 0x0a])]));
    expect([made.exitCode, made.stdout]).toEqual([10, expect.stringMatching(/^\ney\S+\n\n$/)]);
    expect((await decryptAll(`${long}\n${await encrypt('x')}\n`)).stdout).toBe('\nx\n');
  });

  test('a flattened token is one line as well', async () => {
    const { stdout } = await encryptAll('x\ny', '--serialization', 'flattened');
    expect(stdout).toMatch(/^\{.*\}\n\{.*\}\n$/);
    expect((await decryptAll(stdout)).stdout).toBe('x\ny\n');
  });
});

describe('claims a line', () => {
  test('--sign signs each, as issue --batch does, and verify reads them', async () => {
    const keyring = await makeKeyring();
    await stdoutOf(['keygen', '--use', 'enc', '--keyring', keyring]);
    const own = ['--keyring', keyring];
    const lines = '{"sub":"a"}\n{"sub":"b","type":"refresh"}\n';
    const made = await runCli(['encrypt', '--batch', '--sign', '--aud', 'api', '--ttl', '5m', ...own], {
      stdin: lines,
    });
    expect(made).toMatchObject({ exitCode: 0, stderr: '2 encrypted\n' });
    expect(segmentOf(made.stdout.split('\n')[0] ?? '', 0)).toMatchObject({ cty: 'JWT' });
    const opened = await stdoutOf(['decrypt', '--batch', ...own], { stdin: made.stdout });
    const verdicts = await stdoutOf(['verify', '--batch', '--type', 'any', '--aud', 'api', ...own], {
      stdin: `${opened}\n`,
    });
    expect(verdicts.split('\n').map((line) => JSON.parse(line))).toMatchObject([
      { line: 1, valid: true, sub: 'a', exp: now + 300 },
      { line: 2, valid: true, sub: 'b', exp: now + 300 },
    ]);
  });

  test('options make a claims set of each line, and a line without claims is refused', async () => {
    const made = await encryptAll('{"sub":"a"}\n[1]\n', '--claim', 'plan=pro');
    expect([made.exitCode, made.stderr]).toEqual([10, expect.stringContaining('error: line 2: ')]);
    expect(made.stderr).toContain('nobody signs these claims');
    const [claims] = (await decryptAll(made.stdout)).stdout.split('\n');
    expect(JSON.parse(claims ?? '')).toMatchObject({ sub: 'a', plan: 'pro', type: 'access' });
  });

  test('a signed token in a line goes in with cty JWT', async () => {
    const token = await stdoutOf(['issue', '--keyring', await makeKeyring()]);
    const { stdout } = await encryptAll(`${token}\ntext\n`);
    const [nested, plain] = stdout.split('\n') as [string, string];
    expect([segmentOf(nested, 0).cty, segmentOf(plain, 0).cty]).toEqual(['JWT', undefined]);
  });
});

describe('the keys of a long batch', () => {
  test('of a keyring are those of the moment: a rotation and the end of a grace count at once', async () => {
    const keyring = await makeKeyring();
    const own = ['--keyring', keyring];
    await stdoutOf(['keygen', '--use', 'enc', '--kid', 'e1', ...own]);
    const kids: unknown[] = [];
    async function* chunks() {
      yield Buffer.from('one\n');
      await stdoutOf(['keys', 'rotate', '--use', 'enc', '--kid', 'e2', '--grace', '1d', ...own]);
      yield Buffer.from('two\n');
    }
    const made = await runCli(['encrypt', '--batch', ...own], { chunks });
    for (const line of made.stdout.trim().split('\n')) kids.push(segmentOf(line, 0).kid);
    expect(kids).toEqual(['e1', 'e2']);
    expect((await runCli(['decrypt', '--batch', ...own], { stdin: made.stdout })).stdout).toBe('one\ntwo\n');
    const later = await runCli(['decrypt', '--batch', ...own, '--at', '+2d'], { stdin: made.stdout });
    expect([later.exitCode, later.stdout]).toEqual([10, '\ntwo\n']);
    const first = Buffer.from(made.stdout.slice(0, made.stdout.indexOf('\n') + 1));
    async function* ending() {
      yield first;
      await stdoutOf(['keys', 'remove', 'e1', '--force', ...own]);
      yield first;
    }
    const ended = await runCli(['decrypt', '--batch', ...own], { chunks: ending });
    expect([ended.exitCode, ended.stdout]).toEqual([10, 'one\n\n']);
  });
});

test('verify and issue name the way to batches of encrypted tokens', async () => {
  const { stderr } = await runCli(['verify', '--batch', '--decrypt-key', privateKey]);
  expect(stderr).toContain('hint: decrypt first: jwtkit decrypt --batch | jwtkit verify --batch');
  const issue = await runCli(['issue', '--batch', '--encrypt-to', publicKey]);
  expect(issue.stderr).toContain('hint: jwtkit encrypt --batch --sign does both');
});

test.each([
  [['encrypt', '--batch', '--out', 'x'], '--batch and --out'],
  [['encrypt', 'file', '--batch'], '--batch and a file'],
  [['encrypt', '--batch', '--claims', 'x'], '--batch and --claims'],
  [['encrypt', '--batch', '--jti', 'x'], '--batch and --jti'],
  [['encrypt', '--threads', '2'], '--threads is for --batch'],
  [['encrypt', '--batch', '--alg', 'dir'], 'not allowed by the key'],
  [['encrypt', '--batch', '--alg', 'RSA1_5'], 'Bleichenbacher'],
])('refuses %j before it reads a line', async (args, message) => {
  const { exitCode, stdout, stderr } = await runCli([...args, '--key', publicKey], { stdin: 'x' });
  expect([exitCode, stdout, stderr]).toEqual([2, '', expect.stringContaining(message)]);
});

test.each([
  [['--batch', '--out', 'x'], '--batch and --out'],
  [['--batch', '--claim', 'x'], '--batch and --claim'],
  [['--batch', '--token-file', 'x'], 'a token and --batch'],
  [['x', '--batch'], 'a token and --batch'],
])('decrypt refuses %j', async (args, message) => {
  const { exitCode, stderr } = await runCli(['decrypt', ...args, '--key', privateKey], { stdin: 'x' });
  expect([exitCode, stderr]).toEqual([2, expect.stringContaining(message)]);
});
