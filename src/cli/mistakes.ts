/** Mistakes in a command line, as errors with the way out. Loaded only for them. */
import { existsSync, statSync } from 'node:fs';
import type { Command, CommanderError } from 'commander';
import type { JwtkitError } from '../errors.js';
import { findOption, hintForExtra, hintForUnknown } from './extra-argument.js';
import { VariableOption } from './grammar/option.js';
import { hintForCommand, hintForNearCommand } from './grammar/other-commands.js';
import { hintForOption } from './grammar/other-tools.js';
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
  const [line = '', suggestion] = messageOf(error, command, path)
    .replace(/^error: /, '')
    .replace(/^(unknown option '(?:--[^='\n]*|-.)).*?'(?=\n\(Did|$)/s, "$1'")
    .split('\n');
  const message = line.replace(/\.$/, '');
  const suggested = suggestion?.replace(/^\((.*)\)$/, '$1').replace(/^Did/, 'did');
  const word = argv[depth] ?? '';
  const args = argv.slice(depth);
  let hint: string | undefined;
  switch (error.code) {
    case 'commander.unknownOption': {
      const flag = /^unknown option '(-[^']*)'/.exec(line)?.[1];
      if (flag === undefined) break;
      const dashed = /^-[^-]/.test(flag) ? findOneDash(argv, command) : undefined;
      if (dashed !== undefined) return usage(`unknown option '${dashed.word}'`, withHelp(dashed.hint, help));
      if (command.options.some((one) => one instanceof VariableOption && one.is(flag)))
        return usage(`option '${flag}' takes no value`, `write ${flag}, or leave it out`);
      hint = hintForLeading(flag, argv, command) ?? hintForOption(flag, command);
      if (hint !== undefined || suggested !== undefined || !flag.startsWith('--')) break;
      const meant = suggestOption(flag, command);
      if (meant !== undefined) return usage(message, `did you mean ${meant}?`);
      break;
    }
    case 'commander.unknownCommand':
      if (isExitCode(word)) return usage(message, 'error codes and exit codes: jwtkit help exit-codes');
      hint = hintForNoCommand(word, path) ?? hintForCommand(word, path);
      if (suggested === undefined) hint ??= hintForNearCommand(word, path, command, isCommand);
      break;
    case 'commander.excessArguments':
      hint = hintForExtra(command, path, args) ?? hintForArgument(command, path, argv);
      break;
    case 'commander.missingArgument':
      hint = hintForChoices(command) ?? hintForUnknown(command, args);
  }
  return usage(message, hint === undefined ? (suggested ?? help) : withHelp(hint, help));
}

/** Returns Commander's message; ours for arguments too many. */
function messageOf({ code, message }: CommanderError, command: Command, path: readonly string[]): string {
  if (code !== 'commander.excessArguments') return message;
  return `${path.join(' ')} takes ${command.registeredArguments.length === 0 ? 'no' : 'one'} argument`;
}

/** Adds how to get help, unless the hint says which other command to use. */
function withHelp(hint: string, help: string): string {
  if (/; use jwtkit \w/.test(hint)) return hint;
  return `${hint}${hint.endsWith('?') ? ' or' : ';'} ${help}`;
}

/** Returns the hint for a token or a file without a command before it. */
function hintForNoCommand(word: string, path: readonly string[]): string | undefined {
  if (path.length > 0) return undefined;
  if (tokenShape.test(word.replace(/^(?:authorization:\s*)?bearer\s+/i, '')) || /^bearer$/i.test(word))
    return 'a command stands before the token: jwtkit decode shows it, jwtkit verify checks it';
  const isFile = /[./\\]/.test(word) && statSync(word, { throwIfNoEntry: false })?.isFile() === true;
  return isFile ? 'a command stands before the file: jwtkit lint FILE looks for mistakes in it' : undefined;
}

/** Whether a word is an exit code or an error code. */
function isExitCode(word: string): boolean {
  if (/^\d+$/.test(word)) return [0, ...Object.values(exitCodes), 130].includes(Number(word));
  return Object.hasOwn(exitCodes, word.toUpperCase());
}

