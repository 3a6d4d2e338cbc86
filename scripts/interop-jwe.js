/**
 * Crosses encrypted tokens with other people's tools, both ways, for `npm run interop`: what jwtkit encrypts they decrypt to the same bytes, what they
 * encrypt jwtkit decrypts, and neither side takes a token that was tampered with.
 */
import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reportMissing } from './missing-peer.js';

/**
 * @typedef {{ alg: string, enc: string, crv?: string, bytes?: number }} Row what is crossed; bytes is the size of a secret, and PBES2 takes a passphrase
 * @typedef {{ private: string, public: string }} KeyFiles paths of JWKs; for a secret and a passphrase both are the same
 */

const oursToTheirs = 'ours → theirs';
const content = 'zoë 🔑 <&>\n';
const doesNotDecrypt = 12;

const curves = ['P-256', 'P-384', 'P-521', 'X25519'];
const agreements = ['ECDH-ES', 'ECDH-ES+A128KW', 'ECDH-ES+A192KW', 'ECDH-ES+A256KW'];
const sizes = { 128: 16, 192: 24, 256: 32 };
const encryptions = ['A128GCM', 'A192GCM', 'A256GCM', 'A128CBC-HS256', 'A192CBC-HS384', 'A256CBC-HS512'];
const directBytes = [16, 24, 32, 32, 48, 64];

/** @type {Row[]} */
const rows = [
  { alg: 'RSA-OAEP-256', enc: 'A256GCM' },
  ...curves.flatMap((crv) => agreements.map((alg) => ({ alg, enc: 'A256GCM', crv }))),
  ...Object.entries(sizes).flatMap(([bits, bytes]) =>
    [`A${bits}KW`, `A${bits}GCMKW`].map((alg) => ({ alg, enc: 'A128CBC-HS256', bytes })),
  ),
  ...encryptions.map((enc, at) => ({ alg: 'dir', enc, bytes: directBytes[at] })),
  ...['PBES2-HS256+A128KW', 'PBES2-HS384+A192KW', 'PBES2-HS512+A256KW'].map((alg) => ({ alg, enc: 'A256GCM' })),
];
const passphrase = 'correct horse battery staple';
const isPassphrase = ({ alg }) => alg.startsWith('PBES2');

const python = `import json, sys
from jwcrypto import jwe, jwk

verb, path, alg, enc = sys.argv[1:]
key = jwk.JWK.from_json(open(path).read())
if verb == 'encrypt':
    made = jwe.JWE(sys.stdin.buffer.read(), json.dumps({'alg': alg, 'enc': enc}), recipient=key)
    print(made.serialize(compact=True))
else:
    read = jwe.JWE()
    read.deserialize(sys.stdin.read().strip(), key)
    sys.stdout.buffer.write(read.payload)
`;

const peers = [
  {
    name: 'jose',
    packages: 'jose',
    programs: ['jose'],
    question: ['alg'],
    answer: /ECDH-ES/,
    lacks: ({ alg, crv }, direction) => {
      if (alg.startsWith('PBES2') && direction === oursToTheirs)
        return 'jose reads 32,768 rounds at most, jwtkit writes 600,000';
      if (crv === 'X25519') return 'jose has no X25519';
      // OpenSSL and jwcrypto cross it.
      return alg.startsWith('RSA') ? 'jose of Debian 12 fails to wrap a key with RSA-OAEP-256 itself' : undefined;
    },
    encrypt: (program, { alg, enc }, keys) => {
      const template = JSON.stringify({ protected: { alg, enc } });
      return [program, 'jwe', 'enc', '-i', template, '-I', '-', '-k', keys.public, '-c'];
    },
    decrypt: (program, _row, keys) => [program, 'jwe', 'dec', '-i', '-', '-k', keys.private, '-O', '-'],
  },
  {
    name: 'jwcrypto',
    packages: 'python3-jwcrypto',
    programs: ['python3', '/usr/bin/python3'],
    question: ['-c', 'import jwcrypto.jwe; print(jwcrypto.jwe.JWE)'],
    answer: /JWE/,
    lacks: () => undefined,
    encrypt: (program, { alg, enc }, keys, file) => [program, file, 'encrypt', keys.public, alg, enc],
    decrypt: (program, { alg, enc }, keys, file) => [program, file, 'decrypt', keys.private, alg, enc],
  },
];

/** Crosses all rows with all peers. Calls `report` with the count that each line adds to. */
export async function crossEncryption({ run, find, folder, jwtkit, report }) {
  const file = join(folder, 'jwe-peer.py');
  writeFileSync(file, python);
  const encryptOurs = (row, keys) => [
    ...jwtkit,
    'encrypt',
    '-',
    ...keyOptions(row, keys.public),
    '--alg',
    row.alg,
    '--enc',
    row.enc,
  ];
  for (const peer of peers) {
    const program = await find(peer);
    if (program === undefined) {
      reportMissing(report, peer);
      continue;
    }
    for (const row of rows) {
      const label = `${peer.name.padEnd(11)}  ${[row.alg, row.enc, row.crv].filter(Boolean).join(' ')}`;
      const keys = await makeKey(run, jwtkit, join(folder, 'jwe', peer.name), row);
      const crossings = {
        [oursToTheirs]: async () => {
          const token = (await run(encryptOurs(row, keys), content)).stdout.trim();
          const decrypt = peer.decrypt(program, row, keys, file);
          expectContent((await run(decrypt, token)).stdout);
          await run(decrypt, tamper(token), 1);
        },
        'theirs → ours': async () => {
          const token = (await run(peer.encrypt(program, row, keys, file), content)).stdout.trim();
          const decrypt = [...jwtkit, 'decrypt', ...keyOptions(row, keys.private)];
          expectContent((await run(decrypt, token)).stdout);
          await run(decrypt, tamper(token), doesNotDecrypt);
        },
      };
      for (const [direction, cross] of Object.entries(crossings)) {
        const reason = peer.lacks(row, direction);
        if (reason === undefined) await reportCrossing(report, label, direction, cross);
        else report('skipped', `left out  ${label}  ${direction}  ${reason}`);
      }
    }
  }
  await crossOpenssl({ run, find, folder, jwtkit, report });
}

