/** A token or a secret in the place of something else: no message repeats it, whatever it was typed for. */
import { createHmac } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { disguisedTokens, leakedParts } from '../disguised-tokens.js';
import { type FakeWorld, runCli, secret, temporaryFolder } from './fake-io.js';

/** A token that holds, and meets no demand: its report says on stdout what was asked for. */
const refused = (...demand: string[]): [string[], FakeWorld] => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${part({ alg: 'HS256' })}.${part({ exp: 4102444800, type: 'access', role: 'r', scope: 's', n: 1 })}`;
  const stdin = `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
  return [['verify', '-', '--secret-env', 'S', ...demand], { env: { S: secret }, stdin }];
};

/** Command lines that fail, and repeat what was typed. */
const places: Readonly<Record<string, (token: string) => [string[], FakeWorld?]>> = {
  'a command': (token) => [[token]],
  'a subcommand': (token) => [['keys', token]],
  'an option': (token) => [['decode', token.startsWith('--') ? token : `--${token}`]],
  'an option with a value': (token) => [['decode', `--${token}=x`]],
  'an argument too many': (token) => [['decode', 'a', token]],
  'the color': (token) => [['decode', 'a', '--color', token]],
  'a key file': (token) => [['verify', 'a', '--key', token]],
  'a keyring': (token) => [['verify', 'a', '--keyring', token]],
  'a secret file': (token) => [['verify', 'a', '--secret-file', token]],
  'a JWK Set': (token) => [['verify', 'a', '--jwks', token]],
  'the URL of a JWK Set': (token) => [['verify', 'a', '--jwks', `http://127.0.0.1:1/${token}`, '--timeout', '1s']],
  'an issuer': (token) => [['verify', 'a', '--issuer-url', `ftp://host/${token}`]],
  'a policy file': (token) => [['verify', 'a', '--config', token]],
  'an env file': (token) => [['verify', 'a', '-e', token]],
  'a variable': (token) => [['verify', 'a'], { env: { JWTKIT_KEY: token } }],
  'an algorithm': (token) => [['verify', 'a', '--alg', token]],
  'a duration': (token) => [['verify', 'a', '--leeway', token]],
  'a moment': (token) => [['verify', 'a', '--at', token]],
  'a demand': (token) => [['verify', 'a', '--require', `${token}:=x`]],
  'an audience demanded': (token) => refused('--aud', token),
  'an issuer demanded': (token) => refused('--iss', token),
  'a subject demanded': (token) => refused('--sub', token),
  'a scope demanded': (token) => refused('--scope', token),
  'a role demanded': (token) => refused('--role', token),
  'a media type demanded': (token) => refused('--typ', token),
  'a claim demanded': (token) => refused('--require', token),
  'a value demanded': (token) => refused('--require', `n=${token}`),
  'a batch': (token) => [['verify', '--batch', token, '--keyring', token]],
  'a number of workers': (token) => [['decode', '--batch', '--workers', token]],
  'a claims file': (token) => [['issue', '--claims', token, '--secret-env', 'S'], { env: { S: 's'.repeat(40) } }],
  'a claim': (token) => [['issue', '--claim', `${token}:=x`]],
  'a store': (token) => [['revoke', '--sub', 'a', '--store', token]],
  'a kid to retire': (token) => [['keys', 'retire', token, '--keyring', keyringFolder()]],
  'a key to import': (token) => [['keys', 'import', token, '--keyring', keyringFolder()]],
  'a subject': (token) => [['keygen', '--cert', 'c.pem', '--subject', token, '--keyring', keyringFolder()]],
  'an alternative name': (token) => [['keygen', '--cert', 'c', '--subject', 'CN=a', '--san', `${token} `]],
  'a port': (token) => [['serve', '--port', token]],
  'an origin': (token) => [['serve', '--cors', token]],
  'a file of users': (token) => [['serve', '--users', token, '--secret-env', 'S'], { env: { S: 's'.repeat(40) } }],
  'a user': (token) => [['users', 'remove', token, '--keyring', keyringFolder()]],
  'a password file': (token) => [['users', 'add', 'a', '--password-file', token, '--keyring', keyringFolder()]],
  'a member of a policy': (token) => [['verify', 'a', '--config', policyOf({ [token]: 1 })]],
  'a value of a policy': (token) => [['verify', 'a', '--config', policyOf({ algorithms: [token] })]],
};

function keyringFolder(): string {
  return join(temporaryFolder(), 'keyring');
}

function policyOf(policy: object): string {
  const folder = temporaryFolder();
  mkdirSync(folder, { recursive: true });
  const file = join(folder, 'policy.json');
  writeFileSync(file, JSON.stringify(policy));
  return file;
}

async function expectNoToken(place: string, token: string): Promise<void> {
  const [args, world] = (places[place] as (typeof places)[string])(token);
  for (const extra of [[], ['--json', '--debug']]) {
    const { stdout, stderr, exitCode } = await runCli([...args, ...extra], world);
    expect(exitCode, place).not.toBe(0);
    expect(exitCode, `${place}: ${stderr}`).not.toBe(1);
    expect(leakedParts(stdout + stderr, token), `${place}: ${stderr}`).toEqual([]);
  }
}

const common = ['as it is', 'its dots encoded', 'after an underscore', 'its header begins with a line end'];

describe('no message repeats a token that was typed for', () => {
  test.each(Object.keys(places))('%s', async (place) => {
    for (const disguise of common) await expectNoToken(place, disguisedTokens[disguise] as string);
  });
});

describe('no message repeats a token in disguise that was typed for', () => {
  test.each(['a command', 'an option', 'a key file', 'a duration'])('%s', async (place) => {
    for (const token of Object.values(disguisedTokens)) await expectNoToken(place, token);
  });
});

