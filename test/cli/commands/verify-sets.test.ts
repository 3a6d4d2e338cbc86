/** `verify` with the sets that issuers publish: JWK Sets with broken keys in them, and maps from kid to PEM. */
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { createCertificate } from '../../../src/jose/certificate.js';
import { privateKeys, publicJwk, publicPem } from '../../attacks/trusted-keys.js';
import { serve, type TestServer } from '../../remote/server.js';
import { fileWith, now, runCli, stdoutOf, temporaryFolder, textOf } from '../fake-io.js';

const rsa = { ...publicJwk('rsa'), kid: 'k1' };
const broken = { ...rsa, n: `${rsa.n}=`, kid: 'k2' };
const reason = 'n is not canonical base64url';
const day = 86_400;

let tokens: Record<'k1' | 'k2' | 'none', string>;
let server: TestServer;
beforeAll(async () => {
  const key = fileWith(privateKeys.rsa.export({ format: 'pem', type: 'pkcs8' }) as string);
  const issue = (...args: string[]) => stdoutOf(['issue', '--sub', 'user-1', '--key', key, ...args]);
  tokens = { k1: await issue('--kid', 'k1'), k2: await issue('--kid', 'k2'), none: await issue() };
  server = await serve({});
});

type Which = keyof typeof tokens;
const setOf = (...keys: unknown[]) => JSON.stringify({ keys });
const pem = publicPem('rsa');
const pkcs1 = createPublicKey(privateKeys.rsa).export({ format: 'pem', type: 'pkcs1' }) as string;

async function certificate({ from = now - day, to = now + day } = {}): Promise<string> {
  const options = { alg: 'RS256', subject: 'CN=issuer', notBefore: from, notAfter: to } as const;
  return (await createCertificate(privateKeys.rsa, options)).toString();
}

/** Verifies with a set from a file by both options, and from a URL. */
async function exitCodesWith(content: string, which: Which, ...more: string[]): Promise<number[]> {
  server.route({ '/set': { body: content } });
  const file = fileWith(content);
  const places = [
    ['--jwks', file],
    ['--key', file],
    ['--jwks', `${server.origin}/set`],
  ];
  const found: number[] = [];
  for (const place of places) {
    const { exitCode } = await runCli(['verify', tokens[which], ...place, '--quiet', '--no-cache', ...more]);
    found.push(exitCode);
  }
  return found;
}

test.each<[string, string, number, string]>([
  ['a set in base64', Buffer.from(setOf(rsa)).toString('base64'), 0, 'base64 around it was decoded'],
  ['a set in quotes', JSON.stringify(setOf(rsa)), 0, 'quotes around it were dropped'],
  ['a PEM with literal \\n', pem.replace(/\n/g, '\\n'), 0, 'it had literal \\n'],
  ['the base64 of a key', pem.replace(/-----.*-----|\n/g, ''), 0, 'base64 around it was decoded'],
  ['a private set in base64', Buffer.from(setOf(privateKeys.rsa.export({ format: 'jwk' }))).toString('base64'), 3, ''],
  ['a web page', '<!doctype html>', 3, 'hint: this is a web page'],
  ['the metadata of an issuer', '{"issuer":"https://i.example","jwks_uri":"https://i.example/k"}', 3, '--issuer-url'],
  [
    'a set in a member',
    JSON.stringify({ client_id: 'x', jwks: { keys: [rsa] } }),
    3,
    'the key is in its member jwks: give that alone',
  ],
  ['null for what a key has not', setOf({ ...rsa, kid: 'k2', d: null, p: null, oth: null }, rsa), 0, ''],
])('a file of --jwks may be wrapped as a key may: %s', async (_, content, code, note) => {
  const { exitCode, stderr } = await runCli(['verify', tokens.k1, '--jwks', fileWith(content)]);
  expect({ exitCode, stderr }).toEqual({ exitCode: code, stderr: expect.stringContaining(note) });
});