/** Crosses something, and reports how that went. */
export async function reportCrossing(report, label, direction, cross) {
  try {
    await cross();
    report('passed', `ok  ${label}  ${direction}`);
  } catch (error) {
    report('failed', `FAILED    ${label}  ${direction}\n${error.message.trimEnd().replace(/^/gm, '    ')}`);
  }
}

function expectContent(actual) {
  if (actual !== content) throw new Error(`the content came back as ${JSON.stringify(actual)}`);
}

/** The token with another first byte of its content. */
export function tamper(token) {
  const parts = token.split('.');
  const bytes = Buffer.from(parts[3], 'base64url');
  bytes[0] ^= 1;
  parts[3] = bytes.toString('base64url');
  return parts.join('.');
}

/** @returns {Promise<KeyFiles>} */
async function makeKey(run, jwtkit, home, { alg, enc, crv, bytes }) {
  mkdirSync(home, { recursive: true });
  const name = join(home, `${alg}-${enc}-${crv ?? ''}`);
  const keys = { private: `${name}.private.jwk`, public: `${name}.public.jwk` };
  if (bytes !== undefined || isPassphrase({ alg })) {
    const secret = isPassphrase({ alg }) ? Buffer.from(passphrase) : randomBytes(bytes);
    const jwk = createSecretKey(secret).export({ format: 'jwk' });
    writeFileSync(keys.private, JSON.stringify(jwk));
    return { private: keys.private, public: keys.private };
  }
  const keygen = [
    ...jwtkit,
    'keygen',
    '--use',
    'enc',
    '--alg',
    alg,
    '--format',
    'jwk',
    ...(crv === undefined ? [] : ['--crv', crv]),
  ];
  await run([...keygen, '--private', keys.private, '--public', keys.public]);
  return keys;
}

/** The options that name a key to jwtkit; a passphrase has a file of its own. */
function keyOptions(row, path) {
  if (!isPassphrase(row)) return ['--key', path];
  const file = `${path}.txt`;
  writeFileSync(file, passphrase);
  return ['--passphrase-file', file];
}

/** OpenSSL opens and makes the encrypted key of RSA-OAEP; Node opens and makes the content with it. */
async function crossOpenssl({ run, find, folder, jwtkit, report }) {
  const program = await find({ programs: ['openssl'], question: ['version'], answer: /^OpenSSL / });
  if (program === undefined) return reportMissing(report, { name: 'OpenSSL', packages: 'openssl' });
  const [secret, open, wrapped, cek] = ['rsa.pem', 'rsa.pub', 'wrapped', 'cek'].map((name) => join(folder, name));
  const keygen = [...jwtkit, 'keygen', '--use', 'enc', '--alg', 'RSA-OAEP-256', '--private', secret, '--public', open];
  await run(keygen);
  const hashes = { 'RSA-OAEP': 'sha1', 'RSA-OAEP-256': 'sha256', 'RSA-OAEP-384': 'sha384', 'RSA-OAEP-512': 'sha512' };
  for (const [alg, hash] of Object.entries(hashes)) {
    const padding = ['rsa_padding_mode:oaep', `rsa_oaep_md:${hash}`, `rsa_mgf1_md:${hash}`];
    const pkeyutl = [program, 'pkeyutl', ...padding.flatMap((option) => ['-pkeyopt', option])];
    const label = `OpenSSL      ${alg}`;
    await reportCrossing(report, label, 'their encrypted key → ours', async () => {
      const [key, iv] = [randomBytes(32), randomBytes(12)];
      writeFileSync(cek, key);
      await run([...pkeyutl, '-encrypt', '-pubin', '-inkey', open, '-in', cek, '-out', wrapped]);
      const header = Buffer.from(JSON.stringify({ alg, enc: 'A256GCM' })).toString('base64url');
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(header));
      const text = Buffer.concat([cipher.update(content), cipher.final()]);
      const parts = [readFileSync(wrapped), iv, text, cipher.getAuthTag()].map((part) => part.toString('base64url'));
      const token = [header, ...parts].join('.');
      const decrypt = [...jwtkit, 'decrypt', '--key', secret];
      expectContent((await run(decrypt, token)).stdout);
      await run(decrypt, tamper(token), doesNotDecrypt);
    });
    if (alg === 'RSA-OAEP') continue;
    await reportCrossing(report, label, 'our encrypted key → theirs', async () => {
      const token = (await run([...jwtkit, 'encrypt', '-', '--key', open, '--alg', alg], content)).stdout.trim();
      const [header, key, iv, text, tag] = token.split('.');
      writeFileSync(wrapped, Buffer.from(key, 'base64url'));
      await run([...pkeyutl, '-decrypt', '-inkey', secret, '-in', wrapped, '-out', cek]);
      const cipher = createDecipheriv('aes-256-gcm', readFileSync(cek), Buffer.from(iv, 'base64url'));
      cipher.setAAD(Buffer.from(header)).setAuthTag(Buffer.from(tag, 'base64url'));
      expectContent(Buffer.concat([cipher.update(Buffer.from(text, 'base64url')), cipher.final()]).toString());
    });
  }
}
