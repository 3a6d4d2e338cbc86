/** What logs and answers may say about a request. */
import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { hideTokens } from '../shown-text.js';

/** Returns the client's address: the one that a trusted proxy names if it is an address, else the peer's. */
export function addressOf({ ip, socket }: FastifyRequest): string {
  const peer = socket.remoteAddress ?? '';
  return ip === peer || isIP(ip) !== 0 ? ip : peer;
}

/**
 * Returns the path of a request, as the router looks for it. A query, a fragment, and the host and credentials of an absolute
 * URL may hold secrets.
 */
export function pathOf({ url }: FastifyRequest): string {
  const path = url.replace(/[?#].*/s, '');
  return path.startsWith('/') ? path : path.replace(/^[^/]*:\/\/[^/]*/, '');
}

/** Returns the path for logs and answers: at most 256 characters, and without a token that was put there by mistake. */
export function shownPath(request: FastifyRequest): string {
  return hideTokens(pathOf(request)).slice(0, 256);
}
