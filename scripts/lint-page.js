/** `npm run rules`: writes the rules of `jwtkit lint` into docs/lint.md, behind its last heading of the second level. */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';

const page = 'docs/lint.md';
const heading = '## Rules\n';
const rules = execFileSync(process.execPath, ['bin/jwtkit.js', 'lint', '--list-rules', '--format', 'markdown'], {
  encoding: 'utf8',
});
const text = readFileSync(page, 'utf8');
writeFileSync(page, `${text.slice(0, text.indexOf(heading) + heading.length)}\n${rules}`);
