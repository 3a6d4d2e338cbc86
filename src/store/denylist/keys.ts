/** The keys of a denylist's entries. They hold digests: a claim may be longer than a key. */
import { hash } from 'node:crypto';
import type { Revocation, TokenIdentity } from '../../token/denylist.js';

export function keyOf(kind: Revocation['kind'], id: string): string {
  return `${kind}:${hash('sha256', id, 'base64url')}`;
}

/** Returns the keys under which a token may be revoked. */
export function keysFor({ jti, family, sub }: TokenIdentity): string[] {
  const ids = { token: jti, family, subject: sub };
  return (Object.keys(ids) as Revocation['kind'][]).flatMap((kind) => {
    const id = ids[kind];
    return id === undefined ? [] : keyOf(kind, id);
  });
}
