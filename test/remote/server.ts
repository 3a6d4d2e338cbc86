/** Real servers on loopback, on ports that the system picks; they are closed after the test file that started them. */
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEachFile } from '../after-file.js';

/** What a path is answered with; a function answers for itself. */
export type Route =
  | { status?: number; headers?: Record<string, string>; body?: string | Uint8Array }
  | ((request: IncomingMessage, response: ServerResponse) => void);

/** A server that runs. */
export interface TestServer {
  readonly origin: string;
  readonly port: number;
  /** Paths in the order in which they were asked for. */
  readonly requests: { path: string; headers: IncomingMessage['headers'] }[];
  /** Answers from now on with these routes. */
  route(routes: Readonly<Record<string, Route>>): void;
  /** Ends it, and what is connected; its port refuses from then on. */
  close(): Promise<void>;
}

/** How {@link serve} listens. */
export interface ServeOptions {
  /** A TLS certificate and its key, as PEM; plain HTTP without. */
  readonly tls?: { cert: string; key: string };
  readonly port?: number;
}

const running = new Set<TestServer>();
afterEachFile(async () => {
  await Promise.all([...running].map((server) => server.close()));
});

/** Starts a server. */
export async function serve(routes: Readonly<Record<string, Route>>, options: ServeOptions = {}): Promise<TestServer> {
  let current = routes;
  const requests: TestServer['requests'] = [];
  const listener: RequestListener = (request, response) => {
    const [path = ''] = (request.url ?? '').split('?');
    requests.push({ path, headers: request.headers });
    const route = current[path];
    if (typeof route === 'function') return route(request, response);
    response.writeHead(route === undefined ? 404 : (route.status ?? 200), route?.headers);
    response.end(route?.body ?? '');
  };
  const server: Server =
    options.tls === undefined ? createServer(listener) : createSecureServer({ ...options.tls }, listener);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const handle: TestServer = {
    origin: `${options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    port,
    requests,
    route: (next) => {
      current = next;
    },
    close: () =>
      new Promise((resolve) => {
        running.delete(handle);
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  running.add(handle);
  return handle;
}
