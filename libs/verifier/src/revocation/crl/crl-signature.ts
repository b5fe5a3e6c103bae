import { toHex } from '@touchmark/der';
import { verifySignature, X509Error } from '@touchmark/x509';

import type { PathCertificate } from '../../path/path-certificate.js';
import type { HeldCrl } from './held-crl.js';

/** What a key is remembered by: SHA-256 of its SubjectPublicKeyInfo, hexadecimal. */
export function keyIdOf(signer: PathCertificate): string {
  return toHex(signer.spkiSha256);
}

/**
 * Whether the key of this certificate signed the CRL (RFC 5280 6.3.3 (g), (h)). Found out once for each key, and true or false for
 * ever; `beforeCheck` is called if it has to be found out now. A key or an algorithm that we do not accept signed nothing.
 */
export function isSignedBy(crl: HeldCrl, signer: PathCertificate, beforeCheck: () => void): boolean {
  const keyId = keyIdOf(signer);
  const known = crl.isSignedBy(keyId);
  if (known !== undefined) return known;
  beforeCheck();
  const valid = check(crl, signer);
  crl.rememberSignature(keyId, valid);
  return valid;
}

function check({ list }: HeldCrl, signer: PathCertificate): boolean {
  try {
    return verifySignature({
      algorithm: list.signatureAlgorithm,
      subjectPublicKeyInfo: signer.key,
      key: signer.keyObject,
      data: list.tbsCertList,
      signature: list.signature,
    });
  } catch (error) {
    if (error instanceof X509Error) return false;
    throw error;
  }
}
