/** Words of other tools, and options of other places, get a hint that names the right one. */
import { describe, expect, test } from 'vitest';
import { hintForCommand } from '../../src/cli/grammar/other-commands.js';
import { hintForOption } from '../../src/cli/grammar/other-tools.js';
import { topics } from '../../src/cli/help/topic-names.js';
import { commands } from './commands.js';
import { fileWith, makeKeyring, runCli, secret, stdoutOf, temporaryFolder, unsigned } from './fake-io.js';

test.each([
  ['issue --sub x --exp 1h', '--ttl'],
  ['issue --sub x --expires 1h', '--ttl'],
  ['issue --sub x --expiresAt 1h', '--ttl'],
  ['issue --sub x --expires_at=1h', '--ttl'],
  ['verify a.b.c --secret x', '--secret-file'],
  ['issue --sub x --secret=x', '--secret-env'],
  ['issue --sub x --hmac-secret x', '--secret-file'],
  ['decode a.b.c --secret x', '--secret-file'],
  ['verify a.b.c --pub k.pem', '--key'],
  ['verify a.b.c --public-key k.pem', '--key'],
  ['verify a.b.c --cert k.pem', '--key'],
  ['verify a.b.c --publicKey k.pem', '--key'],
  ['issue --sub x --private-key k.pem', '--key'],
  ['issue --sub x --privkey k.pem', '--key'],
  ['verify a.b.c --ignore-exp', '--at'],
  ['verify a.b.c --ignore-exp', 'inspect'],
  ['verify a.b.c --ignore-expiration', '--at'],
  ['verify a.b.c --ignoreExpiration', 'inspect'],
  ['verify a.b.c --no-verify', 'decode'],
  ['verify a.b.c --insecure', 'decode'],
  ['verify a.b.c --clock-tolerance 5', '--leeway'],
  ['verify a.b.c --clock-skew 5', '--leeway'],
  ['verify a.b.c --jwks-uri https://x.example', '--jwks'],
  ['verify a.b.c --well-known https://x.example', '--issuer-url'],
  ['verify a.b.c --now 5', '--at'],
  ['verify a.b.c --algo HS256', '--alg'],
  ['issue --payload x', '--claim'],
  ['issue --sub x --not-before 5m', '--nbf'],
  ['issue --sub x --key-id k', '--kid'],
  ['issue --sub x --output o', '--out'],
  ['inspect a.b.c --silent', '--quiet'],
  ['keys export k --pass x', '--passphrase-file'],
  ['users add bob --sub b --password x', '--password-file'],
  ['keygen --size 4096', '--bits'],
  ['keygen --curve P-256', '--crv'],
  ['serve --listen 0.0.0.0', '--host'],
  ['keygen --out key.pem', '--private'],
  ['keygen --public-key key.pem', '--public'],
  ['keygen --type rsa', '--alg'],
  ['verify a.b.c --ignore-aud', '--any-aud'],
  ['verify a.b.c --no-exp', '--allow-no-exp'],
  ['decode a.b.c --format json', '--json'],
  ['decode a.b.c --verify', 'jwtkit verify'],
  ['keys import k --name x', '--kid'],
  ['keys export k --public-key', '--key'],
  ['issue --sub x -P role=admin', '--claim'],
  ['issue --sub x -S x', '--secret-file'],
  ['issue -k k', '--key or --secret-file'],
  ['verify a.b.c -k k', '--key or --secret-file'],
  ['issue -i me', '--iss'],
  ['issue -n 5m', '--nbf'],
  ['issue --sub x -t at+jwt', '--typ'],
  ['issue --sub x --password-file p', '--passphrase-file'],
  ['issue --sub x --expiresin 5m', '--ttl'],
  ['issue --sub x --expire-in 5m', '--ttl'],
  ['issue --sub x -q', '2> /dev/null'],
  ['keygen --quiet', '2> /dev/null'],
  ['keygen -t rsa', '--alg'],
  ['keygen -f key', '--private'],
  ['keygen -N x', '--passphrase-file'],
  ['keygen -C me', '--kid'],
  ['decode a.b.c -j', '--json'],
  ['decode a.b.c --payload', '--json'],
  ['decode a.b.c --iso8601', 'UTC'],
  ['decode a.b.c --jq .sub', '--claim'],
  ['decode a.b.c --yaml', '--json'],
  ['keys list -v', '--debug'],
  ['users import f -n', '--dry-run'],
  ['lint f --strict', '--fail-on'],
  ['lint f --ignore x', '--rule'],
  ['lint f --sarif', '--format'],
  ['serve -p 8000', '--port'],
  ['serve --ssl-certfile c', '--tls-cert'],
  ['serve --cert c', '--tls-cert'],
  ['serve --ssl-keyfile k', '--tls-key'],
  ['serve --allow-origin x', '--cors'],
  ['serve --iss https://x.example', '--issuer-url'],
  ['serve --username alice', '--users'],
  ['serve --daemon', 'docs/serve.md'],
  ['serve --reload', 'read again'],
  ['serve --log-level debug', '--log-format'],
  ['serve --db x', '--store'],
  ['serve --cluster 4', '--workers'],
  ['completion -s bash', 'is an argument'],
  ['completion --shell bash', 'is an argument'],
  ['verify a.b.c -key k.pem', '--key'],
  ['verify a.b.c -aud=api', '--aud'],
  ['verify a.b.c -secret x', '--secret-file'],
  ['issue -sub x', '--sub'],
  ['issue --sub x -ttl 1h', '--ttl'],
  ['decode a.b.c -json', '--json'],
  ['encrypt -in f', 'the file is an argument'],
  ['keys convert --input f', 'the file is an argument'],
  ['lint f -f sarif', '--format'],
  ['fixtures --out d', 'the folder is an argument'],
  ['issue --sub x --raw', '--bare'],
  ['verify a.b.c --output-format junit', '--format'],
  ['encrypt f -r k.pem', '--key'],
  ['encrypt f --cipher A256GCM', '--enc'],
  ['decrypt a.b.c --identity k', '--key'],
  ['issue --sub x --email a', '--claim'],
  ['issue --sub x --nonce a', '--claim'],
  ['issue --sub x --json-claims f', '--claims'],
  ['issue --sub x --expiry-date x', '--ttl'],
  ['issue --sub x --refresh', '--pair'],
  ['keys rotate --overlap 7d', '--grace'],
  ['keys retire k --after 7d', '--until'],
  ['keys convert k --to jwk', '--format'],
  ['lint --list', '--list-rules'],
  ['lint f -o out.sarif', '--report'],
  ['verify a.b.c -o json', '--json'],
  ['probe u -H x', '--send'],
  ['probe u -X POST', '--method'],
  ['probe --url u', 'is an argument'],
  ['keygen -out k.pem', '--private'],
])('jwtkit %s: the hint names %s', async (line, hint) => {
  const args = line.split(' ');
  const { exitCode, stdout, stderr } = await runCli(args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  const path = args.slice(0, args[0] === 'keys' || args[0] === 'users' ? 2 : 1).join(' ');
  expect(stderr.split('\nhint: ')[1]).toContain(hint);
  expect(stderr).toContain(`run: jwtkit ${path} --help`);
});

test.each([
  ['decode a.b.c --key k.pem', 'decode verifies nothing; use jwtkit verify --key …'],
  ['decode a.b.c -key k.pem', 'decode verifies nothing; use jwtkit verify --key …'],
  ['decode a.b.c --audience=api', 'decode verifies nothing; use jwtkit verify --audience …'],
  ['decode a.b.c --secretFile s', 'decode verifies nothing; use jwtkit verify --secret-file …'],
  ['inspect a.b.c --secret-env S', 'inspect verifies nothing; use jwtkit verify --secret-env …'],
  ['inspect a.b.c --iss i', 'inspect verifies nothing; use jwtkit verify --iss …'],
])('jwtkit %s: the whole hint is: %s', async (line, hint) => {
  const { exitCode, stdout, stderr } = await runCli(line.split(' '));
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr.split('\nhint: ')[1]).toBe(`${hint}\n`);
});

