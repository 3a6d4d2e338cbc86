import { execFileSync } from 'node:child_process';
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { rules } from '../../../src/lint/rules.js';
import { serve } from '../../remote/server.js';
import { fileWith, makeKeyring, now, runCli, stdoutOf, temporaryFolder, textOf } from '../fake-io.js';

const goodSecret = 'Zk3vR8xQ1mT6yB0nC4wH7jL2pF5sD9gKaXeUiOoNrVc';

function sign(claims: object, secret: string): string {
  const input = [{ alg: 'HS256', typ: 'JWT' }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  );
  return `${input.join('.')}.${createHmac('sha256', secret).update(input.join('.')).digest('base64url')}`;
}

/** A file of this name in a folder of its own. */
function named(name: string, content: string, mode = 0o600): string {
  const path = join(temporaryFolder(), name);
  writeFileSync(path, content);
  chmodSync(path, mode);
  return path;
}

interface Found {
  readonly id: string;
  readonly message: string;
  readonly where: { readonly name: string; readonly line?: number; readonly part?: string };
}

async function lint(args: readonly string[], world: Parameters<typeof runCli>[1] = {}): Promise<readonly Found[]> {
  const { stdout, exitCode, stderr } = await runCli(['lint', ...args, '--json', '--fail-on', 'never'], world);
  expect(exitCode, stderr).toBe(0);
  return JSON.parse(stdout).findings;
}
const idsOf = async (args: readonly string[], world?: Parameters<typeof runCli>[1]) =>
  (await lint(args, world)).map(({ id }) => id);

/** What the application of the tutorial issues: see its auth.py. */
const tutorialSecret = 'your_super_secret_key_please_change';
const tutorialToken = (secret: string) => sign({ sub: 'user-123', type: 'access', exp: now + 1800 }, secret);

describe("the tutorial's pitfalls", () => {
  test('finds the secret of its .env', async () => {
    const env = `SECRET_KEY=${tutorialSecret}\nALGORITHM=HS256\nACCESS_TOKEN_EXPIRE_MINUTES=30\nREFRESH_TOKEN_EXPIRE_DAYS=7\n`;
    const path = named('.env', env);
    const { exitCode, stdout, stderr } = await runCli(['lint', path]);
    expect(exitCode).toBe(18);
    expect(stdout).toMatch(/line 1 SECRET_KEY: the secret is well known \(your…\) {2}secret\/well-known/);
    expect(stderr).toContain('error: 1 error at level error or above');
    expect(stdout + stderr).not.toContain(tutorialSecret);
  });

  test.each([tutorialSecret, 'fallback_secret'])('finds the secret %s of its tokens', async (secret) => {
    const token = tutorialToken(secret);
    const { exitCode, stdout, stderr } = await runCli(['lint', token]);
    expect(exitCode).toBe(18);
    expect(stdout).toContain('token/weak-secret');
    expect(stdout + stderr).not.toContain(secret);
    expect(stdout + stderr).not.toContain(token);
  });

  test('finds lifetimes of months, an unchecked type, and secrets in the payload', async () => {
    const claims = { sub: 'user-123', password: 'wonderland', iat: now, exp: now + 90 * 86_400 };
    const ids = await idsOf([sign(claims, goodSecret)]);
    expect(ids).toEqual(
      expect.arrayContaining(['token/lifetime-of-days', 'token/no-type', 'token/password-in-payload']),
    );
  });
});

