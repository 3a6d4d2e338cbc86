/** The variables that options have, without their prefix; a test compares the list with the commands. */
const optionVariables = `
  ALG ANY_AUD AUD AUTH_COOKIE CLIENTS CONFIG CORS ENV_FILE GRACE HOST ISS ISSUER_URL JWKS JWKS_TOKEN_FILE KEY KEYRING KEY_ENV KID LEEWAY
  LOGIN_ATTEMPTS LOG_FORMAT MAX_AGE MIN_TTL OFFLINE PASSPHRASE_ENV PASSPHRASE_FILE PORT REFRESH_TTL ROLE_CLAIM ROTATE ROTATE_GRACE
  SCOPE_CLAIM SECRET_ENCODING SECRET_ENV SECRET_FILE SESSION_MAX STORE TIMEOUT TLS_CERT TLS_KEY TRUST_PROXY TTL TYP USERS WORKERS`;

/** The variables by which the first process of a service tells its workers what they share. */
export const serveVariables = {
  markers: 'JWTKIT_SERVE_MARKERS',
  port: 'JWTKIT_SERVE_PORT',
  users: 'JWTKIT_SERVE_USERS',
  worker: 'JWTKIT_SERVE_WORKER',
} as const;

/** Returns every variable of jwtkit. */
export function knownVariables(): ReadonlySet<string> {
  const ofOptions = optionVariables.match(/\w+/g) ?? [];
  return new Set([...ofOptions.map((name) => `JWTKIT_${name}`), 'JWTKIT_CACHE_DIR', ...Object.values(serveVariables)]);
}
