/** A package registry on the loopback for `npm run installs`: it has this package and its native ones, and no other. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

/** Starts it, and resolves to its URL. The package is a tarball; what it depends on is taken from node_modules. */
export async function startRegistry(tarball, folder) {
  const manifest = readManifest(tarball);
  const packages = new Map([[manifest.name, { manifest, file: readFileSync(tarball) }]]);
  const { packages: locked } = JSON.parse(readFileSync('package-lock.json', 'utf8'));
  for (const name of Object.keys(manifest.optionalDependencies)) {
    const { version, os, cpu, libc } = locked[`node_modules/${name}`];
    const native = { name, version, os, cpu, libc };
    packages.set(name, { manifest: native, file: packNative(native, folder) });
  }
  const server = createServer((request, response) => {
    const [name, file] = decodeURIComponent(request.url ?? '/')
      .slice(1)
      .split('/-/');
    const found = packages.get(name);
    if (found === undefined) return response.writeHead(404).end('{}');
    if (file !== undefined) return response.end(found.file);
    const url = `http://${request.headers.host}/${name}/-/package.tgz`;
    response.setHeader('content-type', 'application/json').end(JSON.stringify(documentOf(found, url)));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${server.address().port}/`, stop: () => server.close() };
}

function documentOf({ manifest, file }, tarball) {
  const integrity = `sha512-${createHash('sha512').update(file).digest('base64')}`;
  const dist = { tarball, integrity, shasum: createHash('sha1').update(file).digest('hex') };
  const { name, version } = manifest;
  const time = { [version]: '2026-01-01T00:00:00.000Z' };
  return { name, 'dist-tags': { latest: version }, time, versions: { [version]: { ...manifest, dist } } };
}

function readManifest(tarball) {
  return JSON.parse(execFileSync('tar', ['-xzOf', tarball, 'package/package.json'], { encoding: 'utf8' }));
}

/** A native package of this platform, else an empty one: a manager that knows no C library installs that of the other as well. */
function packNative(manifest, folder) {
  const place = mkdtempSync(join(folder, 'native-'));
  let source = join('node_modules', manifest.name);
  try {
    readFileSync(join(source, 'package.json'));
  } catch {
    source = join(place, 'package');
    mkdirSync(source);
    writeFileSync(join(source, 'package.json'), JSON.stringify(manifest));
  }
  const pack = ['pack', '--silent', '--ignore-scripts', '--pack-destination', place, `./${source}`];
  const packed = execFileSync('npm', source.startsWith('/') ? pack.with(-1, source) : pack, { encoding: 'utf8' });
  return readFileSync(join(place, packed.trim()));
}
