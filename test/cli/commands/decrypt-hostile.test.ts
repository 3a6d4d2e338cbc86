/** Hostile tokens given to the commands: the same failure, the same exit code, and nothing of the content anywhere. */
import { createCipheriv, generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { CompactEncrypt } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import { fileWith, makeKeyring, runCli, stdoutOf, temporaryFolder } from '../fake-io.js';

const content = 'the secret of the house';
const stderr = 'error: the token does not decrypt\nhint: it is for another key, or it was changed on its way\n';
const encoded = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
const headerOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString());
const withHeader = (token: string, members: object) =>
  [encoded({ ...headerOf(token), ...members }), ...token.split('.').slice(1)].join('.');
function flip(token: string, segment: number): string {
  const parts = token.split('.');
  const bytes = Buffer.from(parts[segment] ?? '', 'base64url');
  bytes[0] = (bytes[0] ?? 0) ^ 1;
  return parts.with(segment, bytes.toString('base64url')).join('.');
}

const pem = (key: ReturnType<typeof generateKeyPairSync>['publicKey']) =>
  fileWith(
    key.type === 'public' ? key.export({ type: 'spki', format: 'pem' }) : key.export({ type: 'pkcs8', format: 'pem' }),
  );
const pairs = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  ec: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  x25519: generateKeyPairSync('x25519'),
};
const secretBytes = randomBytes(32);
const secret = fileWith(secretBytes);
const privateOf = (name: keyof typeof pairs) => ['--key', pem(pairs[name].privateKey)];

const tokens = { rsa: '', ec: '', x25519: '', shared: '', signed: '' };
let keyring = '';
beforeAll(async () => {
  for (const name of ['rsa', 'ec', 'x25519'] as const) {
    tokens[name] = await stdoutOf(['encrypt', '-', '--key', pem(pairs[name].publicKey)], { stdin: content });
  }
  tokens.shared = await stdoutOf(['encrypt', '-', '--secret-file', secret], { stdin: content });
  keyring = await makeKeyring();
  tokens.signed = await stdoutOf(['issue', '--keyring', keyring]);
});

/** A token whose content claims to be compressed. */
function zipped(bytes: Uint8Array): string {
  const header = encoded({ alg: 'dir', enc: 'A256GCM', zip: 'DEF' });
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', secretBytes, iv).setAAD(Buffer.from(header));
  const text = Buffer.concat([cipher.update(bytes), cipher.final()]);
  return [header, '', ...[iv, text, cipher.getAuthTag()].map((part) => part.toString('base64url'))].join('.');
}

const other = generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' });
const zeros = Buffer.alloc(32).toString('base64url');

/** Every reason why a token does not decrypt, with the options that name the key. */
const failing: readonly [string, () => string, () => string[]][] = [
  ...(['encrypted key', 'initialization vector', 'content', 'tag'] as const).flatMap((part, at) =>
    (['rsa', 'ec', 'x25519'] as const).map((name): [string, () => string, () => string[]] => [
      `a changed ${part} for ${name}`,
      () => flip(tokens[name], at + 1),
      () => privateOf(name),
    ]),
  ),
  ['a changed header', () => withHeader(tokens.ec, { typ: 'x' }), () => privateOf('ec')],
  ['another key', () => tokens.ec, () => ['--key', pem(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey)]],
  [
    'a point off its curve',
    () => withHeader(tokens.ec, { epk: { kty: 'EC', crv: 'P-256', x: zeros, y: zeros } }),
    () => privateOf('ec'),
  ],
  ['a point of another curve', () => withHeader(tokens.ec, { epk: other }), () => privateOf('ec')],
  [
    'a point of small order',
    () => withHeader(tokens.x25519, { epk: { ...other, x: zeros } }),
    () => privateOf('x25519'),
  ],
  ['a swapped enc', () => withHeader(tokens.rsa, { enc: 'A128CBC-HS256' }), () => privateOf('rsa')],
  ['RSA-OAEP with another hash', () => withHeader(tokens.rsa, { alg: 'RSA-OAEP-512' }), () => privateOf('rsa')],
  ['ECDH-ES instead of its wrapped key', () => withHeader(tokens.ec, { alg: 'ECDH-ES' }), () => privateOf('ec')],
  ['A256KW as dir', () => withHeader(tokens.shared, { alg: 'dir' }), () => ['--secret-file', secret]],
  ['A256KW as A256GCMKW', () => withHeader(tokens.shared, { alg: 'A256GCMKW' }), () => ['--secret-file', secret]],
];

