/**
 * `npm run tarball [-- FOLDER]`: packs what is published, and prints the path. package.json is without what serves development: npm
 * warns of a script `prepare` in a tarball, although it never runs there.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const destination = resolve(process.argv[2] ?? '.');
process.chdir(fileURLToPath(new URL('..', import.meta.url)));
const folder = mkdtempSync(join(tmpdir(), 'jwtkit-tarball-'));
try {
  const [{ files }] = JSON.parse(npm('pack', '--dry-run', '--ignore-scripts', '--json'));
  for (const { path } of files) cpSync(path, join(folder, path));
  const { scripts, devDependencies, allowScripts, overrides, knip, ...manifest } = JSON.parse(
    readFileSync('package.json', 'utf8'),
  );
  writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  mkdirSync(destination, { recursive: true });
  const name = npm('pack', '--silent', '--pack-destination', destination, folder).trim();
  console.log(join(destination, name));
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function npm(...args) {
  return execFileSync('npm', args, { encoding: 'utf8', shell: process.platform === 'win32' });
}
