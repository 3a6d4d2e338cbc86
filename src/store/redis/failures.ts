/** Errors of Redis in words. */
import { errorCodeOf, JwtkitError } from '../../errors.js';
import { connectionProblem } from '../connection-problem.js';
import { mostWaiting, ShownReason } from './connection.js';

/** Makes a STORE_UNAVAILABLE of any error. `what` begins the message. */
export function storeError(what: string, cause: unknown): JwtkitError {
  if (cause instanceof JwtkitError) return cause;
  const [reason, hint] = reasonOf(cause);
  return new JwtkitError('STORE_UNAVAILABLE', `${what}: ${reason}`, { hint, cause });
}

/** Whether the server does not allow a command to this user. */
export function isForbidden(error: unknown): boolean {
  return error instanceof Error && /^(?:NOPERM|ERR The user executing the script)/.test(error.message);
}

/** Returns the reason from a list of known errors. A server's own text could repeat what was sent. */
export function reasonOf(error: unknown): readonly [reason: string, hint?: string] {
  if (!(error instanceof Error)) return ['unknown reason'];
  if (error instanceof ShownReason) return error.hint === undefined ? [error.message] : [error.message, error.hint];
  // The client wraps the error that ended its attempts to connect.
  if ('originalError' in error) return reasonOf(error.originalError);
  const [reply = ''] = /^[A-Z]+\b/.exec(error.message) ?? [];
  const known = replies[reply];
  if (known !== undefined) return [known];
  const problem = connectionProblem(errorCodeOf(error));
  if (problem !== undefined) return problem;
  if (error.message === 'The queue is full') return [`it has ${mostWaiting} questions to answer`];
  // Not by their classes, whose names the bundle shortens.
  if (unreachable.includes(error.message)) return ['it cannot be reached'];
  if (error.message.startsWith('Socket timeout')) return ['it did not answer'];
  if (reply !== '') return [`it answers with an error (${reply})`];
  return [error.name === 'Error' ? 'it does not answer as Redis does' : error.name];
}

/** Messages of the client's errors about a lost connection. */
const unreachable = [
  'Connection timeout',
  'The client is closed',
  'The client is offline',
  'Disconnects client',
  'Socket closed unexpectedly',
  'All the root nodes are unavailable',
];

const replies: Readonly<Record<string, string>> = {
  LOADING: 'it is loading its data (LOADING)',
  READONLY: 'it is a read-only replica (READONLY)',
  OOM: 'its memory is full (OOM)',
  MISCONF: 'it cannot save to its disk and refuses writes (MISCONF)',
  NOAUTH: 'it asks for a password (NOAUTH)',
  WRONGPASS: 'it does not accept the user and password (WRONGPASS)',
  NOPERM: 'the user may not run the command (NOPERM)',
  CLUSTERDOWN: 'the cluster is down (CLUSTERDOWN)',
  MASTERDOWN: 'its master is down (MASTERDOWN)',
  NOREPLICAS: 'it has too few replicas to write (NOREPLICAS)',
  BUSY: 'it is busy with a script (BUSY)',
  TRYAGAIN: 'the cluster is moving the entry (TRYAGAIN)',
  ASK: 'the cluster is moving the entry (ASK)',
  MOVED: 'the cluster has moved the entry (MOVED)',
};
