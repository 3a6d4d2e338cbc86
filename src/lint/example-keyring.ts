/** Keyrings as examples. Their keys were made for this and are good for nothing. */
import { ecKey, exampleNow } from './example.js';
import type { Example, Folder, Source } from './rule.js';

const day = 86_400;

/** The key of `halves.old`. */
export const oldKey = {
  ...ecKey,
  x: 'Ok-Hf2N_BPp0t6_JA7bTkjEAzRAmPKfWbm877nonj7U',
  y: 'cCkW1pw3hFRKBNasLl6wMhnPhS9FqHFhHnNGIBDqvdY',
  kid: 'key-2026',
  iat: exampleNow - 400 * day,
};
/** The key of `halves.new`. */
export const newKey = { ...ecKey, kid: 'key-2027', iat: exampleNow - 20 * day };

/** Private keys; the passphrase of `locked` is `passphrase`. */
export const halves = {
  old: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg9ClYzOt2zT8eR/4d
6lS+Sv12F3DiIg1XaHYmeaBAgI+hRANCAAQ6T4d/Y38E+nS3r8kDttOSMQDNECY8
p9ZubzvueiePtXApFtacN4RUSgTWrC5esDIZz4UvRahxYR5zRiAQ6r3W
-----END PRIVATE KEY-----
`,
  new: `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgE49dS3fIs2T3GWPQ
ixU+O5LkTtvyeFikC16ssB8dkvChRANCAASXxxl+Y/ADXPKfnjTdLYV51F1oSWPB
i4STcP2o0Zst4dXeVazHXfAqXWvHQ7h8CqhnB9YfD29exTyytg+nERs5
-----END PRIVATE KEY-----
`,
  locked: `-----BEGIN ENCRYPTED PRIVATE KEY-----
MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjMjmSVqe2bDgICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEMepuCNhA+QqjaENdsYmGMgEgZBJ
8kojL2Pr5MAX/feT/4fMUCNqrFSYhgtRxiyT8l+mri2dNsUdgFdLp7KLXflxSoPJ
5sSZ/msZq3s9iCEcaWcxfHuA/i1rRlBbujLwIo3VbL1hBwjworZAckcEmE3CrHxW
k4QrVTuYHkTw4Amns6ISykFle+iAk5wV7JNzZp2RRkO9yR8StgaU5N4uxu0tSXc=
-----END ENCRYPTED PRIVATE KEY-----
`,
};
export const passphrase = 'correct horse battery staple';

/** Times of a key that replaced another one, or will, some days from now. */
export const from = (days: number) => ({ nbf: exampleNow + days * day, iat: exampleNow + Math.min(days, 0) * day });
/** The end of a key, some days from now. */
export const until = (days: number) => ({ exp: exampleNow + days * day });

/** Returns a keyring as an example: its keys, its other files by name, and sources elsewhere. */
export function keyring(
  keys: readonly object[],
  files: Readonly<Record<string, string>>,
  { mode = 0o700, elsewhere = [] }: { readonly mode?: number; readonly elsewhere?: readonly Source[] } = {},
): Example {
  const contents = { 'jwks.json': JSON.stringify({ keys }), ...files };
  const folder: Folder = { name: '.jwtkit', mode, names: new Set(Object.keys(contents)) };
  const [source, ...others] = Object.entries(contents).map(
    ([name, content]): Source => ({ name: `.jwtkit/${name}`, content: Buffer.from(content), isFile: true, folder }),
  );
  const shown = [
    ...(mode === 0o700 ? [] : [`.jwtkit (mode ${mode.toString(8).padStart(4, '0')})`]),
    ...keys.map((key) => `jwks.json   ${JSON.stringify(withoutNumbers(key))}`),
    ...Object.entries(files).map(([name, content]) => `${name}   ${describe(content)}`),
    ...elsewhere.map(({ name, content }) => `${name}   ${describe(Buffer.from(content).toString())}`),
  ];
  return { source: source as Source, others: [...others, ...elsewhere], shown: shown.join('\n') };
}

/** Returns a JWK Set at a URL. */
export function liveSet(...keys: readonly object[]): Source {
  const live = { cacheControl: 'public, max-age=300' };
  return { name: 'https://issuer.example/jwks.json', content: Buffer.from(JSON.stringify({ keys })), live };
}

/** The members of a JWK that a reader looks at. */
function withoutNumbers(key: object): object {
  return Object.fromEntries(Object.entries(key).filter(([name]) => !['kty', 'crv', 'x', 'y', 'alg'].includes(name)));
}

function describe(content: string): string {
  if (content.startsWith('{')) {
    const { keys } = JSON.parse(content) as { keys: { kid: string }[] };
    return `the keys ${keys.map(({ kid }) => kid).join(', ')}`;
  }
  if (content === halves.locked) return 'the private key of key-2027, encrypted';
  if (content === halves.new) return 'the private key of key-2027';
  return content === halves.old ? 'the private key of key-2026' : content.trim();
}
