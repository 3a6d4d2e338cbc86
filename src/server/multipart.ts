/** Forms as `multipart/form-data` (RFC 7578), which clients of the tutorials' servers may send. Files are no fields. */
import { Busboy, Dicer } from '@fastify/busboy';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { Refusal } from './refusal.js';

/** More than any form has. Each part costs memory. */
const mostParts = 100;
/** Bytes of the headers of one part: its name and its type. */
const partHeaderLimit = 4096;

/** The boundary (RFC 2046 §5.1.1). A longer one would cost time, since the body is searched for it. */
const boundary = /;[\t ]*boundary=(?:"([\w'()+,./:=? -]{1,70})"|([\w'+./-]{1,70}))[\t ]*(?:;|$)/i;

/** The fields of a form. A list is a field that stands several times, null is a file. */
type Fields = Record<string, string | null | (string | null)[]>;

/** Makes the service read these forms, of `bodyLimit` bytes at most, as it reads urlencoded ones. */
export function readMultipart(app: FastifyInstance, bodyLimit: number): void {
  const type = /^multipart\/form-data(?:[\t ]*;|$)/i;
  app.addContentTypeParser(type, { parseAs: 'buffer', bodyLimit }, ({ headers }: FastifyRequest, body: Buffer) => {
    return parseMultipart(headers['content-type'] ?? '', body);
  });
}

/**
 * Parses a form.
 * @throws {Refusal} 400 for a form that is malformed, cut off, or has too many parts or one that cannot be read.
 */
export function parseMultipart(contentType: string, body: Uint8Array): Promise<Fields> {
  const [, quoted, plain] = boundary.exec(contentType) ?? [];
  const fields: Fields = Object.create(null);
  const files = new Set<string>();
  let read = 0;
  return new Promise((resolve, reject) => {
    const fail = () => reject(new Refusal(400, 'The multipart form is malformed', { error: 'invalid_request' }));
    const mark = quoted ?? plain;
    if (mark === undefined) return fail();
    const parser = new Busboy({
      headers: { 'content-type': `multipart/form-data; boundary="${mark}"` },
      limits: { parts: mostParts, headerSize: partHeaderLimit, headerPairs: 16, fieldSize: body.length },
      isPartAFile: (name, _type, filename) => {
        if (filename !== undefined) files.add(name ?? '');
        return false;
      },
    });
    parser.on('field', (name: string | undefined, value) => {
      if (name === undefined) return fail();
      read++;
      const each = files.has(name) ? null : value;
      const before = fields[name];
      fields[name] = before === undefined ? each : [before, each].flat();
    });
    parser.on('partsLimit', fail);
    parser.on('error', fail);
    parser.on('finish', () => (read === countParts(mark, body) ? resolve(fields) : fail()));
    parser.end(body);
  });
}

/** Counts the parts of a form. Busboy leaves out those whose headers it cannot read, and says nothing: a `resource` would be lost. */
function countParts(mark: string, body: Uint8Array): number {
  let count = 0;
  const parser = new Dicer({ boundary: mark });
  parser.on('part', (part) => {
    count++;
    part.resume();
  });
  // Without the end of the form, all of it is read at once.
  parser.write(body);
  return count;
}
