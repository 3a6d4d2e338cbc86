/** HMAC secrets. They have a loader of their own, which refuses keys, so that neither can replace the other. */
import { createSecretKey } from 'node:crypto';
import { JwtkitError } from '../errors.js';
import { requireContent } from './arguments.js';
import { findKeyIn, pointKind } from './disguised-key.js';
import { createKey, type Key, type KeyTraits, maxKeyBytes } from './key.js';
import { checkOptions, type OptionKinds } from './options.js';
import { checkEncoding, decodeSecret, type SecretEncoding } from './secret-encoding.js';
import { refuseUnresolved } from './unresolved.js';

/** How {@link loadSecret} takes a secret. */
export interface LoadSecretOptions extends Pick<KeyTraits, 'alg' | 'source' | 'kid'> {
  /** How the secret is written; without it, its bytes are taken as they are. */
  encoding?: SecretEncoding | undefined;
}

const optionKinds: OptionKinds<LoadSecretOptions> = {
  alg: 'checked elsewhere',
  source: 'a string',
  kid: 'a string',
  encoding: 'checked elsewhere',
};

/** A JWS or a JWE in its compact form. */
const wholeToken = /^\s*eyJ[\w-]{8,}(?:\.[\w-]*){2,4}\s*$/;

/**
 * Loads an HMAC secret (RFC 7518 §3.2) from its bytes as they are, or with `encoding` from the bytes that its text encodes.
 * @throws {JwtkitError} KEY_TOO_WEAK below 32 bytes (48 for HS384, 64 for HS512), and for a name such as `${{ secrets.KEY }}`.
 * KEY_INVALID for a key in any encoding (as a secret it would allow HS/RS confusion), for a token, and for a text that is not in its
 * encoding.
 * USAGE_INVALID for an encoding that there is not.
 */
export function loadSecret(secret: string | Uint8Array, options: LoadSecretOptions = {}): Key {
  requireContent(secret, 'secret');
  checkOptions('the second argument', options, optionKinds, { algorithm: 'the only algorithm is alg' });
  const { encoding, ...traits } = options;
  const written = typeof secret === 'string' ? Buffer.from(secret, 'utf8') : Buffer.from(secret);
  const where = options.source === undefined ? '' : `${options.source}: `;
  if (written.length > maxKeyBytes)
    throw new JwtkitError('KEY_INVALID', `${where}a secret is at most ${maxKeyBytes} bytes`);
  // The text is looked at as well: no encoding of a public key is a secret.
  const bytes = decodeWritten(written, encoding, where);
  const kind = findKeyIn(written) ?? (bytes === written ? undefined : findKeyIn(bytes));
  if (kind !== undefined) {
    throw new JwtkitError('KEY_INVALID', `${where}this is ${kind}, not a shared secret`, {
      hint: kind === pointKind ? 'if it is random, take 32 or 64 bytes instead' : 'give a key file with --key',
    });
  }
  refuseUnresolved(written, where);
  // Every service that is sent a token could sign with it.
  if (wholeToken.test(written.toString('latin1'))) {
    throw new JwtkitError('KEY_INVALID', `${where}this is a token, not a shared secret`, {
      hint: 'name the secret that tokens are signed with',
    });
  }
  if (bytes.length > 0 && bytes.every((byte) => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d))) {
    throw new JwtkitError('KEY_TOO_WEAK', `${where}the secret is nothing but white space`);
  }
  return createKey(createSecretKey(bytes), traits);
}

function decodeWritten(written: Buffer, encoding: SecretEncoding | undefined, where: string): Buffer {
  if (encoding === undefined) return written;
  checkEncoding(encoding);
  const bytes = decodeSecret(written.toString('latin1'), encoding);
  if (bytes !== undefined) return bytes;
  throw new JwtkitError(
    'KEY_INVALID',
    `${where}the secret is not ${encoding}: another character is in it, or one is missing`,
    {
      hint: 'without an encoding, the bytes of the secret are taken as they are',
    },
  );
}
