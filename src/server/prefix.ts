/**
 * The path of the issuer, such as `/idp` of `https://host/idp`. A proxy in front of the service may take it off or leave it there; the
 * service answers both.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { ServiceOptions } from './service.js';

/** Takes the path of the issuer off the paths of requests. */
export interface Prefix {
  /** Returns the URL of a request as the router looks for it. */
  strip(request: { readonly url?: string | undefined }): string;
  /** Adds what must know the routes that are added after this call. */
  watch(app: FastifyInstance): void;
}

/** Makes the prefix of a named issuer; undefined for another one, which has no path. */
export function issuerPrefix({ issuer, requiresIssuer }: ServiceOptions): Prefix | undefined {
  if (!requiresIssuer) return undefined;
  const firstSegments = new Set<string>();
  let known: string | undefined;
  const prefix = () => {
    if (known !== undefined) return known;
    const path = new URL(issuer()).pathname.replace(/\/$/, '');
    // Under `/auth` Envoy's question about the application's /docs would become our own /docs, which needs no token.
    known = firstSegments.has(firstSegment(path)) ? '' : path;
    return known;
  };
  return {
    strip({ url = '' }) {
      const path = prefix();
      if (path === '' || !url.startsWith(path)) return url;
      const rest = url.slice(path.length);
      if (rest.startsWith('/')) return rest;
      return rest === '' || rest.startsWith('?') ? `/${rest}` : url;
    },
    watch(app) {
      app.addHook('onRoute', ({ url }) => {
        if (url.startsWith('/') && url !== '/') firstSegments.add(firstSegment(url));
      });
      app.addHook('onRequest', (request, reply, done) => {
        if (!hasPrefix(request) || request.routeOptions.config.isInternal !== true) return done();
        // A proxy that takes the prefix off may close /idp/metrics. /idp/idp/metrics must not get past it.
        reply.code(404).send({ detail: 'Not Found' });
      });
    },
  };
}

/** Whether the prefix was taken off the path of a request. */
export function hasPrefix({ originalUrl, url }: FastifyRequest): boolean {
  return originalUrl !== url;
}

/** The first segment of a path as a proxy may compare it: decoded, in lower case, and without empty ones before it. */
function firstSegment(path: string): string {
  let decoded = path;
  for (let round = 0; round < 4; round++) {
    decoded = decoded.replace(/%([\da-f]{2})/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
  return /[^/\\;]+/.exec(decoded.toLowerCase())?.[0] ?? '';
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Whether the route is for those who run the service, who ask it without a proxy. */
    isInternal?: boolean;
  }
}
