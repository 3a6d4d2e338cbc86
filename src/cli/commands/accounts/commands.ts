/** The commands that users and clients have alike: list, set and remove. */
import type { Command } from 'commander';
import { writeJson } from '../../../jose/exact-json.js';
import { escapeText } from '../../../shown-text.js';
import { splitScope } from '../../../token/claims.js';
import { formatMoment } from '../../../token/time.js';
import { accountClaimOption, readAccountClaims } from '../../grammar/account-claims.js';
import { type AccountOptions, accountsFile, addAccountsOption } from '../../grammar/accounts.js';
import type { StoreOptions } from '../../grammar/denylist.js';
import { readInvocation } from '../../grammar/invocation.js';
import { noteCommas } from '../../grammar/issued-claims.js';
import { type Flags, type Lists, option } from '../../grammar/option.js';
import { addCommonOptions, addStoreOption, clientAudienceOption, wideOption } from '../../grammar/shared-options.js';
import { painterFor } from '../../terminal/colour.js';
import { columnsOf } from '../../terminal/columns.js';
import { usage } from '../../terminal/errors.js';
import type { Context } from '../../terminal/io.js';
import { afterChange, printJson } from '../../terminal/output.js';
import { fitTable } from '../../terminal/table.js';
import { type Account, type AccountKind, type Grants, toReport } from './kind.js';
import { addEndSessionsOption, changeAccount, noteTokens, tokensOf } from './sessions.js';

/** Adds `users list` or `clients list`. */
export function registerList(group: Command, { io }: Context, kind: AccountKind, description: string): void {
  const { plural } = kind;
  const command = group.command('list').description(description).addOption(wideOption());
  addAccountsOption(command, plural);
  addCommonOptions(command, [`jwtkit ${plural} list`, `jwtkit ${plural} list --json`]);
  command.action(async () => {
    const invocation = readInvocation<AccountOptions & Flags<'wide'>>(command);
    const { options, env } = invocation;
    const accounts = await kind.readAll(accountsFile(invocation, plural, io));
    if (options.json === true) return printJson(io, accounts.map(toReport));
    if (accounts.length === 0) return io.say(`there are no ${plural}`);
    const further = furtherColumns.filter(({ cell }) => accounts.some((account) => cell(account) !== ''));
    const rows = accounts.map((account) => {
      const cells = [...kind.toCells(account), ...further.map(({ cell }) => cell(account))];
      return [...cells, formatMoment(account.created)].map(escapeText);
    });
    const columns = [...kind.columns, ...further.map(({ title }) => title), 'CREATED'];
    const width = options.wide === true ? Number.POSITIVE_INFINITY : columnsOf(io);
    const { lines: table, isWhole } = fitTable([columns, ...rows], width, losses);
    const [head = '', ...lines] = table;
    const paint = await painterFor(io.stdout, options.color, env);
    io.stdout.write(`${[paint.bold(head), ...lines].join('\n')}\n`);
    if (!isWhole) io.note('not everything fits; --wide shows it, and --json');
  });
}

/** Columns that the table has only if an account has something to show there. */
const furtherColumns = [
  { title: 'AUD', cell: ({ grants: { aud = [] } }: Account) => aud.join(' ') },
  {
    title: 'CLAIMS',
    cell: ({ grants: { claims } }: Account) => (Object.keys(claims).length === 0 ? '' : writeJson(claims)),
  },
];

/** A client's id is never cut: commands take it. */
const losses = { drops: ['CREATED', 'CLAIMS', 'AUD'], cuts: ['SCOPES', 'ROLES', 'SUB', 'NAME'] };

/** `roles`, `scopes` and `claims` are false for `--no-roles`, `--no-scopes` and so on. A client has no roles, a user no audiences. */
type SetOptions = AccountOptions &
  StoreOptions &
  Lists<'role' | 'scope' | 'aud' | 'claim'> &
  Flags<'roles' | 'scopes' | 'audiences' | 'claims' | 'endSessions'>;

