import { equalBytes } from '@touchmark/der';
import { equalNames } from '@touchmark/x509';

import type { PathCertificate } from './path-certificate.js';

/**
 * Those that may be the issuer, the likeliest first (RFC 4158 3.5): by keyIdentifier, then by the issuer and serial number that
 * authorityKeyIdentifier may name. They are hints: a certificate that differs is tried last, not left out.
 */
export function likeliestFirst(
  signed: PathCertificate,
  candidates: readonly PathCertificate[],
): readonly PathCertificate[] {
  if (candidates.length < 2) return candidates;
  return candidates
    .map((candidate) => ({ candidate, doubt: doubtOf(signed, candidate) }))
    .toSorted((a, b) => a.doubt - b.doubt)
    .map(({ candidate }) => candidate);
}

function doubtOf(signed: PathCertificate, issuer: PathCertificate): number {
  return 2 * keyDoubt(signed, issuer) + certificateDoubt(signed, issuer);
}

// 1 where it cannot be told.
function keyDoubt({ authorityKeyIdentifier }: PathCertificate, { subjectKeyIdentifier }: PathCertificate): number {
  if (authorityKeyIdentifier === undefined || subjectKeyIdentifier === undefined) return 1;
  return equalBytes(authorityKeyIdentifier, subjectKeyIdentifier) ? 0 : 2;
}

function certificateDoubt({ authorityCert }: PathCertificate, { certificate }: PathCertificate): number {
  if (authorityCert === undefined || !equalBytes(authorityCert.serialNumber, certificate.serialNumber)) return 1;
  const { issuer } = authorityCert;
  return issuer.some((name) => name.kind === 'directoryName' && equalNames(name.value, certificate.issuer)) ? 0 : 1;
}
