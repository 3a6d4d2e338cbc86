/** Category 10: signed right, by the right key, and still not to be accepted. */
import type { VerifyPolicy } from '../../../src/token/policy.js';
import type { TokenCase } from '../case.js';
import { claims, headerOf, now, seal, sealClaims } from '../forge.js';
import { type Signer, signers } from '../trusted-keys.js';

const turns = [signers.HS256, signers.ES256, signers.EdDSA];
let turn = 0;
/** The signer does not matter for claims: each case takes the next signer. */
const next = (): Signer => turns[turn++ % turns.length] as Signer;

function row(
  name: string,
  source: string,
  members: object | string,
  expect: TokenCase['expect'],
  policy?: VerifyPolicy,
): TokenCase {
  const signer = next();
  const sealed =
    typeof members === 'string'
      ? seal(signer, headerOf(signer), JSON.stringify(claims).replace('{', `{${members},`))
      : sealClaims(signer, members);
  return { category: 10, name, source, ...sealed, expect, ...(policy === undefined ? {} : { policy }) };
}

const numericDate = 'RFC 7519 §2, §4.1.4-6: a JSON number of seconds';
const notDates: [string, string][] = [
  ['a string of seconds', `"${now}"`],
  ['a string of seconds to come', '"4102444800"'],
  ['a date', '"2099-01-01T00:00:00Z"'],
  ['an empty string', '""'],
  ['a word', '"never"'],
  ['a string that says Infinity', '"Infinity"'],
  ['null', 'null'],
  ['true', 'true'],
  ['false', 'false'],
  ['an array', `[${now}]`],
  ['an empty array', '[]'],
  ['an object', `{"$date":${now}}`],
  ['more than a number holds', '1e400'],
  ['less than a number holds', '-1e400'],
  ['2^53', '9007199254740992'],
  ['2^63', '9223372036854775808'],
  ['2^64', '18446744073709551616'],
  ['milliseconds', `${now * 1000}`],
  ['microseconds', `${now * 1_000_000}`],
  ['the year 10000', '253402300800'],
  ['past the last JavaScript Date', '8640000000001'],
  ['before 1970', '-1'],
  ['minus a fraction', '-0.5'],
  ['1e300', '1e300'],
];

/** The usual claims without one, so that a text can bring its own. */
function withRaw(name: string, value: string): string {
  const { [name as 'exp']: _, ...rest } = claims;
  return JSON.stringify(rest).replace('{', `{${JSON.stringify(name)}:${value},`);
}

function rawRow(
  name: string,
  source: string,
  payload: string,
  expect: TokenCase['expect'],
  policy?: VerifyPolicy,
): TokenCase {
  const signer = next();
  return {
    category: 10,
    name,
    source,
    ...seal(signer, headerOf(signer), payload),
    expect,
    ...(policy === undefined ? {} : { policy }),
  };
}

const shapes: [string, string, string][] = ['iss', 'sub', 'jti'].flatMap((name) =>
  [
    ['a number', '1'],
    ['zero', '0'],
    ['null', 'null'],
    ['true', 'true'],
    ['an array', '["user-123"]'],
    ['an object', '{"toString":"user-123"}'],
  ].map(([what = '', value = '']): [string, string, string] => [name, what, value]),
);

const audiences: [string, string][] = [
  ['a number', '1'],
  ['null', 'null'],
  ['true', 'true'],
  ['an object', '{"api":true}'],
  ['an object with an index', '{"0":"api","length":1}'],
  ['an array in an array', '[["api"]]'],
  ['an array with a number', '["api",1]'],
  ['an array with null', '["api",null]'],
  ['an array with an object', '["api",{}]'],
];

const api: VerifyPolicy = { audience: 'api' };
const anyAudience: VerifyPolicy = { anyAudience: true };

