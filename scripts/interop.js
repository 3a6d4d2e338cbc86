/**
 * `npm run interop`: crosses real tokens with other people's tools, both ways, and through a JWK Set on a web server. What jwtkit signs they verify and read alike,
 * what they sign jwtkit verifies and reads alike, and neither side takes a token that was tampered with. jwtkit makes the
 * keys, so key files cross as well. A missing tool is skipped; with JWTKIT_REQUIRE_PEERS=1 it is a failure.
 */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { crossEncryption } from './interop-jwe.js';
import { crossNested } from './interop-nested.js';
import { reportMissing } from './missing-peer.js';

/**
 * @typedef {{ name: string, alg: string, crv?: string }} Row what is crossed
 * @typedef {{ private: string, public: string }} KeyFiles paths of both halves; for HMAC both are the secret's
 * @typedef {(program: string, row: Row, keys: KeyFiles) => string[]} Command
 * @typedef {(peer: Peer, program: string, row: Row, keys: KeyFiles) => Promise<void>} Crossing throws where it fails
 * @typedef {object} Peer
 * @property {string} name
 * @property {string} packages what Debian calls it
 * @property {'pem' | 'jwk'} keyFormat
 * @property {Row[]} rows
 * @property {Record<string, string>} lacks rows that it is known not to have, each with the reason
 * @property {string[]} programs tried in turn
 * @property {string[]} question arguments to which the right program, and no namesake, says `answer`
 * @property {RegExp} answer
 * @property {Command} [sign] claims on stdin, token on stdout
 * @property {Command} [verify] token on stdin, claims on stdout
 * @property {(program: string, row: Row, url: string) => string[]} [verifyFrom] token on stdin, claims on stdout; keys from a JWK Set at a URL
 * @property {Record<string, Crossing>} crossings by direction
 */

const jwtkit = [process.execPath, fileURLToPath(new URL('../bin/jwtkit.js', import.meta.url))];
const signatureInvalid = 12;

const folder = mkdtempSync(join(tmpdir(), 'jwtkit-interop-'));
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

/** What a person has set for jwtkit at work would choose other keys and claims than the crossings mean. */
const isOurs = /^(JWTKIT_.*|SECRET_KEY|ALGORITHM|ACCESS_TOKEN_EXPIRE_MINUTES|REFRESH_TOKEN_EXPIRE_DAYS)$/;
const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !isOurs.test(name)));
// npm puts the programs of packages before those of the system, and one of them is another jwt.
const isOfPackages = (entry) => /[\\/]node_modules[\\/]\.bin$/.test(entry);
env.PATH = env.PATH?.split(delimiter)
  .filter((entry) => !isOfPackages(entry))
  .join(delimiter);

const now = Math.floor(Date.now() / 1000);
const claims = {
  iss: 'https://issuer.example',
  sub: 'zoë 🔑 <&>',
  aud: ['api', 'web'],
  iat: now,
  nbf: now,
  exp: now + 900,
  jti: 'interop-1',
  type: 'access',
  scope: 'read write',
  seats: 5,
  ratio: 0.25,
  plan: { name: 'pro', flags: [true, false, null], limits: {} },
};
const claimsFile = join(folder, 'claims.json');
writeFileSync(claimsFile, JSON.stringify(claims));

const pythonFile = join(folder, 'peer.py');
writeFileSync(
  pythonFile,
  `import json, sys
import cryptography, jwt

verb, alg, path = sys.argv[1:]
key = open(path, 'rb').read()
if verb == 'sign':
    print(jwt.encode(json.load(sys.stdin), key, alg))
else:
    print(json.dumps(jwt.decode(sys.stdin.read(), key, [alg], audience='api')))
`,
);

const pythonJwksFile = join(folder, 'jwks-peer.py');
writeFileSync(
  pythonJwksFile,
  `import json, sys
import cryptography, jwt

url, alg = sys.argv[1:]
token = sys.stdin.read()
key = jwt.PyJWKClient(url).get_signing_key_from_jwt(token)
print(json.dumps(jwt.decode(token, key.key, [alg], audience='api')))
`,
);