test.each([
  ['sign', 'issue'],
  ['encode', 'issue'],
  ['create', 'issue'],
  ['generate', 'issue'],
  ['check', 'verify'],
  ['validate', 'verify'],
  ['parse', 'decode'],
  ['print', 'decode'],
  ['show', 'decode'],
  ['show', 'list'],
  ['genkey', 'keygen'],
  ['generate-key', 'keygen'],
  ['keypair', 'keygen'],
  ['login', 'serve'],
  ['rm', 'remove'],
  ['delete', 'remove'],
  ['ls', 'list'],
  ['rotate', 'keys rotate'],
  ['SIGN', 'issue'],
  ['keys rm', 'remove'],
  ['keys del', 'remove'],
  ['keys show', 'list'],
  ['keys ls', 'list'],
  ['keys generate', 'keygen'],
  ['users delete', 'remove'],
  ['users create', 'add'],
  ['clients ls', 'list'],
  ['clients delete', 'remove'],
  ['help sign', 'issue'],
  ['help keys rm', 'remove'],
  ['crypto', 'issue, verify or decode'],
  ['jws', 'issue, verify or decode'],
  ['jwe', 'encrypt or decrypt'],
  ['jwk', 'keygen'],
  ['scan', 'probe'],
  ['crack', 'lint'],
  ['audit', 'lint'],
  ['forge', 'fixtures'],
  ['compare', 'diff'],
  ['whoami', 'decode or inspect'],
  ['introspect', 'verify'],
  ['unwrap', 'decrypt'],
  ['mock', 'serve --demo'],
  ['discover', 'lint --issuer-url'],
  ['genpkey', 'keygen'],
  ['ssh-keygen', 'keygen'],
  ['x509', 'keys convert'],
  ['rand', 'keygen --alg HS256 --private FILE'],
  ['csr', 'keygen --csr FILE'],
  ['pubkey', 'keys export'],
  ['password', 'users passwd'],
  ['DECODE', 'decode'],
  ['keys Rotate', 'rotate'],
  ['dec', 'decode or decrypt'],
  ['keys thumb', 'thumbprint'],
  ['create-token', 'issue'],
  ['create_token', 'issue'],
  ['jwt-decode', 'decode'],
  ['validate-token', 'verify'],
  ['get-token', 'issue'],
  ['rotate-keys', 'keys rotate'],
  ['list-keys', 'keys list'],
  ['delete-key', 'keys remove'],
  ['add-user', 'users add'],
  ['user-add', 'users add'],
  ['reset-client', 'clients rotate'],
  ['errors', 'help exit-codes'],
  ['EXIT-CODES', 'help exit-codes'],
  ['help times', 'help formats'],
  ['help errors', 'help exit-codes'],
  ['variables', 'help environment'],
  ['config', 'docs/config.md'],
  ['secret', 'help keys-and-secrets'],
  ['keys current', 'list'],
  ['keys activate', 'rotate'],
  ['keys backup', 'export'],
  ['keys wipe', 'remove'],
  ['keys sign', 'jwtkit issue'],
  ['keys verify', 'jwtkit verify'],
  ['clients probe', 'jwtkit probe'],
  ['users disable', 'remove'],
  ['users logout', 'set NAME --end-sessions'],
  ['users export', 'list --json'],
])('jwtkit %s: the hint names %s', async (line, hint) => {
  const { exitCode, stdout, stderr } = await runCli(line.split(' '));
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).toMatch(/^error: unknown command /);
  expect(stderr.split('\nhint: ')[1]).toContain(hint);
});

