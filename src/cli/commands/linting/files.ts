/** Files and folders to lint. */
import { lstatSync, readdirSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { JwtkitError } from '../../../errors.js';
import { readFileBounded, tryToRead } from '../../../files/read-file.js';
import { maxSourceBytes } from '../../../lint/read/read.js';
import type { Source } from '../../../lint/rule.js';
import { gitStateOf } from './git.js';

/** The most files of a folder, and how deep they may lie. */
const mostFiles = 5000;
const deepest = 16;

const leftOut = new Set(['.git', 'node_modules', '.lock', '.venv', 'package-lock.json', 'npm-shrinkwrap.json']);
/** Files of a folder that may hold keys, tokens or settings. Source code is for other tools. */
const mayMatter =
  /(?:^|\/)\.?env(?:\.[\w-]+)*$|\.(?:env|pem|key|crt|cer|der|p8|pub|json|ya?ml|jwt|jwks?|token|secret|txt|http)$|(?:^|\/)[^./]+$/i;

/** Returns the files that a path names: itself, or those in the folder. */
export function readFiles(path: string): Source[] {
  const stats = tryToRead(path, () => statSync(path));
  if (!stats.isDirectory()) return [readOne(path, stats)];
  const found: Source[] = [];
  for (const each of walk(path, 0)) {
    if (found.length === mostFiles) {
      throw new JwtkitError('FILE_NOT_READABLE', `${path} holds more than ${mostFiles} files`, {
        hint: 'name a smaller folder',
      });
    }
    found.push(each);
  }
  return found;
}

function* walk(folder: string, depth: number): Generator<Source> {
  if (depth > deepest) return;
  for (const name of tryToRead(folder, () => readdirSync(folder)).sort()) {
    if (leftOut.has(name)) continue;
    const path = join(folder, name);
    // Links are not followed: they may lead out of the folder, or in a circle.
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats?.isDirectory()) yield* walk(path, depth + 1);
    else if (stats?.isFile() && stats.size <= maxSourceBytes && mayMatter.test(path.replaceAll('\\', '/')))
      yield readOne(path, stats);
  }
}

function readOne(path: string, stats: Stats): Source {
  let state: { readonly git: Source['git'] } | undefined;
  return {
    name: path,
    content: readFileBounded(path, maxSourceBytes),
    isFile: true,
    mode: process.platform === 'win32' || !stats.isFile() ? undefined : stats.mode & 0o777,
    // git is asked only about files with secrets.
    get git() {
      state ??= { git: gitStateOf(path) };
      return state.git;
    },
  };
}