/** The npm packages are development dependencies of this project, which the temporary folder does not see. */
const nodeFile = join(folder, 'peer.mjs');
writeFileSync(
  nodeFile,
  `import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
const require = createRequire(${JSON.stringify(import.meta.url)});
const [name, url, alg] = process.argv.slice(2);
const peers = {
  jose: async (token) => {
    const { createRemoteJWKSet, jwtVerify } = await import(pathToFileURL(require.resolve('jose')).href);
    return (await jwtVerify(token, createRemoteJWKSet(new URL(url)), { algorithms: [alg], audience: 'api' })).payload;
  },
  'jwks-rsa': async (token) => {
    const { kid } = JSON.parse(Buffer.from(token.split('.')[0], 'base64url').toString('utf8'));
    const key = await require('jwks-rsa')({ jwksUri: url }).getSigningKey(kid);
    return require('jsonwebtoken').verify(token, key.getPublicKey(), { algorithms: [alg], audience: 'api' });
  },
};
if (url === undefined) console.log(require.resolve(name));
else console.log(JSON.stringify(await peers[name](readFileSync(0, 'utf8').trim())));
`,
);

const toRow = (alg) => ({ name: alg, alg });
const asymmetricRows = [
  ...['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'ES256K'].map(toRow),
  { name: 'EdDSA/Ed25519', alg: 'EdDSA', crv: 'Ed25519' },
  { name: 'EdDSA/Ed448', alg: 'EdDSA', crv: 'Ed448' },
];
const rows = [...asymmetricRows, ...['HS256', 'HS384', 'HS512'].map(toRow)];
const tokens = { 'ours → theirs': oursToTheirs, 'theirs → ours': theirsToOurs };

/** @type {Peer[]} */
const peers = [
  {
    name: 'PyJWT',
    packages: 'python3-jwt python3-cryptography',
    keyFormat: 'pem',
    rows,
    lacks: {},
    // The python3 on PATH may be a version manager's, which does not see the distribution's modules.
    programs: ['python3', '/usr/bin/python3'],
    question: ['-c', 'import cryptography, jwt; print(jwt.PyJWT)'],
    answer: /PyJWT/,
    sign: (program, { alg }, keys) => [program, pythonFile, 'sign', alg, keys.private],
    verify: (program, { alg }, keys) => [program, pythonFile, 'verify', alg, keys.public],
    crossings: tokens,
  },
  {
    name: 'golang-jwt',
    packages: 'jwt',
    keyFormat: 'pem',
    rows,
    lacks: { ES256K: 'golang-jwt has no ES256K', 'EdDSA/Ed448': "Go's standard library has no Ed448" },
    programs: ['jwt'],
    question: ['-help'],
    answer: /signing algorithm identifier/,
    sign: (program, { alg }, keys) => [program, '-key', keys.private, '-alg', alg, '-sign', '-'],
    verify: (program, { alg }, keys) => [program, '-key', keys.public, '-alg', alg, '-verify', '-'],
    crossings: tokens,
  },
  {
    name: 'jose',
    packages: 'jose',
    keyFormat: 'jwk',
    rows,
    lacks: {
      ES256K: 'jose has no ES256K',
      'EdDSA/Ed25519': 'jose has no EdDSA',
      'EdDSA/Ed448': 'jose has no EdDSA',
    },
    programs: ['jose'],
    question: ['alg'],
    answer: /ES256/,
    sign: (program, _row, keys) => [program, 'jws', 'sig', '-I', '-', '-k', keys.private, '-c'],
    verify: (program, _row, keys) => [program, 'jws', 'ver', '-i', '-', '-k', keys.public, '-O', '-'],
    crossings: tokens,
  },
  {
    name: 'OpenSSL',
    packages: 'openssl',
    keyFormat: 'pem',
    rows: asymmetricRows,
    lacks: {},
    programs: ['openssl'],
    question: ['version'],
    answer: /^OpenSSL /,
    crossings: { 'our key files → theirs': readKeyFiles },
  },
  {
    name: 'PyJWKClient',
    packages: 'python3-jwt python3-cryptography',
    keyFormat: 'pem',
    rows: asymmetricRows,
    lacks: {},
    programs: ['python3', '/usr/bin/python3'],
    question: ['-c', 'import cryptography, jwt; print(jwt.PyJWKClient)'],
    answer: /PyJWKClient/,
    verifyFrom: (program, { alg }, url) => [program, pythonJwksFile, url, alg],
    crossings: { 'our jwks.json, served': verifyThroughSet },
  },
  {
    name: 'jwks-rsa',
    packages: 'npm ci',
    keyFormat: 'pem',
    rows: asymmetricRows,
    lacks: {
      ES256K: 'jsonwebtoken, which verifies with the key that jwks-rsa finds, has no ES256K',
      'EdDSA/Ed25519': 'jsonwebtoken has no EdDSA',
      'EdDSA/Ed448': 'jsonwebtoken has no EdDSA',
    },
    programs: [process.execPath],
    question: [nodeFile, 'jwks-rsa'],
    answer: /jwks-rsa/,
    verifyFrom: (program, { alg }, url) => [program, nodeFile, 'jwks-rsa', url, alg],
    crossings: { 'our jwks.json, served': verifyThroughSet },
  },
  {
    name: 'jose (npm)',
    packages: 'npm ci',
    keyFormat: 'pem',
    rows: asymmetricRows,
    lacks: { ES256K: 'jose 6 has no ES256K', 'EdDSA/Ed448': 'jose 6 has no Ed448' },
    programs: [process.execPath],
    question: [nodeFile, 'jose'],
    answer: /jose/,
    verifyFrom: (program, { alg }, url) => [program, nodeFile, 'jose', url, alg],
    crossings: { 'our jwks.json, served': verifyThroughSet },
  },
  {
    name: 'Bun',
    packages: 'npm install --global bun',
    keyFormat: 'pem',
    rows,
    lacks: {
      ES256K: 'the cryptography of Bun has no secp256k1',
      'EdDSA/Ed448': 'the cryptography of Bun has no Ed448',
    },
    programs: [process.env.JWTKIT_BUN ?? 'bun'],
    question: ['--version'],
    answer: /^\d+\./,
    crossings: { 'our command line, run by it': runUnderBun },
  },
];

/**
 * Runs a command to its end, with no shell; throws an error that quotes it unless it ends with `exitCode`.
 * @returns {Promise<{ stdout: string, stderr: string }>}
 */
function run([program, ...args], input = '', exitCode = 0) {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { cwd: folder, env, timeout: 30_000 }, (error, stdout, stderr) => {
      const ended = error === null ? 0 : (error.code ?? error.signal);
      if (ended === exitCode) resolve({ stdout, stderr });
      else reject(new Error(`${[program, ...args].join(' ')}\nexit ${ended}, not ${exitCode}\n${stderr}`));
    });
    // A program that refuses early closes the pipe before all is written; how it ended says enough.
    child.stdin.on('error', () => {});
    child.stdin.end(input);
  });
}

