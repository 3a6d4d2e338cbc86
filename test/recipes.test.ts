/** The commands of docs/recipes.md, with keys that are made here. Other people's code checks what comes out, and makes what goes in. */
import { spawnSync } from 'node:child_process';
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeJwt, exportJWK, jwtVerify, SignJWT } from 'jose';
import jsonwebtoken from 'jsonwebtoken';
import { describe, expect, test } from 'vitest';
import { storedPair } from './attacks/trusted-keys.js';
import { now } from './cli/fake-io.js';
import { describeWithOpenssl, openssl } from './openssl.js';
import { shellLines } from './pages.js';
import { describeWithPython } from './programs.js';
import { serve, type TestServer } from './remote/server.js';
import { openShell, type Shell } from './shell/shell.js';
import { commandsOf } from './shell/syntax.js';

const page = readFileSync(new URL('../docs/recipes.md', import.meta.url), 'utf8');
/** The commands of each section, by its title. */
const recipes = new Map(
  page.split(/^##+ /m).flatMap((section): [string, string][] => {
    const blocks = [...section.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, code = '']) => code);
    return blocks.length === 0 ? [] : [[section.split('\n', 1)[0] ?? '', blocks.join('').replaceAll(/\\\n\s*/g, '')]];
  }),
);
const told = new Set<string>();

const rsa = storedPair('rsa');
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const secret = 'an-old-style-project-secret-of-Supabase-0123';
const pem = (key: KeyObject, type: 'pkcs1' | 'pkcs8') => String(key.export({ type: type as 'pkcs8', format: 'pem' }));

/** Runs the commands of a recipe, and returns what each printed. */
async function follow(title: string, shell: Shell, change = (text: string) => text): Promise<string[]> {
  told.add(title);
  const printed: string[] = [];
  for (const { text, exits } of shellLines([change(recipes.get(title) ?? '')])) {
    for (const command of commandsOf(text)) {
      const { exitCode, stdout, shown } = await shell.run(command);
      expect(exitCode, `${command}\n${shown}`).toBe(exits);
      printed.push(stdout.trim());
    }
  }
  return printed;
}

/** A shell in a folder with these files. */
function shellWith(files: Readonly<Record<string, string>>): Shell {
  const shell = openShell();
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(shell.folder, name), content, { mode: 0o600 });
  return shell;
}

interface Checked {
  readonly token: string;
  readonly alg: 'RS256' | 'ES256' | 'HS256';
  readonly audience?: string;
  readonly claims: object;
}
const checked: Checked[] = [];

/** Checks a token with jose and jsonwebtoken, and keeps it for PyJWT. */
async function expectToken(token: string, alg: Checked['alg'], header: object, claims: Record<string, unknown>) {
  const key = alg === 'RS256' ? rsa.publicKey : alg === 'ES256' ? ec.publicKey : Buffer.from(secret);
  const audience = claims.aud as string | undefined;
  const byJose = await jwtVerify(token, key, {
    algorithms: [alg],
    currentDate: new Date(now * 1000),
    ...(audience && { audience }),
  });
  const other = jsonwebtoken.verify(token, key, {
    algorithms: [alg],
    clockTimestamp: now,
    complete: true,
    ...(audience && { audience }),
  });
  expect(byJose).toMatchObject({ protectedHeader: { alg, ...header }, payload: claims });
  expect([byJose.payload, other.payload, other.header]).toEqual([claims, claims, { alg, ...header }]);
  checked.push({ token, alg, claims, ...(audience && { audience }) });
}

const typ = { typ: 'JWT' };
const times = (minutes: number) => ({ iat: now, exp: now + minutes * 60 });

