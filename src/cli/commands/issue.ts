import type { Command } from 'commander';
import { readExact, writeJson } from '../../jose/exact-json.js';
import type { JsonObject } from '../../jose/json.js';
import { completeClaims } from '../../token/given-claims.js';
import { addBatchOptions, type BatchFlags, batchClock, excludeFromBatch, readBatch } from '../grammar/batch-options.js';
import { encryptToOption } from '../grammar/decrypt-key.js';
import { type Invocation, readInvocation } from '../grammar/invocation.js';
import {
  addClaimOptions,
  addPairs,
  type ClaimOptions,
  checkClaimOptions,
  claimDefaults,
  claimPolicies,
  claimsOfOptions,
  isRedated,
  leftOut,
  readClaimsFile,
  refuseTogether,
  typeOf,
  warnIfDead,
} from '../grammar/issued-claims.js';
import type { KeyOptions } from '../grammar/keys/source.js';
import { lifetimes } from '../grammar/lifetimes.js';
import { type Flags, type Lists, option, type Texts } from '../grammar/option.js';
import { addOutOptions, type OutOptions, outFile, writeToken } from '../grammar/output-file.js';
import { addCommonOptions, addKeyOptions, addMaskOptions, algOption, atOption } from '../grammar/shared-options.js';
import { readClock, readSigningAlgorithms } from '../grammar/values.js';
import type { Context, Io } from '../terminal/io.js';
import { type MaskOptions, maskSecrets, refuseUselessMask } from '../terminal/mask.js';
import { printJson } from '../terminal/output.js';

interface IssueOptions
  extends KeyOptions,
    BatchFlags,
    ClaimOptions,
    OutOptions,
    Texts<'typ' | 'encryptTo'>,
    Lists<'header'>,
    MaskOptions,
    Flags<'pair'> {
  alg?: string | string[];
}

