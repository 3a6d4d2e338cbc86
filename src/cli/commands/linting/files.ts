/** Files and folders to lint. */
import { lstatSync, readdirSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { JwtkitError } from '../../../errors.js';
import { readFileBounded, tryToRead } from '../../../files/read-file.js';
import { maxSourceBytes } from '../../../lint/read/read.js';
import type { Folder, Source } from '../../../lint/rule.js';
import { isEarlierReport } from '../../../report/earlier.js';
import type { GitStates } from './git.js';

/** The most files of a folder, and how deep they may lie. */
const mostFiles = 5000;
const deepest = 16;

/** The largest report that is looked at, in bytes: one of some 100,000 findings. */
const maxReportBytes = 64 * 1024 * 1024;

const leftOut = new Set(['.git', 'node_modules', '.lock', '.venv', 'package-lock.json', 'npm-shrinkwrap.json']);
/** Files of a folder that may hold keys, tokens or settings. Source code is for other tools. */
const mayMatter =
  /(?:^|\/)\.?env(?:\.[\w-]+)*$|\.(?:env|pem|key|crt|cer|der|p8|pub|json|ya?ml|jwt|jwks?|token|secret|txt|http|tfvars)$|(?:^|\/)application(?:-[\w-]+)?\.properties$|(?:^|\/)[^./]+$/i;
/** What editors, backups and stopped runs make of the name of a file with a private key. */
const mayBeCopy =
  /\.(?:env|pem|key|p8|jwks?)(?:~|\.~\d{1,9}~|\.(?:bak|backup|copy|old|orig|save|sw[a-p]|tmp|\d+-[\da-z]+-[\da-z]+\.tmp)|#)$/i;

/** What is known about files beside their content. */
export interface FolderReading {
  readonly git: GitStates;
  /** Whether a file is not linted, such as an earlier report. */
  isLeftOut(path: string): boolean;
}

/** Returns the files that a path names: itself, or those in the folder. */
export function readFiles(path: string, reading: FolderReading): Source[] {
  const stats = tryToRead(path, () => statSync(path));
  if (!stats.isDirectory()) return [readOne(path, stats, reading)];
  const found: Source[] = [];
  for (const each of walk(path, stats, reading)) {
    if (found.length === mostFiles) {
      throw new JwtkitError('FILE_NOT_READABLE', `${path} holds more than ${mostFiles} files`, {
        hint: 'name a smaller folder',
      });
    }
    found.push(each);
  }
  return found;
}

function* walk(path: string, stats: Stats, reading: FolderReading, depth = 0): Generator<Source> {
  if (depth > deepest) return;
  const names = tryToRead(path, () => readdirSync(path)).sort();
  const folder = keyringOf(path, stats, names);
  for (const name of names) {
    if (leftOut.has(name)) continue;
    const entry = join(path, name);
    // Links are not followed: they may lead out of the folder, or in a circle.
    const entryStats = lstatSync(entry, { throwIfNoEntry: false });
    if (entryStats?.isDirectory()) yield* walk(entry, entryStats, reading, depth + 1);
    else if (entryStats?.isFile() && entryStats.size <= maxSourceBytes && isToRead(entry) && !reading.isLeftOut(entry))
      yield readOne(entry, entryStats, reading, folder);
  }
}

/** Whether a file is a report of an earlier run. */
export function isReportFile(path: string): boolean {
  try {
    return lstatSync(path).isFile() && isEarlierReport(readFileBounded(path, maxReportBytes).toString());
  } catch {
    // A file that is not there, or cannot be read, is no report.
    return false;
  }
}

function isToRead(path: string): boolean {
  return mayMatter.test(path.replaceAll('\\', '/')) || mayBeCopy.test(path);
}

/** What rules about a keyring learn of its folder; undefined for a folder that is none. */
function keyringOf(path: string, stats: Stats, names: readonly string[]): Folder | undefined {
  const known = new Set(names);
  if (!known.has('jwks.json') && !known.has('.lock')) return undefined;
  return { name: path, mode: modeOf(stats), names: known };
}

function modeOf({ mode }: Stats): number | undefined {
  return process.platform === 'win32' ? undefined : mode & 0o777;
}

function readOne(path: string, stats: Stats, { git }: FolderReading, folder?: Folder): Source {
  git.add(path);
  return {
    name: path,
    content: readFileBounded(path, maxSourceBytes),
    isFile: true,
    mode: stats.isFile() ? modeOf(stats) : undefined,
    folder,
    // git is asked only about files with secrets.
    get git() {
      return git.stateOf(path);
    },
  };
}
