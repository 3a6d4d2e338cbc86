import { generateKeyPairSync } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CompactEncrypt, compactDecrypt } from 'jose';
import { describe, expect, test } from 'vitest';
import { storedPair } from '../../attacks/trusted-keys.js';
import { describeWithOpenssl, openssl } from '../../openssl.js';
import { serve } from '../../remote/server.js';
import {
  fileWith,
  hasModes,
  makeKeyring,
  modeOf,
  runCli,
  segmentOf,
  stdoutOf,
  temporaryFolder,
  textOf,
} from '../fake-io.js';

const pair = storedPair('rsa');
const [publicKey, privateKey] = [
  fileWith(pair.publicKey.export({ type: 'spki', format: 'pem' }), 'public.pem'),
  fileWith(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }), 'private.pem'),
];
const jwk = { ...pair.publicKey.export({ format: 'jwk' }), kid: 'enc-1', use: 'enc' };
const secret = fileWith(Buffer.alloc(32, 7));

const encrypt = (content: string | Uint8Array, ...args: string[]) =>
  stdoutOf(['encrypt', '-', ...(args.length === 0 ? ['--key', publicKey] : args)], { stdin: content });

describe('encrypt', () => {
  test('prints one line that jose decrypts, from a file, a pipe or an argument of -', async () => {
    const bytes = Buffer.from([0, 0xff, 0x0a, 0x0d]);
    for (const token of [
      await encrypt(bytes),
      await stdoutOf(['encrypt', '--key', publicKey], { stdin: bytes }),
      await stdoutOf(['encrypt', fileWith(bytes), '--key', publicKey]),
    ]) {
      expect(token).not.toContain('\n');
      const { plaintext, protectedHeader } = await compactDecrypt(token, pair.privateKey);
      expect([Buffer.from(plaintext), protectedHeader]).toEqual([bytes, { alg: 'RSA-OAEP-256', enc: 'A256GCM' }]);
    }
  });

  test('a signed token goes in without its line end, with cty JWT', async () => {
    const keyring = await makeKeyring();
    const token = await stdoutOf(['issue', '--keyring', keyring]);
    const encrypted = await encrypt(`${token}\n`);
    expect(segmentOf(encrypted, 0)).toMatchObject({ cty: 'JWT' });
    expect(await stdoutOf(['decrypt', encrypted, '--key', privateKey])).toBe(token);
    expect(segmentOf(await encrypt(`${token}\n`, '--key', publicKey, '--cty', 'text/plain'), 0).cty).toBe('text/plain');
  });

  test('--alg, --enc, --typ, --cty, --header and --kid set the header', async () => {
    const options = ['--alg', 'RSA-OAEP-512', '--enc', 'A128CBC-HS256', '--typ', 'secret+x', '--cty', 'text/plain'];
    const token = await encrypt('x', '--key', publicKey, ...options, '--header', 'n:=5', '--kid', 'k1');
    const members = { alg: 'RSA-OAEP-512', enc: 'A128CBC-HS256', typ: 'secret+x', cty: 'text/plain', n: 5, kid: 'k1' };
    expect(segmentOf(token, 0)).toEqual(members);
  });

  test.each(['x:=100002348117421473', 'y:=1e400', 'z:=1.0', 'm:=-0', 'l:=[1,{"a":1.0}]'])(
    'refuses --header %s, whose number would change, with exit 2',
    async (member) => {
      const args = ['--key', publicKey, '--header', member];
      for (const form of ['compact', 'flattened', 'general']) {
        const all = [...args, '--serialization', form];
        for (const way of [['-'], ['--batch'], ['--batch', '--bare', '--no-exp']]) {
          const stdin = way.length === 3 ? '{}' : 'x';
          const { exitCode, stderr, stdout } = await runCli(['encrypt', ...way, ...all], { stdin });
          expect([exitCode, stdout]).toEqual([2, '']);
          expect(stderr).toContain('error: the header of an encrypted token holds a number that would change');
          expect(stderr).toContain('hint: give it as a text\n');
        }
      }
    },
  );

  test('--header keeps ordinary values, one token or many', async () => {
    const members = ['n:=-5', 'f:=0.5', 'big:=9007199254740991', 'l:=[1,null,{"a":true}]', 't=1.0'];
    const args = ['--key', publicKey, ...members.flatMap((member) => ['--header', member])];
    const expected = { n: -5, f: 0.5, big: 9007199254740991, l: [1, null, { a: true }], t: '1.0' };
    for (const way of ['-', '--batch']) {
      expect(segmentOf(await stdoutOf(['encrypt', way, ...args], { stdin: 'x' }), 0)).toMatchObject(expected);
    }
  });

  test.each([
    [['--alg', 'RSA1_5'], 'Bleichenbacher'],
    [['--alg', 'RS256'], 'RS256 signs and does not encrypt\nhint: one of RSA-OAEP-256, '],
    [
      ['--alg', 'RSA'],
      'a type of key, not an algorithm\nhint: one of RSA-OAEP-256, RSA-OAEP-384, RSA-OAEP-512, RSA-OAEP\n',
    ],
    [['--alg', 'A256'], 'no encryption algorithm'],
    [['--enc', 'A512GCM'], 'no content encryption'],
    [['--alg', 'dir'], 'not allowed by the key'],
    [['--alg', 'RSA-OAEP'], 'only read'],
    [['--jwks', 'x'], 'exclude each other'],
    [['--secret-encoding', 'hex'], 'is for a shared secret'],
    [['--header', 'zip=DEF'], 'zip'],
    [['--force'], '--force is for --out'],
  ])('refuses %j with exit 2', async (args, message) => {
    const { exitCode, stderr, stdout } = await runCli(['encrypt', '-', '--key', publicKey, ...args], { stdin: 'x' });
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });

  test('--out writes the token with mode 0600, and overwrites only with --force', async () => {
    const out = join(temporaryFolder(), 'x.jwe');
    const args = ['encrypt', '-', '--key', publicKey, '--out', out];
    expect(await runCli(args, { stdin: 'x' })).toMatchObject({ exitCode: 0, stdout: '' });
    if (hasModes) expect(modeOf(out)).toBe(0o600);
    const first = textOf(out);
    expect((await runCli(args, { stdin: 'x' })).exitCode).toBe(3);
    expect(textOf(out)).toBe(first);
    expect((await runCli([...args, '--force'], { stdin: 'x' })).exitCode).toBe(0);
    expect(textOf(out)).not.toBe(first);
  });

  test('takes the key for encryption out of a JWK Set, in a file or at a URL, by its kid if one is named', async () => {
    const signing = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ format: 'jwk' });
    const other = generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' });
    const set = JSON.stringify({ keys: [{ ...signing, use: 'sig', kid: 's' }, { ...other, kid: 'plain' }, jwk] });
    const server = await serve({ '/jwks': { body: set } });
    const remote = ['--jwks', `${server.origin}/jwks`, '--no-cache'];
    for (const source of [['--key', fileWith(set)], ['--jwks', fileWith(set)], remote]) {
      expect(segmentOf(await encrypt('x', ...source), 0).kid).toBe('enc-1');
      expect(segmentOf(await encrypt('x', ...source, '--kid', 'plain'), 0)).toMatchObject({
        kid: 'plain',
        alg: 'ECDH-ES+A256KW',
      });
      expect(segmentOf(await encrypt('x', ...source, '--alg', 'ECDH-ES'), 0).kid).toBe('plain');
      const { exitCode } = await runCli(['encrypt', '-', ...source, '--kid', 's'], { stdin: 'x' });
      expect(exitCode).toBe(13);
    }
  });

  test('refuses a set that has ended, that holds a secret, or that has no key for encryption', async () => {
    for (const [keys, exit] of [
      [[{ ...jwk, exp: 1 }], 13],
      [[{ ...jwk, ...pair.privateKey.export({ format: 'jwk' }) }], 3],
      [[{ ...jwk, use: 'sig' }], 3],
    ] as const) {
      const { exitCode } = await runCli(['encrypt', '-', '--jwks', fileWith(JSON.stringify({ keys }))], { stdin: 'x' });
      expect(exitCode).toBe(exit);
    }
  });

  test('takes a certificate that is for encryption and valid now', async () => {
    const [key, cert] = [join(temporaryFolder(), 'key'), join(temporaryFolder(), 'cert')];
    await stdoutOf(['keygen', '--private', key, '--cert', cert, '--subject', 'CN=web', '--days', '1']);
    const { exitCode, stderr } = await runCli(['encrypt', '-', '--key', cert], { stdin: 'x' });
    // The certificates of keygen are for signatures alone.
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining('keyUsage')]);
  });

  describeWithOpenssl('certificates of openssl', () => {
    test.each([
      ['RSA with keyEncipherment', ['rsa:2048'], ['-addext', 'keyUsage=keyEncipherment']],
      ['EC with keyAgreement', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'], ['-addext', 'keyUsage=keyAgreement']],
      ['EC without keyUsage', ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256'], []],
    ])('%s: encrypts while it is valid', async (_, type, usages) => {
      const [key, cert] = [join(temporaryFolder(), 'key'), join(temporaryFolder(), 'cert')];
      const request = ['req', '-x509', '-newkey', ...type, '-nodes', '-keyout', key, '-out', cert, '-days', '30'];
      openssl(...request, '-subj', '/CN=partner', ...usages);
      const now = Math.floor(Date.now() / 1000);
      const run = (at: number) => runCli(['encrypt', '-', '--key', cert], { stdin: 'x', now: at });
      const token = (await run(now + 60)).stdout.trim();
      expect(await stdoutOf(['decrypt', token, '--key', key])).toBe('x');
      expect((await run(now + 60 * 86_400)).stderr).toContain('the certificate has expired');
      expect((await run(now - 86_400)).stderr).toContain('not valid yet');
    });
  });

  test('--issuer-url finds the key by the metadata of the recipient', async () => {
    const server = await serve({});
    const metadata = { issuer: server.origin, jwks_uri: `${server.origin}/keys` };
    const set = { keys: [{ ...jwk, kid: 's', use: 'sig' }, jwk] };
    server.route({
      '/.well-known/openid-configuration': { body: JSON.stringify(metadata) },
      '/keys': { body: JSON.stringify(set) },
    });
    const token = await encrypt('x', '--issuer-url', server.origin, '--no-cache');
    expect(segmentOf(token, 0).kid).toBe('enc-1');
    expect(
      (await runCli(['encrypt', '-', '--issuer-url', `${server.origin}/other`, '--no-cache'], { stdin: 'x' })).exitCode,
    ).toBe(3);
  });

  test('refuses a private key, a public key as secret, and a secret of another size', async () => {
    const run = (...args: string[]) => runCli(['encrypt', '-', ...args], { stdin: 'x' });
    expect(await run('--key', privateKey)).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining('private key'),
    });
    expect(await run('--secret-file', publicKey)).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining('this is PEM'),
    });
    expect(await run('--secret-file', fileWith('short'))).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining('at least 128'),
    });
    expect(await run('--secret-file', fileWith('a'.repeat(43)))).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining('--secret-encoding'),
    });
  });

  test('variables and the policy name no key for it', async () => {
    const env = { JWTKIT_KEY: publicKey, JWTKIT_SECRET_FILE: secret, SECRET_KEY: 'a'.repeat(32), ALGORITHM: 'HS256' };
    const { exitCode } = await runCli(['encrypt', '-'], { stdin: 'x', env, workingFolder: temporaryFolder() });
    expect(exitCode).not.toBe(0);
  });
});

