/** Rules about keys for encryption, and about secrets that encrypt. */
import { isAlgorithmName } from '../../jose/algorithms.js';
import { asText, isJsonObject, type JsonObject, own } from '../../jose/json.js';
import { isContentEncryptionName, isKeyManagementName } from '../../jwe/algorithms.js';
import { asList, isStringOrStrings } from '../../token/claims.js';
import { ecKey, json, jwe, otherEcKey } from '../example.js';
import { type Remark, rule, type Spot } from '../rule.js';

const encryptionKey = { ...ecKey, use: 'enc', alg: 'ECDH-ES+A256KW' };

/** The services that an encrypted token names in its header (RFC 7519 §5.3). */
function audiencesOf({ aud }: JsonObject): readonly string[] {
  return isStringOrStrings(aud) ? asList(aud) : [];
}

/** Whether a JWK is a secret that encrypts content itself. */
const isDirect = (jwk: JsonObject | undefined) =>
  jwk?.kty === 'oct' && (jwk.alg === 'dir' || isContentEncryptionName(jwk.alg));

export const encryptionKeyRules = [
  rule({
    id: 'token/secret-shared-by-readers',
    level: 'warning',
    about: 'everything',
    means:
      'One secret encrypts content itself (dir) for several services: each of them reads what is for the others, and can write it. No new key comes with each token, so nonces of GCM run out sooner.',
    help: 'give each service a key of its own, or encrypt to the public key of each (ECDH-ES)',
    source: 'RFC 7518 §8.1, §8.4; NIST SP 800-38D §8.3',
    bad: jwe({ alg: 'dir', aud: ['api', 'billing'] }),
    good: jwe({ alg: 'dir', aud: 'api' }),
    check: (subjects) => {
      const remarks: Remark[] = [];
      const readers = new Map<string, { readonly names: Set<string>; readonly spot: Spot }>();
      const holders = new Map<string, Spot>();
      for (const { kind, value, spot } of subjects) {
        if (kind === 'token' && value.isEncrypted && value.header.alg === 'dir') {
          // Without a kid nothing says that two tokens have one secret.
          const kid = asText(value.header.kid ?? value.text);
          const { names } = readers.get(kid) ?? { names: new Set() };
          for (const name of audiencesOf(value.header)) names.add(name);
          readers.set(kid, { names, spot });
        } else if (kind === 'key' && isDirect(value.jwk)) {
          const secret = asText(value.jwk?.k);
          const other = holders.get(secret);
          if (other === undefined) holders.set(secret, spot);
          else if (other.source !== spot.source)
            remarks.push({ message: `the secret for dir is also in ${other.source.name}`, spot });
        }
      }
      for (const { names, spot } of readers.values()) {
        if (names.size > 1) remarks.push({ message: `dir for ${names.size} audiences`, spot });
      }
      return remarks;
    },
  }),
  rule({
    id: 'key/old-encryption',
    level: 'warning',
    about: 'key',
    means: 'The JWK asks for tokens that are encrypted with RSA1_5, whose padding gives attackers an oracle.',
    help: 'set alg to RSA-OAEP-256',
    source: 'RFC 8725 §3.2',
    bad: json({ ...encryptionKey, alg: 'RSA1_5' }),
    good: json(encryptionKey),
    check: ({ jwk }) => jwk?.alg === 'RSA1_5' && 'alg is RSA1_5',
  }),
  rule({
    id: 'key/algorithm-contradicts-use',
    level: 'error',
    about: 'key',
    means: 'The members use and alg of the JWK contradict each other: one says signatures, the other encryption.',
    help: 'make one key for each: jwtkit keygen, and jwtkit keygen --use enc',
    source: 'RFC 7517 §4.2, §4.4; RFC 8725 §3.12',
    bad: json({ ...ecKey, use: 'enc' }),
    good: json(encryptionKey),
    check: ({ jwk }) => {
      const { use, alg } = jwk ?? {};
      const isForTokens = isKeyManagementName(alg) || isContentEncryptionName(alg) || alg === 'RSA1_5';
      const contradict = (use === 'sig' && isForTokens) || (use === 'enc' && isAlgorithmName(asText(alg)));
      return contradict && `use is ${use}, alg is ${alg}`;
    },
  }),
  rule({
    id: 'set/one-key-two-uses',
    level: 'warning',
    about: 'set',
    means: 'One key of the set signs and decrypts: a weakness of one use breaks the other.',
    help: 'make one key for each: jwtkit keygen, and jwtkit keygen --use enc',
    source: 'RFC 8725 §3.12; NIST SP 800-57 §5.2',
    bad: json({ keys: [ecKey, { ...encryptionKey, kid: 'enc-2027' }] }),
    good: json({ keys: [ecKey, { ...otherEcKey, use: 'enc', alg: 'ECDH-ES+A256KW' }] }),
    check: ({ keys }) => {
      const uses = new Map<string, unknown>();
      return (
        keys.some((jwk) => {
          if (!isJsonObject(jwk) || typeof jwk.use !== 'string') return false;
          const identity = JSON.stringify(['kty', 'crv', 'n', 'x'].map((name) => own(jwk, name)));
          const other = uses.get(identity);
          uses.set(identity, jwk.use);
          return other !== undefined && other !== jwk.use;
        }) && 'two members are one key, with different uses'
      );
    },
  }),
];
