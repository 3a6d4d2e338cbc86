/** The options of `probe`, and how their texts are read. */
import type { Command } from 'commander';
import type { Carrier, StatusRange } from '../../../probe/http.js';
import { type CountedLevel, countedLevels } from '../../../probe/run.js';
import { addFixtureOptions, type FixtureFlags } from '../../grammar/fixture-options.js';
import { type Flags, option, type Texts } from '../../grammar/option.js';
import { addReportOptions, type ReportOptions } from '../../grammar/report-options.js';
import type { TokenFlags } from '../../grammar/token-options.js';
import { readInteger } from '../../grammar/values.js';
import { usage } from '../../terminal/errors.js';

export interface ProbeFlags
  extends FixtureFlags,
    TokenFlags,
    ReportOptions,
    Texts<'send' | 'method' | 'accepted' | 'refused' | 'rate' | 'options'>,
    Flags<'remote' | 'verbose'> {
  level: CountedLevel;
}

/** Adds the options of `probe`. */
export function addProbeOptions(command: Command): void {
  command
    .argument('<target>', 'a URL, module:FILE, exec:COMMAND, jsonwebtoken or jose')
    .addOption(
      option('--level <level>', 'the weakest rules that count').choices(Object.keys(countedLevels)).default('must'),
    )
    .addOption(
      option(
        '--send <place>',
        "where the token goes: 'NAME: text {token}', cookie:NAME, form:FIELD or query:NAME (default: 'Authorization: Bearer {token}')",
      ),
    )
    .addOption(option('--method <name>', 'HTTP method (default: GET; POST for a form)'))
    .addOption(option('--accepted <codes>', 'status codes that accept a token (default: 200-299)'))
    .addOption(option('--refused <codes>', 'status codes that refuse a token (default: 401,403)'))
    .addOption(option('--remote', 'the target is on another machine, and yours to test'))
    .addOption(option('--verbose', 'report also what the level does not count'))
    .addOption(option('-q, --quiet', 'print nothing; the exit code is the verdict'))
    .addOption(option('--rate <count>', 'the most tokens in a second'))
    .addOption(option('--options <json>', "options of the library's own verify function"))
    .addOption(
      option(
        '--token-file <file>',
        'file with a good token: tries what can be forged from it without the key; - is stdin',
      )
        .once()
        .readsStdin(),
    )
    .addOption(option('--token-env <name>', 'variable with such a token').once());
  addFixtureOptions(command);
  addReportOptions(command);
}

/** Reads where the token goes. */
export function readCarrier(text = 'Authorization: Bearer {token}'): Carrier {
  const [, place, name = ''] = /^(cookie|form|query):([\w.-]+)$/.exec(text) ?? [];
  if (place === 'cookie' || place === 'form' || place === 'query') return { in: place, name };
  const [, header, value = ''] = /^([\w-]+):[ \t]*(\S.*)$/.exec(text) ?? [];
  if (header !== undefined && value.includes('{token}')) return { in: 'header', name: header, value };
  throw usage(
    `--send: ${JSON.stringify(text)} does not say where the token goes`,
    "such as 'Authorization: Bearer {token}', cookie:NAME, form:FIELD or query:NAME",
  );
}

/** Reads status codes such as `200-299,302`. */
export function readStatusCodes(name: string, text: string): StatusRange[] {
  return text.split(',').map((part) => {
    const [, first = '', last = first] = /^\s*([1-5]\d\d)(?:-([1-5]\d\d))?\s*$/.exec(part) ?? [];
    const range: StatusRange = [Number(first), Number(last)];
    if (first !== '' && range[0] <= range[1]) return range;
    throw usage(`${name}: ${JSON.stringify(part)} is no status code`, 'such as 200-299,302');
  });
}

/** Reads the shortest time from one token to the next, in milliseconds. */
export function readPause(rate: string | undefined): number {
  const count = readInteger('--rate', rate, 1, 1000);
  return count === undefined ? 0 : 1000 / count;
}
