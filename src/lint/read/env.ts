import type { Found } from './subjects.js';

const assignment = /^\s*(?:export\s+)?([A-Za-z_][\w.-]{0,127})\s*=[^\S\n]*/;

/** Whether a text is a file of variables: each line is an assignment, a comment, blank, or inside a quoted value. */
export function isEnvFile(text: string): boolean {
  const variables = readVariables(text);
  return variables !== undefined && variables.length > 0;
}

/** Adds the variables of a `.env` file, and the secrets, keys and tokens in them. */
export function readEnv(text: string, found: Found): void {
  const variables = readVariables(text) ?? [];
  const names = new Set<string>();
  for (const { name, value, line } of variables) {
    found.add('variable', { name, value, isRepeated: names.has(name) }, { line, part: name });
    names.add(name);
    found.addValue(name, value, { line, part: name });
  }
}

interface Variable {
  readonly name: string;
  readonly value: string;
  readonly line: number;
}

/** Reads assignments; undefined if a line is something else. Takes linear time. */
function readVariables(text: string): Variable[] | undefined {
  const lines = text.split(/\r\n?|\n/);
  const variables: Variable[] = [];
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at] as string;
    if (/^\s*(?:#|$)/.test(line)) continue;
    const [head, name] = assignment.exec(line) ?? [];
    if (head === undefined || name === undefined) return undefined;
    const start = at + 1;
    let value = line.slice(head.length);
    const quote = /^["'`]/.exec(value)?.[0];
    if (quote === undefined) {
      variables.push({ name, value: withoutComment(value), line: start });
      continue;
    }
    const pieces = [value.slice(1)];
    // A quote that is never closed would make each later line a part of the value.
    while (!(pieces.at(-1) as string).includes(quote) && at + 1 < lines.length && at - start < 200)
      pieces.push(lines[++at] as string);
    value = pieces.join('\n');
    const end = value.indexOf(quote);
    const inner = end < 0 ? value : value.slice(0, end);
    variables.push({ name, value: quote === '"' ? inner.replaceAll('\\n', '\n') : inner, line: start });
  }
  return variables;
}

/** A value up to a `#` that white space stands before. */
function withoutComment(value: string): string {
  const comment = value.startsWith('#') ? 0 : value.search(/\s#/);
  return (comment < 0 ? value : value.slice(0, comment)).trim();
}
