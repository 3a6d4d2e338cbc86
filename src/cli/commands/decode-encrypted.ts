/** What decode shows of an encrypted token in JSON (RFC 7516 §7.2): the header of each recipient. */
import { toJson } from '../../jose/exact-json.js';
import { parseJwe } from '../../jwe/parse.js';
import type { Painter } from '../terminal/colour.js';
import type { Io } from '../terminal/io.js';
import { printJson } from '../terminal/output.js';
import { encryptedNote, renderPart } from './decode-damaged.js';

/**
 * Prints the headers of a token. Each has the members that it shares with the others.
 * @throws {JwtkitError} TOKEN_MALFORMED.
 */
export function showHeaders(
  token: string,
  { json, paint }: { readonly json: boolean; readonly paint: Painter },
  io: Io,
): void {
  const { recipients } = parseJwe(token);
  const headers = recipients.map(({ exactHeader }) => exactHeader);
  if (json) {
    const shown = headers.length === 1 ? { header: headers[0] } : { headers };
    printJson(io, { ...shown, encrypted: true, defects: [] });
  } else {
    const lines = headers.flatMap((header, at) => {
      const title = headers.length === 1 ? 'Header' : `Header for recipient ${at + 1}`;
      const members = Object.entries(header).map(([name, value]) => [name, toJson(value)] as const);
      return renderPart(title, { text: '', members }, () => '', paint);
    });
    io.stdout.write(`${lines.slice(0, -1).join('\n')}\n`);
  }
  io.note(encryptedNote);
}
