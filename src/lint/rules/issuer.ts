/** Rules about the metadata of an issuer. */
import { asText, quoteText } from '../../jose/json.js';
import { json } from '../example.js';
import { rule } from '../rule.js';

const metadata = {
  issuer: 'https://issuer.example',
  jwks_uri: 'https://issuer.example/jwks.json',
  token_endpoint: 'https://issuer.example/token',
  response_types_supported: ['code'],
  code_challenge_methods_supported: ['S256'],
  id_token_signing_alg_values_supported: ['RS256', 'ES256'],
};
const good = json(metadata);
const strings = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];

/** Whether a URL is plain HTTP to another machine. */
function isPlainHttp(value: unknown): boolean {
  return (
    typeof value === 'string' &&
    /^http:/i.test(value) &&
    !/^http:\/\/(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?:[:/]|$)/i.test(value)
  );
}

export const issuerRules = [
  rule({
    id: 'issuer/not-https',
    level: 'error',
    about: 'issuer',
    means: 'The issuer is no https URL: anybody on the network can replace its metadata and its keys.',
    help: 'serve it over TLS, and change iss in its tokens',
    source: 'RFC 8414 §2; tutorial, pitfall "no HTTPS"',
    bad: json({ ...metadata, issuer: 'http://issuer.example' }),
    good,
    check: ({ issuer }) => (isPlainHttp(issuer) || !/^https?:\/\//i.test(asText(issuer))) && 'issuer is no https URL',
  }),
  rule({
    id: 'issuer/endpoint-not-https',
    level: 'error',
    about: 'issuer',
    means: 'An endpoint or the address of the keys is plain HTTP: tokens and passwords cross the network in the clear.',
    help: 'use https for every address',
    source: 'RFC 8414 §2; tutorial, pitfall "no HTTPS"',
    bad: json({ ...metadata, jwks_uri: 'http://issuer.example/jwks.json' }),
    good,
    check: (value) =>
      Object.keys(value)
        .filter((name) => /(?:_endpoint|_uri)$/.test(name) && isPlainHttp(value[name]))
        .slice(0, 10)
        .map((name) => ({ message: 'it is plain HTTP', part: name.slice(0, 60) })),
  }),
  rule({
    id: 'issuer/other-issuer',
    level: 'error',
    about: 'issuer',
    means: 'The metadata name another issuer than the URL that they were fetched from: verifiers must refuse them.',
    help: 'make issuer the exact URL, with or without the slash at its end as tokens have it in iss',
    source: 'RFC 8414 §3.3',
    bad: json(metadata, { live: { issuer: 'https://other.example', cacheControl: 'max-age=300' } }),
    good: json(metadata, { live: { issuer: 'https://issuer.example', cacheControl: 'max-age=300' } }),
    check: ({ issuer }, _, { source: { live } }) =>
      live?.issuer !== undefined && issuer !== live.issuer && `issuer is ${quoteText(asText(issuer))}`,
  }),
  rule({
    id: 'issuer/not-plain-url',
    level: 'error',
    about: 'issuer',
    means: 'The issuer has a query, a fragment or credentials, which no issuer has.',
    help: 'name the issuer by scheme, host and path alone',
    source: 'RFC 8414 §2',
    bad: json({ ...metadata, issuer: 'https://issuer.example?tenant=1' }),
    good,
    check: ({ issuer }) =>
      /[?#]|^[a-z]+:\/\/[^/]*@/i.test(asText(issuer)) && 'issuer has a query, a fragment or credentials',
  }),
  rule({
    id: 'issuer/none-supported',
    level: 'error',
    about: 'issuer',
    means: 'The issuer offers ID tokens that nobody signed (none), or takes such tokens from clients at its endpoints.',
    help: 'remove none from every list of algorithms',
    source: 'RFC 8725 §3.2; OpenID Connect Core §2',
    bad: json({ ...metadata, id_token_signing_alg_values_supported: ['RS256', 'none'] }),
    good,
    check: (value) =>
      Object.keys(value)
        .filter(
          // Of request objects and the user's data, OpenID Connect Discovery §3 allows none.
          (name) =>
            /^(?:id_token|authorization|introspection)_signing_alg_values_supported$|_auth_signing_alg_values_supported$/.test(
              name,
            ) && strings(value[name]).some((alg) => alg.toLowerCase() === 'none'),
        )
        .map((name) => ({ message: 'the list has none', part: name.slice(0, 60) })),
  }),
  rule({
    id: 'issuer/shared-secrets-supported',
    level: 'warning',
    about: 'issuer',
    means:
      'The issuer signs tokens with shared secrets (HS256): a client that verifies them can make them, and libraries that mix up keys are open to confusion.',
    help: 'offer RS256, ES256 or EdDSA alone',
    source: 'RFC 8725 §2.1, §3.1',
    bad: json({ ...metadata, id_token_signing_alg_values_supported: ['RS256', 'HS256'] }),
    good,
    check: ({ id_token_signing_alg_values_supported: algorithms }) =>
      strings(algorithms).some((alg) => alg.startsWith('HS')) && {
        message: 'the list has HS algorithms',
        part: 'id_token_signing_alg_values_supported',
      },
  }),
  rule({
    id: 'issuer/no-keys',
    level: 'warning',
    about: 'issuer',
    means: 'The metadata have no jwks_uri: services cannot find the keys that verify its tokens.',
    help: 'publish the public keys, and name their address in jwks_uri',
    source: 'RFC 8414 §2; tutorial, advice "RS256 with the public key published"',
    bad: json({ ...metadata, jwks_uri: undefined }),
    good,
    check: ({ jwks_uri: uri }) => typeof uri !== 'string' && 'jwks_uri is missing',
  }),
  rule({
    id: 'issuer/implicit-flow',
    level: 'warning',
    about: 'issuer',
    means: 'The issuer gives access tokens in the address of a page (response type token), where they leak.',
    help: 'offer the response type code, with PKCE',
    source: 'RFC 9700 §2.1.2',
    bad: json({ ...metadata, response_types_supported: ['code', 'token'] }),
    good,
    check: ({ response_types_supported: types }) =>
      strings(types).some((type) => type.split(' ').includes('token')) && 'response_types_supported has token',
  }),
  rule({
    id: 'issuer/no-pkce',
    level: 'note',
    about: 'issuer',
    means: 'The issuer gives codes, but does not say that it supports PKCE with S256.',
    help: 'support it, and list S256 in code_challenge_methods_supported',
    source: 'RFC 9700 §2.1.1; RFC 8414 §2',
    bad: json({ ...metadata, code_challenge_methods_supported: ['plain'] }),
    good,
    check: ({ response_types_supported: types, code_challenge_methods_supported: methods }) =>
      strings(types).some((type) => type.split(' ').includes('code')) &&
      !strings(methods).includes('S256') &&
      'S256 is not supported',
  }),
];
