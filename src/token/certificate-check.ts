/** Whether the certificate of a key is valid at a moment: outside of its dates the key is not trusted, as a retired one is not. */
import type { Key } from '../jose/key.js';
import { failed, type Outcome, passed } from './claim-checks.js';
import type { VerifyPolicy } from './policy.js';
import { formatDistance, formatMoment } from './time.js';

/** The check of a key's certificate, undefined for a key that came without one. Both ends of its time belong to it. */
export function checkCertificate({ validity, source }: Key, policy: VerifyPolicy, now: number): Outcome | undefined {
  if (validity === undefined) return undefined;
  const { notBefore, notAfter } = validity;
  const leeway = policy.leeway ?? 0;
  const subject = `certificate${source === undefined ? '' : ` ${source}`}`;
  const at = (moment: number) => `${formatDistance(moment, now)} (${formatMoment(moment)})`;
  if (Math.floor(now + leeway) < notBefore) {
    const describe = () =>
      `the ${subject} is not valid before ${formatMoment(notBefore)} (${formatDistance(notBefore, now)})`;
    return failed('certificate', 'CERTIFICATE_NOT_YET_VALID', describe, 'a leeway bears with clocks that differ');
  }
  if (Math.floor(now - leeway) <= notAfter) {
    const isOver = now > notAfter;
    return passed('certificate', () =>
      isOver ? `within the leeway, expired ${at(notAfter)}` : `expires ${at(notAfter)}`,
    );
  }
  if (policy.allowExpiredCertificate === true) return passed('certificate', () => `expired ${at(notAfter)}, allowed`);
  const hint = 'trust the renewed certificate, or pass --allow-expired-cert';
  return failed('certificate', 'CERTIFICATE_EXPIRED', () => `the ${subject} expired ${at(notAfter)}`, hint);
}
