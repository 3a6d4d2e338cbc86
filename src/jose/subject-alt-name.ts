/** Subject alternative names (RFC 5280 §4.2.1.6): the other names that a certificate speaks for. */
import { JwtkitError } from '../errors.js';
import type { Asn1, Asn1Kit } from './asn1.js';
import { quoteText } from './json.js';

/** One alternative name: a host name (`*.` may lead it), an IP address, an absolute URI, or an e-mail address. */
export interface SubjectAltName {
  readonly type: 'dns' | 'ip' | 'uri' | 'email';
  readonly value: string;
}

/** The tags of GeneralName. */
const tags = { email: 1, dns: 2, uri: 6, ip: 7 } as const;

/**
 * Reads `dns:a.example`, `ip:192.0.2.1`, `uri:https://…` or `email:a@b.example`; without a prefix an address is an IP
 * address, what has `://` a URI, anything else a host name.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function parseSubjectAltName(text: string): SubjectAltName {
  const [, prefix, rest = ''] = /^(dns|ip|uri|email):(.*)$/is.exec(text) ?? [];
  const guessed = ipBytes(text) !== undefined ? 'ip' : text.includes('://') ? 'uri' : 'dns';
  const name =
    prefix === undefined
      ? ({ type: guessed, value: text } as const)
      : { type: prefix.toLowerCase() as SubjectAltName['type'], value: rest };
  checkName(name);
  return name;
}

/**
 * A GeneralName.
 * @throws {JwtkitError} USAGE_INVALID for a name that its type does not take.
 */
export function encodeSubjectAltName(name: SubjectAltName, kit: Asn1Kit): Asn1 {
  checkName(name);
  const content = name.type === 'ip' ? (ipBytes(name.value) as Buffer) : Buffer.from(name.value, 'latin1');
  return kit.taggedBytes(tags[name.type], content);
}

const kinds = { dns: 'a host name', ip: 'an IP address', uri: 'an absolute URI', email: 'an e-mail address' } as const;

function checkName({ type, value }: SubjectAltName): void {
  if (!Object.hasOwn(kinds, type))
    throw new JwtkitError('USAGE_INVALID', 'an alternative name is dns, ip, uri or email');
  if (value.length <= 2048 && isSound[type](value)) return;
  const isAscii = /^[\x20-\x7e]*$/.test(value);
  throw new JwtkitError('USAGE_INVALID', `${quoteText(value)} is not ${kinds[type]}`, {
    hint: isAscii
      ? 'write dns:a.example, ip:192.0.2.1, uri:https://a.example/b or email:a@b.example'
      : 'write it in ASCII: the host as xn--…, a path with %XX',
  });
}

/** RFC 1034 §3.5 with the underscore that is in use, and a wildcard as the whole first label (RFC 6125 §6.4.3). */
const host = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/i;

const isSound: Record<SubjectAltName['type'], (value: string) => boolean> = {
  // Four numbers are an address, which a host name cannot be.
  dns: (value) => host.test(value.replace(/^\*\./, '')) && !/^[\d.]+$/.test(value),
  ip: (value) => ipBytes(value) !== undefined,
  uri: (value) => /^[a-z][a-z0-9+.-]*:[\x21-\x7e]+$/i.test(value) && URL.canParse(value),
  email: (value) => {
    const at = value.lastIndexOf('@');
    return /^[\x21-\x7e]{1,64}$/.test(value.slice(0, Math.max(at, 0))) && host.test(value.slice(at + 1));
  },
};

/** The 4 or 16 bytes of an address, undefined for anything else; IPv6 as the URL standard reads it. */
function ipBytes(text: string): Buffer | undefined {
  const decimal = /^(?:0|[1-9]\d{0,2})$/;
  const numbers = text.split('.');
  if (numbers.length === 4 && numbers.every((number) => decimal.test(number) && Number(number) < 256)) {
    return Buffer.from(numbers.map(Number));
  }
  if (!/^[0-9a-f:.]{2,45}$/i.test(text) || !text.includes(':') || !URL.canParse(`http://[${text}]`)) return undefined;
  const [before = [], after = []] = new URL(`http://[${text}]`).hostname
    .slice(1, -1)
    .split('::')
    .map((half) => half.split(':').filter((group) => group !== ''));
  const groups = [...before, ...Array<string>(8 - before.length - after.length).fill('0'), ...after];
  return Buffer.from(groups.map((group) => group.padStart(4, '0')).join(''), 'hex');
}
