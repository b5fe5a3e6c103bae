import { VerifierError } from '../../error.js';
import type { PathCertificate } from '../path-certificate.js';
import type { Position, Profile, ProfileRule } from './profile.js';
import { brokenDeviceRule } from './device-rules.js';
import { brokenRfc5280Rule } from './rfc5280-rules.js';
import { brokenWebRule } from './web-rules.js';

/** Holds a path, end entity first and trust anchor last, to a profile. Throws VerifierError PROFILE_VIOLATED for the first rule that is broken. */
export function checkProfile(path: readonly PathCertificate[], profile: Profile): void {
  if (profile === 'rfc5280-6.1') return;
  for (const [depth, certificate] of path.entries()) {
    const rule = brokenRule(certificate, { depth, isAnchor: depth === path.length - 1 }, profile);
    if (rule !== undefined) throw new VerifierError({ code: 'PROFILE_VIOLATED', depth, profile, rule });
  }
}

function brokenRule(
  certificate: PathCertificate,
  position: Position,
  profile: 'device' | 'rfc5280' | 'web',
): ProfileRule | undefined {
  if (profile === 'device') return position.depth === 0 ? brokenDeviceRule(certificate) : undefined;
  if (profile === 'rfc5280') return brokenRfc5280Rule(certificate, position);
  // Baseline Requirements 7.1.2.10.8 leave it to the CA.
  const exempt = 'nameConstraints not critical';
  return brokenRfc5280Rule(certificate, position, exempt) ?? brokenWebRule(certificate, position);
}
