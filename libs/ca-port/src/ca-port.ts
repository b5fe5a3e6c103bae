import type { AuthorityDescription, OcspSignerOutcome, OcspSignerRequest } from './authority.js';
import type { IssueOutcome, IssueRequest } from './issue.js';
import type { Sighting, SightingOutcome, StatusChange, StatusOutcome } from './status.js';
import type { ServiceRenewalOutcome, ServiceRenewalRequest } from './service-renewal.js';
import type { WarrantOutcome, WarrantRequest } from './warrant.js';

/**
 * The trust boundary around the CA. Every call is a batch and every item answers for itself, in the order asked; a call
 * rejects only when the CA cannot answer at all (`CaUnavailableError`). No database transaction crosses it.
 */
export interface CaPort {
  issueCertificates(requests: readonly IssueRequest[]): Promise<IssueOutcome[]>;
  changeStatus(changes: readonly StatusChange[]): Promise<StatusOutcome[]>;
  confirmSeen(sightings: readonly Sighting[]): Promise<SightingOutcome[]>;
  openWarrants(warrants: readonly WarrantRequest[]): Promise<WarrantOutcome[]>;
  renewOcspSigners(requests: readonly OcspSignerRequest[]): Promise<OcspSignerOutcome[]>;
  renewServiceCertificates(requests: readonly ServiceRenewalRequest[]): Promise<ServiceRenewalOutcome[]>;
  describeAuthorities(): Promise<AuthorityDescription[]>;
}

/** The CA cannot answer now (its database is away, it is stopping): retry later. Nothing is known of the outcome. */
export class CaUnavailableError extends Error {
  readonly code = 'CA_UNAVAILABLE';
  readonly context = {};

  constructor(cause: unknown) {
    super('the CA is not available', { cause });
    this.name = 'CaUnavailableError';
  }
}