test.each([
  [['verify', 'a.b.c', '--secret', 'hush']],
  [['verify', 'a.b.c', '--secret=hush']],
  [['verify', '--password=hush', 'a.b.c']],
  [['verify', '--frobnicate', 'hush', 'a.b.c']],
  [['verify', '-Shush', 'a.b.c']],
  [['--secret', 'hush', 'verify', 'a.b.c']],
  [['--secret=hush', 'verify', 'a.b.c']],
  [['--json', '--secret=hush', 'verify', 'a.b.c']],
  [['keys', '--secret=hush', 'list']],
  [['keys', 'list', '--secret', 'hush']],
  [['verify', 'a.b.c', '-secret', 'hush']],
  [['verify', 'a.b.c', '-secret=hush']],
  [['verify', 'a.b.c', '\u2014secret', 'hush']],
  [['verify', 'a.b.c', '\u2014hush']],
  [['--key=hush', 'verify', 'a.b.c']],
])('%j: the error does not repeat the value', async (args) => {
  const { exitCode, stdout, stderr } = await runCli(args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr).not.toContain('hush');
});

test.each([
  [['--decode', 'a.b.c'], 'did you mean decode?'],
  [['-verify', 'a.b.c'], 'did you mean verify?'],
  [['--sign'], 'did you mean issue?'],
  [['-v'], 'did you mean --version?'],
  [['-version'], 'did you mean --version?'],
  [['--aud', 'x', 'verify', 'a.b.c'], 'options stand behind the command: jwtkit verify --aud;'],
  [['--audience=x', 'verify', 'a.b.c'], 'options stand behind the command: jwtkit verify --audience;'],
  [['--token', 'a.b.c'], 'run: jwtkit --help'],
])('jwtkit %j: an option in the place of the command gets the hint %s', async (args, hint) => {
  const { exitCode, stdout, stderr } = await runCli(args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr.split('\nhint: ')[1]).toContain(hint);
});