test('a key in DER as --jwks gets the command that makes a set of it', async () => {
  const publicDer = createPublicKey(privateKeys.rsa).export({ format: 'der', type: 'spki' });
  for (const bytes of [publicDer, privateKeys.rsa.export({ format: 'der', type: 'pkcs8' })]) {
    const file = fileWith(bytes);
    const { exitCode, stderr } = await runCli(['verify', tokens.none, '--jwks', file]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 3, stderr: expect.stringContaining('binary, such as DER') });
    const way = /jwtkit (keys convert FILE .+)\n$/.exec(stderr)?.[1] ?? '';
    const set = await stdoutOf(way.replace('FILE', file).split(' '));
    expect(await runCli(['verify', tokens.none, '--jwks', fileWith(set)])).toMatchObject({ exitCode: 0 });
  }
});

const { n = '' } = rsa as { n?: string };
test.each<[string, object, string]>([
  ['a number in base64', { keys: [{ ...rsa, n: Buffer.from(n, 'base64url').toString('base64') }] }, 'not base64url'],
  ['the exponent as a number', { keys: [{ ...rsa, e: 65537 }] }, 'write "e": "AQAB"'],
  ['a kid that is a number', { keys: [{ ...rsa, kid: 1 }] }, 'write it in quotes'],
  ['an empty use', { keys: [{ ...rsa, use: '' }] }, 'remove "use"'],
  ['a use in capitals', { keys: [{ ...rsa, use: 'SIG' }] }, 'write "use": "sig"'],
  ['an alg in lower case', { keys: [{ ...rsa, alg: 'rs256' }] }, 'write "alg": "RS256"'],
  ['a type in lower case', { keys: [{ ...rsa, kty: 'rsa' }] }, 'write "kty": "RSA"'],
  ['key_ops that are a text', { keys: [{ ...rsa, key_ops: 'verify' }] }, 'write it as an array'],
  ['PEM in a set', { keys: [{ kid: 'k1', pem }] }, 'jwtkit keys convert FILE --format jwk'],
  [
    'the keys of the admin API of Keycloak',
    { keys: [{ kid: 'k1', providerId: 'x', publicKey: 'MIIB' }] },
    'openid-connect/certs',
  ],
  [
    'a document of a DID',
    { id: 'did:web:x', verificationMethod: [{ publicKeyJwk: rsa }] },
    'member verificationMethod.0.publicKeyJwk',
  ],
  ['a confirmation of a token', { cnf: { jwk: rsa } }, 'member cnf.jwk'],
  ['an answer with errors', { errors: ['permission denied'] }, 'read its message'],
])('a set without a usable key says what to change: %s', async (_, set, hint) => {
  const file = fileWith(JSON.stringify(set));
  for (const option of ['--jwks', '--key']) {
    const { exitCode, stderr } = await runCli(['verify', tokens.k1, option, file]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 3, stderr: expect.stringContaining(hint) });
  }
  const { stderr } = await runCli(['keys', 'convert', file, '--format', 'jwks']);
  expect(stderr).toContain(hint);
});

test('a set from a URL may not be wrapped', async () => {
  server.route({ '/set': { body: Buffer.from(setOf(rsa)).toString('base64') } });
  const { exitCode } = await runCli(['verify', tokens.k1, '--jwks', `${server.origin}/set`, '--no-cache']);
  expect(exitCode).toBe(3);
});

