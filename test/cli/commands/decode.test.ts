import { describe, expect, test } from 'vitest';
import { fileWith, now, runCli, segmentOf, stdoutOf, unsigned } from '../fake-io.js';

const claims = {
  sub: 'user-1',
  iat: now - 60,
  exp: now + 1800,
  realm: { roles: ['reader', 'writer'], 'a/b': 1, 'm~n': 2, '': 3 },
  'https://x.example/plan': 'pro',
  'a.b': 'dotted',
  zero: 0,
  no: false,
  nil: null,
  list: [],
};
const token = unsigned(claims, { alg: 'HS256', typ: 'JWT', kid: 'k1' });
const note = 'note: signature not verified\n';

test('shows header and claims, explains times, and says that nothing was verified', async () => {
  const short = unsigned({ sub: 'u', iat: now - 10_800, exp: now + 90, nbf: 1e300, auth_time: 'x' }, { alg: 'HS256' });
  const { exitCode, stdout, stderr } = await runCli(['decode', short]);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: note });
  expect(stdout).toBe(
    [
      'Header',
      '  alg  "HS256"',
      '',
      'Claims',
      '  sub        "u"',
      '  iat        1795424400  2026-11-23T09:00:00Z, 3h ago',
      '  exp        1795435290  2026-11-23T12:01:30Z, in 1m 30s',
      '  nbf        1e+300  not a time: out of range',
      '  auth_time  "x"  not a time: a string',
      '',
    ].join('\n'),
  );
});

test('shows a token that every verifier refuses: expired, alg none, unknown crit', async () => {
  const hostile = unsigned({ exp: 1 }, { alg: 'none', crit: ['x'] });
  const { exitCode, stdout } = await runCli(['decode', hostile]);
  expect(exitCode).toBe(0);
  expect(stdout).toContain('"none"');
});

test('shows empty claims', async () => {
  expect(await stdoutOf(['decode', unsigned({})])).toMatch(/Claims\n {2}\(none\)$/);
});

test('--at sets the clock', async () => {
  expect(await stdoutOf(['decode', token, '--at', '+1h'])).toContain('2026-11-23T12:30:00Z, 30m ago');
});

test('--json is {"header","claims"} on one line, the note on stderr', async () => {
  const { exitCode, stdout, stderr } = await runCli(['decode', token, '--json']);
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '{"note":{"message":"signature not verified"}}\n' });
  expect(stdout).toBe(`${JSON.stringify({ header: segmentOf(token, 0), claims })}\n`);
});

test('--json is indented on a terminal, and the same JSON', async () => {
  const { stdout } = await runCli(['decode', token, '--json'], { terminals: ['stdout'] });
  expect(stdout).toBe(`${JSON.stringify({ header: segmentOf(token, 0), claims }, null, 2)}\n`);
});

describe('--claim', () => {
  test.each([
    ['sub', 'user-1'],
    ['exp', String(claims.exp)],
    ['zero', '0'],
    ['no', 'false'],
    ['nil', 'null'],
    ['list', '[]'],
    ['realm', JSON.stringify(claims.realm)],
    ['realm.roles', '["reader","writer"]'],
    ['realm.roles.0', 'reader'],
    ['realm.roles.1', 'writer'],
    ['/realm/roles/1', 'writer'],
    ['/realm/a~1b', '1'],
    ['/realm/m~0n', '2'],
    ['/realm/', '3'],
    ['https://x.example/plan', 'pro'],
    ['a.b', 'dotted'],
    ['/sub', 'user-1'],
  ])('%s', async (path, expected) => {
    const { exitCode, stdout, stderr } = await runCli(['decode', token, '--claim', path]);
    expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 0, stdout: `${expected}\n`, stderr: note });
  });

  test.each([
    ['nothing'],
    ['realm.nothing'],
    ['realm.roles.2'],
    ['realm.roles.-1'],
    ['realm.roles.01'],
    ['realm.roles.length'],
    ['sub.length'],
    ['sub.0'],
    ['nil.x'],
    ['__proto__'],
    ['constructor'],
    ['realm.constructor.name'],
    ['toString'],
    ['/'],
    ['/realm/a/b'],
    ['.'],
    ['SUB'],
  ])('--claim refuses the missing claim %j', async (path) => {
    const { exitCode, stdout, stderr } = await runCli(['decode', token, '--claim', path]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 16, stdout: '' });
    expect(stderr).toBe(`error: token has no claim ${JSON.stringify(path)}\nhint: jwtkit decode shows all claims\n`);
  });

  test('with --json a string keeps its quotes', async () => {
    expect(await stdoutOf(['decode', token, '--claim', 'sub', '--json'])).toBe('"user-1"');
  });
});

