/** Category 6: bytes that are not one strict JSON text. Everything here is signed right. */
import type { TokenCase } from '../case.js';
import { bytesOf, claims, headerOf, type Part, seal } from '../forge.js';
import { type Signer, signers } from '../trusted-keys.js';

type Place = 'header' | 'payload';
const places: readonly Place[] = ['header', 'payload'];

/** A JSON text with the part's members and others put in behind the opening brace. */
const textOf = (signer: Signer, place: Place) => JSON.stringify(place === 'header' ? headerOf(signer) : claims);
const put = (text: string, members: string) => text.replace('{', `{${members},`);

function sealPart(signer: Signer, place: Place, part: Part) {
  return place === 'header' ? seal(signer, part) : seal(signer, headerOf(signer), part);
}

const utf8 = 'RFC 7515 §5.2, RFC 7519 §7.2, RFC 8259 §8.1: UTF-8 without a byte order mark';
const badBytes: [string, string][] = [
  ['a byte that is never UTF-8', 'ff'],
  ['a lone continuation byte', '80'],
  ['a truncated sequence', 'e282'],
  ['an overlong NUL', 'c080'],
  ['an overlong slash', 'c0af'],
  ['an overlong of three bytes', 'e080af'],
  ['Latin-1', 'e9'],
  ['a surrogate in UTF-8', 'eda080'],
  ['a surrogate pair in UTF-8 (CESU-8)', 'eda0bdedb880'],
  ['beyond U+10FFFF', 'f4908080'],
  ['five bytes', 'f888808080'],
];

const encodings: [string, (text: string) => Buffer][] = [
  ['a byte order mark', (text) => Buffer.from(`\uFEFF${text}`)],
  ['a byte order mark at the end', (text) => Buffer.from(`${text}\uFEFF`)],
  ['UTF-16LE', (text) => Buffer.from(text, 'utf16le')],
  ['UTF-16LE with a byte order mark', (text) => Buffer.from(`\uFEFF${text}`, 'utf16le')],
  ['UTF-16BE', (text) => Buffer.from(text, 'utf16le').swap16()],
  ['UTF-32LE', (text) => Buffer.concat([...text].map((char) => Buffer.from([char.charCodeAt(0), 0, 0, 0])))],
  ['UTF-7', (text) => Buffer.from(text.replaceAll('{', '+AHs-'))],
  ['NUL after every character', (text) => Buffer.from([...text].join('\0'))],
];

const grammar = 'RFC 8259: the grammar of JSON';
/** Each made of a good text; `members` puts something in. */
const brokenTexts: [string, (text: string) => string][] = [
  ['a comma at the end', (text) => text.replace(/\}$/, ',}')],
  ['two commas', (text) => text.replace(',', ',,')],
  ['a missing comma', (text) => text.replace(',"', '"')],
  ['a comment', (text) => text.replace('{', '{/**/')],
  ['a line comment', (text) => text.replace('{', '{//\n')],
  ['a hash comment', (text) => `#\n${text}`],
  ['text after it', (text) => `${text}x`],
  ['a brace after it', (text) => `${text}}`],
  ['NUL after it', (text) => `${text}\0`],
  ['two objects', (text) => text + text],
  ['a missing brace', (text) => text.slice(0, -1)],
  ['half of it', (text) => text.slice(0, text.length >> 1)],
  ['single quotes', (text) => text.replaceAll('"', "'")],
  ['names without quotes', (text) => text.replace(/"(alg|iss)"/, '$1')],
  ['smart quotes', (text) => put(text, '\u201Cx\u201D:1')],
  ['NaN', (text) => put(text, '"x":NaN')],
  ['Infinity', (text) => put(text, '"x":Infinity')],
  ['-Infinity', (text) => put(text, '"x":-Infinity')],
  ['undefined', (text) => put(text, '"x":undefined')],
  ['None', (text) => put(text, '"x":None')],
  ['True', (text) => put(text, '"x":True')],
  ['a hexadecimal number', (text) => put(text, '"x":0x10')],
  ['a plus sign', (text) => put(text, '"x":+1')],
  ['a leading zero', (text) => put(text, '"x":01')],
  ['a number without an integer part', (text) => put(text, '"x":.5')],
  ['a number without a fraction', (text) => put(text, '"x":1.')],
  ['a number with an underscore', (text) => put(text, '"x":1_000')],
  ['a big integer suffix', (text) => put(text, '"x":1n')],
  ['a raw line break in a string', (text) => put(text, '"x":"\n"')],
  ['a raw tab in a string', (text) => put(text, '"x":"\t"')],
  ['a raw NUL in a string', (text) => put(text, '"x":"\0"')],
  ['a hexadecimal escape', (text) => put(text, '"x":"\\x41"')],
  ['an escaped apostrophe', (text) => put(text, '"x":"\\\'"')],
  ['a code point escape', (text) => put(text, '"x":"\\u{41}"')],
  ['a short escape', (text) => put(text, '"x":"\\u41"')],
  ['a line continuation', (text) => put(text, '"x":"\\\n"')],
  ['a no-break space', (text) => `\u00A0${text}`],
  ['a form feed', (text) => `\f${text}`],
  ['a vertical tab', (text) => `${text}\v`],
  ['a line separator', (text) => `${text}\u2028`],
  ['an XSSI prefix', (text) => `)]}',\n${text}`],
  ['a callback around it', (text) => `f(${text})`],
  ['a number as a name', (text) => put(text, '1:1')],
  ['a missing value', (text) => put(text, '"x":')],
  ['a missing name', (text) => put(text, ':1')],
];

