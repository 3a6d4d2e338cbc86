/**
 * Changes of the files of users and clients. Each is one write of the whole file, by one rename, under the lock of its folder:
 * any number of processes take turns, and a kill at any moment leaves the old file or the new one.
 */
import { randomBytes } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { JwtkitError } from '../errors.js';
import { quoteText } from '../jose/json.js';
import { clientIdPrefix, hashClientSecret, labelProblem, scopeProblem, subjectProblem } from '../token/account.js';
import {
  clientNamed,
  clientNameProblem,
  formatClients,
  formatUsers,
  maxAccountsBytes,
  readClients,
  readUsers,
  type StoredClient,
  type StoredUser,
  userNamed,
} from './accounts.js';
import { writeFileWhole } from './files.js';
import { createDirectory } from './keyring-directory.js';
import { hashPassword } from './password.js';

/** A password to be set, or a function that gets one, called once everything else is known to be in order. */
export type PasswordSource = string | (() => string | Promise<string>);

/** What {@link addUser} is told. */
export interface NewUser {
  readonly name: string;
  /** The `sub` of the user's tokens. */
  readonly sub: string;
  readonly password: PasswordSource;
  readonly roles?: readonly string[] | undefined;
  readonly scopes?: readonly string[] | undefined;
}

/** What {@link addClient} is told. */
export interface NewClient {
  readonly name: string;
  readonly scopes?: readonly string[] | undefined;
}

/** What {@link changeUser} is told: a list replaces the one that the user has, an undefined one stays as it is. */
export interface UserChange {
  readonly roles?: readonly string[] | undefined;
  readonly scopes?: readonly string[] | undefined;
}

/** What {@link changeClient} is told: a list replaces the one that the client has, an undefined one stays as it is. */
export interface ClientChange {
  readonly scopes?: readonly string[] | undefined;
}

/** A client with its secret, which is kept nowhere: this is the only time that anybody sees it. */
export interface IssuedSecret {
  readonly client: StoredClient;
  /** 32 random bytes, base64url. */
  readonly secret: string;
}

/** The clock of a change. */
interface Clock {
  /** NumericDate: the account's `created`. */
  readonly now: number;
}

/**
 * Adds a user to a file, which is made, with mode 0600, if need be, and so is its folder.
 * @throws {JwtkitError} USAGE_INVALID for a name, a sub, a role, a scope or a password that cannot be one; ACCOUNT_EXISTS for a
 * name or a sub that is taken; ACCOUNTS_INVALID, FILE_NOT_READABLE, FILE_NOT_WRITABLE.
 */
export async function addUser(path: string, user: NewUser, { now }: Clock): Promise<StoredUser> {
  const { name, sub } = user;
  refuse('name', name, labelProblem(name));
  refuse('sub', sub, subjectProblem(sub));
  const roles = soundList('role', user.roles) ?? [];
  const scopes = soundList('scope', user.scopes) ?? [];
  refuseTaken(readUsers(path), name, sub);
  const passwordHash = await hashPassword(await readPassword(user.password));
  const added = { name, sub, roles, scopes, passwordHash, created: Math.floor(now) };
  return change(path, users, { make: true }, (before) => {
    refuseTaken(before, name, sub);
    return { after: [...before, added], result: added };
  });
}

/**
 * Replaces what a user may do. Tokens that were issued keep what they say; a refresh by the server leaves out what was taken away
 * and adds nothing, which takes a new log-in.
 * @throws {JwtkitError} ACCOUNT_NOT_FOUND; USAGE_INVALID for a role or a scope that cannot be one; ACCOUNTS_INVALID,
 * FILE_NOT_READABLE, FILE_NOT_WRITABLE.
 */
export async function changeUser(path: string, name: string, to: UserChange): Promise<StoredUser> {
  const roles = soundList('role', to.roles);
  const scopes = soundList('scope', to.scopes);
  userNamed(readUsers(path), name);
  return change(path, users, { make: false }, (before) => {
    const old = userNamed(before, name);
    const changed = { ...old, roles: roles ?? old.roles, scopes: scopes ?? old.scopes };
    return { after: before.map((user) => (user === old ? changed : user)), result: changed };
  });
}

/**
 * Gives a user another password. Sessions that began with the old one go on until they are revoked.
 * @throws {JwtkitError} ACCOUNT_NOT_FOUND; USAGE_INVALID for a password that cannot be one; ACCOUNTS_INVALID, FILE_NOT_READABLE,
 * FILE_NOT_WRITABLE.
 */
export async function changePassword(path: string, name: string, password: PasswordSource): Promise<StoredUser> {
  userNamed(readUsers(path), name);
  const passwordHash = await hashPassword(await readPassword(password));
  return change(path, users, { make: false }, (before) => {
    const changed = { ...userNamed(before, name), passwordHash };
    return { after: before.map((user) => (user.name === name ? changed : user)), result: changed };
  });
}

/**
 * Removes a user. Tokens that were issued go on until they are revoked.
 * @throws {JwtkitError} ACCOUNT_NOT_FOUND, ACCOUNTS_INVALID, FILE_NOT_READABLE, FILE_NOT_WRITABLE.
 */
export async function removeUser(path: string, name: string): Promise<StoredUser> {
  userNamed(readUsers(path), name);
  return change(path, users, { make: false }, (before) => {
    const removed = userNamed(before, name);
    return { after: before.filter((user) => user !== removed), result: removed };
  });
}

/**
 * Adds a client to a file, which is made, with mode 0600, if need be, and so is its folder. Its id and its secret are random.
 * @throws {JwtkitError} USAGE_INVALID for a name or a scope that cannot be one; ACCOUNT_EXISTS for a name that is taken;
 * ACCOUNTS_INVALID, FILE_NOT_READABLE, FILE_NOT_WRITABLE.
 */
