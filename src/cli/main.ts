import { Command, CommanderError } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { JwtkitError } from '../errors.js';
import { registerDecode } from './commands/decode.js';
import { registerInspect } from './commands/inspect.js';
import { registerIssue } from './commands/issue.js';
import { registerKeygen } from './commands/keygen.js';
import { registerRefresh } from './commands/refresh.js';
import { registerRevoke } from './commands/revoke.js';
import { registerVerify } from './commands/verify.js';
import { exitCodes } from './exit-codes.js';
import { readSurroundings } from './find-config.js';
import type { Context, Io } from './io.js';
import { asJwtkitError, type ColorMode, painterFor, renderError } from './output.js';

/** Runs one command line (without the program's name) and returns the exit code. The only catch-all. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const context: Context = { io, exitCode: 0 };
  try {
    await buildProgram(argv, context).parseAsync(withKnownHelp(argv), { from: 'user' });
    return context.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    return await printFailure(error instanceof CommanderError ? usageError(error) : asJwtkitError(error), argv, io);
  }
}

/** `help verfy` as `verfy`, so that a mistyped name is answered with the right one. */
function withKnownHelp([first, second, ...rest]: readonly string[]): string[] {
  const argv = [first, second, ...rest].filter((arg) => arg !== undefined);
  const isMistyped =
    first === 'help' && second !== undefined && !second.startsWith('-') && !Object.hasOwn(commands, second);
  return isMistyped ? argv.slice(1) : argv;
}

const commands = {
  keygen: registerKeygen,
  issue: registerIssue,
  decode: registerDecode,
  verify: registerVerify,
  inspect: registerInspect,
  refresh: registerRefresh,
  revoke: registerRevoke,
};

/**
 * The grammar, of which each file in `commands/` adds its part. Where the first argument names a command the others are
 * left out: declaring all options of all commands takes longer than decoding a token.
 */
function buildProgram(argv: readonly string[], context: Context): Command {
  const { io } = context;
  const program = new Command('jwtkit')
    .description('Make keys; issue, verify, decode, inspect, refresh and revoke JSON Web Tokens.')
    .version(packageJson.version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help of a command')
    .enablePositionalOptions()
    .showSuggestionAfterError(true)
    .exitOverride()
    .hook('preAction', (_, command) => readSurroundings(command, io))
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      // Usage errors are printed once, by run(), in the form of every other error.
      writeErr: () => {},
      getOutHelpWidth: () => 100,
      getErrHelpWidth: () => 100,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    })
    .addHelpText('after', '\nExit codes, file formats and the library: see README.md');
  const named = argv[0] !== undefined && Object.hasOwn(commands, argv[0]) ? [argv[0]] : Object.keys(commands);
  for (const name of named) commands[name as keyof typeof commands](program, context);
  return program;
}

/** Commander's messages in our own form: lower case, no full stop, the suggestion as the hint. */
function usageError(error: CommanderError): JwtkitError {
  if (error.code === 'commander.help')
    return new JwtkitError('USAGE_INVALID', 'no command given', { hint: 'run: jwtkit --help' });
  // A mistyped flag must not repeat the secret that came with it.
  const [line = '', suggestion] = error.message
    .replace(/('--[\w-]+)=[^']*'/, "$1'")
    .replace(/^error: /, '')
    .split('\n');
  const hint = suggestion === undefined ? undefined : suggestion.replace(/^\((.*)\)$/, '$1').replace(/^Did/, 'did');
  return new JwtkitError('USAGE_INVALID', line.replace(/\.$/, ''), { hint: hint ?? 'run: jwtkit --help' });
}

async function printFailure(error: JwtkitError, argv: readonly string[], io: Io): Promise<number> {
  const end = argv.indexOf('--');
  const flags = end < 0 ? argv : argv.slice(0, end);
  const color =
    flags.find((flag) => flag.startsWith('--color='))?.slice('--color='.length) ?? flags[flags.indexOf('--color') + 1];
  const mode: ColorMode = color === 'always' || color === 'never' ? color : 'auto';
  const paint = await painterFor(io.stderr, mode, io.env);
  const wantsStack = flags.includes('--debug') || error.code === 'INTERNAL';
  const stack = (error.cause instanceof Error ? error.cause.stack : undefined) ?? error.stack;
  io.stderr.write(renderError(error, paint, flags.includes('--json'), wantsStack ? stack : undefined));
  return exitCodes[error.code];
}
