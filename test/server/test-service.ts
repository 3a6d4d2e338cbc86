/**
 * A service on loopback, asked over real HTTP, in a world made of values: its clock, users, clients and failures are set by the
 * test. It is stopped after the test file that started it.
 */

import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { JwtkitError } from '../../src/errors.js';
import type { AlgorithmName } from '../../src/jose/algorithms.js';
import { generateKey } from '../../src/jose/generate-key.js';
import { exportPublicJwk } from '../../src/jose/jwk.js';
import { signJws } from '../../src/jose/jws.js';
import { createKey } from '../../src/jose/key.js';
import { buildService } from '../../src/server/app.js';
import type { ServiceDeps, ServiceOptions } from '../../src/server/service.js';
import { memoryDenylist } from '../../src/store/denylist/memory.js';
import { openLoginLimits } from '../../src/store/login-limits/limits.js';
import { type Client, hashClientSecret, type User } from '../../src/token/account.js';
import type { Claims } from '../../src/token/claims.js';
import type { Denylist } from '../../src/token/denylist.js';
import { issueToken } from '../../src/token/issue.js';
import type { IssuePolicy } from '../../src/token/issue-policy.js';
import type { OwnKeySource } from '../../src/token/key-source.js';
import { afterEachFile } from '../after-file.js';

/** The time at which every service begins: 2026-11-23T12:00:00Z. */
export const start = Date.UTC(2026, 10, 23, 12) / 1000;

/** What a service is asked by. */
interface Question {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array<ArrayBuffer>;
}

/** What it answers. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The JSON of the body; undefined where it is none. */
  readonly body: unknown;
}

/** The fields of a form; a list is a field that stands several times. */
export type Form = Readonly<Record<string, string | readonly string[] | undefined>>;

/** A token answer. */
export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
  readonly token_type: string;
  readonly expires_in: number;
  readonly scope?: string;
}

/** What can go wrong; each is thrown or answered from the moment it is set. */
export interface Failures {
  keys?: Error | undefined;
  store?: Error | undefined;
  users?: Error | undefined;
  clients?: Error | undefined;
  logins?: Error | undefined;
}

