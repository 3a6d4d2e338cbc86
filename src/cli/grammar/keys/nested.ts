/** Opens and makes nested tokens: a signed token as the content of an encrypted one, with `cty: JWT` (RFC 7519 §5.2). */
import { statSync } from 'node:fs';
import { type Check, JwtkitError } from '../../../errors.js';
import { own } from '../../../jose/json.js';
import { maxKeyBytes } from '../../../jose/key.js';
import { decryptJwe } from '../../../jwe/decrypt.js';
import { encryptJwe } from '../../../jwe/encrypt.js';
import type { EncryptionKey } from '../../../jwe/key.js';
import { loadEncryptionKeys } from '../../../jwe/keys.js';
import { parseJwe } from '../../../jwe/parse.js';
import { isEncryptedToken, isTokenType } from '../../../jwe/token.js';
import { isUrl } from '../../../policy/place.js';
import { keyringDecryptionKeys, keyringRecipient } from '../../../store/keyring/encryption.js';
import type { VerificationReport } from '../../../token/verify.js';
import { readNamed } from '../../secrets/named-file.js';
import { withPassphrase } from '../../secrets/passphrase.js';
import { exitCodes } from '../../terminal/exit-codes.js';
import type { Io } from '../../terminal/io.js';
import { inputName } from '../../terminal/stdin.js';
import type { Invocation } from '../invocation.js';
import { toRemoteOptions } from './remote.js';
import type { FetchOptions, KeyOptions } from './source.js';

/** The token to verify, and what becomes of its report. */
export interface OpenedToken {
  readonly token: string;
  /** Whether the token did not decrypt. Then nothing else is checked. */
  readonly isRefused: boolean;
  /** Returns the report of the token inside, beginning with the decryption. */
  report(verify: () => Promise<VerificationReport>): Promise<VerificationReport>;
}

/** The moment, and the command that asks. */
interface Circumstances {
  /** NumericDate. */
  readonly now: number;
  readonly invocation: Invocation<KeyOptions & FetchOptions>;
}

/** Decrypts a token with the keys at these places. A token that is refused for its own sake has a report, as any other has. */
export async function openNested(
  token: string,
  places: readonly string[],
  circumstances: Circumstances,
  io: Io,
): Promise<OpenedToken> {
  try {
    const { text, check } = await decryptNested(token, places, circumstances, io);
    const report: OpenedToken['report'] = async (verify) => {
      const found = await verify();
      return { ...found, checks: [check, ...found.checks] };
    };
    return { token: text, isRefused: false, report };
  } catch (error) {
    // A key file that cannot be read is no verdict about the token.
    if (!(error instanceof JwtkitError) || exitCodes[error.code] < 11) throw error;
    const { code, message, hint } = error;
    const check: Check = {
      name: 'decryption',
      status: 'failed',
      message,
      code,
      ...(hint === undefined ? {} : { hint }),
    };
    return {
      token,
      isRefused: true,
      report: async () => ({ valid: false, code, checks: [check] }) satisfies VerificationReport,
    };
  }
}

async function decryptNested(token: string, places: readonly string[], circumstances: Circumstances, io: Io) {
  const { recipients } = parseJwe(token);
  const kids = recipients.flatMap(({ header }) => (typeof header.kid === 'string' ? [header.kid] : []));
  const keys: EncryptionKey[] = [];
  for (const place of places) keys.push(...(await keysAt(place, kids, circumstances, io)));
  const { plaintext, header, key } = await decryptJwe(token, { keys });
  const text = Buffer.from(plaintext).toString();
  if (isEncryptedToken(text.trim())) {
    throw new JwtkitError('TOKEN_MALFORMED', 'inside is another encrypted token', {
      hint: 'decrypt the outer one first: jwtkit decrypt --key FILE | jwtkit verify --decrypt-key FILE',
    });
  }
  if (!isTokenType(own(header, 'cty'))) {
    const message = 'the content of the token is no signed token: its header has no cty of JWT';
    throw new JwtkitError('TOKEN_MALFORMED', message, { hint: 'jwtkit decrypt prints it; nobody signed it' });
  }
  const by = `${key.kid === undefined ? '' : `kid ${key.kid} `}from ${key.source}`;
  const message = `${header.alg} with ${header.enc}, by the key ${by}`;
  return { text, check: { name: 'decryption', status: 'passed', message } as const };
}

async function keysAt(
  place: string,
  kids: readonly string[],
  { now, invocation }: Circumstances,
  io: Io,
): Promise<EncryptionKey[]> {
  return withPassphrase(invocation, io, async (passphrase) => {
    if (isFolder(place)) return keyringDecryptionKeys(place, { now, kids, passphrase });
    const { content, source } = readKey(place, '--decrypt-key', io);
    return loadEncryptionKeys(content, { purpose: 'decrypt', source, passphrase, note: io.note });
  });
}

/** Encrypts a signed token to the key at a place: a file, the URL of a JWK Set, or a keyring folder. */
export async function encryptNested(
  token: string,
  place: string,
  circumstances: Circumstances,
  io: Io,
): Promise<string> {
  const { now } = circumstances;
  const key = await recipientAt(place, circumstances, io);
  return encryptJwe(Buffer.from(token), { key, header: { cty: 'JWT' }, now });
}

async function recipientAt(place: string, { now, invocation }: Circumstances, io: Io): Promise<EncryptionKey> {
  if (isFolder(place)) return keyringRecipient(place, now);
  let keys: readonly EncryptionKey[];
  if (isUrl(place)) {
    const { fetchEncryptionKeys } = await import('../../../remote/encryption-keys.js');
    const options = await toRemoteOptions(invocation, io);
    keys = (await fetchEncryptionKeys({ kind: 'jwks', location: place }, options))(now);
  } else {
    const { content, source } = readKey(place, '--encrypt-to', io);
    keys = await loadEncryptionKeys(content, { purpose: 'encrypt', source, note: io.note });
  }
  const [key] = keys;
  if (key !== undefined) return key;
  throw new JwtkitError('KEY_NOT_FOUND', `${place}: every key for encryption has ended`);
}

function readKey(path: string, flag: string, io: Io) {
  const content = readNamed(path, flag, { maxBytes: maxKeyBytes, showsPath: true, io });
  return { content, source: inputName(path) };
}

function isFolder(place: string): boolean {
  return statSync(place, { throwIfNoEntry: false })?.isDirectory() === true;
}
