/** The log for a person: each line of JSON (server/log.ts, audit.ts) as a short line of text. */
import { escapeText, hideTokens } from '../../../shown-text.js';
import type { Painter } from '../../terminal/colour.js';

/** The members of a log line. Some of them come from strangers. */
type Members = Readonly<Record<string, unknown>>;

/** Members that a person at a terminal hardly reads; `--log-format json` shows them. */
const leftOut = ['level', 'time', 'msg', 'audit', 'reqId', 'jti', 'refresh_jti', 'family', 'kid', 'status', 'ip'];

/** Wide enough for the longest word of the column, so that what follows is aligned. */
const wordWidth = 'refused'.length;

/** Returns the function that turns a line of JSON into text. */
export function logAsText(paint: Painter): (line: string) => string {
  const styles = { issued: paint.green, revoked: paint.yellow, refused: paint.yellow, failed: paint.red };
  const styleOf = (word: string): ((text: string) => string) => {
    if (/^\d/.test(word)) return word < '400' ? paint.green : word < '500' ? paint.yellow : paint.red;
    return Object.hasOwn(styles, word) ? styles[word as keyof typeof styles] : paint.cyan;
  };
  return (line) => {
    const members: Members = JSON.parse(line);
    const { time, msg } = members;
    // Fastify's own line; stderr has said where the service listens.
    if (typeof msg === 'string' && msg.startsWith('Server listening at ')) return '';
    const clock = `${String(time).slice(11, 19)}Z`;
    const isRequest = msg === 'request';
    const word = shown(isRequest ? members.status : msg);
    const parts = isRequest ? requestParts(members, paint) : auditParts(members);
    const text = `${paint.dim(clock)}  ${styleOf(word)(word.padEnd(wordWidth))}  ${parts.join('  ')}`;
    return `${[text.trimEnd(), ...errorLines(members.err)].join('\n')}\n`;
  };
}

function requestParts({ method, path, ms, ip }: Members, paint: Painter): string[] {
  const time = Number(ms);
  return [
    `${shown(method)} ${shown(path)}`,
    paint.dim(`${time < 10 ? time.toFixed(1) : Math.round(time)} ms`),
    paint.dim(shown(ip)),
  ];
}

/** What the line says first, then each other member by its name. */
function auditParts({ grant, reason, err: _err, unverified, ...rest }: Members): string[] {
  const named = Object.entries({ ...rest, ...claimedSubject(unverified) }).filter(
    ([name, value]) => !leftOut.includes(name) && value !== undefined,
  );
  const first = grant ?? reason;
  return [
    ...(first === undefined ? [] : [shown(first)]),
    ...(named.length === 0 ? [] : [named.map(([name, value]) => `${shown(name)}=${quoted(value)}`).join(' ')]),
  ];
}

/** The subject that a refused token states, by another name than one that was checked. */
function claimedSubject(unverified: unknown): Members {
  const { sub } = (unverified ?? {}) as Members;
  return sub === undefined ? {} : { unverified_sub: sub };
}

function errorLines(err: unknown): string[] {
  if (typeof err !== 'object' || err === null) return [];
  const { message, stack } = err as Members;
  return String(stack ?? message)
    .split('\n')
    .map((line) => `    ${shown(line)}`);
}

/** A value as one word: in quotes if it has spaces. */
function quoted(value: unknown): string {
  const isWord = typeof value === 'number' || (typeof value === 'string' && /^[^\s"=]+$/.test(value));
  return shown(isWord ? value : JSON.stringify(value));
}

/** Nothing in a line may move the cursor, or be a token. */
function shown(value: unknown): string {
  return escapeText(hideTokens(String(value)));
}
