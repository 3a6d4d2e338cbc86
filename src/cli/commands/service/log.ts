/** Where the service writes its log, and how: for people on a terminal, else as JSON. */
import type { LogOutput } from '../../../server/processes/log-output.js';
import type { Invocation } from '../../grammar/invocation.js';
import { painterFor } from '../../terminal/colour.js';
import type { Io } from '../../terminal/io.js';
import { logAsText } from './log-text.js';
import type { ServeOptions } from './options.js';

/** Opens the log on stdout. */
export async function openLog({ options, env }: Invocation<ServeOptions>, io: Io): Promise<LogOutput> {
  const { logFormat = options.json !== true && io.stdout.isTerminal ? 'text' : 'json' } = options;
  const show = logFormat === 'json' ? undefined : logAsText(await painterFor(io.stdout, options.color, env));
  // A buffer, unless a test brings its own stdout.
  if (io.openLog !== undefined) return io.openLog({ note: io.note, show });
  return { write: (line) => io.stdout.write(show?.(line) ?? line), end: async () => {} };
}
