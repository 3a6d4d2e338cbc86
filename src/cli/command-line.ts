/** Brings a command line into the order that commands read: the command first, then its options and arguments. */

/** Common options that take a value; they may stand before the command. */
const withValue = ['--color', '--keyring', '--config', '-e', '--dotenv', '--env-file'];

/** Common options without a value that may stand before the command. */
const withoutValue = ['--json', '--no-color', '--no-config', '--debug', '-q', '--quiet'];

/** Moves common options from before the command, or before its subcommand, to behind it. `isGroup` knows commands with subcommands. */
export function moveCommonOptions(
  argv: readonly string[],
  isGroup: (word: string | undefined) => boolean,
): readonly string[] {
  const { moved, rest } = takeLeading(argv);
  const [command, ...others] = rest;
  // What stands there alone asks for help, which takes no other option.
  if (command === undefined || command === 'help' || command.startsWith('-')) return rest;
  if (!isGroup(command)) return [command, ...moved, ...others];
  const inner = takeLeading(others);
  const [subcommand, ...last] = inner.rest;
  if (subcommand === undefined || subcommand.startsWith('-')) return [command, ...inner.rest];
  return [command, subcommand, ...moved, ...inner.moved, ...last];
}

/** Whether `--color` has its value. Without, the command would be taken for it. */
function isColorMode(word: string | undefined): boolean {
  return word === 'auto' || word === 'always' || word === 'never';
}

/** Divides arguments into the common options that stand first, with their values, and the rest. */
function takeLeading(argv: readonly string[]): { moved: readonly string[]; rest: readonly string[] } {
  let at = 0;
  while (at < argv.length) {
    const arg = argv[at] as string;
    const isJoined = /^-e./.test(arg) || withValue.some((name) => name.startsWith('--') && arg.startsWith(`${name}=`));
    if (isJoined || withoutValue.includes(arg)) at += 1;
    else if (withValue.includes(arg)) at += arg === '--color' && !isColorMode(argv[at + 1]) ? 1 : 2;
    else break;
  }
  return { moved: argv.slice(0, at), rest: argv.slice(at) };
}

/** Returns the names of the command to show help for, `[]` for the program; undefined if the user asks for no help. */
export function helpAsked(
  [first, ...rest]: readonly string[],
  isGroup: (word: string | undefined) => boolean,
): readonly string[] | undefined {
  if (first === undefined) return [];
  if (isGroup(first) && rest.length === 0) return [first];
  if (first !== 'help' && first !== '--help' && first !== '-h') return undefined;
  const end = rest.findIndex((arg) => arg.startsWith('-'));
  return end < 0 ? rest : rest.slice(0, end);
}

/**
 * Reads a kid that begins with a dash as an argument, as in `keys remove -x…`: one thumbprint in 64 does. A short kid that
 * looks like an option of every command is not one.
 */
export function keepKidAsArgument(argv: readonly string[]): readonly string[] {
  if (argv[0] !== 'keys' || argv.includes('--')) return argv;
  const at = argv.findIndex((arg, index) => {
    return /^-(?:[\w-]{42}|[^\W_ehq-][\w-]{6,40})$/.test(arg) && argv[index - 1] !== '--kid';
  });
  return at < 0 ? argv : [...argv.slice(0, at), ...argv.slice(at + 1), '--', argv[at] as string];
}
