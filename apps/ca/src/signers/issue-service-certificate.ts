import {
  type CertificateFields,
  checkCertificationRequestInPool,
  encodeCertificateNames,
  IssuanceError,
  profileByName,
  signCertificate,
  validityFor,
} from '@touchmark/issuance';
import { type RandomBytes, randomUuid } from '@touchmark/server';
import { bucketOf, encodeSerialNumber, SERIAL_NUMBER_RANDOM_LENGTH } from '@touchmark/status-list';
import {
  appendJournal,
  claimKeys,
  type Database,
  insertCertificates,
  insertServiceCredential,
  keyOwners,
  lockServiceHolder,
  retryConflicts,
  type Transaction,
} from '@touchmark/store';
import type { Authorities } from '../authorities/authorities.js';
import type { Templates } from '../authorities/templates.js';
import type { CaClock } from '../ca-clock.js';
import { CaError } from '../ca-error.js';
import { toCaError } from '../issuing/check-request.js';
import type { SeatSupply } from '../seats/seat-supply.js';
import type { SeatChanges } from '../status/seat-changes.js';

export interface ServiceCertificateOrder {
  readonly profile: 'tls-server' | 'gateway-client' | 'service' | 'ocsp-signer' | 'status-signer';
  /** For profiles that every issuing CA may issue. */
  readonly authorityId?: string;
  /** What people know the holder by; also the key under which the newest certificate is found again. */
  readonly name: string;
  readonly fields: CertificateFields;
  /** PKCS#10, DER. Names in it are passed over: the order gives them. */
  readonly csr: Uint8Array;
  /** Where it is asked for on an earlier certificate of the same profile and name. */
  readonly succession?: Succession;
}

export interface Succession {
  /** The credential whose key asks. */
  readonly parentId: string;
  /**
   * Runs in the transaction that stores the certificate, under the lock of the holder and before anything is written: what it throws
   * refuses the order. Answers what becomes of earlier successors.
   */
  readonly settle: (tx: Transaction) => Promise<SeatChanges>;
}

export interface ServiceCertificate {
  readonly certificate: Uint8Array;
  readonly authorityId: string;
  readonly notBefore: number;
  readonly notAfter: number;
}

export interface ServiceCertificatePorts {
  readonly db: Database;
  readonly authorities: Authorities;
  readonly templates: Templates;
  readonly seats: SeatSupply;
  readonly randomBytes: RandomBytes;
  readonly clock: CaClock;
}

/** The issuing cycle for certificates that are not a device's: the holder is locked instead of a subject, and
 * there is no warrant; else the same steps. */
export class IssueServiceCertificate {
  private readonly ports: ServiceCertificatePorts;

  constructor(ports: ServiceCertificatePorts) {
    this.ports = ports;
  }

  async run(order: ServiceCertificateOrder): Promise<ServiceCertificate> {
    const { db, authorities, templates, seats, randomBytes, clock } = this.ports;
    try {
      const at = await clock.forIssuing(db);
      const profile = profileByName(order.profile);
      const authority =
        order.authorityId === undefined ? authorities.forProfile(profile) : authorities.byId(order.authorityId);
      if (!profile.issuers.includes(authority.kind)) throw new CaError('PROFILE_NOT_ALLOWED');
      const request = await checkCertificationRequestInPool(order.csr, profile);
      const names = encodeCertificateNames(profile, order.fields);
      const validity = validityFor(profile, authority.issuer.certificate, at);
      const [seat] = await seats.take(authority.id, bucketOf(validity.notBefore, validity.notAfter), 1);
      if (!seat) throw new TypeError('no seat was given');
      const random = randomBytes(SERIAL_NUMBER_RANDOM_LENGTH);
      const place = { listId: seat.list.id, index: seat.index, random };
      const signed = await signCertificate({
        template: templates.of(profile, seat.list),
        request,
        names,
        validity,
        serialNumber: encodeSerialNumber(place),
        now: at,
      });
      await retryConflicts(() =>
        db.transaction(async (tx) => {
          const { certificate, spkiSha256 } = signed;
          await lockServiceHolder(tx, order);
          const earlier = await order.succession?.settle(tx);
          await this.claimKey(tx, spkiSha256);
          await insertCertificates(tx, [{ ...place, deviceRef: null, credentialId: null, der: certificate }]);
          await insertServiceCredential(tx, {
            ...place,
            ...validity,
            id: randomUuid(randomBytes),
            name: order.name,
            profile: profile.name,
            authorityId: authority.id,
            spkiSha256,
            parentId: order.succession?.parentId ?? null,
          });
          await clock.recordIssued(tx, at);
          const entries = (await earlier?.write(tx)) ?? [];
          if (entries.length > 0) await appendJournal(tx, entries);
        }),
      );
      return { certificate: signed.certificate, authorityId: authority.id, ...validity };
    } catch (error) {
      throw error instanceof IssuanceError ? toCaError(error) : error;
    }
  }

  /** Rule 7 holds for our own keys too: none that a device has, or that is blocked, and each for one certificate. */
  private async claimKey(tx: Transaction, spkiSha256: Uint8Array): Promise<void> {
    const [owner] = (await keyOwners(tx, [spkiSha256])).values();
    if (owner) throw new CaError(owner.blockedFor === null ? 'KEY_IN_USE' : 'KEY_BLOCKED');
    const { conflicts } = await claimKeys(tx, [{ spkiSha256, deviceRef: null }]);
    if (conflicts > 0) throw new CaError('KEY_IN_USE');
  }
}
