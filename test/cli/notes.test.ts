/**
 * Notes on stderr, of every command that writes any: with `--json` each line of stderr is a JSON object, and `--quiet` leaves
 * nothing. A file of the command line that writes a note has a case here, or the name of the test that holds it.
 */
import { chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from 'vitest';
import { publicPem, stored } from '../attacks/trusted-keys.js';
import { describeAsRoot } from '../programs.js';
import { commands } from './commands.js';
import {
  type FakeWorld,
  fileWith,
  makeKeyring,
  now,
  runCli,
  secret,
  stdoutOf,
  temporaryFolder,
  unsigned,
} from './fake-io.js';

interface Run {
  readonly args: readonly string[];
  readonly world?: FakeWorld;
}

interface NoteCase {
  readonly command: string;
  readonly note: RegExp;
  /** The file in src/cli that writes it. */
  readonly from: string;
  /** Makes what the command needs, anew for each run. */
  readonly run: () => Run | Promise<Run>;
}

const broken = { kty: 'EC', kid: 'broken', crv: 'P-256', x: 'AA', y: 'AA' };
const setWithBroken = async (keyring: string) => {
  const { keys } = JSON.parse(await stdoutOf(['keys', 'jwks', '--keyring', keyring]));
  return fileWith(JSON.stringify({ keys: [...keys, broken] }), 'set.json');
};
const passphrase = { env: { P: 'correct-horse' } };
const encryptedKeyring = async () => {
  const keyring = join(temporaryFolder(), 'keyring');
  await stdoutOf(
    ['keygen', '--alg', 'ES256', '--kid', 'k1', '--keyring', keyring, '--passphrase-env', 'P'],
    passphrase,
  );
  return keyring;
};
const keyringWithoutSigner = async () => {
  const keyring = await makeKeyring();
  await stdoutOf(['keys', 'retire', 'k1', '--force', '--keyring', keyring]);
  return keyring;
};
const withUser = async (...args: string[]): Promise<Run> => {
  const keyring = await makeKeyring();
  const named = ['--keyring', keyring, '--password-env', 'P'];
  await stdoutOf(['users', 'add', 'alice', '--sub', 'user-123', ...named], passphrase);
  return { args: [...args, '--keyring', keyring], world: passphrase };
};
const withClient = async (...args: string[]): Promise<Run> => {
  const keyring = await makeKeyring();
  await stdoutOf(['clients', 'add', 'billing', '--keyring', keyring]);
  return { args: [...args, '--keyring', keyring] };
};
const tokenOf = (keyring: string, ...args: string[]) =>
  stdoutOf(['issue', '--sub', 'user-123', '--keyring', keyring, ...args]);
const inBase64 = (pem: string) => Buffer.from(pem).toString('base64');
const encode = (text: string) => Buffer.from(text).toString('base64url');
const jwe = `${encode('{"alg":"RSA-OAEP-256","enc":"A256GCM"}')}.${encode('key')}.${'A'.repeat(16)}.${encode('text')}.${'A'.repeat(22)}`;
const stopAtOnce = { onStop: (stop: () => void) => void setImmediate(stop) };

const cases: readonly NoteCase[] = [
  {
    command: 'keygen',
    note: /it replaces k1/,
    from: 'commands/keygen/keygen.ts',
    run: async () => ({ args: ['keygen', '--alg', 'ES256', '--kid', 'k2', '--keyring', await makeKeyring()] }),
  },
  {
    command: 'keygen',
    note: /the new key is not encrypted, others of the keyring are/,
    from: 'secrets/passphrase.ts',
    run: async () => ({ args: ['keygen', '--alg', 'ES256', '--kid', 'k2', '--keyring', await encryptedKeyring()] }),
  },
  {
    command: 'issue',
    note: /the token is already expired/,
    from: 'grammar/issued-claims.ts',
    run: async () => ({
      args: ['issue', '--claims', fileWith('{"exp":1}'), '--keyring', await makeKeyring()],
    }),
  },
  {
    command: 'issue',
    note: /the key is not encrypted, --passphrase-env was not needed/,
    from: 'secrets/passphrase.ts',
    run: async () => ({
      args: ['issue', '--sub', 'a', '--passphrase-env', 'P', '--keyring', await makeKeyring()],
      world: passphrase,
    }),
  },
  {
    command: 'issue',
    note: /the byte order mark that begins the file of --secret-file is left out/,
    from: 'grammar/keys/shared-secret.ts',
    run: () => ({ args: ['issue', '--sub', 'a', '--secret-file', fileWith(`\ufeff${secret}`)] }),
  },
  {
    command: 'issue',
    note: /the file of --secret-file looks like an env file, and all of it is the secret; -e FILE reads its variables/,
    from: 'grammar/keys/shared-secret.ts',
    run: () => ({
      args: ['issue', '--sub', 'a', '--secret-file', fileWith(`SECRET_KEY=${secret}\nALGORITHM=HS256\n`)],
    }),
  },
  {
    command: 'issue',
    note: /the byte order mark that begins the file of --passphrase-file is left out/,
    from: 'secrets/named-secret.ts',
    run: async () => ({
      args: [
        'issue',
        '--sub',
        'a',
        '--keyring',
        await encryptedKeyring(),
        '--passphrase-file',
        fileWith('\ufeffcorrect-horse'),
      ],
    }),
  },
  {
    command: 'issue',
    note: /base64/,
    from: 'grammar/keys/given.ts',
    run: () => ({
      args: ['issue', '--sub', 'a', '--key', fileWith(Buffer.from(stored.privateKeys.p256).toString('base64'))],
    }),
  },
  {
    command: 'issue',
    note: /there is no variable JWTKIT_OTHER/,
    from: 'grammar/surroundings.ts',
    run: async () => ({
      args: ['issue', '--sub', 'a', '-e', fileWith('JWTKIT_OTHER=1\n'), '--keyring', await makeKeyring()],
    }),
  },
  {
    command: 'issue',
    note: /SECRET_KEY is not used/,
    from: 'grammar/keys/source.ts',
    run: () => ({ args: ['issue', '--sub', 'a'], world: { env: { SECRET_KEY: secret, ALGORITHM: 'RS256' } } }),
  },
  {
    command: 'verify',
    note: /sets audience/,
    from: 'grammar/surroundings.ts',
    run: async () => {
      const workingFolder = temporaryFolder();
      writeFileSync(join(workingFolder, 'jwtkit.config.json'), '{"audience":"api"}');
      const keyring = await makeKeyring();
      return {
        args: ['verify', await tokenOf(keyring, '--aud', 'api'), '--keyring', keyring],
        world: { workingFolder },
      };
    },
  },
  {
    command: 'verify',
    note: /the token was found/,
    from: 'terminal/found-token.ts',
    run: async () => {
      const keyring = await makeKeyring();
      return { args: ['verify', `token: "${await tokenOf(keyring)}"`, '--keyring', keyring] };
    },
  },
  {
    command: 'verify',
    note: /keys that cannot be used are left out/,
    from: 'terminal/skipped-keys.ts',
    run: async () => {
      const keyring = await makeKeyring();
      return { args: ['verify', await tokenOf(keyring), '--jwks', await setWithBroken(keyring)] };
    },
  },
  {
    command: 'verify',
    note: /base64/,
    from: 'grammar/keys/given.ts',
    run: async () => {
      const keyring = await makeKeyring();
      const pem = await stdoutOf(['keys', 'export', 'k1', '--keyring', keyring]);
      return { args: ['verify', await tokenOf(keyring), '--key', fileWith(Buffer.from(pem).toString('base64'))] };
    },
  },
  {
    command: 'verify',
    note: /base64/,
    from: 'grammar/keys/remote.ts',
    run: async () => {
      const keyring = await makeKeyring();
      const set = Buffer.from(readFileSync(await setWithBroken(keyring))).toString('base64');
      return { args: ['verify', await tokenOf(keyring), '--jwks', fileWith(set)] };
    },
  },
  {
    command: 'decode',
    note: /signature not verified/,
    from: 'commands/decode.ts',
    run: () => ({ args: ['decode', unsigned({ sub: 'a' })] }),
  },
  {
    command: 'decode',
    note: /the content is encrypted/,
    from: 'commands/decode-damaged.ts',
    run: () => ({ args: ['decode', jwe] }),
  },
  {
    command: 'decode',
    note: /the content is encrypted/,
    from: 'commands/decode-encrypted.ts',
    run: () => ({ args: ['decode', '{"header":{"alg":"dir","enc":"A256GCM"},"ciphertext":"AAAA"}'] }),
  },
  {
    command: 'decode',
    note: /decrypting it takes the RSA private key/,
    from: 'grammar/keys/needed-key.ts',
    run: () => ({ args: ['decode', jwe] }),
  },
  {
    command: 'diff',
    note: /signature not verified/,
    from: 'commands/diff.ts',
    run: () => ({ args: ['diff', unsigned({ sub: 'a' }), unsigned({ sub: 'b' })] }),
  },
  {
    command: 'probe',
    note: /accepted a text that is not a token/,
    from: 'commands/probe/probe.ts',
    run: () => ({ args: ['probe', `module:${fileWith('export default () => true;', 'any.mjs')}`, '--new-key'] }),
  },
  {
    command: 'inspect',
    note: /signature not verified/,
    from: 'commands/inspect.ts',
    run: () => ({ args: ['inspect', unsigned({ exp: now + 60 })] }),
  },
  {
    command: 'refresh',
    note: /the token was found/,
    from: 'terminal/found-token.ts',
    run: async () => {
      const keyring = await makeKeyring();
      return { args: ['refresh', `"${await tokenOf(keyring, '--type', 'refresh')}"`, '--keyring', keyring] };
    },
  },
  {
    command: 'revoke',
    note: /the token was found/,
    from: 'terminal/found-token.ts',
    run: async () => {
      const keyring = await makeKeyring();
      return { args: ['revoke', `"${await tokenOf(keyring)}"`, '--keyring', keyring] };
    },
  },
  {
    command: 'lint',
    note: /lint finds nothing here that it knows/,
    from: 'commands/linting/run.ts',
    run: () => ({ args: ['lint', fileWith('nothing')] }),
  },
  {
    command: 'lint',
    note: /report\.xml is left out: this run writes its report there/,
    from: 'commands/linting/targets.ts',
    run: async () => {
      const report = join(temporaryFolder(), 'report.xml');
      const args = ['lint', fileWith('A=1', '.env'), '--report', report];
      await runCli(args);
      return { args: [...args, report] };
    },
  },
  {
    command: 'encrypt',
    note: /nobody signs these claims/,
    from: 'commands/encrypt/encrypt.ts',
    run: () => ({ args: ['encrypt', '--sub', 'user-123', '--key', fileWith(publicPem('rsa'))] }),
  },
  {
    command: 'encrypt',
    note: /is one value with a comma in it/,
    from: 'grammar/issued-claims.ts',
    run: () => ({ args: ['encrypt', '--role', 'admin,user', '--key', fileWith(publicPem('rsa'))] }),
  },
  {
    command: 'encrypt',
    note: /base64/,
    from: 'grammar/keys/encryption.ts',
    run: () => ({ args: ['encrypt', fileWith('text'), '--key', fileWith(inBase64(publicPem('rsa')))] }),
  },
  {
    command: 'decrypt',
    note: /base64/,
    from: 'grammar/keys/encryption.ts',
    run: async () => {
      const token = await stdoutOf(['encrypt', fileWith('text'), '--key', fileWith(publicPem('rsa'))]);
      return { args: ['decrypt', token, '--key', fileWith(inBase64(stored.privateKeys.rsa))] };
    },
  },
  {
    command: 'keys rotate',
    note: /no key signs until then/,
    from: 'commands/keys/rotate.ts',
    run: async () => ({
      args: ['keys', 'rotate', '--alg', 'ES256', '--activate-in', '1h', '--keyring', await keyringWithoutSigner()],
    }),
  },
  {
    command: 'keys rotate',
    note: /the new key is not encrypted, the one it replaces is/,
    from: 'secrets/new-secrets.ts',
    run: async () => ({ args: ['keys', 'rotate', '--keyring', await encryptedKeyring()] }),
  },
  {
    command: 'keys retire',
    note: /no key signs now/,
    from: 'commands/keys/keyring-options.ts',
    run: async () => ({ args: ['keys', 'retire', 'k1', '--force', '--keyring', await makeKeyring()] }),
  },
  {
    command: 'keys remove',
    note: /no key signs now/,
    from: 'commands/keys/keyring-options.ts',
    run: async () => ({ args: ['keys', 'remove', 'k1', '--force', '--keyring', await makeKeyring()] }),
  },
  {
    command: 'keys import',
    note: /the key allows other algorithms than RS256/,
    from: 'commands/keys/import.ts',
    run: async () => ({ args: ['keys', 'import', fileWith(stored.privateKeys.rsa), '--keyring', await makeKeyring()] }),
  },
  {
    command: 'keys import',
    note: /left out broken/,
    from: 'commands/keys/import.ts',
    run: async () => ({
      args: [
        'keys',
        'import',
        await setWithBroken(await makeKeyring()),
        '--keyring',
        join(temporaryFolder(), 'keyring'),
      ],
    }),
  },
  {
    command: 'keys export',
    note: /a JWK is not encrypted/,
    from: 'commands/keys/key-output.ts',
    run: async () => {
      const keyring = await encryptedKeyring();
      const half = ['--private-half', '--format', 'jwk', '--passphrase-env', 'P'];
      return { args: ['keys', 'export', 'k1', ...half, '--keyring', keyring], world: passphrase };
    },
  },
  {
    command: 'keys convert',
    note: /base64/,
    from: 'commands/keys/convert.ts',
    run: () => ({ args: ['keys', 'convert', fileWith(inBase64(publicPem('rsa')))] }),
  },
  {
    command: 'keys convert',
    note: /is not to be published/,
    from: 'commands/keys/key-output.ts',
    run: () => ({ args: ['keys', 'convert', fileWith(stored.privateKeys.p256), '--format', 'jwks'] }),
  },
  {
    command: 'keys thumbprint',
    note: /keys that cannot be used are left out/,
    from: 'commands/keys/thumbprint.ts',
    run: async () => ({ args: ['keys', 'thumbprint', await setWithBroken(await makeKeyring())] }),
  },
  {
    command: 'users import',
    note: /line 2: the sub is missing/,
    from: 'commands/accounts/import.ts',
    run: () => withUser('users', 'import', fileWith('name,sub,password\nbob,,p\n', 'users.csv')),
  },
  {
    command: 'users set',
    note: /tokens of alice keep their roles and scopes until they expire/,
    from: 'commands/accounts/sessions.ts',
    run: () => withUser('users', 'set', 'alice', '--role', 'editor'),
  },
  {
    command: 'users passwd',
    note: /its tokens are good until they expire/,
    from: 'commands/accounts/sessions.ts',
    run: () => withUser('users', 'passwd', 'alice', '--password-env', 'P'),
  },
  {
    command: 'users remove',
    note: /its tokens are good until they expire/,
    from: 'commands/accounts/sessions.ts',
    run: () => withUser('users', 'remove', 'alice', '--keep-tokens'),
  },
  {
    command: 'clients set',
    note: /tokens of billing keep their scopes until they expire/,
    from: 'commands/accounts/sessions.ts',
    run: () => withClient('clients', 'set', 'billing', '--scope', 'read'),
  },
  {
    command: 'clients rotate',
    note: /its tokens are good until they expire/,
    from: 'commands/accounts/sessions.ts',
    run: () => withClient('clients', 'rotate', 'billing'),
  },
  {
    command: 'clients remove',
    note: /its tokens are good until they expire/,
    from: 'commands/accounts/sessions.ts',
    run: () => withClient('clients', 'remove', 'billing', '--keep-tokens'),
  },
  {
    command: 'serve',
    note: /nobody can log in: .* has no users/,
    from: 'commands/service/run.ts',
    run: async () => ({ args: ['serve', '--port', '0', '--keyring', await makeKeyring()], world: stopAtOnce }),
  },
  {
    command: 'serve',
    note: /without --aud access tokens name no audience/,
    from: 'commands/service/run.ts',
    run: async () => ({ args: ['serve', '--port', '0', '--keyring', await makeKeyring()], world: stopAtOnce }),
  },
  {
    command: 'decrypt',
    note: /only the first 1000 secrets/,
    from: 'terminal/masking.ts',
    run: async () => {
      const keyring = await makeKeyring();
      await stdoutOf(['keygen', '--use', 'enc', '--keyring', keyring]);
      const token = await stdoutOf(['encrypt', '-', '--keyring', keyring], { stdin: 'x'.repeat(65_537) });
      return { args: ['decrypt', '-', '--keyring', keyring], world: { stdin: token, env: { GITHUB_ACTIONS: 'true' } } };
    },
  },
  {
    command: 'serve',
    note: /everybody knows the secret of SECRET_KEY, so anybody can make tokens/,
    from: 'commands/service/run.ts',
    run: () => {
      const file = fileWith('SECRET_KEY=your_super_secret_key_please_change\nALGORITHM=HS256\n');
      return { args: ['serve', '--port', '0', '-e', file], world: { ...stopAtOnce, workingFolder: temporaryFolder() } };
    },
  },
  {
    command: 'serve',
    note: /verifiers fetch no keys from an issuer over plain HTTP/,
    from: 'commands/service/announcement.ts',
    run: async () => ({
      args: ['serve', '--port', '0', '--issuer-url', 'http://auth.example', '--keyring', await makeKeyring()],
      world: stopAtOnce,
    }),
  },
];

/** Files whose notes another test holds, since `--json` does not print them or they need what is not here. */
const elsewhere: Readonly<Record<string, string>> = {
  'commands/accounts/commands.ts': 'not everything fits: only of a table',
  'commands/service/log.ts': 'server/processes/log-losses.test.ts',
  'commands/service/passwords.ts': 'commands/password-hashes.process.test.ts',
  'grammar/unnamed-places.ts': 'below, as root',
  'secrets/named-file.ts': 'called with the note of its callers',
  'grammar/keys/nested.ts': 'as grammar/keys/encryption.ts',
  'terminal/notes.ts': 'writes them all; of stale keys in remote/document.test.ts',
};

/** Commands that write no note of their own. Notes about variables and policies come from what all commands share. */
const withoutNotes = [
  ...['users add', 'users list', 'clients add', 'clients list', 'fixtures', 'completion'],
  ...['keys list', 'keys prune', 'keys jwks'],
];

describe('a note', () => {
  test.each(cases)('of $command is a line of text, and with --json one of JSON: $note', async ({ note, run }) => {
    const plain = await run();
    const lines = (await runCli(plain.args, plain.world)).stderr.trimEnd().split('\n');
    expect(lines).toContainEqual(expect.stringMatching(new RegExp(`^note: .*${note.source}`)));
    expect(lines, 'each line once').toEqual([...new Set(lines)]);
    const { args, world } = await run();
    const { stderr } = await runCli([...args, '--json'], world);
    expect(messagesOf(stderr)).toContainEqual(expect.stringMatching(note));
  });

  describeAsRoot('about a place of somebody else', () => {
    test('is a line of JSON with --json', async () => {
      const keyring = await makeKeyring();
      chownSync(keyring, 1000, 1000);
      const workingFolder = temporaryFolder();
      mkdirSync(join(workingFolder, '.jwtkit'));
      chownSync(join(workingFolder, '.jwtkit'), 1000, 1000);
      const { stderr } = await runCli(['keys', 'list', '--json'], { workingFolder });
      expect(messagesOf(stderr)).toContainEqual(expect.stringMatching(/belongs to/));
    });
  });

  test('is left out with --quiet', async () => {
    const quiet = cases.filter(({ command }) => ['verify', 'inspect', 'lint'].includes(command));
    for (const { note, run } of quiet) {
      const { args, world } = await run();
      const { stdout, stderr } = await runCli([...args, '--quiet'], world);
      expect({ stdout, stderr }, String(note)).toEqual({ stdout: '', stderr: '' });
    }
  });
});

test('every command has a case, or is known to write no notes', () => {
  const named = new Set([...cases.map(({ command }) => command), ...withoutNotes]);
  expect(commands.filter((command) => !named.has(command))).toEqual([]);
});

describe('the command line', () => {
  const root = join(import.meta.dirname, '../../src/cli');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  const withText = (pattern: RegExp) => {
    const found = files.filter((name) => pattern.test(readFileSync(join(root, name), 'utf8')));
    return found.map((name) => relative('.', name)).sort();
  };

  test('writes no note but by `note`, which knows of --json', () => {
    expect(withText(/['"`]note: /)).toEqual([]);
    expect(withText(/stderr\.write\(/)).toEqual([
      'main.ts',
      'terminal/batch.ts',
      'terminal/masking.ts',
      'terminal/notes.ts',
      'terminal/progress.ts',
      'terminal/prompt.ts',
    ]);
  });

  test('has a case for each file that writes notes', () => {
    const tested = new Set([...cases.map(({ from }) => from), ...Object.keys(elsewhere)]);
    const writers = withText(/\bio\.note\b|\bnote\(['"`]|noteUnverified\(io\)/);
    expect(writers.filter((name) => !tested.has(name))).toEqual([]);
  });
});

/** The messages of stderr, each line of which is JSON. */
function messagesOf(stderr: string): string[] {
  const lines = stderr.split('\n').filter((line) => line !== '');
  return lines.map((line) => {
    const { note, error } = JSON.parse(line);
    expect(note ?? error, line).toBeDefined();
    return (note ?? error).message;
  });
}
