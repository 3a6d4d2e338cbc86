// @module-tag slow
/** The APIs of docs/examples, as they stand there, behind the real service: which of its tokens each of them takes. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { freePort } from '../../scripts/free-port.js';
import { temporaryFolder, textOf } from '../cli/fake-io.js';
import { alice, runBinary, type Served, sendForm, serveBinary, writeAccounts } from '../cli/served.js';
import { describeWithPython, plainEnvironment } from '../programs.js';
import { serve } from '../remote/server.js';
import { until } from '../store/redis-server.js';

const examples = fileURLToPath(new URL('../../docs/examples', import.meta.url));
const cwd = temporaryFolder();
const issuer = () => service.url;

let service: Served;
beforeAll(async () => {
  mkdirSync(join(cwd, '.jwtkit'), { mode: 0o700 });
  await runBinary(['keygen'], { cwd });
  const admin = { ...alice, name: 'root', sub: 'user-1', roles: ['admin', 'user'] };
  writeAccounts(join(cwd, '.jwtkit'), [alice, admin]);
  service = await serveBinary(['--aud', 'api'], { cwd });
});
afterAll(() => service?.stop());

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

async function logIn(username = 'alice', scope = ''): Promise<Tokens> {
  const { status, body } = await sendForm(`${issuer()}/token`, { username, password: 'wonderland', scope });
  expect(status).toBe(200);
  return body as unknown as Tokens;
}

/** A token by the service's own key. */
async function issue(...args: string[]): Promise<string> {
  const { exitCode, stdout } = await runBinary(['issue', '--sub', 'user-123', '--iss', issuer(), ...args], { cwd });
  expect(exitCode).toBe(0);
  return stdout.trim();
}

/** What the service's tokens are, and whether an API takes each. */
async function everyToken(): Promise<readonly [name: string, token: string, isTaken: boolean][]> {
  const { access_token: access, refresh_token: refresh } = await logIn();
  const [header, , signature] = access.split('.');
  const claims = JSON.parse(Buffer.from(access.split('.')[1] ?? '', 'base64url').toString());
  const changed = Buffer.from(JSON.stringify({ ...claims, sub: 'root' })).toString('base64url');
  const none = Buffer.from('{"alg":"none"}').toString('base64url');
  return [
    ['an access token', access, true],
    ['a refresh token', refresh, false],
    [
      'a refresh token in the form of the tutorials',
      await issue('--aud', 'api', '--type', 'refresh', '--typ', 'JWT'),
      false,
    ],
    ['a token for another audience', await issue('--aud', 'other'), false],
    ['a token without an audience', await issue(), false],
    ['a token of another issuer', await issue('--aud', 'api', '--iss', 'https://other.example'), false],
    ['an expired token', await issue('--aud', 'api', '--at', '2026-01-01T00:00:00Z'), false],
    ['a token that never expires', await issue('--aud', 'api', '--no-exp'), false],
    ['a changed token', [header, changed, signature].join('.'), false],
    ['a token without a signature', `${none}.${access.split('.')[1]}.`, false],
    ['nonsense', 'nonsense', false],
  ];
}

const apis: ChildProcess[] = [];
afterAll(async () => {
  for (const api of apis.filter(({ exitCode }) => exitCode === null)) {
    api.kill('SIGTERM');
    await once(api, 'exit');
  }
});

type Command = (port: number) => readonly string[];

/** Starts an API on a port, and resolves to its URL. */
async function startApi(command: Command, more: Readonly<Record<string, string>> = {}): Promise<string> {
  const port = await freePort();
  const [program = '', ...args] = command(port);
  const env = { ...plainEnvironment(), ISSUER: issuer(), AUDIENCE: 'api', PORT: String(port), ...more };
  apis.push(spawn(program, args, { cwd: examples, env, stdio: 'ignore' }));
  const url = `http://127.0.0.1:${port}`;
  await until('the API answers', () =>
    fetch(`${url}/users/me`).then(
      ({ status }) => status === 401,
      () => false,
    ),
  );
  return url;
}

