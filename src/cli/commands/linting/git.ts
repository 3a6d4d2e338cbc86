import { basename, dirname } from 'node:path';

/** A repository is read without the programs that its configuration names. */
const careful = ['-c', 'core.fsmonitor=false', '-c', 'core.hooksPath=/dev/null', '--no-optional-locks'];

/** A hook of git is told where its repository is, by paths that are wrong in another folder. */
const places = ['GIT_DIR', 'GIT_INDEX_FILE', 'GIT_WORK_TREE', 'GIT_PREFIX', 'GIT_OBJECT_DIRECTORY'];

function withoutPlaces(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !places.includes(name)));
}

/** Says what git knows about a file; undefined outside a repository, or without git. */
export function gitStateOf(path: string): 'tracked' | 'ignored' | 'untracked' | undefined {
  // The build leaves the module out of import statements: commander's would slow every command down.
  const { spawnSync } = process.getBuiltinModule('node:child_process');
  const run = (...args: string[]) => {
    return spawnSync('git', [...careful, '-C', dirname(path), ...args, '--', basename(path)], {
      encoding: 'utf8',
      timeout: 5000,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: withoutPlaces(process.env),
    });
  };
  const listed = run('--literal-pathspecs', 'ls-files', '-z');
  if (listed.status !== 0) return undefined;
  if (listed.stdout !== '') return 'tracked';
  return run('check-ignore', '-q').status === 0 ? 'ignored' : 'untracked';
}
