/** Signature algorithms an issuer of ours may sign with, spelled as their object identifiers are in the RFCs. */
export type SignerAlgorithm = 'ecdsaWithSHA256' | 'ecdsaWithSHA384' | 'ed25519';

/**
 * The port through which everything here is signed. Its adapters (encrypted file, PKCS#11, cloud KMS) live in libs/keys.
 *
 * A signer that can answer at once returns the bytes themselves: the signing cycle then stays on one tick, which matters
 * at thousands of certificates a second. A remote one returns a promise.
 */
export interface Signer {
  readonly signatureAlgorithm: SignerAlgorithm;

  /** DER SubjectPublicKeyInfo of the signing key (RFC 5280, 4.1.2.7). */
  readonly subjectPublicKeyInfo: Uint8Array;

  /**
   * Signs the data itself (an adapter that takes digests makes the digest).
   *
   * @returns the contents of `signatureValue`: DER ECDSA-Sig-Value (RFC 5480), or the 64 octets of Ed25519 (RFC 8410).
   */
  sign(data: Uint8Array): Promise<Uint8Array> | Uint8Array;
}
