import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { describe, expect, test } from 'vitest';
import { parseEnvFile } from '../../../src/cli/grammar/env-file.js';
import { within } from '../../time-limit.js';
import { fileWith, now, runCli, secret, stdoutOf, temporaryFolder, unsigned } from '../fake-io.js';

const read = (text: string) => {
  const { variables, notes } = parseEnvFile(text, '.env');
  return { variables, notes };
};

describe('an assignment', () => {
  test.each<[string, Record<string, string>]>([
    ['A=1', { A: '1' }],
    ['A=1\nB=2\n', { A: '1', B: '2' }],
    ['A=1\r\nB=2\r\n', { A: '1', B: '2' }],
    ['A=1\rB=2\r', { A: '1', B: '2' }],
    ['\n\n# comment\n  # another\nA=1', { A: '1' }],
    ['export A=1\nexport\tB=2', { A: '1', B: '2' }],
    ['A = 1 \n\tB\t=\t2\t', { A: '1', B: '2' }],
    ['A=\nB=2', { A: '', B: '2' }],
    ['A= \t\nB=2', { A: '', B: '2' }],
    ['A=""\nB=\'\'', { A: '', B: '' }],
    ['A=x y # comment', { A: 'x y' }],
    ['A="x # y" # comment', { A: 'x # y' }],
    [`A="it's"\nB='say "x"'\nC=\`"'\``, { A: "it's", B: 'say "x"', C: `"'` }],
    ['A="x\\ny"\nB=\'x\\ny\'\nC=x\\ny', { A: 'x\ny', B: 'x\\ny', C: 'x\\ny' }],
    ['A="-----BEGIN\nbody\n-----END"\nB=2', { A: '-----BEGIN\nbody\n-----END', B: '2' }],
    ['A="x\r\ny"\nB=2', { A: 'x\ny', B: '2' }],
    ['A=x=y==', { A: 'x=y==' }],
    [`A='{\n"algorithm": "x",\n"SECRET_KEY": "y"\n}'`, { A: '{\n"algorithm": "x",\n"SECRET_KEY": "y"\n}' }],
    ['A=host=x algorithm=y', { A: 'host=x algorithm=y' }],
    ['ENVIRONMENT=production', { ENVIRONMENT: 'production' }],
    ['A="-e JWTKIT_AUD=api"', { A: '-e JWTKIT_AUD=api' }],
    ['A=1 # or JWTKIT_AUD=api', { A: '1' }],
    ['A="x\nB=2', { A: '"x', B: '2' }],
    ["A=it's\nB='x", { A: "it's", B: "'x" }],
    ['A=1\nA=2', { A: '2' }],
    ['spring.name=x\nnpm-name=y', { 'spring.name': 'x', 'npm-name': 'y' }],
    ['__proto__=x\nB=2', JSON.parse('{"__proto__":"x","B":"2"}')],
    ['A=1\n\ufeffB=2', { A: '1', B: '2' }],
  ])('%j', (text, variables) => {
    expect(read(text)).toEqual({ variables, notes: [] });
  });

  test('reads a file as Node does, unless Node loses a line', () => {
    const text = `# of a tutorial
SECRET_KEY=09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7
ALGORITHM="HS256" # comment
ACCESS_TOKEN_EXPIRE_MINUTES=45

DATABASE_URL='postgresql://user:pass@localhost/db'
export MULTI="line one
line two"
TEXT=some words # and a comment
ESCAPED="a\\nb"
`;
    expect(read(text).variables).toEqual(parseEnv(text));
  });
});