/** The peer's program, undefined where it is not installed. */
async function find({ programs, question, answer }) {
  for (const program of programs) {
    const said = await run([program, ...question]).catch(() => undefined);
    if (said !== undefined && answer.test(said.stdout + said.stderr)) return program;
  }
}

/** Makes a key in a folder of its own. @returns {Promise<KeyFiles>} */
async function makeKey({ name, keyFormat }, { alg, crv, name: rowName }) {
  const home = join(folder, name, rowName);
  mkdirSync(home, { recursive: true });
  const keys = { private: join(home, `private.${keyFormat}`), public: join(home, `public.${keyFormat}`) };
  const keygen = [...jwtkit, 'keygen', '--alg', alg, '--format', keyFormat, '--private', keys.private];
  if (alg.startsWith('HS')) {
    await run(keygen);
    // The line end is not part of the secret, but peers take the bytes as they are.
    if (keyFormat === 'pem') writeFileSync(keys.private, readFileSync(keys.private, 'utf8').trimEnd());
    return { private: keys.private, public: keys.private };
  }
  await run([...keygen, '--public', keys.public, ...(crv === undefined ? [] : ['--crv', crv])]);
  return keys;
}

/** The options that name a key to jwtkit. */
function keyOptions({ keyFormat }, { alg }, path) {
  return keyFormat === 'pem' && alg.startsWith('HS')
    ? ['--secret-file', path, '--alg', alg]
    : ['--key', path, '--alg', alg];
}

/** The token with another subject under the old signature. */
function tamper(token) {
  const [header, , signature] = token.split('.');
  const payload = Buffer.from(JSON.stringify({ ...claims, sub: 'mallory' })).toString('base64url');
  return [header, payload, signature].join('.');
}

function expectClaims(actual) {
  if (isDeepStrictEqual(actual, claims)) return;
  throw new Error(`the claims came back as ${JSON.stringify(actual)}\ninstead of ${JSON.stringify(claims)}`);
}

async function canSign(peer, program, row, keys) {
  const signing = run(peer.sign(program, row, keys), JSON.stringify(claims));
  return signing.then(Boolean, () => false);
}

/** @type {Crossing} */
async function oursToTheirs(peer, program, row, keys) {
  const issue = [...jwtkit, 'issue', '--claims', claimsFile, ...keyOptions(peer, row, keys.private)];
  const token = (await run(issue)).stdout.trim();
  const verify = peer.verify(program, row, keys);
  expectClaims(JSON.parse((await run(verify, token)).stdout));
  await run(verify, tamper(token), 1);
}

