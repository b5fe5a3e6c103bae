import { equalBytes, Oid } from '@touchmark/der';

import type { PathCertificate } from './path-certificate.js';

/**
 * Whether the same entity stands in the path: one name with one key and one subjectAltName, as Go's crypto/x509 has it. Cross
 * certificates differ as octets, so those cannot tell a loop. A trust anchor that is presented as an end entity is not its own
 * issuer either: nobody could revoke it.
 */
export function isAlreadyIn(path: readonly PathCertificate[], issuer: PathCertificate): boolean {
  return path.some((certificate) => certificate === issuer || isSameEntity(certificate, issuer));
}

function isSameEntity(a: PathCertificate, b: PathCertificate): boolean {
  return (
    equalBytes(a.certificate.subjectPublicKeyInfo, b.certificate.subjectPublicKeyInfo) &&
    a.subjectKey === b.subjectKey &&
    isSameValue(
      a.certificate.extensions.get(Oid.subjectAltName)?.value,
      b.certificate.extensions.get(Oid.subjectAltName)?.value,
    )
  );
}

function isSameValue(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  return a === undefined || b === undefined ? a === b : equalBytes(a, b);
}