describe('the same verdict with a set from a file and from a URL', () => {
  test.each<[string, string, Which, number]>([
    ['a broken key beside the right one', setOf(broken, rsa), 'k1', 0],
    ['null beside the right one', setOf(null, rsa), 'k1', 0],
    ['a list beside the right one', setOf([], [[rsa]], rsa), 'k1', 0],
    ['no key but a name', setOf({ kid: 'k1' }, rsa), 'k1', 0],
    ['the right key, broken', setOf(broken, rsa), 'k2', 13],
    ['the right key without its e', setOf({ ...rsa, kid: 'k2', e: undefined }, rsa), 'k2', 13],
    ['the right key for encryption', setOf({ ...rsa, kid: 'k2', use: 'enc' }, rsa), 'k2', 13],
    ['a token without kid, beside a broken key', setOf(broken, rsa), 'none', 0],
    ['two types of one kid', setOf({ ...publicJwk('p256'), kid: 'k1' }, rsa), 'k1', 0],
    ['two keys of one kid', setOf({ ...publicJwk('rsaOther'), kid: 'k1' }, rsa), 'k1', 0],
    [
      'two keys of one kid, neither right',
      setOf({ ...publicJwk('rsaOther'), kid: 'k1' }, { ...publicJwk('p256'), kid: 'k1' }),
      'k1',
      12,
    ],
    ['one key of two algorithms', setOf({ ...rsa, alg: 'PS256' }, { ...rsa, alg: 'RS256' }), 'k1', 0],
    ['one key, for another algorithm', setOf({ ...rsa, alg: 'PS256' }), 'k1', 12],
    ['the same key twice', setOf(rsa, rsa), 'k1', 0],
    [
      'extra members',
      JSON.stringify({ issuer: 'x', keys: [{ ...rsa, x5c: ['AA'], issued: {} }], next: null }),
      'k1',
      0,
    ],
    ['a single JWK', JSON.stringify(rsa), 'k1', 0],
    ['a single JWK of another kid', JSON.stringify(rsa), 'k2', 13],
    ['broken keys alone', setOf(broken, null), 'k2', 3],
    ['a list of JWKs', JSON.stringify([rsa]), 'k1', 0],
    ['a list of other things', JSON.stringify([{ a: rsa }]), 'k1', 3],
    ['an empty set', setOf(), 'k1', 3],
    ['a broken secret', setOf(rsa, { kty: 'oct', k: '=' }), 'k1', 3],
    ['a broken private key', setOf(rsa, { ...broken, d: 'AA' }), 'k1', 3],
    ['a map to PEM', JSON.stringify({ k1: pem, k2: publicPem('p256') }), 'k1', 0],
    ['a map to PEM of PKCS#1', JSON.stringify({ k1: pkcs1 }), 'k1', 0],
    ['a map to PEM with other line ends', JSON.stringify({ k1: pem.replaceAll('\n', '\r\n') }), 'k1', 0],
    ['a map to a key of another type', JSON.stringify({ k1: publicPem('p256') }), 'k1', 12],
    ['a map without the kid', JSON.stringify({ other: pem }), 'k1', 13],
    ['a map and a token without kid', JSON.stringify({ other: publicPem('rsaOther'), k1: pem }), 'none', 0],
    ['a map with broken members', JSON.stringify({ x: 'x', y: null, z: `${pem.slice(0, 60)}!`, k1: pem }), 'k1', 0],
    ['a map in which the right key is broken', JSON.stringify({ k1: pem, k2: `${pem.slice(0, 60)}!` }), 'k2', 13],
    [
      'a map with a private key',
      JSON.stringify({ k1: pem, k2: privateKeys.p256.export({ format: 'pem', type: 'pkcs8' }) }),
      'k1',
      3,
    ],
    ['PEM', pem, 'k1', 0],
  ])('%s', async (_, content, which, exitCode) => {
    expect(await exitCodesWith(content, which)).toEqual([exitCode, exitCode, exitCode]);
  });
});

describe('a map to certificates', () => {
  test('verifies while a certificate is valid', async () => {
    const map = JSON.stringify({
      k1: await certificate(),
      k2: await certificate({ from: now - 3 * day, to: now - day }),
    });
    expect(await exitCodesWith(map, 'k1')).toEqual([0, 0, 0]);
    expect(await exitCodesWith(map, 'k2')).toEqual([13, 13, 13]);
    expect(await exitCodesWith(map, 'k2', '--allow-expired-cert')).toEqual([0, 0, 0]);
  });
});

