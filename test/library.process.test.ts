/** The library as a user gets it: through the package's own exports, built, with its declarations. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import * as jwtkit from 'jwtkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { serve } from './remote/server.js';

const root = mkdtempSync(join(tmpdir(), 'jwtkit-test-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** 2026-11-23T12:00:00Z. */
const now = 1_795_435_200;

test('exports exactly these names', () => {
  expect(Object.keys(jwtkit).sort()).toEqual([
    'JwtkitError',
    'addClient',
    'addEncryptionKey',
    'addKey',
    'addUser',
    'algorithmNames',
    'certificateMembers',
    'changeClient',
    'changePassword',
    'changeUser',
    'contentEncryptionNames',
    'createCertificate',
    'createCertificateRequest',
    'createEncryptionKey',
    'createKey',
    'createPassphraseKey',
    'decodeToken',
    'decryptToken',
    'defaultLifetimes',
    'discoverIssuer',
    'encryptToken',
    'errorCodes',
    'exportPrivateJwk',
    'exportPrivatePem',
    'exportPublicJwk',
    'exportPublicPem',
    'fetchEncryptionKeys',
    'findToken',
    'generateKey',
    'grantScopes',
    'hashPassword',
    'importEncryptionKeys',
    'importKeys',
    'inspectToken',
    'isClientSecret',
    'isPassword',
    'issueToken',
    'issueTokenPair',
    'issuerKeys',
    'keyManagementNames',
    'keyringDecryptionKeys',
    'keyringRecipient',
    'loadEncryptionKeys',
    'loadEncryptionSecret',
    'loadKeys',
    'loadSecret',
    'openAccounts',
    'openDenylist',
    'openDocumentCache',
    'openKeyring',
    'pruneKeyring',
    'readClients',
    'readPkcs12',
    'readUsers',
    'refreshToken',
    'remoteKeys',
    'removeClient',
    'removeKey',
    'removeUser',
    'reportToken',
    'reportTokenFrom',
    'retireKey',
    'revokeSubject',
    'revokeToken',
    'revokeTokenId',
    'rotateClientSecret',
    'rotateEncryptionKeys',
    'rotateKeys',
    'signJws',
    'thumbprint',
    'unlockKeys',
    'verifyJws',
    'verifyToken',
    'verifyTokenFrom',
    'writePkcs12',
  ]);
});

test('package.json can be imported, no other file inside', async () => {
  const { default: packageJson } = await import('jwtkit/package.json', { with: { type: 'json' } });
  expect(packageJson.name).toBe('jwtkit');
  const inner = ['jwtkit', 'dist', 'errors.js'].join('/');
  const script = `import(${JSON.stringify(inner)}).then(() => {}, (error) => console.log(error.code))`;
  const { stdout } = await promisify(execFile)(process.execPath, ['-e', script]);
  expect(stdout).toBe('ERR_PACKAGE_PATH_NOT_EXPORTED\n');
});

