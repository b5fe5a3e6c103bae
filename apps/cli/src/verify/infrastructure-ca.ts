import { equalBytes, Oid } from '@touchmark/der';
import { attributeValue, type Certificate, parseName, verifySignature, X509Error } from '@touchmark/x509';

/** What the root calls the CA that certifies services and status keys: `Touchmark Infrastructure CA G1`. */
const NAME = / Infrastructure CA G\d+$/;

/**
 * Those that the root itself has named infrastructure CA. A name alone says nothing, and neither does a key beside it: whoever sends
 * these certificates could put the name of one CA and the key of another into one.
 */
export function infrastructureCas(certificates: readonly Certificate[], roots: readonly Certificate[]): Certificate[] {
  return certificates.filter((one) => {
    try {
      const name = attributeValue(parseName(one.subject), Oid.commonName) ?? '';
      return NAME.test(name) && roots.some((root) => isSignedBy(one, root));
    } catch (error) {
      if (error instanceof X509Error) return false;
      throw error;
    }
  });
}

function isSignedBy(certificate: Certificate, { subject, subjectPublicKeyInfo }: Certificate): boolean {
  const { issuer, signatureAlgorithm: algorithm, tbsCertificate: data, signature } = certificate;
  return equalBytes(issuer, subject) && verifySignature({ subjectPublicKeyInfo, algorithm, data, signature });
}
