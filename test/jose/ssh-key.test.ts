/** Public keys of OpenSSH. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { expect, test } from 'vitest';
import { loadKeys } from '../../src/jose/keys.js';
import { loadSecret } from '../../src/jose/secret.js';
import { storedPair } from '../attacks/trusted-keys.js';

const field = (bytes: Uint8Array | string) => {
  const content = Buffer.from(bytes as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(content.length);
  return Buffer.concat([length, content]);
};
const raw = (text = '') => Buffer.from(text, 'base64url');
const number = (text = '') => ((raw(text)[0] as number) > 127 ? Buffer.concat([Buffer.of(0), raw(text)]) : raw(text));

/** Writes a public key as OpenSSH does. */
function sshLine(key: KeyObject, type: string): string {
  const { n, e, x, y, crv } = key.export({ format: 'jwk' });
  const point = Buffer.concat([Buffer.of(4), raw(x), raw(y)]);
  const fields =
    n !== undefined ? [number(e), number(n)] : y === undefined ? [raw(x)] : [`nistp${crv?.slice(2)}`, point];
  return `${type} ${Buffer.concat([type, ...fields].map(field)).toString('base64')}`;
}

const ec = (namedCurve: string) => generateKeyPairSync('ec', { namedCurve }).publicKey;
const lines: readonly (readonly [string, KeyObject])[] = [
  ['ssh-rsa', storedPair('rsa').publicKey],
  ['ssh-ed25519', generateKeyPairSync('ed25519').publicKey],
  ['ecdsa-sha2-nistp256', ec('P-256')],
  ['ecdsa-sha2-nistp384', ec('P-384')],
  ['ecdsa-sha2-nistp521', ec('P-521')],
];

test.each(lines)('%s is read with a note, and is no secret', (type, key) => {
  const line = sshLine(key, type);
  for (const text of [line, `${line} me@host\n`, ` ${line} a comment of words \r\n`]) {
    const notes: string[] = [];
    const keys = loadKeys(text, { purpose: 'verify', note: (said) => notes.push(said) });
    expect(keys.map(({ keyObject }) => keyObject.equals(key))).toEqual([true]);
    expect(notes).toEqual([expect.stringContaining('OpenSSH')]);
    expect(() => loadSecret(text)).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
  }
  expect(() => loadKeys(line, { purpose: 'sign' })).toThrow(/public key, signing takes the private half/);
});

test.each(lines)('%s is refused if it is cut, commented out, one of several or of another type', (type, key) => {
  const line = sshLine(key, type);
  const other = type === 'ssh-rsa' ? 'ssh-ed25519' : 'ssh-rsa';
  for (const text of [line.slice(0, -8), `# ${line}`, `${line}\n${line}`, line.replace(type, other), `${line}AAAA`]) {
    expect(() => loadKeys(text, { purpose: 'verify' })).toThrow(expect.objectContaining({ code: 'KEY_INVALID' }));
  }
});
