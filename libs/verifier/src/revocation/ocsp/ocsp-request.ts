import { type Certificate, encodeOcspRequest, parseCertificate, parseSubjectPublicKeyInfo } from '@touchmark/x509';

/**
 * The OCSP request for a certificate of a path, DER, with a SHA-256 CertID (RFC 9919 asks clients for that). POST it as
 * `application/ocsp-request`, and hand the answer and the same nonce to `OcspSource.add`.
 *
 * @param certificate DER, or as parsed; for `Accepted.path` that at one place
 * @param issuer the same; that at the next place
 * @param nonce 32 octets of a CSPRNG; without it the answer may be one made for all, and caches may keep it
 * @throws X509Error for octets that are no certificate, TypeError for a nonce of another length
 */
export function ocspRequestFor(
  certificate: Uint8Array | Certificate,
  issuer: Uint8Array | Certificate,
  nonce?: Uint8Array,
): Uint8Array {
  const { issuer: name, serialNumber } = parsed(certificate);
  const issuerKey = parseSubjectPublicKeyInfo(parsed(issuer).subjectPublicKeyInfo);
  return encodeOcspRequest({
    requestList: [{ hashAlgorithm: 'sha256', issuer: name, issuerKey, serialNumber }],
    ...(nonce === undefined ? {} : { nonce }),
  });
}

function parsed(given: Uint8Array | Certificate): Certificate {
  return given instanceof Uint8Array ? parseCertificate(given) : given;
}
