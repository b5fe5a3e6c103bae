export type { AuthorityDescription, AuthorityKind, OcspSignerOutcome, OcspSignerRequest } from './authority.js';
export { type CaPort, CaUnavailableError } from './ca-port.js';
export { deviceRefOf } from './device-ref.js';
export { allowedCalls, CaCallRefusedError, type CaCaller } from './caller.js';
export type { DeviceIdentity, HardwareDescription } from './identity.js';
export type {
  DeviceProfile,
  IssuedCertificate,
  IssueEvidence,
  IssueOutcome,
  IssueRequest,
  IssueTerms,
} from './issue.js';
export { type CaRefusal, type CaRefusalCode, caRefusalCodes } from './refusal.js';
export {
  renewalProofOctets,
  type RenewedServiceCertificate,
  type ServiceRenewalOutcome,
  type ServiceRenewalRequest,
} from './service-renewal.js';
export {
  type JournalPosition,
  type RevocationReason,
  revocationReasons,
  type Sighting,
  type SightingOutcome,
  type StatusChange,
  type StatusChanged,
  type StatusOutcome,
  type StatusTarget,
} from './status.js';
export type { WarrantOutcome, WarrantRequest } from './warrant.js';
