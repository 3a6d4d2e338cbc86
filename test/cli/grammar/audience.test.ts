/** For whom a token is, and who says so: flags, variables and the policy file, in every command that verifies. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { fileWith, makeKeyring, runCli, segmentOf, stdoutOf, temporaryFolder } from '../fake-io.js';

let keyring: string;
beforeAll(async () => {
  keyring = await makeKeyring('ES256');
});

const issue = (...args: string[]) => stdoutOf(['issue', '--keyring', keyring, '--sub', 'u', ...args]);
const forApi = () => issue('--aud', 'api');

/** A folder with a policy that names the keyring too. */
function folderWith(policy: object): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'jwtkit.config.json'), JSON.stringify({ keys: { keyring }, ...policy }));
  return folder;
}

interface Sources {
  readonly flags?: readonly string[];
  readonly env?: Record<string, string>;
  readonly policy?: unknown;
}

function ask(args: readonly string[], { flags = [], env = {}, policy }: Sources, stdin?: string) {
  const workingFolder = folderWith(policy === undefined ? {} : { audience: policy });
  return runCli([...args, ...flags], { env, workingFolder, ...(stdin === undefined ? {} : { stdin }) });
}

const api = ['--aud', 'api'];
const web = ['--aud', 'web'];
const any = ['--any-aud'];
const off = { JWTKIT_ANY_AUD: 'false' };

/** Who says what, and the exit code for a token for `api`. */
const table: [string, Sources, number][] = [
  ['nobody names one', {}, 16],
  ['a flag names it', { flags: api }, 0],
  ['a flag names another', { flags: web }, 16],
  ['a flag accepts any', { flags: any }, 0],
  ['both flags', { flags: [...api, ...any] }, 2],
  ['a variable names it', { env: { JWTKIT_AUD: 'api' } }, 0],
  ['a variable accepts any', { env: { JWTKIT_ANY_AUD: 'true' } }, 0],
  ['a variable accepts any, as 1', { env: { JWTKIT_ANY_AUD: '1' } }, 0],
  ['a variable that is false', { env: off }, 16],
  ['a variable that is neither', { env: { JWTKIT_ANY_AUD: 'yes' } }, 2],
  ['both variables', { env: { JWTKIT_AUD: 'api', JWTKIT_ANY_AUD: '1' } }, 2],
  ['a variable names it, the other is false', { env: { JWTKIT_AUD: 'api', ...off } }, 0],
  ['the policy names it', { policy: 'api' }, 0],
  ['the policy names another', { policy: 'web' }, 16],
  ['the policy accepts any', { policy: 'any' }, 0],
  ['the policy names one that is called any', { policy: ['any'] }, 16],
  // The stronger place decides, whichever of the two it sets.
  ['a flag over any of a variable', { flags: web, env: { JWTKIT_ANY_AUD: '1' } }, 16],
  ['a flag over any of the policy', { flags: web, policy: 'any' }, 16],
  ['any as a flag over a variable', { flags: any, env: { JWTKIT_AUD: 'web' } }, 0],
  ['any as a flag over the policy', { flags: any, policy: 'web' }, 0],
  ['a variable over any of the policy', { env: { JWTKIT_AUD: 'web' }, policy: 'any' }, 16],
  ['any of a variable over the policy', { env: { JWTKIT_ANY_AUD: '1' }, policy: 'web' }, 0],
  ['a variable that is false over any of the policy', { env: off, policy: 'any' }, 16],
  ['a variable that is false leaves the policy its audience', { env: off, policy: 'web' }, 16],
  ['a variable that is false leaves a flag alone', { flags: any, env: off }, 0],
];

