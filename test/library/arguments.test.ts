/** Arguments of a library user in the wrong form or place: each is refused, and the error says what to do instead. */
import { describe, expect, test } from 'vitest';
import * as jwtkit from '../../src/index.js';
import { denylist, key, keys, now, pair, refusal, token, type Wrong } from './mistaken-call.js';

describe('arguments in the wrong form', () => {
  test.each<[string, () => unknown, string]>([
    [
      'a promised token',
      () => jwtkit.verifyToken(jwtkit.issueToken({}, {}, { key, now }) as Wrong, {}, { keys, now }),
      'TOKEN_MALFORMED token is a Promise, not a string: await it',
    ],
    [
      'a promised token to decode',
      () => jwtkit.decodeToken(Promise.resolve(token) as Wrong),
      'token is a Promise, not a string: await it',
    ],
    [
      'what issueToken returned',
      async () => jwtkit.verifyToken((await jwtkit.issueToken({}, {}, { key, now })) as Wrong, {}, { keys, now }),
      'token is an object, not a string: pass its member token',
    ],
    [
      'a whole header',
      () => jwtkit.verifyToken(`Bearer ${token}`, {}, { keys, now }),
      'token begins with Bearer: pass what follows it',
    ],
    [
      'keys in the place of the policy',
      () => jwtkit.verifyToken(token, keys as Wrong, undefined as Wrong),
      'policy is an array, it must be an object | keys and the time are in the last argument',
    ],
    [
      'a key in the place of the policy',
      () => jwtkit.issueToken({}, key as Wrong, undefined as Wrong),
      'policy is a Key, it must be an object',
    ],
    [
      'a policy that is null',
      () => jwtkit.issueToken({}, null as Wrong, { key, now }),
      'policy is null, it must be an object',
    ],
    [
      'no third argument to verify',
      () => jwtkit.verifyToken(token, {}, undefined as Wrong),
      'the third argument is missing, it must be an object: { keys, now }',
    ],
    [
      'no third argument to issue',
      () => jwtkit.issueToken({}, {}, undefined as Wrong),
      'the third argument is missing, it must be an object: { key, now }',
    ],
    [
      'no denylist to revoke in',
      () => jwtkit.revokeToken(token, { keys, now } as Wrong),
      'denylist is missing, not a Denylist | open one: await openDenylist(',
    ],
    [
      'a promised denylist',
      () => jwtkit.verifyToken(token, {}, { keys, now, denylist: Promise.resolve(denylist) as Wrong }),
      'denylist is a Promise, not a Denylist',
    ],
    [
      'an address as a source',
      () => jwtkit.verifyTokenFrom(token, {}, { source: 'https://issuer.example' as Wrong, now }),
      'source is a string, not a KeySource | make one: issuerKeys(',
    ],
    [
      'no source',
      () => jwtkit.verifyTokenFrom(token, {}, { keys, now } as Wrong),
      'source is missing, not a KeySource',
    ],
    [
      'a moment as the clock of an issuer',
      () => jwtkit.issuerKeys('https://issuer.example', { now: now as Wrong }),
      'now is a function that returns the time | the time goes on',
    ],
    [
      'claims that are a string',
      () => jwtkit.issueToken('user-123' as Wrong, {}, { key, now }),
      "the first argument is a string, it must be an object: the claims, such as { sub: 'user-123' }",
    ],
    [
      'promised claims',
      () => jwtkit.issueToken(Promise.resolve({}) as Wrong, {}, { key, now }),
      'the first argument is a Promise',
    ],
    [
      'a promised claim',
      () => jwtkit.issueToken({ plan: Promise.resolve('pro') }, {}, { key, now }),
      'claim "plan" is a Promise: await it',
    ],
    [
      'an object as the payload of a JWS',
      () => jwtkit.signJws({ a: 1 } as Wrong, key),
      'the payload is an object | a JWS is over text or bytes: JSON.stringify(value)',
    ],
    [
      'a lifetime as a text, which would make a token that never expires',
      () => jwtkit.issueToken({}, { ttl: '1h' as Wrong }, { key, now }),
      'a lifetime is a number of seconds',
    ],
    [
      'a KeyObject to encrypt to',
      () => jwtkit.encryptToken('x', { key: pair.publicKey as Wrong }),
      'key is a KeyObject, not an EncryptionKey | make an EncryptionKey of it: createEncryptionKey(keyObject)',
    ],
    [
      'a signing key to encrypt to',
      () => jwtkit.encryptToken('x', { key: key as Wrong }),
      'key is a Key for signatures, not an EncryptionKey | a key has one use; load it: await loadEncryptionKeys(',
    ],
    [
      'promised keys to decrypt with',
      () => jwtkit.decryptToken(token, { keys: Promise.resolve([]) as Wrong }),
      'keys is a Promise, it must be an array of EncryptionKeys | await it',
    ],
    [
      'a text among the keys to decrypt with',
      () => jwtkit.decryptToken(token, { keys: ['-----BEGIN'] as Wrong }),
      "keys[0] is a string, not an EncryptionKey | load it: await loadEncryptionKeys(text, { purpose: 'decrypt' })",
    ],
    [
      'a key instead of an array',
      () => jwtkit.decryptToken(token, { keys: jwtkit.createEncryptionKey(pair.privateKey) as Wrong }),
      'keys is an EncryptionKey, it must be an array of EncryptionKeys | put it into an array: keys: [key]',
    ],
    ['no options to encrypt', () => jwtkit.encryptToken('x', undefined as Wrong), 'the second argument is missing'],
    [
      'what issueToken returned, to encrypt',
      async () => jwtkit.encryptToken((await jwtkit.issueToken({}, {}, { key, now })) as Wrong, { key: key as Wrong }),
      'the content is what issueToken returned, not bytes, a text or claims | pass its member token',
    ],
    [
      'a promised token to decrypt',
      () => jwtkit.decryptToken(Promise.resolve('x') as Wrong, { keys: [] }),
      'TOKEN_MALFORMED token is a Promise, not a string',
    ],
    ...(['A256KW,dir', null, new Set(['dir']), 5, ['dir', 5]] as Wrong[]).flatMap((list: Wrong) =>
      ['algorithms', 'encryptions'].map((name): [string, () => unknown, string] => [
        `a list of ${name} that is no array of strings`,
        () => jwtkit.decryptToken('x', { keys: [], [name]: list }),
        `USAGE_INVALID ${name} is `,
      ]),
    ),
    [
      'a word of npm’s jose to decrypt',
      () => jwtkit.decryptToken('x', { keys: [], keyManagementAlgorithms: ['dir'] } as Wrong),
      '"keyManagementAlgorithms" is not a member of it | the allowed algorithms are algorithms, an array',
    ],
    [
      'a misspelt option to decrypt',
      () => jwtkit.decryptToken('x', { keys: [], algoritms: ['dir'] } as Wrong),
      'USAGE_INVALID the second argument: "algoritms" is not a member of it | did you mean algorithms?',
    ],
    ...(
      [
        [{ encryption: 'A256GCM' }, '"encryption" is not a member of it'],
        [{ cty: 'JWT' }, "it is a member of the header: header: { cty: 'JWT' }"],
        [{ alg: ['dir'] }, 'alg is an array, it must be a string'],
        [{ enc: null }, 'enc is null, it must be a string'],
        [{ header: 'cty' }, 'header is a string, it must be an object'],
        [{ header: new Map([['cty', 'JWT']]) }, 'header is a Map, it must be an object: header:'],
        [{ serialization: 'json' }, 'serialization is none of compact, flattened, general'],
        [{ serialization: null }, 'serialization is none of compact, flattened, general'],
      ] as [Wrong, string][]
    ).map(([options, message]): [string, () => unknown, string] => [
      `to encrypt with ${Object.keys(options).join()}`,
      () => jwtkit.encryptToken('x', { key: jwtkit.createEncryptionKey(pair.publicKey), ...options }),
      message,
    ]),
    [
      'a moment as the clock of fetched keys',
      () => jwtkit.fetchEncryptionKeys({ kind: 'jwks', location: 'https://x.example' }, { now: now as Wrong }),
      'now is a function that returns the time',
    ],
  ])('%s is refused', async (_what, call, message) => {
    expect(await refusal(call)).toContain(message);
  });

  test.each<[string, () => unknown, string]>([
    [
      'a promised policy, whose demands nobody would make',
      () => jwtkit.verifyToken(token, Promise.resolve({ issuer: 'me' }) as Wrong, { keys, now }),
      'policy is a Promise, it must be an object | await it',
    ],
    [
      'a denylist under a misspelt name, which nobody would ask',
      () => jwtkit.verifyToken(token, {}, { keys, now, denyList: denylist } as Wrong),
      '"denyList" is not a member of it | did you mean denylist?',
    ],
    [
      'a grace from a variable, which added to a time would last for ever',
      () => jwtkit.refreshToken(token, { rotate: true, rotateGrace: '5' as Wrong }, { key, keys, now, denylist }),
      'rotateGrace is a string, it must be a number of seconds',
    ],
    [
      'limits under the name of a claim, which would limit nothing',
      async () => {
        const { refresh_token } = await jwtkit.issueTokenPair({ sub: 'u' }, {}, { key, now });
        const limits = () => ({ roles: [] }) as Wrong;
        return jwtkit.refreshToken(refresh_token, { verify: { anyAudience: true } }, { key, keys, now, limits });
      },
      'what limits returned: "roles" is not a member of it | it is role',
    ],
    [
      'a password in the place of a passphrase, which would encrypt nothing',
      () => jwtkit.exportPrivatePem(pair.privateKey, { password: 'correct horse' } as Wrong),
      '"password" is not a member of it | the passphrase is passphrase',
    ],
    [
      'a secret to publish',
      () => jwtkit.exportPublicJwk(jwtkit.loadSecret('x'.repeat(32)).keyObject),
      'a secret has no public half',
    ],
    [
      'a lifetime of a pair that is null, which would have no end',
      () => jwtkit.issueTokenPair({ sub: 'u' }, { accessTtl: null as Wrong }, { key, now }),
      'accessTtl is null, it must be a number',
    ],
    [
      'a subject that is empty, whose revocation would revoke nothing',
      () => jwtkit.revokeSubject('', { denylist, now }),
      'sub is empty, it must be a string',
    ],
    [
      'algorithms of a key, which would allow all of them',
      () => jwtkit.createKey(pair.publicKey, { algorithms: ['ES256'] } as Wrong),
      '"algorithms" is not a member of it | the only algorithm is alg',
    ],
  ])('%s is refused', async (_what, call, message) => {
    expect(await refusal(call)).toContain(message);
  });

  test.each<[Wrong, string]>([
    [{ audiance: 'api' }, '"audiance" is not a member of it | did you mean audience?'],
    [{ Issuer: 'me' }, '"Issuer" is not a member of it | did you mean issuer?'],
    [{ clockTolerance: 5 }, 'the allowed clock difference is leeway, in seconds'],
    [{ aud: 'api' }, 'the accepted audience is audience'],
    [{ surprise: 1 }, 'its members: algorithms, type, issuer, audience,'],
  ])('verifying refuses the policy %o', async (policy, message) => {
    expect(await refusal(() => jwtkit.verifyToken(token, policy, { keys, now }))).toContain(message);
  });

  test.each<[Wrong, string]>([
    [{ expiresIn: 900 }, 'the lifetime is ttl, in seconds'],
    [{ audience: 'api' }, 'it is a claim: put aud into the first argument'],
    [{ withuot: ['jti'] }, 'did you mean without?'],
  ])('issuing refuses the policy %o', async (policy, message) => {
    expect(await refusal(() => jwtkit.issueToken({}, policy, { key, now }))).toContain(message);
  });

  test('a pair refuses a single lifetime, and refreshing refuses demands outside of verify', async () => {
    const pairOf = (policy: Wrong) => refusal(() => jwtkit.issueTokenPair({}, policy, { key, now }));
    expect(await pairOf({ ttl: 900 })).toContain('the lifetimes are accessTtl and refreshTtl, in seconds');
    const refresh = (policy: Wrong) => refusal(() => jwtkit.refreshToken(token, policy, { key, keys, denylist, now }));
    expect(await refresh({ audience: 'api' })).toContain('demands belong into verify');
  });
});
