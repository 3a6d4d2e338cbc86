/** Users in a file: `{"users":[{"name","sub","roles","scopes","password","created"}]}`, the password as a hash. */
import { JwtkitError } from '../../errors.js';
import { requireText } from '../../jose/arguments.js';
import type { JsonObject } from '../../jose/json.js';
import { checkDeps, checkOptions, type OptionKinds } from '../../jose/options.js';
import { labelProblem, subjectProblem, type User } from '../../token/account.js';
import { requireNow } from '../../token/time.js';
import {
  type AccountKind,
  addAccounts,
  changeAccount,
  changeEach,
  claimsEntry,
  findAccount,
  listMember,
  readAccounts,
  requireSound,
  sharedMembers,
  soundClaims,
  soundList,
  textMember,
} from './account-file.js';
import { hashPassword } from './password.js';
import { bareHash, passwordHashProblem } from './password-hash.js';
import { refuseTaken } from './taken.js';

/** A user as the file holds it. */
export interface StoredUser extends User {
  /** NumericDate. */
  readonly created: number;
}

/** A new password, or a function that asks for one. It is called once everything else is checked. */
export type PasswordSource = string | (() => string | Promise<string>);

/** The user that {@link addUser} adds. */
export interface NewUser {
  readonly name: string;
  /** The `sub` of the user's tokens. */
  readonly sub: string;
  /** Either this or `passwordHash` is required. */
  readonly password?: PasswordSource | undefined;
  /** The hash of the password that another program made: bcrypt, or argon2id as a PHC string. A log-in at `serve` replaces it. */
  readonly passwordHash?: PasswordSource | undefined;
  readonly roles?: readonly string[] | undefined;
  readonly scopes?: readonly string[] | undefined;
  /** Further claims of the user's access tokens, under names that jwtkit gives no meaning. */
  readonly claims?: Readonly<JsonObject> | undefined;
}

/** What {@link changeUser} changes: a list or an object replaces the user's own, undefined keeps it. */
export type UserChange = Pick<NewUser, 'roles' | 'scopes' | 'claims'>;

const changeKinds: OptionKinds<UserChange> = {
  roles: 'an array of strings',
  scopes: 'an array of strings',
  claims: 'an object',
};
const newKinds: OptionKinds<NewUser> = {
  ...changeKinds,
  name: 'a string',
  sub: 'a string',
  password: 'checked elsewhere',
  passwordHash: 'checked elsewhere',
};
const otherWords = { role: 'it is roles', scope: 'it is scopes', username: 'it is name', hash: 'it is passwordHash' };

const kind: AccountKind<StoredUser> = {
  list: 'users',
  members: {
    name: textMember(labelProblem),
    sub: textMember(subjectProblem),
    roles: listMember(textMember(labelProblem)),
    scopes: sharedMembers.scopes,
    password: textMember(passwordHashProblem),
    created: sharedMembers.created,
  },
  unique: [['name'], ['sub']],
  fromEntry: ({ password, ...user }) => ({ ...user, passwordHash: password }) as unknown as StoredUser,
  toEntry: ({ name, sub, roles, scopes, claims, passwordHash: password, created }) => {
    return { name, sub, roles, scopes, ...claimsEntry(claims), password, created };
  },
  isNamed: (user, name) => user.name === name,
};

/**
 * Reads the users of a file, in its order; none if the file does not exist.
 * @throws {JwtkitError} ACCOUNTS_INVALID, FILE_NOT_READABLE.
 */
export function readUsers(path: string): StoredUser[] {
  return readAccounts(path, kind);
}

/** @throws {JwtkitError} ACCOUNT_NOT_FOUND. */
export function userNamed(users: readonly StoredUser[], name: string): StoredUser {
  return findAccount(users, name, kind);
}

/**
 * Adds a user to a file. Makes the file with mode 0600, and its folder, if they do not exist.
 * @param options.now NumericDate: the user's `created`.
 * @throws {JwtkitError} USAGE_INVALID for an unusable name, sub, role, scope or password; ACCOUNT_EXISTS for a name or a sub that
 * is taken; ACCOUNTS_INVALID, FILE_NOT_READABLE, FILE_NOT_WRITABLE.
 */
