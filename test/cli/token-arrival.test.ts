/** How a token arrives at a command: as words, from a file or a variable, or in a text that is more than a token. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fileWith, makeKeyring, runCli, secret, stdoutOf, temporaryFolder, unsigned } from './fake-io.js';

const keyring = await makeKeyring();
const issue = (...args: string[]) => stdoutOf(['issue', '--keyring', keyring, '--sub', 'user-1', ...args]);
const token = await issue();
const refresh = await issue('--type', 'refresh');
const pair = JSON.stringify({ access_token: token, refresh_token: refresh, expires_in: 1800 });
const verify = (args: readonly string[], world = {}) => runCli(['verify', '--keyring', keyring, ...args], world);

describe('a token from a file or a variable', () => {
  const keys = ['--keyring', keyring];
  const commands: [string, string, string[]][] = [
    ['verify', token, keys],
    ['decode', token, []],
    ['inspect', token, []],
    ['refresh', refresh, keys],
  ];
  test.each(commands)('%s', async (command, given, options) => {
    const plain = await runCli([command, given, ...options]);
    expect(plain.exitCode).toBe(0);
    for (const [args, world] of [
      [['--token-file', fileWith(`${given}\n`)], {}],
      [['--token-file', fileWith(`\ufeffBearer ${given}\r\n`)], {}],
      [['--token-file', '-'], { stdin: `${given}\n` }],
      [['--token-env', 'TOK'], { env: { TOK: given } }],
      [['Bearer', given], {}],
      [['bearer:', given], {}],
      [['JWT', given], {}],
      [['Token', given], {}],
      [['DPoP', given], {}],
      [['Authorization:', 'DPoP', given], {}],
    ] as const) {
      const { exitCode, stdout } = await runCli([command, ...args, ...options], world);
      expect({ args, exitCode }).toEqual({ args, exitCode: 0 });
      if (command !== 'refresh') expect(stdout).toBe(plain.stdout);
    }
  });

  test('revoke', async () => {
    for (const [args, world] of [
      [['--token-file', fileWith(token)], {}],
      [['--token-env', 'TOK'], { env: { TOK: token } }],
      [['Bearer', token], {}],
    ] as const) {
      const own = ['--store', `lmdb:${temporaryFolder()}`, ...keys];
      expect(await runCli(['revoke', ...args, ...own], world)).toMatchObject({ exitCode: 0 });
    }
  });

  test.each<[string, string[], object, number, string]>([
    ['a file beside an argument', [token, '--token-file', 'x'], {}, 2, '--token-file exclude each other'],
    ['a variable beside an argument', [token, '--token-env', 'X'], {}, 2, '--token-env exclude each other'],
    [
      'a file beside a variable',
      ['--token-file', 'x', '--token-env', 'X'],
      {},
      2,
      '--token-file and --token-env exclude',
    ],
    ['a file beside a batch', ['--batch', '--token-file', 'x'], {}, 2, 'a token and --batch exclude each other'],
    ['a variable beside a batch', ['--batch', '--token-env', 'X'], {}, 2, 'a token and --batch exclude each other'],
    ['a file that is not there', ['--token-file', 'none.jwt'], {}, 3, 'cannot read none.jwt: no such file'],
    ['a token instead of a file', ['--token-file', token], {}, 3, '--token-file takes the name of a file'],
    ['the end of a token instead of a file', ['--token-file', token.slice(-60)], {}, 3, 'that --token-file names'],
    ['an empty file', ['--token-file', fileWith('\n')], {}, 11, 'the file that --token-file names is empty'],
    [
      'a variable that is not set',
      ['--token-env', 'NONE'],
      {},
      2,
      'the variable NONE, which --token-env names, is not set\nhint: --token-env takes the name of a variable, not the token',
    ],
    ['a token instead of a variable', ['--token-env', token], {}, 2, 'the variable that --token-env names is not set'],
    ['an empty variable', ['--token-env', 'X'], { env: { X: ' ' } }, 2, 'the variable X is set but empty'],
    ['three words', ['Bearer', token, 'x'], {}, 2, 'verify takes one argument'],
    ['two words', ['x', token], {}, 2, 'verify takes one argument'],
    [
      'standard input for two',
      ['--token-file', '-', '--key', '-'],
      { stdin: token },
      2,
      'cannot both read standard input',
    ],
  ])('refuses %s', async (_, args, world, code, message) => {
    const { exitCode, stdout, stderr } = await verify(args, world);
    expect({ exitCode, stderr }).toEqual({ exitCode: code, stderr: expect.stringContaining(message) });
    expect(`${stdout}${stderr}`).not.toContain(token.slice(-40));
  });
});

describe('a text that holds a token', () => {
  test.each([
    ['quotes', `"${token}"\n`, 'in quotes'],
    ['a header', `Authorization: Bearer ${token}\r\n`, 'in an Authorization header'],
    ['an answer', pair, 'in JSON at access_token'],
    ['a fragment', `https://app.example/cb#id_token=${token}&state=1`, 'in the fragment of a URL'],
    ['wrapped lines', token.replace(/.{60}/g, '$&\n'), 'wrapped over'],
  ])('%s: from a pipe, an argument, a file and a variable, with a note', async (_, text, place) => {
    const file = fileWith(text);
    for (const [args, world] of [
      [[], { stdin: text }],
      [['-'], { stdin: text }],
      [[text], {}],
      [['--token-file', file], {}],
      [['--token-env', 'T'], { env: { T: text } }],
    ] as const) {
      const { exitCode, stdout, stderr } = await verify(args, world);
      expect({ exitCode, stdout }).toMatchObject({ exitCode: 0, stdout: expect.stringContaining('valid') });
      expect(stderr).toMatch(/^note: the token was found [^\n]*\n$/);
      expect(stderr).toContain(place);
      expect(await verify([...args, '-q'], world)).toEqual({ exitCode: 0, stdout: '', stderr: '' });
      expect(await verify([...args, '--json'], world)).toMatchObject({
        exitCode: 0,
        stderr: expect.stringMatching(/^\{"note":\{"message":"the token was found [^\n]*"\}\}\n$/),
      });
    }
  });

  test('of a pair, refresh and --type refresh take the refresh token', async () => {
    expect(await verify(['--type', 'refresh', '-q'], { stdin: pair })).toMatchObject({ exitCode: 0 });
    const { exitCode, stderr } = await runCli(['refresh', '--keyring', keyring], { stdin: pair });
    expect({ exitCode, stderr }).toEqual({
      exitCode: 0,
      stderr: 'note: the token was found in JSON at refresh_token\n',
    });
  });

  test('verify takes no lone refresh token for an access token', async () => {
    const text = JSON.stringify({ access_token: 'opaque', refresh_token: token });
    const { exitCode, stdout, stderr } = await verify([], { stdin: text });
    expect({ exitCode, stdout }).toEqual({ exitCode: 11, stdout: '' });
    expect(stderr).toContain('the only token in the text is a refresh token');
    expect(await verify(['--type', 'any', '-q'], { stdin: text })).toMatchObject({ exitCode: 0 });
  });

  test('revoke takes neither of a pair', async () => {
    const { exitCode, stderr } = await runCli(['revoke', '--keyring', keyring], { stdin: pair });
    expect(exitCode).toBe(11);
    expect(stderr).toBe(
      'error: the text holds 2 tokens, at access_token, refresh_token\nhint: pass the one that you mean\n',
    );
  });

  test('several tokens are refused with their number and the way out', async () => {
    const { exitCode, stdout, stderr } = await verify([], { stdin: `${token}\n${refresh}\n` });
    expect({ exitCode, stdout }).toEqual({ exitCode: 11, stdout: '' });
    expect(stderr).toBe('error: the text holds 2 tokens\nhint: pass one of them, or one a line with --batch\n');
  });

  test.each(['=', '.x', '.', '+', '~', '%00', '%20', '\\x00', '\u0000', '/'])(
    'never mends a token by leaving out %j behind it',
    async (glue) => {
      for (const text of [`${token}${glue}`, `"${token}${glue}"`, `Authorization: Bearer ${token}${glue}`]) {
        expect(await verify(['-q', '--', text])).toMatchObject({ exitCode: 11 });
        expect(await verify(['-q'], { stdin: text })).toMatchObject({ exitCode: 11 });
      }
    },
  );

  test.each([
    [
      'joined strings',
      `{ a: '${token.slice(0, -20)}' +\n  '${token.slice(-20)}' }`,
      'a program cut or split the token',
    ],
    ['a zero-width space', `${token.slice(0, -20)}\u200b${token.slice(-20)}`, 'the signature contains U+200B'],
    ['a part of a cookie', `Cookie: s.0=${token.slice(0, -20)}`, 'a program cut or split the token'],
  ])('takes no part of a token for the token: %s', async (_, text, hint) => {
    for (const command of [['decode'], ['inspect'], ['verify', '--keyring', keyring, '--any-aud']]) {
      const { exitCode, stderr } = await runCli(command, { stdin: text });
      expect(exitCode).toBe(11);
      if (command[0] === 'verify') expect(stderr).toContain(hint);
    }
  });

  test('the name of a place is escaped and holds no token', async () => {
    const text = JSON.stringify({ 'a\u001b[31m\u202e': { [token]: token } });
    const { exitCode, stderr } = await verify([], { stdin: text });
    expect(exitCode).toBe(0);
    expect(stderr).not.toMatch(/[^\n\x20-\x7e\u2026]/);
    expect(stderr).not.toContain(token.slice(-40));
  });
});

describe('a text without a token has a hint of its own', () => {
  const b64 = (text: string) => Buffer.from(text).toString('base64');
  test.each([
    ['null\n', 'the text is null, which jq prints'],
    ['"null"', 'the text is null'],
    ['undefined', 'the text is undefined'],
    ['[object Object]', 'pass the member that holds the token'],
    ['Bearer [object Promise]', 'pass the member that holds the token'],
    ['<Response [401]>', 'pass the member that holds the token'],
    ['<coroutine object get_token at 0x7f8b1c2d3e50>', 'once it has arrived (await)'],
    ['Bearer <app.models.Token object at 0x7f8b1c2d3e50>', 'pass the member that holds the token'],
    ['org.example.AccessToken@5883fb9', 'an object as a program prints it'],
    ['Microsoft.Identity.Client.AuthenticationResult', 'an object as a program prints it'],
    ['#<OAuth2::AccessToken:0x000055d5c8a0e4a8>', 'an object as a program prints it'],
    ['cat: token.txt: No such file or directory', 'what a program printed instead of a token'],
    ['error: failed to create token: serviceaccounts "x" not found', 'what a program printed'],
    ['Error from server (Forbidden): serviceaccounts "x" is forbidden', 'what a program printed'],
    ['curl: (6) Could not resolve host: issuer.example', 'what a program printed'],
    ['Traceback (most recent call last):\n  File "x.py"', 'what a program printed'],
    ['Unauthorized', 'what a program printed'],
    ['503 Service Unavailable\n', 'what a program printed'],
    ['None\n', 'the text is None, which Python prints'],
    ['Bearer null', 'the text is null'],
    ['Authorization: Bearer undefined\r\n', 'the text is undefined'],
    ['Bearer $TOKEN', 'use double quotes'],
    ['nil', 'an empty value of a program'],
    ['""', 'the text is an empty value'],
    ['{}', 'the text is an empty value'],
    ['$TOKEN', 'use double quotes, or --token-env NAME'],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: what a shell did not replace.
    ['${TOKEN}', 'use double quotes, or --token-env NAME'],
    ['%TOKEN%', 'the name of a variable'],
    ['#{TOKEN}#', 'the name of a variable'],
    ['$(cat token)', 'the name of a variable'],
    ['op://vault/ci/token', 'a reference to a token'],
    ['$env:TOKEN', 'the name of a variable'],
    ['<token>', 'put a token in its place'],
    ['YOUR_TOKEN', 'put a token in its place'],
    ['...', 'put a token in its place'],
    [b64(token), 'base64 of a token: decode it first, such as with base64 -d'],
    [`${b64(token)}\n`, 'base64 -d'],
    [b64(`Bearer ${token}\n`).replace(/.{76}/g, '$&\n'), 'base64 -d'],
    [b64(JSON.stringify({ access_token: token, refresh_token: refresh })), 'base64 -d'],
    [JSON.stringify({ kind: 'Secret', data: { 'ca.crt': b64('x'), token: b64(token) } }), 'take that value out'],
    [`apiVersion: v1\ndata:\n  namespace: ZGVmYXVsdA==\n  token: ${b64(token)}\n`, 'take that value out'],
    [`sb-x-auth-token=base64-${b64(JSON.stringify({ access_token: token }))}`, 'a session cookie of Supabase'],
    ['[MASKED]', 'a token that a log hides'],
    [`**${token}**`, 'something stands right before the token'],
    [`$${token}`, 'something stands right before the token'],
    [`~${token}`, 'something stands right before the token'],
    [`x${token}`, 'something stands right before the token'],
    [token.slice(1), 'its beginning is missing'],
    [token.slice(2), 'its beginning is missing'],
    [token.toLowerCase(), 'all its letters are of one case'],
    [token.toUpperCase(), 'all its letters are of one case'],
    [`${token.slice(0, 30)}\u2026${token.slice(-9)}`, 'a program shortened the token'],
    [`${token.slice(0, 15)}...`, 'a program shortened the token'],
    [token.replaceAll('.', '\uff0e'), 'its dots are other characters'],
    [`"${b64(token)}"`, 'base64 -d'],
    [b64(b64(token)), 'decode it twice'],
    [Buffer.from(token).toString('hex'), 'a token in hexadecimal'],
    ['connect.sid=s%3A0123456789abcdef.abc', 'a session cookie'],
    ['PHPSESSID=0123456789abcdef', 'a session cookie'],
    ['Fe26.2**0123456789abcdef*abc', 'a session cookie'],
    [`bearer.${token}`, 'a subprotocol of a WebSocket'],
    [
      `base64url.bearer.authorization.k8s.io.${b64(token).replace(/=/g, '')}`,
      'a subprotocol of a WebSocket of Kubernetes',
    ],
    ['"v4.public.eyJzdWIiOiJ1In0"', 'a PASETO'],
    [`<wsse:BinarySecurityToken a="b">${b64(token)}</wsse:BinarySecurityToken>`, 'between the tags'],
    ['Bearer [REDACTED]', 'a token that a log hides'],
    ['ghp_16C7e42F292c6912E7710c838347Ae178B4a', 'a token of GitHub'],
    ['sk-proj-abcdefghijklmnop', 'looks like an API key'],
    ['8xLOxBtZp8', ''],
    ['0123456789abcdef0123456789abcdef', 'this is hexadecimal'],
    ['8xLOxBtZp8dqwqyuqwjhSgsaZ', 'an opaque token or a secret'],
    ['v4.public.eyJzdWIiOiJ1In0', 'a PASETO'],
    [String(token.split('.')[1]), 'one part of a token'],
    ['<html><body>Log in</body></html>', 'a web page'],
    ['<!DOCTYPE html>\n<p>', 'a web page'],
    ['<samlp:Response xmlns:samlp="x">', 'SAML'],
    [b64('<samlp:Response xmlns="urn:oasis:names:tc:SAML:2.0:protocol">'), 'SAML'],
    ['-----BEGIN PUBLIC KEY-----\nMII\n', 'a PEM file'],
    ['{"kty":"RSA","n":"x","e":"AQAB"}', 'a key (JWK)'],
    ['{"error":"invalid_grant"}', 'an answer with an error'],
    ['{"a":1}', 'JSON without a token'],
    ['Basic dXNlcjpwYXNz', 'a name and a password (Basic)'],
    ['Authorization: Bearer', 'the token is missing behind the word Bearer'],
    ['https://app.example/token', 'an address without a token'],
    ['/var/run/secrets/token.jwt', '--token-file'],
    ['./t.txt', '--token-file'],
    ['t.jwt', '--token-file'],
    ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5', 'an SSH key'],
    ['HTTP/1.1 401 Unauthorized\r\n\r\n', 'look at its status'],
    ['', 'standard input is empty'],
    [' \n', 'standard input is empty'],
  ])('%.60s', async (text, hint) => {
    for (const command of ['decode', 'inspect', 'verify', 'refresh', 'revoke']) {
      const keys = command === 'decode' || command === 'inspect' ? [] : ['--keyring', keyring];
      const { exitCode, stderr } = await runCli([command, ...keys], { stdin: text });
      expect({ command, exitCode }).toEqual({ command, exitCode: 11 });
      expect(stderr).toContain(hint === '' ? 'error: token has 1 segment' : `hint: `);
      expect(stderr).toContain(hint);
    }
  });

  test.each([1, 2, 3, 4, 20, 60])('a token without its last %i characters was cut or is damaged', async (count) => {
    const { exitCode, stderr } = await verify([token.slice(0, -count)]);
    expect([11, 12]).toContain(exitCode);
    expect(stderr).toMatch(/^hint: the token (?:was cut|is damaged): /m);
  });

  test.each([20, 60, token.indexOf('.') - 1])(
    'a token that was cut behind %i characters is damaged',
    async (length) => {
      const { exitCode, stderr } = await verify(['Bearer', token.slice(0, length)]);
      expect(exitCode).toBe(11);
      expect(stderr).toContain('the token is damaged');
      const decoded = await runCli(['decode', token.slice(0, length)]);
      expect(decoded.stdout).toContain('is cut: its JSON does not end');
      expect(decoded.stderr).not.toContain('hint:');
    },
  );

  test.each([
    ['a dot behind it', `see ${token}.`, 'no part of a token: copy the token without it'],
    ['nothing but a dot behind it', `${token}.`, 'no part of a token: copy the token without it'],
    ['an exclamation mark behind it', `${token}!`, 'no part of a token: copy the token without it'],
    ['an ellipsis behind it', `see ${token}...`, 'no part of a token: copy the token without it'],
    [
      'a session of Django',
      'eyJ1c2VyX2lkIjoxfQ:1rXyZa:abcdefghijklmnopqrstuvwxyz0123456789A',
      'another kind of signed value',
    ],
    [
      'a cookie of Rails',
      'eyJfcmFpbHMiOnsibWVzc2FnZSI6IklqRWkifX0=--0123456789abcdef0123456789abcdef',
      'a signed cookie of Rails',
    ],
    ['a token in base64', `${token.replaceAll('-', '+').replaceAll('_', '/')}/+AA`, 'write - for + and _ for /'],
    ['an address glued to it', `${token}@host.example`, 'no part of a token: copy the token without it'],
    [
      'a dash that became another',
      `${token.slice(0, -6)}\u2013${token.slice(-5)}`,
      'the signature contains U+2013, which no token has: copy it again from its source',
    ],
    ['an SD-JWT', `${token}~WyJhIiwiYiIsImMiXQ~`, 'this is an SD-JWT'],
    ['an SD-JWT with a key binding', `${token}~WyJhIiwiYiIsImMiXQ~${refresh}`, 'this is an SD-JWT'],
    ['a soft line break of a mail', `${token.slice(0, 70)}=\r\n${token.slice(70)}`, 'the token is damaged'],
  ])('a token that is none as a whole: %s', async (_, text, hint) => {
    const { exitCode, stderr } = await verify([], { stdin: text });
    expect(exitCode).toBe(11);
    expect(stderr).toContain(`\nhint: `);
    expect(stderr).toContain(hint);
    expect(stderr).not.toContain('JWE');
    expect(stderr).not.toContain(token.slice(-40));
  });

  test('an argument that is the name of a variable', async () => {
    for (const command of ['decode', 'inspect', 'verify']) {
      const keys = command === 'verify' ? ['--keyring', keyring] : [];
      const { exitCode, stderr } = await runCli([command, 'TOKEN', ...keys], { env: { TOKEN: token } });
      expect(exitCode).toBe(11);
      expect(stderr).toContain('hint: this is the name of a variable that holds a token: --token-env TOKEN\n');
    }
    const other = await runCli(['decode', 'HOME'], { env: { HOME: '/root' } });
    expect(other.stderr).not.toContain('variable');
  });

  test('an argument that is the name of a file', async () => {
    const file = join(temporaryFolder(), 'token');
    writeFileSync(file, token);
    for (const name of [file, `@${file}`]) {
      const { exitCode, stderr } = await runCli(['decode', name]);
      expect(exitCode).toBe(11);
      expect(stderr).toContain('hint: this is the name of a file: --token-file reads the token from the file\n');
    }
  });
});

describe('--max-size', () => {
  const long = unsigned({ sub: 'x'.repeat(100_000) });
  test('decode and inspect read long tokens, and verify does with --max-size', async () => {
    expect(await runCli(['decode'], { stdin: long })).toMatchObject({ exitCode: 0 });
    expect(await runCli(['inspect'], { stdin: long })).toMatchObject({ exitCode: 0 });
    const env = { S: secret };
    const refused = await runCli(['verify', '--secret-env', 'S'], { stdin: long, env });
    expect(refused).toMatchObject({ exitCode: 11, stdout: expect.stringContaining('longer than 65536 characters') });
    expect(refused.stderr).toContain('hint: --max-size of verify');
    for (const size of ['1MiB', '1M', '1mb', '200K', '200KiB', '200000', '200000B']) {
      const { exitCode } = await runCli(['verify', '--secret-env', 'S', '--max-size', size], { stdin: long, env });
      expect({ size, exitCode }).toEqual({ size, exitCode: 12 });
    }
    expect(await runCli(['decode', '--max-size', '64K'], { stdin: long })).toMatchObject({ exitCode: 11, stdout: '' });
    expect(await runCli(['inspect', '--max-size', '64K'], { stdin: long })).toMatchObject({ exitCode: 11 });
  });

  test.each(['0', '-1', '1.5M', '17MiB', '1G', 'x', '1 000', 'K'])('refuses %j', async (size) => {
    const { exitCode, stderr } = await runCli(['decode', token, `--max-size=${size}`]);
    expect({ exitCode, stderr }).toEqual({ exitCode: 2, stderr: expect.stringContaining('--max-size: ') });
  });

  test('is not for a batch', async () => {
    expect(await runCli(['decode', '--batch', '--max-size', '1M'])).toMatchObject({ exitCode: 2 });
  });
});
