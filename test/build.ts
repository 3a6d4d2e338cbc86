import { execFileSync } from 'node:child_process';

/** Builds once before the tests: those of the library and the binary run what is shipped. */
export default function setup(): void {
  execFileSync(process.execPath, ['scripts/build.js'], { stdio: 'inherit' });
}
