import { rulesPage } from '../../../lint/page.js';
import { rules } from '../../../lint/rules.js';
import type { Invocation } from '../../grammar/invocation.js';
import { painterFor } from '../../terminal/colour.js';
import { columnsOf } from '../../terminal/columns.js';
import { usage } from '../../terminal/errors.js';
import { fillLines } from '../../terminal/fill.js';
import type { Io } from '../../terminal/io.js';
import type { LintOptions } from './options.js';

/** Returns the rules as text, as JSON, or as the Markdown of docs/lint.md. */
export async function listRules({ options, env }: Invocation<LintOptions>, io: Io): Promise<string> {
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
  const { bold, red, yellow, dim } = await painterFor(io.stdout, options.color, env);
  const styles = { error: red, warning: yellow, note: dim };
  const lines = rules.flatMap(({ id, level, means }) => [
    `${bold(id)}  ${styles[level](level)}`,
    ...fillLines(means, width, 2, 2),
  ]);
  return `${lines.join('\n')}\n`;
}
