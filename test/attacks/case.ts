import type { ErrorCode } from '../../src/errors.js';
import type { JsonObject } from '../../src/jose/json.js';
import type { Key } from '../../src/jose/key.js';
import type { VerifyPolicy } from '../../src/token/policy.js';

/** The defences, in the order in which a token meets them; every case belongs to one. */
export const categories = {
  1: 'key type by content',
  2: 'key confusion',
  3: 'JWK and JWK Set',
  4: 'key strength',
  5: 'size, segments, base64url',
  6: 'UTF-8 and JSON',
  7: 'header',
  8: 'payload',
  9: 'signature',
  10: 'claims',
  11: 'nonsense and prototypes',
} as const;

export type Category = keyof typeof categories;

/** A control expects `accept`; several codes stand where the order of two defences is open. */
export type Expectation = 'accept' | ErrorCode | readonly ErrorCode[];

interface Described {
  readonly category: Category;
  readonly name: string;
  /** The RFC section, CVE or rule that demands the verdict. */
  readonly source: string;
  readonly expect: Expectation;
}

/** A token, and who is asked to trust it. */
export interface TokenCase extends Described {
  readonly token: string;
  readonly keys: readonly Key[];
  /** The signature is right for a trusted key over the very text, so that it cannot be the reason of a refusal. */
  readonly isSignedRight: boolean;
  readonly policy?: VerifyPolicy;
  readonly now?: number;
  /** What a control must hand to its caller. */
  readonly claims?: JsonObject;
}

/** A key file or secret that somebody configured. */
export interface KeyCase extends Described {
  readonly load: () => Key | readonly Key[];
}

export function isAccepting(item: Described): boolean {
  return item.expect === 'accept';
}
