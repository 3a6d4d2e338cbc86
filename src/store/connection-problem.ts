const cut = ['the connection was cut'] as const;
const noTls = ['it does not speak TLS there'] as const;
const untrusted = [
  'its certificate is not trusted',
  'a CA of your own is trusted with NODE_EXTRA_CA_CERTS=FILE in the environment',
] as const;

const problems: Readonly<Record<string, readonly [reason: string, hint?: string]>> = {
  ECONNREFUSED: ['connection refused', 'nothing listens at this host and port'],
  ENOTFOUND: ['no such host'],
  EAI_AGAIN: ['its name could not be looked up'],
  ECONNRESET: cut,
  EPIPE: cut,
  EHOSTUNREACH: ['the host cannot be reached'],
  ENETUNREACH: ['the network cannot be reached'],
  ETIMEDOUT: ['it did not answer'],
  EPROTO: noTls,
  ERR_SSL_WRONG_VERSION_NUMBER: noTls,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: noTls,
  ERR_TLS_CERT_ALTNAME_INVALID: ['its certificate is for another host'],
  CERT_HAS_EXPIRED: ['its certificate has expired'],
  CERT_NOT_YET_VALID: ['its certificate is not valid yet', 'is the clock of this machine right?'],
  CERT_REVOKED: ['its certificate was revoked'],
  CERT_UNTRUSTED: untrusted,
  DEPTH_ZERO_SELF_SIGNED_CERT: untrusted,
  SELF_SIGNED_CERT_IN_CHAIN: untrusted,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: untrusted,
  UNABLE_TO_GET_ISSUER_CERT: untrusted,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: untrusted,
};

/** Returns what a failed connection means, and a hint, by the error code of Node or OpenSSL; undefined for another code. */
export function connectionProblem(code: string): readonly [reason: string, hint?: string] | undefined {
  return Object.hasOwn(problems, code) ? problems[code] : undefined;
}