test.each(topics.map(({ name }) => name))('the topic %s in the place of a command is found', async (name) => {
  expect((await runCli([name])).stderr).toContain(`hint: did you mean help ${name}?`);
});

test.each(commands)('%s refuses an argument that is empty, but for a token', async (path) => {
  const keyring = await makeKeyring();
  const help = await stdoutOf([...path.split(' '), '--help']);
  const [, name] = /^Arguments:\n {2}(\w+)/m.exec(help) ?? [];
  if (name === undefined || name.startsWith('token')) return;
  const more = path === 'users add' ? ['--sub', 'x'] : [];
  const { exitCode, stdout, stderr } = await runCli([...path.split(' '), '', ...more], {
    env: { JWTKIT_KEYRING: keyring },
  });
  const hint = 'a variable of your shell may not be set';
  expect({ exitCode, stdout, stderr }).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: `error: the argument ${name} is empty\nhint: ${hint}\n`,
  });
});

test('the word constructor gets no hint', () => {
  expect(hintForCommand('constructor', [])).toBeUndefined();
  expect(hintForCommand('sign', ['constructor'])).toBeUndefined();
  expect(hintForOption('--constructor', { options: [], name: () => '' } as never)).toBeUndefined();
});

test.each(['TOKEN_EXPIRED', 'token_expired', 'LINT_FINDINGS', '16', '2', '0'])(
  '%s names the page of its code',
  async (code) => {
    for (const args of [['help', code], [code], ['--json', code]]) {
      const { exitCode, stdout, stderr } = await runCli(args);
      expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
      expect(stderr).toContain('error codes and exit codes: jwtkit help exit-codes');
    }
  },
);

test.each(['99', 'TOKEN_', 'constructor'])('the word %s is no code', async (word) => {
  expect((await runCli(['help', word])).stderr).not.toContain('exit-codes');
});