/** Declares the tests of an API that a command starts on a port. `taken` are the tokens of the key's owner that its library takes wrongly. */
function declareApi(command: Command, taken: readonly string[]): void {
  let url: string;
  beforeAll(async () => {
    url = await startApi(command);
  });
  const ask = async (path: string, token?: string, base = url) => {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const response = await fetch(`${base}${path}`, { headers });
    const challenge = response.headers.get('www-authenticate');
    return { status: response.status, challenge, body: (await response.json()) as Record<string, unknown> };
  };

  test('takes access tokens of the service, and nothing else that its key signs', async () => {
    for (const [name, token, isTaken] of await everyToken()) {
      const { status, body, challenge } = await ask('/users/me', token);
      if (isTaken) expect([name, status, body]).toEqual([name, 200, { user_id: 'user-123' }]);
      else expect([name, status, challenge, body.path]).toEqual([name, 401, 'Bearer', '/users/me']);
    }
  });

  test('refuses a token with the details of the tutorials', async () => {
    const detail = async (token?: string) => (await ask('/users/me', token)).body.detail;
    expect(await detail()).toBe('Not authenticated');
    expect(await detail('nonsense')).toBe('Invalid token');
    expect(await detail(await issue('--aud', 'api', '--at', '2026-01-01T00:00:00Z'))).toBe('Token has expired');
    const refresh = await issue('--aud', 'api', '--type', 'refresh', '--typ', 'JWT');
    expect(await detail(refresh)).toBe('Invalid token type: expected access');
  });

  test('asks for the scopes and the role of a route', async () => {
    const { access_token: all } = await logIn();
    const { access_token: writes } = await logIn('alice', 'write');
    const { access_token: admin } = await logIn('root');
    expect((await ask('/notes', all)).body).toEqual({ notes: ['for user-123'] });
    const refused = await ask('/notes', writes);
    expect([refused.status, refused.challenge]).toEqual([403, 'Bearer error="insufficient_scope", scope="read"']);
    expect((await ask('/admin', all)).status).toBe(403);
    expect((await ask('/admin', writes)).status).toBe(403);
    expect((await ask('/admin', admin)).body).toEqual({ admin: 'user-1' });
  });

  test('takes one role as text for this role alone', async () => {
    const asRole = async (role: string) => {
      const token = await issue('--aud', 'api', '--scope', 'read write', '--claim', `role=${role}`);
      return [role, (await ask('/admin', token)).status];
    };
    expect(await asRole('admin')).toEqual(['admin', 200]);
    for (const role of ['not-admin', 'administrator', 'user admin', 'admin,user']) {
      expect(await asRole(role)).toEqual([role, 403]);
    }
  });

  test('answers 503 while the keys of the issuer cannot be read, whose tokens are good', async () => {
    const { access_token: token } = await logIn();
    const issuerDown = await serve({});
    const api = await startApi(command, { JWKS_URL: `${issuerDown.origin}/jwks.json` });
    const expectUnavailable = async (what: string) => {
      const { status, challenge, body } = await ask('/users/me', token, api);
      const answered = { detail: 'Service Unavailable', path: '/users/me' };
      expect([what, status, challenge, body]).toEqual([what, 503, null, answered]);
      expect([what, (await ask('/users/me', undefined, api)).status]).toEqual([what, 401]);
    };
    await expectUnavailable('404');
    for (const [status, body] of [
      [503, '{"keys":[]}'],
      [200, '<html>'],
      [200, ''],
    ] as const) {
      issuerDown.route({ '/jwks.json': { status, body } });
      await expectUnavailable(`${status} ${body}`);
    }
    issuerDown.route({ '/jwks.json': (_request, response) => response.destroy() });
    await expectUnavailable('no answer');
    const keys = await fetch(`${issuer()}/.well-known/jwks.json`).then((answer) => answer.text());
    issuerDown.route({ '/jwks.json': { body: keys } });
    expect((await ask('/users/me', token, api)).status).toBe(200);
    expect((await ask('/users/me', 'nonsense', api)).status).toBe(401);
    await issuerDown.close();
    expect((await ask('/users/me', token, api)).status).toBe(200);
  });

  test('takes no hostile token of `probe` that its library refuses', async () => {
    const target = [`${url}/users/me`, '--send', 'Authorization: Bearer {token}', '--aud', 'api', '--iss', issuer()];
    const { stdout, stderr } = await runBinary(['probe', ...target, '--json'], { cwd });
    const { cases } = JSON.parse(stdout) as { cases: { name: string; status: string; type: string }[] };
    expect(cases.length, stderr).toBeGreaterThan(200);
    // A line break cannot be sent in a header.
    const wrong = cases.filter(({ status, type }) => type === 'must' && !['passed', 'skipped'].includes(status));
    // Another version of the library may refuse more.
    const others = wrong.filter(({ name, status }) => status !== 'failed' || !taken.includes(name));
    expect(others.map(({ name, status }) => `${name} ${status}`)).toEqual([]);
  });

  test('finds the key of a rotation', async () => {
    const rotated = await runBinary(['keys', 'rotate'], { cwd });
    expect(rotated.exitCode).toBe(0);
    const { access_token: token } = await logIn();
    expect(JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString()).kid).toBe(rotated.stdout.trim());
    // jose reads the keys again at most every five seconds, so that unknown kids cost the issuer little.
    await expect.poll(async () => (await ask('/users/me', token)).status, { timeout: 20_000, interval: 500 }).toBe(200);
  });
}

