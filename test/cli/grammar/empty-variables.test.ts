/**
 * A shell or a pipeline passes an unset variable on as an empty one. It is refused by name, since
 * its demand would be lost. The table of options comes from the help of the commands themselves.
 */
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { knownVariables, serveVariables } from '../../../src/cli/grammar/known-variables.js';
import { commandsIn } from '../commands.js';
import { fileWith, makeKeyring, now, runCli, secret, stdoutOf, temporaryFolder, unsigned } from '../fake-io.js';

const anyToken = unsigned({ sub: 'u', iat: now, exp: now + 60 });

interface CommandLine {
  readonly argv: readonly string[];
  readonly variables: readonly string[];
}

/** Every command with the arguments that it cannot do without, and the variables that its help shows. */
async function commandLines(path: readonly string[] = []): Promise<CommandLine[]> {
  const help = await stdoutOf([...path, '--help']);
  const names = commandsIn(help);
  if (names.length > 0) return (await Promise.all(names.map((name) => commandLines([...path, name])))).flat();
  const [usage = ''] = help.split('\n');
  const needed = [...usage.matchAll(/<[^>]+>/g)].map(() => 'x');
  const variables = [...help.matchAll(/\[(JWTKIT_\w+)\]/g)].map(([, name]) => name as string);
  // Help does not mark the options that a command cannot do without, but their absence is an error.
  const env = { JWTKIT_ENV_FILE: '' };
  const [, required] = /required option '(--\w+)/.exec((await runCli([...path, ...needed], { env })).stderr) ?? [];
  return [{ argv: [...path, ...needed, ...(required === undefined ? [] : [required, 'x'])], variables }];
}

let lines: CommandLine[];
beforeAll(async () => {
  lines = await commandLines();
});

test('finds all commands and knows all their variables', () => {
  expect(lines.length).toBeGreaterThan(20);
  const shown = [...new Set(lines.flatMap(({ variables }) => variables))].sort();
  const further = ['JWTKIT_CACHE_DIR', ...Object.values(serveVariables)];
  expect([...knownVariables()].sort()).toEqual([...shown, ...further].sort());
});

async function expectRefused({ argv }: CommandLine, name: string, value: string, problem: string): Promise<void> {
  const { exitCode, stdout, stderr } = await runCli(argv, { env: { [name]: value }, stdin: anyToken });
  const expected = `error: the variable ${name} ${problem}\nhint: unset it, or give it a value\n`;
  expect({ argv, exitCode, stdout, stderr }).toEqual({ argv, exitCode: 2, stdout: '', stderr: expected });
}

test('every command refuses each of its variables if it is empty, with its name and a hint', async () => {
  for (const line of lines) {
    for (const name of line.variables) await expectRefused(line, name, '', 'is set but empty');
  }
});

test('refuses a variable of white space or separators like an empty one', async () => {
  for (const name of new Set(lines.flatMap(({ variables }) => variables))) {
    const line = lines.find(({ variables }) => variables.includes(name)) as CommandLine;
    await expectRefused(line, name, ' ', 'is set but empty');
    await expectRefused(line, name, ' \t\r\n\u00a0', 'is set but empty');
    await expectRefused(line, name, ',', 'is set but holds only separators');
    await expectRefused(line, name, ' , ;', 'is set but holds only separators');
  }
});

test('an empty variable in an env file is refused, though the environment sets it', async () => {
  const { argv, variables } = lines.find(({ argv: [name] }) => name === 'verify') as CommandLine;
  for (const name of variables.filter((each) => each !== 'JWTKIT_ENV_FILE')) {
    const world = { env: { [name]: 'x' }, stdin: anyToken };
    const file = fileWith(`A=1\n\n${name}=\n`);
    const { exitCode, stderr } = await runCli([...argv, '-e', file], world);
    const error = `error: ${file}: line 3: the variable ${name} is set but empty\nhint: remove the line, or give it a value\n`;
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: error });
  }
});