describe('what jwtkit makes by default has no finding', () => {
  test('keygen and issue', async () => {
    const keyring = await makeKeyring();
    const token = await stdoutOf(['issue', '--sub', 'user-123', '--keyring', keyring]);
    const pair = await stdoutOf(['issue', '--sub', 'user-123', '--pair', '--keyring', keyring]);
    const folder = temporaryFolder();
    const [secret, jwk, set] = ['secret.txt', 'key.jwk', 'set.json'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    await stdoutOf(['keygen', '--alg', 'HS256', '--private', secret]);
    await stdoutOf(['keygen', '--alg', 'EdDSA', '--private', jwk, '--format', 'jwk']);
    await stdoutOf([
      'keygen',
      '--alg',
      'ES256',
      '--private',
      join(folder, 'a.pem'),
      '--cert',
      join(folder, 'a.crt'),
      '--subject',
      'CN=a',
    ]);
    writeFileSync(set, await stdoutOf(['keys', 'jwks', '--keyring', keyring]));
    const env = named('.env', `SECRET_KEY=${textOf(secret)}`);
    expect(await lint([token, fileWith(pair), keyring, folder, env])).toEqual([]);
  });

  test('keygen --use enc, issue --encrypt-to and encrypt', async () => {
    const keyring = await makeKeyring();
    await stdoutOf(['keygen', '--use', 'enc', '--keyring', keyring]);
    const nested = await stdoutOf(['issue', '--sub', 'user-123', '--keyring', keyring, '--encrypt-to', keyring]);
    const plain = await stdoutOf(['encrypt', '-', '--keyring', keyring], { stdin: 'x' });
    const set = await stdoutOf(['keys', 'jwks', '--keyring', keyring]);
    expect(await lint([nested, plain, keyring, fileWith(set)])).toEqual([]);
  });
});

describe('what a target is, its content tells', () => {
  const jwk = { kty: 'EC', crv: 'P-256', x: 'AAAA', y: 'AAAA' };
  const certificate = rules.find(({ id }) => id === 'certificate/weak-signature')?.bad.source.content.toString() ?? '';
  const pem = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({
    format: 'pem',
    type: 'pkcs8',
  }) as string;
  const token = tutorialToken(tutorialSecret);

  test.each([
    ['a token with a header before it', `Authorization: Bearer ${token}`, 'token/weak-secret'],
    ['a PEM', pem, 'key/rsa-too-small'],
    ['a JWK', JSON.stringify(jwk), 'key/unreadable'],
    ['a JWK Set', JSON.stringify({ keys: [{ ...jwk, d: 'AAAA' }] }), 'set/private-key'],
    ['a certificate', certificate, 'certificate/weak-signature'],
    ['variables', 'export NODE_TLS_REJECT_UNAUTHORIZED="0" # for now\n', 'setting/verification-off'],
    ['a private key in a variable', `KEY="${pem.trim().replaceAll('\n', '\\n')}"\n`, 'key/rsa-too-small'],
    [
      'a policy',
      JSON.stringify({ issuer: 'https://a.example', audience: 'any', algorithms: ['RS256'] }),
      'policy/any-audience',
    ],
    ['users', '{"users":[{"name":"alice","password":"wonderland"}]}', 'account/plain-password'],
    ['a token response', JSON.stringify({ access_token: token }), 'response/no-token-type'],
    ['a Set-Cookie line', `HTTP/1.1 200 OK\r\nSet-Cookie: t=${token}; Path=/\r\n`, 'cookie/not-http-only'],
    [
      'metadata of an issuer',
      '{"issuer":"http://a.example","token_endpoint":"https://a.example/t"}',
      'issuer/not-https',
    ],
    ['other JSON with a secret', '{"jwt":{"secret":"changeme"}}', 'secret/well-known'],
    [
      'a Kubernetes Secret',
      `apiVersion: v1\nkind: Secret\ndata:\n  jwt-secret: ${Buffer.from('changeme').toString('base64')}\n`,
      'secret/well-known',
    ],
    [
      'a key in a Kubernetes Secret',
      `kind: Secret\ndata:\n  tls.key: ${Buffer.from(pem).toString('base64')}\n`,
      'key/rsa-too-small',
    ],
    [
      'the env of a container',
      'kind: Deployment\nspec:\n  env:\n    - name: JWT_SECRET\n      value: changeme\n',
      'secret/well-known',
    ],
    [
      'a compose file with a map',
      'services:\n  api:\n    environment:\n      SECRET_KEY: changeme\n',
      'secret/well-known',
    ],
    [
      'a compose file with a list',
      'services:\n  api:\n    environment:\n      - SECRET_KEY=changeme\n',
      'secret/well-known',
    ],
  ])('%s', async (_title, content, id) => {
    expect(await idsOf([fileWith(content)])).toContain(id);
    expect(await idsOf([], { stdin: content })).toContain(id);
  });

  test('the part of YAML is named with its line', async () => {
    const [found] = await lint([fileWith('services:\n  api:\n    environment:\n      SECRET_KEY: changeme\n')]);
    expect(found?.where).toMatchObject({ line: 4, part: 'services.api.environment.SECRET_KEY' });
  });

  test('a value that is put in later is no secret', async () => {
    const content =
      'services:\n  api:\n    environment:\n      SECRET_KEY: $SECRET\n      JWT_SECRET_FILE: /run/secrets/jwt\n';
    expect(await lint([fileWith(content)])).toEqual([]);
  });

  test.each([
    ['null in --token-env', ['--token-env', 'T'], { env: { T: 'null' } }, 11, 'jq prints if it found nothing'],
    ['an opaque token in --token-env', ['--token-env', 'T'], { env: { T: 'abcdefghijklmnopqrstuvwx' } }, 11, 'opaque'],
    ['null in --token-file', ['--token-file', '-'], { stdin: 'null\n' }, 11, 'jq prints if it found nothing'],
    ['null in --token-file, quietly', ['--token-file', '-', '-q'], { stdin: 'null\n' }, 11, ''],
    ['null in a pipe', [], { stdin: 'null\n' }, 2, 'jq prints if it found nothing'],
    ['a damaged token in a pipe', ['-'], { stdin: `x${token}\n` }, 2, 'lint knows nothing that is in standard input'],
    ['null in a pipe, beside a target', [token, '-'], { stdin: 'null\n' }, 18, ''],
  ] as const)('a lost token does not pass: %s', async (_title, args, world, code, said) => {
    const { exitCode, stderr } = await runCli(['lint', ...args], world);
    expect(exitCode, stderr).toBe(code);
    expect(stderr).toContain(said);
  });

  test('--token-file and --token-env name tokens', async () => {
    expect(await idsOf(['--token-env', 'T'], { env: { T: token } })).toContain('token/weak-secret');
    expect(await idsOf(['--token-file', fileWith(token)])).toContain('token/weak-secret');
  });

  test('a folder is read, without its links and without source code', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'config'));
    writeFileSync(join(folder, 'config', '.env'), 'SECRET_KEY=changeme\n', { mode: 0o600 });
    writeFileSync(join(folder, 'app.py'), 'SECRET_KEY=changeme\n');
    expect((await lint([folder])).map(({ id, where }) => [id, where.name])).toEqual([
      ['secret/well-known', join(folder, 'config', '.env')],
    ]);
  });

  test('a target that lint knows nothing about gets a note', async () => {
    const { exitCode, stderr } = await runCli(['lint', fileWith('hello')]);
    expect([exitCode, stderr]).toEqual([0, expect.stringContaining('finds nothing here that it knows')]);
  });

  test.each([
    [['lint', 'no-such-file'], 3, 'no such file or folder'],
    [['lint', `KEY=${pem}`], 2, 'argument 1 is no file and no token'],
  ])('refuses the text of a key and a file that is not there: exit %#', async (args, code, message) => {
    const { exitCode, stderr } = await runCli(args);
    expect([exitCode, stderr]).toEqual([code, expect.stringContaining(message)]);
    expect(stderr).not.toContain(pem.slice(30, 60));
  });
});

