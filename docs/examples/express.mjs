/**
 * An API with Express that takes the access tokens of jwtkit serve.
 *
 *     npm install express jose
 *     jwtkit serve --issuer-url http://127.0.0.1:8000 --aud api
 *     ISSUER=http://127.0.0.1:8000 AUDIENCE=api PORT=8001 node express.mjs
 *
 * It has no secret. It verifies by the public keys of the issuer, and reads them again for a kid that it does not know.
 */
import express from 'express';
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

/** Returns a handler that lets a request pass with an access token that grants all scopes. */
function allow(...scopes) {
  return async (request, response, next) => {
    const [, token] = /^bearer +(\S+)$/i.exec(request.get('authorization') ?? '') ?? [];
    if (token === undefined) return refuse(response, 401, 'Not authenticated');
    if (!isCompact.test(token)) return refuse(response, 401, 'Invalid token');
    try {
      const required = ['exp', 'sub'];
      const { payload } = await jwtVerify(token, keys, { issuer, audience, algorithms, requiredClaims: required });
      if (payload.type !== 'access') return refuse(response, 401, 'Invalid token type: expected access');
      const held = String(payload.scope ?? '').split(' ');
      if (!scopes.every((scope) => held.includes(scope))) {
        const challenge = `Bearer error="insufficient_scope", scope="${scopes.join(' ')}"`;
        return refuse(response, 403, 'Not enough permissions', challenge);
      }
      request.claims = payload;
    } catch (error) {
      if (error instanceof errors.JWTExpired) return refuse(response, 401, 'Token has expired');
      if (isAboutKeys(error)) {
        return response.status(503).set('Retry-After', '1').json({ detail: 'Service Unavailable', path: request.path });
      }
      return refuse(response, 401, 'Invalid token');
    }
    next();
  };
}

function refuse(response, status, detail, challenge = 'Bearer') {
  response.status(status).set('WWW-Authenticate', challenge).json({ detail, path: response.req.path });
}

const app = express().disable('x-powered-by');
app.get('/users/me', allow(), (request, response) => {
  response.json({ user_id: request.claims.sub });
});
app.get('/notes', allow('read'), (request, response) => {
  response.json({ notes: [`for ${request.claims.sub}`] });
});
app.get('/admin', allow('read', 'write'), (request, response) => {
  const { sub, role = [] } = request.claims;
  // Tokens of `jwtkit issue` may have one role as text.
  if (![role].flat().includes('admin')) {
    return refuse(response, 403, 'Not enough permissions', 'Bearer error="insufficient_scope"');
  }
  response.json({ admin: sub });
});

const server = app.listen(Number(port), '127.0.0.1', () =>
  process.stdout.write(`listening on ${server.address().port}\n`),
);
