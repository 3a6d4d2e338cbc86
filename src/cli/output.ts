/** What commands print: data on stdout, talk on stderr. Text that came with a token is escaped before a person sees it. */
import type { ChalkInstance } from 'chalk';
import { JwtkitError } from '../errors.js';
import type { FetchedKeys } from '../token/key-source.js';
import { formatDuration } from '../token/time.js';
import type { Environment, Io, Output } from './io.js';

/** When to colour: `auto` follows NO_COLOR, FORCE_COLOR and whether the output is a terminal. */
export type ColorMode = 'auto' | 'always' | 'never';

/** Dresses text for one output; every style returns it unchanged where there is no colour. */
export type Painter = Record<'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan', (text: string) => string>;

const same = (text: string) => text;
const plainPainter: Painter = { bold: same, dim: same, red: same, green: same, yellow: same, cyan: same };

/** The painter for an output; chalk is loaded only where there is something to colour. */
export async function painterFor(output: Output, mode: ColorMode, env: Environment): Promise<Painter> {
  if (!wantsColor(output, mode, env)) return plainPainter;
  const { Chalk } = await import('chalk');
  const chalk: ChalkInstance = new Chalk({ level: 1 });
  return chalk;
}

function wantsColor(output: Output, mode: ColorMode, env: Environment): boolean {
  if (mode !== 'auto') return mode === 'always';
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '') return env.FORCE_COLOR !== '0';
  return output.isTerminal && env.TERM !== 'dumb';
}

/**
 * Controls (C0, DEL, C1), bidirectional and invisible formatting, line separators, private use and unpaired surrogates:
 * all that could move a cursor, hide text or turn it round. Made when it is first needed: to read these classes, V8 asks for
 * the category of every character there is.
 */
const unsafe = () => /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;
/** The usual text, for which the slow expression above is not needed. */
const printableAscii = /^[\x20-\x7e]*$/;
/** Text that JSON writes as it stands. */
const plainString = /^[ !#-[\]-~]*$/;

/** Text that is safe to show: what could disturb a terminal becomes `\uXXXX`. */
export function escapeText(text: string): string {
  if (printableAscii.test(text)) return text;
  return text.replace(unsafe(), (char) =>
    [...Array(char.length).keys()]
      .map((index) => `\\u${char.charCodeAt(index).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/** JSON that is safe to show and still the same JSON. */
export function toJson(value: unknown, indent?: number): string {
  if (typeof value === 'string' && plainString.test(value)) return `"${value}"`;
  if (Number.isFinite(value)) return String(value);
  const text = JSON.stringify(value, null, indent);
  if (printableAscii.test(text)) return text;
  return text.replace(unsafe(), (char) => (char === '\n' ? char : escapeText(char)));
}

/** Prints one JSON value: a line in a pipe, indented on a terminal. */
export function printJson(io: Io, value: unknown): void {
  io.stdout.write(`${toJson(value, io.stdout.isTerminal ? 2 : undefined)}\n`);
}

/** Prints one claim for a script: a string as it is (escaped on a terminal), anything else or with `asJson` as JSON. */
export function printClaim(io: Io, value: unknown, asJson = false): void {
  const isRaw = typeof value === 'string' && !asJson;
  const text = isRaw ? (io.stdout.isTerminal ? escapeText(value) : value) : toJson(value);
  io.stdout.write(`${text}\n`);
}

/** Says on stderr that what was shown may have been written by anybody. */
export async function noteUnverified(io: Io, mode: ColorMode, env: Environment): Promise<void> {
  const paint = await painterFor(io.stderr, mode, env);
  io.stderr.write(`${paint.yellow('note:')} signature not verified\n`);
}

/** Says on stderr that keys are older than their server allows, or that no newer ones could be had, and why. */
export async function noteStaleKeys(
  fetched: FetchedKeys | undefined,
  mode: ColorMode,
  env: Environment,
  io: Io,
): Promise<void> {
  if (fetched === undefined || (!fetched.stale && fetched.problem === undefined)) return;
  const { url, age, problem } = fetched;
  const paint = await painterFor(io.stderr, mode, env);
  const reason = problem === undefined ? '' : `; ${escapeText(problem)}`;
  io.stderr.write(`${paint.yellow('note:')} keys of ${escapeText(url)} are ${formatDuration(age)} old${reason}\n`);
}

/** A token in the place of something else would end in the log of whoever put it there. */
function withoutTokens(text: string): string {
  return text.replace(/\beyJ[\w-]*\.[\w-]*\.[\w-]*/g, 'eyJ…');
}

/** An error as the one line (and hint) of a person, or as JSON; with its stack where one is given. */
export function renderError(error: JwtkitError, paint: Painter, asJson: boolean, rawStack?: string): string {
  const { code } = error;
  const message = withoutTokens(error.message);
  const hint = error.hint === undefined ? undefined : withoutTokens(error.hint);
  const stack = rawStack === undefined ? undefined : withoutTokens(rawStack);
  // JSON leaves out what is undefined.
  if (asJson) return `${toJson({ error: { code, message, hint, stack } })}\n`;
  const lines = [`${paint.red('error:')} ${escapeText(message)}`];
  if (hint !== undefined) lines.push(`${paint.yellow('hint:')} ${escapeText(hint)}`);
  if (stack !== undefined) lines.push(...stack.split('\n').map(escapeText));
  return `${lines.join('\n')}\n`;
}

/** An error's message alone, for a list of them. */
export function renderMessage(error: JwtkitError): string {
  return escapeText(withoutTokens(error.message));
}

/** Any thrown value as a JwtkitError; what nobody threw on purpose is a bug in jwtkit. */
export function asJwtkitError(error: unknown): JwtkitError {
  if (error instanceof JwtkitError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new JwtkitError('INTERNAL', `this is a bug in jwtkit: ${message}`, {
    hint: 'please report it with the command you ran, without its secrets and tokens',
    cause: error,
  });
}

/** Rows of cells as lines, the columns aligned; the last column is left as long as it is. */
export function alignColumns(rows: readonly (readonly string[])[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.slice(0, -1).forEach((cell, at) => {
      widths[at] = Math.max(widths[at] ?? 0, cell.length);
    });
  }
  return rows.map((row) =>
    row.map((cell, at) => (at === row.length - 1 ? cell : cell.padEnd(widths[at] ?? 0))).join('  '),
  );
}