describeWithPython(['fastapi', 'uvicorn', 'jwt', 'cryptography'], 'the API with FastAPI', (python) => {
  declareApi(
    (port) => [python, '-m', 'uvicorn', 'fastapi_app:app', '--port', String(port)],
    ['time/exp-text', 'time/nbf-text', 'json/utf-16', 'json/nan', 'json/infinity'],
  );
});

describe('the API with Express', { tags: 'slow' }, () => {
  declareApi(() => [process.execPath, 'express.mjs'], []);
});

describe('the API with Fastify', { tags: 'slow' }, () => {
  declareApi(() => [process.execPath, 'fastify.mjs'], []);
});

describe('the settings for Spring', () => {
  const settings = parse(textOf(join(examples, 'spring.yml'))).spring.security.oauth2.resourceserver.jwt;

  /** What Spring Security does with these settings, by jose: metadata of the issuer, then typ, signature, iss, aud and times. */
  async function verifyAsSpring(token: string): Promise<unknown> {
    const metadata = await fetch(`${issuer()}/.well-known/openid-configuration`).then((response) => response.json());
    const { issuer: named, jwks_uri: jwks } = metadata as { issuer: string; jwks_uri: string };
    expect(named).toBe(issuer());
    const { protectedHeader, payload } = await jwtVerify(token, createRemoteJWKSet(new URL(jwks)), {
      issuer: named,
      audience: settings.audiences,
      algorithms: [settings['jws-algorithms']],
      clockTolerance: 60,
      requiredClaims: ['exp'],
    });
    if (![undefined, 'JWT'].includes(protectedHeader.typ)) throw new Error(`typ ${protectedHeader.typ}`);
    return String(payload.scope ?? '')
      .split(' ')
      .map((scope) => `SCOPE_${scope}`);
  }

  test('name what Spring knows', () => {
    expect(Object.keys(settings)).toEqual(['issuer-uri', 'audiences', 'jws-algorithms']);
  });

  test('take access tokens of the service, and no refresh token of its own form', async () => {
    for (const [name, token, isTaken] of await everyToken()) {
      // Spring knows no claim `type`: only the form of their own keeps refresh tokens apart.
      if (name.includes('form of the tutorials')) continue;
      const outcome = await verifyAsSpring(token).catch(() => 'refused');
      expect([name, outcome]).toEqual([name, isTaken ? ['SCOPE_read', 'SCOPE_write'] : 'refused']);
    }
  });
});
