import type { Command } from 'commander';
import { levels } from '../../report/report.js';
import { readInvocation } from '../grammar/invocation.js';
import { option } from '../grammar/option.js';
import { addReportOptions } from '../grammar/report-options.js';
import { addCommonOptions, atOption } from '../grammar/shared-options.js';
import type { Context } from '../terminal/io.js';
import type { LintOptions } from './linting/options.js';

export function registerLint(program: Command, context: Context): void {
  const command = program
    .command('lint')
    .description('Look for mistakes in tokens, keys, settings, issuers. Exits 18 if there are errors.')
    .argument('[target...]', 'files, folders, tokens; - or a pipe for stdin')
    .addOption(option('--token-file <file>', 'read a token from a file; - is stdin').once().readsStdin())
    .addOption(option('--token-env <name>', 'read a token from a variable').once())
    .addOption(option('--issuer-url <url>', 'lint the metadata of an issuer, and its keys').once())
    .addOption(option('--jwks <url>', 'lint the JWK Set at a URL').once())
    .addOption(option('--timeout <duration>', 'longest wait for a server (default: 5s)'))
    .addOption(option('--insecure-http', 'fetch over plain HTTP, from any host'))
    .addOption(option('--wordlist <file>', 'try these words as secrets too, one a line').once())
    .addOption(option('--fail-on <level>', 'exit 18 from this level on (default: error)').choices([...levels, 'never']))
    .addOption(
      option('--rule <id=level>', 'give a rule another level: error, warning, note or off; repeatable').repeatable(),
    )
    .addOption(option('--list-rules', 'print the rules; with --format json or markdown, all about them'))
    .addOption(atOption())
    .addOption(option('-q, --quiet', 'print nothing; the exit code is the verdict'));
  addReportOptions(command);
  addCommonOptions(command, [
    'jwtkit lint "$TOKEN"',
    'jwtkit lint .jwtkit/jwks.json verify.pem --fail-on warning',
    'echo "Bearer $TOKEN" | jwtkit lint --rule token/no-audience=off',
    'jwtkit lint . --report lint.sarif --report lint.xml',
    'jwtkit lint --list-rules',
  ]);
  command.action(async (targets: string[]) => {
    const { runLint } = await import('./linting/run.js');
    await runLint(targets, readInvocation<LintOptions>(command), context);
  });
}
