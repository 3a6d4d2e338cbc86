/** Processes killed at random moments while they write: what was acknowledged stays, and everything still opens. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openKeyring } from '../../src/store/keyring/directory.js';
import { type Ended, jwtkit, jwtkitOut, note, quantile, script, seededRandom, temporaryFolder } from './processes.js';

const rounds = Number(process.env.JWTKIT_KILL_ROUNDS ?? 300);

/** How long a process takes when so many run at once, so that kills fall where it writes. */
async function typicalTimes(start: () => Promise<Ended>[]): Promise<{ early: number; late: number }> {
  const times: number[] = [];
  for (let round = 0; round < 5; round++) {
    for (const { exitCode, took } of await Promise.all(start())) {
      expect(exitCode).toBe(0);
      times.push(took);
    }
  }
  return { early: quantile(times, 0) * 0.5, late: quantile(times, 0.9) * 1.1 };
}

/** Revokes one token after another and prints each identifier once it is acknowledged. */
const revoker = `import { openDenylist } from 'jwtkit';
import { writeSync } from 'node:fs';
const [location, name, until] = process.argv.slice(1);
const denylist = await openDenylist(location, { mode: 'write', now: () => Date.now() / 1000 });
for (let at = 0; ; at++) {
  await denylist.add({ kind: 'token', id: name + '-' + at, reason: 'revoked', until: Number(until) });
  writeSync(1, name + '-' + at + '\\n');
}`;

test(`${rounds} rounds of kill -9 during revoke: what was acknowledged is there, the store always opens`, async () => {
  const random = seededRandom('kill -9 during revoke');
  const until = Math.floor(Date.now() / 1000) + 86_400;
  const keyring = join(temporaryFolder(), 'keyring');
  const revoke = (folder: string, jti: string, killAfter?: number) =>
    jwtkit(['revoke', '--jti', jti, '--until', '+1d', '--keyring', keyring, '--store', `lmdb:${folder}`], killAfter);

  const warm = join(temporaryFolder(), 'denylist');
  const { early, late } = await typicalTimes(() => [0, 1, 2].map((at) => revoke(warm, `w${at}`)));
  let folder = '';
  let acknowledged: string[] = [];
  const count = { killed: 0, acknowledged: 0, stores: 0 };
  for (let round = 0; round < rounds; round++) {
    // The first writes of a store, which make it, are worth as many kills as later ones.
    if (round % 10 === 0) {
      folder = join(temporaryFolder(), 'denylist');
      acknowledged = [];
      count.stores++;
    }
    const moment = () => early + random() * (late - early);
    const jtis = [0, 1, 2].map((at) => `cli-${round}-${at}`);
    const writers = jtis.map((jti) => revoke(folder, jti, moment()));
    const loop = script(revoker, [`lmdb:${folder}`, `loop-${round}`, String(until)], late + random() * 100);
    // A reader asks while they die, and never finds the store damaged.
    const asking = jwtkit(['revoke', '--list', '--json', '--store', `lmdb:${folder}`]);
    const ends = await Promise.all(writers);
    for (const [at, { exitCode, stderr }] of ends.entries()) {
      if (exitCode === 0) acknowledged.push(jtis[at] as string);
      else if (exitCode === null) count.killed++;
      else throw new Error(`round ${round}: exit ${exitCode}: ${stderr}`);
    }
    const looped = await loop;
    if (looped.exitCode !== null) throw new Error(`round ${round}: the loop ended: ${looped.stderr}`);
    count.killed++;
    // A line that was cut off was not acknowledged.
    acknowledged.push(...looped.stdout.split('\n').slice(0, -1));
    const { exitCode, stderr } = await asking;
    expect({ exitCode, stderr: stderr.replace('nothing is revoked\n', '') }).toEqual({ exitCode: 0, stderr: '' });
    await expectAll(folder, acknowledged);
    if (round % 10 === 9) count.acknowledged += acknowledged.length;
  }
  note(
    `${rounds} rounds on ${count.stores} stores: ${count.killed} processes killed, ${count.acknowledged} revocations acknowledged, all there`,
  );
  expect(count.killed).toBeGreaterThan(rounds);
});

