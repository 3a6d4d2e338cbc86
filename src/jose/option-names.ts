/** Names of options, checked for callers without a compiler: a misspelt demand must not be a demand that nobody makes. */
import { JwtkitError } from '../errors.js';
import { describeArgument, isPlainObject, isPromise } from './arguments.js';
import { quoteText } from './json.js';
import { isMisspelt } from './spelling.js';

/**
 * Refuses an object with a member that has no meaning, and names the one that is probably meant.
 * @param what the object, for the message, such as `policy`.
 * @param otherWords hints for words of other libraries.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function checkOptionNames(
  what: string,
  options: object,
  names: readonly string[],
  otherWords: Readonly<Record<string, string>> = {},
): void {
  if (!isPlainObject(options)) throw noOptions(what, options);
  for (const name of memberNames(options)) {
    if (names.includes(name)) continue;
    const described = describeArgument(options);
    // Options with keys look like a JWK Set.
    const isOptions = described === 'an object' || (described === 'a JWK Set' && names.includes('keys'));
    const known = Object.hasOwn(otherWords, name) ? otherWords[name] : undefined;
    if (!isOptions && known === undefined) throw noOptions(what, options);
    const meant = names.find((one) => isMisspelt(name.toLowerCase(), one.toLowerCase()));
    throw new JwtkitError('USAGE_INVALID', `${what}: ${quoteText(name)} is not a member of it`, {
      hint: known ?? (meant === undefined ? `its members: ${names.join(', ')}` : `did you mean ${meant}?`),
    });
  }
}

/** Returns the names of an object's members, also of inherited ones: a member that is read by its name may be inherited. */
export function memberNames(given: object): string[] {
  const prototype: unknown = Object.getPrototypeOf(given);
  if (prototype === Object.prototype || prototype === null) return Object.keys(given);
  const names: string[] = [];
  for (const name in given) names.push(name);
  return names;
}

/**
 * Copies options together with what they inherit, such as the getters of a class. A spread would lose that, and with it a demand.
 * Unknown members are copied too, so that a later check can refuse them.
 */
export function copyOptions<Options extends object>(
  given: Options,
  names: readonly (keyof Options & string)[],
): Options {
  const copy: Options = { ...given };
  for (const name of [...memberNames(given), ...names] as (keyof Options)[]) {
    const value = given[name];
    if (Object.hasOwn(copy, name) || value === undefined) continue;
    Object.defineProperty(copy, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return copy;
}

function noOptions(what: string, value: unknown): JwtkitError {
  const ofPolicy = 'keys and the time are in the last argument; without demands this one is {}';
  const hint = isPromise(value) ? 'await it' : what === 'policy' ? ofPolicy : undefined;
  return new JwtkitError('USAGE_INVALID', `${what} is ${describeArgument(value)}, it must be an object`, { hint });
}
