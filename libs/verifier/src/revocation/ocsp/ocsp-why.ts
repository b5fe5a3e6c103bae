import type { OcspResponseStatus } from '@touchmark/x509';

/** Why a response was not kept. */
export type OcspRefusal =
  /** A status of the responder's other than `successful`: nobody signs it, and it says nothing of the certificate. */
  | Exclude<OcspResponseStatus, 'successful'>
  /** More octets, certificates or single responses than the source takes. */
  | 'too-large'
  /** No OCSP response in strict DER. */
  | 'malformed'
  /** It speaks of no certificate, or names them by another hash than SHA-1 and SHA-256. */
  | 'nothing-said'
  /** A critical extension that we do not process. */
  | 'critical-extension'
  /** Another nonce than was asked with: somebody else's answer, or an old one. */
  | 'nonce-differs'
  /** None where one was asked with, and it is required. */
  | 'nonce-missing';

/** Why a response that is there does not help: `why` of a finding. */
export type OcspWhy =
  /** Neither the issuer nor a delegate of the issuer's that was at hand is who the response says has signed it. */
  | 'signer-not-authorized'
  | 'signature-invalid'
  /** A key or signature algorithm that we do not accept. */
  | 'algorithm-refused'
  /** The delegate's certificate is not valid at this time. */
  | 'delegate-expired'
  /** The delegate's certificate has no id-pkix-ocsp-nocheck, and no other source says that it is good. */
  | 'delegate-status-unknown'
  /** nextUpdate before thisUpdate, or thisUpdate after producedAt. */
  | 'times-contradict'
  /** Without nextUpdate nobody knows when it ends; `maxAgeWithoutNextUpdate` may say so. */
  | 'next-update-missing'
  /** thisUpdate or producedAt lies ahead by more than the skew. */
  | 'not-yet'
  /** nextUpdate is over. */
  | 'too-old'
  /** The responder answers that it does not know the certificate. */
  | 'unknown-to-responder';
