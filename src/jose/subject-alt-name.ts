/** Subject alternative names of certificates (RFC 5280 §4.2.1.6). */
import { JwtkitError } from '../errors.js';
import { taggedBytes } from './der-writer.js';
import { ipBytes } from './ip-address.js';
import { quoteText } from './json.js';

/** One alternative name: a host name (`*.` may lead it), an IP address, an absolute URI, or an e-mail address. */
export interface SubjectAltName {
  readonly type: 'dns' | 'ip' | 'uri' | 'email';
  readonly value: string;
}

/** The tags of GeneralName. */
const tags = { email: 1, dns: 2, uri: 6, ip: 7 } as const;

/** Reads `dns:a.example`, `ip:192.0.2.1`, `uri:https://…`, `email:a@b.example`, or guesses the type. Throws USAGE_INVALID. */
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

/** Encodes a name as a GeneralName. Throws USAGE_INVALID for a value that its type cannot have. */
export function encodeSubjectAltName(name: SubjectAltName): Buffer {
  checkName(name);
  const content = name.type === 'ip' ? (ipBytes(name.value) as Buffer) : Buffer.from(name.value, 'latin1');
  return taggedBytes(tags[name.type], content);
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

/** RFC 1034 §3.5, and underscores, which are in use. */
const host = /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)*$/i;

const isSound: Record<SubjectAltName['type'], (value: string) => boolean> = {
  // Digits and dots alone are an address.
  dns: (value) => host.test(value.replace(/^\*\./, '')) && !/^[\d.]+$/.test(value),
  ip: (value) => ipBytes(value) !== undefined,
  uri: (value) => /^[a-z][a-z0-9+.-]*:[\x21-\x7e]+$/i.test(value) && URL.canParse(value),
  email: (value) => {
    const at = value.lastIndexOf('@');
    return /^[\x21-\x7e]{1,64}$/.test(value.slice(0, Math.max(at, 0))) && host.test(value.slice(at + 1));
  },
};
