import { type Command, CommanderError } from 'commander';
import packageJson from '../../package.json' with { type: 'json' };
import { JwtkitError } from '../errors.js';
import { hideTokens, hideTokensInJson } from '../shown-text.js';
import { helpAsked, keepKidAsArgument, moveCommonOptions } from './command-line.js';
import { buildProgram, findCommand, isCommand, isGroup } from './program.js';
import { colorModeOf, painterFor } from './terminal/colour.js';
import { errorWidth } from './terminal/columns.js';
import { asJwtkitError, malformedHint, renderError, usage } from './terminal/errors.js';
import { exitCodes } from './terminal/exit-codes.js';
import type { Context, Io, World } from './terminal/io.js';
import { speakTo } from './terminal/notes.js';

/** Runs one command line (without the program's name) and returns the exit code. The only catch-all. */
export async function run(given: readonly string[], outside: World): Promise<number> {
  const context = startRun(given, outside);
  const { io } = context;
  try {
    const argv = moveCommonOptions(given, isGroup);
    const names = helpAsked(argv, isGroup);
    if (isVersionAsked(argv)) io.stdout.write(`${packageJson.version}\n`);
    else if (names === undefined) await runCommand(argv, await buildProgram(argv, context), context);
    else await showHelp(names, context);
    return context.exitCode;
  } catch (error) {
    const failure = await withHint(asJwtkitError(error), context);
    // A mistake in the command line gets no verdict, and a bug must not be overlooked.
    if (failure.code === 'USAGE_INVALID' || failure.code === 'INTERNAL') context.isQuiet = false;
    return printFailure(failure, context);
  }
}

function isVersionAsked([first, ...rest]: readonly string[]): boolean {
  return first === '--version' || first === '-V' || (first === 'version' && rest.every((arg) => arg === '--json'));
}

async function runCommand(argv: readonly string[], program: Command, context: Context): Promise<void> {
  context.path = argv.slice(0, findCommand(argv, program).depth);
  try {
    await program.parseAsync(keepKidAsArgument(argv), { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return;
    const { usageError } = await import('./mistakes.js');
    throw usageError(error, argv, findCommand(argv, program));
  }
}

/** Shows the help of a command, or a topic. An unknown name is an error that suggests the right one. */
async function showHelp(names: readonly string[], context: Context): Promise<void> {
  const { findTopic, showTopic } = await import('./help/topics.js');
  const topic = findTopic(names);
  // As far from this file as from the bundle.
  const docs = new URL('../../docs/', import.meta.url);
  if (topic !== undefined && !isCommand(names[0])) return showTopic(topic, docs, context);
  if (findTopic(names.slice(0, 1)) !== undefined && !isCommand(names[0]))
    throw usage('help shows one topic at a time', `run: jwtkit help ${findTopic(names.slice(0, 1))?.name}`);
  const program = await buildProgram(names.length === 0 ? ['--help'] : names, context, true);
  const { command, depth } = findCommand(names, program);
  const isUnknown = depth < names.length && command.commands.length > 0;
  await runCommand(isUnknown ? names : [...names.slice(0, depth), '--help'], program, context);
}

/** Begins a run. Its stderr hides tokens, and says nothing in a quiet run. Data goes to stdout, unchanged. */
function startRun(argv: readonly string[], world: World): Context {
  const { stderr, askHidden, env } = world;
  const run: Omit<Context, 'io'> & { io?: Io } = { argv, exitCode: 0 };
  const write = (content: string | Uint8Array) => {
    if (run.isQuiet !== true) stderr.write(typeof content === 'string' ? hideInLine(content) : content);
  };
  const shown = Object.create(stderr, { write: { value: write } });
  const ask = askHidden && { askHidden: (question: string) => askHidden(hideTokens(question)) };
  return Object.assign(run, { io: { ...world, ...ask, stderr: shown, ...speakTo(shown, env, run) } });
}

/** Hides tokens in what goes to stderr. In JSON the letters of an escape, as of `\u202e`, must not be taken for those of a token. */
function hideInLine(content: string): string {
  return /^\{"(?:note|error)":/.test(content) ? hideTokensInJson(content) : hideTokens(content);
}

/** Adds a hint to the error for what is no token, or no signed one, for the word help, and for a keyring that is not there. */
async function withHint(error: JwtkitError, context: Context): Promise<JwtkitError> {
  const { argv, path = [] } = context;
  if (argv.includes('help')) {
    const hint = (await import('./mistakes.js')).hintForHelp(argv, path);
    if (hint !== undefined) return hinted(error, hint);
  }
  if (error.code === 'KEYRING_NOT_FOUND')
    return (await import('./missing-keyring.js')).explainMissingKeyring(error, context);
  if (error.code !== 'TOKEN_MALFORMED' || error.hint !== undefined) return error;
  const hint = malformedHint(error.message, context);
  return hint === undefined ? error : hinted(error, hint);
}

function hinted(error: JwtkitError, hint: string): JwtkitError {
  return new JwtkitError(error.code, error.message, { hint, details: error.details, cause: error });
}

async function printFailure(error: JwtkitError, { argv, io, asJson, color }: Context): Promise<number> {
  const end = argv.indexOf('--');
  const flags = end < 0 ? argv : argv.slice(0, end);
  const paint = await painterFor(io.stderr, color ?? colorModeOf(flags), io.env);
  const wantsStack = flags.includes('--debug') || error.code === 'INTERNAL';
  const stack = (error.cause instanceof Error ? error.cause.stack : undefined) ?? error.stack;
  const form = { paint, asJson: asJson ?? flags.includes('--json'), width: errorWidth(io) };
  io.stderr.write(renderError(error, { ...form, stack: wantsStack ? stack : undefined }));
  return exitCodes[error.code];
}
