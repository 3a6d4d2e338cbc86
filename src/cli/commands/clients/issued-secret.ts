import type { IssuedSecret } from '../../../store/account-changes.js';
import type { Io } from '../../io.js';
import { printJson } from '../../output.js';

/** Prints a client's id and secret, as lines that a shell can take for assignments or as JSON; nobody can do it again. */
export function printSecret({ client, secret }: IssuedSecret, asJson: boolean, io: Io): void {
  const { id, name, scopes, created } = client;
  if (asJson) printJson(io, { client_id: id, client_secret: secret, name, scopes, created });
  else io.stdout.write(`client_id=${id}\nclient_secret=${secret}\n`);
}
