/**
 * Fetches one document over HTTP(S), within limits on time, size and redirects. Certificates are checked even with
 * NODE_TLS_REJECT_UNAUTHORIZED=0.
 */
import type { Dispatcher } from 'undici';
import { hasErrorCode } from '../errors.js';
import { isLoopback, showAddress } from './address.js';
import { connectionFailure, FetchError } from './failures.js';
import type { Headers } from './freshness.js';
import type { Deadline, RemoteOptions } from './options.js';

/** The largest document, compressed or not, in bytes. */
const maxDocumentBytes = 1024 * 1024;

const maxRedirects = 5;

interface FetchOptions {
  readonly deadline: Deadline;
  readonly env: RemoteOptions['env'];
  /** The address and the ETag of a document in memory, which the server need not send again if it has not changed. */
  readonly known: { readonly href: string; readonly etag: string } | undefined;
  /** Returns the header that authorizes a request to an address; redirects stay within its origin. */
  readonly authorize?: (address: URL) => string | undefined;
}

/** What a server answered; without a body if the known document has not changed (304). */
interface FetchedDocument {
  readonly address: URL;
  readonly body: Uint8Array | undefined;
  readonly headers: Headers;
}

/**
 * Fetches a document from the first server that has it. 4xx means that a server has none.
 * @throws {FetchError} of an address that fails in another way, or of the first address if no server has the document.
 */
export async function fetchFirst(addresses: readonly URL[], options: FetchOptions): Promise<FetchedDocument> {
  const refusals: FetchError[] = [];
  for (const address of addresses) {
    try {
      return await fetchDocument(address, options);
    } catch (error) {
      if (!(error instanceof FetchError) || error.isDown || (error.status ?? 0) < 400) throw error;
      refusals.push(error);
    }
  }
  const [first, ...others] = refusals as [FetchError, ...FetchError[]];
  if (others.length === 0) throw first;
  const rest = others.map(({ status }, at) => `${showAddress(addresses[at + 1] as URL)} with ${status}`);
  const hint = first.hint ?? issuerHint(addresses[0] as URL);
  throw new FetchError(`${first.message}, and ${rest.join(', ')}`, { isDown: false, hint });
}

/** The hint for an issuer without metadata. People give the address of the metadata or of the keys instead of the issuer. */
function issuerHint({ pathname }: URL): string {
  return pathname.split('/.well-known/').length > 2
    ? 'name the issuer alone, without /.well-known/ and what follows it'
    : 'the issuer is what its tokens have as iss; a JWK Set is fetched from its own URL with --jwks';
}

async function fetchDocument(address: URL, options: FetchOptions): Promise<FetchedDocument> {
  const { deadline, known } = options;
  const etag = known?.href === address.href ? known.etag : undefined;
  const authorization = options.authorize?.(address);
  const undici = await import('undici');
  let dispatcher: Dispatcher | undefined;
  try {
    dispatcher = createDispatcher(undici, address, options);
    const response = await follow(undici, address, dispatcher, deadline, { etag, authorization });
    const { statusCode, headers } = response;
    if (statusCode === 304 && etag !== undefined) return { address, body: undefined, headers };
    if (statusCode !== 200) throw statusError(statusCode, address, authorization !== undefined);
    return { address, body: await readBody(response, address), headers };
  } catch (error) {
    if (error instanceof FetchError) throw error;
    if (!deadline.signal.aborted) throw connectionFailure(error, address);
    throw new FetchError(`cannot fetch ${showAddress(address)}: no whole answer within ${deadline.seconds} s`, {
      isDown: true,
      hint: 'allow more time with --timeout',
    });
  } finally {
    dispatcher?.destroy().catch(() => {});
  }
}

/** Returns a connection, through a proxy if the variables name one, except to this machine. */
function createDispatcher(
  { EnvHttpProxyAgent }: typeof import('undici'),
  address: URL,
  { env = {}, deadline }: FetchOptions,
): Dispatcher {
  const scheme = address.protocol === 'https:' ? 'https' : 'http';
  const proxy = env[`${scheme}_proxy`] ?? env[`${scheme.toUpperCase()}_PROXY`] ?? '';
  if (proxy !== '' && !(URL.canParse(proxy) && /^https?:$/.test(new URL(proxy).protocol))) {
    // The message does not repeat the value, which may hold a password.
    throw new FetchError(`${scheme.toUpperCase()}_PROXY is not an http or https URL`, { isDown: false });
  }
  const tls = { rejectUnauthorized: true, minVersion: 'TLSv1.2', timeout: deadline.seconds * 1000 } as const;
  return new EnvHttpProxyAgent({
    // undici reads the process's environment for what is not set here.
    httpProxy: proxy,
    httpsProxy: proxy,
    noProxy: isLoopback(address) ? '*' : (env.no_proxy ?? env.NO_PROXY ?? ''),
    connect: tls,
    requestTls: tls,
    proxyTls: tls,
  });
}

/** Sends the request and follows redirects within the origin. */
async function follow(
  { request }: typeof import('undici'),
  address: URL,
  dispatcher: Dispatcher,
  { signal }: Deadline,
  { etag, authorization }: { etag: string | undefined; authorization: string | undefined },
): Promise<Dispatcher.ResponseData> {
  const headers = {
    accept: 'application/jwk-set+json, application/json',
    'accept-encoding': 'gzip',
    'user-agent': 'jwtkit',
    ...(authorization === undefined ? {} : { authorization }),
    ...(etag === undefined ? {} : { 'if-none-match': etag }),
  };
  let url = address;
  for (let hops = 0; ; hops++) {
    const response = await request(url, { dispatcher, headers, signal });
    // An unread body emits an error when the connection closes.
    response.body.on('error', () => {});
    if (![301, 302, 303, 307, 308].includes(response.statusCode)) return response;
    url = redirectTarget(response, url, address);
    if (hops === maxRedirects) throw refusal(address, `it redirects more than ${maxRedirects} times`);
    response.body.destroy();
  }
}

function redirectTarget({ headers }: Dispatcher.ResponseData, url: URL, address: URL): URL {
  const location = first(headers.location) ?? '';
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

/** 408, 429 and 5xx are temporary; every other status is final. */
function statusError(status: number, address: URL, isAuthorized: boolean): FetchError {
  const isDown = status >= 500 || status === 408 || status === 429;
  return new FetchError(`cannot fetch ${showAddress(address)}: it answered with status ${status}`, {
    status,
    isDown,
    hint: status === 401 || status === 403 ? authorizationHint(isAuthorized) : undefined,
  });
}

function authorizationHint(isAuthorized: boolean): string {
  return isAuthorized
    ? 'the bearer token may be expired, or may not be allowed to read it'
    : 'a bearer token of --jwks-token-file goes to the origin of --jwks or --issuer-url alone';
}

async function readBody({ body, headers }: Dispatcher.ResponseData, address: URL): Promise<Uint8Array> {
  const tooLarge = () => refusal(address, `it is larger than ${maxDocumentBytes} bytes`);
  if (Number(first(headers['content-length'])) > maxDocumentBytes) throw tooLarge();
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
    throw refusal(address, 'it answered in an encoding that was not asked for');
  }
  const { gunzipSync } = await import('node:zlib');
  try {
    return gunzipSync(bytes, { maxOutputLength: maxDocumentBytes });
  } catch (error) {
    if (hasErrorCode(error, 'ERR_BUFFER_TOO_LARGE')) throw tooLarge();
    throw refusal(address, 'its gzip is damaged');
  }
}

function first(header: string | string[] | undefined): string | undefined {
  return [header].flat()[0];
}
