import type { CaCaller, CaPort, CaRefusal, IssueOutcome, IssueRequest } from '@touchmark/ca-port';
import type { RandomBytes } from '@touchmark/server';
import type { Database, HierarchyTerms } from '@touchmark/store';
import type { CertificateStatus } from '@touchmark/verifier';
import type { Authorities } from './authorities/authorities.js';
import { Templates } from './authorities/templates.js';
import { CaClock } from './ca-clock.js';
import { asRefusal, CaError } from './ca-error.js';
import { CrlUpkeep } from './crl/crl-upkeep.js';
import { RefreshCrl } from './crl/refresh-crl.js';
import { signCrlWith } from './crl/sign-crl.js';
import { drawAhead } from './draw-ahead.js';
import { InProcessCa } from './in-process-ca.js';
import { checkRequest } from './issuing/check-request.js';
import { IssueBatch } from './issuing/issue-batch.js';
import { IssueLine } from './issuing/issue-line.js';
import type { CheckedOrder } from './issuing/order.js';
import { signOrdersWith } from './issuing/sign-orders.js';
import { OpenWarrants } from './open-warrants.js';
import { BeginEpoch } from './restore/begin-epoch.js';
import { StatusLists } from './seats/status-lists.js';
import { SeatSupply } from './seats/seat-supply.js';
import { IssueServiceCertificate } from './signers/issue-service-certificate.js';
import { RenewOcspSigners } from './signers/renew-ocsp-signers.js';
import { RenewServiceCertificates } from './signers/renew-service-certificates.js';
import { serviceCertificateStatus } from './signers/service-certificate-status.js';
import { PublishSnapshot, type SnapshotSchedule } from './status-publication/publish-snapshot.js';
import type { PublicationPorts } from './status-publication/publication.js';
import { signStatusTokenWith } from './status-publication/sign-status-token.js';
import { StatusKey } from './status-publication/status-key.js';
import { StatusPublisher } from './status-publication/status-publisher.js';
import { ChangeStatus } from './status/change-status.js';
import { ConfirmSeen } from './status/confirm-seen.js';
import { RevokeServiceCertificate } from './status/revoke-service-certificate.js';

export type CaSettings = CaTuning & HierarchyTerms;

/** What may be changed with every start. */
export interface CaTuning {
  /** Certificates for one model in one clock hour, and for all models together. */
  readonly hourlyQuota: number;
  readonly totalHourlyQuota: number;
  /** Seconds from thisUpdate to nextUpdate of a CRL, and after which it is made anew. */
  readonly crlLifetime: number;
  readonly crlRefreshAfter: number;
  /** Seats that a process leases at a time. */
  readonly blockSize: number;
  /** Certificates that share one commit, at most. */
  readonly maxBatch: number;
  /** Seconds that our clock and the database's may differ. */
  readonly maxClockSkew: number;
  /** Seconds between signed heads of a journal that does not grow. */
  readonly statusHeadEvery: number;
  /** Seconds between status snapshots of a journal that does not grow, and, at least, of one that does. */
  readonly statusSnapshotEvery: number;
  readonly statusSnapshotAfter: number;
  /** Seconds that signed journal batches are kept at least. */
  readonly statusBatchesKept: number;
  /** Seconds that a relying party may go without asking for a newer Status List Token; each is good for as long as a CRL. */
  readonly statusTokenTtl: number;
}

const LISTS_AHEAD_MILLISECONDS = 600_000;

export const defaultCaSettings = {
  hourlyQuota: 1_000_000,
  totalHourlyQuota: 5_000_000,
  crlLifetime: 86_400,
  crlRefreshAfter: 3600,
  blockSize: 4096,
  maxBatch: 256,
  maxClockSkew: 60,
  statusHeadEvery: 2,
  statusSnapshotEvery: 600,
  statusSnapshotAfter: 2,
  statusBatchesKept: 7 * 86_400,
  statusTokenTtl: 300,
} as const;

export interface CaPorts {
  /** Issuing. */
  readonly db: Database;
  /** Status changes and CRLs: a storm of devices never keeps a revocation waiting for a connection. */
  readonly statusDb: Database;
  /** Leases of seats, which are taken while an issuing transaction is open. */
  readonly seatDb: Database;
  readonly authorities: Authorities;
  readonly now: () => number;
  readonly randomBytes: RandomBytes;
  /** What failed although nobody did anything wrong. */
  readonly onError: (error: unknown) => void;
}

