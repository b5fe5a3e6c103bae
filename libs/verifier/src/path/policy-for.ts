import type { AnchorPolicy } from './anchor-policy.js';
import type { PathCertificate } from './path-certificate.js';
import type { PathRequest } from './path-request.js';

/** The policy of an anchor, all of it. */
export function policyFor(anchor: PathCertificate, request: PathRequest): Required<AnchorPolicy> {
  const own = request.anchorPolicy?.(anchor.certificate) ?? {};
  return {
    profile: own.profile ?? request.profile ?? 'device',
    revocation: own.revocation ?? request.revocation,
    validity: own.validity ?? 'now',
    requireExtKeyUsage: own.requireExtKeyUsage ?? request.requireExtKeyUsage ?? true,
    policies: own.policies ?? request.policies ?? {},
  };
}
