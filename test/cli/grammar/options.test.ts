import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { optionAliases } from '../../../src/cli/grammar/option.js';
import { maxKeyBytes } from '../../../src/jose/key.js';
import { storedPair } from '../../attacks/trusted-keys.js';
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
} from '../fake-io.js';

const anyToken = unsigned({ sub: 'u', iat: now, exp: now + 60 });
const terminal = { terminals: ['stdin', 'stdout', 'stderr'] as const };

describe('a demand, and what is judged', () => {
  test.each([
    ['verify', anyToken, '--sub', 'x', '--sub', 'u'],
    ['verify', anyToken, '--subject', 'x', '--sub', 'u'],
    ['verify', '--token-file', 'a', '--token-file', 'b'],
    ['verify', '--token-env', 'A', '--token-env', 'B'],
    ['verify', '--batch', 'a', '--batch', 'b'],
    ['verify', anyToken, '--typ', 'x', '--typ', 'JWT'],
    ['verify', anyToken, '--min-ttl', '9999d', '--min-ttl', '1s'],
    ['verify', anyToken, '--max-age', '1s', '--max-age', '1d'],
    ['verify', anyToken, '--type', 'refresh', '--type', 'any'],
    ['verify', anyToken, '--store', 'A', '--store', 'B'],
    ['verify', anyToken, '--config', 'a', '--config', 'b'],
    ['lint', '--token-file', 'a', '--token-file', 'b'],
    ['verify', anyToken, '--leeway', '1s', '--leeway', '30s'],
    ['inspect', anyToken, '--min-ttl', '1h', '--min-ttl', '1s'],
    ['lint', '--issuer-url', 'https://a.example', '--issuer-url', 'https://b.example'],
    ['lint', '--jwks', 'https://a.example/jwks', '--jwks', 'https://b.example/jwks'],
    ['lint', anyToken, '--wordlist', 'a', '--wordlist', 'b'],
    ['revoke', '--sub', 'a', '--sub', 'b'],
    ['revoke', '--until', '+1h', '--jti', 'a', '--jti', 'b'],
    ['revoke', '--jti', 'a', '--until', '+7d', '--until', '+1s'],
  ])('is not given twice: jwtkit %s %s %s %s %s %s', async (...argv) => {
    const { exitCode, stderr } = await runCli(argv);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^error: (--[\w-]+) is given twice\nhint: \1 takes one value\n$/);
  });

  test.each([
    ['--no-config', '--config', 'p.json'],
    ['--config', 'p.json', '--no-config'],
    ['--no-store', '--store', 'lmdb:d'],
    ['--store', 'lmdb:d', '--no-store'],
  ])('excludes its negation in either order: %s %s %s', async (...options) => {
    const { exitCode, stderr } = await runCli(['verify', anyToken, '--secret-env', 'S', ...options], {
      env: { S: secret },
    });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/exclude each other/);
  });

  test('may be repeated with the same value', async () => {
    const twice = ['--sub', 'u', '--sub', 'u', '--min-ttl', '1s', '--min-ttl', '1s'];
    const token = await stdoutOf(['issue', '--sub', 'u', '--secret-env', 'S'], { env: { S: secret } });
    const { exitCode } = await runCli(['verify', token, '--secret-env', 'S', ...twice], { env: { S: secret } });
    expect(exitCode).toBe(0);
  });

  test('the last value of any other option wins', async () => {
    const args = ['issue', '--secret-env', 'S', '--sub', 'a', '--sub', 'b', '--ttl', '1h', '--ttl', '2h'];
    const token = await stdoutOf(args, { env: { S: secret } });
    expect(segmentOf(token, 1)).toMatchObject({ sub: 'b', exp: now + 7200 });
  });
});

test('an option has one alias at most', () => {
  const flags = Object.values(optionAliases);
  expect(new Set(flags).size).toBe(flags.length);
});

