/** What a stranger wrote, in each output for people: no runner of a CI service takes it for a command. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { runCli, secret, stdoutOf, temporaryFolder, unsigned } from './fake-io.js';

/** Commands of GitHub Actions in both forms, of Azure Pipelines and of TeamCity. */
const commands = [
  '::stop-commands::x',
  ' ::error file=a::x',
  '\u00a0::error::x',
  'x\n::error::x',
  '##[set-output name=token]x',
  'x ##[add-mask]a_secret',
  '###[error]x',
  '##vso[task.setvariable variable=PATH]x',
  '##VSO[task.complete]x',
  "##teamcity[setParameter name='a']",
];

/** The lines that a runner obeys: `::name::` at the start of a line, after white space, and `##[`, `##name[` anywhere in it. */
const obeyed = (output: string) => output.split('\n').filter((line) => /^\s*::.*::|##\w*\[/.test(line));

const env = { S: secret };
const bySecret = ['--secret-env', 'S'];

/** A file of this name, as far as a file can have it. */
function fileNamed(name: string, content: string): string {
  const folder = temporaryFolder();
  writeFileSync(join(folder, name.replaceAll('/', '-')), content);
  return folder;
}

/** Arguments of a run that shows a text, what it reads, and the folder in which it runs. */
type Shown = readonly [args: readonly string[], stdin?: string, workingFolder?: string];
const issue = (...args: string[]) => stdoutOf(['issue', ...bySecret, ...args], { env });

const outputs: Readonly<Record<string, (text: string) => Shown | Promise<Shown>>> = {
  'lint, the name of a file': (text) => [['lint', fileNamed(`${text}.env`, 'JWT_SECRET=changeme\n')]],
  'lint, a member of a file': (text) => [
    ['lint', fileNamed('a.json', JSON.stringify({ [text]: { a_secret: 'changeme' }, [`${text}_secret`]: 'changeme' }))],
  ],
  'lint, a claim': (text) => [
    ['lint', unsigned({ sub: text, [text]: text, password: text }, { alg: text, kid: text })],
  ],
  'verify, the audience': async (text) => [['verify', await issue('--aud', text), ...bySecret, '--aud', 'api']],
  'verify, the issuer': async (text) => [
    ['verify', await issue('--iss', text), ...bySecret, '--iss', 'me', '--verbose'],
  ],
  'verify, an algorithm': (text) => [['verify', unsigned({ sub: 'a' }, { alg: text, kid: text }), ...bySecret]],
  'verify, a report as text': async (text) => [
    ['verify', await issue('--aud', text), ...bySecret, '--aud', 'api', '--report', `text:${temporaryFolder()}/a`],
  ],
  'verify, as JSON': async (text) => [['verify', await issue('--aud', text), ...bySecret, '--aud', 'api', '--json']],
  'verify, as JUnit': async (text) => [
    ['verify', await issue('--aud', text), ...bySecret, '--aud', 'api', '--format', 'junit'],
  ],
  'verify, as Markdown': async (text) => [
    ['verify', await issue('--aud', text), ...bySecret, '--aud', 'api', '--format', 'markdown'],
  ],
  'verify --batch': async (text) => [['verify', '--batch', ...bySecret], `${await issue('--sub', text)}\n${text}\n`],
  'verify --batch, as text': async (text) => [
    ['verify', '--batch', ...bySecret, '--aud', 'api', '--format', 'text'],
    `${await issue('--aud', text)}\n${text}\n`,
  ],
  'decode, names and values': (text) => [
    ['decode', unsigned({ [text]: text, exp: text }, { alg: 'x', [text]: [text] })],
  ],
  'decode, as JSON': (text) => [['decode', unsigned({ [text]: text }), '--json']],
  'decode, a damaged token': (text) => [['decode', unsigned({ [text]: text }, { [text]: text }).slice(0, -9)]],
  'decode, what is not JSON': (text) => [['decode', unsigned(text)]],
  'decode, a claim that is an object': (text) => [['decode', unsigned({ a: { [text]: text } }), '--claim', 'a']],
  'decode, a claim that is not there': (text) => [['decode', unsigned({ sub: 'a' }), '--claim', text]],
  'decode --batch': (text) => [['decode', '--batch'], `${unsigned({ [text]: text })}\n${text}\n`],
  'inspect, a file that is not there': (text) => [['inspect', '--token-file', text]],
  'diff, names and values': (text) => [['diff', unsigned({ [text]: 1, a: text }), unsigned({ a: 'b', b: text })]],
  'diff, checks': async (text) => [
    ['diff', await issue('--aud', text), await issue('--aud', 'b'), ...bySecret, '--aud', 'api'],
  ],
  'a batch: a file that is not there': (text) => [['issue', '--batch', text, ...bySecret]],
  'an error: a command': (text) => [[text]],
  'an error: a file': (text) => [['verify', 'x.y.z', '--key', text]],
  'an error: a member of a policy': (text) => {
    const folder = fileNamed('jwtkit.config.json', JSON.stringify({ [text]: 1, issuer: text }));
    return [['verify', unsigned({}), ...bySecret], '', folder];
  },
  'a note: the policy that was found': (text) => {
    const folder = join(temporaryFolder(), text.replaceAll('/', '-'));
    mkdirSync(folder);
    writeFileSync(join(folder, 'jwtkit.config.json'), JSON.stringify({ issuer: text, audience: [text] }));
    return [['verify', unsigned({}), ...bySecret], '', folder];
  },
};

async function show([args, stdin, workingFolder]: Shown) {
  const world = {
    env,
    ...(stdin === undefined ? {} : { stdin }),
    ...(workingFolder === undefined ? {} : { workingFolder }),
  };
  const { exitCode, stdout, stderr } = await runCli(args, world);
  // 1 is a bug.
  expect(exitCode, stderr).not.toBe(1);
  return `${stdout}\n${stderr}`;
}

describe.each(Object.entries(outputs))('%s', (_what, make) => {
  test('shows what a stranger wrote', async () => {
    expect(await show(await make('harmless'))).toContain('harmless');
  });

  test.each(commands)('gives no command for %j', async (text) => {
    expect(obeyed(await show(await make(text)))).toEqual([]);
  });
});

describe('what is escaped stays readable', () => {
  let shown = '';
  beforeAll(async () => {
    shown = await stdoutOf(['decode', unsigned({ '::error::a': 'b ##[error]c', ip: '::1' })], { env });
  });

  test('one character of it is written as its number', () => {
    expect(shown).toContain('\\u003a:error::a');
    expect(shown).toContain('"b \\u0023#[error]c"');
    expect(shown).toContain('"::1"');
  });

  test('JSON stays the same JSON', async () => {
    const claims = { '##[error]': '\\##vso[a]', '::error::a': '::error::b' };
    const json = await stdoutOf(['decode', unsigned(claims), '--json'], { env });
    expect(JSON.parse(json).claims).toEqual(claims);
  });

  test('a script gets it raw', async () => {
    const text = '::error::a ##[error]b';
    expect(await stdoutOf(['decode', unsigned({ a: text }), '--claim', 'a'], { env })).toBe(text);
  });
});
