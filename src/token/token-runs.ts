/**
 * Finds the token-shaped parts of any text: a header with `alg`, then segments of base64url. Decides only where a token begins
 * and ends. A character that is glued to it stays part of it, so that the strict parser refuses it. Takes linear time.
 */
import { asText, isJsonObject, type JsonObject, own } from '../jose/json.js';

/** A part of a text that begins like a token. */
export interface TokenRun {
  /** The token, with everything that is glued to it, without the line ends of a wrapped one. */
  readonly token: string;
  /** Whether it has the shape of a JWS or a JWE, and nothing is glued to it. */
  readonly isWhole: boolean;
  readonly start: number;
  /** The lines that it stands on. */
  readonly lines: number;
}

const invisible = '\\u00ad\\u200b-\\u200f\\u202a-\\u202e\\u2060\\u2066-\\u2069\\ufe0f\\ufeff';
const spaces = `\\s${invisible}`;
/** Quotes of all kinds, for a class of a pattern. */
export const quotes = '"\'`\\u2018-\\u201f\\u00ab\\u00bb\\u2039\\u203a\\u300a-\\u300f';
const brackets = '<>()\\[\\]{}|\\u2500-\\u257f\\uff08\\uff09';
/** What may stand right before a token. */
const opening = new RegExp(`[${spaces}${quotes}${brackets},;=:/?#&@\uff0c\uff1a\uff1b]`);
/** The rest of a word: up to what may stand right after a token. */
const gluedText = () => new RegExp(`[^${spaces}${quotes}${brackets},;&#]*`, 'y');
/** What may stand after the last line of a wrapped token, beside white space up to the end of the text. */
const closing = new RegExp(`[${quotes}${brackets}${invisible},;&]|\\s*$`, 'y');

/** Returns the parts of a text that begin like a token, in their order. */
export function findRuns(text: string): TokenRun[] {
  const broken = joinAtDots(text);
  if (broken !== undefined) return [broken];
  const found: TokenRun[] = [];
  const words = /[\w.-]+/g;
  const glued = gluedText();
  let unwrappedTo = 0;
  for (let match = words.exec(text); match !== null; match = words.exec(text)) {
    const start = match.index;
    let [run] = match;
    // Base64url of {" begins with ey, of { and white space with ew.
    if (!/^e[wy]/.test(run) || (start > 0 && !opening.test(text.charAt(start - 1)))) continue;
    let end = words.lastIndex;
    let lines = 1;
    const wrapped = start < unwrappedTo || isComplete(run) ? undefined : unwrap(text, start, end);
    unwrappedTo = Math.max(unwrappedTo, wrapped?.end ?? 0);
    if (wrapped !== undefined && isToken(wrapped.run)) ({ run, end, lines } = wrapped);
    if (!run.includes('.') || headerOf(run) === undefined) continue;
    glued.lastIndex = end;
    // Not read where it does not count: a path may hold many tokens.
    const endsInPath = /[/?]/.test(text.charAt(end)) && isInPath(text, start);
    // A lone backslash continues a line in a shell.
    let rest = endsInPath ? '' : (glued.exec(text)?.[0] ?? '').replace(/^\\$/, '');
    if (rest === '') rest = otherPieces(text, run, end);
    found.push({ token: run + rest, isWhole: rest === '' && isToken(run), start, lines });
    words.lastIndex = end + rest.length;
  }
  return found;
}

/** The header of a token that is not parsed yet; undefined if its first segment is no JSON object with `alg`. */
export function headerOf(token: string): JsonObject | undefined {
  const end = token.indexOf('.');
  try {
    const header: unknown = JSON.parse(Buffer.from(token.slice(0, end < 0 ? undefined : end), 'base64url').toString());
    return isJsonObject(header) && own(header, 'alg') !== undefined ? header : undefined;
  } catch {
    return undefined;
  }
}

/** Whether characters of base64url and dots have the shape of a JWS (RFC 7515 §3.1) or a JWE (RFC 7516 §3.1). */
function isToken(run: string): boolean {
  const segments = run.split('.', 7).length;
  if (segments !== 3 && segments !== 5) return false;
  const header = headerOf(run);
  return header !== undefined && (segments === 3 || typeof own(header, 'enc') === 'string');
}

/** Possible lengths of the signature, in characters, by the first two letters of `alg`. RS and PS have `lengthsOfRsa`. */
const lastLengths: Readonly<Record<string, readonly number[]>> = {
  HS: [43, 64, 86],
  ES: [86, 128, 176],
  Ed: [86, 152],
  no: [0],
};
const lengthsOfRsa = [342, 512, 683, 1366];
const lengthsOfTags = [22, 32, 43];

/** Whether the last segment of a token has a length that its algorithm can produce. */
export function isComplete(run: string): boolean {
  return isToken(run) && lengthsOf(run).includes(lastLength(run));
}

function lastLength(run: string): number {
  return run.length - run.lastIndexOf('.') - 1;
}

/** The possible lengths of the last segment of a token. */
function lengthsOf(run: string): readonly number[] {
  const header = headerOf(run) ?? {};
  if (typeof own(header, 'enc') === 'string') return lengthsOfTags;
  return lastLengths[asText(own(header, 'alg')).slice(0, 2)] ?? lengthsOfRsa;
}

