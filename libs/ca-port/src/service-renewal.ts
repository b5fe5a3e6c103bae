import { createHash } from 'node:crypto';
import type { CaRefusal } from './refusal.js';

/**
 * The holder of a service, gateway-client or tls-server certificate asks for its successor: the same profile and names, a new key.
 * It proves itself to the CA with the key that it has, so a relay in between can hold the request back and nothing else.
 */
export interface ServiceRenewalRequest {
  /** The certificate that is to be renewed, DER, octet for octet as issued. */
  readonly certificate: Uint8Array;
  /** PKCS#10 with a new key, DER. Names in it are passed over: the successor has those of the certificate. */
  readonly csr: Uint8Array;
  /**
   * Signature by the certificate's key over `renewalProofOctets`, encoded as in a certificate's signatureValue: ECDSA on P-256 with
   * SHA-256, on P-384 with SHA-384 (ECDSA-Sig-Value in DER); Ed25519; RSASSA-PKCS1-v1_5 with SHA-256.
   */
  readonly proof: Uint8Array;
}

export interface RenewedServiceCertificate {
  readonly ok: true;
  /** Certificate, DER. */
  readonly certificate: Uint8Array;
  /** Certificate of the CA that issued it, DER: what is sent beside it in TLS. */
  readonly issuerCertificate: Uint8Array;
  /** UTC seconds, both inclusive. */
  readonly notBefore: number;
  readonly notAfter: number;
}

export type ServiceRenewalOutcome = RenewedServiceCertificate | CaRefusal;

const LABEL = Buffer.from('touchmark renewal\0', 'latin1');

/**
 * The octets that a renewal's proof signs: ASCII `touchmark renewal`, 0x00, SHA-256 of the certificate's DER, the CSR's DER. The label
 * keeps the signature from being taken for anything else that the key signs; the digest binds it to one certificate, the CSR to
 * one new key.
 */
export function renewalProofOctets(certificate: Uint8Array, csr: Uint8Array): Uint8Array {
  return Buffer.concat([LABEL, createHash('sha256').update(certificate).digest(), csr]);
}
