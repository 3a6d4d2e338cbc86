/** A batch as plain values, which a worker thread can be given. What may change while it runs is in `Terms`. */
import type { ContentEncryptionName, KeyManagementName } from '../jwe/algorithms.js';
import type { Serialization } from '../jwe/encrypt.js';
import type { DenylistPlace } from '../store/denylist/place.js';
import type { TokenType } from '../token/claims.js';
import type { ClaimDefault } from '../token/given-claims.js';
import type { IssuePairPolicy, IssuePolicy } from '../token/issue-policy.js';
import type { VerifyPolicy } from '../token/policy.js';

/** How the claims of a line become those of a token. */
export interface ClaimsJob {
  /** By the type of token. */
  readonly policies: Readonly<Record<TokenType, IssuePolicy>>;
  /** Undefined leaves the type to each line's claims. */
  readonly type: TokenType | undefined;
  /** Claims of the options, which replace those of a line; as JSON, so that numbers keep their text. */
  readonly claims: string;
  /** The text of `--nbf`, whose `+5m` counts from the moment at which a line is signed. */
  readonly nbf: string | undefined;
  /** Claims of the policy file, for lines without them. */
  readonly defaults: readonly ClaimDefault[];
  /** Whether the requested lifetime replaces the `exp` of a line: of all, or of refresh tokens alone. */
  readonly isRedated: boolean | 'refresh';
}

/** The task for each line. */
export type Job =
  | {
      readonly kind: 'verify';
      readonly policy: VerifyPolicy;
      /** The place of the denylist, which may be made while the batch runs; undefined for no denylist. */
      readonly store: DenylistPlace | undefined;
      readonly showClaims: boolean;
      readonly onlyInvalid: boolean;
      /** Whether each line also has a verdict for reports. */
      readonly hasVerdicts?: boolean;
    }
  | (ClaimsJob & {
      readonly kind: 'issue';
      /** `pair` is set for two tokens a line. */
      readonly policies: { readonly pair: IssuePairPolicy | undefined };
      /** Header members of the options, as JSON: numbers that keep their text cannot be sent to a thread. */
      readonly header: string;
      readonly asJson: boolean;
    })
  | {
      readonly kind: 'encrypt';
      readonly alg: KeyManagementName | undefined;
      readonly enc: ContentEncryptionName | undefined;
      readonly serialization: Serialization;
      /** Header members of the options, as JSON. */
      readonly header: string;
      /** How claims are made of lines that hold claims; undefined for lines that are the content itself. */
      readonly claims: ClaimsJob | undefined;
      /** Whether these claims are signed first. */
      readonly isSigned: boolean;
      readonly asJson: boolean;
    }
  | {
      readonly kind: 'decrypt';
      readonly algorithms: readonly KeyManagementName[] | undefined;
      readonly encryptions: readonly ContentEncryptionName[] | undefined;
      readonly asJson: boolean;
      /** Whether a terminal shows the content, so that it is escaped. */
      readonly isShown: boolean;
    }
  | { readonly kind: 'decode' }
  | { readonly kind: 'inspect'; readonly minTtl: number | undefined };
