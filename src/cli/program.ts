/** The commands of the program. A run loads only the command that it names. */
import { Command } from 'commander';
import { isAsked } from './completion/asked.js';
import { setExamples } from './grammar/shared-options.js';
import { readSurroundings } from './grammar/surroundings.js';
import { columnsOf } from './terminal/columns.js';
import type { Context } from './terminal/io.js';

/** The function that adds each command. A run loads only the named command; help loads all of them. */
const commands = {
  keygen: async () => (await import('./commands/keygen/keygen.js')).registerKeygen,
  issue: async () => (await import('./commands/issue.js')).registerIssue,
  decode: async () => (await import('./commands/decode.js')).registerDecode,
  verify: async () => (await import('./commands/verify.js')).registerVerify,
  inspect: async () => (await import('./commands/inspect.js')).registerInspect,
  encrypt: async () => (await import('./commands/encrypt/encrypt.js')).registerEncrypt,
  decrypt: async () => (await import('./commands/decrypt.js')).registerDecrypt,
  diff: async () => (await import('./commands/diff.js')).registerDiff,
  refresh: async () => (await import('./commands/refresh.js')).registerRefresh,
  revoke: async () => (await import('./commands/revoke.js')).registerRevoke,
  serve: async () => (await import('./commands/serve.js')).registerServe,
  keys: async () => (await import('./commands/keys/keys.js')).registerKeys,
  users: async () => (await import('./commands/users.js')).registerUsers,
  clients: async () => (await import('./commands/clients.js')).registerClients,
  fixtures: async () => (await import('./commands/fixtures.js')).registerFixtures,
  probe: async () => (await import('./commands/probe/probe.js')).registerProbe,
  lint: async () => (await import('./commands/lint.js')).registerLint,
  completion: async () => (await import('./completion/command.js')).registerCompletion,
};

/** The examples in the help of the program. */
const firstSteps = [
  'jwtkit keygen',
  'TOKEN=$(jwtkit issue --sub user-123 --aud api)',
  'jwtkit verify "$TOKEN" --aud api',
];

/** The commands that have subcommands. */
const groups: readonly (string | undefined)[] = ['keys', 'users', 'clients'];

/** Whether a word is the name of a command. */
export function isCommand(word: string | undefined): word is keyof typeof commands {
  return word !== undefined && Object.hasOwn(commands, word);
}

/** Whether a word is the name of a command with subcommands. */
export function isGroup(word: string | undefined): boolean {
  return groups.includes(word);
}

/** Declares the named command; all commands, which takes longer than decoding a token, if the first argument names none. */
export async function buildProgram(
  argv: readonly string[],
  context: Context,
  showsHelp = argv.some((arg) => /^(?:help|--help|-\w*h)$/.test(arg)),
): Promise<Command> {
  const { io } = context;
  const program = new Command('jwtkit')
    .helpOption('-h, --help', 'show help')
    .enablePositionalOptions()
    .showSuggestionAfterError(true)
    .exitOverride()
    .hook('preAction', (_, command) => {
      const { quiet, json, color } = command.opts();
      context.isQuiet = quiet === true;
      context.asJson = json === true;
      context.color = color === false ? 'never' : color;
      return readSurroundings(command, io);
    })
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      // Usage errors are printed once, by run(), in the form of every other error.
      writeErr: () => {},
      getOutHelpWidth: () => columnsOf(io),
      getErrHelpWidth: () => columnsOf(io),
      getOutHasColors: () => true,
      getErrHasColors: () => false,
    });
  if (showsHelp) program.configureHelp(await (await import('./help/layout.js')).helpLayout(context));
  // A completion script tells of all commands; names for it have to come quickly.
  const name = argv[0] === 'completion' && !isAsked(argv[1]) ? undefined : argv[0];
  if (!isCommand(name)) {
    program
      .description(
        'Make and rotate keys; issue, verify, decode, inspect, refresh and revoke JSON Web Tokens; serve them.',
      )
      .option('-V, --version', 'print the version');
    setExamples(program, firstSteps);
  }
  // Commands with subcommands inherit it.
  if (!isCommand(name) || isGroup(name))
    program.helpCommand('help [command]', 'Show help of a command, or on a topic.');
  for (const each of isCommand(name) ? [name] : (Object.keys(commands) as (keyof typeof commands)[])) {
    const register = await commands[each]();
    register(program, context);
  }
  return program;
}

/** Returns the command that the first arguments name, and how many they are. */
export function findCommand(argv: readonly string[], program: Command): { command: Command; depth: number } {
  let command = program;
  for (const [depth, name] of argv.entries()) {
    const next = command.commands.find((one) => one.name() === name);
    if (next === undefined) return { command, depth };
    command = next;
  }
  return { command, depth: argv.length };
}
