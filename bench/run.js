/** `npm run bench [-- name…]`: runs the benchmarks named, or all of them. Each prints its figures as ratios. */
import { availableParallelism, cpus } from 'node:os';

const benchmarks = {
  'start-up': () => import('./start-up.js'),
  core: () => import('./core.js'),
  batch: () => import('./batch.js'),
  denylist: () => import('./denylist.js'),
};

const names = process.argv.slice(2);
const unknown = names.filter((name) => !Object.hasOwn(benchmarks, name));
if (unknown.length > 0) {
  console.error(`no benchmark ${unknown.join(', ')}; there are: ${Object.keys(benchmarks).join(', ')}`);
  process.exit(2);
}
console.log(
  `Node ${process.versions.node}, ${process.platform} ${process.arch}, ${availableParallelism()} × ${cpus()[0]?.model}\n`,
);
let isWithinBounds = true;
for (const name of names.length === 0 ? Object.keys(benchmarks) : names) {
  const { run } = await benchmarks[name]();
  isWithinBounds = (await run()) && isWithinBounds;
}
process.exitCode = isWithinBounds ? 0 : 1;
