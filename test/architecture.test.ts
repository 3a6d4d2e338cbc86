/** The rule of ARCHITECTURE.md: which folder of `src` may import which folder and which package. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';

interface Row {
  readonly folder: string;
  /** The folders that its files may import, besides itself, `errors.ts` and `shown-text.ts`. */
  readonly imports: readonly string[] | 'all above';
  /** The npm packages that its files may import; `name (file)` allows one in that file or folder alone. */
  readonly packages?: readonly string[];
  /** The only modules of Node that its files may import; without it, any. */
  readonly node?: readonly string[];
}

/** From the folder that imports least to the one that imports most. ARCHITECTURE.md shows the same table. */
const table: readonly Row[] = [
  { folder: 'jose', imports: [], packages: ['node-forge (asn1.ts)'], node: ['node:crypto'] },
  { folder: 'jwe', imports: ['jose'], packages: ['jose (encrypt.ts, decrypt.ts)'], node: ['node:crypto'] },
  { folder: 'token', imports: ['jose'], node: ['node:crypto'] },
  { folder: 'files', imports: [] },
  {
    folder: 'store',
    imports: ['files', 'token', 'jwe', 'jose'],
    packages: ['lmdb (lmdb, denylist)', '@redis/client (redis)', 'bcryptjs (accounts)', 'csv-parse/sync (accounts)'],
  },
  { folder: 'remote', imports: ['store', 'files', 'token', 'jwe', 'jose'], packages: ['undici (fetch.ts)'] },
  { folder: 'policy', imports: ['files', 'token', 'jose'] },
  { folder: 'report', imports: [], node: [] },
  { folder: 'fixtures', imports: ['jose'], node: ['node:crypto'] },
  {
    folder: 'probe',
    imports: ['fixtures', 'report', 'jose'],
    packages: ['jsonwebtoken (libraries)', 'jose (libraries)'],
  },
  {
    folder: 'lint',
    imports: ['report', 'policy', 'token', 'jwe', 'jose'],
    packages: ['yaml (read/yaml.ts)'],
    node: ['node:crypto'],
  },
  { folder: 'batch', imports: ['policy', 'remote', 'store', 'files', 'token', 'jwe', 'jose'] },
  {
    folder: 'server',
    imports: ['files', 'token', 'jose'],
    packages: [
      ...['fastify', '@fastify/busboy (multipart.ts)', '@fastify/cors', '@fastify/formbody', '@fastify/swagger'],
      ...['pino', 'prom-client'],
    ],
  },
  { folder: 'server/processes', imports: ['server', 'files'], packages: ['fastify', 'prom-client'] },
  { folder: 'cli/terminal', imports: 'all above', packages: ['chalk', 'yocto-spinner'] },
  { folder: 'cli/secrets', imports: 'all above' },
  { folder: 'cli/grammar', imports: 'all above', packages: ['commander'] },
  { folder: 'cli/commands', imports: 'all above', packages: ['commander', 'fastify (service)'] },
  { folder: 'cli', imports: 'all above', packages: ['commander'] },
];

/** What every folder may import. */
const everywhere = ['errors.ts', 'shown-text.ts'];

const root = join(import.meta.dirname, '..');
const source = readSource();
const folders = table.map(({ folder }) => folder);

test('lets a folder import only what the table allows', () => {
  const problems = [...source].flatMap(([file, { imports }]) => imports.flatMap((name) => problemOf(file, name) ?? []));
  expect(problems).toEqual([]);
});

test('lists no package that its folder does not import', () => {
  const unused = table.flatMap(({ folder, packages = [] }) => {
    const files = [...source].filter(([file]) => folderOf(file) === folder);
    const isImported = (name = '') => files.some(([, { imports }]) => imports.includes(name));
    return packages.filter((entry) => !isImported(entry.split(' ')[0])).map((entry) => `${folder}: ${entry}`);
  });
  expect(unused).toEqual([]);
});

test('has no circle of imports, not even of types', () => {
  expect(findCircles()).toEqual([]);
});

test('has no source file over 250 lines, and a median of at most 100', () => {
  const long = [...source].filter(([, { lines }]) => lines > 250).map(([file]) => file);
  expect(long).toEqual([]);
  expect(median([...source.values()].map(({ lines }) => lines))).toBeLessThanOrEqual(100);
});

test('shows the same table in ARCHITECTURE.md', () => {
  expect(readFileSync(join(root, 'ARCHITECTURE.md'), 'utf8')).toContain(showTable());
});

// What a test wrote where it ran has been committed before.
test.skipIf(!existsSync(join(root, '.git')))('keeps nothing in the root but what is meant to be there', () => {
  const kept = execFileSync('git', ['-c', 'safe.directory=*', 'ls-files'], {
    cwd: root,
    encoding: 'utf8',
  });
  const names = new Set(kept.split('\n').map((file) => file.replace(/\/.*/, '/')));
  expect([...names].filter((name) => name !== '').sort()).toEqual([
    ...[
      '.ci/',
      '.dockerignore',
      '.editorconfig',
      '.gitattributes',
      '.github/',
      '.gitignore',
      '.nvmrc',
      '.pre-commit-hooks.yaml',
    ],
    ...[
      'ARCHITECTURE.md',
      'CHANGELOG.md',
      'CONTRIBUTING.md',
      'Dockerfile',
      'LICENSE',
      'README.md',
      'SECURITY.md',
      'action.yml',
    ],
    ...['bench/', 'bin/', 'biome.json', 'docs/', 'package-lock.json', 'package.json', 'scripts/', 'src/', 'test/'],
    ...['tsconfig.json', 'vitest.config.ts'],
  ]);
});

