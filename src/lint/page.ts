/** The rules as Markdown, for docs/lint.md. */
import type { Example, Rule } from './rule.js';
import { rules } from './rules.js';

const titles: Readonly<Record<string, string>> = {
  token: 'Tokens',
  secret: 'Shared secrets',
  setting: 'Variables',
  key: 'Keys',
  set: 'JWK Sets',
  keyring: 'Keyring folders',
  certificate: 'Certificates',
  issuer: 'Metadata of an issuer',
  policy: 'Policy files',
  file: 'Files',
  account: 'Users and clients',
  response: 'Token responses',
  cookie: 'Cookies',
};

/** The longest line of an example, in characters. */
const longest = 160;

/** Returns all rules as sections of the third level, by their area. */
export function rulesPage(): string {
  const areas = new Map<string, Rule[]>();
  for (const rule of rules) {
    const area = rule.id.replace(/\/.*/, '');
    areas.set(area, [...(areas.get(area) ?? []), rule]);
  }
  const sections = [...areas].flatMap(([area, members]) => [
    `### ${titles[area] ?? area}`,
    '',
    '| rule | level | what it means | what to do | source |',
    '|---|---|---|---|---|',
    ...members.map(
      ({ id, level, means, help, source }) => `| ${[`\`${id}\``, level, means, help, source].map(cell).join(' | ')} |`,
    ),
    '',
    '<details><summary>Examples</summary>',
    '',
    ...members.flatMap(({ id, bad, good }) => [
      `\`${id}\`, bad and good:`,
      '',
      '```',
      ...shown(bad),
      '---',
      ...shown(good),
      '```',
      '',
    ]),
    '</details>',
    '',
  ]);
  return sections.join('\n');
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;');
}

function shown(example: Example): string[] {
  return example.shown.split('\n').map((line) => (line.length > longest ? `${line.slice(0, longest)}…` : line));
}
