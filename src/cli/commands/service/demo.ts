/** The demo service, with everything in memory. */
import { resolve } from 'node:path';
import { generateKey } from '../../../jose/generate-key.js';
import { exportPublicJwk, thumbprint } from '../../../jose/jwk.js';
import { createKey } from '../../../jose/key.js';
import type { ServiceDeps } from '../../../server/service.js';
import { hashPassword, isPassword } from '../../../store/accounts/password.js';
import { memoryDenylist } from '../../../store/denylist/memory.js';
import { type Client, hashClientSecret, type User } from '../../../token/account.js';
import { quoteWord } from '../../terminal/shell-word.js';
import type { ServeSettings } from './options.js';

const password = 'wonderland';
const secret = 'down-the-rabbit-hole';
const user = { name: 'alice', sub: 'user-123', roles: ['user'], scopes: ['read', 'write'] } as const;
const client = { id: 'client-demo', name: 'demo', scopes: ['read'] } as const;

/** The settings of the service that its commands depend on. */
type DemoSettings = Pick<ServeSettings, 'issuer' | 'audience' | 'certificateFile'>;

/** Makes the keys, the user and the client of the demo. */
export async function demoDeps(now: number): Promise<Omit<ServiceDeps, 'now' | 'log' | 'logins' | 'gatherMetrics'>> {
  const pair = await generateKey('RS256');
  const kid = thumbprint(pair.publicKey);
  const alg = 'RS256';
  const signing = createKey(pair.privateKey, { alg, kid });
  const trusted = [createKey(pair.publicKey, { alg, kid, source: 'demo' })];
  const set = { keys: [{ ...exportPublicJwk(pair.publicKey), kid, alg, use: 'sig', iat: now }] };
  const alice: User = { ...user, passwordHash: await hashPassword(password) };
  const demo: Client = { ...client, secretHash: hashClientSecret(secret) };
  return {
    keys: { keys: async () => trusted, signingKey: async () => signing, publishedSet: () => set },
    accounts: {
      userByName: (name) => (name === alice.name ? alice : undefined),
      userBySub: (sub) => (sub === alice.sub ? alice : undefined),
      hasUsers: () => true,
      clientById: (id) => (id === demo.id ? demo : undefined),
    },
    denylist: memoryDenylist(),
    isPassword,
  };
}

/** Returns where to click, who can log in, and commands that also work against a later demo at the same address. */
export function demoLines(url: string, { issuer, audience, certificateFile: cert }: DemoSettings): string[] {
  const curl = cert === undefined ? 'curl' : 'curl --cacert "$CERT"';
  const jwtkit = cert === undefined ? 'jwtkit' : 'NODE_EXTRA_CA_CERTS="$CERT" jwtkit';
  // The keys are here, whatever the tokens name as their issuer.
  const keys = issuer === undefined ? '--issuer-url $URL' : '--jwks $URL/.well-known/jwks.json';
  const aud = audience?.[0] === undefined ? '' : ` --aud ${quoteWord(audience[0])}`;
  return [
    '',
    `  open    ${url}/docs`,
    `  user    ${user.name}, password ${password}`,
    `  client  ${client.id}, secret ${secret}`,
    '',
    'All of it is in memory and ends with this process.',
    'To try it in another shell:',
    '',
    ...(cert === undefined ? [] : [`  CERT=${quoteWord(resolve(cert))}`]),
    `  URL=${url}`,
    `  PAIR=$(${curl} -s $URL/token -d username=${user.name} -d password=${password})`,
    `  TOKEN=$(echo "$PAIR" | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')`,
    `  REFRESH=$(echo "$PAIR" | sed 's/.*"refresh_token":"\\([^"]*\\)".*/\\1/')`,
    `  ${curl} $URL/users/me -H "Authorization: Bearer $TOKEN"`,
    // A demo before this one had other keys at the same address.
    `  ${jwtkit} verify "$TOKEN" ${keys}${aud} --no-cache`,
    `  ${curl} $URL/introspect -u ${client.id}:${secret} -d token="$TOKEN"`,
    `  ${curl} $URL/token/refresh -d refresh_token="$REFRESH"`,
    `  ${curl} $URL/revoke -d token="$REFRESH"`,
    '',
  ];
}
