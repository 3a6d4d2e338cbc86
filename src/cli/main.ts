import { Command, CommanderError } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { JwtkitError } from '../errors.js';
import { exitCodes } from './exit-codes.js';
import { readSurroundings } from './find-config.js';
import type { Context, Io } from './io.js';
import { asJwtkitError, type ColorMode, painterFor, renderError } from './output.js';

/** Runs one command line (without the program's name) and returns the exit code. The only catch-all. */
export async function run(argv: readonly string[], io: Io): Promise<number> {
  const context: Context = { io, exitCode: 0 };
  let program: Command | undefined;
  try {
    program = await buildProgram(argv, context);
    await program.parseAsync(withKidApart(withKnownHelp(argv, program)), { from: 'user' });
    return context.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    return await printFailure(
      error instanceof CommanderError ? usageError(error, argv, program) : asJwtkitError(error),
      argv,
      io,
    );
  }
}

/**
 * `help keys rotate` as `keys rotate --help`, which Commander would take for `help keys`; and `help verfy` as `verfy`, so that
 * a mistyped name is answered with the right one.
 */
function withKnownHelp(argv: readonly string[], program: Command): readonly string[] {
  const [first, ...rest] = argv;
  const end = rest.findIndex((arg) => arg.startsWith('-'));
  const names = end < 0 ? rest : rest.slice(0, end);
  if (first !== 'help' || names.length === 0) return argv;
  let command: Command | undefined = program;
  for (const name of names) {
    if (command.commands.length === 0) break;
    command = command.commands.find((one) => one.name() === name);
    if (command === undefined) return rest;
  }
  return [...names, '--help'];
}

/** One thumbprint in 64 begins with a dash: the kid of `keys remove -x…` is an argument all the same. */
function withKidApart(argv: readonly string[]): readonly string[] {
  if (argv[0] !== 'keys' || argv.includes('--')) return argv;
  const at = argv.findIndex((arg, index) => /^-[\w-]{42}$/.test(arg) && argv[index - 1] !== '--kid');
  return at < 0 ? argv : [...argv.slice(0, at), ...argv.slice(at + 1), '--', argv[at] as string];
}

/** What adds each command to the grammar: loaded when the command is named, or all of them for help. */
const commands = {
  keygen: async () => (await import('./commands/keygen.js')).registerKeygen,
  issue: async () => (await import('./commands/issue.js')).registerIssue,
  decode: async () => (await import('./commands/decode.js')).registerDecode,
  verify: async () => (await import('./commands/verify.js')).registerVerify,
  inspect: async () => (await import('./commands/inspect.js')).registerInspect,
  refresh: async () => (await import('./commands/refresh.js')).registerRefresh,
  revoke: async () => (await import('./commands/revoke.js')).registerRevoke,
  serve: async () => (await import('./commands/serve.js')).registerServe,
  keys: async () => (await import('./commands/keys/keys.js')).registerKeys,
  users: async () => (await import('./commands/users/users.js')).registerUsers,
  clients: async () => (await import('./commands/clients/clients.js')).registerClients,
};

/** Those that have commands of their own. */
const groups: readonly (string | undefined)[] = ['keys', 'users', 'clients'];

/**
 * The grammar, of which each file in `commands/` adds its part. Where the first argument names a command, the others and what
 * only the help of all shows are left out: declaring all options of all commands takes longer than decoding a token.
 */
async function buildProgram(argv: readonly string[], context: Context): Promise<Command> {
  const { io } = context;
  const program = new Command('jwtkit')
    .helpOption('-h, --help', 'show help')
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
    });
  const isNamed = argv[0] !== undefined && Object.hasOwn(commands, argv[0]);
  if (!isNamed) {
    program
      .description(
        'Make and rotate keys; issue, verify, decode, inspect, refresh and revoke JSON Web Tokens; serve them.',
      )
      .version(packageJson.version, '-V, --version', 'print the version')
      .addHelpText('after', '\nExit codes, file formats and the library: see README.md');
  }
  // Handed down to those that have commands of their own.
  if (!isNamed || groups.includes(argv[0])) program.helpCommand('help [command]', 'show help of a command');
  for (const name of isNamed ? [argv[0]] : Object.keys(commands)) {
    const register = await commands[name as keyof typeof commands]();
    register(program, context);
  }
  return program;
}

/** Commander's messages in our own form: lower case, no full stop, the suggestion as the hint. */
function usageError(error: CommanderError, [first]: readonly string[], program: Command | undefined): JwtkitError {
  const subcommands = program?.commands.find((one) => one.name() === first)?.commands ?? [];
  const help = `run: jwtkit ${subcommands.length === 0 ? '' : `${first} `}--help`;
  if (error.code === 'commander.help') {
    const names = subcommands.map((one) => one.name()).join(', ');
    const message = names === '' ? 'no command given' : `no subcommand given, one of ${names}`;
    return new JwtkitError('USAGE_INVALID', message, { hint: help });
  }
  // A mistyped flag must not repeat the secret that came with it.
  const [line = '', suggestion] = error.message
    .replace(/('--[\w-]+)=[^']*'/, "$1'")
    .replace(/^error: /, '')
    .split('\n');
  const hint = suggestion === undefined ? undefined : suggestion.replace(/^\((.*)\)$/, '$1').replace(/^Did/, 'did');
  return new JwtkitError('USAGE_INVALID', line.replace(/\.$/, ''), { hint: hint ?? help });
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
