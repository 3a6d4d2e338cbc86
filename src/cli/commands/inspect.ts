import type { Command } from 'commander';
import { inspectToken, lifeProblem, type TokenLife } from '../../token/inspect.js';
import { formatDistance, formatDuration, formatMoment } from '../../token/time.js';
import { readToken } from '../input.js';
import type { Context } from '../io.js';
import {
  addBatchOptions,
  addCommonOptions,
  addExamples,
  type BatchFlags,
  batchOption,
  clockOption,
  durationOption,
  excludeFromBatch,
  option,
  readInvocation,
  refuseToken,
  usage,
} from '../options.js';
import { alignColumns, noteUnverified, type Painter, painterFor, printJson } from '../output.js';

interface InspectOptions extends BatchFlags {
  minTtl?: string;
  at?: string;
  quiet?: boolean;
}

export function registerInspect(program: Command, context: Context): void {
  const { io } = context;
  const command = program
    .command('inspect')
    .description(
      'Show how much of its life a token has left; exit 14 when too little. No key is needed, nothing is verified.',
    )
    .argument('[token]', 'the token; - or a pipe for stdin')
    .addOption(option('--min-ttl <duration>', 'exit 14 unless it lives at least this long').from('JWTKIT_MIN_TTL'))
    .addOption(option('--at <moment>', 'take this for the current time'))
    .addOption(option('-q, --quiet', 'print nothing on stdout'));
  addBatchOptions(command, 'a token a line in, its life as JSON a line out');
  addCommonOptions(command);
  addExamples(command, [
    'jwtkit inspect "$TOKEN"',
    'jwtkit inspect "$TOKEN" --min-ttl 5m --quiet || TOKEN=$(jwtkit issue --sub user-123)',
  ]);
  command.action(async (argument: string | undefined) => {
    const { options, env, label } = readInvocation<InspectOptions>(command, io);
    if (options.quiet === true && options.json === true) throw usage('--quiet and --json exclude each other');
    const now = clockOption(options.at, io);
    const minTtl = durationOption(label('minTtl'), options.minTtl);
    const batch = batchOption(options);
    if (batch !== undefined) {
      refuseToken(argument);
      excludeFromBatch({ '--quiet': options.quiet });
      await noteUnverified(io, options.color, env);
      const { runBatch } = await import('../batch/run.js');
      return runBatch({ kind: 'inspect', now, minTtl }, batch, context);
    }
    const life = inspectToken(readToken(argument, io), { now });
    if (options.json === true) printJson(io, toLifeReport(life));
    else if (options.quiet !== true) {
      io.stdout.write(renderLife(life, now, await painterFor(io.stdout, options.color, env)));
    }
    const problem = lifeProblem(life, now, minTtl);
    if (problem !== undefined) throw problem;
    if (options.quiet !== true) await noteUnverified(io, options.color, env);
  });
}

/** What `inspect --json` prints, and `inspect --batch` a line: NumericDates and seconds, null where the token does not say. */
export function toLifeReport(life: TokenLife) {
  return {
    state: life.state,
    issued_at: life.issuedAt ?? null,
    active_from: life.activeFrom ?? null,
    expires_at: life.expiresAt ?? null,
    lifetime: life.lifetime ?? null,
    remaining: life.remaining ?? null,
  };
}

function renderLife(life: TokenLife, now: number, paint: Painter): string {
  const moment = (at: number | undefined, absent: string) =>
    at === undefined ? absent : `${formatMoment(at)}, ${formatDistance(at, now)}`;
  const rows = [
    ['issued', moment(life.issuedAt, 'not said')],
    ['active from', moment(life.activeFrom, 'not said')],
    ['expires', moment(life.expiresAt, 'never')],
    ['life left', renderBar(life, paint)],
  ];
  return `${alignColumns(rows).join('\n')}\n`;
}

const barWidth = 24;

function renderBar({ remaining, lifetime, state }: TokenLife, paint: Painter): string {
  if (remaining === undefined) return 'unlimited';
  const left = formatDuration(remaining);
  if (lifetime === undefined || lifetime === 0) return state === 'expired' ? 'none, expired' : left;
  const share = Math.min(1, remaining / lifetime);
  const full = remaining === 0 ? 0 : Math.max(1, Math.round(share * barWidth));
  const style = share > 0.5 ? paint.green : share > 0.15 ? paint.yellow : paint.red;
  const bar = `${style('█'.repeat(full))}${paint.dim('░'.repeat(barWidth - full))}`;
  if (state === 'expired') return `${bar} 0 %, expired`;
  return `${bar} ${Math.floor(share * 100)} %, ${left} of ${formatDuration(lifetime)}`;
}
