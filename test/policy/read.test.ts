import { describe, expect, test } from 'vitest';
import { runCli } from '../cli/fake-io.js';
import { anyToken, folderWith } from './policy-folder.js';

describe('a policy file that is refused', () => {
  test.each<[string, string, string?]>([
    ['{"lifetimes":{"access":"soon"}}', '/lifetimes/access: expected a duration such as 15m, got "soon"'],
    ['{"lifetimes":{"access":900}}', '/lifetimes/access: expected a duration such as 15m, got 900'],
    ['{"lifetimes":{"access":"0m"}}', '/lifetimes/access: expected a duration such as 15m, got "0m"'],
    ['{"leeway":"2h"}', '/leeway: expected a duration of at most 1h, such as 30s, got "2h"'],
    ['{"issuer":["a",""]}', '/issuer/1: expected an issuer, text, got ""'],
    ['{"audience":["a","a"]}', 'a list of different ones, got a list that repeats a value'],
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
    ['{"allowNoExp":true}', '/allowNoExp: a policy cannot loosen a check'],
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
    ['{"issuer":"a",\ufeff"type":"access"}', ' is not JSON'],
  ])('refuses the policy %s', async (config, message, hint = '') => {
    const { world, file } = folderWith(config);
    const { exitCode, stdout, stderr } = await runCli(['verify', anyToken, '--json'], world);
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
    const { error } = JSON.parse(stderr.trimEnd().split('\n').at(-1) ?? '');
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message.startsWith(file)).toBe(true);
    expect(error.message).toContain(message);
    expect(error.hint ?? '').toContain(hint);
  });

  const value = 'correct horse battery staple';
  const pem = `-----BEGIN PRIVATE KEY-----\n${value}\n-----END PRIVATE KEY-----`;
  test.each<[object, string]>([
    [{ secret: value }, 'put it into a file or a variable, and name that'],
    [{ secretKey: value }, 'put it into a file or a variable, and name that'],
    [{ SECRET_KEY: value }, 'put it into a file or a variable, and name that'],
    [{ keys: { secret: value } }, 'put it into a file or a variable, and name that'],
    [{ passphrase: value }, 'put it into a file or a variable, and name that'],
    [{ privateKey: value }, 'put it into a keyring'],
    [{ keys: { private: value } }, 'put it into a keyring'],
    [{ privateKey: pem }, 'name the file of the public key'],
    [{ keys: { files: pem } }, 'name the file of the public key'],
    [{ issuer: pem }, 'name the file of the public key'],
    [{ keys: { secretEnv: value } }, ''],
    [{ keys: { secretFile: `${value}\n` } }, ''],
    [{ keys: value }, ''],
    [{ store: `redis://user:${value.replaceAll(' ', '-')}@host` }, 'into the variable JWTKIT_STORE'],
    [{ store: `redis://${encodeURIComponent(value)}@host` }, 'into the variable JWTKIT_STORE'],
    [{ keys: { jwks: `https://user:${value}@host/jwks.json` } }, ''],
    [{ keys: { issuerUrl: `https://user:${value}@host` } }, ''],
  ])('refuses a secret in a policy and does not repeat it: %j', async (config, hint) => {
    for (const extra of [[], ['--json'], ['--debug']]) {
      const { exitCode, stdout, stderr } = await runCli(['verify', anyToken, ...extra], folderWith(config).world);
      expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
      expect(stderr).not.toMatch(/horse|battery/);
      expect(stderr.replaceAll('\\"', '"')).toContain(hint);
    }
  });

  test('refuses a policy over 64 KiB, and shortens a long member name in the message', async () => {
    const large = await runCli(['verify', anyToken], folderWith(`{"issuer":"${'x'.repeat(70_000)}"}`).world);
    expect(large.exitCode).toBe(3);
    expect(large.stderr).toContain('is larger than 65536 bytes');
    const long = await runCli(['verify', anyToken], folderWith({ ['x\u001b[2J'.repeat(9000)]: 1 }).world);
    expect(long.exitCode).toBe(3);
    expect(long.stderr.length).toBeLessThan(1000);
    expect(long.stderr).not.toContain('\u001b');
  });
});