describe('refuses a malformed token, and says which part is broken', () => {
  const [header = '', payload = '', signature = ''] = token.split('.');
  const encode = (text: string | Buffer) => Buffer.from(text).toString('base64url');
  const part = (text: string | Buffer) => `${header}.${encode(text)}.${signature}`;

  test.each([
    ['', 'token is empty'],
    ['nonsense', 'token has 1 segment, a JWS has 3'],
    ['.'.repeat(100), 'token has more than 6 segments'],
    ['{"payload":"x"}', 'token is JSON, a JWT is always in the compact form'],
    ['..', 'header is empty'],
    ['x'.repeat(65_537), 'token has 1 segment, a JWS has 3'],
    ['x'.repeat(16 * 1024 * 1024 + 1), 'token is longer than 16777216 characters'],
  ])('%.40s', async (text, message) => {
    const { exitCode, stdout, stderr } = await runCli(['decode', text]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 11, stdout: '' });
    expect(stderr).toMatch(/^error: [^\n]*\n(?:hint: [^\n]*\n)?$/);
    expect(stderr).toContain(message);
  });

  /** A damaged token, the error, and the defect that stdout names beside what can be read. */
  test.each([
    [`${header}.${payload}`, 'token has 2 segments, a JWS has 3', 'the signature is missing'],
    [header, 'token has 1 segment, a JWS has 3', 'the payload and the signature are missing'],
    [`${token}.x`, 'token has 4 segments, a JWS has 3', 'there are 4 segments'],
    [`${token}.x.y`, 'token has 5 segments, a JWS has 3', 'there are 5 segments'],
    [`${token}.a.b.c.d.e.f.g`, 'token has more than 6 segments', 'there are 8 or more segments'],
    [`${header}=.${payload}.${signature}`, 'header is not base64url', 'the header (segment 1) is padded'],
    [`${header}.${payload}!.${signature}`, 'payload is not base64url', 'the payload (segment 2) has a character'],
    [`${header}.${payload}.${signature}=`, 'signature is not base64url', 'the signature (segment 3) is padded'],
    [`${header}.${payload} .${signature}`, 'payload is not base64url', 'the payload (segment 2) has white space'],
    [`${header}.${payload}.a`, 'signature is not base64url', 'the signature (segment 3) is cut'],
    [`${header}.${payload}.AB`, 'signature is not base64url', 'the signature (segment 3) has bits left over'],
    [
      `${header}.${payload}.A+/A`,
      'signature is not base64url',
      'the signature (segment 3) is in the standard alphabet',
    ],
    [`${header}..${signature}`, 'payload is empty', 'the payload (segment 2) is empty'],
    [`${encode('[]')}.${payload}.`, 'header is an array, not a JSON object', 'the header is an array'],
    [`${encode('{')}.${payload}.`, 'header is not JSON', 'the header is cut'],
    [`${encode('{"a":1}')}.${payload}`, 'token has 2 segments', 'the header has no alg'],
    [part('null'), 'payload is null, not a JSON object', 'the payload is null'],
    [part('{"sub":"a","sub":"b"}'), 'payload has a duplicate member name', 'the payload has the name sub twice'],
    [part('{"a":1,"a":2,"a":3}'), 'payload has a duplicate member name', 'the payload has the name a 3 times'],
    [
      part('{"a":{"b":1,"b":2}}'),
      'payload has a duplicate member name',
      'the payload has a name twice in an object within it',
    ],
    [part('{"sub":"user-1","exp":17'), 'payload is not JSON', 'the payload is cut'],
    [part(Buffer.from([0x7b, 0xff, 0x7d])), 'payload is not UTF-8', 'the payload is not UTF-8'],
    [part('{"a":"\\ud800"}'), 'payload has a lone surrogate', 'the payload has a lone surrogate'],
    [
      part(`{"a":${'['.repeat(64)}${']'.repeat(64)}}`),
      'payload is nested deeper than 64 levels',
      'the payload is nested',
    ],
  ])('shows what can be read of %.40s', async (text, message, defect) => {
    const { exitCode, stdout, stderr } = await runCli(['decode', text]);
    expect(exitCode).toBe(11);
    expect(stderr).toContain(`note: signature not verified\nerror: ${message}`);
    expect(stdout).toContain(`Defects\n`);
    expect(stdout).toContain(`  ${defect}`);
    const { stdout: json, exitCode: exitOfJson } = await runCli(['decode', text, '--json']);
    expect(exitOfJson).toBe(11);
    expect(JSON.parse(json).defects.join('\n')).toContain(defect);
    expect(await runCli(['decode', text, '--claim', 'sub'])).toMatchObject({ exitCode: 11, stdout: '' });
  });

  test('shows both values of a name that is there twice, and the text of a cut payload', async () => {
    const twice = await runCli(['decode', part('{"sub":"a","exp":1,"sub":"b"}')]);
    expect(twice.stdout).toContain('\n  sub  "a"\n  exp  1  1970-01-01T00:00:01Z');
    expect(twice.stdout).toContain('\n  sub  "b"\n');
    const cut = await runCli(['decode', `${header}.${payload.slice(0, 21)}`]);
    expect(cut.stdout).toContain('Payload, as text\n  {"sub":"user-1"');
    const json = await runCli(['decode', part('{"sub":"a","sub":"b"}'), '--json']);
    expect(JSON.parse(json.stdout)).toEqual({
      header: segmentOf(token, 0),
      claims: { sub: 'b' },
      claims_text: '{"sub":"a","sub":"b"}',
      defects: ['the payload has the name sub twice'],
    });
  });

  test('escapes what it shows of a damaged token', async () => {
    const { stdout } = await runCli(['decode', `${header}.${encode('{"a":"\u202e\u001b[31m","\u009b":1')}`]);
    expect(stdout).not.toMatch(/[^\n\x20-\x7e]/);
    const members = await runCli(['decode', `${header}.${encode('{"\u202e":"\u2066","\u202e":"\u009b"}')}.`]);
    expect(members.stdout).not.toMatch(/[^\n\x20-\x7e]/);
  });
});

