/** Options of other tools, and what jwtkit calls the same thing. Loaded only for a mistake. */

/** Options of other tools. */
export interface OtherOption {
  /** Separated by spaces. Dashes and the capitals of a longer word do not count: `expiresIn` and `expires_in` are `expires-in`. */
  readonly words: string;
  /** Options of jwtkit: a hint names the first that the command has. */
  readonly options?: string;
  /** What the hint adds to "did you mean". It is the whole hint if the row has no `options`. */
  readonly says?: string;
  /** The only commands, or the only group of commands, that the row is for. */
  readonly only?: string;
  /** What the hint says if the command has none of the options. */
  readonly otherwise?: string;
  /** Whether the words are options of `verify`, for commands that verify nothing. */
  readonly ofVerify?: boolean;
}

const secretSays = 'a secret in a command line can be read by other users, and stays in the history of the shell';

/** What a hint says, the first row that fits. */
export const otherOptions: readonly OtherOption[] = [
  { words: 'name username user email login', says: 'the name is an argument', only: 'users clients' },
  { words: 'public-key pub pubkey pub-key pub-out pubout', options: '--public-half', only: 'convert' },
  {
    words: 'private-half private private-key priv privkey',
    says: 'a private key stays private, unless you give --public-half',
    only: 'convert',
  },
  { words: 'private-key priv privkey secret', options: '--private-half', only: 'export' },
  {
    words:
      'key key-env secret-file secret-env secret-encoding jwks issuer-url alg algorithm aud audience iss issuer sub subject scope role typ require leeway max-age any-aud decrypt-key',
    only: 'decode inspect',
    ofVerify: true,
  },
  {
    words:
      'email name nonce azp tenant tid org plan locale picture phone given-name family-name preferred-username acr amr auth-time sid client-id cnf act data custom',
    options: '--claim',
    says: 'it takes name=text or name:=json',
    only: 'issue encrypt',
  },
  { words: 'refresh with-refresh both', options: '--pair', says: '--type refresh makes a refresh token alone' },
  { words: 'claims-json json-claims', options: '--claims' },
  { words: 'cipher encryption content-encryption enc-alg', options: '--enc' },
  { words: 'identity decrypt-key', options: '--key', only: 'decrypt' },
  { words: 'H header headers cookie', options: '--send', only: 'probe' },
  { words: 'X request verb', options: '--method' },
  { words: 'url target', says: 'the target is an argument', only: 'probe' },
  { words: 'kid kids key-id k', says: 'the kid is an argument: keys export KID', only: 'export retire remove' },
  {
    words: 'kid kids key-id k',
    says: 'the file is an argument; a key of the keyring comes from a pipe: jwtkit keys export KID, and - for the file',
    only: 'thumbprint',
  },
  { words: 'in input file f', says: 'the file is an argument', only: 'encrypt convert thumbprint import' },
  { words: 'f', options: '--format', says: 'files are arguments', only: 'lint' },
  { words: 'out output o dir folder', says: 'the folder is an argument', only: 'fixtures' },
  { words: 'output-format', options: '--format --json' },
  { words: 'raw', options: '--bare', only: 'issue encrypt' },
  { words: 'list', options: '--list-rules' },
  { words: 'list dry-run', says: '--format ndjson prints all tokens and writes none', only: 'fixtures' },
  { words: 'keep overlap', options: '--grace' },
  { words: 'in after when', options: '--until' },
  { words: 'to outform', options: '--format', only: 'convert' },
  { words: 'shell s', says: 'the shell is an argument, such as bash', only: 'completion' },
  { words: 'f', options: '--force', says: '--private names the file to write', only: 'keygen' },
  { words: 't', options: '--alg', says: 'it decides the type of the key', only: 'keygen' },
  { words: 't', options: '--typ', only: 'issue' },
  { words: 'P claim-json', options: '--claim', says: 'it takes name=text or name:=json', only: 'issue' },
  {
    words: 'payload header body claims P',
    options: '--json',
    says: 'it has the header and the claims',
    only: 'decode',
  },
  { words: 'iso8601 iso iso-dates utc human', says: 'each time is shown in UTC, too', only: 'decode' },
  {
    words: 'cert cert-file certificate ssl-cert ssl-certfile tls-cert-file tls ssl https',
    options: '--tls-cert',
    says: '--tls-key names its private key',
    only: 'serve',
  },
  { words: 'ssl-key ssl-keyfile tls-key-file', options: '--tls-key' },
  { words: 'users-file user-file user username', options: '--users', only: 'serve' },
  { words: 'daemon detach background d', says: 'a supervisor such as systemd runs it: docs/serve.md', only: 'serve' },
  { words: 'reload watch', says: 'keys, users and clients are read again when they change', only: 'serve' },
  { words: 'p', options: '--port' },
  { words: 'origin origins allow-origin allowed-origins cors-origin cors-origins', options: '--cors' },
  { words: 'iss issuer base-url', options: '--issuer-url' },
  { words: 'log-level log', options: '--log-format' },
  {
    words:
      'exp expiry expiry-date exp-date expires expire expires-in expire-in expiration not-after ttl-seconds days hours minutes expires-at valid-for validity lifetime duration exp-time expiration-time',
    options: '--ttl',
    says: 'it takes a lifetime, such as 15m',
    otherwise: 'exp is always checked; --ttl of jwtkit issue sets it',
  },
  { words: 'refresh-expires-in refresh-exp refresh-lifetime', options: '--refresh-ttl' },
  {
    words: 'secret s S hmac hmac-secret shared-secret secret-key client-secret sign-secret signing-secret',
    options: '--secret-file --secret-env',
    says: secretSays,
    otherwise: 'jwtkit verify has --secret-file and --secret-env',
  },
  {
    words: 'k',
    options: '--key --secret-file',
    says: 'both take the name of a file',
    otherwise: 'jwtkit verify has --key and --secret-file',
  },
  {
    words: 'public-key pub pubkey public-file pub-out pubout',
    options: '--public',
    says: 'it names the file to write',
    only: 'keygen',
  },
  {
    words: 'private-key priv privkey private-file out output o out-file outfile file',
    options: '--private',
    says: 'it names the file to write',
    only: 'keygen',
  },
  {
    words:
      'pub pubkey pub-key public-key public-key-file publickey cert certificate cert-file pem public verify-key jwk jwk-file',
    options: '--key',
    says: 'it takes PEM, DER, a certificate or a JWK',
    otherwise: 'jwtkit verify --key takes a public key',
  },
  {
    words: 'private-key private-key-file privkey priv priv-key private pem-file key-file keyfile signing-key sign-key',
    options: '--key',
    says: 'it takes PEM, DER or a JWK',
    otherwise: 'jwtkit issue --key takes a private key',
  },
  {
    words:
      'ignore-exp ignore-expiration ignore-expiry ignore-expired no-exp-check skip-exp allow-expired no-verify-exp accept-expired',
    options: '--at',
    says: 'it judges at another time; jwtkit inspect shows an expired token without a key',
    otherwise: 'jwtkit decode and inspect show expired tokens; jwtkit verify --at judges at another time',
  },
  { words: 'ignore-nbf ignore-not-before no-nbf', options: '--at --leeway', says: 'it judges at another time' },
  {
    words:
      'no-verify skip-verify noverify no-verification skip-verification no-signature no-check unsafe insecure allow-unsigned no-sig',
    says: 'jwtkit decode shows a token without verifying it',
    only: 'verify decode inspect refresh',
  },
  { words: 'clock-tolerance clock-skew skew tolerance drift clock-drift', options: '--leeway' },
  { words: 'now time date clock current-time clock-timestamp current-date verify-at', options: '--at' },
  { words: 'not-before notbefore valid-from', options: '--nbf' },
  { words: 'issued-at iat', options: '--at', says: 'it sets the time that iat takes' },
  { words: 'payload data body json-payload claims-file payload-file', options: '--claims --claim' },
  { words: 'set add-claim custom extra c', options: '--claim', says: 'it takes name=text or name:=json' },
  { words: 'id token-id jwt-id', options: '--jti' },
  { words: 'key-id kids k comment C', options: '--kid' },
  { words: 'i', options: '--iss --token-file' },
  { words: 'n', options: '--nbf --dry-run' },
  { words: 'simulate what-if', options: '--dry-run' },
  { words: 'algo algorithms algs a A sig-alg signature-algorithm', options: '--alg' },
  { words: 'audiences', options: '--aud' },
  { words: 'any-audience ignore-aud ignore-audience no-aud skip-aud no-verify-aud', options: '--any-aud' },
  { words: 'no-exp no-expiry no-expiration never-expires', options: '--allow-no-exp --no-exp' },
  { words: 'verify check validate', says: 'jwtkit verify checks a token' },
  {
    words: 'url uri endpoint',
    options: '--jwks',
    says: 'it fetches a JWK Set; --issuer-url finds the keys of an issuer',
  },
  { words: 'kty key-type', options: '--alg', says: 'it decides the type of the key' },
  { words: 'type', options: '--alg', says: 'it decides the type of the key', only: 'keygen rotate' },
  { words: 'name alias', options: '--kid --sub' },
  { words: 'issuers', options: '--iss' },
  { words: 'user user-id uid principal', options: '--sub' },
  { words: 'scopes permissions', options: '--scope' },
  { words: 'roles groups', options: '--role' },
  { words: 'token-type use token-use', options: '--type' },
  { words: 'jwks-url jwks-uri jwks-file jwk-set keyset jwks-endpoint', options: '--jwks' },
  { words: 'issuer-uri oidc discovery discovery-url well-known authority openid', options: '--issuer-url' },
  { words: 'token t jwt', options: '--token-file', says: 'a token is an argument, or comes from a pipe' },
  {
    words: 'file f in input in-file',
    options: '--token-file --batch',
    says: 'a token is an argument, or comes from a pipe',
  },
  { words: 'to r recipient recipients recipient-key encrypt-to', options: '--key', only: 'encrypt' },
  {
    words: 'output o out out-file outfile outform',
    options: '--out --report',
    says: '--json prints JSON',
    otherwise: 'write to a file with > FILE; --json prints JSON',
  },
  { words: 'overwrite yes y f', options: '--force' },
  {
    words: 'quiet silent q s no-output',
    options: '--quiet',
    otherwise: '2> /dev/null hides notes, > /dev/null hides the output',
  },
  { words: 'verbose v vv trace', options: '--verbose --debug --version' },
  { words: 'raw', options: '--claim', says: 'it prints one claim as it is' },
  { words: 'jq query field fields path select', options: '--claim --json' },
  { words: 'yaml csv tsv table xml junit sarif github markdown', options: '--format --json' },
  { words: 'strict severity min-severity max-warnings level', options: '--fail-on' },
  { words: 'ignore exclude disable skip-rule', options: '--rule' },
  { words: 'format pretty compact jsonl j', options: '--json' },
  { words: 'colour colors', options: '--color' },
  { words: 'nocolor no-colors no-colour nocolour', options: '--no-color' },
  { words: 'help h', says: 'write --help without a value' },
  { words: 'version', says: 'the version is of the whole program: jwtkit --version' },
  { words: 'dot-env envfile env environment', options: '--dotenv' },
  { words: 'conf config-file policy', options: '--config' },
  {
    words: 'pass passphrase passin passout key-passphrase key-password new-passphrase N',
    options: '--passphrase-file --passphrase-env',
    says: secretSays,
  },
  { words: 'password-file pass-file', options: '--passphrase-file' },
  { words: 'password pw passwd', options: '--password-file --password-env --passphrase-file', says: secretSays },
  { words: 'denylist blacklist blocklist revocations revoked redis db database', options: '--store' },
  { words: 'size length key-size modulus-length rsa-bits b', options: '--bits' },
  { words: 'curve ec-curve', options: '--crv' },
  { words: 'expires-soon min-life remaining min-validity', options: '--min-ttl' },
  { words: 'older-than max-token-age', options: '--max-age' },
  { words: 'cluster processes instances', options: '--workers' },
  { words: 'listen bind address hostname', options: '--host' },
  { words: 'threads jobs j concurrency parallel', options: '--threads --workers' },
  { words: 'lines stdin bulk many', options: '--batch' },
];
