/** Why a document could not be fetched, in words; never those of a library or a server, which could repeat what was sent. */
import { JwtkitError } from '../errors.js';

/** A document that could not be fetched. */
export class FetchError extends JwtkitError {
  /** The server's answer, where it gave one. */
  readonly status: number | undefined;
  /** Whether it is the server or the way there: it may work later, and keys fetched before are still its own. */
  readonly isDown: boolean;

  constructor(
    message: string,
    facts: { status?: number; isDown: boolean; hint?: string | undefined; cause?: unknown },
  ) {
    super('JWKS_UNAVAILABLE', message, { hint: facts.hint, cause: facts.cause });
    this.status = facts.status;
    this.isDown = facts.isDown;
  }
}

const ownCa = 'a CA of your own is trusted with NODE_EXTRA_CA_CERTS=FILE in the environment';
const untrusted = ['its certificate is not trusted', ownCa] as const;

/** By the code of Node, OpenSSL or undici: what happened, and the way out where there is one. */
const reasons: Readonly<Record<string, readonly [string, string?]>> = {
  ECONNREFUSED: ['connection refused', 'nothing listens at this host and port'],
  ENOTFOUND: ['no such host'],
  EAI_AGAIN: ['its name could not be looked up'],
  ECONNRESET: ['the connection was cut'],
  EPIPE: ['the connection was cut'],
  UND_ERR_SOCKET: ['the connection was cut'],
  EHOSTUNREACH: ['the host cannot be reached'],
  ENETUNREACH: ['the network cannot be reached'],
  ETIMEDOUT: ['it did not answer'],
  UND_ERR_CONNECT_TIMEOUT: ['it did not answer'],
  UND_ERR_HEADERS_OVERFLOW: ['its headers are too large'],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ['its answer is not as long as it says'],
  EPROTO: ['it does not speak TLS there'],
  ERR_SSL_WRONG_VERSION_NUMBER: ['it does not speak TLS there'],
  ERR_SSL_PACKET_LENGTH_TOO_LONG: ['it does not speak TLS there'],
  ERR_TLS_CERT_ALTNAME_INVALID: ['its certificate is for another host'],
  CERT_HAS_EXPIRED: ['its certificate has expired'],
  CERT_NOT_YET_VALID: ['its certificate is not valid yet', 'is the clock of this machine right?'],
  CERT_REVOKED: ['its certificate was revoked'],
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
  UND_ERR_PRX_TLS: ['the proxy does not speak TLS'],
};

/** The error for what a request threw. */
export function connectionFailure(cause: unknown, where: string): FetchError {
  const [reason, hint] = reasonFor(cause);
  return new FetchError(`cannot fetch ${where}: ${reason}`, { isDown: true, hint, cause });
}

function reasonFor(cause: unknown): readonly [string, string?] {
  for (let error = cause; error instanceof Error; error = error.cause) {
    const code = 'code' in error ? String(error.code) : '';
    const known = Object.hasOwn(reasons, code) ? reasons[code] : undefined;
    if (known !== undefined) return known;
    if (code.startsWith('HPE_') || error.name === 'HTTPParserError') return ['its answer is not HTTP'];
    if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_')) return [`TLS failed (${code})`];
    const proxyStatus = /^Proxy response \((\d{3})\)/.exec(error.message)?.[1];
    if (proxyStatus !== undefined) return [`the proxy answered with ${proxyStatus}`];
  }
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  return [/^[A-Z][A-Z0-9_]{2,60}$/.test(code) ? code : 'the connection failed'];
}
