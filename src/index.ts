/**
 * The library of jwtkit: the functions behind its command line. The caller chooses the keys and passes the time. Every failure
 * is a {@link JwtkitError} with a stable `code`.
 */
export {
  type Check,
  type ErrorCode,
  type ErrorDetails,
  errorCodes,
  JwtkitError,
  type JwtkitErrorOptions,
} from './errors.js';
export { type AlgorithmName, algorithmNames } from './jose/algorithms.js';
export {
  type CertificateOptions,
  type CertificateRequestOptions,
  createCertificate,
  createCertificateRequest,
} from './jose/certificate.js';
export type { Passphrase } from './jose/encrypted-key.js';
export { type GeneratedKey, type GenerateKeyOptions, generateKey, type KeyMaker } from './jose/generate-key.js';
export type { JsonObject } from './jose/json.js';
export { exportPrivateJwk, exportPublicJwk, type Jwk, type JwkSet, thumbprint } from './jose/jwk.js';
export type { SkippedJwk } from './jose/jwk-set.js';
export {
  type SignJwsOptions,
  signJws,
  type VerifiedJws,
  type VerifyJwsOptions,
  verifyJws,
} from './jose/jws.js';
export { createKey, type Key, type KeyOperation, type KeyTraits, type Validity } from './jose/key.js';
export {
  type LoadKeysOptions,
  loadKeys,
  type PassphraseSource,
  type UnlockKeysOptions,
  unlockKeys,
} from './jose/keys.js';
export { exportPrivatePem, exportPublicPem } from './jose/pem.js';
export { type Pkcs12, type Pkcs12Contents, readPkcs12, writePkcs12 } from './jose/pkcs12.js';
export { type LoadSecretOptions, loadSecret } from './jose/secret.js';
export type { SecretEncoding } from './jose/secret-encoding.js';
export type { SubjectAltName } from './jose/subject-alt-name.js';
export { certificateMembers } from './jose/x509.js';
export {
  type ContentEncryptionName,
  contentEncryptionNames,
  type KeyManagementName,
  keyManagementNames,
} from './jwe/algorithms.js';
export type { DecryptedJwe, DecryptOptions } from './jwe/decrypt.js';
export type { EncryptOptions, Serialization } from './jwe/encrypt.js';
export {
  createEncryptionKey,
  createPassphraseKey,
  type EncryptionKey,
  type EncryptionKeyShape,
  type EncryptionKeyTraits,
  type EncryptionOperation,
} from './jwe/key.js';
export type { AllowedAlgorithms } from './jwe/key-choice.js';
export {
  type LoadEncryptionKeysOptions,
  type LoadEncryptionSecretOptions,
  loadEncryptionKeys,
  loadEncryptionSecret,
} from './jwe/keys.js';
export { type DecryptedToken, decryptToken, encryptToken } from './jwe/token.js';
export type { AddressRules } from './remote/address.js';
export { type EncryptionKeysAt, fetchEncryptionKeys } from './remote/encryption-keys.js';

export { discoverIssuer, type IssuerMetadata, issuerKeys } from './remote/issuer.js';
export { remoteKeys } from './remote/jwks.js';
export type { RemoteOptions } from './remote/options.js';
export {
  addClient,
  type ClientChange,
  changeClient,
  type IssuedSecret,
  type NewClient,
  readClients,
  removeClient,
  rotateClientSecret,
  type StoredClient,
} from './store/accounts/clients.js';
export { type AccountFiles, openAccounts } from './store/accounts/open-accounts.js';
export { hashPassword, isPassword } from './store/accounts/password.js';
export {
  addUser,
  changePassword,
  changeUser,
  type NewUser,
  type PasswordSource,
  readUsers,
  removeUser,
  type StoredUser,
  type UserChange,
} from './store/accounts/users.js';
export { openDenylist } from './store/denylist/open.js';
export type { OpenDenylistOptions } from './store/denylist-options.js';
export {
  type CachedDocument,
  type DocumentCache,
  type OpenDocumentCacheOptions,
  openDocumentCache,
} from './store/document-cache.js';
export { type AddKeyOptions, addKey } from './store/keyring/changes.js';
export { type Keyring, openKeyring } from './store/keyring/directory.js';
export {
  type AddEncryptionKeyOptions,
  addEncryptionKey,
  keyringDecryptionKeys,
  keyringRecipient,
  type RotateEncryptionKeysOptions,
  rotateEncryptionKeys,
} from './store/keyring/encryption.js';
export { type ImportedKeys, type ImportKeysOptions, importKeys } from './store/keyring/import.js';
export {
  type ImportEncryptionKeysOptions,
  type ImportedEncryptionKeys,
  importEncryptionKeys,
} from './store/keyring/import-encryption.js';
export { type PrunedKeyring, type PruneKeyringOptions, pruneKeyring } from './store/keyring/prune.js';
export {
  type RemoveKeyOptions,
  type RetiredKey,
  type RetireKeyOptions,
  type RotatedKeys,
  type RotateKeysOptions,
  removeKey,
  retireKey,
  rotateKeys,
} from './store/keyring/rotation.js';
export { type Accounts, type Client, grantScopes, isClientSecret, type User } from './token/account.js';
export type { Claims, TokenType } from './token/claims.js';
export { type DecodedToken, decodeToken } from './token/decode.js';
export type { Denylist, Revocation, TokenIdentity } from './token/denylist.js';
export type { KeyReport, VerifiedToken, VerifyDeps } from './token/examine.js';
export { type FoundToken, findToken, type WantedToken } from './token/find-token.js';
export { inspectToken, type TokenLife } from './token/inspect.js';
export {
  type IssueDeps,
  type IssuedToken,
  issueToken,
  issueTokenPair,
  type TokenPair,
} from './token/issue.js';
export type { IssuePairPolicy, IssuePolicy, OwnClaim } from './token/issue-policy.js';
export {
  type FetchedKeys,
  type KeySource,
  reportTokenFrom,
  type VerifyFromDeps,
  verifyTokenFrom,
} from './token/key-source.js';
export type { DatedKey, KeyringEntry } from './token/keyring.js';
export { defaultLifetimes } from './token/new-claims.js';
export type { VerifyPolicy } from './token/policy.js';
export {
  type RefreshDeps,
  type RefreshedTokens,
  type RefreshPolicy,
  refreshToken,
} from './token/refresh.js';
export type { RequiredClaim } from './token/required-claim.js';
export { type RevokeDeps, type RevokedToken, revokeSubject, revokeToken, revokeTokenId } from './token/revoke.js';
export type { SessionLimits } from './token/session-limits.js';
export { reportToken, type VerificationReport, verifyToken } from './token/verify.js';
