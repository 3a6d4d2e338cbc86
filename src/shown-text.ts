/** Text for people and logs: without characters that disturb a terminal, commands of CI services, and tokens. */

/**
 * Characters that can move a cursor, hide text or turn it round: controls (C0, DEL, C1), bidirectional and invisible
 * formatting, line separators, private use and unpaired surrogates. A function, because V8 takes long to compile it.
 */
const unsafe = () => /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu;
const printableAscii = /^[\x20-\x7e]*$/;
const printableLines = /^[\n\x20-\x7e]*$/;

/**
 * The start of `##[`, `##vso[` and the like, which runners of CI services take for a command anywhere in a line. In JSON it
 * stands in strings alone.
 */
const commandMark = /#(?=#\w*\[)/g;

/** The start of a text with `::`, which the runner of GitHub takes for a command; but no address such as `::1`. */
const commandStart = /^\s*:(?=:(?!(?:[\da-f]+:)*[\da-f.]*$))/;

/** Replaces characters that disturb a terminal, and the first one of what a CI service takes for a command, by `\uXXXX`. */
export function escapeText(text: string): string {
  const shown = printableAscii.test(text) ? text : text.replace(unsafe(), escapeCharacter);
  if (!shown.includes('##') && !shown.includes('::')) return shown;
  const whole = shown.replace(commandStart, (start) => `${start.slice(0, -1)}${escapeCharacter(':')}`);
  return whole.replace(commandMark, escapeCharacter);
}

/** Replaces the same in JSON, which stays the same JSON. Line ends stay. */
export function escapeJson(json: string): string {
  const shown = printableLines.test(json)
    ? json
    : json.replace(unsafe(), (char) => (char === '\n' ? char : escapeCharacter(char)));
  return shown.includes('##') ? shown.replace(commandMark, escapeCharacter) : shown;
}

