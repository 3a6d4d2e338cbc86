import type { Check, ErrorCode } from '../errors.js';
import { readExact } from '../jose/exact-json.js';
import { hideTokens } from '../shown-text.js';
import { claimShapeProblem } from './claims.js';
import type { DecodedToken } from './decode.js';

/** A text, or the function that makes it. */
type Words = string | (() => string);

/** A {@link Check} whose message and hint are made only for a report, unless they are fixed. */
export interface Finding {
  readonly name: string;
  readonly status: Check['status'];
  readonly code: ErrorCode | undefined;
  readonly message: Words;
  readonly hint: Words | undefined;
}

/** A check that holds. */
export function passed(name: string, message: Words): Finding {
  return { name, status: 'passed', code: undefined, message, hint: undefined };
}

/** A check that fails, with the code that says why. */
export function failed(name: string, code: ErrorCode, message: Words, hint?: Words): Finding {
  return { name, status: 'failed', code, message, hint };
}

/** Reasons to skip a check that nobody asked for, or that a malformed token cannot have. Reports may name such checks alone. */
export const unasked = {
  absent: 'absent',
  notWanted: 'not asked for',
  absentAndNotWanted: 'absent, and not asked for',
  malformed: 'token is malformed',
} as const;

/** A skipped check, with the reason. */
export function skipped(name: string, message: Words): Finding {
  return { name, status: 'skipped', code: undefined, message, hint: undefined };
}

/** The findings of checks that are skipped for most tokens. They are made once, since each verification has about seven. */
export const skips = {
  absent: skipEach(['nbf', 'iat', 'jti'], unasked.absent),
  notWanted: skipEach(['iss', 'aud', 'sub', 'scope', 'role', 'typ'], unasked.notWanted),
  absentAndNotWanted: skipEach(['type', 'iss', 'aud', 'sub'], unasked.absentAndNotWanted),
};

function skipEach<Name extends string>(names: readonly Name[], message: string): Record<Name, Finding> {
  return Object.fromEntries(names.map((name) => [name, skipped(name, message)])) as Record<Name, Finding>;
}

/** The finding about a claim of the wrong shape (RFC 7519 §4.1), whether or not the policy asks for the claim. */
export function malformed({ claims, claimsText }: DecodedToken, name: string): Finding {
  return failed(name, 'CLAIM_MALFORMED', () => `claim ${claimShapeProblem(readExact(claimsText, claims), name)}`);
}

/** Puts a finding into words. */
export function toCheck({ name, status, code, message, hint }: Finding): Check {
  return {
    name: hideTokens(name),
    status,
    message: hideTokens(inWords(message)),
    ...(code === undefined ? {} : { code }),
    ...(hint === undefined ? {} : { hint: hideTokens(inWords(hint)) }),
  };
}

function inWords(words: Words): string {
  return typeof words === 'string' ? words : words();
}
