export { type Credential, halfLife, type TlsCredentials, tlsCredentials } from './credential.js';
export { type AnchorName, CredentialFolder, type CredentialStorage, type NewCredential } from './credential-folder.js';
export { CredentialRenewal, type CredentialRenewalOptions, type RenewCertificate } from './credential-renewal.js';
export { hasDatabaseUrl, readDatabaseUrl, writeDatabaseUrl } from './database-url.js';
export { CredentialsError, type CredentialsErrorCode } from './error.js';
export { openProcessCredentials } from './process-credentials.js';
export { makeRenewalRequest } from './renewal-request.js';
