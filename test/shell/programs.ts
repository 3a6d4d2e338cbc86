/** The other programs that examples use, as far as they use them. An option that is not known here is an error. */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { runInNewContext } from 'node:vm';

/** One call of a program. */
export interface Invocation {
  readonly args: readonly string[];
  readonly stdin: Buffer;
  readonly stdout: (bytes: Uint8Array) => void;
  readonly stderr: (bytes: Uint8Array) => void;
}

type Program = (invocation: Invocation) => number;

/** Programs by name; each returns its exit code. */
export const programs: Readonly<Record<string, Program | undefined>> = {
  true: () => 0,
  false: () => 1,
  echo: ({ args, stdout }) => print(stdout, `${args.join(' ')}\n`),
  printf: ({ args, stdout }) => print(stdout, formatted(args)),
  cat: ({ args, stdin, stdout }) => {
    for (const content of args.length === 0 ? [stdin] : filesOf('cat', args).map((path) => readFileSync(path)))
      stdout(content);
    return 0;
  },
  head: ({ args, stdin, stdout }) => {
    const [option, count = '', path, ...rest] = args;
    if (rest.length > 0 || !/^\d+$/.test(count)) throw unknown('head', args);
    if (option === '-c') {
      stdout(path === '/dev/urandom' ? randomBytes(Number(count)) : contentOf(path, stdin).subarray(0, Number(count)));
    } else if (option === '-n') {
      print(
        stdout,
        contentOf(path, stdin)
          .toString()
          .split(/(?<=\n)/)
          .slice(0, Number(count))
          .join(''),
      );
    } else throw unknown('head', args);
    return 0;
  },
  base64: ({ args, stdin, stdout }) => {
    if (args.length > 0) throw unknown('base64', args);
    return print(stdout, `${stdin.toString('base64')}\n`);
  },
  /** The names in a folder, those with a dot too. */
  ls: ({ args, stdout }) => {
    const [folder = '.', ...rest] = args.filter((arg) => arg !== '-A');
    if (rest.length > 0 || folder.startsWith('-')) throw unknown('ls', args);
    return print(
      stdout,
      readdirSync(folder)
        .sort()
        .map((name) => `${name}\n`)
        .join(''),
    );
  },
  stat: ({ args, stdout }) => {
    const [option, format, ...paths] = args;
    if (option !== '-c' || format !== '%a') throw unknown('stat', args);
    return print(stdout, paths.map((path) => `${(statSync(path).mode & 0o777).toString(8)}\n`).join(''));
  },
  mkdir: ({ args }) => each(filesOf('mkdir', args), (path) => mkdirSync(path)),
  rm: ({ args }) => {
    const paths = args.filter((arg) => !/^-r?f?$/.test(arg));
    return each(filesOf('rm', paths), (path) =>
      rmSync(path, { recursive: args.includes('-r') || args.includes('-rf') }),
    );
  },
  cp: ({ args }) => {
    const [from = '', to = '', ...rest] = args.filter((arg) => arg !== '-r');
    if (rest.length > 0 || from.startsWith('-')) throw unknown('cp', args);
    if (args.includes('-r')) cpSync(from, to, { recursive: true });
    else copyFileSync(from, to);
    return 0;
  },
  mv: ({ args }) => {
    const [from = '', to = '', ...rest] = args;
    if (rest.length > 0 || from.startsWith('-')) throw unknown('mv', args);
    renameSync(from, to);
    return 0;
  },
  chmod: ({ args: [mode = '', ...paths] }) => each(paths, (path) => chmodSync(path, Number.parseInt(mode, 8))),
  test: ({ args }) => (isTrue(args) ? 0 : 1),
  '[': ({ args }) => {
    if (args.at(-1) !== ']') throw unknown('[', args);
    return isTrue(args.slice(0, -1)) ? 0 : 1;
  },
  /** `node -p CODE ARGUMENTS`: the value of an expression, which may read standard input as file 0. */
  node: ({ args, stdin, stdout }) => {
    const [option, code = '', ...rest] = args;
    if (option !== '-p') throw unknown('node', args);
    const fs = { readFileSync: (path: string | 0) => (path === 0 ? stdin.toString() : readFileSync(path, 'utf8')) };
    const value = runInNewContext(code, { process: { argv: ['node', ...rest] }, fs, Buffer });
    if (typeof value !== 'string' && typeof value !== 'number')
      throw new Error(`node -p ${code} is neither text nor number`);
    return print(stdout, `${value}\n`);
  },
  openssl: ({ args, stdin, stdout, stderr }) => {
    const result = spawnSync('openssl', args, { input: stdin });
    if (result.error !== undefined) throw result.error;
    stdout(result.stdout);
    stderr(result.stderr);
    return result.status ?? 1;
  },
};

function print(stdout: Invocation['stdout'], text: string): number {
  stdout(Buffer.from(text));
  return 0;
}

function each(paths: readonly string[], change: (path: string) => void): number {
  for (const path of paths) change(path);
  return 0;
}

function filesOf(program: string, args: readonly string[]): readonly string[] {
  if (args.length === 0 || args.some((arg) => arg.startsWith('-'))) throw unknown(program, args);
  return args;
}

function contentOf(path: string | undefined, stdin: Buffer): Buffer {
  return path === undefined ? stdin : readFileSync(path);
}

/** What printf writes: the format again and again, as long as there are arguments. */
function formatted([format = '', ...args]: readonly string[]): string {
  const escapes: Record<string, string> = { n: '\n', t: '\t', '\\': '\\', '%': '%' };
  let text = '';
  const left = [...args];
  do {
    text += format.replaceAll(
      /%(?:\.(\d+))?([^%])|%%|\\(.)/gs,
      (found, most: string | undefined, conversion: string | undefined, escaped: string | undefined) => {
        if (conversion === 's') return (left.shift() ?? '').slice(0, most === undefined ? undefined : Number(most));
        const known = found === '%%' ? '%' : escapes[escaped ?? ''];
        if (known === undefined) throw unknown('printf', [format]);
        return known;
      },
    );
  } while (left.length > 0 && /%(?:\.\d+)?s/.test(format));
  return text;
}

function isTrue(args: readonly string[]): boolean {
  if (args[0] === '!') return !isTrue(args.slice(1));
  const [first = '', second = '', third] = args;
  if (args.length === 3 && second === '=') return first === third;
  if (args.length !== 2) throw unknown('test', args);
  if (first === '-e' || first === '-f' || first === '-d') return existsSync(second);
  if (first === '-s') return existsSync(second) && statSync(second).size > 0;
  if (first === '-n') return second !== '';
  throw unknown('test', args);
}

function unknown(program: string, args: readonly string[]): Error {
  return new Error(`not known of ${program} here: ${args.join(' ')}`);
}
