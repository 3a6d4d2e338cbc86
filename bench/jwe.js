/** Encrypting and decrypting beside bare jose: what parsing, choosing the key and checking the header cost. */
import { createSecretKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { CompactEncrypt, compactDecrypt } from 'jose';
import { createEncryptionKey, decryptToken, encryptToken } from 'jwtkit';
import { quartiles } from './report.js';

const rounds = 15;
const content = Buffer.from(JSON.stringify({ sub: 'user-123', iban: 'DE02120300000000202051', scope: 'read write' }));
/** The least share of bare jose's speed. */
const bound = 0.7;

const keys = {
  'RSA-OAEP-256': [generateKeyPairSync('rsa', { modulusLength: 2048 }), 100],
  'ECDH-ES+A256KW': [generateKeyPairSync('ec', { namedCurve: 'P-256' }), 200],
  A256KW: [secretPair(), 500],
  dir: [secretPair(), 500],
};

function secretPair() {
  const secret = createSecretKey(randomBytes(32));
  return { publicKey: secret, privateKey: secret };
}

/** Prints a table of ratios. */
export async function run() {
  console.log(`jwe: jwtkit's share of the speed of bare jose (${rounds} rounds)`);
  let isWithinBounds = true;
  for (const [alg, [{ publicKey, privateKey }, count]] of Object.entries(keys)) {
    const header = { alg, enc: 'A256GCM' };
    const [encryptKey, decryptKey] = [createEncryptionKey(publicKey), createEncryptionKey(privateKey)];
    const token = await encryptToken(content, { key: encryptKey, alg });
    const pairs = {
      encrypt: [
        () => encryptToken(content, { key: encryptKey, alg }),
        () => new CompactEncrypt(content).setProtectedHeader(header).encrypt(publicKey),
      ],
      decrypt: [() => decryptToken(token, { keys: [decryptKey] }), () => compactDecrypt(token, privateKey)],
    };
    for (const [kind, [ours, theirs]] of Object.entries(pairs)) {
      const shares = [];
      for (let round = 0; round < rounds; round++) {
        const bare = await timeOf(theirs, count);
        shares.push(bare / (await timeOf(ours, count)));
      }
      const { middle, low, high } = quartiles(shares);
      isWithinBounds &&= middle >= bound;
      const range = low === undefined ? '' : ` (${low.toFixed(2)} to ${high.toFixed(2)})`;
      console.log(`  ${kind}  ${alg.padEnd(15)} ${middle.toFixed(2)}${range}, bound ${bound}`);
    }
  }
  return { isWithinBounds };
}

async function timeOf(work, count) {
  const start = performance.now();
  for (let at = 0; at < count; at++) await work();
  return performance.now() - start;
}
