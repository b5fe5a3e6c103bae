export { VerifierError, type VerifierErrorCode, type VerifierErrorDetail } from './error.js';
export { formatSpiffeId, type Identity, parseSpiffeId, readIdentity } from './identity.js';
export type { Purpose } from './path/certificate-checks.js';
export { type PathRequest, type PathResult, verifyPath } from './path/verify-path.js';
export type { CertificateStatus, StatusPort } from './status-port.js';
