/**
 * The JWE vectors of the Wycheproof project: each token that it calls invalid is refused, and each that it calls valid decrypts,
 * but for those of `stricter` and `wider`, which say why.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { JwtkitError } from '../../src/errors.js';
import type { JsonObject } from '../../src/jose/json.js';
import { decryptJwe } from '../../src/jwe/decrypt.js';
import { importEncryptionJwk } from '../../src/jwe/jwk.js';

interface Vector {
  readonly id: number;
  readonly comment: string;
  readonly result: 'valid' | 'invalid';
  readonly jwe: string | JsonObject;
  /** The content, as hexadecimal. */
  readonly pt?: string;
}

const groups: readonly { readonly comment: string; readonly key: JsonObject; readonly tests: readonly Vector[] }[] =
  JSON.parse(readFileSync(new URL('../vectors/wycheproof-jwe.json', import.meta.url), 'utf8')).groups;

const rows = groups.flatMap(({ key, tests }) => tests.map((vector) => ({ ...vector, key })));

/** Valid tokens that jwtkit refuses, by the `alg` of their key, with the reason that it gives. */
const stricter: Readonly<Record<string, RegExp>> = {
  RSA1_5: /algorithm RSA1_5 is refused: .*Bleichenbacher/,
};

/** Tokens that are invalid for a reader of the compact serialization, and that jwtkit reads, with their content. */
const wider: Readonly<Record<number, string>> = {
  // It is a valid token in the flattened JSON serialization (RFC 7516 §7.2.2).
  22: 'foo',
};

/** The exit codes of these are 11, 12, 12 and 13. */
const refusals = ['TOKEN_MALFORMED', 'ALG_NOT_ALLOWED', 'DECRYPTION_FAILED', 'KEY_NOT_FOUND'];

/** Returns the content as text, or the refusal. A key for RSA1_5 is refused itself, so it is read as one without `alg`. */
async function decrypt({ key: jwk, jwe }: (typeof rows)[number]): Promise<string | JwtkitError> {
  const key = importEncryptionJwk(jwk.alg === 'RSA1_5' ? { ...jwk, alg: undefined } : jwk);
  try {
    const { plaintext } = await decryptJwe(typeof jwe === 'string' ? jwe : JSON.stringify(jwe), { keys: [key] });
    return Buffer.from(plaintext).toString('hex');
  } catch (error) {
    if (!(error instanceof JwtkitError)) throw error;
    return error;
  }
}

const hasStricterReason = (row: (typeof rows)[number]) => stricter[String(row.key.alg)];

test('there are 139 vectors, of which 65 are valid', () => {
  expect([rows.length, rows.filter(({ result }) => result === 'valid').length]).toEqual([139, 65]);
});

describe('Wycheproof', () => {
  test.each(rows.filter((row) => row.result === 'valid' && hasStricterReason(row) === undefined))(
    '$id $comment decrypts to its content',
    async (row) => {
      expect(await decrypt(row)).toBe(row.pt);
    },
  );

  test.each(rows.filter((row) => row.result === 'valid' && hasStricterReason(row) !== undefined))(
    '$id $comment is valid, and refused with the reason',
    async (row) => {
      expect(await decrypt(row)).toMatchObject({
        code: 'ALG_NOT_ALLOWED',
        message: expect.stringMatching(hasStricterReason(row) as RegExp),
      });
      expect(() => importEncryptionJwk(row.key)).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
    },
  );

  test.each(rows.filter(({ id, result }) => result === 'invalid' && wider[id] === undefined))(
    '$id $comment is refused',
    async (row) => {
      const refused = await decrypt(row);
      expect(refused).toBeInstanceOf(JwtkitError);
      expect(refusals).toContain((refused as JwtkitError).code);
    },
  );

  test.each(rows.filter(({ id }) => wider[id] !== undefined))('$id $comment is read all the same', async (row) => {
    expect(await decrypt(row)).toBe(Buffer.from(wider[row.id] as string).toString('hex'));
  });

  test('tokens of RSA1_5 with broken padding fail as those with sound padding do', async () => {
    const padded = rows.filter(({ key, id }) => key.alg === 'RSA1_5' && id >= 112 && id <= 120);
    const messages = await Promise.all(padded.map(async (row) => String(await decrypt(row))));
    expect([padded.length, new Set(messages).size]).toEqual([9, 1]);
  });
});
