/** The accounts of a server. Each query reads the current files. */
import { mayExist } from '../../files/read-file.js';
import { onceATurn, watchFile } from '../../files/watched-file.js';
import type { Accounts } from '../../token/account.js';
import { readClients } from './clients.js';
import { isOwnKind, workOf } from './password-hash.js';
import { readUsers } from './users.js';

/** The paths of the files; undefined for a kind of account that does not exist. */
export interface AccountFiles {
  readonly users: string | undefined;
  readonly clients: string | undefined;
}

/** How a service opens its accounts. */
interface AccountOptions {
  /** Whether another process of the same service saw users; undefined in the first process. */
  readonly hadUsers?: boolean | undefined;
  /** Called once, when this process first sees the file of users. */
  readonly onUsers?: () => void;
  /** Calls back once another process of the same service has seen users. */
  readonly whenUsersSeen?: (listener: () => void) => void;
  /** Looks at the files once for all queries of a turn of the event loop. Only the next turn then sees a change. */
  readonly looksOnceATurn?: boolean;
}

/**
 * Opens the accounts in files. The next query sees a change. A missing file holds no accounts.
 * @throws {JwtkitError} ACCOUNTS_INVALID, FILE_NOT_READABLE in the first process, and from each question while a file is damaged.
 */
export function openAccounts(
  { users, clients }: AccountFiles,
  { hadUsers, onUsers, whenUsersSeen, looksOnceATurn = false }: AccountOptions = {},
): Accounts & { isEmpty(): boolean; slowestHash(): string | undefined } {
  // Once the service has users, a lost file must not turn user checks off.
  let keepsUsers = hadUsers ?? false;
  whenUsersSeen?.(() => {
    keepsUsers = true;
  });
  const hasUsers = () => {
    if (keepsUsers || users === undefined || !mayExist(users)) return keepsUsers;
    keepsUsers = true;
    onUsers?.();
    return true;
  };
  const look = looksOnceATurn ? onceATurn : <T>(ask: () => T) => ask;
  const readIndex = look(
    watchAccounts(users, readUsers, (all) => ({
      byName: new Map(all.map((user) => [user.name, user])),
      bySub: new Map(all.map((user) => [user.sub, user])),
      slowestHash: slowestOf(all.map(({ passwordHash }) => passwordHash)),
    })),
  );
  const usersNow = () => {
    hasUsers();
    return readIndex();
  };
  const clientsNow = look(
    watchAccounts(clients, readClients, (all) => new Map(all.map((client) => [client.id, client]))),
  );
  // A worker that replaces another starts even with damaged files, and answers what needs no accounts.
  if (hadUsers === undefined) {
    usersNow();
    clientsNow();
  }
  return {
    userByName: (name) => usersNow().byName.get(name),
    userBySub: (sub) => usersNow().bySub.get(sub),
    hasUsers,
    clientById: (id) => clientsNow().get(id),
    slowestHash: () => usersNow().slowestHash,
    isEmpty: () => usersNow().byName.size === 0 && clientsNow().size === 0,
  };
}

/** Returns the hash of another kind than ours whose check is the most work. */
function slowestOf(hashes: readonly string[]): string | undefined {
  let slowest: string | undefined;
  for (const hash of hashes) {
    if (isOwnKind(hash)) continue;
    if (slowest === undefined || workOf(hash) > workOf(slowest)) slowest = hash;
  }
  return slowest;
}

function watchAccounts<T, Index>(
  path: string | undefined,
  read: (path: string) => readonly T[],
  index: (all: readonly T[]) => Index,
): () => Index {
  if (path !== undefined) return watchFile(path, () => index(read(path)));
  const nobody = index([]);
  return () => nobody;
}