describe('a note on stderr', () => {
  const note = `note: keys that cannot be used are left out: k2 (${reason})\n`;
  const verify = (content: string, which: Which, ...more: string[]) =>
    runCli(['verify', tokens[which], '--jwks', fileWith(content), ...more]);

  test('names a broken key', async () => {
    expect(await verify(setOf(broken, rsa), 'k1')).toMatchObject({ exitCode: 0, stderr: note });
    expect((await verify(setOf(broken, rsa), 'k1', '--claim', 'sub')).stderr).toBe(note);
    expect((await runCli(['verify', tokens.k1, '--key', fileWith(setOf(broken, rsa))])).stderr).toBe(note);
  });

  test('does not name a key for another purpose', async () => {
    expect((await verify(setOf({ ...rsa, kid: 'e', use: 'enc' }, rsa), 'k1')).stderr).toBe('');
  });

  test('is left out with --quiet, and in JSON stands in the report', async () => {
    expect((await verify(setOf(broken, rsa), 'k1', '--quiet')).stderr).toBe('');
    const { stdout, stderr } = await verify(setOf(broken, { ...rsa, kid: 'e', use: 'enc' }, rsa), 'k1', '--json');
    expect(JSON.parse(stderr).note.message).toContain('k2');
    expect(JSON.parse(stdout).skipped).toEqual([{ kid: 'k2', reason }]);
    expect(JSON.parse((await verify(setOf(rsa), 'k1', '--json')).stdout)).not.toHaveProperty('skipped');
  });

  test('is not added to the error that says it', async () => {
    const { exitCode, stderr } = await verify(setOf(broken, rsa), 'k2');
    expect(exitCode).toBe(13);
    expect(stderr).toBe(`error: key k2 is in the set but cannot be used: ${reason}\nhint: trusted kids: k1\n`);
  });

  test('comes once for a batch, in which each token has the verdict that it has alone', async () => {
    const lines = [tokens.k1, tokens.k2, tokens.none].join('\n');
    const args = ['verify', '--batch', '--jwks', fileWith(setOf({ ...publicJwk('p256'), kid: 'k2' }, broken, rsa))];
    const { stdout, stderr } = await runCli(args, { stdin: lines });
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).code ?? null),
    ).toEqual([null, 'KEY_NOT_FOUND', null]);
    expect(stderr.split(note)).toHaveLength(2);
  });

  test('is cut and escaped for a set of many broken keys', async () => {
    const many = Array.from({ length: 200 }, (_, at) => ({ ...broken, kid: `\u001b[31m${at}${'x'.repeat(200)}` }));
    const { stderr } = await verify(setOf(...many, rsa), 'k1');
    expect(stderr).toContain('and 197 more');
    expect(stderr.length).toBeLessThan(600);
    expect(stderr).not.toContain('\u001b');
  });
});

test.each([['thumbprint'], ['convert', '--format', 'jwks']])(
  'keys %s notes what is left out of a set',
  async (...args) => {
    const { exitCode, stdout, stderr } = await runCli(['keys', ...args, fileWith(setOf(broken, rsa))]);
    expect([exitCode, stderr]).toEqual([0, `note: keys that cannot be used are left out: k2 (${reason})\n`]);
    expect(stdout).not.toContain('k2');
  },
);

describe('keys import takes what verify takes', () => {
  const importInto = async (content: string, ...more: string[]) => {
    const keyring = join(temporaryFolder(), 'keyring');
    const result = await runCli(['keys', 'import', fileWith(content), '--keyring', keyring, ...more]);
    return {
      ...result,
      kids:
        result.exitCode === 0
          ? JSON.parse(textOf(join(keyring, 'jwks.json'))).keys.map(({ kid }: { kid: string }) => kid)
          : [],
    };
  };

  test('leaves out broken public keys, and says so', async () => {
    const { stderr, kids } = await importInto(setOf(broken, rsa));
    expect(kids).toEqual(['k1']);
    expect(stderr).toContain(`note: left out k2: ${reason}\n`);
  });

  test('takes a map to PEM, by its kids', async () => {
    expect((await importInto(JSON.stringify({ k1: pem, k2: publicPem('p256') }))).kids).toEqual(['k1', 'k2']);
  });

  test('takes a key that is there twice once, and refuses two keys of one kid', async () => {
    expect((await importInto(setOf(rsa, rsa))).kids).toEqual(['k1']);
    const { exitCode, stderr } = await importInto(setOf({ ...publicJwk('p256'), kid: 'k1' }, rsa));
    expect([exitCode, stderr]).toEqual([3, expect.stringContaining('two keys have the kid "k1"')]);
  });

  test('refuses a set with a broken private key', async () => {
    const jwk = {
      ...createPrivateKey(privateKeys.p256.export({ format: 'pem', type: 'pkcs8' })).export({ format: 'jwk' }),
    };
    expect((await importInto(setOf(rsa, { ...jwk, x: '=' }))).exitCode).toBe(3);
  });
});
