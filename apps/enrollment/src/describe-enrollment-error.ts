import { CaUnavailableError } from '@touchmark/ca-port';
import type { CodedError, DescribeError, ProblemDescription } from '@touchmark/server';
import { StoreError, type StoreErrorCode } from '@touchmark/store';
import { EnrollmentError, type EnrollmentErrorCode } from './enrollment-error.js';

type Description = Pick<ProblemDescription, 'status' | 'title' | 'retryAfter'>;

/** What the errors that reach this app's routes mean over HTTP: one exhaustive switch for each class. */
export const describeEnrollmentError: DescribeError = (error: CodedError) => {
  if (EnrollmentError.is(error)) return describe(error.code);
  if (error instanceof CaUnavailableError) return describe(error.code);
  if (error instanceof StoreError) return describeStore(error.code);
  return undefined;
};

const QUOTA_RETRY_SECONDS = 600;
const GATEWAY_RETRY_SECONDS = 10;

function describe(code: EnrollmentErrorCode): Description {
  switch (code) {
    case 'MODEL_UNKNOWN':
      return { status: 404, title: 'There is no such model' };
    case 'MODEL_EXISTS':
      return { status: 409, title: 'There is a model of that name already' };
    case 'POLICY_UNKNOWN':
      return { status: 404, title: 'There is no such enrollment policy' };
    case 'POLICY_EXISTS':
      return { status: 409, title: 'There is an enrollment policy of that name already' };
    case 'LABEL_TAKEN':
      return { status: 409, title: 'Another enrollment policy has this label' };
    case 'FACTORY_UNKNOWN':
      return { status: 404, title: 'There is no such factory' };
    case 'FACTORY_EXISTS':
      return { status: 409, title: 'There is a factory of that name already' };
    case 'MODEL_NOT_ALLOWED':
      return { status: 409, title: 'The enrollment policy is not for this model' };
    case 'BOOTSTRAP_NOT_ALLOWED':
      return { status: 409, title: 'The enrollment policy does not allow this way to enrol' };
    case 'BATCH_UNKNOWN':
      return { status: 404, title: 'There is no such batch' };
    case 'DEVICE_UNKNOWN':
      return { status: 404, title: 'There is no such device' };
    case 'VALID_UNTIL_OUT_OF_RANGE':
      return { status: 400, title: 'The end lies in the past or too far ahead' };
    case 'ENROLLMENT_TOKEN_UNKNOWN':
      return { status: 404, title: 'There is no such enrollment token' };
    case 'ACCESS_TOKEN_UNKNOWN':
      return { status: 404, title: 'There is no such access token' };
    case 'GATEWAY_NOT_AUTHENTIC':
      return { status: 401, title: 'The certificate of a gateway is needed' };
    case 'GATEWAY_NOT_ALLOWED':
      return { status: 403, title: 'This is for gateways' };
    case 'GATEWAY_RATE_LIMITED':
      return { status: 429, title: 'Too many requests', retryAfter: GATEWAY_RETRY_SECONDS };
    case 'LINE_MALFORMED':
      return { status: 400, title: 'The line is not a request' };
    case 'DEVICE_SERIAL_INVALID':
      return { status: 400, title: 'The deviceSerial is outside its alphabet' };
    case 'CSR_NOT_BASE64':
      return { status: 400, title: 'The certification request is not base64' };
    case 'LINE_TOO_LONG':
      return { status: 413, title: 'The line is too long' };

    case 'CSR_MALFORMED':
      return { status: 400, title: 'The certification request cannot be read' };
    case 'CSR_SIGNATURE_INVALID':
      return { status: 400, title: 'The certification request is not signed by its key' };
    case 'CSR_SUBJECT_MISMATCH':
    case 'CSR_SAN_MISMATCH':
      return { status: 400, title: 'The certification request names somebody else' };
    case 'CSR_EXTENSION_REFUSED':
      return { status: 400, title: 'The certification request asks for too much' };
    case 'KEY_WEAK':
    case 'KEY_ALGORITHM_REFUSED':
      return { status: 400, title: 'The key is not good enough' };
    case 'IDENTITY_INVALID':
      return { status: 400, title: 'The identity is outside its alphabet' };
    case 'REASON_NOT_ALLOWED':
      return { status: 400, title: 'This is not done to it' };

    case 'KEY_IN_USE':
    case 'KEY_BLOCKED':
    case 'KEY_REVOKED':
      return { status: 403, title: 'The key may not be used' };
    case 'WARRANT_UNKNOWN':
    case 'WARRANT_SPENT':
    case 'WARRANT_EXPIRED':
    case 'WARRANT_MISMATCH':
      return { status: 403, title: 'The batch or token does not cover this' };
    case 'CREDENTIAL_UNKNOWN':
    case 'CREDENTIAL_SUSPENDED':
    case 'PARENT_INVALID':
    case 'PARENT_SUSPENDED':
    case 'PARENT_EXPIRED':
    case 'PARENT_GENERATION_CLOSED':
    case 'PARENT_REPLACED':
    case 'PARENT_WITHDRAWN':
    case 'LINEAGE_FORK':
      return { status: 403, title: 'The certificate presented does not allow this' };
    case 'SUBJECT_CLOSED':
    case 'SUBJECT_HELD':
      return { status: 403, title: 'The device may not have certificates now' };
    case 'CERTIFICATE_NOT_SERVICE':
    case 'CERTIFICATE_REVOKED':
    case 'CERTIFICATE_SUSPENDED':
    case 'RENEWAL_TOO_EARLY':
    case 'PROOF_INVALID':
      return { status: 403, title: 'The certificate cannot be renewed' };
    case 'PROFILE_NOT_ALLOWED':
      return { status: 403, title: 'The profile is not for this caller' };

    case 'CERTIFICATE_UNKNOWN':
      return { status: 404, title: 'There is no such certificate' };

    case 'DEVICE_KEY_CONFLICT':
      return { status: 409, title: 'The device has a certificate with another key' };
    case 'DEVICE_SERIAL_CASE_CONFLICT':
      return { status: 409, title: 'The device exists in another spelling' };
    case 'SUBJECT_UNKNOWN':
      return { status: 409, title: 'The device never had a certificate' };
    case 'SUBJECT_NOT_CLOSED':
      return { status: 409, title: 'The device is neither revoked nor retired' };
    case 'CERTIFICATE_EXPIRED':
      return { status: 409, title: 'The certificate has expired' };
    case 'CERTIFICATE_NOT_DEVICE':
      return { status: 409, title: 'It is not a device certificate' };
    case 'LIMIT_EXCEEDED':
      return { status: 409, title: 'The CA does not allow that much' };
    case 'ALREADY_REVOKED':
      return { status: 409, title: 'It is revoked already' };
    case 'NOT_SUSPENDED':
      return { status: 409, title: 'It is not suspended for this cause' };

    case 'AUTHORITY_UNKNOWN':
      return { status: 404, title: 'There is no such authority' };
    case 'VALIDITY_REFUSED':
      return { status: 409, title: 'No certificate may live that long' };

    case 'TOO_MANY_REPLACEMENTS':
      return { status: 429, title: 'Too many certificates were asked for and not used', retryAfter: 3600 };
    case 'QUOTA_EXCEEDED':
      return { status: 429, title: 'The hourly quota is used up', retryAfter: QUOTA_RETRY_SECONDS };
    case 'CLOCK_UNTRUSTED':
    case 'CA_UNAVAILABLE':
      return { status: 503, title: 'The CA is not available' };
    case 'INTERNAL':
      return { status: 500, title: 'Internal error' };
    default:
      return code satisfies never;
  }
}

function describeStore(code: StoreErrorCode): ProblemDescription | undefined {
  switch (code) {
    case 'STORE_UNAVAILABLE':
      return { status: 503, title: 'The database is not available', detail: 'try again in a moment' };
    case 'STORE_CONFLICT':
      return { status: 503, title: 'Too many at once', detail: 'try again in a moment', retryAfter: 1 };
    case 'STORE_DUPLICATE':
    case 'STORE_REFERENCE':
    case 'STORE_ROLES_FORBIDDEN':
    case 'STORE_ROLE_UNSAFE':
    case 'STORE_ROLE_TAKEN':
    case 'STORE_FAILED':
      return undefined;
    default:
      return code satisfies never;
  }
}
