/**
 * One document over HTTP(S), within bounds: a limit on the whole time, on the size and on redirects, which never leave the
 * origin. Certificates are always checked, whatever NODE_TLS_REJECT_UNAUTHORIZED says.
 */
import type { Dispatcher } from 'undici';
import { isLoopback, showAddress } from './address.js';
import { connectionFailure, FetchError } from './failures.js';
import type { Headers } from './freshness.js';

/** The largest document read, compressed or not, in bytes. */
const maxDocumentBytes = 1024 * 1024;

const maxRedirects = 5;

/** The time that all requests of one operation share. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Seconds, for the message. */
  readonly seconds: number;
}

/** How {@link fetchDocument} goes about it. */
export interface FetchOptions {
  readonly deadline: Deadline;
  /** Variables, of which HTTPS_PROXY, HTTP_PROXY and NO_PROXY count, in capitals or not. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** The address and the ETag of a document at hand, which need not be sent again if it is still right. */
  readonly atHand?: { readonly href: string; readonly etag: string } | undefined;
}

/** What a server answered; no body where it says that the one at hand is still right. */
export interface FetchedDocument {
  readonly body: Uint8Array | undefined;
  readonly headers: Headers;
}

/** A deadline that begins now, in seconds. */
export function deadlineIn(seconds: number): Deadline {
  return { signal: AbortSignal.timeout(Math.max(1, Math.ceil(seconds * 1000))), seconds };
}

/**
 * Fetches a document from the first address that does not answer that there is nothing (4xx).
 * @throws {FetchError} of an address that cannot be asked; where all say so, of the first one.
 */
export async function fetchFirst(
  addresses: readonly URL[],
  options: FetchOptions,
): Promise<{ response: FetchedDocument; address: URL }> {
  const refusals: FetchError[] = [];
  for (const address of addresses) {
    try {
      return { response: await fetchDocument(address, options), address };
    } catch (error) {
      if (!(error instanceof FetchError) || error.isDown || (error.status ?? 0) < 400) throw error;
      refusals.push(error);
    }
  }
  const [first, ...others] = refusals as [FetchError, ...FetchError[]];
  if (others.length === 0) throw first;
  const rest = others.map(({ status }, at) => `${showAddress(addresses[at + 1] as URL)} with ${status}`);
  throw new FetchError(`${first.message}, and ${rest.join(', ')}`, { isDown: false });
}

/**
 * Fetches a document.
 * @throws {FetchError} for anything but a document within the limits.
 */
async function fetchDocument(address: URL, options: FetchOptions): Promise<FetchedDocument> {
  const where = showAddress(address);
  const { deadline, atHand } = options;
  const etag = atHand?.href === address.href ? atHand.etag : undefined;
  const undici = await import('undici');
  let dispatcher: Dispatcher | undefined;
  try {
    dispatcher = createDispatcher(undici, address, options);
    const response = await follow(undici, address, dispatcher, deadline, etag);
    if (response.statusCode === 304 && etag !== undefined) return { body: undefined, headers: response.headers };
    if (response.statusCode !== 200) throw statusError(response.statusCode, where);
    return { body: await readBody(response, where), headers: response.headers };
  } catch (error) {
    if (error instanceof FetchError) throw error;
    if (deadline.signal.aborted) {
      throw new FetchError(`cannot fetch ${where}: no whole answer within ${deadline.seconds} s`, {
        isDown: true,
        hint: 'allow more time with --timeout',
      });
    }
    throw connectionFailure(error, where);
  } finally {
    dispatcher?.destroy().catch(() => {});
  }
}

