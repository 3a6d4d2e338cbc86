/** How long a fetched document is used without asking again (RFC 9111 §4.2, §5.2.2), within limits of our own. */

/** Response headers, with names in lower case. */
export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Seconds, if the server does not say. */
const defaultLifetime = 300;
/** Seconds, even if the server asks for less: a batch or a script in a loop must not flood it with requests. */
const minimumLifetime = 30;
/** Seconds, even if the server asks for more: a key that it withdraws must not live on. */
const maximumLifetime = 86_400;

/** Reads Cache-Control and Age: the lifetime in seconds, and whether the document may be written to disk. */
export function freshnessOf(headers: Headers): { lifetime: number; isStorable: boolean } {
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
