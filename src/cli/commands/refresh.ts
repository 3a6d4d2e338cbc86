import type { Command } from 'commander';
import { splitScope } from '../../token/claims.js';
import type { Denylist } from '../../token/denylist.js';
import { type AudienceOptions, anyAudienceOption, audienceDemand, audienceOption } from '../grammar/audience.js';
import { type StoreOptions, withDenylist } from '../grammar/denylist.js';
import { readInvocation } from '../grammar/invocation.js';
import type { KeyOptions } from '../grammar/keys/source.js';
import {
  type LifetimeOptions,
  lifetimes,
  type RotationOptions,
  readLeeway,
  readRotation,
} from '../grammar/lifetimes.js';
import { type Lists, option, type Texts } from '../grammar/option.js';
import {
  addCommonOptions,
  addKeyOptions,
  addMaskOptions,
  addNoStoreOption,
  addStoreOption,
  algOption,
  atOption,
  issuersOption,
  leewayOption,
  refreshTtlOption,
  rotateGraceOption,
  sessionMaxOption,
  ttlOption,
} from '../grammar/shared-options.js';
import { addTokenOptions, readToken, readTokenArgument, type TokenFlags } from '../grammar/token-options.js';
import { readClock, readSigningAlgorithms } from '../grammar/values.js';
import { usage } from '../terminal/errors.js';
import type { Context } from '../terminal/io.js';
import { type MaskOptions, maskSecrets, refuseUselessMask } from '../terminal/mask.js';
import { afterChange, printJson } from '../terminal/output.js';

interface RefreshOptions
  extends KeyOptions,
    StoreOptions,
    TokenFlags,
    AudienceOptions,
    LifetimeOptions,
    RotationOptions,
    MaskOptions,
    Texts<'leeway' | 'at' | 'typ'>,
    Lists<'scope' | 'iss'> {
  /** A list where the policy file gives it. */
  alg?: string | string[];
}

export function registerRefresh(program: Command, context: Context): void {
  const { io } = context;
  const command = program
    .command('refresh')
    .description(
      'Print a new access token for a refresh token. With --rotate, print a new pair. ' +
        'Subject, issuer, audience, client, scope and role stay; no other claims do.',
    )
    .addOption(option('--rotate', 'use up the refresh token and print a pair; a second use ends the session'))
    .addOption(rotateGraceOption('0'))
    .addOption(sessionMaxOption())
    .addOption(option('--scope <scope>', 'fewer scopes than the refresh token has; repeatable').repeatable())
    .addOption(ttlOption())
    .addOption(refreshTtlOption())
    .addOption(option('--typ <type>', 'header typ of the access token, such as at+jwt (default: JWT)'))
    .addOption(issuersOption())
    .addOption(audienceOption())
    .addOption(anyAudienceOption())
    .addOption(leewayOption())
    .addOption(algOption())
    .addOption(option('--kid <id>', "the keyring's key to sign with").from('JWTKIT_KID'))
    .addOption(atOption());
  addTokenOptions(command, 'the refresh token; - or a pipe for stdin');
  addKeyOptions(command, 'sign');
  addStoreOption(command);
  addNoStoreOption(command);
  addMaskOptions(command);
  addCommonOptions(command, [
    'jwtkit refresh "$REFRESH"',
    'jwtkit refresh "$REFRESH" --scope read --ttl 5m',
    'jwtkit refresh "$REFRESH" --rotate --rotate-grace 10s',
  ]);
  command.action(async () => {
    const argument = readTokenArgument(command);
    const invocation = readInvocation<RefreshOptions>(command);
    const { options } = invocation;
    if (options.rotate === true && options.asksStore === false) {
      throw usage(
        `${invocation.label('rotate')} and --no-store exclude each other`,
        'the denylist records that a refresh token is used up',
      );
    }
    refuseUselessMask(options, io);
    const leeway = readLeeway(invocation);
    const rotation = readRotation(invocation);
    const allowed = readSigningAlgorithms(invocation);
    const { withSecretHints } = await import('../grammar/keys/trusted.js');
    const { ownKeys, signingAlgorithm } = await import('../grammar/keys/signing.js');
    const { refreshToken } = await import('../../token/refresh.js');
    // A pipe and a typed passphrase may take long, so each look at the clock comes after them.
    const token = await readToken(argument, invocation, 'refresh', context);
    const keys = await ownKeys(invocation, readClock(options.at, io), io);
    const now = readClock(options.at, io);
    const algorithms = invocation.origin('alg') === 'config' ? allowed : undefined;
    // A refresh token returns to its issuer; an audience that is named is that of the access tokens.
    const { audience, anyAudience = audience === undefined } = audienceDemand(invocation);
    const policy = {
      verify: { issuer: options.iss, audience, anyAudience, leeway, algorithms },
      issue: { ...lifetimes(invocation), typ: options.typ, alg: signingAlgorithm(invocation, allowed, keys.key) },
      scope: options.scope?.flatMap(splitScope),
      rotate: options.rotate,
      ...rotation,
    };
    const mode = options.rotate === true ? 'write' : 'update';
    const refreshed = await withDenylist(invocation, mode, io, (denylist?: Denylist) =>
      withSecretHints(token, keys.keys, () => refreshToken(token, policy, { ...keys, denylist, now, newId: io.newId })),
    );
    await maskSecrets([refreshed.access_token, refreshed.refresh_token], options, io);
    if (options.rotate === true) {
      const hint = 'log in again; a second use of the refresh token would end its session as stolen';
      printJson(afterChange(io, 'the refresh token is used up, and the new tokens are lost', hint), refreshed);
    } else if (options.json === true) printJson(io, refreshed);
    else io.stdout.write(`${refreshed.access_token}\n`);
  });
}
