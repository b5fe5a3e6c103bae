import { revocationOfDelegates } from '../revocation/check-revocation.js';
import { CertificatePool } from './certificate-pool.js';
import type { PathCertificate } from './path-certificate.js';
import type { Profile } from './profiles/profile.js';
import type { Search } from './search.js';

/** How many paths of signers of status may be looked for inside one another: a CRL's signer has a CRL of its own. */
const MAX_SIGNER_DEPTH = 3;

// Who signs status is no server, and a signer of CRLs has cRLSign.
const PROFILES_OF_SIGNERS: Readonly<Record<Profile, Profile>> = {
  device: 'rfc5280-6.1',
  'rfc5280-6.1': 'rfc5280-6.1',
  rfc5280: 'rfc5280',
  web: 'rfc5280',
};

/**
 * How the path is looked for of a certificate that signs CRLs or OCSP responses, to the anchor at which the path ends that is judged
 * (RFC 5280 6.3.3 (f)), under the terms of that anchor; undefined if nobody could say that it is not revoked.
 */
export function signerSearch(search: Search, anchor: PathCertificate, purpose: 'crl' | 'ocsp'): Search | undefined {
  if (search.signerDepth === MAX_SIGNER_DEPTH) return undefined;
  const terms = search.termsOf(anchor);
  const revocation = purpose === 'ocsp' ? revocationOfDelegates(terms.revocation) : terms.revocation;
  if (revocation === undefined) return undefined;
  // What is acceptable is said of the certificate that was presented, not of who signs its status.
  const own = { ...terms, revocation, profile: PROFILES_OF_SIGNERS[terms.profile], certificatePolicies: {} };
  return {
    ...search,
    purpose: purpose === 'ocsp' ? purpose : 'any',
    anchors: { pool: new CertificatePool([anchor]), arePlain: true, allowEnded: terms.validity === 'when-issued' },
    termsOf: () => own,
    signerDepth: search.signerDepth + 1,
  };
}
