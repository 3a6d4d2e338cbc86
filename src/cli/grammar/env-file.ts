/**
 * Files of variables such as `.env`. Node's own reader skips lines that it does not understand, and sometimes the line after
 * them, and with it perhaps a demand. Here every line is an assignment, a comment or blank, or it is reported.
 */
import { JwtkitError } from '../../errors.js';
import { textBytes } from '../../jose/text.js';
import { readNamed } from '../secrets/named-file.js';
import type { FileVariables } from '../terminal/variables.js';

/** The largest file, in bytes. */
const maxBytes = 1024 * 1024;

/** The variables of a file, and sentences about lines that do not count. */
interface EnvFile extends FileVariables {
  readonly notes: readonly string[];
}

/** Reads a file of variables. A bad line that may set a variable of jwtkit is FILE_NOT_READABLE. */
export function readEnvFile(path: string): EnvFile {
  const refuse = (problem: string, hint?: string) =>
    new JwtkitError('FILE_NOT_READABLE', `${path} ${problem}`, { hint });
  return parseEnvFile(
    textBytes(readNamed(path, '-e or JWTKIT_ENV_FILE', { maxBytes, showsPath: true }), refuse).toString(),
    path,
  );
}

/** `export NAME = `, the beginning of a line. */
const assignment = /^(?:export\s+)?([^\s=#'"`]+)\s*=[^\S\n]*/;

/** Finds names of jwtkit's variables in a line that is not an assignment. */
const ourName = /jwtkit|\b(?:SECRET_KEY|ALGORITHM|ACCESS_TOKEN_EXPIRE_MINUTES|REFRESH_TOKEN_EXPIRE_DAYS)\b/i;

/** Finds a later line of a quoted value that looks like an assignment of a variable of jwtkit. */
const swallowed =
  /\n[^\S\n]*(?:(?:export\s+|set\s+|\$env:)?["']?(?:JWTKIT|jwtkit)[_.-]\w+["']?\s*[:=]|(?:export\s+)?(?:SECRET_KEY|ALGORITHM|(?:ACCESS|REFRESH)_TOKEN_EXPIRE_(?:MINUTES|DAYS))\s*=)/;

/** The settings of systemd and supervisord, such as `Environment="JWTKIT_ISS=x"`: the value holds assignments. */
const settingsName = /^(?:set|pass)?env(?:ironment)?$/i;
const inSettings =
  /(?:^|[\s,;"'])(?:(?:JWTKIT|jwtkit)[_.-]\w+|SECRET_KEY|ALGORITHM|(?:ACCESS|REFRESH)_TOKEN_EXPIRE_(?:MINUTES|DAYS))["']?\s*[=:]/;

/** Finds a second assignment on the same line. A shell, or an editor with other line ends, would see it. */
const second =
  /(?:^|[\s;&\u0085])["']?(?:(?:JWTKIT|jwtkit)[_.-]\w+|SECRET_KEY|ALGORITHM|(?:ACCESS|REFRESH)_TOKEN_EXPIRE_(?:MINUTES|DAYS))\s*=/;

/**
 * Reads variables from text. A value is the rest of the line up to a `#`, or the text between quotes, which may span lines;
 * in double quotes `\n` is a line end. The later of two assignments counts.
 * @throws {JwtkitError} FILE_NOT_READABLE.
 */
export function parseEnvFile(content: string, path: string): EnvFile {
  const text = content.replace(/\r\n?/g, '\n');
  const found = new Map<string, { value: string; line: number; problem: string | undefined }>();
  const repeated: string[] = [];
  const stray: number[] = [];
  const unclosed = new Set<string>();
  let line = 1;
  for (let start = 0; start < text.length; ) {
    const end = endOfLine(text, start);
    const content = text.slice(start, end).trimStart();
    const [head, name] = assignment.exec(content) ?? [];
    let next = end;
    if (head !== undefined && name !== undefined) {
      const value = readValue(text, end - content.length + head.length, end, unclosed);
      const isOurs = ourName.test(name);
      const problem = /^[\w.-]+$/.test(name) ? value.problem : 'is not the assignment of a variable';
      const lost = findLost(name, value) ?? (isOurs ? problem : undefined);
      if (lost !== undefined) throw damaged(path, line, lost);
      const earlier = found.get(name);
      if (earlier !== undefined && earlier.value !== value.text && isOurs) {
        repeated.push(`${path}: line ${line} sets ${name} again, line ${earlier.line} does not count`);
      }
      found.set(name, { value: value.text, line, problem: value.problem });
      next = value.end;
    } else if (content !== '' && !content.startsWith('#')) {
      if (ourName.test(content)) throw damaged(path, line, 'is not an assignment');
      stray.push(line);
    }
    line += text.slice(start, next).split('\n').length;
    start = next + 1;
  }
  const variables = Object.fromEntries([...found].map(([name, { value }]) => [name, value]));
  const lines = new Map([...found].map(([name, { line }]) => [name, line]));
  const damages = [...found].flatMap(([name, { line, problem }]) =>
    problem === undefined ? [] : [[name, () => damaged(path, line, problem)] as const],
  );
  return { variables, lines, damages: new Map(damages), notes: [...repeated, ...strayNotes(stray, path)] };
}

/** A value, and the end of its last line. */
interface Value {
  readonly text: string;
  readonly end: number;
  /** The text outside quotes and comments. */
  readonly unquoted: string;
  /** Why a part of the value may be lost. */
  readonly problem?: string;
}

/** Reads a value; `unclosed` keeps quotes that are never closed, so that reading stays linear. */
function readValue(text: string, start: number, end: number, unclosed: Set<string>): Value {
  const quote = start < end ? (text[start] as string) : '';
  const isQuote = /['"`]/.test(quote);
  const close = isQuote && !unclosed.has(quote) ? text.indexOf(quote, start + 1) : -1;
  if (close >= 0) {
    const quoted = text.slice(start + 1, close);
    const last = endOfLine(text, close);
    const after = text.slice(close + 1, last).trim();
    const isWhole = after === '' || after.startsWith('#');
    return {
      text: quote === '"' ? quoted.replaceAll('\\n', '\n') : quoted,
      end: last,
      unquoted: isWhole ? '' : ` ${after}`,
      ...(isWhole ? {} : { problem: 'goes on after the closing quote' }),
    };
  }
  if (isQuote) unclosed.add(quote);
  const rest = text.slice(start, end);
  const comment = rest.indexOf('#');
  const value = (comment < 0 ? rest : rest.slice(0, comment)).trim();
  const read = { text: value, end, unquoted: value };
  if (isQuote) return { ...read, problem: 'opens a quote and does not close it' };
  const isCut = comment > 0 && /\S/.test(rest[comment - 1] as string);
  return isCut ? { ...read, problem: 'has a # in its value, which begins a comment unless it is in quotes' } : read;
}

/** Says why an assignment of a variable of jwtkit inside another value would be lost. */
function findLost(name: string, { text, unquoted }: Value): string | undefined {
  if (settingsName.test(name) && inSettings.test(`${text} ${unquoted}`))
    return `sets variables as the value of ${name}; write each on a line of its own`;
  if (swallowed.test(text)) return 'opens a quote that swallows assignments after it';
  return second.test(unquoted) ? 'assigns a second variable, which would be lost' : undefined;
}

function damaged(path: string, line: number, problem: string): JwtkitError {
  return new JwtkitError('FILE_NOT_READABLE', `${path}: line ${line} ${problem}`, {
    hint: 'write NAME=value, a value with special characters in quotes, and # before a comment',
  });
}

function endOfLine(text: string, from: number): number {
  const found = text.indexOf('\n', from);
  return found < 0 ? text.length : found;
}

function strayNotes(lines: readonly number[], path: string): string[] {
  if (lines.length < 2) return lines.map((line) => `${path}: line ${line} is not an assignment and is ignored`);
  const shown = lines.length > 5 ? `${lines.slice(0, 5).join(', ')} and others` : lines.join(', ');
  return [`${path}: lines ${shown} are not assignments and are ignored`];
}
