/**
 * The files of those who may ask for tokens: `{"users":[{"name","sub","roles","scopes","password","created"}]}` and
 * `{"clients":[{"id","name","scopes","secret_hash","created"}]}`. Reading is strict, unknown members included: what a later
 * version restricts an account by must not be passed over by this one.
 */
import { statSync } from 'node:fs';
import { JwtkitError } from '../errors.js';
import { decodeBase64url } from '../jose/base64url.js';
import {
  describeJson,
  isJsonObject,
  JsonError,
  type JsonObject,
  own,
  parseJsonObject,
  quoteText,
} from '../jose/json.js';
import {
  type Accounts,
  type Client,
  isClientId,
  labelProblem,
  scopeProblem,
  subjectProblem,
  type User,
} from '../token/account.js';
import { isNumericDate } from '../token/time.js';
import { hasErrorCode, readFileBounded } from './files.js';
import { passwordHashProblem } from './password.js';
import { watchFile } from './watched-file.js';

/** A user as the file has it. */
export interface StoredUser extends User {
  /** NumericDate. */
  readonly created: number;
}

/** A client as the file has it. */
export interface StoredClient extends Client {
  /** NumericDate. */
  readonly created: number;
}

/** Where the accounts are; undefined where there are to be none of that kind. */
export interface AccountFiles {
  readonly users: string | undefined;
  readonly clients: string | undefined;
}

/** The largest file, in bytes: tens of thousands of accounts. */
export const maxAccountsBytes = 8 * 1024 * 1024;

/**
 * Opens the accounts in files. A change is seen by the next question; a file that is absent holds nobody.
 * @throws {JwtkitError} ACCOUNTS_INVALID, FILE_NOT_READABLE, now and from each question, as long as a file is damaged.
 */
export function openAccounts({ users, clients }: AccountFiles): Accounts {
  const usersNow = watch(users, readUsers, (all) => ({
    byName: new Map(all.map((user) => [user.name, user])),
    bySub: new Map(all.map((user) => [user.sub, user])),
  }));
  const clientsNow = watch(clients, readClients, (all) => new Map(all.map((client) => [client.id, client])));
  usersNow();
  clientsNow();
  // Once users were kept here, a file that is gone or cannot be looked at must not make everybody welcome.
  let hadUsers = false;
  return {
    userByName: (name) => usersNow().byName.get(name),
    userBySub: (sub) => usersNow().bySub.get(sub),
    hasUsers: () => {
      hadUsers ||= users !== undefined && isThere(users);
      return hadUsers;
    },
    clientById: (id) => clientsNow().get(id),
  };
}

function isThere(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}

function watch<T, Index>(
  path: string | undefined,
  read: (path: string) => readonly T[],
  index: (all: readonly T[]) => Index,
): () => Index {
  const nobody = index([]);
  return path === undefined ? () => nobody : watchFile(path, () => index(read(path)));
}

/**
 * The users in a file, in its order; none where it is absent.
 * @throws {JwtkitError} ACCOUNTS_INVALID, FILE_NOT_READABLE.
 */
export function readUsers(path: string): StoredUser[] {
  const users = readEntries(path, 'users', userMembers).map(
    ({ password, ...rest }) => ({ ...rest, passwordHash: password }) as unknown as StoredUser,
  );
  for (const member of ['name', 'sub'] as const) refuseTwice(path, '/users', users, member);
  return users;
}

/**
 * The clients in a file, in its order; none where it is absent.
 * @throws {JwtkitError} ACCOUNTS_INVALID, FILE_NOT_READABLE.
 */
export function readClients(path: string): StoredClient[] {
  const clients = readEntries(path, 'clients', clientMembers).map(
    ({ secret_hash: secretHash, ...rest }) => ({ ...rest, secretHash }) as unknown as StoredClient,
  );
  for (const member of ['id', 'name'] as const) refuseTwice(path, '/clients', clients, member);
  return clients;
}

/** The user of a name, which is compared exactly. */
export function userNamed(users: readonly StoredUser[], name: string): StoredUser {
  return users.find((user) => user.name === name) ?? notFound('user', name);
}

/** The client of an id or a name. */
export function clientNamed(clients: readonly StoredClient[], idOrName: string): StoredClient {
  return clients.find(({ id, name }) => id === idOrName || name === idOrName) ?? notFound('client', idOrName);
}

function notFound(kind: 'user' | 'client', name: string): never {
  throw new JwtkitError('ACCOUNT_NOT_FOUND', `there is no ${kind} ${quoteText(name)}`, {
    hint: `list them with: jwtkit ${kind}s list`,
  });
}

