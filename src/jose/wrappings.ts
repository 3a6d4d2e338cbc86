/**
 * The ways in which people wrap a key for a variable, a vault or a log. `loadKeys` undoes those that are `isRead`. A shared
 * secret in any of them is refused. One list serves both, so whatever is read as a key is never a secret.
 */

/** One wrapping. */
export interface Wrapping {
  /** What undoing it means, in words for a note. */
  readonly done: string;
  readonly isRead: boolean;
  /** Undoes it once; undefined if the text is not wrapped like this. Takes linear time. */
  readonly undo: (text: string) => Buffer | undefined;
}

/** Layers that are undone, one in the other. */
export const maxLayers = 4;

/** Larger texts are no wrapped key. Undoing them again and again would take seconds. */
export const maxWrappedBytes = 128 * 1024;

/** White space of any kind, also what copying from web pages adds. */
export const anySpace = /[\s\u200b-\u200d\u2060]/g;
/** Characters without a width, which copying from web pages puts even into words. */
export const invisible = /\p{Cf}|[\ufe00-\ufe0f]/gu;

/** The wrappings of a text without white space around it. */
export const wrappings: readonly Wrapping[] = [
  { done: 'quotes around it were dropped', isRead: true, undo: undoQuotes },
  { done: 'base64 around it was decoded', isRead: true, undo: undoBase64 },
  { done: 'the name before it was dropped', isRead: true, undo: undoAssignment },
  { done: 'URL encoding was undone', isRead: true, undo: undoUrlEncoding },
  { done: 'a data URI was opened', isRead: true, undo: undoDataUri },
  { done: 'escapes were undone', isRead: true, undo: undoEscapes },
  { done: 'invisible characters were dropped', isRead: true, undo: undoInvisible },
  { done: 'characters outside ASCII were dropped', isRead: false, undo: undoForeign },
  { done: 'base64 behind other text was decoded', isRead: false, undo: undoLastWord },
  { done: 'quoted-printable was decoded', isRead: false, undo: undoQuotedPrintable },
  { done: 'the encoding of forms was undone', isRead: false, undo: undoForm },
  { done: 'damaged base64 was decoded', isRead: false, undo: undoLooseBase64 },
  { done: 'hex was decoded', isRead: false, undo: undoHex },
  { done: 'zero bytes were dropped', isRead: false, undo: undoZeros },
  { done: 'a list of bytes was read', isRead: false, undo: undoByteList },
  { done: 'bytes in escapes were read', isRead: false, undo: undoByteEscapes },
];

