import type { CertificateStatus, VerifierErrorCode } from '@touchmark/verifier';

const refusals: Readonly<Record<CertificateStatus, VerifierErrorCode | undefined>> = {
  valid: undefined,
  invalid: 'CERT_REVOKED',
  suspended: 'CERT_SUSPENDED',
  unknown: 'STATUS_UNKNOWN',
};

/** The verifier's code for a certificate of this status, asked for after its path was verified; undefined for one that is valid. */
export const refusalOfStatus = (status: CertificateStatus): VerifierErrorCode | undefined => refusals[status];
