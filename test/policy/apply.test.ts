import { generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { applyPolicy } from '../../src/policy/apply.js';
import { storedPair } from '../attacks/trusted-keys.js';
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
} from '../cli/fake-io.js';
import { serve } from '../remote/server.js';
import { anyToken, folderWith } from './policy-folder.js';

let keyring: string;
beforeAll(async () => {
  keyring = await makeKeyring('ES256');
});

const issue = (...args: string[]) => stdoutOf(['issue', '--keyring', keyring, ...args]);
/** The exit code of verifying under a policy that names the keyring as well. */
async function verdict(token: string, config: object, ...args: string[]): Promise<number> {
  const { world } = folderWith({ keys: { keyring }, ...config });
  return (await runCli(['verify', '--quiet', token, ...args], world)).exitCode;
}

describe('fixtures and probe with a policy file', () => {
  const policy = { issuer: ['https://i.example', 'https://j.example'], audience: 'api', typ: 'at+jwt' };
  const isAsked = async (config: object, ...args: string[]) => {
    const { world } = folderWith(config);
    const folder = join(temporaryFolder(), 'tokens');
    await stdoutOf(['fixtures', folder, '--keyring', keyring, ...args], world);
    const { iss, aud, typ } = JSON.parse(textOf(join(folder, 'manifest.json')));
    return { iss, aud, typ };
  };

  test('good tokens are what the policy accepts, and a flag beats it', { tags: 'slow' }, async () => {
    expect(await isAsked(policy)).toEqual({ iss: 'https://i.example', aud: 'api', typ: 'at+jwt' });
    expect(await isAsked(policy, '--aud', 'web')).toEqual({ iss: 'https://i.example', aud: 'web', typ: 'at+jwt' });
    expect(await isAsked({ audience: 'any' })).toEqual({ iss: null, aud: null, typ: null });
    expect(await isAsked(policy, '--no-config')).toEqual({ iss: null, aud: null, typ: null });
  });

  test('probe asks with the same tokens', { tags: 'slow' }, async () => {
    const { world } = folderWith(policy);
    const demands = '{"issuer":"https://i.example","audience":"api","typ":"at+jwt"}';
    const { stderr } = await runCli(['probe', 'jose', '--keyring', keyring, '--options', demands], world);
    expect(stderr).not.toContain('did not accept the good token');
    const other = await runCli(['probe', 'jose', '--keyring', keyring, '--options', demands, '--aud', 'web'], world);
    expect(other.stderr).toContain('the good token');
  });
});

