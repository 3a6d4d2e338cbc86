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
  names: ReadonlySet<string>,
  otherWords: Readonly<Record<string, string>> = {},
): void {
  if (!isPlainObject(options)) throw noOptions(what, options);
  for (const name of Object.keys(options)) {
    if (names.has(name)) continue;
    const described = describeArgument(options);
    // Options with keys look like a JWK Set.
    const isOptions = described === 'an object' || (described === 'a JWK Set' && names.has('keys'));
    const known = Object.hasOwn(otherWords, name) ? otherWords[name] : undefined;
    if (!isOptions && known === undefined) throw noOptions(what, options);
    const meant = [...names].find((one) => isMisspelt(name.toLowerCase(), one.toLowerCase()));
    throw new JwtkitError('USAGE_INVALID', `${what}: ${quoteText(name)} is not a member of it`, {
      hint: known ?? (meant === undefined ? `its members: ${[...names].join(', ')}` : `did you mean ${meant}?`),
    });
  }
}

function noOptions(what: string, value: unknown): JwtkitError {
  const ofPolicy = 'keys and the time are in the last argument; without demands this one is {}';
  const hint = isPromise(value) ? 'await it' : what === 'policy' ? ofPolicy : undefined;
  return new JwtkitError('USAGE_INVALID', `${what} is ${describeArgument(value)}, it must be an object`, { hint });
}
