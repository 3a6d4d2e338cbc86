/** RSA keys that are really made; unit tests replace them by keys that were made before. */
import { sign, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import { createKey } from '../../src/jose/key.js';
import { generateRsaPair } from '../../src/jose/rsa-pair.js';

test('an RSA key is new each time, as long as asked for, with the exponent 65537', async () => {
  const pairs = await Promise.all([2048, 2048, 2056].map(generateRsaPair));
  expect(pairs.map(({ privateKey }) => privateKey.asymmetricKeyDetails)).toEqual([
    { modulusLength: 2048, publicExponent: 65537n },
    { modulusLength: 2048, publicExponent: 65537n },
    { modulusLength: 2056, publicExponent: 65537n },
  ]);
  const message = Buffer.from('message');
  const signed = pairs.map(({ privateKey }) => sign('sha256', message, privateKey));
  const holds = pairs.map(({ publicKey }) =>
    signed.map((signature) => verify('sha256', message, publicKey, signature)),
  );
  expect(holds).toEqual([
    [true, false, false],
    [false, true, false],
    [false, false, true],
  ]);
  for (const { publicKey } of pairs) expect(createKey(publicKey).algorithms).toContain('RS256');
});