test.each([
  ['issue alice', '--sub ID'],
  ['keygen ES256', '--alg ES256'],
  ['keygen es256 --kid k1', '--alg ES256'],
  ['decode a.b.c sub', '--claim NAME'],
  ['serve 8000', '--port N'],
  ['verify a.b.c pub.pem', '--key FILE'],
  ['encrypt f partner.jwk', '--key FILE'],
  ['serve .env', '-e FILE'],
  ['verify a.b.c conf/.env.local', '-e FILE'],
])('jwtkit %s: an argument too many gets the hint %s', async (line, hint) => {
  const args = line.split(' ');
  const { exitCode, stdout, stderr } = await runCli(args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  const count = args[0] === 'issue' || args[0] === 'keygen' || args[0] === 'serve' ? 'no' : 'one';
  expect(stderr).toBe(
    `error: ${args[0]} takes ${count} argument\nhint: did you mean ${hint}? or run: jwtkit ${args[0]} --help\n`,
  );
});

test.each([
  ['issue --sub u --scope read hush', '--scope "read write"'],
  ['issue --scope read hush', '--scope "read write"'],
  ['issue --sub u --ttl 15 minutes', 'a duration is one word, such as --ttl 15m'],
  ['issue --ttl 15 m', 'a duration is one word, such as --ttl 15m'],
  ['issue --sub u --role admin, hush', 'write --role once for each'],
  ['issue --role admin, hush', 'write --role once for each'],
  ['issue --sub u --aud api hush', 'write --aud once for each'],
  ['issue --sub u --jti=a hush', 'behind the value of --jti: a value with spaces needs quotes'],
  ['issue --sub u --pair hush', '--pair takes no value'],
  ['issue --sub u role=hush', 'did you mean --role VALUE?'],
  ['issue --sub u plan=hush', 'did you mean --claim name=value?'],
  ['issue seats:=5', 'did you mean --claim name=value?'],
  ['issue {"sub":"hush"}', '--claims -'],
  ['issue --sub u {"sub":"hush"}', '--claims -'],
  ['issue --pair hush', '--sub ID'],
  ['issue --jti a hush', '--sub ID'],
  ['issue --sub u hush', 'run: jwtkit issue --help'],
  ['verify a.b.c --leeway 30 sec', 'a duration is one word, such as --leeway 15m'],
  ['verify --leeway 30 sec eyJhbGciOiJub25lIn0.e30.', 'a duration is one word, such as --leeway 15m'],
  ['verify a.b.c --require sub = hush', '--require name=value'],
  ['verify a.b.c --require sub= hush', '--require name=value'],
  ['verify a.b.c --require sub =hush', '--require name=value'],
  ['verify a.b.c --aud = hush', '--aud VALUE'],
  ['verify a.b.c aud=hush', '--aud VALUE'],
  ['verify a.b.c audience=hush', '--aud VALUE'],
  ['verify a.b.c plan=hush', '--require name=value'],
  ['verify a.b.c --claims hush', '--claims takes no value: did you mean --claim NAME?'],
  ['verify a.b.c --aud package.json README.md', 'of a * without quotes'],
  ['inspect a.b.c --min-ttl 5 m', 'a duration is one word, such as --min-ttl 15m'],
  ['keys list hush', 'jwtkit keys export KID'],
  ['completion bash hush', 'run it once for each shell'],
])('jwtkit %s: the hint for the argument too many has %s, and does not repeat it', async (line, hint) => {
  const { exitCode, stdout, stderr } = await runCli(line.split(' '));
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
  expect(stderr.split('\nhint: ')[1]).toContain(hint);
  expect(stderr).not.toContain('hush');
});

test.each([
  ['verify a.b.c \u2014key pub.pem', '--key'],
  ['verify a.b.c \u2013audience api', '--aud'],
  ['issue \u2013\u2013sub x', '--sub'],
])('jwtkit %s: the hint says that %s begins with hyphens', async (line, option) => {
  const { exitCode, stderr } = await runCli(line.split(' '));
  expect(exitCode).toBe(2);
  expect(stderr).toContain(`an option begins with two hyphens, not with a dash: ${option};`);
});

test('completion without a shell names the shells', async () => {
  expect((await runCli(['completion'])).stderr).toContain('hint: one of bash, zsh, fish, powershell;');
});

test.each([
  ['keygen', 'hush'],
  ['issue', unsigned({ sub: 'a' })],
  ['decode', 'a.b.c', unsigned({ sub: 'a' })],
])('%s %s: an argument that no option takes gets no such hint, and is not repeated', async (...args) => {
  const { exitCode, stderr } = await runCli(args);
  expect(exitCode).toBe(2);
  expect(stderr).toContain(`\nhint: run: jwtkit ${args[0]} --help\n`);
  expect(stderr).not.toContain(args.at(-1));
});

describe('a token that an option took as its value', () => {
  const token = unsigned({ sub: 'a' });
  const env = { S: secret };
  const hint = (flag: string) =>
    `hint: the value of ${flag} looks like a token: give ${flag} its own value, and pass the token after it\n`;

  test.each([
    [['verify', '--secret-env', 'S', '--aud', token], '--aud'],
    [['verify', '--secret-env', 'S', `--aud=${token}`], '--aud'],
    [['verify', '--secret-env', 'S', '--require', token, '--json'], '--require'],
    [['decode', '--claim', token], '--claim'],
  ])('%j: the hint names %s', async (args, flag) => {
    for (const terminals of [['stdin'], []] as const) {
      const { exitCode, stdout, stderr } = await runCli(args, { env, terminals });
      expect(exitCode).toBe(terminals.length > 0 ? 2 : 11);
      expect(stdout + stderr).not.toContain(token);
      expect(args.includes('--json') ? `hint: ${JSON.parse(stderr).error.hint}\n` : stderr).toContain(hint(flag));
    }
  });

  test('the report of verify names the option, too', async () => {
    const args = ['verify', '--secret-env', 'S', '--aud', token];
    const { stdout } = await runCli(args, { env, terminals: ['stdout', 'stderr'], columns: 200 });
    expect(stdout).toContain('the value of --aud looks like a token');
  });

  test('a quiet run says nothing but the mistake in the command line', async () => {
    const args = ['verify', '--secret-env', 'S', '-q', '--aud', token];
    expect(await runCli(args, { env })).toEqual({ exitCode: 11, stdout: '', stderr: '' });
    expect((await runCli(args, { env, terminals: ['stdin'] })).stderr).toContain(hint('--aud'));
  });
});

test.each([
  'keygen --alg TYPE',
  'keys rotate --alg TYPE',
  'keys import f --alg TYPE',
  'issue --sub x --alg TYPE',
  'verify a.b.c --alg TYPE',
  'fixtures f --new-key --alg TYPE',
])('jwtkit %s: a type of key gets the algorithms of the type', async (line) => {
  for (const [type, algorithms] of [
    ['RSA', 'RS256, RS384, RS512, PS256, PS384, PS512'],
    ['ec', 'ES256, ES384, ES512, ES256K'],
    ['OKP', 'EdDSA, Ed25519, Ed448'],
  ] as const) {
    const args = line.replace('TYPE', type).split(' ');
    const problem = `${type} is a type of key, not an algorithm`;
    expect(await runCli(args, { env: { JWTKIT_KEYRING: await makeKeyring() } })).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: `error: --alg: ${problem}\nhint: one of ${algorithms}\n`,
    });
  }
});

