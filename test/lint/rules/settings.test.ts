/** Variables that weaken tokens, wherever they are set. */
import { expect, test } from 'vitest';
import { lint } from '../../../src/lint/lint.js';

const findingsOf = async (content: string, name: string) =>
  (await lint([{ name, content: Buffer.from(content) }], { now: 1_800_000_000 })).findings;

test.each([
  ['JWT_EXPIRES_IN', '30d', 'setting/access-lifetime-too-long'],
  ['ACCESS_TOKEN_EXPIRES_IN', '7d', 'setting/access-lifetime-too-long'],
  ['JWT_EXPIRES_IN', '2 hours', 'setting/access-lifetime-too-long'],
  ['JWT_TTL', '10080', 'setting/access-lifetime-too-long'],
  ['APP_ACCESS_TOKEN_LIFETIME_HOURS', '2', 'setting/access-lifetime-too-long'],
  ['JWT_REFRESH_TTL', '20160000', 'setting/refresh-lifetime-too-long'],
  ['REFRESH_TOKEN_EXPIRES_IN', '90d', 'setting/refresh-lifetime-too-long'],
  ['JWTKIT_TTL', '24h', 'setting/access-lifetime-too-long'],
  ['JWTKIT_TTL', '86400', 'setting/access-lifetime-too-long'],
  ['JWTKIT_REFRESH_TTL', '365d', 'setting/refresh-lifetime-too-long'],
  ['JWT_ALGO', 'none', 'setting/algorithm-unsafe'],
  ['ALGORITHM', 'none', 'setting/algorithm-unsafe'],
  ['NODE_TLS_REJECT_UNAUTHORIZED', '0', 'setting/verification-off'],
  ['OIDC_ISSUER', 'http://issuer.example', 'setting/not-https'],
])('%s=%s is found in .env, in a compose file and in a pod', async (name, value, id) => {
  const variable = `${name}: ${JSON.stringify(value)}`;
  for (const [file, content] of [
    ['.env', `${name}=${value}\n`],
    ['compose.yml', `services:\n  a:\n    environment:\n      ${variable}\n`],
    ['list.yml', `services:\n  a:\n    environment:\n    - ${name}=${value}\n`],
    ['pod.yaml', `apiVersion: v1\nkind: Pod\nspec:\n  env:\n  - name: ${name}\n    value: ${JSON.stringify(value)}\n`],
    ['map.yaml', `apiVersion: v1\nkind: ConfigMap\ndata:\n  ${variable}\n`],
  ] as const) {
    expect(
      (await findingsOf(content, file)).map((found) => found.id),
      file,
    ).toEqual([id]);
  }
});

test.each([
  ['JWT_EXPIRES_IN', '15m'],
  ['JWT_EXPIRES_IN', '3600'],
  ['JWT_TTL', '15'],
  ['JWTKIT_TTL', '15m'],
  ['JWTKIT_TTL', '1800'],
  ['JWTKIT_TTL', 'soon'],
  ['REFRESH_TOKEN_EXPIRES_IN', '7d'],
  ['SESSION_EXPIRES_IN', '30d'],
  ['JWKS_URL', 'http://keycloak:8080/realms/a/certs'],
  ['OIDC_ISSUER', 'http://dex.auth.svc.cluster.local'],
  ['OIDC_ISSUER', 'http://localhost:8080'],
  ['JWT_ALGORITHM', 'RS256'],
])('%s=%s has no finding', async (name, value) => {
  expect(await findingsOf(`${name}=${value}\n`, '.env')).toEqual([]);
});

test('the value of a wrong algorithm is not shown: it may be a secret', async () => {
  const [found] = await findingsOf('JWT_ALG=h7Kp2mQx9\n', '.env');
  expect(found?.id).toBe('setting/algorithm-unsafe');
  expect(found?.message).not.toContain('h7Kp2');
});
