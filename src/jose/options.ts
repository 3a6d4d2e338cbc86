/**
 * Options, checked for callers without a compiler. A misspelt name and a value of another type are refused: each would be a demand
 * that nobody makes, or one that means something else. `'5'` added to a time, for example, is a time in the far future.
 */
import { JwtkitError } from '../errors.js';
import { describeArgument, isPlainObject, requireObject } from './arguments.js';
import { quoteText } from './json.js';
import { checkOptionNames, memberNames } from './option-names.js';
import { isMisspelt } from './spelling.js';

const tests = {
  'a string': (value: unknown) => typeof value === 'string',
  'true or false': (value: unknown) => typeof value === 'boolean',
  'a number': (value: unknown) => typeof value === 'number',
  'a number of seconds, 0 or more': (value: unknown) =>
    typeof value === 'number' && Number.isFinite(value) && value >= 0,
  'an array of strings': (value: unknown) => Array.isArray(value) && value.every((each) => typeof each === 'string'),
  'an array': (value: unknown) => Array.isArray(value),
  'an object': isPlainObject,
  'a function': (value: unknown) => typeof value === 'function',
  /** The function that takes it checks it. */
  'checked elsewhere': () => true,
} as const;

/** What the value of an option has to be. Undefined is allowed: it is the same as no option. */
type OptionKind = keyof typeof tests;

/** The kind of each member of an object of options. */
export type OptionKinds<Options> = { readonly [Name in keyof Required<Options>]: OptionKind };

/**
 * Checks the names and the types of options.
 * @param what the object, for the message, such as `policy`.
 * @param otherWords hints for words of other libraries.
 * @throws {JwtkitError} USAGE_INVALID. No message repeats a value.
 */
export function checkOptions<Options extends object>(
  what: string,
  options: Options,
  kinds: OptionKinds<Options>,
  otherWords: Readonly<Record<string, string>> = {},
): void {
  checkOptionNames(what, options, Object.keys(kinds), otherWords);
  checkValues(what, options, kinds);
}

/**
 * Checks dependencies as {@link checkOptions} does, but allows names without a meaning: callers hand one object to several functions.
 * Only a misspelt name is refused. A misspelt denylist would be asked by nobody.
 * @param members what the object holds, such as `{ keys, now }`.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function checkDeps<Deps extends object>(
  what: string,
  deps: Deps,
  members: string,
  kinds: OptionKinds<Deps>,
): void {
  requireObject(deps, what, members);
  for (const name of memberNames(deps)) {
    if (depNames.has(name)) continue;
    const meant = Object.keys(kinds).find((one) => isMisspelt(plainName(name), plainName(one)));
    if (meant === undefined) continue;
    const message = `${what}: ${quoteText(name)} is not a member of it`;
    throw new JwtkitError('USAGE_INVALID', message, { hint: `did you mean ${meant}?` });
  }
  checkValues(what, deps, kinds);
}

/** The dependencies of all functions. `key` and `keys` are no misspellings of each other. */
const depNames: ReadonlySet<string> = new Set([
  'key',
  'keys',
  'skipped',
  'source',
  'denylist',
  'now',
  'newId',
  'limits',
  'permit',
  'longestLifetime',
  'maxLength',
]);

function plainName(name: string): string {
  return name.toLowerCase().replace(/[^a-z]/g, '');
}

function checkValues<Options extends object>(what: string, options: Options, kinds: OptionKinds<Options>): void {
  // Object.entries would take 5 % of a verification.
  for (const name of Object.keys(kinds) as (keyof Options & string)[]) {
    const value = options[name];
    const kind = kinds[name];
    if (value === undefined || tests[kind](value)) continue;
    throw new JwtkitError('USAGE_INVALID', `${what}: ${name} is ${describeArgument(value)}, it must be ${kind}`);
  }
}
