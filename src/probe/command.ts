/** A command line as a target: the token on its standard input, its exit code as the verdict. */
import type { ChildProcess } from 'node:child_process';
import { type Answer, askLimit, noAnswer, type Target, toDetail } from './target.js';

/** How much of what a command writes to stderr is kept, in characters. */
const keptText = 4096;

/** From this exit code on, the shell speaks and not the command: not found, not executable, killed. */
const firstShellCode = 126;

/** Opens a command line, which the system's shell runs once for each token. */
export function commandTarget(line: string, env: NodeJS.ProcessEnv): Target {
  return { name: `exec:${line}`, ask: (token) => runOnce(line, token, env), close: async () => {} };
}

function runOnce(line: string, token: string, env: NodeJS.ProcessEnv): Promise<Answer> {
  // The bundle has no node:child_process, which Commander would load in every run.
  const { spawn } = process.getBuiltinModule('node:child_process');
  const isWindows = process.platform === 'win32';
  const child = spawn(line, { shell: true, detached: !isWindows, env, stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    if (said.length < keptText) said += text;
  });
  // A command that does not read its input is no error.
  child.stdin.on('error', () => {});
  child.stdin.end(token);
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      resolve(noAnswer);
      stop(child, isWindows);
    }, askLimit);
    const finish = (answer: Answer) => {
      clearTimeout(timer);
      resolve(answer);
    };
    child.on('error', (error) => finish({ verdict: 'unclear', detail: toDetail(error.message) }));
    child.on('close', (code, signal) => finish(toAnswer(code, signal, said)));
  });
}

function toAnswer(code: number | null, signal: string | null, said: string): Answer {
  if (code === 0) return { verdict: 'accepted', detail: 'exit code 0' };
  // The last line of a stack trace names the problem.
  const lastLine = toDetail(said.trim().split('\n').at(-1) ?? '');
  const ended = code === null ? `ended by ${signal}` : `exit code ${code}`;
  const detail = lastLine === '' ? ended : `${ended}, ${lastLine}`;
  if (code !== null && code < firstShellCode) return { verdict: 'refused', detail };
  return { verdict: 'unclear', detail, isAbsent: code === firstShellCode || code === firstShellCode + 1 };
}

/** Ends the shell and what it started. */
function stop(child: ChildProcess, isWindows: boolean): void {
  if (isWindows || child.pid === undefined) child.kill('SIGKILL');
  else process.kill(-child.pid, 'SIGKILL');
}