/** @type {Crossing} */
async function theirsToOurs(peer, program, row, keys) {
  const token = (await run(peer.sign(program, row, keys), JSON.stringify(claims))).stdout.trim();
  const verify = [...jwtkit, 'verify', '--json', '--aud', 'api', ...keyOptions(peer, row, keys.public)];
  expectClaims(JSON.parse((await run(verify, token)).stdout).claims);
  await run(verify, tamper(token), signatureInvalid);
}

/** @type {Crossing} */
async function readKeyFiles(_peer, program, _row, keys) {
  await run([program, 'pkey', '-pubin', '-in', keys.public, '-noout']);
  const { stdout } = await run([program, 'pkey', '-in', keys.private, '-pubout']);
  if (stdout !== readFileSync(keys.public, 'utf8')) throw new Error('the public half it derives is not ours');
}

/**
 * Our keyring's jwks.json on a web server, as it is; our tokens, and jwtkit itself through the same URL.
 * @type {Crossing}
 */
async function verifyThroughSet(peer, program, { name, alg, crv }) {
  const keyring = join(folder, peer.name, name, 'keyring');
  await run([...jwtkit, 'keygen', '--alg', alg, '--keyring', keyring, ...(crv === undefined ? [] : ['--crv', crv])]);
  const token = (await run([...jwtkit, 'issue', '--claims', claimsFile, '--keyring', keyring])).stdout.trim();
  const server = createServer((_request, response) => response.end(readFileSync(join(keyring, 'jwks.json'))));
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  try {
    const url = `http://127.0.0.1:${server.address().port}/jwks.json`;
    const verify = peer.verifyFrom(program, { name, alg, crv }, url);
    expectClaims(JSON.parse((await run(verify, token)).stdout));
    await run(verify, tamper(token), 1);
    await run([...jwtkit, 'verify', '--jwks', url, '--no-cache', '--aud', 'api', '--quiet'], token);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

/**
 * Our own command line in another runtime: keygen, issue and verify there, and each other's tokens both ways.
 * @type {Crossing}
 */
async function runUnderBun(_peer, bun, { name, alg, crv }) {
  const under = [bun, jwtkit[1]];
  const keyring = join(folder, 'Bun', name, 'keyring');
  const key = alg.startsWith('HS') ? ['--secret-file', `${keyring}.secret`, '--alg', alg] : ['--keyring', keyring];
  const place = alg.startsWith('HS') ? ['--private', `${keyring}.secret`] : ['--keyring', keyring];
  await run([...under, 'keygen', '--alg', alg, ...place, ...(crv === undefined ? [] : ['--crv', crv])]);
  for (const [signer, verifier] of [
    [under, under],
    [under, jwtkit],
    [jwtkit, under],
  ]) {
    const token = (await run([...signer, 'issue', '--claims', claimsFile, ...key])).stdout.trim();
    const verify = [...verifier, 'verify', '--json', '--aud', 'api', ...key];
    expectClaims(JSON.parse((await run(verify, token)).stdout).claims);
    await run(verify, tamper(token), signatureInvalid);
  }
}

/** The crossings of one row as lines, each under the count that it adds to. */
async function crossRow(peer, program, row) {
  const label = `${peer.name.padEnd(11)}  ${row.name.padEnd(13)}`;
  const reason = peer.lacks[row.name];
  const making = makeKey(peer, row);
  const lines = [];
  for (const [direction, cross] of Object.entries(peer.crossings)) {
    try {
      const keys = await making;
      // A version that has learned what the table says it lacks is crossed like the others.
      if (reason !== undefined && (peer.sign === undefined || !(await canSign(peer, program, row, keys)))) {
        return [['skipped', `left out  ${label}  ${reason}`]];
      }
      await cross(peer, program, row, keys);
      lines.push(['passed', `ok  ${label}  ${direction}`]);
    } catch (error) {
      lines.push(['failed', `FAILED    ${label}  ${direction}\n${error.message.trimEnd().replace(/^/gm, '    ')}`]);
    }
  }
  return lines;
}

const counts = { passed: 0, failed: 0, skipped: 0 };

function report(count, line) {
  counts[count]++;
  console.log(line);
}

for (const peer of peers) {
  const program = await find(peer);
  if (program === undefined) {
    reportMissing(report, peer);
    continue;
  }
  const { rows } = peer;
  for (let at = 0; at < rows.length; at += 2) {
    const pair = await Promise.all(rows.slice(at, at + 2).map((row) => crossRow(peer, program, row)));
    for (const [count, line] of pair.flat()) report(count, line);
  }
}
await crossEncryption({ run, find, folder, jwtkit, report });
await crossNested({ run, find, folder, jwtkit, report });
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed === 0 ? 0 : 1;
