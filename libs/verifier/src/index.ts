export {
  type Certificate,
  type Floor,
  type GeneralName,
  parseCertificate,
  type ReasonCode,
  X509Error,
  type X509ErrorCode,
} from '@touchmark/x509';

export {
  type BudgetName,
  type NoRevAvailContradiction,
  VerifierError,
  type VerifierErrorCode,
  type VerifierErrorDetail,
} from './error.js';
export type { FeedErrorCode } from './feed-error.js';
export type { FeedTls } from './feed/feed-request.js';
export { type DeviceNames, readDeviceNames } from './device-names.js';
export { formatSpiffeId, type Identity, parseSpiffeId, readIdentity } from './identity.js';
export type { AnchorTerms, TrustAnchor, Validity } from './path/anchor-terms.js';
export type { Purpose } from './path/certificate-checks.js';
export type { NameKind } from './path/name-constraints/certificate-names.js';
export type { PolicyInputs } from './path/policies/valid-policies.js';
export type { PathRequest, PathResult, ServerRequest } from './path/path-request.js';
export type { Profile, ProfileRule } from './path/profiles/profile.js';
export { verifyPath } from './path/verify-path.js';
export { matchesServerName } from './server-name.js';
export { PolicyError, type PolicyErrorCode, type PolicyErrorDetail } from './policy-error.js';
export { proveSnapshot, type SnapshotEvidence, type SnapshotProof } from './status/prove-snapshot.js';
export { Denylist, type DenylistEntry, uncheckedRevocation } from './revocation/denylist.js';
export { CrlSource, type CrlSourceOptions } from './revocation/crl/crl-source.js';
export type { CrlAdded, CrlRefusal, CrlWhy } from './revocation/crl/crl-why.js';
export type { RevocationFinding, UnknownReason } from './revocation/finding.js';
export type { RevocationPolicy, RevocationSource, StatusQuestion } from './revocation/revocation-source.js';
export { ocspRequestFor } from './revocation/ocsp/ocsp-request.js';
export { OcspSource, type OcspSourceOptions } from './revocation/ocsp/ocsp-source.js';
export type { OcspAdded, OcspRefusal, OcspWhy } from './revocation/ocsp/ocsp-why.js';
export { bySeat } from './revocation/seat-source.js';
export {
  type TokenAdded,
  TokenStatusListSource,
  type TokenStatusListSourceOptions,
} from './revocation/token-status-list/token-status-list-source.js';
export type { TokenRefusal } from './revocation/token-status-list/token-refused.js';
export type { TokenWhy } from './revocation/token-status-list/token-why.js';
export type { CertificateStatus, StatusPort } from './revocation/status-port.js';
export { type Accepted, type Refused, Verifier, type VerifierStatus, type VerifyOptions } from './verifier.js';
export type { VerifierEvent } from './verifier-event.js';
export type { TrustAnchorOptions } from './trust-anchors.js';
export type { StatusOptions, VerifierOptions } from './verifier-options.js';
