import { createPublicKey } from 'node:crypto';
import { join } from 'node:path';
import type { Command } from 'commander';
import { makeTargetFolder } from '../../files/folders.js';
import { type WholeFile, writeFilesWhole } from '../../files/write-files.js';
import type { Fixture } from '../../fixtures/fixture.js';
import { makeFixtures } from '../../fixtures/make.js';
import { fileOf, toManifest } from '../../fixtures/manifest.js';
import {
  addFixtureOptions,
  type FixtureFlags,
  type FixturePlan,
  isShared,
  readFixturePlan,
} from '../grammar/fixture-options.js';
import { readInvocation } from '../grammar/invocation.js';
import { type Flags, option, type Texts } from '../grammar/option.js';
import { addCommonOptions, addMaskOptions } from '../grammar/shared-options.js';
import { usage } from '../terminal/errors.js';
import type { Context } from '../terminal/io.js';
import { type MaskOptions, maskSecrets, refuseUselessMask } from '../terminal/mask.js';
import { afterChange, printJson } from '../terminal/output.js';

type FixturesOptions = FixtureFlags & MaskOptions & Texts<'format'> & Flags<'force'>;

export function registerFixtures(program: Command, { io }: Context): void {
  const command = program
    .command('fixtures')
    .description('Write hostile and good tokens to test a verifier with. A list says what to expect of each.')
    .argument('[folder]', 'where to write the tokens and manifest.json')
    .addOption(option('--format <form>', 'files in a folder, or JSON lines on stdout').choices(['files', 'ndjson']))
    .addOption(option('--force', 'overwrite the files of an earlier run'));
  addFixtureOptions(command);
  addMaskOptions(command);
  addCommonOptions(command, [
    'jwtkit fixtures hostile-tokens --iss https://issuer.example --aud api',
    'jwtkit fixtures es256-tokens --new-key --alg ES256 --ttl 3650d',
    'jwtkit fixtures --format ndjson --aud api | head -n 3',
  ]);
  command.action(async (folder: string | undefined) => {
    const invocation = readInvocation<FixturesOptions>(command);
    const { options } = invocation;
    refuseUselessMask(options, io);
    const isStream = options.format === 'ndjson';
    if (isStream && folder !== undefined) throw usage('--format ndjson writes to stdout and takes no folder');
    if (isStream && options.force === true) throw usage('--force is for a folder');
    if (isStream && options.newKey === true) throw usage('--new-key needs a folder to write the key to');
    if (isStream && options.json === true) throw usage('--json and --format ndjson exclude each other');
    if (!isStream && folder === undefined) throw usage('no folder given', 'or print the tokens with --format ndjson');
    const plan = await readFixturePlan(invocation, io);
    const fixtures = makeFixtures(plan);
    if (folder === undefined) {
      // Verifiers refuse the others.
      const good = fixtures.filter(({ expect }) => expect === 'accept').map(({ token }) => token);
      await maskSecrets(good, options, io);
      io.stdout.write(fixtures.map((fixture) => `${JSON.stringify(fixture)}\n`).join(''));
      return;
    }
    writeFolder(folder, fixtures, plan, options.force === true);
    const hostile = fixtures.filter(({ expect }) => expect === 'refuse').length;
    const good = fixtures.length - hostile;
    if (options.json === true) {
      const manifest = join(folder, 'manifest.json');
      printJson(afterChange(io, 'the tokens were written'), { folder, manifest, alg: plan.alg, hostile, good });
    } else {
      io.say(`wrote ${hostile} hostile and ${good} good tokens for ${plan.alg} to ${folder}`);
    }
  });
}

/** Writes the tokens, their list, the public key as a JWK Set, and a key that was made for them. */
function writeFolder(folder: string, fixtures: readonly Fixture[], plan: FixturePlan, overwrite: boolean): void {
  makeTargetFolder(folder);
  for (const category of new Set(fixtures.map((fixture) => fixture.category))) makeTargetFolder(join(folder, category));
  const files: WholeFile[] = fixtures.map((fixture) => {
    return { path: join(folder, fileOf(fixture)), content: fixture.token, mode: 0o600 };
  });
  const write = (name: string, content: string, mode = 0o644) =>
    files.push({ path: join(folder, name), content, mode });
  write('manifest.json', `${JSON.stringify(toManifest(fixtures, plan), null, 2)}\n`);
  if (!isShared(plan)) {
    const jwk = { ...createPublicKey(plan.key).export({ format: 'jwk' }), kid: plan.kid, alg: plan.alg, use: 'sig' };
    write('jwks.json', `${JSON.stringify({ keys: [jwk] }, null, 2)}\n`);
    if (plan.isNewKey) write('private.pem', plan.key.export({ format: 'pem', type: 'pkcs8' }) as string, 0o600);
  }
  if (plan.secretText !== undefined) write('secret.txt', `${plan.secretText}\n`, 0o600);
  writeFilesWhole(files, { overwrite });
}
