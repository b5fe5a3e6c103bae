import type { Certificate } from '@touchmark/x509';

import type { VerifierError } from '../error.js';
import type { RevocationPolicy } from '../revocation/revocation-source.js';
import type { AnchorPolicies } from './anchor-policy.js';
import type { Purpose } from './certificate-checks.js';
import type { PolicyInputs } from './policies/valid-policies.js';
import type { Profile } from './profiles/profile.js';

export interface PathRequest {
  /** What was presented, DER: the end entity first, then any CA certificates in any order; those are hints. */
  readonly chain: readonly Uint8Array[];
  /**
   * Held to their own dates, basicConstraints, keyUsage and extKeyUsage (RFC 5937). One that is presented as an end entity is not
   * accepted: anchors issue. Keep the objects and the array: what is read of them is kept.
   */
  readonly trustAnchors: readonly Certificate[];
  /** CA certificates already known, however many, tried before those presented; none if left out. Keep the objects and the array. */
  readonly intermediates?: readonly Certificate[];
  /** UTC seconds; fractions are cut off. */
  readonly at: number;
  readonly purpose: Purpose;
  /** Whether the end entity must have extKeyUsage; true if left out. IDevIDs have none. */
  readonly requireExtKeyUsage?: boolean;
  readonly revocation: RevocationPolicy;
  /** For anchors that differ in profile, revocation, validity and need of extKeyUsage: those of other vendors, for example. */
  readonly anchorPolicy?: AnchorPolicies;
  /** `device` if left out. */
  readonly profile?: Profile;
  /** Certificate policies (RFC 5280 6.1.1): any is acceptable and none required if left out. */
  readonly policies?: PolicyInputs;
  /** CA certificates between the end entity and the trust anchor at most; 7 if left out. */
  readonly maxDepth?: number;
  /** Which serial numbers are read in `chain`: `positive`, of 1 to 20 octets, if left out; `any` takes whatever is an INTEGER. */
  readonly serialNumbers?: 'positive' | 'any';
  /** Milliseconds of a clock that nobody sets, for the budget of time; `performance.now` if left out. */
  readonly monotonic?: () => number;
}

export type PathResult =
  /**
   * `path` runs from the end entity to the trust anchor. `policies` are the acceptable certificate policies that hold for all of it,
   * dotted, by their names in the domain of the trust anchor; anyPolicy (2.5.29.32.0) stands for all.
   */
  | {
      readonly ok: true;
      readonly path: readonly Certificate[];
      readonly leaf: Certificate;
      readonly policies: readonly string[];
    }
  | { readonly ok: false; readonly error: VerifierError };
