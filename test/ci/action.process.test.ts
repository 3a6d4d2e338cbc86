// @module-tag slow
/** action.yml: a schema reads it, and its steps run as the runner of GitHub Actions runs them. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { beforeAll, describe, expect, test } from 'vitest';
import { temporaryFolder, textOf } from '../cli/fake-io.js';
import { plainEnvironment } from '../programs.js';
import { copyCheckout } from './checkout.js';
import { action, type Job, root, startJob, useAction } from './runner.js';

const { refuseSecrets, asMessage }: { refuseSecrets(words: string[]): void; asMessage(text: string): string } =
  await import(join(root, 'scripts/action/log.js'));
const { splitWords }: { splitWords(text: string): string[] } = await import(join(root, 'scripts/action/words.js'));

test('the schema of SchemaStore accepts action.yml', () => {
  const schema = JSON.parse(readFileSync(join(root, 'test/vectors/ci/github-action.json'), 'utf8'));
  const isValid = new Ajv({ strict: false, validateFormats: false }).compile(schema);
  isValid(action);
  expect(isValid.errors).toBeNull();
  expect(isValid({ ...action, runs: { using: 'composite' } })).toBe(false);
  expect(action.runs.using).toBe('composite');
});

test('no script of action.yml has an expression in it', () => {
  for (const { run, shell } of action.runs.steps) {
    expect(run).not.toContain('${{');
    expect(shell).toBe('bash');
  }
});

describe('a job that uses the action', () => {
  let job: Job;
  beforeAll(() => {
    job = startJob();
    const { exitCode } = useAction(job, { command: 'keygen --alg ES256 --kid ci' });
    expect(exitCode).toBe(0);
  });

  test('has jwtkit on the PATH afterwards', () => {
    const env = { ...plainEnvironment(), PATH: job.path };
    const { status, stdout } = spawnSync('bash', ['-c', 'jwtkit --version'], { encoding: 'utf8', env });
    expect([status, stdout]).toEqual([0, `${JSON.parse(textOf(join(root, 'package.json'))).version}\n`]);
  });

  test('gets a token, its subject and its end as outputs, and the log shows no token', () => {
    const { exitCode, outputs, log } = useAction(job, { command: "issue --sub 'ci job' --aud api --ttl 1h" });
    expect(exitCode).toBe(0);
    expect(outputs.token).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    expect(outputs).toMatchObject({ sub: 'ci job', 'refresh-token': '', report: '' });
    expect(Number(outputs.exp)).toBeGreaterThan(Date.now() / 1000);
    expect(log).not.toContain(outputs.token);
    const verified = useAction(
      job,
      { command: 'verify --token-env TOKEN --aud api', report: 'out.xml', summary: 'true' },
      { TOKEN: outputs.token ?? '' },
    );
    expect(verified.exitCode).toBe(0);
    expect(verified.outputs).toEqual({ ...outputs, token: '', report: join(job.workspace, 'out.xml') });
    expect(verified.log).toContain('✓ valid');
    expect(verified.summary).toContain('### jwtkit verify');
    expect(textOf(join(job.workspace, 'out.xml'))).toContain('<testsuites name="jwtkit verify"');
  });

  test('gets both tokens of a pair', { tags: 'slow' }, () => {
    const { outputs, log } = useAction(job, { command: 'issue --sub a --pair' });
    expect(outputs.token).not.toBe(outputs['refresh-token']);
    for (const name of ['token', 'refresh-token']) {
      expect(outputs[name]).toMatch(/^ey/);
      expect(log).not.toContain(outputs[name]);
    }
    const fresh = useAction(job, { command: 'refresh --token-env R' }, { R: outputs['refresh-token'] ?? '' });
    expect(fresh.outputs).toMatchObject({ sub: 'a', 'refresh-token': '' });
  });

  test('fails as the command does, with a report and without claims of a refused token', () => {
    const { outputs } = useAction(job, { command: 'issue --sub a --aud api' });
    const refused = useAction(
      job,
      { command: 'verify --token-env TOKEN --aud web', report: 'junit:refused' },
      { TOKEN: outputs.token ?? '' },
    );
    expect(refused.exitCode).toBe(16);
    expect(refused.outputs).toMatchObject({ sub: '', exp: '', report: join(job.workspace, 'refused') });
  });

  test('runs in another folder', { tags: 'slow' }, () => {
    mkdirSync(join(job.workspace, 'part'));
    expect(useAction(job, { command: 'keygen --kid part', 'working-directory': 'part' }).exitCode).toBe(0);
    expect(textOf(join(job.workspace, 'part/.jwtkit/jwks.json'))).toContain('"part"');
  });

  test('keeps a subject with line ends from being another output', () => {
    const claims = JSON.stringify({ sub: 'a\ntoken<<x\nforged\nx\nexp=1' });
    writeFileSync(join(job.workspace, 'claims.json'), claims);
    const { outputs } = useAction(job, { command: 'issue --claims claims.json' });
    expect(outputs.sub).toBe('a\ntoken<<x\nforged\nx\nexp=1');
    expect(outputs.token).toMatch(/^ey/);
  });

  test.each([
    ['a token in the command', 'verify eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln', 'the command holds a token'],
    ['a batch of tokens', 'issue --batch claims.jsonl', 'would print tokens'],
    ['a client, whose secret would be printed', 'clients add web', 'in a step of your own: it is on the PATH'],
  ])('refuses %s', expectRefusal);

  test.each([
    ['a variable in the command', 'verify "$TOKEN"', 'is not run by a shell'],
    ['a quote without its end', "issue --sub 'a", "has a ' without its end"],
    ['an unknown command', 'isue', 'does not run "isue"'],
    ['a command behind an option', '--json issue --sub a', 'does not run "--json"'],
  ])('refuses %s', { tags: 'slow' }, expectRefusal);

  function expectRefusal(_what: string, command: string, message: string): void {
    const { exitCode, log, outputs } = useAction(job, { command });
    expect(exitCode).toBe(2);
    expect(log).toContain(message);
    expect(Object.values(outputs).join('')).toBe('');
  }

  test('shows no token that is a claim, and no command in one', () => {
    const inner = useAction(job, { command: 'issue --sub inner' }).outputs.token ?? '';
    const claims = { sub: 'x\n::error::pwn\r::stop-commands::y\n##[error]z', id_token: inner, exp: 4102444800 };
    writeFileSync(join(job.workspace, 'claims.json'), JSON.stringify(claims));
    const TOKEN = useAction(job, { command: 'issue --claims claims.json' }).outputs.token ?? '';
    const raw = useAction(job, { command: 'decode --token-env TOKEN --claim sub' }, { TOKEN });
    expect([raw.exitCode, raw.commands]).toEqual([0, []]);
    expect(raw.log).toContain('x\n\\u003a:error::pwn\n\\u003a:stop-commands::y\n\\u0023#[error]z\n');
    // Another job knows no mask of the inner token.
    const { log, commands } = useAction(
      { ...job, masks: [] },
      { command: 'verify --token-env TOKEN --json' },
      { TOKEN },
    );
    expect(log).toContain('"id_token":"[token]"');
    expect(log).not.toContain(inner);
    expect(commands).toEqual([]);
  });

  test('lets lint annotate the files', () => {
    writeFileSync(join(job.workspace, '##[error] ::error::.env'), 'JWT_SECRET=changeme\n');
    const { exitCode, commands } = useAction(job, { command: 'lint . --format github' });
    expect(exitCode).toBe(18);
    expect(commands.length).toBeGreaterThan(0);
    for (const command of commands) expect(command).toMatch(/^::(?:error|warning|notice) file=/);
  });

  test('runs nothing that an input holds', () => {
    const command = 'issue --sub `touch hacked` --aud ";touch hacked" --jti a&&touch --iss #b';
    const { exitCode, log } = useAction(job, { command });
    expect(exitCode).toBe(2);
    expect(log).toContain('error:');
    expect(spawnSync('ls', [job.workspace], { encoding: 'utf8' }).stdout).not.toContain('hacked');
  });
});

test('a checkout without a build is built by the first step', { tags: 'slow', timeout: 300_000 }, () => {
  const checkout = copyCheckout(join(temporaryFolder(), 'action'));
  const job = startJob();
  const { exitCode, log } = useAction(job, { command: 'keygen' }, {}, checkout);
  expect(exitCode, log).toBe(0);
  expect(textOf(join(checkout, 'dist/cli/main.cjs'))).not.toBe('');
});

describe('the log of the action', () => {
  test.each([
    ['decrypt --token-file enc.jwt'],
    ['clients add web'],
    ['clients rotate web'],
    ['users add bob'],
    ['serve'],
    ['fixtures out'],
    ['completion bash'],
    ['keygen --kid a --private /proc/self/fd/1'],
    ['keys export k1 --private-half'],
    ['keys convert key.pem'],
    ['keys --json export k1'],
    ['keygen --private -'],
    ['keygen --alg HS256 --private=-'],
    ['keygen --private /dev/stdout'],
    ['-q issue --sub a'],
    ['keys'],
    ['constructor'],
  ])('is kept from the output of %s', (command) => {
    expect(() => refuseSecrets(command.split(' '))).toThrow('run jwtkit in a step of your own: it is on the PATH');
  });

  test.each([
    ['issue --sub a'],
    ['keygen --alg ES256 --private key.pem --public -'],
    ['verify -'],
    ['keys list'],
    ['keys rotate --alg EdDSA'],
    ['probe http://127.0.0.1/'],
  ])('may have the output of %s', (command) => {
    expect(() => refuseSecrets(command.split(' '))).not.toThrow();
  });

  test('has messages that are one command', () => {
    expect(asMessage('a\n::error::b\r100% ##[error]')).toBe('a%0A::error::b%0D100%25 # #[error]');
  });
});

describe('the words of a command', () => {
  test.each([
    ['verify "$TOKEN"', 'is not run by a shell'],
    ["issue --sub 'a", "has a ' without its end"],
    ['issue --sub "a\\"', 'has a " without its end'],
    ['verify "\\$TOKEN"', 'is not run by a shell'],
  ])('are refused in %j', (text, message) => {
    expect(() => splitWords(text)).toThrow(message);
  });

  test.each([
    ['issue --sub a', ['issue', '--sub', 'a']],
    ['  issue\n  --sub  a\n', ['issue', '--sub', 'a']],
    [`issue --claim 'a b' "c d"e`, ['issue', '--claim', 'a b', 'c de']],
    [`issue --sub '' \\'x\\ y`, ['issue', '--sub', '', "'x y"]],
    ['issue \\\n  --sub a', ['issue', '--sub', 'a']],
    [`issue --claim "data:={\\"a\\":1}"`, ['issue', '--claim', 'data:={"a":1}']],
    [`"a \\\\ b" 'c \\ d' "e\\f" "g\\\nh" "" "it's"`, ['a \\ b', 'c \\ d', 'e\\f', 'gh', '', "it's"]],
    ['', []],
  ])('are those of a shell: %j', (text, words) => {
    expect(splitWords(text)).toEqual(words);
  });
});