describe('tokens for other services', () => {
  const account = 'robot@acme.iam.gserviceaccount.com';
  const serviceAccount = {
    'service-account.json': JSON.stringify({
      type: 'service_account',
      project_id: 'acme',
      private_key_id: '0a1b2c3d4e5f',
      private_key: pem(rsa.privateKey, 'pkcs8'),
      client_email: account,
      token_uri: 'https://oauth2.googleapis.com/token',
    }),
  };
  const google = { ...typ, kid: '0a1b2c3d4e5f' };
  const apple = (id: string) => ({ [`AuthKey_${id}.p8`]: pem(ec.privateKey, 'pkcs8') });

  test('GitHub App', async () => {
    const [token = ''] = await follow('GitHub App', shellWith({ 'app.pem': pem(rsa.privateKey, 'pkcs1') }));
    const claims = { iss: 'Iv23liabcdefghijklmn', iat: now - 60, exp: now + 540 };
    await expectToken(token, 'RS256', typ, claims);
  });

  test('Google service account', async () => {
    const [, token = '', request = ''] = await follow('Google service account', shellWith(serviceAccount));
    const aud = 'https://pubsub.googleapis.com/';
    await expectToken(token, 'RS256', google, { iss: account, sub: account, aud, ...times(60) });
    const scope = 'https://www.googleapis.com/auth/cloud-platform';
    const claims = { iss: account, aud: 'https://oauth2.googleapis.com/token', scope, ...times(60) };
    await expectToken(request, 'RS256', google, claims);
  });

  test('Firebase custom token', async () => {
    const [, , token = ''] = await follow('Firebase custom token', shellWith(serviceAccount));
    const aud = 'https://identitytoolkit.googleapis.com/google.identity.identitytoolkit.v1.IdentityToolkit';
    const own = { uid: 'user-123', claims: { premium: true } };
    await expectToken(token, 'RS256', google, { iss: account, sub: account, aud, ...own, ...times(60) });
  });

  test('App Store Connect', async () => {
    const [token = '', limited = ''] = await follow('App Store Connect', shellWith(apple('2X9R4HXF34')));
    const header = { ...typ, kid: '2X9R4HXF34' };
    const claims = { iss: '57246542-96fe-1a63-e053-0824d011072a', aud: 'appstoreconnect-v1' };
    await expectToken(token, 'ES256', header, { ...claims, ...times(20) });
    await expectToken(limited, 'ES256', header, { ...claims, scope: ['GET /v1/apps'], exp: now + 1200 });
  });

  test('Sign in with Apple', async () => {
    const [token = ''] = await follow('Sign in with Apple', shellWith(apple('7BUF2NGAHQ')));
    const claims = { iss: 'ABCDE12345', sub: 'com.example.web', aud: 'https://appleid.apple.com' };
    await expectToken(token, 'ES256', { ...typ, kid: '7BUF2NGAHQ' }, { ...claims, ...times(180 * 24 * 60) });
    expect(180 * 24 * 3600).toBeLessThan(15_777_000);
  });

  test('Supabase signs with a secret and has a role that is a text', async () => {
    const { server, issuer, sign } = await issuerAt('https://abcdefghijkl.supabase.co/auth/v1');
    const shell = shellWith({ 'supabase-secret': secret });
    await shell.run(`TOKEN=${await sign({ aud: 'authenticated', role: 'authenticated', sub: 'u' })}`);
    const [token = ''] = await follow('Supabase', shell, (text) => offline(text, issuer, server));
    const claims = { sub: '8a1f0c9e-4e1a-4b5b-9a57-0f0d6a1c2b3d', aud: 'authenticated', role: 'authenticated' };
    await expectToken(token, 'HS256', typ, { ...claims, ...times(60) });
  });

  test('Snowflake key pair', async () => {
    const [, token = ''] = await follow(
      'Snowflake key pair',
      shellWith({ 'rsa_key.p8': pem(rsa.privateKey, 'pkcs8') }),
    );
    const spki = rsa.publicKey.export({ type: 'spki', format: 'der' });
    const user = 'MYORG-MYACCOUNT.ALICE';
    const iss = `${user}.SHA256:${createHash('sha256').update(spki).digest('base64')}`;
    await expectToken(token, 'RS256', typ, { iss, sub: user, ...times(60) });
  });
});

describeWithOpenssl('beside openssl', () => {
  test('the fingerprint of the Snowflake recipe is that of openssl', async () => {
    const shell = shellWith({ 'rsa_key.p8': pem(rsa.privateKey, 'pkcs8') });
    const [, token = ''] = await follow('Snowflake key pair', shell);
    const [key, der] = [join(shell.folder, 'rsa_key.p8'), join(shell.folder, 'public.der')];
    openssl('rsa', '-in', key, '-pubout', '-outform', 'DER', '-out', der);
    const { stdout } = spawnSync('openssl', ['dgst', '-sha256', '-binary', der]);
    expect(decodeJwt(token).iss).toContain(`.SHA256:${stdout.toString('base64')}`);
  });
});

