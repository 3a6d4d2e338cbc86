/**
 * What other people's verifiers take on the service's JWK Set, with issuer, audience and algorithm pinned: its access tokens, and
 * nothing else that it signs.
 */
import { spawnSync } from 'node:child_process';
import { expressjwt } from 'express-jwt';
import { auth } from 'express-oauth2-jwt-bearer';
import { createVerifier, type DecodedJwt } from 'fast-jwt';
import buildGetJwks from 'get-jwks';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import jsonwebtoken from 'jsonwebtoken';
import jwksRsa, { expressJwtSecret } from 'jwks-rsa';
// @ts-expect-error The package has no types.
import { Strategy } from 'passport-jwt';
import { beforeAll, describe, expect, test } from 'vitest';
import { describeWithPython } from '../programs.js';
import { basic, bearer, billing, claimsOf, forged, keyPair, startService, type TestService } from './test-service.js';

/** Resolves for a token that is taken, rejects for one that is refused. */
type Verifier = (token: string, service: TestService) => Promise<unknown>;

const alg = 'RS256';
const audience = 'api';
const jwksUri = (service: TestService) => `${service.origin}/.well-known/jwks.json`;

/** Runs a middleware of Express on a request with a bearer token. */
function throughMiddleware(middleware: unknown, token: string): Promise<unknown> {
  const headers: Record<string, string> = { ...bearer(token), host: 'api.example' };
  const get = (name: string) => headers[name.toLowerCase()];
  const request = { headers, get, is: () => false, method: 'GET', protocol: 'https', url: '/', query: {} };
  return new Promise((resolve, reject) => {
    const next = (error?: unknown) => (error === undefined ? resolve(undefined) : reject(error));
    const run = middleware as (request: object, response: object, next: (error?: unknown) => void) => unknown;
    Promise.resolve(run(request, {}, next)).catch(reject);
  });
}

const bearerAuth = (token: string, service: TestService, strict: boolean) => {
  const pinned = { issuer: service.origin, jwksUri: jwksUri(service), audience, tokenSigningAlg: alg };
  return throughMiddleware(auth({ ...pinned, strict }), token);
};

const verifiers: Record<string, Verifier> = {
  jose: (token, service) => {
    const keys = createRemoteJWKSet(new URL(jwksUri(service)));
    return jwtVerify(token, keys, { issuer: service.origin, audience, algorithms: [alg] });
  },
  jsonwebtoken: async (token, service) => {
    const client = jwksRsa({ jwksUri: jwksUri(service) });
    const kid = jsonwebtoken.decode(token, { complete: true })?.header.kid;
    const key = (await client.getSigningKey(kid)).getPublicKey();
    return jsonwebtoken.verify(token, key, { issuer: service.origin, audience, algorithms: [alg] });
  },
  'express-jwt and jwks-rsa': (token, service) => {
    const secret = expressJwtSecret({ jwksUri: jwksUri(service) });
    return throughMiddleware(
      expressjwt({ secret: secret as never, issuer: service.origin, audience, algorithms: [alg] }),
      token,
    );
  },
  'express-oauth2-jwt-bearer': (token, service) => bearerAuth(token, service, false),
  'passport-jwt and jwks-rsa': (token, service) =>
    new Promise((resolve, reject) => {
      const options = {
        jwtFromRequest: () => token,
        secretOrKeyProvider: jwksRsa.passportJwtSecret({ jwksUri: jwksUri(service) }),
        issuer: service.origin,
        audience,
        algorithms: [alg],
      };
      const strategy = new Strategy(options, (claims: object, done: (error: null, user: object) => void) =>
        done(null, claims),
      );
      Object.assign(strategy, { success: resolve, fail: reject, error: reject });
      strategy.authenticate({ headers: bearer(token) });
    }),
  'fast-jwt and get-jwks': (token, service) => {
    const getJwks = buildGetJwks({ issuersWhitelist: [service.origin] });
    const verify = createVerifier({
      key: ({ header }: DecodedJwt) => getJwks.getPublicKey({ kid: header.kid, alg, domain: service.origin }),
      allowedIss: service.origin,
      allowedAud: audience,
      algorithms: [alg],
    });
    return verify(token) as Promise<unknown>;
  },
};

/** Tokens of the service that no resource server may take, by what is wrong with them. */
async function refusedTokens(service: TestService): Promise<Record<string, string>> {
  const { access_token: access, refresh_token: refresh } = await service.login({}, basic(billing));
  const { jti: _, ...claims } = claimsOf(access);
  const [header, payload, signature = ''] = access.split('.');
  return {
    'a refresh token': refresh,
    'a refresh token of jwtkit issue': await service.sign({ ...claims, type: 'refresh' }),
    'an expired token': await service.sign({ ...claims, iat: service.now - 120, exp: service.now - 60 }),
    'a token that was revoked and has expired': await revokedLongAgo(service),
    'a token for another audience': await service.sign({ ...claims, aud: 'web' }),
    'a token of another issuer': await service.sign({ ...claims, iss: 'https://other.example' }),
    'a token with other claims': forged(access, { sub: 'admin' }),
    'a token with another signature': `${header}.${payload}.${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`,
  };
}

