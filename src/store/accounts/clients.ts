/** Clients in a file: `{"clients":[{"id","name","scopes","secret_hash","created"}]}`. */
import { randomBytes } from 'node:crypto';
import { JwtkitError } from '../../errors.js';
import { requireText } from '../../jose/arguments.js';
import { decodeBase64url } from '../../jose/base64url.js';
import type { JsonObject } from '../../jose/json.js';
import { checkDeps, checkOptions, type OptionKinds } from '../../jose/options.js';
import {
  type Client,
  clientIdPrefix,
  clientIdProblem,
  clientSecretProblem,
  hashClientSecret,
  isClientId,
  labelProblem,
} from '../../token/account.js';
import { requireNow } from '../../token/time.js';
import {
  type AccountKind,
  addAccounts,
  changeAccount,
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

/** A client as the file holds it. */
export interface StoredClient extends Client {
  /** NumericDate. */
  readonly created: number;
}

/** The client that {@link addClient} adds. */
export interface NewClient {
  readonly name: string;
  /** Letters, digits, `.`, `_`, `-` and `@`; random by default. It must not be the `sub` of a user. */
  readonly id?: string | undefined;
  /** A secret that exists already, of 22 random characters or more; random by default. */
  readonly secret?: string | undefined;
  readonly scopes?: readonly string[] | undefined;
  /** The `aud` of its tokens; those of the service without a list. */
  readonly audiences?: readonly string[] | undefined;
  /** Further claims of the client's own access tokens, under names that jwtkit gives no meaning. */
  readonly claims?: Readonly<JsonObject> | undefined;
}

/** What {@link changeClient} changes: a list or an object replaces the client's own, undefined keeps it. No audiences are no list. */
export type ClientChange = Pick<NewClient, 'scopes' | 'audiences' | 'claims'>;

const changeKinds: OptionKinds<ClientChange> = {
  scopes: 'an array of strings',
  audiences: 'an array of strings',
  claims: 'an object',
};
const newKinds: OptionKinds<NewClient> = { ...changeKinds, name: 'a string', id: 'a string', secret: 'a string' };
const otherWords = { scope: 'it is scopes', audience: 'it is audiences', aud: 'it is audiences' };

/** A client with its new secret. The file keeps only a hash, so nobody can read the secret later. */
export interface IssuedSecret {
  readonly client: StoredClient;
  /** The given secret, or 32 random bytes as base64url. */
  readonly secret: string;
}

const kind: AccountKind<StoredClient> = {
  list: 'clients',
  members: {
    id: textMember(clientIdProblem),
    name: textMember(clientNameProblem),
    scopes: sharedMembers.scopes,
    secret_hash: textMember((hash) =>
      decodeBase64url(hash)?.length === 32 ? undefined : 'is not a SHA-256 in base64url',
    ),
    created: sharedMembers.created,
  },
  optional: { aud: listMember(textMember(labelProblem)) },
  // Commands take either.
  unique: [['id', 'name']],
  fromEntry: ({ secret_hash: secretHash, aud, ...client }) => {
    const audiences = aud === undefined ? {} : { audiences: aud };
    return { ...client, ...audiences, secretHash } as unknown as StoredClient;
  },
  toEntry: ({ id, name, scopes, audiences, claims, secretHash, created }) => {
    const aud = audiences === undefined ? {} : { aud: audiences };
    return { id, name, scopes, ...aud, ...claimsEntry(claims), secret_hash: secretHash, created };
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
 * Adds a client. Makes the file with mode 0600, and its folder, if they do not exist.
 * @param options.now NumericDate: the client's `created`.
 * @throws {JwtkitError} USAGE_INVALID for an unusable name, id, secret, scope or claim; ACCOUNT_EXISTS for a name or an id that is taken;
 * ACCOUNTS_INVALID,
 * FILE_NOT_READABLE, FILE_NOT_WRITABLE.
 */
export async function addClient(
  path: string,
  newClient: NewClient,
  options: { readonly now: number },
): Promise<IssuedSecret> {
  requireText(path, 'path');
  checkOptions('the client', newClient, newKinds, otherWords);
  checkDeps('the third argument', options, '{ now }', { now: 'checked elsewhere' });
  const { now } = options;
  const { name, scopes, audiences, claims, secret } = newClient;
  requireText(name, 'name');
  const { id = `${clientIdPrefix}${randomBytes(16).toString('base64url')}` } = newClient;
  requireSound('name', name, clientNameProblem(name));
  requireSound('id', id, clientIdProblem(id));
  const given = soundSecret(secret);
  const client = {
    id,
    name,
    scopes: soundList('scope', scopes) ?? [],
    audiences: soundAudiences(audiences),
    claims: soundClaims(claims),
    secretHash: hashClientSecret(given),
    created: Math.floor(requireNow(now)),
  };
  await addAccounts(path, kind, [client]);
  return { client, secret: given };
}

/**
 * Replaces the scopes, audiences or claims of a client, named by id or name. Issued tokens keep theirs until they expire.
 * @throws {JwtkitError} ACCOUNT_NOT_FOUND; USAGE_INVALID for an unusable scope, audience or claim; ACCOUNTS_INVALID, FILE_NOT_READABLE,
 * FILE_NOT_WRITABLE.
 */
export async function changeClient(path: string, idOrName: string, change: ClientChange): Promise<StoredClient> {
  checkOptions('the change', change, changeKinds, otherWords);
  const scopes = soundList('scope', change.scopes);
  const claims = soundClaims(change.claims);
  const changed = soundAudiences(change.audiences);
  return changeAccount(path, kind, idOrName, (client) => {
    const audiences = change.audiences === undefined ? client.audiences : changed;
    return { ...client, scopes: scopes ?? client.scopes, audiences, claims: claims ?? client.claims };
  });
}

/**
 * Gives a client, named by id or name, a new secret: a random one, or a given one. The old one stops working.
 * @throws {JwtkitError} ACCOUNT_NOT_FOUND, ACCOUNTS_INVALID, FILE_NOT_READABLE, FILE_NOT_WRITABLE.
 */
export async function rotateClientSecret(path: string, idOrName: string, given?: string): Promise<IssuedSecret> {
  const secret = soundSecret(given);
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

/** Returns a list of audiences; undefined for none. @throws {JwtkitError} USAGE_INVALID. */
function soundAudiences(audiences: readonly string[] | undefined): string[] | undefined {
  const sound = soundList('audience', audiences) ?? [];
  return sound.length === 0 ? undefined : sound;
}

/** Returns a given secret, or a random one. @throws {JwtkitError} USAGE_INVALID, without the secret. */
function soundSecret(secret: string | undefined): string {
  if (secret === undefined) return randomBytes(32).toString('base64url');
  const problem = clientSecretProblem(secret);
  if (problem === undefined) return secret;
  throw new JwtkitError('USAGE_INVALID', `the secret ${problem}`, {
    hint: 'without one, jwtkit makes a secret and prints it once',
  });
}