test.each([
  ['decode help', 11, 'decode'],
  ['inspect help --json', 11, 'inspect'],
  ['--no-color verify help', 3, 'verify'],
  ['issue help', 2, 'issue'],
  ['keys export help', 3, 'keys export'],
  ['--keyring keys verify help', 3, 'verify'],
])('jwtkit %s: the hint is to ask for help by --help', async (line, exitCode, command) => {
  const result = await runCli(line.split(' '));
  expect(result).toMatchObject({ exitCode, stdout: '' });
  expect(result.stderr).toContain(`for help, run: jwtkit ${command} --help`);
});

const ofKeys = (folder: string) => `make one with: jwtkit keygen --keyring ${folder}; --keyring names another folder`;
const ofDecrypt = 'name the private key with --key, or a shared secret with --secret-file';
const ofEncrypt = (folder: string) =>
  `name the recipient's key with --key, --jwks or --issuer-url, or make one with: jwtkit keygen --keyring ${folder} --use enc`;
test.each([
  ['keys list --keyring nokeys', ofKeys('nokeys')],
  ['keys list --keyring decrypt', ofKeys('decrypt')],
  ['--keyring encrypt keys list', ofKeys('encrypt')],
  ['decrypt JWE --keyring nokeys', ofDecrypt],
  ['--keyring keys decrypt JWE', ofDecrypt],
  ['--json --keyring keys decrypt JWE', ofDecrypt],
  ['encrypt FILE --keyring keys', ofEncrypt('keys')],
  ['--keyring decrypt encrypt FILE', ofEncrypt('decrypt')],
])('jwtkit %s: without the keyring, the hint is that of the command', async (line, hint) => {
  const jwe = 'eyJhbGciOiJSU0EtT0FFUC0yNTYiLCJlbmMiOiJBMjU2R0NNIn0.AAAA.AAAAAAAAAAAAAAAA.AAAA.AAAAAAAAAAAAAAAAAAAAAA';
  const args = line.split(' ').map((word) => ({ JWE: jwe, FILE: fileWith('text') })[word] ?? word);
  const { exitCode, stdout, stderr } = await runCli(args);
  expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
  expect(stderr).toContain(hint);
});

