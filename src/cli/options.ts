/**
 * The grammar that commands share. An option's value comes from its flag, else from its variable (a file named by
 * `-e` before the process's own environment), else from its default.
 */
import { parseEnv } from 'node:util';
import { type Command, Option } from 'commander';
import { JwtkitError } from '../errors.js';
import { type AlgorithmName, algorithmNames, isAlgorithmName } from '../jose/algorithms.js';
import { JsonError, parseJson } from '../jose/json.js';
import { readFileBounded } from '../store/files.js';
import { parseDuration, parseMoment } from '../token/time.js';
import type { AppliedConfig } from './config.js';
import type { Environment, Io } from './io.js';
import type { ColorMode } from './output.js';

/** An option that a variable can set. Commander's own `env()` would read the process's environment, not the injected one. */
export class VariableOption extends Option {
  variable: string | undefined;
  isRepeatable = false;
  /** Whether the variable holds several values, separated by white space. */
  splitsVariable = false;
  #attributeName: string | undefined;

  /** The name that the value is read by, where the flag's own means something else in other commands. */
  as(attribute: string): this {
    this.#attributeName = attribute;
    return this;
  }

  /** As Commander's, which makes the name of the flag anew each time: ten times an option before a command begins. */
  override attributeName(): string {
    this.#attributeName ??= super.attributeName();
    return this.#attributeName;
  }

  /** Names the variable that stands in for the flag. */
  from(variable: string): this {
    this.variable = variable;
    this.description += ` [${variable}]`;
    return this;
  }

  /** Collects the values of a flag that is given several times. */
  repeatable({ splitsVariable = true } = {}): this {
    this.isRepeatable = true;
    this.splitsVariable = splitsVariable;
    return this.argParser((value: string, previous: string[] | undefined) => [...(previous ?? []), value]);
  }
}

/** An option by its flags and description; see {@link VariableOption}. */
export function option(flags: string, description: string): VariableOption {
  return new VariableOption(flags, description);
}

/** Options that every command has. */
export interface CommonOptions {
  json?: boolean;
  color: ColorMode;
  envFile?: string;
  config?: string | false;
  debug?: boolean;
}

/** The policy file that is looked for in the working folder. */
export const configName = 'jwtkit.config.json';

/** Adds the options that every command has, after its own. */
export function addCommonOptions(command: Command): Command {
  return command
    .addOption(option('--json', 'print one JSON value; errors as JSON on stderr'))
    .addOption(option('--color <when>', 'colour the output').choices(['auto', 'always', 'never']).default('auto'))
    .addOption(option('-e, --env-file <file>', 'read variables from a file such as .env').from('JWTKIT_ENV_FILE'))
    .addOption(option('--config <file>', `policy file (default: ${configName}, if there is one)`).from('JWTKIT_CONFIG'))
    .addOption(option('--no-config', `do not look for ${configName}`))
    .addOption(option('--debug', 'print the stack of an error'));
}

/** The keyring directory where nobody names one. */
export const defaultKeyring = '.jwtkit';

/** Adds the option that says which denylist is asked. */
export function addStoreOption(command: Command): Command {
  return command.addOption(
    option('--store <location>', 'denylist: lmdb:FOLDER, redis://… (default: in the keyring directory)').from(
      'JWTKIT_STORE',
    ),
  );
}

/** Adds the options that name the passphrase of a private key; on a terminal one is asked for without them. */
export function addPassphraseOptions(command: Command): Command {
  return command
    .addOption(
      option('--passphrase-file <file>', 'passphrase of the private key in a file').from('JWTKIT_PASSPHRASE_FILE'),
    )
    .addOption(
      option('--passphrase-env <name>', 'passphrase in the variable of this name').from('JWTKIT_PASSPHRASE_ENV'),
    );
}

/** Adds the options that say which key signs or verifies. */
export function addKeyOptions(command: Command, purpose: 'sign' | 'verify'): Command {
  const key = option('--key <file>', `${purpose === 'sign' ? 'private' : 'public'} key: PEM, DER, JWK`).from(
    'JWTKIT_KEY',
  );
  if (purpose === 'verify') {
    key.description = 'public key: PEM, DER, certificate, JWK or JWK Set; repeatable [JWTKIT_KEY]';
    key.repeatable({ splitsVariable: false });
  }
  command
    .addOption(option('--keyring <dir>', 'keyring directory (default: .jwtkit)').from('JWTKIT_KEYRING'))
    .addOption(key)
    .addOption(option('--secret-file <file>', 'HMAC secret in a file').from('JWTKIT_SECRET_FILE'))
    .addOption(option('--secret-env <name>', 'HMAC secret in the variable of this name').from('JWTKIT_SECRET_ENV'));
  return purpose === 'sign' ? addPassphraseOptions(command) : command;
}

/** The options of a command that takes many lines at once. */
export interface BatchFlags {
  batch?: string | true;
  workers?: string;
}

