/** What completion offers, read from the commands themselves. */
import type { Command, Option } from 'commander';
import { algorithmNames } from '../../jose/algorithms.js';
import { contentEncryptionNames, keyManagementNames } from '../../jwe/algorithms.js';
import { VariableOption } from '../grammar/option.js';
import { topics } from '../help/topic-names.js';
import type { Asked } from './asked.js';

/** What completes a value: fixed words, files, folders, or names that the program is asked for; nothing else is known. */
export type Source = readonly string[] | 'files' | 'folders' | Asked | 'unknown';

export interface OptionModel {
  readonly long: string;
  readonly short: string | undefined;
  readonly description: string;
  readonly value: 'none' | 'required' | 'optional';
  readonly isRepeatable: boolean;
  /** What the value is called, as in `file`. */
  readonly valueName: string;
  readonly source: Source;
}

export interface CommandModel {
  /** The names that lead to it: `keys list`; empty for the program. */
  readonly path: string;
  readonly subcommands: readonly { readonly name: string; readonly description: string }[];
  readonly options: readonly OptionModel[];
  /** What completes its argument; undefined if it takes none. */
  readonly argument: Source | undefined;
}

/** Common options that may stand before the command. */
const leading = ['json', 'color', 'no-color', 'keyring', 'config', 'no-config', 'dotenv', 'debug', 'quiet'];

/** Returns the program, its commands and their subcommands; the program itself first. */
export function modelOf(program: Command): CommandModel[] {
  const commands = program.commands.flatMap((command) => [command, ...command.commands]);
  const models = commands.map(toModel);
  const known = new Map(models.flatMap(({ options }) => options.map((each) => [each.long, each])));
  const common = leading.flatMap((name) => known.get(`--${name}`) ?? []);
  const help = { name: 'help', description: 'show help of a command, or on a topic' };
  const names = program.commands.map((each) => each.name());
  return [
    { ...toModel(program), path: '', subcommands: [...subcommandsOf(program), help], options: [...common, helpOption] },
    { path: 'help', subcommands: [], options: [], argument: [...names, ...topics.map(({ name }) => name)] },
    ...models,
  ];
}

function toModel(command: Command): CommandModel {
  const path = pathOf(command);
  const options = [...command.options.map((each) => toOption(each, path)), helpOption];
  const [argument] = command.registeredArguments;
  const source = argument === undefined ? undefined : (argument.argChoices ?? argumentSource(argument.name(), path));
  return { path, subcommands: subcommandsOf(command), options, argument: source };
}

function subcommandsOf(command: Command) {
  return command.commands.map((each) => ({ name: each.name(), description: summary(each.description()) }));
}

function pathOf(command: Command): string {
  const parent = command.parent;
  return parent === null ? '' : `${pathOf(parent)} ${command.name()}`.trim();
}

const helpOption: OptionModel = {
  long: '--help',
  short: '-h',
  description: 'show help',
  value: 'none',
  isRepeatable: false,
  valueName: '',
  source: 'unknown',
};

function toOption(option: Option, path: string): OptionModel {
  const valueName = /[<[]([^>\]]+)[>\]]/.exec(option.flags)?.[1] ?? '';
  return {
    long: option.long ?? '',
    short: option.short,
    description: summary(option.description.replace(/ \[\w+\]$/, '')),
    value: option.required ? 'required' : option.optional ? 'optional' : 'none',
    isRepeatable: option instanceof VariableOption && option.isRepeatable,
    valueName,
    source: option.argChoices ?? optionSource(option.long ?? '', valueName, path),
  };
}

/** The first sentence, without its full stop. */
function summary(text: string): string {
  return (text.split(/(?<=\.) /, 1)[0] ?? '').replace(/\.$/, '');
}

function optionSource(long: string, valueName: string, path: string): Source {
  const isEncryption = path === 'encrypt' || path === 'decrypt';
  if (long === '--alg') return isEncryption ? keyManagementNames : algorithmNames;
  if (long === '--enc') return contentEncryptionNames;
  if (long === '--crv') return ['Ed25519', 'Ed448', 'P-256', 'P-384', 'P-521', 'X25519'];
  if (long === '--typ') return ['JWT', 'at+jwt'];
  // Where a new key is made, its kid is new too.
  if (long === '--kid' && !/^(?:keygen|keys )/.test(path)) return 'kids';
  if (valueName === 'dir') return 'folders';
  return valueName === 'file' || valueName === 'location' ? 'files' : 'unknown';
}

function argumentSource(name: string, path: string): Source {
  if (name === 'kid') return 'kids';
  if (name === 'client') return 'clients';
  if (name === 'name' && path.startsWith('users ') && path !== 'users add') return 'users';
  return name === 'file' ? 'files' : 'unknown';
}