test('the report of verify says how to ask for help', async () => {
  const world = { env: { S: secret }, terminals: ['stdout', 'stderr'] } as const;
  expect((await runCli(['verify', 'help', '--secret-env', 'S'], world)).stdout).toContain('for help, write --help');
});

test('a value that is the word help gets no such hint', async () => {
  const keyring = await makeKeyring();
  const { exitCode, stderr } = await runCli(['verify', 'a.b.c', '--aud', 'help', '--keyring', keyring]);
  expect({ exitCode, isHelp: stderr.includes('--help') }).toEqual({ exitCode: 11, isHelp: false });
});

describe('what stands where a command or a value belongs', () => {
  const token = unsigned({ alg: 'HS256' }, { sub: 'u' });
  const file = fileWith(token, 'token.txt');
  const pem = fileWith('-----BEGIN PUBLIC KEY-----', 'key.pem');
  test.each<[string[], number, string]>([
    [[token], 2, 'jwtkit decode shows it, jwtkit verify checks it'],
    [[`Bearer ${token}`], 2, 'jwtkit decode shows it, jwtkit verify checks it'],
    [['Bearer', token], 2, 'jwtkit decode shows it, jwtkit verify checks it'],
    [[file], 2, 'jwtkit lint FILE looks for mistakes in it'],
    [['keygen', 'key.pem'], 2, 'did you mean --private FILE?'],
    [['keys', 'convert', pem, 'other.pem'], 2, 'did you mean --out FILE?'],
    [['keys', 'export', 'k1', 'other.jwk'], 2, 'did you mean --out FILE?'],
    [['decrypt', token], 11, 'jwtkit verify checks it, jwtkit decode shows it'],
    [['issue', '--claims', 'plan=pro'], 3, '--claim name=value'],
    [['issue', '--claims', '{"plan":"pro"}'], 3, '--claim name=value'],
    [['issue', '--secret-env', '$SECRET'], 2, '--secret-env takes the name alone'],
    [['users', 'add', 'a', '--sub', 'b', '--password-env', '%PW%'], 2, '--password-env takes the name alone'],
    [['verify', token, '--key-env', '$env:KEY'], 2, '--key-env takes the name alone'],
    [['verify', '--token-env', '$'.concat('{TOKEN}')], 2, '--token-env takes the name alone'],
    [['decode', token, token], 2, 'jwtkit diff compares two tokens'],
    [['keys', 'convert', pem, '-pubout'], 2, 'did you mean --public-half?'],
    [['keys', 'convert', pem, '--pub'], 2, 'did you mean --public-half?'],
    [['keys', 'convert', pem, '--private'], 2, 'unless you give --public-half'],
    [['keys', 'export', 'k1', '--priv'], 2, 'did you mean --private-half?'],
    [['users', 'add', '--name', 'alice', '--sub', '1'], 2, 'the name is an argument'],
    [['clients', 'add', '--name', 'billing'], 2, 'the name is an argument'],
    [['keygen', '--type', 'rsa'], 2, 'did you mean --alg?'],
    [['lint', '--rule', 'token/no-issuer'], 2, 'write --rule token/no-issuer=off'],
    [['lint', '--rule', 'token/no-isuer'], 2, 'did you mean token/no-issuer?'],
  ])('%j', async (args, code, hint) => {
    const { exitCode, stderr } = await runCli(args);
    expect(exitCode).toBe(code);
    expect(stderr.split('\nhint: ')[1]).toContain(hint);
    expect(stderr).not.toContain(token);
  });

  test('refresh --type names no algorithm', async () => {
    const { exitCode, stderr } = await runCli(['refresh', token, '--type', 'refresh']);
    expect({ exitCode, stderr }).toMatchObject({ exitCode: 2, stderr: expect.not.stringContaining('--alg') });
  });

  test.each([
    ['P-256', 'ES256'],
    ['prime256v1', 'ES256'],
    ['secp384r1', 'ES384'],
    ['ES521', 'ES512'],
    ['secp256k1', 'ES256K'],
    ['ecdsa', 'ES256'],
    ['rsa4096', 'RS256'],
    ['RSA-SHA256', 'RS256'],
    ['SHA256withRSA', 'RS256'],
    ['HmacSHA512', 'HS512'],
    ['hmac', 'HS256'],
  ])('the algorithm %s of another tool is %s', async (name, alg) => {
    for (const args of [
      ['keygen', '--alg', name],
      ['verify', token, '--alg', name],
      ['keygen', name],
    ]) {
      const { exitCode, stderr } = await runCli(args);
      expect(exitCode).toBe(2);
      expect(stderr.split('\nhint: ')[1]).toContain(
        args[0] === 'keygen' && args.length === 2 ? `--alg ${alg}?` : `${alg}?`,
      );
    }
  });

  test.each([
    ['issue --sub x --key', '--key'],
    ['issue --sub x --secret-file', '--secret-file'],
    ['verify a.b.c --token-file', '--token-file'],
    ['issue --claims', '--claims'],
  ])('%s FOLDER says that it is a folder, and no more', async (line, flag) => {
    const { exitCode, stderr } = await runCli([...line.replace(' a.b.c', '').split(' '), '.']);
    expect(exitCode).toBe(3);
    expect(stderr).toBe(`error: cannot read the file that ${flag} names: it is a folder\n`);
  });

  test('several files of tokens, and a folder of them, come from a pipe', async () => {
    const folder = temporaryFolder();
    const files = ['a.b.c', 'd.e.f', 'g.h.i'].map((token) => fileWith(token));
    for (const args of [files, ['--batch', ...files]]) {
      const { exitCode, stderr } = await runCli(['verify', ...args]);
      expect(exitCode).toBe(2);
      expect(stderr).toContain('from a pipe: grep -h . FILE … | jwtkit verify --batch;');
    }
    const { exitCode, stderr } = await runCli(['inspect', '--batch', folder]);
    expect(exitCode).toBe(3);
    expect(stderr).toContain(
      `error: cannot read ${folder}: it is a folder\n` +
        'hint: a batch reads the lines of its files from a pipe: grep -rh . FOLDER | jwtkit inspect --batch\n',
    );
  });

  test.each(['keygen --private', 'keygen --alg ES256 --private k --public', 'keys export k1 --out'])(
    '%s FOLDER does not name --force',
    async (line) => {
      const keyring = await makeKeyring();
      const folder = temporaryFolder();
      const args = [...line.replace(' k ', ` ${folder}/k `).split(' '), folder];
      const { exitCode, stderr } = await runCli(args[0] === 'keys' ? [...args, '--keyring', keyring] : args);
      expect({ exitCode, stderr }).toEqual({ exitCode: 3, stderr: `error: cannot write ${folder}: it is a folder\n` });
    },
  );
});
