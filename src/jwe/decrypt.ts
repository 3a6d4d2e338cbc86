import { JwtkitError } from '../errors.js';
import type { JsonObject } from '../jose/json.js';
import type { EncryptionKey } from './key.js';
import { type AllowedAlgorithms, type Attempt, chooseKeys, maxRounds } from './key-choice.js';
import { maxJweLength, parseJwe } from './parse.js';

/** A decrypted JWE. Who wrote it is not known: everybody has a public key. */
export interface DecryptedJwe {
  readonly plaintext: Uint8Array;
  /** The members of all headers. Of JSON, only the protected ones are covered by the tag. */
  readonly header: JsonObject;
  /** The key that decrypted it. */
  readonly key: EncryptionKey;
}

/** A decrypted JWE with its header as output shows it. */
export interface ShownJwe extends DecryptedJwe {
  /** The header, in which numbers keep their text. */
  readonly exactHeader: JsonObject;
}

/** What decrypting needs. */
export interface DecryptOptions extends AllowedAlgorithms {
  readonly keys: readonly EncryptionKey[];
}

/**
 * Decrypts a JWE in the compact or a JSON serialization. The algorithm is one that the key allows, whatever the token says. Every
 * token that does not decrypt fails alike, so that nobody learns from failures.
 * @throws {JwtkitError} TOKEN_MALFORMED, ALG_NOT_ALLOWED, KEY_NOT_FOUND, DECRYPTION_FAILED.
 */
export async function decryptJwe(token: string, options: DecryptOptions): Promise<ShownJwe> {
  const jwe = parseJwe(token);
  const attempts = chooseKeys(jwe, options.keys, options);
  for (const attempt of attempts) {
    const plaintext = await tryKey(attempt);
    const { header, exactHeader } = attempt.recipient;
    if (plaintext !== undefined) return { plaintext, header, exactHeader, key: attempt.key };
  }
  const isZipped = jwe.recipients.some(({ header }) => header.zip !== undefined);
  const limit = isZipped ? '; compressed content is read up to 16 MiB' : '';
  throw new JwtkitError('DECRYPTION_FAILED', 'the token does not decrypt', {
    hint: `it is for another key, or it was changed on its way${limit}`,
  });
}

/** Returns the plaintext if the tag holds. The reason of a failure goes nowhere. */
async function tryKey({ key, recipient, alg, enc }: Attempt): Promise<Uint8Array | undefined> {
  const { flattenedDecrypt } = await import('jose');
  try {
    const { plaintext } = await flattenedDecrypt(recipient.flattened as never, key.keyObject, {
      keyManagementAlgorithms: [alg],
      contentEncryptionAlgorithms: [enc],
      maxPBES2Count: maxRounds,
      maxDecompressedLength: maxJweLength,
    });
    return plaintext;
  } catch {
    return undefined;
  }
}
