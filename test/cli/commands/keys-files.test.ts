/** Keys that come into a keyring and go out of it: import, export, thumbprint. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { storedPair } from '../../attacks/trusted-keys.js';
import { chain } from '../../jose/certificate-chain.js';
import {
  fileWith,
  hasModes,
  makeKeyring,
  modeOf,
  now,
  runCli,
  secret,
  segmentOf,
  stdoutOf,
  temporaryFolder,
  textOf,
} from '../fake-io.js';

const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = storedPair('rsa');
const okp = generateKeyPairSync('ed25519');
const pem = (key: { export(options: object): string | Buffer }, type: 'pkcs8' | 'spki') =>
  key.export({ format: 'pem', type }) as string;
const jwkOf = (key: typeof ec.publicKey) => key.export({ format: 'jwk' });

const freshPath = () => join(temporaryFolder(), 'keyring');
const setOf = (keyring: string) => JSON.parse(textOf(join(keyring, 'jwks.json'))).keys;
const bring = (keyring: string, content: string | Uint8Array, ...args: string[]) =>
  runCli(['keys', 'import', fileWith(content), '--keyring', keyring, ...args]);
const listed = async (keyring: string) => JSON.parse(await stdoutOf(['keys', 'list', '--keyring', keyring, '--json']));
const signer = async (keyring: string) => segmentOf(await stdoutOf(['issue', '--keyring', keyring]), 0).kid;

/** RFC 7638 §3.1. */
const rfcKey =
  '{"kty":"RSA","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw","e":"AQAB","alg":"RS256","kid":"2011-04-29"}';
const rfcThumbprint = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs';