/** Adds the options of a batch. */
export function addBatchOptions(command: Command, description: string): Command {
  return command
    .addOption(option('--batch [file]', `${description} (default: stdin); exit 10 if any fails`))
    .addOption(
      option('--workers <count>', "threads of a batch (default: the machine's cores, where there is enough to do)"),
    );
}

const maxWorkers = 256;

/** Where a batch comes from and how many threads are wanted; undefined without `--batch`. */
export function batchOption(options: BatchFlags): { path: string; workers: number | undefined } | undefined {
  const { batch, workers } = options;
  if (batch === undefined) {
    if (workers !== undefined) throw usage('--workers is for --batch');
    return undefined;
  }
  if (workers !== undefined && !(/^\d{1,3}$/.test(workers) && Number(workers) >= 1 && Number(workers) <= maxWorkers)) {
    throw usage(`--workers: ${JSON.stringify(workers)} is not a number from 1 to ${maxWorkers}`);
  }
  return { path: batch === true ? '-' : batch, workers: workers === undefined ? undefined : Number(workers) };
}

/** Refuses the options that a batch has no use for. */
export function excludeFromBatch(excluded: Readonly<Record<string, unknown>>): void {
  for (const [flag, value] of Object.entries(excluded)) {
    if (value !== undefined && value !== false) throw usage(`--batch and ${flag} exclude each other`);
  }
}

/** Refuses a token beside `--batch`. */
export function refuseToken(argument: string | undefined): void {
  if (argument !== undefined) {
    throw usage('a token and --batch exclude each other', 'write --batch FILE, or pipe the tokens in');
  }
}

/** Adds the options that say where to fetch the keys that verify, and how. */
export function addRemoteOptions(command: Command): Command {
  return command
    .addOption(option('--jwks <location>', 'JWK Set: an https URL, or a file').from('JWTKIT_JWKS'))
    .addOption(
      option('--issuer-url <url>', "find the issuer's keys by its metadata; iss must be this URL").from(
        'JWTKIT_ISSUER_URL',
      ),
    )
    .addOption(option('--timeout <duration>', 'longest wait for fetched keys (default: 5s)').from('JWTKIT_TIMEOUT'))
    .addOption(option('--insecure-http', 'fetch keys over plain HTTP, from any host'))
    .addOption(option('--offline', 'use cached keys, however old, and fetch nothing').from('JWTKIT_OFFLINE'))
    .addOption(option('--no-cache', 'neither read nor write the cache of fetched keys'));
}

/** What an invocation takes from outside of its flags. */
export interface Surroundings {
  readonly env: Environment;
  readonly config?: AppliedConfig | undefined;
}

/** A command's options with what its variables and the policy file add, and where they came from. */
export interface Invocation<T> extends Surroundings {
  readonly options: T & CommonOptions;
  /** Whether an option was given as a flag, by a variable or by the policy file; undefined for a default. */
  origin(name: keyof T & string): 'flag' | 'variable' | 'config' | undefined;
  /** What a message calls an option: its flag, the variable that it came from, or its place in the policy file. */
  label(name: keyof T & string): string;
}

/** By the command of a run, so that an env file that is a pipe is read once. */
const surroundings = new WeakMap<Command, Surroundings>();

/** Sets what {@link readInvocation} goes by; `config.ts` has given the command's options the file's values. */
export function setSurroundings(command: Command, found: Surroundings): void {
  surroundings.set(command, found);
}

/**
 * The variables of a command: those of the file that it names before those of the process.
 * @throws {JwtkitError} USAGE_INVALID for a flag with an empty value; FILE_NOT_READABLE.
 */
export function readEnvironment(command: Command, io: Io): Environment {
  const values = command.opts();
  for (const declared of command.options) {
    if (command.getOptionValueSource(declared.attributeName()) === 'cli') refuseEmpty(declared, values);
  }
  const envFile = (values.envFile as string | undefined) ?? io.env.JWTKIT_ENV_FILE;
  return envFile === undefined || envFile === '' ? io.env : { ...io.env, ...readEnvFile(envFile) };
}

/** The variable that sets an option and what it holds; undefined where there is none or it is empty. */
export function variableOf(declared: Option, env: Environment): { name: string; text: string } | undefined {
  const name = declared instanceof VariableOption ? declared.variable : undefined;
  const text = name === undefined ? undefined : env[name];
  return name === undefined || text === undefined || text.trim() === '' ? undefined : { name, text };
}

/** Reads a command's options: flag, then variable, then policy file, then default. */
export function readInvocation<T>(command: Command, io: Io): Invocation<T> {
  const values: Record<string, unknown> = { ...command.opts() };
  const { env, config } = surroundings.get(command) ?? { env: readEnvironment(command, io) };
  const origins = new Map<string, 'flag' | 'variable' | 'config'>();
  const labels = new Map<string, string>();
  for (const declared of command.options) {
    const name = declared.attributeName();
    labels.set(name, config?.labels.get(name) ?? declared.long ?? name);
    const source = command.getOptionValueSource(name);
    if (source === 'cli') origins.set(name, 'flag');
    if (source === 'config') origins.set(name, 'config');
    const variable = variableOf(declared, env);
    if (source === 'cli' || variable === undefined) continue;
    values[name] = readVariable(declared as VariableOption, variable.name, variable.text);
    origins.set(name, 'variable');
    labels.set(name, variable.name);
  }
  return {
    options: values as T & CommonOptions,
    env,
    config,
    origin: (name) => origins.get(name),
    label: (name) => labels.get(name) ?? name,
  };
}

