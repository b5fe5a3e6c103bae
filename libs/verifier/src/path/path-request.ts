import type { Certificate } from '@touchmark/x509';

import type { VerifierError } from '../error.js';
import type { RevocationPolicy } from '../revocation/revocation-source.js';
import type { TrustAnchor } from './anchor-terms.js';
import type { Purpose } from './certificate-checks.js';
import type { PolicyInputs } from './policies/valid-policies.js';
import type { Profile } from './profiles/profile.js';

export interface PathRequest {
  /** What was presented, DER: the end entity first, then any CA certificates in any order; those are hints. */
  readonly chain: readonly Uint8Array[];
  /**
   * DER, or as parsed; with terms of its own for one that differs from the others: another vendor's, for example. Held to their own
   * dates, basicConstraints, keyUsage and extKeyUsage (RFC 5937). One that is presented as an end entity is not accepted: anchors issue.
   *
   * Pass the same array each time: it is the key of a cache. What is read of a Certificate, and which signatures were good, is kept
   * with that object; in a new array, DER is parsed anew.
   */
  readonly trustAnchors: readonly (Uint8Array | Certificate | TrustAnchor)[];
  /** CA certificates already known, however many, tried before those presented; none if left out. Pass the same array each time. */
  readonly intermediates?: readonly (Uint8Array | Certificate)[];
  /** UTC seconds; fractions are cut off. */
  readonly at: number;
  /** `server` alone checks no name: see `ServerRequest`. */
  readonly purpose: Purpose;
  /** Whether the end entity must have extKeyUsage; true if left out. IDevIDs have none. */
  readonly requireExtKeyUsage?: boolean;
  readonly revocation: RevocationPolicy;
  /** `device` if left out. */
  readonly profile?: Profile;
  /** Certificate policies (RFC 5280 6.1.1): any is acceptable and none required if left out. */
  readonly certificatePolicies?: PolicyInputs;
  /** CA certificates between the end entity and the trust anchor at most; 7 if left out. */
  readonly maxDepth?: number;
  /** Which serial numbers are read in `chain`: `positive`, of 1 to 20 octets, if left out; `any` takes whatever is an INTEGER. */
  readonly serialNumbers?: 'positive' | 'any';
  /** Milliseconds of a clock that nobody sets, for the budget of time; `performance.now` if left out. */
  readonly monotonic?: () => number;
}

/** For who has called a server. */
export interface ServerRequest extends PathRequest {
  readonly purpose: 'server';
  /** The DNS name or IP address that was asked for (RFC 9525); if it is not the certificate's, PolicyError SERVER_NAME_MISMATCH. */
  readonly serverName: string;
}

export type PathResult<E = VerifierError> =
  /**
   * `path` runs from the end entity to the trust anchor. `certificatePolicies` are the acceptable ones that hold for all of it,
   * dotted, by their names in the domain of the trust anchor; anyPolicy (2.5.29.32.0) stands for all.
   */
  | {
      readonly ok: true;
      readonly path: readonly Certificate[];
      readonly leaf: Certificate;
      readonly certificatePolicies: readonly string[];
    }
  | { readonly ok: false; readonly error: E };
