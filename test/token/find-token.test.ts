/** Where a token stands in a text that is more than a token: verdicts are in test/cli/token-arrival.test.ts. */
import { describe, expect, test } from 'vitest';
import { findToken, type WantedToken } from '../../src/token/find-token.js';

const encode = (text: string) => Buffer.from(text).toString('base64url');
const make = (sub: string, signature = 'A'.repeat(43)) =>
  `${encode('{"alg":"HS256","typ":"JWT"}')}.${encode(JSON.stringify({ sub, exp: 4102444800, iss: 'https://issuer.example' }))}.${signature}`;
const token = make('user-1');
const other = make('user-2');
const jwe = `${encode('{"alg":"dir","enc":"A256GCM"}')}..${'A'.repeat(16)}.${encode('text')}.${'B'.repeat(22)}`;
const fold = (text: string, width: number, end = '\n') => text.match(new RegExp(`.{1,${width}}`, 'g'))?.join(end) ?? '';
const percent = (text: string) => [...text].map((char) => `%${char.charCodeAt(0).toString(16)}`).join('');

const amplify = 'CognitoIdentityServiceProvider.1h57kf5cpq17m0eml12example.f3a1c2d4-1111-2222-3333-444455556666';
const list = (tokens: Record<string, string>) => Object.entries(tokens).map(([name, value]) => ({ name, value }));

const jar = (name: string, value: string) => `#HttpOnly_localhost\tFALSE\t/\tTRUE\t0\t${name}\t${value}\n`;

test.each([
  ['after a refresh', `token refresh is done, new token: ${token}`],
  ['that was refreshed', `refreshed token: ${token}`],
  ['got for another', `exchanged the refresh token for the access token: ${token}`],
  ['sent to another path', `curl https://a.example/refresh -H 'Authorization: Bearer ${token}'`],
  ['beside a lifetime', `refresh_token_expires_in=60&token=${token}`],
])('takes a token %s', (_, text) => {
  expect(findToken(text, 'no refresh')).toMatchObject({ kind: 'one', token });
});

