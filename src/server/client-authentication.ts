/** Clients that authenticate with an id and a secret (RFC 6749 §2.3.1), in the header or in the form. */
import type { FastifyRequest } from 'fastify';
import { type Client, isClientSecret } from '../token/account.js';
import type { DecodedToken } from '../token/decode.js';
import { readForm } from './form.js';
import { Refusal } from './refusal.js';
import type { ServiceDeps } from './service.js';

interface Credentials {
  readonly id: string;
  readonly secret: string;
}

/**
 * Returns the client of a request.
 * @throws {Refusal} 401 invalid_client if the request names none, or its secret is wrong.
 */
export function authenticateClient(request: FastifyRequest, deps: ServiceDeps): Client {
  const client = findClient(request, deps);
  if (client === undefined) throw invalidClient('Client authentication is required');
  return client;
}

/**
 * Returns the client of a request; undefined if it names none, since a log-in and a log-out of a user need no client. A registered
 * client must authenticate wherever it names itself (RFC 6749 §3.2.1). A public client may name itself without a secret, or with an
 * empty one (§2.3.1). It is not registered here, and counts as none. The difference shows which ids are registered; they are no secrets.
 * @throws {Refusal} 401 invalid_client for a wrong secret, a registered client without one, or an unknown client with one.
 */
export function findClient(request: FastifyRequest, { accounts }: ServiceDeps): Client | undefined {
  const readings = readCredentials(request);
  if (readings === undefined) return undefined;
  // All are compared, so that the time does not tell which one is right.
  const compared = readings.map(({ id, secret }) => {
    const client = accounts.clientById(id);
    return { client, isRight: isClientSecret(client, secret), isPublic: client === undefined && secret === '' };
  });
  const right = compared.find(({ isRight }) => isRight);
  if (right === undefined && !compared.every(({ isPublic }) => isPublic)) {
    throw invalidClient('Invalid client credentials');
  }
  return right?.client;
}

/** Returns the credentials of a request in each way that they can be read. */
function readCredentials(request: FastifyRequest): Credentials[] | undefined {
  const fromHeader = readBasic(request.headers.authorization);
  const { client_id: id, client_secret: secret } = readForm(request, [], ['client_id', 'client_secret']);
  const fromForm = id !== undefined ? [{ id, secret: secret ?? '' }] : undefined;
  const isOther = id !== undefined && fromHeader?.every((each) => each.id !== id);
  if (fromHeader !== undefined && (secret !== undefined || isOther)) {
    throw new Refusal(400, 'The client authenticates twice', { error: 'invalid_request' });
  }
  return fromHeader ?? fromForm;
}

/**
 * Reads the header of RFC 7617. Each half is form-encoded (RFC 6749 §2.3.1), but many clients send it as it is, such as curl: a
 * secret with `+` or `%` is another one in each reading. An empty id and secret, as browsers' tools send them, count as none.
 */
function readBasic(authorization: string | undefined): Credentials[] | undefined {
  if (authorization?.slice(0, 6).toLowerCase() !== 'basic ') return undefined;
  const text = Buffer.from(authorization.slice(6).trim(), 'base64').toString('utf8');
  const at = text.indexOf(':');
  if (at < 0) throw invalidClient('Invalid client credentials');
  const raw = { id: text.slice(0, at), secret: text.slice(at + 1) };
  if (raw.id === '' && raw.secret === '') return undefined;
  const [id, secret] = [decodeForm(raw.id), decodeForm(raw.secret)];
  const isReadable = id !== undefined && secret !== undefined;
  if (!isReadable) return [raw];
  return id === raw.id && secret === raw.secret ? [raw] : [{ id, secret }, raw];
}

function decodeForm(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    return undefined;
  }
}

/** The refusal of a request that lacks the right credentials (RFC 6749 §5.2). `token` is what it asked for, for the log. */
export function invalidClient(detail: string, token?: DecodedToken): Refusal {
  return new Refusal(401, detail, {
    error: 'invalid_client',
    token,
    headers: { 'www-authenticate': 'Basic realm="jwtkit", charset="UTF-8"' },
  });
}
