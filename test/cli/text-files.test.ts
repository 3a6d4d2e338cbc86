/**
 * Every text file that a command reads: a byte order mark is no part of it, and another encoding or a NUL is named. A reader
 * that is added belongs into the table.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compactDecrypt } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { issuerKeys } from '../../src/remote/issuer.js';
import { remoteKeys } from '../../src/remote/jwks.js';
import { isPassword } from '../../src/store/accounts/password.js';
import { readUsers } from '../../src/store/accounts/users.js';
import { openDocumentCache } from '../../src/store/document-cache.js';
import { damages, encodings } from '../encodings.js';
import { serve } from '../remote/server.js';
import {
  fileWith,
  makeKeyring,
  now,
  type RunResult,
  runCli,
  secret,
  stdoutOf,
  temporaryFolder,
  textOf,
} from './fake-io.js';

/** What a file holds, and the command that reads it and succeeds. */
interface Reader {
  readonly text: () => string;
  run(file: string, content: string | Uint8Array): Promise<RunResult>;
}

let keyring: string;
let token: string;
/** Texts of files by their names. */
const made = { set: '', jwk: '', pem: '', publicPem: '', users: '', clients: '', certificate: '', certifiedKey: '' };
/** Paths of a key and of its certificate. */
let certified: { key: string; certificate: string };

beforeAll(async () => {
  keyring = await makeKeyring();
  token = await stdoutOf(['issue', '--sub', 'u', '--keyring', keyring]);
  const folder = temporaryFolder();
  const [key, certificate, users, clients] = ['web.pem', 'web.crt', 'users.json', 'clients.json'].map((name) =>
    join(folder, name),
  ) as [string, string, string, string];
  certified = { key, certificate };
  await stdoutOf(['keygen', '--alg', 'ES256', '--private', key, '--cert', certificate, '--subject', 'CN=web']);
  const add = ['users', 'add', 'alice', '--sub', 'user-1', '--password-env', 'P', '--users', users];
  await stdoutOf(add, { env: { P: 'wonderland' } });
  await stdoutOf(['clients', 'add', 'web', '--clients', clients]);
  made.set = textOf(join(keyring, 'jwks.json'));
  made.jwk = JSON.stringify(JSON.parse(made.set).keys[0]);
  made.pem = textOf(join(keyring, 'k1.pem'));
  made.publicPem = await stdoutOf(['keys', 'export', 'k1', '--keyring', keyring]);
  made.users = textOf(users);
  made.clients = textOf(clients);
  made.certificate = textOf(certificate);
  made.certifiedKey = textOf(key);
});

const verify = (...args: string[]) => runCli(['verify', token, '--claim', 'jti', ...args]);

function issue(args: readonly string[], stdin?: string | Uint8Array): Promise<RunResult> {
  return runCli(['issue', '--secret-env', 'S', ...args], { env: { S: secret }, ...(stdin && { stdin }) });
}

/** Reads the files of TLS and ends before it listens, since the keyring is missing. */
async function serveWith(...args: string[]): Promise<RunResult> {
  const result = await runCli(['serve', '--port', '0', '--keyring', '/no/such', ...args]);
  return result.stderr.includes('there is no keyring') ? { ...result, exitCode: 0 } : result;
}

const newKeyring = () => join(temporaryFolder(), 'keyring');

function issueFrom(files: Readonly<Record<string, string | Uint8Array>>): Promise<RunResult> {
  const folder = newKeyring();
  mkdirSync(folder);
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return runCli(['issue', '--keyring', folder]);
}

const policy = () => JSON.stringify({ algorithms: ['ES256'], keys: { keyring } });

