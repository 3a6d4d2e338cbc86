/** Many processes on one keyring, some of them killed. */
import { spawn } from 'node:child_process';
import { generateKeyPairSync } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { addKey } from '../../../src/store/keyring/changes.js';
import { openKeyring } from '../../../src/store/keyring/directory.js';
import { temporaryFolder } from '../../cli/fake-io.js';

const binary = resolve('bin/jwtkit.js');
const makePair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const made = 1000;

function keygen(directory: string, ...nodeArgs: string[]) {
  const child = spawn(process.execPath, [...nodeArgs, binary, 'keygen', '--alg', 'ES256', '--keyring', directory]);
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise<{ status: number | null; stdout: string; stderr: string }>((done) => {
    child.on('close', (status) => done({ status, stdout, stderr }));
  });
}

test('twenty simultaneous keygen on one keyring all succeed', { tags: 'slow' }, async () => {
  const directory = join(temporaryFolder(), 'keyring');
  const results = await Promise.all([...Array(20)].map(() => keygen(directory)));
  expect(results.filter(({ status }) => status !== 0)).toEqual([]);
  const kids = results.map(({ stdout }) => stdout.trim()).sort();
  expect(new Set(kids).size).toBe(20);
  const { entries } = openKeyring(directory);
  expect(entries.map(({ kid }) => kid).sort()).toEqual(kids);
  expect(entries.every(({ hasPrivateHalf }) => hasPrivateHalf)).toBe(true);
  for (const kid of kids) expect((await openKeyring(directory).signingKey(Date.now() / 1000 + 60, kid)).kid).toBe(kid);
  const names = ['.gitignore', '.lock', 'jwks.json', ...kids.map((kid) => `${kid}.pem`)];
  expect(readdirSync(directory).sort()).toEqual(names.sort());
});

const soundAfterKill = 'killed before %s number %i, a process leaves a sound keyring that takes further keys';
test.each([
  ['linkSync', 1],
  ['renameSync', 1],
])(soundAfterKill, expectSoundAfterKill);
test.each([
  ['writeFileSync', 1],
  ['fsyncSync', 1],
  ['fsyncSync', 2],
  ['fsyncSync', 3],
  ['rmSync', 1],
  ['rmSync', 3],
])(soundAfterKill, { tags: 'slow' }, expectSoundAfterKill);

async function expectSoundAfterKill(name: string, count: number): Promise<void> {
  const directory = join(temporaryFolder(), 'keyring');
  await addKey(directory, makePair(), { alg: 'ES256', now: made, kid: 'k1' });
  const fault = `import fs from 'node:fs';
    const { ${name} } = fs;
    let calls = 0;
    fs.${name} = (...args) => {
      if (++calls === ${count}) process.kill(process.pid, 'SIGKILL');
      return ${name}(...args);
    };`;
  const killed = await keygen(directory, '--import', `data:text/javascript,${encodeURIComponent(fault)}`);
  expect(killed.status).not.toBe(0);
  const { entries } = openKeyring(directory);
  expect(entries[0]?.kid).toBe('k1');
  expect(entries.every(({ hasPrivateHalf }) => hasPrivateHalf)).toBe(true);
  expect((await keygen(directory)).status).toBe(0);
  expect(openKeyring(directory).entries).toHaveLength(entries.length + 1);
}