test('prints the tree, the table and the number of circles', () => {
  const tree = ['.', ...folders].map((folder) => {
    const files = [...source].filter(([file]) => folderOf(file) === folder);
    const total = files.reduce((sum, [, { lines }]) => sum + lines, 0);
    return `  ${folder.padEnd(18)}${String(files.length).padStart(4)} files${String(total).padStart(7)} lines`;
  });
  const lines = [...source.values()].map((file) => file.lines);
  const all = `${lines.length} files, ${lines.reduce((sum, one) => sum + one)} lines, median ${median(lines)}`;
  const circles = `${findCircles().length} circles of imports`;
  process.stdout.write(
    `\nsrc: ${all}, longest ${Math.max(...lines)}\n${tree.join('\n')}\n\n${showTable()}\n${circles}\n`,
  );
  expect(tree).toHaveLength(folders.length + 1);
});

/** Every file of `src` by its path there: how many lines it has, and the files of `src` and packages that it imports. */
function readSource(): ReadonlyMap<string, { readonly lines: number; readonly imports: readonly string[] }> {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((file) =>
    file.endsWith('.ts'),
  );
  return new Map(
    files.sort().map((file) => {
      const text = readFileSync(join(root, 'src', file), 'utf8');
      return [file, { lines: text.split('\n').length - 1, imports: readImports(file, text) }];
    }),
  );
}

function readImports(file: string, text: string): readonly string[] {
  const code = text.replaceAll(/^\s*(\/\*)?\*.*$/gm, '');
  const found = [
    /^(?:import|export)\s[^;'()=]*?\bfrom '([^']+)'/gm,
    /^import '([^']+)'/gm,
    /\bimport\(\s*'([^']+)'/g,
    /\bcreateRequire\(import\.meta\.url\)\('([^']+)'/g,
  ].flatMap((pattern) => [...code.matchAll(pattern)].map(([, name = '']) => name));
  const names = found.map((name) => (name.startsWith('.') ? join(dirname(file), name.replace(/\.js$/, '.ts')) : name));
  return [...new Set(names)].filter((name) => !name.endsWith('.json'));
}

/** The row of the table that a file of `src` belongs to; `.` for the files beside the folders. */
function folderOf(file: string): string {
  const fitting = folders
    .filter((folder) => file.startsWith(`${folder}/`))
    .toSorted((one, other) => other.length - one.length);
  return fitting[0] ?? '.';
}

/** What is wrong with one import. `index.ts`, the library, may import all but the terminal and the service. */
function problemOf(file: string, name: string): string | undefined {
  const row = table.find(({ folder }) => folder === folderOf(file));
  const problem = `${file} → ${name}`;
  if (source.has(name)) {
    const target = folderOf(name);
    if (everywhere.includes(name) || target === folderOf(file)) return undefined;
    if (row === undefined) return file === 'index.ts' && !/^(cli|server|batch)/.test(target) ? undefined : problem;
    const allowed = row.imports === 'all above' ? folders.slice(0, folders.indexOf(row.folder)) : row.imports;
    return allowed.includes(target) ? undefined : problem;
  }
  if (name.startsWith('node:')) return row?.node?.includes(name) === false ? problem : undefined;
  const isAllowed = row?.packages?.some((entry) => {
    const [allowed, ...places] = entry.split(/ \(|, |\)/).filter((part) => part !== '');
    return allowed === name && (places.length === 0 || places.some((place) => isIn(file, join(row.folder, place))));
  });
  return isAllowed === true ? undefined : problem;
}

function isIn(file: string, place: string): boolean {
  return file === place || file.startsWith(`${place}/`);
}

/** The groups of files that import each other, by Tarjan's algorithm. */
function findCircles(): string[][] {
  const order = new Map<string, number>();
  const open: string[] = [];
  const circles: string[][] = [];
  const visit = (file: string): number => {
    let low = order.size;
    order.set(file, low);
    const depth = open.push(file) - 1;
    for (const name of source.get(file)?.imports ?? []) {
      if (!source.has(name)) continue;
      if (!order.has(name)) low = Math.min(low, visit(name));
      else if (open.includes(name)) low = Math.min(low, order.get(name) ?? low);
    }
    if (low === order.get(file)) {
      const circle = open.splice(depth);
      if (circle.length > 1) circles.push(circle.sort());
    }
    return low;
  };
  for (const file of source.keys()) if (!order.has(file)) visit(file);
  return circles;
}

/** The table as Markdown, for ARCHITECTURE.md. */
function showTable(): string {
  const rows = table.map(({ folder, imports, packages, node }) => [
    `\`${folder}\``,
    typeof imports === 'string' ? imports : imports.join(', '),
    [...(packages ?? []), ...(node === undefined ? [] : [ofNode(node)])].join(', '),
  ]);
  const lines = [['folder', 'imports', 'packages'], ['---', '---', '---'], ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function ofNode(modules: readonly string[]): string {
  return modules.length === 0 ? 'nothing of Node' : `${modules.join(', ')} alone of Node`;
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((one, other) => one - other)[Math.floor(numbers.length / 2)] ?? 0;
}
