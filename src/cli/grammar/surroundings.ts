/** What a command reads before it begins: its variables, its env files, and the policy file. */
import type { Command } from 'commander';
import { findPolicyFile } from '../../policy/find.js';
import { usage } from '../terminal/errors.js';
import type { Environment, Io } from '../terminal/io.js';
import { takeStdin } from '../terminal/stdin.js';
import { envFileLine, readVariable, withEnvFile } from '../terminal/variables.js';
import { type AppliedConfig, setSurroundings } from './invocation.js';
import { knownVariables } from './known-variables.js';
import { refuseEmpty, refuseEmptyArguments, stdinReader, variableOf } from './option.js';
import { refuseUntrusted } from './unnamed-places.js';

/**
 * Reads the variables and the policy file of a command, and gives its options the values of that file.
 * @throws {JwtkitError} CONFIG_INVALID, FILE_NOT_READABLE, FILE_NOT_TRUSTED, USAGE_INVALID.
 */
export async function readSurroundings(command: Command, io: Io): Promise<void> {
  for (const declared of command.options) {
    const name = declared.attributeName();
    if (command.getOptionValueSource(name) !== 'cli') continue;
    refuseEmpty(declared, command.getOptionValue(name));
    // An option takes standard input before a command reads a token from it.
    const reader = stdinReader(declared, command.getOptionValue(name));
    if (reader !== undefined) takeStdin(io, reader);
  }
  refuseEmptyArguments(command);
  const env = await readEnvironment(command, io);
  setSurroundings(command, { env, config: await readConfig(command, env, io) });
  const ours = Object.keys(env).filter((name) => /^jwtkit/i.test(name));
  if (ours.length === 0) return;
  const known = knownVariables();
  const unknown = ours.filter((name) => !known.has(name));
  if (unknown.length === 0) return;
  const { refuseMisspelt } = await import('./unknown-variables.js');
  // The variables of a named file are all for jwtkit; other variables of the process may belong to other programs.
  const fromFile = refuseMisspelt(unknown, command, env).filter((name) => env[name] !== io.env[name]);
  for (const name of fromFile) io.note(`${envFileLine(env, name)}there is no variable ${name}`);
}

/** Returns the variables of the process, and before them those of the env files. */
async function readEnvironment(command: Command, io: Io): Promise<Environment> {
  const values = command.opts();
  const files: readonly string[] = values.envFile ?? [readVariable(io.env, 'JWTKIT_ENV_FILE') ?? []].flat();
  let env = io.env;
  const names: string[] = [];
  for (const file of files) {
    const read = (await import('./env-file.js')).readEnvFile(file);
    const further = read.variables.JWTKIT_ENV_FILE ?? file;
    if (!files.includes(further)) {
      throw usage(`${file} sets JWTKIT_ENV_FILE, but an env file cannot name another`, 'name the other file with -e');
    }
    for (const text of read.notes) io.note(text);
    env = withEnvFile(env, file, read);
    // A file may have more names than a call has arguments.
    for (const name of Object.keys(read.variables)) names.push(name);
  }
  if (names.length > 0) {
    const { refuseOtherLetters } = await import('./other-letters.js');
    for (const text of refuseOtherLetters(names, command, env)) io.note(text);
  }
  return env;
}

/** Reads the policy file and gives its values to the command's options; undefined if there is none. */
async function readConfig(command: Command, env: Environment, io: Io): Promise<AppliedConfig | undefined> {
  const values = command.opts();
  const options = new Set(command.options.map((declared) => declared.attributeName()));
  const named: string | false | undefined = values.config ?? readVariable(env, 'JWTKIT_CONFIG');
  const isNamed = named !== undefined;
  // A command without a keyring and without rules has nothing that a policy of the working folder could set.
  const file =
    isNamed || !(options.has('keyring') || options.has('rule')) ? named : findPolicyFile(io.workingFolder ?? '.');
  if (file === undefined || file === false) return undefined;
  const given = givenOptions(command, env);
  if (!isNamed) refuseUntrusted(file, `--config ${file} trusts it, --no-config does without it`, io);
  const { readPolicy } = await import('../../policy/read.js');
  const { applyPolicy } = await import('../../policy/apply.js');
  const applied = applyPolicy(readPolicy(file), file, { name: command.name(), options, given });
  for (const [option, value] of applied.values) command.setOptionValueWithSource(option, value, 'config');
  // A person who did not name the file may not expect it.
  if (!isNamed && applied.members.length > 0) io.note(`${file} sets ${applied.members.join(', ')}`);
  return { ...applied, isNamed };
}

/** Names the options that a flag or a variable sets. A variable that turns a flag off does not replace a demand of the file. */
function givenOptions(command: Command, env: Environment): ReadonlySet<string> {
  const given = command.options.filter((declared) => {
    if (command.getOptionValueSource(declared.attributeName()) === 'cli') return true;
    const variable = variableOf(declared, env);
    return variable !== undefined && !(declared.isBoolean() && ['0', 'false'].includes(variable.text));
  });
  return new Set(given.map((declared) => declared.attributeName()));
}
