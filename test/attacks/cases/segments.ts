/** Category 5: what stands between the dots, and how many of them. Seals are made over the malformed text itself. */
import type { TokenCase } from '../case.js';
import { bytesOf, claims, encode, headerOf, type Sealed, seal, sealSegments, signatureOf } from '../forge.js';
import { type Signer, signers } from '../trusted-keys.js';

const strict = 'RFC 7515 §2: base64url without padding, line breaks, white space; RFC 4648 §3.5: no stray bits';

const middle = (text: string, put: string) => text.slice(0, text.length >> 1) + put + text.slice(text.length >> 1);
const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** Texts that a lenient decoder takes for the same bytes. */
const sameBytes: Record<string, (text: string) => string> = {
  'padding right or wrong': (text) => `${text}${'='.repeat((4 - (text.length % 4)) % 4 || 1)}`,
  'four padding characters': (text) => `${text}====`,
  'the standard alphabet': (text) => text.replaceAll('-', '+').replaceAll('_', '/'),
  'stray bits': (text) => text.slice(0, -1) + (alphabet[alphabet.indexOf(text.at(-1) ?? 'A') + 1] ?? '_'),
  'one character more than whole groups': (text) => text + 'A'.repeat(5 - (text.length % 4 || 4)),
  'a space before': (text) => ` ${text}`,
  'a space inside': (text) => middle(text, ' '),
  'a line break inside': (text) => middle(text, '\n'),
  'CRLF inside': (text) => middle(text, '\r\n'),
  'a line break after': (text) => `${text}\n`,
  'a tab after': (text) => `${text}\t`,
  'NUL after': (text) => `${text}\0`,
  'an exclamation mark inside': (text) => middle(text, '!'),
  'a padding character inside': (text) => middle(text, '='),
  'a percent escape': (text) => middle(text, '%41'),
  'a zero-width space': (text) => middle(text, '\u200B'),
  'a byte order mark before': (text) => `\uFEFF${text}`,
  'a full-width letter': (text) => middle(text, '\uFF21'),
};

/** Text whose base64url has both characters that set it apart, and a last character with bits to spare. */
const restless = { ...claims, note: '~~~???>>>~~~???>>>' };
const restlessHeader = (signer: Signer) => headerOf(signer, { note: '~~~???>>>~~~???>>>' });

function withSpareBits(part: object): string {
  for (let pad = 0; ; pad++) {
    const text = encode(JSON.stringify(part) + ' '.repeat(pad));
    if (text.length % 4 !== 0 && /[-_]/.test(text)) return text;
  }
}

/** A token whose signature has `-` or `_`: another seal, or another claim where the seal would be the same. */
function sealRestlessly(signer: Signer): Sealed {
  for (let attempt = 0; ; attempt++) {
    const sealed = seal(signer, headerOf(signer), { ...claims, attempt });
    if (/[-_]/.test(sealed.token.split('.')[2] ?? '')) return sealed;
  }
}

const signed = [signers.HS256, signers.RS256, signers.ES256, signers.ES512, signers.EdDSA];

function changesOf(signer: Signer): TokenCase[] {
  return Object.entries(sameBytes).flatMap(([name, change]): TokenCase[] => {
    const header = withSpareBits(restlessHeader(signer));
    const payload = withSpareBits(restless);
    const sealed = sealRestlessly(signer);
    const [first = '', second = '', third = ''] = sealed.token.split('.');
    const described = { category: 5, source: strict, expect: 'TOKEN_MALFORMED' } as const;
    return [
      { ...described, name: `${signer.alg} header: ${name}`, ...sealSegments(signer, change(header), payload) },
      { ...described, name: `${signer.alg} payload: ${name}`, ...sealSegments(signer, header, change(payload)) },
      // A signature of whole groups of three bytes has no bits to spare.
      ...(name === 'stray bits' && third.length % 4 === 0
        ? []
        : [
            {
              ...described,
              name: `${signer.alg} signature: ${name}`,
              ...sealed,
              token: [first, second, change(third)].join('.'),
            },
          ]),
    ];
  });
}

