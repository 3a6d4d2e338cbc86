/** An HTTP endpoint as a target: one connection, one request at a time. */
import {
  Agent,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
  request as requestHttp,
} from 'node:http';
import { request as requestHttps, Agent as TlsAgent } from 'node:https';
import { errorCodeOf, JwtkitError } from '../errors.js';
import { type Answer, askLimit, noAnswer, type Target } from './target.js';

/** Where a request carries the token: in a header (`{token}` stands for it), a cookie, a form field or the query. */
export type Carrier =
  | { readonly in: 'header'; readonly name: string; readonly value: string }
  | { readonly in: 'cookie' | 'form' | 'query'; readonly name: string };

/** Status codes from one to another, both included. */
export type StatusRange = readonly [first: number, last: number];

export interface HttpTargetOptions {
  readonly carrier: Carrier;
  /** By default POST for a form, else GET. */
  readonly method?: string | undefined;
  readonly accepted: readonly StatusRange[];
  readonly refused: readonly StatusRange[];
  readonly userAgent: string;
  /** Returns what the code of a failed connection means, and a hint. */
  readonly explain?: (code: string) => readonly [reason: string, hint?: string] | undefined;
}

/** How much of a body is read, in bytes, and for how long, in milliseconds, so that its connection carries the next request. */
const bodyLimits = { bytes: 65_536, time: 1000 };

/** Opens an endpoint. The caller has checked that it may be probed. */
export function httpTarget(url: URL, options: HttpTargetOptions): Target {
  const isTls = url.protocol === 'https:';
  const agent = isTls
    ? new TlsAgent({ keepAlive: true, maxSockets: 1 })
    : new Agent({ keepAlive: true, maxSockets: 1 });
  const open = (address: URL, given: RequestOptions) =>
    (isTls ? requestHttps : requestHttp)(address, { ...given, agent });
  const name = `${url.origin}${url.pathname}`;
  const drop = bodyDropper();
  let isKnown = false;
  return {
    name,
    ask: async (token) => {
      try {
        const status = await exchange(token, url, options, open, drop);
        isKnown = true;
        return status === undefined ? noAnswer : judgeStatus(status, options);
      } catch (error) {
        const code = errorCodeOf(error);
        // Node refuses to send these characters in a header.
        if (code === 'ERR_INVALID_CHAR') return { verdict: 'unsent', detail: 'no header can carry it' };
        if (isKnown) return { verdict: 'unclear', detail: `no connection: ${code}` };
        const [reason, hint] = options.explain?.(code) ?? [code || 'no connection'];
        throw new JwtkitError('ADDRESS_UNAVAILABLE', `cannot reach ${name}: ${reason}`, { hint, cause: error });
      }
    },
    close: async () => agent.destroy(),
  };
}

function judgeStatus(status: number, { accepted, refused }: HttpTargetOptions): Answer {
  const isIn = (ranges: readonly StatusRange[]) => ranges.some(([first, last]) => status >= first && status <= last);
  const verdict = isIn(accepted) ? 'accepted' : isIn(refused) ? 'refused' : 'unclear';
  return { verdict, detail: `status ${status}` };
}

/**
 * Returns what reads a body to its end, or closes its connection if that does not come soon: a stream of events has none. After
 * the first such body each is closed at once.
 */
function bodyDropper(): (response: IncomingMessage) => void {
  let isEndless = false;
  return (response) => {
    response.on('error', () => {});
    const cut = () => {
      isEndless = true;
      response.destroy();
    };
    if (isEndless) return cut();
    let length = 0;
    const timer = setTimeout(cut, bodyLimits.time);
    response.on('close', () => clearTimeout(timer));
    response.on('data', (piece: Uint8Array) => {
      length += piece.length;
      if (length > bodyLimits.bytes) cut();
    });
  };
}

/** Sends one request and returns the status; undefined if there is none in time. The body is left to `drop`. */
function exchange(
  token: string,
  url: URL,
  { carrier, method, userAgent }: HttpTargetOptions,
  open: (address: URL, given: RequestOptions) => ClientRequest,
  drop: (response: IncomingMessage) => void,
): Promise<number | undefined> {
  const address = new URL(url);
  const headers: Record<string, string> = { 'user-agent': userAgent, accept: '*/*' };
  let body: string | undefined;
  if (carrier.in === 'header') headers[carrier.name] = carrier.value.replace('{token}', () => token);
  if (carrier.in === 'cookie') headers.cookie = `${carrier.name}=${encodeURIComponent(token)}`;
  if (carrier.in === 'query') address.searchParams.set(carrier.name, token);
  if (carrier.in === 'form') {
    body = new URLSearchParams({ [carrier.name]: token }).toString();
    headers['content-type'] = 'application/x-www-form-urlencoded';
    headers['content-length'] = String(Buffer.byteLength(body));
  }
  return new Promise((resolve, reject) => {
    const sent = open(address, { method: method ?? (body === undefined ? 'GET' : 'POST'), headers });
    const timer = setTimeout(() => {
      resolve(undefined);
      sent.destroy();
    }, askLimit);
    const finish = (action: () => void) => {
      clearTimeout(timer);
      action();
    };
    sent.on('response', (response) => {
      finish(() => resolve(response.statusCode));
      drop(response);
    });
    sent.on('error', (error) => finish(() => reject(error)));
    sent.end(body);
  });
}
