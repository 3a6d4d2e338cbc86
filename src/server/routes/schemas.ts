/** What the routes take and answer, as OpenAPI shows it. Nothing is checked by these: see `form.ts`. */

const text = { type: 'string' } as const;
/** Fields of a form. Without a default, the page of /docs fills in words of its own; an empty field counts as absent. */
const field = { type: 'string', default: '' } as const;
const secretField = { ...field, format: 'password' } as const;
const seconds = { type: 'integer', description: 'NumericDate: seconds since 1970' } as const;

const error = {
  description: 'What was wrong',
  type: 'object',
  properties: {
    detail: { description: 'One sentence, or for a form the fields that are not as they should be' },
    path: text,
    error: { ...text, description: 'On the OAuth routes, RFC 6749 §5.2' },
    error_description: text,
  },
  required: ['detail'],
} as const;

const tokenAnswer = {
  description: 'The tokens (RFC 6749 §5.1)',
  type: 'object',
  properties: {
    access_token: text,
    refresh_token: { ...text, description: 'Not for client_credentials, nor for a refresh that does not rotate' },
    token_type: { const: 'bearer' },
    expires_in: { type: 'integer', description: 'Seconds' },
    scope: { ...text, description: 'What was granted, where it is not what was asked for' },
  },
} as const;

const client = { client_id: field, client_secret: secretField } as const;
const form = { consumes: ['application/x-www-form-urlencoded'] };
const unavailable = { 503: { ...error, description: 'Keys or store do not answer now; see Retry-After' } };

export const describeToken = {
  ...form,
  operationId: 'issueTokens',
  tags: ['tokens'],
  summary: 'Issue tokens',
  description: 'Grants: password (where none is named), refresh_token, client_credentials.',
  body: {
    type: 'object',
    properties: {
      grant_type: { type: 'string', enum: ['password', 'refresh_token', 'client_credentials'], default: 'password' },
      username: field,
      password: secretField,
      refresh_token: field,
      scope: { ...field, description: 'Scopes, separated by spaces; all that are allowed where none are named' },
      ...client,
    },
  },
  response: {
    200: tokenAnswer,
    400: { ...error, description: 'The grant is refused' },
    401: { ...error, description: 'Incorrect username or password, or client credentials' },
    422: { ...error, description: 'A field is missing' },
    429: { ...error, description: 'Too many failed log-ins; see Retry-After' },
    ...unavailable,
  },
};

export const describeRefresh = {
  ...form,
  operationId: 'renewToken',
  tags: ['tokens'],
  summary: 'Renew an access token',
  body: {
    type: 'object',
    required: ['refresh_token'],
    properties: { refresh_token: field, scope: field, ...client },
  },
  response: {
    200: {
      ...tokenAnswer,
      properties: {
        access_token: text,
        refresh_token: { ...text, description: 'Where the service rotates them' },
        token_type: { const: 'bearer' },
      },
    },
    400: { ...error, description: 'The refresh token does not hold the scope' },
    401: { ...error, description: 'The refresh token is not accepted' },
    422: { ...error, description: 'A field is missing' },
    ...unavailable,
  },
};

export const describeMe = {
  operationId: 'whoAmI',
  tags: ['users'],
  summary: 'Who am I?',
  security: [{ password: [] }],
  response: {
    200: { description: 'The subject of the access token', type: 'object', properties: { user_id: text } },
    401: { ...error, description: 'No access token that is accepted' },
    ...unavailable,
  },
};

export const describeAuth = {
  operationId: 'authorizeRequest',
  tags: ['proxies'],
  summary: 'Let a request pass',
  description:
    'For nginx auth_request, Traefik forwardAuth and Envoy ext_authz. Words of the headers are percent-encoded.',
  security: [{ password: [] }],
  querystring: {
    type: 'object',
    properties: {
      scope: { ...text, description: 'Scopes that the token must have, all of them' },
      role: { type: 'array', items: text, description: 'Roles that the token must have, all of them' },
    },
  },
  response: {
    200: {
      description: 'The request may pass',
      type: 'null',
      headers: { 'X-Auth-Subject': text, 'X-Auth-Scope': text, 'X-Auth-Roles': text },
    },
    401: { ...error, description: 'No access token that is accepted' },
    403: { ...error, description: 'The token lacks a scope or a role' },
    ...unavailable,
  },
};

const tokenForm = {
  type: 'object',
  required: ['token'],
  properties: { token: field, token_type_hint: field, ...client },
};

export const describeRevoke = {
  ...form,
  operationId: 'revokeToken',
  tags: ['clients'],
  summary: 'Revoke a token (RFC 7009)',
  security: [{ client: [] }],
  body: tokenForm,
  response: {
    200: { description: 'The token is good no longer, if it ever was', type: 'object' },
    400: { ...error, description: 'The token is another client’s' },
    401: { ...error, description: 'The client is not who it says' },
    422: { ...error, description: 'A field is missing' },
    ...unavailable,
  },
};

export const describeIntrospect = {
  ...form,
  operationId: 'introspectToken',
  tags: ['clients'],
  summary: 'Ask about a token (RFC 7662)',
  security: [{ client: [] }],
  body: tokenForm,
  response: {
    200: {
      description: 'Whether it is good now, and what it says',
      type: 'object',
      required: ['active'],
      properties: {
        active: { type: 'boolean' },
        iss: text,
        sub: text,
        aud: {},
        client_id: text,
        scope: text,
        role: {},
        type: text,
        token_type: text,
        exp: seconds,
        nbf: seconds,
        iat: seconds,
        jti: text,
      },
    },
    401: { ...error, description: 'The client is not who it says' },
    422: { ...error, description: 'A field is missing' },
    ...unavailable,
  },
};

const document = (operationId: string, description: string) => ({
  operationId,
  tags: ['discovery'],
  summary: description,
  response: { 200: { description, type: 'object', additionalProperties: true }, ...unavailable },
});

export const describeJwks = document('readKeys', 'The keys that verify (RFC 7517 §5)');
export const describeMetadata = document('readMetadata', 'Where everything is (RFC 8414)');
export const describeOpenid = document('readOpenidConfiguration', 'The same, where OpenID Connect looks for it');

const status = { type: 'object', properties: { status: text } } as const;

export const describeHealthz = {
  operationId: 'isAlive',
  tags: ['operation'],
  summary: 'Does it answer?',
  response: { 200: { ...status, description: 'Yes' } },
};

const readiness = { type: 'object', properties: { status: text, keys: text, store: text } } as const;

export const describeReadyz = {
  operationId: 'isReady',
  tags: ['operation'],
  summary: 'Could it do its work now, with its keys and its store?',
  response: { 200: { ...readiness, description: 'Yes' }, 503: { ...readiness, description: 'Not now' } },
};

export const describeMetrics = {
  operationId: 'readMetrics',
  tags: ['operation'],
  summary: 'Metrics for Prometheus',
  produces: ['text/plain'],
  response: { 200: { description: 'Text', type: 'string' } },
};
