import { placeHold } from '@touchmark/lifecycle';
import { SeatValue } from '@touchmark/status-list';
import {
  type CertificateRecord,
  credentialsOf,
  type JournalEntry,
  lockSubjects,
  readCertificates,
  type RevocationRecord,
  revocationsOf,
  saveRevocations,
  saveSubject,
  type StatusListRecord,
  type Transaction,
} from '@touchmark/store';
import { reasonCodes } from '../status/seat-changes.js';
import type { ListEvidence, StatusEvidence } from './status-evidence.js';

/** Under which a restore suspends: somebody has to look, and then to release. */
export const restoreCause = 'restored';

export interface Reapplied {
  /** Seats that are invalid again. */
  readonly seatsRevoked: number;
  /** Seats that are suspended again, under the cause `restored`. */
  readonly seatsSuspended: number;
  /** Of the seats revoked, those whose certificate is not on record: it was issued after the backup. */
  readonly certificatesUnknown: number;
  /** Devices that are held under the cause `restored` because none of their certificates is left valid. */
  readonly devicesHeld: number;
  /** Seats in lists, or beyond the leases, that the restored database does not have: refused as unknown, by everybody. */
  readonly seatsBeyond: number;
}

/** Certificates that are read at a time. */
const CHUNK = 5_000;

/**
 * Writes down what the evidence proves and the database has forgotten. Invalid is invalid again, for a reason that nobody knows any
 * more. A suspended certificate is held again; one that is not on record could never be released, so it is invalid.
 */
export async function reapplyEvidence(
  tx: Transaction,
  evidence: StatusEvidence,
  lists: readonly StatusListRecord[],
  now: number,
): Promise<Reapplied & { entries: JournalEntry[] }> {
  const entries: JournalEntry[] = [];
  const devices = new Set<string>();
  const count = { seatsRevoked: 0, seatsSuspended: 0, certificatesUnknown: 0, seatsBeyond: 0 };
  for (const [listId, proven] of evidence.lists) {
    const leasedTo = lists.find(({ id }) => id === listId)?.leasedTo ?? 0;
    count.seatsBeyond += [...proven.invalid].filter((index) => index >= leasedTo).length;
    const forgotten = forgottenSeats(proven, leasedTo, await revocationsOf(tx, listId));
    if (forgotten.length === 0) continue;
    const certificates = await certificatesAt(tx, listId, forgotten);
    const saved = forgotten.map(({ index, value }) => toRevocation(listId, index, value, certificates.get(index), now));
    await saveRevocations(tx, saved);
    entries.push({ kind: 'seats', listId, indexes: saved.map((r) => r.index), values: saved.map((r) => r.value) });
    count.seatsRevoked += saved.filter(({ value }) => value === SeatValue.invalid).length;
    count.seatsSuspended += saved.filter(({ value }) => value === SeatValue.suspended).length;
    count.certificatesUnknown += saved.filter(({ random }) => random === null).length;
    for (const { deviceRef } of certificates.values()) if (deviceRef !== null) devices.add(deviceRef);
  }
  return { ...count, entries, devicesHeld: await holdWithoutCertificate(tx, [...devices], now) };
}

/** Seats that are proven to be worse than they are here. */
function forgottenSeats(
  { invalid, suspended }: ListEvidence,
  leasedTo: number,
  present: readonly Pick<RevocationRecord, 'index' | 'value'>[],
): { index: number; value: 1 | 2 }[] {
  const here = new Map(present.map(({ index, value }) => [index, value]));
  const seats = new Map<number, 1 | 2>();
  for (const index of suspended) if (!here.has(index)) seats.set(index, SeatValue.suspended);
  for (const index of invalid) if (here.get(index) !== SeatValue.invalid) seats.set(index, SeatValue.invalid);
  return [...seats]
    .flatMap(([index, value]) => (index < leasedTo ? [{ index, value }] : []))
    .toSorted((a, b) => a.index - b.index);
}

async function certificatesAt(
  tx: Transaction,
  listId: number,
  seats: readonly { readonly index: number }[],
): Promise<Map<number, CertificateRecord>> {
  const found = new Map<number, CertificateRecord>();
  for (let from = 0; from < seats.length; from += CHUNK) {
    const asked = seats.slice(from, from + CHUNK).map(({ index }) => ({ listId, index }));
    for (const certificate of await readCertificates(tx, asked)) found.set(certificate.index, certificate);
  }
  return found;
}

function toRevocation(
  listId: number,
  index: number,
  value: 1 | 2,
  certificate: CertificateRecord | undefined,
  revokedAt: number,
): RevocationRecord {
  const common = { listId, index, random: certificate?.random ?? null, revokedAt, invalidityDate: null };
  // only a device's certificate can be released
  if (value === SeatValue.suspended && certificate?.deviceRef)
    return { ...common, value, reason: reasonCodes.certificateHold, holds: [restoreCause] };
  return { ...common, value: SeatValue.invalid, reason: reasonCodes.unspecified, holds: [] };
}

/**
 * The message says which seats are invalid, not whether their device was revoked. Where nothing valid is left, it may have been:
 * it is held, so that it gets nothing new by a token before somebody has looked.
 */
async function holdWithoutCertificate(tx: Transaction, deviceRefs: readonly string[], now: number): Promise<number> {
  let held = 0;
  const subjects = await lockSubjects(tx, deviceRefs);
  const credentials = Map.groupBy(await credentialsOf(tx, [...deviceRefs], { endingFrom: now }), (c) => c.deviceRef);
  for (const subject of subjects.values()) {
    const left = (credentials.get(subject.deviceRef) ?? []).some((c) => c.seatValue !== SeatValue.invalid);
    if (left || subject.state === 'closed') continue;
    await saveSubject(tx, { ...subject, state: 'held', holds: [...placeHold(new Set(subject.holds), restoreCause)] });
    held += 1;
  }
  return held;
}
