import { EnrollmentError } from './enrollment-error.js';

/** Throws VALID_UNTIL_OUT_OF_RANGE unless the end lies ahead, and by no more than `longest` seconds. */
export function checkValidUntil(validUntil: number, now: number, longest: number): void {
  if (validUntil > now && validUntil <= now + longest) return;
  const context = { validUntil, notBefore: now, notAfter: now + longest };
  throw new EnrollmentError('VALID_UNTIL_OUT_OF_RANGE', context, `validUntil must be in (${now}, ${now + longest}]`);
}
