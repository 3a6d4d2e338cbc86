/** Secrets that everybody knows: defaults of frameworks, and examples of documentation, tutorials and RFCs. */
const texts =
  `secret secretkey secret-key secret_key secret123 SECRET SECRET_KEY Secret mysecret my-secret my_secret mySecret
  mysecretkey my-secret-key my_secret_key MY_SECRET_KEY mySecretKey supersecret super-secret super_secret SuperSecret
  supersecretkey super-secret-key super_secret_key topsecret top-secret top_secret verysecret very-secret very_secret
  jwt jwtsecret jwt-secret jwt_secret JWT_SECRET JWTSecret jwtSecret jwtSecretKey jwt_secret_key JWT_SECRET_KEY jwtkey jwt-key
  jwt_key token tokensecret token_secret token-secret key privatekey private-key private_key signingkey signing-key
  password passw0rd P@ssw0rd password123 admin root test testing testsecret test-secret test_secret test123 demo default
  example foo bar foobar changeme change-me change_me changeit ChangeMe CHANGE_ME changethis change-this CHANGE_THIS
  please-change-me dev development devsecret dev-secret local localhost 123456 12345678 123456789 1234567890 qwerty letmein
  s3cr3t s3cret $ecret sekret shhhh shhhhh shhhhhh hush hello helloworld hello-world abc abc123 abcdef abcdefg
  your-secret your_secret yoursecret your-secret-key your_secret_key YOUR_SECRET_KEY YOUR_SECRET yoursecretkey
  your-jwt-secret your_jwt_secret your-jwt-secret-key your_jwt_secret_key your-super-secret-key your_super_secret_key
  your_super_secret_key_please_change fallback_secret fallback-secret your-256-bit-secret your-384-bit-secret
  your-512-bit-secret your-256-bit-secret-key a-string-secret-at-least-256-bits-long
  a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long your-very-long-secret-key
  your_jwt_secret_key_here your-secret-key-here your_secret_key_here secretkeyhere put-your-secret-here
  insert-your-secret-here super-secret-jwt-token-with-at-least-32-characters-long
  your-super-secret-jwt-token-with-at-least-32-characters-long AllYourBase accesstokensecret
  refreshtokensecret access-token-secret refresh-token-secret access_token_secret refresh_token_secret ACCESS_TOKEN_SECRET
  REFRESH_TOKEN_SECRET thisisasecret this-is-a-secret this_is_a_secret thisismysecret this-is-my-secret ThisIsMySecretKey
  thisisasamplesecret notasecret not-a-secret not_a_secret nosecret keyboardcat fastapi-insecure-secret
  09d25e094faa6ca2556c818166b7a9563b93f7099f6f0f4caa6cf63b88e8d3e7
  AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow
  hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg 00112233445566778899aabbccddeeff
  0123456789abcdef0123456789abcdef abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ 01234567890123456789012345678901
  12345678901234567890123456789012 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 00000000000000000000000000000000
  404E635266556A586E3272357538782F413F4428472B4B6250645367566B5970`
    .trim()
    .split(/\s+/);

const phrases = [
  'keyboard cat',
  'hello world',
  'my secret',
  'my secret key',
  'super secret',
  'super secret key',
  'this is a secret',
  'this is my secret',
  'This is my custom Secret key for authentication',
  'THIS IS USED TO SIGN AND VERIFY JWT TOKENS, REPLACE IT WITH YOUR OWN SECRET, IT CAN BE ANY STRING',
  'correct horse battery staple',
];

/** The bundled list, each once. An empty secret signs in some libraries. */
export const knownSecrets: readonly string[] = [...new Set(['', ...texts, ...phrases])];
