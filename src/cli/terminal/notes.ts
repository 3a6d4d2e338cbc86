/** Notes on stderr: facts that a person should know beside the result. */

import { toJson } from '../../jose/exact-json.js';
import { escapeText } from '../../shown-text.js';
import type { FetchedKeys } from '../../token/key-source.js';
import { formatDuration } from '../../token/time.js';
import { type ColorMode, painterFor } from './colour.js';
import type { Environment, Io } from './io.js';

/** The options that say how notes are written. */
export interface NoteOptions {
  readonly json?: boolean;
  readonly quiet?: boolean;
}

/** Writes a note: as JSON where the command prints JSON. A quiet command writes none. */
export function sayNote({ json, quiet }: NoteOptions, io: Io, text: string): void {
  if (quiet === true) return;
  io.stderr.write(json === true ? noteAsJson(text) : `note: ${escapeText(text)}\n`);
}

function noteAsJson(message: string): string {
  return `${toJson({ note: { message } })}\n`;
}

/** As {@link sayNote}, in colour. */
export async function paintNote(
  io: Io,
  options: NoteOptions & { readonly color: ColorMode },
  env: Environment,
  text: string,
): Promise<void> {
  if (options.json === true || options.quiet === true) return sayNote(options, io, text);
  const paint = await painterFor(io.stderr, options.color, env);
  io.stderr.write(`${paint.yellow('note:')} ${escapeText(text)}\n`);
}

/** Notes that anybody may have written what was shown. */
export function noteUnverified(
  io: Io,
  options: NoteOptions & { readonly color: ColorMode },
  env: Environment,
): Promise<void> {
  return paintNote(io, options, env, 'signature not verified');
}

/** Notes that keys are older than their server allows, or why newer ones could not be fetched. */
export async function noteStaleKeys(
  fetched: FetchedKeys | undefined,
  options: NoteOptions & { readonly color: ColorMode },
  env: Environment,
  io: Io,
) {
  if (fetched === undefined || (!fetched.stale && fetched.problem === undefined)) return;
  const { url, age, problem } = fetched;
  const reason = problem === undefined ? '' : `; ${problem}`;
  await paintNote(io, options, env, `keys of ${url} are ${formatDuration(age)} old${reason}`);
}