describe('a token for api', () => {
  test.each(table)('verify: %s', async (_who, sources, exitCode) => {
    const { exitCode: found, stderr } = await ask(['verify', await forApi(), '--quiet'], sources);
    expect(found, stderr).toBe(exitCode);
  });

  test.each(table)('verify --batch: %s', async (_who, sources, exitCode) => {
    const token = await forApi();
    const { exitCode: found, stdout } = await ask(['verify', '--batch'], sources, `${token}\n`);
    expect(found).toBe(exitCode === 16 ? 10 : exitCode);
    if (exitCode !== 2) expect(JSON.parse(stdout).code).toBe(exitCode === 16 ? 'CLAIM_MISMATCH' : undefined);
  });

  // Its issuer refreshes it, who need not say for whom it was made.
  const unnamed = ['nobody names one', 'a variable that is false', 'a variable that is false over any of the policy'];
  test.each(table)('refresh: %s', async (who, sources, exitCode) => {
    const token = await issue('--type', 'refresh', '--aud', 'api');
    const { exitCode: found, stdout, stderr } = await ask(['refresh', token], sources);
    expect(found, stderr).toBe(unnamed.includes(who) ? 0 : exitCode);
    if (found === 0) expect(segmentOf(stdout, 1).aud).toBe('api');
  });

  test.each(['verify', 'refresh', 'serve'])('%s names both variables if both are set', async (command) => {
    const { stderr } = await ask([command], { env: { JWTKIT_AUD: 'api', JWTKIT_ANY_AUD: '1' } });
    expect(stderr).toContain('error: JWTKIT_AUD and JWTKIT_ANY_AUD exclude each other\n');
  });

  test('the issuer rotates and revokes a pair without naming its audience', async () => {
    const store = ['--keyring', keyring, '--store', `lmdb:${join(temporaryFolder(), 'denylist')}`];
    const pair = JSON.parse(await stdoutOf(['issue', '--pair', ...api, '--keyring', keyring]));
    const rotated = JSON.parse(await stdoutOf(['refresh', '--rotate', pair.refresh_token, ...store]));
    expect(segmentOf(rotated.refresh_token, 1).aud).toBe('api');
    expect((await runCli(['verify', ...api, rotated.access_token, ...store])).exitCode).toBe(0);
    expect((await runCli(['revoke', rotated.access_token, ...store])).exitCode).toBe(0);
    expect((await runCli(['verify', ...api, rotated.access_token, ...store])).exitCode).toBe(17);
  });
});

describe('the hint of a refused audience', () => {
  const refusal = async (aud: unknown) => {
    const token = await issue('--claim', `aud:=${JSON.stringify(aud)}`);
    return (await runCli(['verify', token, '--keyring', keyring])).stderr;
  };

  test.each<[unknown, string, string]>([
    ['api', '"api"', '--aud api if that is you'],
    ['https://api.example:8443/v1', '"https://api.example:8443/v1"', '--aud https://api.example:8443/v1 if'],
    [['$(id)', 'api'], '["$(id)","api"]', '--aud api if'],
    ['$(id)', '"$(id)"', '--aud AUDIENCE if'],
    ['-q', '"-q"', '--aud AUDIENCE if'],
    ['a b', '"a b"', '--aud AUDIENCE if'],
    ['a\u001b[2J\u202e', '"a\\u001b[2J\\u202e"', '--aud AUDIENCE if'],
    [['a', 'b', 'c', 'd', 'e'], '["a","b","c",… 2 more]', '--aud a if'],
    ['x'.repeat(5000), `"${'x'.repeat(80)}…"`, '--aud AUDIENCE if'],
    [[], '[]', 'no --aud can match it'],
    ['', '""', 'no --aud can match it'],
    [['', ' '], '[""," "]', 'no --aud can match it'],
  ])('%j', async (aud, shown, hint) => {
    const stderr = await refusal(aud);
    expect(stderr).toMatch(/^error: [^\n]+\nhint: [^\n]*--aud.*--any-aud[^\n]*\n$/);
    expect(stderr).toContain(`error: token aud is ${shown}, and no audience was named\n`);
    expect(stderr).toContain(hint);
    expect(stderr.length).toBeLessThan(400);
  });

  test('a refusal shortens a long aud and names the expected audience', async () => {
    const aud = Array.from({ length: 1000 }, (_, at) => `audience-${at}`);
    const token = await issue('--claims', fileWith(JSON.stringify({ aud })));
    const { stderr } = await runCli(['verify', token, '--keyring', keyring, ...api]);
    expect(stderr).toContain('token aud is ["audience-0","audience-1","audience-2",… 997 more], expected "api"\n');
  });

  test('verify --json has the hint in its check', async () => {
    const { stdout } = await runCli(['verify', await forApi(), '--keyring', keyring, '--json']);
    const check = JSON.parse(stdout).checks.find(({ name }: { name: string }) => name === 'aud');
    expect(check).toMatchObject({
      status: 'failed',
      code: 'CLAIM_MISMATCH',
      hint: expect.stringContaining('--any-aud'),
    });
  });

  test.each<[string, readonly string[], boolean]>([
    ['nobody names an audience', [], true],
    ['another audience is named', web, false],
    ['any will do', [...any, '--iss', 'x'], false],
  ])('a batch names the options at its end only where %s', async (_when, flags, isNamed) => {
    const stdin = `${await issue('--aud', 'api', '--iss', 'y')}\n`;
    const { stderr } = await runCli(['verify', '--batch', '--keyring', keyring, ...flags], { stdin });
    expect(stderr).toContain('1 CLAIM_MISMATCH');
    expect(/^hint: .*--aud.*--any-aud/m.test(stderr)).toBe(isNamed);
  });
});

