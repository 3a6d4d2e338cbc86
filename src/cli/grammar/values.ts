/** How the text of an option becomes a value; every error names the option. */
import { JwtkitError } from '../../errors.js';
import { type AlgorithmName, algorithm, algorithmNames, isAlgorithmName } from '../../jose/algorithms.js';
import { parseExactJson } from '../../jose/exact-json.js';
import { parseDuration, parseMoment } from '../../token/time.js';
import { usage } from '../terminal/errors.js';
import type { Io } from '../terminal/io.js';
import type { Invocation } from './invocation.js';

/** Runs a parser on the text of an option; its error becomes USAGE_INVALID and names the option. */
export function parseOption<T>(name: string, text: string | undefined, parse: (text: string) => T): T | undefined {
  if (text === undefined) return undefined;
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof JwtkitError)) throw error;
    throw usage(`${name}: ${error.message}`, error.hint);
  }
}

/** Reads a duration, in seconds. */
export function readDuration(name: string, text: string | undefined): number | undefined {
  return parseOption(name, text, parseDuration);
}

/** Reads a whole number between two bounds; `digits` leaves room for leading zeros. */
export function readInteger(
  name: string,
  text: string | undefined,
  least: number,
  most: number,
  digits = String(most).length,
): number | undefined {
  if (text === undefined) return undefined;
  const number = /^\d+$/.test(text) && text.length <= digits ? Number(text) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw usage(`${name}: ${JSON.stringify(text)} is not a number from ${least} to ${most}`);
}

const sizeUnits: Readonly<Record<string, number>> = { '': 1, K: 1024, M: 1024 * 1024 };

/** Reads a size such as 65536, 64K or 1MiB, in bytes. A K is 1024 bytes. */
export function readSize(name: string, text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined;
  const [, digits, unit = ''] = /^(\d{1,9}) ?(?:([KM])(?:i?B)?|B)?$/i.exec(text) ?? [];
  if (digits === undefined) throw usage(`${name}: ${JSON.stringify(text)} is not a size`, 'such as 65536, 64K or 1MiB');
  const size = Number(digits) * (sizeUnits[unit.toUpperCase()] as number);
  if (size >= 1 && size <= most) return size;
  throw usage(`${name}: ${JSON.stringify(text)} is not from 1 to ${most / 1024 / 1024}MiB`);
}

/** Reads the size of an RSA key, in bits. The maker of the key checks whether RSA allows the size. */
export function readBits(text: string | undefined): number | undefined {
  if (text === undefined || /^\d{1,6}$/.test(text)) return text === undefined ? undefined : Number(text);
  throw usage(`--bits: ${JSON.stringify(text)} is not a number of bits`, 'such as 2048 or 4096');
}

/** Returns the moment of `--at`, or the current time; `+5m` counts from now. */
export function readClock(at: string | undefined, { now }: Io): number {
  return parseOption('--at', at, (moment) => parseMoment(moment, now())) ?? now();
}

/** Reads algorithm names, separated by commas or given several times. */
export function readAlgorithms(label: string, values: readonly string[] | undefined): AlgorithmName[] | undefined {
  // A variable was split at its white space, also beside a comma.
  const names = values
    ?.join('\n')
    .split(',')
    .flatMap((part) => part.trim().split('\n'));
  return names?.map((name) => readAlgorithm(label, name.trim()));
}

/** Reads the algorithm to sign with, or the algorithms that the policy file allows. */
export function readSigningAlgorithms(
  invocation: Invocation<{ alg?: string | string[] }>,
): AlgorithmName[] | undefined {
  const { alg } = invocation.options;
  return alg === undefined ? undefined : [alg].flat().map((name) => readAlgorithm(invocation.label('alg'), name));
}

/** Reads one algorithm name, exactly as `alg` carries it. */
export function readAlgorithm(label: string, name: string): AlgorithmName {
  if (isAlgorithmName(name)) return name;
  if (name.toLowerCase() === 'none') {
    throw usage(`${label}: there is no "none": a token without a signature is never accepted`);
  }
  const ofType = algorithmNames.filter((each) => algorithm(each).kty.toLowerCase() === name.toLowerCase());
  if (ofType.length > 0) throw keyTypeGiven(label, name, ofType);
  const meant = nearAlgorithm(name);
  const hint = meant === undefined ? `one of ${algorithmNames.join(', ')}` : `did you mean ${meant}?`;
  throw usage(`${label}: ${JSON.stringify(name)} is not an algorithm`, hint);
}

/** Returns the error for a type of key in the place of an algorithm. */
export function keyTypeGiven(label: string, name: string, algorithms: readonly string[]): JwtkitError {
  return usage(`${label}: ${name} is a type of key, not an algorithm`, `one of ${algorithms.join(', ')}`);
}

/** What openssl, Java and others call an algorithm or its curve, in capitals and without dashes. */
const otherNames: Readonly<Record<string, AlgorithmName>> = {
  ...{ HMAC: 'HS256', HMACSHA256: 'HS256', HMACSHA384: 'HS384', HMACSHA512: 'HS512' },
  ...{ RSA: 'RS256', EC: 'ES256', OKP: 'EdDSA' },
  ...{ RSA256: 'RS256', RSASHA256: 'RS256', SHA256WITHRSA: 'RS256', RSA2048: 'RS256', RSA4096: 'RS256' },
  ...{ ECDSA: 'ES256', P256: 'ES256', PRIME256V1: 'ES256', SECP256R1: 'ES256', SHA256WITHECDSA: 'ES256' },
  ...{ P384: 'ES384', SECP384R1: 'ES384', P521: 'ES512', SECP521R1: 'ES512', ES521: 'ES512', SECP256K1: 'ES256K' },
};

/** Returns the algorithm whose name a text writes in other letters, with a dash or as another tool does, such as rs256 or P-256. */
export function nearAlgorithm(text: string): AlgorithmName | undefined {
  const plain = text.toUpperCase().replace(/[-_ ]/g, '');
  const own = algorithmNames.find((name) => name.toUpperCase() === plain);
  return own ?? (Object.hasOwn(otherNames, plain) ? otherNames[plain] : undefined);
}

/** Reads a `name=value` or `name:=json` pair; numbers of JSON keep their text. */
export function parsePair(optionName: string, text: string): { name: string; value: unknown } {
  const at = text.indexOf('=');
  const isTyped = at > 0 && text[at - 1] === ':';
  const name = text.slice(0, isTyped ? at - 1 : at);
  if (at < 0 || name === '') {
    const hint = `such as ${optionName} plan=pro, or ${optionName} seats:=5`;
    throw usage(`${optionName}: ${JSON.stringify(text)} is not name=value or name:=json`, hint);
  }
  const value = text.slice(at + 1);
  if (!isTyped) return { name, value };
  const refuse = (problem: string) =>
    usage(`${optionName}: the value of ${name} ${problem}`, `for a string write ${name}=…, with a plain =`);
  return { name, value: parseExactJson(Buffer.from(value), refuse) };
}
