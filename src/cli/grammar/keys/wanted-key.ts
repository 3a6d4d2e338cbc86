/** Which option names the key of a token. The token is not trusted: it only shapes a hint, which nobody follows but a person. */
import { JwtkitError } from '../../../errors.js';
import { isAlgorithmName } from '../../../jose/algorithms.js';
import { own, quoteText } from '../../../jose/json.js';
import { decodeToken } from '../../../token/decode.js';
import type { Invocation } from '../invocation.js';
import { type KeyOptions, type RemoteKeyOptions, sourceNames } from './source.js';

type Named = Invocation<KeyOptions & RemoteKeyOptions>;

/** Whether no flag, no variable and no policy names a source of keys. */
export function namesNoKey({ origin }: Named): boolean {
  return sourceNames.every((name) => origin(name) === undefined);
}

/** Returns the error for a keyring that nobody named and that is not there, with a hint that fits the token. */
export function missingKeyError(error: unknown, token: string, invocation: Named): unknown {
  const isMissing = error instanceof JwtkitError && error.code === 'KEYRING_NOT_FOUND' && namesNoKey(invocation);
  const wanted = isMissing ? wantedKeyHint(token, invocation) : undefined;
  if (!isMissing || wanted === undefined) return error;
  const secretHint = error.hint?.startsWith('SECRET_KEY ') === true ? `; ${error.hint}` : '';
  return new JwtkitError(error.code, error.message, { hint: `${wanted}${secretHint}`, cause: error });
}

/** An https URL that needs no quotes in a shell, without user information: people copy a hint. */
const plainIssuer = /^https:\/\/[a-z\d](?:[a-z\d.-]{0,252}[a-z\d])?(?::\d{1,5})?(?:\/[\w.~/-]{0,150})?$/i;

/** What applications call their shared secret, if not SECRET_KEY. */
const secretVariables = ['JWT_SECRET', 'JWT_SECRET_KEY', 'JWT_KEY', 'TOKEN_SECRET', 'ACCESS_TOKEN_SECRET'];

/** Returns what names the key of a token, by its `alg` and `iss`; undefined for what is no token. */
export function wantedKeyHint(token: string, { env }: Pick<Named, 'env'>): string | undefined {
  if (/^ey[\w-]*(?:\.[\w-]*){4}$/.test(token))
    return 'the token is encrypted (JWE): jwtkit decrypt, or verify --decrypt-key FILE, opens it with the private key';
  let alg: unknown;
  let iss: unknown;
  try {
    const { header, claims } = decodeToken(token, { maxLength: token.length });
    [alg, iss] = [own(header, 'alg'), own(claims, 'iss')];
  } catch {
    return undefined;
  }
  if (typeof alg !== 'string') return undefined;
  if (/^none$/i.test(alg))
    return 'the token has no signature (alg none), so no key verifies it; jwtkit decode shows it';
  if (!isAlgorithmName(alg)) return `no key verifies it: its algorithm ${quoteText(alg)} is not supported`;
  if (alg.startsWith('HS')) {
    const named = secretVariables.find((name) => (env[name] ?? '') !== '');
    const fromVariable = named === undefined ? '--secret-env NAME' : `--secret-env ${named} (which is set)`;
    return `${alg} takes a shared secret: --secret-file FILE, ${fromVariable}, or -e .env with SECRET_KEY and ALGORITHM=${alg}`;
  }
  if (typeof iss === 'string' && plainIssuer.test(iss)) {
    return `if you trust the issuer that the token names: --issuer-url ${iss}; else --key FILE with its public key`;
  }
  return `${alg} takes the public key of the issuer: --key FILE, or --jwks with its JWK Set`;
}
