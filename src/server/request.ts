/** What logs and answers may say about a request. */
import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { hideTokens } from '../shown-text.js';

/**
 * Returns the client's address: the one that a trusted proxy names if it is an address, else the peer's. Before Fastify reads
 * `X-Forwarded-For`, the ports in it are taken off, in the request itself.
 */
export function addressOf(request: FastifyRequest): string {
  const { headers } = request.raw;
  const forwarded = headers['x-forwarded-for'];
  if (typeof forwarded === 'string') headers['x-forwarded-for'] = withoutPorts(forwarded);
  const { ip, socket } = request;
  const peer = socket.remoteAddress ?? '';
  return ip === peer || isIP(ip) !== 0 ? ip : peer;
}

/** Takes the ports and brackets off the addresses of a list, with which some proxies name them: `192.0.2.1:4711, [2001:db8::1]:443`. */
function withoutPorts(addresses: string): string {
  if (!/[[.]/.test(addresses)) return addresses;
  const address = /^\s*(?:(\d{1,3}(?:\.\d{1,3}){3}):\d{1,5}|\[([\da-f:.]{2,45})\](?::\d{1,5})?)\s*$/i;
  return addresses
    .split(',')
    .map((each) => each.replace(address, '$1$2'))
    .join(',');
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