describe('import', () => {
  test.each<[string, string | Buffer, string, boolean]>([
    ['PEM, private', pem(ec.privateKey, 'pkcs8'), 'ES256', true],
    ['PEM, public', pem(ec.publicKey, 'spki'), 'ES256', false],
    ['PEM, SEC1', ec.privateKey.export({ format: 'pem', type: 'sec1' }) as string, 'ES256', true],
    ['PEM, PKCS#1', rsa.privateKey.export({ format: 'pem', type: 'pkcs1' }) as string, 'RS256', true],
    ['DER, private', okp.privateKey.export({ format: 'der', type: 'pkcs8' }), 'EdDSA', true],
    ['DER, public', okp.publicKey.export({ format: 'der', type: 'spki' }), 'EdDSA', false],
    ['JWK, private', JSON.stringify(jwkOf(ec.privateKey)), 'ES256', true],
    ['JWK, public', JSON.stringify({ ...jwkOf(rsa.publicKey), alg: 'PS512' }), 'PS512', false],
  ])('%s', async (_name, content, alg, isPrivate) => {
    const keyring = freshPath();
    const { exitCode, stdout } = await bring(keyring, content, '--kid', 'mine');
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'mine\n' });
    expect(await listed(keyring)).toMatchObject([
      { kid: 'mine', alg, private: isPrivate, signs: isPrivate, verifies: true, created: now, verifies_until: null },
    ]);
    if (isPrivate && hasModes) expect(modeOf(join(keyring, 'mine.pem'))).toBe(0o600);
    if (isPrivate) expect(await signer(keyring)).toBe('mine');
    expect(JSON.stringify(setOf(keyring))).not.toContain('"d"');
  });

  test('import --public keeps only the public half of a private key', async () => {
    const keyring = await makeKeyring('ES256', 'k1');
    await bring(keyring, pem(okp.privateKey, 'pkcs8'), '--kid', 'other', '--public');
    expect((await listed(keyring))[1]).toMatchObject({ kid: 'other', private: false, signs_from: null });
    expect(await signer(keyring)).toBe('k1');
    expect(readdirSync(keyring)).not.toContain('other.pem');
  });

  test('import guesses the RSA algorithm and notes it, or takes --alg', async () => {
    const guessed = await bring(freshPath(), pem(rsa.privateKey, 'pkcs8'), '--kid', 'k');
    expect(guessed.stderr).toBe(
      'imported the private key k for RS256\n' +
        'note: the key allows other algorithms than RS256; --alg names one\n' +
        'k signs now\n',
    );
    const keyring = freshPath();
    const named = await bring(keyring, pem(rsa.privateKey, 'pkcs8'), '--kid', 'k', '--alg', 'PS384');
    expect(named.stderr).not.toContain('note');
    expect(segmentOf(await stdoutOf(['issue', '--keyring', keyring]), 0).alg).toBe('PS384');
  });

  test('imports a set with its kids and times, and notes the keys that it leaves out', async () => {
    const keyring = await makeKeyring('ES256', 'k1');
    const set = {
      keys: [
        { ...jwkOf(ec.privateKey), kid: 'ended', iat: now - 50, exp: now + 60 },
        { ...jwkOf(okp.privateKey), kid: 'later', nbf: now + 60 },
        { ...jwkOf(rsa.publicKey), kid: 'partner', alg: 'RS512', nbf: now + 9999 },
        { ...jwkOf(storedPair('rsaOther').publicKey), kid: 'enc', use: 'enc' },
      ],
    };
    const { exitCode, stdout } = await bring(keyring, JSON.stringify(set), '--json');
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      keys: [
        { kid: 'ended', alg: 'ES256', private: true },
        { kid: 'later', alg: 'EdDSA', private: true },
        { kid: 'partner', alg: 'RS512', private: false },
      ],
      skipped: [{ kid: 'enc', reason: expect.stringContaining('use is "enc"') }],
      signing: 'k1',
    });
    expect(await listed(keyring)).toMatchObject([
      { kid: 'k1', signs: true },
      { kid: 'ended', verifies_until: now + 60 },
      { kid: 'later', signs_from: now + 60 },
      { kid: 'partner', signs_from: null },
    ]);
    expect(await signer(keyring)).toBe('k1');
    expect(segmentOf(await stdoutOf(['issue', '--keyring', keyring, '--at', '+60']), 0).kid).toBe('later');
  });

  test.each<[string, unknown[], number, string]>([
    ['a kid that is taken', [{ kid: 'new' }, { kid: 'k1' }], 3, 'the keyring already has a key k1'],
    ['a kid that differs in case only', [{ kid: 'new' }, { kid: 'K1' }], 3, 'not every file system tells from K1'],
    ['a kid that names a file elsewhere', [{ kid: 'new' }, { kid: '../x' }], 2, 'cannot name a key file'],
    ['two of one kid', [{ kid: 'new' }, { kid: 'new' }], 3, 'two keys have the kid "new"'],
    ['two that differ in case only', [{ kid: 'new' }, { kid: 'New' }], 3, 'already has a key new'],
    ['a time that is none', [{ kid: 'new' }, { kid: 'b', exp: 'soon' }], 3, "the JWK's exp is no NumericDate"],
    ['a broken member', [{ kid: 'new' }, { kid: 'b', x: '!' }], 3, 'not canonical base64url'],
  ])('a set is imported whole or not at all: %s', async (_name, members, code, message) => {
    const keyring = await makeKeyring('ES256', 'k1');
    const before = textOf(join(keyring, 'jwks.json'));
    const keys = members.map((member) => ({
      ...jwkOf(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey),
      ...(member as object),
    }));
    const { exitCode, stdout, stderr } = await bring(keyring, JSON.stringify({ keys }));
    expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: '' });
    expect(stderr).toContain(message);
    expect(textOf(join(keyring, 'jwks.json'))).toBe(before);
    expect(readdirSync(keyring).filter((name) => name.endsWith('.pem'))).toEqual(['k1.pem']);
  });

  test('import refuses a key that exists under any kid, and changes nothing', async () => {
    const keyring = freshPath();
    await bring(keyring, pem(ec.privateKey, 'pkcs8'), '--kid', 'a');
    const before = [textOf(join(keyring, 'jwks.json')), textOf(join(keyring, 'a.pem'))];
    for (const [content, kid] of [
      [pem(ec.privateKey, 'pkcs8'), 'a'],
      [pem(ec.privateKey, 'pkcs8'), 'b'],
      [pem(ec.publicKey, 'spki'), 'a'],
    ] as const) {
      const { exitCode, stderr } = await bring(keyring, content, '--kid', kid);
      expect(exitCode).toBe(3);
      expect(stderr).toContain('the keyring already has this key, as a');
    }
    expect([textOf(join(keyring, 'jwks.json')), textOf(join(keyring, 'a.pem'))]).toEqual(before);
  });

  test('import adds a missing private half to its key', async () => {
    const keyring = freshPath();
    await bring(keyring, pem(ec.publicKey, 'spki'), '--kid', 'a');
    const set = textOf(join(keyring, 'jwks.json'));
    const { exitCode, stdout, stderr } = await bring(keyring, pem(ec.privateKey, 'pkcs8'));
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: 'a\n' });
    expect(stderr).toBe('imported the private half of a for ES256\na signs now\n');
    expect(textOf(join(keyring, 'jwks.json'))).toBe(set);
    expect(await signer(keyring)).toBe('a');
  });

  test('import reads standard input', async () => {
    const keyring = freshPath();
    const args = ['keys', 'import', '-', '--kid', 'k', '--keyring', keyring];
    expect(await stdoutOf(args, { stdin: pem(ec.privateKey, 'pkcs8') })).toBe('k');
  });

  const pss = storedPair('rsaPss');
  const cipher = { cipher: 'aes-256-cbc', passphrase: 'p' };
  test.each<[string, string, string[], number, string]>([
    ['nonsense', 'nonsense', [], 3, 'this is no key'],
    ['an empty file', '', [], 3, 'this is no key'],
    ['a secret', `{"kty":"oct","k":"${Buffer.from(secret).toString('base64url')}"}`, [], 2, 'a shared secret'],
    [
      'an encrypted key',
      ec.privateKey.export({ format: 'pem', type: 'pkcs8', ...cipher }) as string,
      [],
      3,
      'encrypted',
    ],
    ['an RSA key for PSS alone', pem(pss.privateKey, 'pkcs8'), [], 3, 'has no JWK form'],
    ['another algorithm', pem(ec.publicKey, 'spki'), ['--alg', 'RS256'], 3, 'alg RS256 does not fit the key'],
    ["another algorithm than the JWK's", rfcKey, ['--alg', 'PS256'], 3, "the JWK's alg is RS256, not PS256"],
    [
      'a key that may not sign',
      JSON.stringify({ ...jwkOf(ec.privateKey), key_ops: ['verify'] }),
      [],
      3,
      'does not allow sign',
    ],
    ['a set without keys', '{"keys":[]}', [], 3, 'holds no usable signature key'],
    [
      'a kid for two',
      `{"keys":[${rfcKey},${JSON.stringify({ ...jwkOf(ec.publicKey) })}]}`,
      ['--kid', 'k'],
      2,
      'for one key',
    ],
  ])('refuses %s', async (_name, content, args, code, message) => {
    const keyring = freshPath();
    const { exitCode, stdout, stderr } = await bring(keyring, content, ...args);
    expect(stderr).toContain(message);
    expect({ exitCode, stdout }).toEqual({ exitCode: code, stdout: '' });
    expect(stderr).not.toContain(secret);
    expect(existsSync(keyring)).toBe(false);
  });

  test('import of a missing file is an error', async () => {
    const { exitCode, stderr } = await runCli(['keys', 'import', '/no/such', '--keyring', freshPath()]);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 3,
      stderr: 'error: cannot read /no/such: no such file or folder\n',
    });
  });
});

