/** Adds many users at once: all of them or none. Every one that cannot be added is named. */
import { type JsonObject, own, quoteText } from '../../jose/json.js';
import { labelProblem, passwordProblem, scopeProblem, subjectProblem } from '../../token/account.js';
import { accountClaimsProblem } from '../../token/account-claims.js';
import { isNoValue } from '../../token/no-value.js';
import { isNumericDate } from '../../token/time.js';
import { listMember, textMember } from './account-file.js';
import { hashPassword } from './password.js';
import { bareHash, passwordHashProblem } from './password-hash.js';
import type { ListedUser } from './user-list.js';
import { addUsers, type StoredUser } from './users.js';

/** What an import is compared with, and how it reads passwords. */
export interface ImportOptions {
  /** The users that there are. */
  readonly users: readonly { readonly name: string; readonly sub: string }[];
  /** The ids of clients, which no user may have as `sub`. */
  readonly clientIds: readonly string[];
  /** Whether `password` holds hashes, as it does in a file of users. */
  readonly passwordsAreHashes: boolean;
}

/** Wrong users that are named; a list may have thousands. */
const maxNamed = 50;

/** Users that can be added, and those that cannot. */
export interface CheckedImport {
  readonly users: readonly CheckedUser[];
  /** What is wrong with the first fifty, such as `line 3: the name "" is empty`. */
  readonly problems: readonly string[];
  /** How many users cannot be added. */
  readonly refused: number;
}

interface CheckedUser extends Omit<StoredUser, 'passwordHash' | 'created'> {
  readonly password?: string;
  readonly passwordHash?: string;
  readonly created?: number;
}

const label = textMember(labelProblem);

/** The members that a listed user may have. Each returns what is wrong with its value, after the name that it gets. */
const members: Readonly<Record<string, (value: unknown, name: string) => string | undefined>> = {
  name: label,
  sub: textMember((text) => subjectProblem(text) ?? damagedProblem(text)),
  roles: listMember(label),
  scopes: listMember(textMember(scopeProblem)),
  claims: (value, name) => {
    const found = accountClaimsProblem(value);
    return found && `${name} ${found.problem}`;
  },
  password: textMember(passwordProblem),
  password_hash: textMember(passwordHashProblem),
  created: (value, name) => (isNumericDate(value) ? undefined : `${name} is not a NumericDate`),
};

/** Checks all users of a list, in time that grows with their number. */
export function checkImport(list: readonly ListedUser[], options: ImportOptions): CheckedImport {
  const problems: string[] = [];
  let refused = 0;
  const users: CheckedUser[] = [];
  const clientIds = new Set(options.clientIds);
  const taken = { name: new Map<string, string>(), sub: new Map<string, string>() };
  for (const { name, sub } of options.users) {
    taken.name.set(name, 'a user that there is already');
    taken.sub.set(sub, 'a user that there is already');
  }
  for (const { place, entry, problem } of list) {
    const user = withHashes(entry, options.passwordsAreHashes);
    const found = problem ?? entryProblem(user) ?? takenProblem(user, taken, clientIds);
    if (found === undefined) users.push(toUser(user));
    else if (refused++ < maxNamed) problems.push(`${place}: ${found}`);
    for (const member of ['name', 'sub'] as const) {
      const value = own(user, member);
      if (typeof value === 'string' && !taken[member].has(value)) taken[member].set(value, place);
    }
  }
  return { users, problems, refused };
}

/** Returns what is wrong with a `sub` that the way here has changed, to complete "the sub …". */
function damagedProblem(sub: string): string | undefined {
  if (isNoValue(sub)) return 'is what another program writes for a value that is not there';
  if (/^\d(?:[.,]\d+)?E\+\d{2,3}$/i.test(sub))
    return 'is a number that a spreadsheet has shortened; format the column as text';
  return undefined;
}

/** Returns an entry with a bare hash, and renames the member of one that stands in the place of a password. */
function withHashes(entry: JsonObject, passwordsAreHashes: boolean): JsonObject {
  const { password, password_hash: given, ...rest } = entry;
  const isMisnamed = passwordsAreHashes && password !== undefined && given === undefined;
  const hash = isMisnamed ? password : given;
  return typeof hash !== 'string' || (password !== undefined && !isMisnamed)
    ? entry
    : { ...rest, password_hash: bareHash(hash) };
}

function entryProblem(entry: JsonObject): string | undefined {
  const unknown = Object.keys(entry).find((name) => !Object.hasOwn(members, name));
  if (unknown !== undefined)
    return `there is no member ${quoteText(unknown)}; those are ${Object.keys(members).join(', ')}`;
  for (const name of ['name', 'sub']) {
    if (!Object.hasOwn(entry, name)) return `the ${name} is missing`;
  }
  if (Object.hasOwn(entry, 'password') === Object.hasOwn(entry, 'password_hash')) {
    return 'a user has either a password or a password_hash';
  }
  for (const [name, value] of Object.entries(entry)) {
    const problem = members[name]?.(value, `the ${name}`);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function takenProblem(
  entry: JsonObject,
  taken: Readonly<Record<'name' | 'sub', ReadonlyMap<string, string>>>,
  clientIds: ReadonlySet<string>,
): string | undefined {
  for (const member of ['name', 'sub'] as const) {
    const value = own(entry, member) as string;
    const other = taken[member].get(value);
    if (other !== undefined) return `the ${member} ${quoteText(value)} is that of ${other}`;
  }
  const sub = own(entry, 'sub') as string;
  return clientIds.has(sub) ? `the sub ${quoteText(sub)} is the id of a client` : undefined;
}

function toUser({ roles = [], scopes = [], password_hash: passwordHash, ...rest }: JsonObject): CheckedUser {
  return { ...rest, roles, scopes, ...(passwordHash === undefined ? {} : { passwordHash }) } as unknown as CheckedUser;
}

/**
 * Hashes the passwords of checked users and adds them all by one write.
 * @param options.now NumericDate: the `created` of users without one.
 * @param options.onHashed called after each password, with the number of those that are hashed and of all.
 * @throws {JwtkitError} ACCOUNT_EXISTS for a name or a sub that was taken in the meantime; ACCOUNTS_INVALID, FILE_NOT_READABLE,
 * FILE_NOT_WRITABLE. Then none is added.
 */
export async function importUsers(
  path: string,
  users: readonly CheckedUser[],
  { now, onHashed }: { readonly now: number; readonly onHashed?: (done: number, all: number) => void },
): Promise<StoredUser[]> {
  const all = users.filter(({ password }) => password !== undefined).length;
  let done = 0;
  const hash = async (password: string) => {
    const hashed = await hashPassword(password);
    onHashed?.(++done, all);
    return hashed;
  };
  const added = await Promise.all(
    users.map(async ({ password, passwordHash = '', created = Math.floor(now), ...user }) => {
      return { ...user, passwordHash: password === undefined ? passwordHash : await hash(password), created };
    }),
  );
  await addUsers(path, added);
  return added;
}
