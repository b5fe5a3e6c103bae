import {
  allowedCalls,
  type AuthorityDescription,
  CaCallRefusedError,
  CaUnavailableError,
  type CaCaller,
  type CaPort,
  type IssueOutcome,
  type IssueRequest,
  type OcspSignerOutcome,
  type OcspSignerRequest,
  type ServiceRenewalOutcome,
  type ServiceRenewalRequest,
  type Sighting,
  type SightingOutcome,
  type StatusChange,
  type StatusOutcome,
  type WarrantOutcome,
  type WarrantRequest,
} from '@touchmark/ca-port';
import { StoreError } from '@touchmark/store';

/** The use cases behind the port, each of which answers a batch. */
export interface CaUseCases {
  readonly issueCertificates: (requests: readonly IssueRequest[]) => Promise<IssueOutcome[]>;
  readonly changeStatus: (changes: readonly StatusChange[]) => Promise<StatusOutcome[]>;
  readonly confirmSeen: (sightings: readonly Sighting[]) => Promise<SightingOutcome[]>;
  readonly openWarrants: (warrants: readonly WarrantRequest[]) => Promise<WarrantOutcome[]>;
  readonly renewOcspSigners: (requests: readonly OcspSignerRequest[]) => Promise<OcspSignerOutcome[]>;
  readonly renewServiceCertificates: (requests: readonly ServiceRenewalRequest[]) => Promise<ServiceRenewalOutcome[]>;
  readonly describeAuthorities: () => Promise<AuthorityDescription[]>;
}

/** The in-process adapter of the CA port: the same boundary as over gRPC, with the caller's rights checked on every call. */
export class InProcessCa implements CaPort {
  private readonly caller: CaCaller;
  private readonly useCases: CaUseCases;

  constructor(caller: CaCaller, useCases: CaUseCases) {
    this.caller = caller;
    this.useCases = useCases;
  }

  issueCertificates(requests: readonly IssueRequest[]): Promise<IssueOutcome[]> {
    return this.allowed('issueCertificates', () => this.useCases.issueCertificates(requests));
  }

  changeStatus(changes: readonly StatusChange[]): Promise<StatusOutcome[]> {
    return this.allowed('changeStatus', () => this.useCases.changeStatus(changes));
  }

  confirmSeen(sightings: readonly Sighting[]): Promise<SightingOutcome[]> {
    return this.allowed('confirmSeen', () => this.useCases.confirmSeen(sightings));
  }

  openWarrants(warrants: readonly WarrantRequest[]): Promise<WarrantOutcome[]> {
    return this.allowed('openWarrants', () => this.useCases.openWarrants(warrants));
  }

  renewOcspSigners(requests: readonly OcspSignerRequest[]): Promise<OcspSignerOutcome[]> {
    return this.allowed('renewOcspSigners', () => this.useCases.renewOcspSigners(requests));
  }

  renewServiceCertificates(requests: readonly ServiceRenewalRequest[]): Promise<ServiceRenewalOutcome[]> {
    return this.allowed('renewServiceCertificates', () => this.useCases.renewServiceCertificates(requests));
  }

  describeAuthorities(): Promise<AuthorityDescription[]> {
    return this.allowed('describeAuthorities', () => this.useCases.describeAuthorities());
  }

  private async allowed<T>(call: keyof CaPort, answer: () => Promise<T>): Promise<T> {
    if (!allowedCalls[this.caller].includes(call)) throw new CaCallRefusedError(this.caller, call);
    try {
      return await answer();
    } catch (error) {
      throw error instanceof StoreError && error.code === 'STORE_UNAVAILABLE' ? new CaUnavailableError(error) : error;
    }
  }
}
