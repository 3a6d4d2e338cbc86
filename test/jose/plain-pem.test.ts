import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { createKey } from '../../src/jose/key.js';
import { loadKeys } from '../../src/jose/keys.js';
import { exportPrivatePem, exportPublicPem } from '../../src/jose/pem.js';
import { readPlainPem } from '../../src/jose/plain-pem.js';
import { privateKeys } from '../attacks/trusted-keys.js';
import { mended, unread } from './manglings.js';

const kinds = Object.entries(privateKeys).filter(([, key]) => {
  try {
    return createKey(key).keyObject.type === 'private';
  } catch {
    return false;
  }
});

test.each(kinds)('reads a private key as it is written: %s', (_, key) => {
  const pem = exportPrivatePem(key);
  const read = readPlainPem(pem);
  expect(read?.equals(key)).toBe(true);
  const [loaded] = loadKeys(pem, { purpose: 'sign' });
  expect(loaded?.keyObject.equals(read as typeof key)).toBe(true);
});

const pem = exportPrivatePem(privateKeys.p256);
const dsaPem = generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 }).privateKey.export({
  format: 'pem',
  type: 'pkcs8',
}) as string;
const [first, ...others] = pem.split('\n');

test.each<[string, string]>([
  ['nothing', ''],
  ['a public key', exportPublicPem(privateKeys.p256)],
  ['an encrypted key', exportPrivatePem(privateKeys.p256, { passphrase: 'correct horse battery staple' })],
  ['two keys', pem + pem],
  ['text before it', `a key\n${pem}`],
  ['text after it', `${pem}a key`],
  ['another label', pem.replaceAll('PRIVATE KEY', 'EC PRIVATE KEY')],
  ['a missing character', [first, (others[0] as string).slice(1), ...others.slice(1)].join('\n')],
  ['a DSA key', dsaPem],
  ...Object.entries({ ...mended, ...unread }).map(([how, mangle]): [string, string] => [how, mangle(pem)]),
])('leaves to the generous reader: %s', (_, text) => {
  expect(readPlainPem(text)).toBeUndefined();
});