describe('an encrypted token', () => {
  const encode = (text: string) => Buffer.from(text).toString('base64url');
  const jwe = `${encode('{"alg":"RSA-OAEP-256","enc":"A256GCM","kid":"e1"}')}.${encode('key')}.${'A'.repeat(16)}.${encode('text')}.${'A'.repeat(22)}`;

  test('shows its header, and a note that the content is encrypted', async () => {
    const { exitCode, stdout, stderr } = await runCli(['decode', jwe]);
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: 'Header\n  alg  "RSA-OAEP-256"\n  enc  "A256GCM"\n  kid  "e1"\n',
    });
    expect(stderr).toContain('note: the content is encrypted');
    const json = await runCli(['decode', `Authorization: Bearer ${jwe}`, '--json']);
    expect(json.exitCode).toBe(0);
    const header = { alg: 'RSA-OAEP-256', enc: 'A256GCM', kid: 'e1' };
    expect(JSON.parse(json.stdout)).toEqual({ header, encrypted: true, defects: [] });
  });

  test.each([
    [jwe.replace(/[^.]*$/, ''), 'the authentication tag (segment 5) is empty'],
    [`${jwe}=`, 'the authentication tag (segment 5) is padded'],
    [jwe.replace('.', '.+'), 'the encrypted key (segment 2) is in the standard alphabet'],
  ])('a damaged one is exit 11', async (text, defect) => {
    const { exitCode, stdout } = await runCli(['decode', text]);
    expect(exitCode).toBe(11);
    expect(stdout).toContain('"A256GCM"');
    expect(stdout).toContain(defect);
  });

  test.each([['decode', '--claim', 'sub'], ['inspect'], ['verify', '--secret-env', 'S']])(
    'has no claims for %s %s',
    async (...command) => {
      const env = { S: 'a secret of thirty-two bytes, at least' };
      const { exitCode, stderr } = await runCli([...command, jwe], { env });
      expect(exitCode).toBe(11);
      expect(stderr).toContain(
        'hint: jwtkit decode shows its header; jwtkit decrypt, or verify --decrypt-key FILE, opens',
      );
    },
  );

  const [head = '', encryptedKey, iv, ciphertext, tag] = jwe.split('.');
  const shared = { iv, ciphertext, tag };
  const flattened = JSON.stringify({ protected: head, encrypted_key: encryptedKey, ...shared }, null, 2);
  const recipients = ['e1', 'e2'].map((kid) => ({ header: { alg: 'RSA-OAEP-256', kid }, encrypted_key: encryptedKey }));
  const enc = Buffer.from('{"enc":"A256GCM"}').toString('base64url');
  const general = JSON.stringify({ protected: enc, recipients, ...shared });

  test('in JSON shows the header, or that of each recipient', async () => {
    const { exitCode, stdout, stderr } = await runCli(['decode', '-'], { stdin: flattened });
    expect([exitCode, stdout]).toEqual([0, 'Header\n  alg  "RSA-OAEP-256"\n  enc  "A256GCM"\n  kid  "e1"\n']);
    expect(stderr).toContain('note: the content is encrypted');
    expect(stderr).toContain('decrypting it takes the RSA private key with the kid "e1"');
    const both = await runCli(['decode', '--token-file', fileWith(general)]);
    expect(both.stdout).toMatch(/^Header for recipient 1\n(?: {2}.*\n)+\nHeader for recipient 2\n/);
    expect(both.stderr.match(/with the kid "e[12]"/g)).toHaveLength(2);
    const json = async (text: string) => JSON.parse(await stdoutOf(['decode', '-', '--json'], { stdin: text }));
    const header = { alg: 'RSA-OAEP-256', enc: 'A256GCM', kid: 'e1' };
    expect(await json(flattened)).toEqual({ header, encrypted: true, defects: [] });
    expect(await json(general)).toEqual({ headers: [header, { ...header, kid: 'e2' }], encrypted: true, defects: [] });
  });

  test('in JSON that is damaged is exit 11 with the defect', async () => {
    const { exitCode, stdout, stderr } = await runCli(['decode', flattened.replace(/"iv": "/, '"iv": "+')]);
    expect([exitCode, stdout, stderr]).toEqual([11, '', expect.stringContaining('iv is not base64url')]);
    for (const command of [['inspect'], ['verify', '--secret-env', 'S']]) {
      const run = await runCli([...command, general], { env: { S: 'a secret of thirty-two bytes, at least' } });
      expect([run.exitCode, run.stderr]).toEqual([11, expect.stringContaining('this is an encrypted token (JWE)')]);
    }
    expect((await runCli(['inspect', general])).stderr).toContain('decrypting it takes the RSA private key');
  });

  test('in a batch shows its header, also beside signed and broken lines', async () => {
    const lines = [jwe, JSON.stringify(JSON.parse(flattened)), general, token, `${token}.x.y`, `${jwe}=`];
    const { exitCode, stdout } = await runCli(['decode', '--batch'], { stdin: lines.join('\n') });
    const answers = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const header = { alg: 'RSA-OAEP-256', enc: 'A256GCM', kid: 'e1' };
    expect(exitCode).toBe(10);
    expect(answers).toMatchObject([
      { line: 1, header, encrypted: true },
      { line: 2, header, encrypted: true },
      { line: 3, headers: [header, { ...header, kid: 'e2' }], encrypted: true },
      { line: 4, claims: expect.anything() },
      { line: 5, error: { message: expect.stringContaining('5 segments') } },
      { line: 6, error: { message: 'authentication tag is not base64url' } },
    ]);
  });
});

test('--json prints an error as JSON', async () => {
  const { exitCode, stdout, stderr } = await runCli(['decode', 'x', '--json']);
  const error = { code: 'TOKEN_MALFORMED', message: 'token has 1 segment, a JWS has 3' };
  expect({ exitCode, stdout, stderr }).toEqual({ exitCode: 11, stdout: '', stderr: `${JSON.stringify({ error })}\n` });
});

describe('a token of millions of small parts', () => {
  const header = Buffer.from('{"alg":"HS256"}').toString('base64url');
  const decodeLarge = async (token: string) => runCli(['decode', '-'], { stdin: token });
  const manyClaims = (count: number) => Array.from({ length: count }, (_, at) => `"a${at}":1`).join(',');
  const tokenOf = (payload: string) => `${header}.${Buffer.from(payload).toString('base64url')}.AAAA`;

  test('is refused without filling the stack: dots', async () => {
    expect((await decodeLarge(`${header}${'.'.repeat(8_000_000)}`)).exitCode).toBe(11);
  });

  test('is shown: claims, and names that are there twice', { tags: 'slow' }, async () => {
    expect((await decodeLarge(tokenOf(`{${manyClaims(200_000)}}`))).exitCode).toBe(0);
    expect((await decodeLarge(tokenOf(`{${manyClaims(200_000)},"a0":1}`))).exitCode).toBe(11);
  });

  test('does not pad each name to the length of the longest', async () => {
    const token = tokenOf(`{"${'n'.repeat(20_000)}":1,${manyClaims(2000)}}`);
    expect((await decodeLarge(token)).stdout.length).toBeLessThan(400_000);
  });
});
