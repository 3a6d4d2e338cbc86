/** The options of one invocation: each from its flag, else its variable, else the policy file, else its default. */
import type { Command } from 'commander';
import type { AppliedPolicy } from '../../policy/apply.js';
import type { Environment } from '../terminal/io.js';
import { parseVariable, variableOf } from './option.js';
import type { CommonOptions } from './shared-options.js';

/** A policy file, and what it sets in a command. */
export interface AppliedConfig extends AppliedPolicy {
  /** Whether `--config` or its variable names the file. */
  readonly isNamed: boolean;
}

/** What an invocation reads beside its flags. */
export interface Surroundings {
  readonly env: Environment;
  readonly config?: AppliedConfig | undefined;
}

type Origin = 'flag' | 'variable' | 'config';

/** A command's options with the values of its variables and of the policy file, and where each came from. */
export interface Invocation<T> extends Surroundings {
  readonly options: T & CommonOptions;
  /** The arguments beside the options. */
  readonly args: readonly string[];
  /** Says whether a flag, a variable or the policy file set an option; undefined for a default. */
  origin(name: keyof T & string): Origin | undefined;
  /** Returns what messages call an option: its flag, its variable, or its place in the policy file. */
  label(name: keyof T & string): string;
}

/** By command, so that an env file that is a pipe is read once. */
const surroundings = new WeakMap<Command, Surroundings>();

/** Sets what {@link readInvocation} uses; the policy file's values are already set on the command. */
export function setSurroundings(command: Command, found: Surroundings): void {
  surroundings.set(command, found);
}

/** Reads a command's options; its surroundings are set already. */
export function readInvocation<T>(command: Command): Invocation<T> {
  const values: Record<string, unknown> = { ...command.opts() };
  if (values.color === false) values.color = 'never';
  const { env, config } = surroundings.get(command) as Surroundings;
  const origins = new Map<string, Origin>();
  const labels = new Map<string, string>();
  for (const declared of command.options) {
    const name = declared.attributeName();
    labels.set(name, config?.labels.get(name) ?? declared.long ?? name);
    const source = command.getOptionValueSource(name);
    if (source === 'config') origins.set(name, 'config');
    const variable = source === 'cli' ? undefined : variableOf(declared, env);
    if (source === 'cli') origins.set(name, 'flag');
    if (variable === undefined) continue;
    values[name] = parseVariable(declared, variable);
    origins.set(name, 'variable');
    labels.set(name, variable.name);
  }
  return {
    options: values as T & CommonOptions,
    args: command.args,
    env,
    config,
    origin: (name) => origins.get(name),
    label: (name) => labels.get(name) ?? name,
  };
}