describe('a run that lints nothing is exit 2, also with --quiet', () => {
  const name = 'name files, folders or tokens, such as: jwtkit lint .env "$TOKEN"';
  const empty = temporaryFolder();
  const env = named('bad.env', 'SECRET_KEY=secret\n');
  const lintIt = `-e only sets variables; lint the file: jwtkit lint ${env}`;
  const variable = { env: { JWTKIT_ENV_FILE: env } };

  test.each<[string, string[], string, string, Parameters<typeof runCli>[1]?]>([
    ['without a target', [], ': standard input is empty', name],
    ['on a terminal', [], '', name, { terminals: ['stdin'] }],
    ['an empty pipe', ['-'], ': standard input is empty', name, { stdin: ' \n' }],
    ['-e', ['-e', env], ': standard input is empty', lintIt],
    ['-e on a terminal', ['-e', env], '', lintIt, { terminals: ['stdin'] }],
    ['JWTKIT_ENV_FILE', [], ': standard input is empty', lintIt.replace('-e', 'JWTKIT_ENV_FILE'), variable],
    ['an empty folder', [empty], `: no file of ${empty} is one to lint`, name, { stdin: 'SECRET_KEY=secret' }],
    ['the word Bearer', ['Bearer'], '', name],
  ])('%s', async (_, args, reason, hint, world) => {
    const expected = { exitCode: 2, stdout: '', stderr: `error: nothing to lint${reason}\nhint: ${hint}\n` };
    expect(await runCli(['lint', ...args], world)).toEqual(expected);
    expect(await runCli(['lint', ...args, '-q'], world)).toEqual(expected);
  });

  test('a variable with a token is a target, beside -e', async () => {
    const file = named('token.env', `TOKEN=${tutorialToken(tutorialSecret)}\n`);
    expect(await idsOf(['-e', file, '--token-env', 'TOKEN'])).toContain('token/weak-secret');
  });
});

