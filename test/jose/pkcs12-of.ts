/** PKCS#12 files (RFC 7292) with any content, sound or not, whose MAC holds. */
import { createHmac, randomBytes } from 'node:crypto';
import type { Forge } from '../../src/jose/asn1.js';
import { integer, nullValue, octetString, oid, sequence, tagged } from '../../src/jose/der-writer.js';
import { deriveMacKey, openerFor } from '../../src/jose/pbe.js';

const ids = {
  data: '1.2.840.113549.1.7.1',
  keyBag: '1.2.840.113549.1.12.10.1.1',
  sha256: '2.16.840.1.101.3.4.2.1',
} as const;

/** A file with one private key in the clear. */
export function pkcs12Of(forge: Forge, privateKeyInfo: Uint8Array, passphrase: string): Buffer {
  const bag = sequence(oid(ids.keyBag), tagged(0, privateKeyInfo));
  return pkcs12Around(forge, octetString(sequence(bag)), passphrase);
}

/** A file with one part of these bytes. */
export function pkcs12Around(forge: Forge, part: Uint8Array, passphrase: string): Buffer {
  const safe = sequence(sequence(oid(ids.data), tagged(0, part)));
  const salt = randomBytes(8);
  const macKey = deriveMacKey(openerFor(passphrase), forge, { salt, rounds: 1, hash: 'sha256' });
  const digest = createHmac('sha256', macKey).update(safe).digest();
  const mac = sequence(
    sequence(sequence(oid(ids.sha256), nullValue()), octetString(digest)),
    octetString(salt),
    integer(1),
  );
  return sequence(integer(3), sequence(oid(ids.data), tagged(0, octetString(safe))), mac);
}
