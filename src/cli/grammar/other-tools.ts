/** Words of other tools, and what jwtkit calls the same thing. Loaded only for a mistake. */
import type { Command } from 'commander';

/** Options of other tools. */
interface Row {
  /** Without dashes, separated by spaces. `expiresIn` and `expires_in` count as `expires-in`. */
  readonly words: string;
  /** Options of jwtkit: a hint names the first that the command has. */
  readonly options?: string;
  /** What the hint adds to "did you mean". It is the whole hint if the row has no `options`. */
  readonly says?: string;
  /** The only command that the row is for. */
  readonly only?: string;
  /** What the hint says if the command has none of the options. */
  readonly otherwise?: string;
}

const secretSays = 'a secret in a command line can be read by other users, and stays in the history of the shell';

const optionRows: readonly Row[] = [
  {
    words:
      'exp expiry expires expire expiration not-after ttl-seconds days hours minutes expires-at valid-for validity lifetime duration exp-time expiration-time',
    options: '--ttl',
    says: 'it takes a lifetime, such as 15m',
    otherwise: 'exp is always checked; --ttl of jwtkit issue sets it',
  },
  { words: 'refresh-expires-in refresh-exp refresh-lifetime', options: '--refresh-ttl' },
  {
    words: 'secret s hmac hmac-secret shared-secret secret-key client-secret sign-secret signing-secret k',
    options: '--secret-file --secret-env',
    says: secretSays,
    otherwise: 'jwtkit verify has --secret-file and --secret-env',
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
  },
  { words: 'clock-tolerance clock-skew skew tolerance drift clock-drift', options: '--leeway' },
  { words: 'now time date clock current-time clock-timestamp current-date verify-at', options: '--at' },
  { words: 'not-before notbefore valid-from', options: '--nbf' },
  { words: 'issued-at iat', options: '--at', says: 'it sets the time that iat takes' },
  { words: 'payload data body json-payload claims-file payload-file', options: '--claims --claim' },
  { words: 'set add-claim custom extra c', options: '--claim', says: 'it takes name=text or name:=json' },
  { words: 'id token-id jwt-id', options: '--jti' },
  { words: 'key-id keyid key_id kids', options: '--kid' },
  { words: 'algo algorithms algs a sig-alg signature-algorithm', options: '--alg' },
  { words: 'audiences', options: '--aud' },
  { words: 'any-audience ignore-aud ignore-audience no-aud skip-aud no-verify-aud', options: '--any-aud' },
  { words: 'no-exp no-expiry no-expiration never-expires', options: '--allow-no-exp --no-exp' },
  { words: 'verify check validate', says: 'jwtkit verify checks a token' },
  {
    words: 'url uri endpoint',
    options: '--jwks',
    says: 'it fetches a JWK Set; --issuer-url finds the keys of an issuer',
  },
  { words: 'kty key-type type', options: '--alg', says: 'it decides the type of the key' },
  { words: 'name alias', options: '--kid --sub' },
  { words: 'username user email login', says: 'the name is an argument' },
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
  { words: 'to recipient recipients recipient-key encrypt-to', options: '--key', only: 'encrypt' },
  {
    words: 'output o out-file outfile outform',
    options: '--out',
    otherwise: 'write to a file with > FILE; --json prints JSON',
  },
  { words: 'overwrite yes y f', options: '--force' },
  { words: 'silent s no-output', options: '--quiet', otherwise: 'write > /dev/null' },
  { words: 'verbose v vv trace', options: '--verbose --debug' },
  { words: 'raw', options: '--claim', says: 'it prints one claim as it is' },
  { words: 'format output-format pretty compact jsonl', options: '--json' },
  { words: 'nocolor no-colors no-colour nocolour colour colors', options: '--no-color' },
  { words: 'dot-env envfile env environment', options: '--dotenv' },
  { words: 'conf config-file policy', options: '--config' },
  {
    words: 'pass passphrase passin key-passphrase key-password',
    options: '--passphrase-file --passphrase-env',
    says: secretSays,
  },
  { words: 'password pw passwd', options: '--password-file --password-env --passphrase-file', says: secretSays },
  { words: 'denylist blacklist blocklist revocations revoked redis', options: '--store' },
  { words: 'size length key-size modulus-length rsa-bits b', options: '--bits' },
  { words: 'curve ec-curve', options: '--crv' },
  { words: 'expires-soon min-life remaining min-validity', options: '--min-ttl' },
  { words: 'older-than max-token-age', options: '--max-age' },
  { words: 'listen bind address hostname', options: '--host' },
  { words: 'threads jobs j concurrency parallel', options: '--threads --workers' },
  { words: 'lines stdin bulk many', options: '--batch' },
];

