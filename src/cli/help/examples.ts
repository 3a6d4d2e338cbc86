/** Examples in help: commands to copy, also where they take several lines. */

/** What an example is for, where the command does not show it. Exported for tests, as `splitExample` is. */
export const captions: Readonly<Record<string, string>> = {
  'jwtkit issue --bare --iss 12345 --ttl 10m --key partner-key.pem': 'as another service wants it, such as GitHub',
  'jwtkit verify "$TOKEN" --key verify.pem --aud api --no-config --no-store': 'in any folder, whatever it holds',
  'jwtkit decode "$TOKEN" --json | jwtkit issue --claims - --ttl 1h': 'the same claims, signed anew',
  'jwtkit inspect "$TOKEN" --min-ttl 5m --quiet || TOKEN=$(jwtkit issue --sub user-123)':
    'another token if it ends soon',
  'jwtkit revoke --jti 5f0c7a52-9d0e-4bb1-8f6a-2d3c1b0a9e87 --until +7d': 'a token that you do not have',
  'jwtkit decrypt "$ENCRYPTED" --key private.pem | jwtkit verify': 'a signed token that was encrypted',
  'jwtkit keygen --use enc': 'a key that others encrypt to',
  'jwtkit keygen --alg HS256 --private secret.txt': 'a shared secret',
  'jwtkit keys rotate --activate-in 1h --grace 30d': 'published an hour before it signs',
  'jwtkit keys convert .jwtkit/jwks.json --kid "$KID"': 'one key of a set, as PEM',
  'echo "SHA256:$(jwtkit keys thumbprint --spki verify.pem)"': 'as Snowflake writes it',
  'jwtkit users add dave --sub user-126 --password-hash --password-env DAVE_HASH': 'moved from another program',
  'eval "$(jwtkit clients add nightly-report)"': 'sets $client_id and $client_secret',
  'jwtkit serve --issuer-url https://app.example --auth-cookie __Host-token --trust-proxy loopback':
    'beside an application, for its proxy',
  'jwtkit serve -e .env --port 0 --ready-file ready.json': 'for tests: any port, whose URL is in the file',
  'jwtkit fixtures es256-tokens --new-key --alg ES256 --ttl 3650d': 'to keep in a repository',
  'jwtkit probe jsonwebtoken --new-key --options \'{"algorithms":["RS256"]}\'': 'a library to compare with',
  'jwtkit completion bash > jwtkit.bash': 'then, in ~/.bashrc: source PATH/jwtkit.bash',
  'jwtkit completion zsh > _jwtkit': 'in a folder of $fpath',
  'jwtkit completion fish > jwtkit.fish': 'in ~/.config/fish/completions',
};

/** Returns an example, below what it is for. */
export function showExample(command: string, width: number): string[] {
  const caption = captions[command];
  return [...(caption === undefined ? [] : [`  # ${caption}`]), ...splitExample(command, width)];
}

/** Returns a command as lines that a shell reads as one: they end with a backslash. What belongs together stays on one line. */
export function splitExample(command: string, width: number): string[] {
  const whole = `  $ ${command}`;
  if (whole.length <= width) return [whole];
  const lines: string[] = [];
  let line = '  $';
  const pieces = piecesOf(command);
  for (const [at, piece] of pieces.entries()) {
    const isNext = operators.has(piece.split(' ', 1)[0] ?? '');
    // Two columns stay free for the backslash, unless none follows.
    const room = at === pieces.length - 1 ? width : width - 2;
    if (line.trim() !== '$' && (isNext || line.length + 1 + piece.length > room)) {
      lines.push(`${line} \\`);
      line = '     ';
    }
    line += ` ${piece}`;
  }
  return [...lines, line];
}

/** What joins two commands: a line that is broken at all is broken there. */
const operators: ReadonlySet<string> = new Set(['|', '||', '&&']);

/** Divides a command into an operator with the command that follows, options with their values, and other words. */
function piecesOf(command: string): string[] {
  const pieces: string[] = [];
  for (const word of wordsOf(command)) {
    const before = pieces.at(-1) ?? '';
    const isValue = /^--?[a-z][a-z-]*$/.test(before) && !/^(?:-.|[|>&])/.test(word);
    const isName = /(?:^|[ (])jwtkit(?: keys| users| clients)?$/.test(before) && /^[a-z]+\)?$/.test(word);
    const joins = before === '>' || operators.has(before) || isValue || isName;
    if (joins) pieces.push(`${pieces.pop()} ${word}`);
    else pieces.push(word);
  }
  return pieces;
}

/** Divides a command at the spaces where a shell divides it, also within `$(…)`; not at those in quotes. */
function wordsOf(command: string): string[] {
  const words = [''];
  // What surrounds a character: quotes, or a parenthesis for `$(…)`.
  const around: string[] = [];
  for (const [at, character] of [...command].entries()) {
    const inner = around.at(-1);
    if (character === inner || (character === ')' && inner === '(')) around.pop();
    else if (inner !== "'" && (character === "'" || character === '"')) around.push(character);
    else if (inner !== "'" && character === '(' && command[at - 1] === '$') around.push('(');
    if (character === ' ' && (around.at(-1) ?? '(') === '(') words.push('');
    else words.push(`${words.pop()}${character}`);
  }
  return words.filter((word) => word !== '');
}
