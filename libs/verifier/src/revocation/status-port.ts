/** What is known of one certificate: `suspended` may end, `invalid` never does. */
export type CertificateStatus = 'valid' | 'invalid' | 'suspended' | 'unknown';

/** Where verification asks for the status of every certificate below the trust anchor, once its signature is known to be good. */
export interface StatusPort {
  /**
   * @param issuerSpkiSha256 SHA-256 of the issuer's SubjectPublicKeyInfo, 32 octets
   * @param serialNumber INTEGER content octets as they stand in the certificate
   * @returns `unknown` if there is no fresh answer; verification then refuses
   */
  statusOf(issuerSpkiSha256: Uint8Array, serialNumber: Uint8Array): CertificateStatus;
}