describe('finds the one token of a text', () => {
  const b64 = encode('body');
  test.each<[string, string, string]>([
    ['in double quotes', `"${token}"\n`, 'in quotes'],
    ['in single quotes', `'${token}'`, 'in quotes'],
    ['in backticks', `\`${token}\``, 'in quotes'],
    ['in a fence of Markdown', `\`\`\`\n${token}\n\`\`\``, 'among other text'],
    ['in typographic quotes', `\u201c${token}\u201d`, 'in quotes'],
    ['in guillemets', `«${token}»`, 'in quotes'],
    ['in two kinds of quotes', `"'${token}'"`, 'in quotes'],
    ['in Python bytes', `b'${token}'`, 'in quotes'],
    ['in Python bytes with a line end', `b'${token}\\n'`, 'in quotes'],
    ['in single guillemets', `\u2039${token}\u203a`, 'in quotes'],
    ['in Japanese quotes', `\u300c${token}\u300d`, 'in quotes'],
    ['behind a full-width colon', `token\uff1a${token}\uff0c`.slice(0, -1), 'among other text'],
    ['in a drawn table', `\u2502${token}\u2502`, 'among other text'],
    ['in colours', `\u001b[32m${token}\u001b[0m\n`, 'among other text'],
    [
      'in colours, as grep marks a part of it',
      `\u001b[01;31m\u001b[K${token.slice(0, 20)}\u001b[m\u001b[K${token.slice(20)}\n`,
      'among other text',
    ],
    [
      'in coloured JSON',
      `\u001b[1;39m{\u001b[0m\u001b[34;1m"token"\u001b[0m:\u001b[0;32m"${token}"\u001b[0m}`,
      'in JSON at token',
    ],
    ['in angle brackets', `<${token}>`, 'in angle brackets'],
    ['in parentheses', `(${token})`, 'among other text'],
    ['before a comma', `${token},`, 'among other text'],
    ['before a semicolon', `${token};`, 'among other text'],
    ['before an escaped line end', `${token}\\n`, 'among other text'],
    ['between zero-width spaces', `\u200b${token}\u200b`, 'among other text'],
    ['between marks of direction', `\u2066${token}\u2069`, 'among other text'],
    ['before a variation selector', `${token}\ufe0f`, 'among other text'],
    ['behind a byte order mark', `\ufeff"${token}"`, 'in quotes'],
    ['a header', `Authorization: Bearer ${token}\r\n`, 'in an Authorization header'],
    ['a header in small letters', `authorization: bearer ${token}`, 'in an Authorization header'],
    ['a header without a space', `AUTHORIZATION:BEARER ${token}`, 'in an Authorization header'],
    ['a header of a proxy', `Proxy-Authorization: Bearer ${token}`, 'in an Authorization header'],
    ['a header with the scheme DPoP', `Authorization: DPoP ${token}`, 'in an Authorization header'],
    ['a line of curl', `curl -H 'Authorization: Bearer ${token}' https://api.example/`, 'in an Authorization header'],
    ['a line of curl -v', `> Authorization: Bearer ${token}\n>\n`, 'in an Authorization header'],
    [
      'a request',
      `GET / HTTP/1.1\r\nHost: a.example\r\nAuthorization: Bearer ${token}\r\nAccept: */*\r\n\r\n`,
      'in an Authorization header',
    ],
    ['a cookie that is set', `Set-Cookie: session=${token}; Path=/; HttpOnly`, 'in the cookie session'],
    ['cookies that are sent', `Cookie: a=1; session=${token}; b=2`, 'in the cookie session'],
    ['a cookie with JSON in it', `Cookie: s=${encodeURIComponent(JSON.stringify({ t: token }))}`, 'in the cookie t'],
    ['a query', `https://app.example/?token=${token}&state=1`, 'in the query of a URL'],
    [
      'a query with encoded dots',
      `https://app.example/?token=${token.replaceAll('.', '%2E')}&a=1`,
      'in the query of a URL',
    ],
    [
      'a query that is encoded twice',
      `https://app.example/?token=${token.replaceAll('.', '%252e')}`,
      'in the query of a URL',
    ],
    ['a query with all of it encoded', `https://app.example/?token=${percent(token)}`, 'in the query of a URL'],
    ['a query before a fragment', `https://app.example/?token=${token}#top`, 'in the query of a URL'],
    ['a fragment', `https://app.example/cb#id_token=${token}&state=1`, 'in the fragment of a URL'],
    ['a path', `https://app.example/verify/${token}/`.slice(0, -1), 'in the path of a URL'],
    [
      'a header with an address',
      `Location: https://app.example/cb#access_token=${token}&x=1\r\n`,
      'in the fragment of a URL',
    ],
    ['a form', `grant_type=a&assertion=${token}&scope=b`, 'after assertion='],
    ['a form with Bearer', `auth=Bearer+${token}`, 'after auth='],
    ['an env line', `TOKEN=${token}`, 'after TOKEN='],
    ['an exported env line', `export TOKEN="${token}"`, 'after TOKEN='],
    ['a line of PowerShell', `$env:TOKEN = '${token}'`, 'after TOKEN='],
    ['a line of YAML', `  token: ${token}`, 'after token:'],
    ['a line of Ruby', `"token" => "${token}"`, 'after token=>'],
    ['XML', `<wsse:Token>${token}</wsse:Token>`, 'between tags'],
    ['HTML', `<input type="hidden" name="t" value="${token}">`, 'after value='],
    ['HTML with entities', `{&quot;token&quot;:&quot;${token}&quot;}`, 'in JSON at token'],
    ['HTML with entities of HTML', `{&amp;quot;token&amp;quot;:&amp;quot;${token}&amp;quot;}`, 'in JSON at token'],
    ['HTML with all dots as entities', `token=${token.replace('.', '&period;').replace('.', '&#46;')}`, 'after token='],
    ['cURL for cmd.exe', `curl -H ^"authorization: Bearer ${token}^" ^\r\n  x`, 'in an Authorization header'],
    ['a mail', `https://a.example/?token=3D${fold(token, 70, '=\r\n')}&x=3D1`, 'in the query of a URL'],
    ['a Bearer that is encoded twice', `Bearer%2520${token}`, 'after Bearer'],
    ['a Bearer with a plus', `Bearer+${token}`, 'after Bearer'],
    ['a path that goes on', `https://app.example/verify/${token}/next?a=1`, 'in the path of a URL'],
    ['a path with a slash at its end', `/verify/${token}/`, 'in the path of a URL'],
    ['a path before a query', `GET /verify/${token}?a=1 HTTP/1.1`, 'in the path of a URL'],
    ['three parts on three lines', token.split('.').join('\n'), 'wrapped over 3 lines'],
    [
      'numbered cookies',
      `Cookie: a=b; session.1=${token.slice(90)}; session.0=${token.slice(0, 90)}; c=d`,
      'in the cookie session, joined from 2 parts',
    ],
    [
      'numbered cookies that are set',
      `Set-Cookie: s.0=${token.slice(0, 90)}; Path=/\r\nSet-Cookie: s.1=${token.slice(90)}; Path=/\r\n`,
      'in the cookie s, joined from 2 parts',
    ],
    ['JSON', `{"access_token":"${token}","expires_in":1800}`, 'in JSON at access_token'],
    ['JSON with a mark', `\ufeff{"access_token":"${token}"}`, 'in JSON at access_token'],
    ['JSON in JSON', JSON.stringify({ data: [{ auth: { token } }] }), 'in JSON at data.0.auth.token'],
    ['JSON in a string of JSON', JSON.stringify({ body: JSON.stringify({ token }) }), 'in JSON at body'],
    ['JSON whose string is escaped', `{"token":"${token.replaceAll('.', '\\u002e')}"}`, 'in JSON at token'],
    ['JSON that is cut', `{"access_token":"${token}","expires_in":18`, 'in JSON at access_token'],
    [
      'JSON that is escaped, in a log',
      `10:00 INFO body={\\"access_token\\":\\"${token}\\",\\"a\\":1}`,
      'in JSON at access_token',
    ],
    [
      'JSON with a header in it',
      JSON.stringify({ headers: { Authorization: `Bearer ${token}` } }),
      'in JSON at headers.Authorization',
    ],
    ['a list of JSON', `["${token}"]`, 'in JSON at 0'],
    ['a dictionary of Python', `{'access_token': '${token}', 'expires_in': 1800}`, 'in JSON at access_token'],
    [
      'curl -i',
      `HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nDate: x\r\n\r\n{"access_token":"${token}"}`,
      'in JSON at access_token',
    ],
    [
      'curl -i with a request id',
      `HTTP/2 200\nx-request-id: ${b64}\n\n{\n  "id_token": "${token}"\n}\n`,
      'in JSON at id_token',
    ],
    ['a sentence', `The token is ${token} and it is new`, 'among other text'],
    [
      'the same token in two places',
      `Authorization: Bearer ${token}\nCookie: s=${token}`,
      'in an Authorization header',
    ],
    ['wrapped at 60', fold(token, 60), 'wrapped over 3 lines'],
    ['wrapped at 64 with CRLF', fold(token, 64, '\r\n'), 'wrapped over 3 lines'],
    ['wrapped at 76', `${fold(token, 76)}\n`, 'wrapped over 3 lines'],
    ['wrapped and indented', `    ${fold(token, 60, '\n    ')}\n`, 'wrapped over 3 lines'],
    ['wrapped in a mail', `> ${fold(token, 60, '\n> ')}\n`, 'wrapped over 3 lines'],
    ['wrapped with backslashes', fold(token, 60, '\\\n'), 'wrapped over 3 lines'],
    ['wrapped with escaped line ends', fold(token, 60, '\\n'), 'wrapped over 3 lines'],
    ['wrapped in quotes', `"${fold(token, 60)}"`, 'in quotes, wrapped over 3 lines'],
    ['wrapped in JSON', JSON.stringify({ token: fold(token, 60) }), 'in JSON at token'],
    [
      'a header that is folded',
      fold(`Authorization: Bearer ${token}`, 64),
      'in an Authorization header, wrapped over 3 lines',
    ],
    ['wrapped in YAML', `token: >-\n  ${fold(token, 40, '\n  ')}\nnext: 1\n`, 'wrapped over 5 lines'],
    ['broken behind its dots', token.replaceAll('.', '.\n'), 'wrapped over 3 lines'],
    ['broken before its dots', `${token.replaceAll('.', '\r\n.')}\n`, 'wrapped over 3 lines'],
    [
      'broken as an RFC prints it',
      token
        .split('.')
        .map((part) => fold(part, 40))
        .join('\n.\n'),
      'wrapped over 8 lines',
    ],
    ['wrapped before other text', `${fold(token, 60)}\n\nBest regards\n`, 'wrapped over 3 lines'],
    ['wrapped within its header', fold(token, 20), `wrapped over ${Math.ceil(token.length / 20)} lines`],
    ['before a word on the next line', `${token}\nOK\n`, 'among other text'],
  ])('%s', (_, text, place) => {
    expect(findToken(text)).toEqual({ kind: 'one', token, isWhole: true, place });
  });

  test('an encrypted token', () => {
    expect(findToken(`token=${jwe};`)).toMatchObject({ kind: 'one', token: jwe });
    expect(findToken(fold(jwe, 40))).toMatchObject({ kind: 'one', token: jwe });
  });
});