/** A connection of its own for each document, through a proxy if need be; what stays on this machine takes no detour. */
function createDispatcher(
  { EnvHttpProxyAgent }: typeof import('undici'),
  address: URL,
  { env = {}, deadline }: FetchOptions,
): Dispatcher {
  const scheme = address.protocol === 'https:' ? 'https' : 'http';
  const proxy = env[`${scheme}_proxy`] ?? env[`${scheme.toUpperCase()}_PROXY`] ?? '';
  if (proxy !== '' && !(URL.canParse(proxy) && /^https?:$/.test(new URL(proxy).protocol))) {
    // It may hold a password.
    throw new FetchError(`${scheme.toUpperCase()}_PROXY is not an http or https URL`, { isDown: false });
  }
  const tls = { rejectUnauthorized: true, timeout: deadline.seconds * 1000 };
  return new EnvHttpProxyAgent({
    // Given for both schemes, and as an empty text where there is none: else it would look into the process's environment.
    httpProxy: proxy,
    httpsProxy: proxy,
    noProxy: isLoopback(address) ? '*' : (env.no_proxy ?? env.NO_PROXY ?? ''),
    connect: tls,
    requestTls: tls,
    proxyTls: tls,
  });
}

async function follow(
  { request }: typeof import('undici'),
  address: URL,
  dispatcher: Dispatcher,
  { signal }: Deadline,
  etag: string | undefined,
): Promise<Dispatcher.ResponseData> {
  const headers = {
    accept: 'application/jwk-set+json, application/json',
    'accept-encoding': 'gzip',
    'user-agent': 'jwtkit',
    ...(etag === undefined ? {} : { 'if-none-match': etag }),
  };
  let url = address;
  for (let hops = 0; ; hops++) {
    const response = await request(url, { dispatcher, headers, signal });
    // A body that nobody reads ends in an error when the connection is closed.
    response.body.on('error', () => {});
    if (![301, 302, 303, 307, 308].includes(response.statusCode)) return response;
    url = redirectTarget(response, url, address);
    if (hops === maxRedirects) throw refusal(address, `it redirects more than ${maxRedirects} times`);
    response.body.destroy();
  }
}

function redirectTarget({ headers }: Dispatcher.ResponseData, url: URL, address: URL): URL {
  const [location = ''] = [headers.location ?? []].flat();
  if (location === '' || !URL.canParse(location, url.href)) throw refusal(address, 'it redirects to nowhere');
  const target = new URL(location, url);
  if (target.origin === address.origin) return target;
  const reason =
    url.protocol === 'https:' && target.protocol === 'http:'
      ? 'it redirects to plain HTTP'
      : `it redirects to another origin, ${showAddress(new URL('/', target)).replace(/\/$/, '')}`;
  throw refusal(address, reason, 'name the address that the keys are at');
}

function refusal(address: URL, reason: string, hint?: string): FetchError {
  return new FetchError(`cannot fetch ${showAddress(address)}: ${reason}`, { isDown: false, hint });
}

/** 408 and 429 ask for patience, as every 5xx does; other answers mean what they say. */
function statusError(status: number, where: string): FetchError {
  const isDown = status >= 500 || status === 408 || status === 429;
  return new FetchError(`cannot fetch ${where}: it answered with status ${status}`, { status, isDown });
}

async function readBody({ body, headers }: Dispatcher.ResponseData, where: string): Promise<Uint8Array> {
  const tooLarge = () =>
    new FetchError(`cannot fetch ${where}: it is larger than ${maxDocumentBytes} bytes`, { isDown: false });
  if (Number([headers['content-length'] ?? []].flat()[0]) > maxDocumentBytes) throw tooLarge();
  const chunks: Uint8Array[] = [];
  let total = 0;
  for await (const chunk of body) {
    total += chunk.length;
    if (total > maxDocumentBytes) throw tooLarge();
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  const encoding = [headers['content-encoding'] ?? []].flat().join(', ').trim().toLowerCase();
  if (encoding === '' || encoding === 'identity') return bytes;
  if (encoding !== 'gzip' && encoding !== 'x-gzip') {
    throw new FetchError(`cannot fetch ${where}: it answered in an encoding that was not asked for`, { isDown: false });
  }
  const { gunzipSync } = await import('node:zlib');
  try {
    return gunzipSync(bytes, { maxOutputLength: maxDocumentBytes });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE') throw tooLarge();
    throw new FetchError(`cannot fetch ${where}: its gzip is damaged`, { isDown: false });
  }
}
