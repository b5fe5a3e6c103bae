import { seatValueOf } from '@touchmark/lifecycle';
import { SeatValue } from '@touchmark/status-list';
import {
  appendOutbox,
  type CredentialWithSeat,
  type JournalEntry,
  removeSuspensions,
  type RevocationRecord,
  saveRevocations,
  type Seat,
  type SubjectRecord,
  type Transaction,
} from '@touchmark/store';

/** Numbers of CRLReason (RFC 5280 section 5.3.1). */
export const reasonCodes = {
  unspecified: 0,
  keyCompromise: 1,
  cACompromise: 2,
  affiliationChanged: 3,
  superseded: 4,
  cessationOfOperation: 5,
  certificateHold: 6,
  privilegeWithdrawn: 9,
} as const;

/** What a status change makes of seats, gathered before anything is written. */
export class SeatChanges {
  private readonly saved: RevocationRecord[] = [];
  private readonly released: Seat[] = [];
  private readonly changed = new Map<number, Map<number, SeatValue>>();

  get count(): number {
    let count = 0;
    for (const seats of this.changed.values()) count += seats.size;
    return count;
  }

  /** Invalid from now on; a seat that is invalid already stays as it was. */
  revoke(
    credential: Seat & { random: Uint8Array; seatValue: SeatValue },
    at: number,
    reason: number,
    invalidityDate: number | null = null,
  ): void {
    if (credential.seatValue === SeatValue.invalid) return;
    const { listId, index, random } = credential;
    this.saved.push({
      listId,
      index,
      random,
      value: SeatValue.invalid,
      reason,
      revokedAt: at,
      invalidityDate,
      holds: [],
    });
    this.note(credential, SeatValue.invalid);
  }

  /** Brings a seat in line with the holds of its certificate and its device. */
  hold(
    credential: CredentialWithSeat,
    subject: Pick<SubjectRecord, 'holds'> | undefined,
    holds: readonly string[],
    at: number,
  ): void {
    if (credential.seatValue === SeatValue.invalid) return;
    const value =
      SeatValue[
        seatValueOf({
          certificate: { ended: false, holds: new Set(holds) },
          device: { ended: false, holds: new Set(subject?.holds) },
          issuer: { ended: false, holds: new Set() },
        })
      ];
    const { listId, index, random } = credential;
    if (value === SeatValue.suspended)
      this.saved.push({
        listId,
        index,
        random,
        value,
        reason: reasonCodes.certificateHold,
        revokedAt: at,
        invalidityDate: null,
        holds,
      });
    else if (credential.seatValue === SeatValue.suspended) this.released.push({ listId, index });
    if (value !== credential.seatValue) this.note(credential, value);
  }

  private note(seat: Seat, value: SeatValue): void {
    const list = this.changed.get(seat.listId) ?? new Map<number, SeatValue>();
    this.changed.set(seat.listId, list.set(seat.index, value));
  }

  /** Writes the seats and asks for the CRLs of their lists; answers the journal entries, which must be the last write. */
  async write(tx: Transaction): Promise<JournalEntry[]> {
    await saveRevocations(tx, this.saved);
    await removeSuspensions(tx, this.released);
    const entries: JournalEntry[] = [];
    for (const [listId, seats] of this.changed)
      entries.push({ kind: 'seats', listId, indexes: [...seats.keys()], values: [...seats.values()] });
    await appendOutbox(
      tx,
      entries.map(({ listId }) => ({ queue: 'crl', key: `list-${listId}`, payload: { listId } })),
    );
    return entries;
  }
}
