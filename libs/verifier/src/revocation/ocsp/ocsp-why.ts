import type { OcspResponseStatus } from '@touchmark/x509';

/** Why a response was not kept. */
export type OcspRefusal =
  /** A status of the responder's other than `successful`: nobody signs it, and it says nothing of the certificate. */
  | Exclude<OcspResponseStatus, 'successful'>
  /** More octets, certificates or single responses than the source takes. */
  | 'OCSP_TOO_LARGE'
  /** No OCSP response in strict DER. */
  | 'OCSP_MALFORMED'
  /** It speaks of no certificate, or names them by another hash than SHA-1 and SHA-256. */
  | 'OCSP_NOTHING_SAID'
  /** A critical extension that we do not process. */
  | 'OCSP_CRITICAL_EXTENSION'
  /** Another nonce than was asked with: somebody else's answer, or an old one. */
  | 'OCSP_NONCE_DIFFERS'
  /** None where one was asked with, and it is required. */
  | 'OCSP_NONCE_MISSING';

/** Why a response that is there does not help: `why` of a finding. */
export type OcspWhy =
  /** Neither the issuer nor a delegate of the issuer's that was at hand is who the response says has signed it. */
  | 'OCSP_SIGNER_NOT_AUTHORIZED'
  | 'OCSP_SIGNATURE_INVALID'
  /** A key or signature algorithm that we do not accept. */
  | 'OCSP_ALGORITHM_REFUSED'
  /** The delegate's certificate is not valid at this time. */
  | 'OCSP_DELEGATE_EXPIRED'
  /** A seat or a denylist says that the delegate's certificate is revoked or suspended. */
  | 'OCSP_DELEGATE_REVOKED'
  /** The delegate's certificate has no id-pkix-ocsp-nocheck, and no other source says that it is good. */
  | 'OCSP_DELEGATE_STATUS_UNKNOWN'
  /** nextUpdate before thisUpdate, or thisUpdate after producedAt. */
  | 'OCSP_TIMES_CONTRADICT'
  /** Without nextUpdate nobody knows when it ends; `maxAgeWithoutNextUpdate` may say so. */
  | 'OCSP_NEXT_UPDATE_MISSING'
  /** thisUpdate or producedAt lies ahead by more than the skew. */
  | 'OCSP_NOT_YET_VALID'
  /** nextUpdate is over. */
  | 'OCSP_STALE'
  /** The responder answers that it does not know the certificate. */
  | 'OCSP_UNKNOWN';

/** What became of a response that was handed in. */
export type OcspAdded = { readonly ok: true } | { readonly ok: false; readonly why: OcspRefusal };
