/** The completion script of fish. */
import type { CommandModel, OptionModel, Source } from './model.js';

export function fishScript(models: readonly CommandModel[]): string {
  const [program] = models as [CommandModel, ...CommandModel[]];
  const groups = models.filter(({ path, subcommands }) => path !== '' && subcommands.length > 0);
  const valued = program.options
    .filter(({ value }) => value !== 'none')
    .flatMap(({ short, long }) => [short ?? [], long].flat());
  return `# fish completion of jwtkit. For every shell: jwtkit completion fish > ~/.config/fish/completions/jwtkit.fish

# Prints the command that the line names so far, such as: keys list
function __jwtkit_path
    set -l path
    set -l skips 0
    for word in (commandline -opc)[2..-1]
        if test $skips = 1
            set skips 0
            continue
        end
        switch $word
            case ${valued.join(' ')}
                set skips 1
            case '-*'
            case '*'
                set -a path $word
                if test (count $path) = 2; or not contains -- $word ${groups.map(({ path }) => path).join(' ')}
                    break
                end
        end
    end
    echo "$path"
end

function __jwtkit_at
    set -l path (__jwtkit_path)
    test "$path" = "$argv"
end

# Prints kids, users or clients; nothing if there are none.
function __jwtkit_ask
    set -l words (commandline -opc)
    command $words[1] completion $argv[1] -- $words[2..-1] 2>/dev/null
end

complete -c jwtkit -f
${models.flatMap(linesOf).join('\n')}
`;
}

function linesOf({ path, subcommands, options, argument }: CommandModel): string[] {
  const start = `complete -c jwtkit -n ${quote(`__jwtkit_at ${path}`.trim())}`;
  return [
    ...subcommands.map(({ name, description }) => `${start} -a ${name} -d ${quote(description)}`),
    ...(subcommands.length > 0 || argument === undefined || argument === 'unknown'
      ? []
      : [`${start} ${valuesOf(argument)}`]),
    ...options.map((option) => `${start} ${optionFlags(option)} -d ${quote(option.description)}`),
  ];
}

function optionFlags({ long, short, value, source }: OptionModel): string {
  const names = `${short === undefined ? '' : `-s ${short.slice(1)} `}-l ${long.slice(2)}`;
  if (value === 'none') return names;
  // fish has no optional values behind a space.
  if (value === 'optional') return `${names} ${valuesOf(source)}`;
  return source === 'files' || source === 'folders' ? `${names} -r -F` : `${names} -x ${valuesOf(source)}`.trimEnd();
}

function valuesOf(source: Source): string {
  if (typeof source === 'object') return `-a ${quote(source.join(' '))}`;
  if (source === 'unknown') return '';
  return source === 'files' || source === 'folders' ? '-F' : `-a ${quote(`(__jwtkit_ask ${source})`)}`;
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
