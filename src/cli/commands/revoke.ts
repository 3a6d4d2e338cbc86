import type { Command } from 'commander';
import { toJson } from '../../jose/exact-json.js';
import { escapeText } from '../../shown-text.js';
import { type Denylist, keepTokenUntil, keptForGood, type Revocation } from '../../token/denylist.js';
import { formatMoment, parseMoment } from '../../token/time.js';
import { type StoreOptions, withDenylist } from '../grammar/denylist.js';
import { type Invocation, readInvocation } from '../grammar/invocation.js';
import type { KeyOptions, RemoteKeyOptions } from '../grammar/keys/source.js';
import { type Flags, option, type Texts } from '../grammar/option.js';
import {
  addCommonOptions,
  addKeyOptions,
  addRemoteOptions,
  addStoreOption,
  atOption,
} from '../grammar/shared-options.js';
import {
  addTokenOptions,
  readToken,
  readTokenArgument,
  type TokenFlags,
  tokenFlagOf,
} from '../grammar/token-options.js';
import { parseOption, readClock } from '../grammar/values.js';
import { usage } from '../terminal/errors.js';
import type { Context, Io } from '../terminal/io.js';
import { afterChange, alignColumns, printJson, showMoment } from '../terminal/output.js';

type RevokeOptions = KeyOptions &
  RemoteKeyOptions &
  StoreOptions &
  TokenFlags &
  Texts<'jti' | 'until' | 'sub' | 'at'> &
  Flags<'list'>;

const isUuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/i;
const idHint =
  'pass the token itself; --sub ID ends all tokens of a subject, --jti ID --until TIME one token by its ID';

export function registerRevoke(program: Command, context: Context): void {
  const { io } = context;
  const command = program
    .command('revoke')
    .description(
      'End a token before it expires. A refresh token ends its whole session. Revoking twice is not an error.',
    )
    .addOption(option('--jti <id>', 'revoke by ID, without the token').once())
    .addOption(option('--until <moment>', 'when the token of --jti expires: its exp').once())
    .addOption(option('--sub <id>', "revoke all of a subject's tokens issued up to now").once())
    .addOption(option('--list', 'list revoked tokens, sessions and subjects'))
    .addOption(atOption());
  addTokenOptions(command);
  addKeyOptions(command, 'verify');
  addRemoteOptions(command);
  addStoreOption(command);
  addCommonOptions(command, [
    'jwtkit revoke "$TOKEN"',
    'jwtkit revoke --jti 5f0c7a52-9d0e-4bb1-8f6a-2d3c1b0a9e87 --until +7d',
    'jwtkit revoke --sub user-123',
    'jwtkit revoke --list',
  ]);
  command.action(async () => {
    const argument = readTokenArgument(command);
    const invocation = readInvocation<RevokeOptions>(command);
    const { options } = invocation;
    refuseConflicts(options, argument);
    const isOfToken = options.list !== true && options.jti === undefined && options.sub === undefined;
    // A pipe may be slow, so the clock and the keys are read after the token.
    // Of a pair it takes none: an access token alone, and a refresh token with its session, are two different wishes.
    const token = isOfToken ? await readToken(argument, invocation, undefined, context) : '';
    if (isUuid.test(token) || (/^[\w-]{1,64}$/.test(token) && context.tokenHint === undefined))
      context.tokenHint = idHint;
    const now = readClock(options.at, io);
    if (options.list === true) return listRevocations(invocation, now, io);
    if (options.sub !== undefined) return revokeSubjectTokens(options.sub, invocation, now, io);
    const revoke = options.jti === undefined ? revokeGiven : revokeId;
    const revoked = await revoke(options.jti ?? token, invocation, now, io);
    const { recorded, jti, family } = revoked;
    const expired = 'the token was already expired';
    if (options.json === true) printJson(afterChange(io, recorded ? 'the token is revoked' : expired), revoked);
    else io.say(recorded ? `revoked ${jti ?? family ?? ''}` : expired);
  });
}

