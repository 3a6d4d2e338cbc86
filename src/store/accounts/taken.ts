/** Names and subjects that an account has already. */
import { JwtkitError } from '../../errors.js';
import { quoteText } from '../../jose/json.js';

/** A file of accounts, and which of their members have to differ from each other. */
interface Unique<T> {
  readonly list: 'users' | 'clients';
  readonly unique: readonly (readonly (keyof T & string)[])[];
}

/** How an account is changed that somebody wants to add a second time. */
const waysToChange = {
  users: 'jwtkit users set changes it, jwtkit users passwd its password',
  clients: 'jwtkit clients set changes it, jwtkit clients rotate its secret',
} as const;

/** @throws {JwtkitError} ACCOUNT_EXISTS for an account that shares a name, `sub` or id with another one. */
export function refuseTaken<T>(
  accounts: readonly T[],
  { list, unique }: Unique<T>,
  added: readonly Partial<T>[],
): void {
  for (const members of unique) {
    const known = new Map(accounts.flatMap((one) => members.map((member) => [one[member] as unknown, member])));
    for (const one of added) {
      for (const member of members) {
        const taken = known.get(one[member]);
        if (taken === undefined) continue;
        const value = quoteText(String(one[member]));
        throw new JwtkitError('ACCOUNT_EXISTS', `there is a ${list.slice(0, -1)} with the ${taken} ${value} already`, {
          hint: taken === 'name' ? waysToChange[list] : undefined,
        });
      }
    }
  }
}
