import { createPrivateKey, generateKeyPairSync } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { JwtkitError } from '../../../src/errors.js';
import { exportPrivateJwk, exportPublicJwk, type Jwk, thumbprint } from '../../../src/jose/jwk.js';
import { exportPrivatePem } from '../../../src/jose/pem.js';
import { addKey } from '../../../src/store/keyring/changes.js';
import { openKeyring } from '../../../src/store/keyring/directory.js';

const root = mkdtempSync(join(tmpdir(), 'jwtkit-test-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const freshPath = () => join(mkdtempSync(join(root, 'folder-')), 'keyring');
const makePair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const hasModes = process.platform !== 'win32';
const made = 1000;

/** A keyring written by hand: what the set says, and the private halves that are there. */
function writeKeyring(jwks: (Partial<Jwk> & { kid?: unknown; noPrivateHalf?: boolean })[]): string {
  const directory = freshPath();
  mkdirSync(directory);
  const keys = jwks.map(({ noPrivateHalf, ...members }) => {
    const { privateKey, publicKey } = makePair();
    if (noPrivateHalf !== true && typeof members.kid === 'string' && !members.kid.includes('/')) {
      writeFileSync(join(directory, `${members.kid}.pem`), exportPrivatePem(privateKey), { mode: 0o600 });
    }
    return { ...exportPublicJwk(publicKey), alg: 'ES256', use: 'sig', ...members };
  });
  writeFileSync(join(directory, 'jwks.json'), JSON.stringify({ keys }));
  return directory;
}

function readSet(directory: string): { keys: Jwk[] } {
  return JSON.parse(readFileSync(join(directory, 'jwks.json'), 'utf8'));
}

function failureOf(action: () => unknown): { code: string; message: string } {
  try {
    action();
  } catch (error) {
    if (error instanceof JwtkitError) return { code: error.code, message: error.message };
    throw error;
  }
  throw new Error('nothing was thrown');
}

async function rejectionOf(action: () => Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    await action();
  } catch (error) {
    return failureOf(() => {
      throw error;
    });
  }
  throw new Error('nothing was thrown');
}

describe('adding a key', () => {
  test('makes the folder, its .gitignore, the set and the private half', async () => {
    const directory = freshPath();
    const pair = makePair();
    const kid = await addKey(directory, pair, { alg: 'ES256', now: made });
    expect(kid).toBe(thumbprint(pair.publicKey));
    expect(readdirSync(directory).sort()).toEqual(['.gitignore', '.lock', `${kid}.pem`, 'jwks.json'].sort());
    expect(readFileSync(join(directory, '.gitignore'), 'utf8')).toBe('*\n');
    const jwk = { ...exportPublicJwk(pair.publicKey), kid, alg: 'ES256', use: 'sig', iat: made };
    expect(readSet(directory)).toEqual({ keys: [jwk] });
    const pem = readFileSync(join(directory, `${kid}.pem`), 'utf8');
    expect(createPrivateKey(pem).equals(pair.privateKey)).toBe(true);
  });

  test.skipIf(!hasModes)('makes the folder 0700, private keys 0600 and public files 0644', async () => {
    const directory = freshPath();
    await addKey(directory, makePair(), { alg: 'ES256', now: made, kid: 'k1' });
    const modes = ['', 'k1.pem', 'jwks.json', '.gitignore'].map((name) => statSync(join(directory, name)).mode & 0o777);
    expect(modes).toEqual([0o700, 0o600, 0o644, 0o644]);
  });

  test('keeps unknown members of the set, and an existing .gitignore', async () => {
    const directory = freshPath();
    await addKey(directory, makePair(), { alg: 'ES256', now: made, kid: 'k1' });
    writeFileSync(join(directory, '.gitignore'), '*.pem\n');
    const set = { note: 'mine', keys: [{ ...readSet(directory).keys[0], x5t: 'kept' }] };
    writeFileSync(join(directory, 'jwks.json'), JSON.stringify(set));
    await addKey(directory, makePair(), { alg: 'ES256', now: made + 1, kid: 'k2' });
    expect(readSet(directory)).toMatchObject({ note: 'mine', keys: [{ kid: 'k1', x5t: 'kept' }, { kid: 'k2' }] });
    expect(readFileSync(join(directory, '.gitignore'), 'utf8')).toBe('*.pem\n');
  });

  test('refuses a taken kid, and one whose file exists', async () => {
    const directory = freshPath();
    const add = (kid: string) => addKey(directory, makePair(), { alg: 'ES256', now: made, kid });
    await add('k1');
    await expect(add('k1')).rejects.toMatchObject({ code: 'FILE_EXISTS', message: expect.stringContaining('k1') });
    writeFileSync(join(directory, 'k2.pem'), 'kept');
    await expect(add('k2')).rejects.toMatchObject({ code: 'FILE_EXISTS' });
    expect(readFileSync(join(directory, 'k2.pem'), 'utf8')).toBe('kept');
    expect(readSet(directory).keys).toHaveLength(1);
  });

  test('refuses a secret', async () => {
    const { generateKey } = await import('../../../src/jose/generate-key.js');
    const secret = await generateKey('HS256');
    await expect(addKey(freshPath(), secret, { alg: 'HS256', now: made })).rejects.toMatchObject({
      code: 'USAGE_INVALID',
    });
  });

  test.each(['../k', 'a/b', 'a\\b', '.', '..', '.k', 'k.', '', 'a b', 'a\0b', 'x'.repeat(129)])(
    'refuses the kid %j, which cannot name a file',
    async (kid) => {
      const directory = freshPath();
      await expect(addKey(directory, makePair(), { alg: 'ES256', now: made, kid })).rejects.toMatchObject({
        code: 'USAGE_INVALID',
        message: expect.stringContaining('cannot name a key file'),
      });
      expect(existsSync(directory)).toBe(false);
    },
  );

  test.each(['k', 'K-1_2', 'a.b', 'x'.repeat(128), '-k', '2026-11-23'])('takes the kid %j', async (kid) => {
    expect(await addKey(freshPath(), makePair(), { alg: 'ES256', now: made, kid })).toBe(kid);
  });
});

describe('opening', () => {
  test('a missing or empty folder, or a file, is KEYRING_NOT_FOUND', () => {
    const empty = freshPath();
    mkdirSync(empty);
    const file = freshPath();
    writeFileSync(file, '');
    for (const directory of [freshPath(), empty, file]) {
      const message =
        directory === file ? `${file} is a file, and a keyring is a folder` : `there is no keyring at ${directory}`;
      expect(failureOf(() => openKeyring(directory))).toEqual({ code: 'KEYRING_NOT_FOUND', message });
    }
  });

  test.each<[string, string]>([
    ['', 'is empty'],
    ['{', 'is not JSON'],
    ['[]', 'is an array, not a JSON object'],
    ['{}', 'is not a JWK Set: it has no array of keys'],
    ['{"keys":{}}', 'is not a JWK Set'],
    ['{"keys":[],"keys":[]}', 'has a duplicate member name'],
  ])('refuses the set %s', (text, message) => {
    const directory = freshPath();
    mkdirSync(directory);
    writeFileSync(join(directory, 'jwks.json'), text);
    const failure = failureOf(() => openKeyring(directory));
    expect(failure.code).toBe('KEYRING_INVALID');
    expect(failure.message).toContain(`${join(directory, 'jwks.json')} ${message}`);
  });

  test('an empty set has nothing to sign or verify with', async () => {
    const keyring = openKeyring(writeKeyring([]));
    expect(keyring.verificationKeys(made)).toEqual([]);
    expect(await rejectionOf(() => keyring.signingKey(made))).toEqual({
      code: 'SIGNING_KEY_NOT_FOUND',
      message: 'the keyring has no key that signs now (it is empty)',
    });
  });

  test.each([['../../etc/passwd'], ['a/b'], ['..'], ['.'], ['.hidden'], ['a\\b'], ['a\u0000b'], [''], ['a b']])(
    'refuses the kid %j in the set: it would name a file elsewhere',
    (kid) => {
      const failure = failureOf(() => openKeyring(writeKeyring([{ kid, noPrivateHalf: true }])));
      expect(failure.code).toBe('KEYRING_INVALID');
      expect(failure.message).toContain('cannot name a key');
    },
  );

  test('refuses a key without a kid, in words', () => {
    const failure = failureOf(() => openKeyring(writeKeyring([{}])));
    expect(failure.code).toBe('KEYRING_INVALID');
    expect(failure.message).toContain('kid');
    expect(failure.message).not.toContain('undefined');
  });

  test('refuses two keys of one kid', () => {
    expect(failureOf(() => openKeyring(writeKeyring([{ kid: 'k1' }, { kid: 'k2' }, { kid: 'k1' }])))).toMatchObject({
      code: 'KEYRING_INVALID',
      message: expect.stringContaining('two keys have the kid k1'),
    });
  });

  test('refuses a private JWK in the set, which is published', () => {
    const { privateKey } = makePair();
    const directory = writeKeyring([{ ...exportPrivateJwk(privateKey), kid: 'k1' }]);
    expect(failureOf(() => openKeyring(directory))).toMatchObject({
      code: 'KEYRING_INVALID',
      message: expect.stringContaining('the key k1 is not a public key; this file is published'),
    });
  });

  test('refuses a secret in the set', () => {
    const directory = writeKeyring([{ kid: 'k1' }]);
    const keys = [{ kty: 'oct', k: Buffer.alloc(32).toString('base64url'), kid: 'k1' }];
    writeFileSync(join(directory, 'jwks.json'), JSON.stringify({ keys }));
    expect(failureOf(() => openKeyring(directory)).code).toBe('KEYRING_INVALID');
  });

  test.each([
    ['iat', 'yesterday'],
    ['nbf', -1],
    ['exp', 1_795_435_200_000],
    ['exp', null],
  ])('refuses %s %j', (name, value) => {
    const directory = writeKeyring([{ kid: 'k1', [name]: value }]);
    expect(failureOf(() => openKeyring(directory))).toMatchObject({
      code: 'KEYRING_INVALID',
      message: expect.stringContaining(`the ${name} of k1 is no NumericDate`),
    });
  });

  test('does not read private keys before one signs', async () => {
    const directory = writeKeyring([{ kid: 'k1', iat: made }]);
    writeFileSync(join(directory, 'k1.pem'), 'no key');
    const keyring = openKeyring(directory);
    expect(keyring.verificationKeys(made)).toHaveLength(1);
    expect((await rejectionOf(() => keyring.signingKey(made))).code).toBe('KEY_INVALID');
  });
});

describe('the signing key', () => {
  test('is refused if the PEM does not belong to the set’s public key', async () => {
    const directory = writeKeyring([{ kid: 'k1', iat: made }]);
    writeFileSync(join(directory, 'k1.pem'), exportPrivatePem(makePair().privateKey));
    expect(await rejectionOf(() => openKeyring(directory).signingKey(made))).toMatchObject({
      code: 'KEYRING_INVALID',
      message: expect.stringContaining('is not the private half of k1'),
    });
  });

  test.each<[string, (Partial<Jwk> & { noPrivateHalf?: boolean })[], number, string | undefined]>([
    ['the only one', [{ kid: 'a', iat: 10 }], 100, 'a'],
    [
      'the latest',
      [
        { kid: 'a', iat: 10 },
        { kid: 'b', iat: 20 },
      ],
      100,
      'b',
    ],
    [
      'the latest, whatever the order in the set',
      [
        { kid: 'b', iat: 20 },
        { kid: 'a', iat: 10 },
      ],
      100,
      'b',
    ],
    [
      'not one of the future',
      [
        { kid: 'a', iat: 10 },
        { kid: 'b', iat: 20 },
      ],
      15,
      'a',
    ],
    [
      'from its second on',
      [
        { kid: 'a', iat: 10 },
        { kid: 'b', iat: 20 },
      ],
      20,
      'b',
    ],
    [
      'nbf before iat',
      [
        { kid: 'a', iat: 30 },
        { kid: 'b', iat: 10, nbf: 40 },
      ],
      100,
      'b',
    ],
    [
      'not before its nbf',
      [
        { kid: 'a', iat: 30 },
        { kid: 'b', iat: 10, nbf: 40 },
      ],
      39,
      'a',
    ],
    [
      'nbf counts even if it is before iat',
      [
        { kid: 'a', iat: 30 },
        { kid: 'b', iat: 50, nbf: 20 },
      ],
      100,
      'a',
    ],
    [
      'not one with an exp',
      [
        { kid: 'a', iat: 10 },
        { kid: 'b', iat: 20, exp: 999 },
      ],
      100,
      'a',
    ],
    [
      'not one without its private half',
      [
        { kid: 'a', iat: 10 },
        { kid: 'b', iat: 20, noPrivateHalf: true },
      ],
      100,
      'a',
    ],
    ['one without times', [{ kid: 'a' }], 0, 'a'],
    [
      'the later in the set of two of one second',
      [
        { kid: 'a', iat: 10 },
        { kid: 'b', iat: 10 },
      ],
      100,
      'b',
    ],
    ['none: all retired', [{ kid: 'a', iat: 10, exp: 999 }], 100, undefined],
    ['none: the time of none has come', [{ kid: 'a', iat: 1, nbf: 200 }], 100, undefined],
    [
      'the first made, before it was made',
      [
        { kid: 'b', iat: 300 },
        { kid: 'a', iat: 200 },
      ],
      100,
      'a',
    ],
    ['none: no private half', [{ kid: 'a', iat: 1, noPrivateHalf: true }], 100, undefined],
  ])('%s', async (_name, jwks, now, expected) => {
    const keyring = openKeyring(writeKeyring(jwks));
    if (expected === undefined)
      expect((await rejectionOf(() => keyring.signingKey(now))).code).toBe('SIGNING_KEY_NOT_FOUND');
    else expect((await keyring.signingKey(now)).kid).toBe(expected);
  });

  test.each([
    ['a', undefined],
    ['retired', 'the key retired does not sign: it was retired'],
    ['future', 'the key future does not sign: its time has not come'],
    ['half', 'the key half does not sign: its private half is not here'],
    ['nobody', 'the keyring has no key "nobody"'],
  ])('signs with the key named by kid: %s', async (kid, message) => {
    const keyring = openKeyring(
      writeKeyring([
        { kid: 'a', iat: 1 },
        { kid: 'b', iat: 2 },
        { kid: 'retired', iat: 1, exp: 999 },
        { kid: 'future', iat: 1, nbf: 200 },
        { kid: 'half', iat: 1, noPrivateHalf: true },
      ]),
    );
    if (message === undefined) expect((await keyring.signingKey(100, kid)).kid).toBe(kid);
    else
      expect(await rejectionOf(() => keyring.signingKey(100, kid))).toEqual({ code: 'SIGNING_KEY_NOT_FOUND', message });
  });

  test('signs with the alg of the set, not another that its type would allow', async () => {
    const directory = writeKeyring([{ kid: 'a' }]);
    expect((await openKeyring(directory).signingKey(0)).algorithms).toEqual(['ES256']);
  });
});

test('a key verifies until its exp, even if it is retired or announced', () => {
  const keyring = openKeyring(
    writeKeyring([
      { kid: 'a', iat: 1 },
      { kid: 'retired', iat: 1, exp: 100 },
      { kid: 'future', iat: 1, nbf: 999, noPrivateHalf: true },
    ]),
  );
  const kids = (now: number) => keyring.verificationKeys(now).map(({ kid }) => kid);
  expect(kids(99)).toEqual(['a', 'retired', 'future']);
  expect(kids(100)).toEqual(['a', 'future']);
});

describe('the lock', () => {
  test('simultaneous additions in a process take turns', async () => {
    const directory = freshPath();
    const add = (n: number) => addKey(directory, makePair(), { alg: 'ES256', now: made, kid: `k${n}` });
    await Promise.all([1, 2, 3, 4, 5].map(add));
    expect(readSet(directory).keys).toHaveLength(5);
  });

  test('a failed write releases the lock', async () => {
    const directory = freshPath();
    mkdirSync(directory);
    writeFileSync(join(directory, 'jwks.json'), 'broken');
    await expect(addKey(directory, makePair(), { alg: 'ES256', now: made })).rejects.toMatchObject({
      code: 'KEYRING_INVALID',
    });
    expect(readdirSync(directory).sort()).toEqual(['.gitignore', '.lock', 'jwks.json']);
    writeFileSync(join(directory, 'jwks.json'), '{"keys":[]}');
    expect(await addKey(directory, makePair(), { alg: 'ES256', now: made, kid: 'k1' })).toBe('k1');
  });
});
