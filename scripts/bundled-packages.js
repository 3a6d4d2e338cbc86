/** What goes with the packages that the build copies: their licences (dist/LICENSES.txt) and a CycloneDX list (dist/sbom.cdx.json). */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';

/** What the page at /docs loads; src/server/docs-page.ts serves it. */
const swaggerFiles = ['swagger-ui.css', 'index.css', 'swagger-ui-bundle.js', 'favicon-32x32.png'];

/** Copies the files of Swagger UI, and returns the folder that they come from. */
export function copySwaggerUi() {
  const folder = join('node_modules', 'swagger-ui-dist');
  mkdirSync('dist/swagger-ui');
  for (const name of swaggerFiles) copyFileSync(join(folder, name), join('dist/swagger-ui', name));
  return folder;
}

/** The name of the package that a module belongs to; undefined for a module of jwtkit. */
export function packageOf(id) {
  const folder = folderOf(id)?.split(sep) ?? [];
  return folder.length === 0 ? undefined : folder.slice(folder.lastIndexOf('node_modules') + 1).join('/');
}

/** The folder of a module's package, beginning with `node_modules`. A package may have others in a folder of its own. */
function folderOf(id) {
  const path = id.split(sep);
  const at = path.lastIndexOf('node_modules');
  if (at === -1) return undefined;
  return path.slice(path.indexOf('node_modules'), at + (path[at + 1].startsWith('@') ? 3 : 2)).join(sep);
}

/** Writes both files, for the packages in chunks and in one more folder. */
export function describePackages(chunks, ...others) {
  const ids = chunks.flatMap(({ moduleIds = [] }) => moduleIds);
  const folders = new Set([...others, ...ids.map(folderOf).filter((folder) => folder !== undefined)]);
  const found = [...folders].sort().map((folder) => ({ folder, ...readJson(join(folder, 'package.json')) }));
  // A package may lie in two folders.
  const bundled = [...new Map(found.map((one) => [`${one.name} ${one.version}`, one])).values()];
  writeFileSync('dist/LICENSES.txt', bundled.map(licenceOf).join(`\n${'-'.repeat(80)}\n\n`));
  writeFileSync('dist/sbom.cdx.json', `${JSON.stringify(makeBom(bundled), null, 2)}\n`);
}

function licenceOf({ folder, name, version, license }) {
  const files = readdirSync(folder).filter((entry) => /^(?:licen[cs]e|notice)|-bundle\.js\.LICENSE/i.test(entry));
  const isUsed = (file) => !/-(?:es|standalone)-/.test(file);
  const texts = files.filter(isUsed).map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return `${name} ${version}\n\n${texts.join('\n\n') || `Licence: ${license}`}\n`;
}

/** A list of what is inside and beside the package, by CycloneDX 1.6. It has no date, so that two builds of a version are equal. */
function makeBom(bundled) {
  const { name, version, license, optionalDependencies } = readJson('package.json');
  const { packages } = readJson('package-lock.json');
  const native = Object.keys(optionalDependencies).map((dependency) => {
    const folder = join('node_modules', dependency);
    return { folder, name: dependency, scope: 'optional', license: 'MIT', version: optionalDependencies[dependency] };
  });
  const component = ({ folder, scope = 'required', ...manifest }) => {
    const [algorithm, hash] = packages[folder.split(sep).join('/')].integrity.split('-');
    return {
      type: 'library',
      ...identity(manifest),
      scope,
      hashes: [{ alg: algorithm.replace('sha', 'SHA-'), content: Buffer.from(hash, 'base64').toString('hex') }],
    };
  };
  const components = [...bundled, ...native].map(component);
  const own = { type: 'application', ...identity({ name, version, license }) };
  return {
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    version: 1,
    metadata: { component: own },
    components,
    dependencies: [{ ref: own['bom-ref'], dependsOn: components.map((one) => one['bom-ref']) }],
  };
}

function identity({ name, version, license }) {
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  const isExpression = /\s/.test(license);
  const licenses = [isExpression ? { expression: license.replace(/^\((.*)\)$/, '$1') } : { license: { id: license } }];
  return { 'bom-ref': purl, name, version, licenses, purl };
}

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}
