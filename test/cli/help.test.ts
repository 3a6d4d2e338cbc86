import { cpSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { captions } from '../../src/cli/help/examples.js';
import { openShell } from '../shell/shell.js';
import { commandsOf } from '../shell/syntax.js';
import { commands, commandsIn, groups } from './commands.js';
import { runCli, stdoutOf, temporaryFolder } from './fake-io.js';

const [readme, reference, environment] = ['README.md', 'docs/reference.md', 'docs/environment.md'].map((page) =>
  readFileSync(new URL(`../../${page}`, import.meta.url), 'utf8'),
) as [string, string, string];
async function helpOf(...args: string[]): Promise<string> {
  return `${await stdoutOf(args.flatMap((arg) => arg.split(' ')))}\n`;
}

/** A keyring with two keys, public halves as files, a token that meets every demand of the examples, a user and a client. */
const setup = `
KID=$(jwtkit keygen)
echo 'correct horse' > passphrase.txt
openssl pkey -in ".jwtkit/$KID.pem" -pubout -out verify.pem
REFRESH=$(jwtkit issue --sub user-123 --scope "read write" --type refresh)
TOKEN=$(jwtkit issue --sub user-123 --iss https://issuer.example --aud api --scope "read write" --role admin)
jwtkit keygen --alg ES256
jwtkit keygen --alg ES256 --private partner-key.pem --public partner.pem
cp passphrase.txt password.txt
openssl genpkey -quiet -algorithm X25519 -out private.pem
openssl pkey -in private.pem -pubout -out recipient.pem
echo 'the figures' > report.txt
jwtkit keygen --alg HS256 --private shared.txt
jwtkit keygen --use enc
jwtkit encrypt report.txt --key recipient.pem --out report.jwe
ENCRYPTED=$(jwtkit issue --sub user-123 | jwtkit encrypt --key recipient.pem)
printf 'ENCRYPTED=%s\n' "$ENCRYPTED" > encrypted
jwtkit users add bob --sub user-124 --password-file password.txt
jwtkit clients add reports
printf 'name,sub,password\nerin,user-201,correct horse\n' > users.csv
printf '[{"name":"frank","sub":"user-202","password":"%s"}]\n' '$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy' > users.json
printf 'KID=%s\n' "$KID" > variables
printf 'REFRESH=%s\n' "$REFRESH" >> variables
printf 'TOKEN=%s\n' "$TOKEN" >> variables
`;
const variables = `
. ./variables
. ./encrypted
export ALICE_PASSWORD='correct horse' BOB_PASSWORD='battery staple' MOBILE_SECRET=rV8n2Kq0Zt5yLw3XbD7fHc1J
export DAVE_HASH='$2b$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy'
`;

/** A folder where all of that was made, of which each command gets a copy. */
let made: string;
beforeAll(async () => {
  const shell = openShell();
  for (const command of commandsOf(setup)) expect(await shell.run(command), command).toMatchObject({ exitCode: 0 });
  made = shell.folder;
});

/** The commands that the help shows. */
async function examplesOf(command: string): Promise<string[]> {
  return [...(await helpOf(command, '--help')).matchAll(/^ {2}\$ ((?:.*\\\n)*.*)$/gm)].map(([, text]) => text ?? '');
}

// Those of serve run with the real binary, in commands/serve-examples.process.test.ts.
test.each(commands.filter((command) => command !== 'serve'))('the examples in the help of %s run', async (command) => {
  const examples = await examplesOf(command);
  expect(examples.length).toBeGreaterThan(0);
  const folder = join(temporaryFolder(), 'work');
  cpSync(made, folder, { recursive: true });
  const shell = openShell(folder);
  const before = command === 'keygen' ? 'rm verify.pem' : 'true';
  for (const text of [...commandsOf(variables), before]) {
    expect(await shell.run(text), text).toMatchObject({ exitCode: 0 });
  }
  // The targets of probe are not there, or accept hostile tokens.
  const exitCodes = command === 'probe' ? [3, 3, 3, 3, 19] : examples.map(() => 0);
  for (const [at, text] of examples.entries()) {
    expect(await shell.run(text), text).toMatchObject({ exitCode: exitCodes[at] });
  }
});

test('what examples are for is said of examples that are there', async () => {
  const shown = await Promise.all(commands.map((command) => helpOf(command, '--help')));
  const lines = shown.join('\n').replaceAll(/ \\\n +/g, ' ');
  for (const [command, caption] of Object.entries(captions)) {
    expect(lines).toContain(`  # ${caption}\n  $ ${command}\n`);
    expect(caption.length).toBeLessThan(47);
  }
});

test('the examples in the help of the program run', async () => {
  const examples = [...(await helpOf('--help')).matchAll(/^ {2}\$ (.*)$/gm)].map(([, text]) => text ?? '');
  expect(examples.length).toBeGreaterThan(2);
  const shell = openShell();
  for (const text of examples) expect(await shell.run(text), text).toMatchObject({ exitCode: 0 });
});

test('the help of the program names every command and no other, as do the README and docs/reference.md', async () => {
  expect(commandsIn(await helpOf('--help')).sort()).toEqual(
    [...new Set(commands.map((each) => each.split(' ')[0]))].sort(),
  );
  for (const command of commands) {
    expect(readme).toMatch(new RegExp(`^${command} `, 'm'));
    expect(reference).toContain(`| \`${command}\` |`);
  }
});

test.each(commands)(
  'docs/reference.md has every option of %s, and docs/environment.md every variable',
  async (command) => {
    const help = await helpOf(command, '--help');
    const options = [...help.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, name]) => name ?? '');
    const variables = [...help.matchAll(/\[(JWTKIT_[A-Z_]+)\]/g)].map(([, name]) => name ?? '');
    expect(options.length).toBeGreaterThan(3);
    for (const name of options) if (name !== '--help') expect(reference, name).toContain(name);
    for (const name of variables) expect(environment, name).toContain(name);
  },
);

test.each(Object.entries(groups))(
  'the help of %s names every subcommand, however it is asked for',
  async (group, names) => {
    const help = await helpOf(group, '--help');
    expect(commandsIn(help)).toEqual(names);
    expect(await helpOf('help', group)).toBe(help);
    expect(await helpOf(group, 'help')).toBe(help);
    expect(await helpOf('help', group, names[0] as string)).toBe(await helpOf(group, names[0] as string, '--help'));
  },
);

test('help goes to stdout and exits 0, for each way of asking', async () => {
  for (const args of [['--help'], ['help'], ['help', 'verify'], ['verify', '-h']]) {
    const { exitCode, stdout, stderr } = await runCli(args);
    expect([exitCode, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Usage: jwtkit/);
  }
});

test('the version is that of the package', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(await helpOf('--version')).toBe(`${version}\n`);
});