describe('takes the token with the wanted name', () => {
  test.each<[string, string, WantedToken, string]>([
    ['of an answer', JSON.stringify({ access_token: token, refresh_token: other }), 'access', token],
    ['of an answer, to refresh', JSON.stringify({ access_token: token, refresh_token: other }), 'refresh', other],
    [
      'of an answer with three',
      JSON.stringify({ id_token: jwe, access_token: token, refresh_token: other }),
      'access',
      token,
    ],
    ['in camel case', JSON.stringify({ accessToken: token, refreshToken: other }), 'access', token],
    ['of a nested answer', JSON.stringify({ data: { access_token: token, id_token: other } }), 'access', token],
    ['of a form', `access_token=${token}&id_token=${other}`, 'access', token],
    ['of a fragment', `https://a.example/#id_token=${other}&access_token=${token}`, 'access', token],
    ['of cookies', `Cookie: refresh_token=${other}; access_token=${token}`, 'refresh', other],
    ['of an env file', `ACCESS_TOKEN=${token}\nREFRESH_TOKEN='${other}'\n`, 'refresh', other],
    [
      'of curl -i',
      `HTTP/1.1 200 OK\r\nA: b\r\n\r\n{"refresh_token":"${other}","access_token":"${token}"}`,
      'access',
      token,
    ],
    [
      'of cookies of a framework',
      `Cookie: access_token_cookie=${token}; refresh_token_cookie=${other}`,
      'access',
      token,
    ],
    [
      'of cookies with a prefix',
      `Set-Cookie: __Host-access_token=${token}\nSet-Cookie: __Host-refresh_token=${other}`,
      'access',
      token,
    ],
    ['of a pair of JWTs', JSON.stringify({ accessJwt: token, refreshJwt: other }), 'refresh', other],
    [
      'of Amplify',
      JSON.stringify({ [`${amplify}.accessToken`]: token, [`${amplify}.idToken`]: other }),
      'access',
      token,
    ],
    ['of cookies of Amplify', `Cookie: ${amplify}.idToken=${other}; ${amplify}.accessToken=${token}`, 'access', token],
    ['below its name', JSON.stringify({ tokens: { access: { token }, refresh: { token: other } } }), 'access', token],
    [
      'below its name in YAML',
      `tokens:\n  access:\n    token: ${token}\n  refresh:\n    token: ${other}\n`,
      'access',
      token,
    ],
    [
      'below its name in JavaScript',
      `{ access: { token: '${token}' }, refresh: { token: '${other}' } }`,
      'refresh',
      other,
    ],
    ['in a list with names', JSON.stringify(list({ access_token: token, refresh_token: other })), 'access', token],
    ['with two names', JSON.stringify({ token, access_token: token, refresh_token: other }), 'access', token],
    ['with a plain name first', JSON.stringify({ app_access_token: other, access_token: token }), 'access', token],
    ['beside an opaque one', JSON.stringify({ access_token: 'opaque', id_token: token }), 'access', token],
    ['of a cookie jar of curl', `${jar('access_token', token)}${jar('refresh_token', other)}`, 'access', token],
    ['of a cookie jar of curl, to refresh', `${jar('access_token', token)}${jar('refresh', other)}`, 'access', token],
    ['of elements', `<accessToken>${token}</accessToken><refreshToken>${other}</refreshToken>`, 'refresh', other],
    ['of print_r of PHP', `(\n    [access_token] => ${token}\n    [refresh_token] => ${other}\n)`, 'refresh', other],
    [
      'of var_dump of PHP',
      `["access_token"]=>\n  string(9) "${token}"\n  ["refresh_token"]=>\n  string(9) "${other}"`,
      'access',
      token,
    ],
    ['of rows of a table', `| access_token | ${token} |\n| refresh_token | ${other} |`, 'refresh', other],
    ['of a hash in Redis', `1) "access_token"\n2) "${token}"\n3) "refresh_token"\n4) "${other}"`, 'access', token],
    [
      'of MSAL',
      JSON.stringify([
        { credentialType: 'AccessToken', secret: token },
        { credentialType: 'RefreshToken', secret: other },
      ]),
      'access',
      token,
    ],
  ])('%s', (_, text, wanted, expected) => {
    expect(findToken(text, wanted)).toMatchObject({ kind: 'one', token: expected });
  });
});

