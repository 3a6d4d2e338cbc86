/**
 * Encrypting and decrypting beside bare jose, which does the cryptography: what parsing, choosing the key and checking the header cost.
 * Both take turns, and what is compared is the processor time of the process, its threads included.
 */
import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { CompactEncrypt, compactDecrypt } from 'jose';
import { createEncryptionKey, decryptToken, encryptToken } from 'jwtkit';
import { quartiles, table, withSpread } from './report.js';

const rounds = Number(process.env.JWTKIT_BENCH_ROUNDS ?? 40);
const claims = Buffer.from(JSON.stringify({ sub: 'user-123', iban: 'DE02120300000000202051', scope: 'read write' }));
/** The least share of bare jose's speed. */
const bound = 0.7;

const rows = [
  { alg: 'RSA-OAEP-256', name: 'RSA-OAEP-256, 2048 bits', pair: generateKeyPairSync('rsa', { modulusLength: 2048 }) },
  { alg: 'ECDH-ES+A256KW', name: 'ECDH-ES+A256KW, P-256', pair: generateKeyPairSync('ec', { namedCurve: 'P-256' }) },
  { alg: 'ECDH-ES+A256KW', name: 'ECDH-ES+A256KW, X25519', pair: generateKeyPairSync('x25519') },
  { alg: 'A256KW', name: 'A256KW', pair: secretPair() },
  { alg: 'dir', name: 'dir', pair: secretPair() },
  { alg: 'dir', name: 'dir, 1 MiB', pair: secretPair(), content: randomBytes(1024 * 1024) },
];

function secretPair() {
  const secret = createSecretKey(randomBytes(32));
  return { publicKey: secret, privateKey: secret };
}

/** Prints a table of ratios. */
export async function run() {
  console.log(`jwe: jwtkit's share of the speed of bare jose, by processor time (${rounds} rounds)`);
  const results = [];
  for (const { alg, name, pair, content = claims } of rows) {
    const [encryptKey, decryptKey] = [createEncryptionKey(pair.publicKey), createEncryptionKey(pair.privateKey)];
    const header = { alg, enc: 'A256GCM' };
    const token = await encryptToken(content, { key: encryptKey, alg });
    const kinds = {
      encrypt: [
        () => encryptToken(content, { key: encryptKey, alg }),
        () => new CompactEncrypt(content).setProtectedHeader(header).encrypt(pair.publicKey),
      ],
      decrypt: [() => decryptToken(token, { keys: [decryptKey] }), () => compactDecrypt(token, pair.privateKey)],
    };
    for (const [kind, contestants] of Object.entries(kinds)) {
      const result = { name: `${name}, ${kind}`, ...(await race(contestants)) };
      results.push(result);
      const { low, middle, high } = result.share;
      const verdict = middle >= bound ? '' : `  MISSED, bound ${bound}`;
      console.log(
        `  ${result.name.padEnd(32)} ${middle.toFixed(2)} (${low.toFixed(2)} – ${high.toFixed(2)})${verdict}`,
      );
    }
  }
  return { isWithinBounds: results.every(({ share }) => share.middle >= bound), report: { markdown: write(results) } };
}

/** Lets both take turns of about ten milliseconds, and compares how many each did in a second of processor time. */
async function race([ours, theirs]) {
  const count = await countFor(theirs);
  const [shares, speeds] = [[], { ours: [], theirs: [] }];
  for (let round = 0; round < rounds; round++) {
    const [mine, bare] = [await timeOf(ours, count), await timeOf(theirs, count)];
    shares.push(bare / mine);
    speeds.ours.push(count / mine);
    speeds.theirs.push(count / bare);
  }
  return { share: quartiles(shares), ours: quartiles(speeds.ours).middle, theirs: quartiles(speeds.theirs).middle };
}

async function countFor(work) {
  await timeOf(work, 20);
  return Math.max(3, Math.round(0.01 / ((await timeOf(work, 20)) / 20)));
}

/** Seconds of processor time. */
async function timeOf(work, count) {
  const start = process.cpuUsage();
  for (let at = 0; at < count; at++) await work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

function write(results) {
  const rows = results.map(({ name, share, ours, theirs }) => [
    name,
    withSpread(share),
    String(bound),
    Math.round(ours).toLocaleString('en'),
    Math.round(theirs).toLocaleString('en'),
  ]);
  return table(['', 'share', 'bound', 'jwtkit', 'jose'], rows);
}
