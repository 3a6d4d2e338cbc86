/** The demo service, with everything in memory. */
import { generateKey } from '../../../jose/generate-key.js';
import { exportPublicJwk, thumbprint } from '../../../jose/jwk.js';
import { createKey } from '../../../jose/key.js';
import type { ServiceDeps } from '../../../server/service.js';
import { hashPassword, isPassword } from '../../../store/accounts/password.js';
import { memoryDenylist } from '../../../store/denylist/memory.js';
import { type Client, hashClientSecret, type User } from '../../../token/account.js';

const password = 'wonderland';
const secret = 'down-the-rabbit-hole';

/** Makes the keys, the user and the client of the demo. */
export async function demoDeps(now: number): Promise<Omit<ServiceDeps, 'now' | 'log' | 'logins' | 'gatherMetrics'>> {
  const pair = await generateKey('RS256');
  const kid = thumbprint(pair.publicKey);
  const alg = 'RS256';
  const signing = createKey(pair.privateKey, { alg, kid });
  const trusted = [createKey(pair.publicKey, { alg, kid, source: 'demo' })];
  const set = { keys: [{ ...exportPublicJwk(pair.publicKey), kid, alg, use: 'sig', iat: now }] };
  const alice: User = {
    name: 'alice',
    sub: 'user-123',
    roles: ['user'],
    scopes: ['read', 'write'],
    passwordHash: await hashPassword(password),
  };
  const client: Client = { id: 'client-demo', name: 'demo', scopes: ['read'], secretHash: hashClientSecret(secret) };
  return {
    keys: { keys: async () => trusted, signingKey: async () => signing, publishedSet: () => set },
    accounts: {
      userByName: (name) => (name === alice.name ? alice : undefined),
      userBySub: (sub) => (sub === alice.sub ? alice : undefined),
      hasUsers: () => true,
      clientById: (id) => (id === client.id ? client : undefined),
    },
    denylist: memoryDenylist(),
    isPassword,
  };
}

/** Commands to try with the demo. */
export function demoLines(url: string): string {
  const lines = [
    '',
    'a demo, in memory: alice logs in with the password wonderland. Try these, or open /docs in a browser:',
    '',
    `  PAIR=$(curl -s ${url}/token -d username=alice -d password=${password})`,
    `  TOKEN=$(echo "$PAIR" | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`,
    `  REFRESH=$(echo "$PAIR" | sed 's/.*"refresh_token":"\\([^"]*\\)".*/\\1/')`,
    `  curl ${url}/users/me -H "Authorization: Bearer $TOKEN"`,
    `  curl ${url}/token/refresh -d refresh_token="$REFRESH"`,
    `  curl -u client-demo:${secret} ${url}/introspect -d token="$TOKEN"`,
    `  curl ${url}/revoke -d token="$REFRESH"`,
    `  jwtkit verify "$TOKEN" --issuer-url ${url}`,
    '',
  ];
  return `${lines.join('\n')}\n`;
}
