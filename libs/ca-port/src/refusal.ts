/** Codes with which the CA refuses one item of a batch; `detail` is safe to show to the caller. */
export const caRefusalCodes = [
  // the request
  'CSR_MALFORMED',
  'CSR_SIGNATURE_INVALID',
  'CSR_SUBJECT_MISMATCH',
  'CSR_SAN_MISMATCH',
  'CSR_EXTENSION_REFUSED',
  'KEY_WEAK',
  'KEY_ALGORITHM_REFUSED',
  // the key
  'KEY_IN_USE',
  'KEY_BLOCKED',
  'KEY_REVOKED',
  'DEVICE_KEY_CONFLICT',
  // the device
  'IDENTITY_INVALID',
  'DEVICE_SERIAL_CASE_CONFLICT',
  'SUBJECT_CLOSED',
  'SUBJECT_HELD',
  'SUBJECT_UNKNOWN',
  'SUBJECT_NOT_CLOSED',
  // the evidence
  'WARRANT_UNKNOWN',
  'WARRANT_SPENT',
  'WARRANT_EXPIRED',
  'WARRANT_MISMATCH',
  'CREDENTIAL_UNKNOWN',
  'CREDENTIAL_SUSPENDED',
  'PARENT_INVALID',
  'PARENT_SUSPENDED',
  'PARENT_EXPIRED',
  'PARENT_GENERATION_CLOSED',
  'PARENT_REPLACED',
  'PARENT_WITHDRAWN',
  'LINEAGE_FORK',
  // the status change
  'CERTIFICATE_UNKNOWN',
  'CERTIFICATE_EXPIRED',
  'CERTIFICATE_NOT_DEVICE',
  'TOO_MANY_REPLACEMENTS',
  'LIMIT_EXCEEDED',
  'ALREADY_REVOKED',
  'NOT_SUSPENDED',
  'REASON_NOT_ALLOWED',
  // the renewal of a service's certificate
  'CERTIFICATE_NOT_SERVICE',
  'CERTIFICATE_REVOKED',
  'CERTIFICATE_SUSPENDED',
  'RENEWAL_TOO_EARLY',
  'PROOF_INVALID',
  // the caller and the CA
  'PROFILE_NOT_ALLOWED',
  'AUTHORITY_UNKNOWN',
  'VALIDITY_REFUSED',
  'QUOTA_EXCEEDED',
  'CLOCK_UNTRUSTED',
  'CA_UNAVAILABLE',
  'INTERNAL',
] as const;

export type CaRefusalCode = (typeof caRefusalCodes)[number];

/** One item of a batch refused; its neighbours are not affected. */
export interface CaRefusal {
  readonly ok: false;
  readonly code: CaRefusalCode;
  readonly detail: string;
}