export async function addClient(path: string, client: NewClient, { now }: Clock): Promise<IssuedSecret> {
  const { name } = client;
  refuse('name', name, clientNameProblem(name));
  const scopes = soundList('scope', client.scopes) ?? [];
  const secret = randomSecret();
  const id = `${clientIdPrefix}${randomBytes(16).toString('base64url')}`;
  const added = { id, name, scopes, secretHash: hashClientSecret(secret), created: Math.floor(now) };
  return change(path, clients, { make: true }, (before) => {
    if (before.some((other) => other.name === name)) throw taken('client', 'name', name);
    return { after: [...before, added], result: { client: added, secret } };
  });
}

/**
 * Replaces what a client, named by its id or its name, may do. Tokens that were issued keep what they say until they expire.
 * @throws {JwtkitError} ACCOUNT_NOT_FOUND; USAGE_INVALID for a scope that cannot be one; ACCOUNTS_INVALID, FILE_NOT_READABLE,
 * FILE_NOT_WRITABLE.
 */
export async function changeClient(path: string, idOrName: string, to: ClientChange): Promise<StoredClient> {
  const scopes = soundList('scope', to.scopes);
  clientNamed(readClients(path), idOrName);
  return change(path, clients, { make: false }, (before) => {
    const old = clientNamed(before, idOrName);
    const changed = { ...old, scopes: scopes ?? old.scopes };
    return { after: before.map((other) => (other === old ? changed : other)), result: changed };
  });
}

/**
 * Gives a client, named by its id or its name, another secret; the old one is good no more.
 * @throws {JwtkitError} ACCOUNT_NOT_FOUND, ACCOUNTS_INVALID, FILE_NOT_READABLE, FILE_NOT_WRITABLE.
 */
export async function rotateClientSecret(path: string, idOrName: string): Promise<IssuedSecret> {
  clientNamed(readClients(path), idOrName);
  const secret = randomSecret();
  return change(path, clients, { make: false }, (before) => {
    const old = clientNamed(before, idOrName);
    const client = { ...old, secretHash: hashClientSecret(secret) };
    return { after: before.map((other) => (other === old ? client : other)), result: { client, secret } };
  });
}

/**
 * Removes a client, named by its id or its name. Tokens that were issued go on until they are revoked.
 * @throws {JwtkitError} ACCOUNT_NOT_FOUND, ACCOUNTS_INVALID, FILE_NOT_READABLE, FILE_NOT_WRITABLE.
 */
export async function removeClient(path: string, idOrName: string): Promise<StoredClient> {
  clientNamed(readClients(path), idOrName);
  return change(path, clients, { make: false }, (before) => {
    const removed = clientNamed(before, idOrName);
    return { after: before.filter((client) => client !== removed), result: removed };
  });
}

function randomSecret(): string {
  return randomBytes(32).toString('base64url');
}

async function readPassword(password: PasswordSource): Promise<string> {
  return typeof password === 'string' ? password : password();
}

function refuse(what: string, value: string, problem: string | undefined): void {
  if (problem !== undefined) throw new JwtkitError('USAGE_INVALID', `the ${what} ${quoteText(value)} ${problem}`);
}

/** A list of roles or scopes without what stands in it twice; undefined where there is none. */
function soundList(what: 'role' | 'scope', list: readonly string[] | undefined): string[] | undefined {
  if (list === undefined) return undefined;
  // A text would be taken apart into its characters.
  if (!Array.isArray(list)) throw new JwtkitError('USAGE_INVALID', `${what}s are an array of strings`);
  for (const one of list) refuse(what, one, what === 'role' ? labelProblem(one) : scopeProblem(one));
  return [...new Set(list)];
}

function refuseTaken(users: readonly StoredUser[], name: string, sub: string): void {
  if (users.some((user) => user.name === name)) throw taken('user', 'name', name);
  if (users.some((user) => user.sub === sub)) throw taken('user', 'sub', sub);
}

function taken(kind: 'user' | 'client', what: string, value: string): JwtkitError {
  return new JwtkitError('ACCOUNT_EXISTS', `there is a ${kind} with the ${what} ${quoteText(value)} already`);
}

/** How a file of one kind is read and written. */
interface Format<T> {
  readonly read: (path: string) => readonly T[];
  readonly write: (accounts: readonly T[]) => string;
}

const users: Format<StoredUser> = { read: readUsers, write: formatUsers };
const clients: Format<StoredClient> = { read: readClients, write: formatClients };

/** Runs a change of a file while nobody else changes it; nothing is written where `plan` throws. */
async function change<T, Result>(
  path: string,
  { read, write }: Format<T>,
  options: { readonly make: boolean },
  plan: (before: readonly T[]) => { readonly after: readonly T[]; readonly result: Result },
): Promise<Result> {
  // Closed, and kept out of git, as all that is in it will be.
  if (options.make && !existsSync(dirname(path))) createDirectory(dirname(path));
  // Loaded here: who only reads the files takes no lock.
  const { withLock } = await import('./lock.js');
  return withLock(lockOf(path), () => {
    const { after, result } = plan(read(path));
    const content = write(after);
    if (Buffer.byteLength(content, 'utf8') > maxAccountsBytes) {
      // Nothing is written that could not be read afterwards.
      throw new JwtkitError('FILE_NOT_WRITABLE', `${path} would be larger than ${maxAccountsBytes} bytes`);
    }
    writeFileWhole({ path, content, mode: 0o600 }, { overwrite: true });
    return result;
  });
}

/** The lock of the folder that the file is really in, which in a keyring is the keyring's own. */
function lockOf(path: string): string {
  return join(dirname(existsSync(path) ? realpathSync(path) : path), '.lock');
}
