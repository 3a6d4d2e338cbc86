/**
 * ASN.1 structures (X.690) by node-forge: its only import, loaded when a certificate, a request or a PKCS#12 file is made
 * or read. Keys and signatures stay with node:crypto; what comes in and goes out are bytes.
 */
import type { asn1 } from 'node-forge';

/** One element of a structure. */
export type Asn1 = asn1.Asn1;

/** The words of ASN.1 as functions, and node-forge itself for what PKCS#12 takes besides. */
export type Asn1Kit = Awaited<ReturnType<typeof loadAsn1>>;

/** The string types that X.509 names are made of (RFC 5280 §4.1.2.4). */
export type Asn1String = 'UTF8' | 'PRINTABLESTRING' | 'IA5STRING' | 'BMPSTRING';

/** Loads node-forge, some tens of milliseconds. */
export async function loadAsn1() {
  const { default: forge } = await import('node-forge');
  const { create, fromDer, toDer, oidToDer, integerToDer, Class, Type } = forge.asn1;
  const universal = (type: asn1.Type, content: Uint8Array | string) =>
    create(Class.UNIVERSAL, type, false, binary(content));
  const constructed = (type: asn1.Type, children: readonly Asn1[]) =>
    create(Class.UNIVERSAL, type, true, [...children]);
  const bitString = (bytes: Uint8Array, unusedBits = 0) =>
    universal(Type.BITSTRING, Buffer.concat([Buffer.of(unusedBits), bytes]));
  return {
    forge,
    sequence: (...children: readonly Asn1[]) => constructed(Type.SEQUENCE, children),
    set: (...children: readonly Asn1[]) => constructed(Type.SET, children),
    oid: (id: string) => universal(Type.OID, oidToDer(id).getBytes()),
    integer: (value: number | Uint8Array) =>
      universal(Type.INTEGER, typeof value === 'number' ? integerToDer(value).getBytes() : value),
    /** Only what is not the default is encoded (X.690 §11.5), which for every BOOLEAN here is TRUE. */
    isTrue: () => universal(Type.BOOLEAN, '\xff'),
    null: () => universal(Type.NULL, ''),
    octetString: (bytes: Uint8Array) => universal(Type.OCTETSTRING, bytes),
    bitString,
    text: (type: Asn1String, content: Uint8Array | string) => universal(Type[type], content),
    /** A Time (RFC 5280 §4.1.2.5): UTCTime through 2049, GeneralizedTime from then on. `moment` is a NumericDate. */
    time: (moment: number) => {
      const date = new Date(Math.floor(moment) * 1000);
      return date.getUTCFullYear() < 2050
        ? universal(Type.UTCTIME, forge.asn1.dateToUtcTime(date))
        : universal(Type.GENERALIZEDTIME, forge.asn1.dateToGeneralizedTime(date));
    },
    /** [n] EXPLICIT, or [n] IMPLICIT of a constructed type. */
    tagged: (tag: number, ...children: readonly Asn1[]) => create(Class.CONTEXT_SPECIFIC, tag, true, [...children]),
    /** [n] IMPLICIT of a primitive type. */
    taggedBytes: (tag: number, content: Uint8Array | string) =>
      create(Class.CONTEXT_SPECIFIC, tag, false, binary(content)),
    /** What is DER already; throws what node-forge throws for anything else. */
    parse: (der: Uint8Array) =>
      (fromDer as unknown as ParseDer)(binary(der), { strict: true, decodeBitStrings: false }),
    toDer: (element: Asn1) => Buffer.from(toDer(element).getBytes(), 'latin1'),
  };
}

/** The declared types lack the options. A BIT STRING that happens to hold DER is bytes all the same. */
type ParseDer = (bytes: string, options: { strict: boolean; decodeBitStrings: boolean }) => Asn1;

/** node-forge's bytes are strings of a character a byte. */
function binary(content: Uint8Array | string): string {
  return typeof content === 'string' ? content : Buffer.from(content).toString('latin1');
}