describe('a policy with "audience": "any"', () => {
  test('issues tokens without aud, unless one is named', async () => {
    const workingFolder = folderWith({ audience: 'any' });
    expect(segmentOf(await stdoutOf(['issue'], { workingFolder }), 1)).not.toHaveProperty('aud');
    expect(segmentOf(await stdoutOf(['issue', ...api], { workingFolder }), 1).aud).toBe('api');
    const named = folderWith({ audience: ['any'] });
    expect(segmentOf(await stdoutOf(['issue'], { workingFolder: named }), 1).aud).toBe('any');
  });

  test.each<[string, readonly string[], Record<string, string>, boolean]>([
    ['nothing beats', [], {}, true],
    ['--any-aud repeats', any, {}, false],
    ['--aud beats', api, {}, false],
    ['JWTKIT_AUD beats', [], { JWTKIT_AUD: 'api' }, false],
  ])('says that it sets the audience where %s it', async (_what, flags, env, isNamed) => {
    const { stderr } = await ask(['verify', await forApi()], { flags, env, policy: 'any' });
    expect(/^note: .* sets .*audience/m.test(stderr)).toBe(isNamed);
  });

  test.each([any, api])('says that it sets the audience only where %s does not beat it', async (...flags) => {
    const { stderr } = await ask(['verify', await forApi()], { flags, policy: 'web' });
    expect(stderr).not.toMatch(/sets .*audience/);
  });
});

describe('an audience that was written as something else', () => {
  const quoted = 'has quotes, brackets or commas in it: write the value alone';
  const list = 'is one value with a comma in it: name each value by itself';
  test.each<[string, Sources, string]>([
    ['a list with commas', { flags: ['--aud', 'api,web'] }, list],
    ['a list with commas in a variable', { env: { JWTKIT_AUD: 'web,api' } }, list],
    ['a list of JSON without spaces', { env: { JWTKIT_AUD: '["api","web"]' } }, list],
    ['a list of JSON', { env: { JWTKIT_AUD: '["api", "web"]' } }, quoted],
    ['a text of JSON', { env: { JWTKIT_AUD: '"api"' } }, quoted],
    ['a list with one text', { env: { JWTKIT_AUD: '["api"]' } }, quoted],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: that is the name of a variable.
    ['the name of a variable', { env: { JWTKIT_AUD: '${AUD}' } }, 'is the name of a variable'],
    ['the name of a variable as a flag', { flags: ['--aud', '$AUD'] }, 'is the name of a variable'],
  ])('%s gets a hint', async (_, sources, hint) => {
    const { exitCode, stdout, stderr } = await ask(['verify', await forApi()], sources);
    expect(exitCode).toBe(16);
    expect(`${stdout}${stderr}`.replace(/\s+/g, ' ')).toContain(hint);
  });
});
