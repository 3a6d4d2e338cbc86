/**
 * Password hashes as a file holds them: argon2id as a PHC string, ours or another program's, and bcrypt. All parameters are bounded, so
 * that no check takes seconds of a processor or a quarter of a gibibyte.
 */
import { passwordCost } from './password-cost.js';

/** The most memory for one check, in KiB. */
const maxMemory = 262_144;
/** The most memory times passes, in KiB: 256 MiB and 3 passes, as libsodium's "moderate" has them, take most of a second. */
const maxWork = 3 * maxMemory;
/** 2^14 rounds are the most that one check may take. Most programs write 10 to 12. */
const maxBcryptCost = 14;

/** A hash that can be checked. */
type ParsedHash =
  | { readonly kind: 'argon2id'; readonly memory: number; readonly passes: number; readonly lanes: number }
  | { readonly kind: 'bcrypt'; readonly cost: number };

/**
 * Returns what is wrong with a password hash, to complete "the hash …"; undefined for a sound one. It may have other
 * parameters than ours, in any order, within the bounds of one check.
 */
export function passwordHashProblem(hash: string): string | undefined {
  const parsed = parseHash(hash);
  if (parsed === undefined) return 'is not a PHC string of argon2id, version 19, nor bcrypt ($2a$, $2b$, $2y$)';
  if (parsed.kind === 'bcrypt') {
    return parsed.cost < 4 || parsed.cost > maxBcryptCost
      ? `has a bcrypt cost that is not from 4 to ${maxBcryptCost}`
      : undefined;
  }
  const { memory, passes, lanes } = parsed;
  const isSound = passes >= 1 && lanes >= 1 && memory >= 8 * lanes;
  const isBounded = memory <= maxMemory && memory * passes <= maxWork;
  return isSound && isBounded ? undefined : 'asks for more work than is allowed';
}

/**
 * Returns a hash without what other programs add to it: `{bcrypt}` and `{argon2}` of Spring, `bcrypt$` and `argon2` of Django, and the
 * padding of base64. Returns any other text as it is.
 */
export function bareHash(hash: string): string {
  const text = hash.replace(
    /^(?:\{(?:bcrypt|argon2(?:@SpringSecurity_v\w{1,8})?)\}|bcrypt\$|argon2)(?=\$(?:2[aby]|argon2id)\$)/,
    '',
  );
  return text.startsWith('$argon2id$') ? text.replace(/={1,2}(?=\$|$)/g, '') : text;
}

/** Whether a hash is bcrypt's. */
export function isBcrypt(hash: string): boolean {
  return hash.startsWith('$2');
}

/** Whether a hash has the algorithm and the parameters of {@link passwordCost}. Any other is replaced after a right password. */
export function isOwnKind(hash: string): boolean {
  return describeWork(hash) === describeWork(likeOurs);
}

/** Stands in for the hash of an unknown user. Its parameters are the usual ones, and no password matches it. */
export const likeOurs = `$argon2id$v=19$m=${passwordCost.memoryCost},t=${passwordCost.timeCost},p=${passwordCost.parallelism}$${'A'.repeat(22)}$${'A'.repeat(43)}`;

/** Returns the algorithm and the parameters of a hash: two with the same take the same time. */
export function describeWork(hash: string): string {
  return JSON.stringify(parseHash(hash));
}

/** Returns roughly how much work a check takes. Only its order counts: one unit is 1 KiB of argon2id, once. */
export function workOf(hash: string): number {
  const parsed = parseHash(hash);
  if (parsed === undefined) return 0;
  return parsed.kind === 'bcrypt' ? 2 ** parsed.cost * 200 : parsed.memory * parsed.passes;
}

/** Returns a hash with the parameters of another one that no password matches. */
export function withoutPassword(hash: string): string {
  if (isBcrypt(hash)) return `${hash.slice(0, 7)}${'.'.repeat(53)}`;
  const [, name, version, parameters] = hash.split('$');
  return `$${name}$${version}$${parameters}$${'A'.repeat(22)}$${'A'.repeat(43)}`;
}

/** Returns a bcrypt hash without the stray bits in which some programs leave what they like: others compare the text. */
export function normalizeBcrypt(hash: string): string {
  const last = (at: number, bits: number) => {
    const value = alphabet.indexOf(hash[at] as string);
    return alphabet[value - (value % 2 ** bits)] as string;
  };
  return `${hash.slice(0, 28)}${last(28, 4)}${hash.slice(29, 59)}${last(59, 2)}`;
}

/** The base64 of bcrypt. */
const alphabet = './ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

function parseHash(hash: string): ParsedHash | undefined {
  if (hash.length > 512) return undefined;
  const bcrypt = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/.exec(hash);
  if (bcrypt !== null) return { kind: 'bcrypt', cost: Number(bcrypt[1]) };
  const match = /^\$argon2id\$v=19\$([mtp]=\d{1,7}(?:,[mtp]=\d{1,7}){2})\$([\w+/]{11,86})\$([\w+/]{22,86})$/.exec(hash);
  const [, parameters = '', ...texts] = match ?? [];
  const numbers = new Map(parameters.split(',').map((each) => [each[0], each.slice(2)]));
  const [m = '', t = '', p = ''] = ['m', 't', 'p'].map((name) => numbers.get(name));
  const isShort = t.length <= 2 && p.length <= 2;
  if (match === null || numbers.size < 3 || !isShort || !texts.every(isBase64)) return undefined;
  return { kind: 'argon2id', memory: Number(m), passes: Number(t), lanes: Number(p) };
}

/** Whether a text is base64 without padding and stray bits, as in the PHC string format. */
function isBase64(text: string): boolean {
  return Buffer.from(text, 'base64').toString('base64').replace(/=+$/, '') === text;
}
