import { execFileSync } from 'node:child_process';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** What the build reads. */
const sources = ['src', 'bin', 'scripts', 'docs', 'package.json', 'package-lock.json'];
/** What the build writes last. */
const result = 'dist/sbom.cdx.json';

/** Builds once before the tests, where a source is newer than the build: those of the library and the binary run what is shipped. */
export default function setup(): void {
  const built = statSync(result, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (sources.every((path) => newestIn(path) < built)) return;
  execFileSync(process.execPath, ['scripts/build.js'], { stdio: 'inherit' });
}

/** When a file, or the latest in a folder, or the folder itself, was changed last. */
function newestIn(path: string): number {
  const found = statSync(path);
  const inside = found.isDirectory() ? readdirSync(path).map((name) => newestIn(join(path, name))) : [];
  return Math.max(found.mtimeMs, ...inside);
}
