/** Hints for an argument that a command does not take, by its form and its place. None repeats the argument: it may be a secret. */
import { existsSync } from 'node:fs';
import type { Command, Option } from 'commander';
import { VariableOption } from './grammar/option.js';
import { hintForOption } from './grammar/other-tools.js';
import { tokenShape } from './terminal/swallowed-token.js';

/** An argument that is no option and no value of one, with what stands before it. */
interface Operand {
  readonly text: string;
  /** The option that stands before it, or before the value before it. */
  readonly after?: Option;
  /** How the option was written. */
  readonly written?: string;
  /** The value between the two; undefined if the option takes none. */
  readonly value?: string;
}

/** What to write instead, for commands that take no name. */
const commandHints: Readonly<Record<string, string>> = {
  'keys list': 'keys list shows all keys; jwtkit keys export KID prints one',
  'keys jwks': 'keys jwks prints all public keys; jwtkit keys export KID prints one',
};

/** Returns the hint for the first argument too many; undefined if its form and its place say nothing. `args` stand behind the command. */
export function hintForExtra(command: Command, path: readonly string[], args: readonly string[]): string | undefined {
  const operands = readOperands(command, args);
  const extra = findExtra(command, operands);
  if (extra === undefined) return undefined;
  return hintForForm(extra, command) ?? hintForPlace(extra, command, args) ?? commandHints[path.join(' ')];
}

/** Returns what stands in the place of another: behind a token, or before one. */
function findExtra({ registeredArguments }: Command, operands: readonly Operand[]): Operand | undefined {
  const extra = operands[registeredArguments.length];
  if (extra === undefined || !tokenShape.test(extra.text)) return extra;
  return operands.find(({ text }) => !tokenShape.test(text));
}

function readOperands(command: Command, args: readonly string[]): Operand[] {
  const operands: Operand[] = [];
  let before: Omit<Operand, 'text'> = {};
  let onlyOperands = false;
  for (let at = 0; at < args.length; at++) {
    const arg = args[at] as string;
    if (!onlyOperands && arg === '--') {
      onlyOperands = true;
      continue;
    }
    if (onlyOperands || arg === '-' || !arg.startsWith('-')) {
      operands.push({ text: arg, ...before });
      before = {};
      continue;
    }
    const [, name = arg, joined] = /^(--[\w-]+)=(.*)$/s.exec(arg) ?? [];
    const after = findOption(command, name);
    const next = args[at + 1];
    const takesNext =
      joined === undefined &&
      next !== undefined &&
      (after?.required === true || (after?.optional === true && !next.startsWith('-')));
    const value = joined ?? (takesNext ? next : undefined);
    if (takesNext) at += 1;
    before = after === undefined ? {} : { after, written: name, ...(value !== undefined && { value }) };
  }
  return operands;
}

/** Returns the hint for name=value, for JSON and for a lone equals sign. */
function hintForForm({ text, after, value = '' }: Operand, command: Command): string | undefined {
  const [, name, typed] = /^([A-Za-z_][\w.-]{0,40})(:?)=/.exec(text) ?? [];
  if (after !== undefined && (text.startsWith('=') || value.endsWith('='))) {
    const isPair = value !== '=' && /=/.test(after.flags);
    const isDemand = after.long === '--require';
    const form = isPair || isDemand ? `${after.long} name=value` : `${after.long} VALUE`;
    return `write no spaces around the equals sign: ${form}`;
  }
  if (name !== undefined) {
    const same = typed === '' ? findOption(command, `--${name.toLowerCase()}`) : undefined;
    if (same?.required === true) return `did you mean ${same.long} VALUE?`;
    if (/^(?:issue|encrypt)$/.test(command.name())) return 'did you mean --claim name=value?';
    if (findOption(command, '--require') !== undefined) return 'did you mean --require name=value?';
  }
  const isClaims = /^\s*\{/.test(text) && findOption(command, '--claims')?.required === true;
  return isClaims
    ? 'did you mean --claims -? It reads the claims as JSON from a pipe, --claims FILE from a file'
    : undefined;
}

/** Returns the hint for a word behind the whole value of an option, or behind an option without a value. */
function hintForPlace(
  { text, after, written = '', value }: Operand,
  command: Command,
  args: readonly string[],
): string | undefined {
  if (after === undefined || after.long === undefined || after.long === null) return undefined;
  if (/\.(?:pem|pub|key|crt|cer|der|jwk|env)$/i.test(text) && !existsSync(value ?? '')) return undefined;
  const { long } = after;
  if (value === undefined) {
    const single = written.endsWith('s') ? findOption(command, written.slice(0, -1)) : undefined;
    if (single !== undefined) return `${written} takes no value: did you mean ${single.long} NAME?`;
    return after.isBoolean() && command.registeredArguments.length === 0 && !lacksSubject(command, args)
      ? `${long} takes no value`
      : undefined;
  }
  if (/^(?:s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|weeks?)$/i.test(text) && /^[+-]?\d+$/.test(value))
    return `a duration is one word, such as ${long} 15m`;
  const behind = `an extra word stands behind the value of ${long}`;
  if (existsSync(text) && existsSync(value)) return `${behind}: the shell makes names of files of a * without quotes`;
  if (long === '--scope') return `${behind}: write --scope "read write"`;
  if (lacksSubject(command, args) && !/,$/.test(value)) return undefined;
  const repeats = after instanceof VariableOption && after.isRepeatable;
  const several = repeats ? `; for several values, write ${long} once for each` : '';
  return `${behind}: a value with spaces needs quotes${several}`;
}

/** Whether a word without an option may be the subject of a token. */
function lacksSubject(command: Command, args: readonly string[]): boolean {
  const isSubject = (arg: string) => findOption(command, arg.replace(/=.*$/s, ''))?.long === '--sub';
  return command.name() === 'issue' && !args.some(isSubject);
}

/** Returns the hint for the first option that the command does not have: it may hold the argument that is missing. */
export function hintForUnknown(command: Command, args: readonly string[]): string | undefined {
  const flag = args.find((arg) => /^--?[a-z]/i.test(arg))?.replace(/=.*$/s, '');
  return flag === undefined || findOption(command, flag) !== undefined ? undefined : hintForOption(flag, command);
}

/** Returns the option of a command that a flag names. */
export function findOption(command: Command, flag: string): Option | undefined {
  return command.options.find((one) => (one instanceof VariableOption ? one.is(flag) : one.long === flag));
}
