/** The certificate and the request that `keygen` makes beside a key. */
import type { KeyObject, X509Certificate } from 'node:crypto';
import type { AlgorithmName } from '../jose/algorithms.js';
import { createCertificate, createCertificateRequest } from '../jose/certificate.js';
import { parseDistinguishedName } from '../jose/distinguished-name.js';
import { parseSubjectAltName, type SubjectAltName } from '../jose/subject-alt-name.js';
import { type Invocation, parseOption, usage } from './options.js';

/** What names a certificate or a request, and what it says. */
export interface CertificateFlags {
  cert?: string;
  csr?: string;
  subject?: string;
  san?: string[];
  days?: string;
}

/** The flags, read and found good before a key is made. */
export interface CertificateWish {
  readonly subject: string;
  readonly subjectAltNames: readonly SubjectAltName[];
  /** Seconds. */
  readonly lifetime: number;
}

const daySeconds = 86_400;
const defaultDays = 365;
/** A certificate begins this long before it was made, for clocks that are behind, in seconds. */
const backdating = 300;

/**
 * Reads what a certificate or a request shall say.
 * @throws {JwtkitError} USAGE_INVALID.
 */
export function certificateWish({ options, label }: Invocation<CertificateFlags>): CertificateWish {
  const { subject, san = [], days = String(defaultDays) } = options;
  const asked = options.cert === undefined ? '--csr' : '--cert';
  if (subject === undefined)
    throw usage(`${asked} needs --subject, whose certificate it is`, 'such as --subject CN=web');
  parseOption(label('subject'), subject, parseDistinguishedName);
  if (!/^\d{1,5}$/.test(days) || Number(days) < 1 || Number(days) > 36_500) {
    throw usage(`--days: ${JSON.stringify(days)} is not a number of days from 1 to 36500`);
  }
  const subjectAltNames = san.map((text) => parseOption(label('san'), text, parseSubjectAltName) as SubjectAltName);
  return { subject, subjectAltNames, lifetime: Number(days) * daySeconds };
}

/** A self-signed certificate as wished for, made at `now`. */
export function makeCertificate(
  privateKey: KeyObject,
  alg: AlgorithmName,
  { lifetime, ...names }: CertificateWish,
  now: number,
): Promise<X509Certificate> {
  return createCertificate(privateKey, { ...names, alg, notBefore: now - backdating, notAfter: now + lifetime });
}

/** A certification request as wished for, in PEM. */
export function makeRequest(privateKey: KeyObject, alg: AlgorithmName, wish: CertificateWish): Promise<string> {
  const { subject, subjectAltNames } = wish;
  return createCertificateRequest(privateKey, { subject, subjectAltNames, alg });
}
