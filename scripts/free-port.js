import { createServer } from 'node:net';

// Below the ports that systems give to outgoing connections (Linux from 32768, macOS and Windows from 49152): a server
// that stops and starts again finds its port still free.
const [lowest, highest] = [10_240, 32_767];

// Processes that look at the same time begin at different places.
let next = lowest + Math.floor(Math.random() * (highest - lowest));

/**
 * A port of loopback that nobody listens on, each time another one.
 *
 * @returns {Promise<number>}
 */
export async function freePort() {
  for (;;) {
    const port = next;
    next = next === highest ? lowest : next + 1;
    if (await isFree(port)) return port;
  }
}

/** @returns {Promise<boolean>} */
function isFree(port) {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
