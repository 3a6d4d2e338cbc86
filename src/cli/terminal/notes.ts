/** What a command says on stderr: notes, and what it has done. The only place that knows how either is written. */
import { toJson } from '../../jose/exact-json.js';
import { escapeText } from '../../shown-text.js';
import type { FetchedKeys } from '../../token/key-source.js';
import { formatDuration } from '../../token/time.js';
import { type ColorMode, wantsColor } from './colour.js';
import type { Environment, Io, Output } from './io.js';

/** How a command speaks, by its options. */
export interface Manner {
  readonly asJson?: boolean | undefined;
  readonly color?: ColorMode | undefined;
}

/** Returns `note` and `say` for stderr. `--json` makes each of them a JSON line. */
export function speakTo(stderr: Output, env: Environment, manner: Manner): Pick<Io, 'note' | 'say'> {
  const asJson = (message: string) => `${toJson({ note: { message } })}\n`;
  return {
    note: (text) => {
      // The sequences that chalk writes; chalk would have to be loaded first.
      const mark = wantsColor(stderr, manner.color ?? 'auto', env) ? '\x1b[33mnote:\x1b[39m' : 'note:';
      stderr.write(manner.asJson === true ? asJson(text) : `${mark} ${escapeText(text)}\n`);
    },
    say: (text) => {
      const lines = [text].flat();
      stderr.write(manner.asJson === true ? asJson(lines.join('\n')) : `${lines.map(escapeText).join('\n')}\n`);
    },
  };
}

/** Notes that anybody may have written what was shown. */
export function noteUnverified({ note }: Io): void {
  note('signature not verified');
}

/** Notes that keys are older than their server allows, or why newer ones could not be fetched. */
export function noteStaleKeys(fetched: FetchedKeys | undefined, { note }: Io): void {
  if (fetched === undefined || (!fetched.stale && fetched.problem === undefined)) return;
  const { url, age, problem } = fetched;
  const reason = problem === undefined ? '' : `; ${problem}`;
  note(`keys of ${url} are ${formatDuration(age)} old${reason}`);
}
