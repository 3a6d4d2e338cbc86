/** Under which keys a store holds the entries of a denylist. They are digests: a claim may be longer than a key of LMDB. */
import { hash } from 'node:crypto';
import type { Revocation, TokenIdentity } from '../../token/denylist.js';

export function keyOf(kind: Revocation['kind'], id: string): string {
  return `${kind}:${hash('sha256', id, 'base64url')}`;
}

/** Returns the keys under which a token may be revoked. */
export function keysFor({ jti, family, sub }: TokenIdentity): string[] {
  const keys: string[] = [];
  if (jti !== undefined) keys.push(keyOf('token', jti));
  if (family !== undefined) keys.push(keyOf('family', family));
  if (sub !== undefined) keys.push(keyOf('subject', sub));
  return keys;
}
