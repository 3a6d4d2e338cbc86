/** What happens to a key on its way through a variable, a vault, a form or a mail. Adding a row is one line. */
import { Buffer } from 'node:buffer';

/** Does to a text what some tool does; undefined where it does nothing to such a text. */
export type Mangle = (text: string) => string;

const escaped = (text: string) => text.replaceAll('\n', '\\n');
const base64 = (text: string) => Buffer.from(text).toString('base64');
const isPem = (text: string) => text.includes('-----');
const wrapped = (text: string, columns: number) => text.replace(new RegExp(`.{1,${columns}}`, 'g'), '$&\n');

const numbered = (change: (line: string, at: number) => string) => (text: string) =>
  isPem(text)
    ? text
        .trim()
        .split('\n')
        .map((line, at) => change(line, at + 1))
        .join('\n')
    : text;
const each = (prefix: string) => numbered((line) => prefix + line);

/** Manglings that `loadKeys` mends, and that make no secret of a key. */
export const mended: Readonly<Record<string, Mangle>> = {
  'a byte order mark': (text) => `\uFEFF${text}`,
  'literal \\n': escaped,
  'literal \\r\\n': (text) => text.replaceAll('\n', '\\r\\n'),
  'literal \\\\n': (text) => text.replaceAll('\n', '\\\\n'),
  'literal \\n and real line breaks': (text) => text.replaceAll('\n', '\\n\n'),
  'the letter n for each line break': (text) => (isPem(text) ? text.replaceAll('\n', 'n') : text),
  'commas for line breaks': (text) => (isPem(text) ? text.trim().replaceAll('\n', ',') : text),
  'commas and spaces for line breaks': (text) => (isPem(text) ? text.trim().replaceAll('\n', ', ') : text),
  'bars for line breaks': (text) => (isPem(text) ? text.trim().replaceAll('\n', '|') : text),
  'semicolons for line breaks': (text) => (isPem(text) ? text.replaceAll('\n', ';') : text),
  'tildes for line breaks': (text) => (isPem(text) ? text.trim().replaceAll('\n', '~') : text),
  'underscores for line breaks': (text) => (isPem(text) ? text.trim().replaceAll('\n', '_') : text),
  'signs of line breaks': (text) => (isPem(text) ? text.trim().replaceAll('\n', '\u21b5\n') : text),
  'a slash and n for each line break': (text) => (isPem(text) ? text.replaceAll('\n', '/n') : text),
  'a percent sign and n for each line break': (text) => (isPem(text) ? text.replaceAll('\n', '%n') : text),
  'XML line breaks': (text) => text.replaceAll('\n', '&#10;'),
  'escaped slashes and pluses': (text) => escaped(text).replaceAll('/', '\\/').replaceAll('+', '\\u002B'),
  'line breaks of PowerShell': (text) => `"${text.replaceAll('\n', '`r`n')}"`,
  'line breaks of HTML': (text) => text.replaceAll('\n', '<br>\n'),
  'signs as entities': (text) =>
    text.replace(/[+/=\n]/g, (char) => `&#x${char.charCodeAt(0).toString(16).toUpperCase()};`),
  'signs as decimal entities': (text) => text.replace(/[+/=\n]/g, (char) => `&#${char.charCodeAt(0)};`),
  'a JSON list of lines': (text) => (isPem(text) ? JSON.stringify(text.trim().split('\n')) : text),
  'lines of source code': (text) => (isPem(text) ? text.trim().replace(/^.*$/gm, "  '$&\\n' +") : text),
  'lines of source code without a sign': (text) => (isPem(text) ? text.trim().replace(/^.*$/gm, '"$&\\n"') : text),
  'a section of an INI file': (text) => (isPem(text) ? `[jwt]\nkey = ${escaped(text)}\nttl = 30\n` : text),
  'lines of Python bytes': (text) => (isPem(text) ? text.trim().replace(/^.*$/gm, '    b"$&\\n"') : text),
  'the marks of a mail': each('> '),
  'the marks of an answered mail': each('>> '),
  'marks without a space': each('>'),
  'the lines that a diff adds': (text) => (isPem(text) ? `@@ -0,0 +1,9 @@\n${each('+')(text)}` : text),
  'stars of a comment': each(' * '),
  'bars of a table': each('| '),
  'line numbers': numbered((line, at) => `${String(at).padStart(6)}\t${line}`),
  'line numbers with colons': numbered((line, at) => `${at}: ${line}`),
  'the log of a container': each('app_1  | '),
  'time stamps of a log': numbered((line, at) => `2026-05-01T12:00:0${at % 10}.1234567Z ${line}`),
  'time stamps of Kubernetes': numbered((line, at) => `2026-05-01T12:00:0${at % 10}Z stdout F ${line}`),
  'visible line ends': numbered((line) => `${line}$`),
  'visible line ends of CRLF': numbered((line) => `${line}^M$`),
  'visible line ends and line numbers': numbered((line, at) => `${String(at).padStart(6)}\t${line}$`),
  'colours of a terminal': numbered((line) => `\u001B[32m${line}\u001B[0m`),
  'encoded line breaks alone': (text) => (isPem(text) ? text.replaceAll('\n', '%0D%0A') : text),
  'escaped spaces': (text) => (isPem(text) ? text.replaceAll(' ', '\\ ').replaceAll('\n', '\\n') : text),
  'escapes of systemd': (text) => (isPem(text) ? text.replaceAll('\n', '\\x0a').replaceAll(' ', '\\x20') : text),
  'zero-width spaces within words': (text) => (isPem(text) ? text.replaceAll('E', 'E\u200b') : text),
  'zero-width spaces in its last line': (text) => (isPem(text) ? text.replace('-END ', '-EN\u200bD\u00ad ') : text),
  'line continuations': (text) => text.replaceAll('\n', '\\\n'),
  'spaces for line breaks': (text) => text.replaceAll('\n', ' '),
  'no line breaks': (text) => text.replaceAll('\n', ''),
  'no white space': (text) => text.replace(/\s/g, ''),
  'line breaks for spaces': (text) => text.replaceAll(' ', '\n'),
  CRLF: (text) => text.replaceAll('\n', '\r\n'),
  'CR alone': (text) => text.replaceAll('\n', '\r'),
  'empty lines': (text) => text.replaceAll('\n', '\n\n'),
  'indentation by spaces': (text) => text.replace(/^/gm, '    '),
  'indentation by tabs': (text) => text.replace(/^/gm, '\t'),
  'a YAML block': (text) => `key: |\n${text.replace(/^/gm, '  ')}`,
  'spaces at the ends of lines': (text) => text.replace(/$/gm, '  '),
  'white space around': (text) => `\n\n  ${text}\n \t\n`,
  'no-break spaces': (text) => text.replaceAll('\n', '\u00A0\n'),
  'double quotes': (text) => `"${text}"`,
  'single quotes': (text) => `'${text}'`,
  backticks: (text) => `\`${text}\``,
  'quotes and a comma': (text) => `"${text}",`,
  'a JSON string': (text) => JSON.stringify(text),
  'a Python literal': (text) => `b'${escaped(text)}'`,
  'an env line': (text) => `PUBLIC_KEY="${escaped(text)}"`,
  'an env line without quotes': (text) => `MY_KEY=${escaped(text)}`,
  'an exported variable': (text) => `export KEY='${text}'`,
  'a YAML member': (text) => `  key: "${escaped(text)}"`,
  base64,
  'base64 in lines': (text) => wrapped(base64(text), 76),
  'base64 in CRLF lines': (text) => wrapped(base64(text), 64).replaceAll('\n', '\r\n'),
  'base64 without padding': (text) => base64(text).replaceAll('=', ''),
  base64url: (text) => Buffer.from(text).toString('base64url'),
  'base64 twice': (text) => base64(base64(text)),
  'quoted base64': (text) => `"${base64(text)}"`,
  'base64 in an env line': (text) => `KEY_BASE64=${base64(text)}`,
  'URL encoding': encodeURIComponent,
  'form encoding': (text) => new URLSearchParams({ '': text }).toString().slice(1),
  'a data URI': (text) => `data:application/x-pem-file;base64,${base64(text)}`,
};

/** Disguises that `loadKeys` does not read, and that make no secret of a key either. */
export const unread: Readonly<Record<string, Mangle>> = {
  hex: (text) => Buffer.from(text).toString('hex'),
  '0x hex': (text) => `0x${Buffer.from(text).toString('hex')}`,
  'hex with colons': (text) => (Buffer.from(text).toString('hex').match(/../g) ?? []).join(':'),
  'hex as in C': (text) => (Buffer.from(text).toString('hex').match(/../g) ?? []).map((byte) => `0x${byte}`).join(', '),
  'hex escapes': (text) => (Buffer.from(text).toString('hex').match(/../g) ?? []).map((byte) => `\\x${byte}`).join(''),
  'a list of bytes': (text) => JSON.stringify([...Buffer.from(text)]),
  'UTF-16': (text) => Buffer.from(text, 'utf16le').toString('latin1'),
};
