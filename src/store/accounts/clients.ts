/** Clients in a file: `{"clients":[{"id","name","scopes","secret_hash","created"}]}`. */
import { randomBytes } from 'node:crypto';
import { decodeBase64url } from '../../jose/base64url.js';
import type { JsonObject } from '../../jose/json.js';
import { type Client, clientIdPrefix, hashClientSecret, isClientId, labelProblem } from '../../token/account.js';
import { requireNow } from '../../token/time.js';
import {
  type AccountKind,
  addAccount,
  changeAccount,
  claimsEntry,
  findAccount,
  readAccounts,
  requireSound,
  sharedMembers,
  soundClaims,
  soundList,
  textMember,
} from './account-file.js';

/** A client as the file holds it. */
export interface StoredClient extends Client {
  /** NumericDate. */
  readonly created: number;
}

/** The client that {@link addClient} adds. */
export interface NewClient {
  readonly name: string;
  readonly scopes?: readonly string[] | undefined;
  /** Further claims of the client's own access tokens, under names that jwtkit gives no meaning. */
  readonly claims?: Readonly<JsonObject> | undefined;
}

/** What {@link changeClient} changes: a list or an object replaces the client's own, undefined keeps it. */
export type ClientChange = Pick<NewClient, 'scopes' | 'claims'>;

/** A client with its new secret. The file keeps only a hash, so nobody can read the secret later. */
export interface IssuedSecret {
  readonly client: StoredClient;
  /** 32 random bytes, base64url. */
  readonly secret: string;
}

const kind: AccountKind<StoredClient> = {
  list: 'clients',
  members: {
    id: textMember((id) => (isClientId(id) ? undefined : 'is not the id of a client')),
    name: textMember(clientNameProblem),
    scopes: sharedMembers.scopes,
    secret_hash: textMember((hash) =>
      decodeBase64url(hash)?.length === 32 ? undefined : 'is not a SHA-256 in base64url',
    ),
    created: sharedMembers.created,
  },
  unique: ['id', 'name'],
  fromEntry: ({ secret_hash: secretHash, ...client }) => ({ ...client, secretHash }) as unknown as StoredClient,
  toEntry: ({ id, name, scopes, claims, secretHash, created }) => {
    return { id, name, scopes, ...claimsEntry(claims), secret_hash: secretHash, created };
  },
  isNamed: ({ id, name }, idOrName) => id === idOrName || name === idOrName,
};

/** Completes "the name …"; undefined for a sound one. A name that looks like an id could be another client's id. */
function clientNameProblem(name: string): string | undefined {
  return isClientId(name) ? 'looks like the id of a client' : labelProblem(name);
}

/**
 * Reads the clients of a file, in its order; none if the file does not exist.
 * @throws {JwtkitError} ACCOUNTS_INVALID, FILE_NOT_READABLE.
 */
export function readClients(path: string): StoredClient[] {
  return readAccounts(path, kind);
}

/** @throws {JwtkitError} ACCOUNT_NOT_FOUND. */
export function clientNamed(clients: readonly StoredClient[], idOrName: string): StoredClient {
  return findAccount(clients, idOrName, kind);
}

/**
 * Adds a client with a random id and secret. Makes the file with mode 0600, and its folder, if they do not exist.
 * @param options.now NumericDate: the client's `created`.
 * @throws {JwtkitError} USAGE_INVALID for an unusable name or scope; ACCOUNT_EXISTS for a name that is taken; ACCOUNTS_INVALID,
 * FILE_NOT_READABLE, FILE_NOT_WRITABLE.
 */
export async function addClient(
  path: string,
  { name, scopes, claims }: NewClient,
  { now }: { readonly now: number },
): Promise<IssuedSecret> {
  requireSound('name', name, clientNameProblem(name));
  const secret = randomSecret();
  const client = {
    id: `${clientIdPrefix}${randomBytes(16).toString('base64url')}`,
    name,
    scopes: soundList('scope', scopes) ?? [],
    claims: soundClaims(claims),
    secretHash: hashClientSecret(secret),
    created: Math.floor(requireNow(now)),
  };
  await addAccount(path, kind, client);
  return { client, secret };
}

/**
 * Replaces the scopes or claims of a client, named by id or name. Issued tokens keep theirs until they expire.
 * @throws {JwtkitError} ACCOUNT_NOT_FOUND; USAGE_INVALID for an unusable scope or claim; ACCOUNTS_INVALID, FILE_NOT_READABLE,
 * FILE_NOT_WRITABLE.
 */
export async function changeClient(path: string, idOrName: string, change: ClientChange): Promise<StoredClient> {
  const scopes = soundList('scope', change.scopes);
  const claims = soundClaims(change.claims);
  return changeAccount(path, kind, idOrName, (client) => {
    return { ...client, scopes: scopes ?? client.scopes, claims: claims ?? client.claims };
  });
}

/**
 * Gives a client, named by id or name, a new secret. The old one stops working.
 * @throws {JwtkitError} ACCOUNT_NOT_FOUND, ACCOUNTS_INVALID, FILE_NOT_READABLE, FILE_NOT_WRITABLE.
 */
export async function rotateClientSecret(path: string, idOrName: string): Promise<IssuedSecret> {
  const secret = randomSecret();
  const change = (old: StoredClient) => ({ ...old, secretHash: hashClientSecret(secret) });
  return { client: await changeAccount(path, kind, idOrName, change), secret };
}

/**
 * Removes a client, named by id or name. Issued tokens stay valid until they are revoked.
 * @throws {JwtkitError} ACCOUNT_NOT_FOUND, ACCOUNTS_INVALID, FILE_NOT_READABLE, FILE_NOT_WRITABLE.
 */
export async function removeClient(path: string, idOrName: string): Promise<StoredClient> {
  return changeAccount(path, kind, idOrName, () => undefined);
}

function randomSecret(): string {
  return randomBytes(32).toString('base64url');
}
