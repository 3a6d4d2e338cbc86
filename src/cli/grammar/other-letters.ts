/** Names of an env file in other letters than jwtkit reads: `secret_key`, which pydantic takes for SECRET_KEY. */
import type { Command } from 'commander';
import { usage } from '../terminal/errors.js';
import type { Environment } from '../terminal/io.js';
import { envFileLine } from '../terminal/variables.js';
import { sourceFlags, sourceNames } from './keys/source.js';

const settings = ['ALGORITHM', 'ACCESS_TOKEN_EXPIRE_MINUTES', 'REFRESH_TOKEN_EXPIRE_DAYS'];

/** The variables that name the key of a command instead. */
const keyVariables = [
  'SECRET_KEY',
  ...Object.values(sourceFlags).map((flag) => `JWTKIT_${flag.slice(2).replaceAll('-', '_').toUpperCase()}`),
];

/**
 * Returns notes about settings that do not count because of their letters.
 * @param names those of the file.
 * @throws {JwtkitError} USAGE_INVALID for the only name of a secret: another key would be used without a word.
 */
export function refuseOtherLetters(names: readonly string[], command: Command, env: Environment): string[] {
  const inOtherLetters = (wanted: string) =>
    env[wanted] === undefined ? names.find((name) => name !== wanted && name.toUpperCase() === wanted) : undefined;
  const values = command.opts();
  const takesSecret = command.options.some((declared) => declared.attributeName() === 'secretEnv');
  const hasKey =
    sourceNames.some((name) => values[name] !== undefined) || keyVariables.some((name) => Object.hasOwn(env, name));
  const secret = inOtherLetters('SECRET_KEY');
  if (takesSecret && !hasKey && secret !== undefined) {
    throw usage(
      `${envFileLine(env, secret)}${secret} is not read: jwtkit reads SECRET_KEY`,
      `write it in capitals, or name it: --secret-env ${secret}`,
    );
  }
  return settings.flatMap((wanted) => {
    const name = takesSecret ? inOtherLetters(wanted) : undefined;
    return name === undefined ? [] : [`${envFileLine(env, name)}${name} is not read: jwtkit reads ${wanted}`];
  });
}
