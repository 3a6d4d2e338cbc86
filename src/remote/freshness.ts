/** How long a fetched document is used without asking again (RFC 9111 §4.2, §5.2.2), within bounds of our own. */

/** Response headers, names in lower case. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** How long a document is kept. */
export interface Freshness {
  /** Seconds. */
  readonly lifetime: number;
  /** Whether it may be written to disk. */
  readonly isStorable: boolean;
}

/** Seconds where the server says nothing. */
const defaultLifetime = 300;
/** However short a server wants it: a batch or a loop in a script must not become a flood of requests. */
const minimumLifetime = 30;
/** However long a server wants it: a key that it withdraws must not live on. */
const maximumLifetime = 86_400;

/** Reads Cache-Control and Age. */
export function freshnessOf(headers: Headers): Freshness {
  const directives = new Map<string, string>();
  for (const part of [headers['cache-control'] ?? []].flat().join(',').split(',')) {
    const [name = '', value = ''] = part.split('=', 2);
    directives.set(name.trim().toLowerCase(), value.trim().replace(/^"(.*)"$/, '$1'));
  }
  const isStorable = !directives.has('no-store');
  if (!isStorable || directives.has('no-cache')) return { lifetime: minimumLifetime, isStorable };
  const seconds = wholeNumber(directives.get('max-age')) ?? defaultLifetime;
  const age = wholeNumber([headers.age ?? []].flat()[0]) ?? 0;
  return { lifetime: Math.min(maximumLifetime, Math.max(minimumLifetime, seconds - age)), isStorable };
}

function wholeNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,12}$/.test(text) ? Number(text) : undefined;
}
