/** An option as jwtkit declares it: a flag, and a variable that can stand in for the flag. */
import { type Command, Option } from 'commander';
import { usage } from '../terminal/errors.js';
import type { Environment } from '../terminal/io.js';
import { isBlank, readVariable } from '../terminal/variables.js';

/** Longer names of other tools that an option goes by as well, and the former name of `--dotenv`. */
export const optionAliases: Readonly<Record<string, string>> = {
  '--audience': '--aud',
  '--issuer': '--iss',
  '--subject': '--sub',
  '--algorithm': '--alg',
  '--expires-in': '--ttl',
  '--env-file': '--dotenv',
};

/** Each option has one alias at most. */
const aliasOfFlag = new Map(Object.entries(optionAliases).map(([alias, flag]) => [flag, alias]));

/** An option that a variable can set. Commander's own `env()` would read the process's environment, not the injected one. */
export class VariableOption extends Option {
  variable: string | undefined;
  isRepeatable = false;
  /** Whether the variable holds several values, separated by white space. */
  splitsVariable = false;
  /** Whether the value `-` means standard input, and so does an optional value that is left out. */
  mayBeStdin = false;
  readonly #alias = aliasOfFlag.get(this.long ?? '');
  #attributeName: string | undefined;
  #formerName: string | undefined;
  #isOnce = false;

  /**
   * Refuses a second, other value, and `--no-…` beside a value. For demands and for what is judged: the first value would be dropped
   * without a word, and the answer may be yes. Of other options the last value wins, as scripts that append to a command expect.
   */
  once(): this {
    this.#isOnce = true;
    return this.argParser(this.parseArg ?? ((value: string) => value));
  }

  override argParser<T>(parse: (value: string, previous: T) => T): this {
    return super.argParser((value: string, previous: T) => {
      const parsed = parse(value, previous);
      if (this.#isOnce) this.#refuseSecond(parsed, previous);
      return parsed;
    });
  }

  /** Commander gives `undefined` as the value of a flag without one, and of `--no-…`. */
  #refuseSecond(value: unknown, previous: unknown): void {
    const isFirst = previous === undefined || previous === this.defaultValue || previous === value;
    if (isFirst || (value === undefined && typeof previous === 'boolean')) return;
    const other = this.long?.replace('--no-', '--');
    if (this.negate || previous === false)
      throw usage(`${other} and ${other?.replace('--', '--no-')} exclude each other`);
    throw usage(`${this.long} is given twice`, `${this.long} takes one value`);
  }

  /** Sets the name under which the value is read, if the flag's own name means something else in other commands. */
  as(attribute: string): this {
    this.#attributeName = attribute;
    return this;
  }

  override attributeName(): string {
    this.#attributeName ??= super.attributeName();
    return this.#attributeName;
  }

  /** Accepts the option's former name, and does not show it in help. */
  formerly(name: string): this {
    this.#formerName = name;
    return this;
  }

  /** Whether an argument is this option. Commander asks for each pair of options; its messages name the option itself, not the alias. */
  is(arg: string): boolean {
    return arg === this.long || arg === this.short || arg === this.#alias || arg === this.#formerName;
  }

  /** Names the variable that stands in for the flag. */
  from(variable: string): this {
    this.variable = variable;
    this.description += ` [${variable}]`;
    return this;
  }

  /** Lets the value `-` mean standard input, which has one reader in a run. */
  readsStdin(): this {
    this.mayBeStdin = true;
    return this;
  }

  /** Collects the values of a flag that is given several times. */
  repeatable({ splitsVariable = true } = {}): this {
    this.isRepeatable = true;
    this.splitsVariable = splitsVariable;
    return this.argParser((value: string, previous: string[] | undefined) => [...(previous ?? []), value]);
  }
}

/** Declares an option by its flags and description. */
export function option(flags: string, description: string): VariableOption {
  return new VariableOption(flags, description);
}

/** Returns the variable that sets an option and its text; undefined if there is none. */
export function variableOf(declared: Option, env: Environment): { name: string; text: string } | undefined {
  const name = declared instanceof VariableOption ? declared.variable : undefined;
  const text = name === undefined ? undefined : readVariable(env, name);
  return name === undefined || text === undefined ? undefined : { name, text };
}

/** Returns the value that a variable's text gives an option. */
export function parseVariable(declared: Option, { name, text }: { name: string; text: string }): unknown {
  if (declared.argChoices !== undefined && !declared.argChoices.includes(text)) {
    throw usage(`${name} is ${JSON.stringify(text)}, it must be one of ${declared.argChoices.join(', ')}`);
  }
  if (declared.isBoolean()) {
    if (['1', 'true', '0', 'false'].includes(text)) return text === '1' || text === 'true';
    throw usage(`${name} is ${JSON.stringify(text)}, it must be 1, true, 0 or false`);
  }
  if (!(declared instanceof VariableOption) || !declared.isRepeatable) return text;
  return declared.splitsVariable ? text.split(/\s+/).filter((part) => part !== '') : [text];
}

/** Refuses an empty value of a flag: a shell variable that is not set must not ask for less than was meant. */
export function refuseEmpty(declared: Option, given: unknown): void {
  const isList = declared instanceof VariableOption && declared.isRepeatable;
  const isEmpty = (value: string) => (isList ? isBlank(value) : value.trim() === '');
  if ([given].flat().some((value) => typeof value === 'string' && isEmpty(value)))
    throw usage(`${declared.long}: the value is empty`, 'a variable of your shell may not be set');
}

/**
 * Refuses an empty argument, as {@link refuseEmpty} does for a flag. An empty token has an error of its own. Shells complete empty
 * words.
 */
export function refuseEmptyArguments({ registeredArguments, processedArgs }: Command): void {
  for (const [at, declared] of registeredArguments.entries()) {
    const name = declared.name();
    const empty = [processedArgs[at]].flat().find((value) => typeof value === 'string' && value.trim() === '');
    if (empty !== undefined && !/^(?:tokens?|words)$/.test(name))
      throw usage(`the argument ${name} is empty`, 'a variable of your shell may not be set');
  }
}

/** Returns the reader of standard input that a flag's value asks for, in words; undefined if it asks for none. */
export function stdinReader(declared: Option, given: unknown): string | undefined {
  if (!(declared instanceof VariableOption) || !declared.mayBeStdin) return undefined;
  const count = [given].flat().filter((value) => value === '-' || value === true).length;
  if (count > 1)
    throw usage(`${declared.long} - is given twice`, 'standard input is read once; name a file for one of them');
  return count === 0 ? undefined : given === true || declared.optional ? `${declared.long}` : `${declared.long} -`;
}

/** Options that hold a text. */
export type Texts<Name extends string> = { [name in Name]?: string };

/** Options that hold the text of each time they are given. */
export type Lists<Name extends string> = { [name in Name]?: string[] };

/** Options without a value; false for `--no-…` and for a variable that says so. */
export type Flags<Name extends string> = { [name in Name]?: boolean };
