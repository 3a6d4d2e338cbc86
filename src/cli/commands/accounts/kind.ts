/** Users and clients, for the commands that both have. */
import { JwtkitError } from '../../../errors.js';
import { type JsonObject, quoteText } from '../../../jose/json.js';
import type { StoredClient } from '../../../store/accounts/clients.js';
import type { StoredUser } from '../../../store/accounts/users.js';

/** A user or a client as output shows it: without its hash. */
export interface Account {
  /** The `sub` of its own tokens. */
  readonly subject: string;
  readonly name: string;
  /** The members that identify it in JSON. */
  readonly identity: Readonly<Record<string, string>>;
  readonly grants: Grants;
  /** NumericDate. */
  readonly created: number;
}

/** What an account may do; a client has no roles, and a user no audiences. */
export interface Grants {
  readonly roles?: readonly string[];
  readonly scopes: readonly string[];
  readonly aud?: readonly string[];
  /** Further claims of its access tokens. */
  readonly claims: Readonly<JsonObject>;
}

/** What `set` changes: a list or an object replaces the one that the account has, undefined keeps it. */
interface Change {
  readonly roles?: string[] | undefined;
  readonly scopes?: string[] | undefined;
  readonly audiences?: string[] | undefined;
  readonly claims?: Readonly<JsonObject> | undefined;
}

/** What the commands know about one kind of account. */
export interface AccountKind {
  readonly noun: 'user' | 'client';
  readonly plural: 'users' | 'clients';
  /** The argument that names an account, and its description. */
  readonly argument: readonly [string, string];
  readonly exampleName: string;
  readonly columns: readonly string[];
  toCells(account: Account): readonly string[];
  readAll(path: string): Promise<Account[]>;
  /** @throws {JwtkitError} ACCOUNT_NOT_FOUND. */
  find(path: string, name: string): Promise<Account>;
  change(path: string, name: string, to: Change): Promise<Account>;
  /** Removes what `find` returned: a client by its id, since another one may get its name in the meantime. */
  remove(path: string, account: Account): Promise<unknown>;
}

const usersFile = () => import('../../../store/accounts/users.js');
const clientsFile = () => import('../../../store/accounts/clients.js');

export function fromUser({ name, sub, roles, scopes, claims = {}, created }: StoredUser): Account {
  return { subject: sub, name, identity: { name, sub }, grants: { roles, scopes, claims }, created };
}

export function fromClient({ id, name, scopes, audiences: aud = [], claims = {}, created }: StoredClient): Account {
  return { subject: id, name, identity: { client_id: id, name }, grants: { scopes, aud, claims }, created };
}

/** People who log in with a name and a password. */
export const users: AccountKind = {
  noun: 'user',
  plural: 'users',
  argument: ['<name>', 'the user'],
  exampleName: 'bob',
  columns: ['NAME', 'SUB', 'ROLES', 'SCOPES'],
  toCells: ({ subject, name, grants }) => [name, subject, (grants.roles ?? []).join(', '), grants.scopes.join(' ')],
  readAll: async (path) => (await usersFile()).readUsers(path).map(fromUser),
  find: async (path, name) => {
    const { readUsers, userNamed } = await usersFile();
    return fromUser(userNamed(readUsers(path), name));
  },
  change: async (path, name, to) => fromUser(await (await usersFile()).changeUser(path, name, to)),
  remove: async (path, { name }) => (await usersFile()).removeUser(path, name),
};

/** Programs that authenticate with an id and a secret. */
export const clients: AccountKind = {
  noun: 'client',
  plural: 'clients',
  argument: ['<client>', 'its id or its name'],
  exampleName: 'reports',
  columns: ['ID', 'NAME', 'SCOPES'],
  toCells: ({ subject, name, grants }) => [subject, name, grants.scopes.join(' ')],
  readAll: async (path) => (await clientsFile()).readClients(path).map(fromClient),
  find: async (path, idOrName) => {
    const { clientNamed, readClients } = await clientsFile();
    return fromClient(clientNamed(readClients(path), idOrName));
  },
  change: async (path, idOrName, to) => fromClient(await (await clientsFile()).changeClient(path, idOrName, to)),
  remove: async (path, { subject }) => (await clientsFile()).removeClient(path, subject),
};

/**
 * Refuses a `sub` for a user that is the id of a client, or the reverse: their tokens could not be told apart. `serve` gives such a
 * client no tokens of its own.
 * @throws {JwtkitError} ACCOUNT_EXISTS.
 */
export function refuseSubjectTwice(
  subject: string,
  others: readonly ({ readonly sub: string } | { readonly id: string })[],
  noun: AccountKind['noun'],
): void {
  if (!others.some((other) => ('sub' in other ? other.sub : other.id) === subject)) return;
  const member = noun === 'user' ? 'sub' : 'id';
  throw new JwtkitError('ACCOUNT_EXISTS', `there is a ${noun} with the ${member} ${quoteText(subject)} already`, {
    hint: 'users and clients have different subjects, so that nobody takes one for the other',
  });
}

/** Returns what JSON shows of an account. */
export function toReport({ identity, grants, created }: Account): object {
  return { ...identity, ...grants, created };
}