describe('export', () => {
  const exported = (keyring: string, ...args: string[]) =>
    stdoutOf(['keys', 'export', 'k1', '--keyring', keyring, ...args]);

  test('export prints the public half as PEM by default', async () => {
    const keyring = await makeKeyring('RS256', 'k1');
    const text = await exported(keyring);
    expect(text).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
    expect(await exported(keyring, '--public', '--format', 'pem')).toBe(text);
    expect(jwkOf(createPublicKey(text))).toMatchObject({ n: setOf(keyring)[0].n });
  });

  test.each(['pem', 'der', 'jwk'])('exports each half as %s, which imports as the same key', async (format) => {
    const keyring = await makeKeyring('ES384', 'k1');
    const token = await stdoutOf(['issue', '--keyring', keyring]);
    for (const half of ['--private', '--public']) {
      const out = join(temporaryFolder(), 'out');
      await exported(keyring, half, '--format', format, '--out', out);
      if (hasModes) expect(modeOf(out)).toBe(half === '--private' ? 0o600 : 0o644);
      const other = freshPath();
      await stdoutOf(['keys', 'import', out, '--kid', 'k1', '--keyring', other]);
      expect(setOf(other)).toEqual(setOf(keyring));
      expect((await runCli(['verify', '-q', token, '--keyring', other])).exitCode).toBe(0);
      if (half === '--private') expect(textOf(join(other, 'k1.pem'))).toBe(textOf(join(keyring, 'k1.pem')));
    }
  });

  test('export --format der writes bytes to a pipe', async () => {
    const keyring = await makeKeyring('ES256', 'k1');
    const { stdout } = await runCli(['keys', 'export', 'k1', '--format', 'der', '--keyring', keyring]);
    const key = createPublicKey({ key: Buffer.from(stdout, 'latin1'), format: 'der', type: 'spki' });
    expect(jwkOf(key)).toMatchObject({ x: setOf(keyring)[0].x });
  });

  test('export --format jwk prints the member of the set; --private adds the private members', async () => {
    const keyring = await makeKeyring('ES256', 'k1');
    const [jwk] = setOf(keyring);
    expect(JSON.parse(await exported(keyring, '--format', 'jwk'))).toEqual(jwk);
    expect(JSON.parse(await exported(keyring, '--format', 'jwk', '--private'))).toEqual({
      ...jwk,
      d: expect.any(String),
    });
  });

  test('export --json prints the key and its half', async () => {
    const keyring = await makeKeyring('ES256', 'k1');
    const half = { kid: 'k1', half: 'public' };
    expect(JSON.parse(await exported(keyring, '--json', '--format', 'jwk'))).toEqual({
      ...half,
      format: 'jwk',
      key: setOf(keyring)[0],
    });
    const { key } = JSON.parse(await exported(keyring, '--json', '--format', 'der'));
    createPublicKey({ key: Buffer.from(key, 'base64'), format: 'der', type: 'spki' });
    const out = join(temporaryFolder(), 'out');
    expect(JSON.parse(await exported(keyring, '--json', '--out', out))).toEqual({ ...half, format: 'pem', out });
  });

  test('does not print a private key or bytes on a terminal without --out -', async () => {
    const keyring = await makeKeyring('ES256', 'k1');
    const show = (...args: string[]) =>
      runCli(['keys', 'export', 'k1', '--keyring', keyring, ...args], { terminals: ['stdout'] });
    for (const args of [['--private'], ['--private', '--json'], ['--format', 'der']]) {
      const { exitCode, stdout, stderr } = await show(...args);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr).toContain('name a file with --out, or print it with --out -');
    }
    expect((await show()).stdout).toMatch(/^-----BEGIN PUBLIC/);
    expect((await show('--private', '--out', '-')).stdout).toMatch(/^-----BEGIN PRIVATE/);
  });

  test.each<[string[], number, string]>([
    [['--public-half', '--private-half'], 2, '--public-half and --private-half exclude each other'],
    [['--force'], 2, '--force is for --out'],
    [['--format', 'p7'], 2, "argument 'p7' is invalid"],
  ])('%j is exit %i', async (args, code, message) => {
    const keyring = await makeKeyring('ES256', 'k1');
    const { exitCode, stderr } = await runCli(['keys', 'export', 'k1', '--keyring', keyring, ...args]);
    expect(stderr).toContain(message);
    expect(exitCode).toBe(code);
  });

  test('nothing is overwritten without --force; an unknown kid is exit 13', async () => {
    const keyring = await makeKeyring('ES256', 'k1');
    const out = fileWith('kept');
    expect((await runCli(['keys', 'export', 'k1', '--keyring', keyring, '--out', out])).exitCode).toBe(3);
    expect(textOf(out)).toBe('kept');
    await exported(keyring, '--out', out, '--force');
    expect(textOf(out)).toMatch(/^-----BEGIN PUBLIC/);
    expect((await runCli(['keys', 'export', 'nobody', '--keyring', keyring])).exitCode).toBe(13);
  });

  test('export refuses a private half that is missing or of another key', async () => {
    const keyring = freshPath();
    await bring(keyring, pem(ec.publicKey, 'spki'), '--kid', 'k1');
    const run = () => runCli(['keys', 'export', 'k1', '--private', '--keyring', keyring]);
    expect(await run()).toMatchObject({ exitCode: 3, stdout: '' });
    writeFileSync(join(keyring, 'k1.pem'), pem(okp.privateKey, 'pkcs8'));
    expect(await run()).toMatchObject({ exitCode: 3, stdout: '' });
  });

  test('export prints a retired key too', async () => {
    const keyring = await makeKeyring('ES256', 'k1');
    await stdoutOf(['keys', 'retire', 'k1', '--force', '--keyring', keyring]);
    createPrivateKey(await exported(keyring, '--private'));
  });
});