describe('verify with a policy file', () => {
  test.each<[string, object, string[], string[]]>([
    ['issuer', { issuer: 'https://i.example' }, ['--iss', 'https://i.example'], ['--iss', 'https://i.example/']],
    ['issuers', { issuer: ['a', 'b'] }, ['--iss', 'b'], ['--iss', 'c']],
    ['audience', { audience: 'api' }, ['--aud', 'api', '--aud', 'web'], ['--aud', 'web']],
    ['audiences', { audience: ['api', 'admin'] }, ['--aud', 'admin'], []],
    ['type', { type: 'refresh' }, ['--type', 'refresh'], ['--type', 'access']],
    ['typ', { typ: 'at+jwt' }, ['--typ', 'application/at+jwt'], []],
    ['scopes', { scopes: ['read', 'write'] }, ['--scope', 'write read more'], ['--scope', 'read']],
    ['roles', { roles: ['admin'] }, ['--role', 'admin'], ['--role', 'user']],
    ['a required claim', { require: ['sub'] }, ['--sub', 'u'], []],
    [
      'required claims of values',
      { require: ['jti', { name: 'a=b', value: { n: [1] } }, { name: 'plan', value: 'pro' }] },
      ['--claims', 'FILE', '--claim', 'plan=pro'],
      ['--claim', 'plan=pro'],
    ],
  ])('verify refuses a token that does not meet the %s of the policy', async (_name, config, good, bad) => {
    const claims = fileWith('{"a=b":{"n":[1]}}');
    const made = (args: string[]) => issue(...args.map((arg) => (arg === 'FILE' ? claims : arg)));
    expect(await verdict(await made(good), config)).toBe(0);
    expect(await verdict(await made(bad), config)).toBe(16);
  });

  test('verify applies algorithms, maxAge and leeway of the policy', async () => {
    const token = await issue();
    expect(await verdict(token, { algorithms: ['RS256', 'ES256'] })).toBe(0);
    expect(await verdict(token, { algorithms: ['RS256'] })).toBe(12);
    expect(await verdict(token, { maxAge: '1m' }, '--at', '+59s')).toBe(0);
    expect(await verdict(token, { maxAge: '1m' }, '--at', '+61s')).toBe(14);
    expect(await verdict(token, { minTtl: '5m' }, '--at', '+25m')).toBe(0);
    expect(await verdict(token, { minTtl: '5m' }, '--at', '+1501s')).toBe(14);
    expect(await verdict(token, { minTtl: '5m' }, '--at', '+1501s', '--min-ttl', '1m')).toBe(0);
    expect(await verdict(token, {}, '--at', '+1801s')).toBe(14);
    expect(await verdict(token, { leeway: '30s' }, '--at', '+1801s')).toBe(0);
  });

  test('verify accepts the same tokens with an empty policy as without one', async () => {
    expect(await verdict(await issue(), { $schema: '../any/where.json' })).toBe(0);
    const { exitCode } = await runCli(['verify', '-q', await issue(), '--keyring', keyring], folderWith({}).world);
    expect(exitCode).toBe(0);
  });

  test('a flag, a variable and an env file each beat the policy', async () => {
    const token = await issue('--iss', 'mine');
    const { world } = folderWith({ issuer: 'other', keys: { keyring } });
    const envFile = fileWith('JWTKIT_ISS=mine\n');
    const verify = (args: string[], env = {}) =>
      runCli(['verify', token, '--claim', 'jti', ...args], { ...world, env });
    expect((await verify([])).exitCode).toBe(16);
    expect((await verify(['--iss', 'mine'])).exitCode).toBe(0);
    expect((await verify([], { JWTKIT_ISS: 'mine' })).exitCode).toBe(0);
    expect((await verify(['--env-file', envFile], { JWTKIT_ISS: 'other' })).exitCode).toBe(0);
    expect((await verify(['--iss', 'other'], { JWTKIT_ISS: 'mine' })).exitCode).toBe(16);
  });

  test('a flag replaces a list of the policy instead of adding to it', async () => {
    expect(await verdict(await issue('--aud', 'a'), { audience: ['a', 'b'] }, '--aud', 'c')).toBe(16);
    expect(await verdict(await issue('--scope', 'c'), { scopes: ['a'] }, '--scope', 'c')).toBe(0);
  });

  test('--json names the policy file that was applied, and none without a policy', async () => {
    const token = await issue();
    const { world, file } = folderWith({ keys: { keyring } });
    const report = async (args: string[], where = {}, env = {}) =>
      JSON.parse((await runCli(['verify', token, '--json', ...args], { ...where, env })).stdout);
    expect((await report([], world)).config).toBe(file);
    expect((await report(['--config', file])).config).toBe(file);
    expect((await report([], {}, { JWTKIT_CONFIG: file })).config).toBe(file);
    expect((await report(['--aud', 'x'], world)).config).toBe(file);
    expect(await report(['--no-config', '--keyring', keyring], world)).not.toHaveProperty('config');
  });
});