describe('secrets', () => {
  test('--wordlist tries words of a team', async () => {
    const token = sign({ sub: 'a' }, 'the-name-of-our-dog');
    expect(await idsOf([token])).not.toContain('token/weak-secret');
    expect(await idsOf([token, '--wordlist', fileWith('cat\r\nthe-name-of-our-dog\r\n')])).toContain(
      'token/weak-secret',
    );
  });

  test('one secret in two files is found', async () => {
    const files = [named('.env', `SECRET_KEY=${goodSecret}\n`), named('.env', `SESSION_SECRET=${goodSecret}\n`)];
    const [found] = await lint(files);
    expect(found).toMatchObject({ id: 'secret/reused', message: `the secret is that of SECRET_KEY in ${files[0]}` });
  });

  test('one secret of several containers of a pod is found, and of one container not', async () => {
    const env = `env: [{ name: JWT_SECRET, value: ${goodSecret} }]`;
    const pod = (count: number) =>
      `kind: Pod\nspec:\n  containers:\n${Array.from({ length: count }, (_, at) => `    - name: c${at}\n      ${env}\n`).join('')}`;
    expect(await idsOf([named('pod.yaml', pod(2))])).toContain('secret/shared-by-services');
    expect(await idsOf([named('pod.yaml', pod(1))])).not.toContain('secret/shared-by-services');
  });

  test('no form of a report repeats a secret', { tags: 'slow' }, async () => {
    const secrets = ['wonderland-of-alice', 'please-change-this-thing', goodSecret];
    const env = named(
      '.env',
      secrets.map((secret, at) => `SECRET_${at}_KEY=${secret}\nJWT_SECRET_${at}_SECRET=${secret}\n`).join(''),
      0o666,
    );
    const users = named('users.json', JSON.stringify({ users: [{ name: 'a', password: secrets[0] }] }), 0o666);
    const token = sign(
      { password: secrets[0], api_key: secrets[1], email: 'alice@example.com', card: '4111111111111111' },
      'secret',
    );
    for (const format of ['text', 'json', 'junit', 'sarif', 'github', 'markdown']) {
      const { stdout, stderr } = await runCli(['lint', env, users, token, '--format', format]);
      for (const secret of [...secrets, 'alice@example.com', '4111111111111111', token])
        expect(stdout + stderr).not.toContain(secret);
    }
  });
});

