import type { JournalPosition } from '@touchmark/ca-port';
import { equalBytes } from '@touchmark/der';
import { parseSerialNumber } from '@touchmark/status-list';
import {
  appendJournal,
  blockKeys,
  type Database,
  journalHead,
  lockServiceCredential,
  readCertificates,
  retryConflicts,
} from '@touchmark/store';
import type { CaClock } from '../ca-clock.js';
import { CaError } from '../ca-error.js';
import { checkRevocationTerms, isCompromise, type RevocationTerms } from './revocation-terms.js';
import { reasonCodes, SeatChanges } from './seat-changes.js';

export interface ServiceRevocation extends RevocationTerms {
  /** Content octets of the serialNumber. */
  readonly serialNumber: Uint8Array;
}

export interface ServiceRevoked {
  /** Where the revocation is durable (rule 2). */
  readonly position: JournalPosition;
  /** False where the certificate was revoked before. */
  readonly changed: boolean;
}

/**
 * Revokes the certificate of a server, a gateway, a service or a signer. Not on the CA port: an operator's command does it. It
 * needs no issuing key. An authority is not revoked here: its issuer's key is offline.
 */
export class RevokeServiceCertificate {
  private readonly db: Database;
  private readonly clock: CaClock;

  constructor(db: Database, clock: CaClock) {
    this.db = db;
    this.clock = clock;
  }

  /** CaError CERTIFICATE_UNKNOWN, CERTIFICATE_EXPIRED, REASON_NOT_ALLOWED; PROFILE_NOT_ALLOWED for devices and authorities. */
  run(revocation: ServiceRevocation): Promise<ServiceRevoked> {
    const { serialNumber, reason, invalidityDate } = revocation;
    return retryConflicts(() =>
      this.db.transaction(async (tx) => {
        const now = await this.clock.forStatus(tx);
        checkRevocationTerms(revocation, now);
        const seat = parseSerialNumber(serialNumber);
        const [certificate] = seat ? await readCertificates(tx, [seat]) : [];
        if (!seat || !certificate || !equalBytes(certificate.random, seat.random))
          throw new CaError('CERTIFICATE_UNKNOWN');
        const credential = await lockServiceCredential(tx, seat);
        if (!credential)
          throw new CaError('PROFILE_NOT_ALLOWED', {
            detail: 'this is a certificate of a device or of an authority, not of a server, gateway, service or signer',
          });
        if (credential.notAfter < now) throw new CaError('CERTIFICATE_EXPIRED');
        const seats = new SeatChanges();
        seats.revoke({ ...credential, random: seat.random }, now, reasonCodes[reason], invalidityDate ?? null);
        if (isCompromise(reason)) await blockKeys(tx, [credential.spkiSha256], reason);
        const entries = await seats.write(tx);
        const position = entries.length > 0 ? await appendJournal(tx, entries) : await journalHead(tx);
        return { position, changed: entries.length > 0 };
      }),
    );
  }
}