const unique = 'RFC 7515 §4, RFC 7519 §4, RFC 8725 §2.4: names are unique, or two readers see two tokens';
const duplicates: Record<Place, [string, string][]> = {
  header: [
    ['alg none first', '"alg":"none"'],
    ['alg twice the same', '"alg":"HS256"'],
    ['alg escaped', '"\\u0061lg":"none"'],
    ['alg escaped throughout', '"\\u0061\\u006C\\u0067":"none"'],
    ['typ', '"typ":"at+jwt"'],
    ['kid', '"kid":"a","kid":"b"'],
    ['crit hidden', '"crit":["x"],"crit":null'],
    ['jwk', '"jwk":{},"jwk":{}'],
    ['an unknown member', '"x":1,"x":1'],
    ['an empty name', '"":1,"":2'],
    ['nested', '"x":{"y":1,"y":2}'],
    ['nested in an array', '"x":[{"y":1,"y":2}]'],
    ['__proto__', '"__proto__":1,"__proto__":2'],
  ],
  payload: [
    ['exp past first', '"exp":1'],
    ['exp escaped', '"\\u0065xp":1'],
    ['exp with an escaped slash beside it', '"a":"\\/","exp":1'],
    ['sub', '"sub":"admin"'],
    ['aud', '"aud":"api","aud":"other"'],
    ['iss', '"iss":"https://evil.example"'],
    ['role', '"role":"user","role":"admin"'],
    ['type', '"type":"refresh"'],
    ['an empty name', '"":1,"":2'],
    ['a name with a quote', '"\\"":1,"\\u0022":2'],
    ['a name with a colon', '"a:b":1,"a\\u003ab":2'],
    ['a name with a backslash', '"\\\\":1,"\\u005c":2'],
    ['a pair of surrogates, escaped and not', '"\u{1F600}":1,"\\ud83d\\ude00":2'],
    ['nested', '"x":{"y":1,"y":2}'],
    ['nested and overwritten', '"x":{"y":1,"y":2},"x":0'],
    ['nested in an array', '"x":[[{"y":1,"y":2}]]'],
    ['__proto__', '"__proto__":{"a":1},"__proto__":{"b":2}'],
    ['__proto__ escaped', '"__proto__":1,"\\u005f_proto__":2'],
    ['constructor', '"constructor":1,"constructor":2'],
    ['an index', '"0":1,"0":2'],
    ['strings full of colons around it', '"a":":::","b":"\\":\\":","c":1,"c":2'],
  ],
};

const surrogates: [string, string][] = [
  ['a high one in a value', '"x":"\\ud800"'],
  ['a low one in a value', '"x":"\\udc00"'],
  ['a pair reversed', '"x":"\\udc00\\ud800"'],
  ['a high one before a letter', '"x":"\\ud83dA"'],
  ['upper case', '"x":"\\uD83D"'],
  ['in a name', '"\\ud800":1'],
  ['nested', '"x":[{"y":"\\ud800"}]'],
  ['in a nested name', '"x":[{"\\udfff":1}]'],
];

const arrays = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
const objects = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;
const deep: [string, string][] = [
  ['65 levels of arrays', arrays(64)],
  ['65 levels of objects', objects(64)],
  ['65 levels of both', `${'[{"a":'.repeat(32)}1${'}]'.repeat(32)}`],
  ['1,000 levels', arrays(1000)],
  ['20,000 levels', arrays(20_000)],
  ['5,000 levels of objects', objects(5000)],
];
const depth = 'at most 64 levels: a recursive reader behind us must not run out of stack';

