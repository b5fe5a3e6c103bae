import type { VerifierErrorCode } from '@touchmark/verifier';

/** Why nobody is known to be there: neither the certificate nor the password proves a device. */
export type NotAuthenticCode =
  | 'CREDENTIALS_MISSING'
  | 'CREDENTIALS_MALFORMED'
  | 'ENROLLMENT_TOKEN_UNKNOWN'
  | 'ENROLLMENT_TOKEN_EXPIRED'
  | 'ENROLLMENT_TOKEN_REVOKED'
  /** The token is another device's than the user name or the certificate says. */
  | 'ENROLLMENT_TOKEN_MISMATCH'
  /** The challengePassword of the request is not the channel binding of this connection. */
  | 'CHANNEL_BINDING_MISMATCH'
  | VerifierErrorCode;

const notAuthenticTexts: Partial<Record<NotAuthenticCode, string>> = {
  CREDENTIALS_MISSING: 'present a device certificate, or an enrollment token as the password',
  CREDENTIALS_MALFORMED: 'the Authorization field is not what RFC 7617 says',
  ENROLLMENT_TOKEN_UNKNOWN: 'the password is no enrollment token of ours',
  ENROLLMENT_TOKEN_EXPIRED: 'the enrollment token has ended',
  ENROLLMENT_TOKEN_REVOKED: 'the enrollment token was revoked',
  ENROLLMENT_TOKEN_MISMATCH: 'the enrollment token is for another device',
  CHANNEL_BINDING_MISMATCH: 'the challengePassword is not the channel binding of this connection',
  CERT_EXPIRED: 'the certificate presented, or one above it, has expired',
  CERT_NOT_YET_VALID: 'the certificate presented, or one above it, is not yet valid',
  UNKNOWN_ISSUER: 'the certificate presented was issued by nobody that is known here',
};

/** The applicant is not authentic (401). `cause` is the verifier's error where a certificate was refused. */
export class NotAuthenticError extends Error {
  readonly code: NotAuthenticCode;
  readonly context: object = {};

  constructor(code: NotAuthenticCode, cause?: unknown) {
    super(notAuthenticTexts[code] ?? 'the certificate presented is not valid here', { cause });
    this.name = 'NotAuthenticError';
    this.code = code;
  }
}

const refusalTexts = {
  LABEL_UNKNOWN: 'there is no enrollment policy with this label',
  POLICY_MISSING: 'there is no enrollment policy for paths without a label: use one with a label',
  LABEL_NOT_ALLOWED: 'this device does not enrol under this label',
  MODEL_NOT_ALLOWED: 'the enrollment policy is not for devices of this model',
  BOOTSTRAP_NOT_ALLOWED: 'the enrollment policy does not allow a first enrolment on this evidence',
  CERTIFICATE_NOT_DEVICE: 'the certificate presented is not a device certificate',
  REENROLL_NEEDS_LDEVID: 'an IDevID is not rotated: use simpleenroll, or present the LDevID',
  DEVICE_UNKNOWN: 'the device is not in the registry',
} as const;

export type EnrollmentRefusalCode = keyof typeof refusalTexts;

/** Authentic, but this is not for the applicant (403), or not there at all (404). */
export class EnrollmentRefusedError extends Error {
  readonly code: EnrollmentRefusalCode;
  readonly context: object = {};

  constructor(code: EnrollmentRefusalCode) {
    super(refusalTexts[code]);
    this.name = 'EnrollmentRefusedError';
    this.code = code;
  }
}
