/** What decode shows of a token that the strict parser refuses: all that can be read, and every defect by name. */
import { readExact, toJson } from '../../jose/exact-json.js';
import { escapeText } from '../../shown-text.js';
import { type ReadablePart, readParts } from '../../token/readable-parts.js';
import type { Painter } from '../terminal/colour.js';
import type { Io } from '../terminal/io.js';
import { alignColumns, printJson } from '../terminal/output.js';

/** Explains a member's value for a person; empty for most. */
type Explain = (name: string, value: unknown) => string;

/** The note beside the header of an encrypted token. */
export const encryptedNote = 'the content is encrypted: only the header can be read';

/** Prints what can be read of a token, if anything, and returns whether the token is encrypted and without a defect. */
export function showParts(
  token: string,
  explain: Explain,
  { json, paint }: { readonly json: boolean; readonly paint: Painter },
  io: Io,
): 'encrypted' | 'damaged' | 'nothing' {
  const { header, payload, isEncrypted, defects } = readParts(token);
  if (![header, payload].some(isJsonBegun)) return 'nothing';
  if (json) {
    const shown = { ...partToJson('header', header), ...partToJson('claims', payload) };
    printJson(io, { ...shown, ...(isEncrypted ? { encrypted: true } : {}), defects });
  } else {
    // Nobody may take the payload for the claims of a token.
    const shown = [renderPart('Header', header, () => '', paint), renderPart('Payload', payload, explain, paint)];
    if (defects.length > 0) shown.push([paint.bold('Defects'), ...defects.map((each) => `  ${escapeText(each)}`), '']);
    const lines = shown.flat();
    io.stdout.write(`${lines.slice(0, -1).join('\n')}\n`);
  }
  if (isEncrypted) io.note(encryptedNote);
  return isEncrypted && defects.length === 0 ? 'encrypted' : 'damaged';
}

/** Whether a part is JSON, whole or cut: other texts give words by chance. */
function isJsonBegun(part: ReadablePart | undefined): boolean {
  return part !== undefined && (part.value !== undefined || /^\s*\{\s*"/.test(part.text));
}

/** The value under its name, and the text where JSON.parse loses a part of it. */
function partToJson(name: string, part: ReadablePart | undefined): Record<string, unknown> {
  if (part === undefined) return {};
  const { value, members = [], text } = part;
  if (value === undefined) return { [`${name}_text`]: text };
  const exact = { [name]: readExact(text, value) };
  return members.length > Object.keys(value).length ? { ...exact, [`${name}_text`]: text } : exact;
}

/** Renders a part of a token as lines under its title. */
export function renderPart(title: string, part: ReadablePart | undefined, explain: Explain, paint: Painter): string[] {
  if (part === undefined) return [];
  const { members, text } = part;
  if (members === undefined) return [paint.bold(`${title}, as text`), `  ${escapeText(text)}`, ''];
  const names = alignColumns(members.map(([name]) => [`  ${escapeText(toJson(name).slice(1, -1))}`, '']));
  const rows = members.map(([name, json], at) => {
    const note = explain(name, JSON.parse(json));
    // A string of JSON holds no line end.
    const shown = escapeText(json.replace(/[\r\n\t]/g, ' '));
    return `${paint.cyan(names[at] ?? '')}${shown}${note === '' ? '' : `  ${paint.dim(note)}`}`;
  });
  return [paint.bold(title), ...(rows.length === 0 ? [paint.dim('  (none)')] : rows), ''];
}
