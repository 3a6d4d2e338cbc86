/**
 * Every argument and every option of a library user, in every wrong type. None may be a TypeError, and none may be ignored: an ignored
 * demand is one that nobody makes.
 */
import { createHash, generateKeyPairSync } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import * as jwtkit from '../../src/index.js';
import { temporaryFolder } from '../cli/fake-io.js';
import { denylist, key, keys, now, pair, token, type Wrong } from './mistaken-call.js';

const sealing = generateKeyPairSync('x25519');
const recipient = jwtkit.createEncryptionKey(sealing.publicKey);
const opening = [jwtkit.createEncryptionKey(sealing.privateKey)];
const publicPem = jwtkit.exportPublicPem(pair.publicKey);
const clock = () => now;
const hash = await jwtkit.hashPassword('correct horse');

function withUser(folder: string): string {
  const user = { name: 'u', sub: 'u-1', roles: [], scopes: [], password: hash, created: now };
  writeFileSync(`${folder}/users.json`, JSON.stringify({ users: [user] }));
  return `${folder}/users.json`;
}

function withClient(folder: string): string {
  const secret = createHash('sha256').update('x'.repeat(43)).digest('base64url');
  const client = { name: 'c', id: 'c-1', scopes: [], secret_hash: secret, created: now };
  writeFileSync(`${folder}/clients.json`, JSON.stringify({ clients: [client] }));
  return `${folder}/clients.json`;
}

const source = { keys: async () => keys };