describe('where the token comes from', () => {
  const commands = [['decode'], ['inspect'], ['verify', '--secret-env', 'S']];
  const token = () => stdoutOf(['issue', '--secret-env', 'S'], { env: { S: secret } });

  test.each(commands)('%s: the argument, -, a pipe; Bearer and white space around it', async (...command) => {
    const text = await token();
    const env = { S: secret };
    const [verb = '', ...options] = command;
    const [direct, ...others] = await Promise.all([
      runCli([verb, text, ...options], { env }),
      runCli([verb, '-', ...options], { env, stdin: `${text}\n` }),
      runCli([verb, ...options], { env, stdin: text }),
      runCli([verb, ...options], { env, stdin: ` \t\r\n Bearer  ${text}\r\n\n` }),
      runCli([verb, ...options], { env, stdin: `bearer ${text}` }),
      runCli([verb, `Bearer ${text}`, ...options], { env }),
      runCli([verb, ` ${text}\n`, ...options], { env }),
      runCli([verb, ...options, '--', text], { env }),
    ]);
    expect(direct?.exitCode).toBe(0);
    for (const other of others) expect(other).toEqual(direct);
  });

  test.each(commands)('%s without a token on a terminal is exit 2', async (...command) => {
    const { exitCode, stdout, stderr } = await runCli(command, { ...terminal, env: { S: secret, NO_COLOR: '1' } });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toBe('error: no token given\nhint: pass it as the argument, or pipe it in\n');
  });

  test.each(['', ' ', '\n', 'Bearer ', 'Bearer'])('refuses %j on stdin as a token', async (stdin) => {
    expect((await runCli(['decode'], { stdin })).exitCode).toBe(11);
  });

  test.each([
    ['decode'],
    ['inspect'],
    ['verify', '--secret-env', 'S'],
    ['verify', '-q', '--secret-env', 'S'],
    ['refresh', '--secret-env', 'S'],
    ['revoke', '--secret-env', 'S', '--store', 'lmdb:FOLDER'],
  ])('an empty token says how to give one: %j %j', async (...command) => {
    const argv = command.map((arg) => arg.replace('FOLDER', temporaryFolder()));
    const isQuiet = argv.includes('-q');
    for (const args of [argv, [...argv, '']]) {
      const { exitCode, stderr } = await runCli(args, { env: { S: secret } });
      const hint =
        args === argv
          ? 'standard input is empty: the program before the pipe printed nothing'
          : 'pass it as the argument, or pipe it in; a variable of your shell may not be set';
      const error = `error: token is empty\nhint: ${hint}\n`;
      expect({ args, exitCode, stderr }).toEqual({ args, exitCode: 11, stderr: isQuiet ? '' : error });
    }
  });

  test('refuses white space within a token', async () => {
    expect((await runCli(['decode', anyToken.replace('.', '. ')])).exitCode).toBe(11);
  });
});

describe('bad usage', () => {
  const secretHint =
    'did you mean --secret-file or --secret-env? A secret in a command line can be read by other users, ' +
    'and stays in the history of the shell; run: jwtkit issue --help';

  test.each([
    [['verfy'], "unknown command 'verfy'\nhint: did you mean verify?"],
    [['inspct', 'x'], "unknown command 'inspct'\nhint: did you mean inspect?"],
    [['help', 'verfy'], 'verfy'],
    [['decode', '--jsn'], "unknown option '--jsn'\nhint: did you mean --json?"],
    [['verify', '--audiance', 'x'], "unknown option '--audiance'\nhint: did you mean --aud?"],
    [['verify', '--isuer', 'x'], "unknown option '--isuer'\nhint: did you mean --iss?"],
    [['issue', '--subjct', 'x'], "unknown option '--subjct'\nhint: did you mean --sub?"],
    [['verify', '--algorithms=x'], "unknown option '--algorithms'\nhint: did you mean --alg?"],
    [['verify', '--audience=x', '--frobnicate'], "unknown option '--frobnicate'\nhint: run: jwtkit verify --help"],
    [['verify', '--frobnicate'], "unknown option '--frobnicate'\nhint: run: jwtkit verify --help"],
    [['keys', 'rotate', '--frobnicate'], "unknown option '--frobnicate'\nhint: run: jwtkit keys rotate --help"],
    [['keys', '--frobnicate'], "unknown option '--frobnicate'\nhint: run: jwtkit keys --help"],
    [['verify', '--any-aud=false'], "option '--any-aud' takes no value\nhint: write --any-aud, or leave it out"],
    [['keys', 'rotate', '--encrypt=1'], "option '--encrypt' takes no value\nhint: write --encrypt, or leave it out"],
    [['decode', '-x'], "unknown option '-x'\nhint: run: jwtkit decode --help"],
    [['--colour'], "unknown option '--colour'"],
    [['verify', 'x', '--leeway', '2h'], '--leeway: at most 1h'],
    [['refresh', 'x', '--leeway', '2h'], '--leeway: at most 1h'],
    [['serve', '--leeway', '2h'], '--leeway: at most 1h'],
    [['decode', 'a', 'b'], 'error: decode takes one argument\n'],
    [['decode', 'x', '--color', 'sometimes'], "'sometimes' is invalid. Allowed choices are auto, always, never"],
    [['decode', 'x', '--env-file'], "option '-e, --dotenv <file>' argument missing"],
  ])('%j is exit 2 with nothing on stdout', async (args, message) => {
    const { exitCode, stdout, stderr } = await runCli(args);
    expect(stderr).toContain(message);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(/^error: [^\n]*[^.\n]\nhint: [^\n]*[^.\n]\n$/);
  });

  test('--json prints a usage error as JSON', async () => {
    const { exitCode, stdout, stderr } = await runCli(['decode', '--jsn', '--json']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    const error = { code: 'USAGE_INVALID', message: "unknown option '--jsn'", hint: 'did you mean --json?' };
    expect(JSON.parse(stderr)).toEqual({ error });
  });

  test.each([
    ["--secret=hush'hush", '--secret', secretHint],
    ['--se.cret=hush', '--se.cret', 'did you mean --secret-file?'],
    ['--secret=hush\n(Did you mean hush?)', '--secret', secretHint],
    ['--purple=hush', '--purple', 'run: jwtkit issue --help'],
    ['-phush', '-p', 'run: jwtkit issue --help'],
  ])('an error does not repeat the value of the unknown option %j', async (argument, shown, hint) => {
    const { exitCode, stderr } = await runCli(['issue', argument]);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: `error: unknown option '${shown}'\nhint: ${hint}\n`,
    });
  });

  test('an error does not repeat a token given as a command', async () => {
    const { exitCode, stderr } = await runCli([anyToken]);
    expect(exitCode).toBe(2);
    expect(stderr).not.toContain(anyToken);
  });
});