function escapeCharacter(char: string): string {
  const units = char.split('');
  return units.map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`).join('');
}

/** Words that may be a token or end in one: parts in either base64 alphabet, padded or not, between dots. */
const words = /[\w+-]+={0,2}(?:\.[\w+-]*={0,2})*/g;

/** A whole token has a dot beside a part of some length. The base64url of a JSON object begins with `ey` or `ew`. Few lines have either. */
const perhapsToken = /\.(?:(?<=[\w+-]{8}={0,2}\.)|(?=[\w+-]{12}))|e[yw][\w+-]{12}/;

/** Parts of a token, whatever stands between them. */
const runs = /[\w+-]{10,}={0,2}/g;

/** The most characters between two parts of one token: a line end, ` . ` or a comma, and a short rest of a line. */
const widestGap = 16;

const mark = '[token]';

/** A place in a text: of its first character, and of the one after its last. */
type Span = readonly [start: number, end: number];

/**
 * Replaces tokens in a text by `[token]`, for messages and logs: people give tokens where other things belong. Finds tokens that
 * are percent-encoded, once or several times, tokens attached to another word, and parts of tokens. Takes linear time.
 */
export function hideTokens(text: string): string {
  const isEncoded = text.includes('%');
  if (!isEncoded && !perhapsToken.test(text)) return text;
  const { plain, starts } = isEncoded ? decodePercent(text) : { plain: text, starts: undefined };
  let shown = '';
  let copied = 0;
  for (const [from, to] of joinSpans([...findWhole(plain), ...findParts(plain)])) {
    shown += text.slice(copied, starts?.[from] ?? from) + mark;
    copied = starts?.[to] ?? to;
  }
  return copied === 0 ? text : shown + text.slice(copied);
}

/** Finds tokens whose parts have dots between them. */
function* findWhole(plain: string): Generator<Span> {
  for (const { 0: word, index } of plain.matchAll(words)) {
    const at = tokenStart(word);
    if (at >= 0) yield [index + at, index + word.length];
  }
}

/** Finds JSON objects in base64url, and what is mixed like random base64url beside one. */
function findParts(plain: string): Span[] {
  const found = Array.from(plain.matchAll(runs), ({ 0: run, index }) => {
    const at = findJson(run);
    return { start: index, end: index + run.length, hidden: at < 0 ? -1 : index + at, isMixed: isMixed(run) };
  });
  if (!found.some(({ hidden }) => hidden >= 0)) return [];
  for (const order of [found, found.toReversed()]) {
    for (const [at, part] of order.entries()) {
      const before = order[at - 1];
      if (part.hidden >= 0 || before === undefined || before.hidden < 0 || !part.isMixed) continue;
      const gap = Math.max(part.start - before.end, before.start - part.end);
      if (gap <= widestGap) part.hidden = part.start;
    }
  }
  return found.flatMap(({ hidden, end }): Span[] => (hidden < 0 ? [] : [[hidden, end]]));
}

/** Joins spans that overlap, in the order of the text. */
function joinSpans(spans: readonly Span[]): Span[] {
  const joined: Span[] = [];
  for (const [start, end] of spans.toSorted(([first], [second]) => first - second)) {
    const last = joined.at(-1);
    if (last === undefined || start >= last[1]) joined.push([start, end]);
    else joined[joined.length - 1] = [last[0], Math.max(last[1], end)];
  }
  return joined;
}

/** The quotes of strings in JSON, and what is escaped there. One pattern for a whole string would need a stack as long. */
const quoteOrEscape = /"|\\./g;

/** Replaces tokens in the strings of a JSON text, which stays JSON: one value or lines of it. Takes linear time. */
export function hideTokensInJson(json: string): string {
  let shown = '';
  let copied = 0;
  let start = -1;
  for (const { 0: mark, index } of json.matchAll(quoteOrEscape)) {
    if (mark !== '"') continue;
    if (start < 0) {
      start = index;
      continue;
    }
    const written = json.slice(start, index + 1);
    const text: string = /[.%]|e[yw][\w+-]{12}/.test(written) ? JSON.parse(written) : '';
    const hidden = hideTokens(text);
    if (hidden !== text) {
      shown += json.slice(copied, start) + escapeJson(JSON.stringify(hidden));
      copied = index + 1;
    }
    start = -1;
  }
  return shown + json.slice(copied);
}

/** The start of the token that a word ends in; negative if there is none. */
function tokenStart(word: string): number {
  if (!word.includes('.')) return -1;
  const [first = '', second = '', ...rest] = word.split('.');
  // Any text after a header is a token, whole or cut. JWS and JWE begin alike.
  const header = findJson(first);
  if (header >= 0) return header;
  // The header is damaged.
  if (findJson(second) >= 0 || rest.some((segment) => findJson(segment) >= 0)) return 0;
  // The end of a token: its signature, and what is left of its payload.
  if (rest.length === 0) return first.length >= 10 && isMixed(first) && isSignature(second) ? 0 : -1;
  const isOpaque = first.length >= 10 && second.length >= 2 && rest.some(isSignature);
  return isOpaque ? 0 : -1;
}

/** Whether a part is as long as the shortest signature and mixed like random base64url, which names and hex hashes are not. */
function isSignature(segment: string): boolean {
  return segment.length >= 40 && isMixed(segment);
}

function isMixed(segment: string): boolean {
  return /[a-z]/.test(segment) && /[A-Z]/.test(segment) && /\d/.test(segment);
}

/** Whether a text holds a part of a token, even one that says nothing: a header, or a signature. */
export function holdsTokenPart(text: string): boolean {
  return hideTokens(text) !== text || text.split(/[^\w+-]+/).some(isSignature);
}

/** The shortest header, `{"alg":""}`, in characters. */
const shortest = 14;
/** The start of a JSON object and of its first name. */
const jsonBeginning = /\{[\t\n\r ]*"[\x20-\x7e]{6}/;

/** `{` and what may follow it in base64url, after no, one or two characters of white space before it. */
const perhapsJson = /e[yw]|[HXn]s|[Blp1]7/;

/** Where the base64url of a JSON object begins in a part, with white space before it; negative if there is none. */
function findJson(segment: string): number {
  if (segment.length < shortest || !perhapsJson.test(segment)) return -1;
  let first = -1;
  // Four characters are three bytes. Text before a token shifts it by up to three characters.
  for (let shift = 0; shift < 4; shift++) {
    const at = Buffer.from(segment.slice(shift), 'base64').toString('latin1').search(jsonBeginning);
    const start = at < 0 ? -1 : shift + Math.floor(at / 3) * 4;
    if (start >= 0 && (first < 0 || start < first)) first = start;
  }
  return first;
}

/** Single characters of an encoding may be encoded themselves, so one round is not enough. */
const mostRounds = 4;

/** Finds an encoded character, with any encodings of its percent sign, or text without one. */
const encodedOrPlain = /%(?:25)*([0-9a-f]{2})|[^%]+|%/gi;

const encoded = /%[0-9a-f]{2}/i;

/** A text without its percent-encodings, and the position in the text of each of its characters and of its end. */
function decodePercent(text: string): { plain: string; starts: readonly number[] } {
  let plain = text;
  let starts: number[] = [];
  for (let at = 0; at <= text.length; at++) starts.push(at);
  for (let round = 0; round < mostRounds && encoded.test(plain); round++) {
    let decoded = '';
    const decodedStarts: number[] = [];
    for (const { 0: part, 1: hex, index } of plain.matchAll(encodedOrPlain)) {
      decoded += hex === undefined ? part : String.fromCharCode(Number.parseInt(hex, 16));
      for (let at = index; decodedStarts.length < decoded.length; at++) decodedStarts.push(starts[at] as number);
    }
    decodedStarts.push(text.length);
    plain = decoded;
    starts = decodedStarts;
  }
  return { plain, starts };
}
