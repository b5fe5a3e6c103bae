import { identityAmong } from '../identity.js';
import type { PathCertificate } from '../path/path-certificate.js';

/**
 * Whether a certificate is for a key that signs status of this realm: `spiffe://<realm>/status/<name>`, digitalSignature. Who issued
 * it is another question. Throws VerifierError IDENTITY_MALFORMED.
 */
export function isStatusKey({ subjectAltName, keyUsage }: PathCertificate, realm: string): boolean {
  const identity = identityAmong(subjectAltName ?? []);
  return identity?.kind === 'status' && identity.realm === realm && keyUsage?.has('digitalSignature') === true;
}
