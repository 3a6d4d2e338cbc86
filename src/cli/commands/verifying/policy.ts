/** The options of `verify`, and what they ask of a token. */
import { defaultMaxTokenLength } from '../../../jose/compact.js';
import { splitScope, type TokenType } from '../../../token/claims.js';
import type { VerifyPolicy } from '../../../token/policy.js';
import { parseRequiredClaim, type RequiredClaim } from '../../../token/required-claim.js';
import { type AudienceOptions, audienceDemand } from '../../grammar/audience.js';
import { type BatchFlags, excludeFromBatch } from '../../grammar/batch-options.js';
import type { StoreOptions } from '../../grammar/denylist.js';
import type { Invocation } from '../../grammar/invocation.js';
import type { KeyOptions, RemoteKeyOptions } from '../../grammar/keys/source.js';
import { readLeeway } from '../../grammar/lifetimes.js';
import type { Flags, Lists, Texts } from '../../grammar/option.js';
import type { ReportOptions } from '../../grammar/report-options.js';
import { readMaxSize, type TokenFlags } from '../../grammar/token-options.js';
import { readAlgorithms, readDuration } from '../../grammar/values.js';
import { usage } from '../../terminal/errors.js';

export interface VerifyOptions
  extends KeyOptions,
    RemoteKeyOptions,
    StoreOptions,
    ReportOptions,
    BatchFlags,
    TokenFlags,
    AudienceOptions,
    Texts<'sub' | 'typ' | 'maxSize' | 'maxAge' | 'minTtl' | 'leeway' | 'at' | 'claim' | 'scopeClaim' | 'roleClaim'>,
    Lists<'alg' | 'iss' | 'scope' | 'role' | 'decryptKey'>,
    Flags<'allowNoExp' | 'allowExpiredCert' | 'verbose' | 'withClaims' | 'onlyInvalid'> {
  type?: TokenType | 'any';
  /** Texts from flags; those of the policy file are parsed already. */
  require?: (string | RequiredClaim)[];
}

/**
 * Reads what a token has to be like, and refuses options that exclude each other.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function readPolicy(invocation: Invocation<VerifyOptions>): VerifyPolicy {
  const { options, label, origin } = invocation;
  if (options.batch !== undefined) {
    excludeFromBatch({
      '--quiet': options.quiet,
      '--claim': options.claim,
      '--max-size': options.maxSize,
      '--decrypt-key': options.decryptKey,
    });
  } else if (options.withClaims === true || options.onlyInvalid === true) {
    throw usage(`${options.withClaims === true ? '--with-claims' : '--only-invalid'} is for --batch`);
  }
  if (options.quiet === true && options.claim !== undefined) throw usage('--quiet and --claim exclude each other');
  if (options.claim !== undefined && options.format !== undefined)
    throw usage('--claim and --format exclude each other');
  for (const [name, place] of [
    ['role', 'roleClaim'],
    ['scope', 'scopeClaim'],
  ] as const) {
    if (origin(place) === 'flag' && options[name] === undefined) throw usage(`${label(place)} is for --${name}`);
  }
  return {
    algorithms: readAlgorithms(label('alg'), options.alg),
    type: options.type,
    issuer: options.iss,
    ...audienceDemand(invocation),
    subject: options.sub,
    scope: options.scope?.flatMap(splitScope),
    scopeClaim: options.scopeClaim,
    role: options.role,
    roleClaim: options.roleClaim,
    typ: options.typ,
    require: options.require?.map(readRequiredClaim),
    maxLength: readMaxSize(options.maxSize, defaultMaxTokenLength),
    maxAge: readDuration(label('maxAge'), options.maxAge),
    minTtl: readDuration(label('minTtl'), options.minTtl),
    leeway: readLeeway(invocation),
    allowNoExp: options.allowNoExp,
    allowExpiredCertificate: options.allowExpiredCert,
  };
}

function readRequiredClaim(given: string | RequiredClaim): RequiredClaim {
  if (typeof given !== 'string') return given;
  return parseRequiredClaim(given, (problem, hint) => usage(`--require: ${problem}`, hint));
}
