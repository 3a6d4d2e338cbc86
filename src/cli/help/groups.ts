/** The groups of commands and options in help. An option's group depends on its name, and in some commands on the command. */
import type { Command, Option } from 'commander';

type Names = string;

/** For all commands, in the order of help; `addCommonOptions` and others declare one option for many commands. */
const common: Readonly<Record<string, Names>> = {
  Target: '',
  Service: `--host --port --ready-file --log-format --login-attempts --cors --auth-cookie --trust-proxy --tls-cert --tls-key --demo`,
  Account: `--users --clients --password-file --password-env --password-hash --no-roles --no-scopes --no-claims --end-sessions
    --keep-tokens`,
  Token: `--token-file --token-env --max-size --sub --type --pair --ttl --refresh-ttl --no-exp --no-iat --no-jti --no-type
    --bare --iss --aud --scope --role --claim --claims --nbf --jti --header --typ --until --at --list --rotate --rotate-grace
    --session-max --any-aud --cty --encrypt-to --sign`,
  Checks: `--require --max-age --min-ttl --leeway --allow-no-exp --allow-expired-cert --no-store --store --scope-claim
    --role-claim`,
  Keys: `--keyring --key --key-env --secret-file --secret-env --secret-encoding --decrypt-key --kid --alg --enc --bits --crv
    --passphrase-file --passphrase-env --private --public --private-half --public-half --encrypt --activate-in --grace --spki --use --new-key`,
  Certificate: '--cert --csr --subject --san --days --x5c',
  Network: '--jwks --jwks-token-file --issuer-url --timeout --insecure-http --offline --no-cache',
  Batch: '--batch --threads --only-invalid',
  Output: `--format --report --summary --serialization --out --mask --no-mask --force --dry-run --wide --verbose --json --quiet --color --no-color --debug --help --version`,
  Settings: '--dotenv --config --no-config',
};

/** By command: its full name, its last word, or the name of the command above it. */
const special: Readonly<Record<string, Readonly<Record<string, Names>>>> = {
  verify: {
    Checks: '--alg --type --iss --aud --any-aud --sub --scope --role --typ --at',
    Output: '--claim',
    Batch: '--with-claims',
  },
  inspect: { Checks: '--at' },
  diff: { Checks: '--type --iss --aud --any-aud --at' },
  probe: {
    Target: '--send --method --accepted --refused --remote --rate --options',
    Output: '--level --report --summary --verbose',
  },
  decode: { Output: '--claim --at' },
  decrypt: { Output: '--claim' },
  refresh: { Checks: '--iss --aud --any-aud --at' },
  serve: {
    Service: '--issuer-url --users --clients --workers --rotate --rotate-grace --session-max --store',
    Checks: '--any-aud',
  },
  lint: { Checks: '--fail-on --rule --list-rules --wordlist --at' },
  revoke: { Token: '--store' },
  keys: { Keys: '--at --until --force' },
  'keys export': { Output: '--force' },
  'keys convert': { Output: '--force' },
  users: { Account: '--sub --role --scope --claim --keyring --store' },
  clients: { Account: '--id --scope --aud --no-aud --claim --secret-file --secret-env --keyring --store' },
};

/** The groups of the program's commands, in their order in help. */
const commandGroups: Readonly<Record<string, Names>> = {
  Tokens: 'issue verify decode inspect diff refresh revoke',
  Encryption: 'encrypt decrypt',
  Keys: 'keygen keys',
  Service: 'serve users clients',
  'Tests and CI': 'lint fixtures probe',
  Shell: 'completion help',
};

/** The titles of groups of commands; the last is for commands below another. */
export const commandTitles: readonly string[] = [...Object.keys(commandGroups), 'Commands'];

/** Returns the commands of a group, in its order; of `Commands` those that no group names, in their own order. */
export function inGroup(commands: readonly Command[], title: string, parent: Command): readonly Command[] {
  const names = parent.parent === null ? commandGroups : {};
  const order = names[title]?.split(' ') ?? [];
  if (title !== 'Commands') return order.flatMap((name) => commands.filter((each) => each.name() === name));
  return commands.filter((each) => findGroup(names, each.name()) === undefined);
}

/** The titles in their order in help; the last is for options that no group names. */
export const groupTitles: readonly string[] = [...Object.keys(common), 'Options'];

/** Returns the title of the group that an option of a command belongs to. */
export function groupOf(option: Option, command: Command): string {
  const flag = option.long ?? '';
  const name = command.name();
  const parent = command.parent?.parent == null ? name : command.parent.name();
  const groups = [special[`${parent} ${name}`], special[parent], common];
  return groups.map((each) => findGroup(each, flag)).find((title) => title !== undefined) ?? 'Options';
}

function findGroup(groups: Readonly<Record<string, Names>> | undefined, flag: string): string | undefined {
  return Object.entries(groups ?? {}).find(([, names]) => names.split(/\s+/).includes(flag))?.[0];
}
