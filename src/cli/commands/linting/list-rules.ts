import { rulesPage } from '../../../lint/page.js';
import { rules } from '../../../lint/rules.js';
import type { Invocation } from '../../grammar/invocation.js';
import { columnsOf } from '../../terminal/columns.js';
import { usage } from '../../terminal/errors.js';
import type { Io } from '../../terminal/io.js';
import { fillLines } from '../../terminal/wrap.js';
import type { LintOptions } from './options.js';

/** Returns the rules as text, as JSON, or as the Markdown of docs/lint.md. */
export function listRules({ options }: Invocation<LintOptions>, io: Io): string {
  const format = options.json === true ? 'json' : (options.format ?? 'text');
  if (format === 'markdown') return rulesPage();
  if (format === 'json') {
    const shown = rules.map(({ id, level, means, help, source, bad, good }) => {
      return { id, level, means, help, source, bad: bad.shown, good: good.shown };
    });
    return `${JSON.stringify(shown, null, io.stdout.isTerminal ? 2 : undefined)}\n`;
  }
  if (format !== 'text') throw usage('--list-rules prints text, json or markdown');
  const width = columnsOf(io);
  const lines = rules.flatMap(({ id, level, means }) => [`${id}  ${level}`, ...fillLines(means, width, 2, 2)]);
  return `${lines.join('\n')}\n`;
}