describe('issue with a policy file', () => {
  const claimsOf = async (config: object, ...args: string[]) => {
    const { world } = folderWith({ keys: { keyring }, ...config });
    return segmentOf(await stdoutOf(['issue', ...args], world), 1);
  };

  test('issue takes issuer, audience and lifetime from the policy', async () => {
    const config = { issuer: 'i', audience: ['api'], lifetimes: { access: '5m', refresh: '2d' } };
    expect(await claimsOf(config)).toMatchObject({ iss: 'i', aud: 'api', exp: now + 300 });
    expect(await claimsOf(config, '--type', 'refresh')).toMatchObject({ exp: now + 172_800 });
    expect(await claimsOf({ lifetimes: { access: '5m' } }, '--type', 'refresh')).toMatchObject({ exp: now + 604_800 });
    expect(await claimsOf(config, '--ttl', '1m', '--iss', 'j', '--aud', 'b')).toMatchObject({
      iss: 'j',
      aud: 'b',
      exp: now + 60,
    });
  });

  test('issue --pair takes issuer and lifetimes from the policy', async () => {
    const { world } = folderWith({ keys: { keyring }, issuer: 'i', lifetimes: { access: '5m', refresh: '2d' } });
    const pair = JSON.parse(await stdoutOf(['issue', '--pair'], world));
    expect(pair.expires_in).toBe(300);
    expect(segmentOf(pair.refresh_token, 1)).toMatchObject({ iss: 'i', exp: now + 172_800 });
  });

  test('issue prefers the iss and aud of --claim and --claims to those of the policy', async () => {
    const config = { issuer: 'i', audience: ['a', 'b'] };
    expect(await claimsOf(config, '--claim', 'iss=x', '--claim', 'aud=y')).toMatchObject({ iss: 'x', aud: 'y' });
    const file = fileWith('{"iss":"x","aud":["y"]}');
    expect(await claimsOf(config, '--claims', file)).toMatchObject({ iss: 'x', aud: ['y'] });
  });

  test('issue asks for --aud if the policy accepts several audiences', async () => {
    const { world, file } = folderWith({ keys: { keyring }, audience: ['a', 'b'] });
    const { exitCode, stdout, stderr } = await runCli(['issue', '--config', file], world);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toBe(`error: ${file}: /audience accepts 2 values\nhint: name one with --aud\n`);
  });

  test('issue grants no scope, role or claim that the policy demands', async () => {
    const demands = { scopes: ['read'], roles: ['admin'], require: [{ name: 'plan', value: 'pro' }], type: 'refresh' };
    const claims = await claimsOf({ ...demands, typ: 'at+jwt', maxAge: '1m' });
    expect(Object.keys(claims).sort()).toEqual(['exp', 'iat', 'jti', 'type']);
    expect(claims.type).toBe('access');
  });

  test('issue signs only with an algorithm that the policy allows', async () => {
    const rsa = fileWith(storedPair('rsa').privateKey.export({ format: 'pem', type: 'pkcs8' }));
    const { world, file } = folderWith({ algorithms: ['ES256', 'PS384', 'PS512'] });
    const algOf = async (...args: string[]) => segmentOf(await stdoutOf(['issue', ...args], world), 0).alg;
    expect(await algOf('--key', rsa)).toBe('PS384');
    expect(await algOf('--key', rsa, '--alg', 'RS256')).toBe('RS256');
    expect(await algOf('--keyring', keyring)).toBe('ES256');
    const { exitCode, stderr } = await runCli(['issue', '--secret-env', 'S', '--config', file], { env: { S: secret } });
    expect(exitCode).toBe(2);
    expect(stderr).toBe(`error: ${file}: /algorithms allows none of the key's algorithms: HS256\n`);
  });

  test('lifetimes of the policy beat ACCESS_TOKEN_EXPIRE_MINUTES, and JWTKIT_TTL beats them', async () => {
    const { world } = folderWith({ keys: { keyring }, lifetimes: { access: '5m' } });
    const expOf = async (env: Record<string, string>) => segmentOf(await stdoutOf(['issue'], { ...world, env }), 1).exp;
    expect(await expOf({ ACCESS_TOKEN_EXPIRE_MINUTES: '60' })).toBe(now + 300);
    expect(await expOf({ JWTKIT_TTL: '1m' })).toBe(now + 60);
  });
});

