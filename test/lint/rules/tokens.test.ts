/** Rules about tokens, accounts and issuers: inputs at the edge of a rule. */
import { describe, expect, test } from 'vitest';
import { exampleNow, json, token } from '../../../src/lint/example.js';
import { lint } from '../../../src/lint/lint.js';
import type { Example } from '../../../src/lint/rule.js';

const day = 86_400;
const idsOf = async ({ source }: Example) => (await lint([source], { now: exampleNow })).findings.map(({ id }) => id);

describe('has a finding', () => {
  test.each<[string, string, Example]>([
    ['exp as text', 'token/time-not-number', token({ exp: 'never' })],
    ['exp that is null', 'token/time-not-number', token({ exp: null })],
    ['exp that is true', 'token/time-not-number', token({ exp: true })],
    ['exp below 0', 'token/time-not-number', token({ exp: -1 })],
    ['an access token of days', 'token/lifetime-of-days', token({ exp: exampleNow + 9 * day }, { typ: 'at+jwt' })],
    ['a logout token without exp', 'token/no-expiry', token({ exp: undefined }, { typ: 'logout+jwt' })],
    ['a kid above its folder', 'token/kid-is-path', token({}, { kid: '../x' })],
    ['a kid that is a file', 'token/kid-is-path', token({}, { kid: 'secret.pem' })],
    ['a kid with a condition of SQL', 'token/kid-is-query', token({}, { kid: '1 or 1=1' })],
    ['a kid with a filter of LDAP', 'token/kid-is-query', token({}, { kid: 'a)(uid=b' })],
    ['a kid with a union', 'token/kid-is-query', token({}, { kid: '0 union select 1' })],
    ['a pin as a number', 'token/password-in-payload', token({ pin: 1234 })],
    ['a password', 'token/password-in-payload', token({ password: 'wonderland' })],
    ['a secret', 'token/key-in-payload', token({ client_secret: 'k-7f3a9c' })],
    ['the address of a database', 'token/key-in-payload', token({ db: 'postgres://app:wonderland@db.example/app' })],
    ['a token of GitHub', 'token/key-in-payload', token({ t: `github_pat_${'a1'.repeat(41)}` })],
    ['a token of npm', 'token/key-in-payload', token({ t: `npm_${'a1'.repeat(18)}` })],
    ['a key of an API', 'token/key-in-payload', token({ t: `sk-proj-${'a1'.repeat(24)}` })],
    ['a private JWK', 'token/key-in-payload', token({ cnf: { jwk: { kty: 'EC', x: 'a', y: 'b', d: 'c' } } })],
    ['an aud without members', 'token/no-audience', token({ aud: [] })],
    ['an aud of no name', 'token/no-audience', token({ aud: [''] })],
    ['an aud that is null', 'token/no-audience', token({ aud: null })],
    ['an iss that is null', 'token/no-issuer', token({ iss: null })],
    ['a jti that is empty', 'token/no-id', token({ jti: '' })],
    ['a type that is empty', 'token/no-type', token({ type: '' })],
    ['a profile with an empty client', 'token/incomplete-access-profile', token({ client_id: '' }, { typ: 'at+jwt' })],
    ['a kid that is a number', 'token/malformed', token({}, { kid: 5 })],
    ['a typ that is null', 'token/malformed', token({}, { typ: null })],
    ['a cty that is a list', 'token/malformed', token({}, { cty: ['JWT'] })],
    ['b64', 'token/malformed', token({}, { b64: false })],
    ['a sub that is a number', 'token/malformed', token({ sub: 123 })],
    ['an iss that is an object', 'token/malformed', token({ iss: {} })],
    ['a jti that is a number', 'token/malformed', token({ jti: 1 })],
    ['an aud of numbers', 'token/malformed', token({ aud: [1] })],
    ['a telephone', 'token/personal-data', token({ mobile: '+49 30 1234' })],
    ['the address of a house', 'token/personal-data', token({ address: '1 Main Street' })],
    ['a card', 'token/card-number', token({ card: 4111111111111111 })],
    ['a plain password', 'account/plain-password', json({ users: [{ password: 'scrypt' }] })],
    [
      'none at the token endpoint',
      'issuer/none-supported',
      json({
        issuer: 'https://a.example',
        token_endpoint: 'https://a.example/t',
        token_endpoint_auth_signing_alg_values_supported: ['none'],
      }),
    ],
  ])('%s', async (_title, id, example) => {
    expect(await idsOf(example)).toContain(id);
  });
});

describe('has no finding of this rule', () => {
  test.each<[string, RegExp, Example]>([
    ['an event without exp', /no-expiry|no-type/, token({ exp: undefined, type: undefined }, { typ: 'secevent+jwt' })],
    ['a proof of DPoP without exp', /no-expiry/, token({ exp: undefined }, { typ: 'dpop+jwt' })],
    [
      'an SD-JWT of a year',
      /lifetime|no-type/,
      token({ exp: exampleNow + 365 * day, type: undefined }, { typ: 'dc+sd-jwt' }),
    ],
    [
      'an older SD-JWT',
      /lifetime|no-type/,
      token({ exp: exampleNow + 365 * day, type: undefined }, { typ: 'vc+sd-jwt' }),
    ],
    [
      'an entity statement',
      /lifetime/,
      token({ exp: exampleNow + 10 * day, type: undefined }, { typ: 'application/entity-statement+jwt' }),
    ],
    ['a logout token', /lifetime/, token({ exp: exampleNow + 7200 }, { typ: 'logout+jwt' })],
    ['a kid that is the name of a resource', /kid/, token({}, { kid: 'projects/x/keys/1.json' })],
    ['a kid in words', /kid/, token({}, { kid: 'black or white (2024)' })],
    ['a way to log in', /payload/, token({ amr: ['pwd', 'otp'], credential: 'pwd' })],
    ['a question about a secret', /payload/, token({ has_secret: 'yes', hasPassword: true })],
    ['the public JWK of a proof', /payload/, token({ cnf: { jwk: { kty: 'EC', x: 'a', y: 'b' } } })],
    ['the address of a service', /payload/, token({ url: 'https://api.example:8443/a@b?c:d@e' })],
    ['a wallet', /personal/, token({ address: '0x52908400098527886E0F7030069857D2E4169EE7' })],
    ['a kind of client', /personal/, token({ mobile: 'ios' })],
    ['an identifier that passes the check of cards', /card/, token({ sub: '5500000000000004' })],
    ...[
      'scrypt:32768:8:1$x$abc',
      'argon2$argon2id$v=19$m=102400,t=2,p=8$x$y',
      'bcrypt_sha256$$2b$12$x',
      'pbkdf2_sha256$600000$x$y',
      '********',
      '<redacted>',
      'op://vault/app/password',
    ].map((password): [string, RegExp, Example] => [
      `the password ${password}`,
      /plain/,
      json({ users: [{ password }] }),
    ]),
    [
      'none for request objects',
      /none/,
      json({
        issuer: 'https://a.example',
        token_endpoint: 'https://a.example/t',
        request_object_signing_alg_values_supported: ['none'],
        userinfo_signing_alg_values_supported: ['none'],
      }),
    ],
  ])('%s', async (_title, rules, example) => {
    expect((await idsOf(example)).filter((id) => rules.test(id))).toEqual([]);
  });
});
