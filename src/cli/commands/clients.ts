/** `jwtkit clients`: programs that authenticate with an id and a secret. */
import type { Command } from 'commander';
import type { IssuedSecret } from '../../store/accounts/clients.js';
import { splitScope } from '../../token/claims.js';
import { accountClaimOption, readAccountClaims } from '../grammar/account-claims.js';
import { type AccountOptions, accountsFile, addAccountsOption } from '../grammar/accounts.js';
import { readInvocation } from '../grammar/invocation.js';
import { noteCommas } from '../grammar/issued-claims.js';
import { type Lists, option, type Texts } from '../grammar/option.js';
import {
  addClientSecretOptions,
  addCommonOptions,
  addMaskOptions,
  clientAudienceOption,
  grantedScopesOption,
} from '../grammar/shared-options.js';
import { type ClientSecretOptions, givenClientSecret } from '../secrets/new-secrets.js';
import type { Context, Io } from '../terminal/io.js';
import { type MaskOptions, maskSecrets, refuseUselessMask } from '../terminal/mask.js';
import { afterChange, printJson } from '../terminal/output.js';
import { registerList, registerRemove, registerSet } from './accounts/commands.js';
import { fromClient, clients as kind, refuseSubjectTwice, toReport } from './accounts/kind.js';
import { noteTokens } from './accounts/sessions.js';

export function registerClients(program: Command, context: Context): void {
  const clients = program
    .command('clients')
    .description('Manage the clients of serve: programs with a secret. They get tokens for themselves or for users.')
    .helpCommand('help [command]', 'Show help of a command.');
  registerAdd(clients, context);
  const set = 'Change what a client may do. What you give replaces the old list or the old claims; the rest stays.';
  registerSet(clients, context, kind, set, [
    'jwtkit clients set reports --scope "invoices:read"',
    'jwtkit clients set reports --aud https://reports.example --aud billing',
    'jwtkit clients set reports --no-scopes',
  ]);
  registerList(clients, context, kind, 'List the clients: ids, names, scopes; no secrets, no hashes.');
  registerRotate(clients, context);
  const remove = 'Remove a client, and revoke all tokens that it was issued for itself.';
  registerRemove(clients, context, kind, remove);
}

type AddOptions = AccountOptions & ClientSecretOptions & MaskOptions & Lists<'scope' | 'aud' | 'claim'> & Texts<'id'>;

function registerAdd(clients: Command, { io }: Context): void {
  const command = clients
    .command('add')
    .description('Add a client. Prints its id and its secret; the secret is shown only now, and kept nowhere.')
    .argument('<name>', 'what you call the client')
    .addOption(option('--id <id>', 'the id that it has already (default: a random one)'))
    .addOption(grantedScopesOption())
    .addOption(clientAudienceOption())
    .addOption(accountClaimOption('another claim of its own access tokens'));
  addClientSecretOptions(command);
  addAccountsOption(command, 'clients');
  addMaskOptions(command);
  addCommonOptions(command, [
    'jwtkit clients add billing --scope "invoices:read invoices:write" > billing.env',
    'eval "$(jwtkit clients add nightly-report)"',
    'jwtkit clients add mobile --id mobile-app --secret-env MOBILE_SECRET',
  ]);
  command.action(async (name: string) => {
    const invocation = readInvocation<AddOptions>(command);
    const { options } = invocation;
    const { id, scope, aud: audiences, claim, json = false } = options;
    refuseUselessMask(options, io);
    noteCommas(invocation, io);
    const { addClient } = await import('../../store/accounts/clients.js');
    const path = accountsFile(invocation, 'clients', io);
    const claims = readAccountClaims(claim);
    const given = givenClientSecret(invocation, io);
    if (id !== undefined) {
      const { readUsers } = await import('../../store/accounts/users.js');
      refuseSubjectTwice(id, readUsers(accountsFile(invocation, 'users', io)), 'user');
    }
    const client = { name, id, secret: given?.secret, scopes: scope?.flatMap(splitScope), audiences, claims };
    const added = await addClient(path, client, { now: io.now() });
    const hint = 'jwtkit clients rotate makes another secret';
    const lost = given === undefined ? ', but its secret is lost' : '';
    const told = afterChange(io, `the client was added${lost}`, given === undefined ? hint : undefined);
    if (given === undefined) await maskSecrets([added.secret], options, io);
    printCredentials(added, given !== undefined, json, told);
    if (json) return;
    io.say(
      `added ${name}${given === undefined ? '; its secret is not shown again' : ` with the secret of ${given.label}`}`,
    );
  });
}

function registerRotate(clients: Command, { io }: Context): void {
  const command = clients
    .command('rotate')
    .description('Give a client another secret, and print it. The old secret stops working.')
    .argument(...kind.argument);
  addClientSecretOptions(command);
  addAccountsOption(command, 'clients');
  addMaskOptions(command);
  addCommonOptions(command, ['jwtkit clients rotate reports > reports.env']);
  command.action(async (idOrName: string) => {
    const invocation = readInvocation<AccountOptions & ClientSecretOptions & MaskOptions>(command);
    const { options } = invocation;
    refuseUselessMask(options, io);
    const { rotateClientSecret } = await import('../../store/accounts/clients.js');
    const path = accountsFile(invocation, 'clients', io);
    const given = givenClientSecret(invocation, io);
    const rotated = await rotateClientSecret(path, idOrName, given?.secret);
    const lost = given === undefined ? ', and the new one is lost' : '';
    const hint = given === undefined ? 'run the command again: it makes another secret' : undefined;
    const told = afterChange(io, `the secret was changed: the old one no longer works${lost}`, hint);
    if (given === undefined) await maskSecrets([rotated.secret], options, io);
    printCredentials(rotated, given !== undefined, options.json === true, told);
    const shown = given === undefined ? '; it is not shown again' : ` to that of ${given.label}`;
    if (options.json !== true) io.say(`changed the secret of ${rotated.client.name}${shown}`);
    noteTokens(rotated.client.id, null, options, io);
  });
}

/** Prints a client's id and secret as JSON, or as lines that a shell takes for assignments. A given secret is not repeated. */
function printCredentials({ client, secret }: IssuedSecret, isGiven: boolean, asJson: boolean, io: Io): void {
  if (asJson) printJson(io, { ...toReport(fromClient(client)), ...(isGiven ? {} : { client_secret: secret }) });
  else io.stdout.write(`client_id=${client.id}\n${isGiven ? '' : `client_secret=${secret}\n`}`);
}
