export type { AlgorithmIdentifier } from './algorithm-identifier.js';
export { type Certificate, type CertificateParsingOptions, isSelfIssued, parseCertificate } from './certificate.js';
export {
  type CertificateList,
  findRevoked,
  parseCertificateList,
  parseRevokedCertificate,
  type RevokedCertificate,
  revokedCertificates,
} from './certificate-list.js';
export { type CertificationRequest, parseCertificationRequest } from './certification-request.js';
export { type CertId, type CertIdContent, encodeCertId } from './cert-id.js';
export { type CertificationRequestContent, encodeCertificationRequest } from './encode-certification-request.js';
export { encodeOcspRequest, type OcspRequestContent } from './encode-ocsp-request.js';
export { type Floor, X509Error, type X509ErrorCode } from './error.js';
export { encodeExtension, type Extension, type Extensions, readExtensions } from './extension.js';
export {
  type AuthorityInfoAccess,
  encodeAuthorityInfoAccess,
  parseAuthorityInfoAccess,
} from './extensions/authority-info-access.js';
export {
  type BasicConstraints,
  encodeBasicConstraints,
  parseBasicConstraints,
} from './extensions/basic-constraints.js';
export { encodeCertificatePolicies, parseCertificatePolicies } from './extensions/certificate-policies.js';
export {
  encodeCRLNumber,
  encodeInvalidityDate,
  encodeOcspNocheck,
  encodeReasonCode,
  parseBaseCRLNumber,
  parseCertificateIssuer,
  parseCRLNumber,
  parseInvalidityDate,
  parseReasonCode,
  type ReasonCode,
  reasonOfNumber,
} from './extensions/crl-extensions.js';
export {
  type DistributionPoint,
  type DistributionPointName,
  distributionPointNames,
  encodeCRLDistributionPoints,
  encodeIssuingDistributionPoint,
  type IssuingDistributionPoint,
  parseCRLDistributionPoints,
  parseFreshestCRL,
  parseIssuingDistributionPoint,
} from './extensions/distribution-points.js';
export { encodeExtKeyUsage, parseExtKeyUsage } from './extensions/ext-key-usage.js';
export { type EncodableName, encodeGeneralName, type GeneralName } from './extensions/general-name.js';
export {
  type AuthorityKeyIdentifier,
  encodeAuthorityKeyIdentifier,
  encodeSubjectKeyIdentifier,
  parseAuthorityKeyIdentifier,
  parseSubjectKeyIdentifier,
} from './extensions/key-identifiers.js';
export { ALL_REASONS, encodeReasonFlags, type ReasonFlag } from './extensions/reason-flags.js';
export { encodeKeyUsage, type KeyUsage, parseKeyUsage } from './extensions/key-usage.js';
export { encodeNoRevAvail, parseNoRevAvail } from './extensions/no-rev-avail.js';
export { encodeNameConstraints, type NameConstraints, parseNameConstraints } from './extensions/name-constraints.js';
export {
  parseInhibitAnyPolicy,
  parsePolicyConstraints,
  type PolicyConstraints,
} from './extensions/policy-constraints.js';
export { parsePolicyMappings, type PolicyMappings } from './extensions/policy-mappings.js';
export { encodeSubjectAltName, parseSubjectAltName } from './extensions/subject-alt-name.js';
export { checkKeyPolicy } from './key-policy.js';
export {
  attributeTexts,
  type AttributeTypeAndValue,
  attributeValue,
  EMPTY_NAME,
  encodeName,
  formatName,
  isEmptyName,
  type Name,
  parseName,
  type RelativeDistinguishedName,
} from './name.js';
export { mayBeSameRdn, type RdnLikeness, rdnLikenesses } from './name-alike.js';
export { equalNames, isComparableName, rdnKeys } from './name-match.js';
export { type OcspRequest, parseOcspRequest } from './ocsp-request.js';
export {
  type BasicOcspResponse,
  type CertStatus,
  type OcspResponse,
  type OcspResponseStatus,
  parseOcspResponse,
  type SingleResponse,
} from './ocsp-response.js';
export { decodePem, encodePem, type PemBlock } from './pem.js';
export {
  encodeSignatureAlgorithm,
  type SignatureAlgorithmName,
  type SignatureCheck,
  verifySignature,
  verifySignatureInPool,
} from './signature.js';
export {
  importPublicKey,
  isMlDsa,
  keyHashSha1,
  keyHashSha256,
  keyIdentifier,
  parseSubjectPublicKeyInfo,
  spkiSha256,
  type SubjectPublicKeyInfo,
} from './subject-public-key-info.js';