describe('help', () => {
  const verbs = ['keygen', 'issue', 'decode', 'verify', 'inspect'];

  test('lists the commands on stdout, exit 0', async () => {
    for (const args of [['--help'], ['-h'], ['help']]) {
      const { exitCode, stdout, stderr } = await runCli(args);
      expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
      for (const verb of verbs) expect(stdout).toContain(`  ${verb} `);
    }
  });

  test.each(verbs)('%s: options, variables and examples', async (verb) => {
    const { exitCode, stdout, stderr } = await runCli([verb, '--help']);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Usage: jwtkit ${verb} `));
    for (const flag of ['--json', '--color', '--dotenv', '--debug']) expect(stdout).toContain(flag);
    expect(stdout).toMatch(/\nExamples:\n {2}\$ jwtkit /);
    expect(await runCli(['help', verb])).toEqual({ exitCode, stdout, stderr });
  });

  test('no option takes a secret as its value', async () => {
    for (const verb of verbs) {
      expect((await runCli([verb, '--help'])).stdout).not.toMatch(/--(secret|password|passphrase) /);
    }
  });

  test('--version', async () => {
    expect((await runCli(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe('colour', () => {
  const colorStart = '\u001b[';
  type World = Parameters<typeof runCli>[1];

  test.each<[string, string[], World, boolean]>([
    ['a pipe', [], {}, false],
    ['a terminal', [], terminal, true],
    ['a terminal for stderr only', [], { terminals: ['stderr'] }, false],
    ['a dumb terminal', [], { ...terminal, env: { TERM: 'dumb' } }, false],
    ['NO_COLOR', [], { ...terminal, env: { NO_COLOR: '1' } }, false],
    ['an empty NO_COLOR', [], { ...terminal, env: { NO_COLOR: '' } }, true],
    ['FORCE_COLOR', [], { env: { FORCE_COLOR: '1' } }, true],
    ['FORCE_COLOR=0', [], { ...terminal, env: { FORCE_COLOR: '0' } }, false],
    ['FORCE_COLOR=false', [], { ...terminal, env: { FORCE_COLOR: 'false' } }, false],
    ['CLICOLOR_FORCE', [], { env: { CLICOLOR_FORCE: '1' } }, true],
    ['CLICOLOR_FORCE=0', [], { env: { CLICOLOR_FORCE: '0' } }, false],
    ['an empty CLICOLOR_FORCE', [], { env: { CLICOLOR_FORCE: '' } }, false],
    ['NO_COLOR beside CLICOLOR_FORCE', [], { ...terminal, env: { NO_COLOR: '1', CLICOLOR_FORCE: '1' } }, false],
    ['FORCE_COLOR=0 beside CLICOLOR_FORCE', [], { env: { FORCE_COLOR: '0', CLICOLOR_FORCE: '1' } }, false],
    ['CLICOLOR=0 on a terminal', [], { ...terminal, env: { CLICOLOR: '0' } }, false],
    ['--no-color', ['--no-color'], { ...terminal, env: { CLICOLOR_FORCE: '1', FORCE_COLOR: '1' } }, false],
    ['--no-color after --color always', ['--color', 'always', '--no-color'], terminal, false],
    ['--color always after --no-color', ['--no-color', '--color', 'always'], {}, true],
    ['NO_COLOR beside FORCE_COLOR', [], { ...terminal, env: { NO_COLOR: '1', FORCE_COLOR: '1' } }, false],
    ['--color=always', ['--color=always'], {}, true],
    ['--color always against NO_COLOR', ['--color', 'always'], { env: { NO_COLOR: '1' } }, true],
    ['--color=never', ['--color=never'], { ...terminal, env: { FORCE_COLOR: '1' } }, false],
    ['--color=auto', ['--color=auto'], {}, false],
  ])('%s', async (_name, args, world, isColored) => {
    const outputs = await Promise.all([
      runCli(['decode', anyToken, ...args], world),
      runCli(['inspect', anyToken, ...args], world),
      runCli(['verify', anyToken, '--secret-env', 'S', ...args], { ...world, env: { S: secret, ...world?.env } }),
    ]);
    for (const { stdout } of outputs) expect(stdout.includes(colorStart)).toBe(isColored);
  });

  test.each<[string[], World, boolean]>([
    [[], {}, false],
    [[], { terminals: ['stderr'] }, true],
    [[], { terminals: ['stdout'] }, false],
    [['--color=always'], {}, true],
    [['--color', 'always'], {}, true],
    [['--color', 'never'], { terminals: ['stderr'] }, false],
    [['--json'], { terminals: ['stderr'] }, false],
  ])('colours errors: %j %j', async (args, world, isColored) => {
    const { stderr } = await runCli(['decode', 'x', ...args], world);
    expect(stderr.includes(colorStart)).toBe(isColored);
  });

  test('JSON and single claims have no colours', async () => {
    for (const args of [['--json'], ['--claim', 'sub']]) {
      expect((await runCli(['decode', anyToken, ...args], terminal)).stdout).not.toContain(colorStart);
    }
  });
});

describe('hostile text is escaped', () => {
  const hostile = '\u001b[2J\u0007\u009b31m\u202e\u2066\u200b\u2028\ufeff\u{e0041}\r\n\u0000end';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what must not be there
  const raw = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|\udb40/;
  const token = unsigned(
    { [hostile]: hostile, sub: hostile, type: hostile, nested: { [hostile]: [hostile] }, exp: now + 60 },
    { alg: 'HS256', kid: hostile, [hostile]: 1 },
  );
  const signedWith = async (...args: string[]) =>
    stdoutOf(['issue', '--secret-env', 'S', ...args], { env: { S: secret } });

  test('decode escapes it, on a terminal and in a pipe', async () => {
    for (const world of [{}, { ...terminal, env: { NO_COLOR: '1' } }]) {
      for (const args of [[], ['--json']]) {
        const { exitCode, stdout } = await runCli(['decode', token, ...args], world);
        expect(exitCode).toBe(0);
        expect(stdout).not.toMatch(raw);
        expect(stdout).toContain('\\u001b[2J\\u0007\\u009b31m\\u202e');
      }
    }
  });

  test('escaped --json output is the same JSON', async () => {
    expect(JSON.parse(await stdoutOf(['decode', token, '--json'])).claims.sub).toBe(hostile);
  });

  test('--claim escapes on a terminal, and not in a pipe', async () => {
    expect((await runCli(['decode', token, '--claim', 'sub'], terminal)).stdout).not.toMatch(raw);
    expect((await runCli(['decode', token, '--claim', 'sub'])).stdout).toBe(`${hostile}\n`);
  });

  test.each([
    ['type', ['--claim', `type=${hostile}`], []],
    ['iss', ['--iss', hostile], ['--iss', 'x']],
    ['aud', ['--aud', hostile], ['--aud', hostile.slice(1)]],
    ['sub', ['--sub', hostile], ['--sub', hostile]],
    ['typ', ['--typ', hostile], ['--typ', 'x']],
    ['require', ['--sub', 'u'], ['--require', `${hostile}=${hostile}`]],
    ['kid', ['--kid', hostile], ['--alg', 'HS512']],
  ])('verify escapes %s', async (_name, issueArgs, verifyArgs) => {
    const text = await signedWith(...issueArgs);
    const { stdout, stderr } = await runCli(['verify', text, '--secret-env', 'S', ...verifyArgs], {
      env: { S: secret },
    });
    expect(stdout).toMatch(/^(✓ valid|✗ refused: .* {2}[A-Z_]+)\n/);
    expect(stdout + stderr).not.toMatch(raw);
  });

  test('verify escapes an unknown kid', async () => {
    const keyring = await makeKeyring();
    const { exitCode, stdout, stderr } = await runCli(['verify', token, '--keyring', keyring]);
    expect(exitCode).toBe(13);
    expect(stdout + stderr).not.toMatch(raw);
  });

  test.each([
    [['decode', anyToken, '--claim', hostile]],
    [['decode', anyToken, '--at', hostile]],
    [['decode', `--${hostile}`]],
    [[hostile]],
    [['issue', '--alg', hostile]],
    [['issue', '--claims', `/no${hostile.replaceAll('\u0000', '')}`]],
    [['issue', '--keyring', `/no${hostile.replaceAll('\u0000', '')}`]],
    [['issue', '--secret-env', hostile]],
    [['verify', anyToken, '--key', '/no\u0000/such']],
    [['keygen', '--kid', hostile]],
    [['issue', '--scope', hostile]],
  ])('the error of %j escapes it', async (args) => {
    const { exitCode, stdout, stderr } = await runCli(args);
    expect([2, 3, 16]).toContain(exitCode);
    expect(stdout).toBe('');
    expect(stderr).not.toMatch(raw);
    const asJson = await runCli([...args, '--json']);
    expect(asJson.stderr).not.toMatch(raw);
  });
});

describe('secrets', () => {
  const weak = 'correct horse battery';
  const line = (text: string) => fileWith(text, 'secret.txt');

  // jwt_tool logs tokens and whole command lines, secrets included.
  test.each<[string, string[], Record<string, string>, number]>([
    ['a weak one in a file', ['--secret-file', line(weak)], {}, 3],
    ['a weak one in a variable', ['--secret-env', 'S'], { S: weak }, 3],
    ['a weak SECRET_KEY', [], { SECRET_KEY: weak, ALGORITHM: 'HS256' }, 3],
    ['one that is too short for ALGORITHM', [], { SECRET_KEY: secret, ALGORITHM: 'HS512' }, 3],
    ['one given as a key', ['--key', line(secret)], {}, 3],
    ['one given as claims', ['--secret-env', 'S', '--claims', line(secret)], { S: secret }, 2],
    ['one given as an env file', ['--env-file', line(secret), '--keyring', '/no/such'], {}, 3],
    ['a stray SECRET_KEY', ['--keyring', '/no/such'], { SECRET_KEY: secret }, 3],
    ['one with the wrong --alg', ['--secret-env', 'S', '--alg', 'RS256'], { S: secret }, 2],
    ['one in the place of its variable', ['--secret-env', secret], {}, 2],
    ['one in the place of its variable, by a variable', [], { JWTKIT_SECRET_ENV: secret }, 2],
  ])('%s never appears', async (_name, args, env, code) => {
    for (const extra of [[], ['--debug'], ['--json']]) {
      const { exitCode, stdout, stderr } = await runCli(['issue', ...args, ...extra], { env });
      expect(stdout + stderr).not.toContain(weak);
      expect(stdout + stderr).not.toContain(secret);
      expect(exitCode).toBe(code);
    }
  });

  test.each([
    ['--key', ['--key', 'PEM'], {}],
    ['JWTKIT_KEY', [], { JWTKIT_KEY: 'PEM' }],
    ['--secret-file', ['--secret-file', 'PEM'], {}],
    ['--secret-env', ['--secret-env', 'PEM'], {}],
  ])('a private key in the place of its path does not appear: %s', async (_name, args, env) => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const pem = privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
    const body = pem.split('\n')[1] as string;
    const fill = (text: string) => text.replace('PEM', pem);
    const filled = Object.fromEntries(Object.entries(env).map(([name, text]) => [name, fill(text)]));
    for (const verb of ['issue', 'verify']) {
      const { exitCode, stdout, stderr } = await runCli([verb, ...args.map(fill)], { env: filled, stdin: anyToken });
      expect(stdout + stderr).not.toContain(body);
      expect([2, 3]).toContain(exitCode);
    }
  });

  test('issue and verify print neither the secret nor its base64url', async () => {
    const env = { S: secret };
    const outputs = [];
    for (const extra of [[], ['--json'], ['--debug']]) {
      outputs.push(await runCli(['issue', '--secret-env', 'S', ...extra], { env }));
      outputs.push(await runCli(['verify', anyToken, '--secret-env', 'S', ...extra], { env }));
    }
    const printed = outputs.map(({ stdout, stderr }) => stdout + stderr).join('');
    expect(printed).not.toContain(secret);
    expect(printed).not.toContain(Buffer.from(secret).toString('base64url'));
  });

  // jwt-cli keeps a secret file's trailing newline.
  test.each([
    [`${secret}\n`, true],
    [`${secret}\r\n`, true],
    [secret, true],
    [`${secret}\n\n`, false],
    [`${secret} `, false],
    [`${secret}\r`, false],
    [` ${secret}`, false],
  ])('drops only the last line end of a secret file: %j', async (content, isSame) => {
    const token = await stdoutOf(['issue', '--secret-env', 'S'], { env: { S: secret } });
    const { exitCode } = await runCli(['verify', '-q', token, '--secret-file', fileWith(content)]);
    expect(exitCode).toBe(isSame ? 0 : 12);
  });

  test('a secret may be any bytes', async () => {
    const path = fileWith(Buffer.from([...Array(32).keys()].map((n) => 255 - n * 7)));
    const token = await stdoutOf(['issue', '--secret-file', path]);
    expect((await runCli(['verify', '-q', token, '--secret-file', path])).exitCode).toBe(0);
  });

  test.each([
    ['--secret-env names no variable', ['--secret-env', 'NOPE'], 2],
    ['--secret-env names an empty variable', ['--secret-env', 'EMPTY'], 2],
    ['--secret-file is empty', ['--secret-file', 'FILE'], 3],
    ['--secret-file is not there', ['--secret-file', '/no/such'], 3],
    ['--secret-file is a folder', ['--secret-file', 'FOLDER'], 3],
  ])('%s: no fallback secret', async (_name, args, code) => {
    const paths: Record<string, string> = { FILE: fileWith('\n'), FOLDER: temporaryFolder() };
    const filled = args.map((arg) => paths[arg] ?? arg);
    expect((await runCli(['issue', ...filled], { env: { EMPTY: '' } })).exitCode).toBe(code);
    expect((await runCli(['verify', anyToken, ...filled], { env: { EMPTY: '' } })).exitCode).toBe(code);
  });

  test.each<[string, string[], Record<string, string>, string]>([
    ['--secret-file', ['--secret-file', 'nope'], {}, 'no such file or folder'],
    ['JWTKIT_SECRET_FILE', [], { JWTKIT_SECRET_FILE: 'nope' }, 'no such file or folder'],
    ['JWTKIT_SECRET_FILE', [], { JWTKIT_SECRET_FILE: 'FOLDER' }, 'it is a folder'],
    ['JWTKIT_SECRET_FILE', [], { JWTKIT_SECRET_FILE: 'LARGE' }, `it is larger than ${maxKeyBytes} bytes`],
    ['POLICY: /keys/secretFile', ['--config', 'POLICY'], {}, 'no such file or folder'],
    ['JWTKIT_KEY', [], { JWTKIT_KEY: '{"kty":"EC"}' }, 'no such file or folder'],
  ])('a file of %s that cannot be read is named by its option, with the reason: %j %j', async (...row) => {
    const [label, args, env, reason] = row;
    const paths: Record<string, string> = {
      FOLDER: temporaryFolder(),
      LARGE: fileWith('x'.repeat(maxKeyBytes + 1)),
      POLICY: fileWith('{"keys":{"secretFile":"nope"}}'),
    };
    const fill = (text: string) => paths[text] ?? text;
    const filled = Object.fromEntries(Object.entries(env).map(([name, text]) => [name, fill(text)]));
    const shown = label.replace('POLICY', fill);
    for (const command of [['issue'], ['verify', anyToken]]) {
      const { exitCode, stderr } = await runCli([...command, ...args.map(fill)], { env: filled });
      expect(exitCode).toBe(3);
      expect(stderr).toContain(`error: cannot read the file that ${shown} names: ${reason}\n`);
    }
  });

  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const rsa = storedPair('rsa').publicKey;
  const pem = rsa.export({ format: 'pem', type: 'spki' }) as string;
  const der = rsa.export({ format: 'der', type: 'spki' });
  const jwk = JSON.stringify(publicKey.export({ format: 'jwk' }));
  const ssh = Buffer.concat(
    ['ssh-ed25519', Buffer.alloc(32, 7)].map((part) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(part.length);
      return Buffer.concat([length, Buffer.from(part)]);
    }),
  ).toString('base64');

  test.each<[string, string | Buffer]>([
    ['PEM', pem],
    ['PEM, PKCS#1', rsa.export({ format: 'pem', type: 'pkcs1' }) as string],
    ['PEM, private', privateKey.export({ format: 'pem', type: 'pkcs8' }) as string],
    ['PEM with CRLF', pem.replaceAll('\n', '\r\n')],
    ['PEM on one line', pem.replaceAll('\n', '')],
    ['PEM with escaped line ends', pem.replaceAll('\n', '\\n')],
    ['PEM after a byte order mark', `\ufeff${pem}`],
    ['the base64 body of PEM', pem.replace(/-----[A-Z ]+-----\n/g, '')],
    ['DER', der],
    ['DER, PKCS#1', rsa.export({ format: 'der', type: 'pkcs1' })],
    ['DER in base64', der.toString('base64')],
    ['DER in base64url', der.toString('base64url')],
    ['DER in hex', der.toString('hex')],
    ['PEM in base64', Buffer.from(pem).toString('base64')],
    ['JWK', jwk],
    ['JWK, indented', JSON.stringify(JSON.parse(jwk), null, 2)],
    ['JWK after a byte order mark', `\ufeff${jwk}`],
    ['JWK Set', `{"keys":[${jwk}]}`],
    ['JWK in base64url', Buffer.from(jwk).toString('base64url')],
    ['damaged JWK', jwk.slice(0, -1)],
    ['OpenSSH', `ssh-ed25519 ${ssh} me@example`],
    ['the base64 of OpenSSH', ssh],
    ['RFC 4716', `---- BEGIN SSH2 PUBLIC KEY ----\nComment: "x"\n${ssh}\n---- END SSH2 PUBLIC KEY ----\n`],
  ])('refuses a key as a secret: %s', async (_name, content) => {
    const path = fileWith(content);
    for (const args of [['issue'], ['verify', anyToken]]) {
      const { exitCode, stdout, stderr } = await runCli([...args, '--secret-file', path]);
      expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
      expect(stderr).toContain('not a shared secret\nhint: give a key file with --key\n');
    }
  });
});

describe('which key', () => {
  const a = `a${secret}`;
  const b = `b${secret}`;
  const c = `c${secret}`;
  let keyring: string;
  let token: Record<'a' | 'b' | 'c' | 'keyring', string>;
  beforeAll(async () => {
    keyring = await makeKeyring();
    const bySecret = (text: string) => stdoutOf(['issue', '--secret-env', 'S'], { env: { S: text } });
    token = {
      a: await bySecret(a),
      b: await bySecret(b),
      c: await bySecret(c),
      keyring: await stdoutOf(['issue', '--keyring', keyring]),
    };
  });
  const pair = { SECRET_KEY: c, ALGORITHM: 'HS256' };

  test.each<[string, string[], Record<string, string>, 'a' | 'b' | 'c' | 'keyring']>([
    ['a flag before variables', ['--secret-env', 'A'], { JWTKIT_SECRET_ENV: 'B', ...pair }, 'a'],
    ['a flag before a variable of another kind', ['--secret-env', 'A'], { JWTKIT_KEYRING: '/no/such' }, 'a'],
    ['--keyring before everything', ['--keyring', 'KEYRING'], { JWTKIT_SECRET_ENV: 'B', ...pair }, 'keyring'],
    ['JWTKIT_* before the pair', [], { JWTKIT_SECRET_ENV: 'B', ...pair }, 'b'],
    ['JWTKIT_KEYRING before the pair', [], { JWTKIT_KEYRING: 'KEYRING', ...pair }, 'keyring'],
    ['the pair before the keyring in the working folder', [], pair, 'c'],
  ])('%s', async (_name, args, variables, expected) => {
    const fill = (text: string) => (text === 'KEYRING' ? keyring : text);
    const env = { A: a, B: b, ...Object.fromEntries(Object.entries(variables).map(([k, v]) => [k, fill(v)])) };
    const issued = await stdoutOf(['issue', ...args.map(fill)], { env });
    const verifying = expected === 'keyring' ? ['--keyring', keyring] : ['--secret-env', 'X'];
    const world = { env: { X: { a, b, c, keyring: '' }[expected] } };
    expect((await runCli(['verify', '-q', issued, ...verifying], world)).exitCode).toBe(0);
    expect((await runCli(['verify', '-q', token[expected], ...args.map(fill)], { env })).exitCode).toBe(0);
  });

  test.each<[Record<string, string>]>([
    [{ SECRET_KEY: c }],
    [{ SECRET_KEY: c, ALGORITHM: 'RS256' }],
    [{ SECRET_KEY: c, ALGORITHM: 'hs256' }],
    [{ SECRET_KEY: c, ALGORITHM: 'none' }],
    [{ ALGORITHM: 'HS256' }],
  ])('SECRET_KEY needs an HMAC ALGORITHM: %j uses the keyring', async (variables) => {
    // The working folder of the tests has no keyring.
    const { exitCode, stderr } = await runCli(['verify', token.c], { env: variables });
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/there is no keyring at \S*\.jwtkit$/m);
    expect(stderr).not.toContain(c);
    if (variables.SECRET_KEY) expect(stderr).toContain('SECRET_KEY counts only together with ALGORITHM=HS256');
  });

  test.each([
    ['ALGORITHM=hs256', 'is "hs256", not'],
    ['ALGORITHM=RS256', 'is "RS256", not'],
    [`ALGORITHM=${b}`, 'is not'],
    ['', 'is not set; it must be'],
  ])('a SECRET_KEY of an env file that %j leaves unused is a note', async (line, problem) => {
    const workingFolder = temporaryFolder();
    await stdoutOf(['keygen', '--alg', 'ES256', '--keyring', join(workingFolder, '.jwtkit')]);
    const args = ['-e', fileWith(`SECRET_KEY='${c}'\n${line.replace('=', "='")}${line && "'"}\n`)];
    const note = `note: SECRET_KEY is not used: ALGORITHM ${problem} HS256, HS384 or HS512\n`;
    const issued = await runCli(['issue', ...args], { workingFolder });
    expect(issued).toMatchObject({ exitCode: 0, stderr: note });
    const verified = await runCli(['verify', issued.stdout, '--claim', 'jti', ...args], { workingFolder });
    expect(verified).toMatchObject({ exitCode: 0, stderr: note });
    expect(await runCli(['verify', issued.stdout, '-q', ...args], { workingFolder })).toMatchObject({ stderr: '' });
    const { stderr } = await runCli(['issue', '--json', ...args], { workingFolder });
    expect(`note: ${JSON.parse(stderr).note.message}\n`).toBe(note);
    expect((await runCli(['issue', '--keyring', keyring, ...args], { workingFolder })).stderr).toBe('');
  });

  test.each<[Record<string, string>, boolean]>([
    [{ SECRET_KEY: c }, false],
    [{ SECRET_KEY: c, ALGORITHM: 'hs256' }, true],
    [{ ALGORITHM: 'HS256' }, false],
  ])('notes that both variables %j are set', async (env, isNoted) => {
    const workingFolder = temporaryFolder();
    await stdoutOf(['keygen', '--alg', 'ES256', '--keyring', join(workingFolder, '.jwtkit')]);
    const { exitCode, stderr } = await runCli(['issue'], { workingFolder, env });
    expect({ exitCode, isNoted: stderr.startsWith('note: SECRET_KEY is not used') }).toEqual({ exitCode: 0, isNoted });
  });

  test.each([
    ['HS256', 32],
    ['HS384', 48],
    ['HS512', 64],
  ])('ALGORITHM=%s signs with it', async (alg, bytes) => {
    const env = { SECRET_KEY: 'x'.repeat(bytes), ALGORITHM: alg };
    const issued = await stdoutOf(['issue'], { env });
    expect(segmentOf(issued, 0).alg).toBe(alg);
    expect((await runCli(['verify', '-q', issued], { env })).exitCode).toBe(0);
    expect((await runCli(['issue'], { env: { ...env, SECRET_KEY: 'x'.repeat(bytes - 1) } })).exitCode).toBe(3);
  });

  test.each<[string[], Record<string, string>, string]>([
    [['--key', 'x', '--secret-file', 'x'], {}, '--key and --secret-file exclude each other'],
    [['--key', 'x', '--secret-env', 'A'], {}, '--key and --secret-env exclude each other'],
    [['--key', 'x', '--keyring', 'x'], {}, '--key and --keyring exclude each other'],
    [['--secret-env', 'A', '--keyring', 'x'], {}, '--secret-env and --keyring exclude each other'],
    [['--secret-file', 'x', '--keyring', 'x'], {}, '--secret-file and --keyring exclude each other'],
    [[], { JWTKIT_KEY: 'x', JWTKIT_KEYRING: 'x' }, '--key and --keyring exclude each other (set by variables)'],
    [[], { JWTKIT_KEY: 'x', JWTKIT_SECRET_ENV: 'x' }, '--key and --secret-env exclude each other (set by variables)'],
  ])('contradicting sources are exit 2: %j %j', async (args, env, message) => {
    for (const command of [['issue'], ['verify', anyToken]]) {
      const { exitCode, stdout, stderr } = await runCli([...command, ...args], { env });
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr).toBe(`error: ${message}\nhint: name one source of keys\n`);
    }
  });
});

test.each(['--key', '--keyring', '--secret-file', '--secret-env', '--claims', '--out', '--dotenv'])(
  'an empty %s, as an unset variable of a script leaves it, is named in the error',
  async (flag) => {
    const key = ['--secret-env', '--secret-file', '--key', '--keyring'].includes(flag) ? [] : ['--secret-env', 'S'];
    const { exitCode, stdout, stderr } = await runCli(['issue', ...key, flag, ''], { env: { S: secret } });
    expect(stderr).toContain(flag);
    expect([2, 3]).toContain(exitCode);
    expect(stdout).toBe('');
  },
);

describe('--env-file', () => {
  /** What FastAPI's OAuth2 tutorial leaves in a project's .env. */
  const tutorial = `# to get a string like this run:
# openssl rand -hex 32
SECRET_KEY=09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7
ALGORITHM="HS256"
ACCESS_TOKEN_EXPIRE_MINUTES=45
REFRESH_TOKEN_EXPIRE_DAYS=3
DATABASE_URL='postgresql://user:pass@localhost/db'
`;

  test('a FastAPI tutorial drives issue and verify, lifetimes too', async () => {
    const path = fileWith(tutorial, '.env');
    const pair = JSON.parse(await stdoutOf(['issue', '--sub', 'johndoe', '--pair', '--env-file', path]));
    expect(pair.expires_in).toBe(2700);
    expect(segmentOf(pair.access_token, 0)).toEqual({ alg: 'HS256', typ: 'JWT' });
    expect(segmentOf(pair.access_token, 1)).toMatchObject({ sub: 'johndoe', type: 'access', exp: now + 2700 });
    expect(segmentOf(pair.refresh_token, 1)).toMatchObject({ sub: 'johndoe', type: 'refresh', exp: now + 259_200 });
    const verify = (...args: string[]) => runCli(['verify', ...args, '--env-file', path]);
    expect((await verify(pair.access_token)).exitCode).toBe(0);
    expect((await verify(pair.refresh_token)).exitCode).toBe(16);
    expect((await verify(pair.refresh_token, '--type', 'refresh')).exitCode).toBe(0);
    expect((await verify(pair.access_token, '--at', '+45m')).exitCode).toBe(14);
    const single = await stdoutOf(['issue', '--type', 'refresh', '--env-file', path]);
    expect(segmentOf(single, 1).exp).toBe(now + 259_200);
  });

  test('reads no .env that is not named', async () => {
    expect((await runCli(['issue', '--keyring', '/no/such'])).exitCode).toBe(3);
  });

  test('JWTKIT_ENV_FILE names an env file', async () => {
    const env = { JWTKIT_ENV_FILE: fileWith(tutorial) };
    expect((await runCli(['issue'], { env })).exitCode).toBe(0);
  });

  test('an env file sets JWTKIT_* too; flags beat it', async () => {
    const path = fileWith(`${tutorial}JWTKIT_TTL=1m\nJWTKIT_ISS=me\n`);
    const claims = async (...args: string[]) => segmentOf(await stdoutOf(['issue', '--env-file', path, ...args]), 1);
    expect(await claims()).toMatchObject({ iss: 'me', exp: now + 60 });
    expect(await claims('--iss', 'you', '--ttl', '2m')).toMatchObject({ iss: 'you', exp: now + 120 });
  });

  test('--secret-env finds its variable in the env file', async () => {
    const path = fileWith(`OTHER=${secret}\n`);
    expect((await runCli(['issue', '--env-file', path, '--secret-env', 'OTHER'])).exitCode).toBe(0);
  });

  test('a missing env file is exit 3', async () => {
    const { exitCode, stderr } = await runCli(['issue', '--env-file', '/no/.env']);
    expect(exitCode).toBe(3);
    expect(stderr).toBe('error: cannot read /no/.env: no such file or folder\n');
  });
});

describe('errors', () => {
  test('are one lower-case line, perhaps with a hint, without full stop or stack', async () => {
    const { stderr } = await runCli(['issue', '--keyring', '/no/such']);
    expect(stderr).toMatch(/^error: [a-z][^\n]*[^.\n]\nhint: [a-z][^\n]*[^.\n]\n$/);
  });

  test('--json prints errors as JSON on stderr with the same exit code', async () => {
    const { exitCode, stdout, stderr } = await runCli(['issue', '--keyring', '/no/such', '--json']);
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
    const { error, ...rest } = JSON.parse(stderr);
    expect(rest).toEqual({});
    expect(Object.keys(error)).toEqual(['code', 'message', 'hint']);
    expect(error).toMatchObject({ code: 'KEYRING_NOT_FOUND', message: 'there is no keyring at /no/such' });
  });

  test('--debug adds the stack', async () => {
    const { exitCode, stderr } = await runCli(['issue', '--keyring', '/no/such', '--debug']);
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/\n {4}at /);
  });

  test('after -- an argument with a dash is not a flag', async () => {
    const { exitCode, stderr } = await runCli(['decode', '--', '--json']);
    expect(exitCode).toBe(11);
    expect(stderr).toMatch(/^error: /);
  });
});

test('the files of this suite stay out of the working folder', () => {
  expect(() => textOf(join(process.cwd(), '.jwtkit', 'jwks.json'))).toThrow();
});