/** Notes that repeat what was typed, beside a token whose header is damaged. */
const noted: Readonly<Record<string, (text: string) => [string[], FakeWorld?]>> = {
  'a note': (text) => [['issue', '--aud', `${text},b`, '--secret-env', 'S'], { env: { S: secret } }],
  'an error': (text) => [['verify', 'a', '--at', text]],
  'a stack': (text) => [['verify', 'a', '--at', text, '--debug']],
};

describe('with --json, stderr stays JSON where a token is hidden behind a character that JSON escapes', () => {
  test.each(Object.keys(noted))('%s', async (place) => {
    for (const before of ['\u202e', '\u0085', '\n', '"', '\\', '##[']) {
      for (const disguise of ['as it is', 'its header damaged', 'its end']) {
        const token = disguisedTokens[disguise] as string;
        const [args, world] = (noted[place] as (typeof noted)[string])(`${before}${token}`);
        const { stderr } = await runCli([...args, '--json'], world);
        expect(leakedParts(stderr, token), stderr).toEqual([]);
        for (const line of stderr.trimEnd().split('\n')) {
          const { note, error } = JSON.parse(line);
          expect((note ?? error).message).toContain('[token]');
        }
      }
    }
  });
});

test('the prompt for a passphrase does not repeat a token', async () => {
  const token = disguisedTokens['as it is'] as string;
  const keyring = join(temporaryFolder(), token);
  const world: FakeWorld = { terminals: ['stdin', 'stderr'], answers: ['p', 'p', 'wrong'] };
  await runCli(['keygen', '--encrypt', '--keyring', keyring], world);
  const { stderr } = await runCli(['issue', '--sub', 'a', '--keyring', keyring], { ...world, answers: ['wrong'] });
  expect(stderr).toContain('passphrase of');
  expect(leakedParts(stderr, token)).toEqual([]);
});

test('a message repeats ordinary names', async () => {
  const { stderr } = await runCli(['verify', 'a', '--key', 'no.such.file.pem']);
  expect(stderr).toContain('no.such.file.pem');
});

/** Secrets that are no tokens. */
const secrets = [
  'hunter2-my-long-passphrase-0123456789',
  'correct-horse-battery-staple',
  'd8RNIJy8fm1srpqye54B7GlG3AjjStme',
  '+8RNIJy8fm1/rpqye54B7GlG3AjjStmeBw==',
  'QIkZ3vR8xQ1mT6_yB0nC4wH7jL2p-5sD',
  '9f86d081884c7d659a2feaa0c55ad015',
  'abcdefabcdefabcdef',
];

const issuing = { env: { S: 's'.repeat(40) } };
/** Where a key, a secret or a token is named. */
const secretPlaces: Readonly<Record<string, (secret: string) => [string[], FakeWorld?]>> = {
  '--key': (given) => [['verify', 'a.b.c', '--key', given]],
  '--key-env': (given) => [['verify', 'a.b.c', '--key-env', given]],
  JWTKIT_KEY: (given) => [['verify', 'a.b.c'], { env: { JWTKIT_KEY: given } }],
  JWTKIT_KEY_ENV: (given) => [['verify', 'a.b.c'], { env: { JWTKIT_KEY_ENV: given } }],
  '--key of issue': (given) => [['issue', '--sub', 'a', '--key', given]],
  '--key of encrypt': (given) => [['encrypt', '--key', given], { stdin: 'x' }],
  '--encrypt-to': (given) => [['issue', '--sub', 'a', '--secret-env', 'S', '--encrypt-to', given], issuing],
  '--secret-file': (given) => [['verify', 'a.b.c', '--secret-file', given]],
  '--secret-env': (given) => [['verify', 'a.b.c', '--secret-env', given]],
  '--secret-encoding': (given) => [['verify', 'a.b.c', '--secret-env', 'S', '--secret-encoding', given], issuing],
  '--passphrase-file': (given) => [['keygen', '--passphrase-file', given, '--keyring', keyringFolder()]],
  '--jwks': (given) => [['verify', 'a.b.c', '--jwks', given]],
  '--token-file': (given) => [['verify', '--token-file', given]],
  '--token-env': (given) => [['verify', '--token-env', given]],
  '--dotenv': (given) => [['verify', 'a.b.c', '-e', given]],
  '--tls-key': (given) => [['serve', '--demo', '--tls-cert', given, '--tls-key', given]],
  'keys import': (given) => [['keys', 'import', given, '--keyring', keyringFolder()]],
  'keys convert': (given) => [['keys', 'convert', given]],
  'keys thumbprint': (given) => [['keys', 'thumbprint', given]],
  lint: (given) => [['lint', given]],
  'users passwd': (given) => [['users', 'passwd', 'a', given]],
};

test.each(Object.entries(secretPlaces))('no message repeats a secret that was typed for %s', async (_place, place) => {
  for (const given of secrets) {
    const [args, world] = place(given);
    for (const extra of [[], ['--debug'], ['--json', '--debug']]) {
      const { stdout, stderr, exitCode } = await runCli([...args, ...extra], world);
      expect([2, 3], stderr).toContain(exitCode);
      expect(stdout + stderr).not.toContain(given);
    }
  }
});

test.each([
  'key.pem',
  './key',
  '../keys/a',
  'keys\\a',
  '/run/secrets/JwtKey1',
  'id_rsa',
  'jwt.key',
  '.key',
  'key2',
  'Key',
])('a message repeats the name of a file: %s', async (name) => {
  const { stderr } = await runCli(['verify', 'a.b.c', '--key', name], { cwd: temporaryFolder() } as FakeWorld);
  expect(stderr).toContain(`cannot read ${name}: no such`);
});