/** The CA: its use cases wired together. Nobody reaches them but through `portFor` and the process that composes them. */
export class Ca {
  readonly serviceCertificates: IssueServiceCertificate;
  /** For the CA's own certificates; everybody else goes through the port. */
  readonly renewServiceCertificates: RenewServiceCertificates;
  readonly revokeServiceCertificate: RevokeServiceCertificate;
  readonly refreshCrl: RefreshCrl;
  readonly statusLists: StatusLists;
  private readonly line: IssueLine<CheckedOrder, IssueOutcome>;
  private readonly ports: CaPorts;
  private readonly settings: CaSettings;
  private readonly clock: CaClock;
  private readonly statusKey: StatusKey;
  private readonly upkeep: CrlUpkeep;
  /** For ids and serial numbers of devices' certificates. */
  private readonly draw: RandomBytes;
  private readonly renewOcspSigners: RenewOcspSigners;
  private readonly changeStatus: ChangeStatus;
  private readonly confirmSeen: ConfirmSeen;
  private readonly openWarrants: OpenWarrants;

  constructor(ports: CaPorts, settings: CaSettings) {
    const { db, statusDb, seatDb, authorities, now, randomBytes, onError } = ports;
    const clock = new CaClock(now, settings.maxClockSkew);
    this.clock = clock;
    this.ports = ports;
    this.settings = settings;
    this.draw = drawAhead(randomBytes);
    const signCrl = signCrlWith(authorities, settings.crlLifetime);
    const templates = new Templates(authorities);
    this.statusKey = new StatusKey({
      serviceCertificate: (order) => this.serviceCertificates.run(order),
      certificateOf: (id) => this.certificateOf(id),
      realm: settings.realm,
      now,
      onError,
    });
    const signToken = signStatusTokenWith(this.statusKey, {
      publicHttpUrl: settings.publicHttpUrl,
      lifetime: settings.crlLifetime,
      ttl: settings.statusTokenTtl,
    });
    this.statusLists = new StatusLists(seatDb, signCrl, {
      ...settings,
      holds: (id) => authorities.holds(id),
      signToken,
      now,
    });
    const seats = new SeatSupply((authorityId, bucket) => this.statusLists.lease(authorityId, bucket));
    const sign = signOrdersWith({ seats, templates, randomBytes: this.draw, onError });
    const batch = new IssueBatch(db, sign, { ...settings, clock, onError });
    this.line = new IssueLine(
      (orders) => batch.run(orders),
      (order) => [order.deviceRef, order.spkiHex],
      { maxBatch: settings.maxBatch, maxOpen: 2, worthOpening: settings.maxBatch >> 1 },
    );
    this.serviceCertificates = new IssueServiceCertificate({ db, authorities, templates, seats, randomBytes, clock });
    this.renewOcspSigners = new RenewOcspSigners(this.serviceCertificates, onError);
    this.renewServiceCertificates = new RenewServiceCertificates({
      db,
      issue: this.serviceCertificates,
      certificateOf: (id) => this.certificateOf(id),
      now,
      onError,
    });
    this.refreshCrl = new RefreshCrl(statusDb, signCrl, {
      clock,
      refreshAfter: settings.crlRefreshAfter,
      holds: (id) => authorities.holds(id),
      signToken,
      hasStatusKey: () => this.statusKey.present !== undefined,
    });
    this.upkeep = new CrlUpkeep(this.refreshCrl, onError);
    this.changeStatus = new ChangeStatus(statusDb, clock, onError);
    this.revokeServiceCertificate = new RevokeServiceCertificate(statusDb, clock);
    this.confirmSeen = new ConfirmSeen(db, clock, onError);
    this.openWarrants = new OpenWarrants(db, { realm: settings.realm, now, onError });
  }

  /** The one realm that everybody is named in. */
  get realm(): string {
    return this.settings.realm;
  }

