/** What a one-shot command loads. Figures are for `npm run bench`; what they rest on can be told without a clock. */
import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, test } from 'vitest';
import { makeKeyring, stdoutOf } from './fake-io.js';

const binary = fileURLToPath(new URL('../../bin/jwtkit.js', import.meta.url));

/** Prints, at exit, the built-in modules and the files that the process loaded. */
const listLoaded = `data:text/javascript,${encodeURIComponent(`
  import { createRequire } from 'node:module';
  import { writeSync } from 'node:fs';
  const before = new Set(process.moduleLoadList);
  process.on('exit', () => {
    const builtins = process.moduleLoadList.filter((name) => !before.has(name) && name.startsWith('NativeModule '));
    const files = Object.keys(createRequire(${JSON.stringify(import.meta.url)}).cache);
    writeSync(2, '\\n' + JSON.stringify([...builtins.map((name) => name.slice(13)), ...files]));
  });
`)}`;

let keyring: string;
let token: string;
beforeAll(async () => {
  keyring = await makeKeyring('RS256');
  token = await stdoutOf(['issue', '--sub', 'user-123', '--keyring', keyring], { now: Math.floor(Date.now() / 1000) });
});

function loadedBy(...args: string[]): string[] {
  const { status, stderr } = spawnSync(process.execPath, ['--import', listLoaded, binary, ...args], {
    encoding: 'utf8',
  });
  expect(status).toBe(0);
  return JSON.parse(stderr.slice(stderr.lastIndexOf('\n') + 1));
}

function loads(loaded: readonly string[], name: string): boolean {
  return loaded.some((entry) => entry === name || entry.endsWith(`/${name}.cjs`) || entry.endsWith(`\\${name}.cjs`));
}

test('the bundle is there, in the chunks that are looked for', () => {
  const files = readdirSync(fileURLToPath(new URL('../../dist/cli', import.meta.url)));
  expect(files).toEqual(expect.arrayContaining(['main.cjs', 'crypto.cjs', 'jsonwebtoken.cjs', 'stores.cjs']));
});

test.each(['decode', 'inspect'])('%s loads no cryptography', (command) => {
  const loaded = loadedBy(command, token);
  expect(loads(loaded, 'main')).toBe(true);
  for (const name of ['crypto', 'jsonwebtoken', 'stores', 'net', 'tty', 'child_process']) {
    expect(loads(loaded, name), name).toBe(false);
  }
});

test('verify with a keyring loads no signer and no store', () => {
  const loaded = loadedBy('verify', token, '--keyring', keyring);
  expect(loads(loaded, 'crypto')).toBe(true);
  for (const name of ['jsonwebtoken', 'stores', 'net', 'tty', 'child_process'])
    expect(loads(loaded, name), name).toBe(false);
});

test('issue loads the signer and no store', () => {
  const loaded = loadedBy('issue', '--sub', 'user-123', '--keyring', keyring);
  expect(loads(loaded, 'jsonwebtoken')).toBe(true);
  for (const name of ['stores', 'net', 'tty', 'child_process']) expect(loads(loaded, name), name).toBe(false);
});
