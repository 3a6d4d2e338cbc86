/** The service of `serve --demo` in this process, at the time of the fake clock. */
import type { FastifyInstance } from 'fastify';
import { demoDeps } from '../../src/cli/commands/service/demo.js';
import type { Key } from '../../src/jose/key.js';
import { buildService } from '../../src/server/app.js';
import { now } from '../cli/fake-io.js';

/** Builds it, and returns it with the key that signs its tokens. */
export async function demoApp(): Promise<{ app: FastifyInstance; key: Key }> {
  const deps = await demoDeps(now);
  const app = await buildService(
    { issuer: () => 'https://auth.example', requiresIssuer: false, rotatesRefreshTokens: false },
    {
      ...deps,
      now: () => now,
      log: { write() {} },
      logins: { attempt: async (_address, _user, look) => look() },
    },
  );
  return { app, key: await deps.keys.signingKey(now) };
}