function everywhere(name: string, source: string, make: (signer: Signer, place: Place) => Part): TokenCase[] {
  return places.flatMap((place) =>
    [signers.HS256, signers.ES256].map(
      (signer): TokenCase => ({
        category: 6,
        name: `${signer.alg} ${place}: ${name}`,
        source,
        ...sealPart(signer, place, make(signer, place)),
        expect: 'TOKEN_MALFORMED',
      }),
    ),
  );
}

function somewhere(name: string, source: string, make: (text: string) => Part): TokenCase[] {
  const signer = signers.HS256;
  return places.map(
    (place): TokenCase => ({
      category: 6,
      name: `${place}: ${name}`,
      source,
      ...sealPart(signer, place, make(textOf(signer, place))),
      expect: 'TOKEN_MALFORMED',
    }),
  );
}

function control(name: string, source: string, members: string): TokenCase[] {
  return somewhere(name, source, (text) => put(text, members)).map((item) => ({ ...item, expect: 'accept' }));
}

export const tokenCases: TokenCase[] = [
  ...badBytes.flatMap(([name, hex]) =>
    somewhere(name, utf8, (text) =>
      Buffer.concat([bytesOf('{"x":"'), Buffer.from(hex, 'hex'), bytesOf(`",${text.slice(1)}`)]),
    ),
  ),
  ...badBytes
    .slice(0, 4)
    .flatMap(([name, hex]) =>
      somewhere(`${name}, beside a replacement character`, utf8, (text) =>
        Buffer.concat([bytesOf('{"y":"\uFFFD","x":"'), Buffer.from(hex, 'hex'), bytesOf(`",${text.slice(1)}`)]),
      ),
    ),
  ...encodings.flatMap(([name, make]) => somewhere(name, utf8, make)),
  ...brokenTexts.flatMap(([name, make]) => somewhere(name, grammar, make)),
  ...places.flatMap((place) =>
    duplicates[place].map(
      ([name, members]): TokenCase => ({
        category: 6,
        name: `${place} with a duplicate: ${name}`,
        source: unique,
        ...sealPart(signers.HS256, place, put(textOf(signers.HS256, place), members)),
        expect: 'TOKEN_MALFORMED',
      }),
    ),
  ),
  ...everywhere('a duplicate of the first member at the end', unique, (signer, place) => {
    const text = textOf(signer, place);
    return text.replace(/^\{("[^"]*":"[^"]*").*\}$/, (whole, member) => `${whole.slice(0, -1)},${member}}`);
  }),
  ...surrogates.flatMap(([name, members]) =>
    somewhere(`a lone surrogate, ${name}`, 'RFC 8259 §8.2: behaviour of receivers is unpredictable', (text) =>
      put(text, members),
    ),
  ),
  {
    category: 6,
    name: 'header: a lone surrogate in kid',
    source: 'RFC 8259 §8.2',
    ...seal(signers.HS256, put(textOf(signers.HS256, 'header'), '"kid":"\\ud800"')),
    expect: 'TOKEN_MALFORMED',
  },
  ...deep.flatMap(([name, value]) => somewhere(name, depth, (text) => put(text, `"x":${value}`))),
  ...control('64 levels of arrays', depth, `"x":${arrays(63)}`),
  ...control('64 levels of objects', depth, `"x":${objects(63)}`),
  ...control('escapes in names and values', 'RFC 8259 §7', '"\\u0078":"\\u0041\\n\\"\\\\\\/"'),
  ...control('an escaped NUL', 'RFC 8259 §7', '"x":"\\u0000"'),
  ...control('a pair of surrogates', 'RFC 8259 §7', '"x":"\\ud83d\\ude00","\u{1F600}":"\u{1F600}"'),
  ...control('a replacement character', 'U+FFFD itself is good UTF-8', '"x":"\uFFFD"'),
  ...control('a byte order mark within a string', 'RFC 8259 §8.1', '"x":"\uFEFF"'),
  ...control('an escaped lone backslash and u', 'RFC 8259 §7', '"x":"\\\\ud800"'),
  ...control('white space', 'RFC 8259 §2', ' \t\r\n "x" \n : 1 '),
  ...control('the same name in two objects', 'RFC 8259 §4', '"x":{"y":1},"z":{"y":2},"w":[{"y":1},{"y":2}]'),
  ...control('names that differ in case and form', 'RFC 7515 §5.3', '"x":1,"X":2,"\u00E9":3,"e\u0301":4'),
  ...control('colons and quotes in strings', 'RFC 8259 §7', '"a:b":":\\":\\\\","\\"":"}"'),
];
