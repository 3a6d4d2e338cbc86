/** nginx as a process of a test. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { until } from '../store/redis-server.js';
import type { GuardedApp } from './guarded-app.js';

/** Debian keeps it where only the path of root leads. */
export const nginx = existsSync('/usr/sbin/nginx') ? '/usr/sbin/nginx' : 'nginx';

/** The addresses and files that docs/examples/nginx.conf names, each with that of a test. */
export const placesOf = ({ folder, service, port: application }: GuardedApp, port: number) => ({
  '127.0.0.1:8000': `127.0.0.1:${service.port}`,
  '127.0.0.1:3000': `127.0.0.1:${application}`,
  'listen 443 ssl': `listen 127.0.0.1:${port} ssl`,
  '/etc/ssl/certs/app.example.pem': join(folder, 'cert.pem'),
  '/etc/ssl/private/app.example.key': join(folder, 'key.pem'),
});

/** Starts nginx as one process of this user, with all that it writes in a folder. Resolves, once it listens on a port, to what ends it. */
export async function startNginx(folder: string, site: string, port: number): Promise<() => Promise<void>> {
  const [main, included, errors] = ['nginx.conf', 'site.conf', 'error.log'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => {
    return `${name}_temp_path ${join(folder, name)};`;
  });
  writeFileSync(included, site);
  writeFileSync(
    main,
    `daemon off; master_process off; pid ${join(folder, 'nginx.pid')}; error_log ${errors};
events {}
http { access_log off; ${temporary.join(' ')} include ${included}; }
`,
  );
  const child = spawn(nginx, ['-p', folder, '-e', errors, '-c', main], { stdio: 'ignore' });
  const ended = once(child, 'exit');
  child.once('exit', (code) => {
    if (code !== 0) throw new Error(`nginx has ended with ${code}: ${readFileSync(errors, 'utf8')}`);
  });
  await until('nginx listens', () => isListening(port));
  return async () => {
    child.kill('SIGTERM');
    await ended;
  };
}

/** Whether something listens on a port of this machine. */
export function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.end());
    socket.once('error', () => resolve(false)).once('close', () => resolve(true));
  });
}