export async function addUser(path: string, user: NewUser, options: { readonly now: number }): Promise<StoredUser> {
  requireText(path, 'path');
  checkOptions('the user', user, newKinds, otherWords);
  checkDeps('the third argument', options, '{ now }', { now: 'checked elsewhere' });
  const { name, sub } = user;
  requireText(name, 'name');
  requireText(sub, 'sub');
  requireSound('name', name, labelProblem(name));
  requireSound('sub', sub, subjectProblem(sub));
  const roles = soundList('role', user.roles) ?? [];
  const scopes = soundList('scope', user.scopes) ?? [];
  const claims = soundClaims(user.claims);
  // Fails before a person types a password.
  refuseTaken(readUsers(path), kind, [{ name, sub }]);
  const passwordHash = await hashOf(user);
  const added = { name, sub, roles, scopes, claims, passwordHash, created: Math.floor(requireNow(options.now)) };
  await addAccounts(path, kind, [added]);
  return added;
}

/** Adds users whose members are checked: all of them or none. @throws {JwtkitError} as {@link addUser}. */
export function addUsers(path: string, users: readonly StoredUser[]): Promise<void> {
  return addAccounts(path, kind, users);
}

/** Returns the hash that a new user gets. @throws {JwtkitError} USAGE_INVALID, which repeats neither password nor hash. */
async function hashOf({ password, passwordHash }: NewUser): Promise<string> {
  if ((password === undefined) === (passwordHash === undefined)) {
    throw new JwtkitError('USAGE_INVALID', 'a user has either a password or a passwordHash');
  }
  const given = password ?? passwordHash;
  const text = typeof given === 'function' ? await given() : (given ?? '');
  requireText(text, password === undefined ? 'passwordHash' : 'password');
  if (password !== undefined) return hashPassword(text);
  const hash = bareHash(text);
  const problem = passwordHashProblem(hash);
  if (problem === undefined) return hash;
  throw new JwtkitError('USAGE_INVALID', `the password hash ${problem}`, { hint: knownHashes });
}

/** What to do about a hash that is not taken. */
export const knownHashes = 'users with other hashes need a new password: jwtkit users add without the hash';

/**
 * Replaces a user's roles, scopes or claims. Issued tokens keep theirs. A refresh by the server drops removed ones; added ones
 * need a new log-in.
 * @throws {JwtkitError} ACCOUNT_NOT_FOUND; USAGE_INVALID for an unusable role, scope or claim; ACCOUNTS_INVALID, FILE_NOT_READABLE,
 * FILE_NOT_WRITABLE.
 */
export async function changeUser(path: string, name: string, change: UserChange): Promise<StoredUser> {
  checkOptions('the change', change, changeKinds, otherWords);
  const roles = soundList('role', change.roles);
  const scopes = soundList('scope', change.scopes);
  const claims = soundClaims(change.claims);
  return changeAccount(path, kind, name, (user) => {
    return { ...user, roles: roles ?? user.roles, scopes: scopes ?? user.scopes, claims: claims ?? user.claims };
  });
}

/**
 * Changes a user's password. Sessions that began with the old one go on until they are revoked.
 * @throws {JwtkitError} ACCOUNT_NOT_FOUND; USAGE_INVALID for an unusable password; ACCOUNTS_INVALID, FILE_NOT_READABLE,
 * FILE_NOT_WRITABLE.
 */
export async function changePassword(path: string, name: string, password: PasswordSource): Promise<StoredUser> {
  // Fails before a person types a password.
  userNamed(readUsers(path), name);
  const passwordHash = await hashPassword(typeof password === 'string' ? password : await password());
  return changeAccount(path, kind, name, (user) => ({ ...user, passwordHash }));
}

/** Replaces the hashes of users, by name, that still have the one that is named as `before`. */
export async function replaceHashes(
  path: string,
  changes: ReadonlyMap<string, { readonly before: string; readonly after: string }>,
): Promise<void> {
  await changeEach(path, kind, (user) => {
    const change = changes.get(user.name);
    return change?.before === user.passwordHash ? { ...user, passwordHash: change.after } : user;
  });
}

/**
 * Removes a user. Issued tokens stay valid until they are revoked.
 * @throws {JwtkitError} ACCOUNT_NOT_FOUND, ACCOUNTS_INVALID, FILE_NOT_READABLE, FILE_NOT_WRITABLE.
 */
export async function removeUser(path: string, name: string): Promise<StoredUser> {
  return changeAccount(path, kind, name, () => undefined);
}
