/** The options that say what fixtures are made for: `fixtures` writes them, `probe` sends them. */
import type { Command } from 'commander';
import type { FixtureOptions } from '../../fixtures/make.js';
import { type AlgorithmName, algorithm } from '../../jose/algorithms.js';
import type { JsonObject } from '../../jose/json.js';
import { usage } from '../terminal/errors.js';
import type { Io } from '../terminal/io.js';
import type { Invocation } from './invocation.js';
import { addPairs } from './issued-claims.js';
import type { KeyOptions } from './keys/source.js';
import { type Flags, type Lists, option, type Texts } from './option.js';
import { addKeyOptions, atOption, ttlOption } from './shared-options.js';
import { readAlgorithm, readClock, readDuration } from './values.js';

/** The options that {@link addFixtureOptions} declares. */
export interface FixtureFlags
  extends KeyOptions,
    Texts<'alg' | 'iss' | 'aud' | 'sub' | 'typ' | 'ttl' | 'at'>,
    Lists<'claim'>,
    Flags<'newKey'> {}

/** Adds the options that say what the tokens claim and who signs them. */
export function addFixtureOptions(command: Command): Command {
  command
    .addOption(option('--alg <name>', "algorithm of the good tokens (default: the key's; RS256 for --new-key)"))
    .addOption(option('--iss <issuer>', 'the issuer that the verifier accepts'))
    .addOption(option('--aud <audience>', 'the audience that the verifier is'))
    .addOption(option('--sub <id>', 'subject of the good tokens (default: user-123)'))
    .addOption(option('--typ <type>', 'the header typ that the verifier demands'))
    .addOption(option('--claim <name=value>', 'another claim of the good tokens; repeatable').repeatable())
    .addOption(ttlOption('lifetime of the good tokens (default: 1h)'))
    .addOption(option('--kid <id>', "the keyring's key to sign with; with --key, the kid of the header"))
    .addOption(option('--new-key', 'sign with a key that is made for these tokens'))
    .addOption(atOption());
  return addKeyOptions(command, 'sign');
}

/** What fixtures are made for, and the secret that was made for them as text. */
export interface FixturePlan extends FixtureOptions {
  /** Whether the key was made for these tokens. */
  readonly isNewKey: boolean;
  /** A new shared secret, as `--secret-file` reads it. */
  readonly secretText?: string;
}

/** Reads what fixtures are made for, and finds or makes the key. */
export async function readFixturePlan(invocation: Invocation<FixtureFlags>, io: Io): Promise<FixturePlan> {
  const { options, label } = invocation;
  const claims: JsonObject = {};
  addPairs(claims, '--claim', options.claim);
  const ttl = readDuration(label('ttl'), options.ttl) ?? 3600;
  if (ttl < 60) throw usage(`${label('ttl')}: good tokens live for a minute at least`);
  const { iss, aud, typ, sub = 'user-123' } = options;
  const key = await (options.newKey === true ? makeKey : findKey)(invocation, io);
  return { iss, aud, typ, sub, claims, ttl, at: readClock(options.at, io), ...key };
}

type Signing = Pick<FixturePlan, 'alg' | 'key' | 'kid' | 'isNewKey' | 'secretText'>;

async function findKey(invocation: Invocation<FixtureFlags>, io: Io): Promise<Signing> {
  const { options, label } = invocation;
  const { signingKey } = await import('./keys/signing.js');
  const { algorithms, keyObject: key, kid } = await signingKey(invocation, io.now(), io);
  const alg = options.alg === undefined ? algorithms[0] : readAlgorithm(label('alg'), options.alg);
  if (alg !== undefined && algorithms.includes(alg)) return { alg, key, kid, isNewKey: false };
  throw usage(`${label('alg')}: the key is for ${algorithms.join(', ')}, not ${alg}`, '--new-key makes a key for it');
}

/** The options that name a key; a new key stands in for all of them. */
const keyFlags = ['key', 'keyEnv', 'keyring', 'secretFile', 'secretEnv', 'kid'] as const;

async function makeKey({ options, origin, label }: Invocation<FixtureFlags>): Promise<Signing> {
  const named = keyFlags.find((name) => origin(name) === 'flag');
  if (named !== undefined) throw usage(`--new-key and ${label(named)} exclude each other`);
  const alg: AlgorithmName = options.alg === undefined ? 'RS256' : readAlgorithm(label('alg'), options.alg);
  const { generateKey } = await import('../../jose/generate-key.js');
  const pair = await generateKey(alg as 'RS256' | 'HS256');
  if ('secret' in pair) {
    const secretText = pair.secret.export().toString('base64url');
    const { loadSecret } = await import('../../jose/secret.js');
    return { alg, key: loadSecret(secretText).keyObject, kid: 'fixtures', isNewKey: true, secretText };
  }
  const { thumbprint } = await import('../../jose/jwk.js');
  const { privateKey, publicKey } = pair as { privateKey: Signing['key']; publicKey: Signing['key'] };
  return { alg, key: privateKey, kid: thumbprint(publicKey), isNewKey: true };
}

/** Whether the tokens are signed with a shared secret, which nobody publishes. */
export function isShared({ alg }: Pick<FixturePlan, 'alg'>): boolean {
  return algorithm(alg).kty === 'oct';
}