describe('refresh, revoke and keygen with a policy file', () => {
  test('refresh checks the old token by the policy, and sets the policy’s lifetime', async () => {
    const refresh = await issue('--type', 'refresh', '--sub', 'u', '--iss', 'i', '--aud', 'api');
    const run = (config: object, ...args: string[]) =>
      runCli(['refresh', refresh, ...args], folderWith({ keys: { keyring }, ...config }).world);
    const { stdout } = await run({ issuer: ['h', 'i'], audience: ['api', 'b'], lifetimes: { access: '5m' } });
    expect(segmentOf(stdout, 1)).toMatchObject({ iss: 'i', aud: 'api', exp: now + 300 });
    expect((await run({ issuer: 'j' })).exitCode).toBe(16);
    expect((await run({ audience: 'web' })).exitCode).toBe(16);
    expect((await run({ algorithms: ['RS256'] })).exitCode).toBe(2);
    expect((await run({}, '--at', '+604801s')).exitCode).toBe(14);
    expect((await run({ leeway: '30s' }, '--at', '+604801s')).exitCode).toBe(0);
    // What is demanded of access tokens is not demanded of the refresh token, nor granted to the new one.
    const demands = {
      scopes: ['read'],
      roles: ['admin'],
      require: ['plan'],
      typ: 'at+jwt',
      maxAge: '1s',
      type: 'access',
    };
    const { exitCode, stdout: renewed } = await run(demands, '--at', '+1m');
    expect(exitCode).toBe(0);
    expect(segmentOf(renewed, 1)).not.toHaveProperty('scope');
  });

  test("revoke uses the policy's keyring and its denylist", async () => {
    const own = await makeKeyring();
    const { world } = folderWith({ keys: { keyring: own } });
    const token = await stdoutOf(['issue'], world);
    await stdoutOf(['revoke', token], world);
    expect((await runCli(['verify', '-q', token], world)).exitCode).toBe(17);
    expect((await runCli(['verify', '-q', token, '--keyring', own])).exitCode).toBe(17);
  });

  test('keygen puts its key into the keyring of the policy', async () => {
    const { world, folder } = folderWith({ keys: { keyring: 'team' } });
    const kid = await stdoutOf(['keygen', '--alg', 'ES256'], world);
    expect(textOf(join(folder, 'team', 'jwks.json'))).toContain(kid);
  });
});

