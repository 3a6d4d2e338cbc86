/** Certificates that nobody trusts, for servers of tests. */
import { spawnSync } from 'node:child_process';

/**
 * Makes a CA (`ca.pem`) and certificates of it for 127.0.0.1 (`good`), another host (`other`) and a past time (`expired`), each as
 * NAME.pem and NAME.key in a folder, by openssl.
 */
export function makeCertificates(folder: string): void {
  const openssl = (...args: string[]) => {
    const { status, stderr } = spawnSync('openssl', args, { cwd: folder, encoding: 'utf8' });
    if (status !== 0) throw new Error(stderr);
  };
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-noenc'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-subj', '/CN=Test CA', '-days', '2');
  for (const [name, san, dates] of [
    ['good', 'IP:127.0.0.1', ['-days', '1']],
    ['other', 'DNS:other.example', ['-days', '1']],
    ['expired', 'IP:127.0.0.1', ['-days', '-1']],
  ] as const) {
    const request = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=${san}`];
    openssl('req', '-new', ...key, '-keyout', `${name}.key`, '-out', `${name}.csr`, ...request);
    const signing = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-copy_extensions', 'copyall', ...dates];
    openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...signing);
  }
}
