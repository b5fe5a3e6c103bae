import { MAX_TIME } from '@touchmark/der';

import { IssuanceError } from './issuance-error.js';
import type { Profile } from './profile.js';

/** UTC seconds, both inclusive (RFC 5280 4.1.2.5). */
export interface Validity {
  readonly notBefore: number;
  readonly notAfter: number;
}

/**
 * When a certificate made at `now` begins and ends: an hour back (the profile's backdate), for `lifetime` seconds or the
 * profile's standard, and never outside of its issuer's validity. A profile that never ends takes no lifetime.
 *
 * Throws IssuanceError VALIDITY_REFUSED where nothing is left, where the lifetime exceeds the profile's longest, and where a
 * certificate that must never end would.
 */
export function validityFor(profile: Profile, issuer: Validity, now: number, lifetime?: number): Validity {
  const notBefore = Math.max(now - profile.backdate, issuer.notBefore);
  if (profile.validity.kind === 'never') {
    if (issuer.notAfter !== MAX_TIME) throw refused(notBefore, issuer.notAfter);
    return { notBefore, notAfter: MAX_TIME };
  }
  const seconds = lifetime ?? profile.validity.standard;
  const notAfter = Math.min(now + seconds, issuer.notAfter);
  if (!(seconds > 0 && seconds <= profile.validity.longest) || now < issuer.notBefore || notAfter <= now) {
    throw refused(notBefore, notAfter);
  }
  return { notBefore, notAfter };
}

function refused(notBefore: number, notAfter: number): IssuanceError {
  return new IssuanceError('VALIDITY_REFUSED', { notBefore, notAfter });
}
