/** Where the token of a command comes from: its argument, standard input, a file or a variable. */
import type { Command } from 'commander';
import type { WantedToken } from '../../token/find-token.js';
import { usage } from '../terminal/errors.js';
import type { Context } from '../terminal/io.js';
import { type TokenSource, takeToken } from './given-token.js';
import type { Invocation } from './invocation.js';
import { option, type Texts } from './option.js';
import { readSize } from './values.js';

export type TokenFlags = Texts<'tokenFile' | 'tokenEnv'>;

/** The longest token that any command reads, in characters. */
export const longestToken = 16 * 1024 * 1024;

/** Adds the argument and the options of a command that reads a token. */
export function addTokenOptions(command: Command, description = 'the token; - or a pipe for stdin'): Command {
  return (
    command
      .argument('[token]', description)
      // `Bearer TOKEN` is two arguments; readTokenArgument counts them.
      .allowExcessArguments(true)
      .addOption(option('--token-file <file>', 'read the token from a file; - is stdin').once().readsStdin())
      .addOption(option('--token-env <name>', 'read the token from a variable').once())
  );
}

/** Declares the option that sets the longest token. */
export const maxSizeOption = (usual: string) =>
  option('--max-size <size>', `longest token, such as 64K or 1MiB (default: ${usual})`);

/** Reads `--max-size`, in characters. */
export function readMaxSize(text: string | undefined, usual: number): number {
  return readSize('--max-size', text, longestToken) ?? usual;
}

/** The words of a header before a token: its name, and the scheme as servers call it. */
const schemeWords = /^(?:(?:proxy-)?authorization:?(?: ?(?:bearer|jwt|token|dpop))?|(?:bearer|jwt|token|dpop):?)$/i;

/**
 * Returns the token argument of a command, with the words of a header before it as one text.
 * @throws {JwtkitError} USAGE_INVALID for more arguments.
 */
export function readTokenArgument(command: Command): string | undefined {
  const { args } = command;
  if (args.length < 2) return args[0];
  const words = args.slice(0, -1).join(' ');
  if (schemeWords.test(words)) return args.join(' ');
  // As Commander's own error, so that mistakes.ts finds the hint.
  return command.error(`too many arguments for '${command.name()}'. Expected 1 argument but got ${args.length}`, {
    code: 'commander.excessArguments',
  });
}

/** Returns which option names the token; undefined if none does. */
export function tokenFlagOf({ tokenFile, tokenEnv }: TokenFlags): '--token-file' | '--token-env' | undefined {
  return tokenFile !== undefined ? '--token-file' : tokenEnv !== undefined ? '--token-env' : undefined;
}

/**
 * Reads the token of a command. A text that is no token as a whole, but holds one, gives that one; a note says where it was.
 * @throws {JwtkitError} USAGE_INVALID for no token or two places; FILE_NOT_READABLE; TOKEN_MALFORMED for several tokens.
 */
export function readToken(
  argument: string | undefined,
  invocation: Invocation<TokenFlags>,
  wanted: WantedToken | undefined,
  context: Context,
): Promise<string> {
  return takeToken(sourceOf(argument, invocation), wanted, context);
}

function sourceOf(argument: string | undefined, { options, env }: Invocation<TokenFlags>): TokenSource {
  const { tokenFile, tokenEnv } = options;
  const flag = tokenFlagOf(options);
  if (tokenFile !== undefined && tokenEnv !== undefined) throw usage('--token-file and --token-env exclude each other');
  if (flag !== undefined && argument !== undefined)
    throw usage(`a token as an argument and ${flag} exclude each other`);
  if (tokenEnv !== undefined) return { kind: 'variable', name: tokenEnv, env };
  if (tokenFile !== undefined)
    return tokenFile === '-' ? { kind: 'stdin', reader: '--token-file -' } : { kind: 'file', path: tokenFile };
  return argument === undefined || argument === '-'
    ? { kind: 'stdin', reader: 'the token', isNamed: argument !== undefined }
    : { kind: 'argument', text: argument };
}
