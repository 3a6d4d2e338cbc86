/** A key in a comment, or on a line that a diff removes, was put out of use: it must not be trusted. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { loadKeys } from '../../src/jose/keys.js';
import { loadEncryptionKeys } from '../../src/jwe/keys.js';
import { storedPair } from '../attacks/trusted-keys.js';

const used = storedPair('rsa');
const old = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = (key: KeyObject) => key.export({ format: 'pem', type: key.type === 'public' ? 'spki' : 'pkcs8' }) as string;
const line = (text: string) => text.trim().replaceAll('\n', '\\n');
const before = (mark: string) => (text: string) => text.trim().replace(/^/gm, mark);

/** Ways to put a key out of use, of one PEM. */
const out: Readonly<Record<string, (text: string) => string>> = {
  'an env line behind #': (text) => `# OLD_KEY="${line(text)}"`,
  'an env line behind # without a space': (text) => `#KEY="${line(text)}"`,
  'an exported variable behind #': (text) => `  # export KEY='${text}'`,
  'a comment behind a value': (text) => `A=1 # was ${line(text)}`,
  'a constant behind //': (text) => `// const OLD = '${line(text)}';`,
  'a line of an INI file behind ;': (text) => `;key=${line(text)}`,
  'a line of SQL behind --': (text) => `-- KEY '${line(text)}'`,
  'a line of SQL behind -- without a space': (text) => `--KEY = '${line(text)}'`,
  'a line of a batch file': (text) => `REM set KEY=${line(text)}`,
  'a line of properties': (text) => `! jwt.key = ${line(text)}`,
  'a member of YAML behind #': (text) => `  # key: "${line(text)}"`,
  'what grep shows': (text) => `.env:12:#KEY="${line(text)}"`,
  'each line behind #': before('# '),
  'each line behind ;': before('; '),
  'each line behind //': before('// '),
  'each line behind --': before('-- '),
  'a block comment': (text) => `/*\n${text}*/`,
  'a block comment with stars': (text) => `/**\n${before(' * ')(text)}\n */`,
  'a comment of XML': (text) => `<!-- <key>${text}</key> -->`,
  'a comment of a template': (text) => `<p>{# ${text} #}</p>`,
  'a comment of PowerShell': (text) => `<#\n${text}#>`,
  'a line that a diff removes': (text) => `-KEY="${line(text)}"`,
  'an indented line that a diff removes': (text) => `@@ -1 +1 @@\n-  key: "${line(text)}"`,
  'lines that a diff removes': before('-'),
  'the old side of diff': (text) => `< KEY="${line(text)}"\n---`,
  'a comment with hidden letters': (text) => `# OLD="${line(text).replaceAll('BEGIN', 'BE\u200bGIN')}"`,
  'a comment with escapes': (text) => `# OLD="${line(text).replaceAll('-----BEGIN', '\\-\\-\\-\\-\\-BEGIN')}"`,
};

describe.each(Object.entries(out))('%s', (_name, comment) => {
  test.each(['publicKey', 'privateKey'] as const)('is left out: %s', async (half) => {
    const purpose = half === 'publicKey' ? 'verify' : 'sign';
    const [kept, gone] = [pem(used[half]), comment(pem(old[half]))];
    for (const whole of [kept, `KEY="${line(kept)}"\n`, `KEY="${kept}"\n`]) {
      for (const text of [`${gone}\n${whole}`, `${whole.trimEnd()}\n${gone}\n`, `# my key\n${whole}${gone}`]) {
        const notes: string[] = [];
        const keys = loadKeys(text, { purpose, note: (said) => notes.push(said) });
        expect(keys.map(({ keyObject }) => keyObject.equals(used[half]))).toEqual([true]);
        expect(notes[0]).toMatch(/what is (?:in a comment|on a line that a diff removes) was left out/);
        const encryption = await loadEncryptionKeys(text, { purpose: half === 'publicKey' ? 'encrypt' : 'decrypt' });
        expect(encryption.map(({ keyObject }) => keyObject.equals(used[half]))).toEqual([true]);
      }
    }
  });

  test('is no key by itself', () => {
    const refused = expect.objectContaining({
      code: 'KEY_INVALID',
      message: expect.stringMatching(/^the key is (?:in a comment|on a line that a diff removes)$/),
      hint: expect.stringContaining('in'),
    });
    expect(() => loadKeys(comment(pem(old.publicKey)), { purpose: 'verify' })).toThrow(refused);
  });
});

test.each<[string, (text: string) => string]>([
  ['text of openssl -text before it', (text) => `Certificate:\n    Data:\n        Version: 3 (0x2)\n${text}`],
  [
    'the attributes of a bag',
    (text) => `Bag Attributes\n    friendlyName: x\nKey Attributes: <No Attributes>\n${text}`,
  ],
  ['comments around it', (text) => `# our key\n// ours\n/* ours */\n; ours\n${text}# the end\n`],
  ['a comment that names the labels', (text) => `# copy from -----BEGIN PUBLIC KEY----- on\n${text}`],
  ['a glob in the text before it', (text) => `cat /etc/keys/*.pem\n${text}`],
  ['a prompt', (text) => `root@h:~# cat pub.pem\n${text}$ `],
  ['a list of YAML', (text) => `- name: x\n- "${line(text)}"\n`],
  ['a map in a list of YAML', (text) => `- key: "${line(text)}"\n`],
  ['a list of a compose file', (text) => `      - KEY=${line(text)}\n      - A=1\n`],
  ['an option', (text) => `--from-literal=key="${text}"`],
  ['an option of echo', (text) => `-e ${line(text)}`],
  ['a macro of C', (text) => `#define KEY "${line(text)}"`],
  ['a command of Azure', (text) => `##vso[task.setvariable variable=KEY]${line(text)}`],
  ['a URL before it', (text) => `https://example.com/#key=${encodeURIComponent(text)}`],
  ['a number', (text) => `Key #1: ${line(text)}`],
])('a key with %s is read', (_name, around) => {
  const keys = loadKeys(around(pem(used.publicKey)), { purpose: 'verify' });
  expect(keys.map(({ keyObject }) => keyObject.equals(used.publicKey))).toEqual([true]);
});

test('lines of base64 that begin as a comment does are part of the key', () => {
  let text = '';
  while (!/^\/\//m.test(text)) {
    const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-521' });
    text = pem(publicKey).replace(/(\n[^-\n]*)(?=\/\/)/, '$1\n');
  }
  for (const written of [text, line(text), text.replaceAll('\n', ' ')]) {
    expect(loadKeys(written, { purpose: 'verify' })).toHaveLength(1);
  }
});

test('the marks of a merge conflict refuse the file', () => {
  const text = `<<<<<<< HEAD\n${pem(old.publicKey)}=======\n${pem(used.publicKey)}>>>>>>> branch\n`;
  expect(() => loadKeys(text, { purpose: 'verify' })).toThrow(/the marks of a merge conflict/);
});
