import type { Found } from './subjects.js';

const assignment = /^\s*(?:export\s+)?([A-Za-z_][\w.-]{0,127})\s*=[^\S\n]*/;
/** As files of properties have them, and people who mistake a .env file for YAML. */
const withColon = /^\s*([A-Za-z_][\w.-]{0,127}):[^\S\n]*(?=\S)/;
/** A value in quotes has at most so many lines. */
const mostLines = 200;

interface Variable {
  readonly name: string;
  readonly value: string;
  readonly line: number;
}

interface Variables {
  readonly variables: readonly Variable[];
  /** Lines that assign nothing, with their numbers. */
  readonly others: readonly (readonly [line: number, text: string])[];
}

/** Whether a text is a file of variables: each line is an assignment, a comment, blank, or inside a quoted value. */
export function isEnvFile(text: string): boolean {
  const { variables, others } = readVariables(text);
  return variables.length > 0 && others.length === 0;
}

/** Whether a text holds variables among few other lines, such as `set -a`, a name without a value, or the sections of an INI file. */
export function isMostlyEnv(text: string, fileName: string): boolean {
  const { variables, others } = readVariables(text, true);
  if (/\.(?:ya?ml|json|md)$/i.test(fileName)) return false;
  if (others.some(([, line]) => line.includes('-----BEGIN '))) return false;
  return variables.length > 0 && (hasEnvName(fileName) || others.length <= variables.length);
}

/** Whether a file is named as those with variables are. */
export function hasEnvName(name: string): boolean {
  return /(?:^|[\\/])\.env(?:\.[\w-]+)*$|\.env$/i.test(name);
}

/** Adds the variables of a `.env` file, and the secrets, keys and tokens in them. */
export function readEnv(text: string, found: Found): void {
  const strict = readVariables(text);
  const { variables, others } = strict.others.length === 0 ? strict : readVariables(text, true);
  const names = new Set<string>();
  // The sections of an INI file, and paragraphs of `Name: value`, may have the same names.
  const areOfOne = strict.others.length === 0 || hasEnvName(found.source.name);
  for (const { name, value, line } of variables) {
    const isRepeated = areOfOne && names.has(name) && !addsToItself(name, value);
    found.add('variable', { name, value, isRepeated }, { line, part: name });
    names.add(name);
    found.addValue(name, value, { line, part: name });
  }
  for (const [line, other] of others) found.addTokens(other, { line });
}

/** Whether a value takes the one before up, as in `FLAGS="$FLAGS -v"`. */
function addsToItself(name: string, value: string): boolean {
  return value.includes(`$${name}`) || value.includes(`\${${name}`);
}

/** Reads assignments, with `readsColons` also `NAME: value`. Takes linear time. */
function readVariables(text: string, readsColons = false): Variables {
  const lines = text.split(/\r\n?|\n/);
  const variables: Variable[] = [];
  const others: [number, string][] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] as string;
    if (/^\s*(?:#|$)/.test(line)) continue;
    const [head, name] = assignment.exec(line) ?? ((readsColons && withColon.exec(line)) || []);
    if (head === undefined || name === undefined) {
      others.push([at + 1, line]);
      continue;
    }
    const written = line.slice(head.length);
    const quoted = readQuoted(written, lines, at);
    variables.push({ name, value: quoted?.value ?? withoutComment(written), line: at + 1 });
    at = quoted?.end ?? at;
  }
  return { variables, others };
}

/** Reads a value in quotes, and the number of its last line. A quote that is never closed ends with its line. */
function readQuoted(
  written: string,
  lines: readonly string[],
  at: number,
): { readonly value: string; readonly end: number } | undefined {
  const quote = /^["'`]/.exec(written)?.[0];
  if (quote === undefined) return undefined;
  const pieces = [written.slice(1)];
  let end = at;
  while (!(pieces.at(-1) as string).includes(quote)) {
    if (++end >= lines.length || end - at > mostLines) return { value: withoutComment(written.slice(1)), end: at };
    pieces.push(lines[end] as string);
  }
  const whole = pieces.join('\n');
  const inner = whole.slice(0, whole.indexOf(quote));
  return { value: quote === '"' ? inner.replaceAll('\\n', '\n') : inner, end };
}

/** A value up to a `#` that white space stands before. */
function withoutComment(value: string): string {
  const comment = value.startsWith('#') ? 0 : value.search(/\s#/);
  return (comment < 0 ? value : value.slice(0, comment)).trim();
}
