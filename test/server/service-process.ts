/** `jwtkit serve` as a process of the tests' own, the real binary on a free port of this machine. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

const binary = fileURLToPath(new URL('../../bin/jwtkit.js', import.meta.url));

/** A service that answers. */
export interface ServiceProcess {
  readonly url: string;
  readonly port: number;
  /** Ends it and resolves to its exit code. */
  stop(): Promise<number | null>;
}

/** Starts a service and waits until it says where it listens. */
export async function startService(args: readonly string[]): Promise<ServiceProcess> {
  const environment = Object.entries(process.env).filter(([name]) => !/^(JWTKIT_|SECRET_KEY|ALGORITHM)/.test(name));
  const child = spawn(process.execPath, [binary, 'serve', '--port', '0', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: Object.fromEntries(environment),
  });
  const ended = once(child, 'exit');
  let said = '';
  const url = await new Promise<string>((resolve, reject) => {
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text;
      const [, found] = /^listening on (\S+)$/m.exec(said) ?? [];
      if (found !== undefined) resolve(found);
    });
    child.once('exit', () => reject(new Error(`the service has ended: ${said}`)));
  });
  return {
    url,
    port: Number(new URL(url).port),
    stop: async () => {
      child.kill('SIGTERM');
      const [code] = await ended;
      return code as number | null;
    },
  };
}
