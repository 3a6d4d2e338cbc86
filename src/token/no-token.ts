/** Why a text holds no token: what people pass instead, each with the way out. Repeats nothing of the text. */
import { fileName, printedForm, vaultReference } from '../jose/unresolved.js';
import { variableName } from '../jose/variable-name.js';
import { damagedHint } from './decode.js';
import { findToken } from './find-token.js';
import { headerOf } from './token-runs.js';

/** What a text is instead of a token, and what to do, in one sentence. */
type Kind = readonly [pattern: RegExp, hint: string];

const introspect = 'only the service that made it can check it';

const namedFile = 'this looks like the name of a file: --token-file reads a token from a file';

/** In this order. A pattern sees the text without white space around it, and at most its beginning. */
const kinds: readonly Kind[] = [
  [
    /^["']?null["']?$/,
    'the text is null, which jq prints if it found nothing: look at the name of the member, such as .access_token',
  ],
  [
    /^["']?undefined["']?$/,
    'the text is undefined, which JavaScript prints if it found nothing: look at the name of the member',
  ],
  [
    /^\[object \w+\]$/,
    'the text is what JavaScript makes of an object: pass the member that holds the token, such as access_token',
  ],
  [/^["']?None["']?$/, 'the text is None, which Python prints if it found nothing: look at the name of the member'],
  [
    /^["']?(?:nil|<nil>|NULL|NaN|true|false)["']?$/,
    'the text is an empty value of a program, not a token: look at the name of the member',
  ],
  [/^(?:""|''|\{\}|\[\])$/, 'the text is an empty value: the program before it found no token'],
  [
    /^\$(?:\w+|\{\w+\}|\(.*\)|env:\w+)$|^%\w+%$/,
    'this is the name of a variable, not its value: use double quotes, or --token-env NAME',
  ],
  [variableName, 'this is the name of a variable, not its value: nothing put the value in its place'],
  [vaultReference, 'this is a reference to a token: the program that puts the token in its place did not run'],
  [
    /^<[\w -]+>$|^\[?(?:your|my|the|insert|paste)?[-_ ]?(?:jwt|token|access[-_ ]token)(?:[-_ ]here)?\]?$/i,
    'this stands for a token in an example: put a token in its place',
  ],
  [/^(?:\.{3}|…|x{3,}|\*{3,})$/i, 'this stands for a token in an example or a log: put a token in its place'],
  [
    /^\[(?:masked|redacted|filtered|secure|hidden)\]$|^ey[\w.-]*\*{3}/i,
    'this is a token that a log hides: take it from where it was made',
  ],
  [
    /^(?:[\w.-]+=)?base64-ey/,
    'this is a session cookie of Supabase: decode what follows base64-, and take its access_token',
  ],
  [
    /^[\w+/%=-]{8,4000}--[\da-f]{16,128}$/,
    'this is a signed cookie of Rails, not a JWT: only its application can check it',
  ],
  [
    /^(?:[\w.-]{1,64}=)?(?:s%3A|s:)[\w-]{8,}|^(?:PHPSESSID|JSESSIONID|ASP\.NET_SessionId)=|^(?:[\w.-]{1,64}=)?Fe26\.2\*/i,
    'this is a session cookie, not a JWT: only its application can check it',
  ],
  [
    /^base64url\.bearer\.authorization\.k8s\.io\./,
    'this is a subprotocol of a WebSocket of Kubernetes: decode what follows k8s.io. with base64 -d',
  ],
  [
    /^[\w-]{1,32}\.eyJ[\w-]+\.eyJ/,
    'a word stands before the token, as in a subprotocol of a WebSocket: pass what begins with ey',
  ],
  [/^ey[\w.-]*(?:\u2026|\.{3})/, 'a program shortened the token to show it: take it from where it was made'],
  [/^y?J[\w-]{8,}\.eyJ/, 'its beginning is missing: a token begins with ey; copy all of it from its source'],
  [/^ey[\w-]+[\uff0e\u3002\uff61\u2024\u00b7]ey/, 'its dots are other characters that look so: copy the token anew'],
  [
    /^eyj[a-z\d_-]{8,}\.eyj[a-z\d_-]+\.[a-z\d_-]+$|^EYJ[A-Z\d_-]{8,}\.EYJ[A-Z\d_-]+\.[A-Z\d_-]+$/,
    'all its letters are of one case, so a program changed them: take the token from where it was made',
  ],
  [
    /^<[\s\S]*BinarySecurityToken[^<>]*>\s*ZXlK/,
    'the token is in base64 between the tags: take that value out, and decode it with base64 -d',
  ],
  [
    /^[{[A-Za-z][\s\S]*["':\s]ZXlK[\w+/]{20}/,
    'the token is in base64 among other values: take that value out, and decode it with base64 -d',
  ],
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
  [/^["'`]?v[1-4]\.(?:local|public)\./, 'this is a PASETO, not a JWT'],
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
  [fileName, namedFile],
  [
    /^[^\s"'{}<>]{0,200}[/\\][^\s"'{}<>]{0,200}\.\w{1,8}$|^[\w.-]{1,200}\.(?:jwt|jws|jwe|txt|json|pem|key|env|log)$/,
    namedFile,
  ],
];

/** How much of a text the patterns see, in characters. */
const mostShown = 4096;

/** Returns a hint for a text that holds no token; undefined if it looks like nothing in particular. */
export function explainNoToken(text: string): string | undefined {
  const plain = text
    .replace(/^[\s\ufeff\u200b]+/, '')
    .slice(0, mostShown)
    .trimEnd();
  // A program without a token writes `Bearer null`.
  const bare = plain.replace(/^(?:authorization:\s*)?bearer:?\s+(?=\S)/i, '');
  if (printedForm(bare) === 'object') {
    return 'this is an object as a program prints it: pass the member that holds the token, once it has arrived (await)';
  }
  for (const shown of new Set([plain, bare])) {
    const kind = kinds.find(([pattern]) => pattern.test(shown));
    if (kind !== undefined) return kind[1];
  }
  if (printedForm(bare) === 'answer' || status.test(bare)) {
    return 'this is what a program printed instead of a token: run it again, and read its message';
  }
  const [first = ''] = bare.split(/[.:]/, 1);
  if (/^\.?[\w-]+(?:[.:][\w-]+){2}$/.test(bare) && /^ey/.test(first) && headerOf(`${first}.`) === undefined) {
    return 'its first part is no header with alg: this is another kind of signed value, such as a session cookie, not a JWT';
  }
  if (gluedBefore.test(plain)) return 'something stands right before the token: pass what begins with ey, without it';
  const whole = text.trim().replace(/^(["'`])(.*)\1$/s, '$2');
  if (isEncodedToken(whole)) {
    return 'this is base64 of a token: decode it first, such as with base64 -d';
  }
  if (isEncodedToken(Buffer.from(whole.slice(0, longestEncoded), 'base64').toString('latin1'))) {
    return 'this is base64 of base64 of a token: decode it twice, such as with base64 -d | base64 -d';
  }
  if (/^(?:[\da-f]{2}){20,}$/i.test(plain) && findToken(Buffer.from(plain, 'hex').toString('latin1')).kind !== 'none') {
    return 'this is a token in hexadecimal: decode it first, such as with xxd -r -p';
  }
  if (
    /^(?:bearer\s+)?ey[\w-]+[\w.=+/-]*$/i.test(plain) &&
    headerOf(plain.replace(/^bearer\s+/i, '').replace(/=*(?:\.|$)/, '.')) !== undefined
  ) {
    return damagedHint;
  }
  const part = explainPart(bare);
  if (part !== undefined) return part;
  if (/^[\da-f]{32,}$/i.test(plain))
    return `this is hexadecimal, such as a hash or an opaque token, not a JWT: ${introspect}`;
  if (/^[\w~+/-]{20,}=*$/.test(plain)) return `this is an opaque token or a secret, not a JWT: ${introspect}`;
  return undefined;
}

/** The reason phrases of failed requests (RFC 9110 §15), which services answer as text. */
const status =
  /^(?:\d{3} )?(?:Unauthorized|Forbidden|Not Found|Bad Request|Method Not Allowed|Too Many Requests|Internal Server Error|Bad Gateway|Service Unavailable|Gateway Timeout)\.?$/i;

/** A token behind a sign or a word that is no part of it. */
const gluedBefore = /^[^\s.]{1,16}?eyJ[\w-]{8,}\.eyJ[\w-]+\.[\w-]/;

/** Returns a hint for one segment of a token, whole or cut: JSON in base64url. */
function explainPart(text: string): string | undefined {
  if (!/^eyJ[\w-]{8,}$/.test(text)) return undefined;
  const json = Buffer.from(text, 'base64url').toString();
  try {
    JSON.parse(json);
    return 'this is JSON in base64url, such as one part of a token: pass all of its parts, header.payload.signature';
  } catch {
    return /^\{"(?:alg|typ|kid|enc|cty|x5t|jku|crit)"/.test(json) ? damagedHint : undefined;
  }
}

/** The longest text that is decoded to see whether it is base64 of a token, in characters. */
const longestEncoded = 1_048_576;

function isEncodedToken(text: string): boolean {
  if (text.length > longestEncoded || !/^[\w+/-][\w+/\s-]{20,}={0,2}$/.test(text)) return false;
  return findToken(Buffer.from(text, 'base64').toString('latin1')).kind !== 'none';
}

/** The hint for a token whose signature goes on elsewhere. */
export const splitHint = 'a program cut or split the token: join all of its parts, without anything between them';

/** A whole JWT, and what is glued to it. */
const gluedToken = /^ey[\w-]+\.ey[\w-]+\.[\w-]{22,}([^\w-][\s\S]*)$/;

/** Returns a hint for a text that begins like a token and is none, such as one that was cut or copied with a dot behind it. */
export function explainDamage(token: string): string {
  if (/^ey[\w+/-]+\.[\w+/-]+\.[\w+/-]{22,}={0,2}$/.test(token) && /[+/]/.test(token))
    return 'its parts are in base64, not in base64url: write - for + and _ for /';
  const rest = gluedToken.exec(token)?.[1];
  if (rest === undefined) return damagedHint;
  if (/^~[\w.~-]*$/.test(rest))
    return 'this is an SD-JWT: pass what stands before its first ~; the disclosures behind it are not checked';
  // Pieces with something between them; a line end of ASCII or a quote is never glued to a token otherwise.
  if (/^[\s"'`+\\<]+/.test(rest) && /[\w-]$/.test(rest) && !/^\\[^\s]/.test(rest)) return splitHint;
  // The signature goes on behind a dash or a backslash of another program; what else is glued to a token begins with a sign of ASCII.
  if (/^(?:\\|[^\0-\x7f\s])[\w-]{4}/u.test(rest)) {
    const code = (rest.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0');
    return `the signature contains U+${code}, which no token has: copy it again from its source`;
  }
  return 'what stands behind the signature is no part of a token: copy the token without it';
}