/** A right call of each function, with every option that has a type of its own. */
const calls: Record<string, (folder: string) => Wrong[] | Promise<Wrong[]>> = {
  verifyToken: () => [
    token,
    {
      algorithms: ['ES256'],
      type: 'access',
      issuer: 'me',
      audience: 'api',
      refreshAudience: 'me',
      anyAudience: false,
      subject: 'u',
      scope: ['a'],
      scopeClaim: 'scope',
      role: ['r'],
      roleClaim: 'role',
      typ: 'JWT',
      require: [],
      maxAge: 9,
      minTtl: 1,
      leeway: 1,
      allowNoExp: false,
      allowExpiredCertificate: false,
      maxLength: 9999,
    },
    { keys, now, skipped: [], denylist },
  ],
  reportToken: () => [token, {}, { keys, now }],
  verifyTokenFrom: () => [token, {}, { source, now }],
  reportTokenFrom: () => [token, {}, { source, now }],
  decodeToken: () => [token, { maxLength: 9999 }],
  inspectToken: () => [token, { now, maxLength: 9999 }],
  findToken: () => [token],
  issueToken: () => [
    { sub: 'u' },
    {
      type: 'access',
      ttl: 5,
      alg: 'ES256',
      typ: 'JWT',
      bare: false,
      without: ['jti'],
      header: { a: 1 },
      refreshAudience: 'me',
    },
    { key, now, newId: () => 'id' },
  ],
  issueTokenPair: () => [
    { sub: 'u' },
    { accessTtl: 5, refreshTtl: 9, accessClaims: {}, alg: 'ES256', typ: 'JWT', header: {}, refreshAudience: 'me' },
    { key, now },
  ],
  refreshToken: async () => [
    (await jwtkit.issueTokenPair({ sub: 'u', scope: 'a', role: ['r'] }, {}, { key, now })).refresh_token,
    {
      verify: { anyAudience: true },
      issue: {},
      scope: ['a'],
      role: ['r'],
      rotate: false,
      rotateGrace: 0,
      sessionMax: 9999,
    },
    { key, keys, now, denylist, limits: () => ({}) },
  ],
  revokeToken: () => [token, { keys, denylist, now, skipped: [], longestLifetime: 5, permit: () => {} }],
  revokeTokenId: () => ['id', now + 5, { denylist, now }],
  revokeSubject: () => ['u', { denylist, now }],
  createKey: () => [pair.publicKey, { kid: 'k', alg: 'ES256', operations: ['verify'], source: 's', validity: {} }],
  loadKeys: () => [publicPem, { purpose: 'verify', source: 's', kid: 'k', onSkipped: () => {}, note: () => {} }],
  unlockKeys: () => [publicPem, { purpose: 'verify', source: 's', kid: 'k', onSkipped: () => {}, note: () => {} }],
  loadSecret: () => ['ab'.repeat(32), { encoding: 'hex', source: 's', kid: 'k', alg: 'HS256' }],
  generateKey: () => ['EdDSA', { crv: 'Ed25519' }],
  exportPrivatePem: () => [pair.privateKey, { passphrase: 'correct horse' }],
  exportPublicPem: () => [pair.publicKey],
  exportPrivateJwk: () => [pair.privateKey],
  exportPublicJwk: () => [pair.publicKey],
  thumbprint: () => [pair.publicKey],
  signJws: () => ['x', key, { alg: 'ES256', header: { a: 1 } }],
  verifyJws: async () => [await jwtkit.signJws('x', key), keys, { algorithms: ['ES256'], maxLength: 9999 }],
  createEncryptionKey: () => [
    sealing.publicKey,
    { kid: 'k', alg: 'ECDH-ES', operations: ['encrypt'], source: 's', validity: {} },
  ],
  createPassphraseKey: () => [Buffer.from('correct horse')],
  loadEncryptionKeys: () => [
    jwtkit.exportPublicPem(sealing.publicKey),
    { purpose: 'encrypt', source: 's', kid: 'k', onSkipped: () => {}, note: () => {} },
  ],
  loadEncryptionSecret: () => ['ab'.repeat(32), { encoding: 'hex', source: 's', kid: 'k', alg: 'dir' }],
  encryptToken: () => [
    'x',
    { key: recipient, alg: 'ECDH-ES', enc: 'A256GCM', header: {}, serialization: 'compact', now },
  ],
  decryptToken: async () => [
    await jwtkit.encryptToken('x', { key: recipient }),
    { keys: opening, algorithms: ['ECDH-ES+A256KW'], encryptions: ['A256GCM'] },
  ],
  addKey: (folder) => [folder, pair, { alg: 'ES256', now, kid: 'one' }],
  rotateKeys: (folder) => [folder, { alg: 'ES256', now, kid: 'one', grace: 5, activateIn: 0 }],
  addEncryptionKey: (folder) => [folder, { now, kid: 'two', alg: 'ECDH-ES', crv: 'X25519' }],
  rotateEncryptionKeys: (folder) => [folder, { now, kid: 'two', alg: 'ECDH-ES', grace: 5, activateIn: 0 }],
  importKeys: (folder) => [folder, Buffer.from(publicPem), { now, alg: 'ES256', kid: 'k', publicOnly: true }],
  importEncryptionKeys: (folder) => [
    folder,
    Buffer.from(jwtkit.exportPublicPem(sealing.publicKey)),
    { now, alg: 'ECDH-ES', kid: 'k', publicOnly: true, source: 's', note: () => {} },
  ],
  hashPassword: () => ['correct horse'],
  isPassword: () => ['correct horse', hash],
  addUser: (folder) => [
    `${folder}/users.json`,
    { name: 'u', sub: 'u-1', passwordHash: hash, roles: ['r'], scopes: ['a'], claims: {} },
    { now },
  ],
  changeUser: (folder) => [withUser(folder), 'u', { roles: ['r'], scopes: ['a'], claims: {} }],
  removeUser: (folder) => [withUser(folder), 'u'],
  addClient: (folder) => [
    `${folder}/clients.json`,
    { name: 'c', id: 'c-1', scopes: ['a'], audiences: ['api'], claims: {} },
    { now },
  ],
  changeClient: (folder) => [withClient(folder), 'c', { scopes: ['a'], audiences: ['api'], claims: {} }],
  openDenylist: (folder) => [`lmdb:${folder}/none`, { mode: 'read', now: clock }],
  openDocumentCache: (folder) => [folder, { now: clock }],
  remoteKeys: () => ['https://issuer.example', { now: clock, timeout: 1, offline: true, insecureHttp: false }],
  issuerKeys: () => ['https://issuer.example', { now: clock, timeout: 1, offline: true, insecureHttp: false }],
};

/** What a library user may pass by mistake: one of each type, and what is nearly right. */
const mistakes: readonly Wrong[] = [
  null,
  true,
  5,
  Number.NaN,
  '5',
  [],
  [null],
  {},
  new Map([['a', 1]]),
  new Set(['a']),
  new Date(0),
  /x/,
  () => 'x',
  Symbol('s'),
  5n,
  Promise.resolve({}),
  Buffer.from('x'),
  Object.create(null),
];

