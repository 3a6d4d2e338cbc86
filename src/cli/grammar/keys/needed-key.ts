/** Which key an encrypted token takes, and whether the keyring of this folder has it. The header is not trusted: it only shapes a note. */
import { join } from 'node:path';
import { JwtkitError } from '../../../errors.js';
import { asText, isJsonObject, type JsonObject, own, quoteText } from '../../../jose/json.js';
import { isKeyManagementName, keyManagement, refusalOfAlgorithm } from '../../../jwe/algorithms.js';
import { parseJwe } from '../../../jwe/parse.js';
import { readMembers } from '../../../store/keyring/directory.js';
import type { Environment, Io } from '../../terminal/io.js';
import { readVariable } from '../../terminal/variables.js';
import { defaultKeyring } from '../shared-options.js';
import { refuseUntrusted } from '../unnamed-places.js';

/** Notes which key decrypts a token. A text that is no sound JWE gets no note. */
export function noteNeededKey(token: string, env: Environment, io: Io): void {
  let headers: readonly JsonObject[];
  try {
    headers = parseJwe(token).recipients.map(({ header }) => header);
  } catch (error) {
    if (error instanceof JwtkitError) return;
    throw error;
  }
  const named = readVariable(env, 'JWTKIT_KEYRING');
  const folder = named ?? join(io.workingFolder ?? '', defaultKeyring);
  const isUsed = named !== undefined || isTrusted(folder, io);
  for (const header of headers) io.note(describeNeed(header, folder, isUsed));
}

/** Whether a keyring that nobody named may be read: one that others can write could hold a pipe that never ends. */
function isTrusted(folder: string, io: Io): boolean {
  try {
    refuseUntrusted(folder, `--keyring ${folder} trusts it`, io);
    return true;
  } catch (error) {
    if (error instanceof JwtkitError) return false;
    throw error;
  }
}

function describeNeed(header: JsonObject, folder: string, isUsed: boolean): string {
  const alg = asText(header.alg);
  const reason = refusalOfAlgorithm(alg);
  if (reason !== undefined) return `it does not decrypt here: algorithm ${alg} is refused: ${reason}`;
  if (!isKeyManagementName(alg)) return `it does not decrypt here: algorithm ${quoteText(alg)} is not supported`;
  const { kind } = keyManagement(alg);
  const kid = typeof header.kid === 'string' ? header.kid : undefined;
  const named = kid === undefined ? '' : ` with the kid ${quoteText(kid)}`;
  if (kind === 'passphrase') return 'decrypting it takes its passphrase: jwtkit decrypt --passphrase-file FILE';
  if (kind === 'secret') return `decrypting it takes the shared secret${named}: jwtkit decrypt --secret-file FILE`;
  const epk = own(header, 'epk');
  const crv = isJsonObject(epk) && typeof epk.crv === 'string' ? ` on ${quoteText(epk.crv).slice(1, -1)}` : '';
  const needed = `decrypting it takes the ${kind === 'RSA' ? 'RSA private key' : `private key${crv}`}${named}`;
  if (!isUsed) return `${needed}; the keyring ${folder} is not used: others may write to it, or another user owns it`;
  const answer = { yes: 'has it: jwtkit decrypt', no: 'does not have it', maybe: 'may have it: jwtkit decrypt' };
  return `${needed}; the keyring ${folder} ${answer[keyringHas(folder, kid)]}`;
}

/** Whether a keyring has a private key of a kid; without a kid, whether it has any for encryption. */
function keyringHas(folder: string, kid: string | undefined): 'yes' | 'no' | 'maybe' {
  try {
    const keys = readMembers(folder).encryptionKeys.filter(({ hasPrivateHalf }) => hasPrivateHalf);
    if (kid === undefined) return keys.length > 0 ? 'maybe' : 'no';
    return keys.some((key) => key.kid === kid) ? 'yes' : 'no';
  } catch (error) {
    if (error instanceof JwtkitError) return 'no';
    throw error;
  }
}
