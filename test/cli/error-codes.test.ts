import { generateKeyPairSync } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { freePort } from '../../scripts/free-port.js';
import { run } from '../../src/cli/main.js';
import { exitCodes } from '../../src/cli/terminal/exit-codes.js';
import type { World } from '../../src/cli/terminal/io.js';
import { processIo } from '../../src/cli/terminal/process-io.js';
import { type ErrorCode, errorCodes } from '../../src/errors.js';
import { serve } from '../remote/server.js';
import {
  type FakeWorld,
  fileWith,
  makeKeyring,
  now,
  type RunResult,
  runCli,
  secret,
  stdoutOf,
  temporaryFolder,
  textOf,
  unsigned,
  withClaims,
} from './fake-io.js';

const env = { S: secret };
const issue = (...args: string[]) => stdoutOf(['issue', '--secret-env', 'S', ...args], { env });
const runJson = (args: string[], world?: FakeWorld) => runCli([...args, '--json'], world);
const verify = (token: string, ...args: string[]) => runJson(['verify', token, '--secret-env', 'S', ...args], { env });

async function keyringWith(edit: (set: { keys: Record<string, unknown>[] }) => void): Promise<string> {
  const keyring = await makeKeyring();
  const path = join(keyring, 'jwks.json');
  const set = JSON.parse(textOf(path));
  edit(set);
  writeFileSync(path, JSON.stringify(set));
  return keyring;
}

/** Verifies under a certificate of one day. */
async function verifyByCertificate(at: number): Promise<RunResult> {
  const [key, cert] = [join(temporaryFolder(), 'key'), join(temporaryFolder(), 'cert')];
  const made = ['--private', key, '--cert', cert, '--subject', 'CN=web', '--days', '1'];
  await stdoutOf(['keygen', '--alg', 'ES256', ...made]);
  const token = await stdoutOf(['issue', '--key', key, '--no-exp'], { now: at });
  return runJson(['verify', token, '--key', cert, '--allow-no-exp'], { now: at });
}