describe.skipIf(process.platform === 'win32')('files', () => {
  test('finds modes by which others read or write', async () => {
    const pem = generateKeyPairSync('ed25519').privateKey.export({ format: 'pem', type: 'pkcs8' }) as string;
    expect(await idsOf([named('key.pem', pem, 0o644)])).toEqual(['file/secret-readable']);
    expect(await idsOf([named('key.pem', pem, 0o600)])).toEqual([]);
    expect(await idsOf([named('.env', `SECRET_KEY=${goodSecret}\n`, 0o666)])).toEqual([
      'file/writable-by-others',
      'file/setting-readable',
    ]);
  });

  test('finds keys that git tracks, and those that it would take in', async () => {
    const folder = temporaryFolder();
    const git = (...args: string[]) =>
      execFileSync('git', ['-C', folder, '-c', 'user.name=a', '-c', 'user.email=a', ...args]);
    git('init', '-q');
    for (const name of ['tracked', 'ignored', 'new']) {
      writeFileSync(join(folder, `${name}.env`), `SECRET_KEY=${goodSecret.replace('Z', name)}\n`, { mode: 0o600 });
    }
    writeFileSync(join(folder, '.gitignore'), 'ignored.env\n');
    git('add', 'tracked.env');
    const found = await lint(['tracked.env', 'ignored.env', 'new.env'].map((name) => join(folder, name)));
    expect(found.map(({ id, where }) => [id, where.name.slice(folder.length + 1)])).toEqual([
      ['file/tracked-by-git', 'tracked.env'],
      ['file/not-ignored-by-git', 'new.env'],
    ]);
  });

  test('does not take a link that git tracks for the key behind it', async () => {
    const folder = temporaryFolder();
    const key = named('key.env', `SECRET_KEY=${goodSecret}\n`);
    symlinkSync(key, join(folder, 'link.env'));
    execFileSync('git', ['-C', folder, 'init', '-q']);
    execFileSync('git', ['-C', folder, 'add', 'link.env']);
    expect(await idsOf([join(folder, 'link.env')])).toEqual([]);
  });

  test('runs no program that the configuration of a repository names', async () => {
    const folder = temporaryFolder();
    execFileSync('git', ['-C', folder, 'init', '-q']);
    const trace = join(folder, 'trace');
    const hook = named('monitor', `#!/bin/sh\ntouch ${trace}\n`, 0o700);
    execFileSync('git', ['-C', folder, 'config', 'core.fsmonitor', hook]);
    writeFileSync(join(folder, '.env'), `SECRET_KEY=${goodSecret}\n`, { mode: 0o600 });
    expect(await idsOf([join(folder, '.env')])).toEqual(['file/not-ignored-by-git']);
    expect(() => readFileSync(trace)).toThrow('ENOENT');
  });
});

describe('live targets', () => {
  test('--issuer-url looks at the metadata, the keys and their caching', async () => {
    const server = await serve({});
    const set = { keys: [{ kty: 'RSA', n: 'AQAB', e: 'AQAB' }] };
    const metadata = {
      body: JSON.stringify({
        issuer: 'https://other.example',
        jwks_uri: `${server.origin}/jwks.json`,
        id_token_signing_alg_values_supported: ['none'],
      }),
    };
    server.route({ '/.well-known/openid-configuration': metadata, '/jwks.json': { body: JSON.stringify(set) } });
    const ids = await idsOf(['--issuer-url', server.origin]);
    expect(ids).toEqual(
      expect.arrayContaining([
        'issuer/other-issuer',
        'issuer/none-supported',
        'key/rsa-too-small',
        'set/not-cacheable',
      ]),
    );
    expect(await idsOf(['--jwks', `${server.origin}/jwks.json`])).toContain('set/not-cacheable');
  });

  test('sends nothing of what it lints, and nothing at all without a URL', async () => {
    const server = await serve({ '/jwks.json': { body: '{"keys":[]}' } });
    const url = `${server.origin}/jwks.json`;
    const token = sign({ sub: 'a', iss: server.origin, jku: url }, goodSecret);
    const settings = named('.env', `SECRET_KEY=${goodSecret}\nJWKS_URL=${url}\nISSUER_URL=${server.origin}\n`);
    await lint([token, settings]);
    expect(server.requests).toEqual([]);
    await lint([token, settings, '--jwks', url]);
    expect(server.requests.map(({ path }) => path)).toEqual(['/jwks.json']);
    const sent = JSON.stringify(server.requests);
    for (const hidden of [token, goodSecret, 'authorization', 'cookie']) expect(sent).not.toContain(hidden);
  });

  test('plain HTTP to another machine is refused', async () => {
    const { exitCode } = await runCli(['lint', '--jwks', 'http://keys.example/jwks.json']);
    expect(exitCode).toBe(2);
  });
});

