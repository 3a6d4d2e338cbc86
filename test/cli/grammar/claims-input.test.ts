/** What `issue` takes for claims, by file and by line: claims, or what another command printed of a token; never an error. */
import { describe, expect, test } from 'vitest';
import { fileWith, now, runCli, secret, segmentOf, stdoutOf, unsigned } from '../fake-io.js';

const env = { S: secret };
const issue = ['issue', '--secret-env', 'S'];
const claims = { sub: 'u', iat: 1, exp: now + 60, jti: 'j', type: 'access', n: 1 };
const header = { alg: 'HS256' };
const error = { code: 'TOKEN_MALFORMED', message: 'token has 1 segment, a JWS has 3' };
const life = { state: 'expired', issued_at: 1, active_from: null, expires_at: 2, lifetime: 1, remaining: 0 };
const checks = [{ name: 'format', status: 'passed', message: 'well' }];

const privateJwk = { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA', d: 'AA' };

/** Both ways in, and what each makes of it: the claims that were signed, or why nothing was. */
async function give(input: object) {
  const text = JSON.stringify(input);
  const file = await runCli([...issue, '--claims', fileWith(text)], { env });
  const batch = await runCli([...issue, '--batch'], { env, stdin: `${text}\n{"sub":"next"}\n` });
  return { file, batch };
}

describe('claims are read from the output of other commands', () => {
  test.each<[string, object]>([
    ['decode --json', { header, claims }],
    ['decode --batch', { line: 1, header, claims }],
    [
      'verify --json',
      { valid: true, code: null, checks, header, claims, key: { kid: null, alg: 'HS256', source: null } },
    ],
    [
      'verify --json with a policy file and fetched keys',
      { valid: true, code: null, checks, header, claims, key: {}, fetched: {}, config: 'f' },
    ],
    [
      'verify --json with a set that has a broken key',
      { valid: true, code: null, checks, header, claims, key: {}, skipped: [{ kid: 'b', reason: 'broken' }] },
    ],
    ['verify --batch --claims', { line: 7, valid: true, sub: 'u', exp: now + 60, kid: 'k', claims }],
    ['issue --json', { token: 'eyJ', claims }],
    ['issue --batch --json', { line: 1, token: 'eyJ', claims }],
  ])('%s', async (_name, input) => {
    const { file, batch } = await give(input);
    expect([file.exitCode, file.stderr]).toEqual([0, '']);
    expect(segmentOf(file.stdout, 1)).toEqual(claims);
    expect(batch.exitCode).toBe(0);
    expect(segmentOf(batch.stdout, 1)).toEqual(claims);
  });
});

describe('output without claims is not signed', () => {
  test.each<[string, object, string]>([
    ['a line of decode --batch', { line: 2, error }, 'is an error, "TOKEN_MALFORMED", not claims'],
    ['an error of --json', { error }, 'is an error, "TOKEN_MALFORMED", not claims'],
    ['an error with a hint and a stack', { error: { ...error, hint: 'h', stack: 's' } }, 'is an error'],
    ['an error with a code alone', { line: 2, error: { code: 'X' } }, 'is an error, "X", not claims'],
    ['an error beside what was read', { line: 2, header, claims, error }, 'is an error'],
    ['a line of inspect --batch that does not pass', { line: 2, ...life, error }, 'is an error'],
    ['a line of inspect --batch', { line: 2, ...life }, 'is the output of inspect, which has no claims'],
    ['inspect --json', life, 'is the output of inspect'],
    [
      'a refusal of verify --batch',
      { line: 2, valid: false, code: 'TOKEN_EXPIRED', sub: 'u' },
      'is a refusal, "TOKEN_EXPIRED", not',
    ],
    ['a refusal with claims', { line: 2, valid: false, code: 'TOKEN_EXPIRED', claims }, 'is a refusal'],
    ['a refusal without its code', { line: 2, valid: false }, 'is a refusal, "without a code", not claims'],
    [
      'a refusal of verify --json',
      { valid: false, code: 'CLAIM_MISMATCH', checks, header, claims, key: {} },
      'is a refusal',
    ],
    [
      'a refusal under a set that has a broken key',
      { valid: false, code: 'CLAIM_MISMATCH', checks, header, claims, skipped: [{ kid: 'b', reason: 'broken' }] },
      'is a refusal',
    ],
    ['decode --json of an encrypted token', { header, encrypted: true, defects: [] }, 'is the header of an encrypted'],
    ['a line of decode --batch for one', { line: 1, header, encrypted: true }, 'is the header of an encrypted token'],
    [
      'decode --json of a token for two recipients',
      { headers: [header, header], encrypted: true, defects: [] },
      'is the header of an encrypted token',
    ],
    ['a line of decode --batch for two', { line: 1, headers: [header, header], encrypted: true }, 'is the header of'],
    [
      'decode --json of a damaged token',
      { header, claims, defects: ['the signature is missing'] },
      'is what decode could read of a damaged token',
    ],
    [
      'decode --json of a cut token',
      { header_text: '{"alg"', defects: ['the header is cut'] },
      'is what decode could read of a damaged token',
    ],
    ['a verdict without claims', { line: 2, valid: true, sub: 'u', exp: 1 }, 'is a verdict without claims'],
    ['output of encrypt', { token: 'x', kid: null }, 'is the output of encrypt'],
    ['a line of decrypt', { line: 1, header: {}, kid: 'k', content: '{}' }, 'is the output of decrypt'],
    ['bytes of decrypt', { header: {}, kid: null, content_base64: '' }, 'is the output of decrypt'],
    ['a pair', { access_token: 'a', refresh_token: 'r', token_type: 'bearer', expires_in: 1 }, 'is a pair of tokens'],
    [
      'a line with a pair',
      { line: 1, access_token: 'a', refresh_token: 'r', token_type: 'bearer', expires_in: 1 },
      'is a pair',
    ],
    [
      'a pair of fewer scopes than were asked for',
      { access_token: 'a', refresh_token: 'r', token_type: 'bearer', expires_in: 1, scope: 'read' },
      'is a pair of tokens',
    ],
    ['a pair of another issuer', { access_token: 'a', id_token: 'i', token_type: 'Bearer' }, 'is a pair of tokens'],
    ['an error of serve', { detail: 'Invalid token', path: '/users/me' }, 'is an error of a service'],
    ['an unknown path of serve', { detail: 'Not Found' }, 'is an error of a service'],
    ['a form that serve cannot read', { detail: [{ loc: ['body'], msg: 'm' }], path: '/' }, 'is an error of a service'],
    [
      'an error of the token endpoint of serve',
      { detail: 'd', path: '/token', error: 'invalid_grant', error_description: 'd' },
      'is an error of a service',
    ],
    [
      'an error of another token endpoint',
      { error: 'invalid_grant', error_description: 'd' },
      'is an error of a service, "invalid_grant"',
    ],
    ['a token that is not active', { active: false }, 'is what /introspect says of a token that is not active'],
    ['diff --json', { differences: [] }, 'is the output of diff'],
    ['a private key', { ...privateJwk, kid: 'k', use: 'sig', iat: 1 }, 'is a key (JWK), not claims'],
    ['a shared secret', { kty: 'oct', k: 'c2VjcmV0', alg: 'HS256', ext: true, key_ops: ['sign'] }, 'is a key (JWK)'],
    ['a public key', { kty: 'OKP', crv: 'Ed25519', x: 'AA' }, 'is a key (JWK)'],
    ['a JWK Set', { keys: [privateJwk] }, 'is a JWK Set, not claims'],
    ['clients add', { client_id: 'c', name: 'n', scopes: [], aud: [], created: 1, client_secret: 's' }, 'is a client'],
    [
      'a registered client',
      { client_id: 'c', client_secret: 's', client_secret_expires_at: 0 },
      'is a client with its',
    ],
    ['diff --json with a key', { differences: [], checks: [] }, 'is the output of diff'],
    ['a report', { command: 'lint', summary: 's', findings: [], cases: [] }, 'is a report of "lint"'],
    ['a report in SARIF', { $schema: 's', version: '2.1.0', runs: [] }, 'is a report in SARIF'],
  ])('%s', async (_name, input, reason) => {
    const { file, batch } = await give(input);
    expect([file.exitCode, file.stdout]).toEqual([2, '']);
    expect(file.stderr).toMatch(/^error: --claims: .*\nhint: /);
    expect(file.stderr).toContain(reason);
    expect(batch.exitCode).toBe(10);
    expect(batch.stdout).toMatch(/^\n[\w-]+\.[\w-]+\.[\w-]+\n$/);
    expect(batch.stderr).toContain(`error: line 1: the line ${reason}`);
    expect(batch.stderr).toContain('1 USAGE_INVALID, 1 issued');
  });

  test('issue --batch --json refuses such a line with an error as JSON', async () => {
    const stdin = JSON.stringify({ line: 5, error });
    const { exitCode, stdout } = await runCli([...issue, '--batch', '--json'], { env, stdin });
    expect(exitCode).toBe(10);
    expect(JSON.parse(stdout)).toMatchObject({ line: 1, error: { code: 'USAGE_INVALID' } });
  });
});

describe('claims that are named like members of an output are signed', () => {
  test.each<object>([
    { sub: 'u', error: 'none' },
    { error: 'TOKEN_MALFORMED' },
    { error: { message: 'no code' } },
    { sub: 'u', error },
    { sub: 'u', line: 2, error },
    { sub: 'u', header, claims },
    { claims: { a: 1 } },
    { claims: { a: 1 }, sub: 'u' },
    { claims: 'x', header },
    { line: 1, sub: 'u' },
    { valid: false, sub: 'u' },
    { line: 1, valid: 'no' },
    { token: 'x', sub: 'u' },
    { state: 'open' },
    { access_token: 'x', sub: 'u' },
    { access_token: 'x', token_type: 'bearer', sub: 'u' },
    { detail: 'x', sub: 'u' },
    { active: false, sub: 'u' },
    { active: true },
    { version: '1', runs: 3 },
    { kty: 'EC', sub: 'u' },
    { sub: 'u', cnf: { jwk: { kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' } } },
    { keys: [] },
    { keys: ['a'] },
    { client_id: 'c', sub: 'u' },
  ])('%j', async (input) => {
    const { file, batch } = await give(input);
    expect(file.exitCode).toBe(0);
    expect(segmentOf(file.stdout, 1)).toMatchObject(input);
    expect(batch.exitCode).toBe(0);
    expect(segmentOf(batch.stdout.split('\n')[0] ?? '', 1)).toMatchObject(input);
  });
});

test('issue never signs a whole output line of another command as claims', async () => {
  const good = await stdoutOf([...issue, '--claims', '-'], { env, stdin: JSON.stringify(claims) });
  const recipients = ['e1', 'e2'].map((kid) => ({ header: { alg: 'RSA-OAEP-256', kid }, encrypted_key: 'AAAA' }));
  const shared = { protected: Buffer.from('{"enc":"A256GCM"}').toString('base64url'), iv: 'AAAA', tag: 'AAAA' };
  const forTwo = fileWith(JSON.stringify({ ...shared, recipients, ciphertext: 'AAAA' }));
  const stdin = `${good}\nnonsense\n${unsigned({ ...claims, exp: 1 })}\n`;
  const commands = [
    ['decode', '--batch'],
    ['inspect', '--batch'],
    ['verify', '--secret-env', 'S', '--batch'],
    ['verify', '--secret-env', 'S', '--batch', '--claims'],
    ['decode', '--json', good],
    ['decode', '--json', 'nonsense'],
    ['verify', '--json', '--secret-env', 'S', good],
    ['verify', '--json', '--secret-env', 'S', unsigned(claims)],
    ['inspect', '--json', good],
    ['issue', '--json', '--secret-env', 'S', '--sub', 'u'],
    ['issue', '--json', '--secret-env', 'S', '--pair'],
    ['decode', '--json', '--token-file', forTwo],
    ['decode', '--batch', forTwo],
    ['diff', '--json', good, unsigned(claims)],
    ['diff', '--json', '--secret-env', 'S', good, unsigned(claims)],
    ['lint', '--json', '--token-file', fileWith(good)],
  ];
  for (const command of commands) {
    const printed = await runCli(command, { env, stdin });
    const lines = `${printed.stdout}${printed.stderr}`.split('\n').filter((line) => line.startsWith('{'));
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) {
      const { stdout } = await runCli([...issue, '--batch'], { env, stdin: line });
      if (stdout === '\n') continue;
      expect(Object.keys(segmentOf(stdout, 1))).not.toEqual(expect.arrayContaining(['line']));
      expect(segmentOf(stdout, 1)).toEqual(JSON.parse(line).claims);
    }
  }
});

test('claims in the place of their file get a hint, and are not repeated', async () => {
  const { exitCode, stdout, stderr } = await runCli([...issue, '--claims', '{"ssn":"123"}'], { env });
  expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
  expect(stderr).toContain('hint: --claims takes the name of a file, not what is in it');
  expect(stderr).not.toContain('ssn');
});
