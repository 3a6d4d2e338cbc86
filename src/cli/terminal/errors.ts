/** Errors as a person or a script sees them on stderr. */
import { JwtkitError } from '../../errors.js';
import { toJson } from '../../jose/exact-json.js';
import { escapeText, hideTokens } from '../../shown-text.js';
import type { Painter } from './colour.js';
import { fillLines } from './fill.js';

/** Returns the error for a bad flag, argument or variable. */
export function usage(message: string, hint?: string): JwtkitError {
  return new JwtkitError('USAGE_INVALID', message, { hint });
}

/** Returns any thrown value as a JwtkitError; one that jwtkit did not throw on purpose is a bug in jwtkit. */
export function asJwtkitError(error: unknown): JwtkitError {
  if (error instanceof JwtkitError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new JwtkitError('INTERNAL', `this is a bug in jwtkit: ${message}`, {
    hint: 'please report it with the command you ran, without its secrets and tokens',
    cause: error,
  });
}

/** How an error is written. */
interface ErrorForm {
  readonly paint: Painter;
  readonly asJson: boolean;
  /** The width of a terminal, at which message and hint are broken; in a pipe each stays one line. */
  readonly width?: number | undefined;
  readonly stack?: string | undefined;
}

/** Returns an error as lines for a person, or as JSON; with the stack if one is given. */
export function renderError(error: JwtkitError, { paint, asJson, width, stack: rawStack }: ErrorForm): string {
  const { code, message, hint } = error;
  const stack = rawStack === undefined ? undefined : hideTokens(rawStack);
  if (asJson) return `${toJson({ error: { code, message, hint, stack } })}\n`;
  const lines = [`${paint.red('error:')} ${breakBehind('error:', message, width)}`];
  if (hint !== undefined) lines.push(`${paint.yellow('hint:')} ${breakBehind('hint:', hint, width)}`);
  if (stack !== undefined) lines.push(...stack.split('\n').map(escapeText));
  return `${lines.join('\n')}\n`;
}

/** Escapes a text, and breaks it between words, so that its lines stand below each other behind a label such as `hint:`. */
function breakBehind(label: string, text: string, width = 0): string {
  const shown = escapeText(text);
  const before = label.length + 1;
  return width === 0 || before + shown.length <= width
    ? shown
    : fillLines(shown, width, before, before).join('\n').trimStart();
}

/** Returns the hint of an error for what is no token, or no signed one; `tokenHint` is for the text that was given. */
export function malformedHint(
  message: string,
  { tokenHint }: { readonly tokenHint?: string | undefined },
): string | undefined {
  if (message.includes('encrypted token (JWE)'))
    return 'jwtkit decode shows its header; jwtkit decrypt, or verify --decrypt-key FILE, opens it with the private key';
  if (message.endsWith('this is a signed token (JWS), not an encrypted one'))
    return 'jwtkit verify checks it, jwtkit decode shows it';
  if (message.startsWith('token is longer than '))
    return '--max-size of verify, decode and inspect sets the longest token, such as 1MiB';
  return tokenHint;
}
