/** The completion script of PowerShell. */
import type { CommandModel, Source } from './model.js';

export function powershellScript(models: readonly CommandModel[]): string {
  return `# PowerShell completion of jwtkit. For this shell: jwtkit completion powershell | Out-String | Invoke-Expression
# For every shell, put that line into $PROFILE.

Register-ArgumentCompleter -Native -CommandName jwtkit -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)

    # By command: its subcommands, what its argument is, and its options with what completes their values ('' for no value).
    $commands = @{
${models.map((model) => `        ${quote(model.path)} = ${table(model)}`).join('\n')}
    }

    $words = @($commandAst.CommandElements | Where-Object { $_.Extent.EndOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })
    $path = ''
    for ($i = 1; $i -lt $words.Count; $i++) {
        $value = $commands[$path].Options[$words[$i]]
        if ($path -eq '' -and $value) { $i++; continue }
        $next = ($path + ' ' + $words[$i]).Trim()
        if ($commands.ContainsKey($next)) { $path = $next }
    }
    $command = $commands[$path]
    $source = if ($words.Count -gt 1) { $command.Options[$words[-1]] }
    if (-not $source) {
        $source = if ($wordToComplete.StartsWith('-')) { @($command.Options.Keys) } else { $command.Argument }
    }
    $offered = if ($source -is [array]) { $source }
    elseif ($source -in 'kids', 'users', 'clients') {
        # Nothing if there are none.
        try { & $words[0] completion $source '--' @($words | Select-Object -Skip 1) 2>$null } catch { }
    }
    $offered | Where-Object { $_ -and $_.StartsWith($wordToComplete) } | Sort-Object | ForEach-Object {
        [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
    }
}
`;
}

function table({ subcommands, argument, options }: CommandModel): string {
  const names = subcommands.map(({ name }) => name);
  const pairs = options.flatMap(({ long, short, value, source }) => {
    const flags = short === undefined ? [long] : [long, short];
    return flags.map((flag) => `${quote(flag)} = ${value === 'none' ? "''" : toSource(source)}`);
  });
  const own = names.length > 0 ? toSource(names) : argument === undefined ? "''" : toSource(argument);
  return `@{ Argument = ${own}; Options = @{ ${pairs.join('; ')} } }`;
}

/** Where nothing is offered, PowerShell offers files. */
function toSource(source: Source): string {
  return typeof source === 'object' ? `@(${source.map(quote).join(', ')})` : quote(source);
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
