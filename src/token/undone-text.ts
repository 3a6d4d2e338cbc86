/** Undoes the encodings around tokens: of URLs, strings, HTML, mail and shells. What was glued to a token stays glued to it. */

/** Returns a text without the encodings that a token in it may have. */
export function undoEncodings(text: string): string {
  return undoEscapes(undoEntities(undoPercent(undoQuotedPrintable(undoCarets(text)))));
}

const escapes: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ...[...'"\'`/'].map((char) => [char, char] as const),
]);

/** Undoes the escapes of strings around tokens, as logs and programs print them. */
function undoEscapes(text: string): string {
  if (!text.includes('\\')) return text;
  return text.replace(/\\+(u00[0-7][\da-f]|[\s\S]?)/gi, (all, next: string) => {
    if (next.length > 1) return String.fromCharCode(Number.parseInt(next.slice(1), 16));
    return escapes.get(next) ?? all;
  });
}

/** Those that can stand beside or in a token. */
const entities: ReadonlyMap<string, string> = new Map([
  ...Object.entries({ amp: '&', quot: '"', apos: "'", lt: '<', gt: '>', nbsp: ' ', period: '.', lowbar: '_' }),
  ...Object.entries({ UnderBar: '_', hyphen: '-', dash: '-', equals: '=', plus: '+', sol: '/', bsol: '\\' }),
  ...Object.entries({ percnt: '%', excl: '!', dollar: '$', ast: '*', midast: '*', Hat: '^', colon: ':', quest: '?' }),
  ...Object.entries({ commat: '@', num: '#', comma: ',', semi: ';', NewLine: '\n', Tab: '\t', grave: '`' }),
]);

const mostRounds = 2;

/** Undoes the character references of HTML. One that stands for no known character is a boundary, as `&` is. */
function undoEntities(text: string): string {
  let plain = text;
  for (let round = 0; round < mostRounds && plain.includes('&'); round++) {
    plain = plain.replace(
      /&(?:#(\d{1,7});?|#x([\da-f]{1,6});?|([a-z]{2,8});)/gi,
      (all, decimal?: string, hex?: string, name?: string) => {
        if (name !== undefined) return entities.get(name) ?? entities.get(name.toLowerCase()) ?? all;
        const code = decimal === undefined ? Number.parseInt(hex as string, 16) : Number.parseInt(decimal, 10);
        return code <= 0x10ffff ? String.fromCodePoint(code) : all;
      },
    );
  }
  return plain;
}

/** A word of a URL, a form or a cookie; elsewhere `%20` behind a token is a damage of it. */
const isEncodedWord = /=|%(?:25)?2e|%(?:25)?2[027]e[wy]/i;

function undoPercent(text: string): string {
  let plain = text;
  for (let round = 0; round < mostRounds && plain.includes('%'); round++) {
    plain = plain.replace(/[^\s"'<>]+/g, (word) => {
      if (!word.includes('%') || !isEncodedWord.test(word)) return word;
      return word.replace(/(?:%[\da-f]{2})+/gi, (codes) => bytesOf(codes, '%'));
    });
  }
  // A form writes a space as a plus.
  return plain.replace(/(^|[=:\s"'])bearer\+(?=e[yw])/gi, '$1Bearer ');
}

/** Undoes the encoding of a mail (RFC 2045 §6.7). */
function undoQuotedPrintable(text: string): string {
  if (!/=3D["']?e[yw]|quoted-printable/.test(text)) return text;
  return text.replace(/=[ \t]{0,8}\r?\n/g, '').replace(/(?:=[\dA-F]{2})+/g, (codes) => bytesOf(codes, '='));
}

function bytesOf(codes: string, sign: string): string {
  return Buffer.from(codes.replaceAll(sign, ''), 'hex').toString();
}

/** Undoes the escapes of a line for cmd.exe, as browsers copy it. */
function undoCarets(text: string): string {
  return /(?:^|\s)\^"/.test(text) ? text.replace(/\^([^\w^.-]|\^)/g, '$1') : text;
}
