import type { Command } from 'commander';
import type { Check } from '../../errors.js';
import { toJson } from '../../jose/exact-json.js';
import { escapeText } from '../../shown-text.js';
import type { TokenType } from '../../token/claims.js';
import { decodeToken, exactMembers } from '../../token/decode.js';
import { type Difference, diffTokens } from '../../token/diff.js';
import { formatDuration, formatMoment } from '../../token/time.js';
import { type AudienceOptions, anyAudienceOption, audienceDemand, audienceOption } from '../grammar/audience.js';
import { type TokenSource, takeToken } from '../grammar/given-token.js';
import { type Invocation, readInvocation } from '../grammar/invocation.js';
import { type KeyOptions, type RemoteKeyOptions, sourceNames } from '../grammar/keys/source.js';
import { type Lists, option, type Texts } from '../grammar/option.js';
import {
  addCommonOptions,
  addKeyOptions,
  addRemoteOptions,
  atOption,
  issuersOption,
} from '../grammar/shared-options.js';
import { longestToken } from '../grammar/token-options.js';
import { readClock } from '../grammar/values.js';
import { type Painter, painterFor } from '../terminal/colour.js';
import { lineWidth } from '../terminal/columns.js';
import { usage } from '../terminal/errors.js';
import type { Context } from '../terminal/io.js';
import { noteUnverified } from '../terminal/notes.js';
import { alignColumns, printJson } from '../terminal/output.js';
import { breakLine } from '../terminal/wrap.js';

interface DiffOptions
  extends KeyOptions,
    RemoteKeyOptions,
    AudienceOptions,
    Texts<'at'>,
    Lists<'iss' | 'tokenFile' | 'tokenEnv'> {
  type?: TokenType | 'any';
}

/** A check that the tokens do not pass alike. */
interface CheckDifference {
  readonly name: string;
  readonly first: Check | null;
  readonly second: Check | null;
}

export function registerDiff(program: Command, context: Context): void {
  const { io } = context;
  const command = program
    .command('diff')
    .description(
      'Show how two tokens differ. Marks what lets the second do more. With a key, shows which checks differ.',
    )
    .argument('[tokens...]', 'two tokens; - is stdin')
    .addOption(
      option('--token-file <file>', 'read a token from a file; - is stdin; repeatable').readsStdin().repeatable(),
    )
    .addOption(option('--token-env <name>', 'read a token from a variable; repeatable').repeatable())
    .addOption(option('--type <type>', 'the claim type, for the checks').choices(['access', 'refresh', 'any']).once())
    .addOption(issuersOption())
    .addOption(audienceOption())
    .addOption(anyAudienceOption())
    .addOption(atOption());
  addKeyOptions(command, 'verify');
  addRemoteOptions(command);
  addCommonOptions(command, [
    'jwtkit diff "$TOKEN" "$REFRESH"',
    'jwtkit diff "$TOKEN" "$REFRESH" --keyring .jwtkit --aud api',
    'jwtkit diff "$TOKEN" "$REFRESH" --json',
  ]);
  command.action(async (args: string[]) => {
    const invocation = readInvocation<DiffOptions>(command);
    const { options, env } = invocation;
    const [one, two] = sourcesOf(args, invocation);
    const first = await takeToken(one, 'access', context);
    const second = await takeToken(two, 'access', context);
    const read = (token: string) => exactMembers(token, decodeToken(token, { maxLength: longestToken }));
    const differences = diffTokens(read(first), read(second));
    const checks = namesKey(invocation) ? await diffChecks(first, second, invocation, context) : undefined;
    if (options.json === true) printJson(io, { differences, checks });
    else {
      const paint = await painterFor(io.stdout, options.color, env);
      io.stdout.write(render(differences, checks, paint, lineWidth(io) ?? Number.POSITIVE_INFINITY));
    }
    if (checks === undefined) noteUnverified(io);
  });
}

function sourcesOf(args: readonly string[], { options, env }: Invocation<DiffOptions>): [TokenSource, TokenSource] {
  const { tokenFile = [], tokenEnv = [] } = options;
  const stdin: TokenSource = { kind: 'stdin', reader: 'the token', isNamed: true };
  const sources: TokenSource[] = [
    ...args.map((text): TokenSource => (text === '-' ? stdin : { kind: 'argument', text })),
    ...tokenFile.map(
      (path): TokenSource => (path === '-' ? { ...stdin, reader: '--token-file -' } : { kind: 'file', path }),
    ),
    ...tokenEnv.map((name): TokenSource => ({ kind: 'variable', name, env })),
  ];
  const [first, second] = sources;
  if (first?.kind === 'stdin' && second?.kind === 'stdin') {
    throw usage(
      'both tokens cannot read standard input',
      'standard input is read once; give one as an argument or in a file',
    );
  }
  if (first !== undefined && second !== undefined && sources.length === 2) return [first, second];
  throw usage(`diff compares two tokens, ${sources.length} given`, 'as arguments, with --token-file or --token-env');
}

