import type { JournalPosition } from '@touchmark/ca-port';
import { equalBytes } from '@touchmark/der';
import { parseSerialNumber } from '@touchmark/status-list';
import {
  appendJournal,
  blockKeys,
  type Database,
  journalHead,
  lockServiceHolder,
  readCertificates,
  readServiceCredential,
  retryConflicts,
  serviceCredentialsOf,
  type ServiceCredentialWithSeat,
  type Transaction,
} from '@touchmark/store';
import type { CaClock } from '../ca-clock.js';
import { CaError } from '../ca-error.js';
import { descendantsOf } from './lineage.js';
import { checkRevocationTerms, isCompromise, type RevocationTerms } from './revocation-terms.js';
import { reasonCodes, SeatChanges } from './seat-changes.js';
import { withRandom } from './service-seats.js';

export interface ServiceRevocation extends RevocationTerms {
  /** Content octets of the serialNumber. */
  readonly serialNumber: Uint8Array;
  /** With it, all that its holder has: every certificate of the same profile and name that has not ended. */
  readonly allOfHolder?: boolean;
}

export interface ServiceRevoked {
  /** Where the revocation is durable (rule 2). */
  readonly position: JournalPosition;
  /** Certificates that were not revoked before. */
  readonly revoked: number;
}

/**
 * Revokes the certificate of a server, a gateway, a service or a signer; for a compromise with all that was issued on it (rule 5). Not
 * on the CA port: an operator's command does it. It needs no issuing key. An authority is not revoked here: its issuer's key is offline.
 */
export class RevokeServiceCertificate {
  private readonly db: Database;
  private readonly clock: CaClock;

  constructor(db: Database, clock: CaClock) {
    this.db = db;
    this.clock = clock;
  }

  /**
   * CaError CERTIFICATE_UNKNOWN, REASON_NOT_ALLOWED; PROFILE_NOT_ALLOWED for devices and authorities; CERTIFICATE_EXPIRED where
   * nothing that would be revoked is still within its dates.
   */
  run(revocation: ServiceRevocation): Promise<ServiceRevoked> {
    const { reason, invalidityDate } = revocation;
    return retryConflicts(() =>
      this.db.transaction(async (tx) => {
        const now = await this.clock.forStatus(tx);
        checkRevocationTerms(revocation, now);
        const credentials = await lockAffected(tx, revocation);
        const inForce = credentials.filter(({ notAfter }) => notAfter >= now);
        if (inForce.length === 0) throw new CaError('CERTIFICATE_EXPIRED');
        const seats = new SeatChanges();
        for (const credential of await withRandom(tx, inForce))
          seats.revoke(credential, now, reasonCodes[reason], invalidityDate ?? null);
        if (isCompromise(reason)) {
          const keys = credentials.map(({ spkiSha256 }) => spkiSha256);
          await blockKeys(tx, keys, reason);
        }
        const entries = await seats.write(tx);
        const position = entries.length > 0 ? await appendJournal(tx, entries) : await journalHead(tx);
        return { position, revoked: seats.count };
      }),
    );
  }
}

/** The certificate and what goes with it, under the lock of their holder: nothing is issued on any of them meanwhile. */
async function lockAffected(
  tx: Transaction,
  { serialNumber, reason, allOfHolder = false }: ServiceRevocation,
): Promise<ServiceCredentialWithSeat[]> {
  const seat = parseSerialNumber(serialNumber);
  const [certificate] = seat ? await readCertificates(tx, [seat]) : [];
  if (!seat || !certificate || !equalBytes(certificate.random, seat.random)) throw new CaError('CERTIFICATE_UNKNOWN');
  const named = await readServiceCredential(tx, seat);
  if (!named)
    throw new CaError('PROFILE_NOT_ALLOWED', {
      detail: 'this is a certificate of a device or of an authority, not of a server, gateway, service or signer',
    });
  await lockServiceHolder(tx, named);
  const all = await serviceCredentialsOf(tx, named);
  if (allOfHolder) return all;
  const descendants = isCompromise(reason) ? descendantsOf(named.id, all) : [];
  return [...all.filter(({ id }) => id === named.id), ...descendants];
}
