import { equalBytes, Oid } from '@touchmark/der';
import { type Certificate, type CertificationRequest, isEmptyName, type Name, parseName } from '@touchmark/x509';

import type { CertificateNames } from './certificate-names.js';
import { IssuanceError } from './issuance-error.js';

/**
 * What a first request may ask for (simpleenroll): subject empty or the profile's, subjectAltName absent or the profile's,
 * nothing else. The names of the certificate come from the profile in every case; a request never widens it.
 *
 * Throws IssuanceError CSR_SUBJECT_MISMATCH, CSR_SAN_MISMATCH, CSR_EXTENSION_REFUSED.
 */
export function checkRequestedNames(request: CertificationRequest, names: CertificateNames): void {
  if (!isEmptyName(request.subject) && !isSameName(request.subject, names.subject)) {
    throw new IssuanceError('CSR_SUBJECT_MISMATCH', {});
  }
  for (const [oid, { value }] of request.requestedExtensions) {
    if (oid !== Oid.subjectAltName) throw new IssuanceError('CSR_EXTENSION_REFUSED', { oid });
    if (names.subjectAltName === undefined || !equalBytes(value, names.subjectAltName)) {
      throw new IssuanceError('CSR_SAN_MISMATCH', {});
    }
  }
}

/**
 * What a request must ask for when the holder of `presented` asks again (simplereenroll, RFC 7030 4.2.2): subject and
 * subjectAltName octet for octet those of the certificate. Other extensions are passed over if the certificate has the very
 * same ones, as `openssl x509 -x509toreq -copy_extensions copyall` writes them, and refused if not.
 *
 * Throws IssuanceError CSR_SUBJECT_MISMATCH, CSR_SAN_MISMATCH, CSR_EXTENSION_REFUSED.
 */
export function checkReenrollNames(request: CertificationRequest, presented: Certificate): void {
  if (!equalBytes(request.subject, presented.subject)) throw new IssuanceError('CSR_SUBJECT_MISMATCH', {});
  const asked = request.requestedExtensions.get(Oid.subjectAltName)?.value;
  const held = presented.extensions.get(Oid.subjectAltName)?.value;
  const bothAbsent = asked === undefined && held === undefined;
  if (!bothAbsent && (asked === undefined || held === undefined || !equalBytes(asked, held))) {
    throw new IssuanceError('CSR_SAN_MISMATCH', {});
  }
  for (const [oid, { critical, value }] of request.requestedExtensions) {
    const own = presented.extensions.get(oid);
    if (own === undefined || own.critical !== critical || !equalBytes(own.value, value)) {
      throw new IssuanceError('CSR_EXTENSION_REFUSED', { oid });
    }
  }
}

// Same attributes with the same text: Go writes PrintableString where we and openssl write UTF8String (RFC 5280 7.1).
function isSameName(asked: Uint8Array, own: Uint8Array): boolean {
  if (equalBytes(asked, own)) return true;
  const a = parseAskedName(asked);
  const b = parseName(own);
  return a.length === b.length && a.every((_, rdn) => isSameRdn(a, b, rdn));
}

// A request may hold text that is none; its structure was read before.
function parseAskedName(der: Uint8Array): Name {
  try {
    return parseName(der);
  } catch (cause) {
    throw new IssuanceError('CSR_SUBJECT_MISMATCH', {}, { cause });
  }
}

function isSameRdn(a: Name, b: Name, rdn: number): boolean {
  const [left, ...moreLeft] = a[rdn] ?? [];
  const [right, ...moreRight] = b[rdn] ?? [];
  if (left === undefined || right === undefined || moreLeft.length > 0 || moreRight.length > 0) return false;
  return left.type === right.type && left.value !== undefined && left.value === right.value;
}
