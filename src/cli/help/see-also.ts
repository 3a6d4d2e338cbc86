/** What help names beside a command: commands of the same story, and the topics that explain its options. */
import type { Command } from 'commander';

/** A term and its description. */
export type Item = readonly [string, string];

/** By command, or by the command above it. */
const related: Readonly<Record<string, string>> = {
  keygen: 'issue keys',
  issue: 'keygen verify',
  verify: 'decode inspect diff lint',
  decode: 'verify inspect diff',
  inspect: 'decode verify',
  diff: 'decode verify',
  refresh: 'issue revoke serve',
  revoke: 'refresh serve',
  encrypt: 'keygen decrypt',
  decrypt: 'encrypt verify',
  serve: 'users clients keys',
  users: 'serve clients',
  clients: 'serve users',
  keys: 'keygen serve',
  lint: 'verify probe',
  fixtures: 'probe',
  probe: 'fixtures lint',
};

/** What each of them does, shorter than its own description. */
const does: Readonly<Record<string, string>> = {
  keygen: 'makes a key',
  keys: 'lists, rotates, imports, exports and converts keys',
  issue: 'signs a token',
  verify: 'checks a token',
  decode: 'shows what a token says, unchecked',
  inspect: 'shows how long a token still lives',
  diff: 'compares two tokens',
  refresh: 'makes a new access token from a refresh token',
  revoke: 'ends a token before it expires',
  encrypt: 'encrypts a file, a token or claims',
  decrypt: 'decrypts a token',
  serve: 'issues and checks tokens over HTTP',
  users: 'manages who may log in to serve',
  clients: 'manages which programs may ask serve for tokens',
  lint: 'looks for mistakes in tokens, keys and settings',
  fixtures: 'writes hostile tokens for tests',
  probe: 'gives hostile tokens to a verifier',
};

/** A topic, what it explains, and the pattern in a command's help that calls for it. */
const explained: readonly [topic: string, text: string, mentioned: RegExp][] = [
  [
    'help formats',
    'how times, paths, claims and algorithms are written',
    /<(?:duration|moment|path|claim|name=value)>/,
  ],
  ['help keys-and-secrets', 'which key a command takes, passphrases, secrets', /--(?:key|passphrase-file|kid) /],
  ['help environment', 'the variables in brackets, and what beats what', /\[JWTKIT_(?!ENV_FILE|CONFIG)/],
  ['help exit-codes', 'what each exit code means', /--quiet|--batch/],
];

/** Returns the rows of the section. */
export function seeAlso(command: Command): Item[] {
  const options = command.options.map(({ flags, description }) => `${flags} ${description}`).join('\n');
  return [
    ...relatedTo(command).map((name): Item => [name, does[name] ?? '']),
    ...explained.filter(([, , mentioned]) => mentioned.test(options)).map(([topic, text]): Item => [topic, text]),
  ];
}

/** Returns the names of commands of the same story. */
export function relatedTo(command: Command): readonly string[] {
  const { parent } = command;
  const name = parent?.parent == null ? command.name() : parent.name();
  return related[name]?.split(' ') ?? [];
}
