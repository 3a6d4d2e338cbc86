/** Misspelt variables and flags. A misspelt variable may be a demand, so jwtkit does not ignore it. */
import type { Command, Option } from 'commander';
import { isMisspelt } from '../../jose/spelling.js';
import { usage } from '../terminal/errors.js';
import type { Environment } from '../terminal/io.js';
import { envFileLine } from '../terminal/variables.js';
import { sourceNames } from './keys/source.js';
import { VariableOption } from './option.js';

/** A longer name is not a misspelling of a variable of jwtkit; in characters. */
const maxLength = 40;

/** Other names of an option: those of other tools, of the policy file and of claims. */
const otherNames: Readonly<Record<string, readonly string[]>> = {
  AUD: ['AUDIENCE', 'AUDIENCES'],
  ISS: ['ISSUER', 'ISSUERS'],
  ISSUERURL: ['ISSUER'],
  ALG: ['ALGORITHM', 'ALGORITHMS'],
  LEEWAY: ['CLOCKTOLERANCE', 'CLOCKSKEW'],
  STORE: ['DENYLIST'],
  JWKS: ['JWKSURL', 'JWKSURI'],
  KEY: ['PUBLICKEY', 'PRIVATEKEY', 'KEYFILE'],
  SECRETFILE: ['SECRET', 'SECRETKEY'],
  SUB: ['SUBJECT'],
};

/**
 * Refuses a misspelt variable, and a variable for a flag that has none, unless a flag sets that option. Returns the names that resemble
 * no option.
 * @param unknown names that begin with `JWTKIT`.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function refuseMisspelt(unknown: readonly string[], command: Command, env: Environment): string[] {
  const secrets = secretVariables(command, env);
  return unknown.filter((name) => {
    if (secrets.has(name)) return false;
    const meant = name.length > maxLength ? undefined : findOption(squash(name), command.options);
    if (meant === undefined) return true;
    if (isReplaced(meant, command)) return false;
    const variable = variableNameOf(meant);
    throw usage(
      `${envFileLine(env, name)}there is no variable ${name}`,
      variable === undefined ? `pass ${meant.long} instead` : `did you mean ${variable}?`,
    );
  });
}

/** Returns the option that an unknown flag may stand for, such as --aud for --audience. */
export function suggestOption(flag: string, { options }: Command): string | undefined {
  return flag.length > maxLength ? undefined : (findOption(squash(flag), options)?.long ?? undefined);
}

/** A flag that names keys replaces the variables of all options that do. The keyring's own flag replaces its own alone. */
function isReplaced(meant: Option, command: Command): boolean {
  const name = meant.attributeName();
  const namesKeys = name !== 'keyring' && sourceNames.some((each) => each === name);
  const replacing: readonly string[] = namesKeys ? sourceNames : [name];
  return replacing.some((each) => command.getOptionValueSource(each) === 'cli');
}

/** Finds an option by its variable or another name of it, else by a flag that takes a value. */
function findOption(word: string, options: readonly Option[]): Option | undefined {
  const meant = [word, ...namesWith((other) => other === word)];
  const nearly = namesWith((other) => isMisspelt(word, other));
  const variables = new Map(options.map((each) => [squash(variableNameOf(each) ?? ''), each]));
  const flags = new Map(
    options.filter((each) => each.required || each.optional).map((each) => [squash(each.long ?? ''), each]),
  );
  variables.delete('');
  return (
    findNamed(variables, meant) ??
    findNamed(flags, meant) ??
    findMisspelt(variables, word) ??
    findMisspelt(flags, word) ??
    findNamed(flags, nearly)
  );
}

/** Returns the names that have such another name. */
function namesWith(isMeant: (other: string) => boolean): string[] {
  return Object.keys(otherNames).filter((name) => otherNames[name]?.some(isMeant));
}

function findNamed(options: ReadonlyMap<string, Option>, names: readonly string[]): Option | undefined {
  return options.get(names.find((name) => options.has(name)) ?? '');
}

/** Finds an option with a similar name; a word of three letters has to resemble a variable. */
function findMisspelt(options: ReadonlyMap<string, Option>, word: string): Option | undefined {
  const mayBe = (option: Option) => word.length > 3 || variableNameOf(option) !== undefined;
  return [...options].find(([name, option]) => mayBe(option) && isMisspelt(word, name))?.[1];
}

function variableNameOf(declared: Option): string | undefined {
  return declared instanceof VariableOption ? declared.variable : undefined;
}

/** Returns the variables that options name as the place of a secret; a user may call them anything. */
function secretVariables(command: Command, env: Environment): Set<unknown> {
  const named = command.options.flatMap((each) => {
    if (!/-env$/.test(each.long ?? '')) return [];
    return [command.getOptionValue(each.attributeName()), env[variableNameOf(each) ?? '']].flat();
  });
  return new Set(named);
}

/** Returns a name in capitals, without its prefix and without separators. */
function squash(name: string): string {
  return name
    .toUpperCase()
    .replace(/[^A-Z\d]/g, '')
    .replace(/^JWTKIT/, '');
}
