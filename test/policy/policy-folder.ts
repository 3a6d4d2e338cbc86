import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { now, temporaryFolder, unsigned } from '../cli/fake-io.js';

export const anyToken = unsigned({ sub: 'u', iat: now, exp: now + 60 });

/** Makes a folder with a policy file; `world` runs a command in it. */
export function folderWith(policy: object | string): {
  folder: string;
  file: string;
  world: { workingFolder: string };
} {
  const folder = temporaryFolder();
  const file = join(folder, 'jwtkit.config.json');
  writeFileSync(file, typeof policy === 'string' ? policy : JSON.stringify(policy));
  return { folder, file, world: { workingFolder: folder } };
}
