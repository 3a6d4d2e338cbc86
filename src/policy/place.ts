/** Whether the place of a key or a JWK Set is a URL rather than a file. */
export function isUrl(location: string): boolean {
  return /^[a-z][a-z\d+.-]*:\/\//i.test(location);
}
