/**
 * A file of accounts, `{"users":[…]}` or `{"clients":[…]}`. Each change writes the whole file by one rename, under the lock of its
 * folder. So any number of processes take turns, and a kill leaves the old file or the new one.
 */
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { hasErrorCode, JwtkitError } from '../../errors.js';
import { readFileBounded } from '../../files/read-file.js';
import { writeFileWhole } from '../../files/write-files.js';
import { requireText } from '../../jose/arguments.js';
import { parseExactJson, readExact, writeJson } from '../../jose/exact-json.js';
import { describeJson, isJsonObject, type JsonObject, own, quoteText } from '../../jose/json.js';
import { readJsonFile } from '../../jose/text.js';
import { labelProblem, scopeProblem } from '../../token/account.js';
import { accountClaimsProblem } from '../../token/account-claims.js';
import { isNumericDate } from '../../token/time.js';
import { makeKeyringFolder } from '../keyring-folder.js';
import { refuseTaken } from './taken.js';

/** The largest file in bytes, enough for tens of thousands of accounts. */
export const maxAccountsBytes = 8 * 1024 * 1024;

/** A kind of account, and how the file holds it. */
export interface AccountKind<T> {
  readonly list: 'users' | 'clients';
  /** The members that each entry has. */
  readonly members: Readonly<Record<string, MemberCheck>>;
  /** The members that an entry may have, besides `claims`. */
  readonly optional?: Readonly<Record<string, MemberCheck>>;
  /** Groups of members. No two accounts may share a value in a group, not even under another of its members. */
  readonly unique: readonly (readonly (keyof T & string)[])[];
  readonly fromEntry: (entry: JsonObject) => T;
  readonly toEntry: (account: T) => object;
  readonly isNamed: (account: T, name: string) => boolean;
}

/** Returns what is wrong with a member, beginning with its place; undefined for a sound one. */
type MemberCheck = (value: unknown, place: string) => string | undefined;

/** Checks a string member. `problemOf` completes the sentence "the member …". */
export function textMember(problemOf: (text: string) => string | undefined): MemberCheck {
  return (value, place) => {
    const problem = typeof value === 'string' ? problemOf(value) : `is ${describeJson(value)}, it must be a string`;
    return problem === undefined ? undefined : `${place} ${problem}`;
  };
}

/** Checks an array without duplicates. */
export function listMember(check: MemberCheck): MemberCheck {
  return (value, place) => {
    if (!Array.isArray(value)) return `${place} is ${describeJson(value)}, it must be an array`;
    if (new Set(value).size < value.length) return `${place} holds something twice`;
    return value.map((one, at) => check(one, `${place}/${at}`)).find((problem) => problem !== undefined);
  };
}

/** The members that users and clients share. */
export const sharedMembers = {
  scopes: listMember(textMember(scopeProblem)),
  created: (value: unknown, place: string) =>
    isNumericDate(value) ? undefined : `${place} is not a NumericDate, seconds since 1970`,
};

/** Checks the further claims of an account. */
const claimsMember: MemberCheck = (value, place) => {
  const found = accountClaimsProblem(value);
  return found && `${place} ${found.problem}`;
};

/**
 * Reads the accounts of a file, in its order; none if the file does not exist. Refuses unknown members: a later version may restrict
 * an account by one.
 * @throws {JwtkitError} ACCOUNTS_INVALID, FILE_NOT_READABLE.
 */
