import type { Command } from 'commander';
import { decodeToken } from '../../token/decode.js';
import { lifeProblem, lifeReport, readLife, type TokenLife } from '../../token/inspect.js';
import { formatDuration } from '../../token/time.js';
import { addBatchOptions, type BatchFlags, batchClock, excludeFromBatch, readBatch } from '../grammar/batch-options.js';
import { readInvocation } from '../grammar/invocation.js';
import { type Flags, option, type Texts } from '../grammar/option.js';
import { addCommonOptions, atOption } from '../grammar/shared-options.js';
import {
  addTokenOptions,
  longestToken,
  maxSizeOption,
  readMaxSize,
  readToken,
  readTokenArgument,
  type TokenFlags,
  tokenFlagOf,
} from '../grammar/token-options.js';
import { readClock, readDuration } from '../grammar/values.js';
import { type Painter, painterFor } from '../terminal/colour.js';
import { usage } from '../terminal/errors.js';
import type { Context } from '../terminal/io.js';
import { noteUnverified } from '../terminal/notes.js';
import { alignColumns, printJson, showMoment } from '../terminal/output.js';
import { drawBar } from '../terminal/progress.js';

type InspectOptions = BatchFlags & TokenFlags & Texts<'minTtl' | 'at' | 'maxSize'> & Flags<'quiet'>;

export function registerInspect(program: Command, context: Context): void {
  const { io } = context;
  const command = program
    .command('inspect')
    .description('Show how long a token still lives. Needs no key and verifies nothing. Exits 14 if it has expired.')
    .addOption(option('--min-ttl <duration>', 'exit 14 if it lives less than this').once().from('JWTKIT_MIN_TTL'))
    .addOption(atOption())
    .addOption(option('-q, --quiet', 'print nothing; the exit code is the verdict'));
  addTokenOptions(command).addOption(maxSizeOption('16MiB'));
  addBatchOptions(command, 'a token a line in, its life as JSON a line out');
  addCommonOptions(command, [
    'jwtkit inspect "$TOKEN"',
    'jwtkit inspect "$TOKEN" --min-ttl 5m --quiet || TOKEN=$(jwtkit issue --sub user-123)',
  ]);
  command.action(async () => {
    const argument = readTokenArgument(command);
    const invocation = readInvocation<InspectOptions>(command);
    const { options, env, label } = invocation;
    if (options.quiet === true && options.json === true) throw usage('--quiet and --json exclude each other');
    const minTtl = readDuration(label('minTtl'), options.minTtl);
    const batch = readBatch(options, argument ?? tokenFlagOf(options));
    if (batch !== undefined) {
      const now = readClock(options.at, io);
      excludeFromBatch({ '--quiet': options.quiet, '--max-size': options.maxSize });
      noteUnverified(io);
      const { runBatch } = await import('../terminal/batch.js');
      return runBatch({ kind: 'inspect', minTtl }, { ...batch, now: batchClock(options.at, now, io) }, context);
    }
    const maxLength = readMaxSize(options.maxSize, longestToken);
    const token = await readToken(argument, invocation, 'access', context);
    if (token.split('.', 6).length === 5 || /^\s*\{/.test(token)) {
      (await import('../grammar/keys/needed-key.js')).noteNeededKey(token, env, io);
    }
    const decoded = decodeToken(token, { maxLength });
    const now = readClock(options.at, io);
    const life = readLife(decoded.claims, decoded.claimsText, now);
    if (options.json === true) printJson(io, lifeReport(life, decoded));
    else if (options.quiet !== true) {
      io.stdout.write(renderLife(life, now, await painterFor(io.stdout, options.color, env)));
    }
    const problem = lifeProblem(life, now, minTtl);
    if (problem !== undefined) throw problem;
    noteUnverified(io);
  });
}

function renderLife(life: TokenLife, now: number, paint: Painter): string {
  const moment = (at: number | undefined, absent: string) => (at === undefined ? absent : showMoment(at, now));
  const rows = [
    ['issued', moment(life.issuedAt, 'not said')],
    [
      'active from',
      `${moment(life.activeFrom, 'not said')}${life.state === 'not-yet-active' ? ': not yet active' : ''}`,
    ],
    ['expires', moment(life.expiresAt, 'never')],
    ['life left', renderBar(life, paint)],
  ];
  return `${alignColumns(rows).join('\n')}\n`;
}

function renderBar({ remaining, lifetime, state }: TokenLife, paint: Painter): string {
  if (remaining === undefined) return 'unlimited';
  const left = formatDuration(remaining);
  if (lifetime === undefined || lifetime === 0) return state === 'expired' ? 'none, expired' : left;
  const share = Math.min(1, remaining / lifetime);
  const style = share > 0.5 ? paint.green : share > 0.15 ? paint.yellow : paint.red;
  const bar = drawBar(share, style, paint.dim);
  if (state === 'expired') return `${bar} 0 %, expired`;
  if (state === 'not-yet-active') return `${bar} 100 %, ${formatDuration(lifetime)} once active`;
  return `${bar} ${Math.floor(share * 100)} %, ${left} of ${formatDuration(lifetime)}`;
}