export function registerIssue(program: Command, context: Context): void {
  const { io } = context;
  const command = program.command('issue').description('Sign a token and print it, alone, on stdout.');
  addClaimOptions(command)
    .addOption(option('--pair', 'make an access and a refresh token, as JSON'))
    .addOption(
      option('--header <name=value>', 'another header member: name=text or name:=json; repeatable').repeatable(),
    )
    .addOption(option('--typ <type>', 'header typ, such as at+jwt; of a pair that of the access token (default: JWT)'))
    .addOption(algOption())
    .addOption(
      option('--kid <id>', "the keyring's key to sign with; with --key, the kid of the header").from('JWTKIT_KID'),
    )
    .addOption(encryptToOption())
    .addOption(atOption());
  addOutOptions(command);
  addBatchOptions(command, 'claims as JSON, or what another batch printed, a line in; a token a line out');
  addKeyOptions(command, 'sign');
  addMaskOptions(command);
  addCommonOptions(command, [
    'jwtkit issue --sub user-123',
    'jwtkit issue --sub user-123 --aud api --scope "read write" --ttl 15m',
    'jwtkit issue --sub user-123 --claim plan=pro --claim seats:=5',
    'jwtkit issue --sub user-123 --pair',
    'jwtkit issue --sub user-123 --encrypt-to recipient.pem',
    'jwtkit issue --bare --iss 12345 --ttl 10m --key partner-key.pem',
    'jwtkit issue --sub user-123 --type refresh --ttl 30d --out refresh.jwt',
    'printf \'{"sub":"user-%s"}\\n\' 1 2 3 | jwtkit issue --batch --aud api',
  ]);
  command.action(async () => {
    const invocation = readInvocation<IssueOptions>(command);
    const { options } = invocation;
    checkOptions(invocation);
    refuseUselessMask(options, io);
    const out = outFile(options);
    const batch = readBatch(options);
    const given = options.claims === undefined ? {} : readClaimsFile(options.claims, io);
    const fixed = claimsOfOptions(invocation, io);
    const defaults = claimDefaults(invocation);
    const allowed = readSigningAlgorithms(invocation);
    const header: JsonObject = {};
    addPairs(header, '--header', options.header);
    const { signingAlgorithm, signingKey, signingKeyFinder } = await import('../grammar/keys/signing.js');
    const { accessTtl, refreshTtl } = lifetimes(invocation);
    const { access, refresh } = claimPolicies(invocation);
    const { typ } = options;
    const policies = {
      access: { typ, ...access },
      refresh: { typ, ...refresh },
      pair: options.pair === true ? { typ, accessTtl, refreshTtl } : undefined,
    } as const;
    if (batch !== undefined) {
      const { runBatch } = await import('../terminal/batch.js');
      const { type, nbf, json: asJson = false } = options;
      const texts = { header: writeJson(header), claims: writeJson(fixed) };
      const job = {
        kind: 'issue',
        policies,
        type,
        ...texts,
        nbf,
        defaults,
        isRedated: isRedated(invocation),
        asJson,
      } as const;
      const now = readClock(options.at, io);
      const findKey = await signingKeyFinder(invocation, now, io);
      const signer = async (at: number) => {
        const key = await findKey(at);
        return { key, alg: signingAlgorithm(invocation, allowed, key) };
      };
      const { mask } = options;
      return runBatch(job, { ...batch, mask, now: batchClock(options.at, now, io), signer }, context);
    }
    const key = await signingKey(invocation, readClock(options.at, io), io);
    // A second look at the clock: claims from a pipe and a typed passphrase may take long.
    const now = readClock(options.at, io);
    const alg = signingAlgorithm(invocation, allowed, key);
    const claims = completeClaims(given, { fixed, defaults, isRedated: isRedated(invocation) });
    const { issueToken, issueTokenPair } = await import('../../token/issue.js');
    const deps = { key, now, newId: io.newId };
    if (policies.pair !== undefined) {
      const pair = await issueTokenPair(claims, { ...policies.pair, alg, header }, deps);
      await maskSecrets([pair.access_token, pair.refresh_token], options, io);
      return out === undefined ? printJson(io, pair) : writeToken(out, JSON.stringify(pair), options, io);
    }
    const issued = await issueToken(claims, { ...policies[typeOf(claims, options)], alg, header }, deps);
    warnIfDead(issued.claims, now, io);
    const token = await encryptFor(options.encryptTo, issued.token, now, invocation, io);
    await maskSecrets([token], options, io);
    if (out !== undefined) return writeToken(out, token, options, io);
    if (options.json === true) {
      printJson(io, { token, claims: readExact(issued.claimsText, issued.claims) });
    } else io.stdout.write(`${token}\n`);
  });
}

/** Encrypts a token if `--encrypt-to` asks for it. */
async function encryptFor(
  place: string | undefined,
  token: string,
  now: number,
  invocation: Invocation<IssueOptions>,
  io: Io,
): Promise<string> {
  if (place === undefined) return token;
  const { encryptNested } = await import('../grammar/keys/nested.js');
  return encryptNested(token, place, { now, invocation }, io);
}

function checkOptions(invocation: Invocation<IssueOptions>): void {
  const { options } = invocation;
  const isPair = options.pair === true;
  if (options.batch !== undefined) {
    const { claims, jti, encryptTo } = options;
    excludeFromBatch({ '--claims': claims, '--jti': jti, '--out': outFile(options), '--encrypt-to': encryptTo });
  }
  refuseTogether([
    [isPair && options.type !== undefined, '--pair and --type'],
    [isPair && options.jti !== undefined, '--pair and --jti'],
    [isPair && options.encryptTo !== undefined, '--pair and --encrypt-to'],
    [isPair && !options.exp, '--pair and --no-exp'],
    [isPair && options.bare === true, '--bare and --pair'],
    ...leftOut(invocation).map((name) => [isPair, `--pair and --no-${name}`] as const),
  ]);
  checkClaimOptions(invocation);
}
