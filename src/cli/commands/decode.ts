import type { Command } from 'commander';
import { JwtkitError } from '../../errors.js';
import { isJsonNumber } from '../../jose/decimal.js';
import { toJson } from '../../jose/exact-json.js';
import { describeJson, type JsonObject } from '../../jose/json.js';
import { escapeText } from '../../shown-text.js';
import { findClaim } from '../../token/claim-path.js';
import { type DecodedToken, damagedHint, decodeToken, exactMembers } from '../../token/decode.js';
import { isNumericDate } from '../../token/time.js';
import { addBatchOptions, type BatchFlags, excludeFromBatch, readBatch } from '../grammar/batch-options.js';
import { readInvocation } from '../grammar/invocation.js';
import { option, type Texts } from '../grammar/option.js';
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
import { readClock } from '../grammar/values.js';
import { type Painter, painterFor } from '../terminal/colour.js';
import type { Context } from '../terminal/io.js';
import { noteUnverified } from '../terminal/notes.js';
import { alignColumns, printClaim, printJson, showMoment } from '../terminal/output.js';

export function registerDecode(program: Command, context: Context): void {
  const { io } = context;
  const command = program
    .command('decode')
    .description('Show the header and the claims of a token. Verifies nothing: anybody may have written them.')
    .addOption(option('--claim <path>', 'print one claim raw: a name, a.b.0, or a JSON Pointer /a/b/0'))
    .addOption(atOption());
  addTokenOptions(command).addOption(maxSizeOption('16MiB'));
  addBatchOptions(command, 'a token a line in, its header and claims as JSON a line out');
  addCommonOptions(command, [
    'jwtkit decode "$TOKEN"',
    'jwtkit decode "$TOKEN" --claim sub',
    'jwtkit decode "$TOKEN" --json | jwtkit issue --claims - --ttl 1h',
  ]);
  command.action(async () => {
    const argument = readTokenArgument(command);
    const invocation = readInvocation<BatchFlags & TokenFlags & Texts<'claim' | 'at' | 'maxSize'>>(command);
    const { options, env } = invocation;
    const batch = readBatch(options, argument ?? tokenFlagOf(options));
    if (batch !== undefined) {
      excludeFromBatch({ '--claim': options.claim, '--max-size': options.maxSize });
      noteUnverified(io);
      const { runBatch } = await import('../terminal/batch.js');
      return runBatch({ kind: 'decode' }, { ...batch, now: io.now }, context);
    }
    const maxLength = readMaxSize(options.maxSize, longestToken);
    const token = await readToken(argument, invocation, 'access', context);
    const now = readClock(options.at, io);
    const decoded = readDecoded(token, maxLength);
    if (decoded instanceof JwtkitError) {
      // A script asks for a claim, and gets none of a damaged token.
      if (options.claim !== undefined || token.length > maxLength) throw decoded;
      const { showParts } = await import('./decode-damaged.js');
      const style = { json: options.json === true, paint: await painterFor(io.stdout, options.color, env) };
      if (isEncryptedJson(token)) {
        const { showHeaders } = await import('./decode-encrypted.js');
        showHeaders(token, style, io);
        noteUnverified(io);
        return (await import('../grammar/keys/needed-key.js')).noteNeededKey(token, env, io);
      }
      const isShown = showParts(token, (name, value) => explain(name, value, now), style, io);
      if (isShown !== 'nothing') {
        if (context.tokenHint === damagedHint) context.tokenHint = undefined;
        noteUnverified(io);
      }
      if (isShown === 'encrypted') {
        return (await import('../grammar/keys/needed-key.js')).noteNeededKey(token, env, io);
      }
      throw decoded;
    }
    const { header, claims } = exactMembers(token, decoded);
    if (options.claim !== undefined) printClaim(io, findClaim(claims, options.claim), options.json);
    else if (options.json === true) printJson(io, { header, claims });
    else {
      const paint = await painterFor(io.stdout, options.color, env);
      io.stdout.write(renderDecoded(header, claims, now, paint));
    }
    noteUnverified(io);
  });
}

/** Whether a text is JSON as encrypted tokens may be written. */
function isEncryptedJson(token: string): boolean {
  return /^\s*\{/.test(token) && token.includes('"ciphertext"');
}

/** Returns a token's content, or the error of the strict parser. */
function readDecoded(token: string, maxLength: number): DecodedToken | JwtkitError {
  try {
    return decodeToken(token, { maxLength });
  } catch (error) {
    if (error instanceof JwtkitError) return error;
    throw error;
  }
}

const timeClaims = ['exp', 'nbf', 'iat', 'auth_time', 'updated_at'];

function renderDecoded(header: JsonObject, claims: JsonObject, now: number, paint: Painter): string {
  const claimLines = renderMembers(claims, (name, value) => explain(name, value, now), paint);
  // A token of 16 MiB has more claims than a call has arguments.
  const lines = [
    paint.bold('Header'),
    renderMembers(header, () => '', paint),
    '',
    paint.bold('Claims'),
    claimLines,
  ].flat();
  return `${lines.join('\n')}\n`;
}

type Explain = (name: string, value: unknown) => string;

function renderMembers(members: JsonObject, explain: Explain, paint: Painter): string[] {
  const entries = Object.entries(members);
  if (entries.length === 0) return [paint.dim('  (none)')];
  const names = alignColumns(entries.map(([name]) => [`  ${escapeText(toJson(name).slice(1, -1))}`, '']));
  return entries.map(([name, value], at) => {
    const note = explain(name, value);
    return `${paint.cyan(names[at] ?? '')}${toJson(value)}${note === '' ? '' : `  ${paint.dim(note)}`}`;
  });
}

function explain(name: string, value: unknown, now: number): string {
  if (!timeClaims.includes(name)) return '';
  if (!isJsonNumber(value)) return `not a time: ${describeJson(value)}`;
  const moment = Number(value);
  return isNumericDate(moment) ? showMoment(moment, now) : 'not a time: out of range';
}
