import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  fileWith,
  hasModes,
  makeKeyring,
  modeOf,
  now,
  runCli,
  segmentOf,
  stdoutOf,
  temporaryFolder,
  textOf,
} from '../fake-io.js';

/** A keyring with a signing key and one for encryption. */
async function mixedKeyring(...args: string[]): Promise<string> {
  const keyring = await makeKeyring();
  await stdoutOf(['keygen', '--use', 'enc', '--kid', 'e1', '--keyring', keyring, ...args]);
  return keyring;
}

const encrypt = (keyring: string, ...args: string[]) =>
  stdoutOf(['encrypt', '-', '--keyring', keyring, ...args], { stdin: 'x' });
const decrypt = (token: string, keyring: string, ...args: string[]) =>
  runCli(['decrypt', token, '--keyring', keyring, ...args]);
const listOf = async (keyring: string, ...args: string[]) =>
  JSON.parse(await stdoutOf(['keys', 'list', '--json', '--keyring', keyring, ...args]));
const setOf = (keyring: string) => JSON.parse(textOf(join(keyring, 'jwks.json'))).keys;

describe('keygen --use enc', () => {
  test.each([
    [[], 'ECDH-ES+A256KW', 'EC', 'P-256'],
    [['--crv', 'X25519'], 'ECDH-ES+A256KW', 'OKP', 'X25519'],
    [['--crv', 'P-521', '--alg', 'ECDH-ES'], 'ECDH-ES', 'EC', 'P-521'],
    [['--alg', 'RSA-OAEP-256', '--bits', '3072'], 'RSA-OAEP-256', 'RSA', null],
  ])('%j makes a key for %s that encrypts and decrypts', async (args, alg, kty, crv) => {
    const keyring = await mixedKeyring(...args);
    expect((await listOf(keyring))[1]).toMatchObject({
      kid: 'e1',
      use: 'enc',
      alg,
      kty,
      crv,
      signs: true,
      private: true,
    });
    if (hasModes) expect(modeOf(join(keyring, 'e1.pem'))).toBe(0o600);
    const token = await encrypt(keyring);
    expect(segmentOf(token, 0)).toMatchObject({ alg, kid: 'e1' });
    expect(await decrypt(token, keyring)).toMatchObject({ exitCode: 0, stdout: 'x' });
  });

  test.each([
    [['--alg', 'RS256'], 'RS256 signs and does not encrypt\nhint: for a key that signs, leave out --use enc\n'],
    [['--alg', 'RS257'], 'no encryption algorithm'],
    [['--alg', 'ec'], 'ec is a type of key, not an algorithm\nhint: one of ECDH-ES+A256KW, '],
    [['--alg', 'RSA1_5'], 'Bleichenbacher'],
    [['--alg', 'A256KW'], 'takes a secret'],
    [['--alg', 'RSA-OAEP'], 'only read'],
    [['--crv', 'Ed25519'], 'not defined for the curve Ed25519\nhint: one of P-256, P-384, P-521, X25519\n'],
    [['--bits', '2048'], 'is for RSA keys'],
    [['--cert', 'x', '--subject', 'CN=x'], 'is for a key that signs'],
    [['--force'], '--force overwrites files only'],
    [['--format', 'jwk'], '--format is for --private and --public'],
    [['--public', 'x'], '--public needs --private'],
    [['--private', 'x'], '--keyring and --private exclude each other'],
  ])('refuses %j', async (args, message) => {
    const keyring = join(temporaryFolder(), 'keyring');
    const { exitCode, stderr } = await runCli(['keygen', '--use', 'enc', '--keyring', keyring, ...args]);
    expect([exitCode, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  test.each([
    ['one file for both halves', ['--private', 'FILE', '--public', 'FILE', '--force'], 'name the same file'],
    ['--json beside a key on stdout', ['--private', '-', '--json'], '--json and a key on stdout exclude each other'],
  ])('refuses %s', async (_, args, message) => {
    const file = fileWith('mine');
    const given = args.map((arg) => arg.replace('FILE', file));
    const { exitCode, stdout, stderr } = await runCli(['keygen', '--use', 'enc', ...given]);
    expect([exitCode, stdout, stderr]).toEqual([2, '', expect.stringContaining(message)]);
    expect(textOf(file)).toBe('mine');
  });

  test('writes both halves to files, as PEM or as JWKs with use enc', async () => {
    const folder = temporaryFolder();
    for (const format of ['pem', 'jwk']) {
      const [secret, open] = [join(folder, `private.${format}`), join(folder, `public.${format}`)];
      await stdoutOf(['keygen', '--use', 'enc', '--private', secret, '--public', open, '--format', format]);
      const token = await stdoutOf(['encrypt', '-', '--key', open], { stdin: 'x' });
      expect(await stdoutOf(['decrypt', token, '--key', secret])).toBe('x');
    }
    expect(JSON.parse(textOf(join(folder, 'public.jwk')))).toMatchObject({ use: 'enc', alg: 'ECDH-ES+A256KW' });
  });

  test('a kid that a key of the other kind has is refused, in any case of its letters', async () => {
    const keyring = await mixedKeyring();
    for (const args of [
      ['--use', 'enc', '--kid', 'K1'],
      ['--kid', 'e1'],
      ['--use', 'enc', '--kid', 'e1'],
    ]) {
      expect((await runCli(['keygen', ...args, '--keyring', keyring])).exitCode).toBe(3);
    }
    expect(setOf(keyring)).toHaveLength(2);
  });
});

describe('the two kinds of keys stay apart', () => {
  test('signing and verifying never use a key for encryption, and the reverse', async () => {
    const keyring = await mixedKeyring();
    const token = await stdoutOf(['issue', '--keyring', keyring]);
    expect(segmentOf(token, 0).kid).toBe('k1');
    expect((await runCli(['verify', token, '--keyring', keyring])).exitCode).toBe(0);
    expect((await runCli(['issue', '--keyring', keyring, '--kid', 'e1'])).exitCode).not.toBe(0);
    for (const kid of ['k1', 'bob']) {
      const { exitCode, stderr } = await runCli(['encrypt', '-', '--keyring', keyring, '--kid', kid], { stdin: 'x' });
      const problem = `error: the keyring has no key for encryption with the kid "${kid}"`;
      expect({ exitCode, stderr }).toEqual({ exitCode: 13, stderr: `${problem}\nhint: its keys: e1\n` });
    }
    expect((await runCli(['encrypt', '-', '--keyring', await makeKeyring()], { stdin: 'x' })).exitCode).toBe(13);
    const only = join(temporaryFolder(), 'keyring');
    await stdoutOf(['keygen', '--use', 'enc', '--keyring', only]);
    expect((await runCli(['issue', '--keyring', only])).exitCode).toBe(3);
    expect((await runCli(['verify', token, '--keyring', only])).exitCode).toBe(13);
  });

  test('keys jwks publishes both; verify and encrypt each take their own out of the set', async () => {
    const keyring = await mixedKeyring();
    const set = fileWith(await stdoutOf(['keys', 'jwks', '--keyring', keyring]));
    expect(JSON.parse(textOf(set)).keys.map(({ use }: { use: string }) => use)).toEqual(['sig', 'enc']);
    expect(textOf(set)).not.toContain('"d"');
    const token = await stdoutOf(['encrypt', '-', '--jwks', set], { stdin: 'x' });
    expect(await decrypt(token, keyring)).toMatchObject({ exitCode: 0 });
    expect((await runCli(['verify', await stdoutOf(['issue', '--keyring', keyring]), '--jwks', set])).exitCode).toBe(0);
  });

  test('a change of one kind leaves the members of the other as they were', async () => {
    const keyring = await mixedKeyring();
    const [signing, encryption] = setOf(keyring);
    writeFileSync(
      join(keyring, 'jwks.json'),
      JSON.stringify({ keys: [signing, { ...encryption, note: 1.0 }], own: 1 }),
    );
    await stdoutOf(['keys', 'rotate', '--keyring', keyring]);
    expect(setOf(keyring).at(-1)).toEqual({ ...encryption, note: 1 });
    await stdoutOf(['keys', 'rotate', '--use', 'enc', '--keyring', keyring]);
    expect(setOf(keyring).filter(({ use }: { use: string }) => use === 'sig')).toHaveLength(2);
    expect(JSON.parse(textOf(join(keyring, 'jwks.json'))).own).toBe(1);
  });

  test('a set that publishes the private half of a key for encryption is refused', async () => {
    const keyring = await mixedKeyring();
    const [signing, encryption] = setOf(keyring);
    writeFileSync(join(keyring, 'jwks.json'), JSON.stringify({ keys: [signing, { ...encryption, d: 'AA' }] }));
    expect(await runCli(['keys', 'list', '--keyring', keyring])).toMatchObject({
      exitCode: 3,
      stderr: expect.stringContaining('not a public key'),
    });
  });
});

describe('rotation', () => {
  test('the new key has the kind of the old one, which decrypts until its grace is over', async () => {
    const keyring = await mixedKeyring('--crv', 'X25519');
    const old = await encrypt(keyring);
    const kid = await stdoutOf(['keys', 'rotate', '--use', 'enc', '--grace', '1h', '--keyring', keyring]);
    const fresh = await encrypt(keyring);
    expect(segmentOf(fresh, 0)).toMatchObject({ kid, epk: { crv: 'X25519' } });
    for (const token of [old, fresh]) expect((await decrypt(token, keyring)).exitCode).toBe(0);
    expect((await decrypt(old, keyring, '--at', '+59m')).exitCode).toBe(0);
    expect((await decrypt(old, keyring, '--at', '+61m')).exitCode).toBe(13);
    expect((await decrypt(fresh, keyring, '--at', '+61m')).exitCode).toBe(0);
  });

  test('--activate-in publishes the next key before others encrypt to it', async () => {
    const keyring = await mixedKeyring();
    await stdoutOf(['keys', 'rotate', '--use', 'enc', '--activate-in', '1h', '--kid', 'e2', '--keyring', keyring]);
    expect(segmentOf(await encrypt(keyring), 0).kid).toBe('e1');
    expect(segmentOf(await encrypt(keyring, '--at', '+61m'), 0).kid).toBe('e2');
  });

  test('retire, remove and prune end a key for encryption, and leave private keys of others', async () => {
    const keyring = await mixedKeyring();
    const run = (...args: string[]) => runCli(['keys', ...args, '--keyring', keyring]);
    expect(await run('retire', 'e1')).toMatchObject({ exitCode: 3, stderr: expect.stringContaining('encrypt to') });
    await stdoutOf(['keys', 'rotate', '--use', 'enc', '--kid', 'e2', '--keyring', keyring]);
    const kept = await run('remove', 'e1');
    expect([kept.exitCode, kept.stderr]).toEqual([
      3,
      expect.stringMatching(/the key e1 decrypts until .*, nobody could read/),
    ]);
    const retired = await run('retire', 'e1', '--at', 'now');
    expect([retired.exitCode, retired.stderr]).toEqual([
      0,
      expect.stringMatching(/^e1 is no longer encrypted to, and has not decrypted since /),
    ]);
    expect(retired.stderr).toContain('e2 is encrypted to now\n');
    expect(JSON.parse((await run('prune', '--dry-run', '--json')).stdout)).toMatchObject({
      keys: ['e1'],
      leftovers: [],
    });
    expect((await run('prune')).exitCode).toBe(0);
    expect(
      readdirSync(keyring)
        .filter((name) => name.endsWith('.pem'))
        .sort(),
    ).toEqual(['e2.pem', 'k1.pem']);
    const removed = await run('remove', 'e2', '--force');
    expect(removed).toMatchObject({
      exitCode: 0,
      stderr: 'removed e2\nnote: there is no key to encrypt to; make one with: jwtkit keys rotate --use enc\n',
    });
    expect((await listOf(keyring)).map(({ kid }: { kid: string }) => kid)).toEqual(['k1']);
  });
});

test('several keys are tried for a token without a kid', async () => {
  const keyring = await mixedKeyring();
  const open = fileWith(await stdoutOf(['keys', 'export', 'e1', '--keyring', keyring]));
  await stdoutOf(['keys', 'rotate', '--use', 'enc', '--keyring', keyring]);
  const token = await stdoutOf(['encrypt', '-', '--key', open], { stdin: 'x' });
  expect(segmentOf(token, 0)).not.toHaveProperty('kid');
  expect(JSON.parse((await decrypt(token, keyring, '--json')).stdout)).toMatchObject({ kid: 'e1', content: 'x' });
});

test('an encrypted private key takes its passphrase, and keys export gives both halves', async () => {
  const passphrase = fileWith('correct horse\n');
  const keyring = await mixedKeyring('--passphrase-file', passphrase);
  const token = await encrypt(keyring);
  expect((await decrypt(token, keyring)).exitCode).toBe(3);
  expect(await decrypt(token, keyring, '--passphrase-file', passphrase)).toMatchObject({ exitCode: 0, stdout: 'x' });
  const secret = fileWith(
    await stdoutOf(['keys', 'export', 'e1', '--private', '--keyring', keyring, '--passphrase-file', passphrase]),
  );
  expect(textOf(secret)).toContain('ENCRYPTED');
  expect(await stdoutOf(['decrypt', token, '--key', secret, '--passphrase-file', passphrase])).toBe('x');
  expect(JSON.parse(await stdoutOf(['keys', 'export', 'e1', '--format', 'jwk', '--keyring', keyring]))).toMatchObject({
    use: 'enc',
    iat: now,
  });
});

test('keys list has a column for the use where there is a key for encryption', async () => {
  const head = async (keyring: string) => (await stdoutOf(['keys', 'list', '--keyring', keyring])).split('\n')[0];
  expect(await head(await mixedKeyring())).toMatch(/^KID +USE +ALG/);
  expect(await head(await makeKeyring())).toMatch(/^KID +ALG/);
});

describe('keys import --use enc', () => {
  const files = async (...kind: string[]) => {
    const [secret, open] = [join(temporaryFolder(), 'private'), join(temporaryFolder(), 'public')];
    await stdoutOf(['keygen', '--use', 'enc', ...kind, '--private', secret, '--public', open]);
    return { secret, open };
  };
  const importInto = (keyring: string, ...args: string[]) =>
    runCli(['keys', 'import', ...args, '--use', 'enc', '--keyring', keyring]);

  test.each([
    ['an EC key as PEM', [], 'ECDH-ES+A256KW'],
    ['an X25519 key as JWK', ['--crv', 'X25519', '--format', 'jwk'], 'ECDH-ES+A256KW'],
    ['an RSA key with its alg', ['--alg', 'RSA-OAEP-384', '--format', 'jwk'], 'RSA-OAEP-384'],
  ])('%s is encrypted to and decrypts', async (_, kind, alg) => {
    const keyring = await makeKeyring();
    const { secret, open } = await files(...kind);
    const { exitCode, stdout, stderr } = await importInto(keyring, secret, '--kid', 'e1');
    expect([exitCode, stdout]).toEqual([0, 'e1\n']);
    expect(stderr).toBe(`imported the private key e1 for ${alg}\ne1 is encrypted to now\n`);
    expect(await listOf(keyring)).toMatchObject([
      { kid: 'k1', use: 'sig' },
      { kid: 'e1', use: 'enc', alg, signs: true },
    ]);
    const token = await stdoutOf(['encrypt', '-', '--key', open, '--kid', 'e1'], { stdin: 'x' });
    expect(await stdoutOf(['decrypt', token, '--keyring', keyring])).toBe('x');
    expect(segmentOf(await encrypt(keyring), 0)).toMatchObject({ kid: 'e1', alg });
  });

  test('an imported older key decrypts, and others still encrypt to the current one', async () => {
    const keyring = await mixedKeyring();
    const { secret } = await files('--format', 'jwk');
    const old = fileWith(JSON.stringify({ ...JSON.parse(textOf(secret)), kid: 'old', iat: 1, exp: now + 60 }));
    const { stderr } = await importInto(keyring, old);
    expect(stderr).toMatch(
      /^imported the private key old for ECDH-ES\+A256KW; it decrypts until .*\ne1 is encrypted to now\n$/,
    );
    expect(segmentOf(await encrypt(keyring), 0).kid).toBe('e1');
  });

  test('a set gives its keys for encryption, and the public half gets its private one later', async () => {
    const [keyring, copy] = [await mixedKeyring(), await makeKeyring('ES256', 'other')];
    const set = fileWith(await stdoutOf(['keys', 'jwks', '--keyring', keyring]));
    const imported = await importInto(copy, set, '--json');
    expect(JSON.parse(imported.stdout)).toEqual({
      keys: [{ kid: 'e1', alg: 'ECDH-ES+A256KW', private: false }],
      skipped: [{ kid: 'k1', reason: 'use is "sig", not "enc"' }],
      signing: null,
    });
    const secret = fileWith(
      await stdoutOf(['keys', 'export', 'e1', '--private-half', '--keyring', keyring, '--out', '-']),
    );
    expect((await importInto(copy, secret, '--kid', 'other-kid')).exitCode).toBe(3);
    expect((await importInto(copy, secret)).stderr).toContain('imported the private half of e1');
    expect((await importInto(copy, secret)).stderr).toContain('the keyring already has this key, as e1');
    expect(await stdoutOf(['decrypt', await encrypt(keyring), '--keyring', copy])).toBe('x');
  });

  test('an encrypted private key stays encrypted under its passphrase', async () => {
    const [{ secret }, copy] = [
      await files('--passphrase-file', fileWith('correct horse')),
      join(temporaryFolder(), 'copy'),
    ];
    expect((await importInto(copy, secret)).exitCode).toBe(3);
    expect((await importInto(copy, secret, '--passphrase-file', fileWith('battery'))).exitCode).toBe(3);
    const opened = await importInto(copy, secret, '--kid', 'e1', '--passphrase-file', fileWith('correct horse'));
    expect(opened.exitCode).toBe(0);
    expect(textOf(join(copy, 'e1.pem'))).toContain('ENCRYPTED PRIVATE KEY');
  });

  test('one key is not for both uses, in either order', async () => {
    const [keyring, { secret }] = [await makeKeyring(), await files()];
    expect((await importInto(keyring, join(keyring, 'k1.pem'))).stderr).toContain(
      'already has this key, as k1, which signs',
    );
    expect((await importInto(keyring, secret, '--kid', 'e1')).exitCode).toBe(0);
    const again = await runCli(['keys', 'import', secret, '--keyring', keyring]);
    expect([again.exitCode, again.stderr]).toEqual([3, expect.stringContaining('as e1, which decrypts')]);
  });

  test('a secret, a signing key, an alg that does not fit and a taken kid are refused', async () => {
    const [keyring, { secret }] = [await makeKeyring(), await files()];
    const signing = join(temporaryFolder(), 'signing');
    await stdoutOf(['keygen', '--alg', 'EdDSA', '--private', signing]);
    const oct = fileWith(JSON.stringify({ kty: 'oct', k: Buffer.alloc(32).toString('base64url'), use: 'enc' }));
    const rows = [
      [[oct], 2, 'a shared secret'],
      [[signing], 3, 'is not for encryption'],
      [[secret, '--alg', 'RSA-OAEP-256'], 3, 'does not fit the key'],
      [[secret, '--alg', 'RS256'], 2, 'leave out --use enc'],
      [[secret, '--kid', 'k1'], 3, 'already has a key k1'],
      [[secret, '--kid', '../x'], 2, 'cannot name a key file'],
    ] as const;
    for (const [args, exit, message] of rows) {
      const { exitCode, stderr } = await importInto(keyring, ...args);
      expect([exitCode, stderr]).toEqual([exit, expect.stringContaining(message)]);
    }
    expect(await listOf(keyring)).toHaveLength(1);
  });

  test('without --use enc the hint names it, for a key alone and one in a set', async () => {
    const keyring = await mixedKeyring();
    const { secret } = await files('--crv', 'X25519');
    const jwk = fileWith(await stdoutOf(['keys', 'export', 'e1', '--format', 'jwk', '--keyring', keyring]));
    for (const file of [secret, jwk]) {
      const { exitCode, stderr } = await runCli(['keys', 'import', file, '--keyring', keyring]);
      expect([exitCode, stderr]).toEqual([
        3,
        expect.stringContaining('hint: a key for encryption is imported with --use enc'),
      ]);
    }
    const set = fileWith(await stdoutOf(['keys', 'jwks', '--keyring', keyring]));
    const { stderr } = await runCli(['keys', 'import', set, '--keyring', join(temporaryFolder(), 'new')]);
    expect(stderr).toContain('left out e1: use is "enc", not "sig"; --use enc imports it');
  });
});