describe('the keys of a policy file', () => {
  const env = { S: secret, SECRET_KEY: `another ${secret}`, ALGORITHM: 'HS256' };
  const bySecret = () => stdoutOf(['issue', '--secret-env', 'S'], { env });

  test('the keys of a policy beat SECRET_KEY and ALGORITHM', async () => {
    const { world } = folderWith({ keys: { secretEnv: 'S' } });
    const token = await stdoutOf(['issue'], { ...world, env });
    expect((await runCli(['verify', '-q', token, '--secret-env', 'S'], { env })).exitCode).toBe(0);
    expect((await runCli(['verify', '-q', token], { ...world, env })).exitCode).toBe(0);
    expect((await runCli(['verify', '-q', token], { env })).exitCode).toBe(12);
  });

  test('a flag or a variable that names another kind of key replaces all keys of the policy', async () => {
    const { world } = folderWith({ keys: { secretFile: '/no/such' } });
    const token = await bySecret();
    expect((await runCli(['verify', '-q', token, '--secret-env', 'S'], { ...world, env })).exitCode).toBe(0);
    const variable = { ...env, JWTKIT_SECRET_ENV: 'S' };
    expect((await runCli(['verify', '-q', token], { ...world, env: variable })).exitCode).toBe(0);
    expect((await runCli(['verify', '-q', token], { ...world, env })).exitCode).toBe(3);
  });

  test('verify takes key files from the policy, and refuses a private key as --key does', async () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const [pub, priv] = [
      fileWith(publicKey.export({ format: 'pem', type: 'spki' })),
      fileWith(privateKey.export({ format: 'pem', type: 'pkcs8' })),
    ];
    const token = await stdoutOf(['issue', '--key', priv]);
    const verify = (files: string | string[]) =>
      runCli(['verify', token, '--json'], folderWith({ keys: { files } }).world);
    expect((await verify(pub)).exitCode).toBe(0);
    expect((await verify([join(keyring, 'jwks.json'), pub])).exitCode).toBe(0);
    expect((await verify(join(keyring, 'jwks.json'))).exitCode).not.toBe(0);
    const refused = await verify(priv);
    const asFlag = await runCli(['verify', token, '--json', '--key', priv]);
    expect({ ...refused, stderr: refused.stderr.replace(/^\{"note".*\n/, '') }).toEqual(asFlag);
    expect(JSON.parse(asFlag.stderr).error.code).toBe('KEY_INVALID');
  });

  test('issue and refresh sign with no other key if the policy names only keys that verify', async () => {
    const { world, file } = folderWith({ keys: { files: join(keyring, 'jwks.json') } });
    for (const args of [['issue'], ['refresh', anyToken]]) {
      const { exitCode, stdout, stderr } = await runCli([...args, '--config', file], { ...world, env });
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr).toBe(
        `error: ${file}: /keys names no key that this command can use\nhint: name the key with --key or --keyring\n`,
      );
    }
    expect((await runCli(['issue', '--keyring', keyring], world)).exitCode).toBe(0);
  });

  test('verify takes a JWK Set by URL or path, and the keys of an issuer, which it then demands as iss', async () => {
    const set = textOf(join(keyring, 'jwks.json'));
    const server = await serve({ '/jwks.json': { body: set } });
    const { origin } = server;
    const metadata = JSON.stringify({ issuer: origin, jwks_uri: `${origin}/jwks.json` });
    server.route({ '/jwks.json': { body: set }, '/.well-known/openid-configuration': { body: metadata } });
    const token = await issue('--iss', origin);
    const codeOf = async (config: object, ...args: string[]) =>
      (await runCli(['verify', '--quiet', token, ...args], { ...folderWith(config).world, env })).exitCode;
    const { file } = folderWith({ keys: { jwks: 'set.json' } });
    writeFileSync(join(file, '..', 'set.json'), set);
    expect(await codeOf({}, '--config', file)).toBe(0);
    expect(await codeOf({ keys: { jwks: `${origin}/jwks.json` } })).toBe(0);
    expect(await codeOf({ keys: { jwks: `${origin}/jwks.json` }, issuer: 'other' })).toBe(16);
    expect(await codeOf({ keys: { jwks: 'ftp://127.0.0.1/jwks.json' } })).not.toBe(0);
    expect(await codeOf({ keys: { issuerUrl: origin } })).toBe(0);
    expect(await codeOf({ keys: { issuerUrl: origin }, issuer: [origin, 'other'] })).toBe(0);
    expect(await codeOf({ keys: { issuerUrl: origin }, issuer: 'other' })).toBe(2);
    expect(await codeOf({ keys: { issuerUrl: origin } }, '--secret-env', 'S')).toBe(12);
    expect(await codeOf({ keys: { secretEnv: 'S' } }, '--jwks', `${origin}/jwks.json`)).toBe(0);
  });

  test('--secret-env replaces the keyring of the policy as a key, but not as the place of the denylist', async () => {
    const own = await makeKeyring();
    const token = await bySecret();
    await stdoutOf(['revoke', token, '--secret-env', 'S', '--store', `lmdb:${own}/denylist`], { env });
    const { world } = folderWith({ keys: { keyring: own } });
    expect((await runCli(['verify', '-q', token, '--secret-env', 'S'], { ...world, env })).exitCode).toBe(17);
  });

  test('a message about an unset variable names its place in the policy', async () => {
    const { world, file } = folderWith({ keys: { secretEnv: 'NOPE' } });
    const { exitCode, stderr } = await runCli(['issue', '--json'], world);
    expect(exitCode).toBe(2);
    expect(JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '').error.message).toBe(
      `the variable that ${file}: /keys/secretEnv names is not set`,
    );
  });
});

test.each(['files', 'jwks', 'secretFile', 'keyring'])(
  'the policy of the working folder names no standard input: keys.%s',
  (name) => {
    const options = new Set(['key', 'jwks', 'secretFile', 'keyring']);
    const command = { name: 'verify', options, given: new Set<string>() };
    const { values } = applyPolicy({ keys: { [name]: '-' } }, 'jwtkit.config.json', command);
    expect([...values.values()].flat()).toEqual([join('x', '-').replace('x', '.')]);
  },
);
