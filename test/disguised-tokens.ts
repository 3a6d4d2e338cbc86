/** Tokens as they end in the wrong place: as they are, encoded, stuck to other words, cut, damaged. */
import { createHmac, randomBytes } from 'node:crypto';
import { encodeBase64url } from '../src/jose/base64url.js';

function tokenOf(header: string, claims = '{"sub":"user-1","exp":1}'): string {
  const input = `${encodeBase64url(header)}.${encodeBase64url(claims)}`;
  return `${input}.${createHmac('sha256', 'k').update(input).digest('base64url')}`;
}

const token = tokenOf('{"alg":"HS256","typ":"JWT"}');
const [header = '', payload = '', signature = ''] = token.split('.');
const encodeAll = (text: string) => [...text].map((char) => `%${char.charCodeAt(0).toString(16)}`).join('');

/** What must appear nowhere: the parts that make a token good, of the token that most disguises hold. */
const secretParts = [payload, signature];

/** By what was done to the token. Each is one word, which a shell and a path can hold. */
export const disguisedTokens: Readonly<Record<string, string>> = {
  'as it is': token,
  'its dots encoded': token.replaceAll('.', '%2E'),
  'its dots encoded twice': token.replaceAll('.', '%252e'),
  'its dots encoded five times': token.replaceAll('.', '%252525252E'),
  'all of it encoded': encodeAll(token),
  'all of it encoded twice': encodeAll(encodeAll(token)),
  'after an underscore': `token_${token}`,
  'after a letter': `x${token}`,
  'after a long word': `${'a'.repeat(37)}${token}`,
  'after a dash': `--access-token-${token}`,
  'after an equals sign': `--access-token=${token}`,
  'after other parts': `backup.old.${token}`,
  'in a path': `/a/b/${token}/c`,
  'in a path, encoded': `/auth/x/${token.replaceAll('.', '%2E')}`,
  'in a query': `https://host.example/?t=${token}&u=1`,
  'its header begins with a line end': tokenOf('{\n  "alg": "HS256"\n}'),
  'its header begins with a tab': tokenOf('{\t"alg":"HS256"}'),
  'its header begins with many spaces': tokenOf(`{${' '.repeat(70)}"alg":"HS256"}`),
  'white space before its header': tokenOf('\r\n {"alg":"HS256"}'),
  'without its first character': token.slice(1),
  'without half of its header': token.slice(20),
  'its header damaged': `AAAAAAAAAAAAAAAAAAAA.${payload}.${signature}`,
  'its header and payload damaged': `AAAAAAAAAAAAAAAAAAAA.BBBBBBBB.${signature}`,
  'slashes between its parts': `${header}/${payload}/${signature}`,
  'commas between its parts': `${header}%2C${payload}%2C${signature}`,
  'tildes between its parts': `${header}~${payload}~${signature}`,
  'colons between its parts': `${header}:${payload}:${signature}`,
  'spaces around its dots': `${header}%20.%20${payload}%20.%20${signature}`,
  'in lines of 64': token.replace(/.{64}/g, '$&%0A'),
  'in lines of 20': token.replace(/.{20}/g, '$&%0D%0A'),
  'its payload alone': payload,
  'its payload in a path': `/a/${payload}/b`,
  'its payload and signature': `${payload}/${signature}`,
  'its end': `${payload.slice(-12)}.${signature}`,
  'without a signature': `${header}.${payload}.`,
  'without its third part': `${header}.${payload}`,
  'with padding': `${header}=.${payload}==.${signature}=`,
  'cut in its payload': `${header}.${payload.slice(0, 12)}`,
  'encrypted (JWE)': [header, encodeBase64url(randomBytes(32)), 'AAAAAAAAAAAAAAAA', payload, signature].join('.'),
  'encrypted directly (JWE)': [header, '', 'AAAAAAAAAAAAAAAA', payload, signature].join('.'),
};

/** A text with every percent-encoding undone, so that none hides what is looked for. */
export function undoPercent(text: string): string {
  const once = text.replace(/%([0-9a-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  return once === text ? text : undoPercent(once);
}

/** The parts of a disguised token that a text still holds, but for its header, which is no secret. */
export function leakedParts(text: string, disguised: string): string[] {
  const shown = undoPercent(text);
  const parts = undoPercent(disguised)
    .split(/[^\w-]+/)
    .filter((part) => part !== header)
    .filter((part) => /^(?:eyJ[\w-]{12}|[\w-]{40})/.test(part) || secretParts.includes(part));
  return [...parts, ...secretParts].filter((part) => shown.includes(part.slice(-40)));
}