export function readAccounts<T>(path: string, { list, members, optional, unique, fromEntry }: AccountKind<T>): T[] {
  requireText(path, 'path');
  let bytes: Buffer;
  try {
    bytes = readFileBounded(path, maxAccountsBytes);
  } catch (error) {
    if (error instanceof JwtkitError && hasErrorCode(error.cause, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
  const { value: file, text } = readJsonFile(bytes, (problem, hint) => invalid(`${path} ${problem}`, hint));
  const entries = own(file, list);
  if (!Array.isArray(entries)) throw invalid(`${path} has no array of ${list}`);
  refuseUnknownMembers(file, [list], path);
  const mayHave = { claims: claimsMember, ...optional };
  const known = [...Object.keys(members), ...Object.keys(mayHave)];
  for (const [at, entry] of entries.entries()) {
    const place = `${path}: /${list}/${at}`;
    if (!isJsonObject(entry)) throw invalid(`${place} is ${describeJson(entry)}, it must be an object`);
    refuseUnknownMembers(entry, known, place);
    for (const [name, check] of Object.entries(members)) {
      const problem = check(own(entry, name), `${place}/${name}`);
      if (problem !== undefined) throw invalid(problem);
    }
    for (const [name, check] of Object.entries(mayHave)) {
      const problem = Object.hasOwn(entry, name) ? check(entry[name], `${place}/${name}`) : undefined;
      if (problem !== undefined) throw invalid(problem);
    }
  }
  for (const members of unique) refuseDuplicates(`${path}: `, list, entries, members);
  // Numbers in claims keep their text.
  const exact = readExact(text, file);
  const exactEntries = exact === file ? entries : (exact[list] as JsonObject[]);
  return entries.map((entry, at) => {
    const account = fromEntry(entry);
    return entry.claims === undefined ? account : { ...account, claims: exactEntries[at]?.claims };
  });
}

function refuseUnknownMembers(object: JsonObject, known: readonly string[], place: string): void {
  const unknown = Object.keys(object).find((name) => !known.includes(name));
  if (unknown !== undefined) throw invalid(`${place} has a member that is not known: ${quoteText(unknown)}`);
}

function refuseDuplicates(
  file: string,
  list: string,
  entries: readonly JsonObject[],
  members: readonly string[],
): void {
  const seen = new Map<unknown, number>();
  for (const [at, entry] of entries.entries()) {
    for (const member of members) {
      const earlier = seen.get(entry[member]) ?? at;
      if (earlier !== at) throw invalid(`${file}/${list}/${at}/${member} is that of /${list}/${earlier} as well`);
      seen.set(entry[member], at);
    }
  }
}

function invalid(message: string, hint?: string): JwtkitError {
  return new JwtkitError('ACCOUNTS_INVALID', message, { hint });
}

/** @throws {JwtkitError} ACCOUNT_NOT_FOUND. */
export function findAccount<T>(accounts: readonly T[], name: string, { list, isNamed }: AccountKind<T>): T {
  requireText(name, 'name');
  const found = accounts.find((account) => isNamed(account, name));
  if (found !== undefined) return found;
  throw new JwtkitError('ACCOUNT_NOT_FOUND', `there is no ${list.slice(0, -1)} ${quoteText(name)}`, {
    hint: `list them with: jwtkit ${list} list`,
  });
}

/** Adds accounts, all or none. Makes the file with mode 0600, and its folder, if they do not exist. */
export async function addAccounts<T>(path: string, kind: AccountKind<T>, added: readonly T[]): Promise<void> {
  // The folder is closed to others and kept out of git, like a keyring.
  if (!existsSync(dirname(path))) makeKeyringFolder(dirname(path));
  await writeUnderLock(path, kind, (before) => {
    refuseTaken(before, kind, added);
    return [...before, ...added];
  });
}

/** Changes the account of a name, or removes it if `change` returns undefined. Returns the changed or removed account. */
export async function changeAccount<T>(
  path: string,
  kind: AccountKind<T>,
  name: string,
  change: (account: T) => T | undefined,
): Promise<T> {
  // Fails before a lock is made beside a missing file.
  let result = findAccount(readAccounts(path, kind), name, kind);
  await writeUnderLock(path, kind, (before) => {
    const old = findAccount(before, name, kind);
    const changed = change(old);
    result = changed ?? old;
    return before.flatMap((account) => (account === old ? (changed ?? []) : account));
  });
  return result;
}

/** Changes accounts of which some may be gone by now. */
export async function changeEach<T>(path: string, kind: AccountKind<T>, change: (account: T) => T): Promise<void> {
  await writeUnderLock(path, kind, (before) => before.map(change));
}

async function writeUnderLock<T>(path: string, kind: AccountKind<T>, plan: (before: readonly T[]) => readonly T[]) {
  // Loaded here: reading accounts takes no lock.
  const { withLock } = await import('../lmdb/environment.js');
  // The lock is in the folder of the file itself, links followed. In a keyring it is the keyring's own lock.
  const folder = dirname(existsSync(path) ? realpathSync(path) : path);
  await withLock(join(folder, '.lock'), () => {
    const entries = plan(readAccounts(path, kind)).map(kind.toEntry);
    const content = `${writeJson({ [kind.list]: entries }, 2)}\n`;
    if (Buffer.byteLength(content, 'utf8') > maxAccountsBytes) {
      throw new JwtkitError('FILE_NOT_WRITABLE', `${path} would be larger than ${maxAccountsBytes} bytes`);
    }
    writeFileWhole({ path, content, mode: 0o600 }, { overwrite: true });
  });
}

/** @throws {JwtkitError} USAGE_INVALID if there is a problem with the value of a member. */
export function requireSound(member: string, value: string, problem: string | undefined): void {
  if (problem !== undefined) throw new JwtkitError('USAGE_INVALID', `the ${member} ${quoteText(value)} ${problem}`);
}

/** Returns the member `claims` of an entry; none without claims, so that earlier versions read the file. */
export function claimsEntry(claims: Readonly<JsonObject> | undefined): { readonly claims?: Readonly<JsonObject> } {
  return claims === undefined || Object.keys(claims).length === 0 ? {} : { claims };
}

/**
 * Returns further claims as the file will hold them; undefined for undefined, and for none.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function soundClaims(claims: Readonly<JsonObject> | undefined): JsonObject | undefined {
  if (claims === undefined) return undefined;
  const found = accountClaimsProblem(claims);
  if (found !== undefined) throw new JwtkitError('USAGE_INVALID', `the claims ${found.problem}`, { hint: found.hint });
  const refuse = (problem: string) => new JwtkitError('USAGE_INVALID', `the claims make JSON that ${problem}`);
  return parseExactJson(Buffer.from(writeJson(claims)), refuse) as JsonObject;
}

/**
 * Returns roles, scopes or audiences without duplicates; undefined for undefined.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function soundList(
  what: 'role' | 'scope' | 'audience',
  list: readonly string[] | undefined,
): string[] | undefined {
  if (list === undefined) return undefined;
  if (!Array.isArray(list)) throw new JwtkitError('USAGE_INVALID', `${what}s are an array of strings`);
  const problemOf = what === 'scope' ? scopeProblem : labelProblem;
  for (const one of list) requireSound(what, one, problemOf(one));
  return [...new Set(list)];
}
