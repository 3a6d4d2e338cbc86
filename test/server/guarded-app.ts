/** An application that tells what reached it, and the service that guards it with a proxy's help, as the pages of docs/ start it. */
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { hashPassword } from '../../src/store/accounts/password.js';
import { stdoutOf, temporaryFolder } from '../cli/fake-io.js';
import { type ServiceProcess, startService } from './service-process.js';

/** The issuer of the configurations in docs/examples. */
const issuer = 'https://app.example';

/** A request that reached the application. */
interface Reached {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** The application and the service. */
export interface GuardedApp {
  readonly folder: string;
  readonly keyring: string;
  readonly service: ServiceProcess;
  /** The port of the application. */
  readonly port: number;
  readonly reached: Reached[];
  /** A token of the service's keyring, made now or at another time. */
  issue(args?: readonly string[], now?: number): Promise<string>;
  stop(): Promise<void>;
}

/** Returns a configuration of docs/examples. */
export function documentedSite(name: string): string {
  return readFileSync(fileURLToPath(new URL(`../../docs/examples/${name}`, import.meta.url)), 'utf8');
}

/** Starts both, the service with the arguments that a configuration names and with more. */
export async function startGuardedApp(site: string, more: readonly string[]): Promise<GuardedApp> {
  const folder = temporaryFolder();
  const keyring = join(folder, 'keyring');
  await stdoutOf(['keygen', '--alg', 'ES256', '--kid', 'k1', '--keyring', keyring], { now: Date.now() / 1000 });
  const user = { name: 'alice', sub: 'zoë 100%', roles: ['admin', 'on call'], scopes: ['read', 'write'], created: 0 };
  const users = [{ ...user, password: await hashPassword('wonderland') }];
  writeFileSync(join(keyring, 'users.json'), JSON.stringify({ users }));
  const reached: Reached[] = [];
  const application = createServer(async ({ method = '', url = '', headers }, response) => {
    let body = '';
    for await (const chunk of response.req.setEncoding('utf8')) body += chunk;
    reached.push({ method, url, headers, body });
    // An application's own word about other origins does not count beside the proxy's.
    response.setHeader('access-control-allow-origin', '*');
    response.end('the page');
  });
  await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve));
  const [, args = ''] = /^# +jwtkit serve (.*)$/m.exec(site) ?? [];
  const service = await startService([...args.split(' '), ...more, '--keyring', keyring]);
  return {
    folder,
    keyring,
    service,
    port: (application.address() as AddressInfo).port,
    reached,
    issue: (args = [], now = Date.now() / 1000) =>
      stdoutOf(['issue', '--keyring', keyring, '--sub', 'user-123', '--iss', issuer, '--aud', 'api', ...args], { now }),
    async stop() {
      await service.stop();
      application.close();
    },
  };
}

interface Question {
  readonly method?: string;
  readonly headers?: Record<string, string>;
  readonly form?: Record<string, string>;
}

interface SiteAnswer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Asks a site on a port of this machine, over HTTPS if it has a certificate. */
export async function askSite(port: number, path: string, question: Question, ca?: string): Promise<SiteAnswer> {
  const { form, headers, method = form === undefined ? 'GET' : 'POST' } = question;
  const body = form === undefined ? undefined : new URLSearchParams(form).toString();
  const type = body === undefined ? {} : { 'content-type': 'application/x-www-form-urlencoded' };
  const options = {
    ...{ host: '127.0.0.1', port, path, agent: false, method },
    headers: { host: 'app.example', ...type, ...headers },
  };
  const sent = ca === undefined ? httpRequest(options) : httpsRequest({ ...options, ca, servername: 'app.example' });
  sent.end(body);
  const [response] = await once(sent, 'response');
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text += chunk;
  return { status: response.statusCode, headers: response.headers, text };
}

/** Replaces texts, each of which must stand there, once unless said otherwise. */
export function replaceEach(text: string, replacements: Readonly<Record<string, string>>, times = 1): string {
  let replaced = text;
  for (const [from, to] of Object.entries(replacements)) {
    const parts = replaced.split(from);
    expect(parts, from).toHaveLength(times + 1);
    replaced = parts.join(to);
  }
  return replaced;
}