function refuseConflicts(options: RevokeOptions, argument: string | undefined): void {
  const given = [
    [argument !== undefined, 'a token'],
    [tokenFlagOf(options) !== undefined, tokenFlagOf(options)],
    [options.jti !== undefined, '--jti'],
    [options.sub !== undefined, '--sub'],
    [options.list === true, '--list'],
  ] as const;
  const [first, second] = given.flatMap(([isGiven, name]) => (isGiven ? [name] : []));
  if (second !== undefined) throw usage(`${first} and ${second} exclude each other`);
  if (options.jti !== undefined && options.until === undefined) {
    throw usage('--jti needs --until, the time when the token expires', 'after that the entry is no longer needed');
  }
  if (options.until !== undefined && options.jti === undefined) throw usage('--until is for --jti');
}

async function revokeGiven(token: string, invocation: Invocation<RevokeOptions>, now: number, io: Io) {
  const { trustedSource, withSecretHints } = await import('../grammar/keys/trusted.js');
  const { withKeys } = await import('../../token/key-source.js');
  const { revokeToken } = await import('../../token/revoke.js');
  const source = await trustedSource(invocation, now, io);
  return withDenylist(invocation, 'write', io, (denylist) =>
    withKeys(source, now, (keys) => {
      const deps = { keys, skipped: source.skipped?.(now), denylist, now };
      return withSecretHints(token, keys, () => revokeToken(token, deps));
    }),
  );
}

async function revokeId(jti: string, invocation: Invocation<RevokeOptions>, now: number, io: Io) {
  const { revokeTokenId } = await import('../../token/revoke.js');
  const exp = parseOption('--until', invocation.options.until, (text) => parseMoment(text, now)) as number;
  if (keepTokenUntil(exp) <= now) return { jti, family: null, recorded: false };
  return withDenylist(invocation, 'write', io, (denylist) => revokeTokenId(jti, exp, { denylist, now }));
}

async function revokeSubjectTokens(sub: string, invocation: Invocation<RevokeOptions>, at: number, io: Io) {
  const { revokeUpToNow } = await import('./accounts/sessions.js');
  const clock = invocation.options.at === undefined ? io : { now: () => at, nextSecond: io.nextSecond };
  const now = await withDenylist(invocation, 'write', io, (denylist) => revokeUpToNow(sub, denylist, clock));
  if (invocation.options.json === true)
    printJson(afterChange(io, 'the tokens are revoked'), { sub, issued_up_to: now });
  else io.say(`revoked every token of ${sub} issued up to ${formatMoment(now)}`);
}

function listRevocations(invocation: Invocation<RevokeOptions>, now: number, io: Io): Promise<void> {
  return withDenylist(invocation, 'read', io, async (denylist) => {
    if (invocation.options.json === true) await printJsonList(denylist, io);
    else await printTable(denylist, now, io);
  });
}

/** Prints one JSON array, one entry per line, as the entries arrive. */
async function printJsonList(denylist: Denylist | undefined, io: Io): Promise<void> {
  let separator = '[';
  for await (const revocation of denylist?.list() ?? []) {
    io.stdout.write(`${separator}\n${toJson(entryToJson(revocation))}`);
    if (io.stdout.isClosed === true) return;
    separator = ',';
  }
  io.stdout.write(separator === '[' ? '[]\n' : '\n]\n');
}

function entryToJson(revocation: Revocation) {
  const { kind, id, until } = revocation;
  if (kind === 'token') return { kind, id, reason: revocation.reason, until };
  return kind === 'subject' ? { kind, id, issued_up_to: revocation.issuedUpTo, until } : { kind, id, until };
}

async function printTable(denylist: Denylist | undefined, now: number, io: Io): Promise<void> {
  const rows: string[][] = [];
  for await (const revocation of denylist?.list() ?? []) {
    const { kind, id, until } = revocation;
    const what =
      kind === 'token'
        ? revocation.reason
        : kind === 'subject'
          ? `issued up to ${formatMoment(revocation.issuedUpTo)}`
          : 'ended';
    const kept = until >= keptForGood ? 'kept for good' : `kept until ${showMoment(until, now)}`;
    // In tokens, stores and JSON the word is `family`, the claim.
    rows.push([kind === 'family' ? 'session' : kind, escapeText(id), what, kept]);
  }
  for (const line of alignColumns(rows)) io.stdout.write(`${line}\n`);
  if (rows.length === 0) io.say('nothing is revoked');
}
