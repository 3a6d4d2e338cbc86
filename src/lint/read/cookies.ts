import type { Found } from './subjects.js';

const cookieLine = /^\s*(?:<\s*)?set-cookie:\s*([^=;\s]+)=([^;]*)(.*)$/i;

/** Whether a text has a line `Set-Cookie: …`. */
export function hasCookies(text: string): boolean {
  return /^[ \t]*(?:<[ \t]*)?set-cookie:/im.test(text);
}

/** Adds the cookies that hold a token, and their tokens. */
export function readCookies(text: string, found: Found): void {
  for (const [at, content] of text.split(/\r?\n/).entries()) {
    const [, name, value = '', rest = ''] = cookieLine.exec(content) ?? [];
    const line = found.source.isFile === true ? at + 1 : undefined;
    if (name === undefined) {
      found.addTokens(content, { line });
      continue;
    }
    if (!found.addTokens(decode(value), { line, part: name })) continue;
    const attributes = rest.split(';').map((one) => one.trim().split('='));
    const named = attributes.map(
      ([key = '', ...others]) => [key.trim().toLowerCase(), others.join('=').trim()] as const,
    );
    found.add('cookie', { name, attributes: new Map(named) }, { line, part: name });
  }
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