const readers: Readonly<Record<string, Reader>> = {
  'an env file': {
    text: () => `JWTKIT_KEYRING=${keyring}\nJWTKIT_ALG=ES256\n`,
    run: (file) => verify('-e', file),
  },
  'an env file of the environment': {
    text: () => `JWTKIT_KEYRING=${keyring}\n`,
    run: (file) => runCli(['verify', token, '--claim', 'jti'], { env: { JWTKIT_ENV_FILE: file } }),
  },
  'a policy': { text: policy, run: (file) => verify('--config', file) },
  'a policy in the working folder': {
    text: policy,
    run: (_file, content) => {
      const workingFolder = temporaryFolder();
      writeFileSync(join(workingFolder, 'jwtkit.config.json'), content);
      return runCli(['verify', token, '--claim', 'jti'], { workingFolder });
    },
  },
  'a public key in PEM': { text: () => made.publicPem, run: (file) => verify('--key', file) },
  'a private key in PEM': { text: () => made.pem, run: (file) => runCli(['issue', '--key', file]) },
  'a JWK': { text: () => made.jwk, run: (file) => verify('--key', file) },
  'a JWK Set as a key': { text: () => made.set, run: (file) => verify('--key', file) },
  'a JWK Set': { text: () => made.set, run: (file) => verify('--jwks', file) },
  'a certificate as a key': {
    text: () => made.certificate,
    run: async (file) => {
      const stdin = await stdoutOf(['issue', '--key', certified.key]);
      return runCli(['verify', '--claim', 'jti', '--key', file], { stdin });
    },
  },
  'a certificate for an export': {
    text: () => made.certificate,
    run: async (file) => {
      const folder = newKeyring();
      await stdoutOf(['keys', 'import', certified.key, '--kid', 'web', '--keyring', folder]);
      return runCli(['keys', 'export', 'web', '--format', 'jwk', '--cert', file, '--keyring', folder]);
    },
  },
  'a key to import': {
    text: () => made.pem,
    run: (file) => runCli(['keys', 'import', file, '--keyring', newKeyring()]),
  },
  'a JWK to import': {
    text: () => made.jwk,
    run: (file) => runCli(['keys', 'import', file, '--keyring', newKeyring()]),
  },
  'a key to import from stdin': {
    text: () => made.pem,
    run: (_file, stdin) => runCli(['keys', 'import', '-', '--keyring', newKeyring()], { stdin }),
  },
  'a key whose thumbprint is asked for': { text: () => made.jwk, run: (file) => runCli(['keys', 'thumbprint', file]) },
  'the set of a keyring': {
    text: () => made.set,
    run: (_file, content) => issueFrom({ 'jwks.json': content, 'k1.pem': made.pem }),
  },
  'the private half of a keyring': {
    text: () => made.pem,
    run: (_file, content) => issueFrom({ 'jwks.json': made.set, 'k1.pem': content }),
  },
  'claims in a file': { text: () => '{"sub":"u"}', run: (file) => issue(['--claims', file]) },
  'claims on stdin': { text: () => '{"sub":"u"}', run: (_file, stdin) => issue(['--claims', '-'], stdin) },
  'users.json': { text: () => made.users, run: (file) => runCli(['users', 'list', '--users', file]) },
  'clients.json': { text: () => made.clients, run: (file) => runCli(['clients', 'list', '--clients', file]) },
  'the certificate of serve': {
    text: () => made.certificate,
    run: (file) => serveWith('--tls-cert', file, '--tls-key', certified.key),
  },
  'the key of serve': {
    text: () => made.certifiedKey,
    run: (file) => serveWith('--tls-cert', certified.certificate, '--tls-key', file),
  },
};

describe.each(Object.entries(readers))('%s', (_name, reader) => {
  const run = (encode: (text: string) => string | Uint8Array) => {
    const content = encode(reader.text());
    return reader.run(fileWith(content), content);
  };

  test.each([
    ['as it is', (text: string) => text],
    ['with a byte order mark', (text: string) => `\ufeff${text}`],
    ['with a byte order mark and CRLF', (text: string) => `\ufeff${text.replaceAll('\n', '\r\n')}`],
  ])('reads the file %s', async (_how, encode) => {
    const { exitCode, stderr } = await run(encode);
    expect(exitCode, stderr).toBe(0);
  });

  test.each([...encodings, ...damages])('a file in %s is exit 3 and says so', async (_how, encode, problem) => {
    const { exitCode, stdout, stderr } = await run(encode);
    expect(stderr).toMatch(problem);
    expect(stderr).toContain('hint: save it as UTF-8\n');
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
  });
});

describe('fetched keys', () => {
  const clock = () => now;

  test('a fetched JWK Set and the metadata of an issuer may begin with a byte order mark, cached or not', async () => {
    const server = await serve({ '/jwks': { body: `\ufeff${made.set}` } });
    const issuer = server.origin;
    const metadata = JSON.stringify({ issuer, jwks_uri: `${issuer}/jwks` });
    server.route({
      '/jwks': { body: `\ufeff${made.set}` },
      '/.well-known/openid-configuration': { body: `\ufeff${metadata}` },
    });
    const cache = openDocumentCache(join(temporaryFolder(), 'cache'), { now: clock });
    for (const more of [{ cache }, { cache, offline: true }, {}]) {
      const keys = await issuerKeys(issuer, { now: clock, ...more }).keys(now);
      expect(keys.map(({ kid }) => kid)).toEqual(['k1']);
    }
    expect(server.requests).toHaveLength(4);
  });

  test.each([...encodings, ...damages])(
    'a fetched JWK Set in %s is refused by name',
    async (_name, encode, problem) => {
      const server = await serve({ '/jwks': { body: encode(made.set) } });
      const fetched = remoteKeys(`${server.origin}/jwks`, { now: clock }).keys(now);
      const error = await Promise.resolve(fetched).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ code: 'JWKS_INVALID', message: expect.stringMatching(problem) });
    },
  );
});