/** The readers of variables that no option stands for. */
describe.each<[string, readonly string[], Readonly<Record<string, string>>]>([
  ['SECRET_KEY', ['issue'], { ALGORITHM: 'HS256' }],
  ['SECRET_KEY', ['verify', anyToken], { ALGORITHM: 'HS256' }],
  ['SECRET_KEY', ['verify', anyToken], {}],
  ['SECRET_KEY', ['serve', '--port', '0'], { ALGORITHM: 'HS256' }],
  ['ALGORITHM', ['issue'], { SECRET_KEY: secret }],
  ['ALGORITHM', ['verify', anyToken], { SECRET_KEY: secret }],
  ['ACCESS_TOKEN_EXPIRE_MINUTES', ['issue', '--secret-env', 'S'], { S: secret }],
  ['ACCESS_TOKEN_EXPIRE_MINUTES', ['serve', '--port', '0'], {}],
  ['REFRESH_TOKEN_EXPIRE_DAYS', ['issue', '--type', 'refresh', '--secret-env', 'S'], { S: secret }],
  ['JWTKIT_TTL', ['keys', 'rotate', '--keyring', 'FOLDER'], {}],
  ['JWTKIT_REFRESH_TTL', ['keys', 'rotate', '--keyring', 'FOLDER'], {}],
  ['ACCESS_TOKEN_EXPIRE_MINUTES', ['keys', 'rotate', '--keyring', 'FOLDER'], {}],
  ['REFRESH_TOKEN_EXPIRE_DAYS', ['keys', 'rotate', '--keyring', 'FOLDER'], {}],
  ['JWTKIT_CACHE_DIR', ['verify', anyToken, '--jwks', 'https://issuer.example/jwks'], {}],
  ['S', ['issue', '--secret-env', 'S'], {}],
  ['S', ['verify', anyToken, '--secret-env', 'S'], {}],
  ['S', ['verify', anyToken], { JWTKIT_SECRET_ENV: 'S' }],
  ['S', ['verify', anyToken, '--config', 'POLICY'], {}],
  ['P', ['keygen', '--alg', 'ES256', '--keyring', 'FOLDER', '--passphrase-env', 'P'], {}],
  ['P', ['users', 'add', 'bob', '--sub', 'b', '--users', 'FOLDER', '--password-env', 'P'], {}],
])('%s of %j', (name, args, others) => {
  test.each(['', ' ', ' \t'])('refuses the value %j', async (value) => {
    const filled: Record<string, () => string> = {
      FOLDER: () => join(temporaryFolder(), 'new'),
      POLICY: () => fileWith('{"keys":{"secretEnv":"S"}}'),
    };
    const argv = args.map((arg) => filled[arg]?.() ?? arg);
    const { exitCode, stdout, stderr } = await runCli(argv, { env: { ...others, [name]: value } });
    expect(stderr).toContain(`error: the variable ${name} is set but empty\nhint: `);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });
});

describe('an empty variable that the command does not read is no error', () => {
  const env = { S: secret };

  test.each<[string, readonly string[], Record<string, string>]>([
    ['a flag stands in its place', ['--aud', 'api'], { JWTKIT_AUD: '' }],
    ['the command does not take it', [], { JWTKIT_MIN_TTL: '', JWTKIT_USERS: ' ' }],
    ['a key is named otherwise', [], { SECRET_KEY: '', ALGORITHM: '' }],
    ['it follows a convention of its own', [], { NO_COLOR: '', FORCE_COLOR: '', TERM: '', HTTPS_PROXY: '', HOME: '' }],
    ['it belongs to another program', [], { DATABASE_URL: '' }],
  ])('%s', async (_name, args, variables) => {
    const token = await stdoutOf(['issue', '--secret-env', 'S', '--aud', 'api'], { env });
    const verify = ['verify', '-q', token, '--secret-env', 'S', '--aud', 'api', ...args];
    expect(await runCli(verify, { env: { ...env, ...variables } })).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  });
});

describe('an empty member of a list that a flag makes', () => {
  test.each([
    [['--aud', '']],
    [['--aud', 'api', '--aud', ' ']],
    [['--aud', ',']],
    [['--iss', ' , ']],
    [['--alg', ',']],
    [['--alg', 'HS256,']],
    [['--alg', ' ']],
    [['--scope', ' ']],
    [['--scope', ',']],
    [['--role', '']],
    [['--require', '']],
    [['--require', ',']],
    [['--max-age', ' ']],
    [['--sub', ' ']],
  ])('%j is exit 2', async (args) => {
    const { exitCode, stdout } = await runCli(['verify', anyToken, '--secret-env', 'S', ...args], {
      env: { S: secret },
    });
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  });
});

describe('an empty list in a policy', () => {
  test.each(['issuer', 'audience', 'algorithms', 'scopes', 'roles', 'require'])('%s is exit 3', async (member) => {
    const keyring = await makeKeyring();
    const token = await stdoutOf(['issue', '--keyring', keyring]);
    for (const value of [[], [''], [' '], '', ' ', null]) {
      const config = fileWith(JSON.stringify({ [member]: value, keys: { keyring } }));
      const { exitCode, stdout, stderr } = await runCli(['verify', token, '--config', config]);
      expect({ value, exitCode, stdout }).toEqual({ value, exitCode: 3, stdout: '' });
      expect(stderr).toContain(`/${member}`);
    }
  });
});

