import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { exportPrivatePem } from '../../../src/jose/pem.js';
import {
  type FakeWorld,
  fileWith,
  hasModes,
  modeOf,
  runCli,
  secret,
  stdoutOf,
  temporaryFolder,
  textOf,
} from '../fake-io.js';

const passphrase = 'correct horse';
const env = { P: passphrase };
const terminals = ['stdin', 'stderr'] as const;
const keygen = ['keygen', '--alg', 'ES256', '--kid', 'k1'];

/** A keyring whose key is encrypted, and the same key in a file that is not. */
let keyring: string;
let plain: string;
beforeAll(async () => {
  keyring = join(temporaryFolder(), 'keyring');
  await stdoutOf([...keygen, '--keyring', keyring, '--passphrase-env', 'P'], { env });
  plain = fileWith(exportPrivatePem(generateKeyPairSync('ed25519').privateKey));
});

const issue = (args: readonly string[], world?: FakeWorld) =>
  runCli(['issue', '--sub', 'user-123', '--keyring', keyring, ...args], world);

describe('keygen', () => {
  test('keygen encrypts the private key and says in JSON that it is encrypted', async () => {
    const folder = join(temporaryFolder(), 'keyring');
    const { stdout, stderr } = await runCli([...keygen, '--keyring', folder, '--passphrase-env', 'P', '--json'], {
      env,
    });
    expect(JSON.parse(stdout)).toEqual({ kid: 'k1', alg: 'ES256', keyring: folder, encrypted: true });
    expect(stderr).toBe('');
    expect(textOf(join(folder, 'k1.pem'))).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----\n/);
    if (hasModes) expect(modeOf(join(folder, 'k1.pem'))).toBe(0o600);
  });

  test('keys rotate notes that the old key is encrypted and the new key is not', async () => {
    const folder = join(temporaryFolder(), 'keyring');
    await stdoutOf([...keygen, '--keyring', folder, '--passphrase-env', 'P'], { env });
    const guarded = await runCli(['keys', 'rotate', '--keyring', folder, '--kid', 'k2', '--passphrase-env', 'P'], {
      env,
    });
    expect(guarded.stderr).not.toContain('not encrypted');
    const open = await runCli(['keys', 'rotate', '--keyring', folder, '--kid', 'k3']);
    expect(open.exitCode).toBe(0);
    expect(open.stderr).toContain('note: the new key is not encrypted, the one it replaces is;');
    const after = await runCli(['keys', 'rotate', '--keyring', folder, '--kid', 'k4']);
    expect(after.stderr).not.toContain('not encrypted');
  });

  test('keygen notes that other keys of the keyring are encrypted and the new key is not', async () => {
    const folder = join(temporaryFolder(), 'keyring');
    const first = await runCli(['keygen', '--alg', 'ES256', '--keyring', folder]);
    expect(first.stderr).not.toContain('not encrypted');
    const guarded = await runCli([...keygen, '--keyring', folder, '--passphrase-env', 'P'], { env });
    expect(guarded.stderr).not.toContain('not encrypted');
    const open = await runCli(['keygen', '--alg', 'ES256', '--keyring', folder]);
    expect(open.exitCode).toBe(0);
    expect(open.stderr).toContain('note: the new key is not encrypted, others of the keyring are;');
  });

  test('encrypts a standalone private key, on stdout too', async () => {
    const path = join(temporaryFolder(), 'guarded.pem');
    const made = await stdoutOf([...keygen, '--private', path, '--passphrase-env', 'P', '--json'], { env });
    expect(JSON.parse(made)).toEqual({ kid: 'k1', alg: 'ES256', private: path, encrypted: true });
    const printed = await stdoutOf([...keygen, '--private', '-', '--passphrase-env', 'P'], { env });
    for (const pem of [textOf(path), printed]) {
      expect(createPrivateKey({ key: pem, passphrase }).asymmetricKeyType).toBe('ec');
    }
  });

  test('keygen encrypts with the passphrase of a variable', async () => {
    const folder = join(temporaryFolder(), 'keyring');
    await stdoutOf([...keygen, '--keyring', folder], { env: { ...env, JWTKIT_PASSPHRASE_ENV: 'P' } });
    expect(textOf(join(folder, 'k1.pem'))).toContain('ENCRYPTED');
  });

  test('--encrypt asks twice on a terminal', async () => {
    const path = join(temporaryFolder(), 'guarded.pem');
    const asked = await runCli([...keygen, '--private', path, '--encrypt'], {
      terminals,
      answers: ['p\u00e4ss', 'p\u00e4ss'],
    });
    expect(asked.exitCode).toBe(0);
    expect(asked.stderr).toBe(`new passphrase: \nthe same again: \nwrote ${path}\n`);
    expect(createPrivateKey({ key: textOf(path), passphrase: 'p\u00e4ss' }).type).toBe('private');
  });

  test.each([
    [['one', 'another'], 'the two passphrases differ'],
    [[''], 'no passphrase was typed'],
    [['x'.repeat(1024), 'x'.repeat(1024)], 'a passphrase has at most 1023 bytes, this one has 1024'],
  ])('refuses a bad typed passphrase: %#', async (answers, message) => {
    const folder = join(temporaryFolder(), 'keyring');
    const { exitCode, stdout, stderr } = await runCli(
      [...keygen, '--keyring', folder, '--encrypt', '--color', 'never'],
      {
        terminals,
        answers,
      },
    );
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(`error: ${message}\n`);
    expect(existsSync(folder)).toBe(false);
  });

  test.each([[[]], [['stdin']], [['stderr']]] as const)(
    '--encrypt does not ask without a terminal: %j',
    async (some) => {
      const { exitCode, stderr } = await runCli([...keygen, '--encrypt'], { terminals: some, answers: ['p', 'p'] });
      expect(exitCode).toBe(2);
      expect(stderr).toContain('no terminal to ask for a passphrase at');
      expect(stderr).toContain('--passphrase-file or --passphrase-env');
    },
  );

  test('keygen asks nothing without --encrypt', async () => {
    const { stderr } = await runCli([...keygen, '--keyring', join(temporaryFolder(), 'keyring')], { terminals });
    expect(stderr).not.toContain('passphrase');
  });

  test('--encrypt takes the passphrase that is named instead of asking', async () => {
    const path = join(temporaryFolder(), 'guarded.pem');
    const { stderr } = await runCli([...keygen, '--private', path, '--encrypt', '--passphrase-env', 'P'], {
      env,
      terminals,
    });
    expect(stderr).toBe(`wrote ${path}\n`);
    expect(createPrivateKey({ key: textOf(path), passphrase }).type).toBe('private');
  });

  test.each([
    ['a\nb', 'a line end or a NUL'],
    ['a\r\nb\n', 'a line end or a NUL'],
    ['a\0b', 'a line end or a NUL'],
    ['', 'is empty'],
    ['\n', 'is empty'],
    ['x'.repeat(1024), 'at most 1023 bytes'],
  ])('refuses a passphrase file that openssl would read otherwise: %#', async (content, message) => {
    const folder = join(temporaryFolder(), 'keyring');
    const file = fileWith(content);
    const { exitCode, stderr } = await runCli([...keygen, '--keyring', folder, '--passphrase-file', file]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
    expect(existsSync(folder)).toBe(false);
  });

  test.each([
    [['--alg', 'HS256', '--private', 'S', '--passphrase-env', 'P'], 'a shared secret is not encrypted'],
    [['--alg', 'HS256', '--private', 'S', '--encrypt'], 'a shared secret is not encrypted'],
    [['--private', 'S', '--format', 'jwk', '--passphrase-env', 'P'], 'a JWK is not encrypted'],
    [['--private', 'S', '--format', 'jwk', '--encrypt'], 'a JWK is not encrypted'],
  ])('refuses --encrypt for keys that cannot be encrypted: %j', async (args, message) => {
    const path = join(temporaryFolder(), 'out');
    const { exitCode, stderr } = await runCli(['keygen', ...args.map((arg) => (arg === 'S' ? path : arg))], {
      env,
      terminals,
    });
    expect(exitCode).toBe(2);
    expect(stderr).toContain(message);
    expect(existsSync(path)).toBe(false);
  });

  test('a passphrase variable does not stop a new secret, but stops an unencrypted private key', async () => {
    const world = { env: { ...env, JWTKIT_PASSPHRASE_ENV: 'P' } };
    const path = join(temporaryFolder(), 'out');
    expect((await runCli(['keygen', '--alg', 'HS256', '--private', path], world)).exitCode).toBe(0);
    const { exitCode, stderr } = await runCli([...keygen, '--private', `${path}2`, '--format', 'jwk'], world);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('JWTKIT_PASSPHRASE_ENV is for a private key, a JWK is not encrypted');
  });
});

