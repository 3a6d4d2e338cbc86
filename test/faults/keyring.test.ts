/** Keyrings under fire: processes that change one at once, and are killed at random moments. */
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openKeyring } from '../../src/store/keyring/directory.js';
import { retireKey, rotateKeys } from '../../src/store/keyring/rotation.js';
import { findSigner, isVerifying } from '../../src/token/keyring.js';
import {
  type Ended,
  jwtkit,
  jwtkitKilledAt,
  jwtkitOut,
  note,
  quantile,
  seededRandom,
  temporaryFolder,
} from './processes.js';

const kills = Number(process.env.JWTKIT_KILL_ROUNDS ?? 400);
const seconds = () => Math.floor(Date.now() / 1000);
const rotate = ['keys', 'rotate', '--alg', 'ES256'];

/** The set opens, each private half that it names is there and fits, and one key signs now and at every turn to come. */
async function expectWhole(directory: string): Promise<string[]> {
  const { entries, signingKey } = openKeyring(directory);
  const now = seconds();
  for (const { kid, jwk, hasPrivateHalf } of entries) {
    expect(hasPrivateHalf, kid).toBe(true);
    const half = createPrivateKey(readFileSync(join(directory, `${kid}.pem`), 'utf8'));
    expect(createPublicKey(half).export({ format: 'jwk' }), kid).toMatchObject({ x: jwk.x, y: jwk.y });
  }
  const turns = entries.flatMap(({ jwk }) => jwk.nbf ?? []).filter((nbf) => nbf > now && nbf < now + 86_400);
  for (const at of [now, ...turns.flatMap((nbf) => [nbf - 1, nbf, nbf + 1])]) {
    const signer = findSigner(entries, at);
    expect(signer, String(at)).toBeDefined();
    expect(signer !== undefined && isVerifying(signer, at)).toBe(true);
  }
  expect((await signingKey(now)).keyObject.type).toBe('private');
  return entries.map(({ kid }) => kid);
}

test('24 simultaneous rotations keep all keys, and one signs', async () => {
  for (const times of [[], ['--activate-in', '1h']]) {
    const directory = join(temporaryFolder(), 'keyring');
    await jwtkitOut(...rotate, '--kid', 'first', '--keyring', directory);
    const start = performance.now();
    const kids = await Promise.all(
      Array.from({ length: 24 }, () => jwtkitOut(...rotate, '--keyring', directory, ...times)),
    );
    note(`24 rotations at once ${times.join(' ')}: ${(performance.now() - start).toFixed(0)} ms`);
    expect((await expectWhole(directory)).sort()).toEqual(['first', ...kids].sort());
    const { entries } = openKeyring(directory);
    expect(entries.filter(({ jwk }) => jwk.exp === undefined)).toHaveLength(1);
    const later = findSigner(entries, seconds() + 7200);
    expect(later?.jwk.exp).toBeUndefined();
    expect(kids).toContain(later?.kid);
    if (times.length > 0) expect(findSigner(entries, seconds())?.kid).toBe('first');
  }
});

test(`${kills} kills during rotate, import, retire, remove and prune leave a whole keyring`, async () => {
  const random = seededRandom('kill -9 during changes of a keyring');
  const pick = <T>(values: readonly T[]) => values[Math.floor(random() * values.length)] as T;
  const folder = temporaryFolder();
  const directory = join(folder, 'keyring');
  const run = (args: readonly string[], killAfter?: number) => jwtkit([...args, '--keyring', directory], killAfter);
  let files = 0;
  const freshFile = () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const path = join(folder, `bring-${files++}.pem`);
    writeFileSync(path, privateKey.export({ format: 'pem', type: 'pkcs8' }));
    return path;
  };
  /** Changes after which every key that was there is there still. */
  const additions = () =>
    pick([
      () => [...rotate],
      () => [...rotate, '--activate-in', pick(['1s', '1h'])],
      () => ['keys', 'import', freshFile()],
      () => ['keys', 'retire', pick(openKeyring(directory).entries).kid],
    ])();
  const removals = () =>
    pick([
      () => ['keys', 'prune'],
      () => ['keys', 'prune'],
      () => ['keys', 'remove', pick(openKeyring(directory).entries).kid],
      () => [...rotate, '--grace', '0'],
      () => ['keys', 'retire', pick(openKeyring(directory).entries).kid, '--at', 'now'],
    ])();

  const start = performance.now();
  const whole = await Promise.all(Array.from({ length: 8 }, () => run(rotate)));
  const typical = quantile(
    whole.map(({ took }) => took),
    0.5,
  );
  const moment = () => (random() < 0.8 ? typical * (0.25 + 0.65 * random()) : undefined);
  const count = { waves: 0, killed: 0, done: 0, refused: 0 };
  let acknowledged = whole.map(({ stdout }) => stdout.trim());
  // On a machine that is busy with other things there is time for fewer.
  const isTimeUp = () => performance.now() - start > 220_000;
  for (; count.killed < kills && !isTimeUp(); count.waves++) {
    const isRemoval = count.waves % 3 === 2;
    if (isRemoval) await endSome(directory);
    const changes = Array.from({ length: 10 }, isRemoval ? removals : additions);
    const ends = await Promise.all(changes.map((args) => run(args, moment())));
    for (const [at, end] of ends.entries()) {
      const change = changes[at] as string[];
      count[take(change, end)]++;
      if (end.exitCode === 0 && ['rotate', 'import'].includes(change[1] as string))
        acknowledged.push(end.stdout.trim());
    }
    const kids = await expectWhole(directory);
    if (isRemoval) acknowledged = kids;
    expect(acknowledged.filter((kid) => !kids.includes(kid))).toEqual([]);
  }
  note(
    `${count.waves} waves of 10 changes: ${count.killed} killed, ${count.done} done, ${count.refused} refused; ` +
      `${readdirSync(directory).filter((name) => name.endsWith('.tmp')).length} temporary files left`,
  );
  expect(count.killed).toBeGreaterThanOrEqual(kills / 4);
  // A name that a killed run left behind blocks nobody, and prune leaves nothing of them.
  expect((await run(['keys', 'prune'])).exitCode).toBe(0);
  const kids = await expectWhole(directory);
  const names = readdirSync(directory).filter((name) => !name.startsWith('.lock.'));
  expect(names.sort()).toEqual(['.gitignore', '.lock', 'jwks.json', ...kids.map((kid) => `${kid}.pem`)].sort());
});

