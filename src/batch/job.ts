/** A batch as plain values, which a worker thread can be given. What may change while it runs is in `Terms`. */
import type { DenylistPlace } from '../store/denylist/place.js';
import type { TokenType } from '../token/claims.js';
import type { ClaimDefault } from '../token/given-claims.js';
import type { IssuePairPolicy, IssuePolicy } from '../token/issue-policy.js';
import type { VerifyPolicy } from '../token/policy.js';

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
  | {
      readonly kind: 'issue';
      /** By the type of token; `pair` is set for two tokens a line. */
      readonly policies: Readonly<Record<TokenType, IssuePolicy>> & { readonly pair: IssuePairPolicy | undefined };
      /** Undefined leaves the type to each line's claims. */
      readonly type: TokenType | undefined;
      /** Header members of the options, as JSON: numbers that keep their text cannot be sent to a thread. */
      readonly header: string;
      /** Claims of the options, which replace those of a line; as JSON too. */
      readonly claims: string;
      /** The text of `--nbf`, whose `+5m` counts from the moment at which a line is signed. */
      readonly nbf: string | undefined;
      /** Claims of the policy file, for lines without them. */
      readonly defaults: readonly ClaimDefault[];
      /** Whether the requested lifetime replaces the `exp` of a line. */
      readonly isRedated: boolean;
      readonly asJson: boolean;
    }
  | { readonly kind: 'decode' }
  | { readonly kind: 'inspect'; readonly minTtl: number | undefined };
