import type { Sighting, SightingOutcome } from '@touchmark/ca-port';
import { equalBytes } from '@touchmark/der';
import { parseSerialNumber } from '@touchmark/status-list';
import {
  appendJournal,
  type CertificateRecord,
  credentialsOf,
  type Database,
  lockSubjects,
  markSeen,
  readCertificates,
  retryConflicts,
  StoreError,
  touchSubjects,
} from '@touchmark/store';
import { parseCertificate, X509Error } from '@touchmark/x509';
import { CaUnavailableError } from '@touchmark/ca-port';
import { asRefusal, CaError } from '../ca-error.js';
import { sightingOf } from '../issuing/decide.js';
import { reasonCodes, SeatChanges } from './seat-changes.js';

/** Records that certificates are in use: a parent is replaced, and a token spent, only once its child was seen (rule 4). */
export class ConfirmSeen {
  private readonly db: Database;
  private readonly now: () => number;

  constructor(db: Database, now: () => number) {
    this.db = db;
    this.now = now;
  }

  async run(sightings: readonly Sighting[]): Promise<SightingOutcome[]> {
    try {
      const certificates = await this.read(sightings);
      const outcomes: SightingOutcome[] = [];
      for (const [i, sighting] of sightings.entries()) {
        const certificate = certificates[i];
        outcomes.push(
          certificate?.deviceRef && certificate.credentialId
            ? await this.one(certificate.deviceRef, certificate.credentialId, Math.min(sighting.at, this.now()))
            : asRefusal(new CaError('CERTIFICATE_UNKNOWN')),
        );
      }
      return outcomes;
    } catch (error) {
      if (error instanceof StoreError && error.code === 'STORE_UNAVAILABLE') throw new CaUnavailableError(error);
      throw error;
    }
  }

  /** The stored certificate of each sighting, where it is the same byte for byte. */
  private async read(sightings: readonly Sighting[]): Promise<(CertificateRecord | undefined)[]> {
    const seats = sightings.map(({ certificate }) => seatOf(certificate));
    const rows = await readCertificates(
      this.db,
      seats.flatMap((seat) => seat ?? []),
    );
    const bySeat = new Map(rows.map((row) => [`${row.listId}.${row.index}`, row]));
    return sightings.map(({ certificate }, i) => {
      const row = bySeat.get(`${seats[i]?.listId}.${seats[i]?.index}`);
      return row && equalBytes(row.der, certificate) ? row : undefined;
    });
  }

  private one(deviceRef: string, credentialId: string, at: number): Promise<SightingOutcome> {
    return retryConflicts(() =>
      this.db.transaction(async (tx) => {
        await lockSubjects(tx, [deviceRef]);
        const credentials = await credentialsOf(tx, [deviceRef], { endingFrom: this.now(), ids: [credentialId] });
        const credential = credentials.find((c) => c.id === credentialId);
        if (!credential) return asRefusal(new CaError('CERTIFICATE_UNKNOWN'));
        const sighted = sightingOf(credential, credentials);
        if (!sighted.firstSeen) return { ok: true, firstSighting: false, deviceRef };
        await markSeen(tx, [sighted.firstSeen], at);
        await touchSubjects(tx, [deviceRef]);
        const seats = new SeatChanges();
        for (const replaced of sighted.replaced ?? []) seats.revoke(replaced, this.now(), reasonCodes.superseded);
        const entries = await seats.write(tx);
        if (entries.length > 0) await appendJournal(tx, entries);
        return { ok: true, firstSighting: true, deviceRef };
      }),
    );
  }
}

function seatOf(certificate: Uint8Array): { listId: number; index: number } | undefined {
  try {
    return parseSerialNumber(parseCertificate(certificate).serialNumber);
  } catch (error) {
    if (error instanceof X509Error) return undefined;
    throw error;
  }
}