/** A PEM file and a JWK Set of three, all private. */
function filesToImport(folder: string): { pem: string; set: string } {
  const fresh = () => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const [pem, set] = [join(folder, 'bring.pem'), join(folder, 'bring.json')];
  writeFileSync(pem, fresh().export({ format: 'pem', type: 'pkcs8' }));
  const keys = ['s1', 's2', 's3'].map((kid) => ({ ...fresh().export({ format: 'jwk' }), kid }));
  writeFileSync(set, JSON.stringify({ keys }));
  return { pem, set };
}

test('a change killed before any file system call leaves a whole keyring and can be repeated', async () => {
  const changes: Record<string, (files: ReturnType<typeof filesToImport>) => string[]> = {
    rotate: () => [...rotate, '--kid', 'web'],
    'rotate, announced': () => [...rotate, '--kid', 'web', '--activate-in', '1h'],
    'import of a key': ({ pem }) => ['keys', 'import', pem, '--kid', 'web'],
    'import of a set': ({ set }) => ['keys', 'import', set],
    remove: () => ['keys', 'remove', 'ended'],
    prune: () => ['keys', 'prune'],
    retire: () => ['keys', 'retire', 'old', '--at', 'now'],
    keygen: () => ['keygen', '--alg', 'ES256', '--kid', 'web'],
  };
  for (const [name, change] of Object.entries(changes)) {
    let calls = 0;
    for (let isKilled = true; isKilled; ) {
      const folder = temporaryFolder();
      const directory = join(folder, 'keyring');
      await keyringToChange(directory);
      const before = kidsOf(directory);
      const args = [...change(filesToImport(folder)), '--keyring', directory];
      const { exitCode, stderr } = await jwtkitKilledAt(++calls, args);
      isKilled = exitCode === null;
      if (!isKilled) expect({ exitCode, stderr }, name).toMatchObject({ exitCode: 0 });
      const after = await expectWhole(directory);
      if (name === 'import of a set') expect([before.length, before.length + 3]).toContain(after.length);
      const again = await jwtkit(args);
      // It was done, or it is now; one that was done is refused the second time where the kid is taken or gone.
      const isDone = after.join() !== before.join();
      const isOnce = !['prune', 'retire'].includes(name);
      expect(again.exitCode === 0, `${name}, call ${calls}: ${again.stderr}`).toBe(!(isDone && isOnce));
      expect((await jwtkit(['keys', 'prune', '--keyring', directory])).exitCode).toBe(0);
      const kids = await expectWhole(directory);
      const files = readdirSync(directory).filter((file) => !/^\.(lock|\.gitignore)\..*\.tmp$/.test(file));
      expect(files.sort()).toEqual(['.gitignore', '.lock', 'jwks.json', ...kids.map((kid) => `${kid}.pem`)].sort());
    }
    note(`${name}: killed at each of ${calls - 1} calls`);
    expect(calls).toBeGreaterThan(3);
  }
});

/** A key that has ended, an old one and one that signs. */
async function keyringToChange(directory: string): Promise<void> {
  const now = seconds();
  await rotateKeys(directory, { now: now - 100, alg: 'ES256', kid: 'ended' });
  await rotateKeys(directory, { now: now - 50, kid: 'old', grace: 0 });
  await rotateKeys(directory, { now: now - 20, kid: 'signing' });
}

function kidsOf(directory: string): string[] {
  return openKeyring(directory).entries.map(({ kid }) => kid);
}

/** Ends some keys that do not sign, so that there is something to remove. */
async function endSome(directory: string): Promise<void> {
  const now = seconds();
  const { entries } = openKeyring(directory);
  for (const { kid, jwk } of entries.slice(0, -6)) {
    if ((jwk.exp ?? 0) > now && (jwk.nbf ?? 0) <= now && findSigner(entries, now)?.kid !== kid) {
      await retireKey(directory, kid, { now, at: now, force: false });
    }
  }
}

/** A change is done, refused for a reason of its own, or killed; all else is a finding. */
function take(change: readonly string[], { exitCode, stderr }: Ended): 'done' | 'refused' | 'killed' {
  if (exitCode === null) return 'killed';
  if (exitCode === 0) return 'done';
  const isRefused =
    ['retire', 'remove'].includes(change[1] as string) && /no key|its tokens|is not brought/.test(stderr);
  if (!isRefused) throw new Error(`exit ${exitCode} of ${change.join(' ')}: ${stderr}`);
  return 'refused';
}
