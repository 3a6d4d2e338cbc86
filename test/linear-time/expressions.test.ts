/** No regular expression of src/ takes quadratic time for a run of one character, or of two in turn, behind what it begins with. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const source = fileURLToPath(new URL('../../src', import.meta.url));

/** A literal behind whatever may stand before one. What is a division instead is a harmless one; a path in a text has no flags. */
const literal =
  /(?<=^|[([{,;=:!&|?>]|\breturn)\s*\/(?![*/])((?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+)\/([dgimsuvy]*)(?!\w)/gm;

/** Each literal, with the file that it stands in; without an expression, one that cannot be compiled. */
function findLiterals(): { file: string; body: string; expression?: RegExp }[] {
  const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.ts'));
  return files.flatMap((file) => {
    const code = readFileSync(join(source, file), 'utf8').replace(/^\s*(?:\/\*|\*|\/\/).*$/gm, '');
    return [...code.matchAll(literal)].map(([, body = '', flags]) => {
      try {
        return { file, body, expression: new RegExp(body, flags) };
      } catch {
        return { file, body };
      }
    });
  });
}

const literals = findLiterals();
const all = literals.flatMap(({ file, expression }) => (expression === undefined ? [] : [{ file, expression }]));
const length = 10_000;
const characters = [
  ...Array.from({ length: 95 }, (_, at) => String.fromCharCode(32 + at)),
  '\n',
  '\r',
  '\t',
  '\0',
  'é',
  '\u200b',
];
const pairs = ['\\n', '\r\n', 'a.', '. ', 'a ', '0,', '":', '{"', '&#', '%4', '-.', '/.', '= ', "' "];
const ends = ['', '!'];

/** The plain characters that a text must begin with to match; empty for most expressions. */
function beginningOf({ source }: RegExp): string {
  return /^\^(?:\\s\*)?((?:[\w -]|\\[^\w])+)(?![*+?{|])/.exec(source)?.[1]?.replaceAll('\\', '') ?? '';
}

/** Milliseconds that an expression takes for a text, all of its matches. */
function timeOf(expression: RegExp, text: string): number {
  const begin = process.cpuUsage();
  expression.lastIndex = 0;
  if (expression.global) text.replace(expression, '');
  else expression.test(text);
  return process.cpuUsage(begin).user / 1000;
}

/** A quadratic expression takes 25 ms and more here, a linear one a hundredth of a millisecond. */
const longest = 10;

/** Expressions that see short texts, or our own, alone. */
const bounded: Readonly<Record<string, string>> = {
  'token/no-token.ts: =*(?:\\.|$)': 'sees 4096 characters',
  'token/time.ts: (\\d+)([smhdw])': 'sees numbers of at most nine digits',
  'store/accounts/password-hash.ts: =+$': 'sees base64 that Node made, which ends in two at most',
  'cli/terminal/progress.ts: \\B(?=(\\d{3})+$)': 'sees a number',
  'cli/completion/model.ts: [<[]([^>\\]]+)[>\\]]': 'sees names of arguments',
  'cli/help/markdown.ts: \\n{2,}|(?<=^#.*)\\n': 'sees pages of docs/',
  'cli/help/markdown.ts: \\[([^\\]]*)\\]\\([^)]*\\)': 'sees pages of docs/',
};
const isBounded = (file: string, { source }: RegExp) =>
  `${file}: ${source}` in bounded || file === join('cli', 'terminal', 'fill.ts');

test('finds the expressions of src/, and can compile each', () => {
  expect(literals.filter(({ expression }) => expression === undefined)).toEqual([]);
  expect(all.length).toBeGreaterThan(400);
  expect(all.map(({ expression }) => expression.source)).toContain('\\s+');
});

test('no expression of src/ takes quadratic time', { tags: 'slow', timeout: 120_000 }, () => {
  const texts = [...characters.map((char) => char.repeat(length)), ...pairs.map((pair) => pair.repeat(length / 2))];
  const slow: string[] = [];
  for (const { file, expression } of all) {
    if (isBounded(file, expression)) continue;
    const found = texts
      .flatMap((text) => ends.map((end) => beginningOf(expression) + text + end))
      // A busy machine can make a single run long, not all of them.
      .find((text) => [1, 2, 3, 4].every(() => timeOf(expression, text) > longest));
    if (found !== undefined) slow.push(`${file}: ${expression} for ${JSON.stringify(found.slice(0, 4))}…`);
  }
  expect(slow).toEqual([]);
});

test('each expression that is excepted stands in src/', () => {
  const found = all.map(({ file, expression }) => `${file}: ${expression.source}`);
  expect(Object.keys(bounded).filter((name) => !found.includes(name))).toEqual([]);
});

test('an expression that takes quadratic time is found', () => {
  const behind = /^\s*eyJ[\w\s]+={0,2}\s*$/;
  expect(beginningOf(behind)).toBe('eyJ');
  expect(timeOf(behind, `eyJ${' '.repeat(length)}!`)).toBeGreaterThan(longest);
  expect(timeOf(/\\+n/, '\\'.repeat(length))).toBeGreaterThan(longest);
});
