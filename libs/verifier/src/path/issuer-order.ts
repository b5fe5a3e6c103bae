import { equalBytes } from '@touchmark/der';

import type { PathCertificate } from './path-certificate.js';

/**
 * Those that may be the issuer, the likeliest first (RFC 4158 3.5): by keyIdentifier, then by the issuer and serial number that
 * authorityKeyIdentifier may name, then those that are valid at that time (UTC seconds). They are hints: a certificate that differs
 * is tried last, not left out.
 */
export function likeliestFirst(
  signed: PathCertificate,
  candidates: readonly PathCertificate[],
  at: number,
): readonly PathCertificate[] {
  if (candidates.length < 2) return candidates;
  const byDoubt: PathCertificate[][] = [];
  for (const candidate of candidates) {
    const { notBefore, notAfter } = candidate.certificate;
    const doubt = 4 * keyDoubt(signed, candidate) + 2 * certificateDoubt(signed, candidate);
    (byDoubt[doubt + (notBefore <= at && at <= notAfter ? 0 : 1)] ??= []).push(candidate);
  }
  return byDoubt.flat();
}

// 1 where it cannot be told.
function keyDoubt({ authorityKeyIdentifier }: PathCertificate, { subjectKeyIdentifier }: PathCertificate): number {
  if (authorityKeyIdentifier === undefined || subjectKeyIdentifier === undefined) return 1;
  return equalBytes(authorityKeyIdentifier, subjectKeyIdentifier) ? 0 : 2;
}

function certificateDoubt(signed: PathCertificate, { certificate, issuerKey }: PathCertificate): number {
  const { authorityCert } = signed;
  if (authorityCert === undefined || !equalBytes(authorityCert.serialNumber, certificate.serialNumber)) return 1;
  return signed.authorityCertIssuerKeys.has(issuerKey) ? 0 : 1;
}
