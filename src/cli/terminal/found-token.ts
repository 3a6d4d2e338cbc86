/** The token in a text that is more than a token, or a hint about a text without one. */
import { JwtkitError } from '../../errors.js';
import { mayExist } from '../../files/read-file.js';
import { trimToken } from '../../token/decode.js';
import { findToken, type WantedToken } from '../../token/find-token.js';
import { explainDamage, explainNoToken, splitHint } from '../../token/no-token.js';
import type { Context } from './io.js';
import { hintForSwallowed, tokenShape } from './swallowed-token.js';
import { findVariable } from './variables.js';

type TokenOrigin = 'argument' | 'stdin' | 'file' | 'variable';

/** What is known beside the text. */
interface Given {
  readonly source: TokenOrigin;
  readonly wanted: WantedToken | undefined;
}

/**
 * Returns the token in a text, and says in a note where it was. A text without one comes back as it is, for the strict parser
 * to refuse; the context then has a hint.
 * @throws {JwtkitError} TOKEN_MALFORMED for several tokens.
 */
export function findGivenToken(text: string, { source, wanted }: Given, context: Context): string {
  const given = trimToken(text);
  const found = findToken(text, wanted);
  switch (found.kind) {
    case 'one': {
      const { token, isWhole, place } = found;
      if (!isWhole) context.tokenHint = explainDamage(token);
      if (!isWhole && isCut(token)) {
        throw new JwtkitError('TOKEN_MALFORMED', `the token ${place} is a part of a token`, { hint: splitHint });
      }
      // A text that begins like a token and is damaged is judged as a whole.
      if (token === given || (!isWhole && given.startsWith(token))) return given;
      context.io.note(`the token was found ${place}`);
      return token;
    }
    case 'refresh':
      throw new JwtkitError('TOKEN_MALFORMED', 'the only token in the text is a refresh token, by its name', {
        hint: 'pass --type refresh to check it; an access token beside it may be opaque',
      });
    case 'several':
      throw severalTokens(found.count, found.names, wanted);
    case 'none':
      context.tokenHint = given === '' ? hintOfNothing(source, context) : hintOf(text, source, context);
      return given;
  }
}

/** Whether a token that is not whole has nothing glued to it: the strict parser would take it for whole. */
function isCut(token: string): boolean {
  return /^[\w-]+\.[\w-]*\.[\w-]*(?:\.[\w-]*\.[\w-]*)?$/.test(token);
}

const usualHint = 'pass it as the argument, or pipe it in; a variable of your shell may not be set';
const emptyHints: Readonly<Record<TokenOrigin, string>> = {
  argument: usualHint,
  stdin: 'standard input is empty: the program before the pipe printed nothing',
  file: 'the file that --token-file names is empty',
  variable: 'the variable that --token-env names holds no token',
};

function hintOfNothing(source: TokenOrigin, { argv }: Context): string {
  return (source === 'stdin' ? hintForSwallowed(argv) : undefined) ?? emptyHints[source];
}

function severalTokens(count: number, names: readonly string[], wanted: WantedToken | undefined): JwtkitError {
  const places = names.length === 0 ? '' : `, at ${names.join(', ')}`;
  const one = wanted === undefined ? 'pass the one that you mean' : 'pass one of them, or one a line with --batch';
  return new JwtkitError('TOKEN_MALFORMED', `the text holds ${count} tokens${places}`, { hint: one });
}

/** A longer text is not the name of a file. */
const longestName = 255;

function hintOf(text: string, source: TokenOrigin, { io }: Context): string | undefined {
  const name = text.trim();
  const mayBeName = source === 'argument' && name.length <= longestName && /^[^\n\0]+$/.test(name);
  // curl and others write the name of a file behind an @.
  if (mayBeName && mayExist(name.replace(/^@/, '')))
    return 'this is the name of a file: --token-file reads the token from the file';
  if (source === 'argument' && name === 'help') return 'for help, write --help';
  if (source === 'argument' && /^[A-Za-z_]\w*$/.test(name) && tokenShape.test(findVariable(io.env, name)?.trim() ?? ''))
    return `this is the name of a variable that holds a token: --token-env ${name}`;
  return explainNoToken(text);
}
