import { createPrivateKey, createPublicKey } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { run } from '../../../src/cli/main.js';
import type { World } from '../../../src/cli/terminal/io.js';
import { fileWith, hasModes, makeKeyring, modeOf, now, runCli, stdoutOf, temporaryFolder, textOf } from '../fake-io.js';

const ec = ['keygen', '--alg', 'ES256'];

/** A folder and two paths in it for a standalone pair. */
function pairPaths() {
  const folder = temporaryFolder();
  return { folder, privatePath: join(folder, 'signing.pem'), publicPath: join(folder, 'verify.pem') };
}

describe('into the keyring', () => {
  test('makes an RS256 key of 2048 bits by default and prints its thumbprint alone', async () => {
    const keyring = join(temporaryFolder(), 'nested', 'keyring');
    const { exitCode, stdout, stderr } = await runCli(['keygen', '--keyring', keyring]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^[A-Za-z0-9_-]{43}\n$/);
    expect(stderr).toBe(`made a key for RS256 in ${keyring}; it signs from now on\n`);
    const [jwk] = JSON.parse(textOf(join(keyring, 'jwks.json'))).keys;
    expect(jwk).toMatchObject({ kty: 'RSA', kid: stdout.trim(), alg: 'RS256', use: 'sig', iat: now });
    expect(Buffer.from(jwk.n, 'base64url')).toHaveLength(256);
    expect(jwk).not.toHaveProperty('d');
  });

  test('keeps the private half in a file of its own', async () => {
    const keyring = await makeKeyring('ES256', 'web');
    const pem = createPrivateKey(textOf(join(keyring, 'web.pem')));
    const [jwk] = JSON.parse(textOf(join(keyring, 'jwks.json'))).keys;
    expect(createPublicKey(pem).export({ format: 'jwk' })).toMatchObject({ x: jwk.x, y: jwk.y });
  });

  test.skipIf(!hasModes)('private files are 0600, the folder 0700, public files 0644', async () => {
    const keyring = await makeKeyring('ES256', 'web');
    const modes = ['', 'web.pem', 'jwks.json', '.gitignore'].map((name) => modeOf(join(keyring, name)));
    expect(modes).toEqual([0o700, 0o600, 0o644, 0o644]);
  });

  test('--json says what was made and where', async () => {
    const keyring = join(temporaryFolder(), 'keyring');
    const made = await stdoutOf([...ec, '--kid', 'web', '--keyring', keyring, '--json']);
    expect(made).toBe(JSON.stringify({ kid: 'web', alg: 'ES256', keyring }));
  });

  test('JWTKIT_KEYRING names the folder', async () => {
    const keyring = join(temporaryFolder(), 'keyring');
    await stdoutOf([...ec, '--kid', 'web'], { env: { JWTKIT_KEYRING: keyring } });
    expect(readdirSync(keyring).sort()).toEqual(['.gitignore', '.lock', 'jwks.json', 'web.pem']);
  });

  test('never overwrites a key of the same kid', async () => {
    const keyring = await makeKeyring('ES256', 'web');
    const contents = () => ['jwks.json', 'web.pem'].map((name) => textOf(join(keyring, name)));
    const before = contents();
    const names = readdirSync(keyring);
    const { exitCode, stdout, stderr } = await runCli([...ec, '--kid', 'web', '--keyring', keyring]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
    expect(stderr).toBe('error: the keyring already has a key web\nhint: choose another --kid\n');
    expect(contents()).toEqual(before);
    expect(readdirSync(keyring)).toEqual(names);
  });

  test('never overwrites a private key that the set does not name, and does not suggest --force', async () => {
    const keyring = await makeKeyring('ES256', 'web');
    const orphan = join(keyring, 'orphan.pem');
    writeFileSync(orphan, 'kept');
    const { exitCode, stderr } = await runCli([...ec, '--kid', 'orphan', '--keyring', keyring]);
    expect(exitCode).toBe(3);
    expect(textOf(orphan)).toBe('kept');
    expect(JSON.parse(textOf(join(keyring, 'jwks.json'))).keys).toHaveLength(1);
    expect(stderr).toContain('orphan.pem already exists');
    expect(stderr).not.toContain('--force');
  });

  test.each([
    ['../escape'],
    ['a/b'],
    ['a\\b'],
    ['..'],
    ['.hidden'],
    ['end.'],
    ['with space'],
    ['tab\there'],
    ['ümlaut'],
    ['x'.repeat(129)],
  ])('refuses the kid %j, which cannot name a file', async (kid) => {
    const folder = temporaryFolder();
    const { exitCode, stderr } = await runCli([...ec, '--kid', kid, '--keyring', join(folder, 'keyring')]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('cannot name a key file');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('refuses a folder that is a file', async () => {
    const { exitCode, stderr } = await runCli([...ec, '--keyring', fileWith('x')]);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('error: cannot write');
  });

  test.each([['{"keys":[null]}'], ['{"keys":["text"]}'], ['{"keys":{}}'], ['[]'], ['{']])(
    'refuses to add to the set %s',
    async (text) => {
      const keyring = temporaryFolder();
      writeFileSync(join(keyring, 'jwks.json'), text);
      const { exitCode, stderr } = await runCli([...ec, '--keyring', keyring]);
      expect(stderr).toContain('jwks.json');
      expect(exitCode).toBe(3);
      expect(textOf(join(keyring, 'jwks.json'))).toBe(text);
      expect(readdirSync(keyring).filter((name) => name.endsWith('.pem'))).toEqual([]);
    },
  );
});

describe('into files', () => {
  test('writes both halves as PEM and prints the kid', async () => {
    const { privatePath, publicPath } = pairPaths();
    const { exitCode, stdout, stderr } = await runCli([...ec, '--private', privatePath, '--public', publicPath]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^[A-Za-z0-9_-]{43}\n$/);
    expect(stderr).toBe(`wrote ${privatePath}\nwrote ${publicPath}\n`);
    expect(textOf(privatePath)).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    expect(textOf(publicPath)).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
    expect(createPublicKey(textOf(privatePath)).equals(createPublicKey(textOf(publicPath)))).toBe(true);
  });

  test.skipIf(!hasModes)('the private half is 0600, the public one 0644', async () => {
    const { privatePath, publicPath } = pairPaths();
    await stdoutOf([...ec, '--private', privatePath, '--public', publicPath]);
    expect([modeOf(privatePath), modeOf(publicPath)]).toEqual([0o600, 0o644]);
  });

  test('--format jwk writes JWKs that name kid, alg and use', async () => {
    const { privatePath, publicPath } = pairPaths();
    const kid = await stdoutOf([...ec, '--private', privatePath, '--public', publicPath, '--format', 'jwk']);
    const [privateJwk, publicJwk] = [privatePath, publicPath].map((path) => JSON.parse(textOf(path)));
    expect(publicJwk).toEqual({
      kty: 'EC',
      crv: 'P-256',
      x: publicJwk.x,
      y: publicJwk.y,
      kid,
      alg: 'ES256',
      use: 'sig',
    });
    expect(privateJwk).toEqual({ ...publicJwk, d: privateJwk.d });
  });

  test('--json says what was made and where', async () => {
    const { privatePath, publicPath } = pairPaths();
    const args = [...ec, '--kid', 'web', '--private', privatePath, '--public', publicPath, '--json'];
    const made = { kid: 'web', alg: 'ES256', private: privatePath, public: publicPath };
    expect(await stdoutOf(args)).toBe(JSON.stringify(made));
  });

  test('--private - prints only the private half', async () => {
    const { publicPath } = pairPaths();
    const stdout = await stdoutOf([...ec, '--private', '-', '--public', publicPath]);
    expect(createPublicKey(stdout).equals(createPublicKey(textOf(publicPath)))).toBe(true);
  });

  test('--public - prints only the public half', async () => {
    const { privatePath } = pairPaths();
    const stdout = await stdoutOf([...ec, '--private', privatePath, '--public', '-']);
    expect(stdout).toMatch(/^-----BEGIN PUBLIC KEY-----\n[^-]*-----END PUBLIC KEY-----$/);
  });

  test('both halves work: one signs, the other verifies', async () => {
    const { privatePath, publicPath } = pairPaths();
    await stdoutOf([...ec, '--private', privatePath, '--public', publicPath]);
    const token = await stdoutOf(['issue', '--key', privatePath, '--sub', 'user-1']);
    expect(await stdoutOf(['verify', token, '--key', publicPath, '--claim', 'sub'])).toBe('user-1');
  });

  test.each(['private', 'public'] as const)('nothing is overwritten: an existing %s file stays', async (half) => {
    const { folder, privatePath, publicPath } = pairPaths();
    const taken = half === 'private' ? privatePath : publicPath;
    writeFileSync(taken, 'kept');
    const { exitCode, stdout, stderr } = await runCli([...ec, '--private', privatePath, '--public', publicPath]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
    expect(stderr).toBe(`error: ${taken} already exists\nhint: pass --force to overwrite it\n`);
    expect(readdirSync(folder)).toEqual([taken.slice(folder.length + 1)]);
    expect(textOf(taken)).toBe('kept');
  });

  test('--force overwrites both, and the private file becomes 0600', async () => {
    const { folder, privatePath, publicPath } = pairPaths();
    for (const path of [privatePath, publicPath]) writeFileSync(path, 'old', { mode: 0o644 });
    await stdoutOf([...ec, '--private', privatePath, '--public', publicPath, '--force']);
    expect(textOf(privatePath)).toContain('PRIVATE KEY');
    expect(readdirSync(folder)).toHaveLength(2);
    if (hasModes) expect(modeOf(privatePath)).toBe(0o600);
  });

  test('leaves no file behind if the second one cannot be written', async () => {
    const { folder, privatePath } = pairPaths();
    const publicPath = join(folder, 'missing', 'verify.pem');
    const { exitCode, stderr } = await runCli([...ec, '--private', privatePath, '--public', publicPath]);
    expect(exitCode).toBe(3);
    expect(stderr).toBe(`error: cannot write ${publicPath}: no such file or folder\n`);
    expect(readdirSync(folder)).toEqual([]);
  });

  test('a failed --force keeps the old private key: both files are replaced, or neither', async () => {
    const { folder, privatePath } = pairPaths();
    writeFileSync(privatePath, 'old key');
    mkdirSync(join(folder, 'taken'));
    const args = [...ec, '--private', privatePath, '--public', join(folder, 'taken'), '--force'];
    const { exitCode, stderr } = await runCli(args);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('it is a folder');
    expect(readdirSync(folder).sort()).toEqual(['signing.pem', 'taken']);
    expect(textOf(privatePath)).toBe('old key');
  });

  test.each([[['--force']], [[]]])('refuses the same file under two names (%j)', async (force) => {
    const { folder, privatePath } = pairPaths();
    const args = [...ec, '--private', privatePath, '--public', `${folder}/./signing.pem`, ...force];
    const { exitCode, stderr } = await runCli(args);
    expect(stderr).toContain('--private and --public name the same file');
    expect(exitCode).toBe(2);
    expect(existsSync(privatePath)).toBe(false);
  });
});

describe('a long RSA key', () => {
  /** A run on a terminal whose stderr can be drawn on. */
  async function keygenOnTerminal(isTerminal: boolean) {
    const written = { stdout: '', stderr: '', drawn: '' };
    const output = (name: 'stdout' | 'stderr') => ({
      isTerminal,
      write: (text: string) => {
        written[name] += text;
      },
      writeLines: async () => {},
    });
    const drawing = new Writable({
      write(chunk, _encoding, done) {
        written.drawn += chunk;
        done();
      },
    });
    const terminalTraits = {
      isTTY: true,
      columns: 80,
      cursorTo: () => true,
      clearLine: () => true,
      moveCursor: () => true,
    };
    const io: World = {
      env: {},
      stdin: { isTerminal, read: () => new Uint8Array(), open: () => ({ chunks: [], size: 0, close() {} }) },
      stdout: output('stdout'),
      stderr: {
        ...output('stderr'),
        stream: () => Object.assign(drawing, terminalTraits) as unknown as NodeJS.WriteStream,
      },
      now: () => now,
      nextSecond: () => Promise.resolve(),
      newId: () => 'id',
    };
    const exitCode = await run(['keygen', '--bits', '3072', '--private', '-'], io);
    return { exitCode, ...written };
  }

  test('shows a spinner on a terminal’s stderr only', async () => {
    const { exitCode, stdout, drawn } = await keygenOnTerminal(true);
    expect(exitCode).toBe(0);
    expect(drawn).toContain('making an RSA key of 3072 bits');
    expect(stdout).toMatch(/^-----BEGIN PRIVATE KEY-----\n[^-]*-----END PRIVATE KEY-----\n$/);
  });

  test('makes a long key without a spinner if stderr is not a terminal', { tags: 'slow' }, async () => {
    expect(await keygenOnTerminal(false)).toMatchObject({ exitCode: 0, drawn: '', stderr: '' });
  });
});

describe('secrets', () => {
  test.each([
    ['HS256', 43],
    ['HS384', 64],
    ['HS512', 86],
  ])('%s makes a line of base64url that --secret-file takes', async (alg, length) => {
    const path = join(temporaryFolder(), 'secret.txt');
    const { exitCode, stdout } = await runCli(['keygen', '--alg', alg, '--private', path]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '' });
    expect(textOf(path)).toMatch(new RegExp(`^[A-Za-z0-9_-]{${length}}\n$`));
    if (hasModes) expect(modeOf(path)).toBe(0o600);
    const token = await stdoutOf(['issue', '--secret-file', path, '--sub', 'u']);
    expect((await runCli(['verify', '-q', token, '--secret-file', path])).exitCode).toBe(0);
  });

  test('--format jwk makes an oct JWK', async () => {
    const path = join(temporaryFolder(), 'secret.jwk');
    await stdoutOf(['keygen', '--alg', 'HS256', '--private', path, '--format', 'jwk', '--kid', 's1']);
    expect(JSON.parse(textOf(path))).toMatchObject({ kty: 'oct', kid: 's1', alg: 'HS256', use: 'sig' });
  });

  // step --kty oct writes the secret, unencrypted, to the file meant for the public key.
  test('refuses --public: a secret has no public half', async () => {
    const { folder, privatePath, publicPath } = pairPaths();
    const args = ['keygen', '--alg', 'HS256', '--private', privatePath, '--public', publicPath];
    const { exitCode, stderr } = await runCli(args);
    expect(exitCode).toBe(2);
    expect(stderr).toBe('error: HS256 takes a secret, which has no public half\nhint: leave out --public\n');
    expect(readdirSync(folder)).toEqual([]);
  });

  test('refuses the keyring, which is published', async () => {
    const keyring = join(temporaryFolder(), 'keyring');
    const { exitCode, stderr } = await runCli(['keygen', '--alg', 'HS256', '--keyring', keyring]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('a keyring does not hold');
    expect(existsSync(keyring)).toBe(false);
  });
});

describe('options', () => {
  test.each([
    ['PS256', 'RSA', undefined],
    ['ES384', 'EC', 'P-384'],
    ['ES512', 'EC', 'P-521'],
    ['ES256K', 'EC', 'secp256k1'],
    ['EdDSA', 'OKP', 'Ed25519'],
    ['Ed25519', 'OKP', 'Ed25519'],
    ['Ed448', 'OKP', 'Ed448'],
  ])('--alg %s makes a key of type %s %s that issues and verifies', async (alg, kty, crv) => {
    const keyring = await makeKeyring(alg);
    const [jwk] = JSON.parse(textOf(join(keyring, 'jwks.json'))).keys;
    expect(jwk).toMatchObject({ kty, alg, ...(crv === undefined ? {} : { crv }) });
    const token = await stdoutOf(['issue', '--keyring', keyring]);
    expect((await runCli(['verify', '-q', token, '--keyring', keyring])).exitCode).toBe(0);
  });

  test('--crv Ed448 chooses the curve of EdDSA', async () => {
    const keyring = join(temporaryFolder(), 'keyring');
    await stdoutOf(['keygen', '--alg', 'EdDSA', '--crv', 'Ed448', '--keyring', keyring]);
    expect(JSON.parse(textOf(join(keyring, 'jwks.json'))).keys[0]).toMatchObject({ crv: 'Ed448', alg: 'EdDSA' });
  });

  test('--bits sets the size of an RSA key', async () => {
    const path = join(temporaryFolder(), 'key.pem');
    await stdoutOf(['keygen', '--bits', '2056', '--private', path]);
    expect(createPrivateKey(textOf(path)).asymmetricKeyDetails?.modulusLength).toBe(2056);
  });

  test.each([
    [['--alg', 'RS257'], '--alg: "RS257" is not an algorithm'],
    [['--alg', 'rs256'], '--alg: "rs256" is not an algorithm'],
    [['--alg', 'RSA-OAEP-256'], 'hint: a key for encryption takes --use enc\n'],
    [['--alg', 'ECDH-ES'], 'hint: a key for encryption takes --use enc\n'],
    [['--alg', 'ec'], '--alg: ec is a type of key, not an algorithm\nhint: one of ES256, ES384, ES512, ES256K\n'],
    [['--alg', 'none'], 'there is no "none"'],
    [['--alg', 'NONE'], 'there is no "none"'],
    [['--bits', '1024'], '2048 to 16384 bits'],
    [['--bits', '2049'], 'in steps of 8'],
    [['--bits', '999999'], '2048 to 16384 bits'],
    [['--bits', 'abc'], '"abc"'],
    [['--bits', ''], '--bits'],
    [['--bits', '0x800'], '"0x800"'],
    [['--bits', '2048', '--alg', 'ES256'], 'a size in bits is for RSA keys'],
    [
      ['--crv', 'Ed25519'],
      'RS256 is not defined for the curve Ed25519\nhint: Ed25519 is the curve of EdDSA and Ed25519\n',
    ],
    [['--crv', 'P-256'], 'RS256 is not defined for the curve P-256\nhint: P-256 is the curve of ES256\n'],
    [['--crv', 'nonsense'], 'RS256 is not defined for the curve nonsense\n'],
    [
      ['--alg', 'EdDSA', '--crv', 'X25519'],
      'EdDSA is not defined for the curve X25519\nhint: X25519 is a curve of ECDH-ES, which encrypts\n',
    ],
    [['--format', 'jwk'], '--format'],
    [['--format', 'der', '--private', '-'], "'der' is invalid. Allowed choices are pem, jwk"],
    [['--public', 'verify.pem'], '--public needs --private'],
    [['--private', '-', '--public', '-'], 'name the same file'],
    [['--private', '-', '--keyring', 'x'], '--keyring and --private exclude each other'],
    [['--private', '-', '--json'], '--json and a key on stdout exclude each other'],
    [['stray'], 'keygen takes no argument'],
    [['--force'], '--force overwrites files only; a key of the keyring is never overwritten'],
  ])('refuses %j', async (args, message) => {
    const folder = temporaryFolder();
    const { exitCode, stdout, stderr } = await runCli(['keygen', ...args], {
      env: { JWTKIT_KEYRING: join(folder, 'k') },
    });
    expect(stderr).toContain(message);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr.split('\n').length).toBeLessThanOrEqual(3);
    expect(readdirSync(folder)).toEqual([]);
  });
});
