import type { Certificate } from '@touchmark/x509';

import type { RevocationPolicy } from '../revocation/revocation-source.js';
import type { PolicyInputs } from './policies/valid-policies.js';
import type { Profile } from './profiles/profile.js';

/** What holds for the paths that end at one trust anchor; what is left out is as in the request. */
export interface AnchorTerms {
  readonly profile?: Profile;
  readonly revocation?: RevocationPolicy;
  /**
   * When the CA certificates and the anchor must have been valid: `now`, at the time asked about (RFC 5280 6.1.3 (a)(2)), or
   * `when-issued`, at notBefore of the certificate below (the chain model): a factory CA may have ended long before the devices
   * whose IDevIDs it made. The end entity itself is valid at the time asked about in either case. `now` if left out.
   */
  readonly validity?: Validity;
  readonly requireExtKeyUsage?: boolean;
  /** Policies are named in the domain of the anchor: what is acceptable under one says nothing under another. */
  readonly certificatePolicies?: PolicyInputs;
}

export type Validity = 'now' | 'when-issued';

/** A trust anchor with terms of its own. They bind the paths that end at it, not the CA: another anchor may lead to the same one. */
export interface TrustAnchor extends AnchorTerms {
  /** DER, or as it was parsed. */
  readonly certificate: Uint8Array | Certificate;
}

/** The terms of an anchor, all of them. */
export function termsUnder(
  request: Omit<AnchorTerms, 'validity'> & { readonly revocation: RevocationPolicy },
  own: AnchorTerms,
): Required<AnchorTerms> {
  return {
    profile: own.profile ?? request.profile ?? 'device',
    revocation: own.revocation ?? request.revocation,
    validity: own.validity ?? 'now',
    requireExtKeyUsage: own.requireExtKeyUsage ?? request.requireExtKeyUsage ?? true,
    certificatePolicies: own.certificatePolicies ?? request.certificatePolicies ?? {},
  };
}
