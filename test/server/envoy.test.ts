/** Requests as Envoy's ext_authz filter makes them: method, path and query of the request that it guards, behind /auth. */
import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { issueToken } from '../../src/token/issue.js';
import { now } from '../cli/fake-io.js';
import { demoApp } from './demo-app.js';

let app: FastifyInstance;
let token: string;

beforeAll(async () => {
  const demo = await demoApp();
  app = demo.app;
  ({ token } = await issueToken({ sub: 'user-123', scope: 'read' }, { type: 'access' }, { key: demo.key, now }));
});
afterAll(() => app.close());

const paths = ['/', '/orders', '/orders/7?scope=admin&role=root', '//x/%2e%2e/y', `/${'long/'.repeat(2000)}`];
const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;

test.each(methods.flatMap((method) => paths.map((path) => [method, path] as const)))(
  '%s %.40s',
  async (method, path) => {
    const ask = (headers: Record<string, string>) => {
      return app.inject({ method, url: `/auth${path}`, headers: { 'content-length': '0', ...headers } });
    };
    const passed = await ask({ authorization: `Bearer ${token}` });
    expect(passed.statusCode, passed.body).toBe(200);
    expect(passed.headers).toMatchObject({ 'x-auth-subject': 'user-123', 'x-auth-scope': 'read', 'x-auth-roles': '' });
    const refused = await ask({});
    expect(refused.statusCode).toBe(401);
    expect(refused.headers).toMatchObject({ 'www-authenticate': 'Bearer' });
  },
);

test.each(['PROPFIND', 'TRACE'])('Envoy passes no %s request without a token', async (method) => {
  const { statusCode } = await app.inject({ method: method as 'GET', url: '/auth/orders' });
  expect(statusCode).not.toBe(200);
});
