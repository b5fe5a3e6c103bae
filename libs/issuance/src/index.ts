export { type CertificateFields, type CertificateNames, encodeCertificateNames } from './certificate-names.js';
export { type CertificateListContent, encodeCertificateList } from './certificate-list.js';
export {
  checkCertificationRequest,
  checkCertificationRequestInPool,
  type CheckedRequest,
} from './certification-request-check.js';
export {
  type AuthorityKind,
  createIssuingCaCertificate,
  createRootCertificate,
  type IssuingCaContent,
  type RootContent,
} from './hierarchy.js';
export {
  IssuanceError,
  type IssuanceErrorCode,
  type IssuanceErrorContext,
  type KeyWeakness,
} from './issuance-error.js';
export { type Issuer, loadIssuer } from './issuer.js';
export {
  encodeOcspError,
  encodeOcspResponse,
  loadOcspResponder,
  type OcspCertStatus,
  type OcspResponder,
  type OcspResponseContent,
  type OcspSingleResponse,
} from './ocsp-response.js';
export { type IssuingCaKind, type KeyAlgorithmName, type Profile } from './profile.js';
export { type BuiltInProfileName, profileByName } from './profiles.js';
export { checkReenrollNames, checkRequestedNames } from './requested-names.js';
export type { RevokedColumns, RevokedEntry } from './revoked-entries.js';
export type { Signer, SignerAlgorithm } from './signer.js';
export { signCertificate, type SignedCertificate, type SigningOrder } from './signing-cycle.js';
export { type CertificateTemplate, compileTemplate } from './template.js';
export type { PublicationPoints, TemplateFacts } from './template-facts.js';
export { type Validity, validityFor } from './validity.js';
