/** Processes that open and close one environment at once. The last one to close it destroys its mutexes under whoever opens it then. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { script, temporaryFolder } from '../faults/processes.js';

/** Opens the denylist and closes it, over and over, and asks it once in between; prints how often. */
const opener = `import { openDenylist } from 'jwtkit';
const [, location, milliseconds] = process.argv;
const now = () => Date.now() / 1000;
let count = 0;
for (const end = performance.now() + Number(milliseconds); count < 20 || performance.now() < end; count++) {
  const denylist = await openDenylist(location, { mode: count % 2 === 0 ? 'write' : 'read', now });
  if (await denylist.find({ jti: 'a' }) !== undefined) throw new Error('found');
  await denylist.close();
}
console.log(count);`;

const neverUnusable = 'processes that open and close a denylist at once, for %i ms, never find it unusable';
test.each([400])(neverUnusable, expectUse);
test.each([4000])(neverUnusable, { tags: 'slow' }, expectUse);

async function expectUse(milliseconds: number): Promise<void> {
  const folder = join(temporaryFolder(), 'denylist');
  const ends = await Promise.all([1, 2, 3].map(() => script(opener, [`lmdb:${folder}`, `${milliseconds}`])));
  for (const { exitCode, stdout, stderr } of ends) {
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(Number(stdout)).toBeGreaterThanOrEqual(20);
  }
}