/** Mistakes that are a right value of some kind, and arguments that take anything of it. */
function isRight(right: Wrong, wrong: Wrong): boolean {
  if (typeof right === 'string') return typeof wrong === 'string';
  if (typeof right === 'number') return wrong === 5;
  if (typeof right === 'boolean') return wrong === true;
  if (typeof right === 'function') return typeof wrong === 'function';
  if (Array.isArray(right)) return Array.isArray(wrong) && (wrong.length === 0 || right.length === 0);
  if (Buffer.isBuffer(right)) return Buffer.isBuffer(wrong) || typeof wrong === 'string';
  return isPlain(wrong);
}

function isPlain(value: Wrong): boolean {
  return Object.prototype.toString.call(value) === '[object Object]';
}

/** The codes of a mistake in the call. A refusal of the token would hide that an option is ignored. */
const isMistake = /^(USAGE|KEY)_INVALID$/;

/** Options with more right types than that of their example. */
const alsoRight: Readonly<Record<string, (value: Wrong) => boolean>> = {
  ttl: (value) => value === null,
  issuer: (value) => Array.isArray(value) && value.length === 0,
  audience: (value) => Array.isArray(value) && value.length === 0,
  refreshAudience: (value) => Array.isArray(value) && value.length === 0,
  passphrase: (value) => Buffer.isBuffer(value),
};

/** First arguments of more than one type: content of any type, and what a report finds to be no token. */
function isTakenAtFirst(name: string, wrong: Wrong): boolean {
  if (name.startsWith('report')) return true;
  if (name === 'signJws') return Buffer.isBuffer(wrong);
  return name === 'encryptToken' && (Buffer.isBuffer(wrong) || isPlain(wrong));
}

async function outcome(name: string, args: readonly Wrong[]): Promise<string> {
  try {
    await (jwtkit as Wrong)[name](...args);
    return 'accepted';
  } catch (error) {
    if (!(error instanceof jwtkit.JwtkitError)) return `${(error as Error).name}: ${(error as Error).message}`;
    return error.code;
  }
}

function showType(value: Wrong): string {
  return value === null ? 'null' : Object.prototype.toString.call(value);
}

describe.each(Object.keys(calls))('%s', (name) => {
  const make = calls[name] as (typeof calls)[string];
  const folders = temporaryFolder();

  test('refuses each argument in each wrong type', async () => {
    const faults: string[] = [];
    const example = await make(folders);
    for (const [at, right] of example.entries()) {
      for (const wrong of mistakes) {
        const folder = temporaryFolder();
        const args = await make(folder);
        // Text is a right path: one in a folder of the test's own.
        const isPath = typeof wrong === 'string' && String(args[at]).startsWith(folder);
        args[at] = isPath ? join(folder, wrong) : wrong;
        const found = await outcome(name, args);
        if (found === 'accepted' && (isRight(right, wrong) || (at === 0 && isTakenAtFirst(name, wrong)))) continue;
        if (!/^[A-Z_]+$/.test(found)) faults.push(`argument ${at} as ${showType(wrong)}: ${found}`);
      }
    }
    expect(faults).toEqual([]);
  });

  test('refuses each option in each wrong type, and a misspelt one', async () => {
    const faults: string[] = [];
    const example = await make(folders);
    for (const [at, options] of example.entries()) {
      if (at === 0 || !isPlain(options) || 'keyObject' in options || options === pair) continue;
      for (const option of Object.keys(options)) {
        for (const wrong of mistakes) {
          if (isRight(options[option], wrong) || alsoRight[option]?.(wrong)) continue;
          const args = await make(temporaryFolder());
          args[at] = { ...options, [option]: wrong };
          const found = await outcome(name, args);
          if (!isMistake.test(found)) faults.push(`${option} as ${showType(wrong)}: ${found}`);
        }
        const args = await make(temporaryFolder());
        args[at] = { ...options, [`${option}X`]: options[option] };
        const found = await outcome(name, args);
        if (found !== 'USAGE_INVALID') faults.push(`${option}X: ${found}`);
      }
    }
    expect(faults).toEqual([]);
  });
});
