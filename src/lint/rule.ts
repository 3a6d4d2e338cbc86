/** What a rule is, and what rules look at. */
import type { KeyObject, X509Certificate } from 'node:crypto';
import type { JsonObject } from '../jose/json.js';
import type { Level } from '../report/report.js';

/** Something to lint: text or bytes, and what is known about where they are. */
export interface Source {
  readonly name: string;
  readonly content: Uint8Array;
  readonly isFile?: boolean | undefined;
  /** Permission bits; undefined where the system has none. */
  readonly mode?: number | undefined;
  /** What git knows about the file; undefined outside a repository. */
  readonly git?: 'tracked' | 'ignored' | 'untracked' | undefined;
  /** The address that the content was fetched from, and what the server said about it. */
  readonly live?: { readonly issuer?: string; readonly cacheControl: string | undefined } | undefined;
}

/** Where a subject is in its source. */
export interface Spot {
  readonly source: Source;
  readonly line?: number | undefined;
  readonly part?: string | undefined;
}

/** What rules look at, by kind. */
export interface Subjects {
  readonly token: {
    readonly text: string;
    readonly header: JsonObject;
    /** Empty for an encrypted token. */
    readonly claims: JsonObject;
    readonly isEncrypted: boolean;
    /** Why the strict parser refuses it. */
    readonly problem?: string | undefined;
    /** The member of a token response that it stands in. */
    readonly slot?: string | undefined;
  };
  readonly key: {
    readonly key: KeyObject | undefined;
    /** The JWK that it was read from. */
    readonly jwk?: JsonObject | undefined;
    readonly isPrivate: boolean;
    readonly problem?: string | undefined;
    /** Whether a PEM is encrypted in the way of RFC 1421. */
    readonly hasLegacyEncryption?: boolean;
  };
  readonly set: { readonly keys: readonly JsonObject[] };
  readonly certificate: X509Certificate;
  /** A shared secret; a variable or a member has its name. */
  readonly secret: { readonly name: string; readonly value: string; readonly isPublished?: boolean };
  readonly variable: { readonly name: string; readonly value: string; readonly isRepeated: boolean };
  readonly policy: { readonly policy: JsonObject; readonly problem?: string | undefined };
  readonly issuer: JsonObject;
  /** An entry of a file of users or clients. */
  readonly account: JsonObject;
  readonly response: JsonObject;
  /** A cookie that holds a token; the names of its attributes are in lower case. */
  readonly cookie: { readonly name: string; readonly attributes: ReadonlyMap<string, string> };
  readonly file: { readonly holds: ReadonlySet<Holding> };
  /** All that a run found, for rules about several subjects. */
  readonly everything: readonly Subject[];
}

/** What makes a file secret or important. */
export type Holding = 'private key' | 'secret' | 'password hash' | 'token' | 'trusted';

export type Kind = keyof Subjects;

/** One thing to look at. */
export type Subject = { [K in Kind]: { readonly kind: K; readonly value: Subjects[K]; readonly spot: Spot } }[Kind];

/** What a run knows beside its subjects. */
export interface LintContext {
  /** NumericDate. */
  readonly now: number;
  /** Returns the word that signed an HS token; undefined if it is none of the known ones. */
  findSecret(token: string): string | undefined;
  /** Whether a secret is one that everybody knows. */
  isKnownSecret(secret: string): boolean;
}

/** What a rule says about a subject: a message, or one with the part of the subject that it is about. */
export type Remark = string | { readonly message: string; readonly part?: string; readonly spot?: Spot };

/** A source, and how the documentation shows it. */
export interface Example {
  readonly source: Source;
  readonly shown: string;
}

/** A rule is data: what it means, how to mend it, where it comes from, and an example that breaks it and one that does not. */
export interface Rule<K extends Kind = Kind> {
  /** Its area and its name, such as `token/no-expiry`. */
  readonly id: string;
  readonly level: Level;
  readonly about: K;
  readonly means: string;
  readonly help: string;
  readonly source: string;
  readonly bad: Example;
  readonly good: Example;
  check(value: Subjects[K], context: LintContext, spot: Spot): Remark | readonly Remark[] | undefined | false;
}

/** Returns a rule as one of any kind, for the list of all rules. */
export function rule<K extends Kind>(declared: Rule<K>): Rule {
  return declared as unknown as Rule;
}
