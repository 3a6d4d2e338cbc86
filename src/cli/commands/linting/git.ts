import { randomUUID } from 'node:crypto';
import { basename, dirname } from 'node:path';
import type { Source } from '../../../lint/rule.js';

type State = NonNullable<Source['git']>;

/** A repository is read without the programs that its configuration names. */
const careful = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null', '--no-optional-locks', '--no-pager'];

/** A hook of git is told where its repository is, by paths that are wrong in another folder. */
const places = ['GIT_DIR', 'GIT_INDEX_FILE', 'GIT_WORK_TREE', 'GIT_PREFIX', 'GIT_OBJECT_DIRECTORY'];

/** How many files of a folder git is asked about at once. */
const atOnce = 500;

/**
 * The environment of git. An object that is missing would be fetched by programs that the configuration names. The variable
 * overrules `protocol.*.allow`. Its one protocol has a random name: an alias could stand for a name that is known, or empty.
 */
function carefulEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !places.includes(name));
  return {
    ...Object.fromEntries(kept),
    GIT_ALLOW_PROTOCOL: randomUUID(),
    // Since git 2.44.
    GIT_NO_LAZY_FETCH: '1',
  };
}

/** What git knows about files. */
export interface GitStates {
  /** Names a file that may be asked about. */
  add(path: string): void;
  /** Returns what git knows about a file that was added; undefined outside a repository, or without git. */
  stateOf(path: string): State | undefined;
}

/** Opens a reader of states. It asks git once for the files of a folder, and only when a state of one is wanted. */
export function openGitStates(): GitStates {
  /** By folder, the places of the names in their order. */
  const added = new Map<string, Map<string, number>>();
  const answers = new Map<string, ReadonlyMap<string, State> | undefined>();
  return {
    add: (path) => {
      const names = added.get(dirname(path)) ?? new Map<string, number>();
      added.set(dirname(path), names);
      if (!names.has(basename(path))) names.set(basename(path), names.size);
    },
    stateOf: (path) => {
      const folder = dirname(path);
      const names = added.get(folder) ?? new Map<string, number>();
      const portion = Math.floor((names.get(basename(path)) ?? 0) / atOnce);
      const key = `${portion} ${folder}`;
      if (!answers.has(key)) {
        const asked = [...names.keys()].slice(portion * atOnce, (portion + 1) * atOnce);
        answers.set(key, askGit(folder, asked));
      }
      return answers.get(key)?.get(basename(path));
    },
  };
}

function askGit(folder: string, names: readonly string[]): ReadonlyMap<string, State> | undefined {
  // The build leaves the module out of import statements: commander's would slow every command down.
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const run = (args: readonly string[], input = '') => {
    const { status, stdout } = spawnSync('git', [...careful, '-C', folder, ...args], {
      encoding: 'utf8',
      timeout: 5000,
      input,
      stdio: ['pipe', 'pipe', 'ignore'],
      env: carefulEnvironment(process.env),
    });
    return { status, names: new Set((stdout ?? '').split('\0')) };
  };
  const listed = run(['--literal-pathspecs', 'ls-files', '--stage', '-z', '--', ...names]);
  if (listed.status !== 0) return undefined;
  // Of a link git has the name of its target alone.
  const entries = [...listed.names].map((entry) => /^(\d+) [^\t]*\t([\s\S]*)$/.exec(entry) ?? []);
  const namesOf = (isWanted: (mode: string) => boolean) =>
    new Set(
      entries.flatMap(([, mode, name]) => (mode !== undefined && name !== undefined && isWanted(mode) ? [name] : [])),
    );
  const [links, tracked] = [namesOf((mode) => mode === '120000'), namesOf((mode) => mode !== '120000')];
  // check-ignore takes no --literal-pathspecs; `./` keeps a name from being more than a name.
  const others = names.filter((name) => !tracked.has(name) && !links.has(name)).map((name) => `./${name}`);
  const ignored =
    others.length === 0 ? undefined : run(['check-ignore', '-z', '--stdin'], `${others.join('\0')}\0`).names;
  return new Map(
    names
      .filter((name) => !links.has(name))
      .map((name) => [
        name,
        tracked.has(name) ? 'tracked' : ignored?.has(`./${name}`) === true ? 'ignored' : 'untracked',
      ]),
  );
}