test.each([
  ['beside an opaque access token', JSON.stringify({ access_token: 'opaque', refresh_token: token })],
  ['beside a damaged access token', JSON.stringify({ access_token: `x${other}`, refresh_token: token })],
  ['in a cookie', `Cookie: refresh_token=${token}; a=b`],
  ['in a form', `access_token=opaque&refresh_token=${token}`],
  ['in an env file', `REFRESH_TOKEN='${token}'`],
  ['below its name', JSON.stringify({ tokens: { refresh: { token, expires: 'x' } } })],
  ['as a token below its name', JSON.stringify({ refreshToken: { token } })],
  ['as a value below its name', JSON.stringify({ refreshToken: { value: token } })],
  ['as a JWT', JSON.stringify({ refreshJwt: token })],
  ['in a list with names', JSON.stringify(list({ refresh_token: token }))],
  ['in a cookie of a HAR file', JSON.stringify({ request: { cookies: list({ '__Host-refresh-token': token }) } })],
  ['with a type', JSON.stringify({ type: 'refresh', token })],
  ['in a cookie of a framework', `Cookie: refreshTokenCookie=${token}`],
  ['in YAML', `tokens:\n  refresh:\n    expires: 1\n    token: ${token}\n`],
  ['in an object of JavaScript', `{\n  refreshToken: {\n    a: {},\n    value: '${token}' } }`],
  ['there twice', JSON.stringify({ token, refresh_token: token })],
  ['in a cookie jar of curl', jar('refresh_token', token)],
  ['in an element', `<o:RefreshToken>\n  ${token}\n</o:RefreshToken>`],
  ['in a cell of HTML', `<td>refresh_token</td><td>${token}</td>`],
  ['in a field of a form', `<input type="hidden" name="refresh_token" value="${token}">`],
  ['in a part of a form', `Content-Disposition: form-data; name="refresh_token"\r\n\r\n${token}\r\n--b--`],
  ['in a row of a table', `| refresh_token | ${token} |`],
  ['in a line of CSV', `refresh_token,${token}`],
  ['behind an option', `app --refresh-token ${token}`],
  ['in an option', `app --refresh-token=${token}`],
  ['behind words', `Refresh token: ${token}`],
  ['in a sentence', `Your refresh token is ${token}`],
  ['in a call', `localStorage.setItem('refresh_token', '${token}')`],
  ['in an Option of Rust', `refresh_token: Some("${token}")`],
  ['with a type of TypeScript', `const refreshToken: string = "${token}"`],
  ['in a block of YAML', `refresh_token: >-\n  ${token}\n`],
  ['in a section of TOML', `[refresh]\ntoken = "${token}"`],
  ['in a hash of Redis', `1) "refresh_token"\n2) "${token}"`],
  ['in print_r of PHP', `    [refresh_token] => ${token}\n`],
])('takes no refresh token for an access token: %s', (_, text) => {
  expect(findToken(text, 'no refresh')).toEqual({ kind: 'refresh' });
  expect(findToken(text, 'access')).toMatchObject({ kind: 'one', token });
  expect(findToken(text, 'refresh')).toMatchObject({ kind: 'one', token });
  expect(findToken(text.replaceAll(/refresh/gi, 'id'), 'no refresh')).toMatchObject({ kind: 'one', token });
});

