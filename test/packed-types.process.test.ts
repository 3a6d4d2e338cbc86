/** The package as npm packs it, in a project of its own without our development dependencies: its types are all there. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { codeBlocks, pages } from './pages.js';

const root = mkdtempSync(join(tmpdir(), 'jwtkit-test-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Examples that users copy, by the name of the file that each becomes. */
function examples(): [string, string][] {
  return pages.flatMap((page) => {
    const all = [...codeBlocks(page, 'js'), ...codeBlocks(page, 'ts')];
    const blocks = all.filter((code) => !/from '(?!jwtkit'|node:)/.test(code) && !code.includes("from './"));
    return blocks.map((code, at): [string, string] => [`${page.replace(/\W/g, '-')}-${at}.ts`, code]);
  });
}

test('the examples of the README and the docs compile as strictly as a new project does, with no types but those of Node', {
  tags: 'slow',
}, () => {
  const env = { ...process.env, npm_config_update_notifier: 'false', npm_config_cache: join(root, 'cache') };
  const pack = ['pack', '--ignore-scripts', '--offline', '--silent', '--pack-destination', root];
  const tarball = execFileSync('npm', pack, { env, encoding: 'utf8' }).trim();
  const installed = join(root, 'node_modules', 'jwtkit');
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xzf', join(root, tarball), '-C', installed, '--strip-components=1']);
  // The package depends on no other package, and beside it is one with types: that of Node.
  expect(JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))).not.toHaveProperty('dependencies');
  mkdirSync(join(root, 'node_modules', '@types'));
  symlinkSync(resolve('node_modules/@types/node'), join(root, 'node_modules', '@types', 'node'), 'junction');
  const files = examples();
  expect(files.length).toBeGreaterThan(1);
  for (const [name, code] of files) writeFileSync(join(root, name), code);
  // The strict ones of `tsc --init`, and the types of Node.
  const strictness = { strict: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true };
  const compilerOptions = { target: 'es2023', module: 'nodenext', noEmit: true, types: ['node'], ...strictness };
  const declarations = readdirSync(join(installed, 'dist'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.d.ts'),
  );
  expect(declarations).toEqual(['index.d.ts']);
  const text = readFileSync(join(installed, 'dist', 'index.d.ts'), 'utf8');
  expect([...text.matchAll(/\b(?:from|import\() ?["']([^"']+)/g)].map(([, name]) => name)).toEqual(['node:crypto']);
  const config = { compilerOptions, files: files.map(([name]) => name) };
  writeFileSync(join(root, 'package.json'), JSON.stringify({ type: 'module' }));
  writeFileSync(join(root, 'tsconfig.json'), JSON.stringify(config));
  const tsc = resolve('node_modules/typescript/bin/tsc');
  let output = '';
  try {
    execFileSync(process.execPath, [tsc, '-p', root], { encoding: 'utf8' });
  } catch (error) {
    output = (error as { stdout: string }).stdout;
  }
  expect(output).toBe('');
});
