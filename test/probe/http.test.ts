/** Endpoints whose answers do not end, by real servers. */
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { httpTarget } from '../../src/probe/http.js';

async function askThrice(answer: RequestListener) {
  const server = createServer(answer);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const target = httpTarget(new URL(`http://127.0.0.1:${port}/events`), {
    carrier: { in: 'header', name: 'authorization', value: 'Bearer {token}' },
    accepted: [[200, 299]],
    refused: [[401, 401]],
    userAgent: 'test',
  });
  try {
    const answers: string[] = [];
    for (const token of ['good', 'bad', 'good']) answers.push((await target.ask(token)).verdict);
    return answers;
  } finally {
    await target.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
}

/** Answers 401 without a body, or begins a body. */
const orRefuse =
  (begin: (response: ServerResponse) => void): RequestListener =>
  ({ headers }, response) => {
    if (headers.authorization !== 'Bearer good') return void response.writeHead(401).end();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    begin(response);
  };

const flood = (response: ServerResponse): void => {
  while (!response.destroyed && response.write('x'.repeat(16_384)));
  if (!response.destroyed) response.once('drain', () => flood(response));
};

test.each([
  ['a stream of events that says one and waits', (response: ServerResponse) => void response.write('data: 1\n\n')],
  ['a stream that says nothing', (response: ServerResponse) => response.flushHeaders()],
  ['a body without end', flood],
  ['a whole body', (response: ServerResponse) => void response.end('{}')],
])('the status alone judges %s, and the next token gets its answer', { timeout: 9000 }, async (_title, begin) => {
  expect(await askThrice(orRefuse(begin))).toEqual(['accepted', 'refused', 'accepted']);
});
