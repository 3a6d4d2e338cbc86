/** Writes the manual pages into dist/man/: from the commands themselves, and from docs/. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

/** Writes them, in the folder of the package; `rolldown` bundles the TypeScript that makes the pages. */
export async function writeManPages(rolldown) {
  const folder = join('dist', 'man');
  const made = join(folder, 'made');
  const bundler = await rolldown({
    input: { manual: 'src/cli/manual.ts' },
    platform: 'node',
    // Commands load other packages only when they run.
    external: [/^(?!commander$)[^./].*/],
    checks: { ineffectiveDynamicImport: false },
    resolve: { extensionAlias: { '.js': ['.ts', '.js'] } },
  });
  await bundler.write({ dir: made, format: 'cjs', entryFileNames: '[name].cjs', chunkFileNames: '[name].cjs' });
  await bundler.close();
  const { manPages } = createRequire(import.meta.url)(resolve(made, 'manual.cjs'));
  const pages = await manPages(new URL('..', import.meta.url));
  rmSync(made, { recursive: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of pages) writeFileSync(join(folder, name), text);
}
