export { activeAuthorities, type AuthorityRecord, insertAuthority, lockAuthorities } from './ca/authorities.js';
export { type CertificateRecord, insertCertificates, readCertificates, type Seat } from './ca/certificates.js';
export {
  type CredentialKey,
  type CredentialRecord,
  type CredentialSelection,
  credentialsOf,
  type CredentialWithSeat,
  insertCredentials,
  markSeen,
  markWithdrawn,
} from './ca/credentials.js';
export { crlChannel, crlListsBehind, type CrlRecord, lockCrl, saveCrl, staleCrlLists } from './ca/crls.js';
export {
  appendJournal,
  enterEpoch,
  journalChannel,
  type JournalEntry,
  journalHead,
  type RecordedEntry,
} from './ca/journal.js';
export {
  type HierarchyTerms,
  insertHierarchyTerms,
  lockOutServing,
  readHierarchyTerms,
  SERVING_LOCK,
} from './ca/hierarchy.js';
export { blockKeys, blockKeysOfDevice, claimKeys, type KeyOwner, keyOwners } from './ca/key-owners.js';
export { appendOutbox, countOutbox, outboxChannel, type OutboxJob, takeOutbox } from './ca/outbox.js';
export { removeSuspensions, type RevocationRecord, revocationsOf, saveRevocations } from './ca/revocations.js';
export {
  insertServiceCredential,
  lockServiceHolder,
  markServiceCredentialSeen,
  readServiceCredential,
  serviceCredentialOfKey,
  type ServiceCredentialRecord,
  serviceCredentialsOf,
  type ServiceCredentialWithSeat,
  type ServiceHolder,
  statusSignerCertificates,
} from './ca/service-credentials.js';
export {
  insertStatusBatches,
  journalAfter,
  lockPublication,
  type NumberedEntry,
  type PublicationState,
  readPublication,
  saveStatusHead,
  type StatusBatchRecord,
  statusChannel,
  type StatusHeadRecord,
} from './ca/status-publication.js';
export {
  forgetPublished,
  issuingCertificates,
  listsWithSeats,
  type ListWithSeats,
  saveStatusSnapshot,
  type StatusSnapshotRecord,
} from './ca/status-snapshots.js';
export { listsWantingTokens, saveStatusToken, type StatusTokenRecord } from './ca/status-tokens.js';
export {
  insertStatusList,
  leaseBlock,
  lockListOpening,
  nextStatusListId,
  openStatusLists,
  passStatusListIds,
  sealOpenLists,
  sealStatusList,
  type StatusListRecord,
  statusLists,
} from './ca/status-lists.js';
export {
  anySubjectExists,
  insertSubjects,
  lockSubjects,
  readSubject,
  saveSubject,
  type SubjectRecord,
  touchSubjects,
} from './ca/subjects.js';
export { addToQuotas, type ModelQuota, readQuotas } from './ca/quotas.js';
export { endWarrantsOf, insertWarrant, lockWarrants, spendWarrants, type WarrantRecord } from './ca/warrants.js';
export { Database, retryConflicts, type DatabaseOptions, type Queryable, type Transaction } from './database.js';
export { migrate } from './migrate.js';
export {
  accessTokenStanding,
  findAccessJwk,
  insertAccessToken,
  countAdminTokens,
  isAccessTokenLive,
  type IssuedAccessToken,
  type IssuedAccessTokenView,
  listAccessTokens,
  publishAccessJwk,
  revokeAccessToken,
} from './registry/access.js';
export { type BatchRecord, type BatchView, findBatch, insertBatch, listBatches } from './registry/batches.js';
export {
  certificateHolder,
  type CertificateHolderRecord,
  certificateOwner,
  changedSubjects,
  type DeviceCertificateView,
  deviceCertificates,
  type SubjectView,
  subjectViews,
} from './registry/ca-views.js';
export {
  type DeviceEventRecord,
  type DeviceEventView,
  insertDeviceEvents,
  listDeviceEvents,
} from './registry/device-events.js';
export {
  type DeviceFilter,
  type DeviceRecord,
  type DeviceUpdate,
  findDevice,
  insertDevices,
  listDevices,
  lockDevices,
  type NewDevice,
  readDevices,
  recordLastSeen,
  updateDevices,
} from './registry/devices.js';
export {
  allEnrollmentPolicies,
  allowModels,
  type Bootstrap,
  disallowModel,
  type EnrollmentPolicyRecord,
  findEnrollmentPolicy,
  insertEnrollmentPolicy,
  listEnrollmentPolicies,
} from './registry/enrollment-policies.js';
export {
  type EnrollmentTokenRecord,
  type EnrollmentTokenView,
  findEnrollmentToken,
  insertEnrollmentToken,
  listEnrollmentTokens,
  revokeEnrollmentToken,
} from './registry/enrollment-tokens.js';
export { type FactoryRecord, findFactory, insertFactory, listFactories } from './registry/factories.js';
export {
  claimIdempotencyKey,
  completeIdempotencyKey,
  forgetIdempotencyKeys,
  type IdempotencyClaimRecord,
  type IdempotencyScopeRecord,
  type KnownIdempotencyKey,
  releaseIdempotencyKey,
} from './registry/idempotency-records.js';
export { findModel, insertModel, listModels, type ModelRecord } from './registry/models.js';
export { finishSweep, sweepWindow } from './registry/projection-sweeps.js';
export {
  forgetRefusals,
  insertRefusals,
  listRefusals,
  type RefusalRecord,
  type RefusalView,
} from './registry/refusals.js';
export { serviceCertificate, type ServiceCertificateView } from './registry/service-certificates.js';
export { StoreError, type StoreErrorCode } from './store-error.js';
export { findIssuedSeats, ISSUED_SEAT_LENGTH, readIssuedSeats } from './responder/issued-seats.js';
export {
  type PublishedAuthority,
  publishedAuthorities,
  type PublishedCrl,
  readPublished,
  readPublishedCrl,
} from './responder/publications.js';
export {
  BATCHES_PER_READ,
  type PublishedBatch,
  type PublishedHead,
  type PublishedSigner,
  type PublishedSnapshot,
  type PublishedToken,
  readPublishedSnapshot,
  readPublishedToken,
  readStatusNews,
  readStatusSigners,
  readTokenTimes,
  startOfNewestBatches,
  type StatusNews,
} from './responder/status-messages.js';
export {
  type ChangedSeat,
  type JournalProof,
  type PublishedChange,
  type PublishedList,
  type PublishedStatus,
  readChanges,
  readStatusSnapshot,
  type StatusSnapshot,
} from './responder/status-queries.js';
export { canEnter, databaseUser } from './embedded-postgres/database-user.js';
export {
  type EmbeddedPostgres,
  type EmbeddedPostgresOptions,
  startEmbeddedPostgres,
} from './embedded-postgres/embedded-postgres.js';
export { makeSubstituteFolder } from './embedded-postgres/substitute-folder.js';
export { canLogIn } from './roles/can-log-in.js';
export {
  checkProcessRole,
  createRole,
  createRoles,
  dropRoles,
  grantRoles,
  type RoleOptions,
  type RoleUrls,
} from './roles/create-roles.js';
export { DEFAULT_ROLE_PREFIX, isRolePrefix, type ProcessRole, processRoles } from './roles/process-role.js';