describe('an unreadable line that names a variable is an error', () => {
  test.each([
    ['JWTKIT_AUD: api', 1],
    ['JWTKIT_AUD api', 1],
    ['JWTKIT_AUD', 1],
    ['JWTKIT_AUD:=api', 1],
    ['JWTKIT_AUD+=api', 1],
    ['$JWTKIT_AUD=api', 1],
    ['"JWTKIT_AUD"=api', 1],
    ['set JWTKIT_AUD=api', 1],
    ['setenv JWTKIT_AUD api', 1],
    ['{"JWTKIT_AUD":"api"}', 1],
    ['; JWTKIT_AUD=api', 1],
    ['// JWTKIT_AUD=api', 1],
    ['A=1\n\njwtkit_aud api\nB=2', 3],
    ['\u200bJWTKIT_AUD=api', 1],
    ['SECRET_KEY: abc', 1],
    ['ALGORITHM HS256', 1],
    ['A=1\r\nACCESS_TOKEN_EXPIRE_MINUTES: 30\r\n', 2],
    ['JWTKIT_AUD="api', 1],
    ['JWTKIT_AUD="api" "web"', 1],
    ["JWTKIT_AUD='api'web", 1],
    ['JWTKIT_ISS=https://issuer.example/#part', 1],
    ['A="open\nJWTKIT_AUD=api\nB="x"', 1],
    ['A=1 JWTKIT_ISS=me', 1],
    ['A=1\nexport B=2 JWTKIT_ISS=me', 2],
    ['A=1;JWTKIT_ISS=me', 1],
    ['Environment=JWTKIT_ISS=me', 1],
    ['Environment="JWTKIT_ISS=me"', 1],
    ['Environment="A=1" "JWTKIT_ISS=me"', 1],
    ['Environment="A=1 JWTKIT_ISS=me"', 1],
    ["Environment='SECRET_KEY=abc'", 1],
    ['PassEnv=JWTKIT_ISS=me', 1],
    ['environment=A="1",JWTKIT_ISS="me"', 1],
    ['A=JWTKIT_ISS=me', 1],
    ['A=1 && JWTKIT_ISS=me', 1],
    ['A="x" JWTKIT_ISS=me # comment', 1],
    ['A=1\u2028JWTKIT_ISS=me', 1],
    ['JWTKIT_AUD=api JWTKIT_ISS=me', 1],
    ["A=1\nB='open\n  export JWTKIT_AUD = api\nC='", 2],
    ["A='open\njwtkit_aud=api\nB='x'", 1],
    ['A="open\n$env:JWTKIT_AUD=api\nB="x"', 1],
    ["A='open\nJWTKIT_AUD: api\nB='x'", 1],
    ["A='open\nSECRET_KEY=abc\nB='x'", 1],
    ['A=1\u0085JWTKIT_ISS=me', 1],
    ['A=1\u000bjwtkit_iss=me', 1],
    ['A=1 SECRET_KEY=abc', 1],
  ])('%j', async (text, line) => {
    expect(() => read(text)).toThrow(
      expect.objectContaining({
        code: 'FILE_NOT_READABLE',
        message: expect.stringMatching(new RegExp(`^\\.env: line ${line} `)),
        hint: expect.stringContaining('NAME=value'),
      }),
    );
    const { exitCode, stdout } = await runCli(['issue', '--secret-env', 'S', '-e', fileWith(text)], {
      env: { S: secret },
    });
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
  });

  test('no error repeats the text of a line', () => {
    for (const text of ['SECRET_KEY: hunter2', 'JWTKIT_STORE="redis://:hunter2@host', 'JWTKIT_KEY=hun#ter2']) {
      expect(() => read(text)).toThrow(expect.objectContaining({ message: expect.not.stringMatching(/hunter2|ter2/) }));
    }
  });
});

