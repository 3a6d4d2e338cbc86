/** The commands that users and clients have alike: list, set and remove. */
import type { Command } from 'commander';
import { escapeText } from '../../../shown-text.js';
import { splitScope } from '../../../token/claims.js';
import { formatMoment } from '../../../token/time.js';
import { type AccountOptions, accountsFile, addAccountsOption } from '../../grammar/accounts.js';
import type { StoreOptions } from '../../grammar/denylist.js';
import { readInvocation } from '../../grammar/invocation.js';
import { type Flags, type Lists, option } from '../../grammar/option.js';
import { addCommonOptions, addStoreOption, wideOption } from '../../grammar/shared-options.js';
import { painterFor } from '../../terminal/colour.js';
import { columnsOf } from '../../terminal/columns.js';
import { usage } from '../../terminal/errors.js';
import type { Context } from '../../terminal/io.js';
import { afterChange, printJson } from '../../terminal/output.js';
import { fitTable } from '../../terminal/table.js';
import { type AccountKind, type Grants, toReport } from './kind.js';
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
    const rows = accounts.map((account) => [...kind.toCells(account), formatMoment(account.created)].map(escapeText));
    const width = options.wide === true ? Number.POSITIVE_INFINITY : columnsOf(io);
    const { lines: table, isWhole } = fitTable([[...kind.columns, 'CREATED'], ...rows], width, losses);
    const [head = '', ...lines] = table;
    const paint = await painterFor(io.stdout, options.color, env);
    io.stdout.write(`${[paint.bold(head), ...lines].join('\n')}\n`);
    if (!isWhole) io.note('not everything fits; --wide shows it, and --json');
  });
}

/** A client's id is never cut: commands take it. */
const losses = { drops: ['CREATED'], cuts: ['SCOPES', 'ROLES', 'SUB', 'NAME'] };

/** `roles` and `scopes` are false for `--no-roles` and `--no-scopes`; a client has no roles. */
type SetOptions = AccountOptions & StoreOptions & Lists<'role' | 'scope'> & Flags<'roles' | 'scopes' | 'endSessions'>;

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
    .addOption(option('--scope <scope>', 'scope tokens that it may be granted from now on; repeatable').repeatable())
    .addOption(option('--no-scopes', 'no scope at all'));
  if (isUser) addEndSessionsOption(command);
  addAccountsOption(command, plural);
  if (isUser) addStoreOption(command);
  addCommonOptions(command, examples);
  command.action(async (named: string) => {
    const invocation = readInvocation<SetOptions>(command);
    const { options } = invocation;
    const roles = newList('role', options.role, options.roles);
    const scopes = newList('scope', options.scope?.flatMap(splitScope), options.scopes);
    const endsSessions = options.endSessions === true;
    if (roles === undefined && scopes === undefined) {
      const flags = isUser ? '--role or --no-roles, --scope or --no-scopes' : '--scope or --no-scopes';
      const hint = endsSessions ? '; jwtkit revoke --sub ends sessions alone' : '';
      throw usage('nothing to change is named', `name ${flags}${hint}`);
    }
    const path = accountsFile(invocation, plural, io);
    // Fails before changeAccount makes a denylist: a missing user needs none. Tokens of a client are not revoked.
    let account = await (isUser ? kind.find(path, named) : kind.change(path, named, { scopes }));
    const change = async () => {
      account = await kind.change(path, named, { roles, scopes });
    };
    const { subject } = account;
    const issuedUpTo = isUser ? await changeAccount(subject, { change, endsSessions }, invocation, io) : null;
    if (options.json === true) {
      const told = afterChange(io, `the ${noun} was changed${tokensOf(issuedUpTo)}`);
      printJson(told, { ...toReport(account), ...(isUser ? { issued_up_to: issuedUpTo } : {}) });
    } else io.say(`changed ${account.name}: ${grantsInWords(account.grants)}`);
    const kept = isUser ? 'roles and scopes' : 'scopes';
    const left = `tokens of ${account.name} keep their ${kept} until they expire`;
    noteTokens(subject, issuedUpTo, options, io, left);
  });
}

/** Returns the list of `--role` or `--scope`, an empty one for `--no-roles` or `--no-scopes`; undefined to keep the old list. */
function newList(what: 'role' | 'scope', named: string[] | undefined, keeps = true) {
  if (keeps) return named;
  if (named !== undefined) throw usage(`--${what} and --no-${what}s exclude each other`);
  return [];
}

function grantsInWords({ roles, scopes }: Grants): string {
  const parts = roles === undefined ? [] : [roles.length === 0 ? 'no roles' : `roles ${roles.join(', ')}`];
  return [...parts, scopes.length === 0 ? 'no scopes' : `scopes ${scopes.join(' ')}`].join('; ');
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
