/** Reports of `verify` and `verify --batch`, read by other people's validators. */
import { chmodSync, existsSync, readdirSync, readFileSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { validateXML } from 'xmllint-wasm';
import { fileWith, runCli, secret, stdoutOf, temporaryFolder, textOf, unsigned } from '../fake-io.js';

const schema = readFileSync(join(import.meta.dirname, '../../vectors/reports/junit-10.xsd'), 'utf8');
const problemsOf = async (contents: string) =>
  (await validateXML({ xml: [{ fileName: 'report.xml', contents }], schema: [schema] })).errors;

const env = { S: secret };
const bySecret = ['--secret-env', 'S', '--aud', 'api'];
const verify = (args: readonly string[], world: object = {}) =>
  runCli(['verify', ...bySecret, ...args], { env, ...world });

let good = '';
let hostile = '';
beforeAll(async () => {
  const issue = (...args: string[]) => stdoutOf(['issue', '--secret-env', 'S', ...args], { env });
  good = await issue('--sub', 'a', '--aud', 'api');
  // What breaks out of XML, Markdown and workflow commands, in a claim that the message repeats.
  hostile = await issue('--sub', 'a', '--aud', 'x\n::error::y]]></failure><b>|%0A`@all');
});

describe('reports of verify', () => {
  test('have a case for each check in JUnit', async () => {
    const { exitCode, stdout } = await verify([good, '--format', 'junit']);
    expect(exitCode).toBe(0);
    expect(await problemsOf(stdout)).toEqual([]);
    expect(stdout).toContain('<testcase classname="jwtkit.verify.token" name="signature"/>');
    expect(stdout).toContain('<testsuites name="jwtkit verify" tests="16" failures="0" errors="0">');
  });

  test('name each failed check in annotations, and the exit code and stderr stay', async () => {
    const { exitCode, stdout, stderr } = await verify([good, '--iss', 'me', '--format', 'github']);
    expect(exitCode).toBe(16);
    expect(stdout).toBe('::error title=CLAIM_MISSING::token iss: token has no iss, expected "me"\n');
    expect(stderr).toContain('error: token has no iss, expected "me"');
  });

  test('name the file and the variable that the token came from', async () => {
    const file = fileWith(good, 'token.jwt');
    const { stdout } = await verify(['--token-file', file, '--iss', 'me', '--format', 'github']);
    expect(stdout).toMatch(/^::error file=.*token\.jwt,title=CLAIM_MISSING::iss: /);
    const named = await verify(['--token-env', 'T', '--iss', 'me', '--format', 'markdown'], {
      env: { ...env, T: good },
    });
    expect(named.stdout).toContain('| error | CLAIM&#95;MISSING | T iss |');
  });

  test('are several files beside the usual output, in the forms of their names', async () => {
    const folder = temporaryFolder();
    const files = ['a.xml', 'b.md', 'c.json', 'd.txt'].map((name) => join(folder, name));
    const plain = await verify([good, '--iss', 'me']);
    const withFiles = await verify([good, '--iss', 'me', ...files.flatMap((file) => ['--report', file])]);
    expect(withFiles).toEqual(plain);
    const [junit, markdown, json, text] = files.map(textOf) as [string, string, string, string];
    expect(await problemsOf(junit)).toEqual([]);
    expect(markdown).toContain('refused&#58; token has no iss');
    expect(json).toBe((await verify([good, '--iss', 'me', '--json'])).stdout);
    expect(text).toBe(plain.stdout);
  });

  test('as files repeat no token that is a claim, and --json does', async () => {
    const folder = temporaryFolder();
    const files = ['a.json', 'b.xml', 'c.md', 'd.txt', 'github:e'].map((name) =>
      join(folder, name.replace('github:', '')),
    );
    const names = files.map((file) => (file.endsWith('e') ? `github:${file}` : file));
    const reports = names.flatMap((name) => ['--report', name]);
    const issue = ['issue', '--secret-env', 'S', '--aud', 'api', '--claim', `id_token=${good}`, '--sub', good];
    const outer = await stdoutOf(issue, { env });
    const runs = [
      await verify([outer, '--json', '--verbose', ...reports]),
      await verify([outer, '--json', '--sub', 'me', ...reports]),
      await verify(['--batch', ...reports], { stdin: `${outer}\n` }),
    ];
    for (const { stdout } of runs) expect(stdout).toContain(good);
    for (const file of files) expect(textOf(file)).not.toContain(good.slice(-20));
    expect(JSON.parse(textOf(files[0] as string)).sub).toBe('[token]');
    await verify([outer, ...reports]);
    for (const file of files) expect(textOf(file)).not.toContain(good.slice(-20));
    expect(JSON.parse(textOf(files[0] as string)).claims).toMatchObject({ id_token: '[token]', sub: '[token]' });
  });

  test('--format json is --json', async () => {
    expect((await verify([good, '--format', 'json'])).stdout).toBe((await verify([good, '--json'])).stdout);
  });

  test('are written with --quiet and --claim too', async () => {
    const file = join(temporaryFolder(), 'a.xml');
    expect(await verify([good, '--iss', 'me', '-q', '--report', file])).toEqual({
      exitCode: 16,
      stdout: '',
      stderr: '',
    });
    expect(await problemsOf(textOf(file))).toEqual([]);
    expect((await verify([good, '--claim', 'sub', '--report', file])).stdout).toBe('a\n');
    expect(textOf(file)).toContain('failures="0"');
  });

  test('--summary appends Markdown to the file of GITHUB_STEP_SUMMARY', async () => {
    const file = fileWith('before\n');
    await verify([good, '--summary'], { env: { ...env, GITHUB_STEP_SUMMARY: file } });
    expect(textOf(file)).toBe('before\n### jwtkit verify\n\nvalid\n\n');
  });

  test.each([
    ['hostile claims', () => hostile],
    ['a malformed token', () => 'eyJ.nonsense.x'],
    ['an unsigned token', () => unsigned({ sub: 'a' })],
  ])('hold their form for %s', async (_title, token) => {
    expect(await problemsOf((await verify([token(), '--format', 'junit'])).stdout)).toEqual([]);
    const { stdout } = await verify([token(), '--format', 'github']);
    for (const line of stdout.trimEnd().split('\n')) expect(line).toMatch(/^::error title=[A-Z_]+::token /);
    expect((await verify([token(), '--format', 'markdown'])).stdout).not.toMatch(/<b>|`|@all/);
  });

  test.each([
    [['--format', 'sarif'], 'SARIF is for lint and probe\nhint: one of text, json, junit, github, markdown'],
    [['--report', 'a.sarif'], 'SARIF is for lint and probe\nhint: one of text, json, junit, github, markdown'],
    [['--format', 'sarf'], 'Allowed choices are text, json, junit, github, markdown'],
    [['--format', 'junit', '--json'], 'exclude each other'],
    [['--format', 'junit', '-q'], '--quiet and --format exclude each other'],
    [['--format', 'junit', '--claim', 'sub'], '--claim and --format exclude each other'],
    [
      ['--report', 'results'],
      "cannot tell the format from the file's name\nhint: end it in .json, .xml (JUnit), .md, .txt, or write FORM:FILE with one of text, json, junit, github, markdown",
    ],
    [['--summary'], 'GITHUB_STEP_SUMMARY is not set'],
  ])('refuse %j', async (args, message) => {
    const { exitCode, stdout, stderr } = await verify([good, ...args]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toContain(message);
  });

  const modes = [
    ['alone', () => [good]],
    ['--batch', () => ['--batch', fileWith(good)]],
  ] as const;
  test.each(modes)('refuse a link, which would choose the file that is replaced: %s', async (_title, args) => {
    const folder = temporaryFolder();
    const [victim, link] = [fileWith('victim'), join(folder, 'report.txt')];
    symlinkSync(victim, link);
    const { exitCode, stderr } = await verify([...args(), '--report', link]);
    expect(exitCode).toBe(3);
    expect(stderr).toContain('report.txt: it is a symbolic link');
    expect(stderr).toContain('hint: remove the link, or name the file that it leads to');
    expect(textOf(victim)).toBe('victim');
    const broken = join(folder, 'broken.txt');
    symlinkSync(join(folder, 'new.txt'), broken);
    expect((await verify([...args(), '--report', broken])).exitCode).toBe(3);
    expect(existsSync(join(folder, 'new.txt'))).toBe(false);
  });

  test.each([
    ['the token', (file: string) => ['--token-file', file], '--token-file'],
    ['a key', (file: string) => [good, '--key', file], '--key'],
    ['an env file', (file: string) => [good, '-e', file], '--dotenv'],
    ['tokens', (file: string) => ['--batch', file], '--batch'],
  ])('refuse to replace an input: %s', async (_title, args, reader) => {
    const file = fileWith('A=b\n', 'input.txt');
    const alias = join(temporaryFolder(), 'alias.txt');
    symlinkSync(file, alias);
    for (const named of [file, alias]) {
      const { exitCode, stderr } = await runCli(['verify', '--report', file, ...args(named)]);
      expect(exitCode).toBe(2);
      expect(stderr).toContain(`input.txt is what ${reader} reads`);
    }
    expect(textOf(file)).toBe('A=b\n');
  });

  test('refuse to replace a file of the keyring, and replace an earlier report', async () => {
    const set = fileWith('{}', 'jwks.json');
    const { exitCode, stderr } = await runCli(['verify', good, '--keyring', dirname(set), '--report', set]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('is in the keyring');
    expect((await verify([good, '--report', set])).exitCode).toBe(0);
  });

  const signed = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2k';
  test.each<[string, string | Buffer, number]>([
    ['a private key', `-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n`, 0o644],
    ['a private key after text', `Bag Attributes\n-----BEGIN RSA PRIVATE KEY-----\n`, 0o644],
    ['a private JWK', '{"kty":"OKP","crv":"Ed25519","x":"AAAAAAAAAAAA","d":"AAAAAAAAAAAA"}', 0o644],
    ['a set with a secret', '{ "keys": [{ "kty": "oct", "k" : "AAAAAAAAAAAA" }] }', 0o644],
    ['settings', 'DEBUG=1\nexport JWT_SECRET_KEY="abc"\n', 0o644],
    ['settings of YAML', 'a: 1\n  db_password: abc\n', 0o644],
    ['a token', `${signed}\n`, 0o644],
    ['a DER key', Buffer.from([0x30, 0x2e, 0x02, 0x01, 0x00]), 0o644],
    ['a secret that others may not read', 'correct horse battery staple\n', 0o600],
  ])('refuse to replace %s', async (_title, content, mode) => {
    const file = fileWith(content, 'a.txt');
    chmodSync(file, mode);
    for (const form of ['text', 'json', 'junit', 'markdown']) {
      const { exitCode, stderr } = await verify([good, '--report', `${form}:${file}`]);
      expect(exitCode).toBe(2);
      expect(stderr).toMatch(/--report: the file .*a\.txt (seems to hold|is closed)/);
    }
    expect(readFileSync(file)).toEqual(Buffer.from(content));
  });

  test.each(['text', 'json', 'junit', 'markdown', 'github'])('replace an earlier one of the form %s', async (form) => {
    const file = join(temporaryFolder(), 'report');
    for (const input of [good, 'x.y.z', undefined, undefined]) {
      const tokens = input === undefined ? ['--batch'] : [input];
      const world = input === undefined ? { stdin: `${good}\nx.y.z\n` } : {};
      expect((await verify([...tokens, '--report', `${form}:${file}`], world)).exitCode).not.toBe(2);
      // As a umask of 077 makes it.
      chmodSync(file, 0o600);
    }
  });

  test('replace a file of no secret', async () => {
    const file = fileWith('old words\n', 'a.txt');
    chmodSync(file, 0o644);
    expect((await verify([good, '--report', file])).exitCode).toBe(0);
  });

  test('say who makes SARIF', async () => {
    expect((await verify([good, '--format', 'sarif'])).stderr).toContain('SARIF is for lint and probe');
  });
});

describe('reports of verify --batch', () => {
  const lines = () => [good, hostile, '', 'nonsense', good].join('\n');
  const batch = (args: readonly string[], world: object = {}) =>
    verify(['--batch', ...args], { stdin: lines(), ...world });

  test('have a case for each token in JUnit, with counts above them', async () => {
    const { exitCode, stdout, stderr } = await batch(['--format', 'junit']);
    expect(exitCode).toBe(10);
    expect(await problemsOf(stdout)).toEqual([]);
    expect(stdout).toMatch(/<testsuite name="standard input" tests="4" failures="2" errors="0" skipped="0" *>/);
    expect([...stdout.matchAll(/name="(line \d)"(\/?)>/g)].map(([, name, end]) => `${name}${end}`)).toEqual([
      'line 1/',
      'line 2',
      'line 4',
      'line 5/',
    ]);
    expect(stderr).toContain('2 valid, 1 CLAIM_MISMATCH, 1 TOKEN_MALFORMED\n');
  });

  test('name the line of the file in annotations', async () => {
    const file = fileWith(lines(), 'tokens.txt');
    const { stdout } = await verify(['--batch', file, '--format', 'github']);
    const commands = stdout.trimEnd().split('\n');
    expect(commands).toHaveLength(2);
    expect(commands[0]).toMatch(/^::error file=.*tokens\.txt,line=2,title=CLAIM_MISMATCH::/);
    expect(commands[1]).toMatch(/^::error file=.*tokens\.txt,line=4,title=TOKEN_MALFORMED::/);
  });

  test('are several files beside the lines of JSON, which stay', async () => {
    const folder = temporaryFolder();
    const files = ['a.xml', 'b.md', 'c.jsonl', 'd.txt'].map((name) => join(folder, name));
    const summary = fileWith('before\n');
    const args = ['--only-invalid', '--summary', ...files.flatMap((file) => ['--report', file])];
    const plain = await batch(['--only-invalid']);
    expect(await batch(args, { env: { ...env, GITHUB_STEP_SUMMARY: summary } })).toEqual(plain);
    const [junit, markdown, json, text] = files.map(textOf) as [string, string, string, string];
    expect(await problemsOf(junit)).toEqual([]);
    expect(junit).toContain('tests="4" failures="2"');
    expect(json).toBe(plain.stdout);
    expect(text).toMatch(/^standard input:2: .*CLAIM_MISMATCH\nstandard input:4: .*TOKEN_MALFORMED\n2 valid, /);
    expect(textOf(summary)).toBe(`before\n${markdown}`);
    expect(readdirSync(folder).sort()).toEqual(['a.xml', 'b.md', 'c.jsonl', 'd.txt']);
  });

  test('give a batch of valid tokens a report without failures', async () => {
    const { exitCode, stdout } = await batch(['--format', 'junit'], { stdin: `${good}\n` });
    expect(exitCode).toBe(0);
    expect(await problemsOf(stdout)).toEqual([]);
    expect((await batch(['--format', 'github'], { stdin: `${good}\n` })).stdout).toBe('');
    expect((await batch(['--format', 'text'], { stdin: '' })).stdout).toBe('');
  });

  test('bound the rows of Markdown, and count the rest', async () => {
    const { stdout } = await batch(['--format', 'markdown'], { stdin: 'nonsense\n'.repeat(5000) });
    expect(stdout.length).toBeLessThan(70_000);
    const rows = stdout.split('\n').filter((line) => line.startsWith('| error')).length;
    expect(stdout).toContain(`… and ${5000 - rows} more\n`);
  });

  test('leave nothing behind if the batch cannot run or one file cannot be written', async () => {
    const folder = temporaryFolder();
    const good = join(folder, 'a.xml');
    const refused = await batch(['--report', good, '--report', join(folder, 'no', 'b.xml')]);
    expect(refused).toMatchObject({ exitCode: 3, stdout: '' });
    expect(refused.stderr).toContain('cannot write');
    expect(await verify(['--batch', join(folder, 'no'), '--report', good])).toMatchObject({ exitCode: 3 });
    expect(readdirSync(folder)).toEqual([]);
    expect(existsSync(good)).toBe(false);
  });

  test('leave the file of an earlier run as it was if the batch fails', async () => {
    const file = fileWith('earlier', 'a.xml');
    const failing = function* () {
      yield Buffer.from('nonsense\n');
      throw new Error('the disk is gone');
    };
    await batch(['--report', file], { chunks: failing });
    expect(textOf(file)).toBe('earlier');
    expect(readdirSync(dirname(file))).toEqual(['a.xml']);
  });

  test('leave nothing in the folder for temporary files, whether they end or fail', async () => {
    const spools = () => readdirSync(tmpdir()).filter((name) => /^jwtkit-\w{6}$/.test(name));
    const before = spools();
    await batch(['--format', 'junit']);
    const failing = function* () {
      yield Buffer.from('nonsense\n');
      throw new Error('the disk is gone');
    };
    expect((await batch(['--format', 'junit'], { chunks: failing })).stdout).toBe('');
    expect(spools().filter((name) => !before.includes(name))).toEqual([]);
  });

  test('refuse SARIF, and name who makes it', async () => {
    const { exitCode, stderr } = await batch(['--report', 'a.sarif']);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('SARIF is for lint and probe');
  });
});
