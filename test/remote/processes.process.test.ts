/** Many processes of the real binary at once on one cache. */
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { makeKeyring, stdoutOf, temporaryFolder, textOf } from '../cli/fake-io.js';
import { serve } from './server.js';

const count = 12;
const at = '2026-01-01T00:00:00Z';
let sets: [string, string];
let tokens: [string, string];
beforeAll(async () => {
  const keyrings = [await makeKeyring('ES256', 'old'), await makeKeyring('ES256', 'new')] as const;
  const issue = (keyring: string) => stdoutOf(['issue', '--sub', 'u', '--keyring', keyring, '--at', at]);
  tokens = [await issue(keyrings[0]), await issue(keyrings[1])];
  sets = [textOf(join(keyrings[0], 'jwks.json')), textOf(join(keyrings[1], 'jwks.json'))];
});

function verify(token: string, url: string, folder: string): Promise<{ exitCode: number | null; stderr: string }> {
  return new Promise((done) => {
    const args = [resolve('bin/jwtkit.js'), 'verify', token, '--jwks', url, '--at', at, '--timeout', '30'];
    const child = spawn(process.execPath, args, {
      env: { PATH: process.env.PATH, SystemRoot: process.env.SystemRoot, JWTKIT_CACHE_DIR: folder },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text) => {
      stderr += text;
    });
    child.on('close', (exitCode) => done({ exitCode, stderr }));
  });
}

const entriesOf = (folder: string) => readdirSync(folder).filter((name) => name.endsWith('.json'));

test('many processes fill the cache together and leave one whole entry', { tags: 'slow' }, async () => {
  const server = await serve({ '/jwks': { body: sets[0] } });
  const folder = join(temporaryFolder(), 'cache');
  const url = `${server.origin}/jwks`;
  const ended = await Promise.all(Array.from({ length: count }, () => verify(tokens[0], url, folder)));
  expect(ended).toEqual(Array.from({ length: count }, () => ({ exitCode: 0, stderr: '' })));
  expect(readdirSync(folder)).toEqual(entriesOf(folder));
  expect(entriesOf(folder)).toHaveLength(1);
  const asked = server.requests.length;
  expect(await verify(tokens[0], url, folder)).toMatchObject({ exitCode: 0 });
  expect(server.requests.length).toBe(asked);
});

test('many processes accept a rotated key with one request', { tags: 'slow' }, async () => {
  const server = await serve({ '/jwks': { body: sets[0] } });
  const folder = join(temporaryFolder(), 'cache');
  const url = `${server.origin}/jwks`;
  await verify(tokens[0], url, folder);
  server.route({ '/jwks': { body: sets[1] } });
  // As if it had been fetched a minute ago.
  const path = join(folder, entriesOf(folder)[0] ?? '');
  const entry = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...entry, fetchedAt: entry.fetchedAt - 60 }));
  const ended = await Promise.all(Array.from({ length: count }, () => verify(tokens[1], url, folder)));
  expect(ended).toEqual(Array.from({ length: count }, () => ({ exitCode: 0, stderr: '' })));
  expect(server.requests).toHaveLength(2);
});
