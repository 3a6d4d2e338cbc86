/** Why a document could not be fetched, in our own words: messages of a library or a server could repeat what was sent. */
import { errorCodeOf, JwtkitError } from '../errors.js';
import { connectionProblem } from '../store/connection-problem.js';
import { showAddress } from './address.js';

/** A document that could not be fetched. */
export class FetchError extends JwtkitError {
  readonly status: number | undefined;
  /** Whether the server or the network failed for now. Keys that were fetched before still serve. */
  readonly isDown: boolean;

  constructor(
    message: string,
    { status, isDown, hint, cause }: { status?: number; isDown: boolean; hint?: string | undefined; cause?: unknown },
  ) {
    super('JWKS_UNAVAILABLE', message, { hint, cause });
    this.status = status;
    this.isDown = isDown;
  }
}

/** By the error code of undici. */
const reasons: Readonly<Record<string, string>> = {
  UND_ERR_SOCKET: 'the connection was cut',
  UND_ERR_CONNECT_TIMEOUT: 'it did not answer',
  UND_ERR_HEADERS_OVERFLOW: 'its headers are too large',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'its answer is not as long as it says',
  UND_ERR_PRX_TLS: 'the proxy does not speak TLS',
};

export function connectionFailure(cause: unknown, address: URL): FetchError {
  const [reason, hint] = reasonFor(cause);
  return new FetchError(`cannot fetch ${showAddress(address)}: ${reason}`, { isDown: true, hint, cause });
}

function reasonFor(cause: unknown): readonly [reason: string, hint?: string] {
  for (let error = cause; error instanceof Error; error = error.cause) {
    const code = errorCodeOf(error);
    const known = connectionProblem(code);
    if (known !== undefined) return known;
    if (Object.hasOwn(reasons, code)) return [reasons[code] as string];
    if (code.startsWith('HPE_') || error.name === 'HTTPParserError') return ['its answer is not HTTP'];
    if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_')) return [`TLS failed (${code})`];
    const proxyStatus = /^Proxy response \((\d{3})\)/.exec(error.message)?.[1];
    if (proxyStatus !== undefined) return [`the proxy answered with ${proxyStatus}`];
  }
  const code = errorCodeOf(cause);
  return [/^[A-Z][A-Z0-9_]{2,60}$/.test(code) ? code : 'the connection failed'];
}
