/** What a source is, by its content. */
import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { lint } from '../../../src/lint/lint.js';

const now = 1_800_000_000;

async function lintText(text: string, name = 'file') {
  const { findings, subjects } = await lint([{ name, content: Buffer.from(text), isFile: true }], { now });
  return { findings, subjects: subjects[0] ?? 0 };
}
const placesOf = async (text: string, name?: string) =>
  (await lintText(text, name)).findings.map(({ id, where }) =>
    `${id} ${where.line ?? ''} ${where.part ?? ''}`.trimEnd(),
  );

const pem = (
  generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ format: 'pem', type: 'pkcs8' }) as string
).trim();

describe('PEM is found', () => {
  test.each([
    ['below a comment', `# my key\n${pem}\n`, 2],
    [
      'below the attributes that openssl pkcs12 prints',
      `Bag Attributes\n    friendlyName: a\nKey Attributes: <No Attributes>\n${pem}\n`,
      4,
    ],
    [
      'below text that openssl x509 prints',
      `Certificate:\n    Data:\n        Version: 3 (0x2)\n        Serial Number: 1\n${pem}\n`,
      5,
    ],
    ['below a line that is a variable', `subject=CN = a\n${pem}\n`, 2],
    ['below text that is YAML', `name: value\n\n\n${pem}\n`, 4],
    ['behind a mark of YAML', `---\n${pem}\n`, 2],
  ])('%s', async (_title, text, line) => {
    expect(await placesOf(text)).toContain(`key/rsa-too-small ${line}`);
  });

  test('twice, each block at its own line', async () => {
    const lines = pem.split('\n').length;
    expect(await placesOf(`${pem}\n${pem}\n`)).toEqual(
      expect.arrayContaining(['key/rsa-too-small 1', `key/rsa-too-small ${lines + 1}`]),
    );
  });
});