/** A service that runs. */
export interface TestService {
  readonly origin: string;
  readonly port: number;
  /** NumericDate. */
  now: number;
  users: User[];
  /** Whether users are kept here at all; true unless a test says otherwise. */
  keepsUsers: boolean;
  clients: Client[];
  readonly keys: OwnKeySource;
  readonly denylist: Denylist;
  readonly fail: Failures;
  /** Passwords that were looked at, each with whether there was a user to compare it with. */
  readonly passwordChecks: { password: string; hasHash: boolean }[];
  /** Log lines as they were written. */
  readonly lines: string[];
  /** The log lines since the last call, read. */
  logs(): Record<string, unknown>[];
  ask(path: string, question?: Question): Promise<Answer>;
  /** Sends a form. */
  send(path: string, form: Form, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** Sends bytes as they are and resolves to all that comes back until the connection ends. */
  raw(bytes: string | Uint8Array): Promise<string>;
  /** The tokens of a user. */
  login(form?: Form, headers?: Readonly<Record<string, string>>): Promise<Tokens>;
  /** A token by the service's own key, of claims that it would not issue itself. */
  sign(claims: Claims, policy?: IssuePolicy): Promise<string>;
  /** Signs a payload as it stands, also one that `issueToken` would refuse. */
  signText(payload: string): Promise<string>;
  readonly server: import('node:http').Server;
}

/** Somebody who may log in; the password is the name in capital letters. */
export function user(name: string, more: Partial<User> = {}): User {
  return { name, sub: `sub-of-${name}`, roles: [], scopes: [], passwordHash: name.toUpperCase(), ...more };
}

/** Alice of the tutorial. */
export const alice = user('alice', {
  sub: 'user-123',
  roles: ['user'],
  scopes: ['read', 'write'],
  passwordHash: 'wonderland',
});
export const aliceForm = { username: 'alice', password: 'wonderland' } as const;

/** A client, with a secret that form-encoding changes. */
export const billing = client('billing', { scopes: ['read', 'invoices:read'] });
export const reports = client('reports');

function client(name: string, more: Partial<Client> = {}): Client {
  return {
    id: `client-${name.padEnd(22, '0')}`,
    name,
    scopes: [],
    secretHash: hashClientSecret(secretOf(name)),
    ...more,
  };
}

/** The secret of a client. */
export function secretOf(name: string): string {
  return `${name}: 100 % +/=&ü`;
}

/** Client credentials in the header, as RFC 6749 §2.3.1 has it. */
export function basic({ id, name }: Client, secret = secretOf(name)): { authorization: string } {
  const encode = (text: string) => encodeURIComponent(text).replaceAll('%20', '+');
  return { authorization: `Basic ${Buffer.from(`${encode(id)}:${encode(secret)}`).toString('base64')}` };
}

/** Client credentials in the form. */
export function post({ id, name }: Client, secret = secretOf(name)): Form {
  return { client_id: id, client_secret: secret };
}

/** An access token in its header. */
export function bearer(token: string): { authorization: string } {
  return { authorization: `Bearer ${token}` };
}

/** The claims of a token. */
export function claimsOf(token: string): Claims {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
}

/** What a refresh token holds, under the names that its access tokens have. */
export function sessionOf(token: string): Claims {
  const { session, ...claims } = claimsOf(token);
  return { ...claims, ...(session as Claims) };
}

/** A token whose claims were changed after it was signed. */
export function forged(token: string, claims: Claims): string {
  const [header, , signature] = token.split('.');
  const payload = Buffer.from(JSON.stringify({ ...claimsOf(token), ...claims })).toString('base64url');
  return `${header}.${payload}.${signature}`;
}

/** A key source of one key pair. */
export async function keyPair(alg: AlgorithmName = 'ES256', kid = 'key-1'): Promise<OwnKeySource> {
  const made = await generateKey(alg);
  if (!('privateKey' in made)) {
    const key = createKey(made.secret, { alg });
    return { keys: async () => [key], signingKey: async () => key };
  }
  const signing = createKey(made.privateKey, { alg, kid });
  const trusted = [createKey(made.publicKey, { alg, kid })];
  const set = { keys: [{ ...exportPublicJwk(made.publicKey), kid, alg, use: 'sig' }] };
  return { keys: async () => trusted, signingKey: async () => signing, publishedSet: () => set };
}

const running: { close(): Promise<unknown> }[] = [];
afterEachFile(async () => {
  await Promise.all(running.splice(0).map((app) => app.close()));
});

/** Starts a service. */
export async function startService(
  options: Partial<ServiceOptions> = {},
  deps: Partial<ServiceDeps> = {},
): Promise<TestService> {
  const keys = deps.keys ?? (await keyPair());
  const denylist = deps.denylist ?? memoryDenylist();
  const bounds = { perUserAndAddress: 10, perUser: 100, perAddress: 1000 };
  const logins = deps.logins ?? (await openLoginLimits({ in: 'process' }, bounds));
  const lines: string[] = [];
  const fail: Failures = {};
  const passwordChecks: TestService['passwordChecks'] = [];
  let linesRead = 0;
  const orFail = <Arguments extends unknown[], T>(what: keyof Failures, action: (...args: Arguments) => T) => {
    return (...args: Arguments): T => {
      if (fail[what] !== undefined) throw fail[what];
      return action(...args);
    };
  };
  const { publishedSet } = keys;
  const app = await buildService(
    { issuer: () => service.origin, requiresIssuer: false, rotatesRefreshTokens: false, ...options },
    {
      accounts: {
        userByName: orFail('users', (name) => service.users.find((one) => one.name === name)),
        userBySub: orFail('users', (sub) => service.users.find((one) => one.sub === sub)),
        hasUsers: orFail('users', () => service.keepsUsers),
        clientById: orFail('clients', (id) => service.clients.find((one) => one.id === id)),
      },
      // Costs nothing: what argon2id makes of passwords is a matter of test/store/accounts/password.test.ts.
      isPassword: async (password, hash) => {
        passwordChecks.push({ password, hasHash: hash !== undefined });
        return password === hash;
      },
      now: () => service.now,
      log: { write: (line) => void lines.push(line) },
      ...deps,
      keys: {
        keys: orFail('keys', async (now) => keys.keys(now)),
        signingKey: orFail('keys', async (now) => keys.signingKey(now)),
        ...(publishedSet === undefined ? {} : { publishedSet: orFail('keys', publishedSet) }),
      },
      denylist: {
        ...denylist,
        find: async (token) => orFail('store', denylist.find)(token),
        add: async (revocation) => orFail('store', denylist.add)(revocation),
        consume: async (jti, until, use) => orFail('store', denylist.consume)(jti, until, use),
      },
      logins: {
        attempt: async (address, name, look) => orFail('logins', logins.attempt)(address, name, look),
      },
    },
  );
  await app.listen({ host: '127.0.0.1', port: 0 });
  running.push(app);
  const { port } = app.server.address() as AddressInfo;
  const origin = `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`;
  const ask: TestService['ask'] = async (path, question = {}) => {
    const response = await fetch(`${origin}${path}`, { redirect: 'manual', ...question });
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: readJson(text) };
  };
  const send: TestService['send'] = (path, form, headers) => {
    return ask(path, { method: 'POST', headers: { ...formType, ...headers }, body: encodeForm(form) });
  };
  const service: TestService = {
    origin,
    port,
    now: start,
    users: [alice],
    keepsUsers: true,
    clients: [billing, reports],
    keys,
    denylist,
    fail,
    passwordChecks,
    lines,
    logs: () => {
      const fresh = lines.slice(linesRead);
      linesRead = lines.length;
      return fresh.map((line) => JSON.parse(line));
    },
    ask,
    send,
    raw: (bytes) => exchange(port, bytes),
    login: async (form = {}, headers) => {
      const { status, body, text } = await send('/token', { ...aliceForm, ...form }, headers);
      if (status !== 200) throw new Error(`no tokens: ${status} ${text}`);
      return body as Tokens;
    },
    sign: async (claims, policy = {}) => {
      const key = await keys.signingKey(service.now);
      return (await issueToken(claims, policy, { key, now: service.now })).token;
    },
    signText: async (payload) => signJws(payload, await keys.signingKey(service.now), { header: { typ: 'JWT' } }),
    server: app.server,
  };
  return service;
}

export const formType = { 'content-type': 'application/x-www-form-urlencoded' } as const;

/** A form as it is sent. */
export function encodeForm(form: Form): string {
  const pairs = Object.entries(form).flatMap(([name, value]) =>
    [value ?? []].flat().map((one): [string, string] => [name, one as string]),
  );
  return new URLSearchParams(pairs).toString();
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function exchange(port: number, bytes: string | Uint8Array): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes));
    socket.setEncoding('latin1').on('data', (text: string) => {
      received += text;
    });
    // A server that has said enough may end the connection before all was sent.
    socket.once('error', (error: NodeJS.ErrnoException) => (received === '' ? reject(error) : resolve(received)));
    socket.once('close', () => resolve(received));
  });
}

/** What each of the things that a service stands on says when it cannot answer. */
export const broken = {
  store: new JwtkitError('STORE_UNAVAILABLE', 'the store at redis://:store-password@10.0.0.7 does not answer'),
  keyring: new JwtkitError('KEYRING_INVALID', '/srv/secret-folder/jwks.json is not JSON'),
  accounts: new JwtkitError('ACCOUNTS_INVALID', '/srv/secret-folder/users.json: /users/0/name is empty'),
} as const;