/** A token that was revoked while it was good. Who has only the keys refuses it from its end on, as any token. */
async function revokedLongAgo(service: TestService): Promise<string> {
  const { now } = service;
  service.now = now - 3600;
  const { access_token: token } = await service.login();
  expect((await service.send('/revoke', { token })).status).toBe(200);
  expect((await service.ask('/users/me', { headers: bearer(token) })).status).toBe(401);
  service.now = now;
  return token;
}

let service: TestService;
let strict: TestService;
let refused: Record<string, string>;
beforeAll(async () => {
  const keys = await keyPair(alg);
  service = await startService({ audience: [audience] }, { keys });
  strict = await startService({ audience: [audience], typ: 'at+jwt' }, { keys });
  // These verifiers look at the real clock.
  for (const each of [service, strict]) each.now = Math.floor(Date.now() / 1000) - 1;
  refused = await refusedTokens(service);
});

describe.each(Object.entries(verifiers))('%s', (_name, verify) => {
  test('takes an access token, also one with the typ at+jwt', async () => {
    await verify((await service.login()).access_token, service);
    await verify((await strict.login()).access_token, strict);
  });

  test('refuses refresh tokens, and expired, tampered and misdirected tokens', async () => {
    for (const [what, token] of Object.entries(refused)) {
      const outcome = await verify(token, service).then(
        () => 'taken',
        () => 'refused',
      );
      expect([what, outcome]).toEqual([what, 'refused']);
    }
  });
});

describe('express-oauth2-jwt-bearer, strict (RFC 9068)', () => {
  test('takes an access token with the typ at+jwt that a client was issued', async () => {
    await bearerAuth((await strict.login({}, basic(billing))).access_token, strict, true);
  });

  test('refuses what the service issues without --typ, and refresh tokens', async () => {
    const { access_token: plain } = await service.login({}, basic(billing));
    await expect(bearerAuth(plain, service, true)).rejects.toThrow('typ');
    const { refresh_token: refresh } = await strict.login({}, basic(billing));
    await expect(bearerAuth(refresh, strict, true)).rejects.toThrow();
  });
});

describeWithPython(['jwt', 'cryptography'], 'PyJWT', (python) => {
  const code = `import json, sys
import jwt

asked = json.load(sys.stdin)
key = jwt.PyJWK(asked['jwk']).key
for token in asked['tokens']:
    try:
        jwt.decode(token, key, algorithms=['${alg}'], issuer=asked['issuer'], audience='${audience}')
        print('taken')
    except jwt.InvalidTokenError as error:
        print(type(error).__name__)
`;

  test('takes an access token, and refuses each other token for its own reason', async () => {
    const { access_token: access } = await service.login();
    const [jwk] = service.keys.publishedSet?.(service.now).keys ?? [];
    const tokens = [access, ...Object.values(refused)];
    const input = JSON.stringify({ jwk, issuer: service.origin, tokens });
    const { stdout, stderr } = spawnSync(python, ['-c', code], { input, encoding: 'utf8' });
    expect(stderr).toBe('');
    const answers = Object.keys(refused).map((what, at) => [what, stdout.split('\n')[at + 1]]);
    expect(stdout.split('\n')[0]).toBe('taken');
    expect(Object.fromEntries(answers)).toEqual({
      'a refresh token': 'InvalidAudienceError',
      'a refresh token of jwtkit issue': 'InvalidAudienceError',
      'an expired token': 'ExpiredSignatureError',
      'a token that was revoked and has expired': 'ExpiredSignatureError',
      'a token for another audience': 'InvalidAudienceError',
      'a token of another issuer': 'InvalidIssuerError',
      'a token with other claims': 'InvalidSignatureError',
      'a token with another signature': 'InvalidSignatureError',
    });
  });
});

describeWithPython(['authlib'], 'Authlib', (python) => {
  const code = `import json, sys
from authlib.jose import JsonWebKey, JsonWebToken
from authlib.jose.errors import JoseError

asked = json.load(sys.stdin)
keys = JsonWebKey.import_key_set(asked['set'])
demands = {
    'iss': {'essential': True, 'value': asked['issuer']},
    'aud': {'essential': True, 'value': '${audience}'},
    'exp': {'essential': True},
}
for token in asked['tokens']:
    try:
        JsonWebToken(['${alg}']).decode(token, keys, claims_options=demands).validate()
        print('taken')
    except (JoseError, ValueError) as error:
        print(type(error).__name__)
`;

  test('takes an access token, and refuses each other token for its own reason', async () => {
    const { access_token: access } = await service.login();
    const set = service.keys.publishedSet?.(service.now);
    const input = JSON.stringify({ set, issuer: service.origin, tokens: [access, ...Object.values(refused)] });
    const { stdout, stderr } = spawnSync(python, ['-W', 'ignore', '-c', code], { input, encoding: 'utf8' });
    expect(stderr).toBe('');
    const [first, ...answers] = stdout.split('\n');
    expect(first).toBe('taken');
    expect(Object.fromEntries(Object.keys(refused).map((what, at) => [what, answers[at]]))).toEqual({
      'a refresh token': 'InvalidClaimError',
      'a refresh token of jwtkit issue': 'InvalidClaimError',
      'an expired token': 'ExpiredTokenError',
      'a token that was revoked and has expired': 'ExpiredTokenError',
      'a token for another audience': 'InvalidClaimError',
      'a token of another issuer': 'InvalidClaimError',
      'a token with other claims': 'BadSignatureError',
      'a token with another signature': 'BadSignatureError',
    });
  });
});
