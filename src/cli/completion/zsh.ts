/** The completion script of zsh: a file `_jwtkit` for a folder of `fpath`, or text to source after `compinit`. */
import type { CommandModel, OptionModel, Source } from './model.js';

export function zshScript(models: readonly CommandModel[]): string {
  const [program, ...commands] = models as [CommandModel, ...CommandModel[]];
  const groups = commands.filter(({ subcommands }) => subcommands.length > 0);
  const top = commands.filter(({ path }) => !path.includes(' '));
  return `#compdef jwtkit
# zsh completion of jwtkit. For this shell, after compinit: source <(jwtkit completion zsh)
# For every shell: jwtkit completion zsh > FOLDER/_jwtkit, with a FOLDER of $fpath

# Offers kids, users or clients; nothing if there are none.
_jwtkit_ask() {
  local -a found
  found=(\${(f)"$(command $jwtkit_words[1] completion $1 -- "\${(@)jwtkit_words[2,-2]}" 2>/dev/null)"})
  (( $#found )) && compadd -a found
}
_jwtkit_ask_kids() { _jwtkit_ask kids }
_jwtkit_ask_users() { _jwtkit_ask users }
_jwtkit_ask_clients() { _jwtkit_ask clients }

${groups
  .map((group) =>
    commandFunction(
      group,
      commands.filter(({ path }) => path.startsWith(`${group.path} `)),
    ),
  )
  .join('\n')}
${commandFunction(program, top)}
if [[ $zsh_eval_context[-1] == loadautofunc ]]; then
  _jwtkit "$@"
else
  compdef _jwtkit jwtkit
fi
`;
}

/** A function that completes the program or a group: its own options, the names of its commands, and what follows them. */
function commandFunction({ path, options, subcommands }: CommandModel, commands: readonly CommandModel[]): string {
  const name = ['_jwtkit', path].filter((each) => each !== '').join('_');
  const keepWords = path === '' ? `  local -a jwtkit_words=("\${(@)words}")\n` : '';
  const described = subcommands.map((each) => quote(`${each.name}:${each.description}`)).join(' ');
  const cases = commands.map((command) => {
    const last = command.path.split(' ').at(-1) ?? '';
    if (command.subcommands.length > 0) return `        ${last}) _jwtkit_${command.path} && return ;;`;
    return `        ${last}) _arguments -s ${specsOf(command).join(' ')} && return ;;`;
  });
  return `${name}() {
  local context state state_descr curcontext=$curcontext
  local -a line
  typeset -A opt_args
${keepWords}  _arguments -C -A "-*" ${options.flatMap(optionSpecs).join(' ')} '1:command:->command' '*::argument:->argument' && return
  case $state in
    command)
      local -a names=(${described})
      _describe -t commands command names && return ;;
    argument)
      case $line[1] in
${cases.join('\n')}
      esac ;;
  esac
  return 1
}
`;
}

function specsOf({ options, argument }: CommandModel): string[] {
  // A message for an unknown argument would keep zsh from inserting an option.
  const own = argument === undefined || argument === 'unknown' ? [] : [quote(`1:argument:${actionOf(argument)}`)];
  return [...options.flatMap(optionSpecs), ...own];
}

function optionSpecs({ long, short, description, value, isRepeatable, valueName, source }: OptionModel): string[] {
  const text = `[${description.replaceAll(/[[\]\\]/g, '\\$&').replaceAll(':', '\\:')}]`;
  const colons =
    value === 'none'
      ? ''
      : `${value === 'optional' ? '::' : ':'}${valueName.replaceAll(':', '\\:')}:${actionOf(source)}`;
  const other = short === undefined || isRepeatable ? '' : `(${short} ${long})`;
  const star = isRepeatable ? '*' : other;
  const flags = [
    `${long}${value === 'none' ? '' : '='}`,
    ...(short === undefined ? [] : [`${short}${value === 'none' ? '' : '+'}`]),
  ];
  return flags.map((flag) => quote(`${star}${flag}${text}${colons}`));
}

function actionOf(source: Source): string {
  if (typeof source === 'object') return `(${source.join(' ')})`;
  if (source === 'files') return '_files';
  if (source === 'folders') return '_files -/';
  return source === 'unknown' ? ' ' : `_jwtkit_ask_${source}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
