/** Why a text holds no token: what people pass instead, each with the way out. Repeats nothing of the text. */
import { findToken } from './find-token.js';
import { headerOf } from './token-runs.js';

/** What a text is instead of a token, and what to do, in one sentence. */
type Kind = readonly [pattern: RegExp, hint: string];

const introspect = 'only the service that made it can check it';

/** In this order. A pattern sees the text without white space around it, and at most its beginning. */
const kinds: readonly Kind[] = [
  [
    /^["']?null["']?$/,
    'the text is null, which jq prints if it found nothing: look at the name of the member, such as .access_token',
  ],
  [
    /^["']?undefined["']?$|^\[object Object\]$/,
    'the text is undefined, which JavaScript prints if it found nothing: look at the name of the member',
  ],
  [/^["']?None["']?$/, 'the text is None, which Python prints if it found nothing: look at the name of the member'],
  [
    /^["']?(?:nil|<nil>|NULL|NaN|true|false)["']?$/,
    'the text is an empty value of a program, not a token: look at the name of the member',
  ],
  [/^(?:""|''|\{\}|\[\])$/, 'the text is an empty value: the program before it found no token'],
  [
    /^\$(?:\w+|\{\w+\}|\(.*\)|env:\w+)$|^%\w+%$|^\$\{\{.*\}\}$|^\{\{.*\}\}$/,
    'this is the name of a variable, not its value: use double quotes, or --token-env NAME',
  ],
  [
    /^<[\w -]+>$|^\[?(?:your|my|the|insert|paste)?[-_ ]?(?:jwt|token|access[-_ ]token)(?:[-_ ]here)?\]?$/i,
    'this stands for a token in an example: put a token in its place',
  ],
  [/^(?:\.{3}|…|x{3,}|\*{3,})$/i, 'this stands for a token in an example or a log: put a token in its place'],
  [/^-----BEGIN/, 'this is a PEM file, such as a key or a certificate: --key takes one, and a token is needed too'],
  [/^ssh-|^ecdsa-sha2-/, 'this is an SSH key, not a token'],
  [/^(?:authorization:\s*)?basic\s/i, 'this is a name and a password (Basic), not a token (Bearer)'],
  [
    /^(?:authorization:?\s*)?(?:bearer|token):?$/i,
    'the token is missing behind the word Bearer: a variable of your shell may not be set',
  ],
  [
    /^<(?:!doctype html|html|head|body)/i,
    'this is a web page, not a token: the address may have answered with an error or a login page',
  ],
  [
    /^<[\w-]*:?(?:Response|Assertion|EncryptedAssertion)\b|^(?:PHNhbWw|PD94bWw|PFJlc3Bv|PHNhbWxw)/,
    'this is SAML, not a JWT',
  ],
  [/^<\??[\w!]/, 'this is XML or HTML without a token in it'],
  [/^v[1-4]\.(?:local|public)\./, 'this is a PASETO, not a JWT'],
  [/^(?:gh[oprsu]_|github_pat_)/, `this is a token of GitHub, not a JWT: ${introspect}`],
  [/^(?:ya29\.|1\/\/0)/, `this is an opaque token of Google, not a JWT: ${introspect}; look for its id_token`],
  [
    /^(?:sk[-_]|pk[-_]|rk_|xox[a-z]-|glpat-|npm_|AKIA|AIza|SG\.|pypi-|dop_v1_|hvs\.|shpat_|lin_api_)/,
    `this looks like an API key, not a JWT: ${introspect}`,
  ],
  [/^HTTP\/\d/, 'this is an answer without a token in it: look at its status and its body'],
  [/^\{[\s\S]*"kty"\s*:/, 'this is a key (JWK), not a token: --key takes it'],
  [
    /^\{[\s\S]*"(?:error|errors|message)"\s*:/,
    'this is an answer with an error, and without a token: read its message',
  ],
  [/^\{[\s\S]*"(?:payload|protected|ciphertext)"\s*:/, 'a JWT is in the compact form: header.payload.signature'],
  [/^[{[]/, 'this is JSON without a token in it'],
  [/^(?:https?|file):\/\/\S+$/i, 'this is an address without a token in it: fetch it first'],
  [
    /^[^\s"'{}<>]{0,200}[/\\][^\s"'{}<>]{0,200}\.\w{1,8}$|^[\w.-]{1,200}\.(?:jwt|jws|jwe|txt|json|pem|key|env|log)$/,
    'this looks like the name of a file: --token-file reads a token from a file',
  ],
];

/** How much of a text the patterns see, in characters. */
const seen = 4096;

/** Returns a hint for a text that holds no token; undefined if it looks like nothing in particular. */
export function explainNoToken(text: string): string | undefined {
  const plain = text
    .replace(/^[\s\ufeff\u200b]+/, '')
    .slice(0, seen)
    .trimEnd();
  // A program without a token writes `Bearer null`.
  const bare = plain.replace(/^(?:authorization:\s*)?bearer:?\s+(?=\S)/i, '');
  for (const text of new Set([plain, bare])) {
    for (const [pattern, hint] of kinds) if (pattern.test(text)) return hint;
  }
  const whole = text.trim();
  if (isEncodedToken(whole)) {
    return 'this is base64 of a token: decode it first, such as with base64 -d';
  }
  if (
    /^(?:bearer\s+)?ey[\w-]+[\w.=+/-]*$/i.test(plain) &&
    headerOf(plain.replace(/^bearer\s+/i, '').replace(/=*(?:\.|$)/, '.')) !== undefined
  ) {
    return 'the token is damaged: jwtkit decode shows what can be read of it';
  }
  if (/^[\da-f]{32,}$/i.test(plain))
    return `this is hexadecimal, such as a hash or an opaque token, not a JWT: ${introspect}`;
  if (/^[\w~+/-]{20,}=*$/.test(plain)) return `this is an opaque token or a secret, not a JWT: ${introspect}`;
  return undefined;
}

/** The longest text that is decoded to see whether it is base64 of a token, in characters. */
const longestEncoded = 1_048_576;

function isEncodedToken(text: string): boolean {
  if (text.length > longestEncoded || !/^[\w+/-][\w+/\s-]{20,}={0,2}$/.test(text)) return false;
  return findToken(Buffer.from(text, 'base64').toString('latin1')).kind === 'one';
}
