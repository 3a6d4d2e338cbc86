/**
 * Which tests hold each sentence of SECURITY.md. A sentence is named by its first words, a test by its file in this folder and a
 * part of its title, or of the name of its case. A text says why a sentence has no test.
 */

/** Tests, or why there is none. */
export type Held = readonly (readonly [file: string, title: string])[] | string;

const limit = 'a limit: it says what is not done';
const advice = 'advice, or the beginning of what follows';

const verify = 'cli/commands/verify.test.ts';
const attacks = 'attacks/attacks.test.ts';
const slow = 'jose/slow-keys.test.ts';
const empty = 'cli/grammar/empty-variables.test.ts';
const servers = 'remote/fetch.test.ts';
const cache = 'remote/document.test.ts';
const tls = 'remote/tls.process.test.ts';
const launcher = 'cli/launcher.process.test.ts';
const checkout = 'cli/hostile-checkout.test.ts';
const checkoutOfOthers = 'cli/hostile-checkout.process.test.ts';
const place = 'files/trusted-place.test.ts';
const serveRefresh = 'server/refresh.test.ts';
const forged = 'server/forged-tokens.test.ts';
const logs = 'server/logs.test.ts';
const http = 'server/http.test.ts';
const options = 'cli/grammar/options.test.ts';
const lint = 'cli/commands/lint.test.ts';
const probe = 'cli/commands/probe.test.ts';
const reports = 'report/reports.test.ts';

