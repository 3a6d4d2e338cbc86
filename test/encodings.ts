/** Encodings that are not UTF-8, as editors and shells save a text in them, and how the refusal begins. */

function utf32(text: string, isBigEndian: boolean): Buffer {
  const buffer = Buffer.alloc([...text].length * 4);
  for (const [at, character] of [...text].entries()) {
    const code = character.codePointAt(0) as number;
    if (isBigEndian) buffer.writeUInt32BE(code, at * 4);
    else buffer.writeUInt32LE(code, at * 4);
  }
  return buffer;
}

const utf16 = (text: string) => Buffer.from(text, 'utf16le');

/** A name, what encodes a text, and what the refusal says. */
export const encodings: readonly [string, (text: string) => Buffer, RegExp][] = [
  ['UTF-16LE', (text) => utf16(`\ufeff${text}`), /is UTF-16, not UTF-8/],
  ['UTF-16BE', (text) => utf16(`\ufeff${text}`).swap16(), /is UTF-16, not UTF-8/],
  ['UTF-16LE without a byte order mark', utf16, /is UTF-16, not UTF-8/],
  ['UTF-16BE without a byte order mark', (text) => utf16(text).swap16(), /is UTF-16, not UTF-8/],
  ['UTF-32LE', (text) => utf32(`\ufeff${text}`, false), /is UTF-32, not UTF-8/],
  ['UTF-32BE', (text) => utf32(`\ufeff${text}`, true), /is UTF-32, not UTF-8/],
  ['UTF-32LE without a byte order mark', (text) => utf32(text, false), /is UTF-32, not UTF-8/],
  ['UTF-32BE without a byte order mark', (text) => utf32(text, true), /is UTF-32, not UTF-8/],
];

/** Texts with a byte that no text in UTF-8 has. */
export const damages: readonly [string, (text: string) => Buffer, RegExp][] = [
  ['a NUL at its end', (text) => Buffer.from(`${text}\0`), /holds a NUL byte in line \d/],
  [
    'Latin-1',
    (text) => Buffer.concat([Buffer.from(text.replace(/\s*$/, '')), Buffer.of(0xe9, 0x0a)]),
    /is not UTF-8 in line \d/,
  ],
];