describe('decrypt', () => {
  test('prints exactly the bytes to a pipe, and escaped text on a terminal', async () => {
    const bytes = 'a\u001b[31m\nb';
    const token = await encrypt(bytes);
    expect((await runCli(['decrypt', token, '--key', privateKey])).stdout).toBe(bytes);
    const shown = await runCli(['decrypt', token, '--key', privateKey], { terminals: ['stdout'] });
    expect(shown.stdout).toBe('a\\u001b[31m\nb\n');
    const binary = await runCli(['decrypt', await encrypt(Buffer.from([0xff, 0])), '--key', privateKey], {
      terminals: ['stdout'],
    });
    expect([binary.exitCode, binary.stdout]).toEqual([2, '']);
  });

  test('--out writes the content whole, with mode 0600, or nothing', async () => {
    const out = join(temporaryFolder(), 'content');
    const token = await encrypt('the content');
    const broken = `${token.slice(0, -4)}AAAA`;
    expect((await runCli(['decrypt', broken, '--key', privateKey, '--out', out])).exitCode).toBe(12);
    expect(existsSync(out)).toBe(false);
    expect((await runCli(['decrypt', token, '--key', privateKey, '--out', out])).exitCode).toBe(0);
    expect(textOf(out)).toBe('the content');
    if (hasModes) expect(modeOf(out)).toBe(0o600);
    expect((await runCli(['decrypt', broken, '--key', privateKey, '--out', out, '--force'])).exitCode).toBe(12);
    expect(textOf(out)).toBe('the content');
  });

  test('--claim prints a claim of an encrypted claims set, never of a signed token inside', async () => {
    const token = await encrypt('{"sub":"user-123","seats":100002348117421473}');
    expect(await stdoutOf(['decrypt', token, '--key', privateKey, '--claim', 'sub'])).toBe('user-123');
    expect(await stdoutOf(['decrypt', token, '--key', privateKey, '--claim', 'seats'])).toBe('100002348117421473');
    expect((await runCli(['decrypt', token, '--key', privateKey, '--claim', 'x'])).exitCode).toBe(16);
    const nested = await encrypt(await stdoutOf(['issue', '--keyring', await makeKeyring()]));
    const { exitCode, stderr } = await runCli(['decrypt', nested, '--key', privateKey, '--claim', 'sub']);
    expect([exitCode, stderr]).toEqual([11, expect.stringContaining('jwtkit verify')]);
  });

  test('--json has the header, the kid of the key, and the content as text or base64', async () => {
    const key = fileWith(JSON.stringify({ ...jwk, ...pair.privateKey.export({ format: 'jwk' }) }));
    const json = async (content: string | Uint8Array) =>
      JSON.parse(await stdoutOf(['decrypt', await encrypt(content), '--key', key, '--json']));
    expect(await json('zoë')).toEqual({
      header: { alg: 'RSA-OAEP-256', enc: 'A256GCM' },
      kid: 'enc-1',
      content: 'zoë',
    });
    expect(await json(Buffer.from([0xff]))).toMatchObject({ content_base64: '/w==' });
  });

  test('exit codes: 11 malformed, 12 does not decrypt or not allowed, 13 no key', async () => {
    const token = await encrypt('x', '--key', fileWith(JSON.stringify(jwk)));
    const other = storedPair('rsaOther').privateKey;
    const otherFile = fileWith(other.export({ type: 'pkcs8', format: 'pem' }));
    const named = fileWith(JSON.stringify({ ...other.export({ format: 'jwk' }), kid: 'enc-2' }));
    const exitOf = async (...args: string[]) => (await runCli(['decrypt', ...args])).exitCode;
    expect(await exitOf(token, '--key', privateKey)).toBe(0);
    expect(await exitOf(token, '--key', otherFile)).toBe(12);
    expect(await exitOf(token, '--key', otherFile, '--key', privateKey)).toBe(0);
    expect(await exitOf(token, '--key', named)).toBe(13);
    expect(await exitOf(token, '--secret-file', secret)).toBe(12);
    expect(await exitOf(token, '--key', privateKey, '--alg', 'RSA-OAEP-512,dir')).toBe(12);
    expect(await exitOf(token, '--key', privateKey, '--enc', 'A128GCM')).toBe(12);
    expect(await exitOf(await stdoutOf(['issue', '--keyring', await makeKeyring()]), '--key', privateKey)).toBe(11);
    expect(await exitOf('nonsense', '--key', privateKey)).toBe(11);
    expect(await exitOf(token, '--key', publicKey)).toBe(3);
  });

  test('opens an encrypted private key with its passphrase', async () => {
    const passphrase = fileWith('correct horse\n');
    const locked = fileWith(
      pair.privateKey.export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'correct horse' }),
    );
    const token = await encrypt('x');
    expect(await stdoutOf(['decrypt', token, '--key', locked, '--passphrase-file', passphrase])).toBe('x');
    expect((await runCli(['decrypt', token, '--key', locked, '--passphrase-file', fileWith('no')])).exitCode).toBe(3);
    expect((await runCli(['decrypt', token, '--key', locked])).exitCode).toBe(3);
  });

  test('a passphrase alone is the key; it never opens a token for another key', { tags: 'slow' }, async () => {
    const passphrase = fileWith('correct horse\n');
    const token = await encrypt('x', '--passphrase-file', passphrase);
    expect(segmentOf(token, 0)).toMatchObject({ alg: 'PBES2-HS512+A256KW', p2c: 600_000 });
    expect(await stdoutOf(['decrypt', token, '--passphrase-file', passphrase])).toBe('x');
    expect((await runCli(['decrypt', token, '--passphrase-file', fileWith('battery')])).exitCode).toBe(12);
    expect((await runCli(['decrypt', token, '--secret-file', fileWith('correct horse....')])).exitCode).not.toBe(0);
    expect((await runCli(['decrypt', await encrypt('x'), '--passphrase-file', passphrase])).exitCode).toBe(12);
  });

  test('JSON serializations are read from a file, a pipe or an argument', async () => {
    for (const form of ['flattened', 'general']) {
      const token = await encrypt('x', '--key', publicKey, '--serialization', form);
      expect(await stdoutOf(['decrypt', token, '--key', privateKey])).toBe('x');
      expect(await stdoutOf(['decrypt', '--key', privateKey], { stdin: token })).toBe('x');
      expect(
        await stdoutOf([
          'decrypt',
          '--key',
          privateKey,
          '--token-file',
          fileWith(JSON.stringify(JSON.parse(token), null, 2)),
        ]),
      ).toBe('x');
    }
  });

  test('reads what another library made with RSA-OAEP, which it does not write', async () => {
    const token = await new CompactEncrypt(Buffer.from('x'))
      .setProtectedHeader({ alg: 'RSA-OAEP', enc: 'A128GCM' })
      .encrypt(pair.publicKey);
    expect(await stdoutOf(['decrypt', token, '--key', privateKey])).toBe('x');
  });
});

