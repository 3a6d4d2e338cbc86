/** The examples of RFC 7516 (appendix A) and RFC 7520 (§5): each serialization of each one. */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { decryptJwe } from '../../src/jwe/decrypt.js';
import { importEncryptionJwk } from '../../src/jwe/jwk.js';
import { createPassphraseKey, type EncryptionKey } from '../../src/jwe/key.js';

interface Example {
  readonly source: string;
  readonly title: string;
  readonly plaintext: string;
  readonly keys?: readonly Record<string, unknown>[];
  readonly passphrase?: string;
  readonly tokens: readonly (string | object)[];
}

const examples: readonly Example[] = ['rfc7516.json', 'rfc7520-jwe.json'].flatMap(
  (name) => JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8')).encrypted,
);

const rows = examples.flatMap((example) =>
  example.tokens.map((token, at) => ({
    ...example,
    at,
    token: typeof token === 'string' ? token : JSON.stringify(token),
  })),
);

/** The keys of an example. The RFC calls RSA1_5 the algorithm of one, and two are for other recipients. */
function keysOf({ keys = [], passphrase }: Example): EncryptionKey[] {
  if (passphrase !== undefined) return [createPassphraseKey(Buffer.from(passphrase))];
  return keys.map((jwk) => importEncryptionJwk(jwk.alg === 'RSA1_5' ? { ...jwk, alg: undefined } : jwk));
}

test.each(rows.filter(({ source }) => !/§5\.1$|§5\.13$|§A\.2$/.test(source)))(
  '$source, $title, form $at',
  async (row) => {
    const { plaintext, header } = await decryptJwe(row.token, { keys: keysOf(row) });
    expect(Buffer.from(plaintext).toString()).toBe(row.plaintext);
    expect(typeof header.enc).toBe('string');
  },
);

test('RFC 7520 §5.13 decrypts for the two recipients whose algorithm is not RSA1_5', async () => {
  const [row] = rows.filter(({ source }) => source.endsWith('§5.13')) as [(typeof rows)[number]];
  const [rsa, ...others] = keysOf(row) as [EncryptionKey, ...EncryptionKey[]];
  for (const key of others) {
    const { plaintext } = await decryptJwe(row.token, { keys: [key] });
    expect(Buffer.from(plaintext).toString()).toBe(row.plaintext);
  }
  await expect(decryptJwe(row.token, { keys: [rsa] })).rejects.toMatchObject({ code: 'ALG_NOT_ALLOWED' });
});

test.each(rows.filter(({ source }) => /§5\.1$|§A\.2$/.test(source)))(
  '$source, form $at, is refused with the reason: it is RSA1_5',
  async (row) => {
    await expect(decryptJwe(row.token, { keys: keysOf(row) })).rejects.toMatchObject({
      code: 'ALG_NOT_ALLOWED',
      message: expect.stringContaining('Bleichenbacher'),
    });
  },
);
