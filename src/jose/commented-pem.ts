/** Leaves out PEM blocks that their owner put out of use: in a comment, or on a line that a diff removes. */
import { invisible, withoutEscapes } from './wrappings.js';

/** A text without such blocks; `left` says where they stood, in words. */
export interface UncommentedPem {
  readonly text: string;
  readonly left: readonly ('in a comment' | 'on a line that a diff removes')[];
}

/** One block and nothing else, as most files are. */
const single = /^\s*-----BEGIN [A-Z0-9 ]+-----[A-Za-z0-9+/=\s]*-----END [A-Z0-9 ]+-----\s*$/;
/** Comments that end with a mark. A glob such as `keys/*` begins none. */
const opening = /(?<![\w./-])\/\*|<!--|\{\{!--|\{#|<#|--\[\[/g;
const closings: Readonly<Record<string, string>> = { '/*': '*/', '<!--': '-->', '{{!--': '--', '{#': '#}', '<#': '#>' };

/** What begins a comment before a block: at the start of a line, perhaps of a quoted text, a diff or a mail, or behind a space. */
const lineMarks: readonly RegExp[] = [
  /(?:^|[\s:>|+"'`,{(])#(?!\d|#(?:vso)?\[|define\s+\w+\s+["'\\])/,
  /(?:^|[\s>|+"'`,{(]|\d:)\/\/|:\/\/\s/,
  /^[\s"'`>+|]*(?:;|--(?![a-z-])|%\s|'\s+\w|'(?:Const|Dim)\s|!\s*[\w.]+\s*[=:]|@?(?:REM|rem)\s|::|dnl\s)/,
  /\s--\s/,
];

/** A hunk of a diff, or a line with a key that it adds. */
const diff = /^(?:@@ -|diff --git |\+.{0,200}-----BEGIN)/m;
/** A line that is removed without more of the diff around it. A list of YAML has a space behind the dash, and so has a flag. */
const removed = /^-(?![-\s]|[A-Za-z]\s)|^<\s|\[-["']?$/;

/** Two versions of one file that nobody chose from. */
const conflict = /^(?:<{7} |>{7} |\|{7} )/m;

/** Whether a text has the marks of a merge conflict. */
export function isConflict(text: string): boolean {
  return conflict.test(text) && /^={7}\r?$/m.test(text);
}

/**
 * Removes PEM blocks in comments; a text without one comes back unchanged. The time grows with the text and with its blocks, of which
 * the caller allows 100.
 */
export function withoutCommentedPem(text: string): UncommentedPem {
  if (single.test(text)) return { text, left: [] };
  // Line breaks that escapes make end no comment.
  const plain = text
    .split(/\r\n?|\n/)
    .map((line) => withoutEscapes(line).replace(invisible, '').replaceAll('\n', '\v'))
    .join('\n');
  const spans = blockComments(plain);
  const isDiff = diff.test(plain);
  const left = new Set<UncommentedPem['left'][number]>();
  let kept = '';
  let keptTo = 0;
  let at = plain.indexOf('-----BEGIN');
  for (let from = 0; at >= 0; at = plain.indexOf('-----BEGIN', from)) {
    const lineStart = plain.lastIndexOf('\n', at) + 1;
    const before = plain.slice(Math.max(lineStart, from), at);
    const isFirst = from <= lineStart;
    const span = spans.find(([start, end]) => start < at && at < end);
    const isOut = isFirst && isRemoved(before, plain, at, isDiff);
    if (span === undefined && !isOut && !lineMarks.some((mark) => mark.test(before))) {
      from = afterBoundary(plain, at);
      continue;
    }
    left.add(isOut ? 'on a line that a diff removes' : 'in a comment');
    const start = span?.[0] ?? Math.max(lineStart, from);
    kept += plain.slice(keptTo, Math.max(start, keptTo));
    keptTo = span?.[1] ?? lineEnd(plain, afterBoundary(plain, at));
    from = keptTo;
  }
  if (left.size === 0) return { text, left: [] };
  return { text: (kept + plain.slice(keptTo)).replaceAll('\v', '\n'), left: [...left] };
}

function blockComments(text: string): (readonly [start: number, end: number])[] {
  const spans: [number, number][] = [];
  for (const { 0: open, index } of text.matchAll(opening)) {
    if (index < (spans.at(-1)?.[1] ?? 0)) continue;
    const closing = closings[open] ?? ']]';
    const found = text.indexOf(closing, index + open.length);
    // Without its end, a comment holds all the rest.
    spans.push([index, found < 0 ? text.length : found + closing.length]);
  }
  return spans.filter(([start, end]) => text.slice(start, end).includes('-----BEGIN'));
}

function isRemoved(before: string, text: string, at: number, isDiff: boolean): boolean {
  if (isDiff && before.startsWith('-')) return true;
  // Six dashes are a slip of the hand, unless the next line has one too.
  if (before === '-') return text[text.indexOf('\n', at) + 1] === '-' && text.includes('\n');
  return removed.test(before);
}

/** The end of the block that begins at a position; of its label, if another block begins before that end. */
function afterBoundary(text: string, at: number): number {
  const end = text.indexOf('-----END', at);
  const next = text.indexOf('-----BEGIN', at + 1);
  const isWhole = end >= 0 && (next < 0 || end < next);
  const closing = isWhole ? text.indexOf('-----', end + 8) : -1;
  return closing < 0 ? at + 10 : closing + 5;
}

function lineEnd(text: string, at: number): number {
  const found = text.indexOf('\n', at);
  return found < 0 ? text.length : found;
}
