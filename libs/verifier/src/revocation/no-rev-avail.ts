import { Oid } from '@touchmark/der';
import { parseAuthorityInfoAccess, X509Error } from '@touchmark/x509';

import { type NoRevAvailContradiction, VerifierError } from '../error.js';
import type { PathCertificate } from '../path/path-certificate.js';

/**
 * RFC 9608 3: noRevAvail is for end entities, and not beside a pointer to revocation data: whoever does not know the extension
 * would ask there. Throws VerifierError NO_REV_AVAIL_CONTRADICTED.
 */
export function checkNoRevAvail(subject: PathCertificate, depth: number): void {
  const by = contradictionIn(subject);
  if (by !== undefined) throw new VerifierError({ code: 'NO_REV_AVAIL_CONTRADICTED', depth, by });
}

function contradictionIn({
  certificate: { extensions },
  basicConstraints,
}: PathCertificate): NoRevAvailContradiction | undefined {
  if (basicConstraints?.cA === true) return 'basicConstraints';
  if (extensions.has(Oid.cRLDistributionPoints)) return 'cRLDistributionPoints';
  if (extensions.has(Oid.freshestCRL)) return 'freshestCRL';
  const access = extensions.get(Oid.authorityInfoAccess);
  return access !== undefined && mayPointToOcsp(access.value) ? 'authorityInfoAccess' : undefined;
}

// What cannot be read may be anything.
function mayPointToOcsp(authorityInfoAccess: Uint8Array): boolean {
  try {
    return parseAuthorityInfoAccess(authorityInfoAccess).ocsp.length > 0;
  } catch (error) {
    if (error instanceof X509Error) return true;
    throw error;
  }
}
