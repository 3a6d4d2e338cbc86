/** Hints for keys in formats that jwtkit does not read. */
import { isPkcs12 } from './der.js';

const sshHint =
  'convert a copy, since ssh-keygen overwrites it: cp FILE copy.pem && ssh-keygen -p -m PKCS8 -f copy.pem ' +
  '(older releases leave Ed25519 as it is: then make a key with jwtkit keygen --alg EdDSA)';

/** The way out for a PEM label (RFC 7468, RFC 4716) of no key that signs a JWS. */
export function foreignLabelHint(label: string): string | undefined {
  if (label === 'OPENSSH PRIVATE KEY') return sshHint;
  if (label.startsWith('PGP ')) return 'OpenPGP keys sign no tokens; make a key with: jwtkit keygen';
  if (label.endsWith('CERTIFICATE REQUEST'))
    return 'a request is no certificate; its key: openssl req -in FILE -noout -pubkey';
  if (label === 'PKCS7' || label === 'CMS') return 'its certificates: openssl pkcs7 -in FILE -print_certs';
  if (label.endsWith('PARAMETERS')) return 'the file holds parameters alone, the key is in another one';
  return undefined;
}

/** The way out for a file that is neither PEM, DER nor JSON. */
export function foreignFormatHint(bytes: Buffer, text: string): string {
  if (isPkcs12(bytes)) return 'a PKCS#12 file is brought into a keyring with: jwtkit keys import FILE';
  if (bytes.subarray(0, 4).toString('hex') === 'feedfeed') {
    return 'a Java keystore becomes PKCS#12 with: keytool -importkeystore -srckeystore FILE -destkeystore new.p12 -deststoretype PKCS12';
  }
  if (/^(?:ssh|ecdsa|sk)-/.test(text)) return 'an OpenSSH public key becomes PEM with: ssh-keygen -e -m PKCS8 -f FILE';
  if (text.startsWith('---- BEGIN SSH2 PUBLIC KEY')) {
    return 'it becomes PEM with: ssh-keygen -i -f FILE > key.pub && ssh-keygen -e -m PKCS8 -f key.pub';
  }
  if (text.startsWith('PuTTY-User-Key-File-')) {
    return 'a PuTTY key becomes PEM with: puttygen FILE -O private-openssh -o copy.pem && ssh-keygen -p -m PKCS8 -f copy.pem';
  }
  if (/-{2,6} ?(?:BEGIN|END) /.test(text)) {
    return 'a PEM begins and ends with a label between five dashes: copy all of it, from -----BEGIN to -----END';
  }
  if (/^[^\n]{1,200}\.(?:pem|key|pub|der|crt|cer|json|jwks?|p8)\s*$/.test(text)) {
    return 'this is the name of a file: give what is in it';
  }
  return 'a shared secret is given with --secret-file or --secret-env';
}