/** Returns what to write instead of an option that the command does not have; undefined for a word that no other tool has. */
export function hintForOption(flag: string, command: Command): string | undefined {
  const word = flag
    .replace(/^--?/, '')
    .replace(/([a-z])([A-Z])/g, '$1-$2')
    .replaceAll('_', '-')
    .toLowerCase();
  const flags = new Set(command.options.map(({ long }) => long));
  const rows = optionRows.filter(({ words, only }) => {
    return words.split(/\s+/).includes(word) && (only === undefined || only === command.name());
  });
  for (const { options: names = '', says } of rows) {
    const found = names.split(' ').filter((name) => flags.has(name));
    const [first, second] = found;
    if (first === undefined) continue;
    const isPair = second !== undefined && /-(?:file|env)$/.test(second);
    return `did you mean ${isPair ? `${first} or ${second}` : first}?${says === undefined ? '' : ` ${capitalize(says)}`}`;
  }
  const row = rows.find(({ options: names, says, otherwise }) => otherwise ?? (names === undefined ? says : undefined));
  return row?.otherwise ?? row?.says;
}

/** Names of other tools for commands: at the top, and below `keys`, `users` and `clients`. */
const commandRows: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  '': {
    'encode sign create generate mint make new jwt produce': 'issue',
    'check validate verify-token assert auth authenticate': 'verify',
    'parse print read debug dump view cat peek': 'decode',
    'show get': 'decode, or keys list',
    'expiry expires ttl status age remaining': 'inspect',
    'genkey generate-key keypair gen-key newkey new-key generate-keys gen init key-gen genrsa generate-keypair':
      'keygen',
    'renew reissue extend': 'refresh',
    'logout invalidate blacklist ban block deny': 'revoke',
    'rm delete del remove': 'keys remove, users remove or clients remove',
    'ls list': 'keys list, users list or clients list',
    'server start run daemon listen up login signin token': 'serve',
    'rotate retire prune import export jwks thumbprint': 'keys {}',
    'jwk jwkset jwks-export publish': 'keys jwks',
    'fingerprint kid': 'keys thumbprint',
    'convert pem2jwk jwk2pem': 'keys convert',
    'key keyring keystore': 'keys',
    'user adduser useradd passwd account accounts': 'users',
    'client app apps': 'clients',
    'usage man manual': 'help',
    'complete completions autocomplete': 'completion',
  },
  keys: {
    'rm delete del drop revoke': 'remove',
    'ls show get all status print': 'list',
    'create generate new add gen make': 'rotate, or jwtkit keygen',
    'load restore read': 'import',
    'dump save get-key view': 'export',
    'jwk jwkset publish public': 'jwks',
    'fingerprint kid id': 'thumbprint',
    'expire disable deactivate end': 'retire',
    'clean cleanup gc purge': 'prune',
    'renew roll rollover': 'rotate',
  },
  users: {
    'rm delete del drop': 'remove',
    'ls show get all': 'list',
    'create new register adduser useradd': 'add',
    'update edit change modify': 'set',
    'password reset reset-password set-password': 'passwd',
  },
  clients: {
    'rm delete del drop': 'remove',
    'ls show get all': 'list',
    'create new register': 'add',
    'update edit change modify': 'set',
    'secret reset renew regenerate': 'rotate',
  },
};

/** Returns the command that another tool's word stands for; undefined for other words. */
export function hintForCommand(word: string, path: readonly string[]): string | undefined {
  const rows = Object.entries(commandRows[path.join(' ')] ?? {});
  const meant = rows.find(([words]) => words.split(' ').includes(word.toLowerCase()))?.[1];
  return meant === undefined ? undefined : `did you mean ${meant.replace('{}', word.toLowerCase())}?`;
}

function capitalize(text: string): string {
  return `${text[0]?.toUpperCase()}${text.slice(1)}`;
}
