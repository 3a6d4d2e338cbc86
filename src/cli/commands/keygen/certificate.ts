/** The certificate and the request that `keygen` makes beside a key. */
import type { KeyObject, X509Certificate } from 'node:crypto';
import type { AlgorithmName } from '../../../jose/algorithms.js';
import { createCertificate } from '../../../jose/certificate.js';
import { parseDistinguishedName } from '../../../jose/distinguished-name.js';
import { parseSubjectAltName, type SubjectAltName } from '../../../jose/subject-alt-name.js';
import type { Invocation } from '../../grammar/invocation.js';
import type { Lists, Texts } from '../../grammar/option.js';
import { parseOption, readInteger } from '../../grammar/values.js';
import { usage } from '../../terminal/errors.js';

/** The options that name a certificate or a request, and what it contains. */
export type CertificateOptions = Texts<'cert' | 'csr' | 'subject' | 'days'> & Lists<'san'>;

/** What a certificate or a request contains. */
export interface CertificateContents {
  readonly subject: string;
  readonly subjectAltNames: readonly SubjectAltName[];
  /** Seconds. */
  readonly lifetime: number;
}

/** Seconds by which a certificate begins in the past, for clocks that are behind. */
const backdating = 300;

/**
 * Reads the options of a certificate, before a key is made.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function readContents({ options, label }: Invocation<CertificateOptions>): CertificateContents {
  const { subject, san = [] } = options;
  if (subject === undefined) {
    const flag = options.cert === undefined ? '--csr' : '--cert';
    throw usage(`${flag} needs --subject, the name of its owner`, 'such as --subject CN=web');
  }
  parseOption(label('subject'), subject, parseDistinguishedName);
  const days = readInteger('--days', options.days, 1, 36_500) ?? 365;
  const subjectAltNames = san.map((text) => parseOption(label('san'), text, parseSubjectAltName) as SubjectAltName);
  return { subject, subjectAltNames, lifetime: days * 86_400 };
}

/** Makes a self-signed certificate; `now` is a NumericDate. */
export function makeCertificate(
  privateKey: KeyObject,
  alg: AlgorithmName,
  { lifetime, ...names }: CertificateContents,
  now: number,
): Promise<X509Certificate> {
  return createCertificate(privateKey, { ...names, alg, notBefore: now - backdating, notAfter: now + lifetime });
}
