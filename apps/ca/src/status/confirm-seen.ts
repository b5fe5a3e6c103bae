import type { Sighting, SightingOutcome } from '@touchmark/ca-port';
import { equalBytes } from '@touchmark/der';
import { profileByName } from '@touchmark/issuance';
import { parseSerialNumber } from '@touchmark/status-list';
import {
  appendJournal,
  type CertificateRecord,
  credentialsOf,
  type CredentialWithSeat,
  type Database,
  lockSubjects,
  markSeen,
  readCertificates,
  retryConflicts,
  touchSubjects,
} from '@touchmark/store';
import { parseCertificate, X509Error } from '@touchmark/x509';
import type { CaClock } from '../ca-clock.js';
import { answerEach, CaError } from '../ca-error.js';
import { sightingOf } from '../issuing/decide.js';
import { reasonCodes, SeatChanges } from './seat-changes.js';

/** Records that certificates are in use: a parent is replaced, and a token spent, only once its child was seen (rule 4). */
export class ConfirmSeen {
  private readonly db: Database;
  private readonly clock: CaClock;
  private readonly onError: (error: unknown) => void;

  constructor(db: Database, clock: CaClock, onError: (error: unknown) => void) {
    this.db = db;
    this.clock = clock;
    this.onError = onError;
  }

  async run(sightings: readonly Sighting[]): Promise<SightingOutcome[]> {
    const certificates = new Map(await this.read(sightings));
    return answerEach(
      sightings,
      async (sighting) => {
        const certificate = certificates.get(sighting);
        if (!certificate?.deviceRef || !certificate.credentialId) throw new CaError('CERTIFICATE_UNKNOWN');
        return this.one(certificate.deviceRef, certificate.credentialId, sighting.at);
      },
      this.onError,
    );
  }

  /** The stored certificate of each sighting, where it is the same byte for byte. */
  private async read(sightings: readonly Sighting[]): Promise<[Sighting, CertificateRecord][]> {
    const seats = sightings.map(({ certificate }) => seatOf(certificate));
    const rows = await readCertificates(
      this.db,
      seats.flatMap((seat) => seat ?? []),
    );
    const bySeat = new Map(rows.map((row) => [`${row.listId}.${row.index}`, row]));
    return sightings.flatMap((sighting, i): [Sighting, CertificateRecord][] => {
      const row = bySeat.get(`${seats[i]?.listId}.${seats[i]?.index}`);
      return row && equalBytes(row.der, sighting.certificate) ? [[sighting, row]] : [];
    });
  }

  private one(deviceRef: string, credentialId: string, sightedAt: number): Promise<SightingOutcome> {
    return retryConflicts(() =>
      this.db.transaction(async (tx) => {
        await lockSubjects(tx, [deviceRef]);
        const now = await this.clock.forStatus(tx);
        const credentials = await credentialsOf(tx, [deviceRef], { endingFrom: 0 });
        const credential = credentials.find((c) => c.id === credentialId);
        if (!credential) throw new CaError('CERTIFICATE_UNKNOWN');
        const sighted = sightingOf(credential, credentials);
        if (!sighted.firstSeen) return { ok: true as const, firstSighting: false, deviceRef };
        await markSeen(tx, [sighted.firstSeen], believed(sightedAt, credential, now));
        await touchSubjects(tx, [deviceRef]);
        const seats = new SeatChanges();
        for (const replaced of sighted.replaced ?? []) seats.revoke(replaced, now, reasonCodes.superseded);
        const entries = await seats.write(tx);
        if (entries.length > 0) await appendJournal(tx, entries);
        return { ok: true as const, firstSighting: true, deviceRef };
      }),
    );
  }
}

/** How late a sighting may be reported: a gateway that is cut off from the service keeps its own as long. */
const REPORTED_WITHIN = 86_400;

/** A reporter's clock is not ours, and it may lie: never before the certificate was issued, long ago, or later than now. */
function believed(sightedAt: number, { profile, notBefore }: CredentialWithSeat, now: number): number {
  if (!Number.isInteger(sightedAt)) return now;
  const issuedAt = notBefore + profileByName(profile).backdate;
  return Math.min(Math.max(sightedAt, issuedAt, now - REPORTED_WITHIN), now);
}

function seatOf(certificate: Uint8Array): { listId: number; index: number } | undefined {
  try {
    return parseSerialNumber(parseCertificate(certificate).serialNumber);
  } catch (error) {
    if (error instanceof X509Error) return undefined;
    throw error;
  }
}
