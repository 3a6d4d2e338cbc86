/** Restores PEM (RFC 7468) that lost its form on its way through a variable, a YAML file or a form. */
import { anySpace, invisible, withoutEscapes } from './wrappings.js';

/** Colours of a terminal, and signs as URLs, systemd and bash write them where a label has plain spaces. Base64 has none of these. */
const encodedSigns = /\p{Cc}\[[\d;]{0,20}[mK]|(?:%|\\x)(0[adAD]|2[0bfBF]|3[dD])|\\{1,4} /gu;

function decodeSign(sign: string, hex?: string): string {
  return hex === undefined ? (sign.endsWith(' ') ? ' ' : '') : String.fromCharCode(Number.parseInt(hex, 16));
}

/** Clean PEM of the blocks in a text, and what was mended, in words. */
export interface MendedPem {
  readonly text: string;
  readonly mended: readonly string[];
}

/** A boundary of a block. Its label may have lost its spaces, or have line breaks in their place. */
const boundary = /(?<!-)-----(BEGIN|END)([A-Z0-9\s]{1,64})-----(?!-)/g;
/** Two boundaries between which the line break was lost. */
const joinedBoundaries = /(-----END[A-Z0-9\s]{1,64}-----)(?=-----BEGIN)/g;

/** Restores every block of a text. Undefined if one is not whole: the others may be damaged too. */
export function mendPem(damaged: string): MendedPem | undefined {
  const unescaped = withoutEscapes(damaged.replace(encodedSigns, decodeSign));
  const plain = unescaped.replace(invisible, '');
  const text = plain.replace(/\r\n?/g, '\n').replace(joinedBoundaries, '$1\n');
  const found = [...text.matchAll(boundary)];
  if (found.length === 0 || found.length !== 2 * (text.split('-----BEGIN').length - 1)) return undefined;
  const breaks = `line breaks were restored${damaged.includes('\\n') ? ' (it had literal \\n)' : ''}`;
  const mended = new Set(unescaped === damaged ? [] : [breaks]);
  if (plain !== unescaped) mended.add('invisible characters were dropped');
  const see = (text: string | undefined, ifText: string) => {
    if (text) mended.add(text.trim() === '' ? 'indentation was dropped' : ifText);
  };
  const beside = 'text beside its labels was ignored';
  let clean = '';
  let last = 0;
  for (let at = 0; at < found.length; at += 2) {
    const [begin, end] = [found[at], found[at + 1]] as [RegExpExecArray, RegExpExecArray];
    const label = cleanLabel(begin);
    if (begin[1] !== 'BEGIN' || end[1] !== 'END' || cleanLabel(end) !== label) return undefined;
    const body = text.slice(begin.index + begin[0].length, end.index);
    see(text.slice(last, begin.index).split('\n').at(-1), beside);
    see(body.split('\n', 1)[0], breaks);
    see(body.split('\n').at(-1), breaks);
    last = end.index + end[0].length;
    const behind = text.slice(last, found[at + 2]?.index).split('\n', 1)[0];
    if (behind?.trim()) mended.add(beside);
    clean += `-----BEGIN ${label}-----\n${cleanBody(body)}-----END ${label}-----\n`;
  }
  return { text: clean, mended: mended.size > 0 ? [...mended] : ['its lines were put in order'] };
}

const knownLabels = ['PUBLIC KEY', 'PRIVATE KEY', 'ENCRYPTED PRIVATE KEY'].flatMap((label) => [
  label,
  `RSA ${label}`,
  `EC ${label}`,
]);

function cleanLabel([, , label = '']: RegExpExecArray): string {
  const words = label.trim().replace(/\s+/g, ' ');
  return knownLabels.find((known) => known.replaceAll(' ', '') === words) ?? words;
}

/** The headers of an encrypted key (RFC 1421 §4.6), whose IV has a length of its own even without line breaks. */
const encryptionHeaders =
  /^\s*Proc-Type:\s{0,8}4,\s{0,8}ENCRYPTED\s{0,8}DEK-Info:\s{0,8}(AES-\d{3}-CBC,[0-9A-Fa-f]{32}|DES(?:-EDE3)?-CBC,[0-9A-Fa-f]{16})/;

function cleanBody(body: string): string {
  const headers = encryptionHeaders.exec(body);
  if (headers === null) return wrap(body);
  return `Proc-Type: 4,ENCRYPTED\nDEK-Info: ${headers[1]}\n\n${wrap(body.slice(headers[0].length))}`;
}

/** What stands between the lines of a PEM in source code or in a list of JSON. */
const betweenQuotes = /["'`](?:\s{0,80}[,+.&])?\s{0,80}[bru]?["'`]/g;

/** Lines of 64 characters, in the alphabet and with the padding of base64. Other characters stay, and are refused later. */
function wrap(body: string): string {
  let base64 = withoutOtherBreaks(body.replace(betweenQuotes, '').replace(anySpace, ''));
  if (/^[A-Za-z0-9_-]+={0,2}$/.test(base64)) base64 = base64.replaceAll('-', '+').replaceAll('_', '/');
  if (base64.length % 4 > 1 && !base64.endsWith('=')) base64 = base64.padEnd(Math.ceil(base64.length / 4) * 4, '=');
  return base64.replace(/.{1,64}/g, '$&\n');
}

/** What stands in the place of line breaks before the first line of DER: a sign of `tr` or `paste`, `/n`, or the letter of an unquoted `\n`. */
const otherBreak = /^(?:\/?n|[^A-Za-z0-9+/=]{1,4}n?)(?=M)/;

/** Removes what stands in the place of each line break. Changes nothing unless the lines between have one length, but for the last. */
function withoutOtherBreaks(base64: string): string {
  const [mark = ''] = otherBreak.exec(base64) ?? [];
  if (mark === '' || !base64.endsWith(mark) || base64.length <= 2 * mark.length) return base64;
  const body = base64.slice(0, -mark.length);
  const isLetter = /^\/?n$/.test(mark);
  const behind = isLetter ? (body.match(new RegExp(`.{1,${64 + mark.length}}`, 'g')) ?? []) : undefined;
  if (behind !== undefined && !behind.every((line) => line.startsWith(mark))) return base64;
  const lines = behind?.map((line) => line.slice(mark.length)) ?? body.slice(mark.length).split(mark);
  const [{ length }, last] = [lines[0] as string, lines.at(-1) as string];
  const areEqual =
    lines.slice(0, -1).every((line) => line.length === length) && last.length > 0 && last.length <= length;
  return areEqual ? lines.join('') : base64;
}