/** Finds an option with one dash, such as -key, as Go and openssl write them, if it is clear which option is meant. */
function findOneDash(argv: readonly string[], command: Command): { word: string; hint: string } | undefined {
  for (const arg of argv.slice(0, argv.includes('--') ? argv.indexOf('--') : argv.length)) {
    const word = /^-[a-z][\w-]+(?==|$)/i.exec(arg)?.[0];
    if (word === undefined) continue;
    const own = findOption(command, `-${word}`);
    const hint = own === undefined ? (hintForLeading(word, [], command) ?? hintForOption(word, command)) : undefined;
    if (own !== undefined) return { word, hint: `did you mean ${own.long}?` };
    if (hint !== undefined) return { word, hint };
  }
  return undefined;
}

/** Returns the hint for an option in the place of the command: it stands behind the command, or is the name of one. */
function hintForLeading(flag: string, argv: readonly string[], program: Command): string | undefined {
  if (program.parent !== null) return undefined;
  const named = program.commands.find((one) => argv.includes(one.name()));
  if (named !== undefined && findOption(named, flag) !== undefined)
    return `options stand behind the command: jwtkit ${named.name()} ${flag}`;
  const word = flag.replace(/^--?/, '');
  const hint = hintForCommand(word, []) ?? hintForNearCommand(word, [], program, isCommand);
  return /^did you mean (?:issue|verify|decode|inspect|encrypt|decrypt|keygen)\?$/.test(hint ?? '') ? hint : undefined;
}

/** Returns what an argument that is missing may be. */
function hintForChoices(command: Command): string | undefined {
  const choices = command.registeredArguments[command.args.length]?.argChoices;
  return choices === undefined ? undefined : `one of ${choices.join(', ')}`;
}

/** Returns the option that an argument too many may belong to. It repeats the argument only if it is an algorithm or an option. */
function hintForArgument(command: Command, path: readonly string[], argv: readonly string[]): string | undefined {
  const [name] = path;
  const word = command.args[command.registeredArguments.length] ?? '';
  const typed = command.args.map((arg) => /^[\u2012-\u2015\u2212]+([a-z][a-z-]*)/.exec(arg)?.[1]);
  const meant = typed.map((each) => findOption(command, `--${each}`)).find((each) => each !== undefined);
  if (meant !== undefined) return `an option begins with two hyphens, not with a dash: ${meant.long}`;
  const takesTokens = findOption(command, '--batch') !== undefined && command.args.length > 1;
  if (takesTokens && command.args.every((arg) => existsSync(arg)))
    return `a batch reads the lines of several files from a pipe: grep -h . FILE … | jwtkit ${name} --batch`;
  const isPair = /^(?:decode|verify|inspect)$/.test(name ?? '') && tokenShape.test(command.args[0] ?? '');
  if (tokenShape.test(word)) return isPair ? 'jwtkit diff compares two tokens; --batch takes one a line' : undefined;
  if (/^(?:.*\/)?\.env(?:\.[\w.-]+)?$/.test(word)) return 'did you mean -e FILE?';
  if (name === 'decode' && command.args.length === 2 && /^[\w-]{1,30}$/.test(word)) return 'did you mean --claim NAME?';
  if (/\.(?:pem|pub|key|crt|cer|der|jwk)$/i.test(word) && findOption(command, '--key') !== undefined)
    return 'did you mean --key FILE?';
  if (name === 'keygen' && /\.(?:pem|key|txt)$/i.test(word)) return 'did you mean --private FILE?';
  if (/\.(?:pem|key|pub|jwk|json|p12|pfx|der)$/i.test(word) && findOption(command, '--out')?.long === '--out')
    return 'did you mean --out FILE?';
  if (name === 'serve' && /^\d{1,5}$/.test(word)) return 'did you mean --port N?';
  if (name === 'issue' && !argv.some((arg) => /^--sub(?:ject)?(?:=|$)/.test(arg))) return 'did you mean --sub ID?';
  const alg = name === 'keygen' ? nearAlgorithm(word) : undefined;
  return alg === undefined ? undefined : `did you mean --alg ${alg}?`;
}

/** Returns the hint for the word help behind a command. */
export function hintForHelp(argv: readonly string[], path: readonly string[]): string | undefined {
  const words = argv.filter((arg) => !arg.startsWith('-'));
  const name = path.at(-1);
  if (words.at(-1) !== 'help' || name === undefined || words.at(-2) !== name || isGroup(name)) return undefined;
  return `for help, run: ${['jwtkit', ...path, '--help'].join(' ')}`;
}
