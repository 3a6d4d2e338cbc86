/** Live targets: an issuer and its keys, a JWK Set at a URL. */
import { isJsonObject, own } from '../../../jose/json.js';
import type { Source } from '../../../lint/rule.js';
import type { RemoteOptions } from '../../../remote/options.js';
import type { RawDocument } from '../../../remote/raw.js';
import type { Invocation } from '../../grammar/invocation.js';
import { readDuration } from '../../grammar/values.js';
import { usage } from '../../terminal/errors.js';
import type { Io } from '../../terminal/io.js';
import type { LintOptions } from './options.js';

/** @throws {JwtkitError} USAGE_INVALID, JWKS_UNAVAILABLE. */
export async function fetchSources({ options, env }: Invocation<LintOptions>, io: Io): Promise<Source[]> {
  const { issuerUrl: issuer, jwks, insecureHttp } = options;
  const timeout = readDuration('--timeout', options.timeout);
  if (timeout === 0 || (timeout ?? 1) > 3600) throw usage('--timeout: must be from 1 second to 1 hour');
  const remote: RemoteOptions = { now: io.now, timeout, insecureHttp, env };
  const { fetchRaw, fetchRawMetadata } = await import('../../../remote/raw.js');
  const sources: Source[] = [];
  if (issuer !== undefined) {
    const metadata = await fetchRawMetadata(issuer, remote);
    sources.push(sourceOf(metadata, issuer));
    const address = keysAddress(metadata.body);
    // From plain HTTP the keys are fetched only if the issuer is there as well; the rules speak about that.
    if (address !== undefined && mayFetch(address, issuer, insecureHttp))
      sources.push(sourceOf(await fetchRaw(address, remote)));
  }
  if (jwks !== undefined) sources.push(sourceOf(await fetchRaw(jwks, remote)));
  return sources;
}

function sourceOf({ name, body, cacheControl }: RawDocument, issuer?: string): Source {
  return { name, content: body, live: issuer === undefined ? { cacheControl } : { issuer, cacheControl } };
}

function keysAddress(body: Uint8Array): string | undefined {
  try {
    const metadata: unknown = JSON.parse(Buffer.from(body).toString());
    const address = isJsonObject(metadata) ? own(metadata, 'jwks_uri') : undefined;
    return typeof address === 'string' ? address : undefined;
  } catch {
    return undefined;
  }
}

/** An issuer elsewhere must not make jwtkit send requests to services of this machine. */
function mayFetch(address: string, issuer: string, insecureHttp = false): boolean {
  if (!URL.canParse(address)) return false;
  const { protocol } = new URL(address);
  return protocol === 'https:' || (protocol === 'http:' && (insecureHttp || new URL(issuer).protocol === 'http:'));
}