/** What a store lists, read by a process of its own: a crash of the reader would be a finding too. */
async function listedIds(folder: string): Promise<Set<string>> {
  const { exitCode, stdout, stderr } = await jwtkit(['revoke', '--list', '--json', '--store', `lmdb:${folder}`]);
  expect({ exitCode, stderr }, `reading ${folder}`).toEqual({ exitCode: 0, stderr: '' });
  return new Set(JSON.parse(stdout).map(({ id }: { id: string }) => id));
}

async function expectAll(folder: string, jtis: readonly string[]): Promise<void> {
  const listed = await listedIds(folder);
  const lost = jtis.filter((jti) => !listed.has(jti));
  expect(lost, `acknowledged and lost, of ${jtis.length}`).toEqual([]);
}

test('a store whose maker was killed at any moment opens for reading', async () => {
  const random = seededRandom('kill -9 while a store is made');
  const keyring = join(temporaryFolder(), 'keyring');
  const args = (folder: string) => [
    'revoke',
    '--jti',
    'a',
    '--until',
    '+1d',
    '--keyring',
    keyring,
    '--store',
    `lmdb:${folder}`,
  ];
  const fresh = () => join(temporaryFolder(), 'denylist');
  const { early, late } = await typicalTimes(() => [0, 1].map(() => jwtkit(args(fresh()))));
  const count = { absent: 0, empty: 0, written: 0 };
  for (let round = 0; round < 100; round++) {
    const stores = [fresh(), fresh()];
    const ends = await Promise.all(stores.map((folder) => jwtkit(args(folder), early + random() * (late - early))));
    const listed = await Promise.all(stores.map(listedIds));
    for (const [at, folder] of stores.entries()) {
      const ids = listed[at] as Set<string>;
      if (ends[at]?.exitCode === 0) expect([...ids]).toEqual(['a']);
      count[!existsSync(folder) ? 'absent' : ids.size === 0 ? 'empty' : 'written']++;
    }
  }
  note(`200 stores made under fire: ${count.absent} absent, ${count.empty} empty, ${count.written} with the entry`);
});

test('hundreds of kills among 20 simultaneous keygen leave a whole keyring', async () => {
  const random = seededRandom('kill -9 during keygen');
  const keyring = join(temporaryFolder(), 'keyring');
  const keygen = (killAfter?: number) => jwtkit(['keygen', '--alg', 'ES256', '--keyring', keyring], killAfter);
  const many = (killAfter: () => number | undefined) => Array.from({ length: 20 }, () => keygen(killAfter()));
  const kids: string[] = [];
  const take = (ends: readonly Ended[]) => {
    let killed = 0;
    for (const { exitCode, stdout, stderr } of ends) {
      if (exitCode === 0) kids.push(stdout.trim());
      else if (exitCode === null) killed++;
      else throw new Error(`exit ${exitCode}: ${stderr}`);
    }
    return killed;
  };
  const whole = await Promise.all(many(() => undefined));
  expect(take(whole)).toBe(0);
  const typical = quantile(
    whole.map(({ took }) => took),
    0.5,
  );
  let killed = 0;
  let wave = 0;
  for (; killed < 300 && wave < 60; wave++) {
    // Two of three are marked; the more of them die early, the sooner the rest are done.
    const moment = () => (random() < 2 / 3 ? typical * (0.2 + 0.6 * random()) : undefined);
    killed += take(await Promise.all(many(moment)));
    await expectKeyring(keyring, kids);
  }
  note(`${wave} waves of 20 keygen: ${killed} killed, ${kids.length} kids printed, all in the set with their halves`);
  expect(killed).toBeGreaterThanOrEqual(300);
  expect(await jwtkitOut('keygen', '--alg', 'ES256', '--keyring', keyring)).not.toBe('');
});

/** The set opens, names every key that was printed, and every private half that it names fits. */
async function expectKeyring(directory: string, kids: readonly string[]): Promise<void> {
  const keyring = openKeyring(directory);
  const named = keyring.entries.map(({ kid }) => kid);
  expect(kids.filter((kid) => !named.includes(kid))).toEqual([]);
  for (const kid of named) {
    expect(existsSync(join(directory, `${kid}.pem`)), kid).toBe(true);
    expect(readFileSync(join(directory, `${kid}.pem`), 'utf8')).toMatch(/-----END PRIVATE KEY-----\n$/);
  }
  for (const kid of named.slice(-40)) {
    expect((await keyring.signingKey(Math.floor(Date.now() / 1000) + 10, kid)).keyObject.type).toBe('private');
  }
}