describe('what encrypt and decrypt lack', () => {
  test.each<[string, string[], string]>([
    ['encrypt', ['-'], "hint: name the recipient's key with --key, --jwks or --issuer-url, or make one"],
    ['encrypt for claims', ['--sub', 'x'], "hint: name the recipient's key with --key"],
    ['decrypt', ['TOKEN'], 'hint: name the private key with --key, or a shared secret with --secret-file\n'],
  ])('%s without a keyring says which key to name', async (command, args, hint) => {
    const [name = ''] = command.split(' ');
    const token = await encrypt('x');
    const world = { workingFolder: temporaryFolder(), stdin: 'x' };
    const { exitCode, stderr } = await runCli([name, ...args.map((arg) => arg.replace('TOKEN', token))], world);
    expect(exitCode).toBe(3);
    expect(stderr).toContain(hint);
  });

  test('a keyring that is missing is named as such behind keys, which takes no other key', async () => {
    const { stderr } = await runCli(['keys', 'list'], { workingFolder: temporaryFolder() });
    expect(stderr).toContain('hint: make one with: jwtkit keygen; --keyring names another folder\n');
  });

  test('a recipient whose keys are all for signatures has to publish another', async () => {
    const set = fileWith(JSON.stringify({ keys: [{ ...jwk, use: 'sig' }] }), 'set.json');
    for (const flag of ['--jwks', '--key']) {
      const { exitCode, stderr } = await runCli(['encrypt', '-', flag, set], { stdin: 'x' });
      expect(exitCode).toBe(3);
      expect(stderr).toContain('hint: the recipient has to publish one with use enc');
    }
  });

  test('a text in the place of the file is not repeated', async () => {
    const { exitCode, stdout, stderr } = await runCli(['encrypt', 'the code is 4711', '--key', publicKey]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
    expect(stderr).toContain('hint: the argument is the name of a file; pipe a text in');
    expect(stderr).not.toContain('4711');
  });
});
