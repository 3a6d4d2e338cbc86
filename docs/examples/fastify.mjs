/**
 * An API with Fastify that takes the access tokens of jwtkit serve.
 *
 *     npm install fastify jose
 *     jwtkit serve --issuer-url http://127.0.0.1:8000 --aud api
 *     ISSUER=http://127.0.0.1:8000 AUDIENCE=api PORT=8001 node fastify.mjs
 *
 * It has no secret. It verifies by the public keys of the issuer, and reads them again for a kid that it does not know.
 */
import { fastify } from 'fastify';
import { createRemoteJWKSet, errors, jwtVerify } from 'jose';

const { ISSUER: issuer, AUDIENCE: audience, PORT: port = '8001' } = process.env;
const keysUrl = new URL(process.env.JWKS_URL ?? `${issuer}/.well-known/jwks.json`);
// Unknown kids make it ask the issuer, at most every five seconds.
const keys = createRemoteJWKSet(keysUrl, { cooldownDuration: 5000 });
// Only kinds of signatures that a public key verifies. Never the algorithm that a token names.
const algorithms = ['RS256', 'PS256', 'ES256', 'EdDSA'];

/** A token has no padding (RFC 7515 §2), which jose would read. */
const isCompact = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** Whether the keys could not be read. That is no fault of the token: at 401 a client would log its user out. */
function isAboutKeys(error) {
  const codes = ['ERR_JOSE_GENERIC', 'ERR_JWKS_INVALID', 'ERR_JWKS_TIMEOUT'];
  return !(error instanceof errors.JOSEError) || codes.includes(error.code);
}

/** An answer other than success. */
class Refusal extends Error {
  constructor(statusCode, detail, challenge = 'Bearer') {
    super(detail);
    this.statusCode = statusCode;
    this.headers = statusCode === 503 ? { 'Retry-After': '1' } : { 'WWW-Authenticate': challenge };
  }
}

/** Returns a hook that lets a request pass with an access token that grants all scopes. */
function allow(...scopes) {
  return async (request) => {
    const [, token] = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    if (token === undefined) throw new Refusal(401, 'Not authenticated');
    if (!isCompact.test(token)) throw new Refusal(401, 'Invalid token');
    const claims = await verify(token);
    if (claims.type !== 'access') throw new Refusal(401, 'Invalid token type: expected access');
    const held = String(claims.scope ?? '').split(' ');
    if (!scopes.every((scope) => held.includes(scope))) {
      const challenge = `Bearer error="insufficient_scope", scope="${scopes.join(' ')}"`;
      throw new Refusal(403, 'Not enough permissions', challenge);
    }
    request.claims = claims;
  };
}

async function verify(token) {
  try {
    const options = { issuer, audience, algorithms, requiredClaims: ['exp', 'sub'] };
    return (await jwtVerify(token, keys, options)).payload;
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw new Refusal(401, 'Token has expired');
    if (isAboutKeys(error)) throw new Refusal(503, 'Service Unavailable');
    throw new Refusal(401, 'Invalid token');
  }
}

const app = fastify();
app.decorateRequest('claims', null);
app.setErrorHandler((error, request, reply) => {
  if (!(error instanceof Refusal)) return reply.send(error);
  const path = new URL(request.url, 'http://localhost').pathname;
  return reply.code(error.statusCode).headers(error.headers).send({ detail: error.message, path });
});
app.get('/users/me', { onRequest: allow() }, async ({ claims }) => ({ user_id: claims.sub }));
app.get('/notes', { onRequest: allow('read') }, async ({ claims }) => ({ notes: [`for ${claims.sub}`] }));
app.get('/admin', { onRequest: allow('read', 'write') }, async ({ claims: { sub, role = [] } }) => {
  // Tokens of `jwtkit issue` may have one role as text.
  if (![role].flat().includes('admin'))
    throw new Refusal(403, 'Not enough permissions', 'Bearer error="insufficient_scope"');
  return { admin: sub };
});

await app.listen({ port: Number(port), host: '127.0.0.1' });
process.stdout.write(`listening on ${app.server.address().port}\n`);
