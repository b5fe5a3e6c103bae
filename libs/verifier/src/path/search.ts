import type { AnchorTerms } from './anchor-terms.js';
import type { Budget } from './budget.js';
import type { Purpose } from './certificate-checks.js';
import type { CertificatePool } from './certificate-pool.js';
import type { KnownAnchors } from './known-certificates.js';
import type { PathCertificate } from './path-certificate.js';

/** What a search for a path goes by. */
export interface Search {
  readonly purpose: Purpose;
  /** Whole UTC seconds. */
  readonly at: number;
  readonly maxDepth: number;
  readonly budget: Budget;
  readonly anchors: Pick<KnownAnchors, 'pool' | 'arePlain' | 'allowEnded'>;
  readonly known: CertificatePool;
  readonly presented: CertificatePool;
  /** Of an anchor in `anchors.pool`. */
  termsOf(anchor: PathCertificate): Required<AnchorTerms>;
  /** How many paths of signers of status this one is inside of: 0 for the path of the end entity. */
  readonly signerDepth: number;
}

export interface FoundPath {
  /** From the end entity to the trust anchor. */
  readonly path: readonly PathCertificate[];
  /** As in `PathResult`. */
  readonly certificatePolicies: readonly string[];
}