describe('counts several tokens', () => {
  test.each<[string, string, WantedToken | undefined, number, string[]]>([
    ['on two lines', `${token}\n${other}\n`, 'access', 2, []],
    ['on two lines of the same length', `${token}\n${token.replace('A', 'B')}`, 'access', 2, []],
    ['with a space', `${token} ${other}`, 'access', 2, []],
    ['on lines, the same one', `${token}\n${token}\n${token}\n`, 'access', 3, []],
    [
      'of a pair, if the caller wants neither',
      JSON.stringify({ access_token: token, refresh_token: other }),
      undefined,
      2,
      ['access_token', 'refresh_token'],
    ],
    ['where the name fits twice', `access_token=${token}&access_token=${other}`, 'access', 2, ['access_token']],
    [
      'in JSON with a name twice',
      `{"access_token":"${token}","access_token":"${other}"}`,
      'access',
      2,
      ['access_token'],
    ],
    ['of which one is damaged', `${token} ${other}=`, 'access', 2, []],
    [
      'below names that say nothing',
      JSON.stringify({ a: { token }, b: { token: other } }),
      'access',
      2,
      ['a.token', 'b.token'],
    ],
    ['wrapped ones', `${fold(token, 60)}\n${fold(other, 60)}`, 'access', 2, []],
  ])('%s', (_, text, wanted, count, names) => {
    expect(findToken(text, wanted)).toEqual({ kind: 'several', count, names });
  });
});

