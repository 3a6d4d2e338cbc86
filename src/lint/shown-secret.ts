/** Shows which secret is meant: at most four characters of it, and none of a short one. */
export function hintOfSecret(secret: string): string {
  return secret.length >= 12 ? `${secret.slice(0, 4)}…` : '…';
}
