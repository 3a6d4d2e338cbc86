/** Values that have a better form, and options in another place: the hints name the form. */
import { expect, test } from 'vitest';
import { makeKeyring, runCli, secret } from './fake-io.js';

test.each([
  ['--color verify a.b.c', 2, "argument 'a.b.c' is invalid. Allowed choices are auto, always, never", 'verify --help'],
  ['keys --color list', 2, "option '--color <when>' argument missing", ''],
  ['verify --help=all', 2, "unknown option '--help'", 'write --help without a value'],
  ['help formats more', 2, 'help shows one topic at a time', 'run: jwtkit help formats'],
  ['verify a.b.c --colour always', 2, "unknown option '--colour'", 'did you mean --color?'],
  ['fixtures --list', 2, "unknown option '--list'", '--format ndjson prints all tokens'],
  ['verify --version', 2, "unknown option '--version'", 'jwtkit --version'],
  ['keys --version', 2, "unknown option '--version'", 'jwtkit --version'],
  ['issue --sub x --at 1796012918000', 2, 'is not a moment', 'leave off three digits: 1796012918'],
  ['keys retire k1 --until 1d', 2, 'is not a moment', 'write +1d for a moment after now, or -1d'],
  ['issue --sub x --claim exp=1h', 2, 'claim exp is a string', '--ttl 1h, or --claim exp:=1800000000'],
  ['issue --sub x --claim exp=1800000000', 2, 'claim exp is a string', '--claim exp:=1800000000'],
  ['issue --sub x --claim nbf=5m', 2, 'claim nbf is a string', '--nbf +5m'],
  ['issue --sub x --claim role', 2, 'is not name=value', 'such as --claim plan=pro, or --claim seats:=5'],
  ['issue --sub x --claim role:admin', 2, 'is not name=value', 'such as --claim plan=pro'],
  ['issue --sub x --alg HS256', 2, 'not allowed by the key, which allows ES256', '--secret-file FILE'],
  ['issue --sub x --alg RS256', 2, 'not allowed by the key, which allows ES256', 'jwtkit keygen --alg RS256'],
  ['lint https://issuer.example', 3, 'cannot read https://issuer.example', '--issuer-url'],
  ['lint --issuer-url localhost:1', 2, 'is not an https URL', 'a URL begins with https://'],
  ['verify a.b.c --issuer-url localhost:1', 2, 'is not an https URL', 'a URL begins with https://'],
])('jwtkit %s (exit code %i): %s, with the hint %s', async (line, exitCode, message, hint) => {
  const env = /lint|--issuer-url/.test(line) ? {} : { JWTKIT_KEYRING: await makeKeyring() };
  const result = await runCli(line.split(' '), { env });
  expect(result).toMatchObject({ exitCode, stdout: '' });
  const [first, second = ''] = result.stderr.split('\nhint: ');
  expect(first).toContain(message);
  expect(second).toContain(hint);
});

test('a shared secret of another length gets no keyring as its way out', async () => {
  const args = ['issue', '--sub', 'x', '--alg', 'HS512', '--secret-env', 'S'];
  expect((await runCli(args, { env: { S: secret } })).stderr).toContain('which allows HS256\nhint: leave out --alg\n');
});

test.each([40, 60, 80])(
  'message and hint are broken at %i columns of a terminal, and stay one line each in a pipe',
  async (columns) => {
    const args = ['keys', 'list', '--keyring', 'a-name-that-is-long/and-longer/and-longer-still'];
    const pipe = (await runCli(args)).stderr.trimEnd();
    expect(pipe.split('\n')).toHaveLength(2);
    const { stderr } = await runCli(args, { terminals: ['stderr'], columns, env: { NO_COLOR: '1' } });
    const lines = stderr.trimEnd().split('\n');
    expect(lines.length).toBeGreaterThan(2);
    // A word may be longer than a line.
    expect(lines.filter((line) => line.length > columns && line.trim().includes(' '))).toEqual([]);
    const [message = '', hint = ''] = stderr.trimEnd().split('\nhint: ');
    for (const line of message.split('\n').slice(1)) expect(line).toMatch(/^ {7}\S/);
    for (const line of hint.split('\n').slice(1)) expect(line).toMatch(/^ {6}\S/);
    expect(`${message.replaceAll(/\n {7}/g, ' ')}\nhint: ${hint.replaceAll(/\n {6}/g, ' ')}`).toBe(pipe);
  },
);