/** How to produce each code; the compiler demands an entry for a new one. */
const scenarios: Record<ErrorCode, () => Promise<RunResult>> = {
  TOKEN_MALFORMED: () => runJson(['decode', 'nonsense']),
  ALG_NOT_ALLOWED: async () => verify(await issue(), '--alg', 'HS512'),
  SIGNATURE_MALFORMED: async () => verify(`${await issue()}AAAA`),
  SIGNATURE_INVALID: async () => verify(withClaims(await issue(), { sub: 'admin' })),
  DECRYPTION_FAILED: async () => {
    const [key, other] = ['a', 'b'].map((letter) => fileWith(letter.repeat(32)));
    const token = await stdoutOf(['encrypt', '-', '--secret-file', key as string], { stdin: 'x' });
    return runJson(['decrypt', token, '--secret-file', other as string]);
  },
  KEY_NOT_FOUND: async () => runJson(['verify', await issue('--kid', 'nobody'), '--keyring', await makeKeyring()]),
  CERTIFICATE_EXPIRED: () => verifyByCertificate(now + 2 * 86_400),
  CERTIFICATE_NOT_YET_VALID: () => verifyByCertificate(now - 86_400),
  TOKEN_EXPIRED: async () => verify(await issue(), '--at', '+31m'),
  TOKEN_EXPIRES_SOON: async () => runJson(['inspect', await issue(), '--min-ttl', '31m']),
  TOKEN_TOO_OLD: async () => verify(await issue(), '--max-age', '1m', '--at', '+2m'),
  TOKEN_NOT_YET_VALID: async () => verify(await issue('--nbf', '+5m')),
  CLAIM_MALFORMED: () => runJson(['inspect', unsigned({ exp: 'soon' })]),
  CLAIM_MISSING: async () => verify(await issue('--no-exp')),
  CLAIM_MISMATCH: async () => verify(await issue('--type', 'refresh')),
  ADDRESS_UNAVAILABLE: async () => {
    const { port } = await serve({});
    return runJson(['serve', '--demo', '--port', String(port)]);
  },
  BATCH_REJECTED: () => runJson(['verify', '--batch', '--secret-env', 'S'], { env, stdin: 'nonsense' }),
  PROBE_FAILED: () => runJson(['probe', 'exec:exit 1', '--new-key', '--alg', 'ES256']),
  LINT_FINDINGS: () => runJson(['lint', unsigned({ sub: 'user-123' })]),
  TOKEN_REVOKED: async () => {
    const keyring = await makeKeyring();
    const token = await stdoutOf(['issue', '--keyring', keyring]);
    await stdoutOf(['revoke', token, '--keyring', keyring]);
    return runJson(['verify', token, '--keyring', keyring]);
  },
  TOKEN_REUSED: async () => {
    const keyring = await makeKeyring();
    const { refresh_token: token } = JSON.parse(await stdoutOf(['issue', '--pair', '--keyring', keyring]));
    await stdoutOf(['refresh', token, '--rotate', '--keyring', keyring]);
    return runJson(['refresh', token, '--rotate', '--keyring', keyring]);
  },
  ACCOUNT_NOT_FOUND: () => runJson(['users', 'remove', 'nobody', '--users', join(temporaryFolder(), 'no')]),
  ACCOUNT_EXISTS: async () => {
    const add = ['clients', 'add', 'billing', '--clients', join(temporaryFolder(), 'clients.json')];
    await stdoutOf(add);
    return runJson(add);
  },
  ACCOUNTS_INVALID: () => runJson(['users', 'list', '--users', fileWith('{"users":[{"name":"alice"}]}')]),
  STORE_UNAVAILABLE: async () => {
    const keyring = await makeKeyring();
    const token = await stdoutOf(['issue', '--keyring', keyring]);
    return runJson(['revoke', token, '--keyring', keyring, '--store', `lmdb:${fileWith('no store')}`]);
  },
  JWKS_UNAVAILABLE: async () => {
    // A port that was free a moment ago.
    const url = `https://127.0.0.1:${await freePort()}/jwks.json`;
    return runJson(['verify', await issue(), '--jwks', url]);
  },
  JWKS_INVALID: async () => runJson(['verify', await issue(), '--jwks', fileWith('{"keys":[]}')]),
  ISSUER_INVALID: async () => {
    const server = await serve({ '/.well-known/openid-configuration': { body: '{"issuer":"https://other.example"}' } });
    return runJson(['verify', await issue(), '--issuer-url', server.origin]);
  },
  CONFIG_INVALID: () => runJson(['decode', 'x', '--config', fileWith('{"leeway":"long"}')]),
  USAGE_INVALID: () => runJson(['decode', '--nope']),
  KEY_INVALID: () => runJson(['issue', '--key', fileWith('no key')]),
  KEY_TOO_WEAK: () => runJson(['issue', '--secret-file', fileWith('weak')]),
  KEY_ENCRYPTED: () => {
    const { privateKey } = generateKeyPairSync('ed25519');
    const cipher = { cipher: 'aes-256-cbc', passphrase: 'p' };
    return runJson(['issue', '--key', fileWith(privateKey.export({ format: 'pem', type: 'pkcs8', ...cipher }))]);
  },
  PASSPHRASE_WRONG: async () => {
    const path = join(temporaryFolder(), 'guarded.pem');
    await stdoutOf(['keygen', '--private', path, '--passphrase-env', 'P'], { env: { P: 'right' } });
    return runJson(['issue', '--key', path, '--passphrase-env', 'P'], { env: { P: 'wrong' } });
  },
  KEY_IN_USE: async () => runJson(['keys', 'remove', 'k1', '--keyring', await makeKeyring()]),
  SIGNING_KEY_NOT_FOUND: async () => {
    const retired = await keyringWith(({ keys: [jwk] }) => Object.assign(jwk ?? {}, { exp: now + 60 }));
    return runJson(['issue', '--keyring', retired]);
  },
  KEYRING_NOT_FOUND: () => runJson(['issue', '--keyring', join(temporaryFolder(), 'no')]),
  KEYRING_INVALID: async () =>
    runJson(['issue', '--keyring', await keyringWith(({ keys }) => keys.push({ ...keys[0] }))]),
  FILE_NOT_TRUSTED: () => {
    const workingFolder = temporaryFolder();
    mkdirSync(join(workingFolder, '.jwtkit'));
    chmodSync(join(workingFolder, '.jwtkit'), 0o777);
    return runJson(['issue'], { workingFolder });
  },
  FILE_NOT_READABLE: () => runJson(['verify', 'x', '--key', join(temporaryFolder(), 'no')]),
  FILE_NOT_WRITABLE: () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'taken'));
    return runJson(['issue', '--secret-env', 'S', '--out', join(folder, 'taken'), '--force'], { env });
  },
  FILE_EXISTS: () => runJson(['issue', '--secret-env', 'S', '--out', fileWith('kept')], { env }),
  INTERNAL: async () => {
    let stderr = '';
    const io: World = {
      ...processIo(),
      env: {},
      stdout: { isTerminal: false, write: () => {}, writeLines: async () => {} },
      stderr: {
        isTerminal: false,
        writeLines: async () => {},
        write: (text) => {
          stderr += text;
        },
      },
      now: () => {
        throw new TypeError('the clock is broken');
      },
    };
    return { exitCode: await run(['inspect', unsigned({}), '--json'], io), stdout: '', stderr };
  },
};

describe.each(errorCodes)('%s', (code) => {
  test('a command can produce it', async () => {
    const { exitCode, stderr } = await scenarios[code]();
    // A batch writes its sum before the error, a bug its stack after it.
    const { error } = JSON.parse(stderr.split('\n').find((line) => line.startsWith('{"error"')) ?? '');
    expect(error.code).toBe(code);
    expect(error.message).toMatch(/^[^A-Z\n][^\n]*[^.\n]$/);
    expect(exitCode).toBe(exitCodes[code]);
  });

  test('is in docs/output.md beside its exit code', () => {
    const row = textOf('docs/output.md')
      .split('\n')
      .find((line) => line.startsWith('|') && line.includes(`\`${code}\``));
    expect(row).toMatch(exitCodes[code] === 3 ? /^\| [a-z]/ : new RegExp(`^\\| ${exitCodes[code]} \\|`));
    expect(textOf('README.md')).toContain(`\n| ${exitCodes[code]} |`);
  });
});

test('the map of exit codes is total and closed', () => {
  const total: Record<ErrorCode, number> = exitCodes;
  expect(Object.keys(total).sort()).toEqual([...errorCodes].sort());
  for (const exitCode of Object.values(total))
    expect([1, 2, 3, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]).toContain(exitCode);
});