/** Random bytes that no text begins with, and no key. */
const random = (length: number) => Buffer.concat([Buffer.of(0x01, 0xff), randomBytes(length - 2)]);

describe('binary files stay unchanged', () => {
  test('a key in DER', async () => {
    const file = join(temporaryFolder(), 'key.der');
    const options = ['--private', '--format', 'der', '--out', file];
    await stdoutOf(['keys', 'export', 'k1', ...options, '--keyring', keyring]);
    const imported = await runCli(['keys', 'import', file, '--keyring', newKeyring()]);
    expect(imported.exitCode, imported.stderr).toBe(0);
  });

  test.each([
    ['random bytes', random(48)],
    ['zeros among them', Buffer.concat([random(16), Buffer.alloc(8), randomBytes(16)])],
    ['a line end at the end', Buffer.concat([random(40), Buffer.from('\n')])],
    ['a line end of Windows at the end', Buffer.concat([random(40), Buffer.from('\r\n')])],
    ['a text and zeros', Buffer.concat([Buffer.from(secret), Buffer.alloc(64)])],
    [
      'what looks like a byte order mark before no text',
      Buffer.concat([Buffer.of(0xef, 0xbb, 0xbf, 0xff, 0x01), randomBytes(32)]),
    ],
  ])('a secret: %s', async (_name, bytes) => {
    const { exitCode, stdout, stderr } = await runCli(['issue', '--secret-file', fileWith(bytes)]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    const [header, claims, signature] = stdout.trim().split('.');
    expect(createHmac('sha256', bytes).update(`${header}.${claims}`).digest('base64url')).toBe(signature);
  });

  test('a shared secret of 32 bytes that ends with a line end encrypts', async () => {
    const bytes = Buffer.concat([random(31), Buffer.from('\n')]);
    const args = ['--secret-file', fileWith(bytes), '--alg', 'dir', '--enc', 'A256GCM'];
    const encrypted = await stdoutOf(['encrypt', fileWith('content'), ...args]);
    const { plaintext } = await compactDecrypt(encrypted, bytes);
    expect(Buffer.from(plaintext).toString()).toBe('content');
  });

  test.each(['\n', '\r\n'])('a secret in Latin-1 is a text, and loses its line end %j', async (end) => {
    const text = Buffer.from('ein Geheimnis für alle Müller und Bäcker', 'latin1');
    const stdout = await stdoutOf(['issue', '--secret-file', fileWith(Buffer.concat([text, Buffer.from(end)]))]);
    const [header, claims, signature] = stdout.trim().split('.');
    expect(createHmac('sha256', text).update(`${header}.${claims}`).digest('base64url')).toBe(signature);
  });
});

describe('secrets, passphrases and passwords', () => {
  const note = /^note: the byte order mark that begins the file of --\w+-file is left out; .*\n/;
  let guarded: string | undefined;
  const makeGuarded = async () => {
    const folder = newKeyring();
    const keygen = ['keygen', '--alg', 'ES256', '--keyring', folder, '--passphrase-env', 'P'];
    await stdoutOf(keygen, { env: { P: secret } });
    return folder;
  };
  const uses: readonly [string, (file: string) => Promise<RunResult>][] = [
    ['a secret that signs', (file) => runCli(['issue', '--secret-file', file])],
    [
      'a secret that verifies',
      async (file) => {
        const stdin = await stdoutOf(['issue', '--secret-env', 'S'], { env: { S: secret } });
        return runCli(['verify', '--secret-file', file], { stdin });
      },
    ],
    [
      'a passphrase that opens',
      async (file) => {
        guarded ??= await makeGuarded();
        return runCli(['issue', '--keyring', guarded, '--passphrase-file', file]);
      },
    ],
    [
      'a passphrase that closes',
      async (file) => {
        const folder = newKeyring();
        const keygen = ['keygen', '--alg', 'ES256', '--kid', 'k', '--keyring', folder, '--passphrase-file', file];
        const result = await runCli(keygen);
        if (result.exitCode !== 0) return result;
        await stdoutOf(['issue', '--keyring', folder, '--passphrase-env', 'P'], { env: { P: secret } });
        return result;
      },
    ],
    [
      'a password',
      async (file) => {
        const users = join(temporaryFolder(), 'users.json');
        const add = ['users', 'add', 'bob', '--sub', 'user-2', '--users', users, '--password-file', file];
        const result = await runCli(add);
        if (result.exitCode !== 0) return result;
        expect(await isPassword(secret, readUsers(users)[0]?.passwordHash)).toBe(true);
        return result;
      },
    ],
  ];

  describe.each(uses)('%s', (_name, use) => {
    test('drops a byte order mark, with a note', async () => {
      const { exitCode, stderr } = await use(fileWith(`\ufeff${secret}\r\n`));
      expect(stderr).toMatch(note);
      expect(stderr).not.toContain(secret);
      expect(exitCode, stderr).toBe(0);
    });

    test.each(encodings)('a file in %s is exit 3 and says so', async (_encoding, encode, problem) => {
      const { exitCode, stdout, stderr } = await use(fileWith(encode(`${secret}\r\n`)));
      expect(stderr).toMatch(problem);
      expect(stderr).toContain('hint: save it as UTF-8');
      expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
    });
  });

  test('a password that is not UTF-8 is exit 3', async () => {
    const users = join(temporaryFolder(), 'users.json');
    const add = ['users', 'add', 'bob', '--sub', 'user-2', '--users', users, '--password-file'];
    const { exitCode, stderr } = await runCli([...add, fileWith(Buffer.of(0x61, 0xff))]);
    expect(stderr).toBe('error: the file that --password-file names is not UTF-8 in line 1\nhint: save it as UTF-8\n');
    expect(exitCode).toBe(3);
  });

  test('--quiet prints no note, and --json prints it as JSON', async () => {
    const stdin = await stdoutOf(['issue', '--secret-env', 'S'], { env: { S: secret } });
    for (const flag of ['--quiet', '--json']) {
      const marked = ['verify', flag, '--secret-file', fileWith(`\ufeff${secret}`)];
      expect(await runCli(marked, { stdin })).toMatchObject({
        exitCode: 0,
        stderr: flag === '--quiet' ? '' : expect.stringMatching(/^\{"note":\{"message":"[^\n]*\}\n$/),
      });
    }
  });
});

describe('tokens', () => {
  const verifyStdin = (stdin: string | Uint8Array, ...args: string[]) =>
    runCli(['verify', ...args, '--keyring', keyring], { stdin });
  const summary = '1 valid\n';

  test('drops a byte order mark before a token or a batch', async () => {
    expect((await verifyStdin(`\ufeff${token}\n`, '-q', '-')).exitCode).toBe(0);
    expect((await verifyStdin(`\ufeff${token}\n`, '--batch')).stderr).toBe(summary);
    expect((await verifyStdin('', '--batch', fileWith(`\ufeff${token}\n`))).stderr).toBe(summary);
    expect((await issue(['--batch'], '\ufeff{"sub":"u"}')).stderr).toBe('1 issued\n');
    expect((await issue(['--batch'], '\ufeff{"sub":"u"}\r\n{"sub":"v"}\r\n')).stderr).toBe('2 issued\n');
  });

  test('a byte order mark in a later line of a batch is part of the line', async () => {
    expect((await issue(['--batch'], '{"sub":"u"}\n\ufeff{"sub":"v"}\n')).stderr).toContain(
      'line 2: the line is not JSON',
    );
  });

  test.each(encodings)('a token in %s exits 3', async (_name, encode, problem) => {
    const runs = await Promise.all([
      verifyStdin(encode(`${token}\r\n`), '-'),
      verifyStdin(encode(`${token}\r\n${token}\r\n`), '--batch'),
      verifyStdin('', '--batch', fileWith(encode(`${token}\r\n`))),
      issue(['--batch'], encode('{"sub":"u"}\r\n{"sub":"v"}\r\n')),
      runCli(['decode'], { stdin: encode(token) }),
      runCli(['decode', '--batch'], { stdin: encode(token) }),
    ]);
    for (const { exitCode, stdout, stderr } of runs) {
      expect(stderr).toMatch(problem);
      expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
    }
  });

  test('refuses a line of claims that is not UTF-8, and no other line', async () => {
    const lines = [
      Buffer.from('{"sub":"Zoë"}\n'),
      Buffer.from('{"sub":"Zo\xeb"}\n', 'latin1'),
      Buffer.from('{"sub":"\ufffd"}\n'),
    ];
    const { exitCode, stdout, stderr } = await issue(['--batch'], Buffer.concat(lines));
    expect(exitCode).toBe(10);
    expect(stderr).toContain('error: line 2: the line is not UTF-8\n');
    expect(stdout.split('\n').map((line) => line !== '')).toEqual([true, false, true, false]);
  });
});
