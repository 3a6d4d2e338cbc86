/**
 * `npm run demo`: the whole story with the real binary in a temporary folder. Each command is printed above its output, and
 * the demo fails if any exit code is not the expected one.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const binary = fileURLToPath(new URL('../bin/jwtkit.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'jwtkit-demo-'));
const isTerminal = process.stdout.isTTY === true;
const bold = (text) => (isTerminal ? `\x1b[1m${text}\x1b[0m` : text);

/** Runs one command and returns its stdout; tokens are shortened in what is shown, not in what is run. */
function show(title, args, { exits = 0, input, shown = args } = {}) {
  if (title !== undefined) console.log(`\n# ${title}`);
  console.log(bold(`$ jwtkit ${shown.map(quote).join(' ')}`));
  const { status, stdout, stderr } = spawnSync(process.execPath, [binary, ...args], {
    cwd: folder,
    encoding: 'utf8',
    input,
    env: environment,
  });
  process.stdout.write(shorten(stdout) + shorten(stderr));
  if (exits !== 0) console.log(`(exit code ${status})`);
  if (status !== exits) throw new Error(`expected exit code ${exits}, got ${status}`);
  return stdout.trim();
}

/** No variable of the caller's shell decides which key signs in a demo. */
const environment = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !name.startsWith('JWTKIT_') && name !== 'SECRET_KEY'),
);
if (isTerminal) environment.FORCE_COLOR = '1';

function quote(arg) {
  return /^[\w./:=@-]+$/.test(arg) || arg.startsWith('"$') ? arg : `'${arg}'`;
}

function shorten(text) {
  return text.replace(/\b(eyJ[\w-]{12})[\w-]*\.[\w-]+\.[\w-]*/g, '$1…');
}

try {
  console.log(`jwtkit on Node ${process.versions.node}; each command runs for real, tokens are shown shortened`);
  show('An RSA key pair, into the keyring of this folder. Its kid is the RFC 7638 thumbprint.', ['keygen']);
  const token = show('An access token on stdout, nothing else.', ['issue', '--sub', 'user-123', '--aud', 'api']);
  show('Verify it: every check, then the verdict.', ['verify', token, '--aud', 'api'], {
    shown: ['verify', '"$TOKEN"', '--aud', 'api'],
  });
  show('One claim of the verified token, for a script.', ['verify', token, '--aud', 'api', '--claim', 'sub'], {
    shown: ['verify', '"$TOKEN"', '--aud', 'api', '--claim', 'sub'],
  });
  show('The token is for api: without an audience it is refused.', ['verify', token, '--quiet'], {
    exits: 16,
    shown: ['verify', '"$TOKEN"', '--quiet'],
  });
  show('Look inside; the signature is not checked, and it says so.', ['decode', token], {
    shown: ['decode', '"$TOKEN"'],
  });
  show('Will it outlive a job of five minutes? No key is needed to tell.', ['inspect', token, '--min-ttl', '5m'], {
    shown: ['inspect', '"$TOKEN"', '--min-ttl', '5m'],
  });
  show('And one of an hour?', ['inspect', token, '--min-ttl', '1h', '--quiet'], {
    exits: 14,
    shown: ['inspect', '"$TOKEN"', '--min-ttl', '1h', '--quiet'],
  });

  const pair = JSON.parse(
    show('A pair: a short access token, and a refresh token to renew it with.', [
      'issue',
      '--sub',
      'user-123',
      '--pair',
    ]),
  );
  show('The refresh token is refused where an access token is due.', ['verify', pair.refresh_token], {
    exits: 16,
    shown: ['verify', '"$REFRESH"'],
  });
  show(
    'It is accepted where a refresh token is asked for.',
    ['verify', pair.refresh_token, '--type', 'refresh', '--quiet'],
    { shown: ['verify', '"$REFRESH"', '--type', 'refresh', '--quiet'] },
  );

  const [header, , signature] = token.split('.');
  const payload = Buffer.from(JSON.stringify({ sub: 'admin', exp: 4102444800 })).toString('base64url');
  const tampered = `${header}.${payload}.${signature}`;
  show('A tampered token is refused.', ['verify', tampered], { exits: 12, shown: ['verify', '"$TAMPERED"'] });
  show('So is the real one a day later.', ['verify', token, '--aud', 'api', '--at', '+1d'], {
    exits: 14,
    shown: ['verify', '"$TOKEN"', '--aud', 'api', '--at', '+1d'],
  });
  show('Decode, edit, issue again.', ['issue', '--claims', '-', '--sub', 'user-456', '--ttl', '10m'], {
    input: show(undefined, ['decode', token, '--json'], { shown: ['decode', '"$TOKEN"', '--json'] }),
  });
  console.log('\nThe demo ended as it should: every exit code was the expected one.');
} catch (error) {
  console.error(`\nthe demo failed: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
