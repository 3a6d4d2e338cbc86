/** Public keys of OpenSSH, as .pub files hold them (RFC 4253 §6.6, RFC 5656 §3.1, RFC 8709 §4). */
import { createPublicKey, type KeyObject } from 'node:crypto';
import { encodeBase64url } from './base64url.js';

const line = /^(ssh-rsa|ssh-ed25519|ecdsa-sha2-nistp(?:256|384|521)) ([A-Za-z0-9+/]{40,}={0,2})(?:[ \t][^\r\n]*)?$/;
const curves: Readonly<Record<string, string>> = { nistp256: 'P-256', nistp384: 'P-384', nistp521: 'P-521' };

/** What a person should know about a key that was read so. */
export const sshNote = 'the public key of OpenSSH is read; its comment is no kid';

/** Reads a text that is one such line; undefined for anything else. */
export function readSshKey(text: string): KeyObject | undefined {
  const [, type, base64 = ''] = line.exec(text.trim()) ?? [];
  const [name, ...fields] = readFields(Buffer.from(base64, 'base64'));
  const jwk = name !== undefined && name.toString('latin1') === type ? toJwk(type, fields) : undefined;
  if (jwk === undefined) return undefined;
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    return undefined;
  }
}

function toJwk(type: string, fields: readonly Buffer[]): Record<string, string> | undefined {
  const [first, second] = fields;
  if (first === undefined || fields.length !== (type === 'ssh-ed25519' ? 1 : 2)) return undefined;
  if (type === 'ssh-ed25519') return { kty: 'OKP', crv: 'Ed25519', x: encodeBase64url(first) };
  if (second === undefined) return undefined;
  if (type === 'ssh-rsa') return { kty: 'RSA', e: encodeBase64url(first), n: encodeBase64url(unsigned(second)) };
  const curve = first.toString('latin1');
  const size = (second.length - 1) / 2;
  if (!type.endsWith(curve) || second[0] !== 4 || !Number.isInteger(size)) return undefined;
  const [x, y] = [second.subarray(1, 1 + size), second.subarray(1 + size)].map(encodeBase64url) as [string, string];
  return { kty: 'EC', crv: curves[curve] as string, x, y };
}

/** A number begins with a zero byte if its first bit is set. */
function unsigned(number: Buffer): Buffer {
  return number[0] === 0 ? number.subarray(1) : number;
}

/** The fields of a blob, each behind its length of four bytes; none if bytes are left over. */
function readFields(blob: Buffer): Buffer[] {
  const fields: Buffer[] = [];
  let at = 0;
  while (at + 4 <= blob.length && fields.length < 4) {
    const end = at + 4 + blob.readUInt32BE(at);
    fields.push(blob.subarray(at + 4, end));
    at = end;
  }
  return at === blob.length ? fields : [];
}
