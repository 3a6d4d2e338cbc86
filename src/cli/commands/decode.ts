import type { Command } from 'commander';
import { JwtkitError } from '../../errors.js';
import { describeJson, type JsonObject, own } from '../../jose/json.js';
import { findByPath } from '../../token/claims.js';
import { decodeToken } from '../../token/decode.js';
import { formatDistance, formatMoment, isNumericDate } from '../../token/time.js';
import { readToken } from '../input.js';
import type { Context } from '../io.js';
import {
  addBatchOptions,
  addCommonOptions,
  addExamples,
  type BatchFlags,
  batchOption,
  clockOption,
  excludeFromBatch,
  option,
  readInvocation,
  refuseToken,
} from '../options.js';
import { alignColumns, noteUnverified, type Painter, painterFor, printClaim, printJson, toJson } from '../output.js';

interface DecodeOptions extends BatchFlags {
  claim?: string;
  at?: string;
}

export function registerDecode(program: Command, context: Context): void {
  const { io } = context;
  const command = program
    .command('decode')
    .description('Show what a token says. Nothing is verified: anybody may have written it.')
    .argument('[token]', 'the token; - or a pipe for stdin')
    .addOption(option('--claim <path>', 'print one claim raw: a name, a.b.0, or a JSON Pointer /a/b/0'))
    .addOption(option('--at <moment>', 'take this for the current time'));
  addBatchOptions(command, 'a token a line in, its header and claims as JSON a line out');
  addCommonOptions(command);
  addExamples(command, [
    'jwtkit decode "$TOKEN"',
    'jwtkit decode "$TOKEN" --claim sub',
    'jwtkit decode "$TOKEN" --json | jwtkit issue --claims - --ttl 1h',
  ]);
  command.action(async (argument: string | undefined) => {
    const { options, env } = readInvocation<DecodeOptions>(command, io);
    const now = clockOption(options.at, io);
    const batch = batchOption(options);
    if (batch !== undefined) {
      refuseToken(argument);
      excludeFromBatch({ '--claim': options.claim });
      await noteUnverified(io, options.color, env);
      const { runBatch } = await import('../batch/run.js');
      return runBatch({ kind: 'decode' }, batch, context);
    }
    const { header, claims } = decodeToken(readToken(argument, io));
    if (options.claim !== undefined) printClaim(io, findClaim(claims, options.claim), options.json);
    else if (options.json === true) printJson(io, { header, claims });
    else {
      const paint = await painterFor(io.stdout, options.color, env);
      io.stdout.write(renderDecoded(header, claims, now, paint));
    }
    await noteUnverified(io, options.color, env);
  });
}

/**
 * The value at a path.
 * @throws {JwtkitError} CLAIM_MISSING.
 */
export function findClaim(claims: JsonObject, path: string): unknown {
  const value = findByPath(claims, path);
  if (value === undefined) {
    throw new JwtkitError('CLAIM_MISSING', `token has no claim ${JSON.stringify(path)}`, {
      hint: 'jwtkit decode shows all of them',
    });
  }
  return value;
}

const timeClaims = ['exp', 'nbf', 'iat', 'auth_time', 'updated_at'];

function renderDecoded(header: JsonObject, claims: JsonObject, now: number, paint: Painter): string {
  const lines = [paint.bold('Header'), ...renderMembers(header, () => '', paint)];
  lines.push('', paint.bold('Claims'));
  lines.push(...renderMembers(claims, (name) => explain(name, own(claims, name), now), paint));
  return `${lines.join('\n')}\n`;
}

function renderMembers(members: JsonObject, explain: (name: string) => string, paint: Painter): string[] {
  const rows = Object.keys(members).map((name) => [
    `  ${toJson(name).slice(1, -1)}`,
    toJson(members[name]),
    explain(name),
  ]);
  if (rows.length === 0) return [paint.dim('  (none)')];
  const names = alignColumns(rows.map(([name = '']) => [name, '']));
  return rows.map(([, value = '', note = ''], at) => {
    return `${paint.cyan(names[at] ?? '')}${value}${note === '' ? '' : `  ${paint.dim(note)}`}`;
  });
}

function explain(name: string, value: unknown, now: number): string {
  if (!timeClaims.includes(name)) return '';
  if (isNumericDate(value)) return `${formatMoment(value)}, ${formatDistance(value, now)}`;
  return `not a time: ${typeof value === 'number' ? 'out of range' : describeJson(value)}`;
}
