import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runShell } from '../shell-session.js';

const binary = fileURLToPath(new URL('../../bin/jwtkit.js', import.meta.url));
const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
const groups = {
  keys: ['list', 'rotate', 'retire', 'remove', 'prune', 'import', 'export', 'jwks', 'thumbprint'],
  users: ['add', 'set', 'passwd', 'list', 'remove'],
  clients: ['add', 'set', 'list', 'rotate', 'remove'],
};
const commands = [
  ...['keygen', 'issue', 'decode', 'verify', 'inspect', 'refresh', 'revoke', 'serve'],
  ...Object.entries(groups).flatMap(([group, names]) => names.map((name) => `${group} ${name}`)),
];

function helpOf(...args: string[]): string {
  const words = args.flatMap((arg) => arg.split(' '));
  return spawnSync(process.execPath, [binary, ...words], { encoding: 'utf8' }).stdout;
}

/** A keyring with two keys, public halves as files, a token that meets every demand of the examples, a user and a client. */
const setup = `
KID=$(jwtkit keygen 2> /dev/null) || exit 98
echo 'correct horse' > passphrase.txt
openssl pkey -in ".jwtkit/$KID.pem" -pubout -out verify.pem || exit 98
REFRESH=$(jwtkit issue --sub user-123 --scope "read write" --type refresh) || exit 98
TOKEN=$(jwtkit issue --sub user-123 --iss https://issuer.example --aud api --scope "read write" --role admin) || exit 98
jwtkit keygen --alg ES256 > /dev/null 2>&1 || exit 98
jwtkit keygen --alg ES256 --private partner-key.pem --public partner.pem 2> /dev/null || exit 98
cp passphrase.txt password.txt
jwtkit users add bob --sub user-124 --password-file password.txt 2> /dev/null || exit 98
jwtkit clients add reports > /dev/null 2>&1 || exit 98
echo SECRET_KEY=$(openssl rand -hex 32) > .env && echo ALGORITHM=HS256 >> .env
declare -p KID REFRESH TOKEN > variables
`;

/** A folder where all of that was made, of which each command gets a copy. */
const template = mkdtempSync(join(tmpdir(), 'jwtkit-help-'));
beforeAll(() => expect(runShell([{ text: `cp -r . ${template}/made`, exits: 0 }], setup).failure).toBeNull());
afterAll(() => rmSync(template, { recursive: true, force: true }));
const copy = `
cp -r ${template}/made/. . && . ./variables || exit 98
export ALICE_PASSWORD='correct horse' BOB_PASSWORD='battery staple' JWTKIT_PORT=0
`;

/** A service until it listens, and its end: SIGTERM, exit 0. The shell must not stand between. */
function untilItListens(example: string): string {
  const service = example.replace(/^jwtkit/, `'${process.execPath}' '${binary}'`);
  return `{ rm -f err; ${service} > out 2> err & pid=$!; for at in {1..200}; do grep -q listening err && break; sleep 0.05; done; kill $pid; wait $pid; }`;
}

test.each(commands)('the examples in the help of %s run', (command) => {
  const examples = [...helpOf(command, '--help').matchAll(/^ {2}\$ (.*)$/gm)].map(([, text]) => text ?? '');
  expect(examples.length).toBeGreaterThan(0);
  const fresh = command === 'keygen' ? 'rm verify.pem' : '';
  const texts = command === 'serve' ? examples.map(untilItListens) : examples;
  const lines = [fresh, ...texts].filter((text) => text !== '').map((text) => ({ text, exits: 0 }));
  expect(runShell(lines, copy).failure).toBeNull();
});

test('the help of the program names every command, as does the README', () => {
  const help = helpOf('--help');
  for (const command of commands) {
    expect(help).toMatch(new RegExp(`^ {2}${command.split(' ')[0]} `, 'm'));
    expect(readme).toContain(`| \`${command}\` |`);
  }
});

test.each(commands)('every option and variable of %s is in the README', (command) => {
  const help = helpOf(command, '--help');
  const options = [...help.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, name]) => name ?? '');
  const variables = [...help.matchAll(/\[(JWTKIT_[A-Z_]+)\]/g)].map(([, name]) => name ?? '');
  expect(options.length).toBeGreaterThan(3);
  for (const name of [...options, ...variables]) if (name !== '--help') expect(readme, name).toContain(name);
});

test.each(Object.entries(groups))('the help of %s names every subcommand, however it is asked for', (group, names) => {
  const help = helpOf(group, '--help');
  for (const name of names) expect(help).toMatch(new RegExp(`^ {2}${name} `, 'm'));
  expect(helpOf('help', group)).toBe(help);
  expect(helpOf(group, 'help')).toBe(help);
  expect(helpOf('help', group, names[0] as string)).toBe(helpOf(group, names[0] as string, '--help'));
});

test('help goes to stdout and exits 0, for each way of asking', () => {
  for (const args of [['--help'], ['help'], ['help', 'verify'], ['verify', '-h']]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [binary, ...args], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Usage: jwtkit/);
  }
});

test('the version is that of the package', () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(helpOf('--version')).toBe(`${version}\n`);
});
