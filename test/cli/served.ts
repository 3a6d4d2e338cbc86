/** `jwtkit serve` as it runs: the real binary, in a process of its own that is told to end after the test file that started it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { StoredClient } from '../../src/store/accounts/clients.js';
import { hashPassword } from '../../src/store/accounts/password.js';
import type { StoredUser } from '../../src/store/accounts/users.js';
import { hashClientSecret } from '../../src/token/account.js';
import { afterEachFile } from '../after-file.js';

const binary = fileURLToPath(new URL('../../bin/jwtkit.js', import.meta.url));

/** How a process ended. */
export interface Ended {
  readonly exitCode: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A service that runs. */
export interface Served {
  readonly url: string;
  readonly pid: number;
  /** All that it has written. */
  readonly written: { stdout: string; stderr: string };
  /** Its log lines, read. */
  logs(): Record<string, unknown>[];
  /** Resolves once it has written what matches, on either stream. */
  until(pattern: RegExp): Promise<RegExpExecArray>;
  /** Tells it to end, and resolves once it has. */
  stop(signal?: NodeJS.Signals): Promise<Ended>;
  readonly ended: Promise<Ended>;
}

/** What the process is given beside its arguments. */
export interface ServedWorld {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Whether it leads a group of processes, as one that is started by a shell does. */
  readonly detached?: boolean;
}

/** Milliseconds within which whatever is waited for must come about. */
const deadline = 50_000;

const running = new Set<ChildProcess>();
afterEachFile(() => {
  for (const child of running) child.kill('SIGKILL');
});

/** Starts a service on a port that it picks, and waits until it says where. */
export async function serveBinary(args: readonly string[], world: ServedWorld): Promise<Served> {
  const served = start(['serve', '--port', '0', ...args], world);
  const [, url = ''] = await served.until(/^listening on (\S+)$/m);
  return Object.assign(served, { url });
}

/** The processes below another one; on Linux alone. */
export function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return text
    .split(' ')
    .filter((part) => part !== '')
    .map(Number);
}

/** Runs a command line of the binary to its end. */
export async function runBinary(
  args: readonly string[],
  world: ServedWorld,
): Promise<Ended & { stdout: string; stderr: string }> {
  const { ended, written } = start(args, world);
  return { ...(await within('the end of the process', ended)), ...written };
}

function start(args: readonly string[], { cwd, env = {}, detached = false }: ServedWorld): Served {
  const names = Object.entries(process.env).filter(
    ([name]) => !/^(?:JWTKIT_|SECRET_KEY|ALGORITHM|ACCESS_TOKEN_|REFRESH_TOKEN_|NODE_OPTIONS|VITEST)/.test(name),
  );
  const child = spawn(process.execPath, [binary, ...args], {
    cwd,
    env: { ...Object.fromEntries(names), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached,
  });
  running.add(child);
  const written = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      written[name] += text;
      for (const listener of listeners) listener();
    });
  }
  const ended = new Promise<Ended>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode, signal) => {
      running.delete(child);
      resolve({ exitCode, signal });
    });
  });
  const until = (pattern: RegExp) => {
    const found = new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const match = pattern.exec(written.stderr) ?? pattern.exec(written.stdout);
        if (match === null) return;
        listeners.delete(look);
        resolve(match);
      };
      listeners.add(look);
      look();
      ended.then(({ exitCode, signal }) => {
        reject(new Error(`ended with ${exitCode ?? signal} before ${pattern}: ${written.stderr}`));
      }, reject);
    });
    return within(String(pattern), found);
  };
  return {
    url: '',
    pid: child.pid as number,
    written,
    logs: () => {
      const lines = written.stdout.split('\n').slice(0, -1);
      return lines.map((line) => JSON.parse(line));
    },
    until,
    stop: (signal = 'SIGTERM') => {
      child.kill(signal);
      return within('the end of the process', ended);
    },
    ended,
  };
}

async function within<T>(what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what}: not within ${deadline} ms`)), deadline);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

export const aliceForm = { username: 'alice', password: 'wonderland' } as const;
const wonderland = await hashPassword('wonderland');

/** Alice of the tutorial, as a file has her. */
export const alice: StoredUser = {
  name: 'alice',
  sub: 'user-123',
  roles: ['user'],
  scopes: ['read', 'write'],
  passwordHash: wonderland,
  created: 1_700_000_000,
};

export const clientSecret = '4x7YH-_zB0yQ1mN8vR2kT5wJ6sL9pD3fG7hC0aE4uXo';
export const client: StoredClient = {
  id: 'client-AAAAAAAAAAAAAAAAAAAAAA',
  name: 'billing',
  scopes: ['invoices:read'],
  secretHash: hashClientSecret(clientSecret),
  created: 1_700_000_000,
};

/** Writes the files of users and clients of a keyring. */
export function writeAccounts(folder: string, users: readonly StoredUser[] = [alice], clients = [client]): void {
  const write = (kind: string, accounts: readonly object[]) =>
    writeFileSync(join(folder, `${kind}.json`), JSON.stringify({ [kind]: accounts }), { mode: 0o600 });
  write(
    'users',
    users.map(({ passwordHash: password, ...rest }) => ({ ...rest, password })),
  );
  write(
    'clients',
    clients.map(({ secretHash: secret_hash, ...rest }) => ({ ...rest, secret_hash })),
  );
}

/** Sends a form. */
export async function sendForm(
  url: string,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; headers: Headers; body: Record<string, unknown> }> {
  const response = await fetch(url, { method: 'POST', body: new URLSearchParams(form), headers });
  return {
    status: response.status,
    headers: response.headers,
    body: (await response.json()) as Record<string, unknown>,
  };
}

/** The headers of a client that shows its secret. */
export const asClient = {
  authorization: `Basic ${Buffer.from(`${client.id}:${clientSecret}`).toString('base64')}`,
} as const;
