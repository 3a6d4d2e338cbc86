/** The completion script of bash. It needs nothing but bash: the package bash-completion may load it, or a profile. */
import type { CommandModel, Source } from './model.js';

export function bashScript(models: readonly CommandModel[]): string {
  const [program, ...commands] = models as [CommandModel, ...CommandModel[]];
  const top = program.subcommands.map(({ name }) => name);
  const below = commands.flatMap(({ path, subcommands }) => subcommands.map(({ name }) => `${path}/${name}`));
  return `# bash completion of jwtkit. For this shell: source <(jwtkit completion bash)
# For every shell: jwtkit completion bash > ~/.local/share/bash-completion/completions/jwtkit

# Prints kids, users or clients; nothing if there are none.
_jwtkit_ask() {
  "\${COMP_WORDS[0]}" completion "$1" -- "\${COMP_WORDS[@]:1:COMP_CWORD-1}" 2>/dev/null
}

_jwtkit() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} option= path= words= asked= word i
  COMPREPLY=()
  # bash divides --alg=RS256 into three words.
  if [[ $cur == = ]]; then cur= option=$prev
  elif [[ $prev == = ]]; then option=\${COMP_WORDS[COMP_CWORD-2]}
  elif [[ $prev == -* ]]; then option=$prev; fi
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ -z $path && ( ${leadingTest(program)} ) ]]; then
      ((i++))
      [[ \${COMP_WORDS[i]} == = ]] && ((i++))
      continue
    fi
    case $path/$word in
      ${top.map((name) => `/${name}`).join('|')}) path=$word ;;
      ${below.join('|')}) path="$path $word" ;;
    esac
  done
  case "$path:$option" in
${valueCases(models)}
    *)
      if [[ $cur == -* ]]; then
        case $path in
${models.map((model) => `          '${model.path}') words='${flagsOf(model).join(' ')}' ;;`).join('\n')}
        esac
      else
        case $path in
${models.map(argumentCase).join('\n')}
        esac
      fi ;;
  esac
  if [[ -n $asked ]]; then
    compopt +o default +o bashdefault 2>/dev/null
    while IFS= read -r word; do
      [[ $word == "$cur"* ]] && COMPREPLY+=("$word")
    done < <(_jwtkit_ask "$asked")
    return
  fi
  for word in $words; do
    [[ $word == "$cur"* ]] && COMPREPLY+=("$word")
  done
}

# Where the function offers nothing, bash offers files.
complete -o bashdefault -o default -F _jwtkit jwtkit
`;
}

function flagsOf({ options }: CommandModel): string[] {
  return options.flatMap(({ short, long }) => (short === undefined ? [long] : [short, long]));
}

/** A test for options before the command that take a value. */
function leadingTest({ options }: CommandModel): string {
  const valued = options.filter(({ value }) => value !== 'none');
  return valued
    .flatMap(({ short, long }) => (short === undefined ? [long] : [short, long]))
    .map((flag) => `$word == ${flag}`)
    .join(' || ');
}

/** A case for each source of values, with all options that take it. */
function valueCases(models: readonly CommandModel[]): string {
  const cases = new Map<string, string[]>();
  for (const { path, options } of models) {
    for (const { short, long, value, source } of options) {
      if (value === 'none') continue;
      const patterns = [long, ...(short === undefined ? [] : [short])].map((flag) => `'${path}:${flag}'`);
      const action = actionOf(source);
      cases.set(action, [...(cases.get(action) ?? []), ...patterns]);
    }
  }
  return [...cases].map(([action, patterns]) => `    ${patterns.join('|')}) ${action} ;;`).join('\n');
}

function actionOf(source: Source): string {
  if (typeof source === 'object') return `words='${source.join(' ')}'`;
  return source === 'files' || source === 'folders' || source === 'unknown' ? 'return' : `asked=${source}`;
}

function argumentCase({ path, subcommands, argument }: CommandModel): string {
  const words = subcommands.map(({ name }) => name).join(' ');
  const action = subcommands.length > 0 ? `words='${words}'` : actionOf(argument ?? 'unknown');
  return `          '${path}') ${action} ;;`;
}
