/** Texts that make careless readers slow, as long as lint reads. */
import { expect, test } from 'vitest';
import { lint } from '../../src/lint/lint.js';
import { maxSourceBytes } from '../../src/lint/read/read.js';
import { runCli, secret } from '../cli/fake-io.js';
import { within } from '../time-limit.js';

const many = (unit: string) => unit.repeat(Math.floor(maxSourceBytes / unit.length) - 10);
const token = 'eyJhbGciOiJIUzI1NiJ9.eyJhIjoxfQ.AAAA';

test.each([
  ['tokens', many(`${token}\n`)],
  ['brackets in YAML', `a: ${many('[')}`],
  ['maps in YAML', `a: ${many('{a: ')}`],
  ['members in YAML', many('k: v\n')],
  ['aliases in YAML', `a: &a [x]\n${many('b: *a\n')}`],
  ['quotes in variables', many('A="\n')],
  ['quotes that are never closed in JSON', `{ // a\n"${many('\\"')}`],
  ['commas in JSON with a comment', `{ // a\n${many(', ')}`],
  ['spaces in a variable', `A=${many(' ')}x`],
  ['words of an example in a secret', `{"secret":"${many('your_a ')}"}`],
  ['secrets', `{${Array.from({ length: 30_000 }, (_, at) => `"s${at}_secret":"changeme"`).join(',')}}`],
  [
    'members below a long name',
    `{"${'y'.repeat(500_000)}":{${Array.from({ length: 50_000 }, (_, at) => `"${at}":0`).join(',')}}}`,
  ],
])('a mebibyte of %s is linted in seconds', { tags: 'slow', timeout: 60_000 }, async (_title, text) => {
  const sources = [{ name: 'hostile', content: Buffer.from(text) }];
  const { findings } = await within(20_000, () => lint(sources, { now: 1_800_000_000 }));
  expect(findings.length).toBeLessThan(500);
});

/** As much YAML as is read. */
const muchYaml = (unit: string) => unit.repeat(Math.floor(262_000 / unit.length));
test.each([
  ['members', muchYaml('k: v\n')],
  ['secrets', muchYaml('a_secret: changeme\n')],
  ['brackets', `a: ${muchYaml('[')}`],
  ['lists', muchYaml('- - - a\n')],
  ['aliases', `a: &a [x]\n${muchYaml('b: *a\n')}`],
  ['deeper and deeper maps', Array.from({ length: 700 }, (_, at) => `${' '.repeat(at)}a:\n`).join('')],
  ['files in a ConfigMap', `kind: ConfigMap\ndata:\n${muchYaml('  .env: "A=1\\nB=2"\n')}`],
  ['quotes', muchYaml('a: "\n')],
])('YAML of 256 KiB of %s is linted in seconds', { tags: 'slow', timeout: 60_000 }, async (_title, text) => {
  await within(20_000, () => lint([{ name: 'hostile', content: Buffer.from(text) }], { now: 1_800_000_000 }));
});

/** Everything that YAML gives a meaning, again and again: whole, damaged, and behind a name. */
const yamlUnits =
  '{} [] ]· }· {a} {a: [a, !· !a· !!· !<a>· &· &a· *· *a· -· - - ?· ? : :· ": " " a" \' ` % @ | > # , ; <<:· \t a:· a'
    .split(' ')
    .map((unit) => unit.replaceAll('·', ' '));

test('damaged YAML of 150 KB is read in seconds, whatever it repeats', { tags: 'slow', timeout: 600_000 }, async () => {
  for (const unit of yamlUnits.flatMap((each) => [each, `${each}\n`])) {
    const text = `a: ${unit.repeat(Math.floor(150_000 / unit.length))}`;
    // What copies its line for each error takes 6 to 20 seconds.
    await within(
      4000,
      () => lint([{ name: 'hostile.yaml', content: Buffer.from(text) }], { now: 1_800_000_000 }),
      JSON.stringify(unit),
    );
  }
});

const deep = `${'['.repeat(200_000)}${']'.repeat(200_000)}`;
test.each([
  ['a key of a set', `{"keys":[{"kty":${deep},"kid":"a","x":"1"}]}`],
  ['a key of a set with a repeated name', `{"keys":[],"keys":[{"kty":"EC","x":${deep},"kid":"a"}]}`],
  ['an encrypted token', `{"ciphertext":"x","protected":${deep}}`],
  ['a variable', `JWKS={"keys":[{"kty":"EC","x":${deep}}]}`],
  ['settings', `{"a":${deep}}`],
])('values that lie deep in %s overflow no stack', async (_title, text) => {
  const key = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo', kid: 'k' };
  const folder = { name: 'ring', names: new Set(['jwks.json', 'k.pem']) };
  const ring = { name: 'ring/jwks.json', content: Buffer.from(JSON.stringify({ keys: [key] })), folder };
  const sources = [ring, { name: 'hostile', content: Buffer.from(text) }];
  await expect(lint(sources, { now: 1_800_000_000 })).resolves.toBeDefined();
});

test('what lies above deep values is still judged', async () => {
  const text = `{"deep":${deep},"keys":[{"kty":"oct","k":"c2VjcmV0"}]}`;
  const { findings } = await lint([{ name: 'hostile', content: Buffer.from(text) }], { now: 1_800_000_000 });
  expect(findings.map(({ id }) => id)).toContain('set/private-key');
});

test('a keyring of thousands of keys, all with times, is linted in seconds', {
  tags: 'slow',
  timeout: 60_000,
}, async () => {
  const keys = Array.from({ length: 6000 }, (_, at) => ({
    kty: 'OKP',
    crv: 'Ed25519',
    x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo',
    kid: `k${at}`,
    nbf: 1_700_000_000 + at * 100_000,
    exp: 1_700_000_000 + at * 200_000,
  }));
  const folder = { name: 'ring', names: new Set(['jwks.json', ...keys.map(({ kid }) => `${kid}.pem`)]) };
  const content = Buffer.from(JSON.stringify({ keys }));
  expect(content.length).toBeLessThan(maxSourceBytes);
  const sources = [{ name: 'ring/jwks.json', content, folder }];
  const { findings } = await within(20_000, () => lint(sources, { now: 1_800_000_000 }));
  expect(findings.some(({ id }) => id.startsWith('keyring/'))).toBe(true);
});

test.each(['alg', 'typ', 'kid', 'enc', 'cty', 'jku'])(
  'survives a header %s that JavaScript cannot make a text of',
  async (name) => {
    for (const value of [{ toString: null }, [{ toString: null }]]) {
      const header = Buffer.from(JSON.stringify({ alg: 'HS256', [name]: value })).toString('base64url');
      const content = Buffer.from(`${header}.eyJhIjoxfQ.AAAA`);
      await expect(lint([{ name: 't', content }], { now: 0 })).resolves.toBeDefined();
      for (const command of [['decode'], ['inspect'], ['verify', '--secret-env', 'S']]) {
        const { exitCode } = await runCli([...command, content.toString()], { env: { S: secret } });
        expect([0, 11, 12]).toContain(exitCode);
      }
    }
  },
);