/** Adds `users set` or `clients set`. Only users have roles and sessions. */
export function registerSet(
  group: Command,
  { io }: Context,
  kind: AccountKind,
  description: string,
  examples: readonly string[],
): void {
  const { noun, plural } = kind;
  const isUser = noun === 'user';
  const command = group
    .command('set')
    .description(description)
    .argument(...kind.argument);
  if (isUser) {
    command
      .addOption(option('--role <role>', 'role from now on; repeatable').repeatable())
      .addOption(option('--no-roles', 'no role at all'));
  }
  command
    .addOption(option('--scope <scope>', 'scopes from now on; repeatable').repeatable())
    .addOption(option('--no-scopes', 'no scope at all'))
    .addOption(accountClaimOption('claim of its access tokens from now on'))
    .addOption(option('--no-claims', 'no claim of its own at all'));
  if (isUser) addEndSessionsOption(command);
  else {
    command
      .addOption(clientAudienceOption('audience of its tokens from now on'))
      .addOption(option('--no-aud', 'no audiences of its own: those of serve').as('audiences'));
  }
  addAccountsOption(command, plural);
  if (isUser) addStoreOption(command);
  addCommonOptions(command, examples);
  command.action(async (named: string) => {
    const invocation = readInvocation<SetOptions>(command);
    const { options } = invocation;
    const roles = newList('role', options.role, options.roles);
    const scopes = newList('scope', options.scope?.flatMap(splitScope), options.scopes);
    const audiences = newList('aud', options.aud, options.audiences);
    const claims = newClaims(options);
    const endsSessions = options.endSessions === true;
    if ([roles, scopes, audiences, claims].every((each) => each === undefined)) {
      const shared = '--scope or --no-scopes, --claim or --no-claims';
      const flags = isUser ? `--role or --no-roles, ${shared}` : `${shared}, --aud or --no-aud`;
      const hint = endsSessions ? '; jwtkit revoke --sub ends sessions alone' : '';
      throw usage('nothing to change is named', `name ${flags}${hint}`);
    }
    noteCommas(invocation, io);
    const path = accountsFile(invocation, plural, io);
    // Fails before changeAccount makes a denylist: a missing user needs none. Tokens of a client are not revoked.
    let account = await (isUser ? kind.find(path, named) : kind.change(path, named, { scopes, audiences, claims }));
    const change = async () => {
      account = await kind.change(path, named, { roles, scopes, claims });
    };
    const { subject } = account;
    const issuedUpTo = isUser ? await changeAccount(subject, { change, endsSessions }, invocation, io) : null;
    if (options.json === true) {
      const told = afterChange(io, `the ${noun} was changed${tokensOf(issuedUpTo)}`);
      printJson(told, { ...toReport(account), ...(isUser ? { issued_up_to: issuedUpTo } : {}) });
    } else io.say(`changed ${account.name}: ${grantsInWords(account.grants)}`);
    const kept =
      (claims ?? audiences) !== undefined ? 'what they say' : isUser ? 'their roles and scopes' : 'their scopes';
    const left = `tokens of ${account.name} keep ${kept} until they expire`;
    noteTokens(subject, issuedUpTo, options, io, left);
  });
}

/** Returns the list of `--role` or `--scope`, an empty one for `--no-roles` or `--no-scopes`; undefined to keep the old list. */
function newList(what: 'role' | 'scope' | 'aud', named: string[] | undefined, keeps = true) {
  if (keeps) return named;
  const none = what === 'aud' ? '--no-aud' : `--no-${what}s`;
  if (named !== undefined) throw usage(`--${what} and ${none} exclude each other`);
  return [];
}

/** Returns the claims of `--claim`, none for `--no-claims`; undefined to keep the old ones. */
function newClaims({ claim, claims: keeps = true }: SetOptions) {
  if (keeps) return readAccountClaims(claim);
  if (claim !== undefined) throw usage('--claim and --no-claims exclude each other');
  return {};
}

function grantsInWords({ roles, scopes, aud = [], claims }: Grants): string {
  const parts = roles === undefined ? [] : [roles.length === 0 ? 'no roles' : `roles ${roles.join(', ')}`];
  const names = Object.keys(claims).map(escapeText);
  return [
    ...parts,
    scopes.length === 0 ? 'no scopes' : `scopes ${scopes.join(' ')}`,
    ...(aud.length === 0 ? [] : [`audiences ${aud.join(', ')}`]),
    ...(names.length === 0 ? [] : [`claims ${names.join(', ')}`]),
  ].join('; ');
}

/** Adds `users remove` or `clients remove`. */
export function registerRemove(group: Command, { io }: Context, kind: AccountKind, description: string): void {
  const { noun, plural } = kind;
  const command = group
    .command('remove')
    .description(description)
    .argument(...kind.argument)
    .addOption(option('--keep-tokens', `revoke nothing: tokens of the ${noun} stay valid until they expire`));
  addAccountsOption(command, plural);
  addStoreOption(command);
  addCommonOptions(command, [`jwtkit ${plural} remove ${kind.exampleName}`]);
  command.action(async (named: string) => {
    const invocation = readInvocation<AccountOptions & StoreOptions & Flags<'keepTokens'>>(command);
    const { options } = invocation;
    const path = accountsFile(invocation, plural, io);
    // Fails before changeAccount makes a denylist: a missing account needs none.
    const account = await kind.find(path, named);
    const { subject, name, identity } = account;
    const change = () => kind.remove(path, account);
    const endsSessions = options.keepTokens !== true;
    const issuedUpTo = await changeAccount(subject, { change, endsSessions }, invocation, io);
    if (options.json === true) {
      const told = afterChange(io, `the ${noun} was removed${tokensOf(issuedUpTo)}`);
      printJson(told, { ...identity, issued_up_to: issuedUpTo });
    } else io.say(`removed ${name}`);
    noteTokens(subject, issuedUpTo, options, io);
  });
}
