/** The requests and answers of the routes for OpenAPI. They only describe: `form.ts` validates. */

const text = { type: 'string' } as const;
const seconds = { type: 'integer', description: 'NumericDate: seconds since 1970' } as const;
/** A field of a form. Without a default, the page of /docs fills in sample words; an empty field counts as absent. */
const field = { type: 'string', default: '' } as const;
const resource = { ...field, description: 'An audience of the access token (RFC 8707); all allowed ones by default' };
const secretField = { ...field, format: 'password' } as const;

const error = {
  ...object({
    detail: { description: 'One sentence, or the faulty fields of a form' },
    path: text,
    error: { ...text, description: 'On the OAuth routes, RFC 6749 §5.2' },
    error_description: text,
  }),
  required: ['detail'],
};

const tokens = {
  access_token: text,
  refresh_token: { ...text, description: 'Absent for client_credentials, and for a refresh without rotation' },
  token_type: { const: 'bearer' },
};

const byUser = { security: [{ password: [] }] };
const byClient = { security: [{ client: [] }] };
const refusedAccess = { 401: 'The access token is missing or refused' };
const refusedForm = { 422: 'A field is missing' };
const refusedClient = { 401: 'Wrong client credentials', ...refusedForm };

export const describeToken = {
  ...operation('issueTokens', 'tokens', 'Issue tokens'),
  ...form({
    grant_type: { type: 'string', enum: ['password', 'refresh_token', 'client_credentials'], default: 'password' },
    username: field,
    password: secretField,
    refresh_token: field,
    scope: { ...field, description: 'Scopes, separated by spaces; all allowed ones by default' },
    resource,
  }),
  description: 'Grants: password (the default), refresh_token, client_credentials.',
  response: {
    200: object(
      {
        ...tokens,
        expires_in: { type: 'integer', description: 'Seconds' },
        scope: { ...text, description: 'The granted scopes, if they differ from the requested ones' },
      },
      'The tokens (RFC 6749 §5.1)',
    ),
    ...refusals({
      400: 'The grant is refused',
      401: 'Incorrect username or password, or client credentials',
      429: 'Too many failed log-ins; see Retry-After',
      ...refusedForm,
    }),
  },
};

const refreshToken = { ...text, description: 'Only if the service rotates refresh tokens' };

export const describeRefresh = {
  ...operation('renewToken', 'tokens', 'Renew an access token'),
  ...form({ refresh_token: field, scope: field, resource }, ['refresh_token']),
  response: {
    200: object({ ...tokens, refresh_token: refreshToken }, 'The tokens (RFC 6749 §5.1)'),
    ...refusals({
      400: 'The refresh token does not hold the scope',
      401: 'The refresh token is refused',
      ...refusedForm,
    }),
  },
};

export const describeMe = {
  ...operation('whoAmI', 'users', 'Return the subject of the token'),
  ...byUser,
  response: { 200: object({ user_id: text }, 'The subject of the access token'), ...refusals(refusedAccess) },
};

export const describeAuth = {
  ...operation('authorizeRequest', 'proxies', 'Decide whether a request may pass'),
  ...byUser,
  description:
    'For nginx auth_request, Traefik forwardAuth and Envoy ext_authz. The words of its headers are percent-encoded.',
  querystring: object({
    scope: { ...text, description: 'Scopes that the token must hold' },
    role: {
      type: 'array',
      items: text,
      description: 'Roles that the token must hold; with a bar between roles, any of them is enough',
    },
  }),
  response: {
    200: {
      description: 'The request may pass',
      type: 'null',
      headers: { 'X-Auth-Subject': text, 'X-Auth-Scope': text, 'X-Auth-Roles': text },
    },
    ...refusals({ ...refusedAccess, 403: 'The token lacks a scope or a role, which X-Refused names' }),
  },
};

const tokenForm = form({ token: field, token_type_hint: field }, ['token']);

export const describeRevoke = {
  ...operation('revokeToken', 'clients', 'Revoke a token (RFC 7009)'),
  description: 'A token that was issued to no client needs no client credentials.',
  security: [...byClient.security, {}],
  ...tokenForm,
  response: {
    200: { description: 'The token is not valid any more, if it ever was', type: 'object' },
    ...refusals({ 400: 'The token was issued to another client', ...refusedClient }),
  },
};

const times = { exp: seconds, nbf: seconds, iat: seconds };
const claims = {
  iss: text,
  sub: text,
  aud: {},
  client_id: text,
  scope: text,
  role: {},
  type: text,
  jti: text,
  session: {},
  ...times,
};
const introspection = object(
  { active: { type: 'boolean' }, ...claims, token_type: text },
  'Whether the token is valid now, and its claims',
);

export const describeIntrospect = {
  ...operation('introspectToken', 'clients', 'Look up a token (RFC 7662)'),
  ...byClient,
  ...tokenForm,
  response: { 200: { ...introspection, required: ['active'] }, ...refusals(refusedClient) },
};

export const describeJwks = document('readKeys', 'The keys that verify tokens (RFC 7517 §5)');
export const describeMetadata = document('readMetadata', 'The metadata of the service (RFC 8414)');
export const describeOpenid = document('readOpenidConfiguration', 'The metadata for OpenID Connect');

export const describeHealthz = {
  ...operation('isAlive', 'operation', 'Does the process answer?'),
  response: { 200: object({ status: text }, 'Yes') },
};

const readiness = { status: text, keys: text, store: text, accounts: text, reason: text };

export const describeReadyz = {
  ...operation('isReady', 'operation', 'Can the service use its keys, store and accounts?'),
  response: { 200: object(readiness, 'Yes'), 503: object(readiness, 'Not now') },
};

export const describeMetrics = {
  ...operation('readMetrics', 'operation', 'Metrics for Prometheus'),
  produces: ['text/plain'],
  response: { 200: { description: 'Text', type: 'string' } },
};

function operation(operationId: string, tag: string, summary: string) {
  return { operationId, tags: [tag], summary };
}

function document(operationId: string, summary: string) {
  const answer = { description: summary, type: 'object', additionalProperties: true };
  return { ...operation(operationId, 'discovery', summary), response: { 200: answer, ...refusals({}) } };
}

function object(properties: object, description?: string) {
  return { type: 'object', properties, ...(description === undefined ? {} : { description }) };
}

/** A form with these fields. A client may authenticate in any form. */
function form(fields: object, required?: readonly string[]) {
  const body = object({ ...fields, client_id: field, client_secret: secretField });
  return {
    consumes: ['application/x-www-form-urlencoded', 'multipart/form-data'],
    body: required === undefined ? body : { ...body, required },
  };
}

function refusals(descriptions: Readonly<Record<number, string>>): Readonly<Record<string, object>> {
  const all = { ...descriptions, 503: 'The keys or the store cannot be used now; see Retry-After' };
  return Object.fromEntries(Object.entries(all).map(([status, description]) => [status, { ...error, description }]));
}
