/** What a rule is, and what rules look at. */
import type { KeyObject, X509Certificate } from 'node:crypto';
import type { JsonObject } from '../jose/json.js';
import type { Level } from '../report/report.js';
import type { DatedKey, KeyringEntry } from '../token/keyring.js';

/** A folder whose files are linted together. */
export interface Folder {
  readonly name: string;
  /** Permission bits; undefined where the system has none. */
  readonly mode?: number | undefined;
  /** The names of all that is in it, also of what is not linted, such as links. */
  readonly names: ReadonlySet<string>;
}

/** Something to lint: text or bytes, and what is known about where they are. */
export interface Source {
  readonly name: string;
  readonly content: Uint8Array;
  readonly isFile?: boolean | undefined;
  /** How the user named it. Such a source must hold something to judge. */
  readonly named?: 'token' | 'standard input' | undefined;
  /** Permission bits; undefined where the system has none. */
  readonly mode?: number | undefined;
  /** The folder that it is in, if that may be a keyring and all of it is linted. The files of one folder share the object. */
  readonly folder?: Folder | undefined;
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
    /** The DER of an encrypted PKCS#8 key. */
    readonly encrypted?: Buffer | undefined;
  };
  readonly set: { readonly keys: readonly JsonObject[] };
  readonly certificate: X509Certificate;
  /** A shared secret; a variable or a member has its name. */
  readonly secret: {
    readonly name: string;
    readonly value: string;
    /** The secret itself, if it is no text. */
    readonly bytes?: Uint8Array | undefined;
    readonly isPublished?: boolean | undefined;
    /** Whether its name says that it signs tokens or sessions. */
    readonly isForTokens: boolean;
  };
  readonly variable: { readonly name: string; readonly value: string; readonly isRepeated: boolean };
  readonly policy: { readonly policy: JsonObject; readonly problem?: string | undefined };
  readonly issuer: JsonObject;
  /** An entry of a file of users or clients. */
  readonly account: JsonObject;
  readonly response: JsonObject;
  /** A cookie that holds a token; the names of its attributes are in lower case. */
  readonly cookie: { readonly name: string; readonly attributes: ReadonlyMap<string, string> };
  readonly file: { readonly holds: ReadonlySet<Holding> };
  readonly keyring: KeyringFolder;
  /** All that a run found, for rules about several subjects. */
  readonly everything: readonly Subject[];
}

/** A keyring as one: what the set says, and what the files beside it are. */
export interface KeyringFolder {
  readonly folder: Folder;
  /** Why no command uses the keyring; then there are no keys. */
  readonly problem?: string | undefined;
  /** The keys of the set, by use. */
  readonly keys: { readonly sig: readonly KeyringEntry[]; readonly enc: readonly DatedKey[] };
  /** What `<kid>.pem` holds, by kid. A file that was not read, such as a link, has no entry. */
  readonly halves: ReadonlyMap<string, PrivateHalf>;
  /** Private keys that are no key of the set. */
  readonly strays: readonly Spot[];
  /** Files with one line of text that may be a passphrase. */
  readonly lines: readonly { readonly text: string; readonly spot: Spot }[];
}

/** What the file of a private key holds. */
export interface PrivateHalf {
  readonly spot: Spot;
  /** How many private keys; 1 is right. */
  readonly count: number;
  /** Undefined for an encrypted key, and for one that cannot be read. */
  readonly key?: KeyObject | undefined;
  readonly isEncrypted: boolean;
  readonly encrypted?: Buffer | undefined;
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
  /** Whether a passphrase opens an encrypted PKCS#8 key. A run tries a few only. */
  opensKey(encrypted: Buffer, passphrase: string): boolean;
}

/** What a rule says about a subject: a message, or one with the part of the subject that it is about. */
export type Remark = string | { readonly message: string; readonly part?: string; readonly spot?: Spot };

/** A source, and how the documentation shows it. */
export interface Example {
  readonly source: Source;
  /** Other sources of the same run. */
  readonly others?: readonly Source[];
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
