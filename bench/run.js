/**
 * `npm run bench [-- name… --write]`: runs the benchmarks named, or all of them. Each prints its figures as ratios. With --write
 * those of start-up, core, jwe and batch also become their section of docs/performance.md; the others have none.
 */
import { describeMachine, readLoad, writeSection } from './report.js';

const benchmarks = {
  'start-up': () => import('./start-up.js'),
  core: () => import('./core.js'),
  jwe: () => import('./jwe.js'),
  batch: () => import('./batch.js'),
  denylist: () => import('./denylist.js'),
  serve: () => import('./serve.js'),
  tutorial: () => import('./tutorial.js'),
};

const isWritten = process.argv.includes('--write');
const names = process.argv.slice(2).filter((name) => name !== '--write');
const unknown = names.filter((name) => !Object.hasOwn(benchmarks, name));
if (unknown.length > 0) {
  console.error(`no benchmark ${unknown.join(', ')}; there are: ${Object.keys(benchmarks).join(', ')}`);
  process.exit(2);
}
console.log(`${describeMachine()}, load ${readLoad()}\n`);
let isWithinBounds = true;
for (const name of names.length === 0 ? Object.keys(benchmarks) : names) {
  const { run } = await benchmarks[name]();
  const before = readLoad();
  const result = await run();
  isWithinBounds = isWithinBounds && result.isWithinBounds;
  if (isWritten && result.report === undefined) console.log(`${name} has no section in docs/performance.md`);
  if (isWritten && result.report !== undefined) writeSection(name, result.report, { before, after: readLoad() });
}
process.exitCode = isWithinBounds ? 0 : 1;