/** Quotes of a shell, of JSON, of Markdown or of Python, perhaps with the comma of a list behind them. */
function undoQuotes(text: string): Buffer | undefined {
  const start = /^[bru]?["'`]/.exec(text)?.[0].length;
  if (start === undefined) return undefined;
  const end = /[,;]$/.test(text) ? text.length - 1 : text.length;
  if (end <= start || text[end - 1] !== text[start - 1]) return undefined;
  return Buffer.from(jsonString(text.slice(start - 1, end)) ?? text.slice(start, end - 1));
}

/** The text of a JSON string, such as JSON in JSON. */
export function jsonString(text: string): string | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Base64 or base64url (RFC 4648), whole or wrapped over lines, with its padding or without. */
function undoBase64(text: string): Buffer | undefined {
  const dense = text.replace(anySpace, '');
  const [body = '', padding] = splitPadding(dense);
  const form = /^[A-Za-z0-9+/]+$/.test(body) ? 'base64' : /^[A-Za-z0-9_-]+$/.test(body) ? 'base64url' : undefined;
  if (form === undefined || body.length < leastBase64 || (padding !== 0 && dense.length % 4 !== 0)) return undefined;
  const bytes = Buffer.from(body, 'base64');
  // Encoding again finds stray bits.
  return splitPadding(bytes.toString(form))[0] === body ? bytes : undefined;
}

/** The shortest key is longer. */
const leastBase64 = 40;

function splitPadding(text: string): [string, number] {
  const padding = text.endsWith('==') ? 2 : text.endsWith('=') ? 1 : 0;
  return [text.slice(0, text.length - padding), padding];
}

/** A line of an env file, of YAML or of a shell: `NAME=`, `export NAME=`, `name: `, `name: |`. */
function undoAssignment(text: string): Buffer | undefined {
  const name =
    /^(?:(?:export|set|setx|ENV|ARG|const|let|var) {1,4})?(?:\$env:)?["']?[A-Za-z_][\w.-]{0,127}["']?[ \t]{0,8}[=:](?!\/\/)(?:[ \t]{0,8}[|>][+-]?[ \t]{0,8}\r?\n)?/.exec(
      text,
    );
  const rest = name && text.slice(name[0].length).trim();
  return rest ? Buffer.from(rest) : undefined;
}

/** Percent-encoding (RFC 3986 §2.1). Where pluses are encoded or stand in a label, a bare one is the space of a form. */
function undoUrlEncoding(text: string): Buffer | undefined {
  return decodePercents(text.includes('BEGIN+') || /%2b/i.test(text) ? text.replaceAll('+', ' ') : text);
}

/** The encoding of forms, whose + is a space. */
function undoForm(text: string): Buffer | undefined {
  return decodePercents(text.replaceAll('+', ' '));
}

function decodePercents(text: string): Buffer | undefined {
  if (!/%[0-9a-fA-F]{2}/.test(text)) return undefined;
  try {
    return Buffer.from(decodeURIComponent(text));
  } catch {
    return undefined;
  }
}

/** A data URI (RFC 2397); base64 in it is another layer. */
function undoDataUri(text: string): Buffer | undefined {
  const head = /^data:[\w./;=+-]{0,200},/i.exec(text);
  return head === null ? undefined : Buffer.from(text.slice(head[0].length));
}

function undoEscapes(text: string): Buffer | undefined {
  const plain = withoutEscapes(text);
  return plain === text ? undefined : Buffer.from(plain);
}

/**
 * Escapes of JSON, of shells (PowerShell's begin with a backtick), of XML and HTML, as often escaped again as people do. The bound
 * keeps the search linear.
 */
const anyEscape =
  /\\{1,4}(?:r\\{1,4}n|[nrt/"'+=-]|u00([0-9a-fA-F]{2}))|&#(?:10|13|x0?[aAdD]);|&#(?:x([0-9a-fA-F]{2})|(\d{2,3}));|<br ?\/?>|`(?:r`)?n|\\(?:\r?\n|\r|$)/g;

/** A text with its escapes undone: line breaks, quotes, slashes and characters of ASCII. */
export function withoutEscapes(text: string): string {
  if (!/[\\&<`]/.test(text)) return text;
  return text.replace(anyEscape, (whole: string, code?: string, hex?: string, decimal?: string) => {
    const sign = code ?? hex;
    if (sign !== undefined) return String.fromCharCode(Number.parseInt(sign, 16));
    if (decimal !== undefined) return String.fromCharCode(Number(decimal));
    if (/^[&<]/.test(whole) || whole.endsWith('n') || whole.endsWith('r')) return '\n';
    return /[\r\n\\]$/.test(whole) ? '' : whole.endsWith('t') ? ' ' : whole.slice(-1);
  });
}

function undoInvisible(text: string): Buffer | undefined {
  return changedText(text, text.replace(invisible, ''));
}

/**
 * No letter of a key is outside ASCII; a full-width one stands for one that is. Combining marks go first: normalize() sorts a run of
 * them in quadratic time.
 */
function undoForeign(text: string): Buffer | undefined {
  return changedText(
    text,
    text
      .replace(/\p{M}/gu, '')
      .normalize('NFKC')
      .replace(/[^\p{ASCII}]/gu, ''),
  );
}

/** Quoted-printable (RFC 2045 §6.7), as mails have it. */
function undoQuotedPrintable(text: string): Buffer | undefined {
  const decode = (_: string, hex?: string) => (hex === undefined ? '' : String.fromCharCode(Number.parseInt(hex, 16)));
  return changedText(text, text.replace(/=(?:\r?\n|([\dA-F]{2}))/g, decode));
}

/** Random bytes are no text: what is left of them might look like a key. */
function changedText(text: string, changed: string): Buffer | undefined {
  return changed === text || !/^[\s!-~]*$/.test(changed) ? undefined : Buffer.from(changed);
}

/** As forgiving as decoders are: either alphabet, stray bits, any padding. */
function undoLooseBase64(text: string): Buffer | undefined {
  const dense = text.replace(anySpace, '');
  return /^[A-Za-z0-9+/_-]+=*$/.test(dense) ? Buffer.from(dense, 'base64') : undefined;
}

/** Base64 behind a mark of another program, such as `{cipher}` or YAML's `!!binary`. */
function undoLastWord(text: string): Buffer | undefined {
  const run = /[^A-Za-z0-9+/_-]([A-Za-z0-9+/_-]{40,})={0,2}$/.exec(text)?.[1];
  return run === undefined ? undefined : Buffer.from(run, 'base64');
}

/** A decimal number between 100 and 999, between commas or brackets. */
const threeDigits = /[[,]\s{0,8}-?[1-9]\d{2}\s{0,8}[\],]/;

/** Hex with or without `0x`, `\x`, colons, dashes, commas and spaces. */
function undoHex(text: string): Buffer | undefined {
  if (threeDigits.test(text)) return undefined;
  const dense = text.replace(/0x|\\x|[\s:,;{}[\]-]/gi, '');
  return dense.length >= 2 && /^(?:[0-9a-f]{2})+$/i.test(dense) ? Buffer.from(dense, 'hex') : undefined;
}

/** UTF-16 and UTF-32 in the place of bytes, even where a byte was lost. */
function undoZeros(text: string): Buffer | undefined {
  return text.includes('\0') ? Buffer.from(text.replaceAll('\0', '')) : undefined;
}

/** Bytes as decimal numbers, as arrays are printed; Java has signed ones. */
function undoByteList(text: string): Buffer | undefined {
  if (!/^(?:[A-Za-z][\w.]{0,64}[\s(]{0,8})?[-\d\s,[\](){}]+$/.test(text)) return undefined;
  const numbers = (text.match(/-?\d+/g) ?? []).map(Number);
  const areBytes = numbers.length >= 16 && numbers.every((number) => number >= -128 && number < 256);
  return areBytes ? Buffer.from(numbers.map((number) => number & 255)) : undefined;
}

const byteEscape = /\\(?:x([\da-f]{2})|([0-3][0-7]{2})|([\s\S]))/gi;
const controls: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', f: '\f', v: '\v', a: '\x07', b: '\b' };

/** Bytes as Python and C print them: most as characters, the others in hex or octal. */
function undoByteEscapes(text: string): Buffer | undefined {
  if (!/\\(?:x[\da-f]{2}|[0-3][0-7]{2})/i.test(text)) return undefined;
  const plain = text.replace(byteEscape, (_, hex?: string, octal?: string, char = '') => {
    if (hex !== undefined) return String.fromCharCode(Number.parseInt(hex, 16));
    return octal !== undefined ? String.fromCharCode(Number.parseInt(octal, 8)) : (controls[char] ?? char);
  });
  return Buffer.from(plain.replace(/^[bu]?["']|["']$/g, ''), 'latin1');
}