/** Sections of SECURITY.md, their sentences in order, and what holds each. */
export const promises: Readonly<Record<string, Readonly<Record<string, Held>>>> = {
  'What `verify` promises': {
    'A token that is accepted': advice,
    'It is a compact JWS': [
      ['attacks/cases/segments.ts', '65_537'],
      ['attacks/cases/segments.ts', 'longer than the caller allows'],
      ['jose/base64url.test.ts', 'refuses %j with padding, white space or a foreign character, which Node skips'],
    ],
    'The command line finds it': [
      ['cli/token-arrival.test.ts', 'never mends a token by leaving out %j behind it'],
      ['token/find-token.properties.test.ts', 'where one character was changed, added or left out'],
    ],
    'Its header and payload are JSON objects': [
      ['attacks/cases/json.ts', 'with a duplicate:'],
      ['attacks/cases/json.ts', 'a byte that is never UTF-8'],
      ['properties.test.ts', 'refuses a duplicate wherever it is spliced in'],
    ],
    'Every strict reader': [
      ['jose/json.test.ts', 'reads escaped names right after a text that misleads JSON.parse'],
      ['properties.test.ts', 'refuses all that JSON.parse refuses, and reads the rest to the same value'],
      ['attacks/oracle.test.ts', 'jwtkit refuses every token that jsonwebtoken refuses'],
    ],
    'Readers that round': limit,
    'Its signature holds under a key': [
      [attacks, 'has enough hostile and sound cases of category %i'],
      ['properties.test.ts', 'any change of one character is refused'],
      [verify, 'an HS256 forgery keyed with the bytes of the public %s is refused'],
      [verify, 'another key with the same kid is exit 12'],
    ],
    '`--alg` narrows': [[verify, '--alg %s is refused with exit 2']],
    'Its header chooses nothing': [
      [verify, 'an unknown kid is exit 13'],
      ['jose/rfc-examples.test.ts', 'is refused under the key of the %s example'],
    ],
    '`jwk`, `jku`': [
      [verify, 'ignores a key in the token’s header'],
      ['attacks/cases/headers.ts', 'jku, x5u, x5c and x5t, none of them followed'],
    ],
    '`crit` and `b64`': [
      ['attacks/cases/headers.ts', 'crit with the extension in the header'],
      ['attacks/cases/headers.ts', 'without crit'],
      ['attacks/cases/headers.ts', "'nOnE'"],
    ],
    'A certificate that was given': [
      [
        'cli/commands/verify-certificate.test.ts',
        'an expired certificate exits 13 with its dates, and shows no claims',
      ],
      [
        'cli/commands/verify-certificate.test.ts',
        'a certificate that is not valid yet exits 13, even with --allow-expired-cert',
      ],
    ],
    '`--allow-expired-cert` accepts': [
      [
        'cli/commands/verify-certificate.test.ts',
        '--allow-expired-cert accepts an expired certificate, and the report says so',
      ],
    ],
    'Its `exp` has not passed': [
      [verify, 'token is within the leeway, expired 29s ago'],
      [verify, 'token says it was issued'],
    ],
    'Without `exp`': [[verify, 'token has no exp: it would never expire']],
    'Registered claims': [
      ['attacks/cases/claims.ts', 'a string of seconds'],
      ['attacks/cases/claims.ts', 'an array with a number'],
    ],
    'It is for one of the audiences': [['cli/grammar/audience.test.ts', 'verify --batch: %s']],
    'If you named none': [
      ['cli/grammar/audience.test.ts', 'verify: %s'],
      [
        'library.process.test.ts',
        'verifyToken refuses a token with aud unless an audience is named or any is accepted',
      ],
    ],
    'Its ID, its session': [
      ['cli/commands/revoke.test.ts', 'a revoked token is refused, and the report says why'],
      ['cli/commands/revoke.test.ts', 'revoking a refresh token ends its session'],
      ['cli/commands/revoke.test.ts', '--sub ends every token issued up to now, none issued later'],
      [checkout, 'is not opened with --no-store, and the report says so'],
    ],
    'The library asks': [['token/revoke.test.ts', 'a revoked access token is refused; its session goes on']],
    'If a denylist cannot': [
      ['cli/commands/revoke.test.ts', 'a damaged store is exit 3, never valid'],
      ['faults/redis.test.ts', 'never get "not revoked"'],
      [checkout, 'a denylist folder that others may write is exit 3, with hints'],
    ],
    'Its `type` claim': [[verify, 'refuses a refresh token as an access token, with a hint']],
    'So a refresh token': [[verify, 'refuses a refresh token as an access token, with a hint']],
    'Other verifiers refuse one': [
      ['server/resource-servers.test.ts', 'refuses refresh tokens, and expired, tampered'],
    ],
    'It meets every other demand': [
      ['attacks/careless-callers.test.ts', 'does not accept with %s'],
      [verify, 'all failures are reported together'],
    ],
    '`--require` compares': [
      ['jose/exact-json.test.ts', 'isSameNumber agrees with integers of the same scale'],
      ['cli/numbers.process.test.ts', "describe('numbers that are compared'"],
    ],
    'Keys are checked': [[attacks, 'category %i']],
    'RSA keys have': [
      ['attacks/cases/key-files.ts', 'rsa2040'],
      ['attacks/cases/key-files.ts', 'a modulus with the ROCA fingerprint'],
      [slow, 'an RSA modulus of more than 16,384 bits is refused'],
      [slow, 'accepts an RSA exponent just below 2^32'],
    ],
    'HMAC secrets are': [
      ['attacks/cases/key-files.ts', '31 bytes'],
      [options, 'one that is too short for ALGORITHM'],
    ],
    'Points are on': [
      ['attacks/cases/key-files.ts', 'the identity'],
      ['attacks/cases/jwks.ts', 'a point off the curve'],
    ],
    'JWKs are in canonical form': [
      ['attacks/cases/jwks.ts', 'n with stray bits'],
      ['attacks/cases/jwks.ts', 'key_ops encrypt'],
    ],
    'Only zero bytes before a number': [
      ['attacks/cases/jwks.ts', 'n with a leading zero'],
      ['attacks/cases/jwks.ts', 'x with a leading zero'],
      ['jose/jwk.test.ts', 'all numbers of a private key'],
    ],
    'No key file without a passphrase decides': [
      [slow, 'refuses a key of thousands of primes'],
      [slow, 'private RSA keys whose numbers do not belong together'],
      [slow, "['dsa', 'dh']"],
    ],
    'A set holds': [
      [slow, 'refuses a JWK Set of more than a thousand keys'],
      ['jose/key-choice.test.ts', 'at most 32 keys are tried for one token'],
    ],
    'A key of a set that breaks a rule': [
      ['jose/jwk-set.test.ts', 'a member that cannot be used is left out, and the others stay'],
      ['attacks/cases/jwks.ts', 'the kid of a key that was left out'],
    ],
    'A secret that is a public key': [
      ['attacks/cases/key-files.ts', 'DER in hex with colons'],
      ['attacks/cases/key-files.ts', 'PEM in a JSON string'],
      ['jose/der.test.ts', 'is refused as a secret'],
      ['jose/mended-keys.test.ts', 'makes no secret: $what'],
    ],
    'It may stand amid other text': [
      ['jose/keys-amid-text.test.ts', 'is no secret as %s'],
      ['jose/keys-amid-text.test.ts', 'a public key is no secret as %s'],
    ],
    'Base58, Ascii85': limit,
    'A placeholder that was never replaced': [['jose/unresolved.test.ts', 'refuses %s as a secret']],
    'How a key is written': [
      ['jose/mended-keys.test.ts', 'two manglings after one another give the same key or a refusal, and no secret'],
    ],
    'A bare modulus': limit,
    'A private key in the place': [[verify, 'a private key is refused with exit 3: a verifier must not hold it']],
    'A key, keyring or file': [
      ['properties.test.ts', 'loaders throw nothing but JwtkitError'],
      ['attacks/cases/key-files.ts', 'PEM with a damaged body'],
      ['jose/key.test.ts', 'is refused if its salt length is negative'],
      ['store/keyring/watch.test.ts', 'each question fails while the keyring is damaged'],
    ],
    'No demand is lost': advice,
    'A variable that would set': [
      [empty, 'every command refuses each of its variables if it is empty'],
      [empty, 'an empty list in a policy'],
      [verify, "test.each(['--iss', '--aud', '--sub'"],
      ['policy/read.test.ts', 'a policy file that is refused'],
    ],
    'So is a variable that begins': [
      [empty, 'a variable whose name is misspelt'],
      ['cli/grammar/env-file.test.ts', 'an unreadable line that names a variable is an error'],
    ],
    'A misspelt `JWTKIT`': limit,
    'Text files are UTF-8': [['cli/text-files.test.ts', 'describe.each(Object.entries(readers))']],
    'Another encoding': [
      ['cli/text-files.test.ts', 'a file in %s is exit 3 and says so'],
      ['jose/text.test.ts', 'finds no encoding in random bytes'],
    ],
  },
  'What `decrypt` promises': {
    'A token decrypts only': [
      ['jwe/hostile.test.ts', 'RSA1_5 is refused with the reason, before any key is tried'],
      ['jwe/hostile.test.ts', 'narrow what is tried'],
    ],
    '`RSA1_5` does not exist': [['jwe/hostile.test.ts', 'RSA1_5 is refused with the reason, before any key is tried']],
    'Content is printed': [
      ['cli/commands/encrypt.test.ts', '--out writes the content whole, with mode 0600, or nothing'],
    ],
    'Every token that does not decrypt': [
      ['jwe/hostile.test.ts', 'a changed encrypted key, vector, content, tag or header of $name'],
      ['cli/commands/decrypt-hostile.test.ts', '%s: exit 12, one message, no content'],
    ],
    'A key for encryption never signs': [
      ['cli/commands/keys-encryption.test.ts', 'signing and verifying never use a key for encryption, and the reverse'],
      ['cli/commands/keys-encryption.test.ts', 'one key is not for both uses, in either order'],
      ['jwe/hostile.test.ts', 'a JWK %s does not encrypt'],
    ],
    'A passphrase is a key only': [
      ['cli/commands/encrypt.test.ts', 'a passphrase alone is the key; it never opens a token for another key'],
    ],
    'What decrypting costs': [
      ['jwe/hostile.test.ts', 'a passphrase is tried for at most a million rounds'],
      ['jwe/hostile.test.ts', 'content that unfolds to more than 16 MiB, with a hint that names the limit'],
      ['jwe/hostile.test.ts', 'eleven recipients'],
    ],
    'It does not say': limit,
    'The time of a failure': limit,
  },
  'Keys from the network': {
    '`--jwks URL`': advice,
    'It takes HTTPS': [
      [tls, 'a CA of your own is not trusted without NODE_EXTRA_CA_CERTS, even with NODE_TLS_REJECT_UNAUTHORIZED=0'],
    ],
    'Plain HTTP goes': [
      [servers, 'keys come over plain HTTP from every spelling of loopback'],
      [servers, 'http://127.0.0.1.example.com/'],
    ],
    'No redirect leaves': [
      [servers, 'redirects to another host without a scheme'],
      [tls, 'a redirect from https to plain HTTP is refused'],
      [servers, 'https://user:hush@example.com/'],
    ],
    'The size is bounded': [
      [servers, 'sends 20 MB as 20 kB of gzip'],
      [servers, 'the time limit includes reading what was fetched'],
      ['remote/issuer.test.ts', 'the requests for metadata and keys share one time limit'],
    ],
    'JSON is read strictly': [[servers, 'sends one member twice']],
    'A set that publishes': [
      [servers, 'publishes a secret'],
      [servers, 'publishes a private key'],
      [servers, 'publishes a broken private key'],
    ],
    "An issuer's metadata": [
      ['remote/issuer.test.ts', 'metadata that is refused'],
      ['remote/issuer.test.ts', '--iss may repeat the issuer of --issuer-url, but not replace it'],
    ],
    'No message shows': [
      [servers, 'verify fetches a set from a static server and reports where'],
      [servers, 'a URL without its beginning, is not repeated'],
    ],
    'The cache holds': advice,
    'So a folder or file': [
      [cache, 'a cache folder that cannot be trusted'],
      [cache, 'the cache makes its folder 0700 and its files 0600'],
      [cache, 'a cache file that is %s is ignored and replaced'],
      [cache, 'a link in place of a cache file is replaced, not followed'],
    ],
    'A key that its issuer': [[cache, 'a day, if the server says a year']],
    'While the issuer': [
      [cache, 'a stale set serves for an hour while the server %s, and the report says so'],
      [cache, '--offline uses a cached set of any age and reports its age'],
    ],
    'With `--no-cache`': [[cache, '--no-cache neither reads nor writes']],
  },
  'The working folder': {
    'Two things are used': [[checkout, 'the command line of SECURITY.md uses no file of the working folder']],
    '`jwtkit.config.json` chooses': [
      ['policy/validate.test.ts', 'each member of the schema sets an option, and only those do'],
    ],
    '`.jwtkit` holds': [[checkout, 'the table has every command that uses a keyring']],
    'Each is used only': [
      [checkout, '%s refuses a keyring folder writable by others unless it was named, and changes nothing'],
      [checkout, 'a found policy that others may write is used by root only, a named one by all'],
      [checkoutOfOthers, 'other users do not use them, nor open a damaged denylist'],
      [place, 'a place that the user did not name'],
    ],
    'The same holds': [
      [place, 'in which %s is not its user’s alone is refused'],
      [place, 'through a folder that everybody may write'],
      [place, 'everybody may write, but each removes but his own, as in /tmp'],
      [checkout, "'a secret', { keys: { secretFile"],
    ],
    'Otherwise the command ends': [
      [checkout, 'a denylist folder that others may write is exit 3, with hints'],
      [checkout, 'is exit 3 for a batch, also if the folder appears later'],
    ],
    'Root also uses': [
      [checkoutOfOthers, 'root uses them, with one note per file naming its owner'],
      [place, 'root alone accepts a file that everybody may write, with a note'],
    ],
    'A keyring folder that others may write': [[place, 'root accepts any owner, with a note']],
    'A group whose number': [
      [checkoutOfOthers, 'files made with a group-writable umask are used by their owner'],
      [place, 'is refused if its group has the number of its owner'],
    ],
    'Of an access control list': limit,
    'On Windows': limit,
    'What you name': [
      [checkout, '%s uses a keyring folder writable by others if it is named'],
      [checkout, 'is used if a variable names it'],
      [checkoutOfOthers, 'any user uses them if an option names them'],
    ],
    'A policy that was found': [
      ['policy/find.test.ts', 'a note on stderr says what the found policy sets in this command'],
      ['policy/find.test.ts', 'no note if the policy sets nothing, is named, or the command prints none'],
      ['policy/apply.test.ts', '--json names the policy file that was applied'],
    ],
    'Owners do not help': limit,
    'There, take nothing': [[checkout, 'the command line of SECURITY.md uses no file of the working folder']],
    '`--no-config` keeps': [
      [checkout, 'one’s own policy, keyring and denylist are used'],
      [checkoutOfOthers, 'another user’s policy is not read, and --no-config works beside it'],
    ],
    '`--no-store` asks': [[checkout, "describe('--no-store'"]],
    'Without them native code': limit,
    'With `--key`': [[checkout, 'the command line of SECURITY.md uses no file of the working folder']],
    'Run a jwtkit': advice,
    'Node 22 and later run': [[launcher, 'keeps compiled code in the user’s cache folder']],
    'It is used only': [
      [launcher, 'uses no cache where others may write %s'],
      [launcher, 'uses no cache under a folder of another user'],
    ],
  },
  'Users and clients': {
    'A password is kept': [
      [
        'store/accounts/password-cost.process.test.ts',
        'a password hash is argon2id with the parameters of OWASP and a salt of its own',
      ],
    ],
    "A client's secret is": [
      ['cli/commands/clients.test.ts', 'two clients never share an id or a secret'],
      ['store/accounts/accounts.test.ts', 'the issued secret is accepted, and is not in the file'],
      ['token/account.test.ts', 'the hash is the SHA-256 that other programs make'],
      ['token/account.test.ts', 'accepts the secret and nothing else'],
    ],
    'A name that nobody has': [
      ['store/accounts/password.test.ts', 'does the same work and refuses'],
      ['token/account.test.ts', 'an unknown client has no right secret'],
    ],
    'A hash that was brought': limit,
    'While there is one': [
      [
        'store/accounts/password-hash.test.ts',
        'is that of the slowest hash in the file, for known and unknown users, quick and slow hashes',
      ],
    ],
    'The first right password': [
      [
        'cli/commands/password-hashes.process.test.ts',
        'a right password replaces a bcrypt hash by argon2id, a wrong one does not: %s',
      ],
    ],
    'The files have mode': [
      ['store/accounts/accounts.test.ts', 'the file holds no password, and gets mode 0600'],
      ['cli/commands/users.test.ts', 'writes the user beside the keyring, closed to others and kept out of git'],
    ],
    'Somebody who can write': limit,
    'A password may be': limit,
    '`users remove` and `clients remove`': [
      ['cli/commands/users.test.ts', 'remove removes the user and revokes the tokens'],
      ['cli/commands/clients.test.ts', 'remove by %s revokes the tokens of the client'],
      ['cli/commands/users.test.ts', 'remove --keep-tokens revokes nothing, and notes that the tokens stay valid'],
      ['cli/commands/clients.test.ts', 'remove --keep-tokens notes that the tokens stay valid'],
    ],
    'Access tokens that users got through': [
      ['server/introspect.test.ts', 'an access token that a user got through a client outlives the client'],
    ],
    'A new password leaves': [
      ['cli/commands/users.test.ts', 'passwd changes the password, and notes that sessions stay valid'],
      ['cli/commands/users.test.ts', 'passwd --end-sessions revokes old tokens, and no later token'],
    ],
    'A role or scope': [
      ['cli/commands/serve.process.test.ts', '`users set` and `clients set` change tokens as their notes say'],
    ],
    '`users set --end-sessions`': [
      [
        'cli/commands/users.test.ts',
        'set --end-sessions revokes old tokens, in the denylist of --store, and no later token',
      ],
    ],
  },
  'What `serve` promises': {
    'A token is accepted only': [
      ['server/auth.test.ts', '/auth answers 401 without identity headers for %s'],
      ['server/auth.test.ts', '/auth refuses a token right after its revocation'],
      ['server/grants.test.ts', 'refuse tokens %s on every route'],
    ],
    'With `--aud`': [['server/grants.test.ts', 'with an audience, a token for nobody']],
    'Without, its own tokens': [['server/grants.test.ts', 'without an audience, a token for somebody']],
    'A request with two `Authorization`': [
      ['server/auth.test.ts', '%s refuses two Authorization headers'],
      ['server/auth.test.ts', 'finds a second header %s however many others stand before it'],
    ],
    'Access and refresh tokens': [
      [
        'server/nginx.process.test.ts',
        'refuses refresh tokens, expired and forged tokens, and those of another issuer',
      ],
      ['server/contract.test.ts', '%s is answered %j'],
    ],
    'Without a shared secret, its refresh': [
      ['server/refresh-form.test.ts', 'is for the token endpoint of the metadata, and holds the session in one claim'],
      ['server/resource-servers.test.ts', 'refuses refresh tokens, and expired, tampered'],
    ],
    'A request that needs': [
      ['server/failures.test.ts', 'without its %s, the service answers %s with 503 and Retry-After'],
      ['server/nginx.process.test.ts', 'shows no page while jwtkit is down'],
    ],
    '`/auth` and `/auth/…`': [['server/methods.test.ts', '%s answers 2xx without credentials only to public requests']],
    'A token is granted': [
      ['server/grants.test.ts', 'grants the requested scopes that are allowed'],
      [serveRefresh, 'a session without scopes gets none later, even if its user gains some'],
    ],
    'With `--rotate` the next': [
      [serveRefresh, 'leave the session; returned ones need a new log-in'],
      ['token/refresh.test.ts', 'the roles that a policy leaves go from the next refresh token too'],
    ],
    'A refresh token of a client': [
      [serveRefresh, 'a client’s token is refused to %s'],
      ['server/introspect.test.ts', 'may not revoke a token that was issued to a client'],
    ],
    'Claims of your own': [
      ['cli/commands/account-claims.test.ts', 'refuses %s, and says the way out'],
      ['server/account-claims.test.ts', 'never replace what jwtkit sets, even if a file was written by hand'],
      ['store/accounts/accounts.test.ts', 'case %#'],
    ],
    'A token of a client': [
      ['server/audiences.test.ts', 'gets no token for what is not in it: %s'],
      [
        'server/audiences.test.ts',
        'what is taken from the list is gone with the next refresh; with nothing left the session is over',
      ],
    ],
    'No refresh makes tokens': [
      ['server/audiences.test.ts', 'from the service is gone from the sessions of %s, and does not come back'],
      ['server/audiences.test.ts', 'with the list of a client is gone from its sessions: what the service has counts'],
    ],
    'No refresh token is good': [[serveRefresh, 'even without a file of users']],
    'One of a log-in': [[serveRefresh, 'even without a file of users']],
    'Others need one': [
      ['store/accounts/accounts.test.ts', 'is no before the first user, and stays yes after the file is lost'],
      ['store/accounts/accounts.test.ts', 'is yes if another process saw users, even without a file'],
      ['server/processes/workers.process.test.ts', 'all know of users that one of them saw'],
    ],
    'Nothing is decided': [[forged, 'asks neither the users nor the denylist before the signature holds']],
    'On one route': [
      [forged, 'answers and logs all forged tokens alike'],
      [forged, '%s answers all forged tokens alike'],
    ],
    'So nobody learns': [[forged, 'answers tokens with another key, no signature or no form like forged ones']],
    'With `--rotate` a refresh token': [
      [serveRefresh, 'of 20 simultaneous uses of a refresh token one succeeds, and the session ends'],
      ['faults/rotate-race.test.ts', '50 processes rotate one token %s, on LMDB'],
      ['server/rotation-grace.test.ts', '50 requests at once to two processes get one successor'],
    ],
    'Within `--rotate-grace`': [
      ['server/rotation-grace.test.ts', 'a repeated request gets the same successor'],
      [
        'store/denylist/denylist.process.test.ts',
        'gives one successor within the grace of a rotation, on two connections',
      ],
    ],
    'A second use': [
      [forged, 'a second use of a refresh token ends its session'],
      ['server/rotation-grace.test.ts', 'after the grace a second use ends the session'],
    ],
    'With `--session-max`': [['server/rotation-grace.test.ts', 'ends 30 days after its log-in']],
    'A request that is refused': [[serveRefresh, 'a refused request does not consume the token']],
    'An ended session': [
      ['store/denylist/denylist.process.test.ts', 'keeps a session ended until its last token has expired'],
      ['token/refresh.test.ts', 'a lengthened session stays ended for as long as its longest token'],
    ],
    'No `Host`': [
      ['server/metadata.test.ts', 'request headers never change a URL or an issuer'],
      ['server/grants.test.ts', 'the address that counts failed log-ins'],
    ],
    'Values in `X-Auth-*`': [['server/auth.test.ts', 'a claim stays one word of one header of /auth']],
    'Under the path of an issuer': [
      ['server/prefix.test.ts', 'a proxy that closes them there must not be got past'],
      ['server/prefix.process.test.ts', 'does not open the routes for those who run the service'],
    ],
    'A path that begins like a route': [['server/prefix.test.ts', '%s opens nothing to a proxy that asks below /auth']],
    'A password costs': [['server/contract.test.ts', 'does the same work for an unknown name as for a wrong password']],
    'In any quarter': [
      ['store/login-limits/limits.process.test.ts', 'checks no more simultaneous wrong passwords than allowed'],
      ['store/login-limits/points.test.ts', 'spends no more points in a quarter of an hour than allowed'],
      ['server/processes/workers.process.test.ts', 'four workers check ten of sixty simultaneous wrong passwords'],
    ],
    'Somebody who fails': [
      ['server/grants.test.ts', 'block a user after too many, even with the right password'],
      ['store/login-limits/limits.process.test.ts', 'blocks a user at the address that failed, and at no other'],
      ['store/login-limits/limits.process.test.ts', 'blocks a user at all addresses after ten times as many failures'],
    ],
    'Bodies, headers and waiting': [
      [http, 'accepts a body of 65,536 bytes for %s, and no more'],
      [http, 'answers 431 to %s'],
      [http, 'answers 408 to headers or a body that arrive too slowly'],
      [http, 'ends the connection of a client that reads no answer, and of no other'],
      ['cli/commands/serve.process.test.ts', 'with HTTPS ends connections that do not finish the handshake, in time'],
      ['linear-time/linear-time.test.ts', '$name takes linear time'],
    ],
    'Only forms are read': [
      [http, '%s accepts forms only'],
      ['server/multipart.test.ts', 'answers whatever bytes a form has, and never waits for more'],
      ['server/contract.test.ts', "'username', 'password', 'grant_type', 'scope', 'client_id', 'client_secret'"],
    ],
    'Scopes, roles and audiences': [
      ['server/long-lists.test.ts', 'twice as many words take at most about twice the time'],
    ],
    'No header, query or form': [
      [logs, 'no log line or answer holds a password, secret or token, wherever it was sent'],
      [logs, 'the log line of a request'],
    ],
    'A token that somebody put': [
      ['server/tokens-in-logs.test.ts', 'repeats no token that stands in %s'],
      ['shown-text.test.ts', 'hideTokens hides a token'],
    ],
    'A line holds': [['server/tokens-in-logs.test.ts', 'escapes characters that move a cursor or reverse text']],
    'What was issued': [
      [logs, 'record each issued token'],
      [logs, 'record each revocation'],
      [logs, 'name the identifiers that a refused token claims'],
    ],
    'A client is told': [
      ['server/auth.test.ts', '/auth answers 401 without identity headers for %s'],
      ['server/contract.test.ts', 'calls an expired forged token invalid, not expired'],
    ],
    '`X-Refused` names': [['server/refused-header.test.ts', 'says nothing of a token that is not ours']],
    'Answers are data': [[http, 'the headers of every answer']],
    'The page at `/docs`': [['server/docs-page.process.test.ts', 'loads nothing from other hosts']],
    'No page of another origin': [
      [http, 'may not call the service without --cors'],
      [http, 'may call %s if --cors names them'],
    ],
    'No cookie is ever set': [
      [http, "headers.has('set-cookie')"],
      ['server/auth-cookie.test.ts', 'is never set, and never sent to a page of another origin'],
    ],
    'Without `--auth-cookie`': [['server/auth-cookie.test.ts', 'no cookie is read without the option']],
    'It can only try': [['store/login-limits/limits.process.test.ts', 'blocks an address after the allowed failures']],
    'With `--auth-cookie`': [
      ['server/auth-cookie.test.ts', 'is not read by the routes that change something, nor by /introspect'],
      ['server/auth-cookie.test.ts', 'is never set, and never sent to a page of another origin'],
    ],
    'Secrets are not options': [
      [options, 'no option takes a secret as its value'],
      ['cli/commands/users.test.ts', 'there is no flag that takes a password'],
    ],
    'The password of a Redis store': advice,
  },
  'What `lint`, `fixtures` and `probe` promise': {
    '`lint` sends nothing anywhere': [[lint, 'sends nothing of what it lints, and nothing at all without a URL']],
    'From that it fetches': [[lint, 'sends nothing of what it lints, and nothing at all without a URL']],
    'It follows no link': [
      [lint, 'a folder is read, without its links and without source code'],
      [lint, 'runs no program that the configuration of a repository names'],
      ['cli/commands/lint-repository.test.ts', 'starts no program by %s'],
      ['cli/commands/lint-repository.test.ts', 'starts no program that a setting names'],
    ],
    'Its reports and those of': [
      [lint, 'no form of a report repeats a secret'],
      [reports, 'hides tokens and characters that disturb a terminal'],
      [probe, 'no report repeats a token, or the query of the URL'],
    ],
    'On stdout `verify --json`': [
      ['cli/commands/verify-reports.test.ts', 'as files repeat no token that is a claim, and --json does'],
    ],
    'No text in a report': [
      [reports, 'make no other command out of %j'],
      [reports, 'makes no case out of a hostile text'],
      [reports, 'gives %j no meaning'],
      ['cli/commands/verify-reports.test.ts', 'hold their form for %s'],
      ['cli/ci-commands.test.ts', 'gives no command for %j'],
    ],
    'No text in the other output': [['cli/ci-commands.test.ts', 'gives no command for %j']],
    'What a script asks for raw': [['cli/ci-commands.test.ts', 'a script gets it raw']],
    '`probe` sends tokens to this machine': [[probe, 'sends no token to another machine without --remote']],
    'It sends them to the URL': [[probe, 'follows no redirect, and reads no body']],
    'It sends one at a time': [
      [probe, 'follows no redirect, and reads no body'],
      [probe, 'exits 0 for a service that refuses every hostile token and accepts the good ones'],
    ],
    'Its messages and reports show': [
      [probe, 'exits 3 if nobody listens, and shows no query of the URL'],
      [probe, 'no report repeats a token, or the query of the URL'],
    ],
    'Given a good token': [
      [probe, 'forges tokens from one good token, without the key'],
      ['fixtures/fixtures.test.ts', 'what is forged without the key is a part of all fixtures'],
    ],
    'Tokens of `fixtures`': [['fixtures/fixtures.test.ts', 'name no address of anybody']],
    'In GitHub Actions': [
      ['cli/terminal/mask.test.ts', 'the mask comes before the token'],
      ['cli/terminal/mask.test.ts', 'issue --pair and refresh --rotate mask both tokens'],
    ],
    'Where no runner reads': [['cli/terminal/mask.test.ts', 'refuses --mask, which would show the token in the log']],
    '`action.yml` puts no input': [
      ['ci/action.process.test.ts', 'no script of action.yml has an expression in it'],
      ['ci/action.process.test.ts', 'runs nothing that an input holds'],
    ],
    'It refuses a token': [
      ['ci/action.process.test.ts', 'a token in the command'],
      ['ci/action.process.test.ts', 'and the log shows no token'],
      ['ci/action.process.test.ts', 'shows no token that is a claim, and no command in one'],
    ],
    'It runs no command that': [
      ['ci/action.process.test.ts', 'is kept from the output of %s'],
      ['ci/action.process.test.ts', 'shows no token that is a claim, and no command in one'],
    ],
  },
  'On a full disk': {
    'No process ends': [
      ['faults/full-disk-serve.test.ts', 'answers 503 or keeps acknowledged changes'],
      ['store/full-disk.process.test.ts', 'loses no acknowledged one'],
    ],
    '`serve` answers 503': [['faults/full-disk-serve.test.ts', 'answers 503 or keeps acknowledged changes']],
    'The command line ends': [
      ['faults/full-disk.test.ts', "describeWithSmallDisk('a full disk'"],
      ['cli/terminal/exit-codes.process.test.ts', 'a full device for stdout is exit 3'],
    ],
    'Both go on': [
      ['store/full-disk.process.test.ts', 'succeeds with room'],
      ['faults/full-disk-serve.test.ts', 'recovers with room'],
    ],
    'This is tested on tmpfs': limit,
    '`users remove` and other': [
      ['faults/full-disk.test.ts', 'the account was changed, but its tokens are not revoked'],
    ],
    'If revoking fails': [['faults/full-disk.test.ts', 'the account was changed, but its tokens are not revoked']],
    'Log lines that': [['faults/full-disk-serve.test.ts', 'the notice of lost lines']],
    'Stderr says so': [
      ['faults/full-disk-serve.test.ts', 'log lines are lost'],
      ['server/processes/log-losses.test.ts', 'notes lost log lines once'],
      ['server/processes/log-output.process.test.ts', 'then reports the number of lost lines'],
    ],
  },
  'How secrets are handled': {
    'They come from files': [
      [options, 'no option takes a secret as its value'],
      ['policy/read.test.ts', 'a policy file that is refused'],
      [
        'cli/terminal/prompt.process.test.ts',
        'issue asks for the passphrase, hides the answer, and prints only the token',
      ],
      ['cli/terminal/prompt.process.test.ts', 'users add asks twice, and neither shows nor stores the password'],
    ],
    'They appear in no message': [
      [options, '%s never appears'],
      [options, 'an error does not repeat the value of the unknown option %j'],
      ['cli/secrets/passphrase.test.ts', 'an error does not repeat a passphrase given as a name'],
      ['cli/commands/users.test.ts', 'an error does not repeat a password given as a file or variable name'],
      ['cli/commands/revoke.test.ts', 'an unreachable Redis is exit 3, and no message has its password'],
      ['cli/tokens-in-messages.test.ts', 'no message repeats a token that was typed for'],
      ['cli/tokens-in-messages.test.ts', 'no message repeats a secret that was typed for %s'],
    ],
    'A text is taken for': [['cli/tokens-in-messages.test.ts', 'a message repeats the name of a file: %s']],
    "A client's secret is printed": [
      ['cli/commands/clients.test.ts', 'add prints the id and the secret, alone on stdout'],
      ['cli/commands/clients.test.ts', 'list shows ids, names and scopes, no secrets and no hashes'],
    ],
    'A passphrase has to': [
      ['jose/derivation-cost.process.test.ts', 'a private key is written with 600,000 iterations'],
    ],
    'A key file that asks': [
      ['jose/encrypted-key.test.ts', 'PBKDF2, ten million and one'],
      ['jose/encrypted-key.test.ts', 'a file cannot make its reader work for long'],
    ],
    'The password of a Redis store': [['policy/read.test.ts', 'into the variable JWTKIT_STORE']],
    'With `rediss://`': [['store/redis/tls.process.test.ts', 'trusts an own CA only with NODE_EXTRA_CA_CERTS']],
    'Private keys, secrets and tokens': [
      ['cli/commands/issue.test.ts', '--out writes a file of mode 0600 and leaves stdout empty'],
      ['cli/commands/issue.test.ts', '--out never overwrites without --force'],
      ['cli/commands/keygen.test.ts', 'nothing is overwritten: an existing %s file stays'],
      [
        'cli/commands/keygen.test.ts',
        'a failed --force keeps the old private key: both files are replaced, or neither',
      ],
      ['cli/commands/keys-files.test.ts', 'nothing is overwritten without --force'],
    ],
    'Except that `--report`': [
      ['cli/commands/verify-reports.test.ts', 'refuse to replace %s'],
      ['cli/commands/verify-reports.test.ts', 'replace an earlier one of the form %s'],
      ['cli/commands/serve.process.test.ts', 'a ready file that something else wrote'],
    ],
    'Text that came': [
      [options, 'hostile text is escaped'],
      ['cli/tokens-in-messages.test.ts', 'no message repeats'],
    ],
    '`--claim` into a pipe': [[options, '--claim escapes on a terminal, and not in a pipe']],
  },
};