describe('issue', () => {
  test.each([
    ['--passphrase-file', () => ['--passphrase-file', fileWith(passphrase)], {}],
    ['a line end after it', () => ['--passphrase-file', fileWith(`${passphrase}\n`)], {}],
    ['a line end of Windows', () => ['--passphrase-file', fileWith(`${passphrase}\r\n`)], {}],
    ['--passphrase-env', () => ['--passphrase-env', 'P'], env],
    ['JWTKIT_PASSPHRASE_ENV', () => [], { ...env, JWTKIT_PASSPHRASE_ENV: 'P' }],
    ['the flag over the variable', () => ['--passphrase-env', 'P'], { ...env, JWTKIT_PASSPHRASE_FILE: '/nowhere' }],
  ])('opens the key with %s', async (_name, args, variables) => {
    const { exitCode, stdout, stderr } = await issue(args(), { env: variables });
    expect([exitCode, stderr]).toEqual([0, '']);
    expect((await runCli(['verify', stdout.trim(), '--keyring', keyring])).exitCode).toBe(0);
  });

  test('opens an encrypted key in a file by JWTKIT_PASSPHRASE_FILE, DER as well', async () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const key = fileWith(privateKey.export({ format: 'der', type: 'pkcs8', cipher: 'aes-256-cbc', passphrase }));
    const JWTKIT_PASSPHRASE_FILE = fileWith(passphrase);
    expect((await runCli(['issue', '--key', key], { env: { JWTKIT_PASSPHRASE_FILE } })).exitCode).toBe(0);
  });

  test('drops the line end behind a passphrase of random bytes', async () => {
    const random = Buffer.concat([Buffer.of(0x01, 0xff), Buffer.from('passphrase')]);
    const own = join(temporaryFolder(), 'keyring');
    const made = await runCli(['keygen', '--keyring', own, '--passphrase-file', fileWith(random)]);
    expect(made.exitCode, made.stderr).toBe(0);
    const file = fileWith(Buffer.concat([random, Buffer.from('\n')]));
    const opened = await runCli(['issue', '--keyring', own, '--passphrase-file', file]);
    expect(opened.exitCode, opened.stderr).toBe(0);
  });

  test('drops only one line end of a passphrase', async () => {
    const { exitCode, stderr } = await issue(['--passphrase-file', fileWith(`${passphrase}\n\n`)]);
    expect(exitCode).toBe(3);
    expect(stderr).toBe(
      `error: ${join(keyring, 'k1.pem')}: wrong passphrase for the private key\nhint: what --passphrase-file names begins or ends with white space, such as a line end: remove it\n`,
    );
  });

  test('does not ask if a passphrase is named, the key is not encrypted, or there is no terminal', async () => {
    const question = 'passphrase of';
    expect((await issue(['--passphrase-env', 'P'], { env, terminals })).stderr).not.toContain(question);
    expect((await runCli(['issue', '--key', plain], { terminals })).stderr).not.toContain(question);
    for (const some of [['stdin'], ['stderr'], ['stdout']] as const) {
      const { exitCode, stderr } = await issue([], { terminals: some, answers: [passphrase] });
      expect(exitCode).toBe(3);
      expect(stderr).not.toContain(question);
    }
  });

  test('a wrong passphrase and an empty one have different errors', async () => {
    const wrong = await issue(['--json'], { terminals, answers: ['hunter2'] });
    expect([wrong.exitCode, wrong.stdout]).toEqual([3, '']);
    expect(wrong.stderr).toContain('PASSPHRASE_WRONG');
    expect(wrong.stderr).not.toContain('hunter2');
    const none = await issue(['--json'], { terminals, answers: [''] });
    expect(none.exitCode).toBe(3);
    expect(none.stderr).toContain('KEY_ENCRYPTED');
  });

  test('notes that a named passphrase was not needed', async () => {
    const { exitCode, stderr } = await runCli(['issue', '--key', plain, '--passphrase-env', 'P'], { env });
    expect(exitCode).toBe(0);
    expect(stderr).toBe('note: the key is not encrypted, --passphrase-env was not needed\n');
    const byVariable = await runCli(['issue', '--key', plain], { env: { ...env, JWTKIT_PASSPHRASE_ENV: 'P' } });
    expect(byVariable.stderr).toBe('note: the key is not encrypted, JWTKIT_PASSPHRASE_ENV was not needed\n');
  });

  test('a secret has no passphrase; a variable may be meant for other keys', async () => {
    const variables = { ...env, S: secret };
    const flagged = await runCli(['issue', '--secret-env', 'S', '--passphrase-env', 'P'], { env: variables });
    expect([flagged.exitCode, flagged.stdout]).toEqual([2, '']);
    expect(flagged.stderr).toContain('--passphrase-env is for a private key, a shared secret is not encrypted');
    const byVariable = await runCli(['issue', '--secret-env', 'S'], {
      env: { ...variables, JWTKIT_PASSPHRASE_ENV: 'P' },
    });
    expect([byVariable.exitCode, byVariable.stderr]).toEqual([0, '']);
  });

  test.each([
    [
      ['--passphrase-file', 'f', '--passphrase-env', 'P'],
      {},
      '--passphrase-file and --passphrase-env exclude each other',
    ],
    [
      [],
      { JWTKIT_PASSPHRASE_FILE: 'f', JWTKIT_PASSPHRASE_ENV: 'P' },
      'JWTKIT_PASSPHRASE_FILE and JWTKIT_PASSPHRASE_ENV exclude each other',
    ],
    [['--passphrase-env', 'NOBODY'], {}, 'the variable that --passphrase-env names is not set'],
    [[], { JWTKIT_PASSPHRASE_ENV: 'NOBODY' }, 'the variable that JWTKIT_PASSPHRASE_ENV names is not set'],
    [['--passphrase-file', ''], {}, '--passphrase-file: the value is empty'],
  ])('refuses %j %j', async (args, variables, message) => {
    const { exitCode, stderr } = await issue(args, { env: { ...env, ...variables } });
    expect(exitCode).toBe(2);
    expect(stderr).toContain(`error: ${message}\n`);
  });

  test('an error does not repeat a passphrase given as a name', async () => {
    for (const option of ['--passphrase-file', '--passphrase-env']) {
      const { exitCode, stdout, stderr } = await issue([option, 'my-secret-words', '--debug']);
      expect([exitCode === 2 || exitCode === 3, stdout]).toEqual([true, '']);
      expect(stderr).toContain(option);
      expect(stderr).not.toContain('my-secret-words');
    }
  });

  test('takes a passphrase of any bytes from a file', async () => {
    const bytes = Buffer.from('ff00fe0a0d80', 'hex');
    const { privateKey } = generateKeyPairSync('ed25519');
    const key = fileWith(exportPrivatePem(privateKey, { passphrase: bytes }));
    expect((await runCli(['issue', '--key', key, '--passphrase-file', fileWith(bytes)])).exitCode).toBe(0);
  });
});

