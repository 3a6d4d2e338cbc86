import type { Command } from 'commander';
import { type Denylist, keepTokenUntil, type Revocation } from '../../token/denylist.js';
import { formatDistance, formatMoment, parseMoment } from '../../token/time.js';
import { readToken } from '../input.js';
import type { Context, Io } from '../io.js';
import type { KeyOptions, RemoteKeyOptions } from '../keys.js';
import {
  addCommonOptions,
  addExamples,
  addKeyOptions,
  addRemoteOptions,
  addStoreOption,
  clockOption,
  type Invocation,
  option,
  parseOption,
  readInvocation,
  usage,
} from '../options.js';
import { alignColumns, escapeText, printJson, toJson } from '../output.js';
import { type StoreOptions, withDenylist } from '../stores.js';

interface RevokeOptions extends KeyOptions, RemoteKeyOptions, StoreOptions {
  jti?: string;
  until?: string;
  sub?: string;
  list?: boolean;
  at?: string;
}

export function registerRevoke(program: Command, { io }: Context): void {
  const command = program
    .command('revoke')
    .description('End a token before its time; with a refresh token its whole session. Revoking twice is no error.')
    .argument('[token]', 'the token; - or a pipe for stdin')
    .addOption(option('--jti <id>', 'revoke the token of this ID, which nobody has at hand'))
    .addOption(option('--until <moment>', 'when the token of --jti expires'))
    .addOption(option('--sub <id>', "revoke all of a subject's tokens issued up to now"))
    .addOption(option('--list', 'list what is revoked'))
    .addOption(option('--at <moment>', 'take this for the current time'));
  addKeyOptions(command, 'verify');
  addRemoteOptions(command);
  addStoreOption(command);
  addCommonOptions(command);
  addExamples(command, [
    'jwtkit revoke "$TOKEN"',
    'jwtkit revoke --jti 5f0c7a52-9d0e-4bb1-8f6a-2d3c1b0a9e87 --until +7d',
    'jwtkit revoke --sub user-123',
    'jwtkit revoke --list',
  ]);
  command.action(async (argument: string | undefined) => {
    const invocation = readInvocation<RevokeOptions>(command, io);
    const { options } = invocation;
    checkOptions(options, argument);
    const now = clockOption(options.at, io);
    if (options.list === true) return list(invocation, now, io);
    if (options.jti !== undefined) return revokeId(options.jti, invocation, now, io);
    if (options.sub !== undefined) return revokeOf(options.sub, invocation, now, io);
    const { trustedSource } = await import('../keys.js');
    const { withKeys } = await import('../../token/key-source.js');
    const { revokeToken } = await import('../../token/revoke.js');
    const source = await trustedSource(invocation, now, io);
    const token = readToken(argument, io);
    const revoked = await withDenylist(invocation, 'write', io, (denylist) =>
      withKeys(source, now, (keys) => revokeToken(token, { keys, denylist, now })),
    );
    if (options.json === true) printJson(io, revoked);
    else
      io.stderr.write(
        revoked.recorded
          ? `revoked ${escapeText(revoked.jti ?? revoked.family ?? '')}\n`
          : 'the token had expired already\n',
      );
  });
}

function checkOptions(options: RevokeOptions, argument: string | undefined): void {
  const given = [
    [argument !== undefined, 'a token'],
    [options.jti !== undefined, '--jti'],
    [options.sub !== undefined, '--sub'],
    [options.list === true, '--list'],
  ] as const;
  const [first, second] = given.flatMap(([isGiven, name]) => (isGiven ? [name] : []));
  if (second !== undefined) throw usage(`${first} and ${second} exclude each other`);
  if (options.jti !== undefined && options.until === undefined) {
    throw usage('--jti needs --until, the time when the token expires', 'after it the entry is of no more use');
  }
  if (options.until !== undefined && options.jti === undefined) throw usage('--until is for --jti');
}

async function revokeId(jti: string, invocation: Invocation<RevokeOptions>, now: number, io: Io): Promise<void> {
  const { revokeTokenId } = await import('../../token/revoke.js');
  const exp = parseOption('--until', invocation.options.until, (text) => parseMoment(text, now)) as number;
  const isOver = keepTokenUntil(exp, now) <= now;
  const revoked = isOver
    ? { jti, family: null, recorded: false }
    : await withDenylist(invocation, 'write', io, (denylist) => revokeTokenId(jti, exp, { denylist, now }));
  if (invocation.options.json === true) printJson(io, revoked);
  else io.stderr.write(revoked.recorded ? `revoked ${escapeText(jti)}\n` : 'the token had expired already\n');
}

async function revokeOf(sub: string, invocation: Invocation<RevokeOptions>, now: number, io: Io): Promise<void> {
  const { revokeSubject } = await import('../../token/revoke.js');
  await withDenylist(invocation, 'write', io, (denylist) => revokeSubject(sub, { denylist, now }));
  // An iat is whole seconds: a token issued in what is left of this one could not be told from an earlier one.
  await io.nextSecond();
  if (invocation.options.json === true) printJson(io, { sub, issued_up_to: now });
  else io.stderr.write(`revoked every token of ${escapeText(sub)} issued up to ${formatMoment(now)}\n`);
}

function list(invocation: Invocation<RevokeOptions>, now: number, io: Io): Promise<void> {
  return withDenylist(invocation, 'read', io, async (denylist) => {
    if (invocation.options.json === true) await listAsJson(denylist, io);
    else await listAsTable(denylist, now, io);
  });
}

/** One JSON array, an entry a line, however many there are. */
async function listAsJson(denylist: Denylist | undefined, io: Io): Promise<void> {
  let separator = '[';
  for await (const revocation of denylist?.list() ?? []) {
    io.stdout.write(`${separator}\n${toJson(toEntry(revocation))}`);
    if (io.stdout.isClosed === true) return;
    separator = ',';
  }
  io.stdout.write(separator === '[' ? '[]\n' : '\n]\n');
}

function toEntry(revocation: Revocation) {
  const { kind, id, until } = revocation;
  if (kind === 'token') return { kind, id, reason: revocation.reason, until };
  return kind === 'subject' ? { kind, id, issued_up_to: revocation.issuedUpTo, until } : { kind, id, until };
}

async function listAsTable(denylist: Denylist | undefined, now: number, io: Io): Promise<void> {
  const rows: string[][] = [];
  for await (const revocation of denylist?.list() ?? []) {
    const { kind, id, until } = revocation;
    const what =
      kind === 'token'
        ? revocation.reason
        : kind === 'subject'
          ? `issued up to ${formatMoment(revocation.issuedUpTo)}`
          : 'ended';
    rows.push([kind, escapeText(id), what, `kept until ${formatMoment(until)}, ${formatDistance(until, now)}`]);
  }
  for (const line of alignColumns(rows)) io.stdout.write(`${line}\n`);
  if (rows.length === 0) io.stderr.write('nothing is revoked\n');
}
