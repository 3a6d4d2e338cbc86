/**
 * Files and folders that the user did not name. Anybody who can write a command's keys, denylist or policy decides which
 * tokens it accepts. So these are used only if no other user can write them or replace a link or folder in their path.
 */
import { lstatSync, readdirSync, readlinkSync, type Stats } from 'node:fs';
import { isAbsolute, join, parse, sep } from 'node:path';
import { hasErrorCode, JwtkitError } from '../errors.js';
import { tryToRead } from './read-file.js';
import { notReadable } from './system-error.js';

/** A keyring contains a denylist, which contains files. */
const deepest = 2;

/** The number of links that Linux follows. */
const mostLinks = 40;

/**
 * Refuses a file or a folder if another user owns or may write it, its contents or its path. Root may use the files of any
 * user, and a file that others may write, since continuous integration runs as root in such checkouts. Refuses nothing on
 * Windows and for a path without a file.
 * @param wayOut what the user can do instead, for the hint.
 * @returns notes for root about the place, each as the end of a sentence: `belongs to uid 1000`.
 * @throws {JwtkitError} FILE_NOT_TRUSTED; FILE_NOT_READABLE for a pipe or a device, and if the system forbids to look.
 */
export function expectTrusted(path: string, wayOut: string): readonly string[] {
  const user = process.geteuid?.();
  if (user === undefined) return [];
  const place = new Place(path, user, `${wayOut}; or chown and chmod it so that only you can write it`);
  place.examine('.', path, deepest);
  return place.remarks();
}

class Place {
  /** Owners of the place and its contents, other than the user and root. */
  readonly #owners = new Set<number>();
  #othersMayWrite = false;
  readonly #path: string;
  readonly #user: number;
  readonly #hint: string;
  /** Folders of the path that are safe. */
  readonly #passed = new Set<string>();

  constructor(path: string, user: number, hint: string) {
    this.#path = path;
    this.#user = user;
    this.#hint = hint;
  }

  remarks(): string[] {
    const owners = [...this.#owners].map((uid) => `uid ${uid}`).join(' and ');
    return [
      ...(owners === '' ? [] : [`belongs to ${owners}`]),
      ...(this.#othersMayWrite ? ['may be written by others'] : []),
    ];
  }

  examine(folder: string, name: string, depth: number): void {
    const found = this.#follow(folder, name);
    if (found === undefined) return;
    const { path: real, stat } = found;
    this.#expectOwner(real, stat);
    if (stat.uid !== this.#user && stat.uid !== 0) this.#owners.add(stat.uid);
    if (this.#othersWrite(stat)) {
      // A policy comes with a checkout, whose umask may be 000. A keyring is made by jwtkit, closed to others.
      const isFileForRoot = this.#user === 0 && depth === deepest && stat.isFile();
      if (!isFileForRoot) throw this.#refuse(real, 'others may write to', stat);
      this.#othersMayWrite = true;
    }
    if (!stat.isFile() && !stat.isDirectory()) {
      // Reading a pipe or a device may wait for ever.
      throw new JwtkitError('FILE_NOT_READABLE', `${this.#path} is not used: ${real} is not a regular file`, {
        hint: 'remove it',
      });
    }
    if (!stat.isDirectory() || depth === 0) return;
    for (const entry of list(real)) this.examine(real, entry, depth - 1);
  }

  /** Checks each folder and link of a path, and returns the path without links and what is there; undefined if there is nothing. */
  #follow(folder: string, path: string): { path: string; stat: Stats } | undefined {
    let at = isAbsolute(path) ? parse(path).root : folder;
    let last: Stats | undefined;
    const rest = path.split(sep);
    let links = 0;
    for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
      if (name === '' || name === '.') continue;
      const entry = join(at, name);
      const stat = look(entry);
      if (stat === undefined) return undefined;
      // `at` has no links, so `..` is the parent folder.
      if (name !== '..') this.#expectHolder(at);
      if (!stat.isSymbolicLink()) {
        [at, last] = [entry, stat];
        continue;
      }
      this.#expectOwner(entry, stat);
      if (++links > mostLinks) throw this.#refuse(entry, 'there are too many symbolic links behind', stat);
      const target = tryToRead(entry, () => readlinkSync(entry));
      if (isAbsolute(target)) [at, last] = [parse(target).root, undefined];
      rest.unshift(...target.split(sep));
    }
    const stat = last ?? look(at);
    return stat && { path: at, stat };
  }

  /**
   * Refuses a folder in which others could replace an entry. In a sticky folder they cannot. Root is exempt, since it may use
   * the files of any user.
   */
  #expectHolder(folder: string): void {
    if (this.#user === 0 || this.#passed.has(folder)) return;
    const stat = look(folder);
    if (stat === undefined) return;
    this.#expectOwner(folder, stat);
    if (this.#othersWrite(stat) && (stat.mode & 0o1000) === 0) throw this.#refuse(folder, 'others may write to', stat);
    this.#passed.add(folder);
  }

  #expectOwner(path: string, stat: Stats): void {
    if (this.#user === 0 || stat.uid === this.#user || stat.uid === 0) return;
    throw this.#refuse(path, 'another user owns', stat);
  }

  /**
   * Whether another user may write. Most Linux systems give each user a group of the same number without other members. With the
   * usual umask 002, that group may write every checkout, which is safe.
   */
  #othersWrite({ mode, uid, gid }: Stats): boolean {
    if ((mode & 0o002) !== 0) return true;
    if ((mode & 0o020) === 0) return false;
    const isOwnersAlone = gid === uid && (uid === 0 || this.#user === 0 || gid === process.getegid?.());
    return !isOwnersAlone;
  }

  #refuse(path: string, problem: string, { mode, uid, gid }: Stats): JwtkitError {
    const what = path === this.#path ? 'it' : path === '.' ? 'the working folder' : path;
    const traits = `uid ${uid}, gid ${gid}, mode ${(mode & 0o7777).toString(8).padStart(4, '0')}`;
    return new JwtkitError('FILE_NOT_TRUSTED', `${this.#path} is not used: ${problem} ${what} (${traits})`, {
      hint: this.#hint,
    });
  }
}

function look(path: string): Stats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    if (hasErrorCode(error, 'ENOTDIR')) return undefined;
    throw notReadable(path, error);
  }
}

/** The entries of a folder; none if the user cannot open them either. */
function list(folder: string): string[] {
  return tryToRead(folder, () => {
    try {
      return readdirSync(folder);
    } catch (error) {
      if (hasErrorCode(error, 'EACCES') && !canEnter(folder)) return [];
      throw error;
    }
  });
}

/** Avoids access(2), which checks the user who started the process rather than the one that it runs as. */
function canEnter(folder: string): boolean {
  try {
    lstatSync(`${folder}${sep}.`);
    return true;
  } catch {
    return false;
  }
}
