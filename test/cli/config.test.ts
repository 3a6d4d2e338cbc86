import { generateKeyPairSync } from 'node:crypto';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { serve } from '../remote/server.js';
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
} from './fake-io.js';

const anyToken = unsigned({ sub: 'u', iat: now, exp: now + 60 });

/** A folder with a policy in it, and a run inside of it. */
function folderWith(config: object | string): { folder: string; file: string; world: { workingFolder: string } } {
  const folder = temporaryFolder();
  const file = join(folder, 'jwtkit.config.json');
  writeFileSync(file, typeof config === 'string' ? config : JSON.stringify(config));
  return { folder, file, world: { workingFolder: folder } };
}

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

describe('verify under a policy', () => {
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
  ])('%s', async (_name, config, good, bad) => {
    const claims = fileWith('{"a=b":{"n":[1]}}');
    const made = (args: string[]) => issue(...args.map((arg) => (arg === 'FILE' ? claims : arg)));
    expect(await verdict(await made(good), config)).toBe(0);
    expect(await verdict(await made(bad), config)).toBe(16);
  });

  test('algorithms, maxAge and leeway', async () => {
    const token = await issue();
    expect(await verdict(token, { algorithms: ['RS256', 'ES256'] })).toBe(0);
    expect(await verdict(token, { algorithms: ['RS256'] })).toBe(12);
    expect(await verdict(token, { maxAge: '1m' }, '--at', '+59s')).toBe(0);
    expect(await verdict(token, { maxAge: '1m' }, '--at', '+61s')).toBe(14);
    expect(await verdict(token, {}, '--at', '+1801s')).toBe(14);
    expect(await verdict(token, { leeway: '30s' }, '--at', '+1801s')).toBe(0);
  });

  test('an empty policy changes nothing', async () => {
    expect(await verdict(await issue(), { $schema: '../any/where.json' })).toBe(0);
    const { exitCode } = await runCli(['verify', '-q', await issue(), '--keyring', keyring], folderWith({}).world);
    expect(exitCode).toBe(0);
  });

  test('a flag beats it, and so does a variable, of the env file too', async () => {
    const token = await issue('--iss', 'mine');
    const { world } = folderWith({ issuer: 'other', keys: { keyring } });
    const envFile = fileWith('JWTKIT_ISS=mine\n');
    const verify = (args: string[], env = {}) => runCli(['verify', '-q', token, ...args], { ...world, env });
    expect((await verify([])).exitCode).toBe(16);
    expect((await verify(['--iss', 'mine'])).exitCode).toBe(0);
    expect((await verify([], { JWTKIT_ISS: 'mine' })).exitCode).toBe(0);
    expect((await verify(['--env-file', envFile], { JWTKIT_ISS: 'other' })).exitCode).toBe(0);
    expect((await verify(['--iss', 'other'], { JWTKIT_ISS: 'mine' })).exitCode).toBe(16);
    expect((await verify([], { JWTKIT_ISS: '' })).exitCode).toBe(16);
  });

  test('a flag replaces a list, it does not add to it', async () => {
    expect(await verdict(await issue('--aud', 'a'), { audience: ['a', 'b'] }, '--aud', 'c')).toBe(16);
    expect(await verdict(await issue('--scope', 'c'), { scopes: ['a'] }, '--scope', 'c')).toBe(0);
  });

  test('--json says which policy was applied, whichever way it was found, and nothing where there is none', async () => {
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

describe('which file', () => {
  const issuerOf = async (args: string[], world: Parameters<typeof runCli>[1]) =>
    segmentOf(await stdoutOf(['issue', '--keyring', keyring, ...args], world), 1).iss;

  test('--config before JWTKIT_CONFIG before the working folder; one only', async () => {
    const { world } = folderWith({ issuer: 'folder', audience: 'folder' });
    const [flag, variable] = ['flag', 'variable'].map((issuer) => fileWith(JSON.stringify({ issuer })));
    const env = { JWTKIT_CONFIG: variable as string };
    expect(await issuerOf([], world)).toBe('folder');
    expect(await issuerOf([], { ...world, env })).toBe('variable');
    expect(await issuerOf([], { ...world, env: { JWTKIT_CONFIG: '' } })).toBe('folder');
    expect(await issuerOf(['--config', flag as string], { ...world, env })).toBe('flag');
    const token = await stdoutOf(['issue', '--keyring', keyring], { ...world, env });
    expect(segmentOf(token, 1)).not.toHaveProperty('aud');
  });

  test('JWTKIT_CONFIG counts in an env file', async () => {
    const envFile = fileWith(`JWTKIT_CONFIG=${fileWith('{"issuer":"there"}')}\n`);
    expect(await issuerOf(['--env-file', envFile], folderWith({ issuer: 'folder' }).world)).toBe('there');
  });

  test('--no-config takes none, of the variable neither', async () => {
    const { world, file } = folderWith({ issuer: 'folder' });
    expect(await issuerOf(['--no-config'], { ...world, env: { JWTKIT_CONFIG: file } })).toBeUndefined();
    expect(await issuerOf(['--no-config'], folderWith('nonsense').world)).toBeUndefined();
  });

  test('a named file that is not there is exit 3, whatever the command', async () => {
    for (const args of [['decode', anyToken], ['inspect', anyToken], ['keygen'], ['revoke', '--list']]) {
      const { exitCode, stdout, stderr } = await runCli([...args, '--config', '/no/such.json']);
      expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
      expect(stderr).toBe('error: cannot read /no/such.json: no such file or folder\n');
    }
  });

  test('what is at the name and cannot be read does not pass for no policy', async () => {
    const dangling = temporaryFolder();
    symlinkSync('/no/such', join(dangling, 'jwtkit.config.json'));
    const occupied = temporaryFolder();
    mkdirSync(join(occupied, 'jwtkit.config.json'));
    for (const workingFolder of [dangling, occupied]) {
      const { exitCode, stderr } = await runCli(['verify', anyToken, '--keyring', keyring], { workingFolder });
      expect(exitCode).toBe(3);
      expect(stderr).toContain('hint: name another with --config, or pass --no-config');
    }
  });

  test('a bad one in the working folder stops what it would act on, and nothing else', async () => {
    const { world, file } = folderWith({ issuer: 1 });
    for (const args of [['verify', anyToken], ['issue'], ['refresh', 'x'], ['revoke', 'x'], ['keygen']]) {
      const { exitCode, stdout, stderr } = await runCli(args, world);
      expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
      expect(stderr).toContain(`error: ${file}: /issuer: expected an issuer, or a list of different ones, got 1\n`);
    }
    for (const args of [
      ['decode', anyToken],
      ['inspect', anyToken],
      ['verify', '--help'],
    ]) {
      expect((await runCli(args, world)).exitCode).toBe(0);
    }
  });

  test('paths in it begin at its own folder', async () => {
    const { folder, file } = folderWith({ keys: { keyring: basename(keyring) }, store: 'lmdb:revoked' });
    symlinkSync(keyring, join(folder, basename(keyring)));
    const token = await stdoutOf(['issue', '--config', file]);
    expect((await runCli(['verify', '-q', token, '--config', file])).exitCode).toBe(0);
    await stdoutOf(['revoke', token, '--config', file]);
    expect((await runCli(['verify', '-q', token, '--config', file])).exitCode).toBe(17);
    expect(
      (await runCli(['verify', '-q', token, '--config', file, '--store', `lmdb:${folder}/revoked`])).exitCode,
    ).toBe(17);
  });
});

describe('a policy that nobody named', () => {
  const config = () => ({ issuer: 'i', scopes: ['read'], lifetimes: { access: '5m' }, keys: { keyring } });

  test('is told of on stderr, with what it sets in this command', async () => {
    const { world, file } = folderWith(config());
    const noteOf = async (args: string[]) => /^note: .*$/m.exec((await runCli(args, world)).stderr)?.[0];
    expect(await noteOf(['issue'])).toBe(`note: ${file} sets issuer, lifetimes, keys`);
    expect(await noteOf(['verify', anyToken])).toBe(`note: ${file} sets issuer, scopes, keys`);
    expect(await noteOf(['verify', anyToken, '--iss', 'x', '--key', 'x'])).toBe(`note: ${file} sets scopes, keys`);
    expect(await noteOf(['revoke', '--list'])).toBe(`note: ${file} sets keys`);
  });

  test('but not where it sets nothing, was named, or nothing is to be printed', async () => {
    const { world, file } = folderWith(config());
    const runs = [
      runCli(['issue', '--config', file], world),
      runCli(['issue'], { ...world, env: { JWTKIT_CONFIG: file } }),
      runCli(['issue', '--json'], world),
      runCli(['verify', '--quiet', anyToken], world),
      runCli(['issue', '--keyring', keyring], folderWith({ scopes: ['read'] }).world),
    ];
    for (const { stderr } of await Promise.all(runs)) expect(stderr).toBe('');
  });
});

describe('issue under a policy', () => {
  const claimsOf = async (config: object, ...args: string[]) => {
    const { world } = folderWith({ keys: { keyring }, ...config });
    return segmentOf(await stdoutOf(['issue', ...args], world), 1);
  };

  test('names the issuer and the audience, and lives as long as it says', async () => {
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

  test('a pair too', async () => {
    const { world } = folderWith({ keys: { keyring }, issuer: 'i', lifetimes: { access: '5m', refresh: '2d' } });
    const pair = JSON.parse(await stdoutOf(['issue', '--pair'], world));
    expect(pair.expires_in).toBe(300);
    expect(segmentOf(pair.refresh_token, 1)).toMatchObject({ iss: 'i', exp: now + 172_800 });
  });

  test('claims that were given stand, whichever way', async () => {
    const config = { issuer: 'i', audience: ['a', 'b'] };
    expect(await claimsOf(config, '--claim', 'iss=x', '--claim', 'aud=y')).toMatchObject({ iss: 'x', aud: 'y' });
    const file = fileWith('{"iss":"x","aud":["y"]}');
    expect(await claimsOf(config, '--claims', file)).toMatchObject({ iss: 'x', aud: ['y'] });
  });

  test('of several accepted values one has to be named', async () => {
    const { world, file } = folderWith({ keys: { keyring }, audience: ['a', 'b'] });
    const { exitCode, stdout, stderr } = await runCli(['issue', '--config', file], world);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toBe(`error: ${file}: /audience accepts 2 values\nhint: name one with --aud\n`);
  });

  test('grants nothing that verify demands', async () => {
    const demands = { scopes: ['read'], roles: ['admin'], require: [{ name: 'plan', value: 'pro' }], type: 'refresh' };
    const claims = await claimsOf({ ...demands, typ: 'at+jwt', maxAge: '1m' });
    expect(Object.keys(claims).sort()).toEqual(['exp', 'iat', 'jti', 'type']);
    expect(claims.type).toBe('access');
  });

  test('signs with an algorithm that the policy allows, or not at all', async () => {
    const rsa = fileWith(
      generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'pem', type: 'pkcs8' }),
    );
    const { world, file } = folderWith({ algorithms: ['ES256', 'PS384', 'PS512'] });
    const algOf = async (...args: string[]) => segmentOf(await stdoutOf(['issue', ...args], world), 0).alg;
    expect(await algOf('--key', rsa)).toBe('PS384');
    expect(await algOf('--key', rsa, '--alg', 'RS256')).toBe('RS256');
    expect(await algOf('--keyring', keyring)).toBe('ES256');
    const { exitCode, stderr } = await runCli(['issue', '--secret-env', 'S', '--config', file], { env: { S: secret } });
    expect(exitCode).toBe(2);
    expect(stderr).toBe(`error: ${file}: /algorithms allows none of the key's algorithms: HS256\n`);
  });

  test('lifetimes beat the variables of frameworks, not those of jwtkit', async () => {
    const { world } = folderWith({ keys: { keyring }, lifetimes: { access: '5m' } });
    const expOf = async (env: Record<string, string>) => segmentOf(await stdoutOf(['issue'], { ...world, env }), 1).exp;
    expect(await expOf({ ACCESS_TOKEN_EXPIRE_MINUTES: '60' })).toBe(now + 300);
    expect(await expOf({ JWTKIT_TTL: '1m' })).toBe(now + 60);
  });
});

describe('refresh and revoke under a policy', () => {
  test('the refresh token must meet issuer, audience and algorithms; lifetimes are of the new tokens', async () => {
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

  test('keygen makes its keys in the keyring of the policy', async () => {
    const { world, folder } = folderWith({ keys: { keyring: 'team' } });
    const kid = await stdoutOf(['keygen', '--alg', 'ES256'], world);
    expect(textOf(join(folder, 'team', 'jwks.json'))).toContain(kid);
  });
});

describe('keys of a policy', () => {
  const env = { S: secret, SECRET_KEY: `another ${secret}`, ALGORITHM: 'HS256' };
  const bySecret = () => stdoutOf(['issue', '--secret-env', 'S'], { env });

  test('come before the pair of SECRET_KEY and ALGORITHM', async () => {
    const { world } = folderWith({ keys: { secretEnv: 'S' } });
    const token = await stdoutOf(['issue'], { ...world, env });
    expect((await runCli(['verify', '-q', token, '--secret-env', 'S'], { env })).exitCode).toBe(0);
    expect((await runCli(['verify', '-q', token], { ...world, env })).exitCode).toBe(0);
    expect((await runCli(['verify', '-q', token], { env })).exitCode).toBe(12);
  });

  test('give way, as a whole, to a flag or a variable of another kind', async () => {
    const { world } = folderWith({ keys: { secretFile: '/no/such' } });
    const token = await bySecret();
    expect((await runCli(['verify', '-q', token, '--secret-env', 'S'], { ...world, env })).exitCode).toBe(0);
    const variable = { ...env, JWTKIT_SECRET_ENV: 'S' };
    expect((await runCli(['verify', '-q', token], { ...world, env: variable })).exitCode).toBe(0);
    expect((await runCli(['verify', '-q', token], { ...world, env })).exitCode).toBe(3);
  });

  test('files verify, one or several, and a private key is refused as it is by --key', async () => {
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
    expect(refused).toEqual(asFlag);
    expect(JSON.parse(refused.stderr).error.code).toBe('KEY_INVALID');
  });

  test('that only verify do not sign, and nothing else signs in their place', async () => {
    const { world, file } = folderWith({ keys: { files: join(keyring, 'jwks.json') } });
    for (const args of [['issue'], ['refresh', anyToken]]) {
      const { exitCode, stdout, stderr } = await runCli([...args, '--config', file], { ...world, env });
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr).toBe(
        `error: ${file}: /keys names keys that do not serve here\nhint: name the key with --key or --keyring\n`,
      );
    }
    expect((await runCli(['issue', '--keyring', keyring], world)).exitCode).toBe(0);
  });

  test('a JWK Set by URL and by path, and the keys of an issuer, who is then the iss', async () => {
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

  test('a keyring gives way as a key and stays as the place of the denylist', async () => {
    const own = await makeKeyring();
    const token = await bySecret();
    await stdoutOf(['revoke', token, '--secret-env', 'S', '--store', `lmdb:${own}/denylist`], { env });
    const { world } = folderWith({ keys: { keyring: own } });
    expect((await runCli(['verify', '-q', token, '--secret-env', 'S'], { ...world, env })).exitCode).toBe(17);
  });

  test('a variable that is not set is told of by its place in the policy', async () => {
    const { world, file } = folderWith({ keys: { secretEnv: 'NOPE' } });
    const { exitCode, stderr } = await runCli(['issue', '--json'], world);
    expect(exitCode).toBe(2);
    expect(JSON.parse(stderr).error.message).toBe(`the variable that ${file}: /keys/secretEnv names is not set`);
  });
});

describe('what a policy may not hold', () => {
  test.each<[string, string, string?]>([
    ['{"lifetimes":{"access":"soon"}}', '/lifetimes/access: expected a duration such as 15m, got "soon"'],
    ['{"lifetimes":{"access":900}}', '/lifetimes/access: expected a duration such as 15m, got 900'],
    ['{"lifetimes":{"access":"0m"}}', '/lifetimes/access: expected a duration such as 15m, got "0m"'],
    ['{"leeway":"2h"}', '/leeway: expected a duration of at most 1h, such as 30s, got "2h"'],
    ['{"issuer":["a",""]}', '/issuer/1: expected an issuer, text, got ""'],
    ['{"audience":["a","a"]}', 'a list of different ones, got a list that says something twice'],
    ['{"roles":[]}', '/roles: expected a list of different roles, one or more, got an empty list'],
    ['{"keys":[{"kty":"EC"}]}', 'secretFile or secretEnv, got a list'],
    ['{"issuer":null}', '/issuer: expected an issuer, or a list of different ones, got null'],
    ['{"algorithms":["none"]}', '/algorithms/0: expected an algorithm such as RS256, got "none"'],
    ['{"type":"any"}', '/type: expected access or refresh, got "any"'],
    ['{"keys":{}}', 'secretFile or secretEnv, got an empty object'],
    ['{"keys":{"keyring":"a","files":"b"}}', 'secretFile or secretEnv, got an object with keyring, files'],
    ['{"audiance":"x"}', '/audiance: there is no such member', 'did you mean audience?'],
    ['{"aud":"x"}', '/aud: there is no such member', 'did you mean audience?'],
    ['{"secretEnv":"x"}', '/secretEnv: there is no such member', 'did you mean keys/secretEnv?'],
    ['{"keys":{"jwks_uri":"x"}}', '/keys/jwks_uri: there is no such member', 'did you mean keys/jwks?'],
    ['{"key":"verify.pem"}', '/key: there is no such member', 'did you mean keys?'],
    ['{"x":"y"}', '/x: there is no such member', 'there are issuer, audience, algorithms'],
    ['{"a/b~c":1}', '/a~1b~0c: there is no such member'],
    ['{"__proto__":{}}', '/__proto__: there is no such member'],
    ['{"allowNoExp":true}', '/allowNoExp: it would let more tokens pass, which is for a flag to ask'],
    [
      '{"keys":{"jwks":"http://issuer.example/jwks.json"}}',
      '/keys/jwks: the URL of the JWK Set is plain HTTP',
      'use https',
    ],
    ['{"keys":{"issuerUrl":"http://issuer.example"}}', "/keys/issuerUrl: the issuer's URL is plain HTTP", 'use https'],
    ['{"issuer":"a","issuer":"b"}', ' has a duplicate member name'],
    ['{"issuer":"a",}', ' is not JSON', 'JSON has no comments and no trailing commas'],
    ['["issuer"]', ' is an array, not a JSON object'],
    ['', ' is empty'],
    ['\ufeff{}', ' is not JSON'],
  ])('%s', async (config, message, hint = '') => {
    const { world, file } = folderWith(config);
    const { exitCode, stdout, stderr } = await runCli(['verify', anyToken, '--json'], world);
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
    const { error } = JSON.parse(stderr);
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message.startsWith(file)).toBe(true);
    expect(error.message).toContain(message);
    expect(error.hint ?? '').toContain(hint);
  });

  const value = 'correct horse battery staple';
  const pem = `-----BEGIN PRIVATE KEY-----\n${value}\n-----END PRIVATE KEY-----`;
  test.each<[object, string]>([
    [{ secret: value }, 'leave it in a file or a variable, and name that'],
    [{ secretKey: value }, 'leave it in a file or a variable, and name that'],
    [{ SECRET_KEY: value }, 'leave it in a file or a variable, and name that'],
    [{ keys: { secret: value } }, 'leave it in a file or a variable, and name that'],
    [{ passphrase: value }, 'leave it in a file or a variable, and name that'],
    [{ privateKey: value }, 'leave it in a keyring'],
    [{ keys: { private: value } }, 'leave it in a keyring'],
    [{ privateKey: pem }, 'name the file that holds the public key'],
    [{ keys: { files: pem } }, 'name the file that holds the public key'],
    [{ issuer: pem }, 'name the file that holds the public key'],
    [{ keys: { secretEnv: value } }, ''],
    [{ keys: { secretFile: `${value}\n` } }, ''],
    [{ keys: value }, ''],
    [{ store: `redis://user:${value.replaceAll(' ', '-')}@host` }, 'belongs in the variable JWTKIT_STORE'],
    [{ store: `redis://${encodeURIComponent(value)}@host` }, 'belongs in the variable JWTKIT_STORE'],
    [{ keys: { jwks: `https://user:${value}@host/jwks.json` } }, ''],
    [{ keys: { issuerUrl: `https://user:${value}@host` } }, ''],
  ])('no secret, and none is repeated: %j', async (config, hint) => {
    for (const extra of [[], ['--json'], ['--debug']]) {
      const { exitCode, stdout, stderr } = await runCli(['verify', anyToken, ...extra], folderWith(config).world);
      expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
      expect(stderr).not.toMatch(/horse|battery/);
      expect(stderr.replaceAll('\\"', '"')).toContain(hint);
    }
  });

  test('nothing large, and no name of any length is repeated whole', async () => {
    const large = await runCli(['verify', anyToken], folderWith(`{"issuer":"${'x'.repeat(70_000)}"}`).world);
    expect(large.exitCode).toBe(3);
    expect(large.stderr).toContain('is larger than 65536 bytes');
    const long = await runCli(['verify', anyToken], folderWith({ ['x\u001b[2J'.repeat(9000)]: 1 }).world);
    expect(long.exitCode).toBe(3);
    expect(long.stderr.length).toBeLessThan(1000);
    expect(long.stderr).not.toContain('\u001b');
  });
});