test('refresh opens an encrypted key, and asks before it reads the token', async () => {
  const pair = JSON.parse((await issue(['--pair', '--passphrase-env', 'P'], { env })).stdout);
  const refresh = ['refresh', pair.refresh_token, '--keyring', keyring];
  expect((await runCli(refresh)).exitCode).toBe(3);
  expect((await runCli([...refresh, '--passphrase-env', 'P'], { env })).exitCode).toBe(0);
  const asked = await runCli(refresh, { terminals, answers: [passphrase] });
  expect([asked.exitCode, asked.stderr]).toEqual([0, `passphrase of ${join(keyring, 'k1.pem')}: \n`]);
});

test('verify and revoke need no passphrase, and have no option for one', async () => {
  const token = (await issue(['--passphrase-env', 'P'], { env })).stdout.trim();
  expect((await runCli(['verify', token, '--keyring', keyring])).exitCode).toBe(0);
  expect((await runCli(['verify', token, '--keyring', keyring, '--passphrase-env', 'P'], { env })).exitCode).toBe(2);
  expect((await runCli(['revoke', token, '--keyring', keyring])).exitCode).toBe(0);
});

test('refuses an encrypted key that does not match the set', async () => {
  const other = join(temporaryFolder(), 'keyring');
  await stdoutOf([...keygen, '--keyring', other]);
  writeFileSync(join(other, 'k1.pem'), textOf(join(keyring, 'k1.pem')));
  const { exitCode, stderr } = await runCli(['issue', '--keyring', other, '--passphrase-env', 'P', '--json'], { env });
  expect(exitCode).toBe(3);
  expect(stderr).toContain('KEYRING_INVALID');
});