/** An empty value is a shell variable that nobody set, and must not silently ask for less than was meant. */
function refuseEmpty(declared: Option, values: Readonly<Record<string, unknown>>): void {
  const isEmpty = [values[declared.attributeName()]]
    .flat()
    .some((value) => typeof value === 'string' && value.trim() === '');
  if (isEmpty) throw usage(`${declared.long}: the value is empty`, 'a variable of your shell may not be set');
}

function readVariable(declared: VariableOption, variable: string, text: string): unknown {
  if (declared.argChoices !== undefined && !declared.argChoices.includes(text)) {
    throw usage(`${variable} is ${JSON.stringify(text)}, it must be one of ${declared.argChoices.join(', ')}`);
  }
  if (!declared.isBoolean()) {
    if (!declared.isRepeatable) return text;
    return declared.splitsVariable ? text.split(/\s+/).filter((part) => part !== '') : [text];
  }
  if (!['1', 'true', '0', 'false'].includes(text))
    throw usage(`${variable} is ${JSON.stringify(text)}, it must be true or false`);
  return text === '1' || text === 'true';
}

function readEnvFile(path: string): Environment {
  return parseEnv(readFileBounded(path, 1024 * 1024).toString('utf8'));
}

/** The error for a bad flag, argument or variable. */
export function usage(message: string, hint?: string): JwtkitError {
  return new JwtkitError('USAGE_INVALID', message, { hint });
}

/** Runs a parser of an option's text, so that its error names the option. */
export function parseOption<T>(name: string, text: string | undefined, parse: (text: string) => T): T | undefined {
  if (text === undefined) return undefined;
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof JwtkitError)) throw error;
    throw usage(`${name}: ${error.message}`, error.hint);
  }
}

/** A duration option in seconds. */
export function durationOption(name: string, text: string | undefined): number | undefined {
  return parseOption(name, text, parseDuration);
}

/** The size of an RSA key, in bits. */
export function bitsOption(text: string | undefined): number | undefined {
  if (text === undefined || /^\d{1,6}$/.test(text)) return text === undefined ? undefined : Number(text);
  throw usage(`--bits: ${JSON.stringify(text)} is not a number of bits`, 'such as 2048 or 4096');
}

/** The moment that `--at` sets the clock to, else the time. */
export function clockOption(at: string | undefined, io: Io): number {
  return parseOption('--at', at, (text) => parseMoment(text, io.now())) ?? io.now();
}

/** Algorithm names, separated by commas or given several times. */
export function algorithmsOption(label: string, values: readonly string[] | undefined): AlgorithmName[] | undefined {
  return values?.flatMap((value) => value.split(',')).map((name) => algorithmOption(label, name.trim()));
}

/** The algorithm to sign with, or those that the policy file allows. */
export function signingAlgorithmOption({
  options,
  label,
}: Invocation<{ alg?: string | string[] }>): AlgorithmName[] | undefined {
  return options.alg === undefined
    ? undefined
    : [options.alg].flat().map((name) => algorithmOption(label('alg'), name));
}

/** One algorithm name, exactly as it stands in `alg`. */
export function algorithmOption(label: string, name: string): AlgorithmName {
  if (isAlgorithmName(name)) return name;
  if (name.toLowerCase() === 'none') {
    throw usage(`${label}: there is no "none": a token without a signature is never accepted`);
  }
  throw usage(`${label}: ${JSON.stringify(name)} is not an algorithm`, `one of ${algorithmNames.join(', ')}`);
}

/** A `name=value` or `name:=json` pair; `value` is undefined where `=` is missing and may be. */
export function parsePair(optionName: string, text: string): { name: string; value: unknown } {
  const at = text.indexOf('=');
  const isTyped = at > 0 && text[at - 1] === ':';
  const name = text.slice(0, isTyped ? at - 1 : at);
  if (at < 0 || name === '') throw usage(`${optionName}: ${JSON.stringify(text)} is not name=value or name:=json`);
  const value = text.slice(at + 1);
  if (!isTyped) return { name, value };
  try {
    return { name, value: parseJson(Buffer.from(value, 'utf8')) };
  } catch (error) {
    const reason = error instanceof JsonError ? error.message : 'is not JSON';
    throw usage(`${optionName}: the value of ${name} ${reason}`, `for a string write ${name}=…, with a plain =`);
  }
}

/** Adds examples to a command's help; a test runs each line that begins with `$`. */
export function addExamples(command: Command, examples: readonly string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${examples.map((line) => `  $ ${line}`).join('\n')}`);
}
