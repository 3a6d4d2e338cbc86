import type { Command } from 'commander';
import { splitScope } from '../../token/claims.js';
import type { Denylist } from '../../token/denylist.js';
import { readToken } from '../input.js';
import type { Context } from '../io.js';
import type { KeyOptions } from '../keys.js';
import { lifetimes } from '../lifetimes.js';
import {
  addCommonOptions,
  addExamples,
  addKeyOptions,
  addStoreOption,
  clockOption,
  durationOption,
  option,
  readInvocation,
  signingAlgorithmOption,
} from '../options.js';
import { printJson } from '../output.js';
import { type StoreOptions, withDenylist } from '../stores.js';

interface RefreshOptions extends KeyOptions, StoreOptions {
  rotate?: boolean;
  scope?: string[];
  ttl?: string;
  refreshTtl?: string;
  iss?: string[];
  aud?: string[];
  leeway?: string;
  /** A list where the policy file gives it. */
  alg?: string | string[];
  at?: string;
}

export function registerRefresh(program: Command, { io }: Context): void {
  const command = program
    .command('refresh')
    .description('Print a new access token for a refresh token; with --rotate a new pair, once.')
    .argument('[token]', 'the refresh token; - or a pipe for stdin')
    .addOption(option('--rotate', 'consume the refresh token and print a pair; a second use ends the session'))
    .addOption(option('--scope <scope>', 'less than the refresh token holds; repeatable').repeatable())
    .addOption(option('--ttl <duration>', 'lifetime of the access token (default: 30m)').from('JWTKIT_TTL'))
    .addOption(
      option('--refresh-ttl <duration>', 'lifetime of the refresh token (default: 7d)').from('JWTKIT_REFRESH_TTL'),
    )
    .addOption(option('--iss <issuer>', 'accepted issuer; repeatable, any of them').from('JWTKIT_ISS').repeatable())
    .addOption(option('--aud <audience>', 'accepted audience; repeatable, any of them').from('JWTKIT_AUD').repeatable())
    .addOption(option('--leeway <duration>', 'clock difference to bear with (default: 0)').from('JWTKIT_LEEWAY'))
    .addOption(option('--alg <name>', "algorithm to sign with (default: the key's)").from('JWTKIT_ALG'))
    .addOption(option('--kid <id>', "the keyring's key to sign with").from('JWTKIT_KID'))
    .addOption(option('--at <moment>', 'take this for the current time'));
  addKeyOptions(command, 'sign');
  addStoreOption(command);
  addCommonOptions(command);
  addExamples(command, [
    'jwtkit refresh "$REFRESH"',
    'jwtkit refresh "$REFRESH" --scope read --ttl 5m',
    'jwtkit refresh "$REFRESH" --rotate',
  ]);
  command.action(async (argument: string | undefined) => {
    const invocation = readInvocation<RefreshOptions>(command, io);
    const { options } = invocation;
    const now = clockOption(options.at, io);
    const leeway = durationOption(invocation.label('leeway'), options.leeway);
    const allowed = signingAlgorithmOption(invocation);
    const { ownKeys, signingAlgorithm } = await import('../keys.js');
    const { refreshToken } = await import('../../token/refresh.js');
    const keys = await ownKeys(invocation, now, io);
    const policy = {
      verify: {
        issuer: options.iss,
        audience: options.aud,
        leeway,
        algorithms: invocation.origin('alg') === 'config' ? allowed : undefined,
      },
      issue: { ...lifetimes(invocation), alg: signingAlgorithm(invocation, allowed, keys.key) },
      scope: options.scope?.flatMap(splitScope),
      rotate: options.rotate,
    };
    const token = readToken(argument, io);
    const refreshed = await withDenylist(
      invocation,
      options.rotate === true ? 'write' : 'update',
      io,
      (denylist?: Denylist) => refreshToken(token, policy, { ...keys, denylist, now, newId: io.newId }),
    );
    if (options.json === true || options.rotate === true) printJson(io, refreshed);
    else io.stdout.write(`${refreshed.access_token}\n`);
  });
}
