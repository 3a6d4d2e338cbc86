import { createHmac } from 'node:crypto';
import { asText } from '../jose/json.js';
import { knownSecrets } from './known-secrets.js';
import type { LintContext } from './rule.js';

/** The most HMACs that a run computes, some seconds of one core, and the most tokens that it computes them for. */
const mostTries = 2_000_000;
const mostTokens = 500;

const digests: Readonly<Record<string, string>> = { HS256: 'sha256', HS384: 'sha384', HS512: 'sha512' };

/** Returns what finds weak secrets by the bundled list and further words. */
export function secretFinder(words: readonly string[]): Pick<LintContext, 'findSecret' | 'isKnownSecret'> {
  const all = [...new Set([...knownSecrets, ...words])];
  const known = new Set(all.filter((word) => word !== '').flatMap((word) => [word, word.toLowerCase()]));
  let left = mostTries;
  let tokens = 0;
  return {
    isKnownSecret: (secret) => known.has(secret) || known.has(secret.trim().toLowerCase()),
    findSecret: (token) => {
      const end = token.lastIndexOf('.');
      const digest = digests[algorithmOf(token)];
      if (digest === undefined || end < 0 || ++tokens > mostTokens) return undefined;
      const [input, signature] = [token.slice(0, end), token.slice(end + 1)];
      for (const word of all) {
        if (left-- <= 0) return undefined;
        for (const key of keysOf(word))
          if (createHmac(digest, key).update(input).digest('base64url') === signature) return word;
      }
      return undefined;
    },
  };
}

/** A word as text, and as the bytes that it encodes: some of the list are keys of RFCs. */
function keysOf(word: string): (string | Buffer)[] {
  return /^[\w-]{43,}$/.test(word) ? [word, Buffer.from(word, 'base64url')] : [word];
}

function algorithmOf(token: string): string {
  try {
    const header = JSON.parse(Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString()) as {
      alg?: unknown;
    };
    return asText(header.alg);
  } catch {
    return '';
  }
}
