import type { RenewedServiceCertificate } from '@touchmark/ca-port';
import { equalBytes, Oid } from '@touchmark/der';
import { type Certificate, parseCertificate, verifySignature, X509Error } from '@touchmark/x509';
import type { Credential } from './credential.js';
import { CredentialsError } from './error.js';

/**
 * Whether what was answered can take the place of a credential: for the key that was asked for, for the same holder, in force, and
 * signed by an issuer that the process trusts already. A relay in between could otherwise make it throw away what works.
 * Throws CredentialsError RENEWAL_ANSWER_INVALID.
 */
export function checkSuccessor(
  current: Credential,
  answer: RenewedServiceCertificate,
  expected: { readonly subjectPublicKeyInfo: Uint8Array; readonly anchors: readonly Uint8Array[]; readonly at: number },
): void {
  const { name } = current;
  const { certificate, issuer } = read(name, answer);
  const good =
    expected.anchors.some((anchor) => equalBytes(anchor, answer.issuerCertificate)) &&
    equalBytes(certificate.subjectPublicKeyInfo, expected.subjectPublicKeyInfo) &&
    equalBytes(certificate.subject, current.certificate.subject) &&
    sameAlternativeNames(certificate, current.certificate) &&
    certificate.notBefore <= expected.at &&
    expected.at <= certificate.notAfter &&
    equalBytes(certificate.issuer, issuer.subject) &&
    isSignedBy(certificate, issuer);
  if (!good) throw new CredentialsError('RENEWAL_ANSWER_INVALID', { name });
}

function read(name: string, answer: RenewedServiceCertificate): { certificate: Certificate; issuer: Certificate } {
  try {
    return {
      certificate: parseCertificate(answer.certificate),
      issuer: parseCertificate(answer.issuerCertificate),
    };
  } catch (error) {
    if (error instanceof X509Error) throw new CredentialsError('RENEWAL_ANSWER_INVALID', { name }, error);
    throw error;
  }
}

function sameAlternativeNames(a: Certificate, b: Certificate): boolean {
  const [x, y] = [a.extensions.get(Oid.subjectAltName)?.value, b.extensions.get(Oid.subjectAltName)?.value];
  return x !== undefined && y !== undefined && equalBytes(x, y);
}

function isSignedBy(certificate: Certificate, issuer: Certificate): boolean {
  try {
    return verifySignature({
      algorithm: certificate.signatureAlgorithm,
      subjectPublicKeyInfo: issuer.subjectPublicKeyInfo,
      data: certificate.tbsCertificate,
      signature: certificate.signature,
    });
  } catch (error) {
    if (error instanceof X509Error) return false;
    throw error;
  }
}