const { token: good } = seal(signers.HS256);
const [h = '', p = '', s = ''] = good.split('.');
const jweHeader = encode({ alg: 'dir', enc: 'A256GCM' });
const words: [string, string][] = [
  ['empty', ''],
  ['one segment', h],
  ['two segments', `${h}.${p}`],
  ['two segments and a dot at the front', `.${h}.${p}`],
  ['four segments', `${good}.${s}`],
  ['a dot at the end', `${good}.`],
  ['a dot at the front', `.${good}`],
  ['two dots in a row', `${h}..${p}.${s}`],
  ['five segments', `${good}.${p}.${s}`],
  ['six segments', `${good}.${good}`],
  ['segments reversed', `${s}.${p}.${h}`],
  ['signature alone', `..${s}`],
  ['header alone', `${h}..`],
  ['payload and signature', `.${p}.${s}`],
  ['a detached payload', `${h}..${s}`],
  ['two tokens with a comma', `${good},${good}`],
  ['two tokens with a line break', `${good}\n${good}`],
  ['a JWE', `${jweHeader}..${encode('iv-iv-iv-iv-')}.${encode('ciphertext')}.${encode('tag-tag-tag-tag-')}`],
  ['flattened JSON serialization', JSON.stringify({ protected: h, payload: p, signature: s })],
  ['general JSON serialization', JSON.stringify({ payload: p, signatures: [{ protected: h, signature: s }] })],
  ['JSON serialization with dots in it', JSON.stringify({ protected: h, payload: p, signature: s, a: 'x.y.z' })],
  ['a line break after', `${good}\n`],
  ['a line break before', `\n${good}`],
  ['white space around', ` ${good} `],
  ['NUL after', `${good}\0`],
  ['a byte order mark before', `\uFEFF${good}`],
  ['in quotes', `"${good}"`],
  ['Bearer before', `Bearer ${good}`],
  ['Bearer and a comma', `Bearer ${good}, Bearer ${good}`],
  ['dots percent-encoded', good.replaceAll('.', '%2E')],
  ['full-width dots', good.replaceAll('.', '\uFF0E')],
  ['ideographic dots', good.replaceAll('.', '\u3002')],
  ['middle dots', good.replaceAll('.', '\u00B7')],
  ['a fragment after', `${good}#`],
  ['a query after', `${good}?a=b`],
  ['the token encoded again', encode(good)],
  ['the token in hex', Buffer.from(good).toString('hex')],
];

/** A token of exactly so many characters. */
function sealAtLength(signer: Signer, length: number): Sealed {
  const rest = signatureOf(signer.alg, signer.key, '').toString('base64url').length + 2;
  for (let headerPad = 0; headerPad < 4; headerPad++) {
    const header = encode(JSON.stringify(headerOf(signer)) + ' '.repeat(headerPad));
    const bytes = Math.floor(((length - rest - header.length) * 3) / 4);
    const payload = encode(JSON.stringify(claims).padEnd(bytes, ' '));
    if (header.length + payload.length + rest === length) return sealSegments(signer, header, payload);
  }
  throw new Error(`no token has ${length} characters`);
}

const limit = 'at most 65,536 characters, checked before anything is split';

export const tokenCases: TokenCase[] = [
  ...signed.flatMap(changesOf),
  ...words.map(
    ([name, token]): TokenCase => ({
      category: 5,
      name: `the text of a token: ${name}`,
      source: 'RFC 7515 §3.1, RFC 7519 §3: three segments in the compact form',
      token,
      keys: [signers.HS256.trusted],
      isSignedRight: false,
      expect: 'TOKEN_MALFORMED',
    }),
  ),
  ...[signers.HS256, signers.RS256, signers.EdDSA].flatMap((signer): TokenCase[] => [
    {
      category: 5,
      name: `${signer.alg}, 65,537 characters`,
      source: limit,
      ...sealAtLength(signer, 65_537),
      expect: 'TOKEN_MALFORMED',
    },
    {
      category: 5,
      name: `${signer.alg}, 65,536 characters`,
      source: limit,
      ...sealAtLength(signer, 65_536),
      expect: 'accept',
    },
  ]),
  {
    category: 5,
    name: 'longer than the caller allows',
    source: 'the limit is the caller’s',
    ...seal(signers.HS256),
    policy: { maxLength: good.length - 1 },
    expect: 'TOKEN_MALFORMED',
  },
  {
    category: 5,
    name: 'as long as the caller allows',
    source: 'the limit is the caller’s',
    ...seal(signers.HS256),
    policy: { maxLength: good.length },
    expect: 'accept',
  },
  ...signed.map(
    (signer): TokenCase => ({
      category: 5,
      name: `${signer.alg} with both characters of the alphabet that set it apart`,
      source: 'RFC 4648 §5',
      ...sealSegments(signer, withSpareBits(restlessHeader(signer)), withSpareBits(restless)),
      expect: 'accept',
    }),
  ),
  ...[0, 1, 2].map(
    (pad): TokenCase => ({
      category: 5,
      name: `a payload of 3n + ${bytesOf(`${JSON.stringify(claims)}${' '.repeat(pad)}`).length % 3} bytes`,
      source: 'RFC 4648 §3.2: no padding is needed for any length',
      ...seal(signers.HS256, headerOf(signers.HS256), JSON.stringify(claims) + ' '.repeat(pad)),
      expect: 'accept',
    }),
  ),
];
