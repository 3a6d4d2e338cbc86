/** Takes the token of a command from where it is. */
import { JwtkitError } from '../../errors.js';
import { decodeBase64url } from '../../jose/base64url.js';
import { encodingOf, saveAsUtf8 } from '../../jose/text.js';
import { damagedHint, trimToken } from '../../token/decode.js';
import type { WantedToken } from '../../token/find-token.js';
import { looksLikeToken, readNamed, readSecretVariable } from '../secrets/named-file.js';
import { usage } from '../terminal/errors.js';
import type { Context, Environment, Io } from '../terminal/io.js';
import { takeStdin } from '../terminal/stdin.js';

/** Where a token comes from. */
export type TokenSource =
  | { readonly kind: 'argument'; readonly text: string }
  | { readonly kind: 'stdin'; readonly reader: string; readonly isNamed?: boolean }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'variable'; readonly name: string; readonly env: Environment };

/** The longest text that a token is looked for in, in bytes: the longest token, and room around it. */
const maxTextBytes = 16 * 1024 * 1024 + 65_536;

/**
 * A token alone, as far as its characters tell; the header of nearly every token begins with these letters. The bound matters: a
 * text of a million dots would fill the stack of the regular expression.
 */
const tokenAlone = /^ey[A-L][\w-]*(?:\.[\w-]*){2,8}$/;

/**
 * Takes a token from its source. The code that finds one in a longer text is loaded only for such a text.
 * @throws {JwtkitError} USAGE_INVALID, FILE_NOT_READABLE; TOKEN_MALFORMED for several tokens.
 */
export async function takeToken(
  source: TokenSource,
  wanted: WantedToken | undefined,
  context: Context,
): Promise<string> {
  const { io } = context;
  if (source.kind === 'stdin' && source.isNamed === false && io.stdin.isTerminal) {
    const { hintForSwallowed } = await import('../terminal/swallowed-token.js');
    throw usage('no token given', hintForSwallowed(context.argv) ?? 'pass it as the argument, or pipe it in');
  }
  const text = readText(source, io);
  const token = trimToken(text);
  if (tokenAlone.test(token) && !/\.\.\.$|^(?:[^.]+\.){3}$/.test(token)) {
    // A token that was cut mostly has bits left over in its last character.
    if (decodeBase64url(token.slice(token.lastIndexOf('.') + 1)) === undefined) context.tokenHint = damagedHint;
    return token;
  }
  const { findGivenToken } = await import('../terminal/found-token.js');
  return findGivenToken(text, { source: source.kind, wanted }, context);
}

function readText(source: TokenSource, io: Io): string {
  if (source.kind === 'argument') return source.text;
  if (source.kind === 'variable') return readSecretVariable(source.env, source.name, '--token-env', 'token');
  if (source.kind === 'file') {
    return decode(
      readNamed(source.path, '--token-file', { maxBytes: maxTextBytes, showsPath: !looksLikeToken(source.path), io }),
      'the file that --token-file names',
    );
  }
  return decode(Buffer.from(takeStdin(io, source.reader).read(maxTextBytes)), 'standard input');
}

function decode(bytes: Buffer, name: string): string {
  const encoding = encodingOf(bytes);
  if (encoding === undefined) return bytes.toString('utf8');
  throw new JwtkitError('FILE_NOT_READABLE', `${name} is ${encoding}, not UTF-8`, { hint: saveAsUtf8 });
}
