import type { Certificate } from '@touchmark/x509';

import type { RevocationPolicy } from '../revocation/revocation-source.js';
import type { PolicyInputs } from './policies/valid-policies.js';
import type { Profile } from './profiles/profile.js';

/** What holds for the paths that end at one trust anchor; what is left out is as in the request. */
export interface AnchorPolicy {
  readonly profile?: Profile;
  readonly revocation?: RevocationPolicy;
  /**
   * When the CA certificates and the anchor must have been valid: `now`, at the time asked about (RFC 5280 6.1.3 (a)(2)), or
   * `when-issued`, at notBefore of the certificate below (the chain model): a factory CA may have ended long before the devices
   * whose IDevIDs it made. The end entity itself is valid at the time asked about in either case.
   */
  readonly validity?: Validity;
  readonly requireExtKeyUsage?: boolean;
  /** Policies are named in the domain of the anchor: what is acceptable under one says nothing under another. */
  readonly policies?: PolicyInputs;
}

export type Validity = 'now' | 'when-issued';

/** Asked for each trust anchor that a path reaches; undefined for one that has no policy of its own. */
export type AnchorPolicies = (anchor: Certificate) => AnchorPolicy | undefined;