/** The text of a file of users. */
export function formatUsers(users: readonly StoredUser[]): string {
  return format({
    users: users.map(({ name, sub, roles, scopes, passwordHash, created }) => {
      return { name, sub, roles, scopes, password: passwordHash, created };
    }),
  });
}

/** The text of a file of clients. */
export function formatClients(clients: readonly StoredClient[]): string {
  return format({
    clients: clients.map(({ id, name, scopes, secretHash, created }) => {
      return { id, name, scopes, secret_hash: secretHash, created };
    }),
  });
}

function format(accounts: object): string {
  return `${JSON.stringify(accounts, null, 2)}\n`;
}

/** Finds what is wrong with the member at a place: the place and the reason; undefined where nothing is. */
type Check = (value: unknown, place: string) => string | undefined;

function text(problemOf: (text: string) => string | undefined): Check {
  return (value, place) => {
    const problem = typeof value === 'string' ? problemOf(value) : `is ${describeJson(value)}, it must be a string`;
    return problem === undefined ? undefined : `${place} ${problem}`;
  };
}

function list(check: Check): Check {
  return (value, place) => {
    if (!Array.isArray(value)) return `${place} is ${describeJson(value)}, it must be an array`;
    if (new Set(value).size < value.length) return `${place} holds something twice`;
    return value.map((one, at) => check(one, `${place}/${at}`)).find((problem) => problem !== undefined);
  };
}

const label = text(labelProblem);
const scopes = list(text(scopeProblem));
const created: Check = (value, place) =>
  isNumericDate(value) ? undefined : `${place} is not a NumericDate, seconds since 1970`;

const userMembers: Readonly<Record<string, Check>> = {
  name: label,
  sub: text(subjectProblem),
  roles: list(label),
  scopes,
  password: text(passwordHashProblem),
  created,
};

const clientMembers: Readonly<Record<string, Check>> = {
  id: text((id) => (isClientId(id) ? undefined : 'is not the id of a client')),
  name: text(clientNameProblem),
  scopes,
  secret_hash: text((hash) => (decodeBase64url(hash)?.length === 32 ? undefined : 'is not a SHA-256 in base64url')),
  created,
};

/** What is wrong with the name of a client: completes "the name …". One that is an id could be that of another client. */
export function clientNameProblem(name: string): string | undefined {
  return isClientId(name) ? 'looks like the id of a client' : labelProblem(name);
}

function readEntries(path: string, kind: 'users' | 'clients', members: Readonly<Record<string, Check>>): JsonObject[] {
  const bytes = readIfThere(path);
  if (bytes === undefined) return [];
  let file: JsonObject;
  try {
    file = parseJsonObject(bytes);
  } catch (error) {
    throw error instanceof JsonError ? invalid(`${path} ${error.message}`) : error;
  }
  const entries = own(file, kind);
  if (!Array.isArray(entries)) throw invalid(`${path} has no array of ${kind}`);
  refuseUnknown(file, [kind], path);
  for (const [at, entry] of entries.entries()) {
    const place = `${path}: /${kind}/${at}`;
    if (!isJsonObject(entry)) throw invalid(`${place} is ${describeJson(entry)}, it must be an object`);
    refuseUnknown(entry, Object.keys(members), place);
    for (const [name, check] of Object.entries(members)) {
      const problem = check(own(entry, name), `${place}/${name}`);
      if (problem !== undefined) throw invalid(problem);
    }
  }
  return entries;
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileBounded(path, maxAccountsBytes);
  } catch (error) {
    if (error instanceof JwtkitError && hasErrorCode(error.cause, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

function refuseUnknown(object: JsonObject, known: readonly string[], place: string): void {
  const unknown = Object.keys(object).find((name) => !known.includes(name));
  if (unknown !== undefined) throw invalid(`${place} has a member that is not known: ${quoteText(unknown)}`);
}

/** Two accounts that share what they are told apart by would be one or the other by chance. */
function refuseTwice<Member extends string>(
  path: string,
  list: string,
  accounts: readonly Readonly<Record<Member, string>>[],
  member: Member,
): void {
  const seen = new Map<string, number>();
  for (const [at, account] of accounts.entries()) {
    const earlier = seen.get(account[member]);
    if (earlier !== undefined) throw invalid(`${path}: ${list}/${at}/${member} is that of ${list}/${earlier} as well`);
    seen.set(account[member], at);
  }
}

function invalid(message: string): JwtkitError {
  return new JwtkitError('ACCOUNTS_INVALID', message);
}