describe('does not take a part of a token for the token', () => {
  const [most, rest] = [token.slice(0, -20), token.slice(-20)];
  test.each([
    ['joined strings of JavaScript', `{ access_token: '${most}' +\n    '${rest}' }`],
    ['joined strings of PHP', `"${most}" . "${rest}"`],
    ['a string that is joined to a whole one', `"${token}" + "AAAA"`],
    ['a zero-width space', `${most}\u200b${rest}`],
    ['a space', `${most} ${rest}`],
    ['a tag', `${most}<wbr>${rest}`],
    ['a mark', `<mark>${most}</mark>${rest}`],
    ['uneven lines', `${most.slice(0, 40)}\n${most.slice(40)}\n"${rest}"`],
    ['a cookie whose second part is missing', `Cookie: s.0=${most}; s.2=${rest}`],
    ['a cookie alone', `Cookie: s.0=${most}`],
    ['a cookie with something glued to a part', `Cookie: s.0=${most}; s.1=${rest}~x`],
    ['cookies of a HAR file', JSON.stringify(list({ 's.0': most, 's.1': rest }))],
  ])('%s', (_, text) => {
    expect(findToken(text)).not.toMatchObject({ kind: 'one', isWhole: true });
  });
});

describe('keeps what is glued to a token', () => {
  test.each([
    '.d',
    '.',
    '=',
    '==',
    '+',
    '/',
    '~',
    '%00',
    '%20',
    '\\x00',
    '\u0000',
    'é',
    '!',
    '$',
    '.a.b.c',
    '\ufffd',
    ':',
    '?',
    '&#65;',
    '&#x41;',
    '&#65',
    '&#x2e;x',
    '&period;x',
    '&amp;#65;',
    '&lowbar;',
  ])('%j', (glue) => {
    const found = findToken(`"${token}${glue}"`);
    expect(found).toMatchObject({ kind: 'one' });
    expect(found).not.toMatchObject({ token });
  });

  test.each(['x', '_', '-', '.', '+', '~', 'token_', 'file.', '&#65;', '&lowbar;'])(
    'does not begin a token behind %j',
    (glue) => {
      expect(findToken(`"${glue}${token}"`)).not.toMatchObject({ token });
    },
  );

  test.each(['+', '/', '=', ' ', '\u200b', '%', 'é'])('does not skip %j within a segment', (char) => {
    for (const at of [10, token.indexOf('.') + 5, token.length - 5]) {
      const damaged = `"${token.slice(0, at)}${char}${token.slice(at)}"`;
      expect(findToken(damaged)).not.toMatchObject({ token });
    }
  });
});

test.each(['', ' ', 'x', 'a.b.c', 'www.example.com', '{}', '[1,2]', '"', '{"a":"b"}', '\\', '%', '%zz', '\ufeff'])(
  'finds nothing in %j',
  (text) => {
    expect(findToken(text)).toEqual({ kind: 'none' });
  },
);