describe('each verb, as documented', () => {
  let key: jwtkit.Key;
  let trusted: jwtkit.Key[];
  let token: string;

  beforeAll(async () => {
    const pair = await jwtkit.generateKey('ES256');
    if (!('privateKey' in pair)) throw new Error('a pair was expected');
    [key] = jwtkit.loadKeys(jwtkit.exportPrivatePem(pair.privateKey), { purpose: 'sign', kid: 'k1' }) as [jwtkit.Key];
    trusted = jwtkit.loadKeys(jwtkit.exportPublicPem(pair.publicKey), { purpose: 'verify', source: 'verify.pem' });
    ({ token } = await jwtkit.issueToken({ sub: 'user-1', aud: 'api' }, { ttl: 900 }, { key, now, newId: () => 'id' }));
  });

  test('issueToken', async () => {
    const { claims } = await jwtkit.issueToken({ sub: 'user-1' }, {}, { key, now, newId: () => 'id' });
    expect(claims).toEqual({ sub: 'user-1', type: 'access', iat: now, exp: now + 1800, jti: 'id' });
  });

  test('issueTokenPair', async () => {
    const pair = await jwtkit.issueTokenPair({ sub: 'user-1' }, { accessTtl: 60 }, { key, now });
    expect(Object.keys(pair)).toEqual(['access_token', 'refresh_token', 'token_type', 'expires_in']);
    expect(pair).toMatchObject({ token_type: 'bearer', expires_in: 60 });
  });

  test('decodeToken', () => {
    expect(jwtkit.decodeToken(token)).toEqual({
      header: { alg: 'ES256', typ: 'JWT', kid: 'k1' },
      claims: { sub: 'user-1', aud: 'api', type: 'access', iat: now, exp: now + 900, jti: 'id' },
      claimsText: Buffer.from(token.split('.')[1] ?? '', 'base64url').toString(),
    });
  });

  test('verifyToken returns the verified claims, header and key', async () => {
    const verified = await jwtkit.verifyToken(token, { audience: 'api' }, { keys: trusted, now });
    expect(verified).toEqual({
      ...jwtkit.decodeToken(token),
      key: { kid: null, alg: 'ES256', source: 'verify.pem' },
    });
  });

  test('verifyToken refuses a token with aud unless an audience is named or any is accepted', async () => {
    const verify = (policy: jwtkit.VerifyPolicy) => jwtkit.verifyToken(token, policy, { keys: trusted, now });
    await expect(verify({})).rejects.toMatchObject({ code: 'CLAIM_MISMATCH' });
    await expect(verify({ anyAudience: false })).rejects.toMatchObject({ code: 'CLAIM_MISMATCH' });
    expect((await verify({ anyAudience: true })).claims.aud).toBe('api');
    await expect(verify({ audience: 'api', anyAudience: true })).rejects.toMatchObject({
      code: 'USAGE_INVALID',
      message: 'policy: audience and anyAudience exclude each other',
    });
  });

  test('large numbers are exact in claimsText, from bigints, and in demands', async () => {
    const id = 100002348117421473n;
    const issued = await jwtkit.issueToken(
      { id, list: [1n], exp: BigInt(now + 9) as unknown as number },
      {},
      { key, now },
    );
    expect(issued.claimsText).toContain('"id":100002348117421473,"list":[1],');
    expect(issued.claims.id).toBe(Number(id));
    const holds = async (...require: jwtkit.RequiredClaim[]) =>
      (await jwtkit.reportToken(issued.token, { require }, { keys: trusted, now })).valid;
    expect(await holds({ name: 'id', value: id })).toBe(true);
    expect(await holds({ name: 'id', json: '100002348117421473.0' })).toBe(true);
    expect(await holds({ name: 'list', value: [1] }, { name: 'id' })).toBe(true);
    expect(await holds({ name: 'id', value: id - 1n })).toBe(false);
    expect(await holds({ name: 'id', json: '100002348117421470' })).toBe(false);
    expect(await holds({ name: 'list', value: ['1'] })).toBe(false);
  });

  test.each<[object, string]>([
    [
      { name: 'id', value: Number(100002348117421473n) },
      'has the value 100002348117421470, which may have lost digits',
    ],
    [{ name: 'id', value: [{ a: 1e300 }] }, 'may have lost digits: give a bigint, or json'],
    [{ name: 'id', value: Number.POSITIVE_INFINITY }, 'has the value Infinity'],
    [{ name: 'id', value: 1, json: '1' }, 'has both value and json'],
    [{ name: 'id', json: '1.' }, 'has a json that is not JSON'],
    [{ name: 'id', json: 5 }, 'has a json that is not a string'],
    [{ name: 'id', valeu: 1 }, '"id" has "valeu", which is not a member of it'],
    [{ name: 'id', value: undefined }, '"id" has the value undefined: leave it out'],
  ])('verifyToken refuses a meaningless demand: %o', async (required, message) => {
    const policy = { require: [required as jwtkit.RequiredClaim] };
    const refused = jwtkit.verifyToken(token, policy, { keys: trusted, now });
    await expect(refused).rejects.toMatchObject({ code: 'USAGE_INVALID', message: expect.stringContaining(message) });
  });

  test('verifyToken throws a JwtkitError with every finding', async () => {
    const refused = jwtkit.verifyToken(token, { audience: 'web', subject: 'x' }, { keys: trusted, now: now + 900 });
    const error = await refused.catch((thrown) => thrown);
    expect(error).toBeInstanceOf(jwtkit.JwtkitError);
    expect(error).toMatchObject({ code: 'TOKEN_EXPIRED', message: 'token expired now (2026-11-23T12:15:00Z)' });
    const failed = error.details.checks.filter(({ status }: jwtkit.Check) => status === 'failed');
    expect(failed.map(({ name }: jwtkit.Check) => name)).toEqual(['exp', 'aud', 'sub']);
  });

  test('reportToken returns the same findings instead', async () => {
    const report = await jwtkit.reportToken(token, { audience: 'web' }, { keys: trusted, now });
    expect(report).toMatchObject({ valid: false, code: 'CLAIM_MISMATCH', claims: { sub: 'user-1' } });
  });

  test('inspectToken', () => {
    expect(jwtkit.inspectToken(token, { now: now + 300 })).toEqual({
      issuedAt: now,
      activeFrom: now,
      expiresAt: now + 900,
      lifetime: 900,
      remaining: 600,
      state: 'active',
    });
  });

  test('signJws and verifyJws, over any bytes', async () => {
    const payload = Uint8Array.of(0, 255, 128);
    const jws = await jwtkit.signJws(payload, key, { header: { typ: 'bytes' } });
    const verified = jwtkit.verifyJws(jws, trusted, { algorithms: ['ES256'] });
    expect(verified.header).toEqual({ alg: 'ES256', typ: 'bytes', kid: 'k1' });
    expect(new Uint8Array(verified.payload)).toEqual(payload);
    expect(verified.key).toBe(trusted[0]);
    expect(() => jwtkit.verifyJws(jws, trusted, { algorithms: ['RS256'] })).toThrow(
      expect.objectContaining({ code: 'ALG_NOT_ALLOWED' }),
    );
  });

  test('loadSecret reads a secret that signs and verifies', async () => {
    const secret = jwtkit.loadSecret('a secret of thirty-two bytes, at least', { alg: 'HS256' });
    const issued = await jwtkit.issueToken({}, {}, { key: secret, now });
    await expect(jwtkit.verifyToken(issued.token, {}, { keys: [secret], now })).resolves.toBeDefined();
    expect(() => jwtkit.loadSecret('weak')).toThrow(expect.objectContaining({ code: 'KEY_TOO_WEAK' }));
  });

  test('addKey and openKeyring', async () => {
    const directory = join(root, 'keyring');
    const kid = await jwtkit.addKey(directory, await jwtkit.generateKey('EdDSA'), { alg: 'EdDSA', now });
    const keyring = jwtkit.openKeyring(directory);
    const issued = await jwtkit.issueToken({ sub: 'u' }, {}, { key: await keyring.signingKey(now), now });
    const verified = await jwtkit.verifyToken(issued.token, {}, { keys: keyring.verificationKeys(now), now });
    expect(verified.key.kid).toBe(kid);
    const [entry] = keyring.entries;
    expect(jwtkit.thumbprint((entry as jwtkit.KeyringEntry).key.keyObject)).toBe(kid);
  });

  test('remoteKeys, issuerKeys and discoverIssuer, verified with by verifyTokenFrom and reportTokenFrom', async () => {
    const jwk = { ...jwtkit.exportPublicJwk(key.keyObject), kid: 'k1' };
    const server = await serve({ '/jwks.json': { body: JSON.stringify({ keys: [jwk] }) } });
    const issuer = server.origin;
    const jwksUri = `${issuer}/jwks.json`;
    server.route({
      '/jwks.json': { body: JSON.stringify({ keys: [jwk] }) },
      '/.well-known/openid-configuration': { body: JSON.stringify({ issuer, jwks_uri: jwksUri }) },
    });
    const clock = () => Math.floor(Date.now() / 1000);
    const cache = jwtkit.openDocumentCache(join(root, 'cache'), { now: clock });
    expect(await jwtkit.discoverIssuer(issuer, { now: clock })).toEqual({ issuer, jwksUri });
    const sources = [
      jwtkit.remoteKeys(jwksUri, { now: clock, timeout: 2, cache }),
      jwtkit.issuerKeys(issuer, { now: clock, env: {} }),
    ];
    for (const source of sources) {
      const verified = await jwtkit.verifyTokenFrom(token, { audience: 'api' }, { source, now });
      expect(verified.key).toEqual({ kid: 'k1', alg: 'ES256', source: jwksUri });
      expect(source.fetched?.()).toMatchObject({ url: jwksUri, stale: false });
      const report = await jwtkit.reportTokenFrom(token, { audience: 'web' }, { source, now });
      expect(report.code).toBe('CLAIM_MISMATCH');
    }
    expect(() => jwtkit.remoteKeys('http://issuer.example/', { now: clock })).toThrow(
      expect.objectContaining({ code: 'USAGE_INVALID' }),
    );
  });

  test('rotateKeys, retireKey, removeKey, importKeys and pruneKeyring', async () => {
    const directory = join(root, 'rotating');
    const first = await jwtkit.rotateKeys(directory, { now, alg: 'ES256' });
    expect(first).toEqual({ kid: first.kid, alg: 'ES256', signsFrom: now, replaced: null });
    const next = await jwtkit.rotateKeys(directory, { now, activateIn: 3600, grace: 60 });
    expect(next.replaced).toEqual({ kid: first.kid, verifiesUntil: now + 3660, isEncrypted: false });
    const keyring = jwtkit.openKeyring(directory);
    const signers = await Promise.all([now, now + 3600].map((at) => keyring.signingKey(at)));
    expect(signers.map(({ kid }) => kid)).toEqual([first.kid, next.kid]);
    expect(keyring.publishedSet(now).keys.map(({ kid }) => kid)).toEqual([first.kid, next.kid]);
    expect((await keyring.privateKey(next.kid)).keyObject.type).toBe('private');
    const pem = Buffer.from(jwtkit.exportPublicPem((trusted[0] as jwtkit.Key).keyObject));
    const { keys, signing } = await jwtkit.importKeys(directory, pem, { now, kid: 'partner' });
    expect([keys.map(({ kid }) => kid), signing]).toEqual([['partner'], first.kid]);
    expect(await jwtkit.retireKey(directory, 'partner', { now, at: now + 5 })).toEqual({
      kid: 'partner',
      use: 'sig',
      verifiesUntil: now + 5,
      signing: first.kid,
    });
    await expect(jwtkit.removeKey(directory, 'partner', { now })).rejects.toMatchObject({ code: 'KEY_IN_USE' });
    expect(await jwtkit.pruneKeyring(directory, { now: now + 5 })).toEqual({ keys: ['partner'], leftovers: [] });
    await jwtkit.removeKey(directory, first.kid, { now: now + 3660 });
    expect(jwtkit.openKeyring(directory).entries.map(({ kid }) => kid)).toEqual([next.kid]);
  });

  test('exportPublicJwk and exportPrivateJwk', () => {
    const publicJwk = jwtkit.exportPublicJwk(key.keyObject);
    expect(Object.keys(publicJwk).sort()).toEqual(['crv', 'kty', 'x', 'y']);
    expect(jwtkit.exportPrivateJwk(key.keyObject)).toEqual({ ...publicJwk, d: expect.any(String) });
    expect(jwtkit.loadKeys(JSON.stringify({ keys: [publicJwk] }), { purpose: 'verify' })).toHaveLength(1);
  });

  test('exports the default lifetimes, the names of algorithms and the error codes', () => {
    expect(jwtkit.defaultLifetimes).toEqual({ access: 1800, refresh: 604_800 });
    expect(jwtkit.algorithmNames).toContain('ES256K');
    expect(jwtkit.algorithmNames).not.toContain('none');
    expect(jwtkit.errorCodes).toContain('TOKEN_EXPIRED');
  });
});

