/** The groups of commands and options in help. An option's group depends on its name, and in some commands on the command. */
import type { Command, Option } from 'commander';

type Names = string;

/** For all commands; `addCommonOptions` and others declare one option for many commands. */
const common: Readonly<Record<string, Names>> = {
  Token: `--token-file --token-env --max-size --sub --type --pair --ttl --refresh-ttl --no-exp --no-iat --no-jti --no-type
    --bare --iss --aud --scope --role --claim --claims --nbf --jti --header --typ --until --at --list --rotate --rotate-grace
    --session-max --any-aud --cty --encrypt-to --sign`,
  Checks: `--require --max-age --min-ttl --leeway --allow-no-exp --allow-expired-cert --no-store --store --scope-claim
    --role-claim`,
  Keys: `--keyring --key --key-env --key-format --secret-file --secret-env --secret-encoding --decrypt-key --kid --alg --enc --bits --crv
    --passphrase-file --passphrase-env --private --public --private-half --public-half --encrypt --activate-in --grace --spki --use --new-key`,
  Certificate: '--cert --csr --subject --san --days --x5c',
  Account: `--users --clients --password-file --password-env --password-hash --no-roles --no-scopes --no-claims --end-sessions
    --keep-tokens`,
  Network: '--jwks --jwks-token-file --jwks-token-env --issuer-url --timeout --insecure-http --offline --no-cache',
  Service: `--host --port --ready-file --log-format --login-attempts --cors --auth-cookie --trust-proxy --tls-cert --tls-key --demo`,
  Target: '',
  Batch: '--batch --threads --only-invalid',
  Output: `--format --report --summary --serialization --out --mask --no-mask --force --dry-run --wide --verbose --json --quiet --color --no-color --debug --help --version`,
  Settings: '--dotenv --config --no-config',
};

/** By command, or by the command above it. */
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
  keys: { Keys: '--at --until --force', Output: '--claim' },
  users: { Account: '--sub --role --scope --claim' },
  clients: { Account: '--id --sub --role --scope --aud --no-aud --claim --secret-file --secret-env' },
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

/** Returns the title of the group that a command belongs to. */
export function groupOfCommand(command: Command, parent: Command): string {
  return (parent.parent === null && findGroup(commandGroups, command.name())) || 'Commands';
}

/** The titles in their order in help; the last is for options that no group names. */
export const groupTitles: readonly string[] = [...Object.keys(common), 'Options'];

/** Returns the title of the group that an option of a command belongs to. */
export function groupOf(option: Option, command: Command): string {
  const flag = option.long ?? '';
  const parent = command.parent?.parent == null ? undefined : command.parent.name();
  return findGroup(special[parent ?? command.name()], flag) ?? findGroup(common, flag) ?? 'Options';
}

function findGroup(groups: Readonly<Record<string, Names>> | undefined, flag: string): string | undefined {
  return Object.entries(groups ?? {}).find(([, names]) => names.split(/\s+/).includes(flag))?.[0];
}