/** The verdict on each `aud` without an audience, with the audience `api`, and with any audience accepted. */
const audienceTable: [string, unknown, TokenCase['expect'], TokenCase['expect']][] = [
  ['absent', undefined, 'accept', 'CLAIM_MISSING'],
  ['a string', 'api', 'CLAIM_MISMATCH', 'accept'],
  ['an array of one', ['api'], 'CLAIM_MISMATCH', 'accept'],
  ['an array that holds it', ['other', 'api'], 'CLAIM_MISMATCH', 'accept'],
  ['somebody else', 'other', 'CLAIM_MISMATCH', 'CLAIM_MISMATCH'],
  ['an empty string', '', 'CLAIM_MISMATCH', 'CLAIM_MISMATCH'],
  ['an empty array', [], 'CLAIM_MISMATCH', 'CLAIM_MISMATCH'],
  ['any', 'any', 'CLAIM_MISMATCH', 'CLAIM_MISMATCH'],
  ['a wildcard', '*', 'CLAIM_MISMATCH', 'CLAIM_MISMATCH'],
];
const wrongAudiences: [string, unknown][] = [
  ['another', 'other'],
  ['an empty string', ''],
  ['an empty array', []],
  ['an array without it', ['other', 'another']],
  ['an array of an empty string', ['']],
  ['what begins with it', 'api-admin'],
  ['what it begins with', 'ap'],
  ['what ends with it', 'my-api'],
  ['in other case', 'API'],
  ['with a space', 'api '],
  ['with NUL', 'api\0'],
  ['with a line break', 'api\n'],
  ['with a zero-width space', 'api\u200B'],
  ['with a Cyrillic letter', '\u0430pi'],
  ['full-width', '\uFF41\uFF50\uFF49'],
  ['joined by a comma', 'other,api'],
  ['joined by a space', 'other api'],
  ['a wildcard', '*'],
  ['a pattern', '^api$'],
  ['a pattern of anything', '.*'],
  ['a JSON text', '["api"]'],
];

const issuer: VerifyPolicy = { issuer: 'https://issuer.example' };
const wrongIssuers: [string, string][] = [
  ['another', 'https://evil.example'],
  ['an empty string', ''],
  ['with a slash after it', 'https://issuer.example/'],
  ['with a path', 'https://issuer.example/evil'],
  ['with a domain after it', 'https://issuer.example.evil.example'],
  ['as user information', 'https://issuer.example@evil.example'],
  ['as a query', 'https://evil.example/?https://issuer.example'],
  ['a part of it', 'https://issuer'],
  ['one letter of it', 'h'],
  ['without TLS', 'http://issuer.example'],
  ['in upper case', 'HTTPS://ISSUER.EXAMPLE'],
  ['with a port', 'https://issuer.example:443'],
  ['with a dot', 'https://issuer.example.'],
  ['with white space', ' https://issuer.example'],
  ['with NUL', 'https://issuer.example\0'],
  ['with a Cyrillic letter', 'https://\u0456ssuer.example'],
  ['percent-encoded', 'https://issuer%2Eexample'],
  ['decomposed', 'https://issuer.ex\u0061\u0301mple'],
  ['a pattern', 'https://issuer.*'],
];

const missing: [string, string, VerifyPolicy][] = [
  ['exp', 'exp', {}],
  ['aud', 'aud', api],
  ['iss', 'iss', issuer],
  ['sub', 'sub', { subject: 'user-123' }],
  ['type', 'type', { type: 'access' }],
  ['iat, an age being asked for', 'iat', { maxAge: 60 }],
  ['jti, being required', 'jti', { require: [{ name: 'jti' }] }],
];

const without = (name: string) => {
  const { [name as 'exp']: _, ...rest } = claims;
  return rest;
};

const kind = 'a refresh token never serves as an access token (RFC 8725 §3.12)';
const wrongTypes: unknown[] = [
  'refresh',
  'Access',
  'ACCESS',
  'access ',
  ' access',
  '',
  'id',
  'any',
  'access\0',
  'acces',
  null,
  1,
  true,
  ['access'],
  { access: true },
];
const wrongTyps = [
  'JWT',
  'at',
  'jwt+at',
  'at+jwt ',
  'xat+jwt',
  'at+jwt2',
  'refresh+jwt',
  'application/application/at+jwt',
  'text/at+jwt',
  'application/',
  '',
  '/',
  'a\u200Bt+jwt',
];

const roles: [string, unknown, TokenCase['expect']][] = [
  ['another', 'user', 'CLAIM_MISMATCH'],
  ['what contains it', 'administrator', 'CLAIM_MISMATCH'],
  ['in other case', 'Admin', 'CLAIM_MISMATCH'],
  ['joined', 'user,admin', 'CLAIM_MISMATCH'],
  ['true', true, 'CLAIM_MALFORMED'],
  ['an object', { admin: true }, 'CLAIM_MALFORMED'],
  ['nested', [['admin']], 'CLAIM_MALFORMED'],
];
const scopes: [string, unknown, TokenCase['expect']][] = [
  ['another', 'read', 'CLAIM_MISMATCH'],
  ['what contains it', 'write:all', 'CLAIM_MISMATCH'],
  ['in other case', 'WRITE', 'CLAIM_MISMATCH'],
  ['joined by a comma', 'read,write', 'CLAIM_MISMATCH'],
  ['joined by a tab', 'read\twrite', 'CLAIM_MISMATCH'],
  ['empty', '', 'CLAIM_MISMATCH'],
  ['an array', ['write'], 'accept'],
  ['an array of what contains it', ['read write', 'write:all'], 'CLAIM_MISMATCH'],
  ['a nested array', [['write']], 'CLAIM_MALFORMED'],
  ['an object', { write: true }, 'CLAIM_MALFORMED'],
  ['true', true, 'CLAIM_MALFORMED'],
];

