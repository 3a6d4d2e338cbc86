/** A signed token inside an encrypted one (RFC 7519 §2, nested JWT): `--decrypt-key` opens it, `--encrypt-to` makes it. */
import type { Io } from '../terminal/io.js';
import type { Invocation } from './invocation.js';
import type { OpenedToken } from './keys/nested.js';
import type { FetchOptions, KeyOptions } from './keys/source.js';
import { option } from './option.js';

// Each of these functions declares one option.
export const decryptKeyOption = () =>
  option(
    '--decrypt-key <file>',
    'private key or keyring folder that decrypts the token first; - is stdin; a token in the clear is refused; repeatable',
  )
    .readsStdin()
    .repeatable();
export const encryptToOption = () =>
  option(
    '--encrypt-to <key>',
    "encrypt the token for a recipient: a public key file, a JWK Set's URL, a keyring folder; - is stdin",
  ).readsStdin();

/** Decrypts a token if `--decrypt-key` asks for it. */
export async function openToken(
  token: string,
  now: number,
  invocation: Invocation<{ decryptKey?: string[] } & KeyOptions & FetchOptions>,
  io: Io,
): Promise<OpenedToken> {
  const { decryptKey } = invocation.options;
  if (decryptKey === undefined) return { token, isRefused: false, report: (verify) => verify() };
  const { openNested } = await import('./keys/nested.js');
  return openNested(token, decryptKey, { now, invocation }, io);
}