function namesKey({ origin }: Invocation<DiffOptions>): boolean {
  return sourceNames.some((name) => origin(name) !== undefined);
}

/** Verifies both tokens, without a denylist, and returns the checks with another outcome. */
async function diffChecks(
  first: string,
  second: string,
  invocation: Invocation<DiffOptions>,
  { io }: Context,
): Promise<CheckDifference[]> {
  const { options } = invocation;
  const now = readClock(options.at, io);
  const { trustedSource } = await import('../grammar/keys/trusted.js');
  const { reportTokenFrom } = await import('../../token/key-source.js');
  const source = await trustedSource(invocation, now, io);
  const policy = { type: options.type, issuer: options.iss, ...audienceDemand(invocation) };
  const reports = [];
  for (const token of [first, second]) reports.push(await reportTokenFrom(token, policy, { source, now }));
  const [one, other] = reports.map(({ checks }) => new Map(checks.map((check) => [check.name, check])));
  const names = new Set([...(one?.keys() ?? []), ...(other?.keys() ?? [])]);
  return [...names].flatMap((name) => {
    const [before, after] = [one?.get(name) ?? null, other?.get(name) ?? null];
    return before?.status === after?.status ? [] : [{ name, first: before, second: after }];
  });
}

const marks = { added: '+', removed: '-', changed: '~' } as const;
/** The longest value that is shown whole, in characters. */
const longestValue = 60;

function render(
  differences: readonly Difference[],
  checks: readonly CheckDifference[] | undefined,
  paint: Painter,
  width: number,
): string {
  // Two tokens of 16 MiB differ in more claims than a call has arguments.
  const lines = (['header', 'claims'] as const).flatMap((part) => {
    const found = differences.filter((each) => each.part === part);
    return [paint.bold(part), ...(found.length === 0 ? ['  no difference'] : linesOf(found, paint, width))];
  });
  if (checks !== undefined) {
    const rows = checks.map(({ name, first, second }) => [
      `  ${escapeText(name)}`,
      showCheck(first),
      showCheck(second),
    ]);
    const column = 2 + Math.max(...rows.map(([name = '']) => name.length));
    const shown = alignColumns(rows).flatMap((line) => breakLine(line, width, column));
    lines.push(paint.bold('checks'), ...(rows.length === 0 ? ['  no difference'] : shown));
  }
  return `${lines.join('\n')}\n`;
}

function linesOf(found: readonly Difference[], paint: Painter, width: number): string[] {
  const names = found.map(({ path, kind }) => `  ${marks[kind]} ${escapeText(path.slice(1))}`);
  const rows = found.map(({ kind, first, second, later }, at) => {
    const shown = (value: unknown) => (later === undefined ? show(value) : formatMoment(Number(value)));
    const value = kind === 'changed' ? `${shown(first)} → ${shown(second)}` : show(kind === 'added' ? second : first);
    return [names[at] ?? '', value];
  });
  const column = 2 + names.reduce((most, { length }) => Math.max(most, length), 0);
  return alignColumns(rows).flatMap((row, at) => {
    const { later, widens } = found[at] as Difference;
    const lines = breakLine(row, width, column);
    const last = lines.at(-1) ?? '';
    const distance = later === undefined ? '' : `${formatDuration(Math.abs(later))} ${later < 0 ? 'earlier' : 'later'}`;
    const wider = widens === undefined ? '' : `wider: ${escapeText(widens)}`;
    const remarks = [distance, wider].filter((remark) => remark !== '').join('  ');
    if (remarks === '') return lines;
    const isBeside = last.length + 2 + remarks.length <= width;
    const shown = remarks.replace(wider, (text) => paint.yellow(text));
    return isBeside ? [...lines.slice(0, -1), `${last}  ${shown}`] : [...lines, `${' '.repeat(column)}${shown}`];
  });
}

function show(value: unknown): string {
  const text = escapeText(toJson(value));
  return text.length > longestValue ? `${text.slice(0, longestValue)}…` : text;
}

function showCheck(check: Check | null): string {
  return check === null ? 'not checked' : `${check.status}: ${escapeText(check.message)}`;
}
