/** Mistakes in a command line, as errors with the way out. Loaded only for them. */
import type { Command, CommanderError } from 'commander';
import type { JwtkitError } from '../errors.js';
import { VariableOption } from './grammar/option.js';
import { hintForCommand, hintForOption } from './grammar/other-tools.js';
import { suggestOption } from './grammar/unknown-variables.js';
import { nearAlgorithm } from './grammar/values.js';
import { isCommand, isGroup } from './program.js';
import { usage } from './terminal/errors.js';
import { exitCodes } from './terminal/exit-codes.js';
import { tokenShape } from './terminal/swallowed-token.js';

/** Returns Commander's error in the form of ours: lower case, no full stop, and a hint. */
export function usageError(
  error: CommanderError,
  argv: readonly string[],
  { command, depth }: { command: Command; depth: number },
): JwtkitError {
  const path = argv.slice(0, depth);
  const help = `run: ${['jwtkit', ...path, '--help'].join(' ')}`;
  if (error.code === 'commander.help') {
    return usage(`no subcommand given, one of ${command.commands.map((one) => one.name()).join(', ')}`, help);
  }
  // The message must not repeat a secret behind a mistyped flag.
  const [line = '', suggestion] = error.message
    .replace(/^error: /, '')
    .replace(/^(unknown option '(?:--[^='\n]*|-.)).*?'(?=\n\(Did|$)/s, "$1'")
    .split('\n');
  const flag = error.code === 'commander.unknownOption' ? /^unknown option '(-[^']*)'/.exec(line)?.[1] : undefined;
  if (flag !== undefined && command.options.some((one) => one instanceof VariableOption && one.is(flag))) {
    return usage(`option '${flag}' takes no value`, `write ${flag}, or leave it out`);
  }
  if (error.code === 'commander.unknownCommand' && isExitCode(argv[depth] ?? ''))
    return usage(line, 'error codes and exit codes: jwtkit help exit-codes');
  const known =
    flag !== undefined
      ? hintForOption(flag, command)
      : error.code === 'commander.unknownCommand'
        ? hintForCommand(argv[depth] ?? '', path)
        : error.code === 'commander.excessArguments'
          ? hintForArgument(command.args[command.registeredArguments.length] ?? '', path)
          : undefined;
  if (known !== undefined)
    return usage(line.replace(/\.$/, ''), `${known}${known.endsWith('?') ? ' or' : ';'} ${help}`);
  const meant = flag?.startsWith('--') && suggestion === undefined ? suggestOption(flag, command) : undefined;
  if (meant !== undefined) return usage(line, `did you mean ${meant}?`);
  const hint = suggestion?.replace(/^\((.*)\)$/, '$1').replace(/^Did/, 'did');
  return usage(line.replace(/\.$/, ''), hint ?? help);
}

/** Whether a word is an exit code or an error code. */
function isExitCode(word: string): boolean {
  if (/^\d+$/.test(word)) return [0, ...Object.values(exitCodes), 130].includes(Number(word));
  return Object.hasOwn(exitCodes, word.toUpperCase());
}

/** Returns the option that an argument too many may belong to. It repeats the argument only if it is an algorithm. */
function hintForArgument(word: string, path: readonly string[]): string | undefined {
  const [name] = path;
  if (tokenShape.test(word)) return undefined;
  if (name === 'issue') return 'did you mean --sub ID?';
  const alg = name === 'keygen' ? nearAlgorithm(word) : undefined;
  return alg === undefined ? undefined : `did you mean --alg ${alg}?`;
}

/** Returns the hint for the word help behind a command. */
export function hintForHelp(argv: readonly string[]): string | undefined {
  const words = argv.filter((arg) => !arg.startsWith('-'));
  const [name, ...path] = words.slice(0, -1);
  if (words.at(-1) !== 'help' || !isCommand(name) || path.length !== (isGroup(name) ? 1 : 0)) return undefined;
  return `for help, run: jwtkit ${[name, ...path, '--help'].join(' ')}`;
}
