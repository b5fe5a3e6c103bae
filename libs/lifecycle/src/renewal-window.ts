/** notAfter of a certificate without a well-defined end, 99991231235959Z (RFC 5280 section 4.1.2.5), in UTC seconds. */
const NO_WELL_DEFINED_EXPIRATION = 253_402_300_799;

/**
 * Part of the lifetime after which the window opens by default. Devices spread their renewals over [1/2, 2/3] of it, so
 * the window has to be open at 1/2: one that opened later would hand the early half its old certificate back.
 */
export const RENEWAL_FRACTION = 1 / 2;

/**
 * UTC second from which a request with the same key gets a new certificate instead of the same one again.
 * `undefined`, never, for a certificate without a well-defined end. TypeError for a validity that runs backwards or a
 * fraction outside 0 to 1.
 */
export function renewAfter(notBefore: number, notAfter: number, fraction = RENEWAL_FRACTION): number | undefined {
  if (!(notAfter >= notBefore)) throw new TypeError('notAfter is before notBefore');
  if (!(fraction >= 0 && fraction <= 1)) throw new TypeError('fraction is outside 0 to 1');
  if (notAfter >= NO_WELL_DEFINED_EXPIRATION) return undefined;
  return notBefore + Math.ceil((notAfter - notBefore) * fraction);
}

/** Whether the window that opens at `opensAt` is open at `now`, both in UTC seconds. */
export function isRenewalWindowOpen(opensAt: number | undefined, now: number): boolean {
  return opensAt !== undefined && now >= opensAt;
}
