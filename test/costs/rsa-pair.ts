/** RSA keys that were made before, one after another: making one takes a tenth of a second. Those of other sizes are made. */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';

const { privateKeys } = JSON.parse(readFileSync(new URL('../vectors/rsa-pairs.json', import.meta.url), 'utf8')) as {
  privateKeys: string[];
};
const bitsOfThese = 2048;
let taken = 0;

export async function generateRsaPair(bits: number): Promise<{ privateKey: KeyObject; publicKey: KeyObject }> {
  if (bits !== bitsOfThese) return generateKeyPairSync('rsa', { modulusLength: bits });
  const privateKey = createPrivateKey(privateKeys[taken++ % privateKeys.length] as string);
  return { privateKey, publicKey: createPublicKey(privateKey) };
}
