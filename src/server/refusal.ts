/** An answer other than success, thrown by the code of a route. */
import type { ErrorCode } from '../errors.js';
import type { DecodedToken } from '../token/decode.js';

/** An error of RFC 6749 §5.2, RFC 7009 §2.2.1, RFC 8707 §2 or RFC 6750 §3.1. */
type OauthError =
  | 'invalid_request'
  | 'invalid_client'
  | 'invalid_grant'
  | 'unauthorized_client'
  | 'unsupported_grant_type'
  | 'invalid_scope'
  | 'invalid_target'
  | 'unsupported_token_type'
  | 'temporarily_unavailable'
  | 'server_error';

/** A faulty field of a form, in the words of the tutorials. */
export interface FieldProblem {
  readonly type: 'missing' | 'string_type';
  readonly loc: readonly ['body', string];
  readonly msg: string;
  readonly input: null;
}

interface RefusalOptions {
  readonly error?: OauthError | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** The precise reason, for the log. The client sees only `detail`. */
  readonly code?: ErrorCode | undefined;
  /** What the request lacks, for logs: a check of its token, or a demand of `/auth`. It holds no text of a token. */
  readonly failed?: string | undefined;
  /** The refused token. The log takes its identifiers. */
  readonly token?: DecodedToken | undefined;
  /** The subject of a refused log-in, for the log. */
  readonly sub?: string | undefined;
}

/** An answer other than success. It says what the client may know, and nothing about the inside of the service. */
export class Refusal extends Error {
  readonly status: number;
  readonly detail: string | readonly FieldProblem[];
  readonly options: RefusalOptions;

  constructor(status: number, detail: string | readonly FieldProblem[], options: RefusalOptions = {}) {
    super(typeof detail === 'string' ? detail : 'a field of the form is missing');
    this.status = status;
    this.detail = detail;
    this.options = options;
  }

  /** The reason in one word: an error code of jwtkit, else the OAuth error, else the HTTP status. */
  get reason(): string {
    return this.options.code ?? this.options.error ?? String(this.status);
  }
}