/** What stands between the pieces of a split token: spaces, quotes, tags, and the signs that join strings. */
const between = new RegExp(`(?:[${spaces}${quotes}+\\\\&.|^>!#]|<[\\w /="'-]{0,60}>){1,40}`, 'y');
/** The end of a string, a sign that joins strings, and the beginning of the next one. */
const joinedString = new RegExp(`[${quotes}]\\s{0,16}(?:\\+|\\.{1,2}|&)\\s{0,80}[${quotes}][\\w.-]+`, 'y');

/**
 * Returns the other pieces of a token that a program split, with what stands between them. They stay part of the token, so that the
 * parser refuses it. Empty if nothing tells that they belong to it.
 */
function otherPieces(text: string, run: string, end: number): string {
  joinedString.lastIndex = end;
  const joined = joinedString.exec(text)?.[0];
  if (joined !== undefined) return joined;
  if (!isToken(run)) return '';
  const lengths = lengthsOf(run);
  let length = lastLength(run);
  if (lengths.includes(length)) return '';
  const most = Math.max(...lengths);
  const piece = /[\w-]{1,1366}(?![\w.-])/y;
  for (let at = end; length < most; at = piece.lastIndex) {
    between.lastIndex = at;
    if (!between.test(text)) return '';
    piece.lastIndex = between.lastIndex;
    const next = piece.exec(text)?.[0];
    if (next === undefined) return '';
    length += next.length;
    if (lengths.includes(length)) return text.slice(end, piece.lastIndex);
  }
  return '';
}

/** How far before a token the beginning of its path is looked for, in characters. */
const longestPath = 2048;

/** Whether a token is a segment of a path: what stands after its slash is no part of it. */
function isInPath(text: string, start: number): boolean {
  const before = text.slice(Math.max(0, start - longestPath), start);
  const word = before.split(/[\s"'`<>()]/).at(-1) ?? '';
  return /^(?:[\w.-]{1,64}[=:])?(?:[a-z][a-z\d+.-]{0,31}:\/)?\/(?:[^?#]*\/)?$/i.test(word);
}

/** The shortest line that a token is wrapped at, in characters. */
const shortestLine = 16;

/**
 * Joins the lines of a token that begins at `start` and reaches the end of its line at `end`. Lines of one token are equally
 * long, but for the first and the last. Undefined if the next line is none of its lines.
 */
function unwrap(text: string, start: number, end: number): { run: string; end: number; lines: number } | undefined {
  let next = lineAfter(text, end);
  if (next === undefined) return undefined;
  const pieces = [text.slice(start, end)];
  // The first line may hold other text too, such as the name of a header.
  let longestNext = end - (text.lastIndexOf('\n', start) + 1);
  let shortestFull = end - start;
  let at = end;
  while (next !== undefined && longestNext >= shortestLine && next.piece.length <= longestNext) {
    const { piece } = next;
    if (pieces.length === 1 && piece.includes('.') && headerOf(piece) !== undefined) break;
    pieces.push(piece);
    at = next.end;
    if (piece.length < shortestFull) break;
    longestNext = piece.length;
    shortestFull = piece.length;
    next = lineAfter(text, at);
  }
  return pieces.length === 1 ? undefined : { run: pieces.join(''), end: at, lines: pieces.length };
}

/** The parts of a token without their dots. */
const threeLines = /^\s{0,80}e[wy][\w-]+\s{1,80}e[wy][\w-]+\s{1,80}[\w-]+\s{0,80}$/;

/**
 * Joins a text that is one token with line breaks at its dots, as RFCs print it. The length of the last segment tells that the
 * token ends where the text does.
 */
function joinAtDots(text: string): TokenRun | undefined {
  const hasDots = /\.[ \t]*\r?\n|\n[ \t]*\./.test(text);
  if (!hasDots && !threeLines.test(text)) return undefined;
  const lines = text.trim().split('\n');
  const pieces = lines.map((line) => line.trim());
  if (!pieces.every((piece) => /^[\w.-]+$/.test(piece))) return undefined;
  const token = pieces.join(hasDots ? '' : '.');
  // Checked first, since it is cheap: a complete token has at most four dots.
  if (!isComplete(token)) return undefined;
  if (pieces.slice(1).some((piece) => piece.includes('.') && headerOf(piece) !== undefined)) return undefined;
  return { token, isWhole: true, start: text.search(/\S/), lines: lines.length };
}

/** The line after `at` if it holds nothing but characters of a token, and what may close it. */
function lineAfter(text: string, at: number): { piece: string; end: number } | undefined {
  const lineEnd = /[ \t]*(?:\\[ \t]*)?\r?\n[ \t>]*/y;
  lineEnd.lastIndex = at;
  if (!lineEnd.test(text)) return undefined;
  const word = /[\w.-]+/y;
  word.lastIndex = lineEnd.lastIndex;
  const piece = word.exec(text)?.[0];
  if (piece === undefined) return undefined;
  const end = word.lastIndex;
  lineEnd.lastIndex = end;
  closing.lastIndex = end;
  return lineEnd.test(text) || closing.test(text) ? { piece, end } : undefined;
}
