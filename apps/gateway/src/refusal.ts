import type { Problem } from '@touchmark/server';
import { PolicyError, VerifierError } from '@touchmark/verifier';
import type { PolicyRefusal } from './policy/policy.js';

/** Why the gateway does not let a request through. Devices act on these: docs/errors.md says what to do. */
export type GatewayRefusalCode =
  | PolicyRefusal
  /** No client certificate. */
  | 'CERTIFICATE_MISSING'
  /** A certificate that is not one of ours, or not for this; which of the two, the log says. */
  | 'CERTIFICATE_INVALID'
  | 'CERT_EXPIRED'
  | 'CERT_NOT_YET_VALID'
  | 'CERT_REVOKED'
  | 'DEVICE_SUSPENDED'
  /** Authentic, but a gateway's, a service's or a server's. */
  | 'NOT_A_DEVICE'
  /** The gateway does not know the status of the certificate. */
  | 'STATUS_UNKNOWN'
  /** What the gateway knows is too old. */
  | 'STATUS_STALE'
  /** The gateway's own certificate is over: it can vouch for nobody. */
  | 'GATEWAY_EXPIRED'
  | 'REQUEST_MALFORMED'
  | 'PATH_AMBIGUOUS'
  | 'HEADERS_TOO_LARGE'
  | 'BODY_TOO_LARGE'
  | 'BODY_TOO_SLOW'
  | 'RATE_LIMITED'
  | 'UPSTREAM_UNREACHABLE'
  | 'UPSTREAM_TIMEOUT';

export interface Refusal {
  readonly code: GatewayRefusalCode;
  /** Seconds. */
  readonly retryAfter?: number;
  /** For the log, never for the client. */
  readonly reason?: string;
}

/** What the verifier's word means to a device. It learns what it can act on, and nothing about the CAs. */
export function refusalOf(error: VerifierError | PolicyError): Refusal {
  switch (error.code) {
    case 'CERTIFICATE_MISSING':
    case 'CERT_EXPIRED':
    case 'CERT_NOT_YET_VALID':
    case 'CERT_REVOKED':
    case 'STATUS_UNKNOWN':
    case 'STATUS_STALE':
      return { code: error.code };
    case 'CERT_SUSPENDED':
      return { code: 'DEVICE_SUSPENDED' };
    case 'IDENTITY_MISSING':
      return { code: 'NOT_A_DEVICE' };
    case 'CHAIN_TOO_LARGE':
    case 'CERTIFICATE_MALFORMED':
    case 'UNKNOWN_ISSUER':
    case 'BAD_SIGNATURE':
    case 'SIGNATURE_ALGORITHM_REFUSED':
    case 'KEY_REFUSED':
    case 'ALGORITHM_UNSUPPORTED':
    case 'EXTENSION_UNSUPPORTED':
    case 'SUBJECT_MISSING':
    case 'NOT_A_CA':
    case 'END_ENTITY_IS_CA':
    case 'KEY_USAGE_MISSING':
    case 'EXT_KEY_USAGE_MISSING':
    case 'NO_REV_AVAIL_CONTRADICTED':
    case 'PATH_LEN_EXCEEDED':
    case 'PATH_TOO_LONG':
    case 'NAME_NOT_PERMITTED':
    case 'PROFILE_VIOLATED':
    case 'POLICY_MAPPING_INVALID':
    case 'POLICY_REQUIRED':
    case 'BUDGET_EXCEEDED':
    case 'IDENTITY_MALFORMED':
    case 'SERVER_NAME_MISMATCH':
      return { code: 'CERTIFICATE_INVALID', reason: error.message };
    default:
      return error satisfies never;
  }
}

/** The device did nothing wrong: the gateway, or what it stands in front of, cannot serve it now. */
export const isOutage = (code: GatewayRefusalCode): boolean => statusOf(code) >= 500;

const RETRY_AFTER = 5;

/** RFC 9457; RFC 9110 wants a challenge with 401, and there is no registered scheme for certificates. */
export function problemOf({ code, retryAfter }: Refusal): Problem {
  const status = statusOf(code);
  const wait = retryAfter ?? (status === 503 ? RETRY_AFTER : undefined);
  return {
    code,
    status,
    title: TITLES[code],
    ...(wait !== undefined && { retryAfter: wait }),
    ...(status === 401 && { headers: { 'WWW-Authenticate': 'TLS-Client-Certificate' } }),
  };
}

function statusOf(code: GatewayRefusalCode): number {
  switch (code) {
    case 'REQUEST_MALFORMED':
    case 'PATH_AMBIGUOUS':
      return 400;
    case 'CERTIFICATE_MISSING':
    case 'CERTIFICATE_INVALID':
    case 'CERT_EXPIRED':
    case 'CERT_NOT_YET_VALID':
    case 'CERT_REVOKED':
      return 401;
    case 'DEVICE_SUSPENDED':
    case 'NOT_A_DEVICE':
    case 'ROUTE_NOT_ALLOWED':
    case 'MODEL_NOT_ALLOWED':
    case 'DEVICE_NOT_ALLOWED':
    case 'UPGRADE_NOT_ALLOWED':
      return 403;
    case 'BODY_TOO_SLOW':
      return 408;
    case 'BODY_TOO_LARGE':
      return 413;
    case 'RATE_LIMITED':
      return 429;
    case 'HEADERS_TOO_LARGE':
      return 431;
    case 'UPSTREAM_UNREACHABLE':
      return 502;
    case 'STATUS_UNKNOWN':
    case 'STATUS_STALE':
    case 'GATEWAY_EXPIRED':
      return 503;
    case 'UPSTREAM_TIMEOUT':
      return 504;
    default:
      return code satisfies never;
  }
}

const TITLES: Readonly<Record<GatewayRefusalCode, string>> = {
  CERTIFICATE_MISSING: 'A client certificate is needed',
  CERTIFICATE_INVALID: 'The client certificate is not accepted here',
  CERT_EXPIRED: 'The client certificate has expired',
  CERT_NOT_YET_VALID: 'The client certificate is not valid yet',
  CERT_REVOKED: 'The client certificate is revoked',
  DEVICE_SUSPENDED: 'The device is suspended',
  NOT_A_DEVICE: 'The client certificate is not that of a device',
  ROUTE_NOT_ALLOWED: 'Nothing is allowed here',
  MODEL_NOT_ALLOWED: 'This is not for devices of this kind',
  DEVICE_NOT_ALLOWED: 'This is not for this device',
  UPGRADE_NOT_ALLOWED: 'There is no WebSocket here',
  STATUS_UNKNOWN: 'The status of the certificate is not known',
  STATUS_STALE: 'The status of certificates is not known for the moment',
  GATEWAY_EXPIRED: 'The gateway can vouch for nobody for the moment',
  REQUEST_MALFORMED: 'The request cannot be read in one way',
  PATH_AMBIGUOUS: 'The path cannot be read in one way',
  HEADERS_TOO_LARGE: 'The header fields are too large',
  BODY_TOO_LARGE: 'The request body is too large',
  BODY_TOO_SLOW: 'The request body takes too long',
  RATE_LIMITED: 'Too many requests',
  UPSTREAM_UNREACHABLE: 'The service behind the gateway cannot be reached',
  UPSTREAM_TIMEOUT: 'The service behind the gateway does not answer',
};
