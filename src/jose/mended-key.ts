/** Opens a key that arrives wrapped, such as base64 in quotes. What is inside is read as strictly as a file. */
import { isPkcs12, isWholeDer } from './der.js';
import { isJsonText, keyContent } from './key-content.js';
import { encodingOf, hasMark } from './text.js';
import { jsonString, maxLayers, maxWrappedBytes, wrappings } from './wrappings.js';

/** The content of a key file. */
export interface MendedKey {
  /** PEM, DER, PKCS#12 or JSON; anything else if there is no key. */
  readonly content: Buffer;
  /** What was undone to get it, in words. */
  readonly mended: readonly string[];
}

/**
 * Returns the content of a key file without its byte order mark and what it is wrapped in.
 * @throws {JwtkitError} KEY_INVALID for a text that is not UTF-8.
 */
export function openWrappedKey(bytes: Buffer, where: string): MendedKey {
  const content = keyContent(bytes, where);
  const mended = hasMark(bytes) && content.length < bytes.length ? ['its byte order mark was dropped'] : [];
  if (isKeyContent(content)) return openJsonAround(content, mended) ?? { content, mended };
  // PowerShell encodes UTF-16 in base64: that is refused with its name.
  const isSought = (inner: Buffer) => isKeyContent(inner) || encodingOf(inner) !== undefined;
  const opened = content.length <= maxWrappedBytes ? openLayers(content, maxLayers, isSought) : undefined;
  if (opened === undefined) return { content, mended };
  return { content: keyContent(opened.content, where), mended: [...mended, ...opened.mended] };
}

/** How JSON begins whose quotes are escaped. */
const escapedJson = /^\s*[{[]\s*\\{1,4}"/;

/** JSON in quotes or behind a name also holds the kid of the PEM in it. */
function openJsonAround(content: Buffer, mended: readonly string[]): MendedKey | undefined {
  const brace = content.indexOf('{');
  const isAround = brace > 0 && brace < content.indexOf('-----BEGIN') && !isJsonText(content);
  const isEscaped = escapedJson.test(content.toString('latin1', 0, 64));
  if (!(isAround || isEscaped) || content.length > maxWrappedBytes) return undefined;
  const unquoted = isEscaped ? jsonString(`"${content.toString().trim()}"`) : undefined;
  if (unquoted !== undefined) return { content: Buffer.from(unquoted), mended: [...mended, 'escapes were undone'] };
  const opened = openLayers(content, 3, isWholeJson);
  return opened && { content: opened.content, mended: [...mended, ...opened.mended] };
}

/** Undoes one wrapping after the other, the first that leads to a key. */
function openLayers(bytes: Buffer, depth: number, isSought: (bytes: Buffer) => boolean): MendedKey | undefined {
  if (depth === 0 || bytes.includes(0)) return undefined;
  const text = bytes.toString().trim();
  for (const { done, isRead, undo } of wrappings) {
    const content = isRead ? undo(text) : undefined;
    if (content === undefined) continue;
    if (isSought(content)) return { content, mended: [done] };
    const inner = openLayers(content, depth - 1, isSought);
    if (inner !== undefined) return { content: inner.content, mended: [done, ...inner.mended] };
  }
  return undefined;
}

/** Text before a PEM may merely hold a brace. */
function isWholeJson(bytes: Buffer): boolean {
  try {
    return isJsonText(bytes) && JSON.parse(bytes.toString()) !== null;
  } catch {
    return false;
  }
}

/** A label of which spaces are still encoded is another wrapping. */
const encodedLabel = /-----BEGIN[%+]/;

function isKeyContent(bytes: Buffer): boolean {
  if (bytes.includes('-----BEGIN')) return !encodedLabel.test(bytes.toString('latin1'));
  return isJsonText(bytes) || isWholeDer(bytes) || isPkcs12(bytes);
}

/** What was mended, for people. */
export function mendingNote(where: string, mended: readonly string[]): string {
  return `${where}the key was mended: ${[...new Set(mended)].join(', ')}`;
}