describe('a skipped line gets a note', () => {
  test.each<[string, string[]]>([
    ['hello\nA=1', ['.env: line 1 is not an assignment and is ignored']],
    ['=x\nA=1', ['.env: line 1 is not an assignment and is ignored']],
    ['A=1\n---\nB=2\nHOSTNAME\n', ['.env: lines 2, 4 are not assignments and are ignored']],
    [`${'x\n'.repeat(9)}A=1`, ['.env: lines 1, 2, 3, 4, 5 and others are not assignments and are ignored']],
    ['JWTKIT_AUD=api\nA=1\nJWTKIT_AUD=web', ['.env: line 3 sets JWTKIT_AUD again, line 1 does not count']],
    ['SECRET_KEY="a\nb"\nSECRET_KEY=c', ['.env: line 3 sets SECRET_KEY again, line 1 does not count']],
    ['JWTKIT_AUD=api\nJWTKIT_AUD=api', []],
    ['DATABASE=a\nDATABASE=b', []],
  ])('%j', (text, notes) => {
    expect(read(text).notes).toEqual(notes);
  });

  test('the note is on stderr, but not with --quiet, and as JSON with --json', async () => {
    const file = fileWith(`hello\nS=${secret}\n`);
    const token = await stdoutOf(['issue', '--secret-env', 'S', '-e', file]);
    const verify = ['verify', token, '--secret-env', 'S', '-e', file];
    expect((await runCli(verify)).stderr).toBe(`note: ${file}: line 1 is not an assignment and is ignored\n`);
    expect((await runCli([...verify, '-q'])).stderr).toBe('');
    const asJson = JSON.parse((await runCli([...verify, '--json'])).stderr);
    expect(asJson.note.message).toBe(`${file}: line 1 is not an assignment and is ignored`);
  });
});

describe('a variable of an env file', () => {
  const anyToken = () => stdoutOf(['issue', '--secret-env', 'S', '--iss', 'other'], { env: { S: secret } });

  test.each([
    'JWTKIT_ISS=api',
    'JWTKIT_ISS=api\r\n',
    '\ufeffJWTKIT_ISS=api\r\n',
    'export JWTKIT_ISS=api\n',
    ' JWTKIT_ISS = "api" # who issued it\n',
    "JWTKIT_ISS='api'",
    '=x\nJWTKIT_ISS=api\n',
    'A line of words\nJWTKIT_ISS=api\n',
    'JWTKIT_TTL=5m\rJWTKIT_ISS=api\r',
    'JWTKIT_TTL=5m\n\ufeffJWTKIT_ISS=api\n',
    '\tJWTKIT_ISS=api\n',
  ])('sets its option: %j', async (text) => {
    const verify = ['verify', '-q', await anyToken(), '--secret-env', 'S', '-e', fileWith(text)];
    expect((await runCli(verify, { env: { S: secret } })).exitCode).toBe(16);
  });

  test('cannot name another env file with JWTKIT_ENV_FILE', async () => {
    const other = fileWith('JWTKIT_AUD=api\n');
    const file = fileWith(`JWTKIT_ENV_FILE=${other}\n`);
    const token = unsigned({ sub: 'u', exp: now + 60 });
    const { exitCode, stderr } = await runCli(['verify', token, '--secret-env', 'S', '-e', file], {
      env: { S: secret },
    });
    expect(exitCode).toBe(2);
    expect(stderr).toContain('an env file cannot name another\nhint: name the other file with -e\n');
  });
});

describe('a value that may go on behind what was read is no secret', () => {
  const keyring = () => join(temporaryFolder(), 'keyring');
  const password = ['users', 'add', 'a', '--sub', 's', '--password-env', 'NAMED', '--keyring'];
  const readers: readonly [string, () => string[]][] = [
    ['a shared secret', () => ['issue', '--sub', 'u', '--secret-env', 'NAMED']],
    ['a shared secret of encrypt', () => ['encrypt', fileWith('x'), '--secret-env', 'NAMED']],
    ['a key', () => ['issue', '--sub', 'u', '--key-env', 'NAMED']],
    ['a token', () => ['decode', '--token-env', 'NAMED']],
    ['a passphrase', () => ['keygen', '--alg', 'ES256', '--passphrase-env', 'NAMED', '--keyring', keyring()]],
    ['a password', () => [...password, keyring()]],
    ['a client secret', () => ['clients', 'add', 'a', '--secret-env', 'NAMED', '--keyring', keyring()]],
  ];
  const values = [`${secret}#${secret}`, `"${secret}\\"${secret}"`, `'${secret}' '${secret}'`, `"${secret}`];

  test.each(readers)('%s', async (_what, args) => {
    for (const value of values) {
      const file = fileWith(`A=1\nNAMED=${value}\n`);
      const { exitCode, stdout, stderr } = await runCli([...args(), '-e', file], { env: { NAMED: secret } });
      expect([exitCode, stdout], stderr).toEqual([3, '']);
      expect(stderr).toContain(`${file}: line 2 `);
      expect(stderr).not.toContain(secret);
    }
  });

  test('unless nobody names it, or a later file sets it', async () => {
    const file = fileWith(`NAMED=${secret}#x\n`);
    const args = ['issue', '--sub', 'u', '--secret-env'];
    await stdoutOf([...args, 'S', '-e', file], { env: { S: secret } });
    await stdoutOf([...args, 'NAMED', '-e', file, '-e', fileWith(`NAMED="${secret}#x"\n`)]);
  });
});

