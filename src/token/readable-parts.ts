/**
 * What can be read of a token that the strict parser refuses: cut, padded, with a name twice, or encrypted. For a person who
 * looks for the mistake; nothing here may decide whether a token is accepted.
 */
import { JwtkitError } from '../errors.js';
import { decodeBase64url } from '../jose/base64url.js';
import { describeJson, isJsonObject, type JsonObject, own, readJsonObject } from '../jose/json.js';
import { topLevelMembers } from './top-level-members.js';

/** A segment that holds JSON, as far as it can be read. */
export interface ReadablePart {
  /** The members in their order, also those whose name is there twice; the value is the text of its JSON. */
  readonly members?: readonly (readonly [name: string, json: string])[];
  /** What JSON.parse makes of it; undefined if it is no JSON object. */
  readonly value?: JsonObject | undefined;
  /** The text, where it is no JSON object. */
  readonly text: string;
}

export interface ReadableToken {
  readonly header?: ReadablePart;
  readonly payload?: ReadablePart;
  /** Whether it is a JWE (RFC 7516 §3.1), whose payload nobody reads without the key. */
  readonly isEncrypted: boolean;
  /** Everything that is wrong with its form, in the order of its segments. */
  readonly defects: readonly string[];
}

/** Reads what it can of a token. Throws nothing for any text. */
export function readParts(token: string): ReadableToken {
  const defects: string[] = [];
  const segments = token.split('.', mostSegments);
  const [first = '', second, third] = segments;
  const count = segments.length;
  const header = readPart('header', 1, first, defects);
  const isEncrypted = count === 5 && typeof own(header?.value ?? {}, 'enc') === 'string';
  if (isEncrypted) {
    for (const [at, part] of encryptedParts.entries()) {
      const segment = segments[at + 1] as string;
      decodeLoosely(part, at + 2, segment, defects);
      // Some algorithms have no encrypted key.
      if (segment === '' && at > 0) defects.push(`the ${part} (segment ${at + 2}) is empty`);
    }
    return { ...(header === undefined ? {} : { header }), isEncrypted, defects };
  }
  const payload = second === undefined ? undefined : readPart('payload', 2, second, defects);
  if (second === undefined) defects.push('the payload and the signature are missing: the token ends behind its header');
  else if (third === undefined) defects.push('the signature is missing: the token ends behind its payload');
  else decodeLoosely('signature', 3, third, defects);
  if (count > 3) defects.push(`there are ${count === mostSegments ? `${count} or more` : count} segments, a JWS has 3`);
  return {
    ...(header === undefined ? {} : { header }),
    ...(payload === undefined ? {} : { payload }),
    isEncrypted,
    defects,
  };
}

const mostSegments = 8;
const encryptedParts = ['encrypted key', 'initialization vector', 'ciphertext', 'authentication tag'];

function readPart(part: string, number: number, segment: string, defects: string[]): ReadablePart | undefined {
  const bytes = decodeLoosely(part, number, segment, defects);
  const text = bytes.toString();
  if (segment === '') {
    defects.push(`the ${part} (segment ${number}) is empty`);
    return undefined;
  }
  try {
    const { value } = readJsonObject(bytes, (problem) => new JwtkitError('TOKEN_MALFORMED', problem));
    if (part === 'header' && own(value, 'alg') === undefined) defects.push('the header has no alg');
    return { value, members: topLevelMembers(text), text };
  } catch (error) {
    if (!(error instanceof JwtkitError)) throw error;
    const parsed = parseLoosely(text);
    const members = isJsonObject(parsed) ? topLevelMembers(text) : undefined;
    for (const problem of problemsOf(error.message, text, parsed, members)) defects.push(`the ${part} ${problem}`);
    if (members !== undefined) return { value: parsed as JsonObject, members, text };
    return isReadable(text) ? { text } : undefined;
  }
}

function parseLoosely(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function problemsOf(problem: string, text: string, parsed: unknown, members: ReadablePart['members']): string[] {
  if (members !== undefined && problem.includes('duplicate')) {
    const counts = new Map<string, number>();
    for (const [name] of members) counts.set(name, (counts.get(name) ?? 0) + 1);
    const twice = [...counts].filter(([, count]) => count > 1);
    const named = twice.map(([name, count]) => `has the name ${name} ${count === 2 ? 'twice' : `${count} times`}`);
    return named.length > 0 ? named : ['has a name twice in an object within it'];
  }
  if (parsed !== undefined && members === undefined) return [`is ${describeJson(parsed)}, not a JSON object`];
  if (problem === 'is not JSON' && /^\s*\{/.test(text) && !/\}\s*$/.test(text))
    return ['is cut: its JSON does not end'];
  return [problem];
}

/** Decodes a segment in spite of characters that do not belong there, and names them. */
function decodeLoosely(part: string, number: number, segment: string, defects: string[]): Buffer {
  const strict = decodeBase64url(segment);
  if (strict !== undefined) return strict;
  const segmentName = `the ${part} (segment ${number})`;
  const before = defects.length;
  let end = segment.length;
  while (end > 0 && /[=\s]/.test(segment.charAt(end - 1))) end--;
  const unpadded = segment.slice(0, end);
  if (segment.includes('=', end)) defects.push(`${segmentName} is padded with =, base64url here has no padding`);
  if (/[+/]/.test(unpadded)) defects.push(`${segmentName} is in the standard alphabet of base64, with + or /`);
  if (/\s/.test(segment)) defects.push(`${segmentName} has white space in it`);
  if (/[^\w+/=\s-]/.test(segment)) defects.push(`${segmentName} has a character that base64url does not have`);
  else if (unpadded.includes('=')) defects.push(`${segmentName} has = within it`);
  const plain = unpadded.replace(/[^\w+/-]/g, '');
  if (plain.length % 4 === 1) defects.push(`${segmentName} is cut: its last character is no whole byte`);
  else if (defects.length === before) defects.push(`${segmentName} has bits left over in its last character`);
  return Buffer.from(plain, 'base64');
}

/** Whether a text is words rather than the bytes of something else. */
function isReadable(text: string): boolean {
  const odd = text.match(/[\p{Cc}\uFFFD]/gu)?.length ?? 0;
  return text.trim() !== '' && odd * 8 <= text.length;
}