test('findToken finds the one token in a longer text', async () => {
  const { secret } = await jwtkit.generateKey('HS256');
  const { token } = await jwtkit.issueToken({ sub: 'u' }, {}, { key: jwtkit.createKey(secret), now });
  expect(jwtkit.findToken(`{"access_token":"${token}"}`)).toMatchObject({ kind: 'one', token, isWhole: true });
  expect(jwtkit.findToken('no token here')).toEqual({ kind: 'none' });
});

test('wrong types throw only JwtkitError', async () => {
  for (const token of [undefined, null, 5, {}, []] as unknown as string[]) {
    expect(() => jwtkit.decodeToken(token)).toThrow(expect.objectContaining({ code: 'TOKEN_MALFORMED' }));
    await expect(jwtkit.verifyToken(token, {}, { keys: [], now })).rejects.toMatchObject({ code: 'TOKEN_MALFORMED' });
  }
});

describe('types', () => {
  const run = promisify(execFile);
  const tsc = resolve('node_modules/typescript/bin/tsc');

  /** A project of its own that has jwtkit in its node_modules. */
  function project(source: string): string {
    const folder = mkdtempSync(join(root, 'consumer-'));
    mkdirSync(join(folder, 'node_modules', '@types'), { recursive: true });
    symlinkSync(resolve('.'), join(folder, 'node_modules', 'jwtkit'), 'junction');
    symlinkSync(resolve('node_modules/@types/node'), join(folder, 'node_modules', '@types', 'node'), 'junction');
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
    const compilerOptions = {
      target: 'es2023',
      module: 'nodenext',
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      noEmit: true,
      types: ['node'],
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
    writeFileSync(join(folder, 'consumer.ts'), source);
    return folder;
  }

  test('a consumer compiles under nodenext, declarations checked too', { tags: 'slow' }, async () => {
    const folder = project(`
      import {
        type Claims, type ErrorCode, issueToken, JwtkitError, type Key, loadKeys, openKeyring, reportToken, signJws,
        type VerificationReport, verifyJws, verifyToken,
      } from 'jwtkit';

      export async function roundTrip(pem: string): Promise<string> {
        const [key] = loadKeys(pem, { purpose: 'sign' });
        if (key === undefined) throw new Error('no key');
        const now: number = Math.floor(Date.now() / 1000);
        const { token } = await issueToken({ sub: 'u', plan: 'pro' }, { type: 'access', ttl: null }, { key, now });
        const keys: readonly Key[] = openKeyring('.jwtkit').verificationKeys(now);
        try {
          const { claims } = await verifyToken(token, { issuer: ['a', 'b'], algorithms: ['ES256'] }, { keys, now });
          const typed: Claims = claims;
          return typed.sub ?? 'nobody';
        } catch (error) {
          if (error instanceof JwtkitError) {
            const code: ErrorCode = error.code;
            return code;
          }
          throw error;
        }
      }

      export async function bytes(key: Key): Promise<Uint8Array> {
        const report: VerificationReport = await reportToken('x', {}, { keys: [key], now: 0 });
        const code: ErrorCode | null = report.code;
        if (code === 'TOKEN_EXPIRED') return new Uint8Array();
        return verifyJws(await signJws(new Uint8Array([1]), key), [key], { algorithms: ['ES256'] }).payload;
      }
    `);
    await expect(run(process.execPath, [tsc, '-p', folder])).resolves.toMatchObject({ stdout: '' });
  });

  test('the types refuse each mistake below', {
    tags: 'slow',
  }, async () => {
    const mistakes = [
      `export const code: ErrorCode = 'TOKEN_STALE';`,
      `verifyJws('x', [], { algorithms: ['none'] });`,
      `verifyToken('x', { type: 'id' }, { keys: [], now: 0 });`,
      `verifyToken('x', { audiences: 'api' }, { keys: [], now: 0 });`,
      `verifyToken('x', {}, { keys: [] });`,
      `verifyToken('x', {}, { keys: ['secret'], now: 0 });`,
      `loadKeys('x');`,
    ];
    const head = `import { type ErrorCode, loadKeys, verifyJws, verifyToken } from 'jwtkit';`;
    const folder = project([head, ...mistakes.flatMap((line) => ['// @ts-expect-error', line])].join('\n'));
    await expect(run(process.execPath, [tsc, '-p', folder])).resolves.toMatchObject({ stdout: '' });
  });
});

test('each export has a docstring in its declaration', () => {
  const declarations = readFileSync(resolve('dist/index.d.ts'), 'utf8');
  const [, list = ''] = /^export \{(.*)\};$/m.exec(declarations) ?? [];
  const names = list.split(',').map((name) => name.replace('type ', '').trim());
  expect(names.length).toBeGreaterThan(40);
  for (const name of names) {
    const declaration = new RegExp(`\\*/\\n(?:declare )?(?:async )?(?:const|function|class|interface|type) ${name}\\b`);
    expect(declarations, name).toMatch(declaration);
  }
});
