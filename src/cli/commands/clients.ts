/** `jwtkit clients`: programs that authenticate with an id and a secret. */
import type { Command } from 'commander';
import type { IssuedSecret } from '../../store/accounts/clients.js';
import { splitScope } from '../../token/claims.js';
import { accountClaimOption, readAccountClaims } from '../grammar/account-claims.js';
import { type AccountOptions, accountsFile, addAccountsOption } from '../grammar/accounts.js';
import { readInvocation } from '../grammar/invocation.js';
import type { Lists } from '../grammar/option.js';
import { addCommonOptions, grantedScopesOption } from '../grammar/shared-options.js';
import type { Context, Io } from '../terminal/io.js';
import { afterChange, printJson } from '../terminal/output.js';
import { registerList, registerRemove, registerSet } from './accounts/commands.js';
import { fromClient, clients as kind, toReport } from './accounts/kind.js';
import { noteTokens } from './accounts/sessions.js';

export function registerClients(program: Command, context: Context): void {
  const clients = program
    .command('clients')
    .description('Manage the clients of a server: programs with an id and a secret, and what they may do.')
    .helpCommand('help [command]', 'show help of a command');
  registerAdd(clients, context);
  registerSet(
    clients,
    context,
    kind,
    'Change what a client may do. What you give replaces the old list or the old claims; the rest stays.',
    ['jwtkit clients set reports --scope "invoices:read"', 'jwtkit clients set reports --no-scopes'],
  );
  registerList(clients, context, kind, 'List the clients: ids, names, scopes; no secrets, no hashes.');
  registerRotate(clients, context);
  const remove = 'Remove a client, and revoke all tokens that it was issued for itself.';
  registerRemove(clients, context, kind, remove);
}

function registerAdd(clients: Command, { io }: Context): void {
  const command = clients
    .command('add')
    .description('Add a client. Prints its id and its secret; the secret is shown only now, and kept nowhere.')
    .argument('<name>', 'what you call the client')
    .addOption(grantedScopesOption())
    .addOption(accountClaimOption('another claim of its own access tokens'));
  addAccountsOption(command, 'clients');
  addCommonOptions(command, [
    'jwtkit clients add billing --scope "invoices:read invoices:write" > billing.env',
    'eval "$(jwtkit clients add nightly-report)"',
  ]);
  command.action(async (name: string) => {
    const invocation = readInvocation<AccountOptions & Lists<'scope' | 'claim'>>(command);
    const { options } = invocation;
    const { addClient } = await import('../../store/accounts/clients.js');
    const path = accountsFile(invocation, 'clients', io);
    const claims = readAccountClaims(options.claim);
    const given = { name, scopes: options.scope?.flatMap(splitScope), claims };
    const added = await addClient(path, given, { now: io.now() });
    const hint = 'jwtkit clients rotate makes another secret';
    printSecret(added, options.json === true, afterChange(io, 'the client was added, but its secret is lost', hint));
    if (options.json !== true) io.say(`added ${name}; its secret is not shown again`);
  });
}

function registerRotate(clients: Command, { io }: Context): void {
  const command = clients
    .command('rotate')
    .description('Give a client another secret, printed as by add. The old secret stops working.')
    .argument(...kind.argument);
  addAccountsOption(command, 'clients');
  addCommonOptions(command, ['jwtkit clients rotate reports > reports.env']);
  command.action(async (idOrName: string) => {
    const invocation = readInvocation<AccountOptions>(command);
    const { options } = invocation;
    const { rotateClientSecret } = await import('../../store/accounts/clients.js');
    const rotated = await rotateClientSecret(accountsFile(invocation, 'clients', io), idOrName);
    const lost = 'the secret was changed: the old one no longer works, and the new one is lost';
    const told = afterChange(io, lost, 'run the command again: it makes another secret');
    printSecret(rotated, options.json === true, told);
    if (options.json !== true) io.say(`changed the secret of ${rotated.client.name}; it is not shown again`);
    noteTokens(rotated.client.id, null, options, io);
  });
}

/** Prints a client's id and secret as JSON, or as lines that a shell takes for assignments. */
function printSecret({ client, secret }: IssuedSecret, asJson: boolean, io: Io): void {
  if (asJson) printJson(io, { ...toReport(fromClient(client)), client_secret: secret });
  else io.stdout.write(`client_id=${client.id}\nclient_secret=${secret}\n`);
}