test('an env file may have more names than a call has arguments', async () => {
  const text = Array.from({ length: 150_000 }, (_, at) => `a${at.toString(36)}=\n`).join('');
  await stdoutOf(['issue', '--sub', 'u', '--secret-env', 'S', '-e', fileWith(text)], { env: { S: secret } });
});

describe('names in other letters than capitals, which pydantic takes', () => {
  const run = (args: readonly string[], content: string, env = {}) =>
    runCli(['issue', '--sub', 'u', ...args, '-e', fileWith(content)], { env, workingFolder: temporaryFolder() });

  test.each(['secret_key', 'Secret_Key'])('refuses %s as the only name of a secret', async (name) => {
    const { exitCode, stderr } = await run([], `# settings\n${name}=${secret}\nalgorithm=HS256\n`);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`line 2: ${name} is not read: jwtkit reads SECRET_KEY`);
    expect(stderr).toContain(`--secret-env ${name}`);
    expect(stderr).not.toContain(secret);
  });

  test.each<[string, string[], object]>([
    ['--secret-env', ['--secret-env', 'secret_key'], {}],
    ['a variable', [], { JWTKIT_SECRET_ENV: 'secret_key' }],
    ['another secret', [], { SECRET_KEY: secret, ALGORITHM: 'HS256' }],
  ])('lets %s name the key, and notes a setting that does not count', async (_what, args, env) => {
    const { exitCode, stderr } = await run(args, `secret_key=${secret}\naccess_token_expire_minutes=5\n`, env);
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('ACCESS_TOKEN_EXPIRE_MINUTES')]);
  });
});

test('reads all env files; the last one wins', async () => {
  const [first, second] = [fileWith('JWTKIT_AUD=api\nJWTKIT_ISS=one\n'), fileWith('JWTKIT_ISS=two\n')];
  const args = ['issue', '--secret-env', 'S', '-e', first, '--env-file', second];
  const [, claims = ''] = (await stdoutOf(args, { env: { S: secret } })).split('.');
  expect(JSON.parse(Buffer.from(claims, 'base64url').toString())).toMatchObject({ aud: 'api', iss: 'two' });
});

test('reading an env file takes linear time', async () => {
  const generators = [
    (n: number) => `A='x\nB="y\nC=\`z\n`.repeat(n),
    (n: number) => `A="${'\n'.repeat(n)}`,
    (n: number) => `A='x'y\n`.repeat(n),
    (n: number) => `${' '.repeat(n)}A`,
    (n: number) => `export ${' '.repeat(n)}`,
    (n: number) => `A${' '.repeat(n)}`,
    (n: number) => 'A'.repeat(n),
    (n: number) => `JWTKIT_AUD=x\nJWTKIT_AUD=y\n`.repeat(n / 16),
    (n: number) => `A="${'\nB=\n'.repeat(n)}"`,
    (n: number) => `A="${'\nexport '.repeat(n)}"`,
    (n: number) => `A="${'\n\t \t'.repeat(n)}"`,
  ];
  for (const generate of generators) {
    const text = generate(100_000).slice(0, 1024 * 1024);
    await within(10_000, async () => read(text), text.slice(0, 20));
  }
});