/** An issuer on loopback, which takes the place of a real one. */
async function issuerAt(
  url: string,
): Promise<{ server: TestServer; issuer: string; sign: (claims: object) => Promise<string> }> {
  const server = await serve({});
  const { pathname } = new URL(url);
  const issuer = `${server.origin}${url.endsWith(pathname) ? pathname : ''}`;
  const jwk = { ...(await exportJWK(rsa.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' };
  server.route({
    [`${pathname.replace(/\/$/, '')}/.well-known/openid-configuration`]: {
      body: JSON.stringify({ issuer, jwks_uri: `${server.origin}/keys` }),
    },
    '/keys': { body: JSON.stringify({ keys: [jwk] }) },
  });
  const sign = (claims: object) =>
    new SignJWT({ iss: issuer, iat: now - 60, nbf: now - 60, exp: now + 240, ...claims })
      .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid: 'k1' })
      .sign(rsa.privateKey);
  return { server, issuer, sign };
}

/** A recipe that asks the issuer on loopback. */
function offline(text: string, issuer: string, server: TestServer): string {
  return text
    .replaceAll(/--issuer-url \S+/g, `--no-cache --issuer-url ${issuer}`)
    .replaceAll(/--jwks https:\/\/[^/\s]+/g, `--no-cache --insecure-http --jwks ${server.origin}`);
}

describe('tokens of other issuers', () => {
  /** What an issuer puts into a token, and what a token must not say instead. */
  test.each<[string, string, Record<string, unknown>, Record<string, unknown>[]]>([
    [
      'GitHub Actions',
      'https://token.actions.githubusercontent.com',
      {
        aud: 'https://github.com/octo-org',
        sub: 'repo:octo-org/octo-repo:ref:refs/heads/main',
        repository: 'octo-org/octo-repo',
        repository_owner: 'octo-org',
        ref: 'refs/heads/main',
        run_id: '1',
      },
      [{ repository: 'octo-org/octo-repo2' }, { ref: 'refs/pull/1/merge' }, { aud: 'https://github.com/other' }],
    ],
    [
      'GitLab',
      'https://gitlab.com',
      {
        aud: 'https://deploy.example',
        sub: 'project_path:acme/shop:ref_type:branch:ref:main',
        project_path: 'acme/shop',
        ref: 'main',
        ref_protected: 'true',
      },
      [{ ref_protected: 'false' }, { project_path: 'acme/shop-fork' }],
    ],
    [
      'Keycloak',
      'https://sso.example/realms/acme',
      {
        aud: ['account', 'api'],
        azp: 'web',
        typ: 'Bearer',
        scope: 'openid email',
        realm_access: { roles: ['ops', 'offline_access'] },
        resource_access: { 'my.app': { roles: ['editor'] } },
      },
      [
        { realm_access: { roles: ['ops-reader'] }, resource_access: {} },
        { realm_access: {}, resource_access: { 'my.app': { roles: ['viewer'] } } },
      ],
    ],
    [
      'Auth0',
      'https://acme.eu.auth0.com/',
      {
        aud: ['https://api.acme.example', 'https://acme.eu.auth0.com/userinfo'],
        azp: 'client',
        scope: 'openid profile',
        permissions: ['read:orders'],
        'https://acme.example/roles': ['admin'],
      },
      [{ permissions: [], 'https://acme.example/roles': [] }],
    ],
    [
      'Microsoft Entra',
      'https://login.microsoftonline.com/72f988bf-0000-4000-8000-000000000000/v2.0',
      {
        aud: '11111111-2222-4333-8444-555555555555',
        tid: '72f988bf-0000-4000-8000-000000000000',
        ver: '2.0',
        scp: 'User.Read Mail.Send',
        roles: ['Admin', 'Reader'],
      },
      [{ scp: 'User.ReadWrite' }, { roles: ['Administrator'] }],
    ],
    [
      'Amazon Cognito',
      'https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_aBcDeFgHi',
      {
        sub: 'u',
        client_id: '1example23456789',
        token_use: 'access',
        scope: 'aws.cognito.signin.user.admin',
        'cognito:groups': ['admins'],
      },
      [{ token_use: 'id' }, { client_id: 'another' }, { 'cognito:groups': undefined }],
    ],
    [
      'Okta',
      'https://acme.okta.com/oauth2/default',
      {
        aud: 'api://default',
        cid: '0oa',
        uid: '00u',
        sub: 'u@acme.example',
        scp: ['orders.read', 'openid'],
        groups: ['Everyone'],
      },
      [{ scp: ['orders'] }, { groups: ['Everyone else'] }],
    ],
  ])('%s', async (title, url, claims, others) => {
    const { server, issuer, sign } = await issuerAt(url);
    const shell = shellWith({});
    await shell.run(`TOKEN=${await sign(claims)}`);
    await follow(title, shell, (text) => offline(text, issuer, server));
    for (const other of others) {
      await shell.run(`TOKEN=${await sign({ ...claims, ...other })}`);
      const refuse = (text: string) => offline(text, issuer, server).replaceAll(/(?<=.)$/gm, ' # exits 16');
      await follow(title, shell, refuse);
    }
  });

  test('Kubernetes service account', async () => {
    const { server, sign } = await issuerAt('https://kubernetes.default.svc');
    const iss = 'https://kubernetes.default.svc.cluster.local';
    const pod = { namespace: 'default', serviceaccount: { name: 'builder', uid: '1' }, pod: { name: 'p', uid: '2' } };
    const token = await sign({ iss, aud: [iss], sub: 'system:serviceaccount:default:builder', 'kubernetes.io': pod });
    const jwk = { ...(await exportJWK(rsa.publicKey)), kid: 'k1', alg: 'RS256', use: 'sig' };
    server.route({
      '/openid/v1/jwks': (request, response) => {
        const isKnown = request.headers.authorization === `Bearer ${token}`;
        response.writeHead(isKnown ? 200 : 401).end(isKnown ? JSON.stringify({ keys: [jwk] }) : '');
      },
    });
    const shell = shellWith({});
    mkdirSync(join(shell.folder, 'pod'));
    writeFileSync(join(shell.folder, 'pod', 'token'), token);
    const here = (text: string) =>
      offline(text, '', server).replace('/var/run/secrets/kubernetes.io/serviceaccount', 'pod');
    await follow('Kubernetes service account', shell, here);
    await follow('Kubernetes service account', shell, (text) =>
      here(text).replace('name=builder', 'name=deployer # exits 16'),
    );
  });
});

describe('a token in somebody else’s text', () => {
  test('From a cookie to a header', async () => {
    const old = jsonwebtoken.sign({ sub: 'user-123', iat: now - 7200, exp: now - 3600 }, rsa.privateKey, {
      algorithm: 'RS256',
    });
    const shell = shellWith({
      'request.txt': `GET /orders HTTP/1.1\r\nHost: shop.example\r\nCookie: theme=dark; session=${old}; lang=de\r\n\r\n`,
      'private.pem': pem(rsa.privateKey, 'pkcs8'),
      'public.pem': String(createPublicKey(rsa.privateKey).export({ type: 'spki', format: 'pem' })),
    });
    const [shown = ''] = await follow('From a cookie to a header', shell);
    expect(shown).toContain('user-123');
    const [, token = ''] = readFileSync(join(shell.folder, 'headers.txt'), 'utf8').split('Bearer ');
    const claims = jsonwebtoken.verify(token.trim(), rsa.publicKey, { clockTimestamp: now });
    expect(claims).toMatchObject({ sub: 'user-123', exp: now + 300 });
  });
});

describeWithPython(['jwt', 'cryptography'], 'beside PyJWT', (python) => {
  const program = `
import json, sys, jwt
given = json.load(sys.stdin)
for item in given["tokens"]:
    options = {"verify_exp": False, "verify_iat": False}
    claims = jwt.decode(item["token"], given["keys"][item["alg"]], algorithms=[item["alg"]], audience=item.get("audience"), options=options)
    assert claims == item["claims"], claims
print(len(given["tokens"]))
`;
  test('PyJWT reads every token that the recipes made', () => {
    const publicPem = (key: KeyObject) => key.export({ type: 'spki', format: 'pem' });
    const keys = { RS256: publicPem(rsa.publicKey), ES256: publicPem(ec.publicKey), HS256: secret };
    const input = JSON.stringify({ tokens: checked, keys });
    const { stdout, stderr } = spawnSync(python, ['-c', program], { input, encoding: 'utf8' });
    expect([stdout.trim(), stderr]).toEqual([String(checked.length), '']);
    expect(checked.length).toBeGreaterThan(7);
  });
});

test('every recipe was followed', () => {
  expect([...recipes.keys()].filter((title) => !told.has(title))).toEqual([]);
});
