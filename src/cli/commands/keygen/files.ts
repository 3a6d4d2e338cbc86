/** The files that `keygen` writes: all of them, or none. */
import type { X509Certificate } from 'node:crypto';
import { placeFiles, type WholeFile } from '../../../files/write-files.js';
import type { AlgorithmName } from '../../../jose/algorithms.js';
import type { Passphrase } from '../../../jose/encrypted-key.js';
import type { GeneratedKey } from '../../../jose/generate-key.js';
import type { Jwk } from '../../../jose/jwk.js';
import type { Io } from '../../terminal/io.js';
import { maskSecrets } from '../../terminal/mask.js';
import { type KeygenOptions, targets } from './options.js';

/** A new key, and what was made with it. */
export interface MadeKey {
  readonly alg: AlgorithmName;
  readonly pair: GeneratedKey;
  /** Encrypts the private key. */
  readonly passphrase: Passphrase | undefined;
  readonly certificate?: X509Certificate;
  readonly request?: string;
}

type TargetTexts = { readonly [name in (typeof targets)[number]]?: string | undefined };

/**
 * Writes the certificate, the request and the halves of the key to the files that their options name; `-` is stdout. Runs
 * `work` before anything is printed; if it fails, no file stays.
 * @throws {JwtkitError} FILE_EXISTS, FILE_NOT_WRITABLE; what `work` throws.
 */
export async function writeFiles<T>(
  { certificate, request }: MadeKey,
  halves: TargetTexts,
  options: KeygenOptions & { json?: boolean },
  io: Io,
  work: () => Promise<T>,
): Promise<T> {
  const texts: TargetTexts = { ...halves, cert: certificate?.toString(), csr: request };
  const files: WholeFile[] = [];
  for (const name of targets) {
    const [path, content] = [options[name], texts[name]];
    if (path === undefined || path === '-' || content === undefined) continue;
    files.push({ path, content, mode: name === 'private' ? 0o600 : 0o644 });
  }
  const placed = placeFiles(files, { overwrite: options.force === true });
  let result: T;
  try {
    result = await work();
    if (options.private === '-') await maskSecrets([texts.private], options, io);
    for (const name of targets) if (options[name] === '-') io.stdout.write(texts[name] ?? '');
  } catch (error) {
    placed.undo();
    throw error;
  }
  placed.keep();
  if (options.json !== true) for (const { path } of files) io.say(`wrote ${path}`);
  return result;
}

/** Returns both halves as text. A secret in `pem` format is one line of base64url, as `--secret-file` takes it. */
export async function keyTexts(
  { alg, pair, certificate, passphrase }: MadeKey,
  { format, x5c }: KeygenOptions,
  kid: string | null,
): Promise<TargetTexts> {
  const members = { ...(kid === null ? {} : { kid }), alg, use: 'sig' };
  const { exportPrivateJwk, exportPublicJwk } = await import('../../../jose/jwk.js');
  const { exportPrivatePem, exportPublicPem } = await import('../../../jose/pem.js');
  const jwkText = (jwk: Jwk) => `${JSON.stringify({ ...jwk, ...members }, null, 2)}\n`;
  if ('secret' in pair) {
    const jwk = exportPrivateJwk(pair.secret);
    return { private: format === 'jwk' ? jwkText(jwk) : `${jwk.k}\n` };
  }
  const { privateKey, publicKey } = pair;
  if (format === 'pem') {
    return { private: exportPrivatePem(privateKey, { passphrase }), public: exportPublicPem(publicKey) };
  }
  const { certificateMembers } = await import('../../../jose/x509.js');
  const chain = x5c === true && certificate !== undefined ? certificateMembers([certificate], privateKey) : {};
  return {
    private: jwkText({ ...exportPrivateJwk(privateKey), ...chain }),
    public: jwkText({ ...exportPublicJwk(publicKey), ...chain }),
  };
}