describe('does not decrypt', () => {
  test.each(failing)('%s: exit 12, one message, no content', async (_title, token, key) => {
    const options = ['--token-file', fileWith(token())];
    expect(await runCli(['decrypt', ...options, ...key()])).toEqual({ exitCode: 12, stdout: '', stderr });
    const out = join(temporaryFolder(), 'out');
    expect(await runCli(['decrypt', ...options, ...key(), '--out', out])).toEqual({ exitCode: 12, stdout: '', stderr });
    expect(existsSync(out)).toBe(false);
    const batch = await runCli(['decrypt', '--batch', '--json', ...key()], { stdin: token() });
    const error = { code: 'DECRYPTION_FAILED', message: 'the token does not decrypt', hint: expect.any(String) };
    expect([batch.exitCode, JSON.parse(batch.stdout)]).toEqual([10, { line: 1, error }]);
    const [flag, place] = key() as [string, string];
    if (flag !== '--key') return;
    const verify = await runCli(['verify', ...options, '--decrypt-key', place, '--keyring', keyring]);
    expect([verify.exitCode, verify.stdout.includes('the token does not decrypt')]).toEqual([12, true]);
  });

  test('a bomb of compression: the same code and exit, and the hint names the limit', { tags: 'slow' }, async () => {
    const bomb = zipped(deflateRawSync(Buffer.alloc(64 * 1024 * 1024)));
    const { exitCode, stdout, stderr: said } = await runCli(['decrypt', bomb, '--secret-file', secret]);
    expect([exitCode, stdout]).toEqual([12, '']);
    expect(said).toBe(stderr.replace(/\n$/, '; compressed content is read up to 16 MiB\n'));
  });
});

describe('does not get that far: exit 12, for what the header says', () => {
  const forged = async (alg: string, key: Uint8Array) =>
    new CompactEncrypt(Buffer.from(content)).setProtectedHeader({ alg, enc: 'A256GCM' }).encrypt(key);
  const der = pairs.rsa.publicKey.export({ type: 'spki', format: 'der' });
  const text = Buffer.from(pairs.rsa.publicKey.export({ type: 'spki', format: 'pem' }));

  test.each<[string, () => string | Promise<string>, () => string[]]>([
    ['dir, with the bytes of the public RSA key', () => forged('dir', der.subarray(0, 32)), () => privateOf('rsa')],
    [
      'A256KW, with the bytes of the public RSA key',
      () => forged('A256KW', der.subarray(0, 32)),
      () => privateOf('rsa'),
    ],
    ['PBES2, with the public key as passphrase, DER', () => forged('PBES2-HS256+A128KW', der), () => privateOf('rsa')],
    ['PBES2, with the public key as passphrase, PEM', () => forged('PBES2-HS256+A128KW', text), () => privateOf('ec')],
    ['RSA-OAEP for a secret', () => tokens.rsa, () => ['--secret-file', secret]],
    ['ECDH-ES for a secret', () => tokens.ec, () => ['--secret-file', secret]],
    ['dir for a passphrase', () => forged('dir', secretBytes), () => ['--passphrase-file', secret]],
    ['RSA1_5', () => withHeader(tokens.rsa, { alg: 'RSA1_5' }), () => privateOf('rsa')],
    ['none', () => withHeader(tokens.rsa, { alg: 'none' }), () => privateOf('rsa')],
    [
      'rounds of PBES2 without end',
      () =>
        `${encoded({ alg: 'PBES2-HS512+A256KW', enc: 'A256GCM', p2s: 'A'.repeat(22), p2c: 2 ** 31 })}.AAAA.AAAA.AAAA.AAAA`,
      () => ['--passphrase-file', secret],
    ],
  ])('%s', async (_title, token, key) => {
    const options = ['--token-file', fileWith(await token())];
    const { exitCode, stdout, stderr: said } = await runCli(['decrypt', ...options, ...key(), '--json']);
    expect([exitCode, stdout, JSON.parse(said).error.code]).toEqual([12, '', 'ALG_NOT_ALLOWED']);
    expect(said).not.toContain(content);
  });
});

describe('a JWS where a JWE is due, and the reverse: exit 11', () => {
  test('decrypt, and verify --decrypt-key, take no signed token', async () => {
    for (const args of [
      ['decrypt', tokens.signed, ...privateOf('rsa')],
      ['verify', tokens.signed, '--decrypt-key', privateOf('rsa')[1] as string, '--keyring', keyring],
    ]) {
      const { exitCode, stdout, stderr: said } = await runCli(args);
      expect([exitCode, stdout + said]).toEqual([11, expect.stringContaining('signed token (JWS)')]);
    }
  });

  test('verify takes no encrypted token without --decrypt-key, and inspect none at all', async () => {
    for (const args of [
      ['verify', tokens.rsa, '--keyring', keyring],
      ['inspect', tokens.rsa],
    ]) {
      const { exitCode, stdout, stderr: said } = await runCli(args);
      expect([exitCode, stdout + said]).toEqual([11, expect.stringContaining('encrypted token (JWE)')]);
    }
  });

  test('verify --decrypt-key takes no text, no claims and no other encrypted token inside', async () => {
    const key = privateOf('rsa')[1] as string;
    const encrypt = (stdin: string, ...more: string[]) =>
      stdoutOf(['encrypt', '-', '--key', pem(pairs.rsa.publicKey), ...more], { stdin });
    const inside = [
      await encrypt('text'),
      await encrypt('{"sub":"user-123","exp":4102444800}', '--cty', 'JWT'),
      await encrypt(tokens.ec, '--cty', 'JWT'),
      await encrypt(`${encoded({ alg: 'none' })}.${encoded({ sub: 'u', exp: 4102444800 })}.`, '--cty', 'JWT'),
    ];
    const exits: number[] = [];
    for (const token of inside) {
      const { exitCode } = await runCli(['verify', token, '--decrypt-key', key, '--keyring', keyring]);
      exits.push(exitCode);
    }
    expect(exits).toEqual([11, 11, 11, 12]);
  });
});