describe('thumbprint', () => {
  test('of a certificate with its public key, as openssl x509 -pubkey prints them, is one', async () => {
    const key = new X509Certificate(chain.other).publicKey.export({ format: 'pem', type: 'spki' });
    const alone = await stdoutOf(['keys', 'thumbprint', '-'], { stdin: chain.other });
    expect(alone).toMatch(/^[\w-]{43}$/);
    expect(await stdoutOf(['keys', 'thumbprint', '-'], { stdin: `${key}${chain.other}` })).toBe(alone);
  });

  test('thumbprint of the example of RFC 7638 §3.1', async () => {
    expect(await stdoutOf(['keys', 'thumbprint', fileWith(rfcKey)])).toBe(rfcThumbprint);
    expect(JSON.parse(await stdoutOf(['keys', 'thumbprint', '-', '--json'], { stdin: rfcKey }))).toEqual([
      { kid: '2011-04-29', thumbprint: rfcThumbprint },
    ]);
  });

  test('thumbprint is the same for both halves in every format', async () => {
    const contents = [
      pem(ec.privateKey, 'pkcs8'),
      pem(ec.publicKey, 'spki'),
      ec.privateKey.export({ format: 'der', type: 'sec1' }),
      JSON.stringify(jwkOf(ec.privateKey)),
      JSON.stringify(jwkOf(ec.publicKey)),
    ];
    const prints = await Promise.all(contents.map((content) => stdoutOf(['keys', 'thumbprint', fileWith(content)])));
    expect(new Set(prints).size).toBe(1);
    expect(prints[0]).toMatch(/^[\w-]{43}$/);
  });

  test('thumbprint of a set prints a line for each key', async () => {
    const set = JSON.stringify({ keys: [JSON.parse(rfcKey), jwkOf(ec.publicKey)] });
    const lines = (await stdoutOf(['keys', 'thumbprint', fileWith(set)])).split('\n');
    expect(lines[0]).toBe(rfcThumbprint);
    expect(lines).toHaveLength(2);
  });

  test('thumbprint is the kid that keygen gives', async () => {
    const keyring = freshPath();
    const kid = await stdoutOf(['keygen', '--alg', 'ES256', '--keyring', keyring]);
    expect(await stdoutOf(['keys', 'thumbprint', join(keyring, `${kid}.pem`)])).toBe(kid);
  });

  test('thumbprint of a file without a key is exit 3', async () => {
    expect(await runCli(['keys', 'thumbprint', fileWith('nonsense')])).toMatchObject({ exitCode: 3, stdout: '' });
  });
});