const requiredValues: [string, unknown, unknown][] = [
  ['a number for a string', 1, '1'],
  ['a string for a number', '1', 1],
  ['true for a string', true, 'true'],
  ['an array for a string', ['a'], 'a'],
  ['null for false', null, false],
  ['zero for false', 0, false],
  ['an object with more', { a: 1, b: 2 }, { a: 1 }],
  ['an object with less', {}, { a: 1 }],
  ['an array in another order', [2, 1], [1, 2]],
  ['an object for an array', { 0: 1 }, [1]],
];

export const tokenCases: TokenCase[] = [
  ...['exp', 'nbf', 'iat'].flatMap((name) =>
    notDates.map(([what, value]) =>
      rawRow(`${name} is ${what}`, numericDate, withRaw(name, value), 'CLAIM_MALFORMED', { allowNoExp: true }),
    ),
  ),
  ...(
    [
      ['zero', 0],
      ['one', 1],
      ['a second ago', now - 1],
      ['now', now],
      ['a fraction ago', now - 0.5],
      ['years ago', 946_684_800],
    ] as const
  ).map(([what, exp]) =>
    row(`exp is ${what}`, 'RFC 7519 §4.1.4: on or after that moment it is dead', { exp }, 'TOKEN_EXPIRED'),
  ),
  rawRow('exp underflows to zero', 'RFC 7519 §4.1.4', withRaw('exp', '1e-400'), 'TOKEN_EXPIRED'),
  rawRow('exp is minus zero', 'RFC 7519 §4.1.4', withRaw('exp', '-0'), 'TOKEN_EXPIRED'),
  row('exp past the leeway', 'RFC 7519 §4.1.4', { exp: now - 30 }, 'TOKEN_EXPIRED', { leeway: 30 }),
  row('exp past, no exp being needed', 'RFC 7519 §4.1.4', { exp: now - 1 }, 'TOKEN_EXPIRED', { allowNoExp: true }),
  row('nbf in a second', 'RFC 7519 §4.1.5', { nbf: now + 1 }, 'TOKEN_NOT_YET_VALID'),
  row('nbf in half a second', 'RFC 7519 §4.1.5', { nbf: now + 0.5 }, 'TOKEN_NOT_YET_VALID'),
  row('nbf after exp', 'RFC 7519 §4.1.5', { nbf: now + 7200 }, 'TOKEN_NOT_YET_VALID'),
  row('nbf past the leeway', 'RFC 7519 §4.1.5', { nbf: now + 31 }, 'TOKEN_NOT_YET_VALID', { leeway: 30 }),
  row('nbf to come, without exp', 'RFC 7519 §4.1.5', { nbf: now + 60, exp: undefined }, 'TOKEN_NOT_YET_VALID', {
    allowNoExp: true,
  }),
  row('iat in a second', 'issued in the future', { iat: now + 1 }, 'TOKEN_NOT_YET_VALID'),
  row('iat in years', 'issued in the future', { iat: 4_102_444_800 }, 'TOKEN_NOT_YET_VALID'),
  row('exp and nbf both wrong', 'the first of the verdict’s order', { exp: now - 1, nbf: now + 1 }, 'TOKEN_EXPIRED'),
  row('older than allowed', 'OpenID Connect Core §3.1.2.1', { iat: now - 61 }, 'TOKEN_TOO_OLD', { maxAge: 60 }),
  row('older than allowed by a fraction', 'OpenID Connect Core §3.1.2.1', { iat: now - 60.5 }, 'TOKEN_TOO_OLD', {
    maxAge: 60,
  }),
  row('older than allowed and the leeway', 'OpenID Connect Core §3.1.2.1', { iat: now - 91 }, 'TOKEN_TOO_OLD', {
    maxAge: 60,
    leeway: 30,
  }),
  row('issued in the future, an age being asked for', 'a negative age', { iat: now + 60 }, 'TOKEN_NOT_YET_VALID', {
    maxAge: 60,
  }),
  rawRow('iat a string, an age being asked for', numericDate, withRaw('iat', `"${now}"`), 'CLAIM_MALFORMED', {
    maxAge: 60,
  }),
  rawRow('iat infinite, an age being asked for', numericDate, withRaw('iat', '1e400'), 'CLAIM_MALFORMED', {
    maxAge: 60,
  }),
  ...missing.map(([what, name, policy]) =>
    rawRow(
      `no ${what}`,
      'what the caller asks for must be there',
      JSON.stringify(without(name)),
      'CLAIM_MISSING',
      policy,
    ),
  ),
  ...[
    ['EXP for exp', '"EXP":4102444800', 'exp'],
    ['exp with a space', '"exp ":4102444800', 'exp'],
    ['exp in __proto__', '"__proto__":{"exp":4102444800}', 'exp'],
    ['exp in constructor', '"constructor":{"prototype":{"exp":4102444800}}', 'exp'],
    ['exp in another claim', '"claims":{"exp":4102444800}', 'exp'],
    ['exp with a Cyrillic letter', '"\u0435xp":4102444800', 'exp'],
  ].map(([what = '', members, name = '']) =>
    rawRow(
      what,
      'RFC 7519 §4: names are case-sensitive, own members count',
      JSON.stringify(without(name)).replace('{', `{${members},`),
      'CLAIM_MISSING',
    ),
  ),
  ...['aud', 'iss'].map((name) =>
    rawRow(
      `${name} in __proto__`,
      'own members count',
      JSON.stringify(without(name)).replace('{', `{"__proto__":{"aud":"api","iss":"https://issuer.example"},`),
      'CLAIM_MISSING',
      name === 'aud' ? api : issuer,
    ),
  ),
  ...shapes.map(([name, what, value]) =>
    rawRow(`${name} is ${what}`, 'RFC 7519 §4.1.1, §4.1.2, §4.1.7: a string', withRaw(name, value), 'CLAIM_MALFORMED'),
  ),
  ...audiences.flatMap(([what, value]) => [
    rawRow(
      `aud is ${what}`,
      'RFC 7519 §4.1.3: a string or an array of strings',
      withRaw('aud', value),
      'CLAIM_MALFORMED',
    ),
    rawRow(`aud is ${what}, api being asked for`, 'RFC 7519 §4.1.3', withRaw('aud', value), 'CLAIM_MALFORMED', api),
    rawRow(
      `aud is ${what}, where any will do`,
      'RFC 7519 §4.1.3',
      withRaw('aud', value),
      'CLAIM_MALFORMED',
      anyAudience,
    ),
  ]),
  ...audienceTable.flatMap(([what, aud, unnamed, named]) => [
    row(`aud ${what}, nobody being named`, 'RFC 7519 §4.1.3: a token for somebody is refused', { aud }, unnamed),
    row(`aud ${what}, false for any`, 'RFC 7519 §4.1.3', { aud }, unnamed, { anyAudience: false }),
    row(`aud ${what}, api being named`, 'RFC 7519 §4.1.3', { aud }, named, { ...api, anyAudience: false }),
    row(`aud ${what}, where any will do`, 'the caller says so', { aud }, 'accept', anyAudience),
  ]),
  ...wrongAudiences.map(([what, aud]) =>
    row(`aud is ${what}`, 'RFC 7519 §4.1.3, RFC 8725 §3.9: compared as it is', { aud }, 'CLAIM_MISMATCH', api),
  ),
  ...wrongIssuers.map(([what, iss]) =>
    row(`iss is ${what}`, 'RFC 7519 §4.1.1, RFC 8725 §3.8, GHSA-75c5-xw7c-p5pm', { iss }, 'CLAIM_MISMATCH', issuer),
  ),
  rawRow(
    'iss is an array that holds it',
    'RFC 7519 §4.1.1',
    withRaw('iss', '["https://issuer.example"]'),
    'CLAIM_MALFORMED',
    issuer,
  ),
  ...['admin', 'user-1234', 'user-12', 'USER-123', 'user-123 ', ''].map((sub) =>
    row(`sub ${JSON.stringify(sub)}`, 'RFC 7519 §4.1.2', { sub }, 'CLAIM_MISMATCH', { subject: 'user-123' }),
  ),
  ...wrongTypes.flatMap((type) => [
    row(`type ${JSON.stringify(type)}`, kind, { type }, 'CLAIM_MISMATCH'),
    row(`type ${JSON.stringify(type)}, access being asked for`, kind, { type }, 'CLAIM_MISMATCH', { type: 'access' }),
  ]),
  row('an access token as a refresh token', kind, {}, 'CLAIM_MISMATCH', { type: 'refresh' }),
  rawRow(
    'type in __proto__',
    kind,
    JSON.stringify(without('type')).replace('{', '{"__proto__":{"type":"access"},'),
    'CLAIM_MISSING',
    {
      type: 'access',
    },
  ),
  ...wrongTyps.map((typ): TokenCase => {
    const signer = next();
    return {
      category: 10,
      name: `typ ${JSON.stringify(typ)}, at+jwt being asked for`,
      source: 'RFC 8725 §3.11, RFC 9068 §2.1',
      ...sealClaims(signer, {}, { typ }),
      policy: { typ: 'at+jwt' },
      expect: 'CLAIM_MISMATCH',
    };
  }),
  {
    category: 10,
    name: 'no typ, at+jwt being asked for',
    source: 'RFC 8725 §3.11',
    ...sealClaims(signers.HS256, {}, { typ: undefined }),
    policy: { typ: 'at+jwt' },
    expect: 'CLAIM_MISSING',
  },
  ...roles.map(([what, role, expect]) => row(`role is ${what}`, 'whole names', { role }, expect, { role: ['admin'] })),
  row('one role of two', 'every one', { role: ['admin'] }, 'CLAIM_MISMATCH', { role: ['admin', 'owner'] }),
  ...scopes.map(([what, scope, expect]) =>
    row(`scope is ${what}`, 'RFC 6749 §3.3', { scope }, expect, { scope: ['write'] }),
  ),
  row('one scope of two', 'every one', { scope: 'read' }, 'CLAIM_MISMATCH', { scope: ['read', 'write'] }),
  ...requiredValues.map(([what, x, value]) =>
    row(`a required claim: ${what}`, 'equal as JSON, type and all', { x }, 'CLAIM_MISMATCH', {
      require: [{ name: 'x', value }],
    }),
  ),
  ...['toString', 'constructor', '__proto__', 'hasOwnProperty', 'valueOf'].map((name) =>
    row(`a required claim that only a prototype has: ${name}`, 'own members count', {}, 'CLAIM_MISSING', {
      require: [{ name }],
    }),
  ),

  row(
    'all that is asked for',
    'RFC 7519 §4.1',
    { aud: 'api', role: ['admin'], scope: 'read write', x: { a: [1] } },
    'accept',
    {
      audience: ['other', 'api'],
      issuer: ['https://issuer.example'],
      subject: 'user-123',
      type: 'access',
      typ: 'application/jwt',
      role: ['admin'],
      scope: ['write', 'read'],
      maxAge: 60,
      require: [{ name: 'jti' }, { name: 'x', value: { a: [1] } }],
    },
  ),
  row('aud in __proto__, nobody being named', 'own members count', '"__proto__":{"aud":"api"}', 'accept'),
  row('a fraction of a second left', 'RFC 7519 §2: fractions are legal', { exp: now + 0.5 }, 'accept'),
  row('exp within the leeway', 'RFC 7519 §4.1.4', { exp: now - 29 }, 'accept', { leeway: 30 }),
  row('nbf now', 'RFC 7519 §4.1.5', { nbf: now }, 'accept'),
  row('nbf within the leeway', 'RFC 7519 §4.1.5', { nbf: now + 30 }, 'accept', { leeway: 30 }),
  row('iat now', 'RFC 7519 §4.1.6', { iat: now }, 'accept'),
  row('iat zero', 'RFC 7519 §4.1.6', { iat: 0 }, 'accept'),
  row('exp in the year 9999', 'the last NumericDate taken', { exp: 253_402_300_799 }, 'accept'),
  row('as old as allowed', 'OpenID Connect Core §3.1.2.1', { iat: now - 60 }, 'accept', { maxAge: 60 }),
  row('no exp where that is allowed', 'RFC 7519 §4.1.4: optional', { exp: undefined }, 'accept', { allowNoExp: true }),
  row('no type, nobody asking', kind, { type: undefined }, 'accept'),
  row('a refresh token as one', kind, { type: 'refresh' }, 'accept', { type: 'refresh' }),
  row('a refresh token where any will do', kind, { type: 'refresh' }, 'accept', { type: 'any' }),
  row('registered names nested', 'only the top level counts', { x: { exp: 'x', aud: 1, type: 'refresh' } }, 'accept'),
  row('a required claim that is null', 'present is present', { x: null }, 'accept', {
    require: [{ name: 'x', value: null }],
  }),
  {
    category: 10,
    name: 'typ at+jwt in full and in other case',
    source: 'RFC 7515 §4.1.9, RFC 9068 §2.1',
    ...sealClaims(signers.HS256, {}, { typ: 'application/AT+JWT' }),
    policy: { typ: 'at+jwt' },
    expect: 'accept',
  },
];