  /** The CA as this caller may use it. */
  portFor(caller: CaCaller): CaPort {
    return new InProcessCa(caller, {
      issueCertificates: (requests) => this.issue(requests),
      changeStatus: (changes) => this.changeStatus.run(changes),
      confirmSeen: (sightings) => this.confirmSeen.run(sightings),
      openWarrants: (warrants) => this.openWarrants.run(warrants),
      renewOcspSigners: (requests) => this.renewOcspSigners.run(requests),
      renewServiceCertificates: (requests) => this.renewServiceCertificates.run(requests),
      describeAuthorities: () => Promise.resolve(this.ports.authorities.describe()),
    });
  }

  /** Begins to publish status; resolves after the first attempt, and goes on until it is stopped. */
  startStatusPublisher(): Promise<StatusPublisher> {
    const { statusDb, onError } = this.ports;
    return StatusPublisher.start({ ...this.snapshotSchedule, ports: this.publicationPorts, db: statusDb, onError });
  }

  /** Begins to make what only the clock asks for: CRLs and tokens that are due, and lists before they are needed. Returns how to stop. */
  startUpkeep(): () => Promise<void> {
    const { onError } = this.ports;
    this.upkeep.start();
    let opening: Promise<unknown> = Promise.resolve();
    const openAhead = (): void => {
      opening = opening.then(() => this.statusLists.openAhead()).catch(onError);
    };
    openAhead();
    const timer = setInterval(openAhead, LISTS_AHEAD_MILLISECONDS).unref();
    return async () => {
      clearInterval(timer);
      await this.upkeep.stop();
      await opening;
    };
  }

  private get snapshotSchedule(): SnapshotSchedule {
    const { statusSnapshotEvery, statusSnapshotAfter, statusBatchesKept } = this.settings;
    return {
      snapshotEvery: statusSnapshotEvery,
      snapshotAfter: statusSnapshotAfter,
      batchesKept: statusBatchesKept,
    };
  }

  private get publicationPorts(): PublicationPorts {
    const { statusDb, now } = this.ports;
    return {
      db: statusDb,
      key: this.statusKey,
      now,
      headEvery: this.settings.statusHeadEvery,
      // tokens of the key before are worth nothing to who knows
      onReplaced: () => this.upkeep.wake(),
    };
  }

  /** For an operator's command on a restored database, before anything serves from it (rule 9). */
  get beginEpoch(): BeginEpoch {
    const { statusDb } = this.ports;
    return new BeginEpoch({
      db: statusDb,
      clock: this.clock,
      realm: this.settings.realm,
      infrastructure: this.infrastructureCertificates(),
      refreshCrl: (listId) => this.refreshCrl.run(listId),
      publishSnapshot: () => new PublishSnapshot(this.publicationPorts, this.snapshotSchedule).run(),
    });
  }

  /** Certificate of an authority, DER. */
  certificateOf(authorityId: string): Uint8Array {
    return this.ports.authorities.byId(authorityId).issuer.certificate.der;
  }

  /** For who lets services in: the status of their certificates, as of now. */
  serviceCertificateStatus(serialNumber: Uint8Array): Promise<CertificateStatus> {
    return serviceCertificateStatus(this.ports.statusDb, serialNumber);
  }

  /** What our processes, and gateways, judge each other by: certificates, DER. */
  infrastructureCertificates(): Uint8Array[] {
    return this.ports.authorities
      .describe()
      .flatMap(({ kind, certificate }) => (kind === 'infrastructure' ? [certificate] : []));
  }

  rootCertificate(): Uint8Array {
    return this.ports.authorities.rootCertificate;
  }

  /** Checks all requests at the same time, then queues them in the order asked: where a warrant runs out, the later ones go without. */
  private async issue(requests: readonly IssueRequest[]): Promise<IssueOutcome[]> {
    const checked = await Promise.all(requests.map((request) => this.check(request)));
    return Promise.all(checked.map((order) => ('ok' in order ? Promise.resolve(order) : this.line.run(order))));
  }

  private async check(request: IssueRequest): Promise<CheckedOrder | CaRefusal> {
    const { authorities, now, onError } = this.ports;
    try {
      if (request.identity.realm !== this.settings.realm) throw new CaError('IDENTITY_INVALID');
      return await checkRequest(request, (profile) => authorities.forProfile(profile), this.draw, now());
    } catch (error) {
      if (error instanceof CaError) return asRefusal(error);
      onError(error);
      return asRefusal(new CaError('INTERNAL', { cause: error }));
    }
  }
}
