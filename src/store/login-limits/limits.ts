/**
 * Failed log-ins, counted by address and by user over a quarter of an hour: in this process, in the parent of several workers, or in
 * Redis for several machines.
 */
import { createHash, randomBytes } from 'node:crypto';
import { ipBytes } from '../../jose/ip-address.js';
import type { LoginLimits } from '../../token/account.js';
import { withinTimeLimit } from '../redis/connection.js';
import { isForbidden, storeError } from '../redis/failures.js';
import { parseLocation } from '../redis/location.js';
import { makeConnection } from '../redis/open-connection.js';
import { parentPoints } from './parent-points.js';
import { memoryPoints, type PointEnd, pointsWithFallback, pointTaker, type TakenPoint } from './points.js';
import { redisPoints } from './redis-points.js';

/** How many log-ins may fail within a quarter of an hour. */
export interface LoginBounds {
  /** The smallest one. Failed log-ins from an address keep the user from logging in at that address alone. */
  readonly perUserAndAddress: number;
  /** For attempts from many addresses. */
  readonly perUser: number;
  /** More than for one user, since many people may share an address. */
  readonly perAddress: number;
}

/** Returns the bounds for a user at one address, and ten times as much for a user from anywhere and for an address. */
export function loginBounds(attempts = 10): LoginBounds {
  return { perUserAndAddress: attempts, perUser: attempts * 10, perAddress: attempts * 10 };
}

/** Where the counts are kept: in this process, in its parent, or in Redis. */
export type LoginCounts =
  | { readonly in: 'process' }
  | { readonly in: 'parent' }
  | { readonly in: 'redis'; readonly location: string };

/**
 * Open counts of failed log-ins. A wrong password counts; a right one ends its user's count at that address. All processes that share the
 * counts check at most as many simultaneous attempts as may fail. The others wait, since an earlier password may be right.
 */
export interface OpenLoginLimits extends LoginLimits {
  close(): Promise<void>;
}

/**
 * Opens the counts of failed log-ins. While Redis cannot be asked, each process counts for itself.
 * @param note takes a note if the Redis user may not count.
 * @throws {JwtkitError} USAGE_INVALID for a malformed location; STORE_UNAVAILABLE.
 */
export async function openLoginLimits(
  counts: LoginCounts,
  bounds: LoginBounds,
  note: (text: string) => void = () => {},
): Promise<OpenLoginLimits> {
  const { points, close } = await openPoints(counts, note);
  const takeForAddress = pointTaker(points, bounds.perAddress);
  const takeForPair = pointTaker(points, bounds.perUserAndAddress);
  const takeForUser = pointTaker(points, bounds.perUser);
  return {
    async attempt(address, user, check) {
      const network = networkOf(address);
      // The address comes first, so that a blocked address cannot block users; then the pair, so that it cannot block its user.
      const steps = [
        { take: () => takeForAddress(`logins-address:${network}`), ifRight: 'returned' },
        { take: () => takeForPair(`logins-pair:${digest(`${network}\n${user}`)}`), ifRight: 'forgiven' },
        // Not forgiven: a user who logs in gives no fresh attempts to those who guess from elsewhere.
        { take: () => takeForUser(`logins-user:${digest(user)}`), ifRight: 'returned' },
      ] as const;
      const taken: { point: TakenPoint; ifRight: PointEnd }[] = [];
      let isRight: boolean | undefined;
      try {
        for (const { take, ifRight } of steps) {
          const point = await take();
          if (typeof point === 'number') return toSeconds(point);
          taken.push({ point, ifRight });
        }
        isRight = await check();
        return isRight;
      } finally {
        for (const { point, ifRight } of taken.reverse()) {
          // A failed check does not count as a wrong password.
          await point.settle(isRight === undefined ? 'returned' : isRight ? ifRight : 'spent');
        }
      }
    },
    close: async () => close(),
  };
}

async function openPoints(counts: LoginCounts, note: (text: string) => void) {
  if (counts.in === 'process') return { points: memoryPoints(), close: () => {} };
  if (counts.in === 'parent') {
    const points = parentPoints();
    return { points, close: points.close };
  }
  const address = parseLocation(counts.location);
  const connection = await makeConnection(address);
  try {
    await withinTimeLimit(() => connection.connect());
  } catch (cause) {
    connection.destroy();
    throw storeError('the Redis store that counts log-ins cannot be reached', cause);
  }
  const shared = redisPoints(connection, address.prefix);
  try {
    const id = randomBytes(9).toString('base64url');
    await shared.take('logins-try', 1_000_000, id);
    await shared.settle('logins-try', id, 'forgiven');
  } catch (error) {
    if (isForbidden(error))
      note('the user of the Redis store may not count log-ins there: each process counts for itself');
  }
  return { points: pointsWithFallback(shared, memoryPoints()), close: () => connection.destroy() };
}

/** Keys have digests: a name may be long, and the store should not show it. */
function digest(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('base64url');
}

function toSeconds(milliseconds: number): number {
  return Math.max(1, Math.ceil(milliseconds / 1000));
}

/** An IPv6 address counts as its /64 network, since one user has all its addresses (RFC 6177). */
function networkOf(address: string): string {
  const bytes = ipBytes(address.replace(/%.*/, ''));
  if (bytes?.length !== 16) return address;
  const isMappedIpv4 = bytes.readUIntBE(0, 6) === 0 && bytes.readUIntBE(6, 6) === 0xffff;
  if (isMappedIpv4) return bytes.subarray(12).join('.');
  return `${[0, 2, 4, 6].map((at) => bytes.readUInt16BE(at).toString(16)).join(':')}::/64`;
}
