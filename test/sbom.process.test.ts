/** What goes with the package about the packages inside it. */
import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { expect, test } from 'vitest';

interface Component {
  readonly type: string;
  readonly name: string;
  readonly version: string;
  readonly purl: string;
  readonly 'bom-ref': string;
  readonly scope: string;
  readonly licenses: readonly { license?: { id: string }; expression?: string }[];
  readonly hashes: readonly { alg: string; content: string }[];
}

const bom = JSON.parse(readFileSync('dist/sbom.cdx.json', 'utf8'));
const components: readonly Component[] = bom.components;
const manifest = JSON.parse(readFileSync('package.json', 'utf8'));

test('the list of packages is CycloneDX 1.6, of this version', () => {
  expect(bom).toMatchObject({ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1 });
  const { version } = manifest;
  expect(bom.metadata.component).toMatchObject({ type: 'application', name: 'jwtkit', version });
});

test('each package in it has what the format requires, its licence and its hash', () => {
  for (const { name, ...component } of components) {
    expect(component.type, name).toBe('library');
    expect(component.purl, name).toMatch(/^pkg:npm\/(?:%40[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+/);
    expect(component['bom-ref'], name).toBe(component.purl);
    expect(['required', 'optional'], name).toContain(component.scope);
    const [licence] = component.licenses;
    expect(licence?.license?.id ?? licence?.expression, name).toMatch(/^[\w.-]+(?: (?:OR|AND) [\w.-]+)*$/);
    expect(component.hashes, name).toEqual([{ alg: 'SHA-512', content: expect.stringMatching(/^[\da-f]{128}$/) }]);
  }
  const references = components.map((component) => component['bom-ref']);
  expect(new Set(references).size).toBe(references.length);
  expect(bom.dependencies).toEqual([{ ref: bom.metadata.component['bom-ref'], dependsOn: references }]);
});

test('it names what the build contains and what is installed beside it', () => {
  const names = components.map(({ name }) => name);
  const inside = ['commander', 'fastify', 'pino', 'prom-client', '@redis/client', 'lmdb', 'undici', 'swagger-ui-dist'];
  expect(names).toEqual(expect.arrayContaining(inside));
  const optional = components.filter(({ scope }) => scope === 'optional').map(({ name, version }) => [name, version]);
  expect(Object.fromEntries(optional)).toEqual(manifest.optionalDependencies);
});

test('each package in the build has its licence in LICENSES.txt', () => {
  const licences = readFileSync('dist/LICENSES.txt', 'utf8');
  for (const { name, version, scope } of components) {
    if (scope === 'required') expect(licences, name).toContain(`${name} ${version}\n\n`);
  }
  expect(licences).toContain('Apache License');
});

test('the library imports modules of Node alone', () => {
  const texts = readdirSync('dist/library').map((file) => readFileSync(`dist/library/${file}`, 'utf8'));
  const imported = texts.flatMap((text) =>
    [...text.matchAll(/^import [^;]*?"([^"]+)";$/gm)].map(([, name = '']) => name),
  );
  expect(imported).toContain('node:crypto');
  expect(imported.filter((name) => !name.startsWith('./') && !isBuiltin(name))).toEqual([]);
});
