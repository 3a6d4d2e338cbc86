/**
 * BER structures (X.690) as node-forge reads them: PKCS#12 files come in forms that DER does not have. The only import of
 * node-forge, loaded when a PKCS#12 file is made or read.
 */

/** One element of a structure, as node-forge has it. Users of the library need no types of node-forge. */
export interface Asn1 {
  type: number;
  value: string | Asn1[];
}

type ForgeBytes = { getBytes(): string };
type ForgeCipher = { output: ForgeBytes; update(bytes: unknown): void; finish(): boolean };

/** The parts of node-forge that PKCS#12 uses. Its declared types lack some of them. */
export interface Forge {
  readonly asn1: {
    readonly Type: { readonly OID: number };
    derToOid(bytes: string): string;
    fromDer(bytes: string, options: { strict: boolean; decodeBitStrings: boolean }): Asn1;
    toDer(element: Asn1): ForgeBytes;
  };
  readonly md: Readonly<Record<'sha1' | 'sha256' | 'sha384' | 'sha512', { create(): { digestLength: number } }>>;
  readonly util: { createBuffer(bytes: string): unknown };
  readonly pki: {
    readonly pbe: {
      generatePkcs12Key(text: string, salt: unknown, id: number, rounds: number, size: number, md: unknown): ForgeBytes;
      getCipherForPKCS12PBE(oid: string, parameters: Asn1 | undefined, passphrase: string): ForgeCipher;
    };
  };
}

/** Loads node-forge, which takes some tens of milliseconds. */
export async function loadForge(): Promise<Forge> {
  return (await import('node-forge')).default as unknown as Forge;
}

/** Reads one element; throws what node-forge throws. A BIT STRING that happens to hold DER stays bytes. */
export function readAsn1(bytes: Uint8Array, { asn1 }: Forge): Asn1 {
  return asn1.fromDer(Buffer.from(bytes).toString('latin1'), { strict: true, decodeBitStrings: false });
}

/** An element as DER. */
export function writeAsn1(element: Asn1, { asn1 }: Forge): Buffer {
  return Buffer.from(asn1.toDer(element).getBytes(), 'latin1');
}

/** Raised for a structure that cannot be read. The file's reader words the error. */
export class DamagedFile extends Error {}

/** The elements inside a constructed element. */
export function listOf(element: Asn1 | undefined): Asn1[] {
  if (!Array.isArray(element?.value)) throw new DamagedFile();
  return element.value;
}

/** The bytes of a primitive element, or of an OCTET STRING in pieces, which BER allows. */
export function bytesOf(element: Asn1 | undefined): Buffer {
  if (element === undefined) throw new DamagedFile();
  // One list for all levels: joining each level by itself would copy the bytes again and again.
  const pieces: string[] = [];
  const collect = ({ value }: Asn1): unknown =>
    typeof value === 'string' ? pieces.push(value) : value.forEach(collect);
  collect(element);
  return Buffer.from(pieces.join(''), 'latin1');
}

/** A small non-negative INTEGER; Infinity for a larger one, which every bound refuses. */
export function numberOf(element: Asn1 | undefined): number {
  const bytes = bytesOf(element);
  if (bytes.length === 0 || bytes.length > 6) return Number.POSITIVE_INFINITY;
  const value = bytes.readIntBE(0, bytes.length);
  if (value < 0) throw new DamagedFile();
  return value;
}

/** An OBJECT IDENTIFIER with dots. */
export function oidOf(element: Asn1 | undefined, { asn1 }: Forge): string {
  if (element?.type !== asn1.Type.OID || typeof element.value !== 'string') throw new DamagedFile();
  return asn1.derToOid(element.value);
}
