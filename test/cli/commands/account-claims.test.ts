/** `--claim` of users and clients: what the file keeps, what the lists show, and which names are refused. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import { type FakeWorld, runCli, temporaryFolder, textOf } from '../fake-io.js';

let keyring: string;
beforeEach(() => {
  keyring = join(temporaryFolder(), 'keyring');
});

const env = { P: 'correct horse' };
const run = (args: readonly string[], world: FakeWorld = {}) =>
  runCli([...args, '--keyring', keyring, '--color', 'never'], { env, ...world });
const addAlice = (...args: string[]) =>
  run(['users', 'add', 'alice', '--sub', 'user-123', '--password-env', 'P', ...args]);
const addBilling = (...args: string[]) => run(['clients', 'add', 'billing', ...args]);
const listed = async (plural: 'users' | 'clients') => JSON.parse((await run([plural, 'list', '--json'])).stdout);

describe.each([
  ['users', addAlice, 'alice'],
  ['clients', addBilling, 'billing'],
] as const)('--claim of %s', (plural, add, name) => {
  test('add keeps texts and JSON, and the digits of numbers', async () => {
    const args = ['--claim', 'plan=pro', '--claim', 'seats:=5', '--claim', 'account:=100002348117421473'];
    const { exitCode, stderr } = await add(...args, '--claim', 'tenant:={"id":1.0,"tags":["a"]}', '--json');
    expect([exitCode, stderr]).toEqual([0, '']);
    const { stdout } = await run([plural, 'list', '--json']);
    const shown = '"claims":{"plan":"pro","seats":5,"account":100002348117421473,"tenant":{"id":1.0,"tags":["a"]}}';
    expect(stdout.replaceAll(/\s/g, '')).toContain(shown);
    // A later change of another member does not round them.
    await run([plural, 'set', name, '--scope', 'read']);
    expect(textOf(join(keyring, `${plural}.json`)).replaceAll(/\s/g, '')).toContain(shown);
  });

  test('set replaces all claims, --no-claims leaves none, and another list leaves them alone', async () => {
    await add('--claim', 'plan=pro', '--claim', 'seats:=5');
    const changed = await run([plural, 'set', name, '--claim', 'plan=free']);
    expect(changed.exitCode).toBe(0);
    expect(changed.stderr).toContain('claims plan');
    expect(changed.stderr).toContain(`tokens of ${name} keep what they say until they expire`);
    expect((await listed(plural))[0].claims).toEqual({ plan: 'free' });
    await run([plural, 'set', name, '--no-scopes']);
    expect((await listed(plural))[0].claims).toEqual({ plan: 'free' });
    expect((await run([plural, 'set', name, '--no-claims'])).exitCode).toBe(0);
    expect((await listed(plural))[0].claims).toEqual({});
    // Versions without claims read the file again.
    expect(textOf(join(keyring, `${plural}.json`))).not.toContain('claims');
  });

  test('list has a column for claims only if there are any', async () => {
    await add();
    expect((await run([plural, 'list', '--wide'])).stdout).not.toContain('CLAIMS');
    await run([plural, 'set', name, '--claim', 'plan=\u202epro']);
    const { stdout } = await run([plural, 'list', '--wide']);
    expect(stdout).toContain('CLAIMS');
    expect(stdout).toContain('{"plan":"');
    expect(stdout).not.toContain('\u202e');
  });

  test.each<[string, readonly string[], string]>([
    ['a subject', ['--claim', 'sub=mallory'], '--sub names the subject of a user'],
    ['a scope', ['--claim', 'scope=admin'], '--scope names the scopes'],
    ['a scope under its other name', ['--claim', 'scp:=["admin"]'], '--scope names the scopes'],
    ['a role', ['--claim', 'role=admin'], '--role names the roles of a user'],
    ['an audience', ['--claim', 'aud=api'], '--aud of clients and of serve names audiences'],
    ['an issuer', ['--claim', 'iss=https://issuer.example'], '--issuer-url of serve names the issuer'],
    ['an expiry', ['--claim', 'exp:=9999999999'], '--ttl of serve is the lifetime'],
    ...['nbf', 'iat', 'jti', 'type', 'family', 'session', 'client_id', 'auth_time'].map(
      (claim): [string, readonly string[], string] => [claim, ['--claim', `${claim}=x`], `jwtkit sets ${claim} itself`],
    ),
    ['roles under their other name', ['--claim', 'roles:=["admin"]'], '--role names the roles of a user'],
    ...['cnf', 'act', 'may_act', 'groups', 'entitlements', 'authorization_details', 'azp', 'sid', 'nonce', 'acr', 'amr']
      .concat('at_hash', 'c_hash', 'events', 'typ')
      .map((claim): [string, readonly string[], string] => [
        claim,
        ['--claim', `${claim}=x`],
        `verifiers take ${claim} as the issuer's word`,
      ]),
    ...['Exp', 'AUD', 'i\u017fs', 'Cnf', 'Role', '\u017fcope'].map((claim): [string, readonly string[], string] => [
      `${claim}, which some verifiers take for another`,
      ['--claim', `${claim}=x`],
      `may not have "${claim}"`,
    ]),
    ['a claim twice', ['--claim', 'plan=a', '--claim', 'plan=b'], '--claim: plan is given twice'],
    ['what is no JSON', ['--claim', 'seats:=five'], 'for a string write seats=…'],
    ['a claim without a value', ['--claim', 'plan'], 'is not name=value or name:=json'],
    ['too much', ['--claim', `plan=${'x'.repeat(4096)}`], 'have more than 4096 bytes as JSON'],
    ['deep nesting', ['--claim', `plan:=${'['.repeat(40)}${']'.repeat(40)}`], 'are nested too deeply'],
  ])('refuses %s, and says the way out', async (_name, args, message) => {
    const { exitCode, stderr } = await add(...args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
    expect(existsSync(keyring)).toBe(false);
  });

  test.each(['name', 'email', 'plan', 'tenant', 'act_on', 'type_of'])('takes %s', async (claim) => {
    expect((await add('--claim', `${claim}=x`)).exitCode).toBe(0);
  });

  test('--claim and --no-claims exclude each other', async () => {
    await add();
    const { exitCode, stderr } = await run([plural, 'set', name, '--claim', 'a=b', '--no-claims']);
    expect([exitCode, stderr]).toEqual([2, 'error: --claim and --no-claims exclude each other\n']);
  });
});