describe('levels', () => {
  const token = sign({ sub: 'a', iss: 'i', aud: 'a', iat: now, jti: '1', type: 'access', exp: now + 7200 }, goodSecret);
  test.each([
    [[], 0],
    [['--fail-on', 'warning'], 18],
    [['--fail-on', 'warning', '--rule', 'token/lifetime-too-long=off'], 0],
    [['--fail-on', 'warning', '--rule', 'token/lifetime-too-long=note'], 0],
    [['--rule', 'token/lifetime-too-long=error'], 18],
    [['--rule', 'token/lifetime-too-long=error', '--fail-on', 'never'], 0],
    [['--rule', 'token/lifetime-too-lon=off'], 2],
    [['--rule', 'token/lifetime-too-long=fatal'], 2],
  ])('%j exits %i', async (args, code) => {
    const { exitCode, stderr } = await runCli(['lint', token, ...args]);
    expect(exitCode, stderr).toBe(code);
  });

  test('a misspelt rule gets the right name', async () => {
    const { stderr } = await runCli(['lint', token, '--rule', 'token/no-expriy=off']);
    expect(stderr).toContain('did you mean token/no-expiry?');
  });

  test('the policy file gives levels, and a flag beats it', async () => {
    const policy = { lint: { rules: [{ id: 'token/lifetime-too-long', level: 'error', reason: 'we promised' }] } };
    const workingFolder = temporaryFolder();
    writeFileSync(join(workingFolder, 'jwtkit.config.json'), JSON.stringify(policy));
    expect((await runCli(['lint', token], { workingFolder })).exitCode).toBe(18);
    expect((await runCli(['lint', token, '--no-config'], { workingFolder })).exitCode).toBe(0);
    expect((await runCli(['lint', token, '--rule', 'token/lifetime-too-long=off'], { workingFolder })).exitCode).toBe(
      0,
    );
    expect((await runCli(['lint', token, '--rule', 'token/no-id=off'], { workingFolder })).exitCode).toBe(18);
  });

  test('the policy file refuses a rule without a reason, and an unknown rule', async () => {
    const config = (one: object) => fileWith(JSON.stringify({ lint: { rules: [one] } }));
    const withoutReason = await runCli(['lint', token, '--config', config({ id: 'token/no-id', level: 'off' })]);
    expect([withoutReason.exitCode, withoutReason.stderr]).toEqual([3, expect.stringContaining('/lint/rules/0')]);
    const unknown = await runCli([
      'lint',
      token,
      '--config',
      config({ id: 'token/no-ids', level: 'off', reason: 'r' }),
    ]);
    expect([unknown.exitCode, unknown.stderr]).toEqual([3, expect.stringContaining('did you mean token/no-id?')]);
  });

  test('--quiet prints nothing', async () => {
    const { exitCode, stdout, stderr } = await runCli(['lint', sign({}, 'secret'), '--quiet']);
    expect([exitCode, stdout, stderr]).toEqual([18, '', '']);
  });
});

describe('the list of rules', () => {
  test('as JSON says all about each', async () => {
    const listed = JSON.parse(await stdoutOf(['lint', '--list-rules', '--json']));
    expect(listed.map(({ id }: { id: string }) => id)).toEqual(rules.map(({ id }) => id));
  });

  test('as text names each with its level', async () => {
    const text = await stdoutOf(['lint', '--list-rules']);
    for (const { id, level } of rules) expect(text).toContain(`${id}  ${level}\n`);
  });

  test('docs/lint.md is made from the rules: npm run rules writes it anew', async () => {
    const page = readFileSync(join(import.meta.dirname, '../../../docs/lint.md'), 'utf8');
    const { stdout } = await runCli(['lint', '--list-rules', '--format', 'markdown']);
    expect(page.slice(page.indexOf('## Rules\n') + 10)).toBe(Buffer.from(stdout, 'utf8').toString());
  });
});
