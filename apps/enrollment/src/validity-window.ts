import { EnrollmentError } from './enrollment-error.js';

/** Tokens and batches end within this many seconds: no longer than a certificate may live. */
const LONGEST_SECONDS = 398 * 86_400;

/** Throws VALID_UNTIL_OUT_OF_RANGE unless the end lies ahead, and by no more than 398 days. */
export function checkValidUntil(validUntil: number, now: number): void {
  const last = now + LONGEST_SECONDS;
  if (validUntil > now && validUntil <= last) return;
  const context = { validUntil, notBefore: now, notAfter: last };
  throw new EnrollmentError('VALID_UNTIL_OUT_OF_RANGE', context, `validUntil must be in (${now}, ${last}]`);
}
