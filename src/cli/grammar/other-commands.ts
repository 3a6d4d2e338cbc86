/** What other tools call a command or a topic of help. Loaded only for a mistake. */
import type { Command } from 'commander';

/** At the top, and below `keys`, `users` and `clients`: words of other tools, and what they stand for. */
const commandRows: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '': {
    'encode sign create generate mint make new jwt produce': 'issue',
    'check validate verify-token assert auth authenticate': 'verify',
    'parse print read debug dump view cat peek': 'decode',
    'describe info whoami': 'decode or inspect',
    'introspect explain why': 'verify',
    'compare cmp': 'diff',
    'edit modify': 'decode --json, and issue --claims -',
    'jws crypto tokens': 'issue, verify or decode',
    jwe: 'encrypt or decrypt',
    dec: 'decode or decrypt',
    'seal wrap': 'encrypt',
    'unseal unwrap unlock': 'decrypt',
    'show get': 'decode, or keys list',
    'expiry expires ttl status age remaining': 'inspect',
    'genkey generate-key keypair gen-key newkey new-key generate-keys gen init key-gen genrsa genpkey ecparam ssh-keygen generate-keypair':
      'keygen',
    'renew reissue extend': 'refresh',
    'logout invalidate blacklist ban block deny': 'revoke',
    'secret secrets rand random': 'keygen --alg HS256 --private FILE, or help keys-and-secrets',
    'cert certificate selfsign': 'keygen --cert FILE',
    'csr req': 'keygen --csr FILE',
    'delete-token remove-token': 'revoke',
    'get-token access-token': 'issue',
    'rm delete del remove': 'keys remove, users remove or clients remove',
    'ls list': 'keys list, users list or clients list',
    'server start run daemon listen up login signin token': 'serve',
    'mock demo': 'serve --demo',
    'discover discovery well-known wellknown oidc openid': 'lint --issuer-url URL, or verify --issuer-url URL',
    'audit doctor analyze analyse crack brute bruteforce brute-force': 'lint',
    'scan attack exploit fuzz pentest': 'probe',
    'tamper forge mutate': 'fixtures',
    test: 'verify, lint or probe',
    'rotate retire prune import export jwks thumbprint': 'keys {}',
    'jwkset jwks-export publish': 'keys jwks',
    jwk: 'keygen, keys jwks or keys convert',
    'public pubkey public-key': 'keys export, or keys jwks',
    'fingerprint kid': 'keys thumbprint',
    'convert pem2jwk jwk2pem rsa ec pkey x509 pem der': 'keys convert',
    'key keyring keystore': 'keys',
    'user account accounts': 'users',
    'adduser useradd register signup': 'users add',
    'passwd password': 'users passwd',
    'client app apps': 'clients',
    'usage man manual': 'help',
    'complete completions autocomplete': 'completion',
  },
  keys: {
    'rm delete del drop revoke wipe destroy': 'remove',
    'ls show get all status print current active count describe': 'list',
    'create generate new add gen make': 'rotate, or jwtkit keygen',
    'load restore read': 'import',
    'dump save get-key view cat backup': 'export',
    'jwk jwkset publish public': 'jwks',
    'fingerprint kid id': 'thumbprint',
    'expire disable deactivate end': 'retire',
    'clean cleanup gc purge': 'prune',
    'renew roll rollover activate': 'rotate',
  },
  users: {
    'rm delete del drop disable lock ban block': 'remove',
    'ls show get all': 'list',
    'export dump': 'list --json',
    'logout kick': 'set NAME --end-sessions',
    'create new register adduser useradd': 'add',
    'update edit change modify': 'set',
    'password reset reset-password set-password': 'passwd',
  },
  clients: {
    'rm delete del drop': 'remove',
    'ls show get all': 'list',
    'create new register': 'add',
    'update edit change modify': 'set',
    'secret reset renew regenerate': 'rotate',
  },
};

/** Topics of help, and words for them. */
const topicRows: Readonly<Record<string, string>> = {
  'exit-codes exit-code exitcodes exit codes error errors error-codes status-codes': 'help exit-codes',
  'environment env vars variable variables dotenv color colors colour colours': 'help environment',
  'config configuration policy settings': 'help environment, or docs/config.md',
  'keys-and-secrets passphrase passphrases hmac': 'help keys-and-secrets',
  'formats format alg algs algorithm algorithms time times duration durations claims': 'help formats',
};

/** The groups of commands, by what a person calls one of their things. */
const groupsByThing: Readonly<Record<string, string>> = {
  key: 'keys',
  keys: 'keys',
  user: 'users',
  users: 'users',
  client: 'clients',
  clients: 'clients',
};

/** Returns what another tool's word stands for; undefined for other words. */
export function hintForCommand(word: string, path: readonly string[]): string | undefined {
  return asQuestion(findMeant(normalized(word), path));
}

/**
 * Returns the command that a word nearly is: in other capitals, by its beginning, as a verb and a thing in one word, or at
 * the top. `level` has the commands that may stand there; `isTop` knows those of the top.
 */
export function hintForNearCommand(
  word: string,
  path: readonly string[],
  level: Command,
  isTop: (word: string) => boolean,
): string | undefined {
  const lower = normalized(word);
  const elsewhere = path.length === 0 ? joined(lower, level) : atTop(lower, isTop);
  return asQuestion(nameIn(level, lower) ?? beginningWith(level, lower) ?? elsewhere);
}

function normalized(word: string): string {
  return word.toLowerCase().replaceAll('_', '-');
}

function asQuestion(meant: string | undefined): string | undefined {
  return meant === undefined ? undefined : `did you mean ${meant}?`;
}

function nameIn(level: Command | undefined, name: string): string | undefined {
  return level?.commands.some((one) => one.name() === name) ? name : undefined;
}

function beginningWith(level: Command, word: string): string | undefined {
  const names = level.commands.map((one) => one.name()).filter((name) => word.length > 2 && name.startsWith(word));
  return names.length === 0 ? undefined : names.join(' or ');
}

function findMeant(word: string, path: readonly string[]): string | undefined {
  const rows = { ...commandRows[path.join(' ')], ...(path.length === 0 ? topicRows : {}) };
  const found = Object.entries(rows).find(([words]) => words.split(' ').includes(word));
  return found?.[1].replace('{}', word);
}

/** Finds a command that stands at the top, not in a group. */
function atTop(word: string, isTop: (word: string) => boolean): string | undefined {
  const meant = isTop(word) ? word : findMeant(word, []);
  return meant === undefined || /^(?:keys|users|clients|help) /.test(meant) ? undefined : `jwtkit ${meant}`;
}

/** Reads a verb and a thing in one word, in either order: create-token, jwt-decode, rotate-keys, user-add. */
function joined(word: string, program: Command): string | undefined {
  const [, first = '', second = ''] = /^([a-z]+)-([a-z]+)$/.exec(word) ?? [];
  for (const [thing, verb] of [
    [first, second],
    [second, first],
  ] as const) {
    const group = Object.hasOwn(groupsByThing, thing) ? (groupsByThing[thing] as string) : undefined;
    if (group !== undefined) {
      const inGroup = program.commands.find((one) => one.name() === group);
      const meant = nameIn(inGroup, verb) ?? findMeant(verb, [group]);
      if (meant !== undefined) return `${group} ${meant}`;
    } else if (/^(?:jwts?|jws|tokens?)$/.test(thing)) {
      const meant = nameIn(program, verb) ?? findMeant(verb, []);
      // A keyring has a list, tokens have none.
      if (meant !== undefined && !/^keys |^users /.test(meant)) return meant;
    }
  }
  return undefined;
}
