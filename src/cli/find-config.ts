/**
 * Which policy file applies: that of `--config`, else of `JWTKIT_CONFIG`, else `jwtkit.config.json` in the working folder.
 * One look at the disk where there is none.
 */
import { lstatSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Command } from 'commander';
import { JwtkitError } from '../errors.js';
import type { Environment, Io } from './io.js';
import { configName, readEnvironment, setSurroundings, variableOf } from './options.js';
import { escapeText } from './output.js';

/**
 * Reads what a command takes from outside of its flags, before the command does: variables, and the policy file.
 * @throws {JwtkitError} CONFIG_INVALID, FILE_NOT_READABLE; USAGE_INVALID.
 */
export async function readSurroundings(command: Command, io: Io): Promise<void> {
  const env = readEnvironment(command, io);
  const named = nameConfig(command, env);
  const file = named === undefined ? findConfig(command, io) : named;
  if (file === false) return setSurroundings(command, { env });
  const { applyConfig, readConfig } = await import('./config.js');
  const given = command.options.filter((declared) => {
    return command.getOptionValueSource(declared.attributeName()) === 'cli' || variableOf(declared, env) !== undefined;
  });
  const names = new Set(given.map((declared) => declared.attributeName()));
  const config = applyConfig(command, readConfig(file), file, (option) => names.has(option));
  setSurroundings(command, { env, config });
  const { json, quiet } = command.opts();
  if (named !== undefined || config.members.length === 0 || json === true || quiet === true) return;
  // Nobody named it, and it changes what passes and which key signs.
  io.stderr.write(`note: ${escapeText(file)} sets ${config.members.join(', ')}\n`);
}

/** The file that was asked for; false where none is wanted, undefined where nobody said. */
function nameConfig(command: Command, env: Environment): string | false | undefined {
  const { config } = command.opts<{ config?: string | false }>();
  if (config !== undefined) return config;
  const variables = command.options.filter((declared) => declared.attributeName() === 'config');
  return variables.map((declared) => variableOf(declared, env)?.text).find((text) => text !== undefined);
}

/** The file in the working folder; false where there is none, or nothing that it could set. */
function findConfig(command: Command, io: Io): string | false {
  // Whatever a policy sets has to do with keys: where no keyring may be named, nothing is looked for.
  if (!command.options.some((declared) => declared.attributeName() === 'keyring')) return false;
  const file = join(io.workingFolder ?? '.', configName);
  try {
    if (lstatSync(file, { throwIfNoEntry: false }) === undefined) return false;
    // A link that leads nowhere, a folder or a pipe must not pass for "there is no policy".
    if (statSync(file).isFile()) return file;
  } catch (error) {
    throw unreadable(`cannot read ${file}`, error);
  }
  throw unreadable(`${file} is not a file`);
}

function unreadable(message: string, cause?: unknown): JwtkitError {
  return new JwtkitError('FILE_NOT_READABLE', message, {
    hint: 'name another with --config, or pass --no-config',
    cause,
  });
}
