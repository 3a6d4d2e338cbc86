/** Rules about certificates. */
import type { X509Certificate } from 'node:crypto';
import { childrenOf } from '../../jose/der.js';
import { formatDuration } from '../../token/time.js';
import { text } from '../example.js';
import { rule } from '../rule.js';

const month = 30 * 86_400;
const sha1OrMd5 = new Set(['2a864886f70d010105', '2a864886f70d010104', '2a8648ce3d0401']);

const endOf = (certificate: X509Certificate) => Date.parse(certificate.validTo) / 1000;

/** The object identifier of the signature's algorithm, in hex (RFC 5280 §4.1.1.2). */
function signatureOid(certificate: X509Certificate): string {
  const algorithm = childrenOf(certificate.raw)[1];
  return algorithm === undefined ? '' : algorithm.content.subarray(2, 2 + (algorithm.content[1] ?? 0)).toString('hex');
}

const good = text(`-----BEGIN CERTIFICATE-----
MIIBYDCCAQegAwIBAgIQfG8tEakvkS+2E4858/SrsjAKBggqhkjOPQQDAjASMRAw
DgYDVQQDDAdleGFtcGxlMB4XDTI2MTEyOTAzMDIwM1oXDTM2MTEyNjAzMDcwM1ow
EjEQMA4GA1UEAwwHZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABJQt
qsPPteYV8keOlOj+o4hyK1jxK2A4Rg3QjHqzcpqyKPlw0CvwKxVBELGP8jUsr2fi
52vIYFMexMQYCSsKtkajPzA9MAwGA1UdEwEB/wQCMAAwDgYDVR0PAQH/BAQDAgeA
MB0GA1UdDgQWBBSrdhyni1TS1yBtejkYy2SVJJdNpDAKBggqhkjOPQQDAgNHADBE
AiBdFRy62iAvAdLe/KFQlixaJmW1lUtaJFJ2Pv9eNNNuowIgAt1i+mapI2xaq6jq
+QNrOtsFVDjV7eEG/0UO3DC7qeM=
-----END CERTIFICATE-----
`);

export const certificateRules = [
  rule({
    id: 'certificate/expired',
    level: 'error',
    about: 'certificate',
    means: 'The certificate has ended: verifiers that look at its dates refuse every token of its key.',
    help: 'have it renewed, or make one: jwtkit keygen --cert',
    source: 'RFC 5280 §4.1.2.5',
    bad: text(`-----BEGIN CERTIFICATE-----
MIIBYjCCAQegAwIBAgIQfnUbYJfOQ4CqoTCdxhSMhzAKBggqhkjOPQQDAjASMRAw
DgYDVQQDDAdleGFtcGxlMB4XDTI2MTEyOTAzMDIwMVoXDTI2MTIxOTAzMDcwMVow
EjEQMA4GA1UEAwwHZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABOV3
ez+YMIqyoM7nJd2EmhXjFeo7+tu/osA7uU5TpgBsi+u/yjv35LvgWF+dowNPDuzW
URh8SxDzTE9RbfDLOBijPzA9MAwGA1UdEwEB/wQCMAAwDgYDVR0PAQH/BAQDAgeA
MB0GA1UdDgQWBBSIP4qErpo4EOpMkxhkro74Im6svDAKBggqhkjOPQQDAgNJADBG
AiEAugWlT9KlphXs5bbPOvA0ET5OU2XrvPFNvYO+w7CQAOwCIQD8+pO5z8dlT6Xj
kdXUN5tEqi+EysRSUS+nNQfZN2xIKw==
-----END CERTIFICATE-----
`),
    good,
    check: (certificate, { now }) =>
      endOf(certificate) < now && `it ended ${formatDuration(now - endOf(certificate))} ago`,
  }),
  rule({
    id: 'certificate/ends-soon',
    level: 'warning',
    about: 'certificate',
    means: 'The certificate ends within 30 days.',
    help: 'renew it now, and publish the new key beside the old one',
    source: 'RFC 5280 §4.1.2.5',
    bad: text(`-----BEGIN CERTIFICATE-----
MIIBYjCCAQegAwIBAgIQQPS2EdQ87plzGE7eTCSCJjAKBggqhkjOPQQDAjASMRAw
DgYDVQQDDAdleGFtcGxlMB4XDTI2MTEyOTAzMDMyMFoXDTI3MDEyODAzMDgyMFow
EjEQMA4GA1UEAwwHZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDuv
6biry695BE3iQy0el44IMxQcTy4JuhtKrgTRUoC2b3KQ95y/U2BvPa+geOrnLfXN
t1C+K3yvPmUnjgStdPajPzA9MAwGA1UdEwEB/wQCMAAwDgYDVR0PAQH/BAQDAgeA
MB0GA1UdDgQWBBQiaUl2x/9FT2oYN3fFohyZRHNX2jAKBggqhkjOPQQDAgNJADBG
AiEA6qTs/wKBe7mhNqdMsszCG15NIiXjTaBj3CN3bjws3akCIQCK4g8E8bHZPd6/
cquAoO9Umr6zrJzlcKyILEmDmdEaEw==
-----END CERTIFICATE-----
`),
    good,
    check: (certificate, { now }) => {
      const left = endOf(certificate) - now;
      return left >= 0 && left < month && `it ends in ${formatDuration(Math.floor(left))}`;
    },
  }),
  rule({
    id: 'certificate/weak-signature',
    level: 'error',
    about: 'certificate',
    means: 'The certificate is signed with SHA-1 or MD5, for which collisions are made.',
    help: 'have it issued anew with SHA-256',
    source: 'RFC 9155; NIST SP 800-131A',
    bad: text(`-----BEGIN CERTIFICATE-----
MIIBdzCCAR6gAwIBAgIUHIJS/AMkoHhFupY0agY+0fHTiJUwCQYHKoZIzj0EATAS
MRAwDgYDVQQDDAdleGFtcGxlMB4XDTI2MTEyOTAzMDgyMVoXDTM2MTEyNjAzMDgy
MVowEjEQMA4GA1UEAwwHZXhhbXBsZTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IA
BHNHxgsIRrjqoSrJUf9YqAiQWt5XFXdtUbrYfc7kmjxTkB2Md/osqf0xmCphB1f0
J84wlFB/Qsginuqa7J/wN62jUzBRMB0GA1UdDgQWBBR2oG3nE+/yp+xDQqm27kKC
CrG0RjAfBgNVHSMEGDAWgBR2oG3nE+/yp+xDQqm27kKCCrG0RjAPBgNVHRMBAf8E
BTADAQH/MAkGByqGSM49BAEDSAAwRQIhAMdheuiIlA8mUCfoITqlpra97DzDMsgF
XCOwI7Wy+IG0AiB1DKjEdrUjBOCNH8s9xSy/jaTnjC8lkrc8kguA71KdGA==
-----END CERTIFICATE-----
`),
    good,
    check: (certificate) => sha1OrMd5.has(signatureOid(certificate)) && 'its signature is of SHA-1 or MD5',
  }),
];