describe('a variable whose name is misspelt', () => {
  /** A command line that takes the variable: with a key where the variable names none, and of what signs for a kid. */
  const argv = (name: string) => {
    if (name === 'JWTKIT_KDI') return ['issue', '--secret-env', 'S'];
    return ['verify', anyToken, ...(/KEY$|KYE|JWKS|SECRET/.test(name) ? [] : ['--secret-env', 'S'])];
  };

  test.each([
    ['JWTKIT_AUDIENCE', 'did you mean JWTKIT_AUD?'],
    ['JWTKIT_ISSUER', 'did you mean JWTKIT_ISS?'],
    ['JWTKIT_ALGORITHMS', 'did you mean JWTKIT_ALG?'],
    ['JWTKIT_AUDS', 'did you mean JWTKIT_AUD?'],
    ['JWTKIT_ADU', 'did you mean JWTKIT_AUD?'],
    ['JWTKIT_SIS', 'did you mean JWTKIT_ISS?'],
    ['JWTKIT_KYE', 'did you mean JWTKIT_KEY?'],
    ['JWTKIT_MAXAGE', 'did you mean JWTKIT_MAX_AGE?'],
    ['JWTKIT_MAX_AEG', 'did you mean JWTKIT_MAX_AGE?'],
    ['jwtkit_aud', 'did you mean JWTKIT_AUD?'],
    ['JWTKIT-AUD', 'did you mean JWTKIT_AUD?'],
    ['JWTKIT_KEY_RING', 'did you mean JWTKIT_KEYRING?'],
    ['JWTKIT_JWKS_URI', 'did you mean JWTKIT_JWKS?'],
    ['JWTKIT_SCOPE', 'pass --scope instead'],
    ['JWTKIT_REQUIRE', 'pass --require instead'],
    ['JWTKIT_SUB', 'pass --sub instead'],
    ['JWTKIT_SUBJECT', 'pass --sub instead'],
    ['JWTKIT_SCOPES', 'pass --scope instead'],
    ['JWTKIT_ROLES', 'pass --role instead'],
    ['JWTKIT_REQUIRED', 'pass --require instead'],
    ['JWTKIT_KDI', 'did you mean JWTKIT_KID?'],
    ['JWTKIT_SECRET', 'did you mean JWTKIT_SECRET_FILE?'],
  ])('%s is exit 2: %s', async (name, hint) => {
    const file = fileWith(`# a comment\n${name}=api\n`);
    for (const [place, env] of [
      ['', { S: secret, [name]: 'api' }],
      [`${file}: line 2: `, { S: secret, JWTKIT_ENV_FILE: file }],
    ] as const) {
      const { exitCode, stdout, stderr } = await runCli(argv(name), { env });
      expect(stderr).toBe(`error: ${place}there is no variable ${name}\nhint: ${hint}\n`);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    }
  });

  test.each<[string, readonly string[], Record<string, string>]>([
    ['what its flag says counts', ['--aud', 'api', '--sub', 'u'], { JWTKIT_AUDIENCE: 'api', JWTKIT_SUB: 'u' }],
    ['a flag names the key', [], { JWTKIT_SECRET: 'x', JWTKIT_KYE: 'x', JWTKIT_JWKS_URI: 'x' }],
    ['it holds the secret, by its owner’s choice', ['--secret-env', 'JWTKIT_KEY1'], { JWTKIT_KEY1: secret }],
    ['a pipeline has names of its own', [], { JWTKIT_VERSION: '1.2.3', JWTKIT_HOME: '/opt', JWTKIT_SERVICE_HOST: 'h' }],
  ])('no note if %s', async (_name, args, variables) => {
    const env = { S: secret, ...variables };
    const key = args.includes('--secret-env') ? [] : ['--secret-env', 'S'];
    const token = await stdoutOf(['issue', '--sub', 'u', '--aud', 'api', '--secret-env', 'S'], { env: { S: secret } });
    const { exitCode, stderr } = await runCli(['verify', '-q', '--aud', 'api', ...key, ...args], { env, stdin: token });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  });

  test('an unknown variable in an env file gets a note', async () => {
    const file = fileWith(`JWTKIT_TENANT=acme\nJWTKIT_TTL=5m\n`);
    const { exitCode, stderr } = await runCli(['issue', '--secret-env', 'S', '-e', file], { env: { S: secret } });
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: `note: ${file}: line 1: there is no variable JWTKIT_TENANT\n`,
    });
  });
});
